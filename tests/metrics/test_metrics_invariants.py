"""What must hold in any data: parts within wholes, funnels that never rise, mergers that leave England alone."""

from __future__ import annotations

import pandas as pd
import pytest
from built_world import Demonstration

from dbt_project.registry import load_metrics

METRICS = load_metrics()
CUT = ["strand", "sector", "period_start", "period_grain"]
COUNTS = [
    metric.id
    for metric in METRICS.values()
    if metric.unit in ("people", "count", "fte") and metric.lower_bound is not None  # a net gain may be below zero
]
PARTS = [metric.id for metric in METRICS.values() if metric.interval == "wilson"]


def at(rows: pd.DataFrame, level: str, geography: str) -> pd.DataFrame:
    return rows[(rows.org_level == level) & (rows.geography == geography)]


@pytest.mark.parametrize("metric_id", PARTS)
def test_the_numerator_is_part_of_the_denominator(clean: Demonstration, metric_id: str) -> None:
    rows = clean.built.figures("fct_metric_value", metric_id)
    assert (rows.numerator <= rows.denominator).all()
    assert rows.value.dropna().between(0, 100).all()
    shown = rows.dropna(subset=["value"])
    assert (shown.lower_95 <= shown.value + 1e-9).all()
    assert (shown.value <= shown.upper_95 + 1e-9).all()


@pytest.mark.parametrize("geography", ["as_was", "as_now"])
@pytest.mark.parametrize("metric_id", COUNTS)
def test_england_is_at_least_any_place_and_at_most_their_sum(
    clean: Demonstration, metric_id: str, geography: str
) -> None:
    """People may work in several places, so levels need not add up; nobody may be in more places than exist.

    What happened in no known place is in England alone, so the upper bound holds for the census only.
    """
    rows = clean.built.figures("fct_metric_value", metric_id)
    england = at(rows, "england", geography).set_index(CUT).value
    for level in set(METRICS[metric_id].levels) - {"england"}:
        places = at(rows, level, geography).dropna(subset=["value"]).groupby(CUT).value
        assert (places.max() <= england.reindex(places.max().index) + 1e-9).all(), level
        if METRICS[metric_id].feeds == ("pcn_workforce",):
            assert (england.reindex(places.sum().index) <= places.sum() + 1e-9).all(), level


def test_headcounts_of_networks_do_not_add_up(clean: Demonstration) -> None:
    rows = clean.built.figures("fct_metric_value", "pcn_pharmacists_headcount")
    england = at(rows, "england", "as_was").groupby("period_start").value.sum()
    networks = at(rows, "pcn", "as_was").groupby("period_start").value.sum()
    assert (networks > england).any(), "nobody works in two networks: the world does not test rule R1"


@pytest.mark.parametrize("metric_id", sorted(set(METRICS) - {"pcn_coverage"}))
def test_merging_networks_leaves_england_unchanged(clean: Demonstration, metric_id: str) -> None:
    """Not so for coverage: there networks themselves are counted, and two that merged are one of today."""
    rows = clean.built.figures("fct_metric_value", metric_id)
    columns = [*CUT, "numerator", "denominator", "value", "status"]
    then = at(rows, "england", "as_was")[columns].sort_values(CUT, ignore_index=True)
    now = at(rows, "england", "as_now")[columns].sort_values(CUT, ignore_index=True)
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
    rows = clean.built.figures("fct_metric_breakdown", "funnel_conversion")
    assert (rows.numerator <= rows.denominator).all()
    key = ["org_level", "org_code", "geography", *CUT]
    for strand in clean.world.programme.strands:
        own = rows[rows.strand == strand.id]
        reached = own.pivot_table(index=key, columns="category", values="denominator", fill_value=0)
        reached = reached.reindex(columns=strand.stages[:-1], fill_value=0)
        assert len(reached)
        assert (reached.diff(axis="columns").iloc[:, 1:] <= 0).all(axis=None), strand.id
        # what went on from a stage is what the next stage starts from
        onward = own.pivot_table(index=key, columns="category", values="numerator", fill_value=0)
        for stage, following in zip(strand.stages[:-2], strand.stages[1:-1], strict=True):
            assert (onward[stage] == reached[following]).all(), (strand.id, stage)


def test_periods_of_counts_add_up(clean: Demonstration) -> None:
    """Everybody is counted on one day, so months make quarters, quarters years, and years the whole."""
    for metric_id in (m.id for m in METRICS.values() if m.kind == "flow" and m.unit in ("people", "count")):
        rows = clean.built.figures("fct_metric_value", metric_id)
        sums = rows.groupby(
            ["org_level", "org_code", "geography", "strand", "sector", "period_grain"]
        ).value.sum()
        by_grain = sums.unstack("period_grain").fillna(0)
        assert by_grain.nunique(axis="columns").eq(1).all(), metric_id


def test_spend_only_grows_towards_the_ceiling(clean: Demonstration) -> None:
    rows = clean.built.figures("fct_metric_value", "spend_against_ceiling")
    monthly = at(rows, "england", "as_was").query("period_grain == 'month'").sort_values("period_start")
    assert (monthly.groupby("strand").numerator.diff().dropna() >= 0).all()
    last = monthly.groupby("strand").numerator.last()
    assert last["all"] == pytest.approx(last.drop("all").sum(), abs=0.005)
    assert last["all"] <= clean.world.programme.ceiling_gbp
