"""The time a home folder goes by: never before what it has already written down.

A machine's clock can be set back. What is published later must still be later: the order of releases is read from
their times.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from orchestration.settings import Settings

_A_SECOND = timedelta(seconds=1)


def now(settings: Settings, tell: Callable[[str], None] = lambda _: None) -> datetime:
    """The time by this machine, to the second, in UTC; just after the newest release where the clock is behind it."""
    told = datetime.now(UTC).replace(microsecond=0)
    newest = newest_release(settings)
    if newest is None or told > newest:
        return told
    if told < newest:
        tell(
            f"the clock of this machine says {told:%Y-%m-%d %H:%M:%S}, which is before the newest release "
            f"({newest:%Y-%m-%d %H:%M:%S}): the time of that release is gone by; set the clock right"
        )
    return newest + _A_SECOND


def newest_release(settings: Settings) -> datetime | None:
    """When the newest release was published; None without any."""
    times = [
        datetime.fromisoformat(json.loads(path.read_text(encoding="utf-8"))["published_at"])
        for path in settings.releases.glob("[0-9]*/release.json")
    ]
    return max(times, default=None)
