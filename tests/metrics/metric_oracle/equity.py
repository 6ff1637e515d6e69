"""Metrics of gaps: between deprived and well-off places, regions, sectors and groups of people; England only."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from statsmodels.discrete.discrete_model import Logit
from statsmodels.tools.sm_exceptions import PerfectSeparationError

from dbt_project.registry import Metric
from metric_oracle.figures import KEY
from metric_oracle.learners import completion, starters_who_passed
from metric_oracle.periods import PROGRAMME_START, period_of
from metric_oracle.places import frame
from metric_oracle.workforce import prescribers_per_list
from metric_oracle.world import World, placed_units

FEW_EVENTS = 10  # fewer in all of England, and a gap between its parts is chance
COMPLETION_DAYS = 548
FIFTHS = 5
SEPARATED = 15.0  # a fitted chance as near to 0 or 1 as this linear predictor is on its way to infinity
PER = 10_000
PERIOD = ["period_start", "period_grain", "geography"]
Cell = dict[str, object]  # what tells the figures of a metric apart, and its numbers


def _figures(cells: list[Cell]) -> pd.DataFrame:
    """Cells as figures of England."""
    whole = {"org_level": "england", "org_code": "ENG", "strand": "all", "sector": "all"}
    by = ["dimension", "category"] if cells and "category" in cells[0] else []
    columns = [*KEY, *by, "numerator", "denominator", "estimate"]
    rows = pd.DataFrame([{**whole, **cell} for cell in cells], columns=columns)
    return rows.set_index([*KEY, *by]).sort_index()


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


def rural_urban(world: World, metric: Metric) -> pd.DataFrame:
    """New prescribers per patient of rural networks over those of urban ones."""
    kinds = frame(world.truth.rural_urban).set_index("pcn_code").classification
    cells: list[Cell] = []
    for key, networks in _periods(_rates(world, metric, "pcn"), metric):
        part = networks.assign(kind=networks.org_code.map(kinds)).dropna(subset=["kind"])
        sums = part.groupby("kind")[["numerator", "denominator"]].sum()
        estimate = float("nan")
        if len(sums) > 1 and sums.numerator.sum() >= FEW_EVENTS and sums.numerator["urban"] > 0:
            rates = sums.numerator / sums.denominator
            estimate = rates["rural"] / rates["urban"]
        cells.append({**key, **sums.sum(), "estimate": estimate})
    return _figures(cells)


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


def _lowest(cells: list[Cell], metric: Metric) -> list[Cell]:
    """The group furthest behind, of those large enough to have a value (R7); ties by name, unknown ones last.

    Where none is, the first of all stands for them, without a value.
    """
    large = [cell for cell in cells if cell["denominator"] >= metric.minimum_denominator]  # type: ignore[operator]

    def order(cell: Cell) -> tuple[bool, object, str, str]:
        estimate = cell["estimate"]
        unknown = bool(np.isnan(estimate))  # type: ignore[call-overload]
        return unknown, 0 if unknown else estimate, str(cell.get("dimension")), str(cell["category"])

    shown = ("numerator", "denominator", "estimate")
    return [{name: cell[name] for name in shown} for cell in sorted(large or cells, key=order)[:1]]


def _gaps(metric: Metric, figures: pd.DataFrame, name: str, *, by_group: bool) -> pd.DataFrame:
    found: list[Cell] = []
    for key, part in _periods(figures, metric):
        cells = _against_the_rest(part, name)
        if by_group:
            found += [{**key, **cell, "dimension": metric.breakdowns[0]} for cell in cells]
        else:
            found += [{**key, **cell} for cell in _lowest(cells, metric)]
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
    update = {"levels": ("england",), "strands": taught, "by_sector": True, "horizon_days": COMPLETION_DAYS}
    found = completion(world, metric.model_copy(update=update)).reset_index()
    return found[(found.strand == "all") & (found.sector != "all") & (found.denominator > 0)]


def sector_gap(world: World, metric: Metric) -> pd.DataFrame:
    """The sector whose learners complete least often against the others."""
    return _gaps(metric, _by_sector(world, metric), "sector", by_group=False)


def sectors(world: World, metric: Metric) -> pd.DataFrame:
    """Every sector against the others."""
    return _gaps(metric, _by_sector(world, metric), "sector", by_group=True)


def _known(rows: pd.DataFrame, dimension: str) -> pd.DataFrame:
    """People whose characteristic is stated."""
    return rows[rows[dimension].notna() & (rows[dimension] != "not_stated")]


def _starters(world: World) -> pd.DataFrame:
    """Starters of independent prescribing with what the register says of them."""
    rows = starters_who_passed(world, COMPLETION_DAYS)
    rows = rows[rows.strand == "independent_prescribing"].reset_index(drop=True)
    characteristics = world.register[["person_id", "sex", "ethnic_group", "age_band"]]
    return rows.merge(characteristics, on="person_id", how="left")


def _eligible(world: World) -> pd.DataFrame:
    """Pharmacists who are on the register in England at the cut-off."""
    register = world.register
    is_off = (register.removed_on <= world.cut_off) & ~(register.restored_on <= world.cut_off)
    return register[(register.profession == "pharmacist") & (register.country == "England") & ~is_off]


def _representation(world: World, metric: Metric) -> Iterator[tuple[Cell, list[Cell]]]:
    """Every period and geography with the groups of every dimension."""
    rows, register = _starters(world), _eligible(world)
    for grain in metric.grains:
        for start, part in rows.groupby(period_of(rows.day, grain)):
            cells: list[Cell] = []
            for dimension in metric.breakdowns:
                known, reference = _known(part, dimension), _known(register, dimension)[dimension]
                for group, share in reference.value_counts(normalize=True).items():
                    own, expected = (known[dimension] == group).sum(), len(known) * share
                    estimate = own / expected if expected else float("nan")
                    numbers = {"numerator": own, "denominator": expected, "estimate": estimate}
                    cells.append({**numbers, "dimension": dimension, "category": group})
            for geography in ("as_was", "as_now"):
                yield dict(zip(PERIOD, (start, grain, geography), strict=True)), cells


def representation(world: World, metric: Metric) -> pd.DataFrame:
    """The least represented group."""
    found = _representation(world, metric)
    return _figures([{**key, **cell} for key, cells in found for cell in _lowest(cells, metric)])


def represented_groups(world: World, metric: Metric) -> pd.DataFrame:
    """Every group's share of the starters over its share of the register."""
    found = [{**key, **cell} for key, cells in _representation(world, metric) for cell in cells]
    return _figures([cell for cell in found if cell["denominator"]])


