"""The Baujat plot: which studies make the heterogeneity, and which of these move the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.captions import limits, model_words
from evidence.charts.frame import as_text
from evidence.charts.panel import Key, Panel, Picture, Span
from evidence.charts.panel_layout import open_panel
from evidence.charts.point_labels import label_points, short_label, write_labels
from evidence.charts.said import say
from evidence.charts.style import medium_for
from evidence.charts.words import measure_code, number, plural
from evidence.errors import ModelError
from evidence.synthesis.sensitivity_data import FEWEST
from evidence.synthesis.sensitivity_influence import Influence, influence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.effects.record import Effects
    from evidence.fit import MetaFit

__all__ = ["BAUJAT_COLUMNS", "baujat", "baujat_alt", "baujat_caption", "baujat_rows"]

BAUJAT_COLUMNS = (
    "row_id",
    "study",
    "label",
    "contribution",
    "share",
    "pull",
    "estimate_without",
    "flagged",
    "rank",
)
"""Columns of `baujat_rows`, in this order."""

_NAMED = 12
"""Studies that are named in the picture at most, those furthest from the corner first."""


def _single_effects(fit: MetaFit | Effects | Influence) -> Influence:
    """Return the influence of single effects.

    Raises
    ------
    ModelError
        Where `influence` works by study, and has no such values.
    """
    found = fit if isinstance(fit, Influence) else influence(fit)
    if found.table["baujat_x"].isna().all():
        raise ModelError(
            "a Baujat plot is of single effects, one exact row a study: influence() has no such values of"
            f" {found.fit.method!r}, and shows what each study does in other numbers"
        )
    return found


def baujat_rows(fit: MetaFit | Effects | Influence) -> pd.DataFrame:
    """Decide what a Baujat plot shows.

    Parameters
    ----------
    fit : MetaFit, Effects or Influence
        As in `baujat`.

    Returns
    -------
    DataFrame
        One line a study in use: ``contribution`` is the square of (effect - mean) over its variance, tau²
        included (under a common effect the study's part of Cochran's Q), ``share`` the same in percent of
        all, ``pull`` the squared shift of the mean without the study over the variance of that mean,
        ``estimate_without`` that mean on the printed scale, ``flagged`` whether a rule of `influence` names
        it, ``rank`` the order by distance from the corner, 1 the furthest.

    Raises
    ------
    ModelError
        As `influence`.

    Examples
    --------
    >>> import evidence as ev
    >>> fit = ev.common_effect(ev.effects_from([0.1, 0.2, 0.3, 0.2, 0.9], variance=0.04))
    >>> rows = baujat_rows(fit)
    >>> rows.loc[rows["rank"].eq(1), "row_id"].item(), bool(abs(rows["contribution"].sum() - fit.q) < 1e-12)
    ('row 5', True)
    """
    found = _single_effects(fit)
    table = found.table
    x, y = table["baujat_x"].astype(float), table["baujat_y"].astype(float)
    far = (x / (x.max() or 1.0)) ** 2 + (y / (y.max() or 1.0)) ** 2
    without = [found.fit.to_display(float(value)) for value in table["estimate_del"]]
    return pd.DataFrame(
        {
            "row_id": table["row_id"].astype(str),
            "study": table["study"].astype(str),
            "label": [as_text(label) for label in table["label"]],
            "contribution": x,
            "share": 100.0 * x / (x.sum() or 1.0),
            "pull": y,
            "estimate_without": without,
            "flagged": table["flagged"].astype(bool),
            "rank": far.rank(ascending=False, method="first").astype(int),
        },
        columns=list(BAUJAT_COLUMNS),
    )


def baujat(
    fit: MetaFit | Effects | Influence,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
    title: str | None = None,
) -> Axes:
    """Draw each study by what it adds to heterogeneity (right) and how far it moves the result (up).

    Studies at the top right deserve a second look, not deletion: heterogeneity that one study makes is
    still what the studies say.

    Parameters
    ----------
    fit : MetaFit, Effects or Influence
        A fit of `random_effects` or `common_effect`, effects (pooled by `random_effects`), or the result of
        `influence`, which is then not computed again.
    ax : Axes, optional
        Where to draw. Without it a figure is made.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9, no text below 18 pt) or ``"journal"``.
    title : str, optional
        One message. None makes it from the result; ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure. Its x axis is the contribution to heterogeneity; y
        is in points from the top.

    Raises
    ------
    ModelError
        Where the model has no single effects (`influence` then works by study), there are fewer than three
        studies, or the medium is not known.

    References
    ----------
    Baujat B, Mahé C, Pignon J-P, Hill C. A graphical method for exploring heterogeneity in meta-analyses:
    application to a meta-analysis of 65 trials. Stat Med 2002;21(18):2641-2652.
    https://doi.org/10.1002/sim.1221

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.3, 0.2, 0.9], variance=0.04, study=list("abcde"))
    >>> ax = ev.baujat(ev.random_effects(effects))
    >>> ev.alt_text(ax)[:28]
    'Baujat plot of 5 studies: e '
    """
    medium = medium_for(medium)
    found = _single_effects(fit)
    rows = baujat_rows(found)
    slide = medium == "slide"
    right, up = float(rows["contribution"].max()) or 1.0, float(rows["pull"].max()) or 1.0
    picture = Picture(
        Span(-0.03 * right, 1.08 * right, "Contribution to heterogeneity"),
        Span(-0.04 * up, 1.1 * up, "Squared shift of the result without the study"),
        title=_message(found, rows) if title is None else title,
        key=_key(rows),
        foot=_slide_note(len(rows)) if slide else baujat_caption(found),
    )
    panel = open_panel(picture, medium, ax)
    across = panel.style.text * (0.7 if len(rows) <= 40 else 0.52)
    for row in rows.sort_values("rank", ascending=False).to_dict("records"):
        at = float(panel.height(row["pull"]))
        _dot(panel, float(row["contribution"]), at, across, bool(row["flagged"]))
    ordered = rows.sort_values("rank").to_dict("records")
    most = 6 if slide else _NAMED
    points = [
        (
            panel.x.points(float(row["contribution"])),
            float(panel.height(row["pull"])),
            str(row["label"]) if at < most else "",
        )
        for at, row in enumerate(ordered)
    ]
    widest = (panel.x.right - panel.x.left) * 0.34
    write_labels(panel, label_points(panel, points, across=across, widest=widest))
    return say(panel.sheet.ax, caption=baujat_caption(found), alt=baujat_alt(found))


def _dot(panel: Panel, x: float, at: float, across: float, flagged: bool) -> None:
    """Draw one study: a disc, or a diamond where a rule of influence names it."""
    colours = panel.style.colours
    colour, marker = (colours.second, "D") if flagged else (colours.exact, "o")
    panel.mark(x, at, across, colour, marker=marker, edge=colours.paper)


def _key(rows: pd.DataFrame) -> tuple[Key, ...]:
    if not rows["flagged"].any():
        return ()

    def draw(flagged: bool) -> Key:
        words = "flagged as influential" if flagged else "not flagged"
        return Key(
            lambda panel, left, right, y: _dot(
                panel, panel.x.value((left + right) / 2), y, panel.style.text * 0.7, flagged
            ),
            words,
        )

    return tuple(draw(flagged) for flagged in (False, True) if rows["flagged"].eq(flagged).any())


def _slide_note(k: int) -> str:
    return f"Not to be read with fewer than {FEWEST} studies." if k < FEWEST else ""


def _tops(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the study that adds most to heterogeneity, and the one that moves the result most."""
    return rows.iloc[int(rows["contribution"].argmax())], rows.iloc[int(rows["pull"].argmax())]


