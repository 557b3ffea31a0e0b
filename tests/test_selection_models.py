"""Selection models against metafor 3.8-1 and 50 digits; their properties; what is refused."""

from __future__ import annotations

import gzip
import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evidence as ev
from evidence.numerics.bounded_climb import Peak, rise
from evidence.numerics.selection_fit import fit_selection
from evidence.numerics.selection_likelihood import SelectionData, log_likelihood, prepare

FILE = Path(__file__).parent / "reference" / "selection.json.gz"
CASES: dict[str, dict[str, Any]] = json.loads(gzip.decompress(FILE.read_bytes()))["cases"]
KINDS = ("stepfun", "beta", "halfnorm", "negexp", "logistic", "power")
SEED = st.integers(0, 10_000)


def drawn(seed: int, k: int = 14, keep: float = 0.4) -> tuple[np.ndarray, np.ndarray]:
    """Effects of which those that are not significant are kept with a chance; both kinds occur."""
    rng = np.random.default_rng(seed)
    y, v = [0.1, 0.62], [0.04, 0.05]
    while len(y) < k:
        var = rng.uniform(0.02, 0.25)
        one = rng.normal(0.35, math.sqrt(var + 0.04))
        if one > 1.96 * math.sqrt(var) or rng.uniform() < keep:
            y.append(one)
            v.append(var)
    return np.array(y), np.array(v)


def model(name: str, case: dict[str, Any]) -> ev.SelectionModel:
    kind = name.split()[1]
    effects = ev.effects_from(case["y"], variance=case["v"], x=case["x"])
    choices: dict[str, Any] = {"alternative": case["alternative"][0]}
    if kind == "stepfun2":
        choices["steps"] = (0.025, 0.5)
    elif kind == "two":
        choices["steps"] = (0.05,)
    elif kind == "fixed":
        choices |= {"steps": (0.025, 0.5), "delta": (0.6, 0.2)}
    elif kind == "mods":
        choices["formula"] = "~ x"
    elif kind == "halfnorm_sei":
        choices["imprecision"] = "sei"
    word = kind.split("_")[0]
    return ev.selection_model(effects, word if word in KINDS else "stepfun", **choices)


@pytest.mark.parametrize("name", CASES)
def test_fits_are_metafors_or_higher(name: str) -> None:
    """metafor 3.8-1 selmodel() on synthetic effects; its search may stop early, ours may not stop lower."""
    case = CASES[name]
    found = model(name, case)
    integrated = name.split()[1].split("_")[0] in KINDS[1:]
    assert found.log_likelihood >= case["ll"][0] - (1e-6 if integrated else 1e-9)
    if found.log_likelihood > case["ll"][0] + 1e-6:
        pytest.skip("metafor stopped lower: nothing else to compare")
    p = len(case["beta"])
    se = np.array([float(one) if one is not None else 1.0 for one in case["se"]])
    ours = found.table["estimate"].to_numpy()
    assert np.abs(ours[:p] - case["beta"]).max() <= 2e-4 * se.max()
    assert found.tau2 == pytest.approx(case["tau2"][0], rel=1e-3, abs=1e-4)
    q = len(found.delta)
    assert list(found.delta) == pytest.approx(case["delta"][-q:], rel=2e-3, abs=1e-4)
    if found.p_value is not None:
        assert found.statistic == pytest.approx(case["LRT"][0], abs=1e-5)
    tau2_line, last = found.table.iloc[p], found.table.iloc[-1]
    for line, ends in ((tau2_line, case.get("tau2_ci")), (last, case.get("delta_ci"))):
        for column, end in zip(("conf_low", "conf_high"), ends or (None, None), strict=True):
            # metafor looks for an end within bounds, and has none where it lies beyond.
            if end is not None:
                assert line[column] == pytest.approx(end, rel=1e-4, abs=1e-6)


