"""What the command line answers: each function does one command's work and says nothing itself."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbt_project.registry import Metric, RegistryError, load_feeds, load_metrics
from dbt_project.registry.plans import load_plans
from orchestration import audit
from orchestration.progress_log import say
from orchestration.settings import Settings

if TYPE_CHECKING:  # pandas, DuckDB and the intake cost half a second that light commands need not pay
    import duckdb
    import pandas as pd

PROBLEMS_SHOWN = 50
LEVELS = ("england", "region", "icb", "sub_icb", "pcn")
GEOGRAPHIES = ("as_was", "as_now")
MONTHS_OF_QUARTER = {"Q1": 4, "Q2": 7, "Q3": 10, "Q4": 1}
SHOWN = (
    "org_code, org_name, strand, sector, period_start, period_grain, value, lower_95, upper_95, "
    "numerator, denominator, unit, status"
)


class UsageProblem(ValueError):
    """The command was called wrongly; the message says what was found and what is expected."""


class DataRefused(RuntimeError):
    """The data, or the state of the home folder, do not allow the answer."""


@dataclass(frozen=True)
class Told:
    """An answer as lines for a person and as a mapping for a machine."""

    text: tuple[str, ...]
    content: dict[str, Any]
    good: bool = True

    def lines(self) -> tuple[str, ...]:
        """For a person."""
        return self.text

    def as_dict(self) -> dict[str, Any]:
        """For a machine."""
        return self.content


def generate_demonstration(
    settings: Settings, *, size: float, seed: int, dirt: frozenset[str] | None
) -> None:
    """Write demonstration feeds into the landing folder, unless the same ones already lie there.

    Raises :class:`UsageProblem` for an unknown kind of dirt, :class:`DataRefused` when the landing folder holds
    files that are not demonstration data: real and generated data never share a home folder.
    """
    from orchestration.synthetic import DIRT, generate

    unknown = sorted((dirt or frozenset()) - set(DIRT))
    if unknown:
        raise UsageProblem(f"--dirt: found {', '.join(unknown)}; expected some of {', '.join(sorted(DIRT))}")
    wanted = {"seed": seed, "size": size, "dirt": sorted(DIRT if dirt is None else dirt)}
    mark = settings.home / "demonstration.json"
    if mark.exists() and json.loads(mark.read_text(encoding="utf-8")) == wanted:
        _lock_plans(settings)
        return
    if any(path.is_file() for path in settings.landing.rglob("*")):
        raise DataRefused(
            f"{settings.landing} already holds files; demonstration data of another kind, or beside real files, "
            "would mix: choose another --home, or empty that folder"
        )
    say(f"generating demonstration data, size {size:g}")
    generate(settings.landing, seed=seed, size=size, dirt=dirt, progress=say)
    mark.write_text(json.dumps(wanted), encoding="utf-8")
    _lock_plans(settings)


def _lock_plans(settings: Settings) -> None:
    """Analysis plans of a demonstration are locked before its data are read; an earlier lock stays."""
    from orchestration.impact import locking

    for plan in load_plans().values():
        if locking.standing(settings, plan).locked_on is None:
            locking.lock(
                settings, plan, by="Demonstration", why="the plan was written before the data were generated"
            )


def check(file: Path, feed: str | None) -> Told:
    """The intake verdict on one file; nothing is stored."""
    from orchestration.ingest import check_file

    if not file.is_file():
        raise UsageProblem(f"FILE: there is no file {file}")
    report = check_file(file, _feed(feed) if feed else None)
    lines = [f"{report.report.outcome}: {report.report.message}", *report.report.notes]
    lines += _table(("sheet", "line", "column", "found", "expected"), _places(report.rows()[:PROBLEMS_SHOWN]))
    if report.problem_count > PROBLEMS_SHOWN:
        lines.append(
            f"  and {report.problem_count - PROBLEMS_SHOWN:,} more problems (--json lists up to 1,000)"
        )
    return Told(tuple(lines), report.to_dict(), good=report.ok)


def _places(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Problems without the name of the file and the code: sheet, line, column, found, expected."""
    return [
        (sheet, line, column, found, expected) for _file, sheet, line, column, _code, found, expected in rows
    ]


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Rows of text under a header, columns aligned; those without a cell are left out. No rows, no table."""
    kept = [place for place in range(len(header)) if any(row[place] for row in rows)]
    widths = {place: max(len(row[place]) for row in (header, *rows)) for place in kept}
    every = (header, *rows) if rows else ()
    return ["  " + "  ".join(row[place].ljust(widths[place]) for place in kept).rstrip() for row in every]


def template(feed: str, output: Path) -> Path:
    """Write a feed's Excel template."""
    from orchestration.ingest import write_template
    from orchestration.ingest.outcome import Refusal

    try:
        write_template(load_feeds()[_feed(feed)], output)
    except Refusal as refusal:
        raise UsageProblem(refusal.message) from refusal
    return output


