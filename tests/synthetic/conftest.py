"""Toy worlds, generated once: without dirt, with every switch but the one that moves rows, and with that one."""

from __future__ import annotations

import pytest
from synthetic_world import Generated, generated

from orchestration.synthetic import DIRT


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return generated(tmp_path_factory.mktemp("clean"), frozenset())


@pytest.fixture(scope="session")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return generated(tmp_path_factory.mktemp("dirty"), frozenset(DIRT) - {"backdated"})


@pytest.fixture(scope="session")
def backdated(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return generated(tmp_path_factory.mktemp("backdated"), frozenset({"backdated"}))
