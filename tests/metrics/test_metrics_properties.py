"""Random histories, taken in as files and built: what holds in any data, and the oracle's figures, hold in them.

A build costs seconds, so each example holds many people, networks and months; no example is shrunk.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import invariants
import pandas as pd
import pytest
from built_world import Built, build, opened, settings_of
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from metric_oracle.catalogue import BREAKDOWNS, FIGURES
from metric_oracle.compare import disagreements, side_by_side, told
from metric_oracle.world import World, open_world
from random_histories.drawn import MERGERS, NETWORKS, History, histories
from random_histories.landed import land
from random_histories.tables import as_truth
from random_histories.tables import told as tables_of

from dbt_project.registry import Metric

METRICS = invariants.METRICS
FEW = settings(
    phases=[Phase.generate],
    derandomize=True,
    database=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)
LIVELY = 20  # the first example drawn is everybody doing the same: too dull to build
# Whom a network keeps is another question once it is part of its neighbour: moves between the two are none
ON_NETWORKS = (*invariants.OF_NETWORKS, "retention_12_months_same_pcn")
EVERY_FIGURE = (
    "select * exclude (vintage) from marts.{table} "
    "order by metric_id, org_level, org_code, strand, sector, period_start, period_grain, geography{extra}"
)


def land_and_build(history: History, home: Path) -> None:
    land(tables_of(history), history, home / "landing")
    build(settings_of(home))


def lively(history: History) -> bool:
    return len(set(history.posts)) > LIVELY


class TestHistories:
    @settings(FEW, max_examples=1)
    @given(histories())
    def test_what_holds_in_any_data_and_the_oracle_hold(self, history: History) -> None:
        assume(lively(history))
        with TemporaryDirectory() as folder:
            land_and_build(history, home := Path(folder))
            with opened(home) as built:
                truth = as_truth(tables_of(history))
                world = open_world(truth, built.cut_off, home / "landing")
                assert [file.message for file in built.intake.files if file.outcome != "accepted"] == []
                hold_invariants(built, world)
                equal_the_oracle(built, world)


def hold_invariants(built: Built, world: World) -> None:
    for metric in invariants.parts_of_wholes():
        assert invariants.numerators_beyond_denominators(built, metric).empty, metric.id
        assert invariants.units_beyond_denominators(built, metric).empty, metric.id
    for metric in METRICS.values():
        assert invariants.values_outside_intervals(built, metric).empty, metric.id
        if metric.id not in invariants.OF_NETWORKS:
            then, now = (invariants.england_by(built, metric, name) for name in ("as_was", "as_now"))
            pd.testing.assert_frame_equal(then, now)
        if metric.unit in ("people", "count", "fte") and metric.id != invariants.CHANGE:
            assert invariants.places_beyond_england(built, metric).empty, metric.id
    assert invariants.rising_funnels(built, world.programme) == []
    assert invariants.unexplained_stock(built).empty
    assert invariants.unattributed_sums(built).empty


def equal_the_oracle(built: Built, world: World) -> None:
    landed = {path.name for path in world.landing.iterdir()}
    wrong: list[str] = []
    for metric in METRICS.values():
        if not set(metric.feeds) <= landed:
            continue
        tables = [("fct_metric_value", FIGURES, [])]
        if metric.breakdowns:
            tables.append(("fct_metric_breakdown", BREAKDOWNS, ["dimension", "category"]))
        for table, oracles, by in tables:
            delivered = built.figures(table, metric.id)
            rows = side_by_side(world, metric, oracles[metric.id], delivered, by)
            if found := disagreements(rows):
                wrong.append(f"{table} {metric.id}\n{told(found, by)}")
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


@pytest.mark.slow
class TestMergers:
    @settings(FEW, max_examples=1)
    @given(histories(), st.integers(8, 20), st.integers(8, 20))
    def test_merging_networks_leaves_england_unchanged(
        self, history: History, first: int, second: int
    ) -> None:
        """The same history twice, in one of which networks become part of their neighbours.

        All report throughout: a network that is part of another reports when that one does.
        """
        assume(lively(history))
        months = dict(zip(MERGERS, (first, second), strict=True))
        merged = replace(history, mergers=months, silent=frozenset(), stops={})
        found: list[dict[str, pd.DataFrame]] = []
        for version in (merged, merged.unmerged()):
            with TemporaryDirectory() as folder:
                land_and_build(version, Path(folder))
                with opened(Path(folder)) as built:
                    found.append({name: england(built, metric) for name, metric in METRICS.items()})
        assert len(found[0]["prescribers_in_post"])
        for name in sorted(set(METRICS) - set(ON_NETWORKS)):
            pd.testing.assert_frame_equal(found[0][name], found[1][name], obj=name)


def england(built: Built, metric: Metric) -> pd.DataFrame:
    return invariants.england_by(built, metric, "as_was")


@pytest.mark.slow
class TestTwoClocks:
    @settings(FEW, max_examples=1)
    @given(histories(), st.dates(date(2023, 2, 1), date(2024, 10, 31)))
    def test_as_at_a_day_no_later_report_is_seen(self, history: History, day: date) -> None:
        """Everything landed and asked as at a day, against only what had been told by then: the same figures."""
        assume(lively(history))
        figures: list[list[pd.DataFrame]] = []
        for until, as_at in ((None, day), (day, None)):
            with TemporaryDirectory() as folder:
                home = Path(folder)
                land(tables_of(history), history, home / "landing", *([until] if until else []))
                path = build(settings_of(home, as_at=as_at))
                figures.append(every_figure(path))
        for asked, known in zip(*figures, strict=True):
            assert len(known)
            pd.testing.assert_frame_equal(asked, known)


def every_figure(warehouse: Path) -> list[pd.DataFrame]:
    """All figures and all breakdowns of a generation, in a fixed order."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return [
            connection.execute(EVERY_FIGURE.format(table=table, extra=extra)).df()
            for table, extra in (("fct_metric_value", ""), ("fct_metric_breakdown", ", dimension, category"))
        ]


def test_the_histories_are_lively() -> None:
    """Mergers, silence and late, corrected returns do occur in what is drawn, or the tests above prove little."""
    drawn: list[History] = []

    @settings(FEW, max_examples=30)
    @given(histories())
    def draw(history: History) -> None:
        drawn.append(history)

    draw()
    lively_ones = [history for history in drawn if lively(history)]
    assert len(lively_ones) > len(drawn) / 2
    assert any(history.mergers for history in lively_ones)
    assert any(history.silent and history.stops for history in lively_ones)
    assert any(history.corrected for history in lively_ones)
    assert {post.network for history in lively_ones for post in history.posts} == set(range(NETWORKS))
