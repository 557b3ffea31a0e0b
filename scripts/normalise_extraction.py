"""Make `data/` from the extraction: one vocabulary, nothing invented, nothing lost.

Usage::

    python scripts/normalise_extraction.py EXTRACTION_FOLDER [DATA_FOLDER]

The extraction folder holds ``outcomes.csv``, ``study_info.csv``, ``references.bib`` and ``claims.csv``.
Every cell is text from the first to the last step, so that digits stay as printed (``40.67`` and
``40.670`` differ). Each decision is a table below with the reason beside it; `docs/data.md` repeats them
for readers. A word of the extraction that no table knows stops the script: nothing is guessed.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

STUDIES_COLUMNS = [
    "row_id",
    "study",
    "question",
    "domain",
    "outcome",
    "instrument",
    "unit",
    "better",
    "timepoint_weeks",
    "arm_e",
    "arm_c",
    "comparator_class",
    "arm_design",
    "n_e",
    "n_c",
    "pre_mean_e",
    "pre_sd_e",
    "post_mean_e",
    "post_sd_e",
    "pre_mean_c",
    "pre_sd_c",
    "post_mean_c",
    "post_sd_c",
    "change_mean_e",
    "change_sd_e",
    "change_mean_c",
    "change_sd_c",
    "events_e",
    "total_e",
    "events_c",
    "total_c",
    "effect_metric",
    "effect_printed",
    "effect_contrast",
    "effect_per",
    "effect",
    "ci_low",
    "ci_high",
    "ci_level",
    "effect_sign",
    "test_between",
    "p_within_e",
    "p_within_c",
    "p_between",
    "signif_e",
    "signif_c",
    "signif_between",
    "direction",
    "reported",
    "level",
    "basis",
    "inferred",
    "source_url",
    "source_locator",
    "secondary_source",
    "notes",
]

CLAIM_COLUMNS = [
    *("claim_id", "claimant", "claim", "kind", "question", "domains", "comparator_class", "would_support"),
    *("expects", "arm", "than", "arm_design", "measure", "margin", "margin_reason", "note"),
]

SMALL_CHANGE = (
    "Cohen (1988) calls a fifth of a standard deviation small: an arm that changed by less hardly changed"
)
FAR_MORE = (
    "Cohen (1988) calls half a standard deviation medium, large enough to be seen with the naked eye; "
    "'far more' means at least that"
)
SMALL = (
    "Cohen (1988) calls a fifth of a standard deviation small; the injured and the uninjured then overlap "
    "by 92 %, which tells nobody apart"
)

# What each claim says in the words that the rules of verdict read: taken from its sentence and from what the
# extraction names as support for it. Not from any result.
CLAIM_TERMS: dict[str, Row] = {
    "int_within": {"expects": "improves", "arm": "e"},
    "iso_within": {"expects": "no_change", "arm": "c", "margin": "0.2", "margin_reason": SMALL_CHANGE},
    "int_beats_iso": {"expects": "favours_e", "margin": "0.5", "margin_reason": FAR_MORE},
    # "than training one muscle at a time": the comparator is isolated training, not a usual warm-up.
    "int_lowers_risk": {"expects": "favours_e", "measure": "RR", "comparator_class": "isolated_strength"},
    "strength_not_predictive": {
        "expects": "no_association",
        "arm_design": "cohort",
        "margin": "0.2",
        "margin_reason": SMALL,
    },
    "core_predicts": {"expects": "association", "arm_design": "cohort"},
    "foot_predicts": {"expects": "association", "arm_design": "cohort"},
    "core_beats_strength": {
        "expects": "larger",
        "than": "quad_ham_strength",
        "arm_design": "cohort",
        "margin": "0.5",
        "margin_reason": FAR_MORE,
    },
    "hip_protects": {"expects": "association", "arm_design": "cohort"},
    # "training the knee alone": the comparator is knee strengthening.
    "not_knee_alone": {"expects": "favours_e", "comparator_class": "knee_strength"},
    "int_for_knee_pain": {"expects": "favours_e"},
}

INFO_COLUMNS = [
    "study",
    "authors",
    "year",
    "title",
    "journal",
    "volume_pages",
    "doi",
    "pmid",
    "design",
    "population",
    "sex",
    "age",
    "n_total",
    "arms",
    "weeks",
    "sessions_per_week",
    "url",
    "pedro",
    "rob",
    "overlaps",
    "bibliography",
    "notes",
]


class Metric(NamedTuple):
    """What one free-text effect metric of the extraction says."""

    code: str
    contrast: str = ""
    per: str = ""
    level: str = "0.95"
    test: str = ""


METRICS = {
    "": Metric(""),
    "OR": Metric("OR"),
    "SMD": Metric("SMD"),
    "MD": Metric("MD"),
    "RR": Metric("RR"),
    "HR": Metric("HR"),
    # A rate ratio divides events per time at risk: the same measure as an incidence rate ratio.
    "rate ratio": Metric("IRR"),
    "incidence rate ratio": Metric("IRR"),
    # The README names hislop2017 and pomaresnoguera2018 as the two studies with 90 % intervals; their metric
    # words carry the level. All other intervals are 95 %.
    "MD (90% CI)": Metric("MD", level="0.90"),
    "rate ratio (90% CL)": Metric("IRR", level="0.90"),
    "adjusted MD (95% CI)": Metric("MD", test="ancova"),
    "MD (change)": Metric("MD", test="change"),
    # "Standardised" is the word: the reviews' ES is a standardised mean difference.
    "ES (standardised, no CI printed)": Metric("SMD"),
    # Independent-samples t on outcomes measured after the intervention or at follow-up.
    "t (independent)": Metric("t", test="post"),
    "SMD (injured minus uninjured)": Metric("SMD", contrast="injured minus uninjured"),
    "SMD (PFP minus no PFP)": Metric("SMD", contrast="PFP minus no PFP"),
    "MD (PT minus healthy)": Metric("MD", contrast="PT minus healthy"),
    "MD (favouring core)": Metric("MD", contrast="favouring core"),
    "MD (quadriceps minus hip)": Metric("MD", contrast="quadriceps minus hip"),
    "beta (between groups)": Metric("beta", contrast="between groups"),
    "OR per 1-unit decrease": Metric("OR", per="1 unit decrease"),
    "OR per unit increase": Metric("OR", per="1 unit increase"),
    "HR per unit": Metric("HR", per="1 unit"),
    'RR ("times greater risk")': Metric("RR"),
    "relative risk reduction %": Metric("RRR"),
    "model sensitivity % (ligament)": Metric("sensitivity"),
    # A range, or an estimate that is not printed, leaves `effect` blank; the words stay in effect_printed.
    "SMD range": Metric("SMD"),
    "SMD range 0.28-0.33 (MTSS and PFP)": Metric("SMD"),
    "RR range 2.67-3.43": Metric("RR"),
    "OR (estimate not printed)": Metric("OR"),
}

LEVEL_90 = {"hislop2017", "pomaresnoguera2018"}

TESTS_IN_NOTES = {
    # What a note must hold for the row's test_between. First match wins; all else stays unstated.
    "[p_between: group x time]": "group_by_time",
    "[signif_between: group-by-time]": "group_by_time",
    "there is NO interaction": "group_by_time",
    "[p_between: test FOR equivalence": "equivalence",
    "post-test between-group p=": "post",
    # Risk factors whose group means at one time stand in post_*: the test compares values, not changes.
    "BASELINE values stored in post_* columns": "post",
}

ARM_DESIGNS = {
    "RCT": "parallel",
    "two-group trial": "parallel",
    "three-group trial": "parallel",
    "controlled trial": "parallel",
    "comparative trial, alternate allocation": "parallel",
    "randomised comparison": "parallel",
    "controlled trial, sequential assignment": "parallel",
    "feasibility RCT": "parallel",
    "RCT (secondary analysis of ferber2015)": "parallel",
    "RCT (equivalence)": "parallel",
    "controlled cohort": "parallel",  # two groups, one of them trained, followed side by side
    "randomised crossover": "parallel",  # resendeneto2019: its rows are the first period alone
    "cluster RCT": "cluster",
    "cluster RCT (2 classes)": "cluster",
    "cluster RCT v sham": "cluster",
    "within-participant randomised legs": "within_participant",
    "within-participant arms": "within_participant",
    "prospective cohort": "cohort",
    "prospective cohort (labelled case-control)": "cohort",
    "prospective cohort (conference abstract)": "cohort",
    "retrospective cohort of annual tests": "cohort",
    "nested case-control": "case_control",
    "meta-analysis": "review",
    "meta-analysis of prospective studies": "review",
    "meta-analysis of longitudinal studies": "review",
    "meta-analysis (mostly cross-sectional)": "review",
    "systematic review": "review",
}

ARM_DESIGNS_BY_STUDY = {
    # study_info gives no design; its row's note speaks of two groups (15 and 13) and a between-group test.
    "fct_v_ss_pmc10859080": "parallel",
}

ARMS = {
    "herrington2007": "3",  # row notes: "45 men in 3 groups"
    "tennis_children_ceh": "3",  # design: "three-group trial"; row notes: a third arm, n = 8
    "resendeneto2019": "3",  # notes: "13+19+16 arms"
    "hott2019": "3",  # title and arm labels: hip exercise, knee exercise, free activity
    "stien2020": "3",  # row notes: each exercise arm is also compared with a control
    "fukuda2010": "3",  # row notes: each exercise arm is also compared with no treatment
    "paoli2017": "2",  # design: "two-group trial"
    "zarei2018": "2",  # design: "two-group trial"
    "corevknee_hamedan": "2",  # design: "two-group trial"
}

OVERLAPS = (  # the README's "not independent of each other", between study keys
    ("ferber2015", "bolgla2016"),
    ("deblaiser2019", "deblaiser2021"),
    ("xiao2023", "xiao2024"),
    ("falah2012", "khayambashi2014"),
    ("neal2019", "mcguire2021"),
)

INCOMPLETE = [
    "fttt_edo140834157",
    "fct_v_ss_pmc10859080",
    "hks_meta_crd42023451065",
    "core_v_sham_jat53_20",
    "ybtrecruits",
    "jp_acl_cohort_bjsm51_388",
    "corevknee_hamedan",
    "fst_adolescents",
    "tennis_children_ceh",
    "intfootball2026",
    "home_ex_pmc6342874",
    "nmretraining_sports2015",
    "resendeneto2019",
]  # the README's list

BIB_REPAIRS: dict[str, dict[str, str | None]] = {
    # The extraction's bib file cut these two `volume_pages` wrongly; study_info has them as read.
    "motealleh2019": {"volume": None, "pages": "9--18"},  # "9-18": pages, no volume
    "khayambashi2014": {
        "volume": None,
        "number": "5",
        "pages": "900--907",
    },  # "2014 (5):900-907": the year again
}

Row = dict[str, str]


def read(path: Path) -> list[Row]:
    """Read a CSV file as text."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, strict=True))


