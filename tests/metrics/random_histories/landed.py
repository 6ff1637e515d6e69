"""A random history as the files that would have come of it, each sent on its day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from orchestration.synthetic.write_returns import STRAND_LABELS
from random_histories.drawn import END, MONTHS, History
from random_histories.tables import AREAS, CODES, EXTRACTS, ITEM_DAYS, first_of, month_end, returns
from random_histories.tables import SNAPSHOTS as PLACE_SNAPSHOTS

SNAPSHOTS = [date(2022, 4, 1), date(2023, 1, 1), date(2023, 10, 1), date(2024, 7, 1), END]
LISTED_SUPERVISORS = [date(2023, 1, 1), END]
DEPRIVATION_DAY = date(2022, 10, 30)
PUBLISHED_SPEND = {2022: date(2023, 6, 15), 2023: date(2024, 6, 15)}
COURSES_DAY = date(2022, 6, 1)
POST_DAYS = 25  # after the end of the month, the deployment return is sent
ROLES = {
    "pharmacist": "Pharmacist",
    "advanced_pharmacist_practitioner": "Advanced pharmacist practitioner",
    "pharmacy_technician": "Pharmacy technician",
}
SECTORS = {
    "community_pharmacy": "Community pharmacy",
    "general_practice": "General practice",
    "pcn": "PCN",
    "unknown": "Unknown",
}
AGE_BANDS = {
    "under_30": "Under 30",
    "30_39": "30 to 39",
    "40_49": "40 to 49",
    "50_59": "50 to 59",
}
ROUTES = {"programme_funded": "Programme funded", "self_funded": "Self funded"}
WRONG_DAYS = 6  # a return that is sent wrong has a third of its days earlier by these


def land(tables: dict[str, pd.DataFrame], history: History, landing: Path, until: date = END) -> None:
    """Write every file sent by `until` below `landing`."""
    _returns(tables, history, landing / "provider_return", until)
    _posts(tables, landing / "deployment_return", until)
    for day in (day for day in SNAPSHOTS if day <= until):
        _write(landing / "gphc_register" / f"gphc_register_{day}.csv", _register(tables, day))
    for day in (day for day in LISTED_SUPERVISORS if day <= until):
        _write(landing / "supervisor_register" / f"supervisor_register_{day}.csv", _supervisors(tables, day))
    for day in (day for day in PLACE_SNAPSHOTS if day <= until):
        _networks(tables, landing / "ods_pcn_membership", day)
        _premises(tables, landing / "pharmacy_premises", day)
    for day in (day for day in EXTRACTS if day <= until):
        _lists(tables, landing, day)
    if until >= DEPRIVATION_DAY:
        scores = pd.DataFrame(
            {
                "pcn_code": CODES,
                "pcn_name": CODES,
                "postcode": "QX1 1QX",
                "subicb_code": [area[0] for area in AREAS],
                "imd_score": [10.5 + 4 * number for number in range(len(CODES))],
                "imd_decile": [10 - number for number in range(len(CODES))],
            }
        )
        _write(landing / "deprivation" / f"pcn_imd_{DEPRIVATION_DAY}.csv", scores)
        kinds = tables["rural_urban"]
        classes = pd.DataFrame(
            {
                "PCN code": kinds.pcn_code,
                "Classification": kinds.classification.str.capitalize(),
                "Published on": DEPRIVATION_DAY,
            }
        )
        _write(landing / "rural_urban" / f"rural_urban_{DEPRIVATION_DAY}.csv", classes)
    _items(tables, landing / "prescribing", until)
    _money_and_courses(tables, landing, until)


def _items(tables: dict[str, pd.DataFrame], folder: Path, until: date) -> None:
    rows = tables["prescribing"]
    if rows.empty:
        return
    sent = rows.period.map(lambda first: month_end(first) + timedelta(days=ITEM_DAYS))
    rows = rows[sent <= until]
    told = pd.DataFrame(
        {
            "Period": rows.period.map("{:%Y-%m}".format),
            "Return date": sent[sent <= until],
            "GPhC number": _number(tables, rows.person_id),
            "Place code": rows.place_code,
            "Place type": rows.place_type.str.capitalize(),
            "Items": rows["items"],
        }
    )
    if len(told):
        _write(folder / "prescribing.csv", told)


def _premises(tables: dict[str, pd.DataFrame], folder: Path, day: date) -> None:
    rows = tables["premises"]
    rows = rows[rows.snapshot_date == day]
    listed = pd.DataFrame(
        {
            "Snapshot date": day,
            "Premises code": rows.premises_code,
            "Premises name": rows.premises_code,
            "ICB code": rows.icb_code,
            "PCN code": rows.pcn_code,
            "Open date": "",
            "Close date": rows.close_date,
        }
    )
    _write(folder / f"pharmacy_premises_{day}.csv", listed)


def _write(path: Path, rows: pd.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.to_csv(path, index=False)


def _number(tables: dict[str, pd.DataFrame], person: pd.Series) -> pd.Series:
    return person.map(tables["people"].set_index("person_id").gphc_number)


def _who(tables: dict[str, pd.DataFrame], person: pd.Series) -> pd.DataFrame:
    """The columns that say who somebody is."""
    people = tables["people"].set_index("person_id").reindex(person)
    columns = {
        "gphc_number": "GPhC number",
        "surname": "Surname",
        "forename": "Forename",
        "date_of_birth": "Date of birth",
    }
    return people[list(columns)].rename(columns=columns).set_axis(person.index)


def statements(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Events as rows of a return: every other first deferral is called a withdrawal, if the way back is told too."""
    events = tables["events"].dropna(subset=["return_number"]).reset_index(drop=True)
    back = events[events.event_type == "resumed"].enrolment_ref
    misnamed = (
        (events.event_type == "deferred") & events.enrolment_ref.isin(back) & (events.person_id % 2 == 0)
    )
    misnamed &= ~events.duplicated(["enrolment_ref", "event_type"])
    events["stated"] = events.event_type.mask(misnamed, "withdrawn")
    return events


