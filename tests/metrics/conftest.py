"""Two small worlds shared by the tests of this folder: one clean, one with every kind of dirt."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from built_world import Demonstration, demonstration

CLEAN_SEED = 1
DIRTY_SEED = 2  # another world, so that nothing is right by the luck of one seed


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    with demonstration(tmp_path_factory.mktemp("clean"), seed=CLEAN_SEED, dirt=frozenset()) as world:
        yield world


@pytest.fixture(scope="session")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    with demonstration(tmp_path_factory.mktemp("dirty"), seed=DIRTY_SEED, dirt=None) as world:
        yield world
