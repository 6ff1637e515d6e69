"""Which figures the workbook shows, and in which words: one worksheet per metric and kind of figure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import duckdb
import pandas as pd

from dashboards import formatting, wording
from dashboards.export.csvw import unit_text
from dashboards.export.spreadsheet import TEXT, Line, SheetColumn
from dashboards.export.tables import FIGURES, METRIC, ExportTable, Publication
from dbt_project.registry import Metric, load_marts

COUNT, DAY = "#,##0", "d mmmm yyyy"
LEVELS = ("england", "region", "icb", "pcn")
GRAINS = ("all", "year", "quarter", "month")
NETWORK_GRAINS = ("year", "all")
GEOGRAPHIES = ("as_now", "as_was")  # the first one a table has is shown
NAME_LIMIT = 31  # characters a spreadsheet allows on a tab
ROW_LIMIT = 1_048_576
SELECTION = (
    "England, regions and integrated care boards in every period published; primary care networks since the start and, "
    "where published, by financial year; or, where a measure has neither, in its newest month"
)
PLACES = "Places are organisations as they are now; those that have merged are counted anew, from people."
_FORBIDDEN_IN_NAMES = re.compile(r"[\[\]:*?/\\']")
_CODE = re.compile(r"[a-z][a-z0-9_]*")
_SENTENCE = re.compile(r"(?<=[.?!]) (?=[A-Z])")
_HEADERS = {
    "value": "Value",
    "lower_95": "Lower end of the 95% interval",
    "upper_95": "Upper end of the 95% interval",
    "numerator": "Numerator",
    "denominator": "Denominator",
}


@dataclass(frozen=True)
class FigureSheet:
    """One worksheet of figures, ready to write."""

    name: str  # on the tab
    table_name: str  # of the marked-up table
    title: str
    lines: tuple[Line, ...]
    columns: tuple[SheetColumn, ...]
    metric: Metric
    kind: str

    @property
    def rows(self) -> int:
        """Number of rows of figures."""
        return len(self.columns[0].cells)


class FigureSheets:
    """The worksheets of a publication, one after the other, so that one frame is in memory at a time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, publication: Publication) -> None:
        self._connection = connection
        self._publication = publication
        self._numbers = numbers(publication.metrics)

    def __iter__(self) -> Iterator[FigureSheet]:
        for metric in self._publication.metrics.values():
            for table in self._publication.figures:
                if metric.id in table.metrics:
                    frame = self._frame(table, metric)
                    if len(frame):
                        yield self._sheet(table, metric, frame)

    def _frame(self, table: ExportTable, metric: Metric) -> pd.DataFrame:
        """The rows to show, in reading order: widest place, longest period and newest period first."""
        extra = "".join(f", {name}" for name in self._extra(table))
        return self._connection.execute(
            f"""
            with figures as materialized (
                select *
                from marts.{table.name}
                where {METRIC} = $metric and org_level in {LEVELS} and geography = $geography
            ),
            networks as (
                select
                    coalesce(bool_or(period_grain in {NETWORK_GRAINS}), false) as has_long,
                    max(period_start) filter (where period_grain = 'month') as newest_month
                from figures
                where org_level = 'pcn'
            )
            select figures.*, coalesce(places.org_name, figures.org_code) as org_name
            from figures
            cross join networks
            left join marts.dim_organisation as places using (org_level, org_code)
            where org_level <> 'pcn'
                or period_grain in {NETWORK_GRAINS}
                or (not has_long and period_grain = 'month' and period_start = newest_month)
            order by
                {_rank("org_level", LEVELS)}, org_name, org_code, strand <> 'all', strand,
                sector <> 'all', sector, {_rank("period_grain", GRAINS)}, period_start desc{extra}
            """,
            {"metric": metric.id, "geography": self._geography(table, metric)},
        ).df()

    def _geography(self, table: ExportTable, metric: Metric) -> str:
        """Organisations as they are now, where the metric is made for them."""
        query = f"select distinct geography from marts.{table.name} where {METRIC} = ?"
        made = {row[0] for row in self._connection.execute(query, [metric.id]).fetchall()}
        return next((geography for geography in GEOGRAPHIES if geography in made), "")

    def _extra(self, table: ExportTable) -> tuple[str, ...]:
        """What identifies a figure beyond what identifies a plain value: the group, the variant."""
        usual = load_marts()["fct_metric_value"].key
        return tuple(name for name in table.key if name not in usual)

    def _sheet(self, table: ExportTable, metric: Metric, frame: pd.DataFrame) -> FigureSheet:
        columns = (*self._labels(table, frame), *_figures(frame, metric), _status(frame))
        name = tab_name(self._numbers[metric.id], metric.label, table.kind)
        first, last = frame["period_start"].min(), self._publication.release.data_to
        what = f"{metric.label}, {table.kind}" if table.kind else metric.label
        return FigureSheet(
            name=name,
            table_name="_".join(part for part in (metric.id, table.kind.replace("-", "_")) if part),
            title=f"{what}: England and its places, {first:%B %Y} to {last:%B %Y}",
            lines=tuple(self._lines(table, metric)),
            columns=columns,
            metric=metric,
            kind=table.kind,
        )

    def _lines(self, table: ExportTable, metric: Metric) -> Iterator[Line]:
        yield Line(
            "This worksheet contains one table. The worksheet Symbols explains symbols in square brackets."
        )
        for notice in self._publication.notices:
            yield Line(notice)
        texts = [metric.description, *([table.description] if table.kind else [])]
        for sentence in (sentence for text in texts for sentence in _SENTENCE.split(text)):
            yield Line(sentence)
        yield Line(f"Numerator: {metric.numerator.description}.")
        if metric.denominator is not None:
            yield Line(f"Denominator: {metric.denominator.description}.")

    def _labels(self, table: ExportTable, frame: pd.DataFrame) -> Iterator[SheetColumn]:
        def text(header: str, column: str, words: Mapping[str, str] | None = None) -> SheetColumn:
            return SheetColumn(
                header, TEXT, frame[column] if words is None else _worded(frame[column], words)
            )

        yield text("Level", "org_level", wording.LEVEL)
        yield text("Code", "org_code")
        yield text("Name", "org_name")
        programme = self._publication.programme
        strands = {strand.id: strand.label for strand in programme.strands} | {"all": "All strands"}
        sectors = {**programme.sectors, "all": "All sectors"}
        if (frame["strand"] != "all").any():
            yield text("Strand", "strand", strands)
        if (frame["sector"] != "all").any():
            yield text("Sector", "sector", sectors)
        for name in self._extra(table):
            yield text(_humanised(name), name, {**self._stages, **sectors, **self._places})
        yield text("Kind of period", "period_grain", wording.PERIOD_KIND)
        yield SheetColumn("Period", TEXT, _periods(frame))
        yield SheetColumn("Period starts", DAY, frame["period_start"])

    @cached_property
    def _stages(self) -> dict[str, str]:
        return {
            stage: label
            for strand in self._publication.programme.strands
            for stage, label in zip(strand.stages, strand.stage_labels, strict=True)
        }

    @cached_property
    def _places(self) -> dict[str, str]:
        rows = self._connection.execute(
            "select org_code, org_name from marts.dim_organisation where org_level in ('region', 'icb') order by all"
        ).fetchall()
        return dict(rows)


