"""How people spell a column: the words of its name, with acronyms as they are written."""

from __future__ import annotations

from dbt_project.registry import Column, Layout, Table
from dbt_project.registry.feeds import header_key

_ACRONYMS = {
    word.lower(): word for word in ("GPhC", "PCN", "ICB", "FTE", "IMD", "GBP", "ODS", "ID", "NHS", "ENT")
}


def human_label(name: str) -> str:
    """``gphc_number`` -> "GPhC number"."""
    words = name.split("_")
    words[0] = words[0].capitalize()
    return " ".join(_ACRONYMS.get(word.lower(), word) for word in words)


def header_label(layout: Layout, column: Column) -> str:
    """The header this layout gives a column: its own spelling, else the human label."""
    return next(iter(layout.columns.get(column.name, ())), human_label(column.name))


def value_labels(column: Column) -> tuple[str, ...]:
    """The accepted values as a supplier would write them, in the order of the contract."""
    promised = column.allowed or tuple(dict.fromkeys(column.values.values()))
    spelled = {value: spelling for spelling, value in reversed(column.values.items())}
    return tuple(spelled.get(value, value) for value in promised)


def spellings(layout: Layout, column: Column) -> tuple[tuple[str, ...], ...]:
    """Folded header spellings accepted for a column, the layout's own first, then its name, then aliases."""
    groups = (layout.columns.get(column.name, ()), (column.name,), column.aliases)
    return tuple(tuple(dict.fromkeys(map(header_key, group))) for group in groups)


def required_columns(table: Table) -> tuple[Column, ...]:
    """Columns without which a row means nothing."""
    return tuple(column for column in table.columns if column.required)
