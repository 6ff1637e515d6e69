"""Walks the tasks of `tasks.yml` in a browser and reads their answers, from the page and from the published tables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import yaml
from playwright.sync_api import Page

TASKS_FILE = Path(__file__).parent / "tasks.yml"
STEPS = ("open", "unfold", "type", "choose")
MOST_STEPS = 3
_SYMBOL = re.compile(r"\s*\[\w\]$")
Answer = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Task:
    """One question of a reader: how the answer is reached and read, and the query that finds it too."""

    who: str
    question: str
    steps: tuple[dict[str, Any], ...]
    read: dict[str, Any]
    query: str
    given: str = ""  # a query for what the reader knows before: its columns fill braces in steps and query


@dataclass
class Walked:
    """What a walk found: the rows on the page and those of the query."""

    seen: list[tuple[str, ...]]
    expected: Answer = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """Where the two differ; a number may differ by half of the last digit shown."""
        if not self.expected:
            return ["the published tables hold no answer"]
        if len(self.seen) != len(self.expected):
            return [f"{len(self.seen)} rows are seen, {len(self.expected)} are published"]
        left = list(self.expected)
        for row in self.seen:
            same = next((each for each in left if _same(row, each)), None)
            if same is None:
                return [f"{row} is seen, but not among {left}"]
            left.remove(same)
        return []


def load_tasks() -> tuple[Task, ...]:
    """The written tasks. Raises TypeError where one has a key that no task has."""
    return tuple(
        Task(**{**each, "steps": tuple(each["steps"])})
        for each in yaml.safe_load(TASKS_FILE.read_text(encoding="utf-8"))
    )


def walk(page: Page, start: str, task: Task, published: duckdb.DuckDBPyConnection) -> Walked:
    """Take the steps from the first page and read."""
    known = _known(task, published)
    page.goto(start)
    for step in task.steps:
        ((kind, what),) = step.items()
        _take(page, kind, what, known)
        page.wait_for_function("() => !document.querySelector('[data-busy]')")
    seen = _rows(page, task.read) if "table" in task.read else _words(page, task.read)
    return Walked(seen, published.execute(_filled(task.query, known)).fetchall())


def _known(task: Task, published: duckdb.DuckDBPyConnection) -> dict[str, str]:
    if not task.given:
        return {}
    found = published.execute(task.given)
    row = found.fetchone()
    assert row is not None, f"nothing is given: {task.question}"
    assert found.description is not None
    return {column[0]: str(cell) for column, cell in zip(found.description, row, strict=True)}


def _filled(text: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _take(page: Page, kind: str, what: Any, known: dict[str, str]) -> None:
    if kind == "open":
        page.get_by_role("link", name=what, exact=True).first.click()
    elif kind == "unfold":
        page.locator("summary").filter(has_text=what).first.click()
    else:
        ((label, value),) = what.items()
        box = page.get_by_label(label, exact=True)
        if kind == "type":
            box.fill(_filled(value, known))
        else:
            assert kind == "choose", kind
            box.select_option(label=value)


def _words(page: Page, read: dict[str, Any]) -> list[tuple[str, ...]]:
    text = " ".join(page.locator(read["place"]).inner_text().split())
    found = re.search(read["words"], text)
    assert found, f"{text!r} does not read as {read['words']!r}"
    return [found.groups()]


def _rows(page: Page, read: dict[str, Any]) -> list[tuple[str, ...]]:
    """The named columns of the rows a reader sees; a heading is known by its beginning: it may add a period."""
    table = page.locator(read["table"])
    heads = table.locator("thead th").all_inner_texts()

    def column(name: str) -> int:
        return next(
            number for number, head in enumerate(heads) if head == name or head.startswith(f"{name}, ")
        )

    rows = [
        [_SYMBOL.sub("", cell.strip().partition("\n")[0]) for cell in row.locator("th, td").all_inner_texts()]
        for row in table.locator("tbody tr:visible").all()
    ]
    for name, wanted in read.get("where", {}).items():
        rows = [row for row in rows if row[column(name)] == wanted]
    if name := read.get("lowest"):
        numbers = [row for row in rows if _number(row[column(name)]) is not None]
        rows = sorted(numbers, key=lambda row: _number(row[column(name)]) or 0.0)[:1]
    return [tuple(row[column(name)] for name in read["columns"]) for row in rows]


def _number(text: str) -> float | None:
    bare = text.replace(",", "").removeprefix("£").removesuffix("%")
    return float(bare) if re.fullmatch(r"-?\d+(\.\d+)?", bare) else None


def _same(seen: tuple[str, ...], expected: tuple[Any, ...]) -> bool:
    return len(seen) == len(expected) and all(
        _agrees(text, cell) for text, cell in zip(seen, expected, strict=True)
    )


def _agrees(text: str, cell: Any) -> bool:
    if isinstance(cell, str):
        return text == cell
    number = _number(text)
    decimals = len(text.rstrip("%").partition(".")[2])
    return number is not None and abs(number - float(cell)) <= 0.5 * 10**-decimals + 1e-9
