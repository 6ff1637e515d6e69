"""Taking what has landed: once, safely, with the later return standing, and without identifiers in raw files."""

from __future__ import annotations

import logging
import stat
import time
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from intake_files import NOW, Land, event_row, events, register

from dbt_project.registry import load_feeds
from orchestration.ingest import (
    IntakeReport,
    Ledger,
    ingest_all,
    ingest_feed,
    land_table,
    raw_columns,
    relation_sql,
)
from orchestration.ingest.outcome import Refusal
from orchestration.readers import SourceTable
from orchestration.readers.table import no_rejects
from orchestration.settings import Settings

FEEDS = load_feeds()
RETURNS = FEEDS["provider_return"]
DIRECT = ("Surname-one", "Forename-one", "2000001", "one@provider.example", "L1", "1990-01-01")


def outcomes(report: IntakeReport) -> dict[str, str]:
    return {each.name: each.outcome for each in report.files}


def standing(settings: Settings, select: str = "event_type", as_at: date | None = None) -> list[object]:
    """Rows of provider_return that stand."""
    with Ledger(settings.ledger) as ledger:
        query = relation_sql(ledger, settings.home, RETURNS, RETURNS.tables[0], as_at)
    return [row[0] for row in duckdb.sql(f"select {select} from ({query}) order by all").fetchall()]


def test_a_return_becomes_a_raw_file_without_identifiers(settings: Settings, land: Land) -> None:
    land("provider_return/HEI01.csv", events(event_row(), event_row(Event="Started")))
    report = ingest_all(settings, now=NOW)
    assert outcomes(report) == {"provider_return/HEI01.csv": "accepted"}
    sha256 = report.files[0].sha256
    path = settings.raw / "provider_return" / "provider_return" / f"{sha256}.parquet"
    rows = duckdb.read_parquet(str(path))
    assert dict(zip(rows.columns, map(str, rows.types), strict=True)) == raw_columns(
        RETURNS, RETURNS.tables[0]
    )
    first = dict(zip(rows.columns, rows.fetchall()[0], strict=True))
    assert first["source_file_sha256"] == sha256
    assert (first["source_line"], first["received_at"], first["source_sheet"]) == (2, NOW, None)
    assert len(first["person_key"]) == len(first["enrolment_key"]) == 32
    assert first["supervisor_key"] is None
    assert first["return_period"] == date(2025, 11, 1)
    content = path.read_bytes() + settings.ledger.read_bytes()
    assert not [text for text in DIRECT if text.encode() in content]


def test_a_second_run_finds_nothing_and_costs_next_to_nothing(settings: Settings, land: Land) -> None:
    for number in range(30):
        land(f"provider_return/{number}.csv", events(event_row(**{"Learner ID": f"L{number}"})))
    ingest_all(settings)
    start = time.perf_counter()
    again = ingest_all(settings)
    assert time.perf_counter() - start < 2
    assert again.files == ()
    assert again.feed("provider_return").unchanged == 30


def test_same_bytes_are_taken_once(settings: Settings, land: Land) -> None:
    land("provider_return/a.csv", events(event_row()))
    land("provider_return/b.csv", events(event_row()))
    land("spend/c.csv", events(event_row()))
    assert sorted(outcomes(ingest_all(settings)).values()) == ["accepted", "duplicate", "duplicate"]
    land("provider_return/a.csv", events(event_row()))  # touched, not changed
    assert outcomes(ingest_all(settings)) == {"provider_return/a.csv": "unchanged"}
    with Ledger(settings.ledger) as ledger:
        assert ledger.status("provider_return", ["provider_return"]).files_duplicate == 2
    assert standing(settings) == ["enrolled"]


def test_a_later_return_of_the_same_key_supersedes(settings: Settings, land: Land) -> None:
    both = event_row(Event="Offered", **{"Return month": "2025-10", "Return date": "2025-11-05"})
    land("provider_return/v1.csv", events(event_row(), both))
    land("provider_return/v2.csv", events(event_row(Event="Started", **{"Return date": "2025-12-20"})))
    ingest_all(settings)
    assert standing(settings) == ["offered", "started"]
    assert standing(settings, as_at=date(2025, 12, 10)) == ["enrolled", "offered"]
    assert standing(settings, as_at=date(2025, 11, 10)) == ["offered"]
    assert standing(settings, as_at=date(2025, 1, 1)) == []
    with Ledger(settings.ledger) as ledger:
        files = ledger.current_files("provider_return", "provider_return")
        assert [(file.rows, len(file.superseded)) for file in files] == [(1, 1), (1, 0)]
        status = ledger.status("provider_return", ["provider_return"])
    assert (status.rows_current, status.latest_reported_at) == (2, date(2025, 12, 20))
    land("provider_return/v0.csv", events(event_row(Event="Applied", **{"Return date": "2025-12-01"})))
    ingest_all(settings)
    assert standing(settings) == ["offered", "started"]  # an older statement that arrives late does not stand
    with Ledger(settings.ledger) as ledger:
        assert len(ledger.superseded_files("provider_return", "provider_return")) == 1


