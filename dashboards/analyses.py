"""Impact analyses as published: what each asked, how it stands and what came of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import pandas as pd

from dbt_project.registry.plans import AnyPlan

Row = dict[str, Any]


@dataclass(frozen=True)
class Estimate:
    """One published estimate; ``label`` and ``position`` say which of its part."""

    part: str
    label: str
    position: float | None
    cohort: date | None
    value: float | None
    se: float | None
    lower: float | None
    upper: float | None
    band_lower: float | None
    band_upper: float | None
    p: float | None
    p_adjusted: float | None
    units: int | None

    def is_told_from(self, nil: float) -> bool:
        """Whether the 95 % interval leaves the value of no effect out: 0 of a difference, 1 of a ratio."""
        return self.lower is not None and self.upper is not None and (self.lower > nil or self.upper < nil)


@dataclass(frozen=True)
class Balance:
    """Adopters and others before anything happened; the difference in standard deviations."""

    variable: str
    adopters: float
    others: float
    difference: float


@dataclass(frozen=True)
class Reporting:
    """How many units had an outcome in a period."""

    period: date
    observed: int
    units: int


@dataclass(frozen=True)
class Analysis:
    """A plan and what the release says of it. ``status``: published, exploratory, refused or awaiting_lock."""

    plan: AnyPlan
    status: str
    remark: str
    refused: tuple[str, ...]
    deviations: tuple[str, ...]
    remarks: tuple[str, ...]
    plan_hash: str
    locked_on: date | None
    locked_by: str
    first: date | None
    last: date | None
    adopters: int | None
    others: int | None
    figures_version: str
    engine: str
    estimates: tuple[Estimate, ...]
    balance: tuple[Balance, ...]
    reporting: tuple[Reporting, ...]

    def of(self, part: str) -> tuple[Estimate, ...]:
        """The estimates of one part, in their order."""
        return tuple(each for each in self.estimates if each.part == part)

    def one(self, part: str) -> Estimate:
        """The only estimate of a part. Raises KeyError where there is none: a shown analysis has each."""
        found = self.of(part)
        if len(found) != 1:
            raise KeyError(f"{self.plan.id}: {len(found)} estimates of {part}, expected 1")
        return found[0]

    @property
    def is_shown(self) -> bool:
        """Whether the release holds its estimates."""
        return self.status in ("published", "exploratory")


def read_analyses(
    analyses: pd.DataFrame,
    estimates: pd.DataFrame,
    balance: pd.DataFrame,
    reporting: pd.DataFrame,
    plans: dict[str, AnyPlan],
) -> tuple[Analysis, ...]:
    """The analyses of a release in order of their table; one whose plan is gone is left away."""

    def of(frame: pd.DataFrame, plan_id: str) -> list[Row]:
        return cast("list[Row]", frame.loc[frame["analysis_id"] == plan_id].to_dict("records"))

    return tuple(
        _analysis(
            row,
            plans[row["analysis_id"]],
            *(of(frame, row["analysis_id"]) for frame in (estimates, balance, reporting)),
        )
        for row in cast("list[Row]", analyses.to_dict("records"))
        if row["analysis_id"] in plans
    )


def _analysis(
    row: Row, plan: AnyPlan, estimates: list[Row], balance: list[Row], reporting: list[Row]
) -> Analysis:
    return Analysis(
        plan,
        str(row["status"]),
        _text(row["remark"]),
        _lines(row["refused_because"]),
        _lines(row["deviations"]),
        _lines(row["remarks"]),
        str(row["plan_hash"]),
        _day(row["locked_on"]),
        _text(row["locked_by"]),
        _day(row["first_period"]),
        _day(row["last_period"]),
        _whole(row["adopters"]),
        _whole(row["others"]),
        _text(row["figures_version"]),
        _text(row["engine"]),
        tuple(map(_estimate, estimates)),
        tuple(Balance(r["variable"], r["adopters"], r["others"], r["difference"]) for r in balance),
        tuple(
            Reporting(day, int(r["observed"]), int(r["units"]))
            for r in reporting
            if (day := _day(r["period"]))
        ),
    )


def _estimate(row: Row) -> Estimate:
    return Estimate(
        part=str(row["part"]),
        label=_text(row["label"]),
        position=_number(row["position"]),
        cohort=_day(row["cohort"]),
        value=_number(row["estimate"]),
        se=_number(row["se"]),
        lower=_number(row["lower_95"]),
        upper=_number(row["upper_95"]),
        band_lower=_number(row["band_lower"]),
        band_upper=_number(row["band_upper"]),
        p=_number(row["p"]),
        p_adjusted=_number(row["p_adjusted"]),
        units=_whole(row["units"]),
    )


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _lines(value: Any) -> tuple[str, ...]:
    return tuple(line for line in _text(value).split("\n") if line)


def _number(value: Any) -> float | None:
    return None if pd.isna(value) or math.isnan(float(value)) else float(value)


def _whole(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)


def _day(value: Any) -> date | None:
    return None if pd.isna(value) else pd.Timestamp(value).date()
