"""The marts of one build in a DuckDB file of their own: figures before disclosure control, for evaluators.

Pseudonymous: the marts hold no direct identifier. Nothing in the copy points to a file or to the restricted folders,
so it can be opened anywhere the evaluators' agreement lets it be.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

SCHEMA = "marts"
# only its owner and group read it, and nobody changes it by mistake
READ_ONLY = 0o440


def write_exact(
    warehouse: Path, target: Path, config: dict[str, str | bool | int | float | list[str]]
) -> list[str]:
    """Copy every mart of ``warehouse`` (read, never written) into ``target`` and return their names.

    Views become tables. The tables stand in the schema ``marts``, as in the build, and bear the same names without
    it. Raises FileExistsError where the target exists.
    """
    if target.exists():
        raise FileExistsError(f"{target.name} exists")
    draft = target.with_name(f".{target.name}.part")
    draft.unlink(missing_ok=True)
    with duckdb.connect(str(draft), config=config) as connection:
        # the views of a build name their tables by this name of the catalogue
        connection.execute(f"attach '{warehouse}' as wh (read_only)")
        found = connection.execute(
            "select table_name from information_schema.tables "
            "where table_catalog = 'wh' and table_schema = ? order by table_name",
            [SCHEMA],
        ).fetchall()
        names = [str(name) for (name,) in found]
        connection.execute(f"create schema {SCHEMA}")
        for name in names:
            connection.execute(f"create table main.{name} as from wh.{SCHEMA}.{name}")
            connection.execute(f"create view {SCHEMA}.{name} as from main.{name}")
        connection.execute("create table main.build_info as from wh.raw.build_info")
        connection.execute("detach wh")
        connection.execute("checkpoint")
    shutil.move(draft, target)
    target.chmod(READ_ONLY)
    return names
