"""Every delivered figure equals the oracle's: on clean files, and on files with every kind of recoverable dirt."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from built_world import Demonstration
from metric_oracle.catalogue import BREAKDOWNS, FIGURES, WITHOUT_INPUT
from metric_oracle.compare import Oracle, disagreements, side_by_side, told

from dbt_project.registry import load_metrics

METRICS = load_metrics()
WITH_BREAKDOWN = [metric.id for metric in METRICS.values() if metric.breakdowns]
COUNTED = ("people", "count", "percent", "ratio")  # units of which a planted row moves a whole number
# what counts records and not people: somebody enrolled at a second provider is one record more, by definition
OF_RECORDS = ("application_to_offer", "unmet_demand", "linkage_rate")


def compared(
    world: Demonstration, metric_id: str, table: str, oracle: Oracle
) -> tuple[pd.DataFrame, list[str]]:
    by = ["dimension", "category"] if table == "fct_metric_breakdown" else []
    delivered = world.built.figures(table, metric_id)
    return side_by_side(world.world, METRICS[metric_id], oracle, delivered, by), by


def agree(rows: pd.DataFrame, by: list[str]) -> None:
    if found := disagreements(rows):
        pytest.fail(told(found, by), pytrace=False)


def test_the_oracle_answers_for_every_metric() -> None:
    assert set(FIGURES) == set(METRICS)
    assert set(BREAKDOWNS) == set(WITH_BREAKDOWN)


class FiguresEqualTheTruth:
    """On clean files every figure, and every figure by one more dimension, is the oracle's."""

    @pytest.mark.parametrize("metric_id", METRICS)
    def test_figures_equal_the_truth(self, world: Demonstration, metric_id: str) -> None:
        rows, by = compared(world, metric_id, "fct_metric_value", FIGURES[metric_id])
        agree(rows, by)

    @pytest.mark.parametrize("metric_id", WITH_BREAKDOWN)
    def test_breakdowns_equal_the_truth(self, world: Demonstration, metric_id: str) -> None:
        rows, by = compared(world, metric_id, "fct_metric_breakdown", BREAKDOWNS[metric_id])
        agree(rows, by)


class TestFirstWorld(FiguresEqualTheTruth):
    @pytest.fixture(scope="class")
    def world(self, clean: Demonstration) -> Demonstration:
        return clean


@pytest.mark.slow
class TestThirdWorld(FiguresEqualTheTruth):
    @pytest.fixture(scope="class")
    def world(self, third: Demonstration) -> Demonstration:
        return third


@pytest.mark.parametrize("metric_id", METRICS)
def test_figures_have_the_keys_the_registry_promises(clean: Demonstration, metric_id: str) -> None:
    metric, rows = METRICS[metric_id], clean.built.figures("fct_metric_value", metric_id)
    rows = rows[rows.status != "input_missing"]  # a metric without its input says so once, for England
    assert set(rows.org_level) <= set(metric.levels)
    assert set(rows.period_grain) <= set(metric.grains)
    assert set(rows.geography) <= {"as_was", "as_now"}
    if metric_id not in WITHOUT_INPUT:
        assert set(rows.org_level) == set(metric.levels)
        assert set(rows.period_grain) == set(metric.grains)
        assert set(rows.geography) == {"as_was", "as_now"}
    assert set(rows.strand) <= {"all", *metric.strands}
    assert metric.by_sector or set(rows.sector) <= {"all"}
    assert not rows.duplicated(
        ["org_level", "org_code", "strand", "sector", "period_start", "period_grain", "geography"]
    ).any()


