"""Pages of staggered adoption: the event study, other choices, placebos, and how far it can be trusted."""

from __future__ import annotations

from dashboards import formatting, wording
from dashboards.analyses import Analysis, Estimate
from dashboards.blocks import Block, Cell, Column, DataTable, Heading, Table
from dashboards.charts.event_study import between, event_study, quarters, signed
from dashboards.charts.forest import forest
from dashboards.designs.reporting import reporting
from dashboards.designs.view import View
from dashboards.site import Site
from dbt_project.registry import Metric
from dbt_project.registry.plans import Plan
from evaluation import p_values

_CHOICE_NOTE = (
    "Orange diamonds: the interval leaves no effect out. The first row is the estimate that the plan asks for; the"
    " others ask whether it hangs on one choice."
)
_PLACEBO_NOTE = (
    "Where nothing should be found. Of twenty such rows one would look like an effect by chance alone."
)
_SOURCES = (
    ("Effects by cohort and period", "Callaway, Sant'Anna. Journal of Econometrics 2021;225:200-230"),
    ("Doubly robust comparison", "Sant'Anna, Zhao. Journal of Econometrics 2020;219:101-122"),
    ("Why not two-way fixed effects", "Goodman-Bacon. Journal of Econometrics 2021;225:254-277"),
    ("Bands for all quarters at once", "Callaway, Sant'Anna 2021, algorithm 1: multiplier bootstrap"),
    ("Power of a test for trends", "Roth. AER: Insights 2022;4:305-322"),
    ("Bounds for bent trends", "Rambachan, Roth. Review of Economic Studies 2023;90:2555-2591"),
    ("Smallest effect that would be found", "Bloom. Evaluation Review 1995;19:547-556"),
    ("Several outcomes", "Holm. Scandinavian Journal of Statistics 1979;6:65-70"),
    ("Balance", "Austin. Statistics in Medicine 2009;28:3083-3107"),
)


def view(site: Site, analysis: Analysis, plan: Plan, metric: Metric) -> View:
    """The page of an analysis of staggered adoption."""
    chosen = plan.estimator
    shown = analysis.is_shown
    return View(
        metric.label,
        analysis.one("overall") if shown else None,
        0.0,
        tuple(_main_chart(analysis, plan, metric)) if shown else (),
        _facts(analysis, plan),
        (*(_beside(site, analysis, plan, metric) if shown else ()), *reporting(analysis, "Networks")),
        (
            (
                "Estimator",
                "Callaway and Sant'Anna, doubly robust, base: the last quarter before anticipation",
            ),
            ("Anticipation", f"{chosen.anticipation} quarters"),
            ("Smallest cohort", f"{chosen.least_cohort} networks"),
            ("Bootstrap", f"{chosen.draws} draws, clustered by network, seed {chosen.seed}"),
            ("Not shown if", _refusal(plan)),
        ),
        _SOURCES,
    )


def _main_chart(analysis: Analysis, plan: Plan, metric: Metric) -> list[Block]:
    return [
        Heading("The estimate", "estimate", _trends(analysis, plan)),
        event_study(
            metric, analysis.of("event"), figure_id="event-study", anticipation=plan.estimator.anticipation
        ),
    ]


def _facts(analysis: Analysis, plan: Plan) -> tuple[tuple[str, str], ...]:
    compared = (
        "networks that had not adopted yet"
        if plan.estimator.control == "not_yet_treated"
        else "never-adopters"
    )
    last = f" to {formatting.period(analysis.last, plan.period.grain)}" if analysis.last else ""
    rows = [
        ("Adoption", plan.treatment.description),
        (
            "Compared with",
            f"{compared}, alike in {', '.join(wording.COVARIATE[each] for each in plan.covariates)}",
        ),
        ("Periods", f"{formatting.period(analysis.first or plan.period.first, plan.period.grain)}{last}"),
    ]
    if analysis.adopters is not None and analysis.others is not None:
        least = analysis.one("detectable")
        rows += [
            ("Networks", f"{analysis.adopters:,} adopted in that time, {analysis.others:,} did not"),
            (
                "Smallest effect such data would show",
                f"{abs(least.value or 0):,.2f}, in four studies of five",
            ),
        ]
    return tuple(rows)


def _beside(site: Site, analysis: Analysis, plan: Plan, metric: Metric) -> list[Block]:
    choices = [
        ("As planned", analysis.one("overall")),
        (f"Mean of the {plan.estimator.after + 1} quarters from adoption", analysis.one("dynamic")),
        ("Shocks shared within a board", analysis.one("cluster")),
        ("Networks that reported every quarter", analysis.one("constant_reporters")),
        ("Without the others most exposed", analysis.one("neighbours")),
        *((wording.SUBGROUP[each.label], each) for each in analysis.of("subgroup")),
    ]
    placebos = [
        (f"Adoption pretended {quarters(each.position)}", each) for each in analysis.of("placebo_date")
    ] + [(_label(site, each.label), each) for each in analysis.of("placebo_outcome")]
    return [
        Heading("Does it hang on one choice?", "choice"),
        forest(
            metric,
            choices,
            figure_id="choices",
            title=_choice_title(choices),
            what="effect on adopters under each choice",
            note=_CHOICE_NOTE,
        ),
        Heading("Where nothing should be found", "nothing"),
        forest(
            metric,
            placebos,
            figure_id="placebos",
            title=f"{sum(each.is_told_from(0.0) for _, each in placebos)} of {len(placebos)} checks find an effect that"
            " cannot be one",
            what="and what adoption cannot move",
            note=_PLACEBO_NOTE,
        ),
        _outcomes(site, analysis, metric),
        Heading("How far it can be trusted", "trust"),
        _bent(analysis),
        _left_out(site, analysis, plan),
        _balance(analysis, metric),
        _cohorts(analysis, plan),
    ]


