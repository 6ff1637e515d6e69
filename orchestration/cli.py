"""``phip``: the command line. Exit codes: 0 done, 1 data refused, 2 wrong usage, 3 internal error."""

from __future__ import annotations

import getpass
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Never

import typer
import typer.exceptions

from orchestration import access, answers, audit, console
from orchestration.settings import Settings, SettingsError, load_settings, switch_telemetry_off

DONE, REFUSED, USAGE, INTERNAL = 0, 1, 2, 3

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Does the NHS Pharmacy Integration Programme work? Ingest, build, check and publish the evidence.",
)

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="State folder (default: PHIP_HOME, else ./var).", show_default=False),
]
AsAtOption = Annotated[
    str | None,
    typer.Option("--as-at", help="The picture as known on this day, e.g. 2025-11-30.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a machine to read.")]


def main() -> Never:
    """Entry point of the console script."""
    switch_telemetry_off()
    access.narrow_umask()
    try:
        code = app(standalone_mode=False)
    except typer.exceptions.TyperException as error:
        # every mistake of usage: unknown command or option, missing argument, no argument at all
        console.error(str(error) or "see phip --help")
        code = USAGE
    except (typer.Abort, KeyboardInterrupt):
        console.error("stopped; the last good release is untouched")
        code = INTERNAL
    except (SettingsError, answers.UsageProblem) as error:
        console.error(str(error))
        code = USAGE
    except (answers.DataRefused, audit.AuditBroken, access.TooOpen) as error:
        console.error(str(error))
        code = REFUSED
    except Exception as error:
        from orchestration.machine_faults import plain

        text = f"{type(error).__name__}: {error}"
        said = plain(text)
        console.error(f"internal error: {text}" if said == text else said)
        code = INTERNAL
    sys.exit(code if isinstance(code, int) else DONE)


def _settings(home: Path | None, landing: Path | None = None, as_at: str | None = None) -> Settings:
    """Settings of a command; what was too open below the home folder is narrowed first."""
    settings = load_settings(home=home, landing=landing, as_at=_day("--as-at", as_at))
    for line in access.settle(settings):
        console.error(line)
    return settings


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise answers.UsageProblem(f"{option}: found '{text}', expected a date such as 2025-11-30") from None


def _run(settings: Settings, *, as_json: bool, refusals_expected: bool = False) -> int:
    from orchestration import pipeline, summary
    from orchestration.recovery import Damaged

    try:
        with console.progress(silent=as_json):
            outcome = pipeline.run(settings)
    except (pipeline.Busy, Damaged) as error:
        console.error(str(error))
        return REFUSED
    told = summary.of_run(settings, outcome)
    console.show_json(told.as_dict()) if as_json else console.show_lines(told.lines())
    return DONE if told.good and (refusals_expected or not told.refused_something) else REFUSED