def exact(data: SelectionData, theta: np.ndarray) -> Any:  # noqa: ANN401  (a number of mpmath)
    """The log-likelihood by adaptive integration with 30 digits, straight from its definition."""
    beta, t, delta = theta[: data.p], theta[data.p], theta[data.p + 1 :]
    two = data.alternative == "two.sided"

    def weight(z: Any, scale: float) -> Any:  # noqa: ANN401
        p = 2 * mp.ncdf(-abs(z)) if two else mp.ncdf(-z)
        if data.kind in ("beta", "power"):
            p = min(max(p, mp.mpf("1e-5")), 1 - mp.mpf("1e-5"))
        if data.kind == "stepfun":
            place = sum(p > mp.mpf(float(step)) for step in data.steps)
            return mp.e ** delta[place - 1] if place else mp.mpf(1)
        d = delta[0] * scale
        return {
            "beta": lambda: p ** delta[0] * (1 - p) ** delta[-1],
            "halfnorm": lambda: mp.e ** (-d * p * p),
            "negexp": lambda: mp.e ** (-d * p),
            "logistic": lambda: 2 / (1 + mp.e ** (d * p)),
            "power": lambda: (1 - p) ** d,
        }[data.kind]()

    total = mp.mpf(0)
    edges = np.concatenate([data.grid.low, data.grid.high])
    breaks = sorted(
        {*map(float, edges[np.isfinite(edges)]), -12.0, -6.0, -1.0, -0.01, 0.0, 0.01, 1.0, 6.0, 12.0}
    )
    for i in range(data.y.size):
        root, var = mp.sqrt(mp.mpf(data.v[i])), mp.mpf(data.v[i]) + t
        mu = sum(mp.mpf(data.x[i, j]) * beta[j] for j in range(data.p))
        scale = 1.0 if data.imprecision is None else float(data.imprecision[i])
        m, s = mu / root, mp.sqrt(var) / root
        norm = mp.quad(
            lambda z, m=m, s=s, scale=scale: weight(z, scale) * mp.npdf(z, m, s), [-40, *breaks, 40]
        )
        z = mp.mpf(data.y[i]) / root
        total += mp.log(mp.npdf(data.y[i], mu, mp.sqrt(var))) + mp.log(weight(z, scale)) - mp.log(norm)
    return total


@pytest.mark.parametrize(
    ("kind", "alternative", "steps", "delta"),
    [
        ("stepfun", "greater", (0.025, 0.5), (-0.5, -1.0)),
        ("stepfun", "two.sided", (0.05,), (-0.7,)),
        ("beta", "greater", None, (-0.4, 0.7)),
        ("beta", "two.sided", None, (-0.4, -0.6)),
        ("halfnorm", "greater", None, (3.0,)),
        ("negexp", "two.sided", None, (2.0,)),
        ("logistic", "less", None, (2.5,)),
        ("power", "two.sided", None, (0.37,)),
        ("power", "greater", None, (1.7,)),
    ],
)
def test_likelihood_and_derivatives(
    kind: str, alternative: str, steps: tuple[float, ...] | None, delta: tuple[float, ...]
) -> None:
    """The likelihood by mpmath's integration; derivatives by central differences of values and gradients."""
    y, v = drawn(3, k=5)
    x = np.column_stack([np.ones(5), [0.0, 1.0, 0.5, 2.0, 1.5]])
    size = np.sqrt(v) if kind in ("halfnorm", "logistic") else None
    data = prepare(y, v, x, kind, alternative, None if steps is None else np.array(steps), size)
    theta = np.array([0.2, 0.1, 0.4, *delta])
    at = log_likelihood(data, theta)
    with mp.workdps(25):
        assert at.value == pytest.approx(float(exact(data, theta)), rel=1e-11)
    for j, step in enumerate(1e-5 * np.eye(theta.size)):
        up, down = log_likelihood(data, theta + step), log_likelihood(data, theta - step)
        assert at.gradient[j] == pytest.approx((up.value - down.value) / 2e-5, abs=1e-6)
        assert at.hessian[j] == pytest.approx((up.gradient - down.gradient) / 2e-5, abs=1e-5)