def _choice_title(choices: list[tuple[str, Estimate]]) -> str:
    known = [each.value for _, each in choices if each.value is not None]
    return f"Under {len(known)} choices the effect lies between {signed(min(known))} and {signed(max(known))}"


def _trends(analysis: Analysis, plan: Plan) -> str:
    joint, least = analysis.one("pretrend"), plan.refuse.pretrend_p_below
    return (
        f"Before adoption the two groups moved alike as far as {joint.units or 0} quarters can tell (joint test,"
        f" {_equation(joint.p)}; below {least:g} nothing would be shown). Not rejecting is not proof."
    )


def _equation(p: float | None) -> str:
    return "p is not known" if p is None else p_values.equation(p)


def _label(site: Site, metric_id: str) -> str:
    metric = site.metric(metric_id)
    return metric.label if metric else metric_id


def _outcomes(site: Site, analysis: Analysis, metric: Metric) -> DataTable:
    both = [(metric.label, analysis.one("overall"))]
    both += [(_label(site, each.label), each) for each in analysis.of("secondary")]
    rows = tuple(
        (
            Cell(name),
            Cell(signed(each.value), each.value),
            Cell(between(each.lower, each.upper)),
            _p(each.p),
            _p(each.p_adjusted),
        )
        for name, each in both
    )
    columns = (
        Column("Outcome"),
        Column("Effect", True),
        Column(wording.INTERVAL_NAME, True),
        Column("p", True),
        Column("p for all together (Holm)", True),
    )
    caption = "Effect on each outcome of the plan"
    return DataTable("outcomes", "Other outcomes", Table(caption, columns, rows), level=3)


def _p(value: float | None) -> Cell:
    return Cell(wording.NOTHING) if value is None else Cell(formatting.p_value(value), value)


def _bent(analysis: Analysis) -> DataTable:
    rows = tuple(
        (Cell(f"{each.position or 0:.2f}", each.position), Cell(between(each.lower, each.upper)))
        for each in analysis.of("smoothness")
    )
    columns = (Column("Trends may bend by, each quarter"), Column(wording.INTERVAL_NAME, True))
    least = analysis.one("breakdown").value
    reach = (
        "Even straight trends that only differ in slope leave no effect within the interval."
        if least == 0
        else f"The interval holds no effect once trends may bend by {least:.2f} each quarter."
        if least is not None and least != float("inf")
        else "No bend of the table brings the interval to no effect."
    )
    return DataTable(
        "bent-trends",
        "If trends had not stayed alike",
        Table(
            "Interval of the mean effect when the difference in trends may change its slope", columns, rows
        ),
        intro=reach,
        level=3,
    )


def _left_out(site: Site, analysis: Analysis, plan: Plan) -> DataTable:
    grain = plan.period.grain
    boards = {board.code: board.name for board in site.boards}
    both = [
        (f"Adopters of {formatting.period(each.cohort, grain)}", each)
        for each in analysis.of("leave_cohort")
        if each.cohort
    ]
    both += [(boards.get(each.label, each.label), each) for each in analysis.of("leave_icb")]
    values = [each.value for _, each in both if each.value is not None]
    rows = tuple(
        (Cell(name), Cell(signed(each.value), each.value), Cell(between(each.lower, each.upper)))
        for name, each in both
    )
    columns = (Column("Without"), Column("Effect", True), Column(wording.INTERVAL_NAME, True))
    return DataTable(
        "left-out",
        f"Without any one cohort or board: {signed(min(values))} to {signed(max(values))}",
        Table("The effect without one cohort of adopters, or without one board", columns, rows),
        level=3,
        folded=True,
    )


def _balance(analysis: Analysis, metric: Metric) -> DataTable:
    rows = tuple(
        (
            Cell(
                metric.label if each.variable == "outcome" else wording.COVARIATE[each.variable].capitalize()
            ),
            Cell(signed(each.difference), each.difference),
        )
        for each in analysis.balance
    )
    columns = (Column("Before anything happened"), Column("Difference in standard deviations", True))
    return DataTable(
        "balance",
        "Adopters and others before",
        Table("How unlike adopters and never-adopters were in the first quarter", columns, rows),
        intro="Above 0.1 either way is worth a look; the comparison allows for the first three.",
        level=3,
    )


def _cohorts(analysis: Analysis, plan: Plan) -> DataTable:
    rows: list[tuple[Cell, ...]] = []
    for each in analysis.of("cohort"):
        if each.cohort is None or each.lower is None:
            continue
        rows.append(
            (
                Cell(formatting.period(each.cohort, plan.period.grain)),
                Cell(f"{each.units or 0:,}", each.units),
                Cell(quarters(each.position).capitalize()),
                Cell(signed(each.value), each.value),
                Cell(between(each.lower, each.upper)),
            )
        )
    columns = (
        Column("Adopted in", whole=True),
        Column("Networks", True),
        Column("Quarter", whole=True),
        Column("Difference", True),
        Column(wording.INTERVAL_NAME, True),
    )
    return DataTable(
        "cohorts",
        "Every cohort by itself",
        Table("Difference from networks not yet adopting, by cohort and quarter", columns, tuple(rows)),
        level=3,
        folded=True,
    )


def _refusal(plan: Plan) -> str:
    rule = plan.refuse
    return (
        f"trends before adoption differ (p below {rule.pretrend_p_below:g}), a pretended adoption shows an effect"
        f" (p below {rule.placebo_date_p_below:g}), fewer than {rule.adopters_below} networks adopted, or less than"
        f" {rule.reporting_share_below:.0%} reported in a quarter"
    )
