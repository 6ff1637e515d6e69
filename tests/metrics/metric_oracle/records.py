"""Metrics of the records themselves: are they linked, did returns come in time."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from dbt_project.registry import Metric, load_feeds
from metric_oracle.figures import rolled_up, shares
from metric_oracle.places import Placed
from metric_oracle.world import World, unit

_PERIOD = re.compile(r"_(?:return|claim|students)_(.+?)(?:_resubmitted)?\.")
_DATES = {"Return date": "%Y-%m-%d", "Submission date": "%d/%m/%Y", "Date of return": "%d/%m/%Y"}


def nowhere(rows: pd.DataFrame) -> Placed:
    """Rows that belong to England and to no place in it."""
    return {name: rows.assign(england="ENG") for name in ("as_was", "as_now")}


def records(world: World) -> pd.DataFrame:
    """Learner records: one person at one provider, by the first return that told of them."""
    told = world.events.groupby(["provider_code", "person_id"]).reported_on.min().rename("day").reset_index()
    reached = told.person_id.isin(world.register.person_id)
    told = told.assign(category=told.provider_code, strand="all", sector="all", is_reached=reached)
    return unit(told, "provider_code", "person_id")


def linkage(world: World, metric: Metric) -> pd.DataFrame:
    """Learner records, and those of people on the register."""
    return shares(metric, nowhere(records(world)))


def linkage_by_provider(world: World, metric: Metric) -> pd.DataFrame:
    """The same, provider by provider."""
    return shares(metric, nowhere(records(world)), by=["category"])


def sent_returns(landing: Path) -> pd.DataFrame:
    """Returns as they landed: provider_code, period, and the first return date."""
    rows: list[dict[str, object]] = []
    for path in sorted((landing / "provider_return").iterdir()):
        separator = ";" if "_claim_" in path.name else ","
        table = (
            pd.read_excel(path, engine="calamine")
            if path.suffix == ".xlsx"
            else pd.read_csv(path, sep=separator, dtype=str)
        )
        title = next(name for name in _DATES if name in table)
        stated = _PERIOD.search(path.name)
        assert stated, path.name
        day = table[title].iloc[0]
        rows.append(
            {
                "provider_code": path.name.split("_")[0],
                "period": _month(stated[1]),
                "day": pd.to_datetime(day, format=_DATES[title]) if isinstance(day, str) else day,
            }
        )
    return pd.DataFrame(rows).groupby(["provider_code", "period"], as_index=False).day.min()


def _month(text: str) -> pd.Timestamp:
    for form in ("%Y-%m", "%Y%m", "%b-%Y"):
        found = pd.to_datetime(text, format=form, errors="coerce")
        if not pd.isna(found):
            return found
    raise ValueError(f"month: found {text}; expected one such as 2025-09, 202509 or Sep-2025")


def due_returns(world: World) -> pd.DataFrame:
    """Every month a provider owed a return for, from its first one on, and whether that came in time."""
    grace = pd.Timedelta(days=load_feeds()["provider_return"].grace_days)
    sent = sent_returns(world.landing).set_index(["provider_code", "period"]).day
    rows: list[dict[str, object]] = []
    for provider, first in sent.reset_index().groupby("provider_code").period.min().items():
        for month in pd.date_range(first, world.cut_off, freq="MS"):
            due = month + pd.offsets.MonthEnd(0) + grace
            if due <= world.cut_off:
                in_time = bool((provider, month) in sent.index and sent[(provider, month)] <= due)
                rows.append({"category": provider, "day": month, "is_reached": in_time})
    return unit(pd.DataFrame(rows).assign(strand="all", sector="all"), "category", "day")


def punctuality(world: World, metric: Metric) -> pd.DataFrame:
    """Returns due, and those that came in time."""
    return shares(metric, nowhere(due_returns(world)))


def punctuality_by_provider(world: World, metric: Metric) -> pd.DataFrame:
    """The same, provider by provider."""
    return shares(metric, nowhere(due_returns(world)), by=["category"])


def no_earlier_vintage(world: World, metric: Metric) -> pd.DataFrame:
    """A first build has no earlier vintage to compare with: there is no figure."""
    return rolled_up(metric, nowhere(records(world).head(0)), {"numerator": ("unit", "nunique")}).head(0)
