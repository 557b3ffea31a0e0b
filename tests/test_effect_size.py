"""The array door: what it takes, refuses and says, and how measures behave under changes of the data."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evidence as ev
from evidence.effects.measures import MEASURES
from evidence.effects.measures.proportions import freeman_tukey_share
from evidence.effects.measures.superiority import common_language

MEANS: dict[str, Any] = {"m1i": [12.0, 9.0], "sd1i": [3.0, 2.0], "n1i": [20, 15]} | {
    "m2i": [10.0, 10.0],
    "sd2i": [4.0, 2.5],
    "n2i": [25, 15],
}
COUNTS: dict[str, Any] = {"ai": [5, 0, 0], "n1i": [40, 40, 30], "ci": [10, 3, 0], "n2i": [40, 40, 30]}


class TestWhatItTakes:
    def test_single_numbers_hold_for_every_row(self) -> None:
        one = ev.effect_size("MD", m1i=[3, 4], sd1i=2, n1i=10, m2i=1, sd2i=2, n2i=10)
        np.testing.assert_allclose(one.estimate, [2, 3])
        np.testing.assert_allclose(one.variance, [0.8, 0.8])

    def test_lower_case_and_morris_spelling(self) -> None:
        assert ev.effect_size("smd", **MEANS).measure == "SMD"
        data = {"pre1i": 10, "post1i": 14, "sdpre1i": 4, "n1i": 20, "pre2i": 10, "post2i": 11, "sdpre2i": 4}
        assert ev.effect_size("d_ppc2", **data, n2i=20, ri=0.5).measure == "DPPC2"

    def test_lists_arrays_and_series(self) -> None:
        import pandas as pd

        frame = pd.DataFrame(MEANS)
        one, two = ev.effect_size("SMD", **MEANS), ev.effect_size("SMD", **dict(frame.items()))
        np.testing.assert_array_equal(one.estimate, two.estimate)

    def test_columns_that_a_measure_does_not_use_are_named(self) -> None:
        assert ev.effect_size("VR", **MEANS).notes == ("VR does not use m1i, m2i.",)

    def test_f_is_the_square_of_t(self) -> None:
        from_t = ev.effect_size("SMD", ti=[-2.0, 1.5], n1i=20, n2i=22)
        from_f = ev.effect_size("SMD", fi=[-4.0, 2.25], n1i=20, n2i=22)
        np.testing.assert_allclose(from_f.estimate, from_t.estimate, rtol=1e-14)

    def test_rows_may_differ_in_what_they_have(self) -> None:
        got = ev.effect_size("COR", ri=[0.3, None, None], ti=[None, 2.0, None], pi=[None, None, -0.04], ni=30)
        assert not got.unusable.any()
        assert got.estimate[2] < 0 < got.estimate[1]

    def test_a_form_for_each_row(self) -> None:
        mixed = ev.effect_size("SMD", **MEANS, vtype=["LS", "UB"])
        assert mixed.variance[0] == ev.effect_size("SMD", **MEANS).variance[0]
        assert mixed.variance[1] == ev.effect_size("SMD", **MEANS, vtype="UB").variance[1]
        assert mixed.vtype == ("LS", "UB")


class TestZeroCounts:
    def test_half_is_added_to_rows_with_a_zero_only(self) -> None:
        got = ev.effect_size("OR", **COUNTS)
        assert got.added.tolist() == [False, True, True]
        assert got.estimate[0] == pytest.approx(np.log(5 * 30 / (35 * 10)))
        assert got.estimate[1] == pytest.approx(np.log(0.5 * 37.5 / (40.5 * 3.5)))

    def test_double_zero_rows_stay_and_are_marked(self) -> None:
        got = ev.effect_size("RR", **COUNTS)
        assert got.double_zero.tolist() == [False, False, True]
        assert got.estimate[2] == 0
        assert any("row 3: kept" in note for note in got.notes)

    def test_drop00_leaves_the_row_in_place(self) -> None:
        got = ev.effect_size("RR", **COUNTS, drop00=True)
        assert len(got) == 3
        assert got.unusable.tolist() == [False, False, True]
        assert "drop00" in got.reasons[2]

    @pytest.mark.parametrize(("to", "added"), [("all", 3), ("if0all", 3), ("none", 0), ("only0", 2)])
    def test_to(self, to: str, added: int) -> None:
        assert ev.effect_size("RD", **COUNTS, to=to).added.sum() == added

    @pytest.mark.parametrize("code", ["AS", "PHI", "RTET", "IRSD", "PAS", "PFT", "IRS", "IRFT"])
    def test_measures_that_exist_at_zero_get_nothing(self, code: str) -> None:
        assert MEASURES[code].add == 0

    def test_without_an_addition_a_zero_has_no_odds_ratio(self) -> None:
        got = ev.effect_size("OR", **COUNTS, to="none")
        assert got.unusable.tolist() == [False, True, True]
        assert "logarithm" in got.reasons[1]


class TestRefusals:
    @pytest.mark.parametrize(
        ("measure", "change", "words"),
        [
            ("SMD", {"sd1i": [0.0, 2.0]}, "row 1 of 2, sd1i: a standard deviation is positive, got 0"),
            ("SMD", {"sd2i": [4.0, -2.5]}, "row 2 of 2, sd2i"),
            ("MD", {"n1i": [20, 1]}, "row 2 of 2, n1i: a group has at least 2 people, got 1"),
            ("ROM", {"m1i": [np.inf, 1.0]}, "row 1 of 2, m1i: a value is a finite number, got inf"),
        ],
    )
    def test_means(self, measure: str, change: dict[str, Any], words: str) -> None:
        with pytest.raises(ev.ModelError, match=words) as error:
            ev.effect_size(measure, **{**MEANS, **change})
        assert 'invalid="mark"' in str(error.value)

    @pytest.mark.parametrize(
        ("measure", "data", "words"),
        [
            (
                "OR",
                {"ai": [12], "n1i": [10], "ci": [3], "n2i": [10]},
                "no more events than people, got 12 of 10",
            ),
            ("RR", {"ai": [-1], "bi": [5], "ci": [3], "di": [10]}, "a count is 0 or more, got -1"),
            ("PR", {"xi": [11], "ni": [10]}, "no more events than people"),
            ("COR", {"ri": [1.2], "ni": [30]}, "a correlation lies between -1 and 1, got 1.2"),
            ("SMD", {"pi": [0.0], "n1i": [10], "n2i": [10]}, "a p printed as 0.000 is a limit"),
            ("IRR", {"x1i": [3], "t1i": [0.0], "x2i": [4], "t2i": [10]}, "a person-time is positive"),
            ("SMCR", {"m1i": 1, "m2i": 0, "sd1i": 1, "ni": 10, "ri": 1.5}, "between -1 and 1"),
        ],
    )
    def test_impossible_numbers(self, measure: str, data: dict[str, Any], words: str) -> None:
        with pytest.raises(ev.ModelError, match=words):
            ev.effect_size(measure, **data)
        marked = ev.effect_size(measure, **data, invalid="mark")
        assert marked.unusable.tolist() == [True]
        assert marked.reasons[0]

    def test_every_broken_cell_of_a_row_is_named(self) -> None:
        with pytest.raises(ev.ModelError, match=r"sd1i: a standard .*; n1i: a group has at least 2"):
            ev.effect_size("SMD", **{**MEANS, "sd1i": [3.0, 0.0], "n1i": [20, 1]})

    def test_arms_of_different_lengths(self) -> None:
        with pytest.raises(ev.ModelError, match="sd1i has 1 row and m1i has 2"):
            ev.effect_size("SMD", **{**MEANS, "sd1i": [3.0]})

    def test_missing_columns_are_named(self) -> None:
        with pytest.raises(ev.ModelError, match="missing: sd2i"):
            ev.effect_size("SMD", m1i=1, sd1i=1, n1i=10, m2i=0, n2i=10)

    def test_empty_cells_are_marked_or_raise(self) -> None:
        data = {**MEANS, "sd1i": [None, 2.0]}
        got = ev.effect_size("SMD", **data)
        assert got.reasons == {0: "missing: sd1i"}
        assert got.notes == ("No effect in row 1: see .reasons.",)
        assert np.isnan(got.estimate[0])
        assert np.isfinite(got.estimate[1])
        with pytest.raises(ev.ModelError, match=r'missing: sd1i(.|\n)*missing="mark"'):
            ev.effect_size("SMD", **data, missing="raise")

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"vtype": "XX"}, "vtype of SMD must be one of LS, LS2, UB, AV, H0"),
            ({"vtype": ["LS"]}, "2 in all; got 1"),
            ({"to": "some"}, "to must be one of"),
            ({"add": -1}, "add must be"),
            ({"correct": 1}, "correct takes True or False"),
            ({"missing": "drop"}, "missing must be one of"),
        ],
    )
    def test_options(self, options: dict[str, Any], words: str) -> None:
        with pytest.raises(ev.ModelError, match=words):
            ev.effect_size("SMD", **MEANS, **options)

    def test_cells_that_contradict_the_size_of_the_group(self) -> None:
        with pytest.raises(ev.ModelError, match="ai and bi make up n1i, got 15 and 20"):
            ev.effect_size("OR", ai=5, bi=10, n1i=20, ci=3, di=17)
        assert not ev.effect_size("OR", ai=5, bi=15, n1i=20, ci=3, di=17).unusable.any()
        wild = ev.effect_size("OR", ai=np.inf, bi=-np.inf, n1i=20, ci=3, di=17, invalid="mark")
        assert "ai: a count is 0 or more, got inf" in wild.reasons[0]

    def test_masked_cells_are_empty_cells(self) -> None:
        masked = np.ma.MaskedArray([12.0, 9.0], mask=[True, False])
        assert ev.effect_size("SMD", **{**MEANS, "m1i": masked}).reasons == {0: "missing: m1i"}

    def test_no_degrees_of_freedom_is_not_a_missing_cell(self) -> None:
        got = ev.effect_size("PCOR", ti=[2.0, 2.0], ni=[5, 30], mi=5)
        assert got.unusable.tolist() == [True, False]
        assert got.reasons[0].startswith("PCOR does not exist for these numbers")

    def test_no_rows_give_no_rows(self) -> None:
        assert len(ev.effect_size("MD", m1i=[], sd1i=[], n1i=[], m2i=[], sd2i=[], n2i=[])) == 0

    def test_unknown_measure_lists_and_suggests(self) -> None:
        with pytest.raises(ev.ModelError, match="did you mean SMD"):
            ev.effect_size("SMDD", **MEANS)

    def test_no_numbers(self) -> None:
        with pytest.raises(ev.ModelError, match="m1i must hold numbers"):
            ev.effect_size("SMD", **{**MEANS, "m1i": ["12", "9"]})
        with pytest.raises(ev.ModelError, match="a table of shape"):
            ev.effect_size("SMD", **{**MEANS, "m1i": [[1.0, 2.0]]})

    def test_opposite_means_have_no_ratio_and_say_so(self) -> None:
        got = ev.effect_size("ROM", **{**MEANS, "m1i": [-12.0, 9.0]})
        assert got.unusable.tolist() == [True, False]
        assert "opposite sign" in got.reasons[0]


class TestWhatItReturns:
    def test_the_table_has_a_row_for_each_row(self) -> None:
        got = ev.effect_size("OR", **{**COUNTS, "ai": [5, None, 0]})
        table = got.table()
        assert table["kind"].tolist() == ["exact", "unusable", "exact"]
        np.testing.assert_allclose(table["display"], np.exp(got.estimate))
        assert table["display_low"][0] < table["display"][0] < table["display_high"][0]
        assert "2 rows" not in repr(got)
        assert "3 rows of OR, 1 unusable" in repr(got)
        assert "unusable" in got._repr_html_()

    def test_it_leads_to_models(self) -> None:
        got = ev.effect_size("OR", **{**COUNTS, "ai": [5, 4, None]})
        effects = got.effects(study=["A", "B", "C"])
        assert effects.table["kind"].tolist() == ["exact", "exact", "unusable"]
        fit = ev.common_effect(effects)
        weights = 1 / got.variance[:2]
        assert fit.estimate == pytest.approx(float(np.sum(weights * got.estimate[:2]) / weights.sum()))
        assert fit.k == 2

    def test_it_travels_between_processes(self) -> None:
        got = ev.effect_size("OR", **COUNTS, drop00=True)
        back = pickle.loads(pickle.dumps(got))
        np.testing.assert_array_equal(back.estimate, got.estimate)
        assert back.reasons == got.reasons

    def test_common_language(self) -> None:
        got = ev.effect_size("SMD", di=[0.0, 0.5], n1i=1000, n2i=1000, correct=False)
        np.testing.assert_allclose(got.common_language, [0.5, 0.638], atol=6e-4)
        with pytest.raises(ev.ModelError, match="these effects are MD"):
            _ = ev.effect_size("MD", **MEANS).common_language

    def test_studies_name_every_row(self) -> None:
        with pytest.raises(ev.ModelError, match="study must name every row"):
            ev.effect_size("SMD", **MEANS).effects(study=["A"])

    @given(st.integers(2, 400), st.data())
    def test_freeman_tukey_goes_back(self, n: int, data: st.DataObject) -> None:
        events = data.draw(st.integers(0, n))
        got = ev.effect_size("PFT", xi=events, ni=n)
        assert float(freeman_tukey_share(got.estimate, np.array([n]))[0]) == pytest.approx(
            events / n, abs=1e-7
        )


size = st.integers(3, 300)
mean = st.floats(0.5, 200)
spread = st.floats(0.2, 40)
TWO_GROUPS = ["MD", "SMD", "SMDH", "ROM", "CVR", "VR", "D2ORL", "D2ORN", "RPB", "ZPB"]


def swapped(data: dict[str, Any]) -> dict[str, Any]:
    other = {"1": "2", "2": "1"}
    return {name.translate(str.maketrans(other)): value for name, value in data.items()}


def groups(m1: float, s1: float, n1: int, m2: float, s2: float, n2: int) -> dict[str, Any]:
    return {"m1i": m1, "sd1i": s1, "n1i": n1, "m2i": m2, "sd2i": s2, "n2i": n2}


class TestUnderChanges:
    @given(m1=mean, s1=spread, n1=size, m2=mean, s2=spread, n2=size)
    @pytest.mark.parametrize("measure", TWO_GROUPS)
    def test_swapping_the_groups_flips_the_sign(
        self, measure: str, m1: float, s1: float, n1: int, m2: float, s2: float, n2: int
    ) -> None:
        data = groups(m1, s1, n1, m2, s2, n2)
        one, two = ev.effect_size(measure, **data), ev.effect_size(measure, **swapped(data))
        np.testing.assert_allclose(two.estimate, -one.estimate, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(two.variance, one.variance, rtol=1e-9)

    @given(a=st.integers(0, 50), b=st.integers(0, 50), c=st.integers(0, 50), d=st.integers(0, 50))
    @pytest.mark.parametrize("measure", ["RR", "OR", "RD", "AS", "PETO", "PBIT", "OR2DL"])
    def test_swapping_the_groups_of_counts(self, measure: str, a: int, b: int, c: int, d: int) -> None:
        if a + b == 0 or c + d == 0:
            return
        one = ev.effect_size(measure, ai=a, bi=b, ci=c, di=d)
        two = ev.effect_size(measure, ai=c, bi=d, ci=a, di=b)
        assert one.unusable[0] == two.unusable[0]
        np.testing.assert_allclose(two.estimate, -one.estimate, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(two.variance, one.variance, rtol=1e-9)

    @given(a=st.integers(0, 50), b=st.integers(1, 50), c=st.integers(0, 50), d=st.integers(1, 50))
    def test_an_odds_ratio_turns_over_with_the_outcome_and_a_risk_ratio_does_not(
        self, a: int, b: int, c: int, d: int
    ) -> None:
        one, two = (ev.effect_size("OR", **x) for x in (_cells(a, b, c, d), _cells(b, a, d, c)))
        np.testing.assert_allclose(two.estimate, -one.estimate, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(two.variance, one.variance, rtol=1e-12)

    @given(m1=mean, s1=spread, n1=size, m2=mean, s2=spread, n2=size, unit=st.floats(1e-3, 1e3))
    def test_units_scale_the_mean_difference_and_leave_the_rest(
        self, m1: float, s1: float, n1: int, m2: float, s2: float, n2: int, unit: float
    ) -> None:
        data = groups(m1, s1, n1, m2, s2, n2)
        other = groups(unit * m1, unit * s1, n1, unit * m2, unit * s2, n2)
        one, two = ev.effect_size("MD", **data), ev.effect_size("MD", **other)
        np.testing.assert_allclose(two.estimate, unit * one.estimate, rtol=1e-9, atol=1e-10 * unit)
        np.testing.assert_allclose(two.variance, unit**2 * one.variance, rtol=1e-9)
        for measure in ("SMD", "SMDH", "SMD1", "ROM", "CVR", "VR", "CLESN"):
            one, two = ev.effect_size(measure, **data), ev.effect_size(measure, **other)
            np.testing.assert_allclose(two.estimate, one.estimate, rtol=1e-7, atol=1e-10, err_msg=measure)
            np.testing.assert_allclose(two.variance, one.variance, rtol=1e-7, err_msg=measure)

    @given(m1=mean, s1=spread, n1=size, m2=mean, s2=spread, n2=size, shift=st.floats(0, 500))
    def test_a_shift_of_the_scale_leaves_differences(
        self, m1: float, s1: float, n1: int, m2: float, s2: float, n2: int, shift: float
    ) -> None:
        for measure in ("MD", "SMD", "SMDH", "VR"):
            one = ev.effect_size(measure, **groups(m1, s1, n1, m2, s2, n2))
            two = ev.effect_size(measure, **groups(m1 + shift, s1, n1, m2 + shift, s2, n2))
            np.testing.assert_allclose(two.estimate, one.estimate, rtol=1e-6, atol=1e-9)

    @given(m1=mean, s1=spread, n1=size, m2=mean, s2=spread, n2=size)
    def test_the_t_of_the_same_data_says_the_same(
        self, m1: float, s1: float, n1: int, m2: float, s2: float, n2: int
    ) -> None:
        pooled = np.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2))
        t = (m1 - m2) / (pooled * np.sqrt(1 / n1 + 1 / n2))
        for measure in ("SMD", "RPB", "D2ORL", "RBIS"):
            means = ev.effect_size(measure, **groups(m1, s1, n1, m2, s2, n2))
            from_t = ev.effect_size(measure, ti=t, n1i=n1, n2i=n2)
            np.testing.assert_allclose(from_t.estimate, means.estimate, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(from_t.variance, means.variance, rtol=1e-8)

    @given(m1=mean, m2=mean, s1=spread, s2=spread, n=st.integers(5, 300), r=st.floats(-0.9, 0.95))
    def test_swapping_the_occasions(
        self, m1: float, m2: float, s1: float, s2: float, n: int, r: float
    ) -> None:
        data = {"m1i": m1, "sd1i": s1, "m2i": m2, "sd2i": s2, "ni": n, "ri": r}
        for measure in ("MC", "SMCC", "SMCRP", "SMCRPH", "ROMC", "CVRC", "VRC"):
            one, two = ev.effect_size(measure, **data), ev.effect_size(measure, **swapped(data))
            np.testing.assert_allclose(two.estimate, -one.estimate, rtol=1e-8, atol=1e-10, err_msg=measure)
            np.testing.assert_allclose(two.variance, one.variance, rtol=1e-8, err_msg=measure)

    @given(d=st.floats(-3, 3), n1=size, n2=size)
    def test_d_to_odds_ratio_and_back(self, d: float, n1: int, n2: int) -> None:
        odds = ev.effect_size("D2ORL", di=d, n1i=n1, n2i=n2)
        assert float(odds.estimate[0]) * np.sqrt(3) / np.pi == pytest.approx(d, abs=1e-12)

    @given(d=st.floats(-4, 4))
    def test_common_language_is_symmetric(self, d: float) -> None:
        assert float(common_language(np.array(d)) + common_language(np.array(-d))) == pytest.approx(1)

    @given(
        st.lists(st.tuples(mean, spread, size, mean, spread, size), min_size=1, max_size=8),
        st.sampled_from(["SMD", "MD", "ROM", "CVR", "SMDH", "SMD1"]),
    )
    def test_rows_do_not_depend_on_each_other(
        self, rows: list[tuple[float, float, int, float, float, int]], measure: str
    ) -> None:
        names = ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")
        together = ev.effect_size(
            measure, **dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
        )
        for at, row in enumerate(rows):
            alone = ev.effect_size(measure, **dict(zip(names, row, strict=True)))
            np.testing.assert_array_equal(alone.estimate[0], together.estimate[at])
            np.testing.assert_array_equal(alone.variance[0], together.variance[at])


def _cells(a: int, b: int, c: int, d: int) -> dict[str, int]:
    return {"ai": a, "bi": b, "ci": c, "di": d}


@pytest.mark.parametrize("unit", [1e-300, 1e300])
def test_deviations_without_a_square_are_refused(unit: float) -> None:
    columns: dict[str, Any] = {
        "m1i": [3 * unit],
        "sd1i": [unit],
        "n1i": [10],
        "m2i": [0.0],
        "sd2i": [unit],
        "n2i": [10],
    }
    with pytest.raises(ev.ModelError, match=r"sd1i: no square of it can be computed with"):
        ev.effect_size("SMD", **columns)
    marked = ev.effect_size("SMD", **columns, invalid="mark")
    assert marked.unusable.tolist() == [True]
