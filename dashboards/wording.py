"""Words that appear on more than one page, each said once."""

from __future__ import annotations

SERVICE_NAME = "Pharmacy Integration Programme: progress in England"
DEMONSTRATION = "Demonstration data: generated, not real"
AS_AT = "As known on"
AS_AT_MORE = "Returns and corrections that came later are left out; this is not the latest release."
SYMBOLS = {
    "c": "hidden to protect a small number",
    "x": "not available",
    "u": "unreliable: based on few people",
    "p": "provisional: may change",
    "e": "too early to say",
    "n": "not reported",
    "m": "not reached yet by half",
}
NOT_APPLICABLE = ("z", "not applicable")  # in workbooks, which leave no cell empty
ORDINARY = "Final"  # the status of a figure without a symbol
GATE = {
    "passed": "passed",
    "passed_with_warnings": "passed with warnings",
    "overridden": "failed, published by decision",
    "refused": "failed",
    "failed": "failed",
}
FEED_STATUS = {"received": "Received", "missing": "Missing", "stale": "Late"}
CHECK_STATUS = {"passed": "Passed", "failed": "Failed", "crashed": "Did not run"}
SEVERITY = {"critical": "Critical", "warning": "Warning", "info": "For information"}
GRAIN = {"month": "by month", "quarter": "by quarter", "year": "by financial year", "all": "since the start"}
LEVEL = {
    "england": "England",
    "region": "Region",
    "icb": "Integrated care board",
    "sub_icb": "Sub-ICB location",
    "pcn": "Primary care network",
}
PERIOD_KIND = {"month": "Month", "quarter": "Quarter", "year": "Financial year", "all": "Since the start"}
DIRECTION = {
    "higher": "Higher is better",
    "lower": "Lower is better",
    "neutral": "Neither high nor low is better",
}
NODE = {
    "input": "Input",
    "activity": "Activity",
    "output": "Output",
    "outcome": "Outcome",
    "impact": "Impact",
}
NOTHING = "\u2013"  # stands where there is nothing to say, which is not a missing number
CONSTANT = "networks that reported every time"
INTERVAL_NAME = "95% interval"
PICTURES_MISSING = "Pictures of the charts were not made for this release; the table holds every number."


def symbol_note(symbols: set[str]) -> str:
    """The key to the symbols used in a table, in a fixed order; empty where none is used."""
    return "; ".join(f"[{symbol}] {text}" for symbol, text in SYMBOLS.items() if symbol in symbols)


def gate_result(status: str) -> str:
    """The gate result in words; an unknown status is shown as it is rather than hidden."""
    return GATE.get(status, status.replace("_", " "))
