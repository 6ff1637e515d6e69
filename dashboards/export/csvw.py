"""Metadata of the CSV files in the vocabulary of CSV on the Web (W3C Recommendation, 17 December 2015).

https://www.w3.org/TR/2015/REC-tabular-metadata-20151217/
"""

from __future__ import annotations

import re
from typing import Any

from dashboards import formatting, wording
from dashboards.export.tables import LICENCE, ExportColumn, ExportTable, Publication
from dashboards.inert import STATEMENT
from dbt_project.registry import Metric

Json = dict[str, Any]

CONTEXT: list[Any] = ["http://www.w3.org/ns/csvw", {"@language": "en"}]
SYMBOLS_FILE = "symbol.csv"
SYMBOL_COLUMNS = ("symbol", "meaning")
_DATATYPES = {
    "VARCHAR": "string",
    "DOUBLE": "double",
    "INTEGER": "integer",
    "BIGINT": "integer",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "dateTime",
    "TIMESTAMP WITH TIME ZONE": "dateTime",
}
_DECIMAL = re.compile(r"DECIMAL\(\d+,\s*\d+\)")
_FORMATS = {"boolean": "true|false"}


def file_name(table: ExportTable, metric_id: str | None = None) -> str:
    """Name of a CSV file: files of one metric stand together."""
    return (
        f"{'-'.join(part for part in (metric_id or table.name, table.kind if metric_id else '') if part)}.csv"
    )


def describe(publication: Publication) -> Json:
    """The metadata of every file of the archive, as one table group."""
    release = publication.release
    tables = [_symbol_table()]
    tables += [_table(table, None) for table in publication.others]
    tables += [
        _table(table, publication.metrics[metric_id])
        for table in publication.figures
        for metric_id in table.metrics
    ]
    return {
        "@context": CONTEXT,
        "@type": "TableGroup",
        "dc:title": f"{publication.programme.name}: published figures",
        "dc:description": " ".join(
            (
                *publication.notices,
                "Figures under disclosure control, with their definitions and organisations.",
            )
        ),
        "dc:identifier": release.release_id,
        "dc:license": {"@id": LICENCE},
        "dc:modified": {"@value": f"{publication.stamp.isoformat()}Z", "@type": "xsd:dateTime"},
        "dc:temporal": f"{publication.first_day.isoformat()}/{release.data_to.isoformat()}",
        "notes": [_note(title, text) for title, text in _notes(publication)],
        "dialect": {
            "encoding": "utf-8",
            "header": True,
            "delimiter": ",",
            "quoteChar": '"',
            "doubleQuote": True,
        },
        "tables": tables,
    }


def _notes(publication: Publication) -> list[tuple[str, str]]:
    rule = publication.programme.disclosure
    return [
        ("Checks", f"Gate of the release: {wording.gate_result(publication.release.gate_status)}."),
        (
            "Empty figures",
            "An empty figure is never zero; status and symbol say why it is empty. Symbols: "
            + "; ".join(f"{symbol} = {text}" for symbol, text in wording.SYMBOLS.items())
            + ".",
        ),
        (
            "Disclosure control",
            f"Below England, counts from returns up to {rule.suppress_up_to} are withheld and others rounded to "
            f"{rule.round_to}; rates and intervals are computed from the rounded counts. "
            f"{wording.CONTROLLED_IN_ENGLAND}",
        ),
        ("Text cells", STATEMENT),
    ]


def _note(title: str, text: str) -> Json:
    return {"dc:title": title, "dc:description": text}


def _symbol_table() -> Json:
    said = ("Symbol that stands where a figure is missing or weak.", "What it means.")
    columns = [
        {"name": name, "titles": name, "dc:description": text, "datatype": "string", "required": True}
        for name, text in zip(SYMBOL_COLUMNS, said, strict=True)
    ]
    return {
        "url": SYMBOLS_FILE,
        "dc:title": "Symbols",
        "tableSchema": {"columns": columns, "primaryKey": [SYMBOL_COLUMNS[0]]},
    }


def _table(table: ExportTable, metric: Metric | None) -> Json:
    said: Json = {"url": file_name(table, metric.id if metric else None)}
    if metric is None:
        said |= {"dc:title": table.description, "dc:description": table.grain}
    else:
        title = f"{metric.label}: {table.kind}" if table.kind else metric.label
        said |= {
            "dc:title": title,
            "dc:description": f"{metric.description} {table.description}",
            "dc:subject": metric.question,
        }
    schema: Json = {"columns": [_column(table, column, metric) for column in table.columns]}
    if table.key:
        schema["primaryKey"] = list(table.key)
    if table.references:
        schema["foreignKeys"] = [
            {
                "columnReference": list(reference.columns),
                "reference": {
                    "resource": f"{reference.table}.csv",
                    "columnReference": list(reference.columns),
                },
            }
            for reference in table.references
        ]
    return {**said, "tableSchema": schema}


def _column(table: ExportTable, column: ExportColumn, metric: Metric | None) -> Json:
    said: Json = {"name": column.name, "titles": column.name, "datatype": _datatype(column)}
    description = _meaning(column, metric)
    if description:
        said["dc:description"] = description
    if metric is not None and column.name in ("value", "lower_95", "upper_95"):
        said["schema:unitText"] = unit_text(metric)
    if column.name in table.key:
        said["required"] = True
    return said


def _meaning(column: ExportColumn, metric: Metric | None) -> str:
    if metric is not None and column.name == "numerator":
        return f"{column.description} Here: {metric.numerator.description}."
    if metric is not None and column.name == "denominator" and metric.denominator is not None:
        return f"{column.description} Here: {metric.denominator.description}."
    return column.description


def unit_text(metric: Metric) -> str:
    """The unit of a metric in words: ``people``, ``%``, ``per 10,000``."""
    words = formatting.unit_words(metric.unit)
    return f"{words} per {metric.per:,}".strip() if metric.per > 1 else words or metric.unit


def _datatype(column: ExportColumn) -> str | Json:
    base = "decimal" if _DECIMAL.fullmatch(column.kind) else _DATATYPES.get(column.kind, "string")
    return {"base": base, "format": _FORMATS[base]} if base in _FORMATS else base
