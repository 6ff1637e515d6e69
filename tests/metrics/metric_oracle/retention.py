"""Metrics of who stays: in the same network, and anywhere in primary care."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import pandas as pd

from dbt_project.registry import Metric
from metric_oracle.estimators import height, survival
from metric_oracle.figures import estimated, too_early
from metric_oracle.workforce import reporting
from metric_oracle.world import World, deployed, held, placed_units, unit

Exit = tuple[pd.Timestamp, bool]  # the day, and whether the person left then (else last known in post)


@dataclass(frozen=True)
class Posts:
    """Who is listed where in which month, and who reports, with networks as they are now."""

    world: World

    @cached_property
    def months(self) -> list[pd.Timestamp]:
        """Every month of the return."""
        return sorted(self.reports)

    @cached_property
    def reports(self) -> dict[pd.Timestamp, set[str]]:
        """Networks that reported, by month."""
        rows = reporting(self.world)
        now = self.world.places.now(rows.pcn_code)
        return {month: set(codes) for month, codes in now.groupby(rows.period)}

    @cached_property
    def listed(self) -> dict[tuple[int, pd.Timestamp], list[str]]:
        """Networks that list a person as pharmacist in a month, the one of the highest FTE first."""
        rows = held(self.world)
        rows = rows.sort_values(["fte", "started_on", "pcn_code"], ascending=[False, True, True])
        now = self.world.places.now(rows.pcn_code)
        return {key: list(codes) for key, codes in now.groupby([rows.person_id, rows.period])}

    def after(self, day: pd.Timestamp) -> list[pd.Timestamp]:
        """Months of the return after the month of a day."""
        return [month for month in self.months if month > day]

    def leaves_network(self, person: int, network: str, day: pd.Timestamp) -> Exit:
        """The first month in which the network reported without the person."""
        last_seen = day.to_period("M").to_timestamp()
        for month in self.after(day):
            if network not in self.reports[month]:
                continue
            if network not in self.listed.get((person, month), []):
                return month, True
            last_seen = month
        return min(last_seen + pd.offsets.MonthEnd(0), self.world.cut_off), False

    def leaves_primary_care(self, person: int, network: str, day: pd.Timestamp) -> Exit:
        """The first month in which nobody lists the person, and the network that did last reported."""
        last_seen, last_network = day.to_period("M").to_timestamp(), network
        for month in self.after(day):
            if networks := self.listed.get((person, month)):
                last_seen, last_network = month, networks[0]
            elif last_network in self.reports[month]:
                return month, True
        return min(last_seen + pd.offsets.MonthEnd(0), self.world.cut_off), False


def _retention(
    world: World, metric: Metric, leaves: Callable[[int, str, pd.Timestamp], Exit]
) -> pd.DataFrame:
    """Kaplan-Meier share still there at the horizon, of everyone deployed."""
    horizon = metric.horizon_days or 0
    rows = unit(deployed(world), "person_id").assign(strand="independent_prescribing", sector="all")
    now = world.places.now(rows.pcn_code)
    exits = [leaves(*key) for key in zip(rows.person_id, now, rows.day, strict=True)]
    rows["days"] = [(day - start).days for (day, _), start in zip(exits, rows.day, strict=True)]
    rows["left"] = [left for _, left in exits]
    rows["is_mature"] = rows.day + pd.Timedelta(days=horizon) <= world.cut_off

    def share(group: pd.DataFrame) -> dict[str, float]:
        curve = survival(group.days.tolist(), group.left.tolist())
        known = (group.days > horizon) | ((group.days == horizon) & ~group.left)
        return {
            "numerator": known.sum(),
            "denominator": len(group),
            "mature": group.is_mature.sum(),
            "estimate": 100 * height(curve, horizon, Fraction(1)),
        }

    found = estimated(metric, placed_units(world, rows), share)
    return found.assign(is_too_early=too_early(world, found.mature, found.denominator))


def same_network(world: World, metric: Metric) -> pd.DataFrame:
    """Still in the network of the first deployment, mergers being no moves."""
    return _retention(world, metric, Posts(world).leaves_network)


def primary_care(world: World, metric: Metric) -> pd.DataFrame:
    """Still in any network."""
    return _retention(world, metric, Posts(world).leaves_primary_care)
