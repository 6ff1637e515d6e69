"""Numbers in up to four bands, for charts that shade places or pairs by size."""

from __future__ import annotations

from dashboards import formatting, theme


def bands_of(values: list[float]) -> list[tuple[float, float]]:
    """Lowest and highest value of up to four groups of about equal size; equal values stay together."""
    ordered = sorted(values)
    count = len(theme.BANDS)
    cuts = [ordered[min(len(ordered) - 1, len(ordered) * part // count)] for part in range(1, count)]
    groups: list[list[float]] = [[] for _ in range(count)]
    for value in ordered:
        groups[sum(value >= cut for cut in cuts)].append(value)
    return [(group[0], group[-1]) for group in groups if group]


def band_words(low: float, high: float, unit: str) -> str:
    """``20 to 35``; one number where a band holds no other."""
    first, last = formatting.plain(low, unit), formatting.plain(high, unit)
    return first if first == last else f"{first} to {last}"
