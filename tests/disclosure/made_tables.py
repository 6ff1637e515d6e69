"""Small worlds of counts: three regions of three boards, three strands, two quarters of a year, in both geographies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from dbt_project.registry.metrics import DisclosureRule, Measure, Metric
from evaluation.disclosure import FIGURES as COLUMNS
from orchestration.protecting import Auditor, Protection
from orchestration.publishable import FIGURES

RULE = DisclosureRule(suppress_up_to=7, round_to=5, finest_grain={}, stocks_shown=())
STRANDS = ("strand_a", "strand_b", "strand_c")
QUARTERS = (date(2025, 4, 1), date(2025, 7, 1))
BOARDS = {f"Q{number}": f"Y{number // 3}" for number in range(9)}
PLACES = ("ENG", *sorted(set(BOARDS.values())), *BOARDS)
LEVELS = {"E": "england", "Y": "region", "Q": "icb"}
People = Mapping[tuple[str, str, date], int]  # (board, strand, quarter) -> how many


def metric(name: str = "starters", **fields: Any) -> Metric:
    """A metric of class B that counts people of one measure."""
    entry: dict[str, Any] = {
        "id": name,
        "theme": "metric_test",
        "method": "count",
        "label": name,
        "description": "for tests",
        "catalogue": 1,
        "question": "how many?",
        "why": "for tests",
        "unit": "people",
        "direction": "higher",
        "kind": "flow",
        "numerator": {"model": "int_measure_start", "agg": "count", "description": "starters"},
        "levels": ["england", "region", "icb"],
        "grains": ["quarter", "year"],
        "feeds": [],
        "population": "all",
        "time_attribution": "day of the start",
        "disclosure_class": "B",
        "theory_of_change": "output",
        "owner": "nobody",
        "review_date": date(2027, 1, 1),
        "version": 1,
        "interval": "none",
    }
    return Metric.model_validate({**entry, **fields})


def share(name: str = "passed_share") -> Metric:
    """The share of the starters who passed, in percent."""
    passed = Measure(model="int_measure_start", agg="count", where="is_passed", description="who passed")
    starters = Measure(model="int_measure_start", agg="count", description="starters")
    return metric(
        name, method="share", unit="percent", numerator=passed, denominator=starters, interval="wilson"
    )


def drawn(seed: int, mean: float) -> dict[tuple[str, str, date], int]:
    """People at random, more in some boards than in others."""
    draw = np.random.default_rng(seed)
    size = {board: draw.gamma(1.2) for board in BOARDS}
    return {key: int(draw.poisson(mean * size[key[0]])) for key in product(BOARDS, STRANDS, QUARTERS)}


def counted(people: People, place: str, strand: str, quarter: date | None) -> int:
    """How many of them are at a place, in a strand (or all), in a quarter (or the year)."""
    return sum(
        number
        for (board, of_strand, of_quarter), number in people.items()
        if place in ("ENG", board, BOARDS[board])
        and strand in ("all", of_strand)
        and quarter in (None, of_quarter)
    )


def rows(
    of: Metric, people: People, passed: People | None = None, geographies: tuple[str, ...] = ("as_now",)
) -> pd.DataFrame:
    """The uncontrolled rows of a metric."""
    made: list[dict[str, Any]] = []
    for place, strand, quarter, geography in product(
        PLACES, ("all", *STRANDS), (*QUARTERS, None), geographies
    ):
        whole = counted(people, place, strand, quarter)
        part = counted(passed, place, strand, quarter) if passed is not None else whole
        made.append(
            {
                "metric_id": of.id,
                "org_level": LEVELS[place[0]],
                "org_code": place,
                "strand": strand,
                "sector": "all",
                "period_start": quarter or QUARTERS[0],
                "period_grain": "quarter" if quarter else "year",
                "geography": geography,
                "value": (100 * part / whole if whole else None) if passed is not None else part,
                "numerator": part,
                "denominator": whole if passed is not None else None,
                "lower_95": None,
                "upper_95": None,
                "unit": of.unit,
                "status": "final",
                "definition_version": 1,
                "vintage": date(2026, 1, 1),
            }
        )
    return pd.DataFrame(made).astype(dict.fromkeys(COLUMNS, "float64"))


def organisations() -> pd.DataFrame:
    """Who belongs to whom."""
    regions = [(region, None, region) for region in sorted(set(BOARDS.values()))]
    boards = [(board, board, region) for board, region in BOARDS.items()]
    return pd.DataFrame(
        [
            {
                "org_level": LEVELS[code[0]],
                "org_code": code,
                "successor_code": None,
                "sub_icb_code": None,
                "icb_code": board,
                "region_code": region,
            }
            for code, board, region in (*regions, *boards)
        ]
    )


def protection(*tables: tuple[Metric, pd.DataFrame]) -> Protection:
    """The tables by the usual rule, nothing withheld beyond it yet."""
    metrics = {of.id: of for of, _ in tables}
    return Protection(
        Auditor(metrics, RULE, organisations()), {(FIGURES, of.id): frame for of, frame in tables}
    )
