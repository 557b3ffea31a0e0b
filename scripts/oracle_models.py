"""Compare fits with metafor's records of the same models, quantity by quantity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from exact_quantities import exact_fit
from exact_reference import Exact
from oracle_table import Numbers, Table, difference, least_size, numbers

import evidence as ev
from evidence.fit import MetaFit
from evidence.numerics.tau2 import TAU2

INFERENCE = {"z": "z", "t": "t", "knha": "HKSJ", "adhoc": "mHKSJ"}


def records(case: Numbers) -> Iterator[tuple[str, Numbers]]:
    """Yield the estimators' tight records of a case."""
    for name, record in case.get("models", {}).items():
        if isinstance(record, dict) and "tests" in record:
            yield name, record
    for name, record in case.get("closed", {}).items():
        if (name in TAU2 or name == "EE") and "tests" in record:
            yield name, record
    for name, record in case.get("iter", {}).items():
        tight = record.get("tight") if isinstance(record, dict) else None
        if name in TAU2 and tight and "tests" in tight:
            yield name, tight


def _theirs(record: Numbers, test: Numbers, estimator: str, p: int) -> Numbers:
    kind = "REML" if estimator == "REML" else "ML"
    out = {
        "tau²": record["tau2"],
        "estimate": test["beta"],
        "standard error": test["se"],
        "statistic": test["stat"],
        "p value": test["pval"],
        "interval, low": test["ci_lb"],
        "interval, high": test["ci_ub"],
        "QM": test["QM"],
        "p of QM": test["QMp"],
        "QE": record["QE"],
        "p of QE": record["QEp"],
        "I²": record["I2"],
        "H²": record["H2"],
        "log-likelihood": record["fitstats"][kind]["ll"],
        "R²": record.get("R2") if estimator != "EE" else None,
        "prediction, low": test.get("pi_lb") if p == 1 and estimator != "EE" else None,
        "prediction, high": test.get("pi_ub") if p == 1 and estimator != "EE" else None,
    }
    return {name: value for name, value in out.items() if value is not None}


def _ours(fit: MetaFit) -> Numbers:
    tidy = fit.tidy()
    assert fit.regression is not None
    joint = fit.joint_test().iloc[0]
    return {
        "tau²": fit.tau2,
        "estimate": tidy.estimate,
        "standard error": tidy.std_error,
        "statistic": tidy.statistic,
        "p value": tidy.p_value,
        "interval, low": tidy.conf_low,
        "interval, high": tidy.conf_high,
        "QM": joint.statistic,
        "p of QM": joint.p_value,
        "QE": fit.q,
        "p of QE": fit.q_p_value,
        "I²": fit.i2,
        "H²": fit.h2,
        "log-likelihood": fit.loglik,
        "R²": [] if fit.r2 is None else fit.r2,
        "prediction, low": fit.pred_low,
        "prediction, high": fit.pred_high,
        "leverage": fit.augment().leverage,
        "fitted": fit.augment().fitted,
    }


def effects_of(case: Numbers, x: np.ndarray) -> tuple[ev.Effects, str]:
    """Return a case as Effects with its formula."""
    columns = {f"x{j}": x[:, j] for j in range(1, x.shape[1])}
    effects = ev.effects_from(case["yi"], variance=case["vi"], **columns)  # type: ignore[arg-type]
    return effects, "~ " + (" + ".join(columns) or "1")


def compare_models(table: Table, name: str, case: Numbers, x: np.ndarray) -> None:
    """Compare every estimator under every inference."""
    y, v = numbers(case["yi"]), numbers(case["vi"])
    typical = float(np.median(v))
    effects, formula = effects_of(case, x)
    exact = Exact(list(y), list(v), x)
    for estimator, record in records(case):
        for word, inference in INFERENCE.items():
            test = record["tests"].get(word)
            if not isinstance(test, dict) or "beta" not in test:
                continue
            fit = ev.meta_regression(effects, formula, tau2=estimator, inference=inference)
            ours, theirs = _ours(fit), _theirs(record, test, estimator, x.shape[1])
            if estimator == "REML" and inference == "z" and "models" in case:
                theirs |= {"leverage": case.get("hat_REML"), "fitted": case["fitted_REML"]}
                theirs |= {
                    "mean": case["predict_REML"]["pred"],
                    "mean, standard error": case["predict_REML"]["se"],
                }
                theirs |= {f"prediction, {end}": case["predict_REML"][f"pi_{b}"] for end, b in ENDS}
                at = x[np.array(case["predict_REML"]["rows"]) - 1]
                found = fit.predict({f"x{j}": at[:, j] for j in range(1, x.shape[1])})
                ours |= {"mean": found.estimate, "mean, standard error": found.std_error}
                ours |= {f"prediction, {end}": found[f"pred_{end}"] for end, _ in ENDS}
            else:
                at = None
            # Identical effects: HKSJ's interval of no width is metafor's, not ours, by design.
            fallback = getattr(None if fit.regression is None else fit.regression.found, "fallback", False)
            truth = _Once(exact, estimator, inference, float(fit.tau2 or 0.0), at)
            for quantity, value in theirs.items():
                if value is None or (fallback and quantity in _OF_THE_SPREAD):
                    continue
                if quantity == "R²" and ours["R²"] == [] and not value:
                    continue  # nothing to explain: 0 there, None here
                least = least_size(quantity, numbers(ours["standard error"]), typical)
                label = f"tau², {estimator}" if quantity == "tau²" else quantity
                where = f"{name}, {estimator}, {inference}"
                mine = ours[quantity]
                apart = difference(mine, value, least)
                if quantity in _ONCE and inference != "z":
                    continue  # does not depend on the inference
                table.add(label, where, apart, _Truth(truth, quantity, mine, least))


ENDS = (("low", "lb"), ("high", "ub"))
_ONCE = ("tau²", "QE", "p of QE", "I²", "H²", "R²", "log-likelihood", "leverage", "fitted")
_OF_THE_SPREAD = (
    "standard error", "statistic", "p value", "interval, low", "interval, high", "QM", "p of QM",
    "prediction, low", "prediction, high",
)  # fmt: skip


@dataclass(frozen=True)
class _Truth:
    """Our difference from one exact quantity, worked out when it is asked for."""

    known: _Once
    quantity: str
    mine: object
    least: object

    def __call__(self) -> float:
        """Return the difference."""
        return difference(self.mine, self.known[self.quantity], self.least)


class _Once:
    """The exact values of a fit, worked out when first asked for."""

    def __init__(self, data: Exact, *choices: Any) -> None:  # noqa: ANN401
        """Keep what is needed."""
        self.data, self.choices, self.known = data, choices, {}  # type: ignore[var-annotated]

    def __getitem__(self, name: str) -> list[Any]:
        """Return one quantity."""
        if not self.known:
            estimator, inference, near, at = self.choices
            self.known = exact_fit(self.data, estimator, inference, near, new=at)
        return list(self.known[name])
