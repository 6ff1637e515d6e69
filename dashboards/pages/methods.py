"""The methods of a release: every analysis that ran and how, every formula in use, and where it is from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dashboards import figure_methods, formatting, wording
from dashboards.blocks import Block, Cell, Column, DataTable, Facts, Notice, Page, Table
from dashboards.figure_methods import Method, methods_of
from dashboards.pages.impact import NAV as IMPACT
from dashboards.pages.impact import view_of
from dashboards.present_value import present_values
from dashboards.site import Site

PATH = "methods.html"
_COLUMNS = (Column("What"), Column("How"), Column("Source"), Column("Used for"))


def pages(site: Site) -> Iterator[Page]:
    """The one page of methods; what this release does not use is not on it."""
    used = _used(site)
    ran = sum(analysis.status != "awaiting_lock" for analysis in site.analyses)
    blocks: list[Block] = [
        Notice(
            "This page is made from the plans, figures and charts of this release: what is not used is not listed."
        ),
        *_analyses(site),
        *_sources(site),
        DataTable(
            "figure-methods",
            "Figures, intervals and limits",
            Table("How figures are computed, and the source of each formula", _COLUMNS, tuple(_rows(used))),
            csv=False,
        ),
        _software(site),
    ]
    message = f"{ran} analyses ran, and figures rest on {len(used)} formulas beyond counting and dividing."
    yield Page(
        PATH, "How everything here is computed", message, blocks, nav=IMPACT.path, caption="Methods appendix"
    )


def _analyses(site: Site) -> list[Block]:
    """Every plan with the choices that it ran with; a plan that is not locked has not run."""
    blocks: list[Block] = []
    for analysis in site.analyses:
        metric = site.metric(analysis.plan.outcome)
        if metric is None or analysis.status == "awaiting_lock":
            continue
        rows = (
            ("Question", analysis.plan.question),
            ("Outcome", metric.label),
            ("Standing", wording.ANALYSIS_STATUS[analysis.status]),
            ("Locked", f"on {formatting.day(analysis.locked_on)} by {analysis.locked_by}"),
            ("Hash of the plan", analysis.plan_hash),
            *view_of(site, analysis, metric).methods,
            ("Computed by", f"{analysis.engine}; figures {analysis.figures_version[:12]}"),
        )
        blocks.append(Facts(rows, analysis.plan.title, f"plan-{formatting.slug(analysis.plan.id)}"))
    return blocks


def _sources(site: Site) -> list[Block]:
    """The sources of the methods of analyses that ran, each once, with the analyses that rest on it."""
    resting: dict[tuple[str, str], list[str]] = {}
    for analysis in site.analyses:
        metric = site.metric(analysis.plan.outcome)
        if metric is not None and analysis.status != "awaiting_lock":
            for source in view_of(site, analysis, metric).sources:
                resting.setdefault(source, []).append(analysis.plan.title)
    rows = tuple(
        (Cell(what), Cell(text), Cell("; ".join(titles))) for (what, text), titles in resting.items()
    )
    columns = (Column("What"), Column("Source"), Column("Used for"))
    if not rows:
        return []
    caption = "Methods of the analyses, and the source of each"
    return [
        DataTable("analysis-sources", "Sources of the analyses", Table(caption, columns, rows), csv=False)
    ]


def _used(site: Site) -> dict[Method, list[str]]:
    """Each method that something in this release rests on, and what does."""
    found: dict[Method, list[str]] = {}
    published = set(site.inputs.metric_value["metric_id"]) | set(site.inputs.metric_breakdown["metric_id"])
    for metric in site.inputs.metrics.values():
        for method in methods_of(metric) if metric.id in published else ():
            found.setdefault(method, []).append(metric.label)
    charted = (
        (site.inputs.network_funnel, figure_methods.FUNNEL, "Networks of a board"),
        (site.inputs.control_chart, (figure_methods.CONTROL,), "England by month"),
        (
            site.inputs.time_curve,
            (figure_methods.CURVE,),
            "Curves of the time to pass, to a post and in post",
        ),
        (site.inputs.time_test, (figure_methods.LOG_RANK,), "Financial years, sectors and regions"),
    )
    for frame, methods, where in charted:
        for method in methods if len(frame) else ():
            found.setdefault(method, []).append(where)
    for metric in site.inputs.metrics.values():
        if any(year.discounted_cost is not None for year in present_values(site, metric)):
            found.setdefault(figure_methods.DISCOUNTING, []).append(f"{metric.label}, in present value")
    return found


def _rows(used: dict[Method, list[str]]) -> Iterable[tuple[Cell, ...]]:
    for method, places in used.items():
        yield (Cell(method.what), Cell(method.formula), Cell(method.source), Cell("; ".join(places)))


def _software(site: Site) -> Facts:
    release = site.release
    engines = dict.fromkeys(analysis.engine for analysis in site.analyses if analysis.engine)
    rows = (
        ("Release", release.release_id),
        ("Code", release.code_version),
        *(("Libraries", each) for each in engines),
    )
    return Facts(rows, "Software", "software")
