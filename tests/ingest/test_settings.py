"""Settings: environment, key, folders."""

from __future__ import annotations

import os
import pickle
import stat
from pathlib import Path

import pytest

from orchestration.settings import Secret, Settings, SettingsError, load_settings, switch_telemetry_off

HEX = "ab" * 32


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _no_phip_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PHIP_")]:
        monkeypatch.delenv(name)


def test_defaults_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings().home == tmp_path / "var"
    assert load_settings().landing == tmp_path / "var" / "landing"
    monkeypatch.setenv("PHIP_HOME", str(tmp_path / "there"))
    monkeypatch.setenv("PHIP_AS_AT", "2025-03-31")
    found = load_settings()
    assert (found.home, str(found.as_at)) == (tmp_path / "there", "2025-03-31")
    assert load_settings(home=tmp_path).home == tmp_path


@pytest.mark.parametrize(("name", "value"), [("PHIP_AS_AT", "soon"), ("PHIP_THREADS", "none")])
def test_an_unusable_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        load_settings()


def test_folders_are_narrow(tmp_path: Path) -> None:
    home = tmp_path / "home"
    settings = Settings(home=home, landing=home / "landing").prepare()
    for folder in (settings.identity, settings.quarantine, settings.landing, settings.spill):
        assert mode(folder) == 0o700
    assert mode(settings.raw) & 0o007 == 0


def test_a_foreign_landing_folder_is_not_made(tmp_path: Path) -> None:
    Settings(home=tmp_path / "home", landing=tmp_path / "elsewhere").prepare()
    assert not (tmp_path / "elsewhere").exists()


def test_the_key_is_made_once_and_kept(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, landing=tmp_path / "landing")
    key = settings.identity_key().reveal()
    assert len(key) == 32
    assert settings.identity_key().reveal() == key
    assert mode(settings.identity / "key") == 0o600
    assert sorted(path.name for path in settings.identity.iterdir()) == ["key", "spill"]


def test_a_given_key_wins_and_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHIP_IDENTITY_KEY", HEX)
    assert load_settings(home=tmp_path).identity_key().reveal() == bytes.fromhex(HEX)
    monkeypatch.setenv("PHIP_IDENTITY_KEY", "too-short-secret")
    with pytest.raises(SettingsError) as caught:
        load_settings(home=tmp_path)
    assert "too-short-secret" not in str(caught.value)


def test_a_key_file_may_hold_hexadecimal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(HEX + "\n")
    monkeypatch.setenv("PHIP_IDENTITY_KEY_FILE", str(tmp_path / "secret"))
    assert load_settings(home=tmp_path).identity_key().reveal() == bytes.fromhex(HEX)
    monkeypatch.setenv("PHIP_IDENTITY_KEY_FILE", str(tmp_path / "absent"))
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(home=tmp_path).identity_key()


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret(b"value")
    assert "value" not in f"{secret} {secret!r} {Settings(Path('a'), Path('b'), key_given=secret)!r}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_telemetry_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    switch_telemetry_off()
    assert os.environ["DO_NOT_TRACK"] == "1"
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
