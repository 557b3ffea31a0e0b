"""The effect-direction plot: which way each study points in each domain."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts.frame import as_float, as_text, people_of
from evidence.charts.grid import Grid, GridPlan, key_places, open_grid
from evidence.charts.words import count, domain_name, listed, plural
from evidence.studies.columns import SIX_DOMAINS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet
    from evidence.effects.record import Effects

__all__ = ["DIRECTION_COLUMNS", "effect_direction", "effect_direction_alt", "effect_direction_caption",
           "effect_direction_rows"]

DIRECTION_COLUMNS = (
    "study",
    "label",
    "domain",
    "symbol",
    "clear",
    "outcomes",
    "up",
    "down",
    "level",
    "unknown",
    "within",
    "unusable",
    "people",
    "size",
)
"""Columns of `effect_direction_rows`, in this order."""

AGREEMENT = 0.7
"""Share of the outcomes of a study in a domain that has to point one way (Boon & Thomson 2021)."""

_WORDS = {
    "favours_e": "up",
    "supports_factor": "up",
    "favours_c": "down",
    "opposite": "down",
    "no_difference": "level",
    "no_association": "level",
}

_SYMBOLS = ("up", "down", "level", "mixed", "unknown", "within", "unusable")


def effect_direction_rows(effects: Effects) -> pd.DataFrame:
    """Decide the symbol of every study in every domain that it reports.

    Parameters
    ----------
    effects : Effects
        Effects of any kind; outcomes at their main time point count.

    Returns
    -------
    DataFrame
        One line per study and domain, in order of appearance. ``symbol`` is ``"up"`` (in favour of the
        first arm, or supporting the factor), ``"down"``, ``"level"`` (no difference, no association),
        ``"mixed"`` where fewer than 70 % of the outcomes agree, ``"unknown"`` where the print does
        not tell, ``"within"`` where only changes within groups were printed, ``"unusable"`` otherwise.
        ``clear`` is True where most outcomes that point that way are significant between the
        arms. ``outcomes`` counts those with a direction; ``size`` is 1 below 50 people, 2 up to
        300, 3 above.

    References
    ----------
    Thomson HJ, Thomas S. The effect direction plot: visual display of non-standardised effects across
    multiple outcome domains. Res Synth Methods 2013;4:95-101. doi:10.1002/jrsm.1060
    Boon MH, Thomson H. The effect direction plot revisited. Res Synth Methods 2021;12:29-33.
    doi:10.1002/jrsm.1458
    """
    table = effects.table
    if "main" in table and table["main"].any():
        table = table[table["main"].astype(bool)]
    lines = [
        _cell(str(study), str(domain), group)
        for (study, domain), group in table.groupby(["study", "domain"], sort=False)
    ]
    return pd.DataFrame(lines, columns=list(DIRECTION_COLUMNS))


def _row_direction(row: dict[Any, Any]) -> str:
    """Return where one row points.

    A row that cannot be pooled (another metric, say) still shows the direction that its paper reports; a
    change within one group is no direction between two.
    """
    if as_text(row["basis"]) == "within_group_only":
        return "within"
    word = _WORDS.get(as_text(row["direction"]))
    if word:
        return word
    if as_text(row["kind"]) == "unusable":
        return "unusable"
    sign = as_float(row.get("sign"))
    return "unknown" if math.isnan(sign) or sign == 0 else "up" if sign > 0 else "down"


def _significant(row: dict[Any, Any]) -> bool:
    """Tell whether a row's difference was significant: as reported, else by its bounds or its interval."""
    word = as_text(row.get("signif_between"))
    if word in ("yes", "no"):
        return word == "yes"
    kind = as_text(row["kind"])
    if kind == "interval":
        return as_float(row["low"]) > 0 or as_float(row["high"]) < 0
    return kind == "exact" and abs(as_float(row["estimate"])) > 1.96 * as_float(row["std_error"])


def _cell(study: str, domain: str, group: pd.DataFrame) -> dict[str, object]:
    """Return the line of one study in one domain."""
    records = group.to_dict("records")
    ways = [_row_direction(row) for row in records]
    counts = {way: ways.count(way) for way in ("up", "down", "level", "unknown", "within", "unusable")}
    told = counts["up"] + counts["down"] + counts["level"]
    symbol = _symbol(counts, told)
    pointing = [row for row, way in zip(records, ways, strict=True) if way == symbol]
    clear = symbol in ("up", "down") and sum(map(_significant, pointing)) * 2 > len(pointing)
    people = max(
        (n for n in (people_of(as_float(row.get("n_e")), as_float(row.get("n_c"))) for row in records) if n == n),
        default=math.nan,
    )
    return {
        "study": study,
        "label": as_text(records[0].get("label")) or study,
        "domain": domain,
        "symbol": symbol,
        "clear": clear,
        "outcomes": told,
        **counts,
        "people": people,
        "size": 1 if math.isnan(people) or people < 50 else 2 if people <= 300 else 3,
    }


