"""Boards abolished and created in April 2026, on a handful of practices: before, after, then and now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.ingest import ingest_all
from orchestration.settings import Settings, load_settings, switch_telemetry_off
from orchestration.warehouse import build_generation

OLD, NEW, ABOLISHED = "2025-12-01", "2026-06-01", ("QM7", "QNQ")
NAMES = {"QM7": "Hertfordshire and West Essex", "QNQ": "Frimley", "QRL": "Hampshire", "QJK": "Devon"}
# practice: network, location, board, region, patients; one of Frimley is in no network
PRACTICES = {
    "A00001": ("U10001", "06N", "QM7", "Y61", 1000),
    "A00002": ("U10002", "07H", "QM7", "Y61", 200),
    "A00003": ("U10003", "D4U1Y", "QNQ", "Y59", 4000),
    "A00004": ("U17969", "D4U1Y", "QNQ", "Y59", 300),  # Farnham
    "A00005": ("U03055", "D4U1Y", "QNQ", "Y59", 50),  # Aldershot
    "H81110": ("U", "D4U1Y", "QNQ", "Y59", 7),
    "A00006": ("U10006", "D9Y0V", "QRL", "Y59", 600),
    "A00007": ("U10007", "15N", "QJK", "Y58", 10),
}
BEFORE = {"QM7": 1200, "QNQ": 4357, "QRL": 600, "QJK": 10}
AFTER = {"S1Y5D": 1000, "D7T5G": 200, "S0E4D": 4000, "S9B9J": 307, "QRL": 650, "QJK": 10}


def practice_map(day: str, boards: dict[str, tuple[str, str]]) -> str:
    """A map of the day; `boards` says what it shows instead of a practice's old location and board."""
    lines = [
        "EXTRACT_DATE,PRACTICE_CODE,PRACTICE_NAME,PRACTICE_POSTCODE,PCN_CODE,PCN_NAME,SUB_ICB_LOCATION_CODE,"
        "SUB_ICB_LOCATION_NAME,ICB_CODE,ICB_NAME,COMM_REGION_CODE,COMM_REGION_NAME"
    ]
    for code, (network, location, board, region, _) in PRACTICES.items():
        shown_location, shown_board = boards.get(code, (location, board))
        lines.append(
            f"{day},{code},Practice,AA1 1AA,{network},Network,{shown_location},Location {shown_location},"
            f"{shown_board},NHS {NAMES.get(shown_board, shown_board)} Integrated Care Board,{region},Region {region}"
        )
    return "\n".join(lines) + "\n"


def lists(day: str) -> str:
    """Registered patients of every practice on a day."""
    rows = [f"{day},GP,{place[1]},{code},ALL,ALL,{place[4]}" for code, place in PRACTICES.items()]
    return (
        "\n".join(("EXTRACT_DATE,TYPE,SUB_ICB_LOCATION_CODE,CODE,SEX,AGE,NUMBER_OF_PATIENTS", *rows)) + "\n"
    )


def landed(home: Path, maps: dict[str, dict[str, tuple[str, str]]]) -> Settings:
    """A home into which these maps, and lists of both days, have been taken."""
    switch_telemetry_off()
    settings = load_settings(home=home, landing=home / "landing").prepare()
    for day, boards in maps.items():
        put(settings, f"practice_map/map_{day}.csv", practice_map(day, boards))
    for day in (OLD, NEW):
        put(settings, f"registered_patients/lists_{day}.csv", lists(day))
    assert {file.outcome for file in ingest_all(settings).files} == {"accepted"}
    return settings


def put(settings: Settings, name: str, content: str) -> None:
    path = settings.landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")


