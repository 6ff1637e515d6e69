"""The real published files: all taken, with the counts their publishers give."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from dbt_project.registry import load_feeds
from orchestration.ingest import FileReport, Ledger, ingest_all, relation_sql
from orchestration.settings import Secret, Settings

FEEDS = load_feeds()
WORKFORCE = "Primary Care Networks - November 2025 Individual Level.csv"
DIRTY = "DIRTY_pcn_wf_individual_5x_duplicated_wrong_period.parquet"
EXPECTED = {  # file -> rows taken by table
    f"pcn_workforce/{WORKFORCE}": {"pcn_workforce": 38_696},
    f"pcn_workforce/{DIRTY}": {"pcn_workforce": 38_696},
    "ods_pcn_membership/ePCN_2019-12-04.xlsx": {"ods_pcn": 1_250, "ods_pcn_membership": 6_757},
    "ods_pcn_membership/ePCN_2022-04-27.xlsx": {"ods_pcn": 1_318, "ods_pcn_membership": 7_359},
    "ods_pcn_membership/ePCN_2023-01-26.xlsx": {"ods_pcn": 1_329, "ods_pcn_membership": 7_455},
    "ods_pcn_membership/ods_pcn_2026-01-02.csv": {"ods_pcn": 1_389},
    "ods_pcn_membership/raw_epcncorepartnerdetails_2026-03-02.csv": {"ods_pcn_membership": 7_795},
    "ods_practice/epraccur_2022-12.csv": {"ods_practice": 15_536},
    "practice_map/gp-reg-pat-prac-map_2025-12.csv": {"practice_map": 6_196},
    "registered_patients/gp-reg-pat-prac-all_2025-11_12.csv": {"registered_patients": 12_396},
    "deprivation/practice_imd_EXPECTED_2023-01.csv": {"deprivation": 6_437},
    "deprivation/pcn_imd_EXPECTED_2023-01.csv": {"deprivation": 1_264},
    "deprivation/practice_imd_fingertips93553.csv": {"deprivation": 23_080},
}
FOLDERS = {
    "pcn_workforce": "pcn_workforce",
    "ods_pcn_membership": "ods",
    "ods_practice": "ods",
    "practice_map": "patients_registered",
    "registered_patients": "patients_registered",
    "deprivation": "geography",
}

Taken = tuple[Settings, dict[str, FileReport]]


@pytest.fixture(scope="module")
def taken(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    home = tmp_path_factory.mktemp("home")
    landing = home / "landing"
    for name in EXPECTED:
        feed, file = name.split("/")
        source = shared_data / FOLDERS[feed] / file
        if source.exists():
            (landing / feed).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, landing / name)
    settings = Settings(home=home, landing=landing, key_given=Secret(b"k" * 32))
    return settings, {report.name: report for report in ingest_all(settings).files}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_real_file_is_taken(taken: Taken, name: str) -> None:
    _, reports = taken
    if name not in reports:
        pytest.skip(f"{name} is not present")
    report = reports[name]
    assert {counts.table: counts.accepted for counts in report.tables} == EXPECTED[name]
    unknown = (
        1 if name == "deprivation/pcn_imd_EXPECTED_2023-01.csv" else 0
    )  # its row "Unknown" is no network
    assert report.rows_quarantined == unknown


def standing(taken: Taken, feed: str, table: str) -> str:
    """SQL for the rows of a table that stand; skips where the feed's files are absent."""
    settings, reports = taken
    if not any(name.startswith(feed + "/") for name in reports):
        pytest.skip(f"no file of {feed} is present")
    with Ledger(settings.ledger) as ledger:
        return relation_sql(ledger, settings.home, FEEDS[feed], FEEDS[feed].table(table))


def rows(query: str) -> list[tuple[object, ...]]:
    return duckdb.sql(query).fetchall()


def test_the_dirty_copy_is_told_loudly_and_does_not_double_the_census(taken: Taken) -> None:
    notes = " ".join(taken[1][f"pcn_workforce/{DIRTY}"].notes)
    assert "5 loads" in notes
    assert "'_period' says 2025-03, the rows' own date says 2025-11" in notes
    census = standing(taken, "pcn_workforce", "pcn_workforce")
    assert rows(f"select count(*) from ({census})") == [(38_696,)]


def test_pharmacists_of_england_in_november_2025(taken: Taken) -> None:
    census = standing(taken, "pcn_workforce", "pcn_workforce")
    found = rows(
        f"select round(sum(fte), 3)::double, count(distinct person_identifier) from ({census}) "
        "where lower(detailed_staff_role) in ('pharmacist', 'pharmacists')"
    )
    assert found == [(5589.644, 5190)]


def test_registered_patients_of_england(taken: Taken) -> None:
    patients = standing(taken, "registered_patients", "registered_patients")
    by_extract = rows(f"select extract_date, sum(patients) from ({patients}) group by 1 order by 1")
    assert [day for day, _ in by_extract] == [date(2025, 11, 1), date(2025, 12, 1)]
    assert 63_947_100 in [total for _, total in by_extract]


def test_vintages_come_from_the_file_names(taken: Taken) -> None:
    spells = standing(taken, "ods_pcn_membership", "ods_pcn_membership")
    assert (date(2026, 3, 2),) in rows(f"select distinct vintage_date from ({spells})")
    practices = standing(taken, "ods_practice", "ods_practice")
    assert rows(f"select distinct vintage_date from ({practices})") == [(date(2022, 12, 1),)]