def _returns(tables: dict[str, pd.DataFrame], history: History, folder: Path, until: date) -> None:
    events = statements(tables)
    lines = pd.concat(
        [
            pd.DataFrame(
                {
                    "Provider code": events.provider_code,
                    "Return month": "",
                    "Return date": "",
                    "Learner ID": events.learner_id,
                }
            ),
            _who(tables, events.person_id),
        ],
        axis="columns",
    ).assign(
        **{
            "Strand": events.strand.map(STRAND_LABELS),
            "Event": events.stated.str.replace("_", " ").str.capitalize(),
            "Event date": events.event_date,
            "Course code": events.course_code,
            "Module": events.module.str.capitalize(),
            "Attempt": events.attempt,
            "Sector": events.sector.map(SECTORS),
            "Practice code": events.practice_code,
            "PCN code": events.pcn_code,
            "Reason": events.reason,
            "Supervisor GPhC number": _number(tables, events.supervisor_person_id),
            "Supervisor type": events.supervisor_kind.str.capitalize(),
        }
    )
    files: dict[str, list[pd.DataFrame]] = {}
    for one in returns(history).itertuples():
        for provider, part in lines[events.return_number == one.number].groupby("Provider code"):
            said = part.assign(**{"Return month": f"{one.period:%Y-%m}", "Return date": one.stands})
            if one.stands > one.sent:
                if one.sent <= until:
                    wrong = _sent_wrong(said).assign(**{"Return date": one.sent})
                    files.setdefault(f"{provider}_returns.csv", []).append(wrong)
                if one.stands <= until:
                    name = f"{provider}_return_{one.period:%Y-%m}_resubmitted.csv"
                    files.setdefault(name, []).append(said)
            elif one.stands <= until:
                files.setdefault(f"{provider}_returns.csv", []).append(said)
    for name, parts in files.items():
        _write(folder / name, pd.concat(parts))


def _sent_wrong(lines: pd.DataFrame) -> pd.DataFrame:
    """A return as it was first sent: a third of its days wrong, every seventh line missing."""
    days = [
        day - timedelta(days=WRONG_DAYS) if place % 3 == 0 else day
        for place, day in enumerate(lines["Event date"])
    ]
    return lines.assign(**{"Event date": days})[[place % 7 != 6 for place in range(len(lines))]]


def _posts(tables: dict[str, pd.DataFrame], folder: Path, until: date) -> None:
    posts = tables["deployments"]
    reporting = tables["reporting"]
    months: list[pd.DataFrame] = []
    for month in range(MONTHS):
        first = first_of(month)
        sent = month_end(first) + timedelta(days=POST_DAYS)
        codes = reporting[reporting.period == first].pcn_code
        if sent > until or codes.empty:
            continue
        held = posts[posts.period == first].reset_index(drop=True)
        rows = pd.concat(
            [
                pd.DataFrame(
                    {"PCN code": held.pcn_code, "Staff record ID": held.holder_id.map("R{:05d}".format)}
                ),
                _who(tables, held.person_id),
                pd.DataFrame({"Role": held.role.map(ROLES), "FTE": held.fte, "Started on": held.started_on}),
            ],
            axis="columns",
        )
        nil = codes[~codes.isin(held.pcn_code)]
        nothing = pd.DataFrame(
            {"PCN code": nil, "Staff record ID": "NIL-" + nil, "Role": "Nil return", "FTE": 0}
        )
        rows = pd.concat([rows, nothing], ignore_index=True)
        rows = rows.assign(**{"Period": f"{first:%Y-%m}", "Return date": sent, "Submitter code": "NWRS01"})
        months.append(rows.assign(**{"Ended on": "", "Prescribing role": ""}))
    if months:
        _write(folder / "deployment_returns.csv", pd.concat(months))


