"""Every check fails on the fault it is there for, and no other does: the fault in SQL, what it must trip."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
from marts_fixture import METRICS, metric, write_warehouse

from dbt_project.registry import load_feeds, load_programme
from expectations.checks import Check, Native, Subject, limits_text, literal
from expectations.reconciliation import MOVEMENT_FLOOR, OfficialFigure, official_checks, official_figures
from expectations.runner import EXAMPLES, run_checks
from expectations.suites import Suite, release_suite
from expectations.verdict import CheckResult

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("PHIP_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
WORKFORCE = SHARED / "pcn_workforce" / "Primary Care Networks - November 2025 Individual Level.csv"

# An England row of the metric `passes` that is as it should be; faults change one thing about a copy of it.
VALUE = (
    "insert into marts.fct_metric_value select * replace ({changes}) from marts.fct_metric_value "
    "where metric_id = '{metric}' and org_level = 'england' and geography = 'as_now' and value is not null"
)
COMPLETION = "where metric_id = 'completion' and value is not null"
EVENT = "insert into marts.fct_event select * replace ('x' as event_id, {0}) from marts.fct_event limit 1"


def value_fault(changes: str, metric_id: str = "passes") -> str:
    return VALUE.format(changes=changes, metric=metric_id)


FAULTS: dict[str, tuple[str, set[str]]] = {
    "empty key column": (
        "update marts.fct_metric_value set sector = null where metric_id = 'spend'",
        {"fct_metric_value.sector.required"},
    ),
    "key twice": (
        "insert into marts.fct_metric_value select * from marts.fct_metric_value where metric_id = 'spend'",
        {"fct_metric_value.key.unique"},
    ),
    "unknown metric": (
        value_fault("'mystery' as metric_id"),
        {
            "fct_metric_value.metric_id.allowed",
            "fct_metric_value.org_level.registered",
            "fct_metric_value.period_grain.registered",
            "fct_metric_value.unit.registered",
            "fct_metric_value.definition_version.registered",
        },
    ),
    "unknown level": (
        value_fault("'ward' as org_level, 'W1' as org_code"),
        {
            "fct_metric_value.org_level.allowed",
            "fct_metric_value.org_level.registered",
        },
    ),
    "level the registry does not promise": (
        value_fault("'icb' as org_level, 'QMJ' as org_code", "spend"),
        {"fct_metric_value.org_level.registered"},
    ),
    "grain the registry does not promise": (
        value_fault("'quarter' as period_grain", "spend"),
        {"fct_metric_value.period_grain.registered", "fct_metric_value.period_start.of_its_grain"},
    ),
    "unknown grain": (
        value_fault("'week' as period_grain", "spend"),
        {"fct_metric_value.period_grain.allowed", "fct_metric_value.period_grain.registered"},
    ),
    "unknown geography": (
        value_fault("'as_ever' as geography", "spend"),
        {"fct_metric_value.geography.allowed"},
    ),
    "unknown status": (
        value_fault("'done' as status, 'as_was' as geography", "spend"),
        {"fct_metric_value.status.allowed", "fct_metric_value.status.forbids_value"},
    ),
    "unknown strand": (value_fault("'knitting' as strand", "spend"), {"fct_metric_value.strand.allowed"}),
    "unknown sector": (value_fault("'dental' as sector", "spend"), {"fct_metric_value.sector.allowed"}),
    "unit of another metric": (
        "update marts.fct_metric_value set unit = 'people' where metric_id = 'spend'",
        {"fct_metric_value.unit.registered"},
    ),
    "version of an older definition": (
        "update marts.fct_metric_value set definition_version = 1 where metric_id = 'completion'",
        {"fct_metric_value.definition_version.registered"},
    ),
    "numerator above denominator": (
        "update marts.fct_metric_value set numerator = 41 " + COMPLETION,
        {"fct_metric_value.numerator.part_of_denominator", "fct_metric_value.value.follows"},
    ),
    "proportion over 100 in a region": (
        "update marts.fct_metric_value set value = 101, upper_95 = 102 where metric_id = 'completion' "
        "and org_level = 'region'",
        {
            "fct_metric_value.percent.range",
            "fct_metric_value.value.follows",
            "fct_metric_value.interval.is_wilson",
        },
    ),
    "plan exceeded": (
        "update marts.fct_metric_value set value = 104, numerator = 104 where metric_id = 'spend'",
        {"fct_metric_value.percent.over_100"},
    ),
    "negative count in a PCN": (
        "update marts.fct_metric_value set value = -1, numerator = -1 where org_code = 'U00001'",
        {"fct_metric_value.value.not_negative"},
    ),
    "value outside its interval": (
        "update marts.fct_metric_value set lower_95 = 76 " + COMPLETION,
        {"fct_metric_value.interval.holds_value", "fct_metric_value.interval.is_wilson"},
    ),
    "half an interval": (
        "update marts.fct_metric_value set lower_95 = null " + COMPLETION,
        {"fct_metric_value.interval.holds_value", "fct_metric_value.interval.is_wilson"},
    ),
    "PCN above England": (
        "update marts.fct_metric_value set value = 41, numerator = 41 "
        "where org_code = 'U00001' and geography = 'as_now'",
        {"fct_metric_value.england.at_least_any_part"},
    ),
    "implausible England value": (
        "update marts.fct_metric_value set value = 1001, numerator = 1001 "
        "where metric_id = 'passes' and org_level = 'england'",
        {"fct_metric_value.passes.plausible"},
    ),
    "value in spite of too early": (
        "update marts.fct_metric_value set status = 'too_early' where metric_id = 'spend'",
        {"fct_metric_value.status.forbids_value"},
    ),
    "final without a value": (
        "update marts.fct_metric_value set value = null where metric_id = 'spend'",
        {"fct_metric_value.status.demands_value"},
    ),
    "value without a vintage": (
        "update marts.fct_metric_value set vintage = null where metric_id = 'spend'",
        {"fct_metric_value.vintage.given"},
    ),
    "metric vanished": (
        "delete from marts.fct_metric_value where metric_id = 'spend'",
        {"fct_metric_value.spend.present"},
    ),
    "level vanished": (
        "delete from marts.fct_metric_value where metric_id = 'passes' and org_level = 'icb'",
        {"fct_metric_value.passes.levels_present"},
    ),
    "figure for an unknown organisation": (
        "update marts.fct_metric_value set org_code = 'U99999' where org_code = 'U00002'",
        {"dim_organisation.metric_values.known"},
    ),
    "breakdown twice": (
        "insert into marts.fct_metric_breakdown select * from marts.fct_metric_breakdown limit 1",
        {"fct_metric_breakdown.key.unique"},
    ),
    "breakdown without a category": (
        "update marts.fct_metric_breakdown set category = null",
        {"fct_metric_breakdown.category.required"},
    ),
    "organisation twice": (
        "insert into marts.dim_organisation select * from marts.dim_organisation where org_code = 'U00001'",
        {"dim_organisation.key.unique", "dim_organisation.current.unique"},
    ),
    "two current spells": (
        "insert into marts.dim_organisation select * replace (date '2024-01-01' as valid_from) "
        "from marts.dim_organisation where org_code = 'U00001'",
        {"dim_organisation.current.unique"},
    ),
    "unknown parent": (
        "update marts.dim_organisation set icb_code = 'QZZ' where org_code = 'U00001'",
        {"dim_organisation.icb_code.exists"},
    ),
    "unknown parent of a closed network": (
        "update marts.dim_organisation set sub_icb_code = '99Z' where org_code = 'U00002'",
        {"dim_organisation.sub_icb_code.exists_for_closed"},
    ),
    "event without a person": (EVENT.format("null as person_key"), {"fct_event.person_key.required"}),
    "event twice": (
        "insert into marts.fct_event select * from marts.fct_event limit 1",
        {"fct_event.key.unique"},
    ),
    "unknown event": (EVENT.format("'danced' as event_type"), {"fct_event.event_type.allowed"}),
    "event of an unknown strand": (EVENT.format("'knitting' as strand"), {"fct_event.strand.allowed"}),
    "many events after their report": (
        "update marts.fct_event set event_date = date '2025-12-01' where source_line <= 3",
        {"fct_event.event_date.before_report"},
    ),
    "negative FTE": (
        "update marts.fct_deployment set fte = -0.1 where person_key = 'p1'",
        {"fct_deployment.fte.range"},
    ),
    "more than full time": (
        "update marts.fct_deployment set fte = 1.2 where person_key = 'p1'",
        {"fct_deployment.fte.over_full_time"},
    ),
    "contract: required": (
        "update raw.pcn_workforce set pcn_code = null",
        {"pcn_workforce.pcn_code.required"},
    ),
    "contract: pattern": (
        "update raw.pcn_workforce set pcn_code = 'U1'",
        {"pcn_workforce.pcn_code.pattern"},
    ),
    "contract: range": (
        "update raw.pcn_workforce set census_month = 13",
        {"pcn_workforce.census_month.range"},
    ),
}

CRITICAL = {
    "PCN above England",
    "key twice",
    "negative FTE",
    "unknown parent",
    "metric vanished",
    "event twice",
}
WARNING = {"more than full time", "contract: required", "many events after their report"}
INFO = {"plan exceeded", "unknown parent of a closed network", "contract: pattern", "contract: range"}


def suite_of(warehouse: Path, previous: Path | None = None) -> Suite:
    return release_suite(warehouse, METRICS, load_feeds(), load_programme(), previous)


def failed(results: Sequence[CheckResult]) -> dict[str, CheckResult]:
    assert [result.check_id for result in results if result.status == "crashed"] == []
    return {result.check_id: result for result in results if result.status == "failed"}


def test_check_ids_are_unique_and_the_sound_warehouse_passes(warehouse: Path) -> None:
    suite = suite_of(warehouse, warehouse)
    ids = [check.check_id for check in suite.checks] + [remark.check_id for remark in suite.remarks]
    assert len(ids) == len(set(ids))
    assert failed(run_checks(warehouse, suite_of(warehouse).checks)) == {}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_found(name: str, tmp_path: Path) -> None:
    fault, expected = FAULTS[name]
    warehouse = write_warehouse(tmp_path / "w.duckdb", [fault])
    assets = {check_id.split(".")[0] for check_id in expected}
    checks = [check for check in suite_of(warehouse).checks if check.asset.split(".")[1] in assets]
    found = failed(run_checks(warehouse, checks))
    assert set(found) == expected
    for result in found.values():
        assert result.rows >= 1
        assert 1 <= len(result.examples) <= EXAMPLES
        assert "fault" in result.seen
    severities = {result.severity for result in found.values()}
    for names, severity in ((CRITICAL, "critical"), (WARNING, "warning"), (INFO, "info")):
        assert name not in names or severities == {severity}


def test_a_bounded_share_of_late_events_is_let_through(tmp_path: Path) -> None:
    fault = "update marts.fct_event set event_date = date '2025-12-01' where source_line <= 2"
    warehouse = write_warehouse(tmp_path / "w.duckdb", [fault])
    checks = [
        check
        for check in suite_of(warehouse).checks
        if check.check_id == "fct_event.event_date.before_report"
    ]
    (result,) = run_checks(warehouse, checks)
    assert (result.status, result.seen) == ("passed", "1.0 percent of events")


def test_missing_input_is_said_and_accepted(tmp_path: Path) -> None:
    """A metric that only says which input is missing has not vanished, at any level."""
    faults = [
        "delete from marts.fct_metric_value where metric_id = 'passes' and org_level <> 'england'",
        "update marts.fct_metric_value set status = 'input_missing', value = null, numerator = null, "
        "period_grain = 'all', period_start = '2021-04-01' where metric_id = 'passes'",
    ]
    warehouse = write_warehouse(tmp_path / "w.duckdb", faults)
    assert failed(run_checks(warehouse, suite_of(warehouse).checks)) == {}


def test_a_failing_metric_names_owner_bound_and_what_was_seen(tmp_path: Path) -> None:
    fault, _ = FAULTS["implausible England value"]
    warehouse = write_warehouse(tmp_path / "w.duckdb", [fault])
    checks = [check for check in suite_of(warehouse).checks if check.check_id.endswith("passes.plausible")]
    (result,) = run_checks(warehouse, checks)
    assert (result.owner, result.bound) == ("Owner of passes", "0 to 1,000")
    assert (result.seen, result.rows) == ("1001.0 to 1001.0 (2 faults)", 2)


def test_values_of_learner_outcomes_are_not_repeated_in_the_report(warehouse: Path) -> None:
    checks = [
        check for check in suite_of(warehouse).checks if check.check_id.endswith("completion.plausible")
    ]
    assert [result.seen for result in run_checks(warehouse, checks)] == ["no fault"]


def test_feeds_that_did_not_land_are_remarked_on(tmp_path: Path) -> None:
    empty = "create table raw.spend (financial_year varchar)"
    suite = suite_of(write_warehouse(tmp_path / "w.duckdb", [empty]))
    missing = {remark.check_id for remark in suite.remarks if remark.check_id.endswith(".landed")}
    assert {"spend.landed", "practice_map.landed"} <= missing
    assert "pcn_workforce.landed" not in missing
    assert not [check for check in suite.checks if check.asset == "raw.spend"]


def test_crash_is_critical_and_quotes_no_value(tmp_path: Path) -> None:
    fault = (
        "alter table marts.fct_deployment alter fte type varchar using case when fte < 1 then 'Surname' end"
    )
    warehouse = write_warehouse(tmp_path / "w.duckdb", [fault])
    checks = [check for check in suite_of(warehouse).checks if check.asset == "marts.fct_deployment"]
    crashed = [result for result in run_checks(warehouse, checks) if result.status == "crashed"]
    assert {result.check_id for result in crashed} >= {"fct_deployment.fte.over_full_time"}
    assert all(result.severity == "critical" and result.refuses for result in crashed)
    assert not any("Surname" in result.seen for result in crashed)


def test_missing_column_and_missing_table_crash_only_their_checks(tmp_path: Path) -> None:
    faults = ["alter table marts.fct_deployment drop role", "drop table marts.fct_metric_breakdown"]
    warehouse = write_warehouse(tmp_path / "w.duckdb", faults)
    results = run_checks(warehouse, suite_of(warehouse).checks)
    crashed = {result.check_id for result in results if result.status == "crashed"}
    assert "fct_deployment.role.required" in crashed
    assert {r.status for r in results if r.asset == "marts.fct_metric_breakdown"} == {"crashed"}
    assert {r.status for r in results if r.asset in ("marts.fct_metric_value", "marts.fct_event")} == {
        "passed"
    }


def test_the_runner_leaves_no_lock_and_no_file(warehouse: Path) -> None:
    run_checks(warehouse, suite_of(warehouse).checks[:3])
    assert [path.name for path in warehouse.parent.iterdir()] == [warehouse.name]
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create table marts.written_after as select 1 as one")


def test_great_expectations_is_imported_only_when_a_gate_runs() -> None:
    code = "import sys, expectations.gate; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0


def test_quotes_braces_and_colons_survive_the_way_through_gx(tmp_path: Path) -> None:
    text = "it's {5}:x (?:a|b)"
    warehouse = write_warehouse(
        tmp_path / "w.duckdb",
        [f"update marts.fct_deployment set role = '{text.replace(chr(39), chr(39) * 2)}'"],
    )
    subject = Subject("marts.fct_deployment", "owner", ("pcn_code",))
    same = subject.check("same", "critical", "d", "b", f"role <> {literal(text)}")
    pattern = subject.matching("role", r"^it's \{5\}:x \(\?:[a-z]{1}\|(?:b|c)\)$")
    assert [result.status for result in run_checks(warehouse, [same, pattern])] == ["passed", "passed"]


def test_native_and_own_query_agree_on_what_is_unexpected(warehouse: Path) -> None:
    """A native expectation is counted by the check's own query, so both must look at the same thing."""
    for check in suite_of(warehouse).checks:
        if isinstance(check.native, Native):
            assert str(check.native.arguments["column"]) in check.unexpected


