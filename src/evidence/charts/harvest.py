"""The harvest plot: how studies are spread over the answers to a question, domain by domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts.captions import counts_by_domain
from evidence.charts.direction_rows import effect_direction_rows
from evidence.charts.frame import as_text, expect
from evidence.charts.grid import key_places, open_grid
from evidence.charts.grid_parts import Grid, GridPlan
from evidence.charts.said import say
from evidence.charts.style import medium_for
from evidence.charts.words import count, domain_name, plural
from evidence.errors import ModelError
from evidence.studies.columns import SIX_DOMAINS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet
    from evidence.effects.record import Effects

__all__ = ["HARVEST_COLUMNS", "harvest", "harvest_alt", "harvest_caption", "harvest_rows"]

HARVEST_COLUMNS = ("study", "label", "domain", "answer", "people", "height", "design", "outcomes")
"""Columns of `harvest_rows`, in this order."""

ANSWERS = ("second", "none", "first", "mixed", "unknown")
"""The answers, from left to right; the last two only where a study gives them."""

_ANSWER = {"down": "second", "level": "none", "up": "first", "mixed": "mixed", "unknown": "unknown"}

DESIGNS = ("separate arms", "same people in both arms", "observed, not treated", "design not said")
"""Designs from the one that compares best to the one that is not known."""

_DESIGN = {
    "parallel": DESIGNS[0],
    "cluster": DESIGNS[0],
    "within_participant": DESIGNS[1],
    "crossover": DESIGNS[1],
    "cohort": DESIGNS[2],
    "case_control": DESIGNS[2],
}

_EFFECTS = 'effects = ev.effect_sizes(ev.example_studies().where(question="prevention"), measure="RR")'


def harvest_rows(effects: Effects) -> pd.DataFrame:
    """Decide in which answer each study stands, in every domain that it reports.

    Parameters
    ----------
    effects : Effects
        Effects of any kind; outcomes at their main time point count.

    Returns
    -------
    DataFrame
        One line per study and domain that compares the arms: ``answer`` is ``"first"``, ``"second"``,
        ``"none"`` (no difference), ``"mixed"`` where fewer than 70 % of the outcomes agree, or
        ``"unknown"``; ``height`` is 1 below 50 people, 2 up to 300, 3 above (1 where unknown);
        ``design`` is one of `DESIGNS`, the best of the study's rows in the domain.

    References
    ----------
    Ogilvie D, Fayter D, Petticrew M, et al. The harvest plot: a method for synthesising evidence about the
    differential effects of interventions. BMC Med Res Methodol 2008;8:8. doi:10.1186/1471-2288-8-8
    """
    cells = effect_direction_rows(effects)
    cells = cells[cells["symbol"].isin(_ANSWER)].reset_index(drop=True)
    designs = _designs(effects.table)
    return pd.DataFrame(
        {
            "study": cells["study"],
            "label": cells["label"],
            "domain": cells["domain"],
            "answer": cells["symbol"].map(_ANSWER),
            "people": cells["people"],
            "height": cells["size"].astype(int),
            "design": [
                designs.get((study, domain), DESIGNS[-1])
                for study, domain in zip(cells["study"], cells["domain"], strict=True)
            ],
            "outcomes": cells["outcomes"],
        },
        columns=list(HARVEST_COLUMNS),
    )


def _designs(table: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return the best design of each study in each domain."""
    if "arm_design" not in table:
        return {}
    found: dict[tuple[str, str], str] = {}
    for study, domain, word in zip(table["study"], table["domain"], table["arm_design"], strict=True):
        design = _DESIGN.get(as_text(word), DESIGNS[-1])
        best = found.get((str(study), str(domain)), DESIGNS[-1])
        found[str(study), str(domain)] = min(design, best, key=DESIGNS.index)
    return found