def _symbol(counts: dict[str, int], told: int) -> str:
    """Return the symbol of a cell from the directions of its outcomes."""
    if told:
        way = max(("up", "down", "level"), key=lambda name: counts[name])
        return way if counts[way] >= AGREEMENT * told - 1e-12 else "mixed"
    return next(way for way in ("unknown", "within", "unusable") if counts[way])


def effect_direction(
    effects: Effects,
    *,
    ax: Axes | None = None,
    medium: str = "notebook",
    favours: tuple[str, str] | None = None,
    title: str | None = None,
) -> Axes:
    """Draw studies by domains with an arrow for the reported direction.

    An arrow up favours the first arm (or supports the factor), down the second; a pair of side
    arrows is "no difference". Filled: significant between the arms; open: not, or not told. The size
    grows with the number of people, a number beside it counts outcomes where there are several.
    Directions are what the papers report, and reports are selected: the plot shows what there is, it is no
    vote.

    Parameters
    ----------
    effects : Effects
        Effects of any kind; rows that are unusable for a comparison are shown as such.
    ax : Axes, optional
        Where to draw. Without it a figure is made, as high as its studies need.
    medium : str, default "notebook"
        ``"notebook"``, ``"slide"`` (no text below 18 pt) or ``"journal"``.
    favours : tuple of str, optional
        Names of what down and up favour; None says "second arm" and "first arm", or speaks of
        the factor where the rows do.
    title : str, optional
        One message. None states what is shown; ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure; x and y are in points from the top left.

    Raises
    ------
    ModelError
        Where `medium` is not known.

    References
    ----------
    Thomson HJ, Thomas S. The effect direction plot. Res Synth Methods 2013;4:95-101.
    doi:10.1002/jrsm.1060
    """
    rows = effect_direction_rows(effects)
    words = _symbol_words(effects, favours)
    studies = dict(zip(rows["study"], rows["label"], strict=True))
    present = dict.fromkeys(rows["domain"])
    domains = [d for d in SIX_DOMAINS if d in present] + [d for d in present if d not in SIX_DOMAINS]
    totals = [way for way in ("up", "level", "mixed", "down") if (rows["symbol"] == way).any() or way != "mixed"]
    shown = _key_symbols(rows)
    message = f"What {plural(len(studies), 'study', 'studies')} reported in {plural(len(domains), 'domain')}"
    grid = Grid(
        rows=(*studies.values(), *(f"Studies: {words[way]}" for way in totals)),
        columns=tuple(domain_name(d) for d in domains),
        title=message if title is None else title,
        row_head="Study",
        key=tuple(words[name] for name in shown),
        rules=frozenset({len(studies)}),
        foot=() if medium == "slide" else (_note(),),
    )
    plan, sheet, middles, top = open_grid(grid, medium, ax)
    places = {(s, d): (x, y) for s, y in zip(studies, middles, strict=False) for d, x in zip(domains, plan.centres, strict=True)}
    for row in rows.itertuples(index=False):
        _draw_cell(sheet, plan, row, *places[row.study, row.domain])
    _draw_totals(sheet, plan, rows, domains, totals, middles[len(studies) :])
    for name, (x, y) in zip(shown, key_places(plan, sheet, top), strict=True):
        _draw_symbol(sheet, x, y, name.removesuffix("_open"), sheet.style.small * 0.95, not name.endswith("_open"))
    return sheet.ax


def _note() -> str:
    return (
        "A cell points one way where at least 70% of its outcomes do; a number counts outcomes where there are several. "
        "Size: below 50, up to 300, more people. Reported directions are selected: this is no vote."
    )


def _symbol_words(effects: Effects, favours: tuple[str, str] | None) -> dict[str, str]:
    """Return what each symbol means."""
    factor = effects.table["direction"].isin(["supports_factor", "no_association", "opposite"]).any()
    if favours is None:
        down, up = ("against the factor", "supports the factor") if factor else ("favours second arm", "favours first arm")
    else:
        down, up = (f"favours {name}" for name in favours)
    return {
        "up": up,
        "up_open": f"{up}, not significant",
        "down": down,
        "down_open": f"{down}, not significant",
        "level": "no association" if factor else "no difference",
        "mixed": "outcomes disagree",
        "unknown": "direction not told",
        "within": "only within groups",
        "unusable": "not usable",
    }