def numbers(metrics: Mapping[str, Metric]) -> dict[str, str]:
    """The number by which the workbook names each metric: that of the catalogue, with a letter where it is shared."""
    shared: dict[int, list[str]] = {}
    for metric in metrics.values():
        shared.setdefault(metric.catalogue, []).append(metric.id)
    return {
        metric_id: f"{catalogue:02d}{chr(ord('a') + place) if len(ids) > 1 else ''}"
        for catalogue, ids in shared.items()
        for place, metric_id in enumerate(ids)
    }


def tab_name(number: str, label: str, kind: str) -> str:
    """The name of a worksheet, within what spreadsheets allow."""
    words = [number, *_FORBIDDEN_IN_NAMES.sub("", label).split()]
    ending = f", {kind}" if kind else ""
    while len(" ".join(words)) + len(ending) > NAME_LIMIT and len(words) > 1:
        words.pop()
    return " ".join(words).rstrip(",;") + ending


def _rank(column: str, order: Sequence[str]) -> str:
    return f"list_position({list(order)}, {column})"


def _figures(frame: pd.DataFrame, metric: Metric) -> Iterator[SheetColumn]:
    """Value, interval and parts; what this metric has none of is left out."""
    value = frame["value"].astype(float)
    why = _symbol(frame).where(_symbol(frame) != "", "x").map(lambda symbol: f"[{symbol}]")
    for name in FIGURES[:1] + FIGURES[3:] + FIGURES[1:3]:
        cells = frame[name].astype(float) if name in frame.columns else pd.Series(dtype=float)
        if name != "value" and (
            cells.isna().all() or (name == "numerator" and _repeats(cells, value, frame))
        ):
            continue
        header = f"{_HEADERS[name]} ({unit_text(metric)})" if name == "value" else _HEADERS[name]
        # beside a number there is simply no interval or part; where there is no number, the reason is the same
        marks = why.where(value.isna(), f"[{wording.NOT_APPLICABLE[0]}]").where(cells.isna(), "")
        kind = formatting.spreadsheet_format(metric.unit)
        yield SheetColumn(
            header, kind if name in ("value", "lower_95", "upper_95") else _parts_format(cells), cells, marks
        )


def _periods(frame: pd.DataFrame) -> pd.Series:
    keys = pd.MultiIndex.from_frame(frame[["period_start", "period_grain"]])
    codes, found = keys.factorize()
    names = [formatting.period(start, grain) for start, grain in found]
    return pd.Series([names[code] for code in codes.tolist()], dtype=object)


def _repeats(cells: pd.Series, value: pd.Series, frame: pd.DataFrame) -> bool:
    """Whether a numerator is the value over again: a count has nothing to be divided by."""
    return bool(frame["denominator"].isna().all() and (cells.eq(value) | cells.isna()).all())


def _parts_format(cells: pd.Series) -> str:
    known = cells.dropna()
    return COUNT if (known == known.round()).all() else "#,##0.0"


def _status(frame: pd.DataFrame) -> SheetColumn:
    words: dict[str, str] = {symbol: f"[{symbol}] {text}" for symbol, text in wording.SYMBOLS.items()}
    return SheetColumn("Status", TEXT, _symbol(frame).map({**words, "": wording.ORDINARY}))


def _symbol(frame: pd.DataFrame) -> pd.Series:
    return frame["symbol"].fillna("") if "symbol" in frame.columns else pd.Series("", index=frame.index)


def _worded(codes: pd.Series, words: Mapping[str, str]) -> pd.Series:
    """Codes in words: those they are known by, else the code itself as words."""
    known = {
        code: words.get(code) or (_humanised(code) if _CODE.fullmatch(code) else code)
        for code in codes.unique()
    }
    return codes.map(known)


def _humanised(code: str) -> str:
    return code.replace("_", " ").capitalize()
