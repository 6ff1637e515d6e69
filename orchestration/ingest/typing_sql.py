"""From text to a typed value, as SQL: one expression per promised column, null when the text is no such value.

Nothing is guessed: day comes before month, a lone thousands separator is not told from a decimal comma.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dbt_project.registry import Column
from orchestration.ingest.labels import value_labels
from orchestration.ingest.sql import listed, literal

EARLIEST_DATE = "1900-01-01"
LATEST_DATE = "2100-12-31"
EXCEL_SERIAL = "excel"  # name of the format "days since 30 December 1899" in a contract

_NO_VALUE = ("Null",)  # spelled out by some publishers in any column; not in names, where it is a surname

_DATE_FORMATS = (
    "%d/%m/%Y",
    "%Y%m%d",
    "%d%b%Y",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d-%m-%Y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%d %B %Y",
)
_MONTH_FORMATS = (
    "%Y-%m",
    "%Y%m",
    "%b-%y",  # before %Y, which would take 25 for the year 25
    "%b-%Y",
    "%B-%Y",
    "%b %Y",
    "%B %Y",
    "%m/%Y",
    "%d/%m/%Y",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
)
_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")
_NUMBER = r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,2})?"
_GROUPED = r"[-+]?[0-9]{1,3}(,[0-9]{3})+"
# 1,234.50 and 1,234,567 can be read in one way only; 1,234 may be a decimal comma.
_GROUPED_DECIMAL = r"[-+]?[0-9]{1,3}((,[0-9]{3})+\.[0-9]+|(,[0-9]{3}){2,})"
_LISTED_VALUES = 12


def present_sql(column: Column, cell: str) -> str:
    """The cell; null when it is empty or a spelling of "no value"."""
    spellings = [*column.null_values, *(() if column.personal == "direct" else _NO_VALUE)]
    written = dict.fromkeys(each for text in spellings for each in (text, text.lower(), text.upper()))
    if not written:
        return f"nullif({cell}, '')"
    return f"case when {cell} not in ('', {listed(written)}) then {cell} end"


def date_formats(column: Column) -> tuple[str, ...]:
    """The formats, besides ISO, in which dates of a column are taken."""
    return column.formats or _DATE_FORMATS


def typed_sql(column: Column, text: str) -> str:
    """The value of the cleaned cell ``text`` in the column's type; null when it is none."""
    typed: dict[str, Callable[[str], str]] = {
        "integer": _integer,
        "decimal": lambda cell: _decimal(cell, column.sql_type),
        "boolean": _boolean,
        "date": lambda cell: _date(cell, date_formats(column)),
        "month": lambda cell: month_sql(cell, column.formats or _MONTH_FORMATS),
        "text": lambda cell: _text(column, cell),
    }
    return typed[column.type](text)


def month_sql(text: str, formats: tuple[str, ...] = _MONTH_FORMATS) -> str:
    """First day of the month written in ``text``."""
    return f"date_trunc('month', {_date(text, formats)})::date"


def expected_text(column: Column) -> str:
    """What a cell of this column looks like, for a message."""
    if column.type == "text" and (column.values or column.allowed):
        labels = value_labels(column)
        more = f" and {len(labels) - _LISTED_VALUES} more" if len(labels) > _LISTED_VALUES else ""
        return f"one of: {', '.join(labels[:_LISTED_VALUES])}{more}"
    return {
        "integer": "a whole number",
        "decimal": "a number such as 1234.5 (decimal point, no thousands separator)",
        "boolean": "true or false",
        "date": "a date such as 2025-11-30",
        "month": "a month such as 2025-11",
    }.get(column.type, "text")


def _text(column: Column, text: str) -> str:
    if column.values or column.allowed:
        return _coded(column, text)
    if column.pattern is not None and _is_upper_case(column.pattern):
        return f"upper({text})"  # codes are written in capitals; "u12345" is the same code
    return text


def _boolean(text: str) -> str:
    folded = f"lower({text})"
    return f"case when {folded} in ({listed(_TRUE)}) then true when {folded} in ({listed(_FALSE)}) then false end"


def _coded(column: Column, text: str) -> str:
    """The promised value of a spelling; case, hyphens, underscores and a doubled space do not matter."""
    mapping = {value: value for value in (*column.values.values(), *column.allowed)}
    mapping = {_fold(spelling): value for spelling, value in (mapping | column.values).items()}
    folded = f"lower(replace(replace(replace({text}, '_', ' '), '-', ' '), '  ', ' '))"
    arms = " ".join(f"when {literal(key)} then {literal(value)}" for key, value in mapping.items())
    return f"case {folded} {arms} else {literal(column.other)} end"


def _fold(spelling: str) -> str:
    return spelling.replace("_", " ").replace("-", " ").lower()


def _integer(text: str) -> str:
    whole = f"split_part({text}, '.', 1)"
    return (
        f"case when regexp_full_match({text}, '[-+]?[0-9]{{1,18}}(\\.0*)?') then try_cast({whole} as bigint) "
        f"when regexp_full_match({text}, '{_GROUPED}(\\.0*)?') then try_cast(replace({whole}, ',', '') as bigint) end"
    )


def _decimal(text: str, sql_type: str) -> str:
    bare = f"ltrim({text}, '£')"
    return (
        f"case when regexp_full_match({bare}, '{_NUMBER}') then try_cast({bare} as {sql_type}) "
        f"when regexp_full_match({bare}, '{_GROUPED_DECIMAL}') "
        f"then try_cast(replace({bare}, ',', '') as {sql_type}) end"
    )


def _date(text: str, formats: tuple[str, ...]) -> str:
    # ISO is always taken (that is how workbooks' own dates arrive) and is the fast path.
    options = [
        f"case when length({text}) = 10 and substr({text}, 5, 1) = '-' then try_cast({text} as date) end"
    ]
    parsed = [each for each in formats if each not in ("%Y-%m-%d", EXCEL_SERIAL)]
    if parsed:
        options.append(f"try_strptime({text}, [{listed(parsed)}])::date")
    if EXCEL_SERIAL in formats:
        serial = f"try_cast(split_part({text}, '.', 1) as integer)"
        options.append(
            f"case when regexp_full_match({text}, '[0-9]{{5}}(\\.[0-9]+)?') then date '1899-12-30' + {serial} end"
        )
    return f"coalesce({', '.join(options)})"


def _is_upper_case(pattern: str) -> bool:
    return re.search("[a-z]", re.sub(r"\\.", "", pattern)) is None
