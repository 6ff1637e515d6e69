"""What each mart promises: grain, key and columns, read from the YAML that dbt enforces as a contract."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from dbt_project.registry.errors import explain, read_yaml
from dbt_project.registry.paths import DBT_PROJECT_DIR

MARTS_FILE = DBT_PROJECT_DIR / "models" / "marts" / "_marts__models.yml"
FIGURE = "value"  # the columns before it identify a figure


class MartColumn(BaseModel):
    """One column of a mart; dbt's own keys (constraints, tests) are none of our business."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    description: str

    @property
    def meaning(self) -> str:
        """What the column says."""
        return self.description


class Mart(BaseModel):
    """One mart: what a row is, which columns identify it, what each column means."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    description: str
    columns: tuple[MartColumn, ...]
    config: dict[str, Any] = {}

    @property
    def grain(self) -> str:
        """What one row is, in words."""
        return str(self.config.get("meta", {}).get("grain", ""))

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that identify a row: those named under ``config.meta.key``, else those before the figure."""
        named = self.config.get("meta", {}).get("key")
        if named is not None:
            return tuple(named)
        names = [column.name for column in self.columns]
        return tuple(names[: names.index(FIGURE)]) if FIGURE in names else ()


@lru_cache(maxsize=4)
def load_marts(path: Path = MARTS_FILE) -> dict[str, Mart]:
    """Every mart by name. Raises :class:`RegistryError`."""
    try:
        marts = [Mart.model_validate(entry) for entry in read_yaml(path)["models"]]
    except ValidationError as error:
        raise explain(path, error) from error
    return {mart.name: mart for mart in marts}
