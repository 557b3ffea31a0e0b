"""Sampling covariance of arms that rows share and of outcomes of the same people."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evidence as ev
from evidence.effects.shared_arms import arm_variances
from evidence.errors import ModelError

# metafor 5.1-12, vcalc(); source and versions in the file.
VCALC = json.loads(
    gzip.decompress((Path(__file__).parent / "reference" / "multivariate.json.gz").read_bytes())
)["vcalc"]

# Gleser LJ, Olkin I. Stochastically dependent effect sizes. The handbook of research synthesis and
# meta-analysis, 2nd ed. 2009, table 19.2: treatments in three studies, each against one control.
STUDY, TREATMENT = [1, 1, 2, 3, 3, 3], [1, 2, 1, 1, 2, 3]
EVENTS = np.array([[40, 40, 10, 150, 150, 150], [100, 150, 15, 40, 80, 50]], dtype=float)
TOTAL = np.array([[1000, 1000, 200, 2000, 2000, 2000], [4000, 4000, 400, 1000, 1000, 1000]], dtype=float)


def pooled(covariance: np.ndarray, y: np.ndarray, group: list[int]) -> tuple[np.ndarray, np.ndarray, float]:
    """Return means of groups by generalised least squares, their covariance, and Q."""
    x = np.array([[float(g == one) for one in sorted(set(group))] for g in group])
    w = np.linalg.inv(covariance)
    v = np.linalg.inv(x.T @ w @ x)
    beta = v @ x.T @ w @ y
    r = y - x @ beta
    return beta, v, float(r @ w @ r)


def counted(measure: str) -> tuple[np.ndarray, np.ndarray]:
    """Return estimates and variances by the textbook formulas, control minus treatment."""
    p = EVENTS / TOTAL
    if measure == "RD":
        value, part = p, p * (1 - p) / TOTAL
    elif measure == "RR":
        value, part = np.log(p), 1 / EVENTS - 1 / TOTAL
    elif measure == "OR":
        value, part = np.log(p / (1 - p)), 1 / EVENTS + 1 / (TOTAL - EVENTS)
    else:
        value, part = 2 * np.arcsin(np.sqrt(p)) / 2, 1 / (4 * TOTAL)
    return value[0] - value[1], part.sum(axis=0)


@pytest.mark.parametrize(
    ("measure", "means", "q", "factor"),
    [
        # pages 361-365; the arcsines of the chapter are twice the usual ones
        ("RD", [0.0200, 0.0043, 0.0211], 7.1907, 1.0),
        ("OR", [0.5099, 0.0044, 0.4301], 2.0563, 1.0),
        ("RR", [0.4875, 0.0006, 0.4047], 1.8954, 1.0),
        ("AS", [0.1010, 0.0102, 0.0982], 4.2634, 2.0),
    ],
)
def test_proportions_against_a_shared_control(
    measure: str, means: list[float], q: float, factor: float
) -> None:
    y, v = counted(measure)
    effects = ev.effects_from(
        *(y,),
        variance=v,
        study=[str(s) for s in STUDY],
        measure=measure,
        arm_e=["control"] * 6,
        arm_c=[f"t{t}" for t in TREATMENT],
        events_e=EVENTS[0].tolist(),
        events_c=EVENTS[1].tolist(),
        total_e=TOTAL[0].tolist(),
        total_c=TOTAL[1].tolist(),
    )
    matrix = ev.sampling_covariance(effects).to_matrix().to_numpy()
    beta, covariance, heterogeneity = pooled(matrix, y, TREATMENT)
    assert factor * beta == pytest.approx(means, abs=6e-5)
    assert heterogeneity == pytest.approx(q, abs=6e-5)
    if measure == "RD":  # eq. 19.7
        expected = [[24.612, 19.954, 13.323], [19.954, 28.538, 13.255], [13.323, 13.255, 69.806]]
        assert 1e6 * covariance == pytest.approx(np.array(expected), abs=6e-4)
    if measure == "OR":  # page 363
        expected = [[0.01412, 0.00712, 0.00425], [0.00712, 0.01178, 0.00455], [0.00425, 0.00455, 0.02703]]
        assert covariance == pytest.approx(np.array(expected), abs=6e-6)


def test_standardised_differences_by_one_sd_of_a_study() -> None:
    # Gleser & Olkin 2009, pages 364-367: six rows of four studies, the SD of all arms of each study.
    study, treatment = [1, 1, 2, 3, 4, 4], [1, 2, 1, 1, 1, 2]
    first = np.array([7.87, 4.35, 9.32, 8.08, 7.44, 5.34])
    second = np.array([-1.36, -1.36, 0.98, 1.17, 0.45, 0.45])
    sd = np.array([4.2593, 4.2593, 2.8831, 3.1764, 2.9344, 2.9344])
    n1, n2 = np.array([25, 22, 38, 50, 30, 30.0]), np.array([25, 25, 40, 50, 30, 30.0])
    people = np.array([72, 72, 78, 100, 90, 90.0])
    y = (first - second) / sd
    effects = ev.effects_from(
        y,
        variance=1 / n1 + 1 / n2 + y**2 / (2 * people),
        study=[str(s) for s in study],
        measure="SMD",
        arm_e=[f"t{t}" for t in treatment],
        arm_c=["control"] * 6,
        n_e=n1.tolist(),
        n_c=n2.tolist(),
    )
    known = ev.sampling_covariance(effects, standardiser="study")
    matrix = known.to_matrix().to_numpy()
    assert matrix[0, 1] == pytest.approx(1 / 25 + y[0] * y[1] / 144, rel=1e-13)
    beta, covariance, q = pooled(matrix, y, treatment)
    assert beta == pytest.approx([2.3743, 1.5702], abs=6e-5)
    assert covariance == pytest.approx(np.array([[0.02257, 0.01244], [0.01244, 0.03554]]), abs=6e-6)
    assert q == pytest.approx(3.9447, abs=6e-5)


@pytest.mark.parametrize("how", ["obs", "grp", "grp_w", "grp_type"])
def test_the_reference_implementation_agrees(how: str) -> None:
    data, expected = VCALC["data"], VCALC[how]
    columns: dict[str, object] = {}
    if how != "obs":
        columns |= {"arm_e": data["grp1"], "arm_c": data["grp2"]}
    if how == "grp_w":
        columns |= {"n_e": data["w1"], "n_c": data["w2"]}
    if how == "grp_type":
        columns |= {"outcome": data["type"]}
    study = [str(s) for s in data["study"]]
    effects = ev.effects_from([0.0] * 18, variance=data["vi"], study=study, **columns)
    known = ev.sampling_covariance(effects, rho=0.6)
    matrix = known.to_matrix().to_numpy()
    want = np.zeros((18, 18))
    for i, j, value in zip(expected["i"], expected["j"], expected["v"], strict=True):
        want[i - 1, j - 1] = want[j - 1, i - 1] = value
    assert matrix == pytest.approx(want, rel=1e-12)
    assert bool(known.notes) == (how in ("obs", "grp", "grp_type"))


def test_the_formula_of_shared_arms_is_what_simulated_trials_give() -> None:
    # Three arms of 20, SMDs by the SD of each pair of arms: covariance 1/n + g g' n / (2 N N').
    rng = np.random.default_rng(20261122)
    n, draws, shift = 20, 60_000, np.array([0.9, 0.5, 0.0])
    x = rng.normal(size=(draws, 3, n)) + shift[:, None]
    mean, square = x.mean(axis=2), x.var(axis=2, ddof=1)
    correction = math.exp(math.lgamma(19.0) - math.lgamma(18.5)) / math.sqrt(19.0)
    g = [correction * (mean[:, i] - mean[:, 2]) / np.sqrt((square[:, i] + square[:, 2]) / 2) for i in (0, 1)]
    products = (g[0] - g[0].mean()) * (g[1] - g[1].mean())
    y = np.array([0.9, 0.5])
    effects = ev.effects_from(
        y,
        variance=2 / n + y**2 / (4 * n),
        study=["a", "a"],
        measure="SMD",
        arm_e=["t1", "t2"],
        arm_c=["c", "c"],
        n_e=[n, n],
        n_c=[n, n],
    )
    found = ev.sampling_covariance(effects).blocks[0][0, 1]
    assert found == pytest.approx(1 / n + 0.45 * n / (2 * 40 * 40), rel=1e-13)
    # The formula is of first order in 1/n: a tenth of the value beside the error of the simulation.
    assert abs(found - products.mean()) < 0.1 * found + 4 * products.std() / math.sqrt(draws)


@st.composite
def stars(draw: st.DrawFn) -> ev.Effects:
    """Draw a study of several arms against one control, on several outcomes."""
    arms, outcomes = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    rows = [(a, o) for a in range(arms) for o in range(outcomes)]
    kept = draw(st.lists(st.sampled_from(rows), min_size=1, max_size=len(rows), unique=True))
    sizes = draw(st.lists(st.integers(5, 80), min_size=arms + 1, max_size=arms + 1))
    g = np.array(draw(st.lists(st.floats(-1.5, 1.5), min_size=len(kept), max_size=len(kept))))
    n_e, n_c = np.array([sizes[a] for a, _ in kept], dtype=float), np.full(len(kept), float(sizes[-1]))
    variance = (1 / n_e + 1 / n_c + g**2 / (2 * (n_e + n_c))) * draw(st.floats(0.3, 3.0))
    return ev.effects_from(
        g,
        variance=variance,
        study=["a"] * len(kept),
        measure=draw(st.sampled_from(["SMD", "GEN"])),
        arm_e=[f"arm {a}" for a, _ in kept],
        arm_c=["control"] * len(kept),
        outcome=[f"outcome {o}" for _, o in kept],
        n_e=n_e.tolist(),
        n_c=n_c.tolist(),
    )


@settings(max_examples=60, deadline=None)
@given(stars(), st.floats(0.0, 0.95))
def test_it_is_positive_definite_with_the_variances_given(effects: ev.Effects, rho: float) -> None:
    known = ev.sampling_covariance(effects, rho)
    (block,) = known.blocks
    v = effects.table["variance"].to_numpy()
    assert np.diag(block) == pytest.approx(v, rel=1e-15)
    assert np.linalg.eigvalsh(block / np.sqrt(v) / np.sqrt(v)[:, None])[0] > 0.0
    table = effects.table
    for i in range(len(v)):
        for j in range(i):
            if table["arm_e"][i] == table["arm_e"][j]:  # the same people: rho exactly
                assert block[i, j] == pytest.approx(rho * math.sqrt(v[i] * v[j]), rel=1e-12)
    flipped = ev.effects_from(
        -table["estimate"].to_numpy(),
        variance=v,
        study=table["study"].tolist(),
        measure=effects.measure,
        arm_e=table["arm_c"].tolist(),
        arm_c=table["arm_e"].tolist(),
        outcome=table["outcome"].tolist(),
        n_e=table["n_c"].tolist(),
        n_c=table["n_e"].tolist(),
    )
    assert ev.sampling_covariance(flipped, rho).blocks[0] == pytest.approx(block, rel=1e-12, abs=1e-15)


def three(arms: list[tuple[str, str]], **columns: object) -> ev.Effects:
    return ev.effects_from(
        [0.1, 0.2, 0.3][: len(arms)],
        variance=0.04,
        study=["brown2001"] * len(arms),
        arm_e=[a for a, _ in arms],
        arm_c=[b for _, b in arms],
        **columns,
    )


def test_an_arm_on_the_other_side_enters_with_a_minus() -> None:
    known = ev.sampling_covariance(three([("a", "b"), ("b", "c")], n_e=[20, 20], n_c=[20, 20]))
    assert known.blocks[0][0, 1] == pytest.approx(-0.02, rel=1e-14)
    assert known.table.iloc[0].tolist() == ["brown2001", 2, 1, pytest.approx(-0.5), pytest.approx(-0.5)]


def test_arms_of_different_people_are_independent() -> None:
    known = ev.sampling_covariance(three([("a", "b"), ("c", "d")]))
    assert known.blocks[0][0, 1] == 0.0


def test_a_loop_of_arms_is_an_error_that_names_the_study() -> None:
    with pytest.raises(ModelError, match=r"study brown2001: .* row 1 \(a against c\).*close a loop"):
        ev.sampling_covariance(three([("a", "c"), ("b", "c"), ("a", "b")]))


def test_without_labels_rows_of_a_study_are_the_same_people() -> None:
    effects = three([("a", "c"), ("", "c")])
    known = ev.sampling_covariance(effects, 0.3)
    assert known.blocks[0][0, 1] == pytest.approx(0.012, rel=1e-14)
    assert "not labelled" in known.notes[0]
    assert "brown2001" in known.notes[0]
    assert "not labelled" in known._repr_html_()
    assert "1 correlated pairs" in repr(known)


def test_printed_numbers_count_only_where_they_add_up() -> None:
    # Means and SDs (MD, ROM): Lajeunesse 2011, eq. 2: the shared arm's sd² / (n mean²).
    numbers = {"post_sd_e": 4.0, "post_sd_c": 3.0, "post_mean_e": 10.0, "post_mean_c": 8.0}
    v = 16 / 2000 + 9 / (25 * 64)
    assert arm_variances("ROM", numbers, (20.0, 25.0), v) == pytest.approx((0.008, 9 / 1600))
    assert arm_variances("MD", numbers, (20.0, 25.0), 0.8 + 0.36) == pytest.approx((0.8, 0.36))
    assert arm_variances("MD", numbers, (20.0, 25.0), 1.3) is None
    assert arm_variances("SMD", numbers, (20.0, 25.0), 0.1) is None
    # A half added to every cell of a row with a zero.
    corrected = arm_variances(
        "OR", {"events_e": 0.0, "total_e": 20.0, "events_c": 5.0, "total_c": 20.0}, (20.0, 20.0),
        1 / 0.5 + 1 / 20.5 + 1 / 5.5 + 1 / 15.5,
    )  # fmt: skip
    assert corrected == pytest.approx((1 / 0.5 + 1 / 20.5, 1 / 5.5 + 1 / 15.5))


def test_the_printed_numbers_may_be_in_the_studies() -> None:
    studies = ev.example_studies().where(question="prevention", level="study")
    effects = ev.effect_sizes(studies, measure="RR")
    plain, informed = ev.sampling_covariance(effects), ev.sampling_covariance(effects, studies=studies)
    assert informed.studies == plain.studies
    v = effects.table["variance"].to_numpy()
    for rows, block in zip(informed.rows, informed.blocks, strict=True):
        assert np.diag(block) == pytest.approx(v[rows])


def shared(seed: int = 1) -> ev.Effects:
    """Return ten studies of two treatments against one control, two outcomes each."""
    rng = np.random.default_rng(seed)
    k = 40
    v = rng.uniform(0.03, 0.1, k)
    return ev.effects_from(
        rng.normal(0.3, 0.3, k),
        variance=v,
        study=[f"s{i // 4}" for i in range(k)],
        arm_e=[("hip", "knee")[i // 2 % 2] for i in range(k)],
        arm_c=["control"] * k,
        outcome=[("pain", "function")[i % 2] for i in range(k)],
        n_e=[20 + i % 3 for i in range(k)],
        n_c=[22] * k,
    )


def test_multilevel_takes_the_record() -> None:
    effects = shared()
    known = ev.sampling_covariance(effects, 0.5)
    fit = ev.multilevel(effects, rho=known)
    again = ev.multilevel(effects, rho=dict(zip(known.studies, known.blocks, strict=True)))
    assert fit.estimate == pytest.approx(again.estimate, rel=1e-13)
    assert fit.std_error == pytest.approx(again.std_error, rel=1e-12)
    assert "known covariance for shared arms, rho = 0.5" in " ".join(fit.notes)
    # Three levels with blocks, and rows in another order.
    order = np.random.default_rng(0).permutation(40)
    mixed = ev.Effects(effects.table.iloc[order].reset_index(drop=True), measure="GEN")
    arms = ("study", "arm_e", "row_id")
    assert ev.multilevel(mixed, levels=arms, rho=known).estimate == pytest.approx(
        ev.multilevel(effects, levels=arms, rho=known).estimate, rel=1e-11
    )
    # A part of the rows takes its part of the blocks.
    part = ev.Effects(effects.table.iloc[5:].reset_index(drop=True), measure="GEN")
    names = part.table.groupby("study", sort=False)["row_id"].apply(list)
    blocks = {study: known.block(rows) for study, rows in names.items()}
    assert ev.multilevel(part, rho=known).estimate == pytest.approx(
        ev.multilevel(part, rho=blocks).estimate, rel=1e-13
    )
    one = ev.Effects(effects.table.iloc[:4], measure="GEN")
    w = np.linalg.solve(known.blocks[0], np.ones(4))
    assert ev.multilevel(one, rho=known).estimate == pytest.approx(
        float(w @ one.table["estimate"]) / w.sum(), rel=1e-12
    )


def test_a_record_of_other_effects_is_refused() -> None:
    effects = shared()
    known = ev.sampling_covariance(effects)
    fewer = ev.sampling_covariance(ev.Effects(effects.table.iloc[:30], measure="GEN"))
    with pytest.raises(ModelError, match="does not hold row 31"):
        ev.multilevel(effects, rho=fewer)
    table = effects.table.copy()
    table["variance"] *= 2.0
    with pytest.raises(ModelError, match=r"^row 1: its variance is"):
        ev.multilevel(ev.Effects(table, measure="GEN"), rho=known)
    table = effects.table.assign(lab=[f"l{i % 4}" for i in range(40)])
    with pytest.raises(ModelError, match="puts them into different groups"):
        ev.multilevel(ev.Effects(table, measure="GEN"), levels=("lab", "row_id"), rho=known)
    with pytest.raises(ModelError, match="at least 0 and below 1"):
        ev.sampling_covariance(effects, rho=1.0)
    with pytest.raises(ModelError, match="takes Effects"):
        ev.sampling_covariance("effects")  # type: ignore[arg-type]
    limits = ev.effects_from(None, variance=[0.1], low=[0.0], kind=["interval"])
    assert len(ev.sampling_covariance(limits).blocks) == 1
    with pytest.raises(ModelError, match="no row has a sampling variance"):
        ev.sampling_covariance(ev.Effects(effects.table.assign(variance=np.nan), measure="GEN"))


def test_the_whole_matrix_is_for_few_rows() -> None:
    k = 2001
    effects = ev.effects_from(np.zeros(k), variance=0.1)
    with pytest.raises(ModelError, match="mostly zeros"):
        ev.sampling_covariance(effects).to_matrix()
