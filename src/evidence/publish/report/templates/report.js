(function () {
  "use strict";
  const root = document.documentElement;
  const one = (selector, within) => (within || document).querySelector(selector);
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));

  /* Theme: what the system says, until somebody chooses. */
  const theme = one("#theme");
  const prefers = window.matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try { return window.localStorage.getItem("evidence-theme"); } catch (error) { return null; }
  };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefers.matches);
  const showTheme = () => theme.setAttribute("aria-pressed", String(isDark()));
  const chosen = stored();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  theme.hidden = false;
  showTheme();
  prefers.addEventListener("change", showTheme);
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { window.localStorage.setItem("evidence-theme", root.dataset.theme); } catch (error) { /* not kept */ }
    showTheme();
  });

  /* What a link leads to may be folded away. */
  const unfold = (target) => {
    for (let box = target; box; box = box.parentElement) if (box.tagName === "DETAILS") box.open = true;
  };
  const byHash = (hash) => (hash.length > 1 ? document.getElementById(decodeURIComponent(hash.slice(1))) : null);
  const arrive = () => {
    const target = byHash(window.location.hash);
    if (!target) return;
    unfold(target);
    target.scrollIntoView();
  };
  window.addEventListener("hashchange", arrive);
  arrive();

  /* What overflows can be scrolled with the keyboard too. */
  const reach = () => all(".scroll").forEach((box) => {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0; else box.removeAttribute("tabindex");
  });
  window.addEventListener("resize", reach);
  document.addEventListener("toggle", reach, true);
  reach();

  /* Tables are sorted by their heads: up, down, as they came. */
  const said = (cell) => cell.textContent.trim();
  const numeric = (text) => {
    const found = text.replace(/[\u2212\u2013]/g, "-").match(/^[^\d\w-]*(-?\d+(?:\.\d+)?)/);
    return found ? parseFloat(found[1]) : NaN;
  };
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const sorted = (rows, column, sign) => {
    const cells = rows.map((row) => said(row.cells[column]));
    const numbers = cells.map(numeric);
    const filled = cells.filter(Boolean).length;
    const byNumber = numbers.filter((value) => !Number.isNaN(value)).length * 2 > filled;
    const blank = (i) => (byNumber ? Number.isNaN(numbers[i]) : !cells[i]);
    return rows.map((row, i) => i).sort((a, b) => {
      if (blank(a) || blank(b)) return blank(a) - blank(b) || a - b;
      const order = byNumber ? numbers[a] - numbers[b] : collator.compare(cells[a], cells[b]);
      return sign * order || a - b;
    }).map((i) => rows[i]);
  };
  all("table.sortable").forEach((table) => {
    const bodies = Array.from(table.tBodies).map((body) => ({
      body, original: Array.from(body.rows).filter((row) => row.className !== "group"),
    }));
    if (bodies.every((each) => each.original.length < 2)) return;
    const heads = Array.from(table.tHead.rows[table.tHead.rows.length - 1].cells);
    heads.forEach((head, column) => {
      if (!said(head)) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: "" }[head.getAttribute("aria-sort")];
        const order = next === undefined ? "ascending" : next;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (order) head.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        bodies.forEach(({ body, original }) => body.append(...(order ? sorted(original, column, sign) : original)));
      });
    });
  });

  /* Where a number comes from: shown beside it by pointer or focus, entered by a click or Enter. */
  const box = one("#account");
  let opener = null;
  let timer = 0;
  let entered = false;
  let returning = false;
  const close = (back) => {
    window.clearTimeout(timer);
    if (box.hidden) return;
    box.hidden = true;
    box.replaceChildren();
    opener.removeAttribute("aria-expanded");
    if (back && entered) {
      returning = true;
      opener.focus({ preventScroll: true });
      returning = false;
    }
    entered = false;
  };
  const place = () => {
    const at = opener.getBoundingClientRect();
    const wide = box.offsetWidth;
    const left = Math.max(8, Math.min(at.left, root.clientWidth - wide - 8));
    const below = at.bottom + box.offsetHeight + 8 < window.innerHeight || at.top < box.offsetHeight + 8;
    box.style.left = left + window.scrollX + "px";
    box.style.top = (below ? at.bottom + 6 : at.top - box.offsetHeight - 6) + window.scrollY + "px";
  };
  const show = (link) => {
    const target = byHash(link.getAttribute("href"));
    const account = target && one(".account", target);
    if (!account) return;
    if (opener === link && !box.hidden) return;
    close(false);
    opener = link;
    const head = document.createElement("div");
    head.className = "head";
    const title = document.createElement("p");
    title.id = "account.head";
    title.textContent = said(one("h4, summary", target));
    const shut = document.createElement("button");
    shut.type = "button";
    shut.className = "close";
    shut.textContent = "Close";
    shut.addEventListener("click", () => close(true));
    head.append(title, shut);
    const copy = account.cloneNode(true);
    all("[id]", copy).forEach((element) => element.removeAttribute("id"));
    all("[aria-labelledby]", copy).forEach((element) => element.removeAttribute("aria-labelledby"));
    all(".from", copy).forEach((element) => { element.className = ""; element.removeAttribute("aria-haspopup"); });
    all("thead button", copy).forEach((button) => button.replaceWith(...button.childNodes));
    const whole = document.createElement("p");
    const more = document.createElement("a");
    more.href = link.getAttribute("href");
    more.textContent = "Show it in its place";
    more.addEventListener("click", () => { entered = false; close(false); });
    whole.append(more);
    box.replaceChildren(head, copy, whole);
    box.hidden = false;
    box.scrollTop = 0;
    link.setAttribute("aria-expanded", "true");
    place();
  };
  const fromOf = (event) => (event.target.closest ? event.target.closest("a.from") : null);
  const later = (action, wait) => {
    window.clearTimeout(timer);
    timer = window.setTimeout(action, wait);
  };
  document.addEventListener("mouseover", (event) => {
    const link = fromOf(event);
    if (link && !entered) later(() => show(link), 200);
    else if (box.contains(event.target)) window.clearTimeout(timer);
    else if (!entered) later(() => { if (document.activeElement !== opener) close(false); }, 300);
  });
  document.addEventListener("focusin", (event) => {
    const link = fromOf(event);
    if (returning) return;
    if (link && link.matches(":focus-visible")) { window.clearTimeout(timer); if (link !== opener || box.hidden) show(link); }
    else if (!box.contains(event.target)) close(false);
  });
  document.addEventListener("click", (event) => {
    const link = fromOf(event);
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      window.clearTimeout(timer);
      show(link);
      if (!box.hidden) { event.preventDefault(); entered = true; box.focus({ preventScroll: true }); }
    } else if (!box.contains(event.target)) close(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !box.hidden) { event.preventDefault(); close(true); }
    if (event.key === "Tab" && entered && !box.hidden) {
      /* The account lies at the end of the page: leaving it leads back to its number, not away. */
      const stops = all("a[href], button", box);
      const edge = event.shiftKey ? [box, stops[0]] : [stops[stops.length - 1]];
      if (edge.includes(document.activeElement)) { event.preventDefault(); close(true); }
    }
  });
  window.addEventListener("resize", () => close(false));

  /* Search: every word must be there, wherever it stands. */
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const kinds = { Question: 0, Claim: 1, Table: 2, Study: 3, Row: 4 };
  const entries = all("[data-kind]").map((element) => {
    const data = element.dataset;
    const own = data.kind === "Table" ? data.name : element.textContent + " " + (data.more || "");
    const title = plain(data.name);
    return { kind: data.kind, name: data.name, to: data.to || element.id, title, text: title + " " + plain(own) };
  }).sort((a, b) => kinds[a.kind] - kinds[b.kind]);
  const find = one("#find");
  const found = one("#found");
  const hits = one("#hits");
  const most = 40;
  const search = () => {
    const words = plain(find.value).split(/\s+/).filter(Boolean);
    const within = (text) => words.every((word) => text.includes(word));
    const told = words.length ? entries.filter((entry) => within(entry.text)) : [];
    /* What is called so comes before what only speaks of it. */
    const hit = [...told.filter((entry) => within(entry.title)), ...told.filter((entry) => !within(entry.title))];
    hits.replaceChildren(...hit.slice(0, most).map((entry) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      const kind = document.createElement("span");
      const name = document.createElement("bdi");
      link.href = "#" + entry.to;
      kind.textContent = entry.kind;
      name.textContent = entry.name;
      link.append(kind, name);
      item.append(link);
      return item;
    }));
    if (!words.length) found.textContent = "";
    else if (!hit.length) found.textContent = "Nothing found.";
    else found.textContent = hit.length + " found" + (hit.length > most ? ", the first " + most + " are shown." : ".");
  };
  let typing = 0;
  find.addEventListener("input", () => { window.clearTimeout(typing); typing = window.setTimeout(search, 120); });
  find.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && find.value) { find.value = ""; search(); event.preventDefault(); }
  });
  hits.addEventListener("click", (event) => {
    /* The same place twice is no change of address. */
    const link = event.target.closest("a");
    if (link && link.hash === window.location.hash) arrive();
  });
  one("#search").hidden = false;

  /* Paper shows what is open: all tables can be opened at once. */
  const unfolder = one("#unfold");
  unfolder.hidden = false;
  unfolder.addEventListener("click", () => {
    const open = unfolder.getAttribute("aria-pressed") !== "true";
    unfolder.setAttribute("aria-pressed", String(open));
    all("details.fold").forEach((details) => { details.open = open; });
  });
  window.addEventListener("beforeprint", () => close(false));
})();
