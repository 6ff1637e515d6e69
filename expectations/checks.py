"""What one check is, and the forms that recur: required, unique, one of a set, within limits, a pattern.

A check carries its own diagnosis: ``unexpected`` selects the rows that break it, by key and never by content,
so that a failure can be counted and shown without reading anybody's data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning", "info"]
Asset = str  # schema.table
LISTED_VALUES = 12  # a longer set of allowed values is counted, not listed
PLATFORM_OWNER = "Warehouse maintainers"  # owner of checks no single metric or feed owns


@dataclass(frozen=True)
class Native:
    """A Great Expectations class and its arguments; several of them on one table become one query."""

    kind: str
    arguments: Mapping[str, object]


@dataclass(frozen=True)
class Check:
    """One check of one table.

    ``unexpected`` and ``seen`` are DuckDB SQL in which ``{batch}`` stands for the table (other braces
    doubled): the first returns a row per fault, its columns naming where it is; the second one text, what was
    seen.
    """

    check_id: str
    asset: Asset
    severity: Severity
    owner: str
    description: str
    bound: str
    unexpected: str
    native: Native | None = None
    seen: str | None = None


@dataclass(frozen=True)
class Subject:
    """What the checks of one table have in common."""

    asset: Asset
    owner: str
    keys: tuple[str, ...]  # columns that say where a fault is

    def check(
        self,
        name: str,
        severity: Severity,
        description: str,
        bound: str,
        where: str,
        *,
        native: Native | None = None,
        owner: str | None = None,
        seen: str | None = None,
    ) -> Check:
        """A check that no row of the table satisfies ``where``."""
        query = f"select {', '.join(self.keys)} from {{batch}} where {where}"
        return self.query(name, severity, description, bound, query, native=native, owner=owner, seen=seen)

    def query(
        self,
        name: str,
        severity: Severity,
        description: str,
        bound: str,
        unexpected: str,
        *,
        native: Native | None = None,
        owner: str | None = None,
        seen: str | None = None,
    ) -> Check:
        """A check that the query returns no row."""
        table = self.asset.split(".")[-1]
        return Check(
            check_id=f"{table}.{name}",
            asset=self.asset,
            severity=severity,
            owner=owner or self.owner,
            description=description,
            bound=bound,
            unexpected=unexpected,
            native=native,
            seen=seen,
        )

    def required(self, column: str, severity: Severity = "critical") -> Check:
        """The column is never empty."""
        return self.check(
            f"{column}.required",
            severity,
            f"{column} is given in every row",
            "no empty value",
            f"{column} is null",
            native=Native("ExpectColumnValuesToNotBeNull", {"column": column}),
        )

    def unique(self, columns: Sequence[str], severity: Severity = "critical") -> Check:
        """The columns together identify a row."""
        names = ", ".join(columns)
        return self.query(
            "key.unique",
            severity,
            f"one row per {names}",
            "no key twice",
            f"select {names}, count(*) as rows_with_key from {{batch}} group by {names} having count(*) > 1",
        )

    def one_of(self, column: str, allowed: Iterable[str], severity: Severity = "critical") -> Check:
        """The column, where given, holds one of the allowed values."""
        values = sorted(allowed)
        return self.check(
            f"{column}.allowed",
            severity,
            f"{column} is one of the values the registry knows",
            f"one of {', '.join(values) if len(values) <= LISTED_VALUES else f'{len(values)} known values'}",
            f"{column} not in ({literals(values)})",
            native=Native("ExpectColumnValuesToBeInSet", {"column": column, "value_set": values}),
        )

    def within(
        self, column: str, minimum: float | None, maximum: float | None, severity: Severity = "critical"
    ) -> Check:
        """The column, where given, lies within the limits."""
        return self.check(
            f"{column}.range",
            severity,
            f"{column} lies within its limits",
            limits_text(minimum, maximum),
            outside(column, minimum, maximum),
            native=Native(
                "ExpectColumnValuesToBeBetween",
                {"column": column, "min_value": minimum, "max_value": maximum},
            ),
        )

    def matching(self, column: str, pattern: str, severity: Severity = "critical") -> Check:
        """The column, where given, matches the pattern."""
        return self.check(
            f"{column}.pattern",
            severity,
            f"{column} has the form the contract promises",
            f"matches {pattern}",
            f"not regexp_matches(cast({column} as varchar), {literal(pattern)})",
        )


def outside(column: str, minimum: float | None, maximum: float | None) -> str:
    """SQL condition: the column lies outside the limits."""
    parts = [f"{column} < {minimum!r}"] if minimum is not None else []
    parts += [f"{column} > {maximum!r}"] if maximum is not None else []
    return f"({' or '.join(parts)})" if parts else "false"


def limits_text(minimum: float | None, maximum: float | None) -> str:
    """The limits in words."""
    if maximum is None:
        return "any value" if minimum is None else f"at least {minimum:,g}"
    return f"at most {maximum:,g}" if minimum is None else f"{minimum:,g} to {maximum:,g}"


def literal(text: str) -> str:
    """An SQL string for use in a check's query: quotes and braces doubled."""
    return "'" + text.replace("'", "''").replace("{", "{{").replace("}", "}}") + "'"


def literals(values: Iterable[str]) -> str:
    """SQL strings separated by commas; an empty set becomes a null, which nothing equals."""
    return ", ".join(literal(value) for value in values) or "null"


def pairs(values: Iterable[tuple[str, str]]) -> str:
    """SQL rows of two strings, for ``(a, b) not in (...)``."""
    return ", ".join(f"({literal(first)}, {literal(second)})" for first, second in values)
