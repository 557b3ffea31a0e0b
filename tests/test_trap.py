"""The difference in significance: numerics against simulation and Bland & Altman 2011; reports; words."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import evidence as ev
from evidence.numerics.trap import (
    critical_t,
    difference_of_arms,
    most_discordant,
    one_arm_only,
    two_sided_p,
    within_power,
)

SIZES = st.integers(2, 200)


def test_bland_and_altman() -> None:
    """Bland & Altman 2011, abstract: "as high as 0.50 for two groups and 0.75 for three"; 2P(1-P).

    With nothing to find the power is the level: 2 x .05 x .95. Power .75 gives .375.
    """
    assert most_discordant(15, 15).either == pytest.approx(0.5, abs=1e-9)
    assert one_arm_only(0.0, 15, 15).either == pytest.approx(0.095, abs=1e-9)
    changes = np.linspace(0, 2, 4001)
    powers = within_power(changes, 15)
    at = float(changes[np.argmin(np.abs(powers - 0.75))])
    assert one_arm_only(at, 15, 15).either == pytest.approx(0.375, abs=5e-4)
    three = 1 - powers**3 - (1 - powers) ** 3  # neither all nor none of three groups significant
    assert three.max() == pytest.approx(0.75, abs=1e-6)


@pytest.mark.parametrize(("change", "n_e", "n_c"), [(0.0, 8, 8), (0.5, 15, 15), (0.8, 8, 24), (0.3, 40, 10)])
def test_chance_agrees_with_simulation(change: float, n_e: int, n_c: int) -> None:
    """100,000 seeded trials with one-sample t tests in each arm; tolerance four Monte Carlo errors."""
    rng = np.random.default_rng(264)
    trials = 100_000
    significant = []
    for n in (n_e, n_c):
        data = rng.normal(change, 1.0, (trials, n))
        t = data.mean(axis=1) / (data.std(axis=1, ddof=1) / math.sqrt(n))
        significant.append(np.abs(t) > critical_t(0.05, n - 1))
    found = one_arm_only(change, n_e, n_c)
    for mine, seen in (
        (found.first_only, (significant[0] & ~significant[1]).mean()),
        (found.second_only, (significant[1] & ~significant[0]).mean()),
    ):
        assert mine == pytest.approx(seen, abs=4 * math.sqrt(0.25 / trials))


@given(change=st.floats(0, 5), n=SIZES, alpha=st.sampled_from([0.01, 0.05, 0.1]))
@settings(max_examples=60, deadline=None)
def test_power_is_the_noncentral_t(change: float, n: int, alpha: float) -> None:
    """SciPy 1.17 nct; beyond a shift of 20 it is less exact than the function under test."""
    shift = change * math.sqrt(n)
    power = float(within_power(change, n, alpha))
    assert 0 <= power <= 1 + 1e-12
    if shift < 20:
        limit = stats.t.isf(alpha / 2, n - 1)
        want = stats.nct.sf(limit, n - 1, shift) + np.nan_to_num(stats.nct.cdf(-limit, n - 1, shift))
        assert power == pytest.approx(want, abs=1e-7)


@given(n_e=SIZES, n_c=SIZES, change=st.floats(0, 3))
@settings(max_examples=40, deadline=None)
def test_no_change_is_more_discordant_than_the_most(n_e: int, n_c: int, change: float) -> None:
    most = most_discordant(n_e, n_c).either
    assert one_arm_only(change, n_e, n_c).either <= most + 1e-6
    assert most >= 0.5 - 1e-9
    assert most == pytest.approx(most_discordant(n_c, n_e).either, rel=1e-6)


@given(n_e=SIZES, n_c=SIZES, sds=st.tuples(st.floats(0.2, 5), st.floats(0.2, 5)), seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_difference_is_the_two_sample_t_of_the_raw_changes(
    n_e: int, n_c: int, sds: tuple[float, float], seed: int
) -> None:
    """SciPy 1.17 ttest_ind on raw changes, from the two one-sample t statistics and the ratio of SDs."""
    if n_e + n_c < 4:
        return
    rng = np.random.default_rng(seed)
    arms = [rng.normal(0.5, sd, n) for n, sd in zip((n_e, n_c), sds, strict=True)]
    t = [float(stats.ttest_1samp(arm, 0.0).statistic) for arm in arms]
    ratio = arms[0].std(ddof=1) / arms[1].std(ddof=1)
    want = stats.ttest_ind(*arms)
    found = difference_of_arms((t[0], t[0]), (t[1], t[1]), n_e, n_c, ratio)
    assert found.t_low == pytest.approx(want.statistic, rel=1e-8, abs=1e-10)
    assert found.p_low == found.p_high == pytest.approx(want.pvalue, rel=1e-6)


def test_range_encloses_every_compatible_pair_and_touches_its_ends() -> None:
    first, second = (2.0, 4.0), (-1.5, 1.5)
    found = difference_of_arms(first, second, 12, 20)
    pairs = [
        difference_of_arms((a, a), (b, b), 12, 20)
        for a in np.linspace(*first, 21)
        for b in np.linspace(*second, 21)
    ]
    assert min(pair.low for pair in pairs) == pytest.approx(found.low)
    assert max(pair.high for pair in pairs) == pytest.approx(found.high)
    assert min(pair.p_low for pair in pairs) == pytest.approx(found.p_low)
    assert max(pair.p_high for pair in pairs) == pytest.approx(found.p_high)


def test_equal_arms_significant_and_not_leave_everything_open() -> None:
    """Gelman & Stern 2006: the difference between significant and not significant may be nothing at all."""
    trap = ev.within_group_trap(n_e=20, n_c=20, p_e="<0.05", p_c="ns")
    assert trap.pattern == "first only"
    assert trap.smd_low == pytest.approx(0.0, abs=1e-12)
    assert trap.smd_high == math.inf
    assert (trap.p_low, trap.p_high) == pytest.approx((0.0, 1.0))
    assert "can be anything" in trap.sentence()
    assert "compares nothing" in trap.sentence()
    assert "50 %" in trap.sentence()


def test_p_of_both_arms() -> None:
    """t of p = .01 on 14 df is 2.977, of p = .2 is 1.345; both improved: d = (2.977 - 1.345) / sqrt 15."""
    trap = ev.within_group_trap(n_e=15, n_c=15, t_e=2.976843, p_c=0.2, change_c=1.0)
    d = (2.976843 - stats.t.isf(0.1, 14)) / math.sqrt(15)
    j = 1 - 3 / (4 * 28 - 1)  # Hedges' approximation of the correction
    assert trap.smd_low == trap.smd_high == pytest.approx(d * j, rel=1e-3)
    t = d / math.sqrt(2 / 15)
    assert trap.p_low == pytest.approx(2 * stats.t.sf(t, 28), rel=1e-5)
    assert trap.raw_low == pytest.approx(trap.smd_low * math.sqrt(0.6))
    assert trap.chance_here is not None


def test_a_p_that_is_not_significant_may_be_either_way() -> None:
    trap = ev.within_group_trap(n_e=15, n_c=15, p_e=0.01, p_c=0.2)
    better = ev.within_group_trap(n_e=15, n_c=15, p_e=0.01, p_c=0.2, change_c=0.1)
    worse = ev.within_group_trap(n_e=15, n_c=15, p_e=0.01, p_c=0.2, change_c=-0.1)
    assert (trap.smd_low, trap.smd_high) == pytest.approx((better.smd_low, worse.smd_low))


def test_changes_with_sds_outrank_t_and_p() -> None:
    one = ev.within_group_trap(n_e=15, n_c=12, change_e=5, sd_e=6, change_c=3, sd_c=5)
    other = ev.within_group_trap(
        n_e=15, n_c=12, change_e=5, sd_e=6, t_e=9, p_e=0.9, change_c=3, sd_c=5, p_c="ns"
    )
    pooled = math.sqrt((14 * 36 + 11 * 25) / 25)
    t = (5 - 3) / (pooled * math.sqrt(1 / 15 + 1 / 12))
    assert one.p_low == pytest.approx(2 * stats.t.sf(t, 25))
    assert other.p_low == one.p_low
    assert one.notes[0] == "SDs of change 6 and 5"


def test_sd_from_a_change_and_its_p() -> None:
    """A mean change of 5 with p = .01 in 15 people has SD 5 sqrt(15) / 2.977; then the raw numbers follow."""
    trap = ev.within_group_trap(n_e=15, n_c=15, change_e=5, p_e=0.01, change_c=3, sd_c=7)
    sd = 5 * math.sqrt(15) / stats.t.isf(0.005, 14)
    pooled = math.sqrt((sd**2 + 49) / 2)
    assert trap.p_low == pytest.approx(2 * stats.t.sf(2 / (pooled * math.sqrt(2 / 15)), 28), rel=1e-9)


REPORTS = st.one_of(
    st.floats(0.001, 1.0), st.sampled_from(["<0.05", "<0.001", "ns", ">0.05", "n.s.", "significant", "0.000"])
)


@given(p_e=REPORTS, p_c=REPORTS, n_e=SIZES, n_c=SIZES)
@settings(max_examples=80, deadline=None)
def test_turning_the_arms_round_turns_the_answer_round(p_e: object, p_c: object, n_e: int, n_c: int) -> None:
    one = ev.within_group_trap({"n_e": n_e, "n_c": n_c, "p_e": p_e, "p_c": p_c})
    other = ev.within_group_trap({"n_e": n_c, "n_c": n_e, "p_e": p_c, "p_c": p_e})
    assert (one.smd_low, one.smd_high) == pytest.approx((-other.smd_high, -other.smd_low))
    assert (one.p_low, one.p_high) == pytest.approx((other.p_low, other.p_high))
    assert 0 <= one.p_low <= one.p_high <= 1
    assert one.smd_low <= one.smd_high
    assert one.sentence()
    assert one._repr_html_().startswith('<div class="evidence-trap">')


@given(t=st.floats(-6, 6), n=st.integers(3, 100))
@settings(max_examples=40, deadline=None)
def test_an_arms_interval_excludes_zero_exactly_where_it_is_significant(t: float, n: int) -> None:
    trap = ev.within_group_trap(n_e=n, n_c=10, t_e=t, t_c=0.0)
    first = trap.table.iloc[0]
    excludes = first["conf_low"] > 0 or first["conf_high"] < 0
    assert excludes == (abs(t) > float(critical_t(0.05, n - 1)))
    assert first["p_low"] == pytest.approx(float(two_sided_p(t, n - 1)))


def test_shipped_rows() -> None:
    studies = ev.example_studies()
    reach = ev.within_group_trap(studies.where(row_id="distefano2013_06"))
    assert reach.pattern == "both"
    assert reach.p_low == pytest.approx(1.0)  # both arms p = 0.008: the same change in SDs
    assert reach.printed == ""  # "no difference" was inferred from silence, not printed
    neto = ev.within_group_trap(studies.where(row_id="resendeneto2019_01"))
    assert neto.pattern == "both"  # as printed; with r = 0.7 the second arm's own p is 0.065
    assert any("printed as significant" in note for note in neto.notes)
    assert neto.p_low == neto.p_high > 0.9
    pushups = ev.within_group_trap(studies.where(row_id="distefano2013_01"))
    assert "SD of change from the SDs before and after with r = 0.7" in " ".join(pushups.notes)
    assert pushups.printed == "first arm better, significant, p ≤ 0.05"
    assert any("does not fit" in note for note in pushups.notes)


def test_every_shipped_row_is_read_or_refused_in_words() -> None:
    studies = ev.example_studies()
    words, refused = [], {}
    for row_id in studies.table["row_id"]:
        try:
            trap = ev.within_group_trap(studies.where(row_id=row_id))
        except ev.ModelError as problem:
            refused[row_id] = str(problem)
        else:
            words += [trap.sentence(), trap._repr_html_()]
    assert len(words) > 160
    assert not any("nan" in text for text in words)
    assert all(row_id in why for row_id, why in refused.items())


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"n_e": 15, "p_e": 0.01, "n_c": 15}, "nothing is reported of second arm"),
        ({"p_e": 0.01, "n_c": 15, "p_c": "ns"}, "n_e is the number of people"),
        ({"n_e": 1, "p_e": 0.01, "n_c": 15, "p_c": "ns"}, "at least 2"),
        ({"n_e": 15, "p_e": "often", "n_c": 15, "p_c": "ns"}, "p_e: a p value is a number"),
        ({"n_e": 15, "p_e": 0.0, "n_c": 15, "p_c": "ns"}, "'0.000'"),
        ({"n_e": 15, "t_e": "two", "n_c": 15, "p_c": "ns"}, "t_e takes a finite number"),
        ({"n_e": 15, "change_e": 1, "sd_e": -1, "n_c": 15, "p_c": "ns"}, "standard deviation is positive"),
        ({"n_e": 15, "p_e": 0.1, "n_c": 15, "p_c": "ns", "sd_ratio": 0}, "sd_ratio is a positive number"),
        ({"n_e": 15, "p_e": 0.1, "n_c": 15, "p_c": "ns", "correlation": 1.0}, "between -1 and 1"),
    ],
)
def test_what_is_refused(numbers: dict[str, object], words: str) -> None:
    with pytest.raises(ev.ModelError, match=words):
        ev.within_group_trap(**numbers)  # type: ignore[arg-type]


def test_rows_that_have_no_two_arms_are_refused() -> None:
    studies = ev.example_studies()
    with pytest.raises(ev.ModelError, match="takes one row; got"):
        ev.within_group_trap(studies)
    with pytest.raises(ev.ModelError, match="got both"):
        ev.within_group_trap(studies.where(row_id="distefano2013_05"), n_e=3)
    cohort = studies.table.loc[studies.table["arm_design"].eq("cohort"), "row_id"].iloc[0]
    with pytest.raises(ev.ModelError, match="compared, not treated"):
        ev.within_group_trap(studies.where(row_id=cohort))


def test_user_text_is_escaped() -> None:
    trap = ev.within_group_trap(n_e=9, n_c=9, p_e=0.01, p_c="ns", arms=("<i>a</i>", "b"))
    assert "<i>" not in trap._repr_html_()
