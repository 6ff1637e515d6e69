"""A world of its own for each module that asks about its past."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from history_worlds import Past, make_past


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """One small clean world, taken in and built."""
    yield make_past(tmp_path_factory.mktemp("past") / "home")
