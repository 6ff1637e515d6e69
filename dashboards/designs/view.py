"""What every design offers to its page."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.analyses import Estimate
from dashboards.blocks import Block


@dataclass(frozen=True)
class View:
    """Parts of the page of one analysis.

    ``what`` names the figure, ``main`` is the estimate that the plan asks for, None where none is shown, and ``nil``
    its value of no effect. The chart and what stands ``beside`` are empty then, too. ``facts``, ``methods`` and
    ``sources`` are pairs of words.
    """

    what: str
    main: Estimate | None
    nil: float
    chart: tuple[Block, ...]
    facts: tuple[tuple[str, str], ...]
    beside: tuple[Block, ...]
    methods: tuple[tuple[str, str], ...]
    sources: tuple[tuple[str, str], ...]
