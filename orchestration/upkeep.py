"""What ``phip keys`` and ``phip erase`` do: a new key for the pseudonyms, and the erasure of one person.

Both hold the lock of runs and that of the intake, are entered in the audit log before they begin, and leave the
published releases as they are. The next run builds the warehouse anew.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

from orchestration import audit, locks
from orchestration.answers import DataRefused, Told, UsageProblem
from orchestration.identity import erasure, rotation
from orchestration.identity.keys import GPHC_DIGITS
from orchestration.identity.store import IdentityError
from orchestration.ingest.run import alone
from orchestration.progress_log import say
from orchestration.settings import Settings

AFTERWARDS = "the next 'phip run' builds the warehouse anew; published releases stay as they are"


def rotate_keys(settings: Settings, *, by: str, why: str) -> Told:
    """Give every pseudonym a new key. Raises :class:`UsageProblem`, :class:`DataRefused`."""
    facts = _decided(by, why)
    if settings.key_given is not None:
        raise UsageProblem(
            "PHIP_IDENTITY_KEY gives the key, and its new part has to be written: put it into a file that only this "
            "account reads and name that as PHIP_IDENTITY_KEY_FILE"
        )
    with _alone(settings, "keys rotate"):
        audit.record(settings, "key_rotation", facts)
        done = rotation.rotate(settings, say)
    lines = (
        f"new key for every pseudonym: {done.files_rewritten:,} of {done.files:,} raw files and the identity store "
        f"written anew (rotation {done.keys - 1})",
        "an exact copy exported before cannot be joined with what is made from now on",
        AFTERWARDS,
    )
    return Told(lines, vars(done))


def erase(settings: Settings, number: str, *, by: str, why: str) -> Told:
    """Erase the person with a registration number. Raises :class:`UsageProblem`, :class:`DataRefused`."""
    facts = _decided(by, why)
    found = re.fullmatch(rf"0*([0-9]{{{GPHC_DIGITS}}})", re.sub(r"\s", "", number))
    if found is None:
        raise UsageProblem(f"standard input: expected one registration number of {GPHC_DIGITS} digits")
    with _alone(settings, "erase"):
        audit.record(settings, "erasure", facts)
        done = erasure.erase(settings, found[1], say)
    lines = [
        f"erased: {done.records:,} descriptions under {done.keys:,} keys, {done.raw_rows:,} raw rows, "
        f"{done.quarantined_rows:,} quarantined rows",
        f"{done.landed_files:,} files with this person removed from the landing folder; what else was in them stands "
        "in raw/",
        "a file that is sent again does not bring the person back",
    ]
    if done.doubtful:
        lines.append(
            f"{done.doubtful:,} pairs of records may be the same person and are left: decide on them before erasing "
            "(phip links review), or ask their provider"
        )
    return Told((*lines, AFTERWARDS), vars(done))


def finish_interrupted(settings: Settings) -> tuple[str, ...]:
    """Carry through what died on its way; what was done, one line each. The caller holds the lock of runs."""
    with alone(settings):
        done = {
            "a change of the pseudonyms' key was interrupted: carried through": rotation.finish_interrupted(
                settings
            ),
            "the erasure of a person was interrupted: carried through": erasure.finish_interrupted(settings),
        }
    return tuple(line for line, was_there in done.items() if was_there)


def _decided(by: str, why: str) -> dict[str, audit.Fact]:
    for option, text in (("--by", by), ("--why", why)):
        if not text.strip():
            raise UsageProblem(
                f"{option}: found nothing, expected {'a name' if option == '--by' else 'a reason'}"
            )
    return {"by": by.strip(), "why": why.strip()}


@contextmanager
def _alone(settings: Settings, work: str) -> Generator[None]:
    if not settings.home.is_dir():
        raise DataRefused(f"there is no home folder {settings.home}: name it with --home")
    settings.prepare()
    try:
        with locks.exclusive(settings, work), alone(settings):
            yield
    except (locks.Busy, IdentityError) as error:
        raise DataRefused(str(error)) from error
    except audit.UnfitFact as error:
        raise UsageProblem(str(error)) from error
