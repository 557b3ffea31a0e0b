"""The methods paragraph: what was really run, in words, every citation with its entry in `cite`."""

from __future__ import annotations

import re

import pytest

import evidence as ev
from evidence.fit.methods import BOOKS, METHODS, SOFTWARE, author_year

GIVEN = {"estimate": [0.2, 0.5, 0.1, 0.4, 0.3], "std_error": [0.2, 0.3, 0.25, 0.2, 0.1]}
ONE = ev.effects_from(**GIVEN, study=list("abcde"), x=[1, 2, 3, 4, 5])
SEVERAL = ev.effects_from(**GIVEN, study=list("aabbc"))
OUTCOMES = ev.effects_from(
    [0.2, 0.5, 0.1, 0.4, 0.3, 0.6, 0.2, 0.1],
    std_error=[0.2, 0.3, 0.25, 0.2, 0.1, 0.2, 0.2, 0.2],
    study=list("aabbccdd"),
    outcome=["p", "q"] * 4,
)

FITS = {
    "common": lambda: ev.common_effect(ONE),
    "DL z": lambda: ev.random_effects(ONE, tau2="DL", inference="z"),
    "PM t": lambda: ev.random_effects(ONE, tau2="PM", inference="t"),
    "HSk mHKSJ": lambda: ev.random_effects(ONE, tau2="HSk", inference="mHKSJ"),
    "REML HKSJ 90": lambda: ev.random_effects(ONE, level=0.9),
    "profile": lambda: ev.random_effects(ONE, tau2="ML", inference="profile"),
    "regression": lambda: ev.meta_regression(ONE, "~ x"),
    "multilevel": lambda: ev.multilevel(SEVERAL),
    "multivariate": lambda: ev.multivariate(OUTCOMES),
    "partial": lambda: ev.pool_partial(SEVERAL),
    "partial t": lambda: ev.pool_partial(SEVERAL, inference="profile-t"),
    "partial regression": lambda: ev.pool_partial(ONE, formula="~ x"),
}


@pytest.mark.parametrize("name", FITS)
def test_every_citation_of_the_paragraph_has_its_entry(name: str) -> None:
    fit = FITS[name]()
    text, entries = fit.methods(), fit.cite()
    known = {author_year(key): key for key in (*METHODS, *BOOKS, *SOFTWARE)}
    cited = [one for group in re.findall(r"\(([^()]*\d{4}[^()]*)\)", text) for one in group.split("; ")]
    cited = [one for one in cited if re.search(r", \d{4}$", one)]
    assert cited
    for one in cited:
        assert f"{{{known[one]}," in entries, one
    assert "Further:" not in text, "a word of the method has no clause"
    assert "None" not in text
    assert "nan" not in text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("common", ["common-effect model", "from the normal distribution", "All 5 rows gave an effect"]),
        ("DL z", ["DerSimonian-Laird estimator (DerSimonian & Laird, 1986)", "from the normal distribution"]),
        ("PM t", ["Paule-Mandel estimator (Paule & Mandel, 1982)", "from the t distribution"]),
        ("HSk mHKSJ", ["Hunter-Schmidt estimator with small-sample", "with a factor of at least 1"]),
        ("REML HKSJ 90", ["restricted maximum likelihood (Viechtbauer, 2005)", "(90\N{NO-BREAK SPACE}%)"]),
        ("profile", ["maximum likelihood (Hardy & Thompson, 1996)", "from the profile likelihood"]),
        ("regression", ["meta-regression (Thompson & Sharp, 1999) with the moderators x"]),
        ("multilevel", ["random effects of study and row_id", "(CR2)", "correlate rho = 0.6"]),
        ("multivariate", ["covariance is unstructured (UN of outcome within study)", "multivariate"]),
        ("partial", ["the probability of the interval", "exact rows only and direction only"]),
        ("partial t", ["with a t quantile"]),
        ("partial regression", ["with the moderators x"]),
    ],
)
def test_the_paragraph_says_what_was_run(name: str, said: list[str]) -> None:
    text = FITS[name]().methods()
    for words in said:
        assert words in text


def test_a_common_effect_speaks_of_no_variance_between_studies() -> None:
    text = FITS["common"]().methods()
    assert "tau²" not in text
    assert "between-study" not in text
    assert "prediction" not in text


def test_the_paragraph_counts_the_reports_of_the_shipped_strength_rows() -> None:
    rows = ev.example_studies().where(
        question="integrated_vs_isolated",
        level="study",
        comparator_class="isolated_strength",
        domain="strength",
    )
    effects = ev.effect_sizes(rows, measure="SMD", correlation=0.7)
    fit = ev.pool_partial(effects)
    kinds = effects.table["kind"].value_counts()
    text = fit.methods()
    assert "standardised mean differences (Hedges' g; Hedges, 1981)" in text
    assert f"{kinds['interval']} only bounded it" in text
    assert f"The model rests on {fit.k} rows of {fit.n_studies} studies" in text
    assert "r = 0.7" in text


def test_one_study_is_not_said_to_be_pooled() -> None:
    text = ev.random_effects(ev.effects_from([0.2], std_error=[0.1], study=["a"])).methods()
    assert "Nothing was pooled" in text
    assert "random-effects" not in text


def test_results_by_one_method_share_a_paragraph_that_lacks_nothing() -> None:
    from evidence.fit.paragraph import how_pooled

    several, one = ev.pool_partial(SEVERAL), ev.pool_partial(ONE)
    text = how_pooled([one, several])
    assert "correlate rho = 0.6" in text  # only the first of them assumes it
    assert text.count("pooled in one random-effects likelihood") == 1
    assert "rows of" not in text
