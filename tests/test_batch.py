"""Batches: the same numbers as one by one, failures kept apart, the same bits on any number of workers."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import evidence as ev
from evidence.errors import ModelError
from evidence.numerics import batch as module
from evidence.numerics import batch_tau2
from evidence.numerics.batch import fit_groups
from evidence.numerics.intervals import heterogeneity, mean_inference, prediction_interval, q_profile
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import sample

ESTIMATORS = sorted(TAU2)
WALD = ("z", "t", "HKSJ", "mHKSJ")


def close(got: float, expected: float, scale: float, tolerance: float = 1e-12) -> bool:
    return abs(got - expected) <= tolerance * max(abs(expected), scale)


def random_groups(
    rng: np.random.Generator, sizes: list[int], spread: float, precision: float, unit: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    codes = np.repeat(np.arange(len(sizes)), sizes)
    v = rng.lognormal(0.0, precision, codes.size)
    y = 0.4 + rng.normal(0.0, np.sqrt(v + spread**2))
    return unit * y, unit**2 * v, codes


def assert_same(y: np.ndarray, v: np.ndarray, codes: np.ndarray, tau2: str, inference: str) -> None:
    """Compare every field with the functions that fit one data set."""
    fit = fit_groups(y, v, codes, tau2=tau2, inference=inference, interval=True)
    for group in range(fit.k.size):
        here = codes == group
        data = sample(y[here], v[here])
        assert fit.failure[group] == ""
        assert fit.k[group] == data.k
        if data.k == 1:
            alone = mean_inference(data, 0.0, "z", 0.95)
            assert np.isnan(fit.tau2[group])
        else:
            expected = TAU2[tau2](data).value
            median = float(np.median(data.v))
            assert close(fit.tau2[group], expected, median)
            alone = mean_inference(data, expected, inference, 0.95)
            spread = heterogeneity(data, expected)
            for name, scale in (("q", 1.0), ("i2", 1.0), ("h2", 1.0)):
                assert close(getattr(fit, name)[group], getattr(spread, name), scale), name
            assert close(fit.q_p_value[group], spread.p_value, 1.0)
            interval = q_profile(data, 0.95)
            assert bool(fit.empty[group]) == interval.empty
            assert close(fit.tau2_low[group], interval.low, median)
            assert close(fit.tau2_high[group], interval.high, median)
            new = prediction_interval(alone.estimate, alone.std_error, expected, alone.df, 0.95)
            size = max(abs(alone.estimate), alone.std_error, new.high - alone.estimate)
            assert close(fit.pred_low[group], new.low, size, 1e-11)
            assert close(fit.pred_high[group], new.high, size, 1e-11)
        size = max(abs(alone.estimate), alone.std_error)
        assert close(fit.estimate[group], alone.estimate, size)
        assert close(fit.std_error[group], alone.std_error, 0.0)
        assert close(fit.statistic[group], alone.statistic, 1.0, 1e-11)
        assert close(fit.p_value[group], alone.p_value, 1.0)
        half = alone.high - alone.estimate
        assert close(fit.low[group], alone.low, max(size, half))
        assert close(fit.high[group], alone.high, max(size, half))


class TestSameAsOneByOne:
    @pytest.mark.parametrize("tau2", ESTIMATORS)
    @pytest.mark.parametrize("inference", WALD)
    def test_every_estimator_and_inference(self, tau2: str, inference: str) -> None:
        rng = np.random.default_rng(3)
        sizes = [int(k) for k in rng.integers(1, 40, 60)]
        for spread in (0.0, 1.0):
            assert_same(*random_groups(rng, sizes, spread, 1.0, 1.0), tau2, inference)

    @given(
        seed=st.integers(0, 2**32 - 1),
        sizes=st.lists(st.integers(1, 25), min_size=1, max_size=12),
        spread=st.sampled_from([0.0, 0.3, 1.0, 10.0]),
        precision=st.sampled_from([0.0, 0.5, 1.5, 3.0]),
        unit=st.sampled_from([1e-150, 1e-6, 1.0, 1e6, 1e120]),
        tau2=st.sampled_from(ESTIMATORS),
        inference=st.sampled_from(WALD),
    )
    @example(7, [1, 2, 2, 1], 0.0, 0.0, 1.0, "REML", "HKSJ")
    @example(7, [2, 3, 25], 1.0, 3.0, 1e-150, "REML", "HKSJ")
    @example(0, [1, 1, 1, 1, 7, 25, 25, 25, 25, 25, 4], 10.0, 3.0, 1.0, "DL", "z")
    @example(0, [1, 1, 1, 1, 7, 25, 25, 25, 25, 25, 4], 10.0, 3.0, 1.0, "EB", "z")
    @settings(max_examples=150, deadline=None)
    def test_random_ragged_groups(
        self,
        seed: int,
        sizes: list[int],
        spread: float,
        precision: float,
        unit: float,
        tau2: str,
        inference: str,
    ) -> None:
        y, v, codes = random_groups(np.random.default_rng(seed), sizes, spread, precision, unit)
        assert_same(y, v, codes, tau2, inference)

    @pytest.mark.parametrize("tau2", ["REML", "ML"])
    def test_hostile_groups_find_the_global_maximum(self, tau2: str) -> None:
        # Few effects and variances over many orders: the likelihood often has several maxima. A fine grid,
        # which knows nothing of either search, has no higher point.
        from evidence.numerics.tau2 import log_likelihood

        rng = np.random.default_rng(11)
        sizes = [int(k) for k in rng.integers(2, 9, 400)]
        y, v, codes = random_groups(rng, sizes, 1.0, 3.0, 1.0)
        fit = fit_groups(y, v, codes, tau2=tau2)
        grid = np.concatenate([[0.0], np.geomspace(1e-6, 1e4, 120)])
        for group in range(0, 400, 4):
            data = sample(y[codes == group], v[codes == group])
            top = log_likelihood(data, float(fit.tau2[group]), restricted=tau2 == "REML")
            best = max(log_likelihood(data, float(t), restricted=tau2 == "REML") for t in grid)
            assert top >= best - 1e-9

    def test_hostile_groups_are_those_one_by_one(self) -> None:
        rng = np.random.default_rng(12)
        sizes = [int(k) for k in rng.integers(2, 9, 300)]
        for tau2 in ("REML", "ML", "PM"):
            assert_same(*random_groups(rng, sizes, 1.0, 3.0, 1.0), tau2, "t")

    def test_identical_effects(self) -> None:
        fit = fit_groups(np.full(5, 0.3), np.array([0.1, 0.2, 0.3, 0.1, 0.1]), np.array([0, 0, 0, 1, 1]))
        assert fit.identical.all()
        assert (fit.tau2 == 0.0).all()
        assert (fit.low < 0.3).all()

    def test_no_heterogeneity_is_exactly_zero(self) -> None:
        y, v = np.tile([0.1, 0.11, 0.09, 0.1], 3), np.full(12, 0.04)
        for tau2 in ("DL", "PM", "ML", "REML"):
            assert (fit_groups(y, v, np.repeat([0, 1, 2], 4), tau2=tau2).tau2 == 0.0).all()

    def test_order_and_company_of_groups_do_not_matter(self) -> None:
        rng = np.random.default_rng(5)
        y, v, codes = random_groups(rng, [int(k) for k in rng.integers(2, 20, 200)], 0.5, 1.0, 1.0)
        whole = fit_groups(y, v, codes)
        mixed = rng.permutation(y.size)
        shuffled = fit_groups(y[mixed], v[mixed], codes[mixed])
        np.testing.assert_allclose(shuffled.tau2, whole.tau2, rtol=1e-11, atol=1e-13)
        alone = fit_groups(y[codes == 17], v[codes == 17], np.zeros((codes == 17).sum(), int))
        assert alone.tau2[0] == pytest.approx(whole.tau2[17], rel=1e-11, abs=1e-13)

    def test_long_columns(self) -> None:
        rng = np.random.default_rng(9)
        y, v, codes = random_groups(rng, [3000, 1, 17_000, 2, 2900], 0.5, 1.0, 1.0)
        assert_same(y, v, codes, "REML", "HKSJ")


class TestFailures:
    def test_a_failing_group_is_named_and_leaves_the_others_alone(self) -> None:
        rng = np.random.default_rng(2)
        y, v, codes = random_groups(rng, [5] * 6, 0.5, 1.0, 1.0)
        good = fit_groups(y, v, codes)
        bad_v, bad_y = v.copy(), y.copy()
        bad_v[7], bad_v[11], bad_y[16], bad_y[26] = 0.0, np.nan, np.inf, 1e300
        fit = fit_groups(bad_y, bad_v, codes)
        assert fit.failure[1] == "a variance is a positive finite number, got 0"
        assert fit.failure[2] == "a variance is a positive finite number, got nan"
        assert fit.failure[3] == "an effect is a finite number, got inf"
        assert "orders of magnitude" in fit.failure[5]
        assert np.isnan(fit.estimate[[1, 2, 3, 5]]).all()
        for group in (0, 4):
            assert fit.failure[group] == ""
            assert fit.estimate[group] == pytest.approx(good.estimate[group], rel=1e-13)
            assert fit.tau2[group] == pytest.approx(good.tau2[group], rel=1e-12, abs=1e-14)

    def test_a_number_without_effects(self) -> None:
        fit = fit_groups(np.array([0.1, 0.2]), np.array([0.1, 0.1]), np.array([2, 2]), count=4)
        assert fit.failure.tolist() == ["it has no effect", "it has no effect", "", "it has no effect"]

    def test_what_no_search_settles_is_reported(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def gives_up(*_: object, **__: object) -> None:
            raise ModelError("not solved")

        monkeypatch.setattr(batch_tau2, "maximise", gives_up)
        rng = np.random.default_rng(12)
        y, v, codes = random_groups(rng, [int(k) for k in rng.integers(2, 9, 600)], 1.0, 3.0, 1.0)
        fit = fit_groups(y, v, codes)
        failed = fit.failure == "not solved"
        assert failed.any()  # the data are hostile enough for some
        assert failed.mean() < 0.1
        assert np.isnan(fit.tau2[failed]).all()
        assert np.isfinite(fit.tau2[~failed]).all()


def effects(groups: int = 40, seed: int = 1) -> ev.Effects:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 12, groups)
    outcome = np.repeat([f"outcome {i}" for i in range(groups)], sizes)
    v = rng.lognormal(-3.0, 0.7, outcome.size)
    y = rng.normal(0.3, np.sqrt(v + 0.05))
    return ev.effects_from(y, variance=v, outcome=outcome.tolist())


class TestVerb:
    def test_lines_are_those_of_random_effects(self) -> None:
        given_effects = effects()
        table = ev.batch(given_effects, by="outcome")
        assert table["outcome"].tolist() == given_effects.table["outcome"].drop_duplicates().tolist()
        for line in table.to_dict("records")[:12]:
            rows = given_effects.table["outcome"].eq(line["outcome"])
            one = ev.random_effects(ev.Effects(given_effects.table[rows], measure="GEN"))
            assert line["k"] == one.k
            for name in ("estimate", "std_error", "conf_low", "conf_high", "p_value", "pred_low", "i2", "q"):
                expected = getattr(one, name)
                if expected is None:
                    assert np.isnan(line[name])
                else:
                    assert line[name] == pytest.approx(expected, rel=1e-10, abs=1e-12)

    def test_rows_that_may_not_be_pooled_are_refused_by_group(self) -> None:
        table = effects(6, 3).table
        table["measure"], table["level"], table["main"] = "SMD", "study", True
        groups = table["outcome"].drop_duplicates().tolist()
        first = {name: int(np.flatnonzero(table["outcome"].eq(name))[0]) for name in groups}
        table["kind"] = table["kind"].astype(object)
        table.loc[first[groups[1]], "level"] = "pooled"
        table.loc[first[groups[2]], "variance"] = -1.0
        table.loc[table["outcome"].eq(groups[3]), "kind"] = "sign"
        rows = pd.concat([table, table[table["outcome"].eq(groups[4])]], ignore_index=True)
        out = ev.batch(ev.Effects(rows, measure="SMD"), by=["outcome"]).set_index("outcome")
        assert "never pooled again" in out.loc[groups[1], "note"]
        assert "variance is positive" in out.loc[groups[2], "note"]
        assert out.loc[groups[3], "note"] == "none of the rows is an exact effect"
        assert "not independent" in out.loc[groups[4], "note"]
        for name in groups[1:5]:
            assert np.isnan(out.loc[name, "estimate"])
        for name in (groups[0], groups[5]):
            assert np.isfinite(out.loc[name, "estimate"])

    def test_other_time_points_are_left_out_and_counted(self) -> None:
        table = ev.effects_from([0.1, 0.2, 0.3], variance=0.1, outcome=["a", "a", "a"]).table
        table["main"] = [True, False, True]
        out = ev.batch(ev.Effects(table, measure="GEN"), by="outcome")
        assert out[["k", "rows_left_out"]].to_numpy().tolist() == [[2, 1]]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"by": "outcom"}, "did you mean outcome"),
            ({"by": []}, "at least one column"),
            ({"by": "outcome", "tau2": "remel"}, "did you mean REML"),
            ({"by": "outcome", "inference": "profile"}, "inference must be one of"),
            ({"by": "outcome", "level": 95}, "write 0.95"),
        ],
    )
    def test_wrong_arguments(self, options: dict[str, object], message: str) -> None:
        with pytest.raises(ModelError, match=message):
            ev.batch(effects(2), **options)  # type: ignore[arg-type]

    def test_it_takes_effects(self) -> None:
        with pytest.raises(ModelError, match="takes Effects"):
            ev.batch([0.1], by="outcome")  # type: ignore[arg-type]


class TestWorkers:
    @pytest.fixture
    def small_pieces(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_TASK", 500)

    @pytest.mark.usefixtures("small_pieces")
    def test_a_process_pool_gives_the_same_bits(self) -> None:
        given_effects = effects(300, 8)
        alone = ev.batch(given_effects, by="outcome")
        for workers in (1, 2):
            with ProcessPoolExecutor(workers) as pool:
                pd.testing.assert_frame_equal(
                    ev.batch(given_effects, by="outcome", executor=pool), alone, check_exact=True
                )

    @pytest.mark.slow
    @pytest.mark.usefixtures("small_pieces")
    @pytest.mark.filterwarnings("ignore")  # the cluster's own
    def test_dask_gives_the_same_bits(self) -> None:
        distributed = pytest.importorskip("distributed", reason="the extra 'scale' is not installed")
        given_effects = effects(300, 8)
        alone = ev.batch(given_effects, by="outcome")
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            got = ev.batch(given_effects, by="outcome", executor=client.get_executor())
        pd.testing.assert_frame_equal(got, alone, check_exact=True)
