"""The mean and the standard deviation of one arm at one stage, from whatever of them is printed.

Each number is tried in a fixed order, the way with the fewest assumptions first; what no way gives is None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from evidence.effects import formulas
from evidence.effects.row import People, Row
from evidence.effects.solver import quantiles, spread
from evidence.effects.solver.quantity import Cells, Quantity, cells_of, merged, printed
from evidence.studies.columns import parse_p

__all__ = ["change_of", "mean_of", "own_correlation", "sd_from_correlation", "sd_of", "size_of"]

_NORMAL = "scores roughly normal: means and SDs from order statistics (Wan 2014; Luo 2018)"
_MIDDLE = "middle of its interval"


def size_of(row: Row, stage: str, arm: str, people: People) -> float:
    """Return the people behind an arm's numbers at one stage."""
    column = f"{'post' if stage == 'change' else stage}_n_{arm}"
    if row.has(column):
        return row.number(column)
    return people.first if arm == "e" else people.second


def _first(found: Iterator[Quantity | None]) -> Quantity | None:
    return next((quantity for quantity in found if quantity is not None), None)


def _level(row: Row) -> tuple[float, tuple[str, ...]]:
    if row.has("arm_ci_level"):
        return row.number("arm_ci_level"), ()
    return 0.95, ("intervals of the arms' means taken as 95 %",)


def mean_of(row: Row, stage: str, arm: str, people: People) -> Quantity | None:
    """Return the mean of an arm at one stage, or None."""
    return _first(_means(row, stage, arm, people))


def _means(row: Row, stage: str, arm: str, people: People) -> Iterator[Quantity | None]:
    column = f"{stage}_mean_{arm}"
    if row.has(column):
        yield printed(column, row.says(column))
        return
    low, high = f"{stage}_ci_low_{arm}", f"{stage}_ci_high_{arm}"
    if row.has(low, high):
        shown = f"({row.says(low)} + {row.says(high)})/2"
        yield Quantity(lambda x: (x[low] + x[high]) / 2, (low, high), shown, f"mean as the {_MIDDLE}")
    yield _mean_from_quantiles(row, stage, arm, size_of(row, stage, arm, people))


def change_of(row: Row, arm: str, people: People) -> Quantity | None:
    """Return the mean change of an arm: after minus before, else as printed, else from its percentage."""
    return _first(_changes(row, arm, people))


def _changes(row: Row, arm: str, people: People) -> Iterator[Quantity | None]:
    pre, post = (mean_of(row, stage, arm, people) for stage in ("pre", "post"))
    both = pre is not None and post is not None
    if both and not (pre.assumptions or post.assumptions):  # type: ignore[union-attr]
        yield _difference(pre, post)  # type: ignore[arg-type]
    yield mean_of(row, "change", arm, people)
    if both:
        yield _difference(pre, post)  # type: ignore[arg-type]
    percent = f"change_percent_{arm}"
    if pre is not None and row.has(percent):
        base = pre.compute
        note = "percent change taken as the change of the mean in percent of the mean before"
        yield Quantity(
            lambda x: x[percent] / 100 * base(x),
            (percent, *pre.cells),
            f"{row.says(percent)} % of {pre.shown}",
            "change from its percentage",
            (*pre.assumptions, note),
        )


def _difference(pre: Quantity, post: Quantity) -> Quantity:
    how = "; ".join(dict.fromkeys(part.how for part in (post, pre) if part.how))
    return Quantity(
        lambda x: post.compute(x) - pre.compute(x),
        cells_of(post, pre),
        f"{post.shown} - {pre.shown}",
        how,
        merged(post, pre),
    )


def sd_of(row: Row, stage: str, arm: str, people: People) -> Quantity | None:
    """Return the standard deviation of an arm at one stage, or None.

    That of a change is not made from those before and after here: see `sd_from_correlation`.
    """
    return _first(_sds(row, stage, arm, people))


def _sds(row: Row, stage: str, arm: str, people: People) -> Iterator[Quantity | None]:
    column, n = f"{stage}_sd_{arm}", size_of(row, stage, arm, people)
    if row.has(column):
        yield printed(column, row.says(column))
        return
    if not n >= 2:
        return
    yield _sd_from_se(row, f"{stage}_se_{arm}", n)
    if row.has("arm_ci_level"):
        yield _sd_from_interval(row, stage, arm, n)
    if stage == "change":
        yield _sd_from_paired_test(row, arm, n, people)
    yield _sd_from_interval(row, stage, arm, n)
    yield _sd_from_quantiles(row, stage, arm, n)


def _sd_from_se(row: Row, column: str, n: float) -> Quantity | None:
    if not row.has(column):
        return None
    sd = float(spread.sd_from_se(row.number(column), n))
    shown = f"{row.says(column)}·√{n:g} = {sd:.4g}"
    return Quantity(lambda x: spread.sd_from_se(x[column], n), (column,), shown, "SD from SE")


def _sd_from_interval(row: Row, stage: str, arm: str, n: float) -> Quantity | None:
    low, high = f"{stage}_ci_low_{arm}", f"{stage}_ci_high_{arm}"
    if not row.has(low, high) or not row.number(low) < row.number(high):
        return None
    level, notes = _level(row)

    def compute(x: Cells) -> formulas.Floats:
        return spread.sd_from_interval(x[low], x[high], level, n)

    quantile = float(spread.half_width_quantile(level, n - 1))
    sd = float(spread.sd_from_interval(row.number(low), row.number(high), level, n))
    shown = f"√{n:g}·({row.says(high)} - {row.says(low)})/(2·{quantile:.4g}) = {sd:.4g}"
    return Quantity(compute, (low, high), shown, f"SD from {level:.0%} interval", notes)


