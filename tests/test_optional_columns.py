"""Columns that a file may have: read, checked and documented like the others."""

from __future__ import annotations

import pytest
from helpers_studies import studies_of

import evidence as ev
from evidence.studies.columns import COLUMNS, OPTIONAL_COLUMNS


def test_their_names_are_the_ones_that_mappings_are_written_with() -> None:
    names = {column.name for column in OPTIONAL_COLUMNS}
    stages = {
        f"{stage}_{what}_{arm}"
        for stage in ("pre", "post", "change")
        for what in ("se", "ci_low", "ci_high", "median", "q1", "q3", "min", "max")
        for arm in "ec"
    }
    arms = {
        f"{what}_{arm}" for what in ("pre_n", "post_n", "r", "t_within", "change_percent") for arm in "ec"
    }
    between = {"t_between", "f_between", "f_df1", "df_between", "chi2_between", "r_between", "arm_ci_level"}
    adjusted = {f"adjusted_{what}" for what in ("difference", "se", "ci_low", "ci_high")}
    facts = {"scale_items", "scale_min", "scale_max", "subgroup"}
    assert names == stages | arms | between | adjusted | facts
    assert not names & {column.name for column in COLUMNS}


def test_a_file_without_them_has_none() -> None:
    assert ev.example_studies().table.columns.tolist() == [column.name for column in COLUMNS]


def test_those_of_the_file_follow_the_others_with_their_digits() -> None:
    studies = studies_of({"direction": "favours_e", "post_se_e": "1.20", "r_c": ".8"})
    assert studies.table.columns.tolist() == [*(column.name for column in COLUMNS), "post_se_e", "r_c"]
    assert studies.table.loc[0, ["post_se_e", "r_c"]].tolist() == [1.2, 0.8]
    assert studies.text.loc[0, ["post_se_e", "r_c"]].tolist() == ["1.20", ".8"]
    assert len(studies.where(post_se_e=1.2)) == 1
    book = studies.codebook().set_index("column")["filled"]
    assert book["post_se_e"] == 1
    assert book["post_se_c"] == 0
    with pytest.raises(ev.StudyDataError, match="where"):
        studies.where(post_se_c=1.2)


@pytest.mark.parametrize(
    ("cells", "column", "rule"),
    [
        ({"post_se_e": "0"}, "post_se_e", "a standard error is positive"),
        ({"post_se_c": "-1"}, "post_se_c", "a standard error is positive"),
        ({"pre_n_e": "0"}, "pre_n_e", "the size of an arm is a whole number, 1 or more"),
        ({"post_n_c": "7.5"}, "post_n_c", "the size of an arm is a whole number, 1 or more"),
        ({"arm_ci_level": "95"}, "arm_ci_level", "a confidence level lies between 0 and 1"),
        ({"r_e": "1.2"}, "r_e", "a correlation lies between -1 and 1"),
        ({"f_between": "-3"}, "f_between", "an F is 0 or more"),
        ({"f_df1": "0"}, "f_df1", "degrees of freedom are 1 or more"),
        ({"chi2_between": "-1"}, "chi2_between", "a chi-squared is 0 or more"),
        (
            {"post_ci_low_e": "5", "post_ci_high_e": "3"},
            "post_ci_low_e",
            "the lower limit is below the upper one",
        ),
        (
            {"adjusted_ci_low": "5", "adjusted_ci_high": "5"},
            "adjusted_ci_low",
            "the lower limit is below the upper one",
        ),
        (
            {"post_mean_e": "9", "post_ci_low_e": "3", "post_ci_high_e": "5"},
            "post_mean_e",
            "an interval lies around its value",
        ),
        (
            {"adjusted_difference": "9", "adjusted_ci_low": "3", "adjusted_ci_high": "5"},
            "adjusted_difference",
            "an interval lies around its value",
        ),
        ({"post_min_e": "4", "post_median_e": "3"}, "post_median_e", "do not fall"),
        ({"post_q1_e": "4", "post_median_e": "", "post_q3_e": "3"}, "post_q3_e", "do not fall"),
        ({"post_median_c": "4", "post_max_c": "3.9"}, "post_max_c", "do not fall"),
    ],
)
def test_a_cell_that_cannot_be_is_named(cells: dict[str, str], column: str, rule: str) -> None:
    with pytest.raises(ev.StudyDataError, match=rule) as caught:
        studies_of({"direction": "favours_e", **cells})
    (problem,) = caught.value.problems
    assert (problem.row, problem.line, problem.column, problem.value) == ("r000", 2, column, cells[column])
    assert problem.fix


def test_a_misspelt_name_is_told_the_nearest_one() -> None:
    with pytest.raises(ev.StudyDataError, match="did you mean post_median_e"):
        studies_of({"direction": "favours_e", "post_medain_e": "1"})


def test_a_row_with_a_result_in_them_alone_is_no_odd_row() -> None:
    rule = "a row has a result that compares its arms"
    assert rule not in set(studies_of({"t_between": "2.1"}).warnings["rule"])
    assert rule not in set(studies_of({"post_median_e": "2", "post_median_c": "1"}).warnings["rule"])
    assert rule in set(studies_of({"t_within_e": "2.1"}).warnings["rule"])


def test_medians_need_better_as_means_do() -> None:
    cells = {"post_median_e": "2", "post_median_c": "1", "n_e": 10, "n_c": 10}
    rules = studies_of(cells).warnings["rule"].tolist()
    assert rules == ["arm means need better: which end of the outcome is good"]
    assert studies_of({**cells, "better": "lower"}).warnings.empty
