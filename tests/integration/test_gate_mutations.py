"""Marts corrupted in many ways, one at a time: what the gate says of each.

The table in docs/gate.md is made from what is found here: ``PHIP_REWRITE_DOCS=1 make test-slow``.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest

from dbt_project.registry import load_feeds, load_metrics, load_programme
from expectations.recount import write_recount
from expectations.runner import run_checks
from expectations.suites import release_suite
from expectations.verdict import CheckResult

DOCS = Path(__file__).resolve().parents[2] / "docs" / "gate.md"
LEAST_REFUSED = 38
VALUE = "marts.fct_metric_value"
PRESCRIBERS = "metric_id = 'new_independent_prescribers'"
WHOLE = "strand = 'all' and sector = 'all'"
A_BOARD = (
    f"(select org_code from {VALUE} where org_level = 'icb' and {PRESCRIBERS} and period_grain = 'all' "
    "and geography = 'as_now' and strand = 'all' and sector = 'all' order by value desc, org_code limit 1)"
)
A_NETWORK = A_BOARD.replace("'icb'", "'pcn'")
COMPLETION = "metric_id = 'completion_18_months'"
CENSUS = "metric_id = 'pcn_pharmacists_headcount'"
FULL_TIME = "metric_id = 'pcn_pharmacists_fte'"


@dataclass(frozen=True)
class Corruption:
    """One way in which marts can be wrong: what is done to them, in words and in SQL."""

    name: str
    sql: str
    survives: str = ""  # why the gate lets it through, where it does


CORRUPTIONS = (
    Corruption("A board lost from every figure", f"delete from {VALUE} where org_code = {A_BOARD}"),
    Corruption(
        "A board lost from one metric", f"delete from {VALUE} where org_code = {A_BOARD} and {PRESCRIBERS}"
    ),
    Corruption(
        "A network counted twice: its rows doubled",
        f"insert into {VALUE} from {VALUE} where org_code = {A_NETWORK}",
    ),
    Corruption(
        "A network's count doubled",
        f"update {VALUE} set numerator = 2 * numerator, value = 2 * value where org_code = {A_NETWORK} and "
        f"{PRESCRIBERS}",
    ),
    Corruption(
        "England's count one too many",
        f"update {VALUE} set numerator = numerator + 1, value = value + 1 "
        f"where org_level = 'england' and {PRESCRIBERS} and period_grain = 'all' and {WHOLE}",
    ),
    Corruption(
        "Every count ten times what it is",
        f"update {VALUE} set numerator = 10 * numerator, value = 10 * value where {PRESCRIBERS}",
    ),
    Corruption(
        "Months shifted by one",
        f"update {VALUE} set period_start = period_start + interval 1 month "
        f"where {PRESCRIBERS} and period_grain = 'month'",
    ),
    Corruption(
        "Months of the census shifted by one",
        f"update {VALUE} set period_start = period_start - interval 1 month where {CENSUS}",
    ),
    Corruption(
        "Financial years that begin in January",
        f"update {VALUE} set period_start = date_trunc('year', period_start) where period_grain = 'year'",
    ),
    Corruption(
        "Numerator and denominator swapped",
        f"update {VALUE} set numerator = denominator, denominator = numerator where {COMPLETION}",
    ),
    Corruption(
        "Percentages as shares",
        f"update {VALUE} set value = value / 100, lower_95 = lower_95 / 100, upper_95 = upper_95 / 100 where "
        "unit = 'percent'",
    ),
    Corruption(
        "A percentage over 100",
        f"update {VALUE} set value = 110 where {COMPLETION} and value is not null and org_level = 'england'",
    ),
    Corruption(
        "The newest year of a feed lost",
        f"delete from {VALUE} where {CENSUS} and period_start >= (select max(period_start) - interval 6 month "
        f"from {VALUE} where {CENSUS})",
    ),
    Corruption(
        "One month of the census lost",
        f"delete from {VALUE} where {FULL_TIME} and period_start = (select max(period_start) from {VALUE} "
        f"where {FULL_TIME})",
    ),
    Corruption("A metric lost", f"delete from {VALUE} where {PRESCRIBERS}"),
    Corruption(
        "A metric nobody defined",
        f"insert into {VALUE} select * replace ('invented' as metric_id) from {VALUE} where {PRESCRIBERS}",
    ),
    Corruption(
        "Places without a code",
        f"alter table {VALUE} alter org_code drop not null; "
        f"update {VALUE} set org_code = null where org_code = {A_BOARD}",
    ),
    Corruption(
        "Metrics without a name",
        f"alter table {VALUE} alter metric_id drop not null; "
        f"update {VALUE} set metric_id = null where {PRESCRIBERS} and org_level = 'region'",
    ),
    Corruption(
        "Periods without a start",
        f"alter table {VALUE} alter period_start drop not null; "
        f"update {VALUE} set period_start = null where {CENSUS} and org_level = 'england'",
    ),
    Corruption(
        "A level nobody knows", f"update {VALUE} set org_level = 'county' where org_level = 'sub_icb'"
    ),
    Corruption(
        "A strand nobody knows",
        f"update {VALUE} set strand = 'dentistry' where strand = 'independent_prescribing'",
    ),
    Corruption(
        "A strand's part of a whole gone",
        f"delete from {VALUE} where {COMPLETION} and strand = 'independent_prescribing'",
    ),
    Corruption(
        "The two geographies exchanged",
        f"update {VALUE} set geography = case geography when 'as_was' then 'as_now' else 'as_was' end where "
        "org_level in ('pcn', 'icb')",
    ),
    Corruption("Only one geography left", f"delete from {VALUE} where geography = 'as_was'"),
    Corruption(
        "Two boards exchanged",
        f"update {VALUE} set org_code = case org_code when {A_BOARD} then 'x' else {A_BOARD} end where "
        "org_level = 'icb' "
        f"and org_code in ({A_BOARD}, (select min(org_code) from {VALUE} where org_level = 'icb' and org_code "
        f"<> {A_BOARD}))",
    ),
    Corruption(
        "Negative counts", f"update {VALUE} set value = -value, numerator = -numerator where {CENSUS}"
    ),
    Corruption(
        "Values that are not their parts'",
        f"update {VALUE} set value = value + 1 where metric_id = 'pcn_coverage' and value < 90",
    ),
    Corruption(
        "Interval beside the value",
        f"update {VALUE} set lower_95 = value + 1 where lower_95 is not null and {COMPLETION}",
    ),
    Corruption(
        "Interval's limits exchanged",
        f"update {VALUE} set lower_95 = upper_95, upper_95 = lower_95 where {COMPLETION}",
    ),
    Corruption(
        "Interval of nothing: both limits the value",
        f"update {VALUE} set lower_95 = value, upper_95 = value where {COMPLETION}",
    ),
    Corruption(
        "An interval half as wide",
        f"update {VALUE} set lower_95 = (lower_95 + value) / 2, upper_95 = (upper_95 + value) / 2 where {COMPLETION}",
    ),
    Corruption(
        "Too early, and yet a value",
        f"update {VALUE} set status = 'too_early' where {COMPLETION} and value is not null",
    ),
    Corruption("Few, and called final", f"update {VALUE} set status = 'final' where status = 'unreliable'"),
    Corruption("A status nobody knows", f"update {VALUE} set status = 'fine' where status = 'final'"),
    Corruption("Another unit", f"update {VALUE} set unit = 'count' where {PRESCRIBERS}"),
    Corruption(
        "Another version of a definition",
        f"update {VALUE} set definition_version = definition_version + 1 where {PRESCRIBERS}",
    ),
    Corruption(
        "Two data cut-offs in one table",
        f"update {VALUE} set vintage = vintage - interval 30 day where {CENSUS}",
    ),
    Corruption("Figures of the future", f"update {VALUE} set vintage = vintage - interval 5 year"),
    Corruption(
        "A breakdown's figures doubled",
        "update marts.fct_metric_breakdown set value = 2 * value where value > 0",
    ),
    Corruption(
        "A board nobody knows",
        "update marts.dim_organisation set icb_code = 'QQQ' where org_level = 'pcn' and is_current",
    ),
    Corruption(
        "A network current twice",
        "insert into marts.dim_organisation select * replace (date '2020-01-01' as valid_from) from "
        "marts.dim_organisation where org_level = 'pcn' and is_current",
    ),
    Corruption("An event twice", "insert into marts.fct_event from marts.fct_event limit 1"),
    Corruption(
        "Events of a strand lost",
        "delete from marts.fct_event where strand = 'independent_prescribing' and event_type = 'passed'",
    ),
    Corruption(
        "Events a year later",
        "update marts.fct_event set event_date = event_date + interval 1 year where event_type = 'started'",
    ),
    Corruption(
        "Events of a stranger", "update marts.fct_event set person_key = 'nobody' where event_type = 'passed'"
    ),
    Corruption("Somebody twice", "insert into marts.dim_person from marts.dim_person limit 1"),
    Corruption("Posts twice", "insert into marts.fct_deployment from marts.fct_deployment"),
    Corruption("Hours of posts doubled", "update marts.fct_deployment set fte = 2 * fte"),
    Corruption("Two primary networks", "update marts.fct_deployment set is_primary_pcn = true"),
    Corruption(
        "A practice in two networks at once",
        "insert into marts.dim_practice_pcn_membership select * replace ('U99999' as pcn_code) from "
        "marts.dim_practice_pcn_membership where valid_to is null",
    ),
    Corruption(
        "A median moved by a day",
        f"update {VALUE} set value = value + 1, lower_95 = lower_95 + 1, upper_95 = upper_95 + 1 "
        "where metric_id = 'median_days_qualified_to_annotated'",
        survives="an estimate is not made again by the gate, and a day lies within its plausible bounds; the "
        "comparison with the last release tells a move of more than a quarter",
    ),
    Corruption(
        "Old months of the census changed alike in parts and whole",
        f"update {VALUE} set value = value + 1, numerator = numerator + 1 where {FULL_TIME} "
        "and period_start < date '2022-01-01' and numerator > 0",
        survives="stocks are counted again for the newest thirteen months only; what lies before is held by the "
        "comparison with the last release, as a warning",
    ),
)
OFTEN = CORRUPTIONS[:: len(CORRUPTIONS) // 6]  # in every test run; all of them in `make test-slow`


@cache
def judged(home: Path, corruption: Corruption | None) -> tuple[CheckResult, ...]:
    """Failures of the gate on a copy of the newest build with this one thing done to it."""
    with TemporaryDirectory() as folder:
        warehouse = Path(folder) / "000001-copy.duckdb"
        shutil.copyfile(max((home / "warehouse").glob("0*.duckdb")), warehouse)
        warehouse.chmod(0o600)
        if corruption is not None:
            with duckdb.connect(str(warehouse)) as connection:
                changed = connection.execute(corruption.sql).fetchone()
                assert changed is not None
                assert changed[0] > 0, "the corruption touches no row: it proves nothing"
        recounted = Path(folder) / "recount.duckdb"
        metrics, programme = load_metrics(), load_programme()
        write_recount(warehouse, recounted, metrics, programme)
        previous = home / "releases" / "current" / "published.duckdb"
        suite = release_suite(warehouse, metrics, load_feeds(), programme, previous, recounted)
        results = run_checks(warehouse, suite.checks, suite.attachments)
    return tuple(result for result in results if result.status != "passed")


def refusing(home: Path, corruption: Corruption | None) -> list[str]:
    return [result.check_id for result in judged(home, corruption) if result.refuses]


def test_the_build_as_it_is_passes(home: Path) -> None:
    assert refusing(home, None) == []


@pytest.mark.parametrize("corruption", OFTEN, ids=lambda corruption: corruption.name)
def test_a_corruption_is_refused(home: Path, corruption: Corruption) -> None:
    assert bool(refusing(home, corruption)) != bool(corruption.survives)


@pytest.mark.slow
def test_corruptions_are_refused_and_survivors_explained(home: Path) -> None:
    found = {corruption: refusing(home, corruption) for corruption in CORRUPTIONS}
    assert [each.name for each, by in found.items() if bool(by) == bool(each.survives)] == []
    assert sum(map(bool, found.values())) >= LEAST_REFUSED
    table = documented(found)
    if os.environ.get("PHIP_REWRITE_DOCS"):
        DOCS.write_text(table, encoding="utf-8")
    assert DOCS.read_text(encoding="utf-8") == table, (
        "docs/gate.md is stale: PHIP_REWRITE_DOCS=1 make test-slow"
    )


def test_the_documented_table_has_every_corruption() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert [each.name for each in CORRUPTIONS if f"| {each.name} |" not in text] == []


def documented(found: dict[Corruption, list[str]]) -> str:
    refused = sum(map(bool, found.values()))
    rows = "\n".join(
        f"| {each.name} | {'refused' if by else 'passes'} | {f'`{by[0]}`' if by else each.survives} |"
        for each, by in found.items()
    )
    return f"""# What the release gate catches

The marts of a built toy nation, corrupted in {len(found)} ways one at a time; everything else is as it was built. The
gate refuses {refused}; what it lets through is explained. Generated by `tests/integration/test_gate_mutations.py`.

| corruption | the gate | first check that refuses, or why it passes |
|---|---|---|
{rows}
"""