def test_limits_in_words() -> None:
    assert limits_text(0, None) == "at least 0"
    assert limits_text(None, 100) == "at most 100"
    assert limits_text(None, None) == "any value"


# --- the last release
# --------------------------------------------------------------------------------------------


def movement(tmp_path: Path, before: str, now: str = "select 1") -> CheckResult:
    previous = write_warehouse(tmp_path / "previous.duckdb", [before])
    warehouse = write_warehouse(tmp_path / "w.duckdb", [now])
    suite = suite_of(warehouse, previous)
    checks = [check for check in suite.checks if check.check_id == "fct_metric_value.passes.movement"]
    (result,) = run_checks(warehouse, checks, suite.attachments)
    assert result.severity == "warning"
    return result


SET_PASSES = "update marts.fct_metric_value set {0} where metric_id = 'passes' and org_level = 'england'"


def test_movement_against_the_last_release(tmp_path: Path) -> None:
    # now 40 in both geographies
    result = movement(tmp_path, SET_PASSES.format("value = 54"))
    assert (result.status, result.rows) == ("failed", 2)


@pytest.mark.parametrize(
    ("before", "status"),
    [
        ("value = 50", "passed"),  # 20 percent down
        ("value = 31", "failed"),  # 29 percent up
        ("value = 31, status = 'provisional'", "passed"),  # late returns were still to come
        ("value = 54, status = 'provisional'", "failed"),  # but a provisional value does not fall
    ],
)
def test_size_and_direction_of_movement(tmp_path: Path, before: str, status: str) -> None:
    assert movement(tmp_path, SET_PASSES.format(before)).status == status


