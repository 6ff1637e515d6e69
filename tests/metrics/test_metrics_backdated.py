"""A provider puts the days of events back after the fact: asked as at the day before, the old figures come back."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from built_world import RECEIVED, Demonstration, build, settings_of

SHARE = 0.05  # of all events of provider returns
EARLIER = timedelta(days=45)
SENT_AGAIN = date(2026, 8, 10)
RECEIVED_AGAIN = datetime(2026, 8, 16, 9, 0, 0)
EVERY_THIRD = 3  # of the corrected returns claims to be older than it is


@dataclass(frozen=True)
class Layout:
    """Columns of a layout: day of the event, day of the return, and how it writes days."""

    separator: str
    event: str
    sent: str
    form: str


LAYOUTS = {
    "_return_": Layout(",", "Event date", "Return date", "%Y-%m-%d"),
    "_claim_": Layout(";", "Outcome date", "Submission date", "%d/%m/%Y"),
}


def back_date(landing: Path, events: int) -> int:
    """Land returns again with a share of their events earlier, until that is SHARE of `events`; how many were moved.

    Most carry the day on which they were sent again; every third claims a day before the first receipt, so that only
    the day it was received tells that it was not known before.
    """
    moved = 0
    for number, path in enumerate(sorted((landing / "provider_return").glob("*.csv"))):
        if moved >= SHARE * events:
            break
        layout = next(layout for mark, layout in LAYOUTS.items() if mark in path.name)
        lines = pd.read_csv(path, sep=layout.separator, dtype=str, keep_default_na=False)
        days = pd.to_datetime(lines[layout.event], format=layout.form)
        first_sent = pd.to_datetime(lines[layout.sent].iloc[0], format=layout.form)
        chosen = lines.index % 2 == 0
        lines[layout.event] = (days - EARLIER).where(chosen, days).dt.strftime(layout.form)
        again = pd.Timestamp(SENT_AGAIN) if number % EVERY_THIRD else first_sent + timedelta(days=1)
        lines[layout.sent] = again.strftime(layout.form)
        lines.to_csv(path.with_stem(f"{path.stem}_corrected"), sep=layout.separator, index=False)
        moved += int(chosen.sum())
    return moved


def figures(warehouse: Path) -> pd.DataFrame:
    """Every figure, exactly as it stands, in a fixed order."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute("select * from marts.fct_metric_value order by all").df()


@pytest.fixture(scope="module")
def corrected(clean: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clean world's home after returns that put five in a hundred events back have landed in it."""
    home = tmp_path_factory.mktemp("backdated") / "home"
    shutil.copytree(clean.built.settings.home, home)
    events = int(clean.world.events.shape[0])
    moved = back_date(home / "landing", events)
    assert SHARE <= moved / events < 2 * SHARE
    return home


def test_as_at_the_old_day_the_old_figures_come_back_exactly(clean: Demonstration, corrected: Path) -> None:
    old = figures_of(clean)
    new = figures(build(settings_of(corrected), received=RECEIVED_AGAIN))
    assert not new.equals(old), "the corrections change nothing: the test proves nothing"
    again = figures(build(settings_of(corrected, as_at=RECEIVED.date()), received=RECEIVED_AGAIN))
    pd.testing.assert_frame_equal(again, old)


def figures_of(world: Demonstration) -> pd.DataFrame:
    """Every figure of a world that is open already."""
    return world.built.warehouse.execute("select * from marts.fct_metric_value order by all").df()
