"""SQL text is made of constants, of what the registry and the contracts know, and of quoted literals; never of a user's
or a file's words. A scan of every f-string that is SQL."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.ingest.sql import listed, literal, name
from orchestration.settings import SettingsError, load_settings

REPOSITORY = Path(__file__).resolve().parents[2]
ROOMS = ("dbt_project", "evaluation", "expectations", "dashboards", "orchestration")
MADE_UP_DATA = REPOSITORY / "orchestration" / "synthetic"  # its words are its own

# What may stand between single quotes without the helper that quotes: each cannot hold a quote, and why.
BETWEEN_QUOTES = {
    # a file below the home folder: a path with a quote in it is refused when settings are loaded
    "path": "path", "warehouse": "path", "draft": "path", "links": "path", "kept": "path", "picture.path": "path",
    "quoted": "quoted by the line before", "str(path).replace(chr(39), chr(39) * 2)": "quoted here",
    "feed": "quoted by the line before",
    # constants of the module, or one of a closed list
    "MISSING": "constant", "NOT_A_DATA_ROW": "constant", "_NUMBER": "constant", "_GROUPED_DECIMAL": "constant",
    "MARK * 2": "constant", "level": "of LEVELS", "level.name": "of the linkage model", "state": "of STATES",
    "metric_id": "of the registry", "method": "of METHODS", "delimiter": "of DELIMITERS", "scale": "constant",
    # numbers, days and hashes of our own making
    "inputs": "hash", "now": "time", "received_at": "time", "received_on": "day",
}  # fmt: skip

# Modules that are handed what a user typed: whatever they put into SQL outside quotes, each looked at.
FRONT_DOORS = {
    "orchestration/answers.py": {"shown": "columns, constants", "condition": "period_condition: text with ?"},
    "orchestration/history/answering.py": {
        "parts": "columns, constants", "condition": "period_condition: text with ?"
    },
    "orchestration/evidence.py": {"condition": "columns of Figure with ?", "int(limit)": "number"},
    "orchestration/links.py": {},
    "orchestration/exporting.py": {},
    "orchestration/upkeep.py": {},
    "orchestration/cli.py": {},
    "orchestration/explanation.py": {"metric.theme": "of the registry"},
    "orchestration/history/asking.py": {},
}  # fmt: skip

_STATEMENT = re.compile(
    r"^\s*(with|select|insert into|update|delete from|create|attach|detach|copy|describe|drop|alter|pragma|set)\b"
    r"|\b(select .* from|from read_parquet|order by|union all)\b|\bwhere\b.*=",
    re.IGNORECASE | re.DOTALL,
)
_LIKE_SQL = re.compile(
    r"\b(select|insert|delete|create|attach|copy|read_parquet|timestamp|filter|when|from|where)\b"
)


def _sources() -> Iterator[Path]:
    for room in ROOMS:
        for path in sorted((REPOSITORY / room).rglob("*.py")):
            if "node_modules" not in path.parts and not path.is_relative_to(MADE_UP_DATA):
                yield path


def _strings(path: Path) -> Iterator[ast.JoinedStr]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield node


def _text(node: ast.JoinedStr) -> str:
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values)


def _between_quotes(node: ast.JoinedStr) -> Iterator[str]:
    for before, part, after in zip(node.values, node.values[1:], node.values[2:], strict=False):
        if (
            isinstance(part, ast.FormattedValue)
            and isinstance(before, ast.Constant)
            and str(before.value).endswith("'")
            and isinstance(after, ast.Constant)
            and str(after.value).startswith("'")
        ):
            yield ast.unparse(part.value)


def _is_message(text: str) -> bool:
    """Ours say what was found and expected; SQL does not."""
    return bool(re.search(r"\b(expected|found) ", text)) or text.startswith("--")


def test_nothing_stands_between_quotes_that_could_hold_one() -> None:
    unknown = {
        f"{path.relative_to(REPOSITORY)}:{node.lineno}: '{{{expression}}}'"
        for path in _sources()
        for node in _strings(path)
        if _LIKE_SQL.search(_text(node)) and not _is_message(_text(node))
        for expression in _between_quotes(node)
        if expression not in BETWEEN_QUOTES and not re.fullmatch(r"[A-Z_]+", expression)
    }
    assert not unknown, "use orchestration.ingest.sql.literal, or a parameter"


@pytest.mark.parametrize("module", FRONT_DOORS)
def test_what_users_type_is_bound_and_never_written_into_sql(module: str) -> None:
    allowed = FRONT_DOORS[module]
    found: set[str] = set()
    for node in _strings(REPOSITORY / module):
        if _STATEMENT.search(_text(node)) and not _is_message(_text(node)):
            quoted = set(_between_quotes(node))
            parts = (ast.unparse(part.value) for part in node.values if isinstance(part, ast.FormattedValue))
            found |= {part for part in parts if part not in quoted}
    unknown = {part for part in found - set(allowed) if not re.fullmatch(r"[A-Z_]+", part)}
    assert not unknown, "bind it with ?, or look at it and list it here"


def test_sql_is_not_made_with_percent_or_format_of_values() -> None:
    offenders = [
        f"{path.relative_to(REPOSITORY)}:{node.lineno}"
        for path in _sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Mod)
        and isinstance(node.left, ast.Constant)
        and isinstance(node.left.value, str)
        and _STATEMENT.search(node.left.value)
    ]
    assert offenders == []


@pytest.mark.parametrize("text", ["plain", "o'brien", "'; drop table x; --", "''", "\\'", 'a"b', "línea\n"])
def test_the_helpers_quote(text: str) -> None:
    import duckdb

    row = duckdb.sql(f"select {literal(text)} as {name(text)}, [{listed([text, text])}]")
    assert row.columns[0] == text
    assert row.fetchall() == [(text, [text, text])]


@pytest.mark.parametrize("folder", ["o'brien", "two\nlines", "tab\there"])
def test_a_home_whose_path_could_end_a_literal_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(SettingsError, match="--home"):
        load_settings(home=tmp_path / folder)
    with pytest.raises(SettingsError, match="--landing"):
        load_settings(home=tmp_path, landing=tmp_path / folder)