def metric(
    settings: Settings, metric_id: str, *, by: str, period: str | None, exact: bool, geography: str
) -> pd.DataFrame:
    """Values of a metric at one level and period, published or (``exact``) as built."""
    entry = metric_entry(metric_id)
    if by not in LEVELS:
        raise UsageProblem(f"--by: found '{by}', expected one of {', '.join(LEVELS)}")
    if by not in entry.levels:
        raise UsageProblem(f"--by: {metric_id} is not made for {by}; it has {', '.join(entry.levels)}")
    if geography not in GEOGRAPHIES:
        raise UsageProblem(f"--geography: found '{geography}', expected one of {', '.join(GEOGRAPHIES)}")
    return _figures(settings, entry, by=by, period=period, exact=exact, geography=geography, org=None)


def export(settings: Settings, to: Path | None, *, exact: bool) -> Told:
    """Every figure as files in a new folder: those of the current release, or (``exact``) as built."""
    from orchestration import exporting

    return exporting.exact(settings, to) if exact else exporting.published(settings, to)


def board_pack(settings: Settings, to: Path | None, pages: Sequence[str]) -> Told:
    """The board pack of the current release, or one of chosen pages, as a PDF."""
    from orchestration import exporting

    return exporting.board_pack(settings, to, pages)


def pictures(settings: Settings, to: Path) -> Told:
    """Pictures of leading pages of the current release's site, in a folder."""
    from dashboards import find_browser
    from dashboards.portraits import take_portraits

    site = settings.releases / "current" / "site"
    if not site.exists():
        raise DataRefused("nothing has been published yet: run 'phip demo' or 'phip run'")
    browser = find_browser()
    if browser is None:
        raise UsageProblem("pictures need a Chromium: run `npm ci` in dashboards/frontend")
    try:
        taken = take_portraits(site.resolve(), to, browser)
    except ValueError as error:
        raise DataRefused(str(error)) from error
    lines = tuple(f"{path}  {path.stat().st_size / 1000:.0f} KB" for path in taken)
    return Told(lines, {"pictures": [str(path) for path in taken]})


def sensitivity(settings: Settings, metric_id: str) -> pd.DataFrame:
    """England's figures of a metric that hang on doubtful links: by the rules, with fewer and with more links."""
    from orchestration import builds
    from orchestration.history import linkage_band

    entry = metric_entry(metric_id)
    build = builds.newest(settings)
    if build is None:
        raise DataRefused("there is no build yet: run 'phip demo' or 'phip run'")
    log_look(settings, entry.id, "england")
    with _refusals():
        return linkage_band.band(settings, build, say, entry.id)


def explain(
    settings: Settings, metric_id: str, *, org: str, period: str | None, strand: str, sector: str, rows: int
) -> Told:
    """A figure, its definition, the units and received rows behind it, its SQL, files and the checks it passed."""
    from orchestration import explanation
    from orchestration.evidence import Figure
    from orchestration.history.asking import picture_of

    entry = metric_entry(metric_id)
    with _refusals():
        picture = picture_of(settings, say)
    if picture is None:
        raise DataRefused("there is no build yet: run 'phip demo' or 'phip run'")
    level = _level(settings, entry, org)
    geography = GEOGRAPHIES[0]
    exact, published = (
        _figures(settings, entry, by=level, period=period, exact=tier, geography=geography, org=org)
        for tier in (True, False)
    )
    wanted = exact[(exact["strand"] == strand) & (exact["sector"] == sector)]
    figure = None
    if not wanted.empty:
        first = wanted.iloc[0]
        day = str(first["period_start"])[:10]
        figure = Figure(metric_id, level, org, strand, sector, day, str(first["period_grain"]), geography)
    return explanation.of_figure(
        entry, picture, org=org, figure=figure, exact=exact, published=published, limit=rows
    )


def verdict(settings: Settings) -> Told:
    """The newest verdict."""
    from expectations.report import text
    from expectations.store import VerdictStore

    found = VerdictStore(settings.ledger).all() if settings.ledger.exists() else ()
    if not found:
        raise DataRefused("there is no verdict yet: run 'phip demo' or 'phip run'")
    newest = found[-1]
    held = _held_back(settings)
    content = {
        "verdict_id": newest.verdict_id,
        "build_id": newest.build_id,
        "status": newest.status,
        "created_at": newest.created_at,
        "code_version": newest.code_version,
        "inputs_hash": newest.inputs_hash,
        "checks": [vars(result) for result in newest.results],
        "held_back": held,
    }
    lines = [*text(newest).splitlines(), *([""] if held else [])]
    lines += [f"Rows held back: {rows:,} in {folder}" for folder, rows in held.items()]
    return Told(tuple(lines), content, good=newest.status != "refused")


