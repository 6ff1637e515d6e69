"""Pages of capacity-rationed applicants: people offered a place against people refused for want of room."""

from __future__ import annotations

from dashboards import formatting
from dashboards.analyses import Analysis, Estimate
from dashboards.blocks import Block, Cell, Column, DataTable, Heading, Table
from dashboards.charts.event_study import signed
from dashboards.charts.forest import forest
from dashboards.designs.view import View
from dbt_project.registry import Metric
from dbt_project.registry.plans import ApplicantsPlan

_DAYS_OF_MONTH = 365.25 / 12
_NAMES = {
    "place": "Effect of the place",
    "place_adjusted": "The same at equal covariates",
    "offer": "Effect of the offer",
    "offer_adjusted": "The same at equal covariates, of the offer",
    "take_up": "Effect of the offer on starting",
}
_NOTE = (
    "Differences of shares: a tenth is ten more in a hundred. Orange diamonds: the interval leaves no effect out. The"
    " place works for those who start because of the offer."
)
_SOURCES = (
    ("Effect of the place", "Angrist, Imbens, Rubin. J Am Stat Assoc 1996;91:444-455"),
    ("Interval however weak the offer", "Anderson, Rubin. Ann Math Stat 1949;20:46-63"),
    ("Clustered errors with few clusters", "Pustejovsky, Tipton. J Bus Econ Stat 2018;36:672-683"),
    ("Strength of the offer", "Staiger, Stock. Econometrica 1997;65:557-586"),
    ("Balance", "Austin. Statistics in Medicine 2009;28:3083-3107"),
)


def view(analysis: Analysis, plan: ApplicantsPlan, metric: Metric) -> View:
    """The page of an analysis of people offered or refused a place."""
    shown = analysis.is_shown
    rule = plan.refuse
    return View(
        f"Share annotated within {_months(plan)} of applying",
        analysis.one("place") if shown else None,
        0.0,
        tuple(_chart(analysis, plan, metric)) if shown else (),
        _facts(analysis, plan),
        tuple(_balance(analysis)) if shown else (),
        (
            ("Compared within", "one provider and quarter of application, weighted by both sides"),
            ("Errors", "clustered by provider (CR2), t with Satterthwaite's degrees of freedom"),
            ("Followed for", f"{_months(plan)} from the application"),
            (
                "Not shown if",
                f"fewer than {rule.refused_below} people were refused, the offer hardly changes who starts (F below"
                f" {rule.first_stage_f_below:g}), or both sides differ by more than {rule.imbalance_above:g} standard"
                " deviations",
            ),
        ),
        _SOURCES,
    )


def _months(plan: ApplicantsPlan) -> str:
    return f"{round(plan.within_days / _DAYS_OF_MONTH)} months"


def _chart(analysis: Analysis, plan: ApplicantsPlan, metric: Metric) -> list[Block]:
    rows: list[tuple[str, Estimate]] = [
        (words, each) for part, words in _NAMES.items() for each in analysis.of(part)
    ]
    return [
        Heading("The estimate", "estimate"),
        forest(
            metric,
            rows,
            figure_id="effects",
            title="What an offer and a place add",
            what=f"share annotated within {_months(plan)} of applying",
            note=_NOTE,
        ),
    ]


def _facts(analysis: Analysis, plan: ApplicantsPlan) -> tuple[tuple[str, str], ...]:
    rows = [
        ("Compared", plan.treatment),
        (
            "Counts as outcome",
            f"annotated on the register within {_months(plan)} of applying, by any route",
        ),
        ("Applications", f"from {formatting.period(plan.first, 'month')} on, followed for long enough"),
    ]
    if analysis.adopters is not None and analysis.others is not None:
        rows.append(
            ("People", f"{analysis.adopters:,} offered a place, {analysis.others:,} refused for want of room")
        )
    return tuple(rows)


def _balance(analysis: Analysis) -> list[Block]:
    rows = tuple(
        (Cell(each.variable.replace("_", " ").capitalize()), Cell(signed(each.difference), each.difference))
        for each in analysis.balance
    )
    columns = (Column("Before the answer"), Column("Difference in standard deviations", True))
    return [
        Heading("How far it can be trusted", "trust"),
        DataTable(
            "balance",
            "People offered and people refused",
            Table("How unlike people offered a place and people refused were", columns, rows),
            intro="Within one provider and quarter; above 0.1 either way is worth a look.",
            level=3,
        ),
    ]
