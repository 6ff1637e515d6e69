"""Sentences and titles made from published values. They pick, compare and phrase; they calculate nothing."""

from __future__ import annotations

from dashboards import formatting, wording
from dashboards.values import Place, Value
from dashboards.verdicts import Verdict, applicable_target, course
from dbt_project.registry import Metric


def number_in_words(value: Value) -> str:
    """``1,234``, ``63.4% (1,234 of 1,950)``, ``£12.1 million``."""
    if value.value is None:
        return wording.SYMBOLS.get(value.symbol, "not available")
    text = formatting.spoken(value.value, value.unit)
    behind = formatting.parts(value)
    return f"{text} ({behind})" if behind else text


def claim(metric: Metric, value: Value | None, earlier: Value | None = None) -> str:
    """A chart title that says what the chart shows: ``Places filled: 82.1% in 2025/26, up from 80.3%``."""
    if value is None or value.value is None:
        return metric.label
    text = f"{metric.label}: {formatting.spoken(value.value, value.unit)} {formatting.in_period(value)}"
    direction = course(value, earlier)
    return f"{text}, {direction}" if direction else text


def spread_claim(metric: Metric, places: list[tuple[Place, Value | None]]) -> str:
    """``Places filled: 61.0% (London) to 82.1% (South West)``."""
    shown = sorted(
        (value.value, formatting.short_name(place), value.unit)
        for place, value in places
        if value and value.value is not None
    )
    if not shown:
        return metric.label
    (low, low_name, unit), (high, high_name, _) = shown[0], shown[-1]
    if formatting.plain(low, unit) == formatting.plain(high, unit):
        return f"{metric.label}: {formatting.plain(low, unit)} everywhere"
    return (
        f"{metric.label}: {formatting.plain(low, unit)} ({low_name})"
        f" to {formatting.plain(high, unit)} ({high_name})"
    )


def range_claim(metric: Metric, places: list[tuple[Place, Value | None]]) -> str:
    """``Places filled: 61.0% to 82.1% across 30 networks``: small places are not named."""
    shown = sorted((value.value, value.unit) for _, value in places if value and value.value is not None)
    if not shown:
        return metric.label
    (low, unit), (high, _) = shown[0], shown[-1]
    low_text, high_text = formatting.plain(low, unit), formatting.plain(high, unit)
    return f"{metric.label}: {low_text} to {high_text} across {len(shown)} networks"


def listed(names: list[str]) -> str:
    """``A``, ``A and B``, ``A, B and C``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def answer(metric: Metric, value: Value | None, earlier: Value | None, verdict: Verdict) -> str:
    """One plain sentence with the number, its interval, the target and the trend."""
    if value is None or value.value is None:
        reason = wording.SYMBOLS.get(value.symbol, "not available") if value else "not available"
        return f"{metric.label}: {reason}."
    text = f"{metric.label}: {number_in_words(value)} {formatting.in_period(value)}"
    if bounds := formatting.interval(value):
        text += f" ({wording.INTERVAL_NAME} {bounds})"
    if direction := course(value, earlier):
        text += f", {direction}"
    target = applicable_target(metric, value)
    if target:
        text += f". {verdict.text}: the target is {formatting.spoken(target.value, value.unit)}"
    return f"{text}."


def target_words(metric: Metric, value: Value | None) -> str:
    """``Target 3,000 a year``; empty where none applies."""
    target = applicable_target(metric, value)
    if target is None or value is None:
        return ""
    every = {"year": " a year", "quarter": " a quarter", "month": " a month"}.get(target.grain, "")
    return f"Target {formatting.spoken(target.value, value.unit)}{every}"
