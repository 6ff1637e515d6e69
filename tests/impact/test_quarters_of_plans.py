"""What plans of one board and of doses read from a build, row by row."""

from __future__ import annotations

from datetime import date
from math import isnan
from pathlib import Path

import duckdb
import pytest

from dbt_project.registry import load_metrics
from dbt_project.registry.plans import BoardPlan, DosePlan, load_plans
from orchestration.impact.panel import quarter_start, read_boards, read_doses

BOARD = next(plan for plan in load_plans().values() if isinstance(plan, BoardPlan))
DOSE = next(plan for plan in load_plans().values() if isinstance(plan, DosePlan))
VINTAGE = date(2022, 7, 15)


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """Four networks of two boards, one of them taken over; the newest quarter has not ended."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts; create schema intermediate")
        connection.execute(
            f"""
            create table marts.fct_metric_value as
            select *, '{BOARD.outcome}' as metric_id, 'month' as period_grain, 'all' as strand, 'all' as sector
            from (values
                ('icb', 'Q1', date '2021-04-01', 5.0, 'final', 'as_now'),
                ('icb', 'Q1', date '2021-06-01', 5.5, 'final', 'as_now'),
                ('icb', 'Q1', date '2021-06-01', 9.9, 'final', 'as_was'),
                ('icb', 'Q1', date '2021-09-01', 0.0, 'not_reported', 'as_now'),
                ('icb', 'Q2', date '2022-06-01', 7.0, 'provisional', 'as_now'),
                ('icb', 'Q2', date '2022-07-01', 8.0, 'provisional', 'as_now'),
                ('pcn', 'U1', date '2021-06-01', 1.0, 'final', 'as_now'),
                ('pcn', 'U1', date '2022-05-01', 2.0, 'final', 'as_now'),
                ('pcn', 'U3', date '2022-05-01', 3.0, 'final', 'as_now')
            ) as row(org_level, org_code, period_start, value, status, geography);
            create table intermediate.int_pcn_current as
            select * from (values
                ('U1', 'U1', 'S1', 'Q1', 'Y1'), ('U2', 'U2', 'S1', 'Q1', 'Y1'), ('U3', 'U3', 'S2', 'Q2', 'Y2'),
                ('U4', 'U4', 'S2', 'Q2', 'Y2'), ('U9', 'U1', 'S9', 'Q9', 'Y9')
            ) as row(pcn_code, current_pcn_code, sub_icb_code, icb_code, region_code);
            create table intermediate.int_pcn_attribute as
            select * from (values ('U1', 20.0, 'urban')) as row(pcn_code, imd_score, classification);
            create table intermediate.int_list_size_period as
            select *, 'pcn' as org_level, 'as_now' as geography, 'quarter' as period_grain from (values
                ('U1', date '2021-04-01', 25000), ('U1', date '2022-04-01', 99000),
                ('U3', date '2021-04-01', 100000), ('U4', date '2021-04-01', 50000)
            ) as row(org_code, period_start, patients);
            create table intermediate.int_network_funded_prescriber as
            select * from (values
                ('U1', 'p1', date '2021-08-01'), ('U1', 'p2', date '2022-06-01'), ('U1', 'p3', date '2022-07-01'),
                ('U2', 'p4', date '2022-04-01'), ('U3', 'p5', date '2022-05-01'), ('U4', 'p6', date '2022-07-01')
            ) as row(pcn_code, person_key, first_in_post);
            create table intermediate.int_network_adoption as
            select pcn_code, min(first_in_post) as first_funded_prescriber
            from intermediate.int_network_funded_prescriber group by pcn_code
            """
        )
    return path


def test_boards_by_quarter_with_their_adopters_and_the_last_census(warehouse: Path) -> None:
    found = read_boards(warehouse, BOARD, load_metrics(), VINTAGE)
    rows = [
        (
            row.unit,
            quarter_start(row.period).isoformat(),
            row.networks,
            row.adopted,
            None if isnan(row.outcome) else row.outcome,
        )
        for row in found.itertuples()
    ]
    assert rows == [
        ("Q1", "2021-04-01", 2, 0, 5.5),
        ("Q1", "2021-07-01", 2, 1, None),
        ("Q1", "2021-10-01", 2, 1, None),
        ("Q1", "2022-01-01", 2, 1, None),
        ("Q1", "2022-04-01", 2, 2, None),
        ("Q2", "2021-04-01", 2, 0, None),
        ("Q2", "2021-07-01", 2, 0, None),
        ("Q2", "2021-10-01", 2, 0, None),
        ("Q2", "2022-01-01", 2, 0, None),
        ("Q2", "2022-04-01", 2, 1, 7.0),
    ]


def test_a_dose_is_what_came_within_its_quarters_for_the_patients_at_the_start(warehouse: Path) -> None:
    """A prescriber after the quarters, or after the panel ends, is not in the dose; nobody is named."""
    found = read_doses(warehouse, DOSE, load_metrics(), VINTAGE)
    assert list(found.columns) == ["unit", "period", "outcome", "first_treated", "dose", "icb"]
    assert len(found) == 4 * 5
    units = found.drop_duplicates("unit").set_index("unit")
    assert units.loc["U1", "dose"] == 2 * 50_000 / 25_000, "the third began in the fifth quarter"
    assert isnan(units.loc["U2", "dose"]), "its patients are not known"
    assert units.loc["U3", "dose"] == 0.5
    assert (units.loc["U4", "dose"], units.loc["U4", "first_treated"]) == (0.0, 0), "it adopts after the end"
    assert quarter_start(units.loc["U1", "first_treated"]).isoformat() == "2021-07-01"
    seen = found[found["outcome"].notna()]
    assert [(row.unit, quarter_start(row.period).isoformat(), row.outcome) for row in seen.itertuples()] == [
        ("U1", "2021-04-01", 1.0),
        ("U1", "2022-04-01", 2.0),
        ("U3", "2022-04-01", 3.0),
    ]
