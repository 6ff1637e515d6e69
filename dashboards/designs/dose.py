"""Pages of dose response: networks by how many prescribers they got, against networks that got none."""

from __future__ import annotations

from dashboards import formatting, wording
from dashboards.analyses import Analysis, Estimate
from dashboards.blocks import Block, Cell, Column, DataTable, Heading, Notice, Table
from dashboards.charts.dose import dose_curve
from dashboards.charts.event_study import between, signed
from dashboards.charts.forest import forest
from dashboards.designs.reporting import reporting
from dashboards.designs.view import View
from dashboards.site import Site
from dbt_project.registry import Metric
from dbt_project.registry.plans import DosePlan
from evaluation import p_values
from evaluation.dose_response import CHOSEN

_NOTE = (
    "Orange diamonds: the interval leaves no effect out. The first row is the estimate that the plan asks for. A"
    " difference between bands, or between early and late adopters, may come of who they are."
)
_SOURCES = (
    ("Differences from the never-adopters", "Callaway, Sant'Anna. Journal of Econometrics 2021;225:200-230"),
    (
        "What a dose does and does not show",
        "Callaway, Goodman-Bacon, Sant'Anna. NBER working paper 32117, 2024",
    ),
    ("Why no regression on dose", "de Chaisemartin, D'Haultfoeuille. Am Econ Rev 2020;110:2964-2996"),
    ("Smallest effect that would be found", "Bloom. Evaluation Review 1995;19:547-556"),
)


def view(site: Site, analysis: Analysis, plan: DosePlan, metric: Metric) -> View:
    """The page of an analysis of doses."""
    shown = analysis.is_shown
    rule = plan.refuse
    return View(
        f"{metric.label}, for one more prescriber per {_per(plan)}",
        analysis.one("per_dose") if shown else None,
        0.0,
        tuple(_chart(analysis, plan, metric)) if shown else (),
        _facts(analysis, plan),
        (*(_beside(site, analysis, metric) if shown else ()), *reporting(analysis, "Networks")),
        (
            (
                "Estimator",
                f"mean of the {plan.window.after + 1} quarters from adoption less the last before anticipation; from it"
                " the same change of the never-adopters; averaged over each band",
            ),
            ("Anticipation", f"{plan.window.anticipation} quarters"),
            (
                "Bands begin at",
                ", ".join(f"{edge:g}" for edge in plan.dose.edges) + f" prescribers per {_per(plan)}",
            ),
            ("Errors", "clustered by board, t with one degree of freedom fewer than boards"),
            (
                "Not shown if",
                f"trends before adoption differ (p below {rule.placebo_p_below:g}), fewer than {rule.adopters_below}"
                f" adopters, {rule.never_below} never-adopters or {rule.band_below} networks in a band can be compared,"
                f" or less than {rule.reporting_share_below:.0%} reported in a quarter",
            ),
        ),
        _SOURCES,
    )


def _per(plan: DosePlan) -> str:
    return f"{plan.dose.per_patients:,} patients"


def _chart(analysis: Analysis, plan: DosePlan, metric: Metric) -> list[Block]:
    placebo = analysis.one("placebo")
    alike = "p is not known" if placebo.p is None else p_values.equation(placebo.p)
    trends = (
        f"Before adoption the networks of every dose moved like the others as far as can be told (joint test, {alike};"
        f" below {plan.refuse.placebo_p_below:g} nothing would be shown). Not rejecting is not proof."
    )
    return [
        Heading("The estimate", "estimate", trends),
        dose_curve(metric, analysis.of("band"), analysis.of("line"), per=_per(plan)),
        Notice(CHOSEN),
    ]


def _facts(analysis: Analysis, plan: DosePlan) -> tuple[tuple[str, str], ...]:
    last = f" to {formatting.period(analysis.last, plan.period.grain)}" if analysis.last else ""
    rows = [
        ("Adoption", plan.treatment.description),
        (
            "Dose",
            f"funded prescribers in post in the quarter of adoption or the {plan.dose.quarters - 1} after it, per"
            f" {_per(plan)} registered at the start",
        ),
        ("Periods", f"{formatting.period(analysis.first or plan.period.first, plan.period.grain)}{last}"),
    ]
    if analysis.adopters is not None and analysis.others is not None:
        least = analysis.one("detectable")
        rows += [
            ("Networks", f"{analysis.adopters:,} that adopted, {analysis.others:,} that never did"),
            (
                "Smallest effect such data would show",
                f"{abs(least.value or 0):,.2f}, in four studies of five",
            ),
        ]
    return tuple(rows)


def _beside(site: Site, analysis: Analysis, metric: Metric) -> list[Block]:
    choices: list[tuple[str, Estimate]] = [("One more, as planned", analysis.one("per_dose"))]
    for part, words in (
        ("cluster", "Clustered by network"),
        ("highest_less_lowest", "Highest band of dose less lowest"),
        ("early_less_late", "Early adopters less late ones"),
    ):
        choices += [(words, each) for each in analysis.of(part)]
    return [
        Heading("Does it hang on one choice?", "choice"),
        forest(
            metric,
            choices,
            figure_id="choices",
            title="The line, and how bands and cohorts differ",
            what="effect on adopters",
            note=_NOTE,
        ),
        Heading("How far it can be trusted", "trust", _line(analysis)),
        _before(analysis),
        _left_out(site, analysis),
    ]


def _line(analysis: Analysis) -> str:
    for each in analysis.of("linear"):
        if each.p is not None:
            return f"Whether the bands lie on one line: {p_values.equation(each.p)}; a small p says that they do not."
    return "With one band there is no line to test."


def _before(analysis: Analysis) -> DataTable:
    rows = tuple(
        (
            Cell(each.label),
            Cell(f"{each.units or 0:,}", each.units),
            Cell(signed(each.value), each.value),
            Cell(f"{each.se or 0:.2f}", each.se),
        )
        for each in analysis.of("placebo_band")
    )
    columns = (
        Column("Dose", whole=True),
        Column("Networks", True),
        Column("Change before adoption", True),
        Column("Standard error", True),
    )
    return DataTable(
        "before",
        "Before adoption, where nothing should be found",
        Table("Change before adoption less that of the never-adopters, by band of dose", columns, rows),
        level=3,
    )


def _left_out(site: Site, analysis: Analysis) -> DataTable:
    names = {board.code: formatting.short_name(board) for board in site.boards}
    left = analysis.of("leave_icb")
    values = [each.value for each in left if each.value is not None]
    rows = tuple(
        (
            Cell(names.get(each.label, each.label)),
            Cell(signed(each.value), each.value),
            Cell(between(each.lower, each.upper)),
        )
        for each in left
    )
    columns = (Column("Without"), Column("Effect", True), Column(wording.INTERVAL_NAME, True))
    return DataTable(
        "left-out",
        f"Without any one board: {signed(min(values))} to {signed(max(values))}",
        Table("The effect of one more prescriber, without one board", columns, rows),
        level=3,
        folded=True,
    )
