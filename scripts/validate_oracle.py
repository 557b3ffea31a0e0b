"""Compare models with one variance component with metafor, by quantity; write docs/validation.md.

    python scripts/validate_oracle.py ORACLE_FOLDER [docs/validation.md]

The folder holds metafor's results at tight tolerance (uni, synth_uni, metareg, synth_metareg, permutest). A
number that differs from metafor's by more than 1e-9 is compared with a solution of the same equations with
50 digits (`exact_reference`), which says who is right.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import printed_results
import validation_text
from exact_quantities import exact_fit, exact_limits
from exact_reference import Exact

import evidence as ev
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.numerics.design import Design, design
from evidence.numerics.intervals import profile_tau2, q_profile
from evidence.numerics.permutation import permutation_test
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import Problem, mean_of_shares, sample

TOLERANCE, EXACT = 1e-9, 1e-10
INFERENCE = {"z": "z", "t": "t", "knha": "HKSJ", "adhoc": "mHKSJ"}
Numbers = dict[str, Any]


@dataclass
class Row:
    """One quantity: comparisons, the worst agreement, disagreements with the verdict of 50 digits."""

    count: int = 0
    worst: float = 0.0
    apart: list[tuple[str, float, float]] = field(default_factory=list)


class Table:
    """Rows by quantity."""

    def __init__(self) -> None:
        """Begin empty."""
        self.rows: dict[str, Row] = {}

    def add(self, name: str, case: str, difference: float, exact: Any) -> None:  # noqa: ANN401
        """Note a comparison; `exact` is a function that returns our difference from the exact value."""
        row = self.rows.setdefault(name, Row())
        row.count += 1
        if difference <= TOLERANCE:
            row.worst = max(row.worst, difference)
        else:
            row.apart.append((case, difference, exact()))


def _numbers(values: object) -> np.ndarray:
    out = np.ravel(np.array(values, dtype=object))
    words = {"Inf": np.inf, "-Inf": -np.inf, None: np.nan}
    return np.array(
        [words.get(cell, cell) if not isinstance(cell, float) else cell for cell in out], dtype=float
    )


def _difference(ours: object, theirs: object, least: object) -> float:
    """Return the largest difference, relative to the value or to `least` where that is larger."""
    a, b = _numbers(ours), _numbers(theirs)
    if a.shape != b.shape:
        return float("inf") if a.size or b.size else 0.0
    scale = np.maximum(np.abs(b), np.broadcast_to(_numbers(least), b.shape))
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.max(np.where(a == b, 0.0, np.abs(a - b) / scale), initial=0.0))


def _least(name: str, error: np.ndarray, typical: float) -> object:
    """Return the size below which a difference does not count more: a standard error, a typical variance."""
    if name.startswith("tau²"):
        return typical
    if name in ("estimate", "interval, low", "interval, high"):
        return error
    if name in ("mean", "prediction, low", "prediction, high"):
        return float(error.min())
    if name == "fitted":
        return np.sqrt(typical)
    # I² and R² count in percent; p values down to the smallest double.
    small = {"I²": 1.0, "R²": 1.0, "statistic": 1.0, "QM": 1e-3, "log-likelihood": 1.0, "leverage": 1e-6}
    return small.get(name, 1e-290)


def _load(folder: Path, name: str) -> dict[str, Numbers]:
    with gzip.open(folder / f"{name}.json.gz", "rt") as file:
        return dict(json.load(file)["cases"])


def _records(case: Numbers) -> Iterator[tuple[str, Numbers]]:
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


def _effects(case: Numbers, x: np.ndarray) -> tuple[ev.Effects, str]:
    columns = {f"x{j}": x[:, j] for j in range(1, x.shape[1])}
    effects = ev.effects_from(case["yi"], variance=case["vi"], **columns)  # type: ignore[arg-type]
    return effects, "~ " + (" + ".join(columns) or "1")


def _compare_models(table: Table, name: str, case: Numbers, x: np.ndarray) -> None:
    y, v = _numbers(case["yi"]), _numbers(case["vi"])
    typical = float(np.median(v))
    effects, formula = _effects(case, x)
    exact = Exact(list(y), list(v), x)
    for estimator, record in _records(case):
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
                theirs |= {f"prediction, {end}": case["predict_REML"][f"pi_{b}"] for end, b in _ENDS}
                at = x[np.array(case["predict_REML"]["rows"]) - 1]
                found = fit.predict({f"x{j}": at[:, j] for j in range(1, x.shape[1])})
                ours |= {"mean": found.estimate, "mean, standard error": found.std_error}
                ours |= {f"prediction, {end}": found[f"pred_{end}"] for end, _ in _ENDS}
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
                least = _least(quantity, _numbers(ours["standard error"]), typical)
                label = f"tau², {estimator}" if quantity == "tau²" else quantity
                where = f"{name}, {estimator}, {inference}"
                mine = ours[quantity]
                apart = _difference(mine, value, least)
                if quantity in _ONCE and inference != "z":
                    continue  # does not depend on the inference
                table.add(label, where, apart, _Truth(truth, quantity, mine, least))


_ENDS = (("low", "lb"), ("high", "ub"))
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
        return _difference(self.mine, self.known[self.quantity], self.least)


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


def _compare_limits(table: Table, name: str, case: Numbers, data: Problem, x: np.ndarray) -> None:
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
                return _difference([e], [float(exact_limits(exact, k, lv, r, t, e))], typical)

            where = f"{name}, {estimator}, {100 * level:g} %, {'upper' if place else 'lower'} end"
            table.add(label, where, _difference([end], [theirs], typical), truth)


def _compare_extras(table: Table, name: str, case: Numbers) -> None:
    """Means with weights of their own, variance inflation, the Riley prediction interval, 90 % intervals."""
    if "closed" not in case:
        return
    data = sample(_numbers(case["yi"]), _numbers(case["vi"]))
    exact = Exact(list(data.y), list(data.v), np.ones((data.k, 1)))
    tau2 = TAU2["DL"](data).value
    shares = {"unweighted": np.ones(data.k), "userweights_sqrt_index_DL": np.sqrt(np.arange(1.0, data.k + 1))}
    for key, weights in shares.items():
        record = case.get(key) or {}
        if "beta" in record:
            estimate, error = mean_of_shares(data, weights / weights.sum(), tau2)
            apart = max(
                _difference([estimate], record["beta"], error), _difference([error], record["se"], 0.0)
            )
            table.add("mean with other weights", name, apart, lambda: float("nan"))
    effects, _ = _effects(case, np.ones((data.k, 1)))
    for estimator, record in _records(case):
        test = record["tests"].get("z") or {}
        if estimator == "EE" or "pi_lb" not in test:
            continue
        pairs = {
            "k - 2": (ev.random_effects(effects, tau2=estimator, inference="z", prediction="k-2"), "pi_riley")
        }
        pairs["90 %"] = (ev.random_effects(effects, tau2=estimator, inference="z", level=0.9), "pi")
        for label, (fit, key) in pairs.items():
            theirs = test if label == "k - 2" else test["level90"]
            for end, word in _ENDS:
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
                    return _difference([m], found[f"prediction, {at}"], error)

                where = f"{name}, {estimator}"
                table.add(f"prediction, {label}", where, _difference([mine], [value], fit.std_error), truth)


def _compare_vif(table: Table, name: str, case: Numbers, x: np.ndarray) -> None:
    record = case.get("vif_REML")
    if isinstance(record, dict) and "vif" in record:
        effects, formula = _effects(case, x)
        ours = ev.meta_regression(effects, formula).vif().vif
        table.add("variance inflation", name, _difference(ours, record["vif"], 0.0), lambda: float("nan"))


def _compare_permutations(table: Table, cases: dict[str, Numbers]) -> None:
    for name, case in cases.items():
        y, v = _numbers(case["yi"]), _numbers(case["vi"])
        for key, record in case.items():
            if key in ("exact_EE", "exact_DL") or key.startswith("metareg_DL"):
                x = np.array(record["X"], dtype=float) if "X" in record else np.ones((y.size, 1))
                ours = permutation_test(y, v, x, tau2=key.split("_")[1].split("~")[0], exact=True)
                apart = _difference(ours.p_values, record["pval"], 0.0)
                table.add("exact permutation p", f"{name}, {key}", apart, lambda: float("nan"))


def _problem(y: np.ndarray, v: np.ndarray, x: np.ndarray) -> Problem:
    made: Problem | Design = sample(y, v) if x.shape[1] == 1 else design(y, v, x)
    return made


def compare(folder: Path, names: Iterable[str]) -> tuple[Table, list[str]]:
    """Compare all cases of some files; return the table and the cases that could not be fitted."""
    table, failed = Table(), []
    for file in names:
        for name, case in _load(folder, file).items():
            y, v = _numbers(case["yi"]), _numbers(case["vi"])
            x = np.array(case["X"], dtype=float) if "X" in case else np.ones((y.size, 1))
            try:
                _compare_models(table, name, case, x)
                _compare_limits(table, name, case, _problem(y, v, x), x)
                _compare_extras(table, name, case)
                _compare_vif(table, name, case, x)
            except ModelError as problem:
                failed.append(f"{name}: {problem}")
    return table, failed


def main() -> None:
    """Compare, print and write.

    Raises
    ------
    SystemExit
        Where a number of ours is neither metafor's nor the exact one.
    """
    folder = Path(sys.argv[1])
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parents[1] / "docs" / "validation.md"
    mean, failed = compare(folder, ("uni", "synth_uni"))
    moderated, also = compare(folder, ("metareg", "synth_metareg"))
    _compare_permutations(moderated, _load(folder, "permutest"))
    with gzip.open(folder / "uni.json.gz", "rt") as file:
        versions = json.load(file)["versions"]
    text = validation_text.page(
        {"Mean only": mean.rows, "With moderators": moderated.rows},
        failed + also,
        versions,
        TOLERANCE,
        EXACT,
        printed_results.SOURCE,
        printed_results.printed(),
    )
    target.write_text(text, encoding="utf-8")
    print(text)
    rows = [*mean.rows.items(), *moderated.rows.items()]
    wrong = [
        f"{name}, {case}: {own:.0e}" for name, row in rows for case, _, own in row.apart if not own <= EXACT
    ]
    if wrong:
        raise SystemExit("further from 50 digits than allowed:\n" + "\n".join(wrong))


if __name__ == "__main__":
    main()