@app.command()
def demo(
    home: HomeOption = None,
    size: Annotated[
        float, typer.Option(help="1 is national size; 0.02 a toy; 10 ten nations.", min=0.005)
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Same seed, same data.")] = 20260331,
    clean: Annotated[bool, typer.Option("--clean", help="Without any planted dirt.")] = False,
    dirt: Annotated[list[str] | None, typer.Option(help="Plant only this kind of dirt; repeatable.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Generate national demonstration feeds and run everything on them."""
    settings = _settings(home).prepare()
    with console.progress(silent=as_json):
        answers.generate_demonstration(
            settings, size=size, seed=seed, dirt=frozenset() if clean else frozenset(dirt) if dirt else None
        )
    return _run(settings, as_json=as_json, refusals_expected=True)


@app.command()
def run(
    home: HomeOption = None,
    landing: Annotated[
        Path | None, typer.Option(help="Folder of received files (default: HOME/landing).")
    ] = None,
    as_at: AsAtOption = None,
    as_json: JsonOption = False,
) -> int:
    """Ingest what has landed, build, check, publish. Feeds that did not land are reported as missing.

    With --as-at the release shows what was known on that day and says so on every page; it never takes the place of
    a live release that holds everything known.
    """
    if landing is not None and not landing.is_dir():
        raise answers.UsageProblem(f"--landing: there is no folder {landing}")
    return _run(_settings(home, landing, as_at).prepare(), as_json=as_json)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="File to check.")],
    feed: Annotated[
        str | None, typer.Option(help="Feed it is meant for; found from its header otherwise.")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """A supplier's check before sending: the intake verdict on one file. Nothing is stored."""
    report = answers.check(file, feed)
    console.show_json(report.as_dict()) if as_json else console.show_lines(report.lines())
    return DONE if report.good else REFUSED


@app.command()
def template(
    feed: Annotated[str, typer.Argument(help="Feed id, e.g. provider_return.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write (default: FEED.xlsx).")
    ] = None,
) -> int:
    """An Excel template with the contract's columns, lists of allowed values and notes."""
    console.show_lines([f"wrote {answers.template(feed, output or Path(f'{feed}.xlsx'))}"])
    return DONE


@app.command()
def metric(
    metric_id: Annotated[str, typer.Argument(help="Metric id, e.g. new_independent_prescribers.")],
    by: Annotated[str, typer.Option(help="england, region, icb, sub_icb or pcn.")] = "england",
    period: Annotated[
        str | None, typer.Option(help="2025, 2025-11, 2025-Q3, or all; default: newest.")
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Uncontrolled values, evaluators only; the look is logged.")
    ] = False,
    output: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
    geography: Annotated[str, typer.Option(help="as_was or as_now.")] = "as_was",
    as_at: AsAtOption = None,
    home: HomeOption = None,
) -> int:
    """Values of a metric: published ones (disclosure-controlled) unless --exact."""
    settings = _settings(home, as_at=as_at)
    with console.progress(silent=False):
        frame = answers.metric(settings, metric_id, by=by, period=period, exact=exact, geography=geography)
    console.show_frame(frame, output, name=metric_id)
    return DONE


@app.command()
def export(
    to: Annotated[
        Path | None,
        typer.Option("--to", help="A new folder (default: phip-<release> here).", show_default=False),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Uncontrolled figures and events, evaluators only; it is logged.")
    ] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Every figure to take away: CSV, Parquet, workbook and DuckDB of the current release, or one exact DuckDB."""
    told = answers.export(_settings(home), to, exact=exact)
    console.show_json(told.as_dict()) if as_json else console.show_lines(told.lines())
    return DONE


@app.command("board-pack")
def board_pack(
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", help="A new file (default: phip-<release>-board-pack.pdf here).", show_default=False
        ),
    ] = None,
    page: Annotated[
        list[str] | None,
        typer.Option("--page", help="A page as the sitemap names it, e.g. icb/qmj.html; may be given again."),
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """The current release for a meeting: a tagged PDF of its main pages, or of chosen ones."""
    told = answers.board_pack(_settings(home), to, page or [])
    console.show_json(told.as_dict()) if as_json else console.show_lines(told.lines())
    return DONE


@app.command()
def pictures(
    to: Annotated[Path, typer.Option("--to", help="The folder they are written to.")] = Path("pictures"),
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Pictures of leading pages of the current release, for slides or a README; those of before are replaced."""
    return _told(answers.pictures(_settings(home), to), as_json=as_json)


@app.command()
def sensitivity(
    metric_id: Annotated[str, typer.Argument(help="Metric id.")],
    output: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
    home: HomeOption = None,
) -> int:
    """How far England's figures hang on doubtful links between people. Exact values: the look is logged."""
    settings = _settings(home)
    with console.progress(silent=False):
        frame = answers.sensitivity(settings, metric_id)
    if frame.empty and output == "table":
        console.show_lines([f"no figure of {metric_id} for England changes with fewer or with more links"])
        return DONE
    console.show_frame(frame, output, name=f"{metric_id}-sensitivity")
    return DONE


@app.command()
def explain(
    metric_id: Annotated[str, typer.Argument(help="Metric id.")],
    org: Annotated[str, typer.Option(help="Organisation code, ENG for England.")] = "ENG",
    period: Annotated[str | None, typer.Option(help="As for metric; default: newest.")] = None,
    strand: Annotated[str, typer.Option(help="Strand, or all.")] = "all",
    sector: Annotated[str, typer.Option(help="Sector, or all.")] = "all",
    rows: Annotated[int, typer.Option(help="How many of the units behind it to show.", min=0)] = 10,
    as_at: AsAtOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """From a figure to its definition, the units and rows behind it, SQL, file hashes and checks. Evaluators only."""
    settings = _settings(home, as_at=as_at)
    with console.progress(silent=as_json):
        explanation = answers.explain(
            settings, metric_id, org=org, period=period, strand=strand, sector=sector, rows=rows
        )
    console.show_json(explanation.as_dict()) if as_json else console.show_lines(explanation.lines())
    return DONE


@app.command()
def revisions(
    metric_id: Annotated[str, typer.Argument(help="Metric id.")],
    org: Annotated[str, typer.Option(help="ENG, a region or a board.")] = "ENG",
    grain: Annotated[str, typer.Option(help="month, quarter, year or all.")] = "month",
    strand: Annotated[str, typer.Option(help="One strand, or all.")] = "all",
    sector: Annotated[str, typer.Option(help="One sector, or all.")] = "all",
    geography: Annotated[str, typer.Option(help="as_was or as_now.")] = "as_was",
    step: Annotated[
        str | None,
        typer.Option(
            "--vintages", help="As known at the end of each month or quarter; default: what is kept."
        ),
    ] = None,
    first: Annotated[str | None, typer.Option("--from", help="First day, with --vintages.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day, with --vintages.")] = None,
    build: Annotated[
        bool, typer.Option("--build", help="Make the vintages that are missing: one build each.")
    ] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="Below England, evaluators only; the look is logged.")
    ] = False,
    output: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
    home: HomeOption = None,
) -> int:
    """The revision triangle: the same figures as known at one data cut-off after another."""
    from orchestration.history import answering
    from orchestration.history.revisions import Cut

    cut = Cut(metric_id, org, grain, strand, sector, geography)
    bounds = {"first": _day("--from", first), "last": _day("--to", last)}
    with console.progress(silent=False):
        found = answering.revisions(_settings(home), cut, step=step, build=build, exact=exact, **bounds)
    if output == "json":
        console.show_json(found.as_dict())
        return DONE
    console.show_frame(found.frame, output, name=f"{metric_id}_revisions")
    if output == "table":
        median = found.median_absolute_revision_percent
        console.show_lines(
            [f"median absolute revision: {'none yet' if median is None else f'{median:.2f} %'}", *found.notes]
        )
    return DONE


@app.command()
def changes(
    metric_id: Annotated[str, typer.Argument(help="Metric id.")],
    org: Annotated[str, typer.Option(help="Organisation code, ENG for England.")] = "ENG",
    period: Annotated[str | None, typer.Option(help="As for metric; default: every period.")] = None,
    geography: Annotated[str, typer.Option(help="as_was or as_now.")] = "as_was",
    exact: Annotated[
        bool, typer.Option("--exact", help="Below England, evaluators only; the look is logged.")
    ] = False,
    old: Annotated[
        str | None, typer.Option("--from", help="Release to start from; default: the last.")
    ] = None,
    new: Annotated[str | None, typer.Option("--to", help="Release to end at; default: the live one.")] = None,
    output: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
    home: HomeOption = None,
) -> int:
    """Why figures changed since the last release: new events, late data, corrections, geography, definition."""
    from orchestration.history import answering

    with console.progress(silent=False):
        frame = answering.changes(
            _settings(home),
            metric_id,
            org=org,
            period=period,
            geography=geography,
            exact=exact,
            old=old,
            new=new,
        )
    console.show_frame(frame, output, name=f"{metric_id}_changes")
    return DONE


@app.command()
def evaluate(
    plan: Annotated[
        str | None, typer.Argument(help="Analysis plan; without it, how every plan stands.")
    ] = None,
    lock: Annotated[
        bool, typer.Option("--lock", help="Fix the plan as it is now, before its outcome is read.")
    ] = False,
    by: Annotated[str, typer.Option(help="With --lock: who fixes it; shown with the estimate.")] = "",
    why: Annotated[str, typer.Option(help="With --lock: the occasion.")] = "",
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Did the programme cause it? Run an analysis plan on the newest build, with all that must stand beside it.

    A plan that nobody locked runs as exploratory, and that its outcome was read is written down.
    """
    from orchestration.impact import answering

    settings = _settings(home)
    if plan is None:
        if lock:
            raise answers.UsageProblem("--lock: expected a PLAN to lock")
        return _told(answering.listing(settings), as_json=as_json)
    if lock:
        return _told(answering.lock_plan(settings, plan, by=by, why=why), as_json=as_json)
    if by or why:
        raise answers.UsageProblem("--by and --why: expected with --lock only")
    with console.progress(silent=as_json):
        told = answering.run_plan(settings, plan)
    return _told(told, as_json=as_json)


@app.command()
def verdict(as_json: JsonOption = False, home: HomeOption = None) -> int:
    """The newest verdict of the release gate, check by check."""
    told = answers.verdict(_settings(home))
    console.show_json(told.as_dict()) if as_json else console.show_lines(told.lines())
    return DONE if told.good else REFUSED


@app.command()
def releases(as_json: JsonOption = False, home: HomeOption = None) -> int:
    """Every release, newest first; the current one is marked."""
    rows: list[dict[str, Any]] = answers.releases(_settings(home))
    console.show_json(rows) if as_json else console.show_table(
        rows, "no release yet: run 'phip demo' or 'phip run'"
    )
    return DONE


keys = typer.Typer(no_args_is_help=True, help="The key of the pseudonyms.")
app.add_typer(keys, name="keys")

ByOption = Annotated[str, typer.Option("--by", help="Who decides.")]
WhyOption = Annotated[str, typer.Option("--why", help="The reason, for whoever asks later.")]


@keys.command("rotate")
def keys_rotate(by: ByOption, why: WhyOption, as_json: JsonOption = False, home: HomeOption = None) -> int:
    """A new key: raw files and the identity store are written anew, old keys open nothing, figures stay the same."""
    from orchestration import upkeep

    settings = _settings(home)
    with console.progress(silent=as_json):
        told = upkeep.rotate_keys(settings, by=by, why=why)
    return _told(told, as_json=as_json)


@app.command()
def erase(by: ByOption, why: WhyOption, as_json: JsonOption = False, home: HomeOption = None) -> int:
    """Erase one person everywhere but in published releases. Asks for the registration number, or reads it from a pipe.

    It is not an argument, because arguments show in lists of processes and in the shell's history.
    """
    from orchestration import upkeep

    settings = _settings(home)
    number = getpass.getpass("Registration number: ") if sys.stdin.isatty() else sys.stdin.read()
    with console.progress(silent=as_json):
        told = upkeep.erase(settings, number, by=by, why=why)
    return _told(told, as_json=as_json)


@app.command("audit")
def audit_log(
    witness: Annotated[
        str | None, typer.Option("--witness", help="NUMBER:LINK noted elsewhere: is it still there?")
    ] = None,
    begin_anew: Annotated[
        bool, typer.Option("--begin-anew", help="Set a broken log aside and begin another.")
    ] = False,
    by: Annotated[str | None, typer.Option(help="With --begin-anew: who decides.")] = None,
    why: Annotated[str | None, typer.Option(help="With --begin-anew: the reason.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Runs, overrides, exports, exact looks and the like, and whether the log is as it was written."""
    settings = _settings(home)
    told = (
        answers.begin_audit_log_anew(settings, by=by, why=why)
        if begin_anew
        else answers.audit_log(settings, witness)
    )
    console.show_json(told.as_dict()) if as_json else console.show_lines(told.lines())
    return DONE if told.good else REFUSED


@app.command()
def override(
    by: Annotated[str, typer.Option(help="Who decides; shown on every page of the release.")],
    why: Annotated[str, typer.Option(help="The reason; shown as well.")],
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Publish the newest build in spite of the gate's refusal: named, reasoned, logged, and said on every page."""
    from orchestration.overriding import publish_anyway
    from orchestration.progress_log import say

    with console.progress(silent=as_json):
        told = publish_anyway(_settings(home), by=by, why=why, progress=say)
    return _told(told, as_json=as_json)


@app.command()
def rollback(
    release_id: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="Release from 'phip releases'; default: the one before."),
    ] = None,
    why: Annotated[str, typer.Option(help="The reason, for whoever asks later.")] = "",
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Make an earlier release current again, in one step. Refused when its bytes are not those published."""
    from orchestration.rollback import roll_back

    return _told(roll_back(_settings(home), release_id, why=why), as_json=as_json)


@app.command()
def reproduce(
    release_id: Annotated[str, typer.Argument(metavar="ID", help="Release from 'phip releases'.")],
    to: Annotated[
        Path | None, typer.Option("--to", help="Keep the release made again in this new folder.")
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Make a release again from its raw files and recipe, and compare byte for byte; what differs is told, and why."""
    from orchestration.progress_log import say
    from orchestration.reproduce import reproduce as again

    with console.progress(silent=as_json):
        told = again(_settings(home), release_id, say, keep=to)
    _told(told, as_json=as_json)
    return DONE if told.good else REFUSED


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="New file to write, e.g. phip-home.tar.")],
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """The whole home folder in one file, hashes verified. It holds identities and keys: store it as safely as these."""
    from orchestration.backup import back_up

    return _told(back_up(_settings(home), file), as_json=as_json)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="File written by 'phip backup'.")],
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """A home folder as it was backed up, every hash verified, into a folder that is new or empty."""
    from orchestration.backup import restore as put_back

    return _told(put_back(_settings(home), file), as_json=as_json)


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8080, home: HomeOption = None
) -> int:
    """The current release on localhost, until Ctrl-C."""
    answers.serve(_settings(home), port)
    return DONE


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 3000, home: HomeOption = None
) -> int:
    """Dagster's user interface on the same definitions and the same state."""
    return answers.dagster_ui(_settings(home).prepare(), port)


