"""Who reported the outcome when: beside every analysis of units by quarter."""

from __future__ import annotations

from dashboards import formatting
from dashboards.analyses import Analysis
from dashboards.blocks import Cell, Column, DataTable, Table


def reporting(analysis: Analysis, units: str) -> tuple[DataTable, ...]:
    """The table of ``units`` ("Networks") by quarter; nothing where nobody could be asked."""
    if not analysis.reporting:
        return ()
    rows = tuple(
        (
            Cell(formatting.period(each.period, "quarter")),
            Cell(f"{each.observed:,}", each.observed),
            Cell(f"{each.units:,}", each.units),
        )
        for each in analysis.reporting
    )
    columns = (Column("Quarter", whole=True), Column("Reported the outcome", True), Column(units, True))
    least = min(analysis.reporting, key=lambda each: each.observed / each.units)
    when = formatting.period(least.period, "quarter")
    return (
        DataTable(
            "reporting",
            f"Who reported: at least {least.observed:,} of {least.units:,} {units.lower()}, in {when}",
            Table(f"{units} whose outcome is known, by quarter", columns, rows),
            folded=True,
        ),
    )
