"""The rules of a column as SQL conditions that are true where a row breaks them, at most one per cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dbt_project.registry import Column, Person
from orchestration.ingest.labels import human_label
from orchestration.ingest.sql import literal, name
from orchestration.ingest.typing_sql import EARLIEST_DATE, LATEST_DATE, expected_text

RECEIPT = "receipt"  # value of ``not_after`` that stands for the day the file was received


@dataclass(frozen=True)
class Check:
    """One rule of one column. Conditions read ``t_<column>`` (text) and ``v_<column>`` (typed)."""

    column: Column
    code: str
    broken: str
    expected: str
    found: str | None = (
        None  # SQL for what was found where the cell itself says nothing; None: told from the cell
    )


def cell_name(column: str) -> str:
    """Name under which the trimmed cell of a column stands."""
    return name(f"s_{column}")


def text_name(column: str) -> str:
    """Name under which the cleaned text of a column stands."""
    return name(f"t_{column}")


def value_name(column: str) -> str:
    """Name under which the typed value of a column stands."""
    return name(f"v_{column}")


def checks(columns: Sequence[Column], received_on: str, people: Iterable[Person] = ()) -> list[Check]:
    """Every rule of these columns, and of the people they describe. ``received_on`` is the ISO day of receipt."""
    found = [check for column in columns for check in _column_checks(column, received_on)]
    for person in people:
        found.extend(_person_checks(person, columns))
    return found


def _person_checks(person: Person, columns: Sequence[Column]) -> list[Check]:
    """Columns under each other's header show in the people: a code for a name, an event before a birth."""
    names = {person.surname, person.forename}
    found = [
        Check(
            column,
            "not_a_name",
            f"regexp_matches({text_name(column.name)}, '[0-9]')",
            "a name, without digits",
        )
        for column in columns
        if column.name in names
    ]
    born = next((column.name for column in columns if column.name == person.date_of_birth), None)
    if born is not None:
        before = literal(f"a day before the row's '{human_label(born)}'")
        found.extend(
            Check(
                column,
                "before_birth",
                f"({value_name(column.name)} < {value_name(born)} and {value_name(column.name)} >= "
                f"date '{EARLIEST_DATE}')",
                "a day of that person's life",
                before,
            )
            for column in columns
            if column.type == "date" and column.personal != "direct"
        )
    return found


def _column_checks(column: Column, received_on: str) -> list[Check]:
    text, value = text_name(column.name), value_name(column.name)
    found: list[Check] = []
    if column.required:
        found.append(Check(column, "missing_value", f"{text} is null", f"a value: {expected_text(column)}"))
    if column.type != "text" or column.values or column.allowed:
        code = "not_allowed" if column.type == "text" else f"not_{column.type}"
        broken = f"({text} is not null and {value} is null)"
        found.append(Check(column, code, broken, expected_text(column)))
    if column.pattern is not None:
        broken = f"not regexp_matches({value}, {literal(column.pattern)})"
        found.append(Check(column, "wrong_form", broken, f"text of the form {column.pattern}"))
    if column.minimum is not None:
        found.append(
            Check(column, "too_small", f"{value} < {column.minimum}", f"at least {column.minimum:g}")
        )
    if column.maximum is not None:
        found.append(Check(column, "too_large", f"{value} > {column.maximum}", f"at most {column.maximum:g}"))
    if column.type in ("date", "month"):
        found.extend(_date_checks(column, value, received_on))
    return found


def _date_checks(column: Column, value: str, received_on: str) -> list[Check]:
    outside = f"{value} not between date '{EARLIEST_DATE}' and date '{LATEST_DATE}'"
    years = f"a date from {EARLIEST_DATE[:4]} to {LATEST_DATE[:4]}"
    found = [Check(column, "implausible_date", outside, years)]
    if column.not_after is not None:
        limit = value_name(column.not_after)
        meant = f"the row's '{human_label(column.not_after)}'"
        if column.not_after == RECEIPT:
            limit, meant = f"date '{received_on}'", f"the day of receipt, {received_on}"
        late = f"({value} > {limit} and not ({outside}))"
        found.append(Check(column, "too_late", late, f"a date not after {meant}"))
    return found
