"""Runs checks with Great Expectations on DuckDB, as SQL, and diagnoses what failed.

Great Expectations costs several CPU seconds to import, so it is imported when a gate runs and not before. One
context per run, one batch per table. It is asked for yes or no only; what failed is then counted and located
by the check's own query, so that no row of data passes through a validation result.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb

from expectations.checks import Asset, Check
from expectations.verdict import CheckResult, CheckStatus

EXAMPLES = 5
_COLON_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w)")
_QUOTED_VALUE = re.compile(r"'[^']*'")


def run_checks(
    warehouse: Path, checks: Sequence[Check], attachments: Mapping[str, Path] | None = None
) -> list[CheckResult]:
    """Results in the order of the checks. ``attachments`` are databases the queries name, by alias.

    A check that cannot be evaluated comes back as crashed and critical; nothing is raised for it.
    """
    outcomes = _evaluate(warehouse, checks, attachments or {})
    # After the engines are disposed of: DuckDB allows one configuration per file and process.
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for alias, path in (attachments or {}).items():
            connection.execute(_attach(alias, path))
        return [_diagnosed(connection, check, *outcomes[check.check_id]) for check in checks]


Outcome = tuple[CheckStatus, str]


def _evaluate(
    warehouse: Path, checks: Sequence[Check], attachments: Mapping[str, Path]
) -> dict[str, Outcome]:
    by_asset: dict[Asset, list[Check]] = {}
    for check in checks:
        by_asset.setdefault(check.asset, []).append(check)
    outcomes: dict[str, Outcome] = {}
    with _datasource(warehouse, attachments) as datasource:
        for asset, of_asset in by_asset.items():
            try:
                outcomes |= _validate(datasource, asset, of_asset)
            except Exception as error:  # whatever stops a validation, its checks have not passed
                outcomes |= {check.check_id: ("crashed", _reason(error)) for check in of_asset}
    return outcomes


@contextmanager
def _datasource(warehouse: Path, attachments: Mapping[str, Path]) -> Generator[Any]:
    """A data source over the warehouse, read only, in a context that writes and sends nothing."""
    gx: Any = import_module("great_expectations")
    types: Any = import_module("great_expectations.data_context.types.base")
    context = gx.get_context(
        mode="ephemeral",
        project_config=types.DataContextConfig(
            store_backend_defaults=types.InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=types.ProgressBarsConfig(globally=False, metric_calculations=False),
            analytics_enabled=False,
        ),
    )
    datasource = context.data_sources.add_sql(
        "warehouse",
        connection_string=f"duckdb:///{warehouse}",
        create_temp_table=False,
        kwargs={
            "isolation_level": "AUTOCOMMIT",
            "skip_autocommit_rollback": True,
            "connect_args": {"read_only": True},
        },
    )
    engine = datasource.get_engine()
    try:
        # Connections of one process to one file share an instance, so what is attached here is seen by all.
        with engine.connect() as connection:
            for alias, path in attachments.items():
                connection.exec_driver_sql(_attach(alias, path))
            yield datasource
    finally:
        engine.dispose()


def _validate(datasource: Any, asset: Asset, checks: Sequence[Check]) -> dict[str, Outcome]:
    core: Any = import_module("great_expectations.core")
    schema, table = asset.split(".")
    table_asset = datasource.add_table_asset(asset, table_name=table, schema_name=schema)
    batch = table_asset.add_batch_definition_whole_table("whole").get_batch()
    try:
        suite = core.ExpectationSuite(name=asset, expectations=[_expectation(check) for check in checks])
        results = batch.validate(suite, result_format="BOOLEAN_ONLY").results
    finally:
        batch.data.execution_engine.close()
    outcomes = {str(result.expectation_config.meta["check_id"]): _outcome(result) for result in results}
    missing: Outcome = ("crashed", "no result came back")
    return {check.check_id: outcomes.get(check.check_id, missing) for check in checks}


def _expectation(check: Check) -> Any:
    expectations: Any = import_module("great_expectations.expectations")
    meta = {"check_id": check.check_id}
    if check.native is not None:
        build: Any = getattr(expectations, check.native.kind)
        return build(**check.native.arguments, severity=check.severity, meta=meta)
    # The text passes through SQLAlchemy, which would read ``:name`` as a parameter.
    query = _COLON_PARAMETER.sub(r"\\:", check.unexpected)
    return expectations.UnexpectedRowsExpectation(
        unexpected_rows_query=query, severity=check.severity, meta=meta
    )


def _outcome(result: Any) -> Outcome:
    if result.success:
        return "passed", ""
    messages = _messages(result.exception_info or {})
    return ("crashed", messages[0]) if messages else ("failed", "")


def _messages(info: Mapping[str, Any]) -> list[str]:
    """Messages of the exceptions in a result; it holds one, or one per metric it needed."""
    entries: list[Any] = [info] if "raised_exception" in info else list(info.values())
    return [
        _redacted(str(entry.get("exception_message"))) for entry in entries if entry.get("raised_exception")
    ]


def _diagnosed(
    connection: duckdb.DuckDBPyConnection, check: Check, status: CheckStatus, reason: str
) -> CheckResult:
    """The result of a check; only a failed one is counted and located."""
    rows, examples, seen = 0, (), reason
    if status != "crashed":
        try:
            if status == "failed":
                rows, examples = _faults(connection, check)
            seen = _seen(connection, check, rows)
        except duckdb.Error as error:
            status, seen = "crashed", _reason(error)
    return CheckResult(
        check_id=check.check_id,
        asset=check.asset,
        severity="critical" if status == "crashed" else check.severity,
        status=status,
        seen=seen,
        bound=check.bound,
        owner=check.owner,
        description=check.description,
        rows=rows,
        examples=examples,
    )


def _faults(connection: duckdb.DuckDBPyConnection, check: Check) -> tuple[int, tuple[str, ...]]:
    query = check.unexpected.format(batch=check.asset)
    counted = connection.execute(f"select count(*) from ({query})").fetchone()
    found = connection.execute(f"select * from ({query}) order by all limit {EXAMPLES}")
    names = [column[0] for column in found.description or []]
    examples = tuple(
        ", ".join(f"{name} {value}" for name, value in zip(names, row, strict=True))
        for row in found.fetchall()
    )
    return (int(counted[0]) if counted else 0), examples


def _seen(connection: duckdb.DuckDBPyConnection, check: Check, rows: int) -> str:
    faults = "" if rows == 0 else f"{rows:,} {'fault' if rows == 1 else 'faults'}"
    if check.seen is None:
        return faults or "no fault"
    row = connection.execute(check.seen.format(batch=check.asset)).fetchone()
    value = "no value" if row is None or row[0] is None else str(row[0])
    return f"{value} ({faults})" if faults else value


def _attach(alias: str, path: Path) -> str:
    quoted = str(path).replace("'", "''")
    return f"attach '{quoted}' as {alias} (read_only)"


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {_redacted(str(error))}"


def _redacted(message: str) -> str:
    """First line of an error without quoted values: a conversion error quotes the cell it failed on."""
    first = next((line for line in message.splitlines() if line.strip()), "no message")
    return _QUOTED_VALUE.sub("'…'", first.strip())[:300]
