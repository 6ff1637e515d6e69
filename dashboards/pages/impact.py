"""Did the programme cause it? Every analysis plan: what it asks, how it stands and what came of it."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards import formatting, wording
from dashboards.analyses import Analysis
from dashboards.blocks import Block, Cell, Column, DataTable, Facts, Heading, Notice, Page, Table
from dashboards.charts.forest import reaching, written
from dashboards.designs import adoption, applicants, board, dose, series
from dashboards.designs.view import View
from dashboards.pages import Nav
from dashboards.site import Site
from dbt_project.registry import Metric
from dbt_project.registry.plans import ApplicantsPlan, BoardPlan, DosePlan, SeriesPlan

NAV = Nav(5, "Impact", "impact.html")
_FOLDER = "impact"


def pages(site: Site) -> Iterator[Page]:
    """The list of analyses, and a page for each."""
    yield _list(site)
    for analysis in site.analyses:
        metric = site.metric(analysis.plan.outcome)
        if metric is not None:
            yield _page(site, analysis, metric)


def path_of(analysis: Analysis) -> str:
    """The page of an analysis."""
    return f"{_FOLDER}/{formatting.slug(analysis.plan.id)}.html"


def answer(site: Site, analysis: Analysis, metric: Metric) -> str:
    """What came of an analysis, in one sentence that never says more than its interval."""
    if analysis.status == "awaiting_lock":
        return "Not run: the plan is not locked yet, and its outcome stays unread until it is."
    view = view_of(site, analysis, metric)
    if view.main is None:
        return f"No estimate is shown. {analysis.refused[0]}"
    main, nil = view.main, view.nil
    shown = f"{written(main.value, nil)} ({wording.INTERVAL_NAME} {reaching(main, nil)})"
    more = "More than without it" if (main.value or 0) > nil else "Less than without it"
    said = more if main.is_told_from(nil) else "No effect can be told from none"
    first = "" if analysis.status == "published" else "Exploratory: "
    return f"{first}{said if not first else said[:1].lower() + said[1:]}. {view.what}: {shown}."


def view_of(site: Site, analysis: Analysis, metric: Metric) -> View:
    """What the design of an analysis offers to pages."""
    plan = analysis.plan
    if isinstance(plan, SeriesPlan):
        return series.view(analysis, plan, metric)
    if isinstance(plan, ApplicantsPlan):
        return applicants.view(analysis, plan, metric)
    if isinstance(plan, BoardPlan):
        return board.view(site, analysis, plan, metric)
    if isinstance(plan, DosePlan):
        return dose.view(site, analysis, plan, metric)
    return adoption.view(site, analysis, plan, metric)


def _list(site: Site) -> Page:
    found = site.analyses
    rows = tuple(
        (
            Cell(each.plan.question, href=path_of(each)),
            Cell(wording.ANALYSIS_STATUS[each.status], tone=wording.ANALYSIS_TONE[each.status]),
            Cell(answer(site, each, metric)),
        )
        for each in found
        if (metric := site.metric(each.plan.outcome)) is not None
    )
    columns = (Column("Question"), Column("Standing", whole=True), Column("What came of it"))
    blocks: list[Block] = [
        Notice(
            "A figure that rises after training began would perhaps have risen without it. An analysis compares places"
            " that had the programme with places that had it later, by a plan that was fixed before the outcome was"
            " read."
        ),
        DataTable("analyses", "Analyses", Table("Questions of cause, and how each stands", columns, rows))
        if rows
        else Notice(
            "This release holds no analysis: it shows the past, or it was made before there were plans."
        ),
        Heading("How to read an estimate", "reading"),
        Facts(
            (
                (
                    "Estimate",
                    "Its plan was locked before the outcome was read, and it passed what the plan asks of it.",
                ),
                ("Exploratory", "The plan was not locked, or changed, or locked after the outcome was read."),
                (
                    "Refused",
                    "The plan itself says that such an estimate is not to be shown, and the page says why.",
                ),
            )
        ),
    ]
    shown = sum(each.is_shown for each in found)
    message = (
        f"{shown} of {len(found)} questions of cause {'has' if shown == 1 else 'have'} an estimate that may be shown."
        if found
        else "No question of cause is answered in this release."
    )
    return Page(NAV.path, "Did the programme cause it?", message, blocks, nav=NAV.path)


def _page(site: Site, analysis: Analysis, metric: Metric) -> Page:
    view = view_of(site, analysis, metric)
    facts = [("Question", analysis.plan.question), ("Why it is asked", analysis.plan.why)]
    facts += [("Outcome", f"{metric.label}: {metric.description}"), *view.facts]
    facts += [("Left out, or not as planned", text) for text in analysis.deviations]
    facts += [("The estimator remarked", text) for text in analysis.remarks]
    blocks: list[Block] = [
        *(Notice(text) for text in _warnings(analysis)),
        *view.chart,
        Facts(tuple(facts), "What was compared", "design"),
        *view.beside,
        *_plan(analysis, view),
    ]
    return Page(path_of(analysis), analysis.plan.title, answer(site, analysis, metric), blocks, nav=NAV.path)


def _warnings(analysis: Analysis) -> tuple[str, ...]:
    said: list[str] = []
    if analysis.status == "refused":
        said.append("The plan says that this estimate is not to be shown. " + " ".join(analysis.refused))
    if analysis.remark:
        said.append(f"This is exploratory. {analysis.remark}")
    return tuple(said)


def _plan(analysis: Analysis, view: View) -> list[Block]:
    plan = analysis.plan
    locked = (
        f"on {formatting.day(analysis.locked_on)} by {analysis.locked_by}"
        if analysis.locked_on
        else "not locked"
    )
    rows = (
        ("Locked", locked),
        ("Hash of the plan", analysis.plan_hash),
        *view.methods,
        ("Computed by", f"{analysis.engine}; figures {analysis.figures_version[:12]}"),
        ("Owner", plan.owner),
    )
    sources = tuple((Cell(name), Cell(text)) for name, text in view.sources)
    assumptions = tuple((Cell(text),) for text in plan.assumptions)
    columns = (Column("What"), Column("Source"))
    return [
        Heading("What must hold", "assumptions"),
        DataTable(
            "assumption-list",
            "",
            Table("Assumptions of the plan", (Column("Assumption"),), assumptions),
            level=3,
            csv=False,
        ),
        Facts(rows, "How it was done", "methods"),
        DataTable(
            "sources",
            "Sources of the methods",
            Table("Methods that ran", columns, sources),
            level=3,
            folded=True,
        ),
    ]
