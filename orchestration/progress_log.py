"""The run's own voice, without Dagster: what :mod:`orchestration.console` shows while a command works."""

from __future__ import annotations

import logging
import sys

LOGGER_NAME = "phip"


def say(text: str) -> None:
    """Something that is being done."""
    logging.getLogger(LOGGER_NAME).info(text)


def tell(text: str) -> None:
    """Something the user must read now, whatever the logger does."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
