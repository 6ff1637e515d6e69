"""Published rows as cells: what each says of the counts behind it, and how counts make up one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dbt_project.registry import DisclosureRule, Metric
from evaluation.disclosure_audit import Equations, Ints
from evaluation.disclosure_windows import counts_of, windows
from orchestration.shown_counts import Count, Shown

CELL_KEY = ("what", "level", "geography", "org_code", "strand", "sector", "grain", "start")
EVERY = "all"
ENGLAND = "england"
PARENTS = {"region": (ENGLAND,), "icb": ("region",), "sub_icb": ("icb",), "pcn": ("sub_icb", "icb")}
LONGER = {"month": "quarter", "quarter": "year", "year": "all"}
_FISCAL = 4  # month in which a financial year begins


@dataclass(frozen=True)
class Rows:
    """Rows of one metric in one of the two tables, uncontrolled and as published, in the same order."""

    exact: pd.DataFrame
    published: pd.DataFrame


def published_cells(
    figures: Mapping[str, Rows],
    breakdowns: Mapping[str, Rows],
    shown: Sequence[Shown],
    metrics: Mapping[str, Metric],
    rule: DisclosureRule,
) -> pd.DataFrame:
    """One row for every count that a published row shows or withholds: :data:`CELL_KEY` and

    ``low``, ``high`` (what the row says of it), ``true`` (missing where it is not known), ``is_masked``, and the row it
    comes from: ``metric_id``, ``is_breakdown``, ``position``.
    """
    parts: list[pd.DataFrame] = []
    for item in shown:
        table = (breakdowns if item.dimension else figures).get(item.metric_id)
        if table is None:
            continue
        chosen = np.ones(len(table.published), dtype=np.bool_)
        if item.dimension:
            chosen = (table.published["dimension"] == item.dimension).to_numpy(dtype=np.bool_)
        at = np.flatnonzero(chosen)
        if not at.size:
            continue
        rows, metric = table.published.iloc[at], metrics[item.metric_id]
        low, high = windows(rows, metric, item.part, rule)
        category = rows["category"].astype(str).to_numpy() if item.dimension else ""
        parts.append(
            pd.DataFrame(
                {
                    "what": item.count.id + category,
                    "level": rows["org_level"].to_numpy(),
                    "geography": np.where(rows["org_level"] == ENGLAND, "", rows["geography"]),
                    "org_code": rows["org_code"].to_numpy(),
                    "strand": rows["strand"].to_numpy(),
                    "sector": rows["sector"].to_numpy(),
                    "grain": rows["period_grain"].to_numpy(),
                    "start": rows["period_start"].to_numpy().astype("datetime64[ns]"),
                    "low": low,
                    "high": high,
                    "true": counts_of(table.exact.iloc[at], metric, item.part),
                    "is_masked": rows["suppressed"].to_numpy(dtype=np.bool_),
                    "metric_id": item.metric_id,
                    "is_breakdown": bool(item.dimension),
                    "position": at,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def narrowest(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a count: the narrowest window of all rows that show it; masked where any row withholds it."""
    return (
        rows.groupby(list(CELL_KEY), sort=True, as_index=False, observed=True)
        .agg(
            low=("low", "max"),
            high=("high", "min"),
            true=("true", "max"),
            is_masked=("is_masked", "any"),
        )
        .reset_index(drop=True)
    )


def equations(
    cells: pd.DataFrame, shown: Sequence[Shown], organisations: pd.DataFrame, metrics: Mapping[str, Metric]
) -> Equations:
    """How the counts of ``cells`` (of :func:`narrowest`) make up one another, whether or not they do in truth.

    ``organisations``: ``dim_organisation``, from which a reader knows who belongs to whom.
    """
    finder = _Finder(cells)
    found = [
        *_places(cells, finder, organisations),
        *_cuts(cells, finder),
        *_periods(cells, finder, _on_a_day(shown, metrics)),
        *_categories(cells, finder, shown),
        _geographies(cells, finder, organisations),
    ]
    return _joined(found)


class _Finder:
    """Positions of cells by their key."""

    def __init__(self, cells: pd.DataFrame) -> None:
        self._columns: dict[str, pd.Index] = {}
        codes = np.zeros(len(cells), dtype=np.int64)
        for name in CELL_KEY:
            values = pd.Index(cells[name].unique())
            self._columns[name] = values
            codes = codes * (len(values) + 1) + values.get_indexer(pd.Index(cells[name]))
        self._order = np.argsort(codes, kind="stable")
        self._codes = codes[self._order]

    def of(self, keys: pd.DataFrame) -> Ints:
        """Position of the cell with each key; -1 for none."""
        codes = np.zeros(len(keys), dtype=np.int64)
        known = np.ones(len(keys), dtype=np.bool_)
        for name in CELL_KEY:
            at = self._columns[name].get_indexer(pd.Index(keys[name]))
            known &= at >= 0
            codes = codes * (len(self._columns[name]) + 1) + at
        at = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        return np.where(known & (self._codes[at] == codes), self._order[at], -1)


@dataclass(frozen=True)
class _Pairs:
    """Parts and their wholes, aligned; rows of one ``kind`` are exact together, if they ``may_be``."""

    part: Ints
    whole: Ints
    kind: NDArray[np.object_]
    may_be_exact: bool = True


