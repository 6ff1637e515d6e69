"""Tables that a release works out after dbt, offered for export beside the marts in the shape that they promise."""

from __future__ import annotations

from pathlib import Path

import duckdb

from dbt_project.registry.published_tables import PublishedTable, load_published_tables


def offer(database: Path) -> None:
    """Add each of them to schema ``marts`` of a published database, where the database holds it.

    Raises ValueError where a table has other columns than it promises: nothing leaves that nobody described.
    """
    with duckdb.connect(str(database)) as connection:
        held = {
            name
            for (name,) in connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'main'"
            ).fetchall()
        }
        for table in load_published_tables().values():
            if table.name in held:
                _offer(connection, table)
        connection.execute("checkpoint")


def _offer(connection: duckdb.DuckDBPyConnection, table: PublishedTable) -> None:
    found = {row[0] for row in connection.execute(f"describe main.{table.name}").fetchall()}
    promised = {column.name for column in table.columns}
    if found != promised:
        differing = ", ".join(sorted(found ^ promised))
        raise ValueError(f"{table.name}: columns not as published_tables.yml has them: {differing}")
    columns = ", ".join(
        f"cast({column.name} as {column.data_type}) as {column.name}" for column in table.columns
    )
    connection.execute(f"create view marts.{table.name} as select {columns} from main.{table.name}")
