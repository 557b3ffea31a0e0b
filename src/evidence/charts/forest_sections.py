"""What a forest plot is made of: blocks of rows with their results, the overall result, the test between."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts.forest_layout import Preset
from evidence.charts.forest_words import group_test_words, p_words
from evidence.charts.frame import as_text, expect
from evidence.charts.words import domain_name
from evidence.errors import ModelError

if TYPE_CHECKING:
    from evidence.fit import MetaFit
    from evidence.synthesis.compare import Comparison

__all__ = ["Block", "Sections", "sections_of"]

_FACTOR = re.compile(r"^`?(?P<column>[^`\[\]]+?)`?\[(?P<level>.*)\]$")


@dataclass(frozen=True)
class Block:
    """Some rows and what they give.

    Attributes
    ----------
    name : str
        Heading; empty where the forest has no subgroups.
    fit : MetaFit or None
        Their result.
    why : str
        Why there is none.
    """

    name: str
    fit: MetaFit | None
    why: str = ""


@dataclass(frozen=True)
class Sections:
    """The parts of a forest plot.

    Attributes
    ----------
    blocks : tuple of Block
        In their order; a single one without a name where there are no subgroups.
    overall : MetaFit or None
        The result of all rows, where there is one.
    lead : MetaFit
        Tells measure, scale and level.
    by : str
        What the subgroups are by.
    test : str
        The test between the subgroups in words, or why there is none.
    fitted : mapping of str to float
        Mean at the moderators of each row, on the model scale, for a meta-regression.
    lack : str
        Why there is no pooled value at all.
    """

    blocks: tuple[Block, ...]
    overall: MetaFit | None
    lead: MetaFit
    by: str = ""
    test: str = ""
    fitted: Mapping[str, float] | None = None
    lack: str = ""

    @property
    def grouped(self) -> bool:
        """Return whether there are subgroups."""
        return bool(self.blocks[0].name)

    @property
    def fits(self) -> list[MetaFit]:
        """Return the results that are shown."""
        shown = [block.fit for block in self.blocks if block.fit is not None]
        known = self.overall is None or any(fit is self.overall for fit in shown)
        return shown if known or self.overall is None else [*shown, self.overall]


def sections_of(result: MetaFit | Comparison, overall: MetaFit | None, preset: Preset) -> Sections:
    """Sort a result into the parts of its forest plot.

    Raises
    ------
    ModelError
        Where it is neither a pooled result nor a comparison, no subgroup has a result, or `overall` is of
        another measure.
    """
    if hasattr(result, "fits") and hasattr(result, "failures"):
        return _of_comparison(result, overall, preset)
    expect(
        "forest",
        result,
        "one pooled result (MetaFit) or one a subgroup (Comparison)",
        ("rows", "alongside", "conf_low"),
        'fit = ev.pool_partial(effects), or ev.compare(effects, by="domain")',
    )
    assert not hasattr(result, "failures")
    if overall is not None:
        raise ModelError(
            "overall belongs to subgroups, and a pooled result has none: leave it out, or draw"
            " ev.forest(ev.compare(effects, by=...), layout=ev.ForestLayout(overall=fit))"
        )
    if result.formula is None:
        return Sections((Block("", result),), result, result)
    return _of_levels(result, preset) or _of_moderators(result, preset)


def _of_comparison(comparison: Any, overall: MetaFit | None, preset: Preset) -> Sections:  # noqa: ANN401
    """Return one block a group of a comparison.

    Raises
    ------
    ModelError
        Where no group has a result, or `overall` is of another measure.
    """
    lead = next(iter(comparison.fits.values()), None)
    if lead is None:
        reasons = "; ".join(f"{group}: {why}" for group, why in comparison.failures.items())
        raise ModelError(f"no group of the comparison has a result to draw ({reasons})")
    if overall is not None:
        expect(
            "forest",
            overall,
            "overall as a pooled result (MetaFit)",
            ("conf_low",),
            "ev.pool_partial(effects)",
        )
        if (overall.measure, overall.scale) != (lead.measure, lead.scale):
            raise ModelError(
                f"overall is in {overall.measure}, the subgroups are in {lead.measure}: pool the same effects"
            )
    groups = [str(value) for value in comparison.table[comparison.by]]
    blocks = tuple(
        Block(
            as_text(domain_name(group)),
            comparison.fits.get(group),
            as_text(comparison.failures.get(group, "")),
        )
        for group in groups
    )
    test = getattr(comparison, "test", None)
    notes = [note for note in getattr(comparison, "notes", ()) if note.startswith("No joint test")]
    words = group_test_words(test, preset) if test is not None else " ".join(notes)
    return Sections(blocks, overall, lead, str(comparison.by).replace("_", " "), words)


def _of_levels(fit: MetaFit, preset: Preset) -> Sections | None:
    """Return one block a level of a factor where each has a coefficient of its own (``~ 0 + outcome``)."""
    terms = fit.tidy()
    found = [_FACTOR.match(str(term)) for term in terms["term"]]
    columns = {match["column"].strip() if match else "" for match in found}
    column = next(iter(columns))
    if len(columns) != 1 or column not in fit.rows.columns or not re.match(r"~\s*(0|-1)\b", str(fit.formula)):
        return None
    blocks = []
    for match, line in zip(found, terms.to_dict("records"), strict=True):
        assert match is not None
        part = fit.rows[fit.rows[column].astype(str) == match["level"]]
        blocks.append(Block(as_text(domain_name(match["level"])), _of_level(fit, match["level"], part, line)))
    return Sections(tuple(blocks), None, fit, column.replace("_", " "), _joint_words(fit, preset))


def _of_level(fit: MetaFit, level: str, rows: pd.DataFrame, line: Mapping[Any, Any]) -> MetaFit:
    """Return the mean of one level as a result: its own coefficient, spread and rows."""
    used = rows[rows["used"].astype(bool)]
    spread: dict[str, Any] = {
        "tau2": fit.tau2,
        "tau2_low": fit.tau2_low,
        "tau2_high": fit.tau2_high,
        "i2": None,
    }
    parts = fit.variance_components
    if parts is not None and level in set(parts["level"].astype(str)):
        own = parts[parts["level"].astype(str) == level].iloc[0]
        spread = {
            "tau2": float(own["variance"]),
            "tau2_low": _number(own["low"]),
            "tau2_high": _number(own["high"]),
            "i2": _number(own["i2"]),
        }
    numbers: dict[str, Any] = {
        name: _number(line[name]) for name in ("estimate", "std_error", "df", "statistic", "p_value")
    }
    return replace(
        fit,
        **numbers,
        conf_low=_number(line["conf_low"]),
        conf_high=_number(line["conf_high"]),
        **spread,
        h2=None,
        q=None,
        q_df=None,
        q_p_value=None,
        pred_low=None,
        pred_high=None,
        k=len(used),
        n_studies=used["study"].nunique(),
        n_people=None,
        rows=rows,
        formula=None,
        alongside=(),
    )


def _number(value: Any) -> float | None:  # noqa: ANN401  (a cell of a DataFrame)
    return None if value is None or pd.isna(value) else float(value)


def _joint_words(fit: MetaFit, preset: Preset) -> str:
    """Return the test that all levels are equal, where the model gives it."""
    try:
        line = fit.joint_test("equal").iloc[0]
    except ModelError:
        return ""
    df2 = _number(line["df2"])
    name = "F" if df2 is not None else "\u03c7\u00b2"
    df = f"{line['df']:.3g}" + (f", {df2:.3g}" if df2 is not None else "")
    told = f"{name}({df}) = {line['statistic']:.2f}, {p_words(float(line['p_value']), preset.statistics)}"
    return f"Equal means: {told}"


def _of_moderators(fit: MetaFit, preset: Preset) -> Sections:
    """Return one block whose rows show the mean at their moderators; there is no single pooled value."""
    table = fit.augment()
    used = table[table["used"].astype(bool)]
    fitted = {str(row): float(value) for row, value in zip(used["row_id"], used["fitted"], strict=True)}
    lack = f"No single pooled value: the mean depends on {str(fit.formula).lstrip('~ ')}"
    words = ""
    if fit.qm is not None and fit.qm_p_value is not None and fit.qm_df is not None:
        df2 = f", {fit.qm_df2:.3g}" if fit.qm_df2 is not None else ""
        name = "F" if fit.qm_df2 is not None else "\u03c7\u00b2"
        p = p_words(fit.qm_p_value, preset.statistics)
        words = f"Moderators: {name}({fit.qm_df:.3g}{df2}) = {fit.qm:.2f}, {p}"
    return Sections((Block("", fit),), None, fit, "", words, fitted, lack)
