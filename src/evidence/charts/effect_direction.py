"""The effect-direction plot: which way each study points in each domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts.captions import counts_by_domain
from evidence.charts.direction_rows import effect_direction_rows
from evidence.charts.frame import expect
from evidence.charts.grid import Grid, GridPlan, key_places, open_grid
from evidence.charts.said import say
from evidence.charts.style import medium_for
from evidence.charts.words import count, domain_name, plural
from evidence.errors import ModelError
from evidence.studies.columns import SIX_DOMAINS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet
    from evidence.effects.record import Effects

__all__ = [
    "effect_direction",
    "effect_direction_alt",
    "effect_direction_caption",
    "effect_direction_rows",
]

_SYMBOLS = ("up", "down", "level", "mixed", "unknown", "within", "unusable")


_EFFECTS = 'effects = ev.effect_sizes(ev.example_studies().where(question="prevention"), measure="RR")'


def effect_direction(
    effects: Effects,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
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
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9, no text below 18 pt), ``"journal"`` or ``"journal-single"``. None
        takes that of `chart_style`, else ``"notebook"``.
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
        Where `medium` is not known, or `effects` are not those of printed results.

    References
    ----------
    Thomson HJ, Thomas S. The effect direction plot. Res Synth Methods 2013;4:95-101.
    doi:10.1002/jrsm.1060
    """
    medium = medium_for(medium)
    expect("effect_direction", effects, "Effects", ("table",), _EFFECTS)
    missing = [
        name for name in ("study", "domain", "direction", "kind", "basis") if name not in effects.table
    ]
    if missing:
        raise ModelError(
            f"effect_direction() reads what papers reported; these effects have no {', '.join(missing)}. "
            f"To get such: {_EFFECTS}"
        )
    rows = effect_direction_rows(effects)
    words = _symbol_words(effects, favours)
    studies = dict(zip(rows["study"], rows["label"], strict=True))
    present = dict.fromkeys(rows["domain"])
    domains = [d for d in SIX_DOMAINS if d in present] + [d for d in present if d not in SIX_DOMAINS]
    totals = [
        way for way in ("up", "level", "mixed", "down") if (rows["symbol"] == way).any() or way != "mixed"
    ]
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
    places = {
        (s, d): (x, y)
        for s, y in zip(studies, middles, strict=False)
        for d, x in zip(domains, plan.centres, strict=True)
    }
    for row in rows.itertuples(index=False):
        _draw_cell(sheet, plan, row, *places[row.study, row.domain])
    _draw_totals(sheet, plan, rows, domains, totals, middles[len(studies) :])
    for name, (x, y) in zip(shown, key_places(plan, sheet, top), strict=True):
        _draw_symbol(
            sheet, x, y, name.removesuffix("_open"), sheet.style.small * 0.95, not name.endswith("_open")
        )
    return say(
        sheet.ax, caption=effect_direction_caption(effects), alt=effect_direction_alt(effects, favours)
    )


def _note() -> str:
    return (
        "A cell points one way where at least 70% of its outcomes do; a number counts outcomes where there "
        "are several. Size: below 50, up to 300, more people. Reported directions are selected: this is no "
        "vote."
    )


def _symbol_words(effects: Effects, favours: tuple[str, str] | None) -> dict[str, str]:
    """Return what each symbol means."""
    factor = effects.table["direction"].isin(["supports_factor", "no_association", "opposite"]).any()
    if favours is None:
        down, up = (
            ("against the factor", "supports the factor")
            if factor
            else ("favours second arm", "favours first arm")
        )
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
        sheet.text(
            x + size * 0.5 + em * 0.42,
            y + em * 0.3,
            str(row.outcomes),
            size=sheet.style.small,
            colour=sheet.style.colours.quiet,
        )


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
        "level": [
            ("<", -half, 0.0, size * 0.55, colours.quiet, True),
            (">", half, 0.0, size * 0.55, colours.quiet, True),
        ],
        "mixed": [
            ("^", -half, 0.0, size * 0.62, colours.ink, False),
            ("v", half, 0.0, size * 0.62, colours.ink, False),
        ],
        "unusable": [("o", 0.0, 0.0, size * 0.22, colours.quiet, True)],
    }
    for marker, dx, dy, side, colour, solid in parts[symbol]:
        sheet.ax.plot(
            [x + dx],
            [y + dy],
            marker=marker,
            markersize=side,
            linestyle="",
            color=colour,
            markerfacecolor=colour if solid else colours.paper,
            markeredgecolor=colour,
            markeredgewidth=line * 0.9,
            zorder=2.5,
        )


def _draw_totals(
    sheet: Sheet,
    plan: GridPlan,
    rows: pd.DataFrame,
    domains: list[str],
    totals: list[str],
    middles: list[float],
) -> None:
    """Write how many studies point each way, below each domain."""
    for way, y in zip(totals, middles, strict=True):
        for domain, x in zip(domains, plan.centres, strict=True):
            n = int(((rows["domain"] == domain) & (rows["symbol"] == way)).sum())
            sheet.text(
                x,
                y,
                count(n),
                align="center",
                colour=sheet.style.colours.ink if n else sheet.style.colours.quiet,
            )


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
        f"{plural(rows['study'].nunique(), 'study', 'studies')}. Filled arrows: significant "
        f"between the arms. {_note()} Nothing is pooled here."
    )


def effect_direction_alt(effects: Effects, favours: tuple[str, str] | None = None) -> str:
    """Return the alternative text: the counts of studies in each domain.

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
    rows = effect_direction_rows(effects)
    words = _symbol_words(effects, favours)
    told = counts_by_domain(rows, "symbol", {symbol: words[symbol] for symbol in _SYMBOLS})
    amount = plural(rows["study"].nunique(), "study", "studies")
    return f"Reported directions of {amount}. {told}."