def _key_symbols(rows: pd.DataFrame) -> list[str]:
    """Return the symbols to explain: those that are there."""
    present = {
        f"{symbol}_open" if symbol in ("up", "down") and not clear else str(symbol)
        for symbol, clear in zip(rows["symbol"], rows["clear"], strict=True)
    }
    order = [name for symbol in _SYMBOLS for name in (symbol, f"{symbol}_open")]
    return [name for name in order if name in present]


def _draw_cell(sheet: Sheet, plan: GridPlan, row: Any, x: float, y: float) -> None:  # noqa: ANN401
    """Draw the symbol of one cell and the number of its outcomes."""
    em = min(sheet.style.text, plan.cell * 0.42)
    size = em * (0.72, 0.95, 1.2)[int(row.size) - 1]
    _draw_symbol(sheet, x, y, row.symbol, size, bool(row.clear))
    if row.outcomes > 1:
        sheet.text(x + size * 0.5 + em * 0.42, y + em * 0.3, str(row.outcomes), size=sheet.style.small, colour=sheet.style.colours.quiet)


def _draw_symbol(sheet: Sheet, x: float, y: float, symbol: str, size: float, filled: bool) -> None:
    """Draw one symbol at a point."""
    colours, line = sheet.style.colours, sheet.style.line
    half = size * 0.42
    if symbol == "within":
        sheet.text(x, y, "w", size=sheet.style.small, colour=colours.quiet, align="center")
        return
    if symbol == "unknown":
        sheet.text(x, y, "?", size=sheet.style.small, colour=colours.quiet, align="center")
        return
    parts: dict[str, list[tuple[str, float, float, float, str, bool]]] = {
        "up": [("^", 0.0, 0.0, size, colours.first, filled)],
        "down": [("v", 0.0, 0.0, size, colours.second, filled)],
        "level": [("<", -half, 0.0, size * 0.55, colours.quiet, True), (">", half, 0.0, size * 0.55, colours.quiet, True)],
        "mixed": [("^", -half, 0.0, size * 0.62, colours.ink, False), ("v", half, 0.0, size * 0.62, colours.ink, False)],
        "unusable": [("o", 0.0, 0.0, size * 0.22, colours.quiet, True)],
    }
    for marker, dx, dy, side, colour, solid in parts[symbol]:
        sheet.ax.plot([x + dx], [y + dy], marker=marker, markersize=side, linestyle="", color=colour,
                      markerfacecolor=colour if solid else colours.paper, markeredgecolor=colour,
                      markeredgewidth=line * 0.9, zorder=2.5)


def _draw_totals(
    sheet: Sheet, plan: GridPlan, rows: pd.DataFrame, domains: list[str], totals: list[str], middles: list[float]
) -> None:
    """Write how many studies point each way, below each domain."""
    for way, y in zip(totals, middles, strict=True):
        for domain, x in zip(domains, plan.centres, strict=True):
            n = int(((rows["domain"] == domain) & (rows["symbol"] == way)).sum())
            sheet.text(x, y, count(n), align="center", colour=sheet.style.colours.ink if n else sheet.style.colours.quiet)


def effect_direction_caption(effects: Effects) -> str:
    """Return the caption of the effect-direction plot.

    Parameters
    ----------
    effects : Effects
        The drawn effects.

    Returns
    -------
    str
        What the symbols mean and how a cell was decided.
    """
    rows = effect_direction_rows(effects)
    return (
        f"Effect-direction plot of {plural(len(effects.table), 'row')} of "
        f"{plural(rows['study'].nunique(), 'study', 'studies')}. Filled arrows: significant between the arms. {_note()}"
    )


def effect_direction_alt(effects: Effects) -> str:
    """Return the alternative text: the counts of studies in each domain.

    Parameters
    ----------
    effects : Effects
        The drawn effects.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    rows = effect_direction_rows(effects)
    words = _symbol_words(effects, None)
    parts = []
    for domain, group in rows.groupby("domain", sort=False):
        counts = group["symbol"].value_counts()
        parts.append(f"{domain_name(str(domain))}: " + listed(f"{counts[w]} {words[w]}" for w in _SYMBOLS if w in counts))
    return f"Studies by reported direction. {'; '.join(parts)}."
