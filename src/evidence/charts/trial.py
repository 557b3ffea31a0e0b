"""One trial, three questions: what was claimed, what the trial printed, what follows between its arms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts import marks
from evidence.charts.frame import expect, measure_name, on_screen, place, sides
from evidence.charts.headlines import trial_title
from evidence.charts.said import say
from evidence.charts.scale import Scale, scale_for
from evidence.charts.style import medium_for
from evidence.charts.table_draw import draw_plan
from evidence.charts.table_parts import Column, Content
from evidence.charts.trial_rows import short_arm, trial_rows
from evidence.charts.words import measure_code, measure_head, plural
from evidence.effects.record import correlation_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet
    from evidence.effects.record import Effects
    from evidence.studies.record import Studies

__all__ = ["assumed_correlation", "trial", "trial_alt", "trial_caption", "trial_rows", "trial_title"]


_EFFECTS = 'effects = ev.effect_sizes(studies.where(study="distefano2013"), measure="SMD")'


def trial(
    effects: Effects,
    studies: Studies,
    *,
    study: str = "distefano2013",
    ax: Axes | None = None,
    medium: str | None = None,
    title: str | None = None,
) -> Axes:
    """Draw what was claimed of a trial, what it printed, and what follows between its arms.

    "Improved in one arm, not in the other" is no comparison of the arms. The picture at the right
    shows what the printed results say of the difference itself.

    Parameters
    ----------
    effects : Effects
        Effects that hold the rows of the trial.
    studies : Studies
        The studies that the effects were made from; their claims are the left panel.
    study : str, default "distefano2013"
        Key of the trial: by default the one behind the article that ships as the example.
    ax : Axes, optional
        Where to draw. Without it a figure is made, as high as its outcomes need.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9 or higher, from 18 pt), ``"journal"`` or ``"journal-single"``. None
        takes that of `chart_style`, else ``"notebook"``. A slide states the changes
        within the arms as yes or no and leaves out p values and bounds; `trial_rows` has them.
    title : str, optional
        One message. None makes it from the rows (`trial_title`); ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure.

    Raises
    ------
    ModelError
        Where the effects hold no row of the study, the studies lack one, or the medium is not known.

    Examples
    --------
    >>> import evidence as ev
    >>> studies = ev.example_studies()
    >>> effects = ev.effect_sizes(studies.where(study="distefano2013"), measure="SMD", correlation=0.7)
    >>> ax = ev.trial(effects, studies)
    """
    medium = medium_for(medium)
    expect(
        "trial", effects, "Effects", ("table", "scale", "display_sign", "measure", "correlation"), _EFFECTS
    )
    expect("trial", studies, "Studies", ("table", "claims"), "studies = ev.example_studies()")
    rows = trial_rows(effects, studies, study=study)
    own = effects.table[effects.table["study"] == study]
    arms = short_arm(str(own["arm_e"].iloc[0])), short_arm(str(own["arm_c"].iloc[0]))
    null = 1.0 if effects.scale == "log" else 0.0
    message = trial_title(rows, arms, null=null) if title is None else title
    favours = on_screen((arms[1], arms[0]), effects.scale, effects.display_sign)
    contents = _contents(rows, arms, effects, favours, message, medium)
    plan, sheet = place(contents, medium, ax, least_picture=9.0)
    must = [v for row in rows.itertuples(index=False) for v in sides(row, ["estimate", "low", "high"])]
    scale = scale_for(must, [], *plan.picture, log=effects.scale == "log")
    for row, y in zip(rows.itertuples(index=False), draw_plan(plan, sheet, scale), strict=True):
        _draw_mark(sheet, scale, row, y)
    caption, alt = trial_caption(effects, rows), trial_alt(effects, studies, study=study)
    return say(sheet.ax, caption=caption, alt=alt)


def _draw_mark(sheet: Sheet, scale: Scale, row: Any, y: float) -> None:  # noqa: ANN401
    """Draw what follows for one outcome."""
    em = sheet.style.text
    if row.mark == "square":
        marks.square(sheet, scale, y, row.estimate, row.low, row.high, em * 0.7)
    elif row.mark == "band":
        marks.band(sheet, scale, y, row.low, row.high, em * 0.72)
    elif row.mark == "arrow":
        marks.side_arrow(sheet, scale, y, scale.null, rightwards=row.high > scale.null)


_SAID = {"improved": "yes", "not improved": "no", "": "\u2013"}


def _contents(
    rows: pd.DataFrame,
    arms: tuple[str, str],
    effects: Effects,
    favours: tuple[str, str],
    title: str,
    medium: str,
) -> list[Content]:
    """Return the chart with all columns, and without the changes within the arms."""
    names = [arm[:1].upper() + arm[1:] for arm in arms]
    claimed = rows["says_e"].ne("").any() or rows["says_c"].ne("").any()
    said = [
        Column(name, tuple(_SAID[s] for s in rows[column]), "center", group="Article: improved?")
        for name, column in zip(names, ("says_e", "says_c"), strict=True)
    ]
    within = [
        Column(name, _broken(rows[column]), flex=True, group="Trial: changed?")
        for name, column in zip(names, ("within_e", "within_c"), strict=True)
    ]
    between = Column("Trial: between arms", _broken(rows["between"]), flex=True)
    label = Column("Outcome", tuple(rows["label"]), flex=True)
    present = set(rows["mark"])
    full = Content(
        (label, *(said if claimed else ()), *within, between),
        (Column(measure_head(effects.measure), tuple(rows["effect_text"]), "right"),),
        title=title,
        favours=favours,
        axis_label="" if medium == "slide" else measure_name(effects.measure),
        picture_group="What follows",
        lanes=tuple(1.0 for _ in range(len(rows))),
        picture_share=0.16,
        key=tuple(mark for mark in ("square", "band", "arrow") if mark in present),
        foot=() if medium == "slide" else (trial_caption(effects),),
    )
    if medium == "slide":
        return [_for_a_slide(full, rows, said if claimed else [], names)]
    paired = Column("Trial: changed?", _pairs(_short(rows, names)), "center")
    said_pair = (Column("Article: improved?", _pairs(said), "center"),) if claimed else ()
    order = f"Pairs: {names[0].lower()} / {names[1].lower()}."
    short = replace(full, left=(label, *said_pair, paired, between), foot=(*full.foot, order))
    bare = replace(short, left=(label, between), right=(), foot=full.foot)
    return [full, short, replace(short, right=()), bare]


def _broken(cells: Iterable[object]) -> tuple[str, ...]:
    """Return cells with the p value, or the mark of an inference, in a line of its own."""
    return tuple(str(cell).replace(", ", "\n") for cell in cells)


def _for_a_slide(full: Content, rows: pd.DataFrame, said: list[Column], names: list[str]) -> Content:
    """Return the chart in lines of one row each: outcomes, yes or no, the direction, and the picture."""
    outcomes = tuple(str(row.outcome or row.label) for row in rows.itertuples(index=False))
    inferred = rows["between"].str.endswith(", inferred")
    words = [str(cell).split(", ")[0] for cell in rows["between"]]
    between = tuple(f"{word}*" if mark else word for word, mark in zip(words, inferred, strict=True))
    star = " * Inferred from silence." if inferred.any() else ""
    return replace(
        full,
        left=(
            Column("Outcome", outcomes, flex=True),
            *((Column("Article: improved?", _pairs(said), "center"),) if said else ()),
            Column("Trial: changed?", _pairs(_short(rows, names)), "center"),
            Column("Trial: between arms", between, flex=True),
        ),
        right=(),
        favours=(full.favours[0].replace("favours ", ""), full.favours[1].replace("favours ", "")),
        picture_group=f"What follows ({full.right[0].header})",
        foot=(
            f"Pairs: {names[0].lower()} / {names[1].lower()} arm; \u2013 not printed in what was read.{star}",
        ),
    )


def _pairs(columns: list[Column]) -> tuple[str, ...]:
    """Return the cells of two columns in one."""
    return tuple(f"{one} / {two}" for one, two in zip(columns[0].cells, columns[1].cells, strict=True))


def _short(rows: pd.DataFrame, names: list[str]) -> list[Column]:
    """Return the changes within the arms as yes or no, without their p values."""
    words = {"changed": "yes", "no change": "no"}
    return [
        Column(name, tuple(words.get(cell.split(",")[0], "\u2013") for cell in rows[column]))
        for name, column in zip(names, ("within_e", "within_c"), strict=True)
    ]


def trial_caption(effects: Effects | None = None, rows: pd.DataFrame | None = None) -> str:
    """Return the caption of the figure of one trial.

    Parameters
    ----------
    effects : Effects, optional
        The drawn effects: the correlation that they assume is named.
    rows : DataFrame, optional
        As from `trial_rows`: how many outcomes were tested is said.

    Returns
    -------
    str
        Two or three sentences.
    """
    assumed = "" if effects is None else assumed_correlation(effects)
    return (
        f"{_tested(rows)}A change within one arm and none in the other is no comparison of the arms. "
        "What follows: the difference between the arms that the printed result allows (a dash: not printed "
        "in what was read)."
        f"{assumed}"
    )


def _tested(rows: pd.DataFrame | None) -> str:
    """Return how many outcomes of the trial are shown; nothing is pooled."""
    if rows is None:
        return ""
    interval = " Squares: the value with its 95% interval." if rows["mark"].eq("square").any() else ""
    return f"{plural(int(rows['row_id'].ne('').sum()), 'outcome')} of one trial, not pooled.{interval} "


def assumed_correlation(effects: Effects) -> str:
    """Return the assumed correlation, where a row rests on it."""
    rests = effects.table["assumptions"].str.contains(r"\br = ", regex=True).any()
    if effects.correlation is None or not rests:
        return ""
    return f" Assumed: r = {correlation_words(effects.correlation)} between scores before and after."


def trial_alt(effects: Effects, studies: Studies, *, study: str = "distefano2013") -> str:
    """Return the alternative text: each outcome with its printed result and what follows.

    Parameters
    ----------
    effects, studies, study
        As drawn.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    rows = trial_rows(effects, studies, study=study)
    parts = [
        f"{row.label}: {row.between}; {measure_code(effects.measure)} {row.effect_text}"
        for row in rows.itertuples(index=False)
    ]
    return f"One trial ({study}), outcome by outcome, between its arms. {'. '.join(parts)}."