def _message(found: Influence, rows: pd.DataFrame) -> str:
    """Return which study adds most to heterogeneity, which moves the result most, and by how much."""
    if rows["contribution"].max() <= 0.0:
        return "All effects are equal: no study adds to heterogeneity"
    most, strongest = _tops(rows)
    was, now = number(limits(found.fit)[0]), number(float(strongest["estimate_without"]))
    share = f"{short_label(str(most['label']))} {_part(found, most)}"
    who = "" if most["row_id"] == strongest["row_id"] else f"{short_label(str(strongest['label']))} "
    moves = f"moves {measure_code(found.fit.measure)} most: {was}, without it {now}"
    return f"{share} and {moves}" if not who else f"{share}; {who}{moves}"


def _part(found: Influence, row: pd.Series) -> str:
    """Return what a study adds, in words that fit a result without heterogeneity too."""
    share = f"{row['share']:.0f}%"
    if found.fit.tau2 == 0.0:
        return f"makes {share} of Q (no heterogeneity is seen: τ² 0)"
    return f"makes {share} of the heterogeneity"


def baujat_caption(fit: MetaFit | Effects | Influence) -> str:
    """Return the caption: what the axes are, by which model, and when not to read it.

    Parameters
    ----------
    fit : MetaFit, Effects or Influence
        As drawn.

    Returns
    -------
    str
        Some short sentences.
    """
    found = _single_effects(fit)
    k = len(found)
    parts = [
        f"Baujat plot of {plural(k, 'study', 'studies')}. {model_words(found.fit)} "
        "Right: squared distance of the effect from the mean over its variance (with τ²). Up: squared "
        "shift of the mean without the study over the variance of that mean."
    ]
    if found.table["flagged"].any():
        parts.append(f"Flags: {'; '.join(found.rules.values())}.")
    if k < FEWEST:
        parts.append(f"Not to be read with fewer than {FEWEST} studies: each of them is then influential.")
    parts.append("A study to look at, not one to leave out.")
    return " ".join(parts)


def baujat_alt(fit: MetaFit | Effects | Influence) -> str:
    """Return the alternative text: the studies furthest from the corner with their numbers.

    Parameters
    ----------
    fit : MetaFit, Effects or Influence
        As drawn.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    found = _single_effects(fit)
    rows = baujat_rows(found)
    was = number(limits(found.fit)[0])
    parts = [
        f"{row['label']} {_part(found, row)}, and without it"
        f" {measure_code(found.fit.measure)} is {number(float(row['estimate_without']))}"
        for _, row in rows.sort_values("rank").head(3).iterrows()
    ]
    return f"Baujat plot of {plural(len(rows), 'study', 'studies')}: {'; '.join(parts)} (with all: {was})."
