"""What the tables that a release works out after dbt promise: the marts have their own contracts, these have this."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from dbt_project.registry.errors import explain, read_yaml
from dbt_project.registry.paths import DBT_PROJECT_DIR

PUBLISHED_TABLES_FILE = DBT_PROJECT_DIR / "published_tables.yml"


class PublishedColumn(BaseModel):
    """One column: its type in DuckDB, its meaning, and that of each of its values where these are words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    data_type: str
    description: str
    values: dict[str, str] = {}

    @property
    def meaning(self) -> str:
        """The description and what each value stands for."""
        listed = "; ".join(f"{value} = {text}" for value, text in self.values.items())
        return f"{self.description} {listed}." if listed else self.description


class PublishedTable(BaseModel):
    """One table: ``title`` and ``question`` as readers see them, grain, key (empty where none) and columns."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str
    title: str
    question: str
    grain: str
    key: tuple[str, ...] = ()
    columns: tuple[PublishedColumn, ...]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    tables: tuple[PublishedTable, ...]


@lru_cache(maxsize=4)
def load_published_tables(path: Path = PUBLISHED_TABLES_FILE) -> dict[str, PublishedTable]:
    """Every such table by name, in the order of the file. Raises :class:`RegistryError`."""
    try:
        content = _File.model_validate(read_yaml(path))
    except ValidationError as error:
        raise explain(path, error) from error
    return {table.name: table for table in content.tables}
