"""The smallest landing that still makes every part of a run work: a dozen generated files, two waves."""

from __future__ import annotations

import shutil
from pathlib import Path

from orchestration.synthetic import generate

SEED = 4
SIZE = 0.005
# feed: how many of its files land first, and how many more later (newest last, by name)
FILES = {
    "gphc_register": (1, 1),
    "provider_return": (4, 3),
    "commissioned_places": (1, 0),
    "spend": (1, 1),
    "practice_map": (1, 0),
    "supervisor_register": (1, 0),
}
BAD_ROW_FEED = "provider_return"


def write(folder: Path) -> tuple[Path, Path]:
    """Two folders of files below ``folder``: what lands first, and what lands later; one later file has a bad row."""
    everything = folder / "everything"
    generate(everything, seed=SEED, size=SIZE, dirt=frozenset())
    first, later = folder / "first", folder / "later"
    for feed, (some, more) in FILES.items():
        kind = "*.csv" if feed == BAD_ROW_FEED else "*"
        files = sorted((everything / feed).glob(kind), key=lambda path: path.stem[-7:])[-(some + more) :]
        for number, path in enumerate(files):
            target = (first if number < some else later) / feed / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    _spoil(later / BAD_ROW_FEED)
    shutil.rmtree(everything)
    return first, later


def _spoil(folder: Path) -> None:
    """One row of a file that goes to quarantine."""
    path = max(folder.glob("*.csv"))
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    path.write_text("\n".join([*lines, lines[-1].replace("20", "2x")]) + "\n", encoding="utf-8")


def land(source: Path, home: Path) -> None:
    """Copy files into the landing folder of a home, as a supplier's transfer does."""
    shutil.copytree(source, home / "landing", dirs_exist_ok=True)