def _held_back(settings: Settings) -> dict[str, int]:
    """Rows in quarantine, by the folder they lie in. Asks the ledger's file itself: its reader loads the intake."""
    with closing(sqlite3.connect(settings.ledger)) as connection:
        found = connection.execute(
            "select feed, sum(rows_quarantined) from file where rows_quarantined > 0 group by feed order by feed"
        ).fetchall()
    return {str(settings.quarantine / feed): int(rows) for feed, rows in found}


def audit_log(settings: Settings, witness: str | None) -> Told:
    """Every entry of the audit log, and whether the chain holds. ``witness``: an entry noted elsewhere."""
    try:
        entries = audit.read(settings)
        if witness is not None:
            audit.check_witness(entries, witness)
    except audit.AuditBroken as error:
        lines = (
            f"the audit log cannot be trusted: {error}",
            "keep it as evidence; phip audit --begin-anew sets it aside and begins another",
        )
        return Told(lines, {"whole": False, "found": str(error), "entries": []}, good=False)
    except ValueError as error:
        raise UsageProblem(f"--witness: {error}") from error
    content = [{**vars(entry), "at": entry.at.isoformat()} for entry in entries]
    last = f"{entries[-1].number}:{entries[-1].link[:16]}" if entries else None
    lines = [
        f"{entry.number:>5}  {entry.at:%Y-%m-%d %H:%M:%S}  user {entry.user}  {entry.action}"
        + "".join(f"  {name} {value}" for name, value in entry.facts.items())
        for entry in entries
    ]
    lines.append(f"{len(entries):,} entries, the chain holds" + (f"; newest {last}" if last else ""))
    return Told(tuple(lines), {"whole": True, "newest": last, "entries": content})


def begin_audit_log_anew(settings: Settings, *, by: str | None, why: str | None) -> Told:
    """Set a broken audit log aside and begin another."""
    if not (by or "").strip() or not (why or "").strip():
        raise UsageProblem("--begin-anew: expected --by, a name, and --why, a reason")
    try:
        aside = audit.begin_anew(settings, by=str(by).strip(), why=str(why).strip())
    except ValueError as error:
        raise UsageProblem(f"--begin-anew: {error}") from error
    where = f"the old one is {aside.name}" if aside else "there was none left"
    return Told((f"a new audit log begins; {where}",), {"old_file": aside.name if aside else None})


def releases(settings: Settings) -> list[dict[str, Any]]:
    """Every release, newest first."""
    link = settings.releases / "current"
    live = link.resolve().name if link.exists() else None
    rows: list[dict[str, Any]] = []
    for path in settings.releases.glob("[0-9]*/release.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        rows.append(
            {
                "release": record["release_id"],
                "current": "yes" if record["release_id"] == live else "",
                "published_at": record["published_at"],
                "data_to": record["data_to"],
                "as_at": record.get("as_at"),
                "gate": record["gate_status"],
                "build": record["build_id"],
                "withheld_cells": record["withheld_cells"],
            }
        )
    return sorted(rows, key=lambda row: str(row["published_at"]), reverse=True)


def serve(settings: Settings, port: int) -> None:
    """Serve the current release on the loopback address until interrupted."""
    from orchestration.progress_log import tell
    from orchestration.static_server import make_server

    if not (settings.releases / "current" / "site").exists():
        raise DataRefused("there is no release to serve: run 'phip demo' or 'phip run'")
    try:
        server = make_server(settings, port)
    except OSError as error:
        raise UsageProblem(f"--port: {port} cannot be used ({error.strerror}); name another") from error
    with server:
        tell(f"http://127.0.0.1:{server.server_port}/  (Ctrl-C ends it)")
        server.serve_forever()


def dagster_ui(settings: Settings, port: int) -> int:
    """Start Dagster's user interface on the same definitions, state and run history."""
    from orchestration.dagster_run import instance_folder

    command = [str(Path(sys.executable).with_name("dagster")), "dev", "-m", "orchestration.definitions"]
    environment = {**settings.environment(), "DAGSTER_HOME": str(instance_folder(settings))}
    return subprocess.run(
        [*command, "-h", "127.0.0.1", "-p", str(port)], env=environment, check=False
    ).returncode


