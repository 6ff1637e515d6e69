"""Least privilege below the home folder: what is too open is narrowed with a word, or the command refuses."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from orchestration import access, audit
from orchestration.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path / "home", landing=tmp_path / "home" / "landing").prepare()
    settings.identity_key()
    settings.signing_key("audit")
    settings.ledger.write_bytes(b"")
    settings.ledger.chmod(0o640)
    return settings


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_fresh_home_needs_no_mending(home: Settings) -> None:
    assert access.settle(home) == ()
    assert audit.read(home) == ()
    assert access.settle(Settings(home=home.home / "none", landing=home.home / "none")) == ()


@pytest.mark.parametrize(
    ("place", "widened", "narrowed"),
    [
        ("", 0o777, 0o751),
        ("landing", 0o755, 0o700),
        ("quarantine", 0o770, 0o700),
        ("identity", 0o750, 0o700),
        ("keys", 0o711, 0o700),
        ("identity/key", 0o640, 0o600),
        ("keys/signing", 0o644, 0o600),
        ("raw", 0o775, 0o750),
        ("warehouse", 0o755, 0o750),
        ("ledger", 0o664, 0o640),
        ("releases", 0o777, 0o755),
    ],
)
def test_what_is_too_open_is_narrowed_and_told(
    home: Settings, place: str, widened: int, narrowed: int
) -> None:
    (home.home / place).chmod(widened)
    (line,) = access.settle(home)
    assert mode(home.home / place) == narrowed
    assert f"were {widened:o}" in line
    assert (place or "the home folder") in line
    assert [entry.action for entry in audit.read(home)] == ["permissions_mended"]
    assert access.settle(home) == ()


def test_what_is_narrower_stays(home: Settings) -> None:
    home.warehouse.chmod(0o700)
    assert access.settle(home) == ()
    assert mode(home.warehouse) == 0o700


def test_what_belongs_to_another_account_is_refused(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    home.quarantine.chmod(0o755)

    def not_ours(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", not_ours)
    with pytest.raises(access.TooOpen, match=r"quarantine has permissions 755 .*another account.*chmod 700"):
        access.settle(home)


def test_a_linked_folder_is_not_changed_behind_its_owners_back(home: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    home.quarantine.rmdir()
    home.quarantine.symlink_to(elsewhere)
    with pytest.raises(access.TooOpen, match="quarantine is a link"):
        access.settle(home)
    assert mode(elsewhere) == 0o755


def test_a_landing_folder_elsewhere_is_spoken_of_and_left_alone(tmp_path: Path) -> None:
    landing = tmp_path / "drop"
    landing.mkdir()
    landing.chmod(0o777)
    settings = Settings(home=tmp_path / "home", landing=landing).prepare()
    (line,) = access.settle(settings)
    assert "written by everybody" in line
    assert mode(landing) == 0o777


def test_the_umask_gives_others_nothing_and_a_stricter_one_stays() -> None:
    before = os.umask(0o022)
    try:
        access.narrow_umask()
        assert os.umask(0o077) == 0o027
        access.narrow_umask()
        assert os.umask(0) == 0o077
    finally:
        os.umask(before)
