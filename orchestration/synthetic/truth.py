"""The clean tables behind the files: what a perfect reader of perfect files would know."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.synthetic.world import World


@dataclass(frozen=True)
class Planted:
    """Dirt put into one file: the switch, where, how many rows, and what should become of the file."""

    kind: str
    feed: str
    file_name: str
    rows: int
    expected: str  # accepted, accepted_with_quarantine, refused or duplicate
    note: str = ""


@dataclass(frozen=True, repr=False, eq=False)
class Truth:
    """Clean tables (before dirt) and the planted dirt. Dates are event dates; FTE and money are decimals.

    `events` carries `reported_on`, the return date on which the event was first stated; null = not yet by the
    cut-off, so not in any file. Events of the register (annotations) are columns of `register`.
    """

    people: pa.Table  # one row per registrant or trainee
    enrolments: pa.Table  # one row per person, provider and strand
    events: pa.Table  # one row per event of an enrolment
    register: pa.Table  # one row per registrant, at the cut-off, with characteristics
    deployments: pa.Table  # one row per month, holder, network: posts in reporting networks
    reporting: pa.Table  # one row per month and network that reports
    pcns: pa.Table  # one row per network ever, with fate and heirs
    pcn_geography: pa.Table  # one row per network and spell of its sub-ICB, board and region
    practices: pa.Table  # one row per practice ever
    practice_geography: pa.Table  # one row per practice and spell of its sub-ICB, board and region
    board_heirs: (
        pa.Table
    )  # one row per abolished board: who serves most of its practices at the last list, since when
    memberships: pa.Table  # one row per practice, network and spell
    list_sizes: pa.Table  # one row per extract and practice
    places: pa.Table  # one row per strand, month and board, as last published
    prescribing: pa.Table  # one row per month, prescriber and place: items, as returned
    premises: pa.Table  # one row per snapshot and premises opened by then
    weighted_lists: pa.Table  # one row per extract and practice
    rural_urban: pa.Table  # one row per network ever
    planted_gaps: pa.Table  # one row per difference between groups that was made on purpose
    spend: pa.Table  # one row per strand, month and category, as last published
    courses: pa.Table  # one row per course
    supervisors: pa.Table  # one row per person and kind
    workforce: pa.Table  # one row per census, level, organisation and pharmacy role: FTE and headcount
    planted: tuple[Planted, ...]

    def tables(self) -> dict[str, pa.Table]:  # pyright: ignore[reportUnknownParameterType]
        """Every clean table by name."""
        names = [field.name for field in fields(self) if field.name != "planted"]
        return {name: cast(pa.Table, getattr(self, name)) for name in names}

    def write(self, folder: Path) -> None:
        """Write each table, and the planted dirt, as Parquet into `folder` (never inside a landing folder)."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in self.tables().items():
            pq.write_table(table, folder / f"{name}.parquet")
        planted = [vars(item) for item in self.planted]
        schema = pa.schema(
            [(field.name, pa.int64() if field.name == "rows" else pa.string()) for field in fields(Planted)]
        )
        pq.write_table(pa.Table.from_pylist(planted, schema=schema), folder / "planted.parquet")


_QUERIES = {
    "people": "select person_id, gphc_number, surname, forename, date_of_birth, email, profession, is_trainee, sector,"
    " country from person order by person_id",
    "enrolments": "select provider_code || '|' || learner_id || '|' || strand as enrolment_ref, person_id, strand,"
    " provider_code, learner_id, course_code, sector, practice_code, pcn_code, entered_on from enrolment"
    " order by enrolment_no",
    "events": "select event.person_id, enrolment.provider_code || '|' || learner_id || '|' || event.strand"
    " as enrolment_ref, event.strand, event_type, event_date, module, attempt, enrolment.provider_code, course_code,"
    " sector, event.pcn_code, event.reason, event.supervisor_kind, event.supervisor_person_id, reported_on"
    " from event inner join enrolment using (enrolment_no) left join reported using (event_no) order by event_no",
    "register": "select person_id, gphc_number, profession, registered_on, removed_on, restored_on, annotated_on,"
    " annotation_route, annotation_removed_on, annotation_restored_on, country, sex, ethnic_group, age_band"
    " from register order by person_id",
    "deployments": "select period, person_id, holder_id, pcn_code, role, fte, started_on, ended_on, prescribing_role"
    " from deployment order by period, holder_id",
    "reporting": "select period, pcn_code from reporting inner join pcn using (pcn_id) order by period, pcn_code",
    "pcns": "select pcn.pcn_code, pcn.pcn_name, pcn.sub_icb_code, pcn.open_date, pcn.close_date, pcn.fate,"
    " heir.pcn_code as heir_code, other.pcn_code as other_heir_code from pcn"
    " left join pcn as heir on pcn.heir_id = heir.pcn_id left join pcn as other on pcn.other_heir_id = other.pcn_id"
    " order by pcn.pcn_code",
    "pcn_geography": "select pcn_code, sub_icb_code, icb_code, region_code, valid_from, valid_to from pcn_place"
    " order by pcn_code, valid_from",
    "practices": "select practice_code, practice_name, sub_icb_code, close_date, practice_imd.imd_score"
    " from practice left join practice_imd using (practice_id) order by practice_code",
    "practice_geography": "select practice_code, area_place.sub_icb_code, icb_code, region_code, valid_from, valid_to"
    " from practice inner join area_place using (area_key) order by practice_code, valid_from",
    "board_heirs": "select old_icb_code, new_icb_code, changed_on from board_heir order by old_icb_code",
    "memberships": "select practice_code, pcn_code, valid_from, valid_to from membership"
    " inner join practice using (practice_id) inner join pcn using (pcn_id) order by practice_code, valid_from",
    "list_sizes": "select extract_date, practice_code, patients from practice_list inner join practice"
    " using (practice_id) order by extract_date, practice_code",
    "places": "select strand, financial_year, period, icb_code, places from place order by strand, period, icb_code",
    "prescribing": "select period, person_id, place_code, place_type, items from item_count"
    " order by period, person_id, place_code",
    "premises": "select snapshot_date, premises_code, pcn_code, icb_code, open_date, close_date from premises_place"
    " order by snapshot_date, premises_code",
    "weighted_lists": "select extract_date, practice_code, weighted_patients from weighted_list inner join practice"
    " using (practice_id) order by extract_date, practice_code",
    "rural_urban": "select pcn_code, classification from network_class order by pcn_code",
    "planted_gaps": "select * from planted_gap",
    "spend": "select financial_year, strand, period, category, planned_gbp, outturn_gbp from spend"
    " order by period, strand, category",
    "courses": "select course_code, provider_code, icb_code, strand, submitted_on, decided_on, decision, valid_to"
    " from course order by course_code",
    "supervisors": "select person_id, supervisor_kind, is_programme, is_withdrawn, enrolled_on, trained_on,"
    " available_from, available_to, capacity, icb_code, pcn_code from supervisor order by supervisor_id",
    "workforce": "select * from workforce_total order by period, org_level, org_code, role",
}


def collect(world: World, planted: list[Planted]) -> Truth:
    """Read the clean tables out of a finished world."""
    tables = {name: world.con.execute(query).to_arrow_table() for name, query in _QUERIES.items()}
    return Truth(**tables, planted=tuple(planted))