@pytest.mark.parametrize("steps", [(0.025,), (0.025, 0.5)])
def test_step_models_reach_the_optimum_of_fifty_digits(steps: tuple[float, ...]) -> None:
    """Newton's method of mpmath (50 digits) on the score of the closed form."""
    y, v = drawn(8, k=25)
    fit = fit_selection(
        prepare(y, v, np.ones((25, 1)), "stepfun", "greater", np.array(steps)), intervals=False
    )
    with mp.workdps(50):
        cuts = [mp.sqrt(2) * mp.erfinv(1 - 2 * mp.mpf(step)) for step in steps]

        def value(mu: Any, t: Any, *nu: Any) -> Any:  # noqa: ANN401
            total, w = mp.mpf(0), [mp.mpf(1), *map(mp.exp, nu)]
            for one, var in zip(y, v, strict=True):
                a, b = mp.mpf(float(one)), mp.mpf(float(var))
                s = mp.sqrt(b + t)
                above = [mp.ncdf((mu - c * mp.sqrt(b)) / s) for c in cuts]
                shares = [above[0], *(q - p for p, q in pairwise(above)), 1 - above[-1]]
                place = sum(a < c * mp.sqrt(b) for c in cuts)
                norm = mp.fsum(p * q for p, q in zip(w, shares, strict=True))
                total += mp.log(mp.npdf(a, mu, s)) + mp.log(w[place]) - mp.log(norm)
            return total

        start = [fit.beta[0], fit.tau2, *np.log(fit.delta)]
        n = len(start)
        orders = [tuple(int(i == j) for i in range(n)) for j in range(n)]
        score = [lambda *at, order=order: mp.diff(value, at, order) for order in orders]
        best = mp.findroot(score, [mp.mpf(float(one)) for one in start], tol=1e-30, maxsteps=6)
        tops = [float(best[j]) for j in range(n)]
    assert fit.beta[0] == pytest.approx(tops[0], rel=1e-9)
    assert fit.tau2 == pytest.approx(tops[1], rel=1e-9)
    assert fit.delta.tolist() == pytest.approx(np.exp(tops[2:]).tolist(), rel=1e-9)


@settings(max_examples=4, deadline=None)
@given(SEED, st.sampled_from(KINDS))
def test_order_sign_scale_and_duplication(seed: int, kind: str) -> None:
    y, v = drawn(seed)
    first = ev.selection_model(ev.effects_from(y, variance=v), kind)
    columns = ["estimate", "conf_low", "conf_high"]

    def same(other: ev.SelectionModel, unit: float = 1.0, sign: float = 1.0) -> None:
        table, mine = other.table[columns].to_numpy().copy(), first.table[columns].to_numpy().copy()
        table[0] = sorted(sign * table[0] / unit)
        table[1] /= unit * unit
        mine[0] = sorted(mine[0])
        # Where the likelihood is flat its optimum is known to the root of rounding only.
        assert table == pytest.approx(mine, rel=1e-5, abs=1e-6)
        assert other.statistic == pytest.approx(first.statistic, abs=1e-8)

    order = np.random.default_rng(seed).permutation(y.size)
    same(ev.selection_model(ev.effects_from(y[order], variance=v[order]), kind))
    same(ev.selection_model(ev.effects_from(-y, variance=v), kind, alternative="less"), sign=-1.0)
    for unit in (1e-6, 1e6):
        same(ev.selection_model(ev.effects_from(unit * y, variance=unit**2 * v), kind), unit)
    twice = ev.selection_model(ev.effects_from(np.tile(y, 2), variance=np.tile(v, 2)), kind)
    assert twice.log_likelihood >= 2.0 * first.log_likelihood - 1e-8


def test_equal_weights_are_no_selection() -> None:
    y, v = drawn(2)
    effects = ev.effects_from(y, variance=v)
    found = ev.selection_model(effects, delta=[1.0])
    plain = ev.random_effects(effects, tau2="ML", inference="profile")
    assert found.estimate == pytest.approx(plain.estimate, rel=1e-9)
    assert found.tau2 == pytest.approx(plain.tau2, rel=1e-8)
    assert found.conf_low == pytest.approx(plain.conf_low, rel=1e-8)
    assert found.p_value is None
    assert found.df is None


def test_intervals_end_where_the_likelihood_ratio_says() -> None:
    y, v = drawn(4, k=20)
    data = prepare(y, v, np.ones((20, 1)), "stepfun", "greater", np.array([0.025]))
    fit = fit_selection(data)
    held = np.array([True, False, False])
    low, high = np.array([-np.inf, 0.0, -np.inf]), np.full(3, np.inf)

    def function(theta: np.ndarray) -> Peak:
        return log_likelihood(data, theta)

    for end in (fit.low[0], fit.high[0]):
        start = np.array([end / data.unit, fit.tau2 / data.unit**2, math.log(fit.delta[0])])
        peak = rise(function, start, low, high, np.ones(3), held)
        assert peak is not None
        value = peak.value - y.size * math.log(data.unit)
        assert 2.0 * (fit.value - value) == pytest.approx(3.841458820694124, rel=1e-8)


