// Drives a headless Chromium over a report and prints what it found as JSON; tests/test_report_browser.py judges.
// Usage: node report_browser.mjs CHROMIUM FOLDER_OF_NODE_MODULES PAGE
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [, , executablePath, modules, file] = process.argv;
const require = createRequire(path.join(modules, "index.js"));
const puppeteer = require("puppeteer-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const address = pathToFileURL(file).href;
const found = { axe: {}, console: [], requests: [], seen: {} };
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const browser = await puppeteer.launch({
  executablePath,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

const opened = async (scheme, width = 1280, script = true) => {
  const page = await browser.newPage();
  page.on("console", (message) => found.console.push(message.text()));
  page.on("pageerror", (error) => found.console.push(String(error)));
  page.on("request", (request) => { if (request.url() !== "data:,") found.requests.push(request.url()); });
  await page.setViewport({ width, height: 900 });
  await page.setJavaScriptEnabled(script);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.goto(address);
  return page;
};

const judged = async (page) => page.evaluate(`(() => {${axe}; return axe.run(document, {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}).then((result) => result.violations.map((each) => each.id + ": "
  + each.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + " " + node.failureSummary).join(" | ")));})()`);

// Accessibility, with everything unfolded and an account open.
for (const [name, scheme, width] of [["light", "light", 1280], ["dark", "dark", 1280], ["narrow", "light", 390]]) {
  const page = await opened(scheme, width);
  found.axe[name] = await judged(page);
  await page.evaluate(() => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
  await page.evaluate(() => document.querySelector("a.from").click());
  await page.type("#find", "pain");
  await wait(300);
  await page.evaluate(() => document.querySelector("a.from").click());
  found.axe[name + ", unfolded"] = await judged(page);
  if (width < 500) {
    found.seen.overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  }
  await page.close();
}

// Keyboard.
const page = await opened("light");
const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.className);
const stops = [];
for (let stop = 0; stop < 12 && stops[stops.length - 1] !== "find"; stop += 1) {
  await page.keyboard.press("Tab");
  stops.push(await focused());
}
found.seen.stops = stops;
await page.keyboard.type("knee");
await wait(300);
found.seen.found = await page.$eval("#found", (each) => each.textContent);
found.seen.hits = await page.$$eval("#hits a", (links) => links.map((each) => each.textContent));
await page.keyboard.press("Tab");
found.seen.firstHit = await page.evaluate(() => document.activeElement.closest("#hits") !== null);
await page.keyboard.press("Enter");
await wait(100);
found.seen.arrived = await page.evaluate(() => {
  const target = document.getElementById(location.hash.slice(1));
  const at = target.getBoundingClientRect();
  return at.top >= -2 && at.top < window.innerHeight;
});
await page.focus("#find");
await page.keyboard.press("Escape");
found.seen.cleared = await page.$eval("#find", (each) => each.value);

const table = await page.evaluateHandle(() => Array.from(document.querySelectorAll("table.sortable"))
  .find((each) => each.querySelector("a.from") && each.querySelectorAll("thead button").length && !each.closest(".rest")));
await table.evaluate((each) => { for (let box = each; box; box = box.parentElement) if (box.tagName === "DETAILS") box.open = true; });
const column = () => table.evaluate((each) => Array.from(each.tBodies[0].rows).map((row) => row.cells[0].textContent));
found.seen.sort = [];
const button = await table.$("thead button");
await button.focus();
for (const key of ["Enter", "Space", "Enter"]) {
  await page.keyboard.press(key);
  const order = await table.evaluate((each) => each.tHead.querySelector("th").getAttribute("aria-sort"));
  found.seen.sort.push([order, await column()]);
}

const state = () => page.evaluate(() => {
  const box = document.querySelector("#account");
  return {
    shown: !box.hidden && box.getBoundingClientRect().height > 40,
    inside: box.contains(document.activeElement),
    text: box.textContent.slice(0, 4000),
    focus: document.activeElement.className,
    expanded: document.activeElement.getAttribute("aria-expanded"),
  };
});
found.seen.from = {};
const link = await table.$("a.from");
await link.evaluate((each) => { each.scrollIntoView({ block: "center" }); const all = Array.from(document.querySelectorAll("a, button, input, summary")).filter((one) => one.checkVisibility()); all[all.indexOf(each) - 1].focus(); });
await page.keyboard.press("Tab");
found.seen.from.byFocus = await state();
await page.keyboard.press("Escape");
found.seen.from.dismissed = await state();
await page.keyboard.press("Enter");
found.seen.from.entered = await state();
await page.keyboard.press("Tab");
found.seen.from.withTab = await state();
await page.keyboard.press("Escape");
found.seen.from.left = await state();
await page.keyboard.press("Enter");
for (let stop = 0; stop < 40 && (await state()).shown; stop += 1) await page.keyboard.press("Tab");
found.seen.from.tabbedOut = await state();
await page.evaluate(() => document.activeElement.blur());
await page.mouse.move(2, 2);
await wait(500);
const at = await link.boundingBox();
await page.mouse.move(at.x + 5, at.y + at.height / 2);
await wait(600);
found.seen.from.byPointer = await state();
const box = await (await page.$("#account")).boundingBox();
await page.mouse.move(box.x + 30, box.y + 30, { steps: 8 });
await wait(600);
found.seen.from.stays = await state();
await page.mouse.move(2, 2, { steps: 4 });
await wait(700);
found.seen.from.goes = await state();

// Theme.
const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
found.seen.theme = [await ground()];
await page.click("#theme");
found.seen.theme.push(await ground(), await page.$eval("#theme", (each) => each.getAttribute("aria-pressed")));

// Names that run from right to left stand for themselves.
found.seen.bdi = await page.$$eval("bdi", (all) => Array.from(new Set(all.map((each) => getComputedStyle(each).unicodeBidi))));
found.seen.bdiTexts = await page.$$eval("bdi", (all) => all.length);
found.seen.title = await page.title();
found.seen.markup = await page.evaluate(() => document.querySelectorAll("img, iframe, object, embed, marquee").length);
await page.close();

// Without its script the page can still be read.
const bare = await opened("light", 1280, false);
found.seen.bare = await bare.evaluate(() => ({
  tools: Array.from(document.querySelectorAll("#theme, #search, #unfold")).filter((each) => each.checkVisibility()).length,
  words: document.querySelector("main").innerText.length,
})).catch(() => null);
await bare.close();
await browser.close();
process.stdout.write(JSON.stringify(found));
