"""Files about places that the evaluation needs beside the published ones: premises, weighted lists, rural networks."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from orchestration.synthetic.calendar import EXTRACTS, SMALL_SNAPSHOTS
from orchestration.synthetic.world import World
from orchestration.synthetic.write_public import copy_csv

CLASSIFIED_ON = date(2025, 10, 30)


def write_places(world: World, landing: Path) -> None:
    """pharmacy_premises, weighted_patients and rural_urban."""
    for day in SMALL_SNAPSHOTS:
        listed = f"""
            select snapshot_date as "Snapshot date", premises_code as "Premises code",
                premises_name as "Premises name", icb_code as "ICB code", pcn_code as "PCN code",
                open_date as "Open date", close_date as "Close date"
            from premises_row where snapshot_date = date '{day}' order by premises_code, open_date
        """
        copy_csv(world, listed, landing / "pharmacy_premises" / f"pharmacy_premises_{day}.csv")
    for day in EXTRACTS:
        weighted = f"""
            select extract_date as "Extract date", practice_code as "Practice code",
                weighted_patients as "Weighted patients"
            from weighted_list inner join practice using (practice_id)
            where extract_date = date '{day}' order by practice_code
        """
        copy_csv(world, weighted, landing / "weighted_patients" / f"weighted_patients_{day:%Y-%m}.csv")
    classes = f"""
        select pcn_code as "PCN code", upper(classification[1]) || classification[2:] as "Classification",
            date '{CLASSIFIED_ON}' as "Published on"
        from network_class order by pcn_code
    """
    copy_csv(world, classes, landing / "rural_urban" / f"rural_urban_{CLASSIFIED_ON}.csv")
