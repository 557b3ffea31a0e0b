"""The shipped data against the extraction, cell by cell, and against what `docs/data.md` says of them."""

import csv
import importlib.util
import re
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
EXTRACTION = Path(__file__).parent / "reference" / "extraction"


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, strict=True))


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("normalise", ROOT / "scripts" / "normalise_extraction.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


STUDIES, INFO = read(ROOT / "data" / "studies.csv"), read(ROOT / "data" / "study_info.csv")
OUTCOMES, OUTCOME_INFO = read(EXTRACTION / "outcomes.csv"), read(EXTRACTION / "study_info.csv")


def test_all_rows_and_studies_are_there_in_their_order() -> None:
    assert len(STUDIES) == 277
    assert len(INFO) == 88
    assert [row["row_id"] for row in STUDIES] == [row["row_id"] for row in OUTCOMES]
    assert [row["study"] for row in INFO] == [row["key"] for row in OUTCOME_INFO]


def test_every_cell_of_the_extraction_is_kept_as_printed() -> None:
    renamed = {"study_key": "study", "effect_metric": "effect_printed"}
    for ours, theirs in zip(STUDIES, OUTCOMES, strict=True):
        assert {renamed.get(name, name): cell for name, cell in theirs.items()} == {
            name: ours[name] for name in (renamed.get(name, name) for name in theirs)
        }
    for ours, theirs in zip(INFO, OUTCOME_INFO, strict=True):
        kept = {"study" if name == "key" else name: cell for name, cell in theirs.items() if name != "n_rows"}
        assert kept == {name: ours[name] for name in kept}


def test_no_number_was_added() -> None:
    """Only `ci_level` (README: which two studies print 90 %) and `arms` hold digits of their own."""
    new = {"arm_design", "effect_metric", "effect_contrast", "effect_per", "ci_level", "test_between"}
    assert set(STUDIES[0]) - set(OUTCOMES[0]) == {"study", "effect_printed", *new} - {"effect_metric"}
    for row in STUDIES:
        assert row["ci_level"] in ("", "0.95", "0.90")
        assert bool(row["ci_level"]) == bool(row["ci_low"] or row["ci_high"])
        assert not any(
            character.isdigit() for name in new - {"ci_level", "effect_per"} for character in row[name]
        )


def test_the_script_makes_the_committed_tables(script: ModuleType) -> None:
    designs = {row["key"]: row["design"] for row in OUTCOME_INFO}
    assert script.normalise_outcomes(OUTCOMES, designs) == STUDIES
    assert script.normalise_info(OUTCOME_INFO, Counter(row["study_key"] for row in OUTCOMES)) == INFO


def test_counts_of_the_extraction_s_readme() -> None:
    """README: rows and studies by question, by report, with intervals, with counts, in full."""
    rows = Counter(row["question"] for row in STUDIES)
    assert rows == {
        "integrated_vs_isolated": 138,
        "hip_knee_vs_knee": 57,
        "risk_factor": 49,
        "prevention": 33,
    }
    studies = {
        question: len({row["study"] for row in STUDIES if row["question"] == question}) for question in rows
    }
    assert studies == {
        "integrated_vs_isolated": 30,
        "hip_knee_vs_knee": 20,
        "risk_factor": 21,
        "prevention": 17,
    }
    assert Counter(row["reported"] for row in STUDIES) == {"full": 84, "partial": 48, "direction": 145}
    assert sum(all(row[name] for name in ("effect", "ci_low", "ci_high")) for row in STUDIES) == 72
    assert sum(all(row[f"events_{arm}"] and row[f"total_{arm}"] for arm in "ec") for row in STUDIES) == 7
    moments = [
        f"{stage}_{part}_{arm}" for stage in ("pre", "post") for part in ("mean", "sd") for arm in "ec"
    ]
    assert sum(all(row[name] for name in moments) for row in STUDIES) == 5
    assert sum(row["level"] == "pooled" for row in STUDIES) == 38


def test_90_percent_intervals_are_the_two_studies_of_the_readme() -> None:
    assert {row["study"] for row in STUDIES if row["ci_level"] == "0.90"} == {
        "hislop2017",
        "pomaresnoguera2018",
    }
    assert all(
        row["ci_level"] != "0.95" for row in STUDIES if row["study"] in ("hislop2017", "pomaresnoguera2018")
    )


def test_stated_tests_only() -> None:
    """`test_between` is filled where the extraction's words say it; each case of docs/data.md by name."""
    stated = {row["row_id"]: row["test_between"] for row in STUDIES if row["test_between"]}
    expected = {
        **{f"faigenbaum2011_0{i}": "group_by_time" for i in range(1, 6)},
        **{f"imai_trunk_0{i}": "group_by_time" for i in range(1, 6)},
        **{f"khayambashi2012_0{i}": "group_by_time" for i in (1, 2)},
        **{f"khayambashi2014_0{i}": "post" for i in range(1, 5)},
        **dict.fromkeys(("fct_v_ss_pmc10859080_01", "padua2015_01", "duprey2016_01"), "post"),
        **{f"bennell2014_0{i}": "change" for i in (1, 2, 3)},
        **{f"holm2020_0{i}": "ancova" for i in (1, 2, 3)},
        "hansen2023_01": "equivalence",
    }
    assert stated == expected


def test_arm_design_of_pooled_and_within_participant_rows() -> None:
    assert all((row["arm_design"] == "review") == (row["level"] == "pooled") for row in STUDIES)
    within = {row["study"] for row in STUDIES if row["arm_design"] == "within_participant"}
    assert within == {"goncalves2019", "mannarino2021"}
    assert {row["arm_design"] for row in STUDIES if row["study"] == "resendeneto2019"} == {"parallel"}


def test_overlaps_run_both_ways() -> None:
    """README, "not independent of each other"; hott2019 at 3 and 12 months is one key."""
    pairs = {(row["study"], other) for row in INFO for other in row["overlaps"].split(";") if other}
    assert {tuple(sorted(pair)) for pair in pairs} == {
        ("bolgla2016", "ferber2015"),
        ("deblaiser2019", "deblaiser2021"),
        ("xiao2023", "xiao2024"),
        ("falah2012", "khayambashi2014"),
        ("mcguire2021", "neal2019"),
    }
    assert len(pairs) == 10


def test_incomplete_bibliographies_are_the_readme_s_thirteen() -> None:
    incomplete = {row["study"] for row in INFO if row["bibliography"] == "incomplete"}
    assert len(incomplete) == 13
    assert {"resendeneto2019", "intfootball2026", "corevknee_hamedan", "core_v_sham_jat53_20"} <= incomplete
    assert {row["bibliography"] for row in INFO} == {"complete", "incomplete"}


def test_arms_only_where_stated() -> None:
    arms = {row["study"]: row["arms"] for row in INFO if row["arms"]}
    three = (
        "herrington2007",
        "tennis_children_ceh",
        "resendeneto2019",
        "hott2019",
        "stien2020",
        "fukuda2010",
    )
    two = ("paoli2017", "zarei2018", "corevknee_hamedan")
    assert arms == {**dict.fromkeys(three, "3"), **dict.fromkeys(two, "2")}


def test_references_parse_and_say_what_study_info_says() -> None:
    from pybtex.database import parse_file

    entries = parse_file(str(ROOT / "data" / "references.bib")).entries
    assert list(entries) == [row["study"] for row in INFO]
    for row in INFO:
        entry = entries[row["study"]]
        for field in ("year", "doi", "url", "title"):
            assert entry.fields.get(field, "").strip("{}") == row[field], (row["study"], field)
        assert entry.fields.get("journal", "") == row["journal"]
        if row["pmid"]:
            assert entry.fields["note"] == f"PMID {row['pmid']}"
        listed = re.sub(r" ?\(.*\)| et al\.", "", row["authors"]).split("; ") if row["authors"] else []
        names = [str(person).replace(",", "") for person in entry.persons.get("author", [])]
        assert [name for name in names if name != "others"] == [name for name in listed if name != "others"]
        assert (names[-1:] == ["others"]) == ("et al." in row["authors"] or "others" in listed)


def test_surnames_are_read_as_surnames() -> None:
    from pybtex.database import parse_file

    entries = parse_file(str(ROOT / "data" / "references.bib")).entries
    for entry in entries.values():
        for person in entry.persons.get("author", []):
            assert person.last_names
            assert not any(name.isupper() and len(name) < 4 for name in person.last_names)
    van = entries["neal2019"].persons["author"][-1]
    assert (van.prelast_names, van.last_names, van.first_names) == (["van"], ["Middelkoop"], ["M"])


@pytest.mark.parametrize("column", ["effect_metric", "ci_level", "test_between", "arm_design"])
def test_the_page_on_the_data_counts_right(column: str) -> None:
    """docs/data.md: the table under each heading has one line per word, with its rows."""
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    table = page[page.index(f"| {column} | rows |") :].split("\n\n")[0]
    lines = [re.match(r"\| (\S+|\(blank\)) \| (\d+) \|", line) for line in table.splitlines()[2:]]
    counted = {line[1].replace("(blank)", ""): int(line[2]) for line in lines if line}
    assert counted == Counter(row[column] for row in STUDIES)


def test_the_claims_are_the_extraction_s_eleven() -> None:
    claims = read(ROOT / "data" / "claims.csv")
    assert len(claims) == len({claim["claim_id"] for claim in claims}) == 11
    assert Counter(claim["kind"] for claim in claims) == {
        "within": 2,
        "between": 4,
        "association": 4,
        "magnitude": 1,
    }