def test_of_equal_dates_the_last_received_stands(settings: Settings, land: Land) -> None:
    land("provider_return/z.csv", events(event_row()))
    land("provider_return/a.csv", events(event_row(Event="Started")))
    ingest_all(settings)
    assert standing(settings) == ["started"]


def test_a_feed_that_never_landed_gives_an_empty_relation(settings: Settings) -> None:
    assert standing(settings) == []
    assert ingest_all(settings).files == ()


def test_files_in_the_root_are_routed_or_refused_by_name(settings: Settings, land: Land) -> None:
    land("returns.csv", events(event_row()))
    land("pears.csv", "apples,pears\n1,2\n")
    land("provider_returns/x.csv", events(event_row(Event="Started")))
    report = ingest_all(settings)
    assert report.feed("provider_return").taken[0].name == "returns.csv"
    refused = {each.name: each.message for each in report.feed(None).refused}
    assert set(refused) == {"pears.csv", "provider_returns/x.csv"}
    assert "the folder 'provider_return'" in refused["provider_returns/x.csv"]
    assert ingest_all(settings).files == ()


def test_one_feed_at_a_time(settings: Settings, land: Land) -> None:
    land("provider_return/a.csv", events(event_row()))
    land("root.csv", register("2025-12-31", ("2000001", "Surname-one", "F", "1990-01-01")))
    land("spend/x.csv", "nothing here")
    intake = ingest_feed(settings, "gphc_register")
    assert [each.name for each in intake.files] == ["root.csv"]
    assert len(ingest_feed(settings, "provider_return").taken) == 1
    with pytest.raises(KeyError):
        ingest_feed(settings, "no_feed")


def test_a_missing_landing_folder_is_one_clear_line(settings: Settings, tmp_path: Path) -> None:
    gone = Settings(home=settings.home, landing=tmp_path / "gone")
    with pytest.raises(Refusal, match="landing folder 'gone': found no such folder"):
        ingest_all(gone)


def test_hidden_and_unfinished_files_are_left_alone(settings: Settings, land: Land) -> None:
    for name in (".hidden.csv", "~$lock.xlsx", "copy.csv.part"):
        land(f"spend/{name}", "x")
    assert ingest_all(settings).files == ()


def test_rows_set_aside_are_kept_in_a_restricted_file(settings: Settings, land: Land) -> None:
    land(
        "provider_return/a.csv", events(event_row(), event_row(**{"Event date": "soon", "Surname": "Other"}))
    )
    (report,) = ingest_all(settings).files
    path = settings.quarantine / "provider_return" / f"{report.sha256}.parquet"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (row,) = duckdb.read_parquet(str(path)).fetchall()
    assert row[:7] == (
        "provider_return/a.csv",
        None,
        3,
        "Event date",
        "not_date",
        "a value like 'aaaa'",
        "a date such as 2025-11-30",
    )
    assert '"Surname":"Other"' in row[7]
    assert report.rows_quarantined == 1


