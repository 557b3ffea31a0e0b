"""Write docs/audit/: one page a check, made from the checks' own records."""

from __future__ import annotations

import sys
from pathlib import Path

import evidence as ev
from evidence.auditing.record import Check
from evidence.auditing.registry import CHECKS

TARGET = Path(__file__).parents[1] / "docs" / "audit"

HEAD = """# The checks of the audit

`ev.audit(studies)` and `evidence audit` run these over every row. They change nothing: a finding has a
severity (`impossible`: no true data look like this; `unlikely`: few do; `ask`: a human should look), and a
repair where the numbers determine one. Findings that you have looked at go into `audit.toml` beside the
studies:

```toml
[[accepted]]
check = "half_an_interval"
row = "leetun2004_01"
reason = "The upper limit is a misprint in the paper; its authors were asked."
```

Three oddities that the extraction names are not in the cells of the shipped table, so that no check can see
them. The "P < 0.05" of `ismail2013_03` beside "no difference" stands only in its notes (its cells hold the
tests within the arms), as do the incidences of `brushoj2008` (its interval is asked about instead) and the
second p value of `tazesh_core_addon`.

How often errors are caught, and clean rows flagged, is in [audit_power.md](../audit_power.md). These pages
are written by `scripts/write_audit.py`; a test holds them and the code together.
"""


def found_in_shipped_data() -> dict[str, list[str]]:
    """Return the rows of the shipped data that each check flags."""
    table = ev.audit(ev.example_studies(), pooled=False).table
    return {str(name): list(dict.fromkeys(part["row_id"])) for name, part in table.groupby("check")}


def page(check: Check, rows: list[str]) -> str:
    """Return the page of one check."""
    severities = ", ".join(f"`{word}`" for word in check.severities)
    needs = ", ".join(f"`{column}`" for column in check.needs)
    shown = ", ".join(f"`{row}`" for row in rows[:8]) + (
        f" and {len(rows) - 8} more" if len(rows) > 8 else ""
    )
    lines = [
        f"# `{check.name}`: {check.title}",
        "",
        f"**Rule.** {check.rule}.",
        "",
        f"**Severity.** {severities}. **Looks at.** {needs}."
        + (" Runs on request only." if check.on_request else ""),
        "",
        f"**Example.** {check.example}",
        "",
        f"**What to do.** {check.advice}",
        "",
        f"**Source.** {check.source}",
        "",
        f"**In the shipped data.** {f'{len(rows)} rows: {shown}.' if rows else 'None.'}",
        "",
    ]
    return "\n".join(lines)


def pages() -> dict[str, str]:
    """Return every page by file name."""
    found = found_in_shipped_data()
    families: dict[str, list[Check]] = {}
    for check in CHECKS.values():
        families.setdefault(check.family, []).append(check)
    index = [HEAD]
    for family, checks in families.items():
        index += [f"## {family[0].upper()}{family[1:]}", ""]
        index += ["| check | what it catches | severity | rows shipped |", "|---|---|---|---|"]
        for check in checks:
            severity = ", ".join(check.severities)
            link = f"[{check.name}]({check.name}.md)"
            index.append(f"| {link} | {check.title} | {severity} | {len(found.get(check.name, []))} |")
        index.append("")
    out = {"README.md": "\n".join(index)}
    for name, check in CHECKS.items():
        out[f"{name}.md"] = page(check, found.get(name, []))
    return out


def main() -> int:
    """Write the pages, and remove those of checks that are gone."""
    TARGET.mkdir(exist_ok=True)
    wanted = pages()
    for old in TARGET.glob("*.md"):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (TARGET / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
