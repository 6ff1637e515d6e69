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
NODE_MEANING = {
    "input": "What goes in: money, people, time.",
    "activity": "What is done with it.",
    "output": "What comes directly of it: people who finished, courses that run.",
    "outcome": "What changes where they work.",
    "impact": "What changes for places, patients and the service.",
}
SIGNAL = {
    "within": "As chance would have it",
    "low_95": "Below the 95% limits",
    "low_998": "Below the 99.8% limits",
    "high_95": "Above the 95% limits",
    "high_998": "Above the 99.8% limits",
}
# Why a figure is not what it was in the release before, in the order a reader asks
CHANGE_PART = {
    "by_new_events": "New events and time passed",
    "by_late_data": "Late data",
    "by_corrections": "Corrections",
    "by_geography": "Geography",
    "by_definition": "Definition",
    "unexplained": "Unexplained",
}
CHANGE_MEANING = {
    "by_new_events": "What happened after the release before, or has since had the time it needs to count.",
    "by_late_data": "What had happened by then and was reported since.",
    "by_corrections": "What was reported then, and has since been sent again with other content.",
    "by_geography": "Practices, networks and boards that merged or moved.",
    "by_definition": "The measure is counted another way than it was.",
    "unexplained": "What the records behind the figure do not account for; it is shown, never spread over the others.",
}
DIMENSION = {"age_band": "Age", "ethnic_group": "Ethnic group", "sex": "Sex"}
NOTHING = "\u2013"  # stands where there is nothing to say, which is not a missing number
CONSTANT = "networks that reported every time"
INTERVAL_NAME = "95% interval"
CONTROLLED_IN_ENGLAND = (
    "Counts of people by sector at the start and sector later are withheld and rounded for England too; the largest of"
    " them may be rounded more coarsely, so that no total known from elsewhere gives a withheld one away."
)
SUPERVISION_OF_NETWORKS = (
    "Which networks have learners and no supervisor is not published: small counts of people, none included, are"
    " withheld for a network."
)
PICTURES_MISSING = "Pictures of the charts were not made for this release; the table holds every number."


def category(text: str) -> str:
    """A category of a breakdown in words: ``30_39`` is ``30 to 39``, ``under_30`` is ``Under 30``."""
    low, _, high = text.partition("_")
    return f"{low} to {high}" if low.isdigit() and high.isdigit() else text.replace("_", " ").capitalize()


def symbol_note(symbols: set[str]) -> str:
    """The key to the symbols used in a table, in a fixed order; empty where none is used."""
    return "; ".join(f"[{symbol}] {text}" for symbol, text in SYMBOLS.items() if symbol in symbols)


def gate_result(status: str) -> str:
    """The gate result in words; an unknown status is shown as it is rather than hidden."""
    return GATE.get(status, status.replace("_", " "))


ANALYSIS_STATUS = {
    "published": "Estimate",
    "exploratory": "Exploratory",
    "refused": "Refused",
    "awaiting_lock": "Awaiting its lock",
}
ANALYSIS_TONE = {"published": "green", "exploratory": "yellow", "refused": "red", "awaiting_lock": "grey"}
SUBGROUP = {
    "deprived_half": "More deprived half",
    "less_deprived_half": "Less deprived half",
    "urban": "Urban networks",
    "rural": "Rural networks",
}
COVARIATE = {"deprivation": "deprivation", "rural": "rurality", "list_size": "patients registered"}
