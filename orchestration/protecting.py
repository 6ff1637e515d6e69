"""Withholding until a reader can work out no small count: the audit's answer is masked further, and audited again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dbt_project.registry import DisclosureRule, Metric, Programme
from evaluation.disclosure import control
from evaluation.disclosure_audit import UNBOUNDED, Bounds, Equations, Ints, behind, bounds, involved
from evaluation.disclosure_windows import rates_follow
from expectations.gate import GateRefused
from orchestration.publishable import BREAKDOWN, FIGURES, publishable
from orchestration.published_cells import CELL_KEY, ENGLAND, Rows, equations, narrowest, published_cells
from orchestration.shown_counts import shown_counts

WEIGHT = {
    "region": 100.0,
    "icb": 10.0,
    "sub_icb": 5.0,
    "pcn": 1.0,
}  # of a figure withheld: what it tells to how many
REOPENED = ("region", "icb")  # levels whose needless masks are taken back, in this order
Mask = NDArray[np.bool_]
Progress = Callable[[str], None]
Tables = Mapping[tuple[str, str], pd.DataFrame]  # (table, metric id) -> rows
NAMED = 20  # counts named in a refusal


@dataclass(frozen=True)
class Audit:
    """What a reader finds of withheld small counts: positions in ``cells`` of those asked, and the bounds.

    ``rows``: what every published row says of its counts (:func:`published_cells`); ``cells``: the narrowest of them.
    ``equations``: how the counts make up one another.
    ``goal``: how large each would have to be possible: the largest withheld count, or what England's own figures,
    published whole by policy, leave of it.
    """

    rows: pd.DataFrame
    cells: pd.DataFrame
    equations: Equations
    asked: Ints
    goal: Ints
    found: Bounds

    @property
    def recovered(self) -> Ints:
        """Positions of asked counts of which a reader knows more than that they are withheld."""
        low, high = self.found.low[self.asked], self.found.high[self.asked]
        return self.asked[(low > 0) | (high < self.goal)]

    @property
    def reasons(self) -> list[str]:
        """Why this may not be published, cell by cell: where they are, never what they are."""
        found = self.cells.iloc[self.recovered]
        told = [
            "disclosure audit: a withheld count can be worked out: "
            + ", ".join(str(row[name]) for name in CELL_KEY if name != "start" and row[name] != "")
            + f" from {row['start']:%Y-%m-%d}"
            for row in found.head(NAMED).to_dict("records")
        ]
        return [*told, f"and {len(found) - NAMED:,} more"] if len(found) > NAMED else told


class Auditor:
    """Audits rows of the same metrics again and again: how counts make up one another is worked out once."""

    def __init__(
        self, metrics: Mapping[str, Metric], rule: DisclosureRule, organisations: pd.DataFrame
    ) -> None:
        self.metrics, self.rule, self.organisations = metrics, rule, organisations
        self.shown = shown_counts(metrics)
        self._equations: Equations | None = None
        self._national: Ints | None = None  # the most that England's figures leave of each count

    def cells(self, exact: Tables, published: Tables) -> pd.DataFrame:
        """The counts of every row (:func:`published_cells`); published rows are in the order of the uncontrolled."""
        of = {
            table: {
                metric: Rows(rows, published[(of, metric)])
                for (of, metric), rows in exact.items()
                if of == table
            }
            for table in (FIGURES, BREAKDOWN)
        }
        return published_cells(of[FIGURES], of[BREAKDOWN], self.shown, self.metrics, self.rule)

    def audit(self, exact: Tables, published: Tables) -> Audit:
        """Everything a reader can work out of the published rows.

        Raises :class:`expectations.gate.GateRefused` where they contradict one another, and where a percentage or
        rate is not that of the counts beside it, which would tell the counts behind.
        """
        for (_, metric_id), rows in published.items():
            if not rates_follow(rows, self.metrics[metric_id]):
                raise GateRefused(
                    [f"disclosure audit: {metric_id}: a rate is not that of its published counts"]
                )
        rows = self.cells(exact, published)
        cells = narrowest(rows)
        true, known = _counts(cells)
        made = self._equations
        if made is None:
            made = equations(cells, self.shown, self.organisations, self.metrics).agreeing(true, known)
            self._equations = made
        low, high = cells["low"].to_numpy(dtype=np.int64), cells["high"].to_numpy(dtype=np.int64)
        small = cells["is_masked"].to_numpy(dtype=np.bool_) & known & (true <= self.rule.suppress_up_to)
        asked = np.flatnonzero(small)
        if self._national is None:  # England's figures are never withheld
            england = (cells["level"] == ENGLAND).to_numpy(dtype=np.bool_)
            self._national = bounds(np.where(england, low, 0), np.where(england, high, UNBOUNDED), made).high
        goal = np.minimum(self.rule.suppress_up_to, self._national[asked])
        found = bounds(low, high, made)
        if ((true < low) | (true > high))[known].any() or found.contradictory.size:
            raise GateRefused(["disclosure audit: the published figures contradict one another"])
        return Audit(rows, cells, made, asked, goal, found)


@dataclass
class Protection:
    """Rows of every controlled metric of a build, and which of them are withheld beyond the usual rule."""

    auditor: Auditor
    exact: Tables  # publishable rows, uncontrolled
    withheld: dict[tuple[str, str], Mask] = field(default_factory=dict)
    published: dict[tuple[str, str], pd.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key in self.exact:
            self._control(key)

    def protect(self, progress: Progress = lambda _: None) -> None:
        """Withhold further figures until nothing is recovered, and show again what of it tells most and is not needed.

        Raises :class:`expectations.gate.GateRefused` where something is though everything that may be is withheld.
        """
        if not self.exact:
            return
        self._hide(progress)
        for level in REOPENED:
            self._reopen(level, progress)

    def _hide(self, progress: Progress) -> None:
        while True:  # every round withholds at least one figure more, so it ends
            audit = self.auditor.audit(self.exact, self.published)
            recovered = audit.recovered
            if not recovered.size:
                return
            victims = self._victims(audit)
            if not victims.size:
                raise GateRefused(audit.reasons)
            progress(f"withholding {len(victims):,} figures, by which {recovered.size:,} could be worked out")
            self._withhold(audit.rows, audit.cells.iloc[victims])

    def _victims(self, audit: Audit) -> Ints:
        """For every count recovered, the figure that tells least among those that gave it away."""
        equations, cells = audit.equations, audit.cells
        is_open = (audit.found.low[audit.asked] > 0), (audit.found.high[audit.asked] < audit.goal)
        can = ((cells["level"] != ENGLAND) & ((cells["low"] > 0) | (cells["high"] < UNBOUNDED))).to_numpy(
            dtype=np.bool_
        )
        cost = cells["level"].map(WEIGHT).fillna(np.inf).to_numpy(dtype=np.float64)
        cost = cost + np.minimum(cells["true"].to_numpy(dtype=np.float64), 10_000) / 100_000
        chosen: set[int] = set()
        for highest, opens in ((False, is_open[0]), (True, is_open[1])):
            for count in audit.asked[opens]:
                near = involved(equations, audit.found, int(count), highest=highest)
                near = near[can[near]]
                if not near.size:
                    near = behind(equations, audit.found, int(count), highest=highest)
                    near = near[can[near]]
                if near.size and not chosen.intersection(near.tolist()):
                    chosen.add(int(near[np.argmin(cost[near])]))
        return np.array(sorted(chosen), dtype=np.int64)

    def _reopen(self, level: str, progress: Progress) -> None:
        """Show the figures of a level withheld beyond the usual rule again, but those that give a count away.

        All are opened. For every count that is then recovered one of those that had a part in it is withheld again,
        until nothing is: every round withholds one at least, and with all of them withheld nothing is recovered.
        """
        opened = {
            key: mask & (self.exact[key]["org_level"] == level).to_numpy(dtype=np.bool_)
            for key, mask in self.withheld.items()
        }
        number = sum(int(mask.sum()) for mask in opened.values())
        if not number:
            return
        self._set({key: self.withheld[key] & ~mask for key, mask in opened.items()})
        while (audit := self.auditor.audit(self.exact, self.published)).recovered.size:
            rows = audit.rows
            rows = rows[self._are_in(rows, opened) & ~self._are_in(rows, self.withheld)]
            closed = rows.merge(
                audit.cells.iloc[self._culprits(audit, rows)][list(CELL_KEY)], on=list(CELL_KEY)
            )
            if closed.empty:  # nothing that was opened had a part in it, so far as the chain of bounds tells
                self._set({key: self.withheld[key] | mask for key, mask in opened.items()})
                return
            self._set(self._with(closed))
        left = sum(int((mask & ~self.withheld[key]).sum()) for key, mask in opened.items())
        if left:
            progress(f"showing {left:,} of {number:,} figures of level {level} again")

    def _culprits(self, audit: Audit, rows: pd.DataFrame) -> Ints:
        """For every count recovered, one that rows show and that had a part in it."""
        cells = audit.cells
        keys = pd.MultiIndex.from_frame(cells[list(CELL_KEY)])
        is_open = keys.isin(pd.MultiIndex.from_frame(rows[list(CELL_KEY)]))
        chosen: set[int] = set()
        for count in audit.recovered.tolist():
            for highest in (False, True):
                near = behind(audit.equations, audit.found, count, highest=highest)
                near = near[is_open[near]]
                if near.size and not chosen.intersection(near.tolist()):
                    chosen.add(int(near[np.argmin(cells["true"].to_numpy()[near])]))
                    break
        return np.array(sorted(chosen), dtype=np.int64)

    def _are_in(self, rows: pd.DataFrame, masks: Mapping[tuple[str, str], Mask]) -> Mask:
        """Which rows of counts a mask of every table names."""
        found = np.zeros(len(rows), dtype=np.bool_)
        places = rows.assign(at=np.arange(len(rows))).groupby(["metric_id", "is_breakdown"])
        for (metric_id, is_breakdown), part in places:
            key = (BREAKDOWN if is_breakdown else FIGURES, str(metric_id))
            found[part["at"].to_numpy()] = masks[key][part["position"].to_numpy(dtype=np.int64)]
        return found

    def _with(self, rows: pd.DataFrame) -> dict[tuple[str, str], Mask]:
        """The masks of the tables that rows are of, with these rows withheld too."""
        masks: dict[tuple[str, str], Mask] = {}
        for (metric_id, is_breakdown), part in rows.groupby(["metric_id", "is_breakdown"]):
            key = (BREAKDOWN if is_breakdown else FIGURES, str(metric_id))
            masks[key] = self.withheld[key].copy()
            masks[key][part["position"].to_numpy(dtype=np.int64)] = True
        return masks

    def _set(self, masks: Mapping[tuple[str, str], Mask]) -> None:
        """Withhold other rows, and control the tables where it makes a difference."""
        for key, mask in masks.items():
            if (mask != self.withheld[key]).any():
                self.withheld[key] = mask
                self._control(key)

    def _withhold(self, rows: pd.DataFrame, cells: pd.DataFrame) -> None:
        """Withhold every row that shows one of the counts."""
        rows = rows.merge(cells[list(CELL_KEY)], on=list(CELL_KEY), how="inner")
        rows = rows[(rows["level"] != ENGLAND) & ~rows["is_masked"]]
        self._set(self._with(rows))

    def _control(self, key: tuple[str, str]) -> None:
        rows = self.exact[key]
        mask = self.withheld.setdefault(key, np.zeros(len(rows), dtype=np.bool_))
        self.published[key] = control(rows, {key[1]: self.auditor.metrics[key[1]]}, self.auditor.rule, mask)


def protection(
    connection: duckdb.DuckDBPyConnection, metrics: Mapping[str, Metric], programme: Programme
) -> Protection:
    """The controlled metrics of the attached build ``wh``, by the usual rule, ready to be audited."""
    exact: dict[tuple[str, str], pd.DataFrame] = {}
    for metric_id in dict.fromkeys(item.metric_id for item in shown_counts(metrics)):
        for table in (FIGURES, BREAKDOWN):
            rows = publishable(connection, table, metrics[metric_id], programme.disclosure)
            if len(rows):
                exact[(table, metric_id)] = rows
    organisations = connection.execute("from wh.marts.dim_organisation").df()
    return Protection(Auditor(metrics, programme.disclosure, organisations), exact)


def linked(metric: Metric, metrics: Mapping[str, Metric]) -> dict[str, Metric]:
    """The metrics that count the same measures as one, those that count the same as these, and so on.

    Counts of other measures make up none of theirs: what is withheld of one metric depends on these alone.
    """
    measures: dict[str, set[str]] = {}
    for item in shown_counts(metrics):
        measures.setdefault(item.metric_id, set()).add(item.count.measure)
    found, near = {metric.id}, measures.get(metric.id, set())
    while True:
        further = {name for name, own in measures.items() if own & near} - found
        if not further:
            return {name: metrics[name] for name in metrics if name in found}
        found |= further
        near = near.union(*(measures[name] for name in further))


def _counts(cells: pd.DataFrame) -> tuple[Ints, Mask]:
    true = cells["true"].to_numpy(dtype=np.float64)
    known = ~np.isnan(true)
    return np.where(known, true, 0).astype(np.int64), known