def harvest(
    effects: Effects,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
    favours: tuple[str, str] | None = None,
    title: str | None = None,
) -> Axes:
    """Draw each study as a bar under the answer that it gives, domain by domain.

    The bar is as high as the study is large; dark bars compare separate arms, lighter ones are weaker
    designs. The order within a cell is by people. It shows where evidence lies, not how large an effect is,
    and it is no vote: an answer with more bars has not won.

    Parameters
    ----------
    effects : Effects
        Effects of any kind.
    ax : Axes, optional
        Where to draw. Without it a figure is made, as high as its domains need.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9 or higher, from 18 pt), ``"journal"`` or ``"journal-single"``. None
        takes that of `chart_style`, else ``"notebook"``.
    favours : tuple of str, optional
        Names of the second and the first arm; None says "second arm" and "first arm", or speaks of the
        factor where the rows do.
    title : str, optional
        One message. None states what is shown; ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure; x and y are in points from the top left.

    Raises
    ------
    ModelError
        Where `medium` is not known, or `effects` are not those of printed results.

    References
    ----------
    Ogilvie D, et al. (2008), doi:10.1186/1471-2288-8-8

    Examples
    --------
    >>> import evidence as ev
    >>> trials = ev.example_studies().where(question="prevention", level="study")
    >>> ax = ev.harvest(ev.effect_sizes(trials, measure="RR"))
    """
    medium = medium_for(medium)
    expect("harvest", effects, "Effects", ("table",), _EFFECTS)
    missing = [
        name for name in ("study", "domain", "direction", "kind", "basis") if name not in effects.table
    ]
    if missing:
        raise ModelError(
            f"harvest() reads what papers reported; these effects have no {', '.join(missing)}. "
            f"To get such: {_EFFECTS}"
        )
    rows = harvest_rows(effects)
    if rows.empty:
        raise ModelError("no study compares the arms: there is nothing to harvest")
    words = _answer_words(effects, favours)
    present = dict.fromkeys(rows["domain"])
    domains = [d for d in SIX_DOMAINS if d in present] + [d for d in present if d not in SIX_DOMAINS]
    answers = [a for a in ANSWERS if a in ("second", "none", "first") or rows["answer"].eq(a).any()]
    designs = [design for design in DESIGNS if rows["design"].eq(design).any()]
    studies = rows["study"].nunique()
    message = (
        f"Where {plural(studies, 'study', 'studies')} {'stands' if studies == 1 else 'stand'} in "
        f"{plural(len(domains), 'domain')}"
    )
    grid = Grid(
        rows=tuple(domain_name(d) for d in domains),
        columns=tuple(words[a] for a in answers),
        title=message if title is None else title,
        row_head="Domain",
        key=tuple(designs),
        cell_height=2.6 if medium == "slide" else 3.4,
        least_height=1.6,
        least_cell=5.0,
        left_aligned=True,
        foot=(_note(medium == "slide"),),
    )
    plan, sheet, middles, top = open_grid(grid, medium, ax)
    most = int(rows.groupby(["domain", "answer"]).size().max())
    for domain, y, height in zip(domains, middles, plan.row_heights, strict=True):
        for answer, x in zip(answers, plan.centres, strict=True):
            cell = rows[rows["domain"].eq(domain) & rows["answer"].eq(answer)]
            _draw_cell(sheet, plan, cell, answer, x, y + height / 2, height, most)
    for design, (x, y) in zip(designs, key_places(plan, sheet, top), strict=True):
        small = sheet.style.small
        _draw_bar(sheet, x - small * 0.4, y + small * 0.5, small * 0.8, small, "first", design)
    return say(sheet.ax, caption=harvest_caption(effects), alt=harvest_alt(effects, favours))


def _answer_words(effects: Effects, favours: tuple[str, str] | None) -> dict[str, str]:
    factor = effects.table["direction"].isin(["supports_factor", "no_association", "opposite"]).any()
    second, first = favours or ("second arm", "first arm")
    plain = factor and favours is None
    return {
        "second": "Against the factor" if plain else f"Favours {second}",
        "none": "No association" if factor else "No difference",
        "first": "Supports the factor" if plain else f"Favours {first}",
        "mixed": "Outcomes disagree",
        "unknown": "Direction not told",
    }


