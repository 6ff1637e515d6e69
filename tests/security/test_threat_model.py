"""The threat model names tests and files that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = (REPOSITORY / "docs" / "threat-model.md").read_text(encoding="utf-8")


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_test_it_names_is_there() -> None:
    named = re.findall(r"`((?:[\w/.-]+/)?test_\w+\.py)(?:::(\w+))?`", TEXT)
    assert len(named) > 25
    for file, function in named:
        found = [path for path in (REPOSITORY / "tests").rglob(Path(file).name) if str(path).endswith(file)]
        assert len(found) == 1, file
        assert not function or function in functions(found[0]), f"{file}::{function}"


def test_every_threat_has_a_control_and_something_that_shows_it() -> None:
    rows = [line.split("|")[1:-1] for line in TEXT.splitlines() if re.match(r"\| \d+ \|", line)]
    assert [int(row[0]) for row in rows] == list(range(1, len(rows) + 1))
    assert all(len(row) == 4 and all(cell.strip() for cell in row) for row in rows)
    for file in re.findall(r"`(\.ci/[\w-]+)`", TEXT):
        assert (REPOSITORY / file).exists()


def test_every_test_of_this_folder_that_shows_a_control_stands_in_it() -> None:
    here = {path.name for path in Path(__file__).parent.glob("test_*.py")} - {Path(__file__).name}
    assert here == {name for name in here if name in TEXT}
