"""One generation from seed to files: each step builds tables the next one reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestration.synthetic.characteristics import build_characteristics
from orchestration.synthetic.dirt import chosen
from orchestration.synthetic.dirt_files import plant_files
from orchestration.synthetic.dirt_rows import plant_rows, plant_slips, planted_rows
from orchestration.synthetic.finance import build_places, build_spend
from orchestration.synthetic.geography import build_geography
from orchestration.synthetic.journeys import build_journeys
from orchestration.synthetic.people import build_people
from orchestration.synthetic.premises import build_premises, build_references
from orchestration.synthetic.prescribing import build_prescribing
from orchestration.synthetic.providers import build_providers
from orchestration.synthetic.register import build_register
from orchestration.synthetic.returns import build_statements
from orchestration.synthetic.supervisors import build_supervisors
from orchestration.synthetic.truth import Truth, collect
from orchestration.synthetic.workforce import build_workforce, build_workforce_totals
from orchestration.synthetic.world import World, open_world
from orchestration.synthetic.write_places import write_places
from orchestration.synthetic.write_public import write_public
from orchestration.synthetic.write_restricted import build_deployment_rows, write_restricted
from orchestration.synthetic.write_returns import write_returns

DEFAULT_SEED = 20260331

_STEPS: list[tuple[str, Callable[[World], None]]] = [
    ("networks and practices", build_geography),
    ("weights and classes", build_references),
    ("premises", build_premises),
    ("registrants", build_people),
    ("characteristics", build_characteristics),
    ("providers and courses", build_providers),
    ("supervisors", build_supervisors),
    ("commissioned places", build_places),
    ("spend", build_spend),
    ("learners' journeys", build_journeys),
    ("register", build_register),
    ("workforce", build_workforce),
    ("items prescribed", build_prescribing),
]
_WRITERS: list[tuple[str, Callable[[World, Path], None]]] = [
    ("published layouts", write_public),
    ("premises, weights and classes", write_places),
    ("feeds under agreement", write_restricted),
    ("provider returns", write_returns),
]


def generate(
    landing: Path,
    *,
    seed: int = DEFAULT_SEED,
    size: float = 1.0,
    dirt: frozenset[str] | None = None,
    progress: Callable[[str], None] | None = None,
    threads: int | None = None,
) -> Truth:
    """Write the files of every feed under `landing/<feed>/` and return the truth behind them.

    `size` 1.0 is England; `dirt` names the switches to plant (None = all); the same seed, size and dirt give the
    same bytes on any number of `threads`.
    """
    tell = progress or _silent
    switches = chosen(dirt)
    with TemporaryDirectory(prefix="synthetic-") as spill:
        world = open_world(seed, size, threads, Path(spill))
        try:
            return _generate(world, landing, switches, tell)
        finally:
            world.con.close()


def _generate(world: World, landing: Path, switches: frozenset[str], tell: Callable[[str], None]) -> Truth:
    for title, step in _STEPS:
        tell(title)
        step(world)
    tell("returns")
    plant_slips(world, switches)
    build_statements(world)
    build_deployment_rows(world)
    plant_rows(world, switches)
    for feeds, write in _WRITERS:
        tell(f"files: {feeds}")
        write(world, landing)
    planted = planted_rows(world)
    planted += plant_files(world, landing, switches, planted)
    tell("truth")
    build_workforce_totals(world)
    return collect(world, planted)


def _silent(_: str) -> None:
    """Progress nobody asked for."""
