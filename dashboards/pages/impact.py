"""Did the programme cause it? Every analysis plan: what it asks, how it stands and what came of it."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards import formatting, wording
from dashboards.analyses import Analysis, Estimate
from dashboards.blocks import Block, Cell, Column, DataTable, Facts, Heading, Notice, Page, Table
from dashboards.charts.event_study import between, event_study, quarters, signed
from dashboards.charts.forest import forest
from dashboards.pages import Nav
from dashboards.site import Site
from dbt_project.registry import Metric

NAV = Nav(5, "Impact", "impact.html")
_FOLDER = "impact"
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


def answer(analysis: Analysis, metric: Metric) -> str:
    """What came of an analysis, in one sentence that never says more than its interval."""
    if analysis.status == "awaiting_lock":
        return "Not run: the plan is not locked yet, and its outcome stays unread until it is."
    if not analysis.is_shown:
        return f"No estimate is shown. {analysis.refused[0]}"
    main = analysis.one("overall")
    shown = f"{signed(main.value)} ({wording.INTERVAL_NAME} {between(main.lower, main.upper)})"
    more = "more than without it" if (main.value or 0) > 0 else "less than without it"
    said = more if main.is_told_from_nil else "no effect can be told from none"
    said = said.capitalize() if analysis.status == "published" else f"Exploratory: {said}"
    return f"{said}. {metric.label}: {shown}."


def _list(site: Site) -> Page:
    found = site.analyses
    rows = tuple(
        (
            Cell(each.plan.question, href=path_of(each)),
            Cell(wording.ANALYSIS_STATUS[each.status], tone=wording.ANALYSIS_TONE[each.status]),
            Cell(answer(each, metric)),
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
    blocks: list[Block] = [Notice(text) for text in _warnings(analysis)]
    if analysis.is_shown:
        blocks += _main_chart(analysis, metric)
    blocks.append(Facts(_design(analysis, metric), "What was compared", "design"))
    if analysis.is_shown:
        blocks += _beside(site, analysis, metric)
    if analysis.reporting:
        blocks.append(_reporting(analysis))
    blocks += _plan(analysis)
    return Page(path_of(analysis), analysis.plan.title, answer(analysis, metric), blocks, nav=NAV.path)


def _warnings(analysis: Analysis) -> tuple[str, ...]:
    said: list[str] = []
    if analysis.status == "refused":
        said.append("The plan says that this estimate is not to be shown. " + " ".join(analysis.refused))
    if analysis.remark:
        said.append(f"This is exploratory. {analysis.remark}")
    return tuple(said)


def _design(analysis: Analysis, metric: Metric) -> tuple[tuple[str, str], ...]:
    plan = analysis.plan
    compared = (
        "networks that had not adopted yet"
        if plan.estimator.control == "not_yet_treated"
        else "never-adopters"
    )
    last = f" to {formatting.period(analysis.last, plan.period.grain)}" if analysis.last else ""
    rows = [
        ("Question", plan.question),
        ("Why it is asked", plan.why),
        ("Outcome", f"{metric.label}: {metric.description}"),
        ("Adoption", plan.treatment.description),
        (
            "Compared with",
            f"{compared}, alike in {', '.join(wording.COVARIATE[each] for each in plan.covariates)}",
        ),
        ("Periods", f"{formatting.period(analysis.first, plan.period.grain)}{last}"),
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
    rows += [("Left out, or not as planned", text) for text in analysis.deviations]
    rows += [("The estimator remarked", text) for text in analysis.remarks]
    return tuple(rows)


def _main_chart(analysis: Analysis, metric: Metric) -> list[Block]:
    lead = analysis.plan.estimator.anticipation
    return [
        Heading("The estimate", "estimate", _trends(analysis)),
        event_study(metric, analysis.of("event"), figure_id="event-study", anticipation=lead),
    ]


def _beside(site: Site, analysis: Analysis, metric: Metric) -> list[Block]:
    plan = analysis.plan
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
            title=f"{sum(each.is_told_from_nil for _, each in placebos)} of {len(placebos)} checks find an effect that"
            " cannot be one",
            what="and what adoption cannot move",
            note=_PLACEBO_NOTE,
        ),
        _outcomes(site, analysis, metric),
        Heading("How far it can be trusted", "trust"),
        _bent(analysis),
        _left_out(site, analysis),
        _balance(analysis, metric),
        _cohorts(analysis),
    ]


def _choice_title(choices: list[tuple[str, Estimate]]) -> str:
    known = [each.value for _, each in choices if each.value is not None]
    return f"Under {len(known)} choices the effect lies between {signed(min(known))} and {signed(max(known))}"


def _trends(analysis: Analysis) -> str:
    joint, least = analysis.one("pretrend"), analysis.plan.refuse.pretrend_p_below
    return (
        f"Before adoption the two groups moved alike as far as {joint.units or 0} quarters can tell (joint test,"
        f" p {_equals(joint.p)}; below {least:g} nothing would be shown). Not rejecting is not proof."
    )


def _equals(p: float | None) -> str:
    if p is None:
        return "is not known"
    text = formatting.p_value(p)
    return text if text.startswith("below") else f"= {text}"


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


def _left_out(site: Site, analysis: Analysis) -> DataTable:
    grain = analysis.plan.period.grain
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


def _cohorts(analysis: Analysis) -> DataTable:
    rows: list[tuple[Cell, ...]] = []
    for each in analysis.of("cohort"):
        if each.cohort is None or each.lower is None:
            continue
        rows.append(
            (
                Cell(formatting.period(each.cohort, analysis.plan.period.grain)),
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


def _reporting(analysis: Analysis) -> DataTable:
    rows = tuple(
        (
            Cell(formatting.period(each.period, analysis.plan.period.grain)),
            Cell(f"{each.observed:,}", each.observed),
            Cell(f"{each.units:,}", each.units),
        )
        for each in analysis.reporting
    )
    columns = (Column("Quarter", whole=True), Column("Reported the outcome", True), Column("Networks", True))
    least = min(analysis.reporting, key=lambda each: each.observed / each.units)
    when = formatting.period(least.period, analysis.plan.period.grain)
    return DataTable(
        "reporting",
        f"Who reported: at least {least.observed:,} of {least.units:,} networks, in {when}",
        Table("Networks whose outcome is known, by quarter", columns, rows),
        folded=True,
    )


def _plan(analysis: Analysis) -> list[Block]:
    plan, chosen = analysis.plan, analysis.plan.estimator
    locked = (
        f"on {formatting.day(analysis.locked_on)} by {analysis.locked_by}"
        if analysis.locked_on
        else "not locked"
    )
    rows = (
        ("Locked", locked),
        ("Hash of the plan", analysis.plan_hash),
        ("Estimator", "Callaway and Sant'Anna, doubly robust, base: the last quarter before anticipation"),
        ("Anticipation", f"{chosen.anticipation} quarters"),
        ("Smallest cohort", f"{chosen.least_cohort} networks"),
        ("Bootstrap", f"{chosen.draws} draws, clustered by network, seed {chosen.seed}"),
        ("Not shown if", _refusal(analysis)),
        ("Computed by", f"{analysis.engine}; figures {analysis.figures_version[:12]}"),
        ("Owner", plan.owner),
    )
    sources = tuple((Cell(name), Cell(text)) for name, text in _SOURCES)
    columns = (Column("What"), Column("Source"))
    return [
        Heading("What must hold", "assumptions"),
        DataTable(
            "assumption-list",
            "",
            Table(
                "Assumptions of the plan",
                (Column("Assumption"),),
                tuple((Cell(text),) for text in plan.assumptions),
            ),
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


def _refusal(analysis: Analysis) -> str:
    rule = analysis.plan.refuse
    return (
        f"trends before adoption differ (p below {rule.pretrend_p_below:g}), a pretended adoption shows an effect"
        f" (p below {rule.placebo_date_p_below:g}), fewer than {rule.adopters_below} networks adopted, or less than"
        f" {rule.reporting_share_below:.0%} reported in a quarter"
    )
