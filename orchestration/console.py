"""What the command line prints, and how."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.logging import RichHandler
from rich.table import Table

if TYPE_CHECKING:  # half a second that commands without a frame need not pay
    import pandas as pd

WIDTH_OF_FILES = 200  # a pipe or a file has no width: tables are not squeezed into eighty columns there

OUT = Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else WIDTH_OF_FILES)
ERR = Console(stderr=True, soft_wrap=True, highlight=False)


def error(text: str) -> None:
    """One problem, on standard error."""
    ERR.print(f"phip: {text}", markup=False)


def show_lines(lines: Iterable[str]) -> None:
    """Plain lines on standard output."""
    for line in lines:
        OUT.print(line, markup=False)


def show_json(content: object) -> None:
    """JSON on standard output."""
    sys.stdout.write(json.dumps(content, default=str, indent=2, ensure_ascii=False) + "\n")


def show_table(rows: Sequence[dict[str, Any]], nothing: str) -> None:
    """A table, or a sentence where there are no rows."""
    if not rows:
        show_lines([nothing])
        return
    table = Table(box=None, header_style="bold")
    for name in rows[0]:
        table.add_column(str(name).replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    OUT.print(table)


def show_frame(frame: pd.DataFrame, output: str, *, name: str) -> None:
    """A frame as table, CSV, JSON, or a Parquet file in the working folder."""
    if output == "csv":
        from dashboards.inert import one_line

        texts = frame.select_dtypes(include=["object", "string"]).columns
        safe = frame.assign(
            **{
                str(name): frame[name].map(one_line, na_action="ignore")
                for name in texts
                if _is_text(frame[name])
            }
        )
        sys.stdout.write(safe.to_csv(index=False))
    elif output == "json":
        sys.stdout.write(str(frame.to_json(orient="records", date_format="iso", indent=2)) + "\n")
    elif output == "parquet":
        path = Path(f"{name}.parquet")
        frame.to_parquet(path, index=False)
        show_lines([f"wrote {path}"])
    else:
        _show_narrow(frame)


def _is_text(column: pd.Series) -> bool:
    return all(isinstance(cell, str) for cell in column.dropna())


def _show_narrow(frame: pd.DataFrame) -> None:
    """A frame as a table; what is the same on every row is said once above it."""
    same = [str(name) for name in frame.columns if len(frame) > 1 and frame[name].nunique(dropna=False) == 1]
    said = [f"{name.replace('_', ' ')}: {text}" for name in same if (text := _cell(frame[name].iloc[0]))]
    if said:
        show_lines([", ".join(said)])
    rest = frame.drop(columns=same)
    show_table([{str(k): _cell(v) for k, v in row.items()} for row in rest.to_dict("records")], "no rows")


def _cell(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - a missing number or day is not even equal to itself
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    return (
        f"{value:,.4g}"
        if isinstance(value, float) and not value.is_integer()
        else str(value).removesuffix(".0")
    )


@contextmanager
def progress(*, silent: bool) -> Generator[None]:
    """Show what the run says about itself while it works, on standard error."""
    logger = logging.getLogger("phip")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    handler: logging.Handler = (
        logging.NullHandler()
        if silent
        else RichHandler(
            console=ERR, show_path=False, show_level=False, markup=False, log_time_format="%H:%M:%S"
        )
    )
    logger.addHandler(handler)
    try:
        if silent or not ERR.is_terminal:
            yield
        else:
            with ERR.status("working"):
                yield
    finally:
        logger.removeHandler(handler)
