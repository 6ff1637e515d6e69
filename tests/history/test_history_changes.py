"""The parts of a change: they add up to it, and each kind of difference lands in the part it belongs to."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit_worlds import LEVELS, NEW_CUT_OFF, OLD_CUT_OFF, START, Event, Unit, World, make_pictures

from dbt_project.registry import load_metrics
from orchestration.history.changes import PARTS, Between, changes

METRICS = load_metrics()
COUNT, SHARE, STOCK = "clinical_examination_module_passes", "portfolios_recognised", "pcn_coverage"
MEDIAN, INCIDENCE, CURVE = (
    "portfolio_days_to_decide",
    "median_days_to_qualify",
    "median_days_qualified_to_annotated",
)
DAY = date(2024, 5, 10)


def told(
    metric_id: str, old: World, new: World, folder: Path, levels: tuple[str, ...] = LEVELS
) -> pd.DataFrame:
    """Changes between two worlds of one metric."""
    metric = METRICS[metric_id]
    base, latest = make_pictures(folder, metric, old, new)
    compared = Between(base.build, base, latest)
    return changes(base.settings, compared, metrics=[metric], levels=levels)


def england(frame: pd.DataFrame, grain: str = "all", org: str = "ENG") -> dict[str, float]:
    """The parts of the total of one organisation that are not nothing."""
    of_all = (frame["strand"] == "all") & (frame["sector"] == "all") & (frame["geography"] == "as_was")
    row = frame[of_all & (frame["org_code"] == org) & (frame["period_grain"] == grain)].iloc[0]
    assert pd.isna(row["reason"]), row["reason"]
    assert row["unexplained"] == 0
    return {part: row[part] for part in PARTS if row[part] != 0}


days = st.dates(START, NEW_CUT_OFF)
units = st.builds(
    Unit,
    key=st.sampled_from([f"p{number}|s" for number in range(24)]),
    day=days,
    network=st.sampled_from(["U1", "U2", "U3"]),
    strand=st.sampled_from(["independent_prescribing", "technician_accreditation"]),
    sector=st.sampled_from(["pcn", "hospital"]),
    amount=st.integers(0, 90).map(float),
    is_reached=st.booleans(),
    duration=st.integers(0, 700).map(float),
    outcome=st.integers(0, 2),
)
events = st.builds(
    Event,
    event_id=st.sampled_from([f"e{number}" for number in range(12)]),
    person=st.sampled_from([f"p{number}" for number in range(24)]),
    day=days,
)


def once(found: list[Unit]) -> list[Unit]:
    """Each unit once."""
    return list({unit.key: unit for unit in found}.values())


worlds = st.builds(
    World,
    units=st.lists(units, min_size=1, max_size=30).map(once),
    events=st.lists(events, max_size=8, unique_by=lambda event: event.event_id),
)


@pytest.mark.parametrize("metric_id", [COUNT, SHARE, MEDIAN, INCIDENCE, CURVE])
@given(old=worlds, new=worlds)
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
def test_the_parts_add_up_to_the_change(metric_id: str, old: World, new: World) -> None:
    with tempfile.TemporaryDirectory() as folder:
        frame = told(metric_id, old, new, Path(folder))
    comparable = frame[frame["reason"].isna()]
    assert (comparable["unexplained"] == 0).all()
    total = comparable[list(PARTS)].sum(axis=1)
    assert total.to_numpy() == pytest.approx(comparable["change"].to_numpy(), rel=1e-9, abs=1e-9)
    assert (comparable["old_value"] + comparable["change"]).to_numpy() == pytest.approx(
        comparable["new_value"].to_numpy()
    )
    assert (comparable["by_definition"] == 0).all()
    if metric_id == COUNT:
        assert frame["reason"].isna().all()  # a count can always be told apart


@given(old=worlds, new=worlds)
@settings(max_examples=8)
def test_every_changed_figure_is_told_and_no_other(old: World, new: World) -> None:
    from unit_worlds import FIGURE_KEY, figures_of

    metric = METRICS[SHARE]
    with tempfile.TemporaryDirectory() as folder:
        frame = told(SHARE, old, new, Path(folder))
    figures = [
        figures_of(metric, world.units, cut_off).set_index(list(FIGURE_KEY))["value"]
        for world, cut_off in ((old, OLD_CUT_OFF), (new, NEW_CUT_OFF))
    ]
    both = pd.concat(figures, axis=1, keys=["old", "new"])
    expected = both[both["old"].ne(both["new"]) & both.notna().any(axis=1)]
    keys = frame.assign(period_start=frame["period_start"].dt.date)[list(FIGURE_KEY)]
    assert set(keys.itertuples(index=False, name=None)) == set(expected.index)


STANDING = [Unit(f"p{number}|s", DAY + timedelta(days=number)) for number in range(6)]


def test_a_day_after_the_earlier_cut_off_is_a_new_event(tmp_path: Path) -> None:
    fresh = Unit("new|s", OLD_CUT_OFF + timedelta(days=1))
    frame = told(COUNT, World(STANDING), World([*STANDING, fresh]), tmp_path)
    assert england(frame) == {"by_new_events": 1}


def test_a_day_before_it_that_was_told_later_is_late(tmp_path: Path) -> None:
    late = Unit("late|s", OLD_CUT_OFF)
    frame = told(COUNT, World(STANDING), World([*STANDING, late]), tmp_path)
    assert england(frame) == {"by_late_data": 1}


def test_what_is_gone_is_a_correction(tmp_path: Path) -> None:
    frame = told(COUNT, World(STANDING), World(STANDING[1:]), tmp_path)
    assert england(frame) == {"by_corrections": -1}


def test_another_day_is_a_correction_of_both_periods(tmp_path: Path) -> None:
    moved = [replace(STANDING[0], day=date(2023, 1, 5)), *STANDING[1:]]
    frame = told(COUNT, World(STANDING), World(moved), tmp_path)
    by_year = {year: frame[frame["period_start"] == pd.Timestamp(year, 4, 1)] for year in (2022, 2024)}
    assert england(by_year[2022], "year") == {"by_corrections": 1}
    assert england(by_year[2024], "year") == {"by_corrections": -1}
    assert frame[frame["period_grain"] == "all"].empty  # the same people since the start


def test_another_place_is_geography_and_leaves_england_alone(tmp_path: Path) -> None:
    moved = [replace(STANDING[0], network="U3"), *STANDING[1:]]
    frame = told(COUNT, World(STANDING), World(moved), tmp_path)
    assert england(frame, org="QA1") == {"by_geography": -1}
    assert england(frame, org="QB1") == {"by_geography": 1}  # a board without anybody counted nobody
    assert frame[frame["org_level"] == "england"].empty


def test_moved_and_corrected_is_told_apart(tmp_path: Path) -> None:
    moved = [replace(STANDING[0], network="U2", day=date(2023, 1, 5)), *STANDING[1:]]
    frame = told(COUNT, World(STANDING), World(moved), tmp_path)
    of_2024 = frame[frame["period_start"] == pd.Timestamp(2024, 4, 1)]
    of_2022 = frame[frame["period_start"] == pd.Timestamp(2022, 4, 1)]
    assert england(of_2024, "year", org="QA1") == {"by_geography": -1}
    assert england(of_2022, "year", org="QA2") == {"by_corrections": 1}
    # of the board it came to, the old year gains it by the move and loses it by the correction
    assert of_2024[(of_2024["org_code"] == "QA2") & (of_2024["period_grain"] == "year")].empty


def test_a_unit_that_events_took_away_is_not_a_correction(tmp_path: Path) -> None:
    """Nothing was taken back of this person, and something older was told since: late data."""
    before = [Event("e1", "p0", DAY)]
    after = [*before, Event("e2", "p0", DAY + timedelta(days=30))]
    frame = told(COUNT, World(STANDING, before), World(STANDING[1:], after), tmp_path)
    assert england(frame) == {"by_late_data": -1}
    rewritten = [Event("e3", "p0", DAY + timedelta(days=30))]
    frame = told(COUNT, World(STANDING, before), World(STANDING[1:], rewritten), tmp_path)
    assert england(frame) == {"by_corrections": -1}


def test_a_share_walks_numerator_and_denominator_together(tmp_path: Path) -> None:
    old = [replace(unit, is_reached=number < 3) for number, unit in enumerate(STANDING)]  # 3 of 6
    late = [Unit("a|s", DAY), Unit("b|s", DAY)]  # 5 of 8
    fresh = [
        Unit("c|s", NEW_CUT_OFF, is_reached=False),
        Unit("d|s", NEW_CUT_OFF, is_reached=False),
    ]  # 5 of 10
    frame = told(SHARE, World(old), World([*old[:-1], old[-1], *late, *fresh[:1]]), tmp_path)
    assert england(frame) == pytest.approx({"by_late_data": 62.5 - 50, "by_new_events": 100 * 5 / 9 - 62.5})


def test_being_followed_longer_is_time_unless_the_end_was_told_late(tmp_path: Path) -> None:
    started = date(2025, 1, 1)
    watched = (OLD_CUT_OFF - started).days
    old = [Unit(f"p{n}|s", started, duration=float(watched), outcome=0) for n in range(9)]
    old += [Unit(f"q{n}|s", started, duration=100.0 + n, outcome=1) for n in range(11)]
    longer = float((NEW_CUT_OFF - started).days)
    time = [replace(unit, duration=longer) if unit.outcome == 0 else unit for unit in old]
    time[0] = replace(time[0], duration=float(watched + 5), outcome=1)
    late = list(time)
    late[1] = replace(late[1], duration=20.0, outcome=1)  # had happened in January, and nobody had said so
    late[2] = replace(late[2], duration=20.0, outcome=1)
    parts = england(told(INCIDENCE, World(old), World(late), tmp_path))
    assert set(parts) == {"by_late_data"}  # the median moves with the early ends alone
    frame = told(INCIDENCE, World(old), World(time), tmp_path)
    assert frame[frame["reason"].isna()].empty  # time alone leaves this median where it is


def test_a_stock_of_a_month_that_was_not_over_is_new(tmp_path: Path) -> None:
    network = Unit("U1", date(2025, 6, 1), strand="independent_prescribing", sector="all")
    old = [network, replace(network, key="U2", network="U2", is_reached=False)]
    july = [replace(unit, day=date(2025, 7, 1)) for unit in old]
    june = [replace(old[0], is_reached=False), old[1]]
    frame = told(STOCK, World(old), World([*june, *july]), tmp_path)
    assert england(frame, "month") == {"by_corrections": -50}
    news = frame[frame["period_start"] == pd.Timestamp(2025, 7, 1)]
    assert set(news["reason"]) == {"no such figure in the earlier release"}


def test_what_the_units_do_not_account_for_is_said(tmp_path: Path) -> None:
    metric = METRICS[COUNT]
    base, latest = make_pictures(tmp_path, metric, World(STANDING), World(STANDING))
    import duckdb

    with duckdb.connect(str(latest.path)) as connection:
        connection.execute("update marts.fct_metric_value set value = value + 2, numerator = numerator + 2")
    frame = changes(base.settings, Between(base.build, base, latest), metrics=[metric], levels=("england",))
    assert (frame["unexplained"] == 2).all()
    assert (frame[list(PARTS)] == 0).all(axis=None)
