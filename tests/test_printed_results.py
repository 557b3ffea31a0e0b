"""What a result shows where it is printed: its name, its sentence and a few lines, never raw fields."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import evidence as ev
from evidence.fit.numbers import p_value
from evidence.fit.plain import LINES, plain

N = 30
EFFECTS = ev.effects_from(
    [0.1 * ((7 * i) % 11) - 0.2 for i in range(N)],
    std_error=[0.1 + 0.02 * ((5 * i) % 13) for i in range(N)],
    study=[f"a study with a name that is long, number {i}" for i in range(N)],
    year=list(range(1990, 1990 + N)),
)
RATIOS = ev.effects_from(
    [0.1, 0.5, 0.2, 0.45, 0.6, -0.1],
    std_error=[0.1, 0.2, 0.15, 0.22, 0.3, 0.12],
    scale="log",
    measure="RR",
)
FIT = ev.random_effects(EFFECTS)


def _strength() -> ev.Studies:
    choice = {"question": "integrated_vs_isolated", "level": "study", "domain": "strength"}
    return ev.example_studies().where(**choice, comparator_class="isolated_strength")


def _of_strength() -> ev.Effects:
    return ev.effect_sizes(_strength(), measure="SMD", correlation=0.7)


MADE = {
    "MetaFit": lambda: FIT,
    "Sensitivity": lambda: ev.sensitivity(FIT),
    "Power": lambda: ev.power(FIT),
    "NextTrial": lambda: ev.next_trial(FIT, n=list(range(10, 60)), variance=2.0),
    "Gosh": lambda: ev.gosh(EFFECTS, subsets=500, seed=1),
    "PermutationTest": lambda: ev.permutation_test(EFFECTS, draws=100, seed=1),
    "Bootstrap": lambda: ev.bootstrap(EFFECTS, draws=100),
    "Multiverse": lambda: ev.multiverse(EFFECTS, {"tau2": ["EE", "DL"], "inference": ["z", "HKSJ"]}),
    "SelectionModel": lambda: ev.selection_model(EFFECTS),
    "PCurve": lambda: ev.p_curve(EFFECTS),
    "PUniformStar": lambda: ev.p_uniform_star(EFFECTS),
    "WorstCase": lambda: ev.worst_case(EFFECTS),
    "SValue": lambda: ev.s_value(EFFECTS),
    "TrimAndFill": lambda: ev.trim_and_fill(EFFECTS),
    "FunnelTest": lambda: ev.funnel_test(EFFECTS),
    "PetPeese": lambda: ev.pet_peese(EFFECTS),
    "Influence": lambda: ev.influence(FIT),
    "LeaveOneOut": lambda: ev.leave_one_out(EFFECTS),
    "Cumulative": lambda: ev.cumulative(EFFECTS),
    "DirectionTest": lambda: ev.direction_test(EFFECTS),
    "ExcessTest": lambda: ev.excess_significance_test(EFFECTS),
    "FailSafeN": lambda: ev.fail_safe_n(EFFECTS),
    "Comparison": lambda: ev.compare(EFFECTS, by="study", model=ev.common_effect),
    "PartialSensitivity": lambda: ev.partial_sensitivity(_of_strength(), rhos=(0.6,)),
    "CorrelationGrid": lambda: ev.correlation_grid(_of_strength(), grid=(0.5, 0.7)),
    "Trap": lambda: ev.within_group_trap(n_e=15, n_c=15, p_e=0.01, p_c="ns"),
    "Claims": lambda: ev.claims(ev.example_studies()),
    "Audit": lambda: ev.audit(ev.example_studies()),
}
BESIDE = {
    "JointTest": lambda: MADE["Multiverse"]().joint_test,
    "GroupTest": lambda: (
        ev.compare(
            ev.effects_from([0.1, 0.2, 0.5, 0.6], std_error=0.1, group=["a", "a", "b", "b"]), by="group"
        ).test
    ),
    "Posterior": lambda: ev.pool_partial(EFFECTS).posterior,
    "UnitsEstimate": lambda: ev.pool_partial(_of_strength()).in_units(sd=1.2, unit="s"),
}
RAW = ("array(", "DataFrame", "dtype", "[5 rows", "nan", "NaN", "=None", "notes=(", "\n\n")


@pytest.mark.parametrize("name", [*MADE, *BESIDE])
def test_a_result_prints_its_sentence_and_a_few_lines(name: str) -> None:
    found = (MADE | BESIDE)[name]()
    text = repr(found)
    lines = text.splitlines()
    assert str(found) == text or name == "UnitsEstimate"
    assert text.startswith(f"<{name}: ")
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= 102
    assert not [word for word in RAW if word in text]
    sentence = getattr(found, "sentence", None)
    if name not in ("Claims", "Posterior", "JointTest"):
        said = " ".join((sentence if isinstance(sentence, str) else sentence()).split())
        shown = " ".join(text.split())
        assert said[:300] in shown or "\N{HORIZONTAL ELLIPSIS}>" in text
    if name not in BESIDE:
        page = found._repr_html_()
        assert "<table" in page


def test_every_public_result_of_a_synthesis_is_printed_here() -> None:
    homes = {
        name: home for name, home in ev._HOME.items() if home.startswith("synthesis") and name[0].isupper()
    }
    assert set(homes) <= set(MADE)


def test_a_longer_table_says_how_much_is_left_and_where() -> None:
    text = repr(ev.leave_one_out(EFFECTS))
    assert len(text.splitlines()) == LINES
    assert text.endswith(" more lines in .table")
    left = int(text.splitlines()[-1].split()[1])
    shown = [line for line in text.splitlines() if line.startswith("  a study with a name")]
    assert len(shown) + left == N


def test_logarithms_are_named_where_the_sentence_gives_ratios() -> None:
    for made in (
        ev.pet_peese(RATIOS),
        ev.leave_one_out(RATIOS),
        ev.multiverse(RATIOS, {"tau2": ["DL", "ML"]}),
    ):
        assert "the table is on the log scale:" in repr(made)
    assert "log scale" not in repr(ev.pet_peese(EFFECTS))


def test_a_sentence_without_end_and_hostile_cells_stay_in_their_lines() -> None:
    table = pd.DataFrame({"x": ["a\nb\x1f" * 50, None, "c"], "p": [0.1, float("nan"), 2.0]})
    text = plain(object(), "word " * 1000, table)
    assert len(text.splitlines()) <= LINES
    assert max(map(len, text.splitlines())) <= 102
    assert "nan" not in text
    assert "None" not in text


def test_turned_logarithms_are_said_to_be_turned() -> None:
    # Where fewer events favour the first arm a ratio is exp(-estimate), not exp(estimate).
    turned = replace(RATIOS, display_sign=-1)
    made = (
        ev.trim_and_fill(turned),
        ev.leave_one_out(turned),
        ev.multiverse(turned, {"tau2": ["DL", "ML"]}, draws=0),
    )
    for found in made:
        notes = " ".join(found.notes)
        assert "on the log scale" in notes
        assert "the exponential of minus that" in notes
        assert "their exponential" not in notes
        assert "turned so that positive favours the first arm" in notes
    for found in made[1:]:
        assert "the table is on the log scale, turned so that positive favours the first arm:" in repr(found)
    straight = ev.leave_one_out(RATIOS)
    assert "their exponential" in " ".join(straight.notes)
    assert "turned" not in " ".join(straight.notes) + repr(straight)


def test_small_numbers_beside_large_ones_and_p_values_keep_their_digits() -> None:
    table = pd.DataFrame(
        {"x": [0.8856, 450.4, -3.0], "p_value": [0.00002, 0.00312, 0.25], "q_p_value": [0.5, None, 0.5]}
    )
    lines = [line.split() for line in plain(object(), "said", table).splitlines()[2:]]
    assert lines == [["0.89", "<", "0.0001", "0.500"], ["450", "0.0031"], ["−3", "0.250", "0.500"]]
    page = ev.permutation_test(FIT, draws=200, seed=1)
    assert p_value(float(page.table["p_permuted"].iloc[0])) in repr(page).splitlines()[-1]
    assert f"<td>{p_value(float(page.table['p_value'].iloc[0]))}</td>".replace("<td><", "<td>&lt;") in (
        page._repr_html_()
    )


def test_sentences_of_deletions_and_draws_name_the_measure_once() -> None:
    effects = replace(RATIOS, table=RATIOS.table.assign(year=range(6)))
    fit = ev.random_effects(effects)
    made = (
        ev.leave_one_out(fit),
        ev.cumulative(effects),
        ev.gosh(fit),
        ev.bootstrap(fit, draws=100, seed=1),
        ev.permutation_test(fit, draws=100, seed=1),
    )
    for found in made:
        assert found.sentence().count("RR") == 1, found.sentence()
    assert "all 57 subsets of two or more of 6 studies" in made[2].sentence()


def test_two_studies_leave_one_study_and_one_subset() -> None:
    two = ev.effects_from([0.1, 0.5], variance=[0.01, 0.04], measure="SMD", study=["a", "b"])
    left = ev.leave_one_out(two).sentence()
    assert "One study is left each time, so that nothing is pooled." in left
    assert "in 0 of 2" not in left
    cloud = ev.gosh(two).sentence()
    assert "the only subset of two or more is both: SMD " in cloud
    assert "%" not in cloud
