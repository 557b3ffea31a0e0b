"""How journals set a forest plot, as data, and what a user may add to its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from evidence._check import one_of
from evidence.charts.words import range_words
from evidence.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd

    from evidence.fit import MetaFit

__all__ = ["PRESETS", "ForestLayout", "Preset", "layout_for", "preset_for"]

ColumnChoice = Sequence[str] | Mapping[Any, Any]


@dataclass(frozen=True)
class ForestLayout:
    """What stands beside the rows of a forest plot.

    Attributes
    ----------
    columns_left, columns_right : list of str, or mapping
        Further columns on either side of the picture: names of columns of ``fit.rows``, or
        ``{head: column}``.
        A column is such a name, or a mapping or Series from ``row_id`` (or ``study``) to what is shown:
        ``{"Weeks": effects.table.set_index("row_id")["timepoint_weeks"]}``. A head of two texts,
        ``("Group", "Head")``, puts neighbouring columns under one.
    risk_of_bias : DataFrame, optional
        Judgements as `appraisal` lays them out: ``study, item`` and ``confirmed`` (or, where that is empty,
        ``suggested``); one symbol an item.
    overall : MetaFit, optional
        The result of all rows, to stand below the subgroups of a comparison.

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.2, 0.5, 0.1], std_error=[0.2, 0.3, 0.25], study=["a", "b", "c"])
    >>> weeks = ev.ForestLayout(columns_left={"Weeks": {"a": 6, "b": 8, "c": 12}})
    >>> ax = ev.forest(ev.random_effects(effects), layout=weeks)
    """

    columns_left: ColumnChoice = ()
    columns_right: ColumnChoice = ()
    risk_of_bias: pd.DataFrame | None = None
    overall: MetaFit | None = None


@dataclass(frozen=True)
class Preset:
    """How one house sets a forest plot.

    Attributes
    ----------
    name : str
        Its name.
    study, people, share : str
        Heads of the columns of names, of people and of weights. A head of weights that names the percent
        leaves the sign out of the cells; an empty one stands for what is shown, weight or information.
    left, right : tuple of str
        Columns on either side of the picture in their order: ``study``, ``outcome``, ``extra``, ``people``,
        ``share``, ``effect`` (estimate and interval in one), ``estimate``, ``interval``, ``risk``.
    effect : str
        Head of the effect: ``{measure}``, ``{level}`` and ``{model}`` are filled in.
    picture : str
        Head over the picture, likewise.
    brackets : tuple of str
        What stands before, within and behind an interval.
    pooled, subtotal : str
        Names of the overall result and of those of subgroups; ``{level}`` is filled in.
    favours : str
        The word on either side of the line.
    favours_above : bool
        Whether it stands above the picture.
    statistics : str
        Which words tell of heterogeneity and tests: ``"evidence"``, ``"revman"``, ``"jama"``, ``"bmj"``.
    pooled_role : str
        Colour of pooled marks: a role of the palette.
    ratios : str
        What stands within an interval that cannot hold a minus, where it differs.
    """

    name: str
    study: str
    people: str
    share: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    effect: str
    picture: str
    brackets: tuple[str, str, str]
    pooled: str
    subtotal: str
    favours: str
    favours_above: bool
    statistics: str
    pooled_role: str
    ratios: str = ""

    @property
    def percent(self) -> bool:
        """Return whether cells of weights carry the percent sign."""
        return "%" not in self.share

    def interval(self, low: float, high: float, decimals: int, *, log: bool) -> str:
        """Return an interval, or the bound where one end is open."""
        words = range_words(low, high, decimals, log=log)
        before, within, behind = self.brackets
        within = self.ratios if log and self.ratios else within
        ends = words.split(" to ")
        return f"{before}{ends[0]}{within}{ends[1]}{behind}" if len(ends) == 2 else words


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "evidence": Preset(
            name="evidence",
            study="Study",
            people="People",
            share="",
            left=("study", "outcome", "extra", "people"),
            right=("estimate", "interval", "extra", "share", "risk"),
            effect="{measure}",
            picture="",
            brackets=("", " to ", ""),
            pooled="Pooled",
            subtotal="Pooled",
            favours="favours",
            favours_above=False,
            statistics="evidence",
            pooled_role="pooled",
        ),
        # Review Manager: names, numbers, weight, effect as text, then the picture under the same head, then
        # the risk of bias; "Subtotal (95% CI)" and "Total (95% CI)" with the numbers of people; below them
        # the tests in words (Cochrane Handbook 5.1, section 11.3.2.1 and Figure 11.3.a).
        "RevMan": Preset(
            name="RevMan",
            study="Study or Subgroup",
            people="Total",
            share="Weight",
            left=("study", "outcome", "extra", "people", "share", "effect"),
            right=("risk", "extra"),
            effect="{measure} {model}, {level} CI",
            picture="{measure} {model}, {level} CI",
            brackets=("[", ", ", "]"),
            pooled="Total ({level}\u00a0CI)",
            subtotal="Subtotal ({level}\u00a0CI)",
            favours="Favours",
            favours_above=False,
            statistics="revman",
            pooled_role="pooled",
        ),
        # AMA style: "Source"; American spelling; both sides named above the picture; weight in percent at
        # the right; P without a zero before the point.
        "JAMA": Preset(
            name="JAMA",
            study="Source",
            people="No. of participants",
            share="Weight, %",
            left=("study", "outcome", "extra", "people", "effect"),
            right=("share", "extra", "risk"),
            effect="{measure} ({level} CI)",
            picture="",
            brackets=("(", " to ", ")"),
            pooled="Total",
            subtotal="Subtotal",
            favours="Favors",
            favours_above=True,
            statistics="jama",
            pooled_role="exact",
            ratios="-",
        ),
        # The BMJ: the picture between the numbers of people and the weight, the effect as text at the right.
        "BMJ": Preset(
            name="BMJ",
            study="Study",
            people="No of participants",
            share="Weight (%)",
            left=("study", "outcome", "extra", "people"),
            right=("share", "effect", "extra", "risk"),
            effect="{measure} ({level} CI)",
            picture="{measure} ({level} CI)",
            brackets=("(", " to ", ")"),
            pooled="Total ({level}\u00a0CI)",
            subtotal="Subtotal ({level}\u00a0CI)",
            favours="Favours",
            favours_above=False,
            statistics="bmj",
            pooled_role="pooled",
        ),
    }
)
"""The presets by name."""


def preset_for(name: object) -> Preset:
    """Return a preset by its name, whatever its case.

    Raises
    ------
    ModelError
        Where it is none of them.
    """
    return PRESETS[one_of("preset", name, PRESETS)]


def layout_for(layout: object) -> ForestLayout:
    """Return the layout, or an empty one for None.

    Raises
    ------
    ModelError
        Where it is of another type.
    """
    if layout is None:
        return ForestLayout()
    if not isinstance(layout, ForestLayout):
        raise ModelError(
            "layout takes an ev.ForestLayout(columns_left=..., risk_of_bias=...); got"
            f" {type(layout).__name__}"
        )
    return layout