@pytest.mark.parametrize(
    ("y", "choices", "message"),
    [
        ([0.5], {}, "1 effect cannot tell 3 parameters"),
        ([0.5, 0.1], {}, "2 effects cannot tell 3 parameters"),
        ([0.9, 0.8, 0.7], {}, r"no effect has a one-sided p value in \(0.025, 1\]"),
        ([0.1, 0.0, 0.2], {}, r"p value in \(0, 0.025\]"),
        ([9.9, 9.8, 9.7], {"selection": "negexp"}, "say nothing of selection"),
        ([0.5, 0.1, 0.2], {"steps": (0.5, 0.1)}, "ascending order"),
        ([0.5, 0.1, 0.2], {"steps": ()}, "ascending order"),
        ([0.5, 0.1, 0.2], {"delta": (1.0, 2.0)}, "delta has 1 value"),
        ([0.5, 0.1, 0.2], {"delta": (0.0,)}, "must be positive"),
        ([0.5, 0.1, 0.2], {"selection": "beta", "imprecision": "sei"}, "has none"),
        ([0.5, 0.1, 0.2], {"selection": "steps"}, "selection must be one of"),
        ([0.5, 0.1, 0.2], {"alternative": "both"}, "alternative must be one of"),
    ],
)
def test_what_cannot_be_told_is_refused(y: list[float], choices: dict[str, Any], message: str) -> None:
    with pytest.raises(ev.ModelError, match=message):
        ev.selection_model(ev.effects_from(y, std_error=0.2), **choices)


def test_several_rows_of_a_study_are_refused_and_partial_rows_named() -> None:
    with pytest.raises(ev.ModelError, match=r"not independent.*worst_case"):
        ev.selection_model(ev.effects_from([0.5, 0.1, 0.4], std_error=0.2, study=["a", "a", "b"]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", ["equal", "dominated", "three"])
def test_odd_data_have_defined_answers(kind: str, data: str) -> None:
    v = {
        "equal": [0.01, 0.04, 0.09, 0.02, 0.06],
        "dominated": [1e-6, 0.3, 0.2, 0.4, 0.25],
        "three": [0.04, 0.05, 0.06],
    }
    y = {"equal": [0.3] * 5, "dominated": [0.2, 1.2, 0.4, 1.4, 0.1], "three": [0.6, 0.1, 0.5]}
    effects = ev.effects_from(y[data], variance=v[data])
    if kind == "beta" and data == "three":
        with pytest.raises(ev.ModelError, match="3 effects cannot tell 4 parameters"):
            ev.selection_model(effects, kind)
        return
    if kind == "stepfun" and data == "equal":
        found = ev.selection_model(effects, kind, steps=(0.04,))
    else:
        found = ev.selection_model(effects, kind)
    assert math.isfinite(found.estimate or math.nan)
    assert found.tau2 >= 0.0
    assert found.conf_low is not None
    assert found.conf_high is not None
    assert found.conf_low <= found.estimate <= found.conf_high
    assert found.log_likelihood >= found.unselected_log_likelihood - 1e-9
    assert "Too few studies to be read" in found.sentence()
    assert "10" in found.notes[0]


def test_words_tables_and_references() -> None:
    y, v = drawn(6, k=12)
    found = ev.selection_model(ev.effects_from(y, variance=v, scale="log", measure="OR"))
    assert found.steps is not None
    assert found.steps["k"].sum() == 12
    assert "mean corrected for selection " in found.sentence()
    assert ", uncorrected " in found.sentence()
    assert "the model estimates that results with p above 0.025 were published " in found.sentence()
    assert f"; test of no selection: p = {found.p_value:.3f}." in found.sentence()
    assert "a check, not a result" in found.sentence()
    assert found.tidy()["term"].tolist() == ["mean", "tau2", "weight (0.025, 1]"]
    assert "vevea1995" in found.cite()
    assert "<table>" in found._repr_html_()
    assert repr(found).startswith("<SelectionModel")
