"""The table of docs/intake.md, from what intake says of the catalogue. Run as a script it rewrites the document."""

from __future__ import annotations

import re
import sys
import tempfile
from itertools import groupby
from pathlib import Path

from dirt_catalogue import KINDS
from dirt_kind import Kind
from dirt_verdicts import Intake, one_reader, take

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "intake.md"

_LONGEST = 360  # characters of a message in the table
_OUTCOMES = {
    "accepted": "accepted",
    "accepted_with_quarantine": "accepted with quarantine",
    "refused": "refused",
    "duplicate": "refused (duplicate)",
}
_HEAD = """# What intake does with dirty files

Every file that lands gets one of these outcomes, with a message that says what was found, where, and what was expected:

* **accepted**: every row is taken. What is unusual is told in a remark.
* **accepted with quarantine**: the rows that break the contract are set aside in `quarantine/` (restricted), as they
  came and with the reason; all others are taken.
* **refused**: nothing is taken. The file stays in `landing/`, and its message in the ledger.

`phip check FILE --feed FEED` gives the same answer before a file is sent, as a table or with `--json`;
`phip template FEED` writes a workbook that passes.

No message quotes a person: of personal columns only the length of a value is told, and in files about people a value is
quoted only where it is nearly one of the promised choices. Of others the form is shown: `99/99/9999` stands for digits,
`Aaaa` for letters.

The table below is written by the tests from what intake does with {count} generated files, each wrong in one way
(`tests/dirt/`). `FILE` stands for the name of the file; a remark follows a dash. After a change of intake, rewrite it
with `python tests/dirt/dirt_docs.py`.
"""


def document(intake: Intake) -> str:
    """The whole document."""
    parts = [_HEAD.format(count=len(KINDS))]
    for group, kinds in groupby(KINDS, key=lambda kind: kind.group):
        parts += [f"## {group}\n", "| kind | outcome | message |", "|---|---|---|"]
        parts += [_line(intake, kind) for kind in kinds]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _line(intake: Intake, kind: Kind) -> str:
    report = intake.reports[kind.name]
    said = report.message.replace(report.name, "FILE")
    for note in report.notes:
        said += f" – {note}"
    said = re.sub(r"received \d{4}-\d\d-\d\d", "received on the day of receipt", said)
    said = re.sub(r"the day of receipt, \d{4}-\d\d-\d\d", "the day of receipt", said)
    said = re.sub(r"vintage \d{4}-\d\d-\d\d, the day of receipt", "vintage: the day of receipt", said)
    if kind.code == "reader_crashed":  # how the process ended is the machine's business
        said = "FILE: found a file that the reader has no memory for; expected a file of bearable size and structure"
    if len(said) > _LONGEST:
        said = said[:_LONGEST].rsplit(" ", 1)[0] + " …"
    return f"| {_escaped(kind.title)} | {_OUTCOMES[kind.outcome]} | {_escaped(said)} |"


def _escaped(text: str) -> str:
    """Text that shows as itself in a cell of a Markdown table."""
    return re.sub(r"([|*_<>`\\])", r"\\\1", text)


def main() -> int:
    """Rewrite the document; the number of kinds on standard output."""
    with tempfile.TemporaryDirectory(prefix="phip-dirt-") as folder, one_reader():
        DOCUMENT.write_text(document(take(Path(folder) / "home")), encoding="utf-8")
    print(f"{DOCUMENT.name}: {len(KINDS)} kinds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