links = typer.Typer(
    invoke_without_command=True,
    help="How records were linked to people on the register; what a reviewer decides.",
)
app.add_typer(links, name="links")


def _told(told: answers.Told, *, as_json: bool) -> int:
    console.show_json(told.as_dict()) if as_json else console.show_lines(told.lines())
    return DONE


@links.callback()
def links_summary(context: typer.Context, as_json: JsonOption = False, home: HomeOption = None) -> int:
    """Records by method and provider: the linkage rate. Counts only."""
    from orchestration import links as linked

    return DONE if context.invoked_subcommand else _told(linked.summary(_settings(home)), as_json=as_json)


@links.command("review")
def links_review(
    state: Annotated[str, typer.Option(help="waiting, linked or decided.")] = "waiting",
    show_identities: Annotated[
        bool, typer.Option("--show-identities", help="Print who they are; the look is logged.")
    ] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Pairs by opaque id, with the fields that agree and the weight; no values."""
    from orchestration import links as linked

    return _told(linked.review(_settings(home), state, show_identities=show_identities), as_json=as_json)


@links.command("decide")
def links_decide(
    pair: Annotated[str, typer.Argument(help="Id from 'phip links review'.")],
    by: Annotated[str, typer.Option(help="Who decides.")],
    why: Annotated[str, typer.Option(help="The reason, for whoever asks later.")],
    same: Annotated[bool | None, typer.Option("--same/--different", help="One person, or two.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Keep a decision on a pair: it is honoured by every later run."""
    from orchestration import links as linked

    return _told(linked.decide(_settings(home), pair, same=same, by=by, why=why), as_json=as_json)
