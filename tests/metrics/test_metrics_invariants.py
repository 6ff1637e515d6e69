"""Parts within wholes, funnels that never rise, mergers that leave England alone: on a generated world."""

from __future__ import annotations

import invariants
import pandas as pd
import pytest
from built_world import Demonstration
from invariants import CUT, METRICS, at

from dbt_project.registry import Metric, load_feeds

COUNTS = [
    metric
    for metric in METRICS.values()
    if metric.unit in ("people", "count", "fte")
    and metric.lower_bound is not None  # a net gain may be below zero
]
PARTS = invariants.parts_of_wholes()


def ids(metrics: list[Metric]) -> list[str]:
    return [metric.id for metric in metrics]


@pytest.mark.parametrize("metric", PARTS, ids=ids(PARTS))
def test_the_numerator_is_part_of_the_denominator(clean: Demonstration, metric: Metric) -> None:
    assert invariants.numerators_beyond_denominators(clean.built, metric).empty
    assert invariants.units_beyond_denominators(clean.built, metric).empty


@pytest.mark.parametrize("metric_id", METRICS)
def test_a_value_lies_in_its_interval(clean: Demonstration, metric_id: str) -> None:
    assert invariants.values_outside_intervals(clean.built, METRICS[metric_id]).empty


@pytest.mark.parametrize("geography", ["as_was", "as_now"])
@pytest.mark.parametrize("metric_id", [name for name in ids(COUNTS) if name != invariants.CHANGE])
def test_england_is_at_least_any_place_and_at_most_their_sum(
    clean: Demonstration, metric_id: str, geography: str
) -> None:
    """People may work in several places, so levels need not add up; nobody may be in more places than exist.

    What happened in no known place is in England alone, so the upper bound holds for the census only.
    """
    assert invariants.places_beyond_england(clean.built, METRICS[metric_id]).empty
    rows = clean.built.figures("fct_metric_value", metric_id)
    england = at(rows, "england", geography).set_index(CUT).value
    if METRICS[metric_id].feeds == ("pcn_workforce",):
        for level in set(METRICS[metric_id].levels) - {"england"}:
            places = at(rows, level, geography).dropna(subset=["value"]).groupby(CUT).value
            assert (england.reindex(places.sum().index) <= places.sum() + 1e-9).all(), level


def test_headcounts_of_networks_do_not_add_up(clean: Demonstration) -> None:
    rows = clean.built.figures("fct_metric_value", "pcn_pharmacists_headcount")
    england = at(rows, "england", "as_was").groupby("period_start").value.sum()
    networks = at(rows, "pcn", "as_was").groupby("period_start").value.sum()
    assert (networks > england).any(), "nobody works in two networks: the world does not test rule R1"


@pytest.mark.parametrize("metric_id", sorted(set(METRICS) - set(invariants.OF_NETWORKS)))
def test_merging_networks_leaves_england_unchanged(clean: Demonstration, metric_id: str) -> None:
    then, now = (
        invariants.england_by(clean.built, METRICS[metric_id], name) for name in ("as_was", "as_now")
    )
    pd.testing.assert_frame_equal(then, now)


def test_closed_networks_and_abolished_boards_are_not_of_today(clean: Demonstration) -> None:
    closed = clean.world.places.pcns.query("close_date == close_date").pcn_code
    gone = {*closed, *clean.world.places.board_successors}
    assert gone, "the world has no merger"
    rows = clean.built.warehouse.execute(
        "select distinct org_code from marts.fct_metric_value where geography = 'as_now'"
    ).df()
    assert not gone & set(rows.org_code)


def test_funnels_never_rise(clean: Demonstration) -> None:
    assert len(clean.built.figures("fct_metric_breakdown", "funnel_conversion"))
    assert invariants.rising_funnels(clean.built, clean.world.programme) == []


def test_the_stock_is_that_of_last_month_with_joiners_and_without_leavers(clean: Demonstration) -> None:
    stock = clean.built.figures("fct_metric_value", invariants.STOCK)
    assert stock.numerator.sum() > 0
    assert invariants.unexplained_stock(clean.built).empty


def test_periods_of_counts_add_up(clean: Demonstration) -> None:
    """Everybody is counted on one day, so months make quarters, quarters years, and years the whole."""
    for metric in (m for m in METRICS.values() if m.kind == "flow" and m.unit in ("people", "count")):
        rows = clean.built.figures("fct_metric_value", metric.id)
        sums = rows.groupby(
            ["org_level", "org_code", "geography", "strand", "sector", "period_grain"]
        ).value.sum()
        by_grain = sums.unstack("period_grain").fillna(0)
        assert by_grain.nunique(axis="columns").eq(1).all(), metric.id


def test_spend_only_grows_towards_the_ceiling(clean: Demonstration) -> None:
    rows = clean.built.figures("fct_metric_value", "spend_against_ceiling")
    monthly = at(rows, "england", "as_was").query("period_grain == 'month'").sort_values("period_start")
    assert (monthly.groupby("strand").numerator.diff().dropna() >= 0).all()
    last = monthly.groupby("strand").numerator.last()
    assert last["all"] == pytest.approx(last.drop("all").sum(), abs=0.005)
    assert last["all"] <= clean.world.programme.ceiling_gbp


def test_a_stock_is_provisional_while_returns_of_its_month_may_still_come(clean: Demonstration) -> None:
    """Returns come one by one, up to the days of grace of their contract; the census is published whole."""
    cut_off = clean.built.cut_off
    grace = pd.Timedelta(days=load_feeds()["deployment_return"].grace_days)
    for metric_id, waits in (("pcn_coverage", grace), ("pcn_pharmacists_headcount", pd.Timedelta(0))):
        rows = at(clean.built.figures("fct_metric_value", metric_id), "england", "as_was")
        ends = pd.to_datetime(rows.period_start) + pd.offsets.MonthEnd(0)
        open_still = ends + waits > cut_off
        shown = rows.status.isin(("final", "provisional"))
        assert set(rows.status[shown & ~open_still]) == {"final"}
        assert (rows.status[shown & open_still] == "provisional").all()
        assert (shown & open_still).any() == (metric_id == "pcn_coverage")