def _known(days: pd.Series, by: date) -> pd.Series:
    """Days that had come by a day; the others are not known yet."""
    return days.map(lambda day: day if isinstance(day, date) and day <= by else None)


def _register(tables: dict[str, pd.DataFrame], day: date) -> pd.DataFrame:
    register = tables["register"]
    annotated = _known(register.annotated_on, day)
    removed, restored = (
        _known(register[name], day) for name in ("annotation_removed_on", "annotation_restored_on")
    )
    carries = annotated.notna() & (removed.isna() | restored.notna())
    return pd.concat(
        [
            _who(tables, register.person_id),
            pd.DataFrame(
                {
                    "Snapshot date": day,
                    "Profession": register.profession.str.replace("_", " ").str.capitalize(),
                    "Registered on": register.registered_on,
                    "Registration status": "Registered",
                    "Removed on": "",
                    "Restored on": "",
                    "Prescriber annotated": carries.map({True: "true", False: "false"}),
                    "Annotated on": annotated,
                    "Annotation route": register.annotation_route.map(ROUTES).where(annotated.notna()),
                    "Annotation removed on": removed,
                    "Annotation restored on": restored,
                    "Country": register.country,
                    "Sex": register.sex.map(_words),
                    "Ethnic group": register.ethnic_group.map(_words),
                    "Age band": register.age_band.map(AGE_BANDS),
                }
            ),
        ],
        axis="columns",
    )


def _words(code: str) -> str:
    return code.replace("_", " ").capitalize()


def _supervisors(tables: dict[str, pd.DataFrame], day: date) -> pd.DataFrame:
    rows = tables["supervisors"]
    rows = rows[rows.trained_on <= day].reset_index(drop=True)
    boards = dict(zip(CODES, (area[1] for area in AREAS), strict=True))
    return pd.concat(
        [
            _who(tables, rows.person_id),
            pd.DataFrame(
                {
                    "Snapshot date": day,
                    "Supervisor kind": rows.supervisor_kind.str.capitalize(),
                    "Trained on": rows.trained_on,
                    "Available from": _known(rows.available_from, day),
                    "Available to": "",
                    "Capacity": rows.capacity,
                    "ICB code": rows.pcn_code.map(boards),
                    "PCN code": rows.pcn_code,
                }
            ),
        ],
        axis="columns",
    )


def _networks(tables: dict[str, pd.DataFrame], folder: Path, day: date) -> None:
    pcns, members = tables["pcns"], tables["memberships"]
    listed = pd.DataFrame(
        {
            "PCN_Code": pcns.pcn_code,
            "PCN_Name": pcns.pcn_name + f" {day}",  # no two vintages are the same bytes
            "ICB_Code": pcns.sub_icb_code,
            "ICB_Name": "NHS DEMONSTRATION",
            "Open_Date": pcns.open_date.map("{:%Y%m%d}".format),
            "Close_Date": _compact(_known(pcns.close_date, day)),
            "Postcode": "QX1 1QX",
            "Town": "DEMONSTRATION",
        }
    )
    _write(folder / f"ods_pcn_{day}.csv", listed)
    members = members[members.valid_from <= day]
    area = dict(zip(CODES, (area[0] for area in AREAS), strict=True))
    own = tables["practices"].set_index("practice_code").sub_icb_code
    starts, ends = members.valid_from.map("{:%Y%m%d}".format), _compact(_known(members.valid_to, day))
    lines = [
        ",".join(f'"{cell}"' for cell in cells)
        for cells in zip(
            members.practice_code,
            [f"PRACTICE AS OF {day}"] * len(members),
            members.practice_code.map(own),
            members.practice_code.map(own),
            members.pcn_code,
            members.pcn_code,
            members.pcn_code.map(area),
            members.pcn_code.map(area),
            starts,
            ends,
            members.practice_code.map(own).eq(members.pcn_code.map(area)).map({True: "TRUE", False: "FALSE"}),
            strict=True,
        )
    ]
    path = folder / f"raw_epcncorepartnerdetails_{day}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _compact(days: pd.Series) -> pd.Series:
    return days.map(lambda day: f"{day:%Y%m%d}" if day is not None else "")


