"""Whatever a row prints: an effect with sound numbers, or a reason; never an error, never NaN."""

from __future__ import annotations

import math
import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from evidence.effects.codes import ROW_CODES
from evidence.effects.readers import measure_of, read_all
from evidence.effects.rederive import rounding_of
from evidence.effects.row import Row
from evidence.studies.columns import COLUMNS, OPTIONAL_COLUMNS, Column

P_VALUES = ("0.03", "<0.05", ">0.05", "0.000", "0.5", "1", "<=0.01", "0")
SIZES = (1.0, 2.0, 3.0, 5.0, 12.0, 40.0)
ORDER = ("min", "q1", "median", "q3", "max")


def cell(column: Column) -> st.SearchStrategy[object]:
    """Draw what the validator lets through."""
    if column.kind in ("word", "label"):
        return st.sampled_from(column.words)
    if column.kind == "p":
        return st.sampled_from(P_VALUES)
    if column.kind == "text":
        return st.sampled_from(["cm", "%"])
    if column.kind == "count":
        return st.sampled_from([size for size in (0.0, *SIZES) if size >= column.low])
    low, high = max(column.low, -10.0), min(column.high, 20.0)
    values = st.integers(int(low * 100), int(high * 100)).map(lambda hundredths: hundredths / 100)
    return values.filter(lambda v: low < v < high) if column.open_ends else values


CELLS = {
    column.name: cell(column)
    for column in (*COLUMNS, *OPTIONAL_COLUMNS)
    if column.name not in ("row_id", "study", "outcome", "timepoint_weeks", "n_e", "n_c")
}


def ordered(cells: dict[str, object]) -> dict[str, object]:
    """Put limits and order statistics in order, and events among their people, as the validator demands."""
    groups = [["ci_low", "ci_high"], ["adjusted_ci_low", "adjusted_ci_high"], ["events_e", "total_e"]]
    groups += [["events_c", "total_c"]]
    for stage in ("pre", "post", "change"):
        for arm in "ec":
            groups += [[f"{stage}_{end}_{arm}" for end in ("ci_low", "ci_high")]]
            groups += [[f"{stage}_{name}_{arm}" for name in ORDER]]
    for group in groups:
        there = [name for name in group if name in cells]
        values = sorted(float(str(cells[name])) for name in there)
        cells |= dict(zip(there, values, strict=True))
    return cells


WITHOUT_WIDTH: dict[str, object] = {
    **{"n_e": 10.0, "n_c": 10.0, "adjusted_difference": 0.0, "r_between": 0.5},
    **{"adjusted_ci_low": 0.0, "adjusted_ci_high": 0.0, "direction": "favours_c"},
}
"""An adjusted difference whose interval is printed to so few digits that its ends are equal."""


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries({f"n_{arm}": st.sampled_from(SIZES) for arm in "ec"}, optional=CELLS),
    st.sampled_from(ROW_CODES),
    st.sampled_from([math.nan, 4.0, 29.0]),
    st.sampled_from([math.nan, 2.0, 3.0]),
    st.booleans(),
)
@example(WITHOUT_WIDTH, "SMD", math.nan, math.nan, False)
def test_every_verdict_has_sound_numbers_or_a_reason(
    cells: dict[str, object], measure: str, n_total: float, arms: float, without_n: bool
) -> None:
    given_cells = ordered(dict(cells))
    if without_n:
        given_cells = {name: value for name, value in given_cells.items() if name not in ("n_e", "n_c")}
    row = Row(given_cells, {name: str(value) for name, value in given_cells.items()}, n_total, arms)
    for place, verdict in enumerate(read_all(row, measure_of(measure), 0.7, 0.5)):
        shown = " ".join([verdict.derived_from, verdict.formula, *verdict.assumptions, *verdict.alternatives])
        assert "nan" not in shown.split()
        assert not re.search(r"\binf\b", shown)
        if verdict.kind == "exact":
            assert math.isfinite(verdict.estimate)
            assert 0 < verdict.variance < math.inf
            low, high = rounding_of(row, verdict)
            assert low - 1e-9 <= verdict.estimate <= high + 1e-9
        elif verdict.kind == "interval":
            assert 0 < verdict.variance < math.inf
            assert verdict.low <= verdict.high
        else:
            assert place == 0
            assert verdict.reason
