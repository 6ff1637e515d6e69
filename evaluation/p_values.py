"""A p-value in words, the same wherever one is told: three places, and never nil."""

from __future__ import annotations

LEAST = 0.001  # said as below it


def number(value: float) -> str:
    """``0.148``; ``< 0.001`` where it is."""
    return f"{value:.3f}" if value >= LEAST else f"< {LEAST}"


def equation(value: float) -> str:
    """``p = 0.148``; ``p < 0.001`` where it is."""
    return f"p = {value:.3f}" if value >= LEAST else f"p < {LEAST}"
