"""The reader child really is limited, killed and replaced, and hands tables over unchanged."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from orchestration.readers import Unreadable, peek, read
from orchestration.readers.child import ReaderChild

MEMORY = 3 * 1024**3
FAULTS = "reader_faults"


@pytest.fixture
def child() -> Iterator[ReaderChild]:
    with ReaderChild(memory_bytes=MEMORY, timeout_seconds=20) as child:
        yield child


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "return.csv"
    file.write_text("code,name\nA,Featherstonehaugh\nB\n", encoding="utf-8")
    return file


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_answers_equal_those_of_the_direct_call(child: ReaderChild, path: Path, tmp_path: Path) -> None:
    assert child.read(path) == read(path)
    assert child.read(path, header=False) == read(path, header=False)
    assert child.peek(path) == peek(path)
    book = openpyxl.Workbook()
    book.worksheets[0].append(["a"])
    book.save(tmp_path / "w.xlsx")
    assert child.peek(tmp_path / "w.xlsx") == peek(tmp_path / "w.xlsx")
    assert child.read(tmp_path / "w.xlsx", sheet="Sheet") == read(tmp_path / "w.xlsx", sheet="Sheet")


def test_one_child_serves_many_calls_in_another_process(child: ReaderChild, path: Path) -> None:
    first = child.ask(f"{FAULTS}:process_id", path)["value"]
    child.read(path)
    assert child.ask(f"{FAULTS}:process_id", path)["value"] == first == child.pid
    assert first != os.getpid()


def test_a_refusal_crosses_whole(child: ReaderChild, tmp_path: Path) -> None:
    file = tmp_path / "return.csv"
    file.write_bytes(b'a,b\n1,"open\n')
    with pytest.raises(Unreadable) as direct:
        read(file)
    with pytest.raises(Unreadable) as crossed:
        child.read(file)
    assert vars(crossed.value) == vars(direct.value)
    assert crossed.value.line == 2


def test_running_out_of_memory_ends_the_child_not_the_caller(child: ReaderChild, path: Path) -> None:
    child.read(path)
    pid = child.pid
    assert pid is not None
    with pytest.raises(Unreadable) as caught:
        child.ask(f"{FAULTS}:eat_memory", path)
    assert (caught.value.code, caught.value.found) == (
        "reader_crashed",
        "more data than the reader has memory for",
    )
    assert not alive(pid)
    assert child.read(path).rows.num_rows == 1
    assert child.pid != pid


def test_a_native_abort_is_reported_with_its_signal(child: ReaderChild, path: Path) -> None:
    with pytest.raises(Unreadable) as caught:
        child.ask(f"{FAULTS}:abort", path)
    assert caught.value.code == "reader_crashed"
    assert "SIGABRT" in caught.value.found
    assert child.read(path).rows.num_rows == 1


def test_a_hanging_child_is_killed_in_time(path: Path) -> None:
    with ReaderChild(memory_bytes=MEMORY, timeout_seconds=1) as child:
        child.read(path)
        pid = child.pid
        assert pid is not None
        started = time.monotonic()
        with pytest.raises(Unreadable) as caught:
            child.ask(f"{FAULTS}:hang", path)
        assert time.monotonic() - started < 10
        assert (caught.value.code, caught.value.found) == (
            "reader_timeout",
            "a reader still busy after 1 seconds",
        )
        assert not alive(pid)
        assert child.read(path).rows.num_rows == 1


def test_an_unforeseen_error_is_named_by_type_alone(child: ReaderChild, path: Path) -> None:
    with pytest.raises(Unreadable) as caught:
        child.ask(f"{FAULTS}:fail", path)
    assert caught.value.found == "contents the reader fails on (ValueError)"
    assert "Featherstonehaugh" not in caught.value.message


def test_a_child_that_died_between_calls_is_replaced(child: ReaderChild, path: Path) -> None:
    child.read(path)
    pid = child.pid
    assert pid is not None
    os.kill(pid, 9)
    while child.pid == pid and child._process is not None and child._process.poll() is None:  # pyright: ignore[reportPrivateUsage]
        time.sleep(0.01)
    assert child.read(path).rows.num_rows == 1


def test_scratch_files_are_private_and_vanish_with_a_killed_child(path: Path) -> None:
    with ReaderChild(memory_bytes=MEMORY, timeout_seconds=2) as child:
        with pytest.raises(Unreadable):
            child.ask(f"{FAULTS}:leave_scratch", path)
        left = Path(path.read_text(encoding="utf-8"))
        assert left.parent.name.startswith("reader-child-")
        assert not left.parent.exists()


def test_tables_stay_valid_after_the_child_has_gone(path: Path) -> None:
    with ReaderChild(memory_bytes=MEMORY) as child:
        table = child.read(path)
        pid = child.pid
    assert pid is not None
    assert not alive(pid)
    assert table.rows.to_pylist() == [{"c0": "A", "c1": "Featherstonehaugh", "line": 2}]
    assert table.rejects.to_pylist() == [
        {"line": 3, "column": None, "found": "1 field", "expected": "2 fields"}
    ]


def test_the_scratch_folder_is_closed_to_others(child: ReaderChild, path: Path) -> None:
    child.read(path)
    folder = Path(child._scratch.name)  # pyright: ignore
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir()) == []
