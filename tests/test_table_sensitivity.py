"""The table of a sensitivity page: every variation once, in the orientation of print."""

from __future__ import annotations

from dataclasses import replace

import pytest

import evidence as ev
from evidence.publish.kinds import FIGURES, TABLES, maker
from evidence.table_content.sensitivity import sensitivity_table


@pytest.mark.parametrize("sign", [1, -1])
def test_every_variation_has_its_line_as_it_is_printed(sign: int) -> None:
    effects = ev.effects_from([0.1, 0.3, 0.9, 0.4, 0.5], variance=0.04, scale="log", measure="RR")
    page = ev.sensitivity(ev.random_effects(replace(effects, display_sign=sign)), progress=False)
    table = sensitivity_table(page)
    assert table.data["Varied"].tolist() == page.table["variation"].tolist()
    shown = page.fit.display
    first = table.data.iloc[0]
    assert first["RR"] == f"{shown['estimate']:.2f}"
    assert first["95 % interval"] == f"{shown['conf_low']:.2f} to {shown['conf_high']:.2f}"
    assert set(table.data["Holds"].iloc[1:]) <= {"yes", "no"}
    assert (table.data["Holds"].eq("no")).sum() == page.table["holds"].eq(False).sum()
    assert table.caption == page.sentence()
    assert not any("log scale" in note for note in table.notes)


def test_limits_without_an_estimate_are_told_as_limits() -> None:
    low = [0.1, 0.2, 0.0, 0.3]
    effects = ev.effects_from([None] * 4, std_error=0.2, low=low, high=[float("inf")] * 4)  # type: ignore[list-item]
    told = sensitivity_table(ev.sensitivity(ev.pool_partial(effects), progress=False)).data
    assert told["95 % interval"].iloc[0].startswith("above ")


def test_a_ratio_of_zero_is_no_limit() -> None:
    effects = ev.effects_from([0.1, 0.3, 0.9], variance=0.04, scale="log", measure="RR", study=list("abc"))
    page = ev.sensitivity(ev.random_effects(replace(effects, display_sign=-1)), progress=False)
    lines = page.table.copy()
    lines.loc[1, ["conf_low", "conf_high"]] = [-float("inf"), float("inf")]
    lines.loc[2, ["conf_low", "conf_high"]] = [0.0, float("inf")]
    told = sensitivity_table(replace(page, table=lines)).data["95 % interval"]
    assert told.iloc[1] == "no bound"
    assert told.iloc[2] == "below 1.00"


def test_a_recipe_knows_both_kinds() -> None:
    assert callable(maker(FIGURES["tornado"].made_by))
    assert callable(maker(TABLES["sensitivity"].made_by))


def test_the_page_is_a_table_and_other_results_name_the_way_to_one() -> None:
    effects = ev.effects_from([0.1, 0.5, 0.3, 0.8], std_error=0.2, study=list("abcd"))
    fit = ev.random_effects(effects)
    assert ev.to_table(ev.sensitivity(fit)).data.shape[0] > 3
    left_out = ev.leave_one_out(fit)
    with pytest.raises(ev.ModelError, match=r"got LeaveOneOut\. Its \.table is a DataFrame: ev\.Table"):
        ev.to_table(left_out)  # type: ignore[arg-type]
    assert "Without one study" in ev.Table(left_out.table, caption="Without one study").markdown
