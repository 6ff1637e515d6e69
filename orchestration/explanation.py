"""From a published figure back to its definition, SQL, source files and checks."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pandas as pd

from dbt_project.registry import Metric, load_programme
from expectations.store import VerdictStore
from orchestration.answers import Told
from orchestration.builds import Build, Input
from orchestration.dbt_runner import work_folder
from orchestration.evidence import Figure, behind
from orchestration.history.picture import Picture
from orchestration.settings import Settings

SQL_LINES = 40
STATUS_WORDS = {
    "final": "final: the time in which late data may still arrive has passed",
    "provisional": "provisional: late data may still change it",
    "too_early": "too early (rule R6)",
    "unreliable": "unreliable (rule R7)",
    "input_missing": "input missing",
    "not_reached": "not reached: fewer than half have got there, so there is no median yet",
    "not_reported": "not reported: the network was open and sent nothing for this census",
}
KEY = ("org_code", "strand", "sector", "period_start", "period_grain")
FIGURES_SHOWN = 12
FILES_SHOWN = 30


def of_figure(
    metric: Metric,
    picture: Picture,
    *,
    org: str,
    figure: Figure | None,
    exact: pd.DataFrame,
    published: pd.DataFrame,
    limit: int,
) -> Told:
    """Explain one metric for one organisation: published and exact figures, and ``limit`` units behind ``figure``."""
    settings, build = picture.settings, picture.build
    manifest = _manifest(settings)
    measures = [part.model for part in (metric.numerator, metric.denominator) if part is not None]
    sources = _sources(manifest, measures)
    inputs = [item for item in build.inputs if (item.feed, item.table) in sources]
    sql_path, sql = _sql(settings, manifest, metric.numerator.model)
    rows = _records(
        exact.merge(
            published[[*KEY, "value", "symbol"]], on=list(KEY), how="left", suffixes=("", "_published")
        )
    )
    content = {
        "metric": metric.id,
        "org_code": org,
        "figures": rows,
        "why": _why(metric, picture, figure, rows),
        "definition": metric.description,
        "definition_version": metric.version,
        "numerator": metric.numerator.description,
        "denominator": metric.denominator.description if metric.denominator else None,
        "population": metric.population,
        "time_attribution": metric.time_attribution,
        "owner": metric.owner,
        "models": [*dict.fromkeys(measures), metric.theme, "fct_metric_value"],
        "sql_file": sql_path,
        "sql": sql,
        "evidence": vars(behind(picture.path, settings.ledger, figure, limit=limit)) if figure else None,
        "build": build.build_id,
        "data_to": build.vintage,
        "inputs": [vars(item) for item in inputs],
        "checks": _checks(settings, build),
    }
    return Told(tuple(_lines(content, inputs)), content)


def _lines(content: dict[str, Any], inputs: list[Input]) -> list[str]:
    return [
        f"{content['metric']} for {content['org_code']} (exact figures: evaluators only, this look is logged)",
        "",
        *(
            [_figure_line(row) for row in content["figures"][:FIGURES_SHOWN]]
            or ["  no figure for this period"]
        ),
        *[f"  {line}" for line in content["why"]],
        "",
        f"Definition (version {content['definition_version']}, owner {content['owner']})",
        f"  {content['definition']}",
        f"  counted: {content['numerator']}",
        f"  divided by: {content['denominator'] or 'nothing, it is a count'}",
        f"  who: {content['population']}",
        f"  when: {content['time_attribution']}",
        "",
        *_evidence_lines(content["evidence"]),
        f"Computed by {' -> '.join(content['models'])}; {content['sql_file']}:",
        *[f"  {line}" for line in content["sql"].splitlines()[:SQL_LINES]],
        "",
        *_input_lines(content, inputs),
        *_check_lines(content["checks"]),
    ]


def _evidence_lines(evidence: dict[str, Any] | None) -> list[str]:
    if evidence is None or not evidence["parts"]:
        return ["Behind it: no units of its own (money, patients, or other figures)", ""]
    lines = ["Behind it"]
    for part in evidence["parts"]:
        lines.append(f"  {part['part']}: {part['units']:,} units, sum {part['amount'] or 0:,.6g}")
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in evidence["rows"]:
        rows.setdefault(str(row["unit_key"]), []).append(row)
    for unit in evidence["units"]:
        place = ", ".join(str(unit[name]) for name in ("pcn_code", "icb_code", "category") if unit[name])
        lines.append(f"  {unit['part']} {unit['event_date']} {unit['unit_key']} {place}")
        lines += [
            f"      {row['happened']} {row['fact']}: {row['file'] or row['sha256'][:12]} line {row['line']}"
            for row in rows.pop(str(unit["unit_key"]), [])
        ]
    return [*lines, ""]


def _input_lines(content: dict[str, Any], inputs: list[Input]) -> list[str]:
    lines = [
        f"Read from {len(inputs)} files, build {content['build']}, data to {content['data_to']}",
        *[f"  {item.feed:<20} {item.table:<22} sha256 {item.sha256}" for item in inputs[:FILES_SHOWN]],
    ]
    if len(inputs) > FILES_SHOWN:
        lines.append(f"  and {len(inputs) - FILES_SHOWN} more (--json lists all)")
    return [*lines, ""]


def _check_lines(checks: dict[str, Any]) -> list[str]:
    return [
        f"Checked: {checks['passed']} of {checks['total']} checks passed, verdict {checks['verdict']}",
        *[f"  {line}" for line in checks["not_passed"]],
    ]


def _figure_line(row: dict[str, Any]) -> str:
    period = f"{row['period_grain']} from {str(row['period_start'])[:10]}"
    cut = ", ".join(row[name] for name in ("strand", "sector") if row[name] != "all")
    value = "no value" if row["value"] is None else f"{row['value']:,.6g} {row['unit']}"
    interval = ""
    if row["lower_95"] is not None and row["upper_95"] is not None:
        interval = f" (95 % interval {row['lower_95']:,.4g} to {row['upper_95']:,.4g})"
    parts = ""
    if row["numerator"] is not None and row["denominator"] is not None:
        parts = f" = {row['numerator']:,.6g} / {row['denominator']:,.6g}"
    return (
        f"  {period}{', ' + cut if cut else ''}: {value}{interval}{parts}; {STATUS_WORDS[row['status']]}; "
        f"published: {_published_words(row)}"
    )


def _published_words(row: dict[str, Any]) -> str:
    if row["value_published"] is not None:
        return f"{row['value_published']:,.6g}"
    return {None: "not at this grain", "c": "withheld [c]"}.get(row["symbol"], f"[{row['symbol']}]")


def _why(metric: Metric, picture: Picture, figure: Figure | None, rows: list[dict[str, Any]]) -> list[str]:
    """Why the figure asked for has no published value, with the numbers of the rule that withholds it."""
    row = next(
        (row for row in rows if figure and all(str(row[key])[:10] == getattr(figure, key) for key in KEY)),
        None,
    )
    if row is None or figure is None:
        return []
    if row["status"] == "input_missing":
        with duckdb.connect(str(picture.path), read_only=True) as connection:
            found = connection.execute(
                "select missing_inputs from marts.dim_metric where metric_id = ?", [metric.id]
            ).fetchone()
        missing = found[0] if found else None
        return [
            f"why: {missing} did not land"
            if missing
            else "why: its feeds landed, and hold nothing it could count"
        ]
    if row["status"] == "too_early":
        followed, cohort = _maturity(metric, picture, figure)
        return [
            f"why: {followed:,.0f} of {cohort:,.0f} have been followed for {metric.horizon_days} days; a value is "
            f"given from {load_programme().mature_share:.0%} on"
        ]
    if row["status"] == "unreliable":
        return [
            f"why: it rests on {row['denominator'] or 0:,.0f}; flagged under {metric.unreliable_below}, "
            f"no value under {metric.minimum_denominator}, or the estimator found no answer"
        ]
    return [_why_masked(row)] if row["symbol"] == "c" else []


def _why_masked(row: dict[str, Any]) -> str:
    limit = load_programme().disclosure.suppress_up_to
    small = [
        name
        for name in ("numerator", "denominator", "value")
        if row[name] is not None and abs(row[name]) <= limit
    ]
    if small:
        return f"why: its {small[0]} is {limit} or fewer, which is never published below England"
    return "why: with it a smaller count beside it could be worked out by subtraction, or its class stays above boards"


def _maturity(metric: Metric, picture: Picture, figure: Figure) -> tuple[float, float]:
    with duckdb.connect(str(picture.path), read_only=True) as connection:
        found = connection.execute(
            f"select mature_size, cohort_size from metrics.{metric.theme} where dimension is null and metric_id = ? "
            "and org_level = ? and org_code = ? and strand = ? and sector = ? "
            "and period_start = cast(? as date) and period_grain = ? and geography = ?",
            [getattr(figure, name) for name in Figure.__dataclass_fields__],
        ).fetchone()
    return (found[0] or 0, found[1] or 0) if found else (0, 0)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return json.loads(str(frame.to_json(orient="records", date_format="iso")))


def _manifest(settings: Settings) -> dict[str, Any]:
    path = work_folder(settings) / "target" / "manifest.json"
    return json.loads(path.read_text(encoding="utf-8"))


def _sources(manifest: dict[str, Any], models: list[str]) -> set[tuple[str, str]]:
    """Feeds and tables upstream of models."""
    todo = [f"model.phip.{model}" for model in models]
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
