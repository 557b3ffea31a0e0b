"""One record per column of the study tables: its rule, unit, words and help.

The validator (`cells`), `Studies.codebook` and ``docs/codebook.md`` are all made from these records, so
that what is checked and what is documented cannot drift apart.
"""

from __future__ import annotations

from evidence.studies.column import P_RULE, Column, count, key, label, number, parse_p, text, word
from evidence.studies.optional_columns import OPTIONAL_COLUMNS

__all__ = [
    "ALL_COLUMNS",
    "CLAIM_COLUMNS",
    "COLUMNS",
    "INFO_COLUMNS",
    "OPTIONAL_COLUMNS",
    "RATIO_METRICS",
    "SIX_DOMAINS",
    "Column",
    "parse_p",
]

SIX_DOMAINS = ("movement_quality", "speed_agility", "strength", "endurance", "flexibility", "power")
"""The six domains of the article that the shipped evidence is about, in its order."""

RATIO_METRICS = ("OR", "RR", "IRR", "HR")
"""Metrics that are ratios: positive, with 1 for no difference."""

_DOMAINS = (
    *SIX_DOMAINS,
    *("balance", "pain", "function", "quad_ham_strength", "hip_strength", "core_trunk", "foot_ankle"),
    *("injury_all", "injury_lower_limb", "injury_knee", "injury_acl", "injury_overuse", "injury_severe"),
    *("injury_ankle", "injury_knee_ankle", "injury_pfp", "medical_discharge", "other"),
)
_QUESTIONS = ("integrated_vs_isolated", "hip_knee_vs_knee", "risk_factor", "prevention")
_COMPARATORS = (
    *("isolated_strength", "traditional_training", "knee_strength", "routine_knee_physio", "stretching"),
    *("integrated_plus_strength", "usual_activity", "usual_care", "free_activity", "no_exercise"),
    *("sham_or_placebo", "uninjured"),
)
_YES_NO = ("yes", "no")
_VERDICTS = ("yes", "no", "unclear")
_NEED = "Means, a t and a p need both sizes, or `n_total` in `study_info.csv`."
_ARM = {"e": "first arm (e)", "c": "second arm (c)"}


def _mean(stage: str, when: str, arm: str) -> Column:
    rule, help = "a mean is a finite number", f"Mean {when}, {_ARM[arm]}."
    return number("printed numbers", f"{stage}_mean_{arm}", rule, help, unit="the row's unit")


def _sd(stage: str, when: str, arm: str) -> Column:
    help = f"Standard deviation, not standard error, {when}, {_ARM[arm]}."
    return number(
        *("printed numbers", f"{stage}_sd_{arm}", "a standard deviation is positive", help),
        unit="the row's unit",
        low=0.0,
        open_ends=True,
    )


def _moments(stage: str, when: str, arm: str) -> tuple[Column, Column]:
    return _mean(stage, when, arm), _sd(stage, when, arm)


def _events(arm: str) -> tuple[Column, Column]:
    help = f"People with the event (or events, as the notes say), {_ARM[arm]}."
    total = f"People among whom the events are counted, {_ARM[arm]}; blank where events are not people."
    group, rule = "printed numbers", "a number of events is a whole number"
    return (
        count(group, f"events_{arm}", rule, help, unit="events", low=0),
        count(group, f"total_{arm}", "a number of people is a whole number", total, unit="people", low=1),
    )


def _p(arm: str, what: str) -> Column:
    return Column(
        *(f"p_{arm}", "printed tests", "p", P_RULE, f"p value of {what}, as printed."), unit="probability"
    )


def _effect(name: str, rule: str, help: str) -> Column:
    return number("printed effect", name, rule, help, unit="as effect_metric says")


_PRE, _POST, _CHANGE = "before training", "after training (risk factors: at baseline)", "of the change"

