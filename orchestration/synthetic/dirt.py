"""The kinds of dirt real files arrive with: each has a switch, a share and an outcome it should lead to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Expected = Literal["accepted", "accepted_with_quarantine", "refused", "duplicate"]


@dataclass(frozen=True)
class Switch:
    """One kind of dirt: what it is, what should become of a file that has it, and why its rows still count."""

    description: str
    expected: Expected
    note: str = ""


SWITCHES: dict[str, Switch] = {
    "transposed_gphc": Switch(
        "Two neighbouring digits of a registration number are swapped",
        "accepted",
        "name and date of birth are right",
    ),
    "missing_gphc": Switch(
        "The registration number is left empty", "accepted", "name and date of birth are right"
    ),
    "padded_gphc": Switch("The registration number carries spaces or a leading zero", "accepted"),
    "deferred_as_withdrawn": Switch(
        "A deferral is coded as a withdrawal although the learner came back",
        "accepted",
        "a resumption follows",
    ),
    "one_person_two_providers": Switch(
        "A learner is also enrolled, started and withdrawn at a second provider",
        "accepted",
        "one person, two enrolments",
    ),
    "backdated": Switch(
        "An event is stated one to three returns after the one it belongs in",
        "accepted",
        "event date unchanged",
    ),
    "resent_return": Switch(
        "A return with wrong or missing rows is sent again, corrected, under the same period",
        "accepted",
        "the later file supersedes",
    ),
    "duplicate_file": Switch(
        "The same bytes arrive again under another name", "duplicate", "not taken again"
    ),
    "bad_dates": Switch("Extra rows whose event date does not exist", "accepted_with_quarantine"),
    "future_dates": Switch(
        "Extra rows whose event date lies years after the return", "accepted_with_quarantine"
    ),
    "unknown_pcn": Switch(
        "A network code that no published file knows", "accepted", "the practice code leads to the network"
    ),
    "closed_pcn": Switch("A network code that had closed before the event", "accepted"),
    "fte_over_one": Switch("A post above 1.0 FTE", "accepted", "flagged, not truncated"),
    "negative_fte": Switch("Extra rows with an FTE below zero", "accepted_with_quarantine"),
    "cp1252_file": Switch("A Windows-1252 file where UTF-8 is expected", "accepted"),
    "totals_row": Switch("A totals row under the data", "accepted_with_quarantine"),
    "trailing_spaces_nbsp": Switch("Cells end in spaces and non-breaking spaces", "accepted"),
    "swapped_columns": Switch("Columns stand in another order", "accepted"),
    "bom": Switch("The file starts with a byte order mark", "accepted"),
    "repeated_load": Switch(
        "A workforce census holds itself five times under a wrong period", "accepted", "reduced to one load"
    ),
    "wrong_feed_file": Switch("A finance file lies in the folder of provider returns", "refused"),
    "html_error_page": Switch("A web page saying an error occurred, saved as a data file", "refused"),
    "truncated_workbook": Switch("A workbook that stops in the middle", "refused"),
    "empty_file": Switch("A file of no bytes", "refused"),
    "broken_items": Switch("Extra rows whose number of items is no number", "accepted_with_quarantine"),
    "closed_before_opened": Switch(
        "Extra rows of premises that close before they open", "accepted_with_quarantine"
    ),
    "missing_column": Switch("A return without its event date column", "refused"),
}

DIRT: dict[str, str] = {name: switch.description for name, switch in SWITCHES.items()}


def chosen(dirt: frozenset[str] | None) -> frozenset[str]:
    """The switches to plant; None means all. Raises ValueError naming an unknown switch."""
    if dirt is None:
        return frozenset(SWITCHES)
    if unknown := sorted(dirt - set(SWITCHES)):
        raise ValueError(
            f"unknown dirt: found {', '.join(unknown)}; expected some of {', '.join(sorted(SWITCHES))}"
        )
    return dirt
