"""What must hold for any numbers: arms exchanged, other units, `better` turned, other prints of the data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers_studies import studies_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

import evidence as ev
from evidence.effects.readers import measure_of, read_all
from evidence.effects.row import Row
from evidence.effects.verdict import Verdict

MEAN, SD, SIZE = st.floats(5, 50), st.floats(0.5, 9), st.integers(4, 80)
NUMBERS = st.fixed_dictionaries(
    {
        **{f"{stage}_mean_{arm}": MEAN for stage in ("pre", "post") for arm in "ec"},
        **{f"{stage}_sd_{arm}": SD for stage in ("pre", "post") for arm in "ec"},
        **{f"n_{arm}": SIZE for arm in "ec"},
    }
)
FAST = settings(max_examples=25, deadline=None)
ALL = ("SMD", "MD", "ROM", "SMDH", "DPPC1", "DPPC2")


def verdict_of(cells: dict[str, object], measure: str = "SMD", r: float = 0.7) -> Verdict:
    """Read one row without the detour over a table of effects."""
    given = {
        "better": "higher",
        **{k: float(v) if isinstance(v, int | float) else v for k, v in cells.items()},
    }
    row = Row(given, {name: str(value) for name, value in given.items()})
    return read_all(row, measure_of(measure), r, 0.5)[0]


def exchanged(cells: dict[str, object]) -> dict[str, object]:
    """Return a row with its arms exchanged."""
    return {name[:-1] + {"e": "c", "c": "e"}[name[-1]]: value for name, value in cells.items()}


@FAST
@given(NUMBERS, st.sampled_from(ALL))
def test_exchanging_the_arms_turns_the_sign_and_keeps_the_variance(
    cells: dict[str, object], measure: str
) -> None:
    one, two = verdict_of(cells, measure), verdict_of(exchanged(cells), measure)
    assert one.estimate == pytest.approx(-two.estimate, rel=1e-9, abs=1e-12)
    assert one.variance == pytest.approx(two.variance, rel=1e-9)


@FAST
@given(NUMBERS, st.sampled_from(ALL))
def test_better_turns_the_sign_once(cells: dict[str, object], measure: str) -> None:
    up, down = (verdict_of({**cells, "better": better}, measure) for better in ("higher", "lower"))
    assert up.estimate == -down.estimate
    assert up.variance == down.variance


@FAST
@given(NUMBERS, st.sampled_from(ALL), st.sampled_from([0.01, 2.54, 1000.0]))
def test_units_scale_the_mean_difference_and_nothing_else(
    cells: dict[str, object], measure: str, factor: float
) -> None:
    scaled = {k: v if k.startswith("n_") else float(str(v)) * factor for k, v in cells.items()}
    one, two = verdict_of(cells, measure), verdict_of(scaled, measure)
    by = factor if measure == "MD" else 1.0
    assert two.estimate == pytest.approx(one.estimate * by, rel=1e-8, abs=1e-10 * by)
    assert two.variance == pytest.approx(one.variance * by**2, rel=1e-8)


def prints_of(cells: dict[str, float]) -> list[dict[str, object]]:
    """Return final means and SDs as papers print them: SDs, SEs, intervals, t, F, r, p, a mean difference."""
    m1, m2, n1, n2 = cells["post_mean_e"], cells["post_mean_c"], cells["n_e"], cells["n_c"]
    sd = cells["post_sd_e"]
    base: dict[str, object] = {"n_e": n1, "n_c": n2, "test_between": "post"}
    means = {"post_mean_e": m1, "post_mean_c": m2}
    df, spread = n1 + n2 - 2, math.sqrt(1 / n1 + 1 / n2)
    t = (m1 - m2) / (sd * spread)
    half = float(stats.t.isf(0.05, df)) * sd * spread
    arms = [
        {**means, "post_sd_e": sd, "post_sd_c": sd},
        {**means, "post_se_e": sd / math.sqrt(n1), "post_se_c": sd / math.sqrt(n2)},
        {
            **means,
            "arm_ci_level": 0.9,
            **{
                f"post_ci_{end}_{arm}": m + sign * float(stats.t.isf(0.05, n - 1)) * sd / math.sqrt(n)
                for arm, m, n in (("e", m1, n1), ("c", m2, n2))
                for end, sign in (("low", -1), ("high", 1))
            },
        },
    ]
    direction = "favours_e" if t > 0 else "favours_c"
    tests: list[dict[str, object]] = [
        {"t_between": t, "effect_sign": "pos_favours_e"},
        {"f_between": t**2, "f_df1": 1, "direction": direction},
        {"r_between": t / math.sqrt(t**2 + df), "effect_sign": "pos_favours_e"},
        {"chi2_between": t**2 / (t**2 + df) * (n1 + n2), "direction": direction},
        {"p_between": f"{2 * stats.t.sf(abs(t), df):.17g}", "direction": direction},
        {
            **{"effect_metric": "MD", "effect": m1 - m2, "effect_sign": "pos_favours_e", "ci_level": 0.9},
            **{"ci_low": m1 - m2 - half, "ci_high": m1 - m2 + half},
        },
    ]
    return [{**base, **cell} for cell in (*arms, *tests)]


@FAST
@given(NUMBERS)
def test_every_print_of_the_same_final_scores_gives_the_same_effect(cells: dict[str, float]) -> None:
    t = abs(cells["post_mean_e"] - cells["post_mean_c"]) / cells["post_sd_e"]
    assume(0.05 < t < 6)
    found = [verdict_of(cell) for cell in prints_of(cells)]
    assert {verdict.kind for verdict in found} == {"exact"}
    for verdict in found[1:]:
        assert verdict.estimate == pytest.approx(found[0].estimate, rel=1e-6)
        assert verdict.variance == pytest.approx(found[0].variance, rel=1e-6)


@FAST
@given(NUMBERS, st.floats(0.05, 0.95))
def test_changes_by_their_own_sds_or_by_pre_post_and_r(cells: dict[str, float], r: float) -> None:
    """MD of changes: SDs of the change as printed, or made of those before and after with the same r."""
    own = {
        f"change_sd_{arm}": math.sqrt(
            max(
                cells[f"pre_sd_{arm}"] ** 2
                + cells[f"post_sd_{arm}"] ** 2
                - 2 * r * cells[f"pre_sd_{arm}"] * cells[f"post_sd_{arm}"],
                1e-6,
            )
        )
        for arm in "ec"
    }
    made, printed = verdict_of(dict(cells), "MD", r), verdict_of({**cells, **own}, "MD", 0.0)
    assert made.estimate == printed.estimate
    assert made.variance == pytest.approx(printed.variance, rel=1e-6)
    assert [verdict_of({**cells, **own}, code, 0.0).variance for code in ("SMD", "DPPC2")] == pytest.approx(
        [verdict_of(dict(cells), code, r).variance for code in ("SMD", "DPPC2")], rel=1e-5
    )


@FAST
@given(NUMBERS, st.integers(0, 3), st.data())
def test_the_rounding_range_holds_every_value_that_would_print_so(
    cells: dict[str, float], digits: int, data: st.DataObject
) -> None:
    text = {
        name: str(value) if name.startswith("n_") else f"{value:.{digits}f}" for name, value in cells.items()
    }
    assume(all(float(value) > 0 for value in text.values()))
    effects = ev.effect_sizes(studies_of({"better": "higher", **text}), measure="SMD")
    low, high = effects.table.loc[0, ["rounding_low", "rounding_high"]]
    half = 0.5 * 10.0**-digits
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    true = {
        name: value if name.startswith("n_") else float(text[name]) + rng.uniform(-half, half)
        for name, value in cells.items()
    }
    assume(all(value > 1e-3 for value in true.values()))
    estimate = verdict_of(dict(true)).estimate
    assert low - 1e-9 <= estimate <= high + 1e-9
