"""``phip override``: publish the newest build in spite of a refusal, under somebody's name and for a reason.

The decision is stored with the verdict, entered in the audit log, and shown on every page of the release.
"""

from __future__ import annotations

from collections.abc import Callable

from expectations.gate import GateRefused, override
from expectations.store import VerdictStore
from orchestration import audit, builds, clock, locks, publication_status, release, vouched
from orchestration.answers import DataRefused, Told, UsageProblem
from orchestration.settings import Settings


def publish_anyway(
    settings: Settings, *, by: str, why: str, progress: Callable[[str], None] = lambda _: None
) -> Told:
    """Override the refusal of the newest build and publish it.

    Raises :class:`UsageProblem` for an empty or unfit name or reason, :class:`DataRefused` where nothing was refused,
    or what was judged is no longer what is there.
    """
    for option, text in (("--by", by), ("--why", why)):
        if not text.strip():
            raise UsageProblem(
                f"{option}: found nothing, expected {'a name' if option == '--by' else 'a reason'}"
            )
    try:
        audit.check_facts({"by": by.strip(), "why": why.strip()})
        with locks.exclusive(settings, "override"):
            build = builds.newest(settings)
            if build is None:
                raise DataRefused("there is no build: run 'phip demo' or 'phip run'")
            store = VerdictStore(settings.ledger)
            verdict = store.latest(build.build_id)
            if verdict is not None:
                vouched.confirm(settings, verdict, None)
            right = override(store, build.build_id, name=by, reason=why, at=clock.now(settings, progress))
            decision = right.override
            assert decision is not None  # noqa: S101 - the gate gives a right by override with its override
            vouched.enter_override(settings, decision)
            done = release.publish(settings, progress)
            publication_status.write(settings)
    except audit.UnfitFact as error:
        raise UsageProblem(str(error)) from error
    except (GateRefused, locks.Busy) as error:
        raise DataRefused(str(error)) from error
    lines = (
        f"release {done.release_id} is published in spite of {len(right.verdict.failures)} failed checks, "
        f"by {decision.name}: {decision.reason}",
        "every page of it says so",
    )
    return Told(lines, {"release_id": done.release_id, "verdict_id": right.verdict.verdict_id})
