"""Dirt planted in whole files after they are written: encodings, layouts, broken and misplaced files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestration.synthetic.dirt import SWITCHES
from orchestration.synthetic.truth import Planted
from orchestration.synthetic.world import World
from orchestration.synthetic.write_public import census_name, census_rows

REPEATED_CENSUS = date(2025, 11, 1)
_WRONG_PERIOD = "2025-03"
_LOADS = (74, 432, 452, 462, 475)
_ERROR_PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Service unavailable</title></head>
<body><h1>Sorry, there is a problem with the service</h1><p>Try again later.</p></body></html>
"""


@dataclass
class Yard:
    """A landing folder with the long returns that may still be spoilt: each file is given to one kind."""

    world: World
    landing: Path
    free: list[Path]

    def take(self, suits: Callable[[str], bool] = lambda _: True) -> Path:
        """The next free return whose text suits; raises LookupError when there is none."""
        for path in self.free:
            if suits(path.read_text("utf-8")):
                self.free.remove(path)
                return path
        raise LookupError("no return is left to plant dirt in")


def plant_files(world: World, landing: Path, dirt: frozenset[str], planted: list[Planted]) -> list[Planted]:
    """Spoil or add files under `landing`; returns what was planted. Files without dirty rows are taken first."""
    dirty = {item.file_name for item in planted}
    # longest first: a spoilt file should hold rows worth losing
    returns = sorted(
        (landing / "provider_return").glob("*.csv"),
        key=lambda path: (path.name in dirty, -path.stat().st_size // 4096, path.name),
    )
    yard = Yard(world, landing, returns)
    found: list[Planted] = []
    for kind, plant in _PLANTERS.items():
        if kind in dirt:
            path, rows = plant(yard)
            switch = SWITCHES[kind]
            found.append(Planted(kind, path.parent.name, path.name, rows, switch.expected, switch.note))
    return found


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") - 1


def _duplicate(yard: Yard) -> tuple[Path, int]:
    source = yard.take()
    copy = source.with_name(f"{source.stem} (1).csv")
    copy.write_bytes(source.read_bytes())
    return copy, _lines(copy)


def _windows(yard: Yard) -> tuple[Path, int]:
    path = yard.take(lambda text: ";" in text.partition("\n")[0] and not text.isascii())
    path.write_bytes(path.read_text("utf-8").encode("cp1252"))
    return path, _lines(path)


def _totals(yard: Yard) -> tuple[Path, int]:
    path = yard.take()
    text = path.read_text("utf-8")
    delimiter = _delimiter(text)
    width = text.partition("\n")[0].count(delimiter)
    cells = ["Total", "", "", str(text.count("\n") - 1)] + [""] * (width - 3)
    path.write_text(text + delimiter.join(cells) + "\n", "utf-8")
    return path, 1


def _spaces(yard: Yard) -> tuple[Path, int]:
    path = yard.take()
    header, rows = _parsed(path)
    _rewrite(path, header, [[f"{cell}\u00a0 " if cell else cell for cell in row] for row in rows])
    return path, len(rows)


def _swapped(yard: Yard) -> tuple[Path, int]:
    path = yard.take()
    header, rows = _parsed(path)
    order = sorted(range(len(header)), key=lambda place: (place % 3, -place))
    _rewrite(path, [header[place] for place in order], [[row[place] for place in order] for row in rows])
    return path, len(rows)


def _mark(yard: Yard) -> tuple[Path, int]:
    path = yard.take()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    return path, _lines(path)


def _repeated(yard: Yard) -> tuple[Path, int]:
    """The census is replaced by a carrier's table: lower-case names, five loads, a wrong `_period`."""
    folder = yard.landing / "pcn_workforce"
    (folder / census_name(REPEATED_CENSUS)).unlink()
    path = folder / f"pcn_wf_individual_{_WRONG_PERIOD}.parquet"
    columns = [str(row[0]) for row in yard.world.rows(f"describe {census_rows(REPEATED_CENSUS)}")]
    named = ", ".join(f'"{name}" as {name.lower()}' for name in columns)
    loads = ", ".join(f"({load}, {load * 2 + 7})" for load in _LOADS)
    select = f"""
        select {named}, _load_id, timestamp '2026-01-10 00:59:51' as _loaded_at, '{_WRONG_PERIOD}' as _period,
            _manifest_file_id
        from ({census_rows(REPEATED_CENSUS)}) cross join (values {loads}) as v(_load_id, _manifest_file_id)
        order by _load_id, unique_identifier nulls last, pcn_code, staff_role, detailed_staff_role, fte
    """
    yard.world.run(f"copy ({select}) to '{path}' (format parquet)")
    return path, yard.world.number(f"select count(*) from '{path}'")


def _misplaced(yard: Yard) -> tuple[Path, int]:
    source = sorted((yard.landing / "spend").glob("*.csv"))[0]
    path = yard.landing / "provider_return" / source.name
    path.write_bytes(source.read_bytes())
    return path, _lines(path)


def _page(yard: Yard) -> tuple[Path, int]:
    path = yard.landing / "practice_map" / "gp-reg-pat-prac-map_2026-05.csv"
    path.write_text(_ERROR_PAGE, "utf-8")
    return path, 0


def _truncated(yard: Yard) -> tuple[Path, int]:
    source = max(
        (yard.landing / "provider_return").glob("*.xlsx"), key=lambda path: (path.stat().st_size, path.name)
    )
    path = source.with_name(f"{source.stem} (1).xlsx")
    content = source.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 5])
    return path, 0


def _empty(yard: Yard) -> tuple[Path, int]:
    path = yard.landing / "deployment_return" / "deployment_return_2026-06.csv"
    path.write_bytes(b"")
    return path, 0


def _no_dates(yard: Yard) -> tuple[Path, int]:
    source = yard.take(lambda text: "," in text.partition("\n")[0])
    path = source.with_name(f"{source.stem}_draft.csv")
    header, rows = _parsed(source)
    gone = header.index("Event date")
    path.write_bytes(b"")
    _rewrite(path, header[:gone] + header[gone + 1 :], [row[:gone] + row[gone + 1 :] for row in rows], ",")
    return path, len(rows)


def _delimiter(text: str) -> str:
    return ";" if ";" in text.partition("\n")[0] else ","


def _parsed(path: Path) -> tuple[list[str], list[list[str]]]:
    text = path.read_text("utf-8")
    rows = list(csv.reader(io.StringIO(text), delimiter=_delimiter(text)))
    return rows[0], rows[1:]


def _rewrite(path: Path, header: list[str], rows: list[list[str]], delimiter: str | None = None) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter or _delimiter(path.read_text("utf-8")), lineterminator="\n")
    writer.writerows([header, *rows])
    path.write_bytes(text.getvalue().encode("utf-8"))


_PLANTERS: dict[str, Callable[[Yard], tuple[Path, int]]] = {
    "cp1252_file": _windows,
    "missing_column": _no_dates,
    "duplicate_file": _duplicate,
    "totals_row": _totals,
    "trailing_spaces_nbsp": _spaces,
    "swapped_columns": _swapped,
    "bom": _mark,
    "repeated_load": _repeated,
    "wrong_feed_file": _misplaced,
    "html_error_page": _page,
    "truncated_workbook": _truncated,
    "empty_file": _empty,
}
