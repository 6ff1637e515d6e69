"""A second, plain reading of the generated provider returns, independent of the project's readers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from python_calamine import CalamineWorkbook

from orchestration.synthetic.write_returns import STRAND_LABELS, WIDE_DATES

OUTCOMES = {
    "Registered": "enrolled",
    "Commenced": "started",
    "Achieved": "passed",
    "Not achieved": "failed",
    "Certificated": "certificate_issued",
}
EVENTS = {
    "Portfolio recognised in full": "portfolio_recognised_full",
    "Portfolio recognised in part": "portfolio_recognised_part",
}
COLUMNS = ["provider_code", "learner_id", "strand", "event_type", "module", "attempt", "event_date"]


def text_table(path: Path) -> pd.DataFrame:
    """A delimited file as text, nothing guessed."""
    delimiter = ";" if ";" in path.read_text("utf-8").partition("\n")[0] else ","
    return pd.read_csv(path, sep=delimiter, dtype=str, keep_default_na=False)


def students(path: Path) -> pd.DataFrame:
    """The sheet of a university's workbook."""
    rows = CalamineWorkbook.from_path(path).get_sheet_by_name("Students").to_python()
    return pd.DataFrame(rows[1:], columns=rows[0])


def events(folder: Path) -> pd.DataFrame:
    """Every stated event of a folder of clean returns, once."""
    found = [_long(path) for path in sorted(folder.glob("*.csv"))]
    found += [_wide(path) for path in sorted(folder.glob("*.xlsx"))]
    together = pd.concat(found)[COLUMNS].drop_duplicates()
    return together.sort_values(COLUMNS).reset_index(drop=True)


def _long(path: Path) -> pd.DataFrame:
    table = text_table(path)
    if "Centre" not in table.columns:
        strands = {label: strand for strand, label in STRAND_LABELS.items()}
        return pd.DataFrame(
            {
                "provider_code": table["Provider code"],
                "learner_id": table["Learner ID"],
                "strand": table["Strand"].map(strands),
                "event_type": table["Event"].map(
                    lambda label: EVENTS.get(label, label.lower().replace(" ", "_"))
                ),
                "module": table["Module"].str.lower(),
                "attempt": table["Attempt"].astype(int),
                "event_date": pd.to_datetime(table["Event date"], format="%Y-%m-%d"),
            }
        )
    programmes = {
        "Technician pathway": "technician_accreditation",
        "Clinical examination": "clinical_examination",
    }
    return pd.DataFrame(
        {
            "provider_code": table["Centre"],
            "learner_id": table["Candidate no"],
            "strand": table["Programme"].map(programmes),
            "event_type": table["Outcome"].map(lambda label: OUTCOMES.get(label, label.lower())),
            "module": table["Unit"].str.lower(),
            "attempt": table["Sitting"].astype(int),
            "event_date": pd.to_datetime(table["Outcome date"], format="%d/%m/%Y"),
        }
    )


def _wide(path: Path) -> pd.DataFrame:
    table = students(path)
    long = table.melt(["HEI code", "Student ref", "Attempt"], list(WIDE_DATES), "title", "value")
    long = long[long["value"] != ""]
    days = long["value"].map(
        lambda value: (
            pd.to_datetime(value, format="%d/%m/%Y") if isinstance(value, str) else pd.Timestamp(value)
        )
    )
    return pd.DataFrame(
        {
            "provider_code": long["HEI code"],
            "learner_id": long["Student ref"],
            "strand": "independent_prescribing",
            "event_type": long["title"].map(WIDE_DATES),
            "module": "",
            "attempt": long["Attempt"].astype(int),
            "event_date": days,
        }
    )
