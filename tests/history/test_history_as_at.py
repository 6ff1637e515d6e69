"""Asked as at a day, the warehouse answers as one that never received what came later."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from history_worlds import Past, back_date, figures_of, take_in_and_build

from dbt_project.registry import load_metrics
from orchestration.builds import Build, Input
from orchestration.history import revisions, scenario
from orchestration.history.changes import PARTS, between, changes
from orchestration.history.picture import NothingKnown, NotRebuildable
from orchestration.history.scenario import as_known, as_seen_by
from orchestration.settings import load_settings

DAY = date(2025, 12, 31)
MODULE_PASSES = "clinical_examination_module_passes"


def silent(_: str) -> None:
    """Progress nobody reads."""


def never_received(past: Past, day: date, home: Path) -> pd.DataFrame:
    """Figures of a home into which no file came that tells of a day after ``day``."""
    with closing(sqlite3.connect(past.settings.ledger)) as ledger:
        later = {
            path
            for (path,) in ledger.execute(
                "select path from file as f where exists (select 1 from return_version as v "
                "where v.sha256 = f.sha256 and v.reported_at > ?)",
                [day.isoformat()],
            )
        }
    assert later
    for path in past.settings.landing.rglob("*"):
        name = path.relative_to(past.settings.landing).as_posix()
        if path.is_file() and name not in later:
            target = home / "landing" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    settings = load_settings(home=home, landing=home / "landing").prepare()
    shutil.copy2(past.settings.identity / "key", settings.identity / "key")
    return figures_of(take_in_and_build(settings).path(settings))


def test_the_past_is_as_if_nothing_later_had_come(past: Past, tmp_path: Path) -> None:
    said: list[str] = []
    picture = as_known(past.as_at(DAY), said.append)
    assert picture.build.vintage <= DAY
    assert any("building the warehouse as known on 2025-12-31" in line for line in said)
    pd.testing.assert_frame_equal(figures_of(picture.path), never_received(past, DAY, tmp_path / "never"))


def test_asking_leaves_builds_and_inputs_as_they_were(past: Past) -> None:
    from orchestration import builds
    from orchestration.warehouse_inputs import collect

    as_known(past.as_at(DAY), silent)
    assert builds.build_ids(past.settings) == [past.build.build_id]
    assert collect(past.settings).digest() == past.build.inputs_hash


def test_the_same_question_is_answered_at_once(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    first = as_known(past.as_at(DAY), silent)

    def build_again(*_: object, **__: object) -> None:
        raise AssertionError("built again")

    monkeypatch.setattr(scenario, "_build", build_again)
    said: list[str] = []
    assert as_known(past.as_at(DAY), said.append).path == first.path
    assert not said


def test_a_day_on_which_everything_was_known_needs_no_scenario(past: Past) -> None:
    picture = as_known(past.as_at(date(2100, 1, 1)), silent)
    assert picture.path == past.build.path(past.settings)


def test_before_the_first_report_nothing_is_known(past: Past) -> None:
    with pytest.raises(
        NothingKnown, match=r"nothing had been reported by 2001-01-01; the first report is of \d{4}-"
    ):
        as_known(past.as_at(date(2001, 1, 1)), silent)


def test_nothing_is_known_where_nothing_was_taken_in(tmp_path: Path) -> None:
    with pytest.raises(NothingKnown, match="phip run"):
        as_known(load_settings(home=tmp_path / "none", as_at=DAY), silent)
    assert not (tmp_path / "none").exists()


def test_the_triangle_is_what_the_returns_of_each_day_said(past: Past) -> None:
    days = [date(2025, 9, 30), DAY]
    assert revisions.days_between(date(2025, 8, 15), DAY, "quarter") == days
    chosen, missing = revisions.vintages_of_days(past.settings, days, silent, build=False)
    assert (len(chosen), len(missing)) == (1, 1)  # that of the scenario above
    chosen, missing = revisions.vintages_of_days(past.settings, days, silent, build=True)
    assert [vintage.is_asked for vintage in chosen] == [False, False]
    assert not missing
    found = revisions.triangle(revisions.Cut(MODULE_PASSES, grain="quarter"), chosen)
    for vintage, day in zip(found.vintages, days, strict=True):
        stated = found.frame.set_index("period_start")[vintage].dropna()
        expected = stated_passes(past, day).reindex(stated.index, fill_value=0)
        assert stated.astype(int).tolist() == expected.tolist()
    whole = revisions.triangle(revisions.Cut(MODULE_PASSES, grain="all"), chosen)
    first, last = (int(stated_passes(past, day).sum()) for day in days)
    row = whole.frame.iloc[0]
    assert (row["first"], row["latest"]) == (first, last)
    assert last > first
    assert whole.median_absolute_revision_percent == pytest.approx(100 * (last - first) / first)


def stated_passes(past: Past, day: date) -> pd.Series:
    """First passes of each person and module by quarter, of the events stated by a day: from the truth alone."""
    events = past.truth.events.to_pandas()
    passes = events[(events["strand"] == "clinical_examination") & (events["event_type"] == "passed")]
    stated = passes[pd.to_datetime(passes["reported_on"]) <= pd.Timestamp(day)]
    first = pd.to_datetime(stated.groupby(["person_id", "module"])["event_date"].min())
    return first.dt.to_period("Q").dt.to_timestamp().value_counts()


@pytest.mark.slow
def test_back_dated_events_leave_the_past_as_it_was(past: Past) -> None:
    """Every twentieth module pass is moved by a month in a later return; as at the day before, nothing moved."""
    before = figures_of(past.build.path(past.settings))
    moved = back_date(past.settings.landing / "provider_return", returned=date(2026, 7, 20))
    assert moved
    newer = take_in_and_build(past.settings)
    after = figures_of(newer.path(past.settings))
    then = figures_of(as_known(past.as_at(past.build.vintage), silent).path)
    pd.testing.assert_frame_equal(then, before)
    passes = [frame[frame["metric_id"] == MODULE_PASSES] for frame in (before, after)]
    assert passes[0]["value"].tolist() != passes[1]["value"].tolist()
    compare_builds(past, newer, moved)


def compare_builds(past: Past, newer: Build, moved: int) -> None:
    """What was back-dated is a correction, figure by figure, at every level; nothing is left unexplained."""
    compared = between(past.settings, past.build, newer, silent)
    told = changes(past.settings, compared, levels=("england", "region", "icb", "pcn"))
    comparable = told[told["reason"].isna()]
    assert (comparable["unexplained"] == 0).all()
    assert comparable[list(PARTS)].sum(axis=1).to_numpy() == pytest.approx(comparable["change"].to_numpy())
    assert set(told["org_level"]) == {"england", "region", "icb", "pcn"}
    passes = told[(told["metric_id"] == MODULE_PASSES) & (told["geography"] == "as_was")]
    months = passes[(passes["org_level"] == "england") & (passes["period_grain"] == "month")]
    of_all = months[months["strand"] == "all"]
    assert (of_all["by_corrections"] == of_all["change"]).all()
    assert 0 < of_all.loc[of_all["change"] > 0, "change"].sum() <= moved
    assert of_all["change"].sum() == 0  # nobody passed more or less, only earlier


def test_another_definition_is_the_definitions_part(past: Past) -> None:
    """An earlier build by other code: what today's code makes of the same files is the definition's doing."""
    from orchestration import builds

    then = replace(past.build, build_id="000000-other", figures_version="other")
    shutil.copy2(past.build.path(past.settings), then.path(past.settings))
    then.path(past.settings).chmod(0o640)
    with duckdb.connect(str(then.path(past.settings))) as connection:
        connection.execute(
            "update marts.fct_metric_value set value = value - 5 where metric_id = ? and org_level = 'england'",
            [MODULE_PASSES],
        )
    now = builds.newest(past.settings)
    assert now is not None
    compared = between(past.settings, then, now, silent)
    assert compared.base.build.build_id != then.build_id
    told = changes(past.settings, compared, metrics=[load_metrics()[MODULE_PASSES]])
    assert (told["by_definition"] == 5).all()
    assert (told["unexplained"] == 0).all()
    assert told[list(PARTS)].sum(axis=1).tolist() == told["change"].tolist()


def test_a_build_whose_files_are_gone_is_not_seen_again(past: Past) -> None:
    lost = replace(past.build, figures_version="other", inputs=(Input("spend", "spend", "0" * 64),))
    with pytest.raises(NotRebuildable, match="1 of its 1 raw files are gone"):
        as_seen_by(past.settings, lost, silent)
