"""Metrics of the records themselves: are they linked, did returns come in time."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dbt_project.registry import Metric, load_feeds
from metric_oracle.figures import shares
from metric_oracle.places import Placed
from metric_oracle.world import World, unit

# how each layout names the provider, the month a return covers and the day it was sent, and how it writes the two
_LAYOUTS = (
    ("Provider code", "Return month", "%Y-%m", "Return date", "%Y-%m-%d"),
    ("Centre", "Claim month", "%Y%m", "Submission date", "%d/%m/%Y"),
    ("HEI code", "Reporting period", "%b-%Y", "Date of return", "%d/%m/%Y"),
)


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


def sent_returns(world: World) -> pd.DataFrame:
    """Returns as they landed, but for files that cannot be taken: provider_code, period, and the first day sent."""
    refused = {item.file_name for item in world.truth.planted if item.expected == "refused"}
    folder = world.landing / "provider_return"
    tables = [_stated(path) for path in sorted(folder.iterdir()) if path.name not in refused]
    return pd.concat(tables).groupby(["provider_code", "period"], as_index=False).day.min()


def _stated(path: Path) -> pd.DataFrame:
    """Provider, period and day of the rows of one file, in whichever layout it has."""
    if path.suffix == ".xlsx":
        table = pd.read_excel(path, engine="calamine")
    else:
        separator = ";" if "_claim_" in path.name else ","
        table = pd.read_csv(path, sep=separator, dtype=str, encoding="utf-8-sig", encoding_errors="replace")
    table = table.rename(columns=str.strip)
    provider, month, month_form, day, day_form = next(item for item in _LAYOUTS if item[0] in table)
    rows = (
        table[[provider, month, day]].drop_duplicates().set_axis(["provider_code", "period", "day"], axis=1)
    )
    rows = rows.map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
    rows["period"] = pd.to_datetime(rows.period, format=month_form, errors="coerce")
    if not pd.api.types.is_datetime64_any_dtype(rows.day):
        rows["day"] = pd.to_datetime(rows.day, format=day_form, errors="coerce")
    return rows.dropna()


def due_returns(world: World) -> pd.DataFrame:
    """Every month a provider owed a return for, from its first one on, and whether that came in time."""
    grace = pd.Timedelta(days=load_feeds()["provider_return"].grace_days)
    sent = sent_returns(world).set_index(["provider_code", "period"]).day
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
    return shares(metric, nowhere(records(world).head(0)))
