"""``phip rollback``: make an earlier release current again, in one step, if its bytes are those published."""

from __future__ import annotations

from datetime import UTC, datetime

from orchestration import audit, locks, publication_status, release, withdrawn
from orchestration.answers import DataRefused, Told, UsageProblem
from orchestration.fingerprint import file_sha256
from orchestration.locks import Busy
from orchestration.release import Release
from orchestration.settings import Settings

_SHOWN = 5


def roll_back(settings: Settings, release_id: str | None, *, why: str = "") -> Told:
    """Make a release current in the place of the one that is; without an id, the one published before it.

    The release that was current stays as it is, and no run makes it current again by itself. Raises
    :class:`UsageProblem` for an id that is no release, :class:`DataRefused` where there is nothing to go back to, the
    release shows the past, or any of its files is not as it was published.
    """
    if not settings.releases.is_dir():
        raise DataRefused("nothing has been published yet: run 'phip demo' or 'phip run'")
    try:
        with locks.exclusive(settings, "rollback"):
            live = release.current(settings)
            wanted = _wanted(settings, release_id, live)
            _refuse_changed(settings, wanted)
            if live is not None and wanted.published_at < live.published_at:
                now = datetime.now(UTC).isoformat(timespec="seconds")
                withdrawn.add(
                    settings, withdrawn.Withdrawal(live.release_id, wanted.release_id, now, why.strip())
                )
            else:
                withdrawn.lift(settings, wanted.release_id)
            audit.record(
                settings,
                "rollback",
                {
                    "release": wanted.release_id,
                    "before": live.release_id if live else "none",
                    "why": why.strip(),
                },
            )
            release.make_current(settings, wanted.release_id)
            publication_status.write(settings)
    except Busy as error:
        raise DataRefused(str(error)) from error
    before = live.release_id if live else None
    lines = [f"release {wanted.release_id} (data to {wanted.data_to}) is current again"]
    if live is not None and wanted.published_at < live.published_at:
        lines.append(
            f"release {before} is kept, and published again only by 'phip rollback {before}' or with something new"
        )
    return Told(tuple(lines), {"release_id": wanted.release_id, "before": before})


def _wanted(settings: Settings, release_id: str | None, live: Release | None) -> Release:
    known = release.history(settings)
    if release_id is None:
        earlier = [
            item
            for item in known
            if item.as_at is None and (live is None or item.published_at < live.published_at)
        ]
        if not earlier:
            raise DataRefused("there is no earlier release to go back to")
        return earlier[0]
    found = next((item for item in known if item.release_id == release_id), None)
    if found is None:
        raise UsageProblem(
            f"ID: found '{release_id}', expected one of {', '.join(item.release_id for item in known) or 'no release'}"
        )
    if found.as_at is not None and (live is None or live.as_at is None):
        raise DataRefused(
            f"release {release_id} shows what was known on {found.as_at}: it never takes the place of a live one"
        )
    if live is not None and found.release_id == live.release_id:
        raise DataRefused(f"release {release_id} is the current one already")
    return found


def _refuse_changed(settings: Settings, wanted: Release) -> None:
    wrong = release.changed_files(settings, wanted.release_id)
    wrong = wrong or _changed_manifest(settings, wanted.release_id)
    if wrong:
        shown = "; ".join(f"{name}: {what}" for name, what in list(wrong.items())[:_SHOWN])
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise DataRefused(
            f"release {wanted.release_id} is not as it was published ({shown}{more}): it is not made current; "
            f"'phip reproduce {wanted.release_id}' can tell what it should hold"
        )


def _changed_manifest(settings: Settings, release_id: str) -> dict[str, str]:
    """A manifest rewritten to fit changed files: the audit log remembers its hash. Raises :class:`DataRefused`."""
    try:
        entries = audit.read(settings)
    except audit.AuditBroken as error:
        raise DataRefused(f"the audit log cannot vouch for release {release_id}: {error}") from error
    published = [
        entry.facts["manifest_sha256"]
        for entry in entries
        if entry.action == "publication" and entry.facts.get("release") == release_id
    ]
    found = file_sha256(settings.releases / release_id / release.MANIFEST)
    return {release.MANIFEST: "changed"} if published and published[-1] != found else {}