def _lists(tables: dict[str, pd.DataFrame], landing: Path, day: date) -> None:
    lists = tables["list_sizes"]
    lists = lists[lists.extract_date == day].reset_index(drop=True)
    areas = pd.DataFrame(AREAS, columns=["sub", "icb", "region"]).drop_duplicates().set_index("sub")
    sub = lists.practice_code.map(tables["practices"].set_index("practice_code").sub_icb_code)
    members = tables["memberships"]
    holds = (members.valid_from <= day) & ~members.valid_to.map(lambda end: end is not None and end < day)
    network = lists.practice_code.map(members[holds].set_index("practice_code").pcn_code)
    mapped = pd.DataFrame(
        {
            "PUBLICATION": "GP_PRAC_PAT_LIST",
            "EXTRACT_DATE": f"{day:%d%b%Y}",
            "PRACTICE_CODE": lists.practice_code,
            "PRACTICE_NAME": lists.practice_code,
            "PRACTICE_POSTCODE": "QX1 1QX",
            "PCN_CODE": network,
            "PCN_NAME": network,
            "ONS_SUB_ICB_LOCATION_CODE": "E38000000",
            "SUB_ICB_LOCATION_CODE": sub,
            "SUB_ICB_LOCATION_NAME": sub,
            "ONS_ICB_CODE": "E54000000",
            "ICB_CODE": sub.map(areas.icb),
            "ICB_NAME": sub.map(areas.icb),
            "ONS_COMM_REGION_CODE": "E40000000",
            "COMM_REGION_CODE": sub.map(areas.region),
            "COMM_REGION_NAME": sub.map(areas.region),
            "SUPPLIER_NAME": "SUPPLIER A",
        }
    )
    _write(landing / "practice_map" / f"gp-reg-pat-prac-map_{day:%Y-%m}.csv", mapped)
    sizes = pd.DataFrame(
        {
            "PUBLICATION": "GP_PRAC_PAT_LIST",
            "EXTRACT_DATE": day,
            "TYPE": "GP",
            "SUB_ICB_LOCATION_CODE": sub,
            "ONS_SUB_ICB_LOCATION_CODE": "E38000000",
            "CODE": lists.practice_code,
            "POSTCODE": "QX1 1QX",
            "SEX": "ALL",
            "AGE": "ALL",
            "NUMBER_OF_PATIENTS": lists.patients,
        }
    )
    _write(landing / "registered_patients" / f"gp-reg-pat-prac-all_{day:%Y-%m}.csv", sizes)
    weights = tables["weighted_lists"]
    weights = weights[weights.extract_date == day]
    weighted = pd.DataFrame(
        {
            "Extract date": day,
            "Practice code": weights.practice_code,
            "Weighted patients": weights.weighted_patients,
        }
    )
    _write(landing / "weighted_patients" / f"weighted_patients_{day:%Y-%m}.csv", weighted)


def _money_and_courses(tables: dict[str, pd.DataFrame], landing: Path, until: date) -> None:
    spend = tables["spend"]
    for year, day in PUBLISHED_SPEND.items():
        part = spend[spend.financial_year.str[:4] == str(year)]
        rows = pd.DataFrame(
            {
                "Financial year": part.financial_year,
                "Published on": day,
                "Strand": part.strand.map(STRAND_LABELS),
                "Period": part.period.map("{:%Y-%m}".format),
                "Category": part.category.str.capitalize(),
                "Planned GBP": part.planned_gbp,
                "Outturn GBP": part.outturn_gbp,
            }
        )
        if day <= until:
            _write(landing / "spend" / f"spend_{year}_published_{day}.csv", rows)
    courses = tables["courses"]
    rows = pd.DataFrame(
        {
            "Snapshot date": COURSES_DAY,
            "Course code": courses.course_code,
            "Course title": courses.course_code,
            "Provider code": courses.provider_code,
            "ICB code": courses.icb_code,
            "Strand": courses.strand.map(STRAND_LABELS),
            "Submitted on": courses.submitted_on,
            "Decided on": courses.decided_on,
            "Decision": courses.decision.str.capitalize(),
            "Valid to": "",
        }
    )
    if until >= COURSES_DAY:
        _write(landing / "accredited_courses" / f"accredited_courses_{COURSES_DAY}.csv", rows)
