"""CSV on the Web as a test: the rules of the metadata vocabulary, and reading a file by its metadata.

Written from the Recommendations of 17 December 2015 (tabular-metadata, tabular-data-model), without a look at the
code that writes the files. Only what the exports use is understood; anything else is a problem.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

Json = dict[str, Any]

GROUP = {
    "@context",
    "@type",
    "tables",
    "dialect",
    "notes",
    "tableDirection",
    "tableSchema",
    "transformations",
    "@id",
}
TABLE = {
    "@type",
    "@id",
    "url",
    "tableSchema",
    "notes",
    "dialect",
    "suppressOutput",
    "tableDirection",
    "transformations",
}
SCHEMA = {"@type", "@id", "columns", "primaryKey", "foreignKeys", "rowTitles"}
INHERITED = {
    "aboutUrl", "datatype", "default", "lang", "null", "ordered", "propertyUrl", "required", "separator",
    "textDirection", "valueUrl",
}  # fmt: skip
COLUMN = {"@type", "@id", "name", "titles", "suppressOutput", "virtual"} | INHERITED
DIALECT = {
    "@type", "@id", "commentPrefix", "delimiter", "doubleQuote", "encoding", "header", "headerRowCount",
    "lineTerminators", "quoteChar", "skipBlankRows", "skipColumns", "skipInitialSpace", "skipRows", "trim",
}  # fmt: skip
PREFIXES = {
    "dc",
    "dcat",
    "schema",
    "xsd",
    "rdfs",
    "skos",
    "prov",
    "csvw",
}  # of the initial context, as far as needed
NAME = re.compile(r"(?!_)(?:[\w.]|%[0-9A-Fa-f]{2})+")
DATATYPES: dict[str, Callable[[str], Any]] = {
    "string": str,
    "integer": int,
    "double": float,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "dateTime": datetime.fromisoformat,
    "boolean": lambda text: {"true": True, "false": False}[text],
}
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def problems(metadata: Json, folder: Path) -> list[str]:
    """Everything that breaks a rule, in words; empty for valid metadata over valid files."""
    return [*_of_group(metadata), *_of_files(metadata, folder)]


def _of_group(group: Json) -> Iterator[str]:
    context = group.get("@context")
    address = context[0] if isinstance(context, list) and context else context
    if address != "http://www.w3.org/ns/csvw":
        yield "@context: the first entry must be the address of the vocabulary"
    if isinstance(context, list) and (len(context) > 2 or set(context[-1]) - {"@language", "@base"}):
        yield "@context: only @language and @base may follow the address"
    if group.get("@type", "TableGroup") != "TableGroup":
        yield "@type of the group"
    yield from _known("group", group, GROUP)
    yield from _known("dialect", group.get("dialect", {}), DIALECT)
    if not isinstance(group.get("notes", []), list):
        yield "notes must be an array"
    tables = group.get("tables") or []
    if not tables:
        yield "tables: at least one"
    urls = [table.get("url") for table in tables]
    if len(set(urls)) != len(urls):
        yield "url: two tables have the same"
    by_url = {table.get("url"): table for table in tables}
    for table in tables:
        yield from _of_table(table, by_url)


def _of_table(table: Json, by_url: dict[Any, Json]) -> Iterator[str]:
    where = str(table.get("url"))
    if not isinstance(table.get("url"), str) or "://" in where or where.startswith("/"):
        yield f"{where}: url must be a relative address"
    yield from _known(where, table, TABLE)
    schema = table.get("tableSchema", {})
    yield from _known(f"{where} schema", schema, SCHEMA)
    columns = schema.get("columns", [])
    names = [column.get("name") for column in columns]
    if len(set(names)) != len(names):
        yield f"{where}: column names must differ"
    for column in columns:
        yield from _of_column(where, column)
    for key in (
        schema.get("primaryKey", []),
        *(foreign["columnReference"] for foreign in schema.get("foreignKeys", [])),
    ):
        if set(key) - set(names):
            yield f"{where}: a key names a column that is not there"
    for foreign in schema.get("foreignKeys", []):
        if set(foreign) != {"columnReference", "reference"} or set(foreign["reference"]) != {
            "resource",
            "columnReference",
        }:
            yield f"{where}: foreignKeys holds unknown properties"
            continue
        target = by_url.get(foreign["reference"]["resource"])
        held = {column["name"] for column in target["tableSchema"]["columns"]} if target else set()
        if not set(foreign["reference"]["columnReference"]) <= held:
            yield f"{where}: a foreign key refers to {foreign['reference']} which is not in the group"


def _of_column(where: str, column: Json) -> Iterator[str]:
    name = column.get("name", "")
    yield from _known(f"{where} {name}", column, COLUMN)
    if not NAME.fullmatch(name):
        yield f"{where}: column name {name!r}"
    datatype = column.get("datatype", "string")
    base = datatype.get("base") if isinstance(datatype, dict) else datatype
    if base not in DATATYPES:
        yield f"{where} {name}: datatype {base}"
    if isinstance(datatype, dict) and set(datatype) - {"base", "format", "@id"}:
        yield f"{where} {name}: datatype properties"
    if not isinstance(column.get("required", False), bool):
        yield f"{where} {name}: required must be a truth value"


def _known(where: str, thing: Json, known: set[str]) -> Iterator[str]:
    for name, value in thing.items():
        if name in known:
            continue
        if ":" not in name or name.split(":")[0] not in PREFIXES:
            yield f"{where}: property {name} is not of the vocabulary"
        elif isinstance(value, dict) and "@value" in value and set(value) - {"@value", "@type", "@language"}:
            yield f"{where}: {name}: beside @value only @type or @language"


def _of_files(group: Json, folder: Path) -> Iterator[str]:
    keys: dict[tuple[str, tuple[str, ...]], set[tuple[Any, ...]]] = {}
    read: dict[str, list[Json]] = {}
    for table in group["tables"]:
        url = table["url"]
        try:
            read[url] = list(rows(table, folder))
        except (ValueError, KeyError, OSError) as error:
            yield f"{url}: {error}"
            continue
        key = tuple(table["tableSchema"].get("primaryKey", ()))
        found = [tuple(row.get(name) for name in key) for row in read[url]]
        if key and len(set(found)) != len(found):
            yield f"{url}: rows with the same primary key"
        keys[url, key] = set(found)
    for table in group["tables"]:
        for foreign in table["tableSchema"].get("foreignKeys", ()):
            reference = foreign["reference"]
            held = keys.get((reference["resource"], tuple(reference["columnReference"])), set())
            named = {
                tuple(row[name] for name in foreign["columnReference"]) for row in read.get(table["url"], ())
            }
            if missing := named - held:
                yield f"{table['url']}: {len(missing)} references to {reference['resource']} lead nowhere"


def rows(table: Json, folder: Path) -> Iterator[Json]:
    """The rows of a file, read by its metadata alone: column name -> value, None for null.

    Raises ValueError naming line and column.
    """
    columns = table["tableSchema"]["columns"]
    with (folder / table["url"]).open(encoding="utf-8", newline="") as handle:
        reader = csv.reader(handle, strict=True)
        header = next(reader)
        titles = [
            column["titles"] if isinstance(column["titles"], list) else [column["titles"]]
            for column in columns
        ]
        if len(header) != len(columns) or any(
            title not in known for title, known in zip(header, titles, strict=True)
        ):
            raise ValueError(f"header {header} does not have the titles")
        for cells in reader:
            if len(cells) != len(columns):
                raise ValueError(f"line {reader.line_num}: {len(cells)} cells for {len(columns)} columns")
            yield {
                column["name"]: _value(column, cell, reader.line_num)
                for column, cell in zip(columns, cells, strict=True)
            }


def _value(column: Json, cell: str, line: int) -> Any:
    nulls = column.get("null", "")
    if cell in ([nulls] if isinstance(nulls, str) else nulls):
        if column.get("required"):
            raise ValueError(f"line {line}: {column['name']} is required")
        return None
    datatype = column.get("datatype", "string")
    base = datatype["base"] if isinstance(datatype, dict) else datatype
    try:
        if base in ("double", "decimal", "integer") and not NUMBER.fullmatch(cell):
            raise ValueError(cell)
        return DATATYPES[base](cell)
    except (ValueError, KeyError):
        raise ValueError(f"line {line}: {column['name']} is no {base}") from None
