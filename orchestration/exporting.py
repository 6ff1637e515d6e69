"""``phip export``: the files of a release, or an exact copy of the newest build, in a folder of the reader's choice."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

from dashboards import BoardPackError, SiteInputs, board_pack_of
from dashboards.export import CSV, PARQUET, WORKBOOK
from orchestration import audit, builds, release
from orchestration.answers import DataRefused, Told, UsageProblem
from orchestration.exact_copy import write_exact
from orchestration.settings import Settings

PUBLISHED = "published.duckdb"
NOTICE = "UNCONTROLLED.txt"


def published(settings: Settings, to: Path | None) -> Told:
    """Copy the current release's files; the CSV files are unpacked."""
    current = release.current(settings)
    if current is None:
        raise DataRefused("nothing has been published yet: run 'phip demo' or 'phip run'")
    source = settings.releases / current.release_id
    if not (source / CSV).exists():
        raise DataRefused(
            f"release {current.release_id} was published before releases carried their figures as files: "
            "run 'phip run' to publish anew"
        )
    target = _new_folder(to or Path(f"phip-{current.release_id}"))
    audit.record(settings, "export", {"what": "published", "release_id": current.release_id})
    for name in (WORKBOOK, PUBLISHED):
        shutil.copyfile(source / name, target / name)
    shutil.copytree(source / PARQUET, target / PARQUET, copy_function=shutil.copyfile)
    with zipfile.ZipFile(source / CSV) as archive:
        archive.extractall(target / "csv")
    files = _files(target)
    lines = (
        f"wrote the figures of release {current.release_id} to {target}:",
        f"  {WORKBOOK:<18} England, regions, boards, networks",
        "  csv/               one file per measure, described by csv-metadata.json",
        "  parquet/           the same tables",
        f"  {PUBLISHED:<18} the same tables for SQL and notebooks",
    )
    return Told(lines, {"release_id": current.release_id, "folder": str(target), "files": files})


def exact(settings: Settings, to: Path | None) -> Told:
    """Write the marts of the newest build as they are, with a notice of what they are."""
    build = builds.newest(settings)
    if build is None:
        raise DataRefused("there is no build yet: run 'phip demo' or 'phip run'")
    target = _new_folder(to or Path(f"phip-exact-{build.build_id}"))
    # before the first byte: nothing leaves unlogged
    audit.record(settings, "export", {"what": "exact", "build_id": build.build_id})
    database = target / f"exact-{build.build_id}.duckdb"
    tables = write_exact(build.path(settings), database, settings.duckdb_config)
    notice = (
        f"Figures and events of build {build.build_id}, data to {build.vintage}, before disclosure control.",
        "For evaluators only: not for publication, not to be passed on. This export was logged.",
        f"inputs {build.inputs_hash}",
        f"code {build.code_version}",
    )
    (target / NOTICE).write_text("\n".join(notice) + "\n", encoding="utf-8")
    lines = (f"wrote {database}: {', '.join(tables)}", *notice[:2])
    return Told(
        lines, {"build_id": build.build_id, "folder": str(target), "files": _files(target), "tables": tables}
    )


def board_pack(settings: Settings, to: Path | None, pages: Sequence[str]) -> Told:
    """The board pack of the current release as a PDF: the one published with it, or one of chosen pages."""
    current = release.current(settings)
    if current is None:
        raise DataRefused("nothing has been published yet: run 'phip demo' or 'phip run'")
    source = settings.releases / current.release_id
    target = to or Path(f"phip-{current.release_id}-board-pack.pdf")
    if target.exists():
        raise UsageProblem(f"--to: {target} is there already; expected a file that is not")
    kept = published_board_pack(settings, current.release_id)
    if kept and not pages:
        pdf = kept.read_bytes()
    else:
        try:
            pdf = board_pack_of(
                source / "site", SiteInputs.from_published(source / PUBLISHED), tuple(dict.fromkeys(pages))
            )
        except BoardPackError as error:
            raise DataRefused(str(error)) from error
    target.write_bytes(pdf)
    return Told(
        (f"wrote {target} ({len(pdf) / 1_000_000:.1f} MB), release {current.release_id}",),
        {"release_id": current.release_id, "file": str(target), "pages": list(pages)},
    )


def published_board_pack(settings: Settings, release_id: str) -> Path | None:
    """Where the board pack of a release lies; None where it was published without one."""
    return next((settings.releases / release_id / "site").glob("download/*board-pack.pdf"), None)


def _new_folder(folder: Path) -> Path:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageProblem(f"--to: {folder} holds files already; expected a folder that is new or empty")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