def test_small_numbers_may_double(tmp_path: Path) -> None:
    small = "update marts.fct_metric_value set value = {0} where metric_id = 'passes'"
    assert movement(tmp_path, small.format(2), small.format(2 + MOVEMENT_FLOOR)).status == "passed"


def test_a_published_value_that_is_gone_is_a_movement(tmp_path: Path) -> None:
    gone = SET_PASSES.format("value = null, status = 'not_reported'")
    assert movement(tmp_path, "select 1", gone).status == "failed"


def test_the_first_release_has_nothing_to_compare_with(warehouse: Path) -> None:
    remarks = {remark.check_id: remark for remark in suite_of(warehouse).remarks}
    assert remarks["fct_metric_value.movement"].seen == "no earlier release to compare with"


# --- official figures
# --------------------------------------------------------------------------------------------


def official(value: float, tolerance: float = 0.0) -> OfficialFigure:
    return OfficialFigure(
        "passes", "england", "ENG", "2025-11-01", "month", value, tolerance, "", "the bulletin"
    )


@pytest.mark.parametrize(
    ("figure", "status"), [(official(40), "passed"), (official(41), "failed"), (official(41, 1.0), "passed")]
)
def test_reconciliation(warehouse: Path, figure: OfficialFigure, status: str) -> None:
    (result,) = run_checks(warehouse, official_checks([figure], METRICS))
    assert (result.status, result.severity, result.seen.split(" ")[0]) == (status, "warning", "40.0")