def standardised(
    outcome: pd.Series, group: pd.Series, others: pd.DataFrame, reference: str
) -> dict[str, float]:
    """Mean difference in the fitted chance of the outcome if all were of a group, and if all were of `reference`.

    Logistic regression by maximum likelihood. NaN where it has no finite answer.
    """
    names = [name for name in sorted(group.unique()) if name != reference]
    covariates = pd.get_dummies(others, columns=list(others), drop_first=True, dtype=float)
    own = pd.DataFrame({name: (group == name).astype(float) for name in names})
    design = pd.concat([own, covariates], axis="columns").assign(constant=1.0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fitted = Logit(outcome.astype(float), design).fit(disp=0, method="newton", maxiter=100, tol=1e-14)
    except (PerfectSeparationError, np.linalg.LinAlgError, Warning):
        return dict.fromkeys(names, float("nan"))
    if np.linalg.matrix_rank(design) < design.shape[1] or np.abs(design @ fitted.params).max() > SEPARATED:
        return dict.fromkeys(names, float("nan"))
    as_if_none = design.assign(**dict.fromkeys(names, 0.0))
    without = fitted.predict(as_if_none).mean()
    return {name: fitted.predict(as_if_none.assign(**{name: 1.0})).mean() - without for name in names}


def _completion_gaps(world: World, metric: Metric) -> Iterator[tuple[Cell, list[Cell]]]:
    """Both geographies (the region is a covariate) with the groups of every dimension but the largest."""
    for geography, rows in placed_units(world, _starters(world)).items():
        mature = rows[rows.is_mature]
        mature = mature.assign(year=period_of(mature.day, "year").astype(str))
        mature["region"] = mature.region.fillna("unknown")
        cells: list[Cell] = []
        for dimension in metric.breakdowns:
            known = _known(mature, dimension).reset_index(drop=True)
            sizes = known[dimension].value_counts()
            largest = min(sizes.index, key=lambda name: (-sizes[name], name))
            gaps = standardised(
                known.is_reached, known[dimension], known[["sector", "region", "year"]], largest
            )
            for group, gap in gaps.items():
                own = known[known[dimension] == group]
                numbers = {"numerator": own.is_reached.sum(), "denominator": len(own), "estimate": 100 * gap}
                cells.append({**numbers, "dimension": dimension, "category": group})
        yield dict(zip(PERIOD, (PROGRAMME_START, "all", geography), strict=True)), cells


def completion_gap(world: World, metric: Metric) -> pd.DataFrame:
    """The group furthest below the largest one."""
    found = _completion_gaps(world, metric)
    return _figures([{**key, **cell} for key, cells in found for cell in _lowest(cells, metric)])


def completion_gaps(world: World, metric: Metric) -> pd.DataFrame:
    """Every group against the largest one."""
    return _figures([{**key, **cell} for key, cells in _completion_gaps(world, metric) for cell in cells])
