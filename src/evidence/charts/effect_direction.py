"""The effect-direction plot: which way each study points in each domain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.captions import counts_by_domain
from evidence.charts.direction_draw import draw_cell, draw_symbol, draw_totals
from evidence.charts.direction_rows import effect_direction_rows
from evidence.charts.frame import expect
from evidence.charts.grid import key_places, open_grid
from evidence.charts.grid_pages import page_note, page_rows
from evidence.charts.grid_parts import Grid
from evidence.charts.said import say
from evidence.charts.style import medium_for
from evidence.charts.words import domain_name, plural
from evidence.errors import ModelError
from evidence.studies.columns import SIX_DOMAINS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.effects.record import Effects

__all__ = [
    "effect_direction",
    "effect_direction_alt",
    "effect_direction_caption",
    "effect_direction_pages",
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
        Where to draw. Without it a figure is made, as high as its studies need; `effect_direction_pages`
        makes slides and pages of it.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9 or higher, from 18 pt), ``"journal"`` or ``"journal-single"``. None
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
    made = _made(effects, medium_for(medium), favours, title)
    return _draw_page(made, range(len(made.grid.rows)), ax, "")


def effect_direction_pages(
    effects: Effects,
    *,
    medium: str | None = None,
    favours: tuple[str, str] | None = None,
    title: str | None = None,
) -> list[Axes]:
    """Draw an effect-direction plot of many studies on as many pages or slides as it needs.

    Each page is a figure of its own with all domains and says which page it is; how many studies point
    each way stands on the last one.

    Parameters
    ----------
    effects : Effects
        As in `effect_direction`.
    medium : str, optional
        ``"slide"`` gives 16:9 slides of 13.33 by 7.5 in, ``"journal"`` and ``"journal-single"`` pages of at
        most 9.7 in (247 mm); a notebook has one page.
    favours, title
        As in `effect_direction`.

    Returns
    -------
    list of Axes
        One a page, in their order; a single one, without a page number, where everything fits.

    Raises
    ------
    ModelError
        For the reasons of `effect_direction`, or where a page has no room for a row.

    Examples
    --------
    >>> import evidence as ev
    >>> trials = ev.example_studies().where(question="prevention", level="study")
    >>> pages = ev.effect_direction_pages(ev.effect_sizes(trials, measure="RR"), medium="slide")
    >>> [ax.get_figure().get_figheight() for ax in pages] == [7.5] * len(pages)
    True
    """
    made = _made(effects, medium_for(medium), favours, title)
    parts = page_rows(made.grid, made.medium, tail=len(made.totals))
    notes = [page_note(i, len(parts), "Totals stand on the last.") for i in range(len(parts))]
    return [
        _draw_page(made, part, None, note if len(parts) > 1 else "")
        for part, note in zip(parts, notes, strict=True)
    ]


@dataclass(frozen=True)
class _Made:
    """What a plot shows, before it is drawn."""

    effects: Effects
    medium: str
    rows: pd.DataFrame
    words: dict[str, str]
    studies: dict[str, str]
    domains: list[str]
    totals: list[str]
    grid: Grid


def _made(effects: Effects, medium: str, favours: tuple[str, str] | None, title: str | None) -> _Made:
    """Decide what is shown.

    Raises
    ------
    ModelError
        Where the effects are not those of printed results.
    """
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
    studies = {str(study): str(label) for study, label in zip(rows["study"], rows["label"], strict=True)}
    present = dict.fromkeys(rows["domain"])
    domains = [d for d in SIX_DOMAINS if d in present] + [d for d in present if d not in SIX_DOMAINS]
    totals = [
        way for way in ("up", "level", "mixed", "down") if (rows["symbol"] == way).any() or way != "mixed"
    ]
    message = f"What {plural(len(studies), 'study', 'studies')} reported in {plural(len(domains), 'domain')}"
    grid = Grid(
        rows=(*studies.values(), *(f"Studies: {words[way]}" for way in totals)),
        columns=tuple(domain_name(d) for d in domains),
        title=message if title is None else title,
        row_head="Study",
        key=tuple(words[name] for name in _key_symbols(rows)),
        rules=frozenset({len(studies)}),
        foot=() if medium == "slide" else (_note(),),
    )
    return _Made(effects, medium, rows, words, studies, domains, totals, grid)


def _draw_page(made: _Made, part: range, ax: Axes | None, note: str) -> Axes:
    """Draw some rows of the grid; a page that says which it is tells its own rows alone."""
    studies = list(made.studies)[part.start : part.stop]
    totals = made.totals if part.stop == len(made.grid.rows) else []
    rows = made.rows[made.rows["study"].isin(studies)]
    grid = replace(
        made.grid,
        rows=made.grid.rows[part.start : part.stop],
        also=made.grid.rows,
        rules=frozenset({len(studies)}) if totals else frozenset(),
        foot=(note, *made.grid.foot) if note else made.grid.foot,
    )
    plan, sheet, middles, top = open_grid(grid, made.medium, ax)
    places = {
        (s, d): (x, y)
        for s, y in zip(studies, middles, strict=False)
        for d, x in zip(made.domains, plan.centres, strict=True)
    }
    for row in rows.itertuples(index=False):
        draw_cell(sheet, plan, row, *places[str(row.study), str(row.domain)])
    draw_totals(sheet, plan, made.rows, made.domains, totals, middles[len(studies) :])
    for name, (x, y) in zip(_key_symbols(made.rows), key_places(plan, sheet, top), strict=True):
        draw_symbol(
            sheet, x, y, name.removesuffix("_open"), sheet.style.small * 0.95, not name.endswith("_open")
        )
    page = f"{note.split('.')[0]}. " if note else ""
    return say(
        sheet.ax,
        caption=page + effect_direction_caption(made.effects),
        alt=page + _alt(rows, made.words),
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
    return _alt(effect_direction_rows(effects), _symbol_words(effects, favours))


def _alt(rows: pd.DataFrame, words: dict[str, str]) -> str:
    told = counts_by_domain(rows, "symbol", {symbol: words[symbol] for symbol in _SYMBOLS})
    amount = plural(rows["study"].nunique(), "study", "studies")
    return f"Reported directions of {amount}. {told}."