class TestDirtyWorld:
    @pytest.mark.parametrize("metric_id", METRICS)
    def test_recoverable_dirt_changes_no_figure(self, dirty: Demonstration, metric_id: str) -> None:
        """Every kind of dirt is stated to be recoverable (or only adds rows to set aside): the truth must come out.

        One kind moves things between places: a network stated although it had closed. Its enrolments may stand with
        the closed network or with its heir; nothing else may differ, and by no more than the events planted.
        """
        rows, by = compared(dirty, metric_id, "fct_metric_value", FIGURES[metric_id])
        moved = disturbed_places(dirty)
        if metric_id in OF_RECORDS:
            copies = sum(item.rows for item in dirty.truth.planted if item.kind == "one_person_two_providers")
            only_copies_more(rows[~rows.org_code.isin(moved)], copies)
            return
        agree(rows[~rows.org_code.isin(moved)], by)
        planted = sum(item.rows for item in dirty.truth.planted if item.kind == "closed_pcn")
        disturbed = rows[rows.org_code.isin(moved) & (rows.geography == "as_was") & (rows.org_level == "pcn")]
        widest = disturbed.query("strand == 'all' and sector == 'all' and period_grain == 'all'")
        if METRICS[metric_id].unit in COUNTED:
            off = (widest.numerator.fillna(0) - widest.numerator_oracle.fillna(0)).abs().sum()
            assert off <= 2 * planted


def only_copies_more(rows: pd.DataFrame, copies: int) -> None:
    """Every figure is the truth and at most so many records more; some of England's are more."""
    parts = ("numerator", "denominator", "numerator_oracle", "denominator_oracle")
    filled = rows.fillna(dict.fromkeys(parts, 0))
    assert len(filled)
    for part in ("numerator", "denominator"):
        more = filled[part] - filled[f"{part}_oracle"]
        assert more.between(0, copies).all()
    assert (filled.denominator > filled.denominator_oracle).any()


def disturbed_places(world: Demonstration) -> set[str]:
    """Networks that closed, their heirs, and the boards and areas these lie in."""
    pcns = world.truth.pcns.to_pandas()
    closed = pcns[pcns.close_date.notna()]
    networks = {*closed.pcn_code, *closed.heir_code, *closed.other_heir_code}
    spells = world.world.places.spells
    around = spells[spells.pcn_code.isin(networks)]
    return {*networks, *around.icb_code, *around.sub_icb_code, *around.region_code}


def test_files_came_in_as_planted(dirty: Demonstration) -> None:
    """Refused files are refused, rows to set aside are set aside; everything else is taken in."""
    planted = [item for item in dirty.truth.planted if item.feed != "pcn_workforce"]
    taken = dirty.built.intake.files

    def came(outcome: str) -> set[tuple[str, str]]:
        return {(file.feed, Path(file.name).name) for file in taken if file.outcome == outcome}

    def meant(expected: str) -> set[tuple[str, str]]:
        return {(item.feed, item.file_name) for item in planted if item.expected == expected}

    assert came("refused") == meant("refused")
    assert came("accepted_with_quarantine") == meant("accepted_with_quarantine")
    copies = {(item.feed, item.file_name) for item in planted if item.kind == "duplicate_file"}
    assert came("duplicate") == copies


def test_silent_networks_are_shown_as_not_reported(clean: Demonstration) -> None:
    """A network that was open all month and is in no row of the census is not reported; one that is there is."""
    published = census_networks(clean.built.settings.landing / "pcn_workforce")
    rows = clean.built.figures("fct_metric_value", "pcn_pharmacists_fte")
    rows = rows[(rows.org_level == "pcn") & (rows.geography == "as_was")]
    found = set(
        zip(pd.to_datetime(rows.period_start), rows.org_code, rows.status == "not_reported", strict=True)
    )
    pcns = clean.world.places.pcns
    expected: set[tuple[pd.Timestamp, str, bool]] = set()
    for census, present in published.items():
        last = census + pd.offsets.MonthEnd(0)
        is_open = (pcns.open_date <= last) & ~(pcns.close_date < last)
        silent = set(pcns[is_open].pcn_code) - present
        expected |= {(census, code, True) for code in silent} | {(census, code, False) for code in present}
    assert found == expected


def census_networks(folder: Path) -> dict[pd.Timestamp, set[str]]:
    """Networks with any row in each published census."""
    networks: dict[pd.Timestamp, set[str]] = {}
    for path in folder.iterdir():
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
        for (year, month), rows in table.groupby(["CENSUS_YEAR", "CENSUS_MONTH"]):
            networks[pd.Timestamp(year=year, month=month, day=1)] = set(rows.PCN_CODE)
    return networks
