"""``phip reproduce``: make a release again from raw files and its recipe, and compare it byte for byte.

Nothing of the old release is read but its recipe, its list of inputs and, for the comparison, its files. The verdict
comes from the ledger. DuckDB does not write the same bytes twice for the same rows (its compression samples), so
``published.duckdb`` is compared table by table, row by row, in order; the Parquet files of the same tables are
compared byte for byte.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from expectations.store import TamperedLedger, VerdictStore
from expectations.verdict import Verdict
from orchestration import audit, recipe, release
from orchestration.answers import DataRefused, Told, UsageProblem
from orchestration.builds import Build
from orchestration.dbt_runner import DbtFailed
from orchestration.fingerprint import code_version, file_sha256
from orchestration.history.release_changes import of_release
from orchestration.settings import Settings
from orchestration.warehouse_inputs import Inputs, collect

BY_ROWS = frozenset({release.PUBLISHED})
FOLLOWS = frozenset({release.MANIFEST})  # hashes of the other files
_SHOWN = 20

Progress = Callable[[str], None]


class Bench(Settings):
    """The same home with a workshop of its own in the place of generations."""

    @property
    def warehouse(self) -> Path:
        """One DuckDB file, deleted afterwards."""
        return self.home / "warehouse" / "reproduced"


@dataclass(frozen=True)
class Compared:
    """A release against one made again: files that are the same, and what is wrong with the others."""

    same: int
    different: dict[str, str]


def reproduce(settings: Settings, release_id: str, progress: Progress, keep: Path | None = None) -> Told:
    """Make a release again and compare; the answer is good when nothing differs.

    ``keep``: a new folder for the release made again. Raises :class:`UsageProblem` for an id that is no release or a
    folder that is not empty, :class:`DataRefused` where it cannot be made again, saying why.
    """
    known = [item.release_id for item in release.history(settings)] if settings.releases.is_dir() else []
    if release_id not in known:
        raise UsageProblem(f"ID: found '{release_id}', expected one of {', '.join(known) or 'no release'}")
    if keep is not None and keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise UsageProblem(f"--to: {keep} holds files already; expected a folder that is new or empty")
    folder = settings.releases / release_id
    try:
        facts, made_of = recipe.read(folder)
    except FileNotFoundError as error:
        raise DataRefused(
            f"release {release_id} was published before releases kept their recipe: it cannot be made again"
        ) from error
    build = _recorded_build(settings, release_id, made_of)
    verdict = _verdict(settings, folder, release_id)
    reasons = _reasons(settings, build, made_of)
    bench = Bench(**vars(settings))
    with _alone(bench):
        draft = bench.warehouse / "release"
        draft.mkdir()
        try:
            again = _build(bench, build, made_of, reasons, progress)
            # the record says which code made it: the same, or the comparison says so
            release.make(bench, draft, again, verdict, facts, progress)
        except (DbtFailed, duckdb.Error, OSError) as error:
            why = "; ".join(reasons) or str(error).splitlines()[0]
            raise DataRefused(f"release {release_id} cannot be made again: {why}") from error
        compared = compare(folder, draft)
        if keep is not None:
            shutil.copytree(draft, keep, dirs_exist_ok=True)
    audit.record(settings, "reproduction", {"release": release_id, "different": len(compared.different)})
    return _told(release_id, compared, reasons)


def compare(published: Path, again: Path) -> Compared:
    """Every file of two release folders, those in :data:`BY_ROWS` by their tables."""
    first, second = (
        {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        for folder in (published, again)
    )
    different = dict.fromkeys(first - second, "is not in the release made again")
    different |= dict.fromkeys(second - first, "is only in the release made again")
    for name in first & second - FOLLOWS:
        if name in BY_ROWS:
            tables = _different_tables(published / name, again / name)
            if tables:
                different[name] = f"other rows in {', '.join(tables)}"
        elif file_sha256(published / name) != file_sha256(again / name):
            different[name] = "other bytes"
    same = len(first & second) - len(first & second & different.keys())
    return Compared(same, dict(sorted(different.items())))


def _recorded_build(settings: Settings, release_id: str, made_of: recipe.Materials) -> Build:
    recorded = of_release(settings, release_id).build
    return replace(recorded, links=made_of.links, vintages=made_of.vintages)


def _verdict(settings: Settings, folder: Path, release_id: str) -> Verdict:
    wanted = release.load(settings, release_id).verdict_id
    try:
        stored = VerdictStore(settings.ledger).all()
    except TamperedLedger as error:
        raise DataRefused(f"the ledger does not hold the verdicts that were written: {error}") from error
    found = next((verdict for verdict in stored if verdict.verdict_id == wanted), None)
    if found is None:
        raise DataRefused(f"verdict {wanted} of release {folder.name} is not in the ledger")
    return found


def _reasons(settings: Settings, build: Build, made_of: recipe.Materials) -> list[str]:
    """Why the bytes may differ: what is known before anything is built."""
    reasons: list[str] = []
    if build.code_version != code_version():
        reasons.append(f"the code is another: {code_version()[:12]} now, {build.code_version[:12]} then")
    now = recipe.tools()
    reasons += [
        f"{name} is another: {now.get(name, 'none')} now, {version} then"
        for name, version in made_of.tools.items()
        if now.get(name) != version
    ]
    return reasons + recipe.missing(settings, made_of)


def _build(
    bench: Bench, build: Build, made_of: recipe.Materials, reasons: list[str], progress: Progress
) -> Build:
    """The warehouse from the raw files of the release, under the id it had."""
    from orchestration.warehouse import make

    asked = replace(bench, as_at=build.as_at)
    inputs = _inputs(asked, build, made_of)
    if inputs.digest() != build.inputs_hash:
        reasons.append(
            "what stands of its files is not what stood then: returns were taken in or withdrawn since"
        )
    progress(f"building {build.build_id} again from {len(inputs.files)} raw files")
    made, _ = make(bench, build.build_id, inputs, tests=False)
    return replace(
        made,
        inputs=build.inputs,
        inputs_hash=build.inputs_hash,
        code_version=build.code_version,
        figures_version=build.figures_version,
    )


def _inputs(settings: Settings, build: Build, made_of: recipe.Materials) -> Inputs:
    inputs = collect(settings, among={item.sha256 for item in build.inputs})
    return replace(inputs, links=made_of.links, vintages=made_of.vintages)


def _different_tables(published: Path, again: Path) -> list[str]:
    """Tables that are not the same in both files: columns, types, rows and their order."""
    with duckdb.connect() as connection:
        for name, path in (("one", published), ("two", again)):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        one, two = (_tables(connection, name) for name in ("one", "two"))
        both = sorted(one.keys() & two.keys())
        wrong = sorted(one.keys() ^ two.keys())
        for table in both:
            if one[table] != two[table] or _has_other_rows(connection, table):
                wrong.append(table)
    return wrong


def _tables(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, str]:
    """Tables and views of a database with their columns and types, as text."""
    rows = connection.execute(
        "select table_schema || '.' || table_name, string_agg(column_name || ' ' || data_type, ', ' "
        "order by ordinal_position) from information_schema.columns where table_catalog = ? group by 1",
        [database],
    ).fetchall()
    return dict(rows)


def _has_other_rows(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    # numbered in the order they stand in, so that one query compares rows and order
    numbered = "select row_number() over () as position, * from {}." + table
    one, two = (numbered.format(name) for name in ("one", "two"))
    found = connection.execute(f"select 1 from (({one}) except ({two})) limit 1").fetchone()
    back = connection.execute(f"select 1 from (({two}) except ({one})) limit 1").fetchone()
    return found is not None or back is not None


def _told(release_id: str, compared: Compared, reasons: list[str]) -> Told:
    different = compared.different
    content = {
        "release_id": release_id,
        "same": compared.same,
        "different": different,
        "reasons": reasons,
        "reproduced": not different,
    }
    if not different:
        lines = [
            f"release {release_id} was made again: all {compared.same} files are the same "
            f"({release.PUBLISHED} row for row, every other byte for byte)"
        ]
    else:
        every = compared.same + len(different)
        lines = [f"release {release_id} made again differs in {len(different)} of {every} files:"]
        lines += [f"  {name}: {what}" for name, what in list(different.items())[:_SHOWN]]
        if len(different) > _SHOWN:
            lines.append(f"  and {len(different) - _SHOWN} more (--json lists all)")
    if reasons:
        lines += ["", *(f"because {reason}" if different else f"although {reason}" for reason in reasons)]
    elif different:
        lines.append("code, tools and everything it was made from are the same: please report this")
    return Told(tuple(lines), content, good=not different)


@contextmanager
def _alone(bench: Bench) -> Generator[None]:
    """One reproduction at a time per home, in an empty workshop that is cleared afterwards."""
    bench.warehouse.mkdir(mode=0o750, parents=True, exist_ok=True)
    with (bench.home / "warehouse" / ".reproduce.lock").open("w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataRefused("another release is being reproduced; wait for it to end") from error
        _clear(bench.warehouse)
        try:
            yield
        finally:
            _clear(bench.warehouse)


def _clear(folder: Path) -> None:
    """Empty the workshop, but for what dbt keeps to start faster."""
    for path in folder.iterdir():
        if path.name == ".dbt":
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
