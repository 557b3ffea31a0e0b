"""What the charts show is decided in rows, tested here without a figure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from helpers_charts import LONG_OUTCOME, SIX, Compared, Fit, Found, comparison, directions, map_table, rows

import evidence as ev
from evidence.charts.captions import left_out_notes
from evidence.charts.direction_rows import DIRECTION_COLUMNS, effect_direction_rows
from evidence.charts.domains import domains, domains_alt, domains_caption, domains_title
from evidence.charts.domains_rows import DOMAIN_COLUMNS, domains_rows
from evidence.charts.effect_direction import (
    effect_direction,
    effect_direction_alt,
    effect_direction_caption,
)
from evidence.charts.evidence_map import (
    MAP_COLUMNS,
    evidence_map,
    evidence_map_alt,
    evidence_map_caption,
    evidence_map_rows,
)
from evidence.charts.forest import forest, forest_alt, forest_caption, forest_title
from evidence.charts.forest_rows import FOREST_COLUMNS, forest_rows
from evidence.charts.words import (
    MINUS,
    count,
    decimals_for,
    interval_words,
    listed,
    number,
    percent,
    plural,
    range_words,
)
from evidence.errors import ModelError


def test_forest_rows_keep_every_row_and_its_order() -> None:
    table = rows(12, left_out=4)
    out = forest_rows(Fit(rows=table))  # type: ignore[arg-type]
    assert tuple(out.columns) == FOREST_COLUMNS
    assert list(out["row_id"][:16]) == list(table["row_id"])
    assert list(out["role"]) == ["row"] * 12 + ["left_out"] * 4 + ["pooled", "prediction"]
    assert set(out.loc[out["role"] == "left_out", "note"]) == {"only changes within groups were printed"}


def test_exact_rows_have_the_normal_interval_and_others_no_point() -> None:
    out = forest_rows(Fit(rows=rows(12)))  # type: ignore[arg-type]
    table = rows(12)
    exact = out[out["kind"] == "exact"].iloc[0]
    assert exact["mark"] == "square"
    assert exact["high"] - exact["estimate"] == pytest.approx(1.959964 * table["std_error"][0], rel=1e-6)
    bounds = out[out["kind"] == "interval"]
    assert set(bounds["mark"]) == {"band"}
    assert bounds["estimate"].isna().all()
    assert set(bounds["estimate_text"]) == {""}
    assert list(bounds["low"]) == list(table.loc[table["kind"] == "interval", "low"])
    assert set(out.loc[out["kind"] == "sign", "interval_text"]) <= {"above 0", "below 0"}


def test_long_labels_are_whole_in_the_rows() -> None:
    out = forest_rows(Fit(rows=rows(3, long=True)))  # type: ignore[arg-type]
    assert out["outcome"][0] == f"{LONG_OUTCOME} 0"


def test_ratios_keep_the_printed_orientation() -> None:
    # log RR 0.5 in favour of the first arm, by fewer events: the ratio is printed as exp(-0.5) = 0.61.
    table = rows(3, kinds=("exact",))
    table["estimate"], table["std_error"] = 0.5, 0.1
    fit = Fit(
        0.5, 0.3, 0.7, scale="log", display_sign=-1, pred_low=0.1, pred_high=0.9, measure="RR", rows=table
    )
    out = forest_rows(fit)  # type: ignore[arg-type]
    pooled = out[out["role"] == "pooled"].iloc[0]
    assert (pooled["low"], pooled["estimate"], pooled["high"]) == pytest.approx(
        (math.exp(-0.7), math.exp(-0.5), math.exp(-0.3))
    )
    assert (out["low"] < out["high"]).all()
    assert out["estimate_text"][0] == "0.61"


def test_open_ratios_are_above_or_below() -> None:
    table = rows(1, kinds=("sign",))
    table["low"], table["high"] = 0.0, math.inf
    fit = Fit(
        *(None, 0.1, math.inf),
        bound="lower",
        scale="log",
        display_sign=-1,
        pred_low=None,
        n_studies=6,
        rows=table,
    )
    out = forest_rows(fit)  # type: ignore[arg-type]
    assert out["interval_text"][0] == "below 1"
    assert out["interval_text"][1] == "at most 0.90 (95% CI)"
    assert out["mark"][1] == "bound"


def test_a_one_sided_result_is_a_limit_and_never_a_diamond() -> None:
    fit = Fit(
        None, 0.12, math.inf, bound="lower", pred_low=None, pred_high=None, rows=rows(4, kinds=("sign",))
    )
    pooled = forest_rows(fit).query("role == 'pooled'").iloc[0]  # type: ignore[arg-type]
    assert (pooled["mark"], pooled["interval_text"], pooled["estimate_text"]) == (
        "bound",
        "at least 0.12 (95% CI)",
        "",
    )
    assert "no pooled value, only a limit: at least 0.12 (95% CI)" in forest_caption(fit)  # type: ignore[arg-type]
    nothing = Fit(
        None, None, None, bound="none", pred_low=None, pred_high=None, rows=rows(2, kinds=("sign",))
    )
    pooled = forest_rows(nothing).query("role == 'pooled'").iloc[0]  # type: ignore[arg-type]
    assert (pooled["mark"], pooled["interval_text"]) == ("none", "no limit")


def test_missing_people_are_a_dash_and_shares_have_a_name() -> None:
    out = forest_rows(Fit(rows=rows(4, missing_n=True, share="contribution")))  # type: ignore[arg-type]
    assert out["n_text"][1] == "\u2013"
    assert math.isnan(out["people"][1])
    assert out.attrs["share_name"] == "Unique information"


def test_results_alongside_are_drawn_only_where_they_share_the_scale() -> None:
    other = Fit(0.3, -0.4, 1.0, measure="RR", scale="log")
    same = ("without inferred rows", Fit())  # all rows again: the result itself, not drawn twice
    fit = Fit(rows=rows(3), alongside=(("exact rows only", Fit(k=2)), ("direction only", other), same))
    out = forest_rows(fit)  # type: ignore[arg-type]
    assert list(out.loc[out["role"] == "alongside", "label"]) == ["Exact rows only"]


def test_captions_and_alt_texts_hold_the_numbers() -> None:
    fit = Fit(rows=rows(12), k=12, n_studies=12, n_people=1830.0)
    caption, alt = forest_caption(fit), forest_alt(fit)  # type: ignore[arg-type]
    for part in (
        "0.41",
        "95%",
        "0.10 to 0.72",
        "REML, HKSJ",
        "12 rows of 12 studies",
        "1\u2009830 people",
        "42%",
    ):
        assert part in caption
    assert "12 rows (4 with value, 4 with bounds only and 4 with direction only)" in alt
    assert "0.41" in alt


def test_left_out_rows_are_named_with_their_reason() -> None:
    out = forest_rows(Fit(rows=rows(2, left_out=6)))  # type: ignore[arg-type]
    (note,) = left_out_notes(out)
    assert note.startswith(
        "Not pooled, 6 rows (Author 2002, Author 2003, Author 2004, Author 2005 and 2 other"
    )
    assert note.endswith("only changes within groups were printed.")
    assert left_out_notes(out, short=True) == ("Not pooled: 6 rows.",)
    assert left_out_notes(out[out["role"] == "row"]) == ()


def test_every_state_of_a_domain() -> None:
    out = domains_rows(comparison(6))  # type: ignore[arg-type]
    assert tuple(out.columns) == DOMAIN_COLUMNS
    heads = out[out["role"] == "domain"]
    assert list(heads["domain"]) == list(SIX)
    assert list(heads["state"]) == ["pooled", "pooled", "limit", "pooled", "one study", "no limit"]
    assert list(heads["verdict"]) == ["first", "undecided", "first", "second", "", ""]
    assert list(heads["effect_text"])[2:] == [
        "at least 0.15 (95% CI)",
        f"{MINUS}0.50 ({MINUS}0.90 to {MINUS}0.10)",
        "1 study, not pooled",
        "no limit",
    ]
    single = out[out["role"] == "row"]
    assert list(single["mark"]) == ["square", "band"]
    assert set(single["domain"]) == {"flexibility"}
    assert (heads[["exact", "interval", "sign"]].sum(axis=1) == [9, 7, 4, 12, 2, 2]).all()


NAMES = ("isolated", "integrated")


def titled(**fits: Fit) -> str:
    given = {name: replace(fit, rows=rows(3)) for name, fit in fits.items()}
    return domains_title(Compared(given), NAMES)  # type: ignore[arg-type]


def test_the_title_states_direction_size_and_what_stays_open() -> None:
    clear, open_ = Fit(0.39, 0.1, 0.7), Fit(1.16, -0.2, 2.5)
    assert titled(power=clear, strength=open_) == (
        "Estimates favour integrated by 0.39 to 1.16 SMD; strength undecided"
    )
    assert titled(power=clear, strength=open_, flexibility=open_, endurance=open_) == (
        "Estimates favour integrated by 0.39 to 1.16 SMD; strength, flexibility and endurance undecided"
    )
    assert titled(power=clear, strength=clear) == (
        "Estimates favour integrated by 0.39 SMD; every interval excludes no difference"
    )
    assert titled(power=Fit(-0.5, -0.9, -0.1), strength=Fit(-0.3, -0.6, -0.1)) == (
        "Estimates favour isolated by 0.30 to 0.50 SMD; every interval excludes no difference"
    )
    assert titled(power=Fit(0.4, 0.1, 0.7), strength=Fit(-0.5, -0.9, 0.1)) == (
        f"Estimates run from {MINUS}0.50 to 0.40 SMD; strength undecided"
    )
    assert titled(power=open_) == "No clear difference: power leans to integrated by 1.16 SMD"
    assert titled(power=clear) == "Power favours integrated by 0.39 SMD; its interval excludes no difference"


def test_the_title_never_counts_significant_intervals() -> None:
    """Which intervals exclude zero is no measure of agreement: vote counting, which the package refuses."""
    open_ = Compared({d: Fit(0.3, -0.1, 0.7, rows=rows(3)) for d in SIX})
    assert domains_title(open_, NAMES) == (  # type: ignore[arg-type]
        "No clear difference in any pooled domain: estimates lean to integrated by 0.30 SMD"
    )
    most = Compared({d: Fit(0.3, 0.1 if d == "power" else -0.1, 0.7, rows=rows(3)) for d in SIX})
    assert domains_title(most, NAMES).endswith("; most domains undecided")  # type: ignore[arg-type]
    many = {f"group {i}": Fit(0.3, -0.1 if i < 4 else 0.1, 0.7, rows=rows(3)) for i in range(9)}
    some = Compared(many, by="comparator_class")
    assert domains_title(some, NAMES).endswith("; some groups undecided")  # type: ignore[arg-type]
    for made in (open_, most, some, comparison(6)):
        assert not re.search(r"\d of \d", domains_title(made, NAMES))  # type: ignore[arg-type]


def test_a_limit_is_a_limit_in_the_title() -> None:
    at_least = Fit(None, 0.58, math.inf, bound="lower", pred_low=None, pred_high=None)
    assert titled(power=Fit(0.39, 0.1, 0.7), endurance=at_least) == (
        "Power favours integrated by 0.39 SMD (endurance: at least 0.58, 95% CI); every interval excludes no "
        "difference"
    )
    assert titled(endurance=at_least, power=at_least) == (
        "SMD has limits only (95% CI): endurance: at least 0.58, power: at least 0.58; every interval "
        "excludes no difference"
    )
    # Of the six made-up domains four are pooled: 0.4, 0.12 (open), a limit above 0.15, and -0.5.
    assert domains_title(comparison(6), NAMES) == (  # type: ignore[arg-type]
        f"Pooled estimates run from {MINUS}0.50 to 0.41 SMD (strength: at least 0.15, 95% CI); "
        "speed/agility undecided"
    )
    nothing = Compared({"power": Fit(0.3, 0.1, 0.7, n_studies=1, rows=rows(1))})
    assert domains_title(nothing, NAMES) == "No domain has two studies to pool"  # type: ignore[arg-type]


def test_the_title_of_ratios_is_on_the_printed_scale() -> None:
    # Log ratios 0.4 and 0.2 in favour of the first arm, printed below 1: exp(-0.4) = 0.67, exp(-0.2) = 0.82.
    fits = {
        "injury_all": Fit(0.4, 0.1, 0.7, scale="log", display_sign=-1, rows=rows(3)),
        "injury_acl": Fit(0.2, -0.1, 0.5, scale="log", display_sign=-1, rows=rows(3)),
        "injury_knee": Fit(
            None, 0.1, math.inf, scale="log", display_sign=-1, bound="lower", pred_low=None, rows=rows(3)
        ),
    }
    assert domains_title(Compared(fits, measure="RR"), NAMES) == (  # type: ignore[arg-type]
        "Estimates favour integrated: RR 0.67 to 0.82 (knee injuries: at most 0.90, 95% CI); ACL"
        " injuries undecided"
    )


def test_what_is_assumed_stands_in_the_captions() -> None:
    notes = (
        "Effects assume a correlation of r = 0.7 between scores before and after.",
        "Sampling errors of rows on the same people are assumed to correlate rho = 0.6.",
        "s0 and s1 report (in part) the same people, and enter as two studies.",
        "2 of 9 rows are left out, each with its reason in .rows.",
    )
    said = (
        "Assumed: r = 0.7 between scores before and after, rho = 0.6 within a study. "
        "Author 2000 and Author 2001: in part the same people."
    )
    fit = Fit(rows=rows(9), notes=notes)
    assert forest_caption(fit).endswith(said)  # type: ignore[arg-type]
    other = replace(fit, notes=(notes[1].replace("0.6", "0.5"), notes[2]))
    both = Compared({"power": fit, "strength": other})
    assert domains_caption(both).endswith(said.replace("rho = 0.6", "rho = 0.6 or 0.5"))  # type: ignore[arg-type]
    assert "Assumed" not in forest_caption(Fit(rows=rows(9)))  # type: ignore[arg-type]
    shown = " ".join(text.get_text() for text in forest(fit).texts).replace("\n", " ")  # type: ignore[arg-type]
    assert said in shown
    slide = " ".join(text.get_text() for text in forest(fit, medium="slide").texts)  # type: ignore[arg-type]
    assert "Assumed" not in slide


@pytest.mark.parametrize(
    ("call", "taken", "way"),
    [
        (forest, "one pooled result", "ev.pool_partial"),
        (domains, "a Comparison", "ev.compare"),
        (effect_direction, "Effects", "ev.effect_sizes"),
        (evidence_map, "Studies or their table", "ev.example_studies"),
    ],
)
def test_what_a_chart_cannot_draw_is_refused(call: Callable[[object], object], taken: str, way: str) -> None:
    effects = ev.effects_from([0.2, 0.5], std_error=[0.2, 0.3], study=["a", "b"])
    studies = ev.example_studies()
    others = {forest: effects, domains: ev.random_effects(effects), effect_direction: studies}
    for value in (None, 3, "fit", others.get(call, 0)):
        with pytest.raises(ModelError) as caught:
            call(value)
        assert way in str(caught.value)
        assert taken in str(caught.value) or call is effect_direction
    with pytest.raises(ModelError, match="these effects have no domain, direction, basis"):
        effect_direction(effects)


def test_a_group_without_a_result_is_shown_as_such() -> None:
    some = Compared({"power": Fit(rows=rows(3))}, failures={"speed_agility": "no row is usable"})
    out = domains_rows(some)  # type: ignore[arg-type]
    assert list(out["state"]) == ["pooled", "nothing"]
    assert list(out["effect_text"])[1] == "nothing to pool"
    with pytest.raises(ModelError, match="no row is usable"):
        domains(Compared({}, failures={"speed_agility": "no row is usable"}))  # type: ignore[arg-type]


def test_forest_titles_come_from_the_interval() -> None:
    names = ("isolated", "integrated")
    assert forest_title(Fit(rows=rows(3)), names) == "Favours integrated: SMD 0.41 (0.10 to 0.72)"  # type: ignore[arg-type]
    assert forest_title(Fit(0.1, -0.2, 0.4), names) == f"No clear difference: SMD 0.10 ({MINUS}0.20 to 0.40)"  # type: ignore[arg-type]
    limit = Fit(None, -math.inf, -0.2, bound="upper")
    assert forest_title(limit, names) == f"Favours isolated: SMD at most {MINUS}0.20 (95% CI)"  # type: ignore[arg-type]
    ratio = Fit(0.4, 0.1, 0.7, scale="log", display_sign=-1, measure="RR")
    assert forest_title(ratio, names) == "Favours integrated: RR 0.67 (0.50 to 0.90)"  # type: ignore[arg-type]
    assert forest_title(Fit(None, None, None, bound="none")) == "The rows give no pooled result"  # type: ignore[arg-type]


def test_domain_caption_and_alt_text() -> None:
    c = comparison(6)
    assert "95% intervals" in domains_caption(c)  # type: ignore[arg-type]
    alt = domains_alt(c)  # type: ignore[arg-type]
    assert "Strength: at least 0.15 (95% CI), 4 studies" in alt
    assert "Flexibility: 1 study, not pooled" in alt


def direction_table(*ways: str, **columns: object) -> Found:
    table = directions(3, 1).table.head(1)
    lines = table.loc[table.index.repeat(len(ways))].reset_index(drop=True)
    lines["direction"] = list(ways)
    return Found(
        lines.assign(**{"kind": "sign", "basis": "between_group_test", "signif_between": "", **columns})
    )


@pytest.mark.parametrize(
    ("ways", "symbol", "outcomes"),
    [
        (["favours_e"], "up", 1),
        (["favours_e", "favours_e", "favours_e", "no_difference"], "up", 4),  # 75 %: at least 70 %
        (["favours_e", "favours_e", "no_difference"], "mixed", 3),  # 67 %
        (["favours_e"] * 7 + ["favours_c"] * 3, "up", 10),  # 70 % exactly
        (["favours_c", "opposite"], "down", 2),
        (["no_difference", "no_association"], "level", 2),
        (["supports_factor"], "up", 1),
        (["unclear"], "unknown", 0),
    ],
)
def test_symbols_follow_the_seventy_percent_rule(ways: list[str], symbol: str, outcomes: int) -> None:
    out = effect_direction_rows(direction_table(*ways))  # type: ignore[arg-type]
    assert tuple(out.columns) == DIRECTION_COLUMNS
    assert (out["symbol"][0], out["outcomes"][0]) == (symbol, outcomes)


def test_within_group_results_are_no_direction() -> None:
    out = effect_direction_rows(direction_table("favours_e", basis="within_group_only", kind="unusable"))  # type: ignore[arg-type]
    assert out["symbol"][0] == "within"
    # Another metric cannot be pooled, but its direction was reported between groups.
    out = effect_direction_rows(direction_table("favours_e", kind="unusable"))  # type: ignore[arg-type]
    assert out["symbol"][0] == "up"


@pytest.mark.parametrize(
    ("columns", "clear"),
    [
        ({"signif_between": "yes"}, True),
        ({"signif_between": "no", "kind": "exact", "estimate": 9.0}, False),
        ({"kind": "exact", "estimate": 0.5, "std_error": 0.2}, True),
        ({"kind": "exact", "estimate": 0.3, "std_error": 0.2}, False),
        ({"kind": "interval", "low": 0.4, "high": math.inf}, True),
        ({"kind": "sign"}, False),
    ],
)
def test_filled_means_significant_between_arms(columns: dict[str, object], clear: bool) -> None:
    out = effect_direction_rows(direction_table("favours_e", **columns))  # type: ignore[arg-type]
    assert bool(out["clear"][0]) is clear


def test_later_time_points_are_not_counted_twice() -> None:
    found = direction_table("favours_e", "no_difference")
    found.table["main"] = [True, False]
    out = effect_direction_rows(found)  # type: ignore[arg-type]
    assert (out["symbol"][0], out["outcomes"][0]) == ("up", 1)


def test_direction_words() -> None:
    found = directions(12, 6)
    assert "this is no vote" in effect_direction_caption(found)  # type: ignore[arg-type]
    assert "Strength: " in effect_direction_alt(found)  # type: ignore[arg-type]


def test_the_map_counts_each_row_once() -> None:
    table = map_table(12, 6)
    out = evidence_map_rows(table)
    assert tuple(out.columns) == MAP_COLUMNS
    assert out["rows"].sum() == len(table)
    assert (out[["full", "partial", "direction", "other"]].sum(axis=1) == out["rows"]).all()
    totals = out.groupby("row", sort=False)["rows"].sum()
    assert list(totals) == sorted(totals, reverse=True)
    assert "48 rows" in evidence_map_caption(table)
    assert "against" in evidence_map_alt(table)


def test_the_map_says_what_it_needs() -> None:
    with pytest.raises(ModelError, match="comparator"):
        evidence_map_rows(map_table(3, 3), ("domain", "comparator"))
    with pytest.raises(ModelError, match="widen"):
        evidence_map_rows(map_table(3, 3).head(0))


def test_numbers_are_written_as_readers_expect() -> None:
    assert number(-0.414) == f"{MINUS}0.41"
    assert number(-0.001) == "0.00"
    assert number(None) == number(math.nan) == ""
    assert number(math.inf) == "\u221e"
    assert count(1830.0) == "1\u2009830"
    assert count(None) == "\u2013"
    assert percent(0.01) == "<0.1%"
    assert percent(8.333) == "8.3%"
    assert range_words(-math.inf, -0.2) == f"below {MINUS}0.20"
    assert range_words(-math.inf, math.inf) == "no bound"
    assert interval_words(0.41, 0.1, 0.72) == "0.41 (0.10 to 0.72)"
    assert (plural(1, "study", "studies"), plural(2, "study", "studies")) == ("1 study", "2 studies")
    assert (listed(["a"]), listed(["a", "b", "c"]), listed([])) == ("a", "a, b and c", "")


@pytest.mark.parametrize(
    ("value", "decimals"), [(0.3, 2), (99.0, 2), (0.004, 5), (4e-7, 9), (250.0, 0), (4e6, 0)]
)
def test_decimals_follow_the_size_of_the_errors(value: float, decimals: int) -> None:
    assert decimals_for([value, value]) == decimals


def test_a_limit_states_its_level_wherever_it_is_printed() -> None:
    """With two studies the limit is one-sided, from three on it ends the interval (`pool_partial`)."""
    table = rows(2, kinds=("sign",))
    two = Fit(None, 0.01, math.inf, bound="lower", pred_low=None, n_studies=2, k=2, rows=table)
    many = Fit(None, 0.15, math.inf, bound="lower", pred_low=None, n_studies=4, k=4, rows=rows(4))
    lines = forest_rows(Fit(rows=rows(2), alongside=(("direction only", two),)))  # type: ignore[arg-type]
    assert lines["interval_text"].iloc[-1] == "at least 0.01 (one-sided 95%)"
    assert "at least 0.01 (one-sided 95%)" in forest_caption(two)  # type: ignore[arg-type]
    assert "at least 0.15 (95% CI)" in forest_alt(many)  # type: ignore[arg-type]
    said = domains_rows(Compared({"power": two, "strength": many}))  # type: ignore[arg-type]
    assert said["effect_text"].tolist() == ["at least 0.01 (one-sided 95%)", "at least 0.15 (95% CI)"]


def test_no_drawn_limit_of_the_shipped_data_lacks_its_level() -> None:
    chosen = ev.example_studies().where(question="hip_knee_vs_knee", level="study")
    compared = ev.compare(ev.effect_sizes(chosen, measure="SMD", correlation=0.7), by="domain")
    limits = [name for name, fit in compared.fits.items() if fit.bound in ("lower", "upper")]
    assert limits
    for ax in (ev.domains(compared), ev.orchard(compared), ev.forest(compared)):
        drawn = [t.get_text() for t in ax.texts]
        for text in (ev.alt_text(ax), ev.caption(ax), *drawn):
            for found in re.finditer(r"at (?:least|most) [\u2212\d.]+(.{0,2})", text):
                below = drawn[drawn.index(text) + 1] if text in drawn[:-1] else ""
                assert found[1] in (" (", ", ") or (not found[1] and below.startswith("(")), text


def test_a_message_with_a_limit_keeps_to_two_lines() -> None:
    """A limit with its level leaves no room for three names that stay open."""
    open_ = Fit(0.25, -0.1, 0.7, rows=rows(3))
    limit = Fit(None, 0.58, math.inf, bound="lower", pred_low=None, pred_high=None)
    said = titled(movement_quality=open_, endurance=limit, strength=open_, power=Fit(0.6, -0.1, 0.9))
    assert len(said) <= 120
    assert said.endswith("(endurance: at least 0.58, 95% CI); most domains undecided")


def test_a_single_column_keeps_its_intervals_beside_a_limit() -> None:
    chosen = ev.example_studies().where(question="hip_knee_vs_knee", level="study")
    compared = ev.compare(ev.effect_sizes(chosen, measure="SMD", correlation=0.7), by="domain")
    drawn = [text.get_text() for text in ev.forest(compared, medium="journal-single").texts]
    assert {"at least 0.38", "(one-sided", "95%)"} <= set(drawn)
