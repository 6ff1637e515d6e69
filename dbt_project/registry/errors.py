"""One error for every mistake in a contract or a metric entry: it names the file and the key."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError


class RegistryError(ValueError):
    """A feed contract or metric entry is wrong; the message names file, key and what was expected."""


def read_yaml(path: Path) -> Any:
    """Parse one YAML file; a syntax error becomes a :class:`RegistryError` with the line."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader either way
    except yaml.YAMLError as error:
        raise RegistryError(f"{path.name}: not valid YAML: {error}") from error


def explain(path: Path, error: ValidationError) -> RegistryError:
    """Turn a pydantic error into one line per mistake, each naming file and key."""
    lines = [
        f"{path.name}: {'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
        for item in error.errors()
    ]
    return RegistryError("\n".join(lines))


# libyaml is about eight times faster than the pure Python loader; both give the same objects.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