def _pairs(finder: _Finder, keys: pd.DataFrame, kind: str = "what", *, may_be_exact: bool = True) -> _Pairs:
    """Cells that a relation takes to others; ``keys`` are those of the others and indexed by the cells' positions."""
    whole = finder.of(keys)
    part = keys.index.to_numpy(dtype=np.int64)
    kept = (whole >= 0) & (whole != part)
    return _Pairs(part[kept], whole[kept], keys[kind].to_numpy(dtype=object)[kept], may_be_exact)


def _places(cells: pd.DataFrame, finder: _Finder, organisations: pd.DataFrame) -> list[_Pairs]:
    found: list[_Pairs] = []
    for level, parents in PARENTS.items():
        below = cells[cells["level"] == level]
        known = (
            organisations[organisations["org_level"] == level]
            .drop_duplicates("org_code")
            .set_index("org_code")
        )
        left = np.ones(len(below), dtype=np.bool_)
        for parent in parents:
            if parent == ENGLAND:
                keys = below.assign(level=ENGLAND, org_code="ENG", geography="")
            else:
                keys = below.assign(level=parent, org_code=below["org_code"].map(known[f"{parent}_code"]))
            pairs = _pairs(finder, keys[left])
            found.append(pairs)
            left &= ~np.isin(below.index.to_numpy(), pairs.part)
    return found


def _cuts(cells: pd.DataFrame, finder: _Finder) -> list[_Pairs]:
    return [
        _pairs(finder, cells[cells[name] != EVERY].assign(**{name: EVERY})) for name in ("strand", "sector")
    ]


def _periods(cells: pd.DataFrame, finder: _Finder, on_a_day: set[str]) -> list[_Pairs]:
    found: list[_Pairs] = []
    adding = cells[~cells["what"].isin(on_a_day)]
    first = cells["start"][cells["grain"] == "all"].min()
    for grain, longer in LONGER.items():
        rows = adding[adding["grain"] == grain]
        start = rows["start"].dt
        if longer == "quarter":
            begins = rows["start"].dt.to_period("Q").dt.start_time
        elif longer == "year":
            year = start.year.where(start.month >= _FISCAL, start.year - 1)
            begins = pd.to_datetime(pd.DataFrame({"year": year, "month": _FISCAL, "day": 1}))
        else:
            begins = pd.Series(first, index=rows.index)
        found.append(_pairs(finder, rows.assign(grain=longer, start=begins)))
    return found


def _on_a_day(shown: Sequence[Shown], metrics: Mapping[str, Metric]) -> set[str]:
    """Counts on a day or since the start: those of months do not add up to years."""
    return {item.count.id for item in shown if metrics[item.metric_id].kind in ("stock", "cumulative")}


def _categories(cells: pd.DataFrame, finder: _Finder, shown: Sequence[Shown]) -> list[_Pairs]:
    """Categories that add up to a whole, and counts that are part of another for themselves."""
    counts = list({item.count.id: item.count for item in shown}.values())
    found: list[_Pairs] = []
    for count in counts:
        own = cells[_is_of(cells, count)]
        if own.empty:
            continue
        for other in counts:
            if count.is_part_of(other):
                tail = own["what"].str.slice(len(count.id)) if other.category else ""
                are_parts = bool(count.category and not other.category and not count.only)
                keys = own.assign(what=other.id + tail)
                found.append(
                    _pairs(finder, keys, may_be_exact=are_parts and count.conditions == other.conditions)
                )
    return found


def _is_of(cells: pd.DataFrame, count: Count) -> NDArray[np.bool_]:
    what = cells["what"]
    several = count.category and not count.only
    own = what.str.startswith(count.id) if several else what == count.id
    return own.to_numpy(dtype=np.bool_)


def _geographies(cells: pd.DataFrame, finder: _Finder, organisations: pd.DataFrame) -> _Pairs:
    """An organisation as it is now, and those as they were that it is made of: itself, or who merged into it."""
    successor = dict(
        organisations.dropna(subset=["successor_code"])[["org_code", "successor_code"]].to_numpy()
    )
    for _ in range(len(successor)):  # who was followed by one that was followed by another
        further = {code: successor.get(by, by) for code, by in successor.items()}
        if further == successor:
            break
        successor = further
    then = cells[cells["geography"] == "as_was"]
    return _pairs(
        finder, then.assign(geography="as_now", org_code=then["org_code"].replace(successor)), "org_code"
    )


def _joined(found: Sequence[_Pairs]) -> Equations:
    """Rows from pairs: those of one relation that share a whole are one row."""
    part = np.concatenate([pairs.part for pairs in found])
    whole = np.concatenate([pairs.whole for pairs in found])
    relation = np.repeat(np.arange(len(found)), [len(pairs.part) for pairs in found])
    kinds = pd.factorize(np.concatenate([pairs.kind for pairs in found]))[0]
    group = pd.factorize(relation * (int(kinds.max(initial=0)) + 1) + kinds)[0]
    may_be_exact = np.repeat([pairs.may_be_exact for pairs in found], [len(pairs.part) for pairs in found])
    order = np.lexsort((part, whole, relation))
    part, whole, relation, group = part[order], whole[order], relation[order], group[order]
    new = np.ones(len(part), dtype=np.bool_)
    new[1:] = (whole[1:] != whole[:-1]) | (relation[1:] != relation[:-1])
    of = np.cumsum(new) - 1
    return Equations(
        whole[new], may_be_exact[order][new], group[new].astype(np.int64), part, of.astype(np.int64)
    )
