"""Pages of interrupted time series: what was seen against what was to be expected."""

from __future__ import annotations

from dashboards import formatting
from dashboards.analyses import Analysis, Estimate
from dashboards.blocks import Block, Heading
from dashboards.charts.forest import forest
from dashboards.charts.interrupted import interrupted
from dashboards.designs.view import View
from dbt_project.registry import Metric
from dbt_project.registry.plans import SeriesPlan

_RATIO = 1.0
_NOTE = (
    "Orange diamonds: the interval leaves no change out. The first row is what the plan asks for; at the pretended date"
    " nothing should be found."
)
_SOURCES = (
    ("Interrupted time series", "Bernal, Cummins, Gasparrini. Int J Epidemiol 2017;46:348-355"),
    ("Segmented regression", "Wagner et al. J Clin Pharm Ther 2002;27:299-309"),
    ("Interval with the AR coefficient integrated out", "Zellner, Tiao. J Am Stat Assoc 1964;59:763-778"),
    ("Months on either side", "Penfold, Zhang. Acad Pediatr 2013;13:S38-S44"),
)


def view(analysis: Analysis, plan: SeriesPlan, metric: Metric) -> View:
    """The page of an analysis of England's months."""
    nil = _RATIO if plan.model == "counts" else 0.0
    shown = analysis.is_shown
    return View(
        f"{metric.label}, as a ratio to what was to be expected" if plan.model == "counts" else metric.label,
        analysis.one("mean") if shown else None,
        nil,
        tuple(_chart(analysis, plan, metric)) if shown else (),
        _facts(analysis, plan),
        tuple(_beside(analysis, plan, metric, nil)) if shown else (),
        (
            (
                "Model",
                "Poisson with errors scaled by Pearson" if plan.model == "counts" else "errors of order one",
            ),
            ("Season", f"{plan.harmonics} pairs of sine and cosine a year"),
            ("Slope may change", "yes" if plan.slope_change else "no"),
            (
                "Not shown if",
                f"fewer than {plan.refuse.months_before_below} months before or {plan.refuse.months_after_below} after,"
                f" autocorrelation above {plan.refuse.autocorrelation_above:g}, or no convergence",
            ),
        ),
        _SOURCES,
    )


def _chart(analysis: Analysis, plan: SeriesPlan, metric: Metric) -> list[Block]:
    return [
        Heading("The estimate", "estimate"),
        interrupted(
            metric,
            analysis.of("observed"),
            analysis.of("fitted"),
            analysis.of("counterfactual"),
            figure_id="series",
            since=plan.since,
        ),
    ]


def _facts(analysis: Analysis, plan: SeriesPlan) -> tuple[tuple[str, str], ...]:
    first = analysis.first or plan.months.first
    last = f" to {formatting.period(analysis.last, 'month')}" if analysis.last else ""
    rows = [("Event", plan.event), ("Months", f"{formatting.period(first, 'month')}{last}")]
    if analysis.adopters is not None and analysis.others is not None:
        rows.append(
            ("Before and after", f"{analysis.others} months before, {analysis.adopters} from then on")
        )
    return tuple(rows)


def _beside(analysis: Analysis, plan: SeriesPlan, metric: Metric, nil: float) -> list[Block]:
    rows: list[tuple[str, Estimate]] = [("Averaged over the months from then on", analysis.one("mean"))]
    rows += [(f"The same by {each.label}", each) for each in analysis.of("beside")]
    rows += [("At once", each) for each in analysis.of("level")]
    rows += [("More each month", each) for each in analysis.of("slope")]
    rows += [
        (f"At a pretended date {plan.placebo_months} months before", each)
        for each in analysis.of("placebo_date")
    ]
    what = "ratio to what was to be expected" if nil else "difference from what was to be expected"
    return [
        Heading("The change, and where none should be", "change"),
        forest(
            metric,
            rows,
            figure_id="changes",
            title="The change at once, by month and on average",
            what=what,
            note=_NOTE,
            nil=nil,
        ),
    ]