def test_nothing_personal_is_logged(settings: Settings, land: Land, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    land("provider_return/a.csv", events(event_row(), event_row(**{"Date of birth": "1990-99-01"})))
    (report,) = ingest_all(settings).files
    said = caplog.text + str(report.to_dict())
    assert "a value of 10 characters" in said
    assert not [text for text in (*DIRECT, "1990-99-01") if text in said]


def test_a_refused_file_is_tried_again_when_its_contract_changes(settings: Settings, land: Land) -> None:
    land("provider_return/a.csv", events(event_row()).replace("Event date", "When"))
    assert outcomes(ingest_all(settings)) == {"provider_return/a.csv": "refused"}
    assert ingest_all(settings).files == ()
    table = RETURNS.tables[0]
    columns = tuple(
        column.model_copy(update={"aliases": ("When",)}) if column.name == "event_date" else column
        for column in table.columns
    )
    wider = RETURNS.model_copy(update={"tables": (table.model_copy(update={"columns": columns}),)})
    feeds = {**FEEDS, "provider_return": wider}
    assert outcomes(ingest_all(settings, feeds)) == {"provider_return/a.csv": "accepted"}
    assert ingest_all(settings, feeds).files == ()


def test_accepted_files_are_taken_again_only_when_asked(settings: Settings, land: Land) -> None:
    land("provider_return/a.csv", events(event_row()))
    ingest_all(settings)
    assert len(ingest_all(settings, again=True).files) == 1
    assert standing(settings) == ["enrolled"]


def test_a_refused_file_moved_to_its_feed_is_taken(settings: Settings, land: Land) -> None:
    wrong = land("spend/a.csv", events(event_row()))
    (report,) = ingest_all(settings).files
    assert (report.outcome, report.code) == ("refused", "wrong_feed")
    wrong.unlink()
    land("provider_return/a.csv", events(event_row()))
    assert outcomes(ingest_all(settings)) == {"provider_return/a.csv": "accepted"}


def test_equal_small_files_are_examined_together_and_told_apart(settings: Settings, land: Land) -> None:
    land("provider_return/1.csv", events(event_row()))
    land("provider_return/2.csv", events(event_row(), event_row(**{"Event date": "soon"})))
    land("provider_return/3.csv", events(event_row(**{"Event date": "later"})))
    land("provider_return/4.csv", "")
    land("provider_return/5.csv", events(event_row(**{"Learner ID": "L5"}), "too,few,fields"))
    found = {each.name[-5]: each for each in ingest_all(settings).files}
    assert [found[n].outcome for n in "12345"] == [
        "accepted",
        "accepted_with_quarantine",
        "refused",
        "refused",
        "accepted_with_quarantine",
    ]
    assert [found[n].rows_accepted for n in "12345"] == [1, 1, 0, 0, 1]
    assert "from line 3" in found["2"].message
    assert "'aaaaa'" in found["3"].message
    assert "2.csv" not in found["3"].message


def test_a_vintage_comes_from_the_name_else_from_inside(settings: Settings, land: Land) -> None:
    line = "A81001,SURGERY,16C,NAME,U89141,PCN,16C,NAME,20191001,,TRUE\n"
    land("ods_pcn_membership/partners_2026-03-02.csv", line)
    land("ods_pcn_membership/partners.csv", line + line.replace("A81001", "A81002").replace("2019", "2024"))
    report = ingest_all(settings, now=NOW)
    assert any("vintage 2024-10-01" in note for each in report.files for note in each.notes)
    feed = FEEDS["ods_pcn_membership"]
    with Ledger(settings.ledger) as ledger:
        query = relation_sql(ledger, settings.home, feed, feed.table("ods_pcn_membership"))
    found = duckdb.sql(f"select distinct vintage_date from ({query}) order by 1").fetchall()
    assert found == [(date(2024, 10, 1),), (date(2026, 3, 2),)]


def test_progress_is_told_file_by_file(settings: Settings, land: Land) -> None:
    for number in range(3):
        land(f"provider_return/{number}.csv", events(event_row(**{"Learner ID": f"L{number}"})))
    steps: list[tuple[int, int]] = []
    ingest_all(settings, progress=lambda step: steps.append((step.done, step.total)))
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_a_raw_file_older_than_the_contract_has_nulls(settings: Settings, land: Land) -> None:
    table = RETURNS.tables[0]
    fewer = table.model_copy(update={"columns": tuple(c for c in table.columns if c.name != "reason")})
    feeds = {**FEEDS, "provider_return": RETURNS.model_copy(update={"tables": (fewer,)})}
    land("provider_return/a.csv", events(event_row(Reason="x")))
    ingest_all(settings, feeds)
    assert standing(settings, "reason") == [None]


def test_what_a_killed_run_left_behind_is_removed(settings: Settings) -> None:
    draft = settings.raw / "spend" / "spend" / ".abc.parquet.123"
    spilled = settings.spill / "intake-123" / "rows.tmp"
    for path in (draft, spilled):
        path.parent.mkdir(parents=True)
        path.write_text("half")
    ingest_all(settings)
    assert not draft.exists()
    assert list(settings.spill.iterdir()) == []


def test_a_table_from_an_interface_is_taken_like_a_file_and_once(settings: Settings) -> None:
    rows = pa.table({"c0": ["U12345"], "c1": ["NAME"], "c2": ["16C"], "c3": ["20191001"], "line": [1]})
    header = ("code", "name", "commissioned_by", "open_date")
    source = SourceTable(None, header, rows, no_rejects(), ())
    path = land_table(settings, "ods_pcn_membership", source, "ord_2026-01-02")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (report,) = ingest_all(settings).files
    assert (report.outcome, report.tables[0].layout) == ("accepted", "ord_api")
    land_table(settings, "ods_pcn_membership", source, "ord_2026-01-02")
    assert [each.outcome for each in ingest_all(settings).files] == ["unchanged"]