@contextmanager
def built(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse of what has been taken in."""
    done, _ = build_generation(settings)
    with duckdb.connect(str(done.path(settings)), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One map, older than the change, and lists from before and after it."""
    return landed(tmp_path_factory.mktemp("boards"), {OLD: {}})


@pytest.fixture(scope="module")
def changed(home: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with built(home) as connection:
        yield connection


@pytest.fixture(scope="module")
def unchanged(home: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same files as known on the last day of March 2026."""
    with built(replace(home, as_at=date(2026, 3, 31))) as connection:
        yield connection


def patients(warehouse: duckdb.DuckDBPyConnection, level: str, geography: str, day: str) -> dict[str, int]:
    found = warehouse.execute(
        "select org_code, patients::int from intermediate.int_list_size "
        "where org_level = ? and geography = ? and extract_date = ?",
        [level, geography, day],
    )
    return dict(found.fetchall())


def boards_of(warehouse: duckdb.DuckDBPyConnection) -> dict[str, tuple[object, ...]]:
    found = warehouse.execute(
        "select org_code, org_name, valid_from, valid_to, is_current, successor_code, region_code "
        "from marts.dim_organisation where org_level = 'icb'"
    )
    return {row[0]: row[1:] for row in found.fetchall()}


@pytest.mark.parametrize(
    ("geography", "day", "expected"),
    [("as_was", OLD, BEFORE), ("as_was", NEW, AFTER), ("as_now", OLD, AFTER), ("as_now", NEW, AFTER)],
)
def test_patients_lie_with_the_board_of_the_day_or_of_today(
    changed: duckdb.DuckDBPyConnection, geography: str, day: str, expected: dict[str, int]
) -> None:
    assert patients(changed, "icb", geography, day) == expected


@pytest.mark.parametrize("level", ["england", "region"])
@pytest.mark.parametrize("day", [OLD, NEW])
def test_england_and_the_regions_are_what_they_were(
    changed: duckdb.DuckDBPyConnection, level: str, day: str
) -> None:
    then, now = (patients(changed, level, geography, day) for geography in ("as_was", "as_now"))
    assert then == now
    assert sum(then.values()) == sum(BEFORE.values()) == sum(AFTER.values())


def test_networks_of_a_divided_board_go_to_the_right_successor(changed: duckdb.DuckDBPyConnection) -> None:
    found = changed.execute("""
        select pcn_code, former.icb_code, today.sub_icb_code, today.icb_code
        from intermediate.int_pcn_geography as former
        inner join intermediate.int_pcn_current as today using (pcn_code)
        where former.valid_to = date '2026-03-31' order by 1
    """).fetchall()
    assert found == [
        ("U03055", "QNQ", "D9Y0V", "QRL"),
        ("U10001", "QM7", "06N", "S1Y5D"),
        ("U10002", "QM7", "07H", "D7T5G"),
        ("U10003", "QNQ", "U2G6B", "S0E4D"),
        ("U17969", "QNQ", "92A", "S9B9J"),
    ]


def test_boards_are_listed_with_their_days_and_heirs(changed: duckdb.DuckDBPyConnection) -> None:
    boards = boards_of(changed)
    day, last = date(2026, 4, 1), date(2026, 3, 31)
    name = "NHS Thames Valley Integrated Care Board"
    assert boards["S0E4D"] == (name, day, None, True, None, "Y59")
    frimley = "NHS Frimley Integrated Care Board"
    assert boards["QNQ"] == (
        frimley,
        None,
        last,
        False,
        "S9B9J",
        "Y59",
    )  # two of its four practices went there
    assert boards["QM7"][2:5] == (last, False, "S1Y5D")  # one practice each; two of its three locations
    assert boards["QRL"][1:5] == (None, None, True, None)  # it took a part of Frimley and is as old as it was
    location = changed.execute(
        "select valid_to, is_current, successor_code from marts.dim_organisation where org_code = 'D4U1Y'"
    )
    assert location.fetchone() == (last, False, "U2G6B")


def test_known_before_the_day_nothing_has_changed(unchanged: duckdb.DuckDBPyConnection) -> None:
    assert patients(unchanged, "icb", "as_now", OLD) == BEFORE == patients(unchanged, "icb", "as_was", OLD)
    boards = boards_of(unchanged)
    assert set(boards) == set(BEFORE)
    assert all(row[1:5] == (None, None, True, None) for row in boards.values())


def test_a_map_that_shows_the_change_wins_over_the_seed(tmp_path: Path) -> None:
    """The map of June calls one board by a code of its own, and shows Farnham where nobody expected it."""
    shown = {
        "A00001": ("06N", "S1Y5D"),
        "A00002": ("07H", "X9X9X"),
        "A00003": ("U2G6B", "S0E4D"),
        "A00004": ("D9Y0V", "QRL"),
        "A00005": ("D9Y0V", "QRL"),
        "H81110": ("92A", "S9B9J"),
    }
    expected = {"S1Y5D": 1000, "X9X9X": 200, "S0E4D": 4000, "S9B9J": 7, "QRL": 950, "QJK": 10}
    with built(landed(tmp_path, {OLD: {}, NEW: shown})) as warehouse:
        assert patients(warehouse, "icb", "as_now", OLD) == expected
        assert patients(warehouse, "icb", "as_was", NEW) == expected
        assert patients(warehouse, "icb", "as_was", OLD) == BEFORE
        spells = warehouse.execute(
            "select pcn_code, icb_code from intermediate.int_pcn_geography where valid_from = date '2026-04-01'"
        )
        assert ("U17969", "QRL") in (found := spells.fetchall())
        assert ("U10002", "X9X9X") in found


def test_a_map_from_after_the_day_alone_still_knows_the_boards_before(tmp_path: Path) -> None:
    shown = {
        "A00001": ("06N", "S1Y5D"),
        "A00002": ("07H", "D7T5G"),
        "A00003": ("U2G6B", "S0E4D"),
        "A00004": ("92A", "S9B9J"),
        "A00005": ("D9Y0V", "QRL"),
        "H81110": ("92A", "S9B9J"),
    }
    with built(landed(tmp_path, {NEW: shown})) as warehouse:
        assert patients(warehouse, "icb", "as_was", OLD) == BEFORE
        assert patients(warehouse, "icb", "as_now", OLD) == AFTER
        assert {code for code in ABOLISHED if not boards_of(warehouse).get(code)} == set(ABOLISHED)
