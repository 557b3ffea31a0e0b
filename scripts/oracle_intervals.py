"""Compare intervals of tau², other weights, other prediction intervals, and tests with metafor's records."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from exact_quantities import exact_fit, exact_limits
from exact_reference import Exact
from oracle_models import ENDS, effects_of, records
from oracle_table import Numbers, Table, difference, numbers

import evidence as ev
from evidence.numerics.intervals import profile_tau2, q_profile
from evidence.numerics.permutation import permutation_test
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import Problem, mean_of_shares, sample


def _limits(case: Numbers) -> Iterator[tuple[str, str, str, Numbers, float]]:
    """Yield estimator, label, kind, record and level of every interval of tau²."""
    if isinstance(case.get("tau2_ci_REML_QP"), dict):
        yield "REML", "tau², Q-profile", "QP", case["tau2_ci_REML_QP"], 0.95
    for estimator, kinds in (case.get("tau2_ci") or {}).items():
        if estimator not in TAU2 or not isinstance(kinds, dict):
            continue
        for kind, record in kinds.items():
            if kind in ("QP_tight", "QP90_tight"):
                yield estimator, "tau², Q-profile", "QP", record, 0.90 if "90" in kind else 0.95
            elif kind == "PL_tight":
                yield estimator, "tau², profile likelihood", "PL", record, 0.95


def compare_limits(table: Table, name: str, case: Numbers, data: Problem, x: np.ndarray) -> None:
    """Compare the intervals of tau²."""
    typical = float(np.median(data.v))
    for estimator, label, kind, record, level in _limits(case):
        if "tau2" not in record or record.get("ci_null"):
            continue
        tau2 = TAU2[estimator](data).value
        restricted = estimator == "REML"
        ours = (
            q_profile(data, level) if kind == "QP" else profile_tau2(data, tau2, level, restricted=restricted)
        )
        for place, end, sign in ((0, ours.low, "lb_sign"), (1, ours.high, "ub_sign")):
            if record.get(sign):
                continue  # beyond metafor's search interval
            theirs = record["tau2"][place]

            def truth(
                e: float = end, k: str = kind, lv: float = level, r: bool = restricted, t: float = tau2
            ) -> float:
                exact = Exact(list(data.y), list(data.v), x)
                return difference([e], [float(exact_limits(exact, k, lv, r, t, e))], typical)

            where = f"{name}, {estimator}, {100 * level:g} %, {'upper' if place else 'lower'} end"
            table.add(label, where, difference([end], [theirs], typical), truth)


def compare_extras(table: Table, name: str, case: Numbers) -> None:
    """Means with weights of their own, variance inflation, the Riley prediction interval, 90 % intervals."""
    if "closed" not in case:
        return
    data = sample(numbers(case["yi"]), numbers(case["vi"]))
    exact = Exact(list(data.y), list(data.v), np.ones((data.k, 1)))
    tau2 = TAU2["DL"](data).value
    shares = {"unweighted": np.ones(data.k), "userweights_sqrt_index_DL": np.sqrt(np.arange(1.0, data.k + 1))}
    for key, weights in shares.items():
        record = case.get(key) or {}
        if "beta" in record:
            estimate, error = mean_of_shares(data, weights / weights.sum(), tau2)
            apart = max(difference([estimate], record["beta"], error), difference([error], record["se"], 0.0))
            table.add("mean with other weights", name, apart, lambda: float("nan"))
    effects, _ = effects_of(case, np.ones((data.k, 1)))
    for estimator, record in records(case):
        test = record["tests"].get("z") or {}
        if estimator == "EE" or "pi_lb" not in test:
            continue
        pairs = {
            "k - 2": (ev.random_effects(effects, tau2=estimator, inference="z", prediction="k-2"), "pi_riley")
        }
        pairs["90 %"] = (ev.random_effects(effects, tau2=estimator, inference="z", level=0.9), "pi")
        for label, (fit, key) in pairs.items():
            theirs = test if label == "k - 2" else test["level90"]
            for end, word in ENDS:
                value = theirs.get(f"{key}_{word}")
                mine = getattr(fit, f"pred_{end}")
                if value is None or mine is None:
                    continue

                def truth(
                    m: float = mine,
                    e: str = estimator,
                    n: str = label,
                    at: str = end,
                    error: float | None = fit.std_error,
                ) -> float:
                    level, df = (0.95, data.k - 2) if n == "k - 2" else (0.9, None)
                    found = exact_fit(exact, e, "z", TAU2[e](data).value, level=level, pred_df=df)
                    return difference([m], found[f"prediction, {at}"], error)

                where = f"{name}, {estimator}"
                table.add(f"prediction, {label}", where, difference([mine], [value], fit.std_error), truth)


def compare_vif(table: Table, name: str, case: Numbers, x: np.ndarray) -> None:
    """Compare variance inflation factors."""
    record = case.get("vif_REML")
    if isinstance(record, dict) and "vif" in record:
        effects, formula = effects_of(case, x)
        ours = ev.meta_regression(effects, formula).vif().vif
        table.add("variance inflation", name, difference(ours, record["vif"], 0.0), lambda: float("nan"))


def compare_permutations(table: Table, cases: dict[str, Numbers]) -> None:
    """Compare exact permutation tests."""
    for name, case in cases.items():
        y, v = numbers(case["yi"]), numbers(case["vi"])
        for key, record in case.items():
            if key in ("exact_EE", "exact_DL") or key.startswith("metareg_DL"):
                x = np.array(record["X"], dtype=float) if "X" in record else np.ones((y.size, 1))
                ours = permutation_test(y, v, x, tau2=key.split("_")[1].split("~")[0], exact=True)
                apart = difference(ours.p_values, record["pval"], 0.0)
                table.add("exact permutation p", f"{name}, {key}", apart, lambda: float("nan"))
