"""The audit log: whole when written by us, and whatever else was done to it shows."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration import answers, audit
from orchestration.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """A home with three entries."""
    settings = Settings(home=tmp_path, landing=tmp_path / "landing")
    for number in range(1, 4):
        audit.record(settings, "exact_query", {"metric": f"metric_{number}", "level": "icb"})
    return settings


def lines_of(home: Settings) -> list[str]:
    return (home.home / audit.FILE).read_text(encoding="utf-8").splitlines(keepends=True)


def write(home: Settings, lines: list[str]) -> None:
    (home.home / audit.FILE).write_text("".join(lines), encoding="utf-8")


def test_entries_come_back_in_order_and_are_private(home: Settings) -> None:
    entries = audit.read(home)
    assert [entry.number for entry in entries] == [1, 2, 3]
    assert [entry.facts["metric"] for entry in entries] == ["metric_1", "metric_2", "metric_3"]
    for path in (home.home / audit.FILE, home.keys / audit.HEAD, home.keys / "signing"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.keys.stat().st_mode) == 0o700


def test_an_empty_home_has_an_empty_log(tmp_path: Path) -> None:
    assert audit.read(Settings(home=tmp_path, landing=tmp_path)) == ()


def _changed(lines: list[str]) -> list[str]:
    return [lines[0], lines[1].replace("metric_2", "metric_9"), lines[2]]


def _renumbered(lines: list[str]) -> list[str]:
    return [lines[0], lines[2].replace('"number": 3', '"number": 2')]


def _forged(lines: list[str]) -> list[str]:
    entry = json.loads(lines[2]) | {"number": 4, "link": "0" * 64}
    return [*lines, json.dumps(entry) + "\n"]


@pytest.mark.parametrize(
    ("meddle", "said"),
    [
        (_changed, "breaks at entry 2"),
        (_renumbered, "breaks at entry 2"),
        (_forged, "breaks at entry 4"),
        (lambda lines: [lines[1], lines[0], lines[2]], "breaks at entry 1"),
        (lambda lines: [lines[0], lines[2]], "breaks at entry 2"),
        (lambda lines: lines[:2], "was cut: entry 3 was written"),
        (lambda _: [], "was cut"),
        (lambda lines: [lines[0].replace('"user"', '"more": 1, "user"'), *lines[1:]], "breaks at entry 1"),
        (lambda lines: [lines[0], "not JSON\n", lines[2]], "entry 2 cannot be read"),
    ],
)
def test_whatever_is_done_to_the_file_shows(
    home: Settings, meddle: Callable[[list[str]], list[str]], said: str
) -> None:
    write(home, meddle(lines_of(home)))
    with pytest.raises(audit.AuditBroken, match=said):
        audit.read(home)
    told = answers.audit_log(home, None)
    assert not told.good
    assert said in str(told.content["found"])


def test_a_removed_log_shows_and_is_not_begun_again(home: Settings) -> None:
    (home.home / audit.FILE).unlink()
    with pytest.raises(audit.AuditBroken, match="missing"):
        audit.read(home)
    with pytest.raises(audit.AuditBroken, match="was cut"):
        audit.record(home, "export", {})


def test_another_key_makes_no_entry(home: Settings, tmp_path: Path) -> None:
    key = tmp_path / "other"
    key.write_text("ab" * 32, encoding="ascii")
    forger = Settings(home=home.home, landing=home.landing, signing_key_file=key)
    audit.record(forger, "override", {"by": "somebody", "reason": "none"})
    with pytest.raises(audit.AuditBroken, match="breaks at entry 4"):
        audit.read(home)


def test_a_writer_killed_before_the_head_was_written_loses_nothing(home: Settings) -> None:
    head = home.keys / audit.HEAD
    before = head.read_bytes()
    audit.record(home, "run_started", {})
    head.write_bytes(before)
    assert len(audit.read(home)) == 4
    audit.record(home, "run_ended", {})
    assert [entry.action for entry in audit.read(home)][-2:] == ["run_started", "run_ended"]


def test_half_a_line_is_taken_off_and_that_is_entered(home: Settings) -> None:
    with (home.home / audit.FILE).open("a", encoding="utf-8") as handle:
        handle.write('{"number": 4, "at"')
    assert len(audit.read(home)) == 3
    audit.record(home, "run_started", {})
    assert [entry.action for entry in audit.read(home)][-2:] == ["log_mended", "run_started"]


def test_an_older_state_of_everything_shows_against_what_was_noted_elsewhere(home: Settings) -> None:
    log, head = home.home / audit.FILE, home.keys / audit.HEAD
    old = (log.read_bytes(), head.read_bytes())
    audit.record(home, "export", {"what": "exact"})
    noted = answers.audit_log(home, None).content["newest"]
    assert answers.audit_log(home, noted).good
    log.write_bytes(old[0])
    head.write_bytes(old[1])
    assert answers.audit_log(home, None).good
    assert not answers.audit_log(home, noted).good
    with pytest.raises(answers.UsageProblem, match="NUMBER:LINK"):
        answers.audit_log(home, "yesterday")


@pytest.mark.parametrize(
    "value", ["number 2012345 asked", "a.person@example.org", "two\nlines", "a\u2028b", "2012345"]
)
def test_what_looks_personal_is_refused_and_not_quoted(home: Settings, value: str) -> None:
    with pytest.raises(audit.UnfitFact) as error:
        audit.record(home, "override", {"reason": value})
    assert value not in str(error.value)
    assert len(audit.read(home)) == 3


def test_a_broken_log_is_set_aside_by_name_and_reason(home: Settings) -> None:
    with pytest.raises(answers.UsageProblem, match="whole"):
        answers.begin_audit_log_anew(home, by="A. Manager", why="tidying")
    write(home, lines_of(home)[:1])
    with pytest.raises(answers.UsageProblem, match="--by"):
        answers.begin_audit_log_anew(home, by="", why="disk failed")
    told = answers.begin_audit_log_anew(home, by="A. Manager", why="disk failed")
    (entry,) = audit.read(home)
    assert entry.action == "log_begun_anew"
    assert entry.facts["by"] == "A. Manager"
    assert (home.home / told.content["old_file"]).read_text(encoding="utf-8").count("\n") == 1
