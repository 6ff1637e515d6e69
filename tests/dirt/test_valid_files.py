"""Valid files that look unusual pass whole: no row set aside, nothing doubted."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from dirt_kind import Place
from dirt_people import event, events, lines, money, posts, register, spend
from dirt_verdicts import one_reader
from dirt_workbooks import book, rows_of, saved

from orchestration.ingest import FileReport, ingest_all
from orchestration.settings import Settings

Maker = Callable[[Place], Path]


@dataclass(frozen=True)
class Valid:
    """A valid file: where it goes, how it is written, and how many rows it has."""

    name: str
    feed: str
    rows: int
    make: Maker


def text(
    name: str, feed: str, rows: int, content: Callable[[Place], str | bytes], file: str = "file.csv"
) -> Valid:
    """A valid text file."""
    return Valid(name, feed, rows, lambda place: place.write(file, content(place)))


def reversed_columns(place: Place) -> str:
    rows = [event(place, number) for number in range(2)]
    return "\n".join(lines([dict(reversed(row.items())) for row in rows]))


def quoted(place: Place) -> str:
    rows = [event(place, number) for number in range(2)]
    cells = [list(rows[0]), *(list(row.values()) for row in rows)]
    return "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in cells) + "\r\n"


def doubled_header_spaces(place: Place) -> str:
    header, *rows = events(place, {}, {}).splitlines()
    return "\n".join([header.replace(" ", "  ").upper(), *rows])


def header_underscores(place: Place) -> str:
    header, *rows = events(place, {}, {}).splitlines()
    return "\n".join([header.replace(" ", "_").lower(), *rows])


def many(place: Place) -> str:
    days = (f"2025-{1 + number % 9:02d}-{1 + number % 28:02d}" for number in range(3_000))
    return events(place, *({"Event date": day} for day in days))


def dates_all_early(place: Place) -> str:
    """Dates that could be read both ways, none that shows another order: the day comes first, as promised."""
    return events(
        place, {"Event date": "03/04/2025"}, {"Event date": "11/05/2025"}, {"Event date": "31/10/2025"}
    )


def day_first_with_dashes(place: Place) -> str:
    return events(place, {"Event date": "13-04-2025"}, {"Event date": "01-Oct-2025"})


FILES = (
    text("plain", "provider_return", 2, lambda place: events(place, {}, {})),
    text("one row", "provider_return", 1, lambda place: events(place, {})),
    text("no line end at the end", "provider_return", 1, lambda place: events(place, {}).rstrip()),
    text("CR LF", "provider_return", 2, lambda place: events(place, {}, {}, end="\r\n")),
    text("a byte order mark", "provider_return", 1, lambda place: events(place, {}).encode("utf-8-sig")),
    text("columns in another order", "provider_return", 2, reversed_columns),
    text("every cell quoted", "provider_return", 2, quoted),
    text("headers in capitals, doubled spaces", "provider_return", 2, doubled_header_spaces),
    text("headers with underscores", "provider_return", 2, header_underscores),
    text("semicolons", "provider_return", 2, lambda place: events(place, {}, {}, delimiter=";")),
    text("tabs in a .tsv", "provider_return", 2, lambda place: events(place, {}, {}, delimiter="\t"), "file.tsv"),
    text("a name ending in capitals", "provider_return", 1, lambda place: events(place, {}), "FILE.CSV"),
    text("gzip", "provider_return", 2, lambda place: gzip.compress(events(place, {}, {}).encode()), "file.csv.gz"),
    text("day-first dates", "provider_return", 3, dates_all_early),
    text("dates with dashes", "provider_return", 2, day_first_with_dashes),
    text("three thousand rows of one day and another", "provider_return", 3_000, many),
    text("a comma and a quote inside quotes", "provider_return", 1,
         lambda place: events(place, {"Reason": '"moved, ""for good"""'})),
    text("a line break inside quotes", "provider_return", 2,
         lambda place: events(place, {"Reason": '"moved\nabroad"'}, {})),
    text("an address of several lines and commas", "provider_return", 1,
         lambda place: events(place, {"Reason": '"1, High Street,\nTown,\nCounty"'})),
    text("names with apostrophes, hyphens and accents", "provider_return", 1,
         lambda place: events(place, {"Surname": "O'Quillmarker-Łódź", "Forename": "Zoë Zedmarker"})),
    text("a surname of one letter, and one that reads Null", "provider_return", 2,
         lambda place: events(place, {"Surname": "O"}, {"Surname": "Null"})),
    text("no registration number", "provider_return", 1, lambda place: events(place, {"GPhC number": ""})),
    text("an event on the day of the return", "provider_return", 1,
         lambda place: events(place, {"Event date": "2025-12-05"})),
    text("29 February", "provider_return", 1, lambda place: events(place, {"Event date": "2024-02-29"})),
    text("choices in other letters", "provider_return", 1,
         lambda place: events(place, {"Strand": "independent-PRESCRIBING", "Sector": "general_practice"})),
    text("FTE of 0 and of 1.2", "deployment_return", 2, lambda place: posts(place, {"FTE": "0"}, {"FTE": "1.2"})),
    text("an outturn of nothing, and a refund", "spend", 2,
         lambda place: spend(place, {"Outturn GBP": "0"}, {"Outturn GBP": "-12.50"})),
    text("amounts with thousands signs", "spend", 1,
         lambda place: "\n".join(lines([money(place, 0, {"Outturn GBP": '"1,234,567.00"'})]))),
    text("a register with a removed registrant", "gphc_register", 2,
         lambda place: register(place, {}, {"Registration status": "Removed"})),
    Valid("a workbook with notes in a second sheet", "provider_return", 2,
          lambda place: place.write("file.xlsx", saved(book(("Return", rows_of(place, {}, {})), ("Notes", [["x"]]))))),
    Valid("a workbook with an empty first sheet", "provider_return", 1,
          lambda place: place.write("file.xlsx", saved(book(("Return", rows_of(place, {})), ("Sheet2", []))))),
)  # fmt: skip

