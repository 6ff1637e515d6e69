"""A random history told as clean tables: what a perfect reader of perfect files would know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import accumulate

import pandas as pd
import pyarrow as pa

from orchestration.synthetic import Truth
from random_histories.drawn import END, MERGERS, MONTHS, NETWORKS, START, SUPERVISORS, History, Learner

AREAS = (  # sub-ICB location, board, region of each network, as they are in England
    ("11X", "QSL", "Y58"),
    ("11X", "QSL", "Y58"),
    ("11N", "QT6", "Y58"),
    ("78H", "QPM", "Y60"),
    ("04Y", "QNC", "Y60"),
    ("05D", "QNC", "Y60"),
)
CODES = tuple(f"U9000{number}" for number in range(NETWORKS))
PRACTICES_EACH = 2
PROVIDERS = {
    "independent_prescribing": ("IPA01", "IPA02"),
    "technician_accreditation": ("TEA01", "TEA01"),
    "clinical_examination": ("CLA01", "CLA01"),
    "supervisors": ("SUA01", "SUA01"),
}
PREMISES = tuple(f"QA00{number}" for number in range(NETWORKS))
CLOSING_PREMISES, LAST_DAY_OPEN = 3, date(2023, 9, 30)
EXTRACTS = (date(2022, 4, 1), date(2023, 4, 1), date(2024, 4, 1))
SNAPSHOTS = (date(2022, 4, 1), date(2023, 6, 1), END)  # of premises and of networks
FIRST_DAY = date(2019, 10, 1)
ITEM_DAYS = 45  # after the end of the month, the prescribing return is sent
SEXES = ("female", "male", "not_stated")
ETHNIC_GROUPS = ("asian", "white", "black", "white", "not_stated")
AGE_BANDS = ("under_30", "30_39", "40_49", "50_59")
CLOSED_YEARS = (2022, 2023)  # financial years with an outturn for every month
Step = tuple[str, date, int, str | None]  # event, day, attempt, reason


def first_of(month: int) -> date:
    """First day of the month so many months after START."""
    index = START.year * 12 + START.month - 1 + month
    return date(index // 12, index % 12 + 1, 1)


def month_end(first: date) -> date:
    """Last day of the month of a day."""
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def returns(history: History) -> pd.DataFrame:
    """Quarterly returns of every provider: number, period, day sent, and day sent again if it was wrong at first."""
    rows: list[dict[str, object]] = []
    sent = date.min
    for number, days in enumerate(history.lateness):
        period = first_of(2 + 3 * number)
        sent = max(sent, month_end(period) + timedelta(days=days))
        again = sent + timedelta(days=14) if number in history.corrected else sent
        rows.append({"number": number, "period": period, "sent": sent, "stands": min(again, END)})
    return pd.DataFrame(rows)


def journey(learner: Learner) -> Iterator[Step]:
    """Events of one learner in order, with attempt and reason; some may lie after END."""
    days = [START + timedelta(days=learner.entered + gap) for gap in accumulate((0, *learner.gaps))]
    if learner.strand == "independent_prescribing":
        yield "applied", days[0], 1, None
        if learner.fate == "never_answered":
            return
        if learner.fate.startswith("refused"):
            why = "no place left" if learner.fate == "refused_no_room" else "not eligible"
            yield "refused", days[1], 1, why
            return
        yield "offered", days[1], 1, None
    yield "enrolled", days[2], 1, None
    if learner.supervisor is not None and learner.strand == "independent_prescribing":
        yield "supervisor_confirmed", days[2], 1, None
    yield "started", days[3], 1, None
    yield from _after_start(learner.fate, days[4:])


def _after_start(fate: str, days: list[date]) -> Iterator[Step]:
    first, second, third = days
    week = timedelta(days=7)
    steps: dict[str, list[Step]] = {
        "passed": [("practice_hours_completed", first, 1, None), ("passed", second, 1, None)],
        "active": [],
        "withdrawn": [("withdrawn", first, 1, "workload")],
        "deferred": [("deferred", first, 1, None)],
        "deferred_and_back": [
            ("deferred", first, 1, None),
            ("resumed", second, 1, None),
            ("deferred", second + week, 1, None),
            ("resumed", third, 1, None),
            ("passed", third + week, 1, None),
        ],
        "referred_then_passed": [("referred", first, 1, None), ("passed", second, 2, None)],
        "failed_then_passed": [("failed", first, 1, None), ("passed", second, 2, None)],
        "failed": [("failed", first, 1, None)],
    }
    yield from steps[fate]


def _person(history: History) -> pd.DataFrame:
    """Everybody, on the register from the start; technicians are the learners of their strand."""
    technicians = {
        number
        for number, learner in enumerate(history.learners)
        if learner.strand == "technician_accreditation"
    }
    people = pd.DataFrame({"person_id": range(history.people)})
    people["profession"] = [
        "pharmacy_technician" if number in technicians else "pharmacist" for number in people.person_id
    ]
    people["gphc_number"] = [
        f"{5000000 + 7 * number if number in technicians else 2000000 + 7 * number}"
        for number in people.person_id
    ]
    letters = [f"{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in people.person_id]
    people["surname"] = [f"Demonstrell{pair}" for pair in letters]
    people["forename"] = [f"Exampla{pair}" for pair in letters]
    people["date_of_birth"] = [date(1970, 1, 1) + timedelta(days=97 * number) for number in people.person_id]
    return people


def _places() -> pd.DataFrame:
    """Practices with their first network."""
    rows = [
        {
            "practice_code": f"Z9{network}00{number}",
            "network": network,
            "sub_icb_code": AREAS[network][0],
            "patients": 3000 + 1300 * network + 700 * number,
        }
        for network in range(NETWORKS)
        for number in range(PRACTICES_EACH)
    ]
    return pd.DataFrame(rows)


def network_in(history: History, network: int, month: int) -> int:
    """The network that stands for another in a month: itself until it merges."""
    return MERGERS[network] if network in history.mergers and month >= history.mergers[network] else network


def _enrolments(history: History) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Enrolments and their events up to END, with the return that first told of each."""
    practices = _places().groupby("network").practice_code.first()
    sent = returns(history)
    enrolments: list[dict[str, object]] = []
    events: list[dict[str, object]] = []
    for person, learner in enumerate(history.learners):
        provider = PROVIDERS[learner.strand][learner.provider]
        own: dict[str, object] = {
            "enrolment_ref": f"{provider}|L{person:04d}|{learner.strand}",
            "person_id": person,
            "strand": learner.strand,
            "provider_code": provider,
            "learner_id": f"L{person:04d}",
            "course_code": f"{provider}-C1",
            "sector": learner.sector,
            "practice_code": practices[learner.network] if learner.stated in ("practice", "both") else None,
            "pcn_code": CODES[learner.network] if learner.stated in ("network", "both") else None,
        }
        enrolments.append(own)
        for event, day, attempt, reason in journey(learner):
            if day > END:
                break
            slip = learner.returns_late if event not in ("applied", "offered", "enrolled", "started") else 0
            told = sent[(sent.period >= day.replace(day=1))].iloc[slip : slip + 1]
            confirmed = event == "supervisor_confirmed"
            supervisor = history.people - SUPERVISORS + (learner.supervisor or 0)
            events.append(
                {
                    **own,
                    "event_type": event,
                    "event_date": day,
                    "module": "core" if learner.strand == "clinical_examination" else None,
                    "attempt": attempt,
                    "reason": reason,
                    "supervisor_kind": "prescribing" if confirmed else None,
                    "supervisor_person_id": supervisor if confirmed else None,
                    "return_number": told.number.iloc[0] if len(told) else None,
                    "reported_on": told.stands.iloc[0] if len(told) else None,
                }
            )
    return pd.DataFrame(enrolments), pd.DataFrame(events)


