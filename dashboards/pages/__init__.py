"""One file per page or family of pages; the folder is discovered, nobody keeps a list.

A page module offers ``pages(site)`` and, where it belongs in the navigation, ``NAV``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dashboards.blocks import Page
from dashboards.site import Site


@dataclass(frozen=True, order=True)
class Nav:
    """An entry of the main navigation."""

    order: int
    label: str
    path: str


@dataclass(frozen=True)
class PageModule:
    """A discovered page module."""

    name: str
    nav: Nav | None
    pages: Callable[[Site], Iterator[Page]]


def discover() -> tuple[PageModule, ...]:
    """Every page module in this folder, by navigation order and then by name.

    Raises AttributeError, naming the module, where ``pages`` is missing.
    """
    found: list[PageModule] = []
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        found.append(PageModule(info.name, getattr(module, "NAV", None), module.pages))
    return tuple(sorted(found, key=lambda page: (page.nav.order if page.nav else 99, page.name)))
