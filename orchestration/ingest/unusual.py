"""Remarks on rows that are taken although something in them is unusual, by file."""

from __future__ import annotations

from collections import defaultdict

import duckdb

from orchestration.identity.keys import is_gphc_message_sql
from orchestration.ingest.checks import value_name
from orchestration.ingest.labels import human_label
from orchestration.ingest.raw_file import message_name, persons
from orchestration.ingest.sheets import Sheet


def unusual_notes(connection: duckdb.DuckDBPyConnection, typed: str, sheet: Sheet) -> dict[int, list[str]]:
    """Values past the usual of their column, and registration numbers that are none; by file_no."""
    questions: list[tuple[str, str]] = []
    for column in sheet.sourced_columns():
        if column.usual_maximum is not None:
            label = sheet.label(column.name) or human_label(column.name)
            beyond = f"more than {column.usual_maximum:g} in column '{label}', {column.beyond_usual}"
            questions.append((f"{value_name(column.name)} > {column.usual_maximum}", beyond))
    sourced = {column.name for column in sheet.sourced_columns()}
    for person in persons(sheet.feed, sheet.table):
        if person.gphc_number in sourced:
            label = sheet.label(person.gphc_number) or human_label(person.gphc_number)
            is_number = is_gphc_message_sql(message_name(person.key))
            questions.append(
                (
                    f"{value_name(person.gphc_number)} is not null and not coalesce({is_number}, false)",
                    f"a number in column '{label}' that is not seven digits: their people are told "
                    "by what else is known",
                )
            )
    notes: dict[int, list[str]] = defaultdict(list)
    if not questions:
        return notes
    counts = ", ".join(f"count(*) filter (where {condition})" for condition, _ in questions)
    found = connection.execute(
        f"select file_no, {counts} from {typed} where not bad group by file_no"
    ).fetchall()
    for file_no, *numbers in found:
        for number, (_, said) in zip(numbers, questions, strict=True):
            if number:
                rows = "1 row has" if number == 1 else f"{number:,} rows have"
                notes[file_no].append(f"{rows} {said}")
    return notes
