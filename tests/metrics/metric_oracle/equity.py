"""Metrics of gaps: between deprived and well-off places, regions, sectors and groups of people; England only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from dbt_project.registry import Metric
from metric_oracle.figures import KEY
from metric_oracle.learners import completion
from metric_oracle.workforce import prescribers_per_list
from metric_oracle.world import World

FEW_EVENTS = 10  # fewer in all of England, and a gap between its parts is chance
FIFTHS = 5
PER = 10_000
PERIOD = ["period_start", "period_grain", "geography"]
Cell = dict[str, object]  # what tells the figures of a metric apart, and its numbers


def _figures(cells: list[Cell]) -> pd.DataFrame:
    """Cells as figures of England."""
    whole = {"org_level": "england", "org_code": "ENG", "strand": "all", "sector": "all"}
    by = ["dimension", "category"] if cells and "category" in cells[0] else []
    return pd.DataFrame([{**whole, **cell} for cell in cells]).set_index([*KEY, *by]).sort_index()


def _periods(figures: pd.DataFrame, metric: Metric) -> Iterator[tuple[Cell, pd.DataFrame]]:
    """Figures of places or groups by period and geography."""
    rows = figures.reset_index()
    for key, part in rows[rows.period_grain.isin(metric.grains)].groupby(PERIOD):
        yield dict(zip(PERIOD, key, strict=True)), part


def _rates(world: World, metric: Metric, level: str) -> pd.DataFrame:
    """New prescribers (numerator) and patients (denominator) of places."""
    return prescribers_per_list(world, metric.model_copy(update={"levels": (level,), "strands": ()}))


def scores(world: World) -> pd.Series:
    """Deprivation score of each network, as published."""
    published = sorted((world.landing / "deprivation").glob("pcn_imd_*.csv"))[-1]
    return pd.read_csv(published).set_index("pcn_code").imd_score


def fifths(score: Sequence[float], patients: Sequence[float]) -> list[int]:
    """0 (most deprived) to 4: the fifth of all patients, ranked by score, in which a network's middle patient falls."""
    total = sum(patients)
    found: list[int] = []
    for own in score:
        before = sum(n for other, n in zip(score, patients, strict=True) if other > own)
        level = sum(n for other, n in zip(score, patients, strict=True) if other == own)
        found.append(min(int(FIFTHS * (before + level / 2) / total), FIFTHS - 1))
    return found


def ends_of_the_line(rates: Sequence[float], patients: Sequence[float]) -> tuple[float, float]:
    """Rate at the most and the least deprived end of the weighted least-squares line through ordered groups."""
    share = np.array(patients) / sum(patients)
    rank = np.cumsum(share) - share / 2
    slope, most = np.polyfit(rank, rates, 1, w=np.sqrt(share))
    return float(most), float(most + slope)


def _deprivation(world: World, metric: Metric, *, relative: bool) -> pd.DataFrame:
    cells: list[Cell] = []
    published = scores(world)
    for key, networks in _periods(_rates(world, metric, "pcn"), metric):
        part = networks.assign(score=networks.org_code.map(published)).dropna(subset=["score"])
        group = fifths(part.score.tolist(), part.denominator.tolist())
        sums = part.groupby(group)[["numerator", "denominator"]].sum()
        estimate = float("nan")
        if len(sums) == FIFTHS and part.numerator.sum() >= FEW_EVENTS:
            rates = PER * sums.numerator / sums.denominator
            most, least = ends_of_the_line(rates.tolist(), sums.denominator.tolist())
            estimate = most - least
            if relative:
                estimate = most / least if least > 0 else float("nan")
        cells.append({**key, **part[["numerator", "denominator"]].sum(), "estimate": estimate})
    return _figures(cells)


def slope_index(world: World, metric: Metric) -> pd.DataFrame:
    """Slope index of inequality: most less least deprived end."""
    return _deprivation(world, metric, relative=False)


def relative_index(world: World, metric: Metric) -> pd.DataFrame:
    """Relative index of inequality: most over least deprived end."""
    return _deprivation(world, metric, relative=True)


def _against_the_rest(part: pd.DataFrame, name: str) -> list[Cell]:
    """Each group's share or rate over that of all others together."""
    groups = part.groupby(name)[["numerator", "denominator"]].sum()
    whole = groups.sum()
    cells: list[Cell] = []
    for category, own in groups.iterrows():
        rest = whole - own
        estimate = float("nan")
        if whole.numerator >= FEW_EVENTS and rest.numerator > 0 and own.denominator > 0:
            estimate = (own.numerator / own.denominator) / (rest.numerator / rest.denominator)
        cells.append({**own, "estimate": estimate, "category": category})
    return cells


def _lowest(cells: list[Cell], metric: Metric) -> Cell:
    """The group furthest behind, of those large enough to have a value (R7); ties by name."""
    large = [cell for cell in cells if cell["denominator"] >= metric.minimum_denominator]  # type: ignore[operator]
    known = [cell for cell in large or cells if not np.isnan(cell["estimate"])]  # type: ignore[call-overload]
    chosen = min(known, key=lambda cell: (cell["estimate"], str(cell["category"])), default=cells[0])
    return {name: chosen[name] for name in ("numerator", "denominator", "estimate")}


def _gaps(metric: Metric, figures: pd.DataFrame, name: str, *, by_group: bool) -> pd.DataFrame:
    found: list[Cell] = []
    for key, part in _periods(figures, metric):
        cells = _against_the_rest(part, name)
        if by_group:
            found += [{**key, **cell, "dimension": metric.breakdowns[0]} for cell in cells]
        else:
            found.append({**key, **_lowest(cells, metric)})
    return _figures(found)


def region_gap(world: World, metric: Metric) -> pd.DataFrame:
    """The region with the lowest rate against the others."""
    return _gaps(metric, _rates(world, metric, "region"), "org_code", by_group=False)


def regions(world: World, metric: Metric) -> pd.DataFrame:
    """Every region against the others."""
    return _gaps(metric, _rates(world, metric, "region"), "org_code", by_group=True)


def _by_sector(world: World, metric: Metric) -> pd.DataFrame:
    """Completion within 18 months by sector; both taught strands together."""
    taught = ("independent_prescribing", "technician_accreditation")
    update = {"levels": ("england",), "strands": taught, "by_sector": True, "horizon_days": 548}
    found = completion(world, metric.model_copy(update=update)).reset_index()
    return found[(found.strand == "all") & (found.sector != "all") & (found.denominator > 0)]


def sector_gap(world: World, metric: Metric) -> pd.DataFrame:
    """The sector whose learners complete least often against the others."""
    return _gaps(metric, _by_sector(world, metric), "sector", by_group=False)


def sectors(world: World, metric: Metric) -> pd.DataFrame:
    """Every sector against the others."""
    return _gaps(metric, _by_sector(world, metric), "sector", by_group=True)
