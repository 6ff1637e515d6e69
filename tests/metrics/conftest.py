"""Three small worlds shared by the tests of this folder: two clean ones, and one with every kind of dirt."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from built_world import Demonstration, demonstration, make_world
from made_once import made_once

CLEAN_SEED = 1
DIRTY_SEED = 2  # other worlds, so that nothing is right by the luck of one seed
THIRD_SEED = 3


def _world(
    factory: pytest.TempPathFactory, seed: int, dirt: frozenset[str] | None
) -> Iterator[Demonstration]:
    home = made_once(factory, f"world-{seed}", partial(make_world, seed=seed, dirt=dirt))
    with demonstration(home) as world:
        yield world


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    yield from _world(tmp_path_factory, CLEAN_SEED, frozenset())


@pytest.fixture(scope="session")
def third(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    yield from _world(tmp_path_factory, THIRD_SEED, frozenset())


@pytest.fixture(scope="session")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    yield from _world(tmp_path_factory, DIRTY_SEED, None)