def _feed(feed: str) -> str:
    if feed not in load_feeds():
        raise UsageProblem(f"feed: found '{feed}', expected one of {', '.join(sorted(load_feeds()))}")
    return feed


def metric_entry(metric_id: str) -> Metric:
    try:
        metrics = load_metrics()
    except RegistryError as error:
        raise DataRefused(f"the metric registry is wrong: {error}") from error
    if metric_id not in metrics:
        raise UsageProblem(f"metric: found '{metric_id}', expected one of {', '.join(metrics)}")
    return metrics[metric_id]


@contextmanager
def _tables(settings: Settings, entry: Metric, *, exact: bool) -> Generator[duckdb.DuckDBPyConnection]:
    """Figures of a metric and organisations: published or exact, of the newest picture or as at the settings' day."""
    from orchestration.history.asking import opened

    with _refusals(), opened(settings, entry, exact=exact, progress=say) as connection:
        if connection is None:
            raise DataRefused("nothing has been published yet: run 'phip demo' or 'phip run'")
        yield connection


@contextmanager
def _refusals() -> Generator[None]:
    """What the past cannot answer is a refusal of the data, not a failure."""
    from orchestration.history.picture import NothingKnown, NotRebuildable

    try:
        yield
    except (NothingKnown, NotRebuildable) as error:
        raise DataRefused(str(error)) from error


def _level(settings: Settings, entry: Metric, org: str) -> str:
    with _tables(settings, entry, exact=False) as connection:
        row = connection.execute(
            "select org_level from dim_organisation where org_code = ?", [org]
        ).fetchone()
    if row is None:
        raise UsageProblem(
            f"--org: found '{org}', expected the code of an organisation in the release, or ENG"
        )
    return str(row[0])


def _figures(
    settings: Settings,
    entry: Metric,
    *,
    by: str,
    period: str | None,
    exact: bool,
    geography: str,
    org: str | None,
) -> pd.DataFrame:
    shown = SHOWN if exact else f"{SHOWN}, symbol"
    condition, parameters = period_condition(period)
    if org is not None:
        condition += " and org_code = ?"
        parameters.append(org)
    if exact:
        log_look(settings, entry.id, by)
    query = f"""
        select {shown}
        from fct_metric_value as figures
        left join dim_organisation as organisations using (org_level, org_code)
        where metric_id = ? and org_level = ? and geography = ? and {condition}
        order by period_start desc, period_grain, org_code, strand, sector
    """
    with _tables(settings, entry, exact=exact) as connection:
        frame = connection.execute(query, [entry.id, by, geography, *parameters]).df()
    if period is None and not frame.empty:
        grain = next(g for g in ("month", "quarter", "year", "all") if g in set(frame["period_grain"]))
        of_grain = frame["period_grain"] == grain
        # the newest period with a value; where every value is withheld, the newest period, which says so
        known = of_grain & frame["value"].notna()
        newest = frame.loc[known if known.any() else of_grain, "period_start"].max()
        chosen = of_grain & (frame["period_start"] == newest)
        frame = frame.loc[chosen | (frame["period_grain"] == "all")]
    return frame.reset_index(drop=True)


def period_condition(text: str | None) -> tuple[str, list[Any]]:
    """SQL condition and parameters of a period as people write it: 2025-11, 2025-Q3, 2025, all."""
    if text is None:
        return "true", []
    if text == "all":
        return "period_grain = 'all'", []
    if found := re.fullmatch(r"(\d{4})-(\d{2})", text):
        if 1 <= int(found[2]) <= 12:  # noqa: PLR2004 - months
            return "period_grain = 'month' and period_start = ?", [date(int(found[1]), int(found[2]), 1)]
    elif found := re.fullmatch(r"(\d{4})-(Q[1-4])", text):
        year = int(found[1]) + (1 if found[2] == "Q4" else 0)
        return "period_grain = 'quarter' and period_start = ?", [date(year, MONTHS_OF_QUARTER[found[2]], 1)]
    elif found := re.fullmatch(r"(\d{4})(?:/\d{2})?", text):
        return "period_grain = 'year' and period_start = ?", [date(int(found[1]), 4, 1)]
    raise UsageProblem(
        f"--period: found '{text}', expected a month (2025-11), a quarter of the financial year (2025-Q3), "
        "a financial year (2025 or 2025/26) or all"
    )


def log_look(settings: Settings, metric_id: str, level: str) -> None:
    """Exact values stay with evaluators, and every look at them is written down."""
    audit.record(settings, "exact_query", {"metric": metric_id, "level": level})
