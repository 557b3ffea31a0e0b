"""Write docs/measures.md: every measure of the registry, its formulas, columns, display and source."""

from __future__ import annotations

import sys
from pathlib import Path

from evidence.effects.measures import MEASURES, Measure

TARGET = Path(__file__).parents[1] / "docs" / "measures.md"

HEAD = """# Measures

`ev.effect_size(measure, ...)` computes effects and sampling variances from columns of printed numbers,
in the names that the field uses; `ev.effect_sizes(studies, measure=...)` reads the same measures from
rows of studies.csv, as far as it knows them. Both take the formulas below, from one registry.

```python
first = {"m1i": [12.1, 8.4], "sd1i": [3.0, 2.2], "n1i": [20, 15]}
second = {"m2i": [10.0, 8.1], "sd2i": [3.4, 2.6], "n2i": [21, 15]}
ev.effect_size("SMD", **first, **second)
```

The answer has `.estimate` and `.variance` (and `.std_error`, `.display`, `.table()`, `.effects()` for
models) for **every** row that came in, in their order. What was done to a row is said in `.reasons`,
`.added`, `.double_zero` and `.notes`.

## What holds for all

- **The first group comes first**: differences are first less second, ratios first over second.
- **Form of the variance**: `vtype` names it; the first form of a measure is its default. Forms AV use a
  mean over all rows of the call, so that rows there are not independent of each other.
- **Small samples**: J(m) = Γ(m/2) / (sqrt(m/2) Γ((m - 1)/2)), exact. `correct=False` leaves it out, and
  the bias corrections of log ratios.
- **Zero counts**: `add` (1/2) is added to all counts of a row with a zero, to no other row
  (`to="only0"`); `to="all"`, `"if0all"` (all rows, if any has a zero) and `"none"` are the other
  choices. Measures marked "nothing is added" exist at zero; an explicit `add` is obeyed. Rows in which
  neither group, or everybody in both, had the event stay and are marked; `drop00=True` makes them
  unusable, in place.
- **Several ways in**: where a measure can be computed from different columns, each row uses what it has;
  for standardised differences d, t or p come before means, for correlations r comes before t and p. A p
  value is two-sided and carries the sign of the effect. `fi` is the F of one numerator degree of
  freedom, with that sign.
- **Empty cells** make their row unusable and are named (`missing="raise"` raises instead). **Impossible
  numbers** (a standard deviation of 0, more events than people, one person in a group) raise, every row
  and column named (`invalid="mark"` makes the rows unusable instead).

## Where the numbers differ from metafor 5.1

All other reference cases agree to 1e-10 (relative, estimate and variance): [the comparison by
measure](validation_measures.md).

- **RTET, ZTET**: metafor finds the tetrachoric correlation to about four digits; here it is solved to
  the last one. At a correlation of -1 or 1 (an empty cell) there is no variance here.
- **UCOR**: metafor's hypergeometric series is off in the fourth digit for small r and n; here it is
  exact.
- **R2F, ZR2F**: the variance here is that of the noncentral F with fixed predictors, to first order.
- **A standard deviation of 0** is an error here (or an unusable row), where metafor returns a variance
  of 0.
"""


def _entry(measure: Measure) -> list[str]:
    ways = "; or ".join(", ".join(f"`{name}`" for name in names) for names in measure.inputs)
    lines = [f"### {measure.code}: {measure.name}", "", measure.interpretation, ""]
    lines += [f"- Estimate: {measure.formula}"]
    forms = list(measure.variance.items())
    if len(forms) == 1:
        lines += [f"- Variance: {forms[0][1]}"]
    else:
        lines += ["- Variance:"] + [f"    - `{code}`: {text}" for code, text in forms]
    lines += [f"- Columns: {ways}"]
    if measure.counts:
        lines += ["- Zero counts: " + (f"{measure.add:g} is added" if measure.add else "nothing is added")]
    shown = f"{measure.back.name} = {measure.back.formula}" if measure.back else "as it is"
    lines += [f"- Scale: {measure.scale}; shown: {shown}; unit: {measure.unit}"]
    if measure.undefined:
        lines += [f"- Not defined: {measure.undefined}"]
    if measure.reference:
        lines += [f"- Source: doi:{measure.reference}"]
    return [*lines, ""]


def page() -> str:
    """Return the page as Markdown."""
    families = dict.fromkeys(measure.family for measure in MEASURES.values())
    lines = [HEAD, "## All measures", "", "| code | measure | family |", "|---|---|---|"]
    lines += [f"| {measure.code} | {measure.name} | {measure.family} |" for measure in MEASURES.values()]
    for family in families:
        lines += ["", f"## {family}", ""]
        for measure in MEASURES.values():
            if measure.family == family:
                lines += _entry(measure)
    return "\n".join(lines).replace("\n\n\n", "\n\n").rstrip() + "\n"


if __name__ == "__main__":
    text = page()
    if "--check" in sys.argv[1:]:
        sys.exit(0 if TARGET.read_text(encoding="utf-8") == text else "docs/measures.md is out of date")
    TARGET.write_text(text, encoding="utf-8")