def write(path: Path, columns: list[str], rows: list[Row]) -> None:
    """Write a CSV file: UTF-8, LF, quotes where needed."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def test_between(row: Row, metric: Metric) -> str:
    """Return the kind of between-group test that the extraction states, or an empty string."""
    for words, test in TESTS_IN_NOTES.items():
        if words in row["notes"]:
            return test
    return metric.test


def normalise_outcomes(rows: list[Row], designs: dict[str, str]) -> list[Row]:
    """Give each outcome row its new columns; all others are copied, `study_key` as `study`.

    Raises
    ------
    SystemExit
        Where an interval's level is not the one that the README gives.
    """
    out = []
    for row in rows:
        study, metric = row["study_key"], METRICS[row["effect_metric"]]
        interval = bool(row["ci_low"] or row["ci_high"])
        if interval and (metric.level == "0.90") != (study in LEVEL_90):
            raise SystemExit(f"{row['row_id']}: the interval's level and the README disagree")
        new = {name: row.get(name, "") for name in STUDIES_COLUMNS}
        new |= {
            "study": study,
            "arm_design": ARM_DESIGNS_BY_STUDY.get(study) or ARM_DESIGNS[designs[study]],
            "effect_metric": metric.code,
            "effect_printed": row["effect_metric"],
            "effect_contrast": metric.contrast,
            "effect_per": metric.per,
            "ci_level": metric.level if interval else "",
            "test_between": test_between(row, metric),
        }
        out.append(new)
    return out


def normalise_info(rows: list[Row], counted: Counter[str]) -> list[Row]:
    """Give each study `arms`, `overlaps` and `bibliography`; `n_rows` is checked, then dropped (a count).

    Raises
    ------
    SystemExit
        Where a key of the tables above or a count is not the extraction's.
    """
    overlaps: dict[str, list[str]] = {}
    for pair in OVERLAPS:
        for one, other in (pair, pair[::-1]):
            overlaps.setdefault(one, []).append(other)
    keys = {row["key"] for row in rows}
    if missing := (set(overlaps) | set(ARMS) | set(INCOMPLETE)) - keys:
        raise SystemExit(f"not in study_info: {sorted(missing)}")
    out = []
    for row in rows:
        key = row["key"]
        if int(row["n_rows"]) != counted[key]:
            raise SystemExit(f"{key}: n_rows is {row['n_rows']}, outcomes.csv has {counted[key]}")
        new = {name: row.get(name, "") for name in INFO_COLUMNS}
        new |= {
            "study": key,
            "arms": ARMS.get(key, ""),
            "overlaps": ";".join(overlaps.get(key, [])),
            "bibliography": "incomplete" if key in INCOMPLETE else "complete",
        }
        out.append(new)
    return out


def author(name: str) -> str:
    """Turn ``van Middelkoop M`` into ``van Middelkoop, M``, so that a BibTeX parser finds the surname.

    Raises
    ------
    SystemExit
        Where the last word does not look like initials.
    """
    if name == "others":
        return name
    surname, initials = name.rsplit(" ", 1)
    if not re.fullmatch(r"[^\W\d_]{1,4}", initials) or not initials.isupper():
        raise SystemExit(f"initials not recognised in {name!r}")
    return f"{surname}, {initials}"


def normalise_bib(text: str, info: list[Row]) -> str:
    """Rewrite the authors, repair two fields, and say where a list of authors is not whole."""
    remarks = {
        row["key"]: found.group(1) for row in info if (found := re.search(r"\((.+)\)$", row["authors"]))
    }
    entries = []
    for entry in text.strip().split("\n\n"):
        head, *fields, tail = entry.split("\n")
        key = head[head.index("{") + 1 : -1]
        values = {}
        for line in fields:
            name, value = re.fullmatch(r"  (\w+) = \{(.*)\},?", line).groups()  # type: ignore[union-attr]
            values[name] = value
        if "author" in values:
            values["author"] = " and ".join(author(name) for name in values["author"].split(" and "))
        for name, repair in BIB_REPAIRS.get(key, {}).items():
            values.pop(name, None)
            if repair is not None:
                values[name] = repair
        if key in remarks:
            values["annote"] = f"Authors: {remarks[key]}"
        body = ",\n".join(f"  {name} = {{{value}}}" for name, value in values.items())
        entries.append(f"{head}\n{body}\n{tail}")
    return "\n\n".join(entries) + "\n"


def main(source: Path, target: Path) -> None:
    """Normalise the four files."""
    outcomes, info = read(source / "outcomes.csv"), read(source / "study_info.csv")
    designs = {row["key"]: row["design"] for row in info}
    studies = normalise_outcomes(outcomes, designs)
    bib = normalise_bib((source / "references.bib").read_text(encoding="utf-8"), info)
    target.mkdir(parents=True, exist_ok=True)
    write(target / "studies.csv", STUDIES_COLUMNS, studies)
    counted = Counter(row["study_key"] for row in outcomes)
    write(target / "study_info.csv", INFO_COLUMNS, normalise_info(info, counted))
    (target / "references.bib").write_text(bib, encoding="utf-8")
    claims = [{**row, **CLAIM_TERMS[row["claim_id"]]} for row in read(source / "claims.csv")]
    write(target / "claims.csv", CLAIM_COLUMNS, claims)
    for column in ("effect_metric", "ci_level", "test_between", "arm_design"):
        print(column, dict(Counter(row[column] for row in studies).most_common()))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) == 3 else Path(__file__).parents[1] / "data"))
