"""Tests between curves of time to an event as published: what is compared, what came of it, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from dashboards.blocks import Cell, Column, DataTable, Table
from dashboards.curve_words import CurveWords
from evaluation import p_values
from evaluation.compared_curves import FEW_PEOPLE, LEAST_PEOPLE

LEVEL = 0.05  # of a test
WITHHELD = "c"
GROUPS = {"cohort": "cohorts", "sector": "sectors", "region": "regions"}
MEANT = {"cohort": "Cohorts, by financial year", "sector": "Sectors", "region": "NHS regions"}


@dataclass(frozen=True)
class Group:
    """One group of a test; ``people`` is None where it is withheld."""

    code: str
    people: int | None
    is_compared: bool


@dataclass(frozen=True)
class CurveTest:
    """The log-rank test of one strand between the groups of one comparison."""

    comparison: str
    statistic: float
    degrees_of_freedom: int
    p: float
    groups: tuple[Group, ...]

    @property
    def is_found(self) -> bool:
        """Whether the groups differ by more than chance alone would make."""
        return self.p < LEVEL

    @property
    def answer(self) -> str:
        """What came of the test, without its numbers."""
        size = (
            "larger than chance alone would make" if self.is_found else "no larger than chance alone may make"
        )
        return f"Differences between the {GROUPS[self.comparison]} are {size}"

    @property
    def numbers(self) -> str:
        """``log-rank χ² = 7.87, 3 degrees of freedom, p = 0.049``."""
        degrees = f"{self.degrees_of_freedom} degree{'' if self.degrees_of_freedom == 1 else 's'} of freedom"
        return f"log-rank χ² = {self.statistic:.2f}, {degrees}, {p_values.equation(self.p)}"

    @property
    def caveat(self) -> str:
        """What small groups mean for the answer; empty where there are none."""
        few = sum(group.people is not None and group.people < FEW_PEOPLE for group in self.groups)
        out = sum(not group.is_compared for group in self.groups)
        said: list[str] = []
        if few:
            said.append(
                f"{few} of the {GROUPS[self.comparison]} compared {'has' if few == 1 else 'have'} fewer than"
                f" {FEW_PEOPLE} people, so that only a large difference would show."
            )
        if out:
            said.append(f"Left out because too small: {out} of {len(self.groups)} {GROUPS[self.comparison]}.")
        return " ".join(said)

    @property
    def sentence(self) -> str:
        """Answer, numbers and caveat."""
        return f"{self.answer} ({self.numbers}). {self.caveat}".strip()


def read_tests(tests: pd.DataFrame, groups: pd.DataFrame) -> dict[tuple[str, str], tuple[CurveTest, ...]]:
    """The published tests by metric and strand, in the order of :data:`GROUPS`."""
    members: dict[tuple[str, ...], list[Group]] = {}
    for row in cast("list[dict[str, Any]]", groups.to_dict("records")):
        people = None if pd.isna(row["people"]) else int(row["people"])
        group = Group(str(row["group_code"]), people, bool(row["is_compared"]))
        members.setdefault(_key(row), []).append(group)
    found: dict[tuple[str, str], list[CurveTest]] = {}
    for row in cast("list[dict[str, Any]]", tests.to_dict("records")):
        test = CurveTest(
            str(row["comparison"]),
            float(row["statistic"]),
            int(row["degrees_of_freedom"]),
            float(row["p"]),
            tuple(sorted(members.get(_key(row), []), key=lambda group: group.code)),
        )
        found.setdefault((str(row["metric_id"]), str(row["strand"])), []).append(test)
    order = list(GROUPS)
    return {
        key: tuple(sorted(group, key=lambda test: order.index(test.comparison)))
        for key, group in found.items()
    }


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in ("metric_id", "strand", "comparison"))


def test_tables(
    tests: tuple[CurveTest, ...], name_of: Callable[[str, str], str], *, strand: str, words: CurveWords
) -> tuple[DataTable, ...]:
    """Every test of a strand, and who was compared; ``name_of`` gives a group's name from comparison and code."""
    return (_outcomes(tests, strand, words), _groups(tests, name_of, strand, words)) if tests else ()


def _outcomes(tests: tuple[CurveTest, ...], strand: str, words: CurveWords) -> DataTable:
    columns = (
        Column("Compared"),
        Column("What came of it"),
        Column("χ²", True),
        Column("Degrees of freedom", True),
        Column("p", True),
    )
    rows = tuple(
        (
            Cell(_compared(test, words)),
            Cell(f"{test.answer}. {test.caveat}".strip()),
            Cell(f"{test.statistic:.2f}", test.statistic),
            Cell(str(test.degrees_of_freedom), test.degrees_of_freedom),
            Cell(p_values.number(test.p), test.p),
        )
        for test in tests
    )
    by_chance = round(1 / (1 - (1 - LEVEL) ** len(tests)))  # tables of so many tests
    intro = (
        f"The log-rank test compares how fast {words.risk}. It takes people to be independent of each other, in groups"
        f" of at least {LEAST_PEOPLE}.{words.apart} Of every {by_chance} tables like this, chance alone makes one in"
        f" which some p is below {LEVEL}."
    )
    return DataTable(
        f"{words.slug}-tests",
        words.question,
        Table(f"{strand}: log-rank tests of the months after {words.start}, England", columns, rows),
        intro,
        level=3,
    )


def _groups(
    tests: tuple[CurveTest, ...], name_of: Callable[[str, str], str], strand: str, words: CurveWords
) -> DataTable:
    columns = (Column("Compared"), Column("Group"), Column("People", True), Column("In the test"))
    rows = tuple(
        (
            Cell(_compared(test, words)),
            Cell(name_of(test.comparison, group.code)),
            _people(group),
            Cell("Yes" if group.is_compared else "No, too small"),
        )
        for test in tests
        for group in test.groups
    )
    caption = (
        f"{strand}: people in the groups of the log-rank tests of the months after {words.start}, rounded"
    )
    return DataTable(
        f"{words.slug}-groups", "Who was compared", Table(caption, columns, rows), level=3, folded=True
    )


def _compared(test: CurveTest, words: CurveWords) -> str:
    return (
        f"{MEANT[test.comparison]} of {words.start}"
        if test.comparison == "cohort"
        else MEANT[test.comparison]
    )


def _people(group: Group) -> Cell:
    if group.people is None:
        return Cell(f"[{WITHHELD}]", symbol=WITHHELD)
    return Cell(f"{group.people:,}", group.people)
