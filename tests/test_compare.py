"""compare: groups side by side, failures that poison nothing, and a test only where it is valid."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from helpers_effects import INF, effects_of, exact, interval
from scipy import special

import evidence as ev


def _groups() -> ev.Effects:
    return effects_of(
        exact(0.4, 0.02, domain="power", n_e=10.0, n_c=10.0),
        exact(0.6, 0.03, domain="power", n_e=12.0, n_c=12.0),
        exact(0.1, 0.02, domain="speed"),
        exact(-0.1, 0.03, domain="speed"),
        interval(0.6, INF, 0.1, domain="strength"),
        {"kind": "unusable", "reason": "no n", "domain": "balance"},
    )


def test_groups_come_in_the_order_of_first_appearance() -> None:
    result = ev.compare(_groups(), by="domain")
    assert result.table["domain"].tolist() == ["power", "speed", "strength", "balance"]
    assert list(result.fits) == ["power", "speed", "strength"]


def test_a_given_order_holds_also_for_groups_without_rows() -> None:
    result = ev.compare(_groups(), by="domain", order=["speed", "flexibility", "power"])
    assert result.table["domain"].tolist() == ["speed", "flexibility", "power"]
    assert result.table["sentence"].tolist()[1] == "No rows."
    assert any("strength, balance" in note for note in result.notes)


def test_each_group_is_the_model_of_its_rows() -> None:
    effects = _groups()
    result = ev.compare(effects, by="domain", model=ev.random_effects)
    alone = ev.random_effects(dataclasses.replace(effects, table=effects.table.iloc[:2]))
    line = result.table.iloc[0]
    assert result.fits["power"].estimate == alone.estimate
    assert line["estimate"] == alone.estimate
    assert line["n_people"] == 44.0
    assert result.measure == "SMD"
    assert result.level == 0.95


def test_a_failing_group_says_why_and_leaves_the_others_alone() -> None:
    result = ev.compare(_groups(), by="domain")
    assert "no n" in result.failures["balance"]
    assert "Not pooled" in result.table["sentence"].iloc[3]
    assert result.table["n_studies"].iloc[3] == 0


def test_one_study_is_printed_not_pooled() -> None:
    result = ev.compare(_groups(), by="domain")
    assert result.table["bound"].iloc[2] == "none"
    assert result.table["sentence"].iloc[2].startswith("One study, not pooled")


def test_the_joint_test_is_walds_on_groups_of_two_studies_or_more() -> None:
    result = ev.compare(_groups(), by="domain")
    fits = [result.fits["power"], result.fits["speed"]]
    difference = fits[0].estimate - fits[1].estimate
    variance = sum(fit.std_error**2 for fit in fits)
    assert result.test is not None
    assert result.test.groups == ("power", "speed")
    assert result.test.df == 1
    assert result.test.statistic == pytest.approx(difference**2 / variance)
    assert result.test.p_value == pytest.approx(float(special.chdtrc(1, difference**2 / variance)))


def test_groups_that_share_studies_are_tested_in_one_likelihood() -> None:
    # Every study in both groups, exact rows: twice the gain of the log-likelihood of multilevel() by ML.
    rng = np.random.default_rng(5)
    u, domain = np.repeat(rng.normal(0.0, 0.3, 8), 2), ["power", "speed"] * 8
    y = 0.3 + u + np.tile([0.0, 0.25], 8) + rng.normal(0.0, 0.2, 16)
    study = np.repeat([f"s{j}" for j in range(8)], 2)
    effects = ev.effects_from(y, variance=rng.uniform(0.03, 0.08, 16), study=study, domain=domain)
    result = ev.compare(effects, by="domain")
    full = ev.multilevel(effects, formula="~ domain", tau2="ML", robust=None)
    plain = ev.multilevel(effects, tau2="ML", robust=None)
    assert result.test is not None
    assert result.test.method == "likelihood ratio"
    assert "Equal means (likelihood ratio): χ²(1) = " in result._repr_html_()
    assert result.test.statistic == pytest.approx(2.0 * (full.loglik - plain.loglik), abs=1e-7)
    assert result.test.p_value == pytest.approx(float(special.chdtrc(1, result.test.statistic)))
    assert any("Studies appear in several groups" in note and "s0" in note for note in result.notes)
    # A comparison within studies is sharper than one that takes the groups as independent.
    means = [result.fits[name] for name in ("power", "speed")]
    gap = (means[0].estimate - means[1].estimate) ** 2 / sum(fit.std_error**2 for fit in means)
    assert result.test.statistic > gap


def test_reports_on_the_same_people_under_two_names_count_as_shared() -> None:
    effects = dataclasses.replace(_groups(), overlaps=(("r1", "r3"),))
    result = ev.compare(effects, by="domain")
    assert result.test is not None
    assert result.test.method == "likelihood ratio"
    assert any("r1 with r3" in note for note in result.notes)


def test_one_group_has_no_joint_test() -> None:
    effects = _groups()
    result = ev.compare(dataclasses.replace(effects, table=effects.table.iloc[:2]), by="domain")
    assert result.test is None
    assert any("two groups" in note for note in result.notes)


def test_a_wrong_column_names_the_nearest() -> None:
    with pytest.raises(ev.ModelError, match="did you mean 'domain'"):
        ev.compare(_groups(), by="domains")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"by": None}, "by takes the name of one column"),
        ({"by": ["domain"]}, "by takes the name of one column"),
        ({"by": "domain", "model": "random_effects"}, "model takes a function of effects"),
        ({"by": "domain", "model": len}, "model must return a MetaFit; it returned int"),
        ({"by": "domain", "order": "strength"}, "order takes a list of groups"),
        ({"by": "domain", "order": 3}, "order takes a list of groups"),
        ({"by": "domain", "order": []}, "order names at least one group"),
        ({"by": "domain", "order": ["power", "power"]}, "each once"),
    ],
)
def test_an_argument_of_the_wrong_type_is_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ev.ModelError, match=message):
        ev.compare(_groups(), **arguments)  # type: ignore[arg-type]


def test_compare_takes_effects_only() -> None:
    for wrong in (None, _groups().table):
        with pytest.raises(ev.ModelError, match="takes Effects"):
            ev.compare(wrong, by="domain")  # type: ignore[arg-type]


def test_a_limit_is_shown_as_a_limit_in_html() -> None:
    rows = [interval(0.6, INF, 0.12, domain="power") for _ in range(3)]
    result = ev.compare(effects_of(*rows), by="domain")
    page = result._repr_html_()
    assert f"<td>≥ {result.fits['power'].conf_low:.2f}</td>" in page
    assert "∞" not in page


def test_user_text_is_escaped_in_html() -> None:
    effects = _groups()
    effects.table.loc[:1, "domain"] = "<b>power</b>"
    page = ev.compare(effects, by="domain")._repr_html_()
    assert "<b>power" not in page
    assert "&lt;b&gt;power" in page


def test_order_of_rows_inside_a_group_does_not_matter() -> None:
    effects = _groups()
    turned = dataclasses.replace(effects, table=effects.table.iloc[[1, 0, 3, 2, 4, 5]])
    one = ev.compare(effects, by="domain").table[["estimate", "conf_low"]].to_numpy(dtype=float)
    other = ev.compare(turned, by="domain").table[["estimate", "conf_low"]].to_numpy(dtype=float)
    assert np.allclose(one, other, rtol=1e-9, equal_nan=True)
