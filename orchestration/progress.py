"""What a run says while it works: one logger, which the command line shows and Dagster's log keeps."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg

from orchestration.progress_log import say


def announcer(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> Callable[[str], None]:
    """A progress callback that tells the user at once and Dagster's event log for later."""

    def announce(text: str) -> None:
        say(text)
        context.log.info(text)

    return announce