def _note(short: bool) -> str:
    size = "Height: below 50, up to 300, more people."
    if short:
        return f"One bar a study. {size} No vote."
    return (
        f"One bar a study, the largest first. {size} A study points one way where at least 70% of its "
        "outcomes do. Reported directions are selected: this is no vote."
    )


def _draw_cell(
    sheet: Sheet,
    plan: GridPlan,
    cell: pd.DataFrame,
    answer: str,
    x: float,
    floor: float,
    height: float,
    most: int,
) -> None:
    """Draw the bars of one cell on a common floor, the largest study first, and their number."""
    style = sheet.style
    bottom = floor - sheet.style.line
    room = plan.cell - style.text * 0.8
    step = min(room / max(most + 1.5, 4.0), style.text * 1.1)
    start = x - plan.cell / 2 + style.text * 0.2
    if cell.empty:
        return
    ordered = cell.sort_values(["height", "people"], ascending=False, kind="stable")
    for i, row in enumerate(ordered.itertuples(index=False)):
        tall = height * 0.8 * (0.34, 0.64, 1.0)[int(str(row.height)) - 1]
        _draw_bar(sheet, start + i * step, bottom, step * 0.74, tall, answer, str(row.design))
    sheet.text(
        start + len(cell) * step + style.text * 0.15,
        bottom - style.small * 0.45,
        count(len(cell)),
        size=style.small,
        colour=style.colours.quiet,
    )


def _draw_bar(
    sheet: Sheet, left: float, bottom: float, width: float, height: float, answer: str, design: str
) -> None:
    """Draw one bar upwards from its floor: dark, middle or open by design, so that grey tells them too."""
    from matplotlib.patches import Rectangle

    colours = sheet.style.colours
    dark = {"first": colours.first, "second": colours.second}.get(answer, colours.quiet)
    tint = {"first": colours.first_tint, "second": colours.second_tint}.get(answer, colours.quiet_tint)
    fill: Any = {DESIGNS[0]: dark, DESIGNS[1]: tint, DESIGNS[2]: tint}.get(design, colours.paper)
    sheet.ax.add_patch(
        Rectangle(
            (left, bottom - height),
            width,
            height,
            facecolor=fill,
            edgecolor=dark,
            linewidth=sheet.style.line * 0.7,
            hatch="////" if design == DESIGNS[1] else None,
            zorder=2.0,
        )
    )


def harvest_caption(effects: Effects) -> str:
    """Return the caption of the harvest plot.

    Parameters
    ----------
    effects : Effects
        The drawn effects.

    Returns
    -------
    str
        What a bar is and what it is not.
    """
    rows = harvest_rows(effects)
    left = effects.table["study"].nunique() - rows["study"].nunique()
    out = f" {plural(left, 'study', 'studies')} without a comparison of the arms not shown." if left else ""
    return (
        f"Harvest plot of {plural(rows['study'].nunique(), 'study', 'studies')} in "
        f"{plural(rows['domain'].nunique(), 'domain')}. {_note(False)} Nothing is pooled here.{out}"
    )


def harvest_alt(effects: Effects, favours: tuple[str, str] | None = None) -> str:
    """Return the alternative text: the counts of studies by answer in each domain.

    Parameters
    ----------
    effects : Effects
        The drawn effects.
    favours : tuple of str, optional
        As drawn.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    rows = harvest_rows(effects)
    words = _answer_words(effects, favours)
    told = counts_by_domain(rows, "answer", {answer: words[answer].lower() for answer in ANSWERS})
    amount = plural(rows["study"].nunique(), "study", "studies")
    return f"Answers of {amount}, by domain. {told}."
