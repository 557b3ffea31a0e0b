"""Estimators of tau²: against metafor at tight tolerance, a 50-digit solution, and their own laws."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from helpers_effects import close, datasets, reference
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import ModelError
from evidence.numerics.tau2 import TAU2, generalised_q, log_likelihood, maximise, solve_q
from evidence.numerics.wls import sample, sums, weighted_mean

CASES = reference()["cases"]


@pytest.mark.parametrize("method", list(TAU2))
def test_every_reference_case_agrees_to_1e_9(method: str) -> None:
    compared = 0
    for name, case in CASES.items():
        y, v = np.array(case["yi"], float), np.array(case["vi"], float)
        if method not in case["tau2"]:
            continue
        ours = TAU2[method](sample(y, v)).value
        assert close(ours, case["tau2"][method], float(np.median(v))), (name, ours, case["tau2"][method])
        compared += 1
    assert compared >= 85


def _score(kind: str, y: list[mp.mpf], v: list[mp.mpf], t: mp.mpf) -> mp.mpf:
    """Return the estimating equation in the textbook form (Viechtbauer 2005, eq. 13 and 16)."""
    w = [1 / (each + t) for each in v]
    total = mp.fsum(w)
    mean = mp.fsum(a * b for a, b in zip(w, y, strict=True)) / total
    square = [(each - mean) ** 2 for each in y]
    if kind == "PM":
        return mp.fsum(a * b for a, b in zip(w, square, strict=True)) - (len(y) - 1)
    quadratic = mp.fsum(a * a * b for a, b in zip(w, square, strict=True))
    trace = total if kind == "ML" else total - mp.fsum(a * a for a in w) / total
    return quadratic - trace


@pytest.mark.parametrize("kind", ["ML", "REML", "PM"])
@pytest.mark.parametrize("name", ["edge_large_scale", "edge_tiny_scale", "edge_mixed_prec", "graves2010_RD"])
def test_the_root_is_that_of_fifty_digits(kind: str, name: str) -> None:
    case = CASES[name]
    y, v = np.array(case["yi"], float), np.array(case["vi"], float)
    ours = TAU2[kind](sample(y, v)).value
    with mp.workdps(50):
        ys, vs = [mp.mpf(float(x)) for x in y], [mp.mpf(float(x)) for x in v]
        if ours == 0.0:
            assert _score(kind, ys, vs, mp.mpf(0)) <= 0
            return
        start = mp.mpf(ours)
        exact = mp.findroot(lambda t: _score(kind, ys, vs, t), (start, start * mp.mpf("1.0000001")))
        assert abs(exact - start) <= mp.mpf("1e-12") * max(exact, mp.mpf(float(np.median(v))))


def test_of_two_local_maxima_the_higher_one_is_returned() -> None:
    # Two precise studies that agree, four imprecise ones far apart: a maximum near 0 and one far out.
    y = np.array([0.0, 0.0005, 4.0, -5.0, 6.0, -4.5])
    v = np.array([1e-8, 1e-8, 1e-2, 1e-2, 1e-2, 1e-2])
    data = sample(y, v)
    t = np.concatenate([[0.0], np.geomspace(1e-12, 100.0, 4000)])
    for restricted in (False, True):
        heights = [log_likelihood(data, float(x), restricted=restricted) for x in t]
        found = maximise(data, restricted=restricted).value
        assert log_likelihood(data, found, restricted=restricted) >= max(heights) - 1e-9


def test_homogeneous_effects_give_exactly_zero() -> None:
    data = sample(np.array([0.2, 0.21, 0.19]), np.array([0.1, 0.12, 0.3]))
    assert all(TAU2[method](data).value == 0.0 for method in TAU2 if method != "SJ")


def test_identical_effects_give_zero_for_every_estimator() -> None:
    data = sample(np.full(4, 0.3), np.array([0.1, 0.2, 0.3, 0.4]))
    assert all(estimator(data).value == 0.0 for estimator in TAU2.values())


def test_equal_variances_have_the_closed_form() -> None:
    y = np.array([0.1, 0.7, -0.3, 1.2, 0.4])
    v = np.full(5, 0.04)
    spread = float(((y - y.mean()) ** 2).sum())
    assert TAU2["REML"](sample(y, v)).value == pytest.approx(spread / 4 - 0.04, rel=1e-13)
    assert TAU2["ML"](sample(y, v)).value == pytest.approx(spread / 5 - 0.04, rel=1e-13)
    assert TAU2["PM"](sample(y, v)).value == pytest.approx(spread / 4 - 0.04, rel=1e-13)


@pytest.mark.parametrize("power", [-150, -6, 6, 150])
@pytest.mark.parametrize("method", list(TAU2))
def test_the_unit_of_the_data_does_not_matter(method: str, power: int) -> None:
    case = CASES["edge_k40_bias"]
    y, v = np.array(case["yi"], float), np.array(case["vi"], float)
    c = 10.0**power
    plain, scaled = TAU2[method](sample(y, v)).value, TAU2[method](sample(y * c, v * c * c)).value
    assert scaled / c / c == pytest.approx(plain, rel=1e-11, abs=1e-13)


def test_effects_of_1e150_with_ordinary_variances_are_solved() -> None:
    data = sample(np.array([1e150, -1e150, 3e149]), np.array([0.1, 0.2, 0.3]))
    assert TAU2["REML"](data).value == pytest.approx(np.var([1e150, -1e150, 3e149], ddof=1), rel=1e-12)


def test_effects_beyond_all_reason_are_an_error_not_a_number() -> None:
    with pytest.raises(ModelError, match="150 orders of magnitude"):
        maximise(sample(np.array([0.0, 1e200]), np.array([1e-30, 1e-30])))


def test_variances_over_twelve_orders_of_magnitude() -> None:
    y = np.array([0.1, 0.4, -0.2, 0.9, 0.3])
    v = np.geomspace(1e-10, 1e2, 5)
    for kind in ("ML", "REML"):
        data = sample(y, v)
        t = maximise(data, restricted=kind == "REML").value
        now = sums(data, np.array([t]))
        trace = now.tr_p if kind == "REML" else now.s1
        assert t > 0
        assert float(now.q2[0] / trace[0]) == pytest.approx(1.0, abs=1e-12)


@given(datasets())
@settings(max_examples=80, deadline=None)
def test_order_shift_sign_and_scale(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    y, v = drawn
    unit = float(np.median(v))
    order = np.argsort(v[::-1], kind="stable")
    for estimator in TAU2.values():
        plain = estimator(sample(y, v)).value
        scale = max(plain, unit, float(np.var(y)))
        assert plain >= 0.0
        assert estimator(sample(y[::-1][order], v[::-1][order])).value == pytest.approx(
            plain, abs=1e-9 * scale
        )
        assert estimator(sample(y + 7.0, v)).value == pytest.approx(plain, abs=1e-8 * scale)
        assert estimator(sample(-y, v)).value == pytest.approx(plain, abs=1e-12 * scale)
        scaled = estimator(sample(y * 1024.0, v * 1024.0**2)).value
        assert scaled == pytest.approx(plain * 1024.0**2, rel=1e-13, abs=1e-13 * unit)


@given(datasets())
@settings(max_examples=80, deadline=None)
def test_the_equations_hold_at_the_estimate(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    data = sample(*drawn)
    t = TAU2["PM"](data).value
    q = generalised_q(data, t)
    assert q == pytest.approx(data.k - 1, rel=1e-12) if t > 0 else q <= data.k - 1
    for restricted in (False, True):
        t = maximise(data, restricted=restricted).value
        now = sums(data, np.array([t]))
        ratio = float(now.q2[0] / (now.tr_p[0] if restricted else now.s1[0]))
        assert ratio == pytest.approx(1.0, abs=1e-11) if t > 0 else ratio <= 1.0 + 1e-12


@given(datasets(), st.floats(0.01, 0.99))
@settings(max_examples=50, deadline=None)
def test_q_profile_targets_are_met(drawn: tuple[np.ndarray, np.ndarray], share: float) -> None:
    data = sample(*drawn)
    start = generalised_q(data, 0.0)
    if start > 1e-6:
        t = solve_q(data, share * start).value
        assert generalised_q(data, t) == pytest.approx(share * start, rel=1e-12)


@given(datasets())
@settings(max_examples=50, deadline=None)
def test_a_study_split_in_two_halves_of_double_variance_leaves_the_common_effect(
    drawn: tuple[np.ndarray, np.ndarray],
) -> None:
    y, v = drawn
    whole = weighted_mean(sample(y, v))
    twice = np.append(v, 2.0 * v[0])
    twice[0] *= 2.0
    halves = weighted_mean(sample(np.append(y, y[0]), twice))
    assert halves.estimate == pytest.approx(whole.estimate, abs=1e-12)
    assert halves.std_error == pytest.approx(whole.std_error, rel=1e-12)


def test_a_dominating_study_keeps_all_digits_of_the_trace() -> None:
    # tr P of weights 1 and 1e-14: 1 - h of the heavy one is 1e-14, which a plain difference would lose.
    now = sums(sample(np.array([0.0, 1.0]), np.array([1e-14, 1.0])), np.zeros(1))
    small = 1e-14
    assert float(now.tr_p[0]) == pytest.approx(2.0 * small / (1.0 + small), rel=1e-14)
