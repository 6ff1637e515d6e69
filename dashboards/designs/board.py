"""Pages of synthetic control: one board against the mix of others that it went along with."""

from __future__ import annotations

from datetime import date

from dashboards import formatting
from dashboards.analyses import Analysis
from dashboards.blocks import Block, Cell, Column, DataTable, Facts, Heading, Table
from dashboards.charts.board import against_mix, gaps, ratios
from dashboards.charts.event_study import quarters, signed
from dashboards.designs.reporting import reporting
from dashboards.designs.view import View
from dashboards.site import Site
from dbt_project.registry import Metric
from dbt_project.registry.plans import BoardPlan
from evaluation import p_values

_SOURCES = (
    ("Synthetic control", "Abadie, Diamond, Hainmueller. J Am Stat Assoc 2010;105:493-505"),
    ("What must be shown, and when not to use it", "Abadie. J Econ Lit 2021;59:391-425"),
    ("All outcomes before, no search for predictors", "Kaul et al. J Bus Econ Stat 2022;40:1362-1376"),
    ("Interval by inverting the placebo test", "Firpo, Possebom. J Causal Inference 2018;6(2)"),
    ("Weights", "Lawson, Hanson. Solving Least Squares Problems, 1974, chapter 23"),
)


def view(site: Site, analysis: Analysis, plan: BoardPlan, metric: Metric) -> View:
    """The page of an analysis of one board."""
    names = {board.code: formatting.short_name(board) for board in site.boards}
    shown = analysis.is_shown
    rule = plan.refuse
    return View(
        f"{metric.label}, {_name(names, analysis.one('board').label)}" if shown else metric.label,
        analysis.one("effect") if shown else None,
        0.0,
        tuple(_chart(analysis, metric, names)) if shown else (),
        _facts(analysis, plan, names),
        (*(_beside(analysis, metric, names) if shown else ()), *reporting(analysis, "Boards")),
        (
            ("Weights", "none below nothing, together one; fitted to the outcome of every quarter before"),
            (
                "Interval and p",
                "every donor taken for treated in turn; the ratio of gaps after to before is ranked",
            ),
            ("Donors", f"boards of at least {plan.treated.least_networks} networks, not yet at that share"),
            (
                "Not shown if",
                f"fewer than {rule.donors_below} donors or {rule.quarters_before_below} quarters before, the error of"
                f" the fit is above {rule.fit_error_above:.0%} of the spread between boards, or one donor carries more"
                f" than {rule.largest_weight_above:.0%} of the weight",
            ),
        ),
        _SOURCES,
    )


def _name(names: dict[str, str], code: str) -> str:
    return names.get(code, code)


def _since(analysis: Analysis) -> date:
    day = analysis.one("board").cohort
    if day is None:
        raise KeyError(f"{analysis.plan.id}: the board has no quarter")
    return day


def _chart(analysis: Analysis, metric: Metric, names: dict[str, str]) -> list[Block]:
    board = _name(names, analysis.one("board").label)
    return [
        Heading("The estimate", "estimate"),
        against_mix(metric, board, analysis.of("observed"), analysis.of("synthetic"), _since(analysis)),
    ]


def _facts(analysis: Analysis, plan: BoardPlan, names: dict[str, str]) -> tuple[tuple[str, str], ...]:
    rows = [
        (
            "Which board",
            f"the first in which {plan.treated.share:.0%} of at least {plan.treated.least_networks} networks had their"
            " first funded prescriber: a rule that looks at no outcome",
        )
    ]
    if analysis.is_shown:
        board = analysis.one("board")
        when = formatting.period(_since(analysis), "quarter")
        rows += [
            (
                "The board",
                f"{_name(names, board.label)}, from {when}, followed for {plan.quarters.after} quarters",
            ),
            ("Compared with", f"a mix of {board.units} boards that had not come to that share by then"),
        ]
    return tuple(rows)


def _beside(analysis: Analysis, metric: Metric, names: dict[str, str]) -> list[Block]:
    board = analysis.one("board").label
    donors = sorted({each.label for each in analysis.of("placebo_gap")})
    others = {
        _name(names, code): tuple(each for each in analysis.of("placebo_gap") if each.label == code)
        for code in donors
    }
    ranked = [(_name(names, each.label), each.value or 0.0) for each in analysis.of("ratio")]
    return [
        Heading("Could it be chance?", "chance", _chance(analysis)),
        gaps(metric, _name(names, board), analysis.of("gap"), others, _since(analysis)),
        ratios(metric, _name(names, board), ranked),
        Heading("How far it can be trusted", "trust"),
        Facts(_trust(analysis)),
        _weights(analysis, names),
        _left_out(analysis, names),
    ]


def _chance(analysis: Analysis) -> str:
    p = analysis.one("effect").p
    known = "p is not known" if p is None else p_values.equation(p)
    return (
        "How often a gap as large for its fit would come up without any effect, among"
        f" {len(analysis.of('ratio'))} boards: {known}."
    )


def _trust(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    error, spread = analysis.one("fit_error").value or 0.0, analysis.one("spread").value or 0.0
    share = f", {error / spread:.0%} of the spread between boards" if spread else ""
    rows = [("Error of the fit before the date", f"{error:.2f}{share}")]
    rows += [
        (
            f"At a pretended date, {quarters(each.position)}",
            f"{signed(each.value)}: nothing had happened then",
        )
        for each in analysis.of("placebo_date")
    ]
    rows += [
        (
            "Without the boards of its own region",
            f"{signed(each.value)}, against {each.units} boards further away",
        )
        for each in analysis.of("leave_region")
    ]
    return tuple(rows)


def _weights(analysis: Analysis, names: dict[str, str]) -> DataTable:
    used = [each for each in analysis.of("weight") if round(each.value or 0.0, 3) > 0]
    rest = len(analysis.of("weight")) - len(used)
    rows = tuple(
        (Cell(_name(names, each.label)), Cell(f"{each.value or 0:.2f}", each.value)) for each in used
    )
    return DataTable(
        "weights",
        "The mix",
        Table("Boards in the mix, by weight", (Column("Board"), Column("Weight", True)), rows),
        intro=f"{rest} further donors carry no weight.",
        level=3,
    )


def _left_out(analysis: Analysis, names: dict[str, str]) -> DataTable:
    left = analysis.of("leave_donor")
    values = [each.value for each in left if each.value is not None]
    reach = f": {signed(min(values))} to {signed(max(values))}" if values else ""
    rows = tuple((Cell(_name(names, each.label)), Cell(signed(each.value), each.value)) for each in left)
    return DataTable(
        "left-out",
        f"Without any one donor{reach}",
        Table("The effect without one donor of the mix", (Column("Without"), Column("Effect", True)), rows),
        level=3,
        folded=True,
    )
