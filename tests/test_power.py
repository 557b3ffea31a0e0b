"""Power of a synthesis and what one more trial adds: printed numbers, simulation, refits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import evidence as ev
from evidence.numerics.power import detectable, power_of_mean

EFFECTS = ev.effects_from([0.1, 0.4, 0.2, 0.6, 0.3, 0.5], variance=[0.04, 0.05, 0.06, 0.04, 0.08, 0.03])


def test_printed_power_of_ten_trials() -> None:
    # Harrer, Cuijpers, Furukawa & Ebert, Doing Meta-Analysis in R, chapter on power: d = 0.30, k = 10, 25
    # people an arm, moderate heterogeneity by Hedges & Pigott's V* = 1.67 V: 0.7327163.
    v = 50 / 625 + 0.3**2 / 100
    assert power_of_mean(0.3, np.sqrt(1.67 * v / 10)).item() == pytest.approx(0.7327163, abs=5e-8)


@pytest.mark.parametrize("df", [None, 1.0, 2.0, 5.0, 40.0])
def test_power_is_what_simulation_counts(df: float | None) -> None:
    rng = np.random.default_rng(2)
    for shift in (0.0, 0.7, 2.0, 4.0):
        z = rng.standard_normal(400_000) + shift
        if df is not None:
            z = z / np.sqrt(rng.chisquare(df, z.size) / df)
        from evidence.numerics.intervals import quantile

        counted = (np.abs(z) > quantile(0.95, df)).mean()
        assert power_of_mean(shift, 1.0, 0.95, df).item() == pytest.approx(counted, abs=0.0025)


def test_power_is_that_of_the_noncentral_t() -> None:
    # SciPy's noncentral t, where its series are good: moderate degrees of freedom.
    for df in (5.0, 12.0, 40.0):
        limit = stats.t.ppf(0.975, df)
        for shift in (0.5, 1.5, 3.0, 5.0):
            expected = stats.nct.sf(limit, df, shift) + stats.nct.cdf(-limit, df, shift)
            assert power_of_mean(shift, 1.0, 0.95, df).item() == pytest.approx(expected, abs=1e-10)
    assert power_of_mean(0.0, 1.0, 0.9, 2.0).item() == pytest.approx(0.1, abs=1e-10)


@given(st.floats(0.01, 5.0), st.sampled_from([None, 1.0, 3.0, 20.0]), st.sampled_from([0.5, 0.8, 0.95]))
@settings(max_examples=40, deadline=None)
def test_the_detectable_effect_has_the_power(error: float, df: float | None, target: float) -> None:
    effect = detectable(error, 0.95, df, target)
    assert power_of_mean(effect, error, 0.95, df).item() == pytest.approx(target, abs=1e-8)


def test_power_grows_to_one_and_never_leaves_its_range() -> None:
    for df in (None, 1.0, 4.0, 60.0):
        found = power_of_mean([0.0, 0.1, 1.0, 10.0, 1e3, 1e9], 1.0, 0.95, df)
        assert found[0] == pytest.approx(0.05)
        assert (np.diff(found) >= -1e-12).all()
        assert found[-1] == pytest.approx(1.0, abs=1e-9)
        assert ((found >= 0.0) & (found <= 1.0)).all()


def test_the_power_of_a_fit_is_of_its_model() -> None:
    fit = ev.random_effects(EFFECTS, tau2="DL", inference="z")
    line = ev.power(fit, effects=[0.3]).table.iloc[0]
    error = 1.0 / np.sqrt((1.0 / (EFFECTS.table["variance"] + fit.tau2)).sum())
    assert line["std_error"] == pytest.approx(error)
    assert line["power_0.3"] == pytest.approx(power_of_mean(0.3, error).item())
    # HKSJ: the same standard error of the model, a t with k - 1 degrees of freedom.
    hksj = ev.power(ev.random_effects(EFFECTS, tau2="DL"), effects=[0.3]).table.iloc[0]
    assert hksj["std_error"] == pytest.approx(error)
    assert hksj["power_0.3"] == pytest.approx(power_of_mean(0.3, error, 0.95, 5.0).item())


def test_a_next_trial_is_one_more_study_at_the_same_tau2() -> None:
    fit = ev.random_effects(EFFECTS, tau2="DL", inference="z")
    line = ev.next_trial(fit, n=[80], variance=2.0).table.iloc[0]
    v = np.append(EFFECTS.table["variance"] + fit.tau2, 2.0 / 80 + fit.tau2)
    assert line["width_then"] == pytest.approx(2 * 1.959963984540054 / np.sqrt((1 / v).sum()))
    assert line["weight"] == pytest.approx(100 * (1 / v[-1]) / (1 / v).sum())
    assert line["narrower"] == pytest.approx(100 * (1 - line["width_then"] / line["width_now"]))
    assert line["detectable_then"] < line["detectable_now"]


def test_a_standardised_difference_knows_its_variance_from_n() -> None:
    rows = ev.example_studies().where(
        question="integrated_vs_isolated",
        level="study",
        comparator_class=["isolated_strength", "traditional_training"],
        domain=ev.SIX_DOMAINS,
    )
    found = ev.compare(ev.effect_sizes(rows, measure="SMD", correlation=0.7), by="domain")
    plan = ev.next_trial(found, n=[50, 100])
    assert len(plan.table) == 2 * len(found)
    assert (plan.table["narrower"].dropna() > 0.0).all()
    by_size = plan.table.groupby("name")["width_then"].apply(list)
    assert all(large <= small for small, large in by_size if np.isfinite(small))
    assert "100 people an arm" in plan.sentence()
    told = ev.power(found)
    assert told.table["name"].tolist() == found.table["domain"].tolist()
    assert "speed agility: " in told.sentence()
    assert "<th>detectable (80 %)</th>" in told._repr_html_()
    assert "<th>people an arm</th>" in plan._repr_html_()


def test_what_cannot_be_said_is_said_so() -> None:
    one = ev.random_effects(ev.effects_from([0.2], variance=0.04, study=["a"]))
    assert ev.power(one).table["note"].iloc[0] == "one study, not pooled"
    assert "nothing can be said" in ev.power(one).sentence()
    assert "nothing can be said" in ev.next_trial(one, variance=1.0).sentence()
    few = ev.random_effects(ev.effects_from([0.2, 0.3], variance=0.04, study=["a", "b"]))
    assert "too few to rely on" in ev.power(few).sentence()
    fit = ev.random_effects(EFFECTS)
    with pytest.raises(ev.ModelError, match="does not follow from n alone"):
        ev.next_trial(fit)
    with pytest.raises(ev.ModelError, match="whole numbers above 1"):
        ev.next_trial(fit, n=[0], variance=1.0)
    with pytest.raises(ev.ModelError, match="variance is a positive number"):
        ev.next_trial(fit, variance=-1.0)
    with pytest.raises(ev.ModelError, match="target is a power between"):
        ev.power(fit, target=0.01)
    with pytest.raises(ev.ModelError, match="finite numbers"):
        ev.power(fit, effects=[])
    with pytest.raises(ev.ModelError, match="a fit or a comparison; got list"):
        ev.power([1.0])  # type: ignore[arg-type]


def test_a_single_pooled_result_is_named_in_words_and_one_study_is_said_to_be_one() -> None:
    pooled = ev.random_effects(ev.effects_from([0.1, 0.4, 0.2, 0.6, 0.3, 0.5], variance=0.04))
    assert "effect that the pooled result could show is 0.29." in ev.power(pooled).sentence()
    assert "interval of the pooled result by" in ev.next_trial(pooled, variance=2.0).sentence()
    one = ev.random_effects(ev.effects_from([0.2], variance=0.1))
    for said in (ev.power(one).sentence(), ev.next_trial(one, variance=2.0).sentence()):
        assert said.startswith("Nothing is pooled: one study, so that nothing can be said of")
