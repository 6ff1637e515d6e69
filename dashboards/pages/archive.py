"""Earlier releases: each stays as it was published, beside this one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from dashboards import formatting, wording
from dashboards.blocks import Block, Cell, Column, DataTable, Notice, Page, Table
from dashboards.site import Site, records

PATH = "archive.html"
_SECTION = "about.html"  # the navigation entry it belongs to, whose page links to it


def pages(site: Site) -> Iterator[Page]:
    """The one archive page."""
    earlier = records(site.inputs.release_history)
    blocks: list[Block] = []
    if earlier:
        blocks.append(_table([{name: str(text) for name, text in row.items()} for row in earlier]))
        blocks.append(
            Notice(
                "A link opens an earlier release where the releases lie in folders side by side, as they are kept."
                " Where this one was copied alone, ask for the other by its name."
            )
        )
    count = f"{len(earlier)} earlier release{'' if len(earlier) == 1 else 's'}"
    message = f"{count} stay as published." if earlier else "This is the first release."
    yield Page(PATH, "Earlier releases", message, blocks, nav=_SECTION)


def _table(earlier: list[dict[str, str]]) -> DataTable:
    rows = tuple(
        (
            Cell(row["release_id"], archive=f"../../{row['release_id']}/site/index.html"),
            Cell(_day(row["published_on"])),
            Cell(_day(row["data_to"])),
            Cell(f"{wording.AS_AT} {_day(row['as_at'])}" if row["as_at"] else "Everything known"),
            Cell(wording.gate_result(row["gate_status"]).capitalize()),
        )
        for row in earlier
    )
    columns = (
        Column("Release"),
        Column("Published", whole=True),
        Column("Data to", whole=True),
        Column("Picture"),
        Column("Checks"),
    )
    return DataTable("releases", "", Table("Releases before this one, newest first", columns, rows))


def _day(text: str) -> str:
    return formatting.day(date.fromisoformat(text))
