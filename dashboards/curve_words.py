"""What curves of time to an event are called: of whom, since when, and what happened to them."""

from __future__ import annotations

from dataclasses import dataclass

_HELD_BACK = (
    "Months in which it happened to few people, or few are still followed, are left out so that nobody can be"
    " counted."
)


@dataclass(frozen=True)
class CurveWords:
    """How pages speak of the curve of one metric.

    ``slug`` begins the names of its parts on a page; ``since`` is a clause after "12 months after", ``start`` the same
    as a noun. ``risk``: what the log-rank test compares, after "how fast". ``apart``: why people may not be independent
    of each other, or who is left out of the tests; begins with a space, for it may be empty.
    """

    slug: str
    who: str
    happened: str
    since: str
    start: str
    note: str
    question: str
    risk: str
    apart: str = ""


CURVES = {
    "median_days_to_qualify": CurveWords(
        "time-to-pass",
        "starters",
        "have passed",
        "they started",
        "the start",
        "Learners still in training count for as long as they are followed; those who withdrew or failed for good never"
        f" pass. {_HELD_BACK}",
        "Do groups of learners differ in how long they take?",
        "those still in training pass (the cause-specific hazard): withdrawing and failing for good end the time a"
        " learner is followed",
        " Compared are learners who started long enough ago for late returns to have come in. Those of one course share"
        " its dates, which makes p too small rather than too large.",
    ),
    "median_days_qualified_to_annotated": CurveWords(
        "time-to-annotation",
        "people who passed",
        "are annotated",
        "they passed",
        "the pass",
        f"People not annotated yet count for as long as they are followed. {_HELD_BACK}",
        "Do groups differ in how long they wait for the register?",
        "those who passed are annotated",
    ),
    "median_days_annotated_to_deployed": CurveWords(
        "time-to-post",
        "people annotated without a network post",
        "have had a post in a network",
        "their annotation",
        "the annotation",
        f"People without a post count for as long as networks report. {_HELD_BACK}",
        "Do groups differ in how long it is to a post in a network?",
        "those annotated come into a post",
        " Those of one board look for the same posts, which makes p too small rather than too large.",
    ),
    "retention_12_months_same_pcn": CurveWords(
        "time-in-network",
        "prescribers in post",
        "have left their network",
        "their first post there",
        "the first post",
        f"People still in post count for as long as their network reports. {_HELD_BACK}",
        "Do groups differ in how long they stay in their network?",
        "prescribers leave their network",
        " Compared are people whose first post began a year ago or longer.",
    ),
    "retention_12_months_primary_care": CurveWords(
        "time-in-networks",
        "prescribers in post",
        "are in no network any more",
        "their first post",
        "the first post",
        "People still in post count for as long as networks report; a post outside networks is in no return and counts"
        f" as leaving. {_HELD_BACK}",
        "Do groups differ in how long they stay in networks?",
        "prescribers leave networks altogether",
        " Compared are people whose first post began a year ago or longer.",
    ),
}
