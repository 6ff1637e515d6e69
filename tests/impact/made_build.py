"""A finished build in small: only the tables that a plan's panel is read from, with an effect planted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from dbt_project.registry.plans import Plan
from orchestration import builds
from orchestration.settings import Settings

VINTAGE = date(2025, 6, 30)
EFFECT = 1.5
MERGED = "U99999"  # a network that another took in
_QUARTERS = pd.date_range("2021-04-01", "2025-04-01", freq="QS-APR")
_ADOPTED = ("2022-08-01", "2023-02-01", "2023-10-01")


@dataclass(frozen=True)
class Made:
    """The settings of a home with one build, and the build."""

    settings: Settings
    build: builds.Build


def made_build(
    home: Path,
    plan: Plan,
    *,
    networks: int = 280,
    boards: int = 6,
    adopted: tuple[str, ...] = _ADOPTED,
    seed: int = 6,
) -> Made:
    """Write the warehouse of a build and its record; a quarter of the networks adopt in each month, a quarter never."""
    settings = Settings(home=home, landing=home / "landing").prepare()
    build = builds.Build("000001-made", "inputs", "code", VINTAGE, (), (), figures_version="f" * 64)
    rng = np.random.default_rng(seed)
    units = _units(rng, networks, boards, adopted)
    values = pd.concat([_values(rng, plan, units), _of_boards(rng, plan, units)])
    with duckdb.connect(str(build.path(settings))) as connection:
        connection.execute("create schema marts; create schema intermediate")
        for name, frame in {
            "marts.fct_metric_value": values,
            "intermediate.int_pcn_current": pd.concat([_current(units), _merged(units)]),
            "intermediate.int_pcn_attribute": units[["pcn_code", "imd_score", "classification"]],
            "intermediate.int_list_size_period": _sizes(units),
            "intermediate.int_network_funded_prescriber": _prescribers(units),
            "intermediate.int_network_adoption": units.loc[
                units["first_funded_prescriber"].notna(), ["pcn_code", "first_funded_prescriber"]
            ],
        }.items():
            connection.register("frame", frame)
            connection.execute(f"create table {name} as from frame")
            connection.unregister("frame")
    builds.save(settings, build)
    return Made(settings, build)


def _units(rng: np.random.Generator, networks: int, boards: int, months: tuple[str, ...]) -> pd.DataFrame:
    adopted = [pd.NaT, *map(pd.Timestamp, months)]
    return pd.DataFrame(
        {
            "pcn_code": [f"U{number:05d}" for number in range(networks)],
            "icb_code": [f"Q{number % boards:02d}" for number in range(networks)],
            "region_code": [f"Y{number % boards % 7:02d}" for number in range(networks)],
            "sub_icb_code": [f"{number % 12:02d}A" for number in range(networks)],
            "imd_score": rng.gamma(3, 8, networks),
            "classification": rng.choice(["urban", "rural"], networks),
            "patients": rng.normal(50_000, 8_000, networks).round(),
            "first_funded_prescriber": [adopted[number % 4] for number in range(networks)],
            "level": rng.normal(12, 2, networks),
        }
    )


def _values(rng: np.random.Generator, plan: Plan, units: pd.DataFrame) -> pd.DataFrame:
    """Two censuses in every quarter, the later of which counts; the last of one network was not reported."""
    parts: list[pd.DataFrame] = []
    for quarter in _QUARTERS:
        for month in (0, 2):
            start = quarter + pd.DateOffset(months=month)
            treated = units["first_funded_prescriber"] < quarter + pd.DateOffset(months=3)
            for name in plan.outcomes:
                effect = EFFECT * treated * (name == plan.outcome)
                noise = rng.normal(0, 0.5, len(units))
                parts.append(
                    pd.DataFrame(
                        {
                            "metric_id": name,
                            "org_code": units["pcn_code"],
                            "period_start": start,
                            "value": units["level"] + effect + noise + (100.0 if month == 0 else 0.0),
                        }
                    )
                )
    values = pd.concat(parts, ignore_index=True).assign(
        org_level="pcn", period_grain="month", geography="as_now", strand="all", sector="all", status="final"
    )
    silent = (values["org_code"] == "U00007") & (values["period_start"] >= "2025-04-01")
    values.loc[silent, ["value", "status"]] = [0.0, "not_reported"]
    return values


def _of_boards(rng: np.random.Generator, plan: Plan, units: pd.DataFrame) -> pd.DataFrame:
    """The last census of every quarter: a level and a trend for each board, and the effect where its first adopted."""
    found = units.groupby("icb_code", as_index=False)["first_funded_prescriber"].min()
    level = rng.normal(12, 2, len(found))
    parts = [
        pd.DataFrame(
            {
                "metric_id": plan.outcome,
                "org_code": found["icb_code"],
                "period_start": quarter + pd.DateOffset(months=2),
                "value": level
                + 0.1 * place
                + EFFECT * (found["first_funded_prescriber"] < quarter + pd.DateOffset(months=3))
                + rng.normal(0, 0.05, len(found)),
            }
        )
        for place, quarter in enumerate(_QUARTERS)
    ]
    return pd.concat(parts, ignore_index=True).assign(
        org_level="icb", period_grain="month", geography="as_now", strand="all", sector="all", status="final"
    )


def _prescribers(units: pd.DataFrame) -> pd.DataFrame:
    """One in every adopter from its first month on, a second in every other one half a year later."""
    first = units.loc[units["first_funded_prescriber"].notna(), ["pcn_code", "first_funded_prescriber"]]
    first = first.rename(columns={"first_funded_prescriber": "first_in_post"})
    second = first[first.index // 4 % 2 == 0]
    later = second.assign(first_in_post=second["first_in_post"] + pd.DateOffset(months=6))
    both = pd.concat([first, later], ignore_index=True)
    return both.assign(person_key=[f"p{number}" for number in range(len(both))])


def _current(units: pd.DataFrame) -> pd.DataFrame:
    return units[["pcn_code", "sub_icb_code", "icb_code", "region_code"]].assign(
        current_pcn_code=units["pcn_code"]
    )


def _merged(units: pd.DataFrame) -> pd.DataFrame:
    first = units.iloc[0]
    return pd.DataFrame(
        [
            {
                "pcn_code": MERGED,
                "sub_icb_code": "99Z",
                "icb_code": "Q99",
                "region_code": "Y99",
                "current_pcn_code": first["pcn_code"],
            }
        ]
    )


def _sizes(units: pd.DataFrame) -> pd.DataFrame:
    rows = units[["pcn_code", "patients"]].rename(columns={"pcn_code": "org_code"})
    return rows.assign(
        org_level="pcn", geography="as_now", period_grain="quarter", period_start=pd.Timestamp("2021-04-01")
    )