def _training(history: History) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Supervisors of the programme: enrolments, events, and the register of supervisors."""
    sent = returns(history)
    enrolments, events, listed = [], [], []
    for number in range(SUPERVISORS):
        person, network = history.people - SUPERVISORS + number, number % NETWORKS
        own: dict[str, object] = {
            "enrolment_ref": f"SUA01|S{number:04d}|supervisors",
            "person_id": person,
            "strand": "supervisors",
            "provider_code": "SUA01",
            "learner_id": f"S{number:04d}",
            "course_code": None,
            "sector": "pcn",
            "practice_code": None,
            "pcn_code": CODES[network],
        }
        enrolments.append(own)
        trained = START + timedelta(days=40 * number)
        steps = {"enrolled": 0, "trained": 30, **({"linked": 200} if number % 3 else {})}
        for event, after in steps.items():
            day = trained + timedelta(days=after)
            told = sent[sent.period >= day.replace(day=1)].iloc[0]
            events.append(
                {
                    **own,
                    "event_type": event,
                    "event_date": day,
                    "module": None,
                    "attempt": 1,
                    "reason": None,
                    "supervisor_kind": "prescribing",
                    "supervisor_person_id": None,
                    "return_number": told.number,
                    "reported_on": told.stands,
                }
            )
        listed.append(
            {
                "person_id": person,
                "supervisor_kind": "prescribing",
                "is_withdrawn": False,
                "trained_on": trained + timedelta(days=30),
                "available_from": trained + timedelta(days=60),
                "capacity": 2,
                "pcn_code": CODES[network],
            }
        )
    return pd.DataFrame(enrolments), pd.DataFrame(events), pd.DataFrame(listed)


def _register(history: History, people: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Registrants with their annotation, as known at END."""
    passed = events[(events.strand == "independent_prescribing") & (events.event_type == "passed")]
    first_pass = passed.groupby("person_id").event_date.min()
    rows: list[dict[str, object]] = []
    for person, learner in enumerate(history.learners):
        if person in first_pass and learner.annotated_after is not None:
            day = first_pass[person] + timedelta(days=learner.annotated_after)
            rows.append({"person_id": person, "annotated_on": day, "annotation_route": "programme_funded"})
    for one in history.self_funded:
        day = START + timedelta(days=one.day)
        removed = day + timedelta(days=one.removed_after) if one.removed_after else None
        restored = removed + timedelta(days=one.restored_after) if removed and one.restored_after else None
        rows.append(
            {
                "person_id": one.person,
                "annotated_on": day,
                "annotation_route": "self_funded",
                "annotation_removed_on": removed if removed and removed <= END else None,
                "annotation_restored_on": restored if restored and restored <= END else None,
            }
        )
    columns = ["annotated_on", "annotation_route", "annotation_removed_on", "annotation_restored_on"]
    seen = [row for row in rows if row["annotated_on"] <= END]  # type: ignore[operator]
    known = pd.DataFrame(seen, columns=["person_id", *columns], dtype=object).astype({"person_id": "int64"})
    register = people[["person_id", "gphc_number", "profession"]].merge(known, on="person_id", how="left")
    fixed = {"registered_on": date(2015, 1, 1), "removed_on": None, "restored_on": None, "country": "England"}
    characteristics = {"sex": SEXES, "ethnic_group": ETHNIC_GROUPS, "age_band": AGE_BANDS}
    stated = {
        name: [groups[7 * person % 11 % len(groups)] for person in register.person_id]
        for name, groups in characteristics.items()
    }
    return register.assign(**fixed, **stated)