def _sd_from_paired_test(row: Row, arm: str, n: float, people: People) -> Quantity | None:
    """Return the SD of the change from its mean and the t (or exact p) of the change within the arm."""
    change = change_of(row, arm, people)
    if change is None or change.value(row.solved_cells) == 0:
        return None
    column = f"t_within_{arm}"
    if row.has(column) and row.number(column) != 0:
        t, shown, how = (lambda x: x[column]), row.says(column), "SD of the change from its paired t"
        cells: tuple[str, ...] = (column,)
    else:
        column = f"p_within_{arm}"
        relation, p = parse_p(row.word(column)) if row.word(column) else ("", math.nan)
        if relation != "=" or not 0 < p < 1:
            return None
        t, how = (lambda x: formulas.t_from_p(x[column], n - 1)), "SD of the change from its paired p"
        shown, cells = f"{float(formulas.t_from_p(p, n - 1)):.4g} (p = {row.word(column)})", (column,)
    make = _paired(change.compute, t, n)
    sd = float(make(row.solved_cells))
    text = f"√{n:g}·|{change.shown}|/|t|, t = {shown}: {sd:.4g}"
    return Quantity(make, (*change.cells, *cells), text, how, change.assumptions)


def _paired(
    change: Callable[[Cells], formulas.Floats], t: Callable[[Cells], formulas.Floats], n: float
) -> Callable[[Cells], formulas.Floats]:
    return lambda x: spread.sd_from_paired_t(change(x), t(x), n)


_MEANS: tuple[tuple[tuple[str, ...], str, Callable[..., formulas.Floats]], ...] = (
    (("min", "q1", "median", "q3", "max"), "quartiles and range", quantiles.mean_from_five),
    (("q1", "median", "q3"), "quartiles", quantiles.mean_from_quartiles),
    (("min", "median", "max"), "range", quantiles.mean_from_range),
)
_SDS: tuple[tuple[tuple[str, ...], str, Callable[..., formulas.Floats]], ...] = (
    (("min", "q1", "q3", "max"), "quartiles and range", quantiles.sd_from_five),
    (("q1", "q3"), "quartiles", quantiles.sd_from_quartiles),
    (("min", "max"), "range", quantiles.sd_from_range),
)
"""Order statistics, what they are called together, and the formula that takes them in this order, then n."""


def _mean_from_quantiles(row: Row, stage: str, arm: str, n: float) -> Quantity | None:
    for names, words, formula in _MEANS:
        if (found := _of_quantiles(row, [f"{stage}_{name}_{arm}" for name in names], n, formula)) is not None:
            shown = f"mean {found[1]} ({', '.join(names)})"
            how = f"mean from median and {words}"
            return Quantity(found[0], found[2], shown, how, (_NORMAL,))
    return None


def _sd_from_quantiles(row: Row, stage: str, arm: str, n: float) -> Quantity | None:
    for names, words, formula in _SDS:
        found = _of_quantiles(row, [f"{stage}_{name}_{arm}" for name in names], n, formula)
        # Quartiles that are equal tell no spread.
        if found is not None and float(found[0](row.solved_cells)) > 0:
            return Quantity(
                found[0], found[2], f"SD {found[1]} ({', '.join(names)})", f"SD from {words}", (_NORMAL,)
            )
    return None


def _of_quantiles(
    row: Row, columns: list[str], n: float, formula: Callable[..., formulas.Floats]
) -> tuple[Callable[[Cells], formulas.Floats], str, tuple[str, ...]] | None:
    if not (row.has(*columns) and n >= 2):
        return None

    def compute(x: Cells) -> formulas.Floats:
        return formula(*(x[column] for column in columns), n)

    value = float(compute(row.solved_cells))
    return compute, f"{value:.4g} from {', '.join(row.says(column) for column in columns)}", tuple(columns)


def own_correlation(row: Row, arm: str, people: People) -> Quantity | None:
    """Return the pre-post correlation of an arm as printed, or as its three SDs imply; else None.

    SDs that rest on an assumption of their own imply nothing. A value outside [-1, 1] comes back as it is:
    the three numbers contradict one another.
    """
    column = f"r_{arm}"
    if row.has(column):
        return printed(column, row.says(column))
    pre, post, change = (sd_of(row, stage, arm, people) for stage in ("pre", "post", "change"))
    if pre is None or post is None or change is None or merged(pre, post, change):
        return None

    def compute(x: Cells) -> formulas.Floats:
        return spread.r_from_sds(pre.compute(x), post.compute(x), change.compute(x))

    parts = ", ".join(part.shown for part in (pre, post, change))
    value = float(np.asarray(compute(row.solved_cells)))
    shown = f"{value:.3g} from the SDs {parts} (pre, post, change)"
    return Quantity(compute, cells_of(pre, post, change), shown, "r from three SDs")


def sd_from_correlation(row: Row, arm: str, people: People, r: Quantity) -> Quantity | None:
    """Return the SD of an arm's change from its SDs before and after and a correlation."""
    pre, post = (sd_of(row, stage, arm, people) for stage in ("pre", "post"))
    if pre is None or post is None:
        return None

    def compute(x: Cells) -> formulas.Floats:
        return spread.sd_of_change(pre.compute(x), post.compute(x), r.compute(x))

    value = float(compute(row.solved_cells))
    shown = f"SD of the change from {pre.shown} and {post.shown} with r = {r.shown}: {value:.4g}"
    return Quantity(compute, cells_of(pre, post, r), shown, "SD of the change from r", merged(pre, post, r))