COLUMNS: tuple[Column, ...] = (
    key("identity", "row_id", "a name that no other row has", "Name of the row; figures and tables cite it."),
    key(
        "identity", "study", "a study key, the same in all files", "Key of the study that printed the result."
    ),
    label("identity", "question", _QUESTIONS, "The question that the row belongs to."),
    label("identity", "domain", _DOMAINS, "The kind of outcome; for risk factors, the kind of factor."),
    key("identity", "outcome", "a few words", "The outcome, in a few words."),
    text("identity", "instrument", "Test, scale or device."),
    text("identity", "unit", "Unit of the means and of mean differences."),
    word(
        "identity",
        "better",
        ("higher", "lower"),
        "Which end of the outcome is good. Arm means need it: without it they have no side.",
    ),
    number(
        *("identity", "timepoint_weeks", "a time is a number of weeks, 0 or more"),
        "When the outcome was measured, counted from baseline.",
        unit="weeks",
        low=0.0,
    ),
    text("arms", "arm_e", "First arm: positive effects favour it. In risk-factor rows, the injured."),
    text("arms", "arm_c", "Second arm, the comparator. In risk-factor rows, the uninjured."),
    label("arms", "comparator_class", _COMPARATORS, "What kind of comparator the second arm is."),
    word(
        *("arms", "arm_design"),
        ("parallel", "cluster", "within_participant", "crossover", "cohort", "case_control", "review"),
        "How the two arms of the row relate; blank where the source does not say.",
    ),
    count(
        "arms",
        "n_e",
        "the size of an arm is a whole number",
        f"Size of the first arm. {_NEED}",
        unit="people",
        low=1,
    ),
    count(
        "arms",
        "n_c",
        "the size of an arm is a whole number",
        f"Size of the second arm. {_NEED}",
        unit="people",
        low=1,
    ),
    *_moments("pre", _PRE, "e"),
    *_moments("post", _POST, "e"),
    *_moments("pre", _PRE, "c"),
    *_moments("post", _POST, "c"),
    *_moments("change", _CHANGE, "e"),
    *_moments("change", _CHANGE, "c"),
    *_events("e"),
    *_events("c"),
    word(
        *(
            "printed effect",
            "effect_metric",
            ("SMD", "MD", "t", "beta", *RATIO_METRICS, "RRR", "sensitivity"),
        ),
        "What `effect` is: standardised or raw mean difference, t, regression coefficient; odds, risk, "
        "incidence rate or hazard ratio; relative risk reduction (%), sensitivity (%).",
    ),
    text("printed effect", "effect_printed", "The metric in the words that it was extracted with."),
    text("printed effect", "effect_contrast", "Which group minus which, where stated."),
    text(
        "printed effect",
        "effect_per",
        "The change of a risk factor that the effect belongs to, where stated.",
    ),
    _effect("effect", "an effect is a finite number; a ratio is positive", "The effect, as printed."),
    _effect("ci_low", "a limit is a finite number; a ratio's is positive", "Lower limit of its interval."),
    _effect("ci_high", "a limit is a finite number; a ratio's is positive", "Upper limit of its interval."),
    number(
        *("printed effect", "ci_level", "a confidence level lies between 0 and 1"),
        "Level of the interval. Some studies print 90 %: their significance is read at that level too.",
        unit="probability",
        low=0.0,
        high=1.0,
        open_ends=True,
    ),
    word(
        *("printed effect", "effect_sign"),
        (
            *("pos_favours_e", "neg_favours_e", "below1_favours_e", "pos_favours_c", "unclear"),
            *("above1_favours_e", "neg_favours_c"),
        ),
        "How to read `effect`: which arm (e first, c second) a positive or negative difference favours, or a "
        "ratio below or above 1. `neg_favours_c` says the same as `pos_favours_e`. A printed effect needs "
        "it, or `direction`.",
    ),
    word(
        *("printed tests", "test_between", ("post", "change", "group_by_time", "ancova", "equivalence")),
        "What the test between the arms compared; blank where the source does not say.",
    ),
    _p("within_e", "the change within the first arm"),
    _p("within_c", "the change within the second arm"),
    _p("between", "the comparison of the two arms"),
    word("printed tests", "signif_e", _VERDICTS, "Whether the first arm changed significantly, as stated."),
    word("printed tests", "signif_c", _VERDICTS, "Whether the second arm changed significantly, as stated."),
    word("printed tests", "signif_between", _VERDICTS, "Whether the arms differed significantly, as stated."),
    word(
        *("printed tests", "direction"),
        (
            *("favours_e", "favours_c", "no_difference", "unclear"),
            *("supports_factor", "no_association", "opposite"),
        ),
        "Whom the result favours; for risk factors, whether it supports the factor.",
    ),
    word("printed tests", "reported", ("full", "partial", "direction"), "How completely it was reported."),
    word(
        *("nature", "level", ("study", "pooled")),
        "`pooled` rows come from reviews: context, never pooled again. Blank is read as `study`.",
    ),
    word(
        *("nature", "basis"),
        (
            *("between_group_test", "within_group_only", "inferred_from_omission", "counts_or_means_only"),
            *("association", "pooled_estimate"),
        ),
        "What the verdict rests on. Only a between-group test, or numbers that give one, compares the arms.",
    ),
    word("nature", "inferred", _YES_NO, "`yes`: a verdict read from silence or from unexplained marks."),
    text("provenance", "source_url", "Where the numbers were read."),
    text("provenance", "source_locator", "Page, table or section there."),
    word("provenance", "secondary_source", _YES_NO, "`yes`: read in another text than the paper itself."),
    text("provenance", "notes", "What a reader of the row should know; remarks of the extraction in [ ]."),
)
"""The columns of every `Studies.table`, in their order; those of `OPTIONAL_COLUMNS` follow where a file has
them."""

_INFO = "study_info"