REAL = {  # file below the folder of shared data -> feed and rows
    "ods/ePCN_2019-12-04.xlsx": ("ods_pcn_membership", 8_007),
    "ods/ePCN_2022-04-27.xlsx": ("ods_pcn_membership", 8_677),
    "ods/ePCN_2023-01-26.xlsx": ("ods_pcn_membership", 8_784),
    "ods/ods_pcn_2026-01-02.csv": ("ods_pcn_membership", 1_389),
    "ods/epraccur_2022-12.csv": ("ods_practice", 15_536),
    "patients_registered/gp-reg-pat-prac-map_2025-12.csv": ("practice_map", 6_196),
}
HARMLESS = (
    "sheets not taken",
    "columns not in the contract",
    "no date in the file name",
    "rows that are not ours",
)


def taken(folder: Path, land: Callable[[Settings], dict[str, Path]]) -> dict[str, FileReport]:
    """Land files and take them; the reports by the names that were given."""
    settings = Settings(home=folder, landing=folder / "landing", memory_limit="1GB", threads=2).prepare()
    paths = land(settings)
    with one_reader():
        reports = {report.name: report for report in ingest_all(settings).files}
    return {name: reports[str(path.relative_to(settings.landing))] for name, path in paths.items()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileReport]:
    def land(settings: Settings) -> dict[str, Path]:
        paths: dict[str, Path] = {}
        for number, valid in enumerate(FILES):
            folder = settings.landing / valid.feed / f"{number:02d}"
            folder.mkdir(parents=True)
            paths[valid.name] = valid.make(Place(folder, f"V{number:06d}"))
        return paths

    return taken(tmp_path_factory.mktemp("valid") / "home", land)


@pytest.fixture(scope="module")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, FileReport]]:
    def land(settings: Settings) -> dict[str, Path]:
        paths: dict[str, Path] = {}
        for name, (feed, _) in REAL.items():
            if (shared_data / name).exists():
                paths[name] = settings.landing / feed / Path(name).name
                paths[name].parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(shared_data / name, paths[name])
        return paths

    yield taken(tmp_path_factory.mktemp("real") / "home", land)


def alarms(report: FileReport) -> list[str]:
    """Remarks that would make a supplier doubt the file."""
    return [
        note
        for note in report.notes
        if not note.startswith(HARMLESS) and not any(h in note for h in HARMLESS)
    ]


@pytest.mark.parametrize("valid", [pytest.param(valid, id=valid.name) for valid in FILES])
def test_a_valid_file_passes_without_a_false_alarm(made: dict[str, FileReport], valid: Valid) -> None:
    report = made[valid.name]
    assert (report.outcome, report.rows_accepted) == ("accepted", valid.rows), report.to_dict()
    assert alarms(report) == []


@pytest.mark.parametrize("name", REAL)
def test_a_real_vintage_passes_without_a_false_alarm(real: dict[str, FileReport], name: str) -> None:
    if name not in real:
        pytest.skip(f"{name} is not present")
    report = real[name]
    assert (report.outcome, report.rows_accepted) == ("accepted", REAL[name][1]), report.to_dict()
    assert alarms(report) == []


def test_there_are_thirty() -> None:
    assert len(FILES) + len(REAL) >= 30
