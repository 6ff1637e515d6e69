"""Every kind of dirt, in the order of the table in docs/intake.md."""

from __future__ import annotations

import dirt_files
import dirt_resends
import dirt_tables
import dirt_text
import dirt_values
import dirt_workbooks
from dirt_kind import CATALOGUE, Kind

GROUPS = (
    dirt_text.ENCODING,
    dirt_text.FIELDS,
    dirt_text.LINES,
    dirt_tables.HEADERS,
    dirt_tables.ROWS,
    dirt_values.DATES,
    dirt_values.NUMBERS,
    dirt_values.CODES,
    dirt_values.PEOPLE,
    dirt_workbooks.SHEETS,
    dirt_workbooks.CONTAINERS,
    dirt_files.FORMATS,
    dirt_files.PACKED,
    dirt_files.PARQUET,
    dirt_files.NAMES,
    dirt_resends.RESENT,
    dirt_resends.SIZE,
)

KINDS: tuple[Kind, ...] = tuple(sorted(CATALOGUE, key=lambda kind: GROUPS.index(kind.group)))