def _deployments(history: History, people: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Networks that reported by month, and who was in post in them."""
    reporting: list[dict[str, object]] = []
    for month in range(MONTHS):
        for network in range(NETWORKS):
            is_gone = network_in(history, network, month) != network
            stopped = month >= history.stops.get(network, MONTHS)
            if not is_gone and not stopped and (network, month) not in history.silent:
                reporting.append({"month": month, "pcn_code": CODES[network], "period": first_of(month)})
    reported = pd.DataFrame(reporting)
    sends = set(zip(reported.month, reported.pcn_code, strict=True))
    profession = people.set_index("person_id").profession
    rows: list[dict[str, object]] = []
    for holder, post in enumerate(history.posts):
        usual = "advanced_pharmacist_practitioner" if post.is_advanced else "pharmacist"
        role = usual if profession[post.person] == "pharmacist" else "pharmacy_technician"
        for month in range(post.first, min(post.first + post.months, MONTHS)):
            network = network_in(history, post.network, month)
            if (month, CODES[network]) not in sends:
                continue
            moved = history.mergers.get(post.network, 0) if network != post.network else post.first
            rows.append(
                {
                    "period": first_of(month),
                    "person_id": post.person,
                    "holder_id": holder,
                    "pcn_code": CODES[network],
                    "role": role,
                    "fte": post.tenths / 10,
                    "started_on": first_of(max(post.first, moved)),
                    "ended_on": None,
                    "prescribing_role": False,
                }
            )
    return reported[["period", "pcn_code"]], pd.DataFrame(rows)


def _geography(history: History) -> dict[str, pd.DataFrame]:
    closes = {one: first_of(month) - timedelta(days=1) for one, month in history.mergers.items()}
    pcns = pd.DataFrame(
        {
            "pcn_code": CODES,
            "pcn_name": [f"DEMONSTRATION {code} PCN" for code in CODES],
            "sub_icb_code": [area[0] for area in AREAS],
            "open_date": FIRST_DAY,
            "close_date": [closes.get(number) for number in range(NETWORKS)],
            "heir_code": [CODES[MERGERS[number]] if number in closes else None for number in range(NETWORKS)],
            "other_heir_code": None,
        }
    )
    spells = pd.DataFrame(AREAS, columns=["sub_icb_code", "icb_code", "region_code"]).assign(
        pcn_code=CODES, valid_from=date(1900, 1, 1), valid_to=None
    )
    practices = _places()
    memberships: list[dict[str, object]] = []
    for practice, network in zip(practices.practice_code, practices.network, strict=True):
        end = closes.get(network)
        own = {
            "practice_code": practice,
            "pcn_code": CODES[network],
            "valid_from": FIRST_DAY,
            "valid_to": end,
        }
        memberships.append(own)
        if end is not None:
            heir = CODES[MERGERS[network]]
            memberships.append(
                {**own, "pcn_code": heir, "valid_from": end + timedelta(days=1), "valid_to": None}
            )
    lists = pd.concat([practices.assign(extract_date=day) for day in EXTRACTS], ignore_index=True)
    own_area = practices[["practice_code", "sub_icb_code"]].merge(
        spells.drop(columns="pcn_code").drop_duplicates(), on="sub_icb_code"
    )
    weights = lists.patients * (0.9 + 0.05 * lists.network)
    heirs = pd.DataFrame(columns=["old_icb_code", "new_icb_code", "changed_on"], dtype=object)
    return {
        "practice_geography": own_area,
        "board_heirs": heirs,
        "weighted_lists": lists.assign(weighted_patients=weights.round(2))[
            ["extract_date", "practice_code", "weighted_patients"]
        ],
        "rural_urban": pd.DataFrame(
            {"pcn_code": CODES, "classification": ["rural" if n % 2 else "urban" for n in range(NETWORKS)]}
        ),
        "premises": _premises(history),
        "pcns": pcns,
        "pcn_geography": spells,
        "practices": practices[["practice_code", "sub_icb_code"]],
        "memberships": pd.DataFrame(memberships),
        "list_sizes": lists[["extract_date", "practice_code", "patients"]],
    }


def _premises(history: History) -> pd.DataFrame:
    """Premises on every list of them, each under the network of its area on that day."""
    rows: list[dict[str, object]] = []
    for day in SNAPSHOTS:
        month = 12 * (day.year - START.year) + day.month - START.month
        for number, code in enumerate(PREMISES):
            closes = LAST_DAY_OPEN if number == CLOSING_PREMISES and day >= LAST_DAY_OPEN else None
            rows.append(
                {
                    "snapshot_date": day,
                    "premises_code": code,
                    "pcn_code": CODES[network_in(history, number, month)],
                    "icb_code": AREAS[number][1],
                    "open_date": None,
                    "close_date": closes,
                }
            )
    return pd.DataFrame(rows)


def _prescribing(history: History) -> pd.DataFrame:
    """Items by month, prescriber and place, of the months returned by END."""
    practices = _places().groupby("network").practice_code.first()
    rows = {
        (
            month,
            one.person,
            PREMISES[one.network] if one.at_premises else practices[one.network],
        ): one.at_premises
        for one in history.activity
        for month in range(one.first, min(one.first + one.months, MONTHS))
        if month_end(first_of(month)) + timedelta(days=ITEM_DAYS) <= END
    }
    return pd.DataFrame(
        [
            {
                "period": first_of(month),
                "person_id": person,
                "place_code": place,
                "place_type": "premises" if at_premises else "practice",
                "items": 3,
            }
            for (month, person, place), at_premises in sorted(rows.items())
        ]
    )


def _spend() -> pd.DataFrame:
    rows = [
        {
            "financial_year": f"{year}/{year % 100 + 1}",
            "strand": "independent_prescribing",
            "period": first_of(12 * (year - START.year) + month),
            "category": "tuition",
            "planned_gbp": 1000.0,
            "outturn_gbp": 900.0 + 10 * month + 0.25 * (year - START.year),
        }
        for year in CLOSED_YEARS
        for month in range(12)
    ]
    return pd.DataFrame(rows)


def _courses() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "course_code": ["TEA01-C1"],
            "provider_code": ["TEA01"],
            "icb_code": ["QPM"],
            "strand": ["technician_accreditation"],
            "submitted_on": [date(2022, 1, 10)],
            "decided_on": [date(2022, 5, 20)],
            "decision": ["accredited"],
            "valid_to": [None],
        }
    )


def told(history: History) -> dict[str, pd.DataFrame]:
    """Every clean table by name, those of the demonstration data that a history fills."""
    people = _person(history)
    enrolments, events = _enrolments(history)
    training, steps, supervisors = _training(history)
    reported, posts = _deployments(history, people)
    return {
        "people": people,
        "enrolments": pd.concat([enrolments, training], ignore_index=True),
        "events": pd.concat([events, steps], ignore_index=True),
        "register": _register(history, people, events),
        "deployments": posts,
        "reporting": reported,
        "supervisors": supervisors,
        "spend": _spend(),
        "courses": _courses(),
        "prescribing": _prescribing(history),
        **_geography(history),
    }


def as_truth(tables: dict[str, pd.DataFrame]) -> Truth:
    """The tables as the oracle reads them; what no history holds is empty."""
    empty = pa.table({"period": pa.array([], pa.date32())})
    names = [name for name in Truth.__dataclass_fields__ if name != "planted"]
    stated = ["practice_code", "learner_id", "return_number"]  # of the enrolment, or of the return
    tables = {**tables, "events": tables["events"].drop(columns=stated)}
    found = {
        name: pa.Table.from_pandas(tables[name], preserve_index=False) if name in tables else empty
        for name in names
    }
    return Truth(**found, planted=())
