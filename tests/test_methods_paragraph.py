"""The methods paragraph: what was really run, in words, every citation with its entry in `cite`."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

import evidence as ev
from evidence.fit.methods import BOOKS, METHODS, SOFTWARE, author_year
from evidence.fit.methods_bias import BIAS_METHODS

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
        ("regression", ["meta-regression (Thompson & Sharp, 1999) with the moderator x."]),
        ("multilevel", ["random effects of study and row_id", "(CR2)", "correlate rho = 0.6"]),
        ("multivariate", ["covariance is unstructured (UN of outcome within study)", "multivariate"]),
        ("partial", ["the probability of the interval", "exact rows only and direction only"]),
        ("partial t", ["with a t quantile"]),
        ("partial regression", ["with the moderator x."]),
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


EIGHT = ev.effects_from(  # eight studies; moderators of a number and of words
    [0.2, 0.5, 0.1, 0.4, 0.3, 0.7, -0.1, 0.35],
    std_error=[0.2, 0.3, 0.25, 0.2, 0.1, 0.3, 0.15, 0.22],
    study=list("abcdefgh"),
    weeks=[4, 8, 6, 12, 10, 6, 8, 5],
    dose=[1, 3, 2, 2, 1, 3, 2, 1],
    setting=["gym", "home"] * 4,
)
PAIRED = ev.effects_from(
    [0.2, 0.5, 0.1, 0.4, 0.3, 0.7, -0.1, 0.35],
    std_error=[0.2, 0.3, 0.25, 0.2, 0.1, 0.3, 0.15, 0.22],
    study=list("aabbccdd"),
    outcome=["p", "q"] * 4,
    weeks=[4, 8, 6, 12, 10, 6, 8, 5],
    arm_e=["hip", "knee"] * 4,
    arm_c=["control"] * 8,
    n_e=[50] * 8,
    n_c=[50] * 8,
)
ALONE = ev.effects_from([0.2, 0.3], std_error=[0.1, 0.2], study=["a", "a"])
SMALL = {"integrated_vs_isolated": ["strength"], "hip_knee_vs_knee": ["pain"]}
ALL = sorted(ev.example_studies().table["domain"].unique())
SHIPPED = ("integrated_vs_isolated", "hip_knee_vs_knee", "prevention", "risk_factor")
TAU2 = ("DL", "HE", "HS", "HSk", "SJ", "PM", "EB", "ML", "REML")


def _shipped(question: str, measure: str) -> ev.Effects:
    rows = ev.example_studies().where(question=question, level="study", domain=SMALL.get(question, ALL))
    return ev.effect_sizes(rows, measure=measure, correlation=0.7)


EVERY = {
    "common": lambda: ev.common_effect(EIGHT),
    "common of one": lambda: ev.common_effect(ev.effects_from([0.2], std_error=0.1)),
    "one study, several rows": lambda: ev.multilevel(ALONE),
    "one study, partial": lambda: ev.pool_partial(ALONE),
    "profile": lambda: ev.random_effects(EIGHT, tau2="ML", inference="profile"),
    **{
        f"{verb.__name__} {tau2} {inference}": (
            lambda verb=verb, tau2=tau2, inference=inference, more=more: verb(
                EIGHT, *more, tau2=tau2, inference=inference
            )
        )
        for verb, more in ((ev.random_effects, ()), (ev.meta_regression, ("~ weeks",)))
        for tau2 in TAU2
        for inference in ("z", "t", "HKSJ", "mHKSJ")
    },
    "regression, common effect": lambda: ev.meta_regression(EIGHT, "~ weeks", tau2="EE", inference="z"),
    **{
        f"{verb.__name__} {robust} {formula}": (
            lambda verb=verb, robust=robust, formula=formula: verb(PAIRED, robust=robust, formula=formula)
        )
        for verb in (ev.multilevel, ev.multivariate)
        for robust in ("CR2", "CR3", "CR1", "CR1S", "CR0", None)
        for formula in ("~ 1", "~ weeks")
        if not (verb is ev.multivariate and formula == "~ 1")
    },
    "outcomes": lambda: ev.multivariate(PAIRED),
    "outcomes, model-based": lambda: ev.multivariate(PAIRED, robust=None),
    "one level": lambda: ev.multilevel(EIGHT, levels=("study",)),
    "shared arms": lambda: ev.multilevel(PAIRED, rho=ev.sampling_covariance(PAIRED)),
    **{
        f"partial {inference} {formula} {name}": (
            lambda data=data, inference=inference, formula=formula: ev.pool_partial(
                data, inference=inference, formula=formula
            )
        )
        for name, data in (("one a study", EIGHT), ("several", PAIRED))
        for inference in ("profile", "profile-t")
        for formula in ("~ 1", "~ weeks")
    },
    **{  # conversions and derivations: from p values, tests, means before and after, counts, printed ratios
        f"{question} {measure} {verb.__name__}": (
            lambda question=question, measure=measure, verb=verb: verb(_shipped(question, measure))
        )
        for question, measure, verb in (
            *((name, "SMD", verb) for name in SHIPPED for verb in (ev.pool_partial, ev.multilevel)),
            ("prevention", "RR", ev.multilevel),
            ("prevention", "IRR", ev.multilevel),
        )
    },
}


@pytest.mark.parametrize("name", EVERY)
def test_methods_and_cite_hold_the_same_references(name: str) -> None:
    fit = EVERY[name]()
    text = fit.methods()
    known = {author_year(key): key for key in (*METHODS, *BIAS_METHODS, *BOOKS, *SOFTWARE)}
    cited = {key for words, key in known.items() if words in text}
    entries = set(re.findall(r"^@\w+\{([^,]+),", fit.cite(), flags=re.MULTILINE)) - {"evidence"}
    assert entries == cited
    assert "Further:" not in text
    # What was run is cited, but for what a regression offers on request and a single study does not do.
    silent = {"higgins2009"} if fit.formula else set()
    if fit.n_studies > 1:
        assert set(fit.methods_used) - silent <= cited


def test_no_two_sources_are_cited_in_the_same_words() -> None:
    keys = (*METHODS, *BIAS_METHODS, *BOOKS, *SOFTWARE)
    assert len({author_year(key) for key in keys}) == len(keys)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("~ weeks", "with the moderator weeks."),
        ("~ weeks + dose", "with the moderators weeks and dose."),
        ("~ weeks + dose + setting", "with the moderators weeks, dose and setting."),
        ("~ weeks * setting", "with the moderators weeks and setting and the interaction weeks × setting."),
        ("~ 0 + setting", "with the moderator setting and no intercept."),
    ],
)
def test_moderators_are_a_proper_list(formula: str, said: str) -> None:
    fit = ev.meta_regression(EIGHT, formula)
    assert said in fit.methods()
    names = (
        said.removeprefix("with the moderator")
        .removeprefix("s")
        .removesuffix(".")
        .removesuffix(" and no intercept")
    )
    assert f" with{names} (joint test" in fit.sentence()


def test_a_moderator_whose_name_holds_a_comma_is_no_word_of_the_method() -> None:
    given = replace(EIGHT, table=EIGHT.table.rename(columns={"weeks": "weeks, all"}))
    text = ev.meta_regression(given, "~ `weeks, all`").methods()
    assert "with the moderator weeks, all." in text
    assert "Further" not in text


SHARED = "xiao2023 and xiao2024 report (in part) the same people, and enter as two studies."


def test_shared_people_are_told_where_they_are() -> None:
    rows = ev.example_studies().where(study=["xiao2023", "xiao2024", "distefano2013", "resendeneto2019"])
    fit = ev.pool_partial(ev.effect_sizes(rows, measure="SMD", correlation=0.7))
    assert SHARED in fit.notes
    assert SHARED in fit.methods()
    assert fit.sentence().endswith(f" people). {SHARED}")
    assert "Sampling errors of rows" in fit.methods()
    alone = ev.multilevel(_shipped("prevention", "RR"))
    assert "(in part) the same people" not in alone.methods() + alone.sentence()


def test_one_row_a_study_of_overlapping_studies_and_many_pairs() -> None:
    table = ev.effects_from([0.2, 0.5, 0.1, 0.4], std_error=0.2, study=list("abcd"))
    two = replace(table, overlaps=(("a", "b"), ("c", "d")))
    fit = ev.random_effects(two)
    for pair in ("a and b", "c and d"):
        assert f"{pair} report (in part) the same people" in fit.methods()
        assert f"{pair} report (in part) the same people" in fit.sentence()
    many = replace(table, overlaps=(("a", "b"), ("c", "d"), ("a", "c")))
    said = ev.random_effects(many).sentence()
    assert said.endswith(
        "). 3 pairs of studies report (in part) the same people, and enter as two studies each."
    )
    for model in (ev.meta_regression, ev.pool_partial):
        moderated = model(replace(two, table=two.table.assign(x=[1, 2, 4, 3])), formula="~ x")
        assert "a and b report (in part) the same people" in moderated.methods()
        assert "a and b report (in part) the same people" in moderated.sentence()


def test_what_rows_of_the_same_people_share_is_told() -> None:
    assert "known covariance for shared arms, rho = 0.6" in EVERY["shared arms"]().methods()
    given = {name: [[0.04, 0.01], [0.01, 0.09]] for name in "abcd"}
    table = PAIRED.table.assign(variance=[0.04, 0.09] * 4, std_error=[0.2, 0.3] * 4)
    text = ev.multilevel(replace(PAIRED, table=table), rho=given).methods()
    assert "The covariance of sampling errors within a study is the one given." in text
    assert "correlate rho = 0.6 (Hedges et al., 2010)" in ev.pool_partial(PAIRED).methods()