INFO_COLUMNS: tuple[Column, ...] = (
    key("study", "study", "a study key that no other line has", "Key of the study.", file=_INFO),
    text("bibliography", "authors", "Authors as read, separated by semicolons.", file=_INFO),
    count("bibliography", "year", "a year is a whole number", "Year.", unit="year", low=1800, file=_INFO),
    text("bibliography", "title", "Title, or a description where it was not visible.", file=_INFO),
    text("bibliography", "journal", "Journal.", file=_INFO),
    text("bibliography", "volume_pages", "Volume, issue and pages, as read.", file=_INFO),
    text("bibliography", "doi", "Digital object identifier, without a host.", file=_INFO),
    text("bibliography", "pmid", "PubMed number.", file=_INFO),
    text("design", "design", "Design, in the words of the extraction.", file=_INFO),
    text("design", "population", "Who took part.", file=_INFO),
    text("design", "sex", "Sex of the participants.", file=_INFO),
    text("design", "age", "Age in years, as printed: a range, or mean (SD).", unit="years", file=_INFO),
    count(
        *("design", "n_total", "a number of people is a whole number", "People in the whole study."),
        unit="people",
        low=1,
        file=_INFO,
    ),
    count(
        *("design", "arms", "a number of arms is a whole number", "Arms of the study, where stated."),
        unit="arms",
        low=1,
        file=_INFO,
    ),
    number(
        *("dose", "weeks", "a duration is a positive number", "Length of the programme or the follow-up."),
        unit="weeks",
        low=0.0,
        open_ends=True,
        file=_INFO,
    ),
    number(
        *("dose", "sessions_per_week", "a frequency is a positive number", "Sessions in a week."),
        unit="per week",
        low=0.0,
        open_ends=True,
        file=_INFO,
    ),
    text("provenance", "url", "Where the study was read.", file=_INFO),
    number(
        *("quality", "pedro", "a PEDro score is a number from 0 to 10", "PEDro score, where seen."),
        unit="points",
        low=0.0,
        high=10.0,
        file=_INFO,
    ),
    text("quality", "rob", "Risk of bias, as stated.", file=_INFO),
    Column(
        *("overlaps", "design", "text", "study keys of this file, separated by semicolons"),
        "Studies that report on the same people.",
        file=_INFO,
    ),
    word(
        *("bibliography", "bibliography", ("complete", "incomplete")),
        "Whether authors, title, year and journal are all known well enough to cite.",
        file=_INFO,
    ),
    text("provenance", "notes", "What a reader should know about the study.", file=_INFO),
)
"""The columns of ``study_info.csv``, in their order."""

_CLAIMS = "claims"

CLAIM_COLUMNS: tuple[Column, ...] = (
    key("claim", "claim_id", "a name that no other claim has", "Name of the claim.", file=_CLAIMS),
    text("claim", "claimant", "Who claims it.", file=_CLAIMS),
    key("claim", "claim", "a sentence", "The claim, in one sentence.", file=_CLAIMS),
    word(
        "claim", "kind", ("within", "between", "association", "magnitude"), "What it is about.", file=_CLAIMS
    ),
    label("claim", "question", _QUESTIONS, "The question whose rows test it.", file=_CLAIMS),
    text("claim", "domains", "Domains that it speaks of, separated by semicolons.", file=_CLAIMS),
    label("claim", "comparator_class", _COMPARATORS, "Comparator that it speaks of, if any.", file=_CLAIMS),
    text("claim", "would_support", "What would support it.", file=_CLAIMS),
    word(
        *("claim", "expects"),
        ("improves", "no_change", "favours_e", "association", "no_association", "larger"),
        "What it says of its domains: a change within an arm or none, a difference in favour of the first "
        "arm, an association or none, a larger effect than in the domains of `than`. Blank: the first of its "
        "kind.",
        file=_CLAIMS,
    ),
    word(
        *("claim", "arm", ("e", "c")),
        "The arm that a claim on a change within an arm speaks of; blank is the first.",
        file=_CLAIMS,
    ),
    text("claim", "than", "Domains that it compares with, separated by semicolons.", file=_CLAIMS),
    text("claim", "arm_design", "Design of the studies that it asks for, if any.", file=_CLAIMS),
    text("claim", "measure", "Measure in which it is tested: SMD, RR, OR ...; blank is SMD.", file=_CLAIMS),
    number(
        *("claim", "margin", "a margin is a positive number"),
        "For a claim of none, the largest effect that still counts as none; for 'far more', the effect that "
        "has to be exceeded.",
        unit="scale of the effects",
        low=0.0,
        open_ends=True,
        file=_CLAIMS,
    ),
    text("claim", "margin_reason", "Why this margin.", file=_CLAIMS),
    text("claim", "note", "What a reader of the claim should know.", file=_CLAIMS),
)
"""The columns of ``claims.csv``, in their order."""

ALL_COLUMNS: tuple[Column, ...] = (*COLUMNS, *OPTIONAL_COLUMNS, *INFO_COLUMNS, *CLAIM_COLUMNS)