def test_reconciliation_fails_where_our_figure_is_missing(warehouse: Path) -> None:
    absent = metric("absent")
    figure = OfficialFigure("absent", "england", "ENG", "2025-11-01", "month", 1, 0, "", "the bulletin")
    (result,) = run_checks(warehouse, official_checks([figure], {"absent": absent}))
    assert (result.status, result.rows) == ("failed", 1)


def test_other_networks_than_the_published_are_not_compared(warehouse: Path) -> None:
    suite = suite_of(warehouse)
    assert not [check for check in suite.checks if ".official_" in check.check_id]
    (remark,) = [remark for remark in suite.remarks if ".official_" in remark.check_id]
    assert remark.seen.startswith("not compared")


def test_the_real_file_is_compared(tmp_path: Path) -> None:
    if not WORKFORCE.exists():
        pytest.skip(f"{WORKFORCE.name} is not in the shared data folder")
    load = (
        "insert into raw.pcn_workforce (census_year, census_month, pcn_code) "
        f"select CENSUS_YEAR, CENSUS_MONTH, PCN_CODE from read_csv('{WORKFORCE}')"
    )
    warehouse = write_warehouse(tmp_path / "w.duckdb", ["delete from raw.pcn_workforce", load])
    checks = [check for check in suite_of(warehouse).checks if ".official_" in check.check_id]
    (result,) = run_checks(warehouse, checks)  # the test registry knows one of the metrics
    assert (result.check_id, result.status) == (
        "fct_metric_value.pcn_pharmacists_headcount.official_2025-11-01",
        "failed",
    )
    assert (result.bound, result.seen) == ("5,190 within 0", "3.0 (1 fault)")


def test_official_figures_name_their_source() -> None:
    figures = official_figures()
    assert {figure.metric_id: figure.value for figure in figures}["pcn_pharmacists_fte"] == 5589.644
    assert all(figure.source and len(figure.pcn_codes_md5) == 32 for figure in figures)


def test_checks_are_plain_values() -> None:
    check = Check("a.b", "a", "info", "o", "d", "b", "select 1")
    with pytest.raises(AttributeError):
        check.severity = "critical"  # pyright: ignore[reportAttributeAccessIssue]
