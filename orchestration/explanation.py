"""From a published figure back to its definition, SQL, source files and checks."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from dbt_project.registry import Metric
from expectations.store import VerdictStore
from orchestration.answers import Told
from orchestration.builds import Build, Input
from orchestration.dbt_runner import work_folder
from orchestration.settings import Settings

SQL_LINES = 40
STATUS_WORDS = {
    "final": "final: the time in which late data may still arrive has passed",
    "provisional": "provisional: late data may still change it",
    "too_early": "too early: less than nine tenths of the cohort have been followed for the whole horizon (rule R6)",
    "unreliable": "unreliable: the denominator is under 20; under 10 no value is given (rule R7)",
    "input_missing": "input missing: a feed it cannot do without has not landed",
    "not_reached": "not reached: fewer than half have got there, so there is no median yet",
    "not_reported": "not reported: the network was open and sent nothing for this census",
}
SYMBOL_WORDS = {"c": "withheld: disclosure control masks or rounds small counts below England"}


def of_figure(settings: Settings, metric: Metric, build: Build, *, org: str, figures: pd.DataFrame) -> Told:
    """Explain one metric for one organisation in the current release."""
    manifest = _manifest(settings)
    sources = _sources(manifest, metric.theme)
    inputs = [item for item in build.inputs if (item.feed, item.table) in sources]
    sql_path, sql = _sql(settings, manifest, metric.numerator.model)
    checks = _checks(settings, build)
    rows: list[dict[str, Any]] = json.loads(str(figures.to_json(orient="records", date_format="iso")))
    content = {
        "metric": metric.id,
        "org_code": org,
        "figures": rows,
        "definition": metric.description,
        "definition_version": metric.version,
        "numerator": metric.numerator.description,
        "denominator": metric.denominator.description if metric.denominator else None,
        "population": metric.population,
        "time_attribution": metric.time_attribution,
        "owner": metric.owner,
        "models": [metric.numerator.model, metric.theme, "fct_metric_value"],
        "sql_file": sql_path,
        "sql": sql,
        "build": build.build_id,
        "data_to": build.vintage,
        "inputs": [vars(item) for item in inputs],
        "checks": checks,
    }
    return Told(tuple(_lines(content, inputs)), content)


def _lines(content: dict[str, Any], inputs: list[Input]) -> list[str]:
    lines = [f"{content['metric']} for {content['org_code']}", ""]
    lines += [_figure_line(row) for row in content["figures"][:12]] or [
        "no figure for this organisation and period"
    ]
    lines += [
        "",
        f"Definition (version {content['definition_version']}, owner {content['owner']})",
        f"  {content['definition']}",
        f"  counted: {content['numerator']}",
        f"  divided by: {content['denominator'] or 'nothing, it is a count'}",
        f"  who: {content['population']}",
        f"  when: {content['time_attribution']}",
        "",
        f"Computed by {' -> '.join(content['models'])}; {content['sql_file']}:",
        *[f"  {line}" for line in content["sql"].splitlines()[:SQL_LINES]],
        "",
        f"Read from {len(inputs)} files, build {content['build']}, data to {content['data_to']}",
        *[f"  {item.feed:<20} {item.table:<22} sha256 {item.sha256}" for item in inputs[:30]],
    ]
    if len(inputs) > 30:  # noqa: PLR2004 - as many as fit a screen; --json lists all
        lines.append(f"  and {len(inputs) - 30} more (--json lists all)")
    checks = content["checks"]
    lines += [
        "",
        f"Checked: {checks['passed']} of {checks['total']} checks passed, verdict {checks['verdict']}",
    ]
    lines += [f"  {line}" for line in checks["not_passed"]]
    return lines


def _figure_line(row: dict[str, Any]) -> str:
    period = f"{row['period_grain']} from {str(row['period_start'])[:10]}"
    cut = ", ".join(row[name] for name in ("strand", "sector") if row[name] != "all")
    value = "no value" if row["value"] is None else f"{row['value']:,.6g} {row['unit']}"
    interval = (
        ""
        if row["lower_95"] is None
        else f" (95 % interval {row['lower_95']:,.4g} to {row['upper_95']:,.4g})"
    )
    parts = ""
    if row["numerator"] is not None and row["denominator"] is not None:
        parts = f" = {row['numerator']:,.6g} / {row['denominator']:,.6g}"
    why = SYMBOL_WORDS.get(row.get("symbol") or "", STATUS_WORDS[row["status"]])
    return f"  {period}{', ' + cut if cut else ''}: {value}{interval}{parts}; {why}"


def _manifest(settings: Settings) -> dict[str, Any]:
    path = work_folder(settings) / "target" / "manifest.json"
    return json.loads(path.read_text(encoding="utf-8"))


def _sources(manifest: dict[str, Any], model: str) -> set[tuple[str, str]]:
    """Feeds and tables upstream of a model."""
    todo = [f"model.phip.{model}"]
    seen: set[str] = set()
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo.extend(manifest["parent_map"].get(node, []))
    return {
        (manifest["sources"][node]["source_name"], manifest["sources"][node]["name"])
        for node in seen
        if node.startswith("source.")
    }


def _sql(settings: Settings, manifest: dict[str, Any], model: str) -> tuple[str, str]:
    node = manifest["nodes"].get(f"model.phip.{model}")
    if node is None:
        return model, "a constant of the programme"
    compiled = work_folder(settings) / "target" / "compiled" / "phip" / node["original_file_path"]
    return f"dbt_project/{node['original_file_path']}", compiled.read_text(encoding="utf-8").strip()


def _checks(settings: Settings, build: Build) -> dict[str, Any]:
    verdict = VerdictStore(settings.ledger).latest(build.build_id)
    if verdict is None:
        return {"verdict": "none", "total": 0, "passed": 0, "not_passed": []}
    failures = [f"{item.check_id}: {item.seen} (expected {item.bound})" for item in verdict.failures]
    return {
        "verdict": f"{verdict.verdict_id} ({verdict.status})",
        "total": len(verdict.results),
        "passed": len(verdict.results) - len(failures),
        "not_passed": failures,
    }
