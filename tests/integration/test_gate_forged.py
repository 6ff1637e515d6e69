"""Ways round the gate: each is refused, and the release that was current stays."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from dbt_project.registry import load_metrics
from expectations.gate import GateRefused, file_sha256
from expectations.store import VerdictStore
from expectations.verdict import make_verdict
from orchestration import audit, builds, release
from orchestration.settings import Settings, load_settings


@pytest.fixture
def settings(home: Path, tmp_path: Path) -> Settings:
    target = shutil.copytree(home, tmp_path / "home", symlinks=True)
    return load_settings(home=target, landing=target / "landing").prepare()


def newest(settings: Settings) -> builds.Build:
    build = builds.newest(settings)
    assert build is not None
    return build


def edit(settings: Settings) -> None:
    """England gets a prescriber more, after the gate has looked."""
    path = newest(settings).path(settings)
    path.chmod(0o600)
    with duckdb.connect(str(path)) as connection:
        connection.execute("update marts.fct_metric_value set value = value + 1 where org_level = 'england'")


def forge(settings: Settings) -> None:
    """Edit, and put a verdict into the ledger that fits, made as the gate makes them."""
    edit(settings)
    build, store = newest(settings), VerdictStore(settings.ledger)
    honest = store.latest(build.build_id)
    assert honest is not None
    store.append(
        make_verdict(
            [replace(result, status="passed") for result in honest.results],
            build_id=build.build_id,
            inputs_hash=build.inputs_hash,
            warehouse_sha256=file_sha256(build.path(settings)),
            code_version=honest.code_version,
            created_at=datetime.now(UTC),
        )
    )


def rewrite(settings: Settings) -> None:
    """Change what the ledger says of a verdict, past its triggers."""
    with closing(sqlite3.connect(settings.ledger)) as ledger:
        ledger.execute("drop trigger verdict_no_update")
        ledger.execute("update verdict set warehouse_sha256 = ?", ["0" * 64])
        ledger.commit()


def forget(settings: Settings) -> None:
    """Cut the audit log before the verdict."""
    log = settings.home / audit.FILE
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    log.write_text("".join(line for line in lines if '"verdict"' not in line), encoding="utf-8")


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (edit, "changed after verdict"),
        (forge, "is not in the audit log: the gate did not give it"),
        (rewrite, "the ledger cannot be trusted"),
        (forget, "the audit log cannot vouch for verdict"),
    ],
)
def test_a_way_round_the_gate_is_refused(
    settings: Settings, way: Callable[[Settings], None], said: str
) -> None:
    before = release.current(settings)
    way(settings)
    with pytest.raises(GateRefused, match=said):
        release.publish(settings)
    assert release.current(settings) == before


def test_a_copy_under_a_newer_number_is_not_a_build(settings: Settings) -> None:
    """What is published is the build that was judged, whatever stands beside it."""
    build, before = newest(settings), release.current(settings)
    path = build.path(settings)
    for part in path.parent.glob(f"{path.stem}*"):
        copy = shutil.copy2(part, part.with_name(part.name.replace("000001", "000009", 1)))
        if part == path:
            copy.chmod(0o600)
            with duckdb.connect(str(copy)) as connection:
                connection.execute("update marts.fct_metric_value set value = value + 1")
    assert newest(settings) == build
    assert release.publish(settings) == before


def test_a_file_put_into_a_release_is_found(settings: Settings) -> None:
    live = release.current(settings)
    assert live is not None
    folder = settings.releases / live.release_id / "site"
    folder.chmod(0o755)
    (folder / "rumour.html").write_text("<p>all is well</p>", encoding="utf-8")
    assert release.changed_files(settings, live.release_id) == {"site/rumour.html": "not part of the release"}


def test_every_metric_with_units_is_recounted(settings: Settings) -> None:
    verdict = VerdictStore(settings.ledger).latest(newest(settings).build_id)
    assert verdict is not None
    recounted = {
        result.check_id.split(".")[1] for result in verdict.results if result.check_id.endswith(".recounted")
    }
    assert {"new_independent_prescribers", "pcn_pharmacists_fte", "completion_18_months"} <= recounted
    assert len(recounted) > len(load_metrics()) / 2
