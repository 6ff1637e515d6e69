"""What happened to people is possible: in order, within places and capacity, and stated in the returns."""

from __future__ import annotations

import pandas as pd
import pytest
import synthetic_landed as landed
from synthetic_world import Generated

from orchestration.synthetic.calendar import CUT_OFF

CUT = pd.Timestamp(CUT_OFF)
CHAINS = {
    "independent_prescribing": [
        "applied",
        "offered",
        "enrolled",
        "started",
        "practice_hours_completed",
        "passed",
    ],
    "portfolio_recognition": [
        "portfolio_opened",
        "portfolio_submitted",
        "portfolio_assessed",
        "portfolio_refused",
    ],
    "technician_accreditation": ["enrolled", "started", "passed", "certificate_issued"],
    "supervisors": ["enrolled", "trained", "available", "linked", "active"],
}


@pytest.mark.parametrize("strand", CHAINS)
def test_stages_come_in_order(clean: Generated, strand: str) -> None:
    events = clean.frame("events")
    days = events[events["strand"] == strand].pivot_table(
        index="enrolment_ref", columns="event_type", values="event_date", aggfunc="min"
    )
    for earlier, later in zip(CHAINS[strand], CHAINS[strand][1:], strict=False):
        both = days[days[later].notna()]
        assert both[earlier].notna().all(), f"{later} without {earlier}"
        assert (both[earlier] <= both[later]).all(), f"{later} before {earlier}"


def test_modules_start_before_they_end(clean: Generated) -> None:
    events = clean.frame("events")
    modules = events[events["strand"] == "clinical_examination"]
    days = modules.pivot_table(
        index=["enrolment_ref", "module"], columns="event_type", values="event_date", aggfunc="min"
    )
    assert (days["enrolled"] <= days["started"]).sum() == days["started"].notna().sum()
    assert (days["started"] < days["passed"]).sum() == days["passed"].notna().sum()


def test_a_deferral_is_an_interval(clean: Generated) -> None:
    events = clean.frame("events")
    days = events.pivot_table(index="enrolment_ref", columns="event_type", values="event_date", aggfunc="min")
    back = days[days["resumed"].notna()]
    assert (back["deferred"] < back["resumed"]).all()
    assert days[days["deferred"].notna() & days["resumed"].isna()]["passed"].isna().all()


def test_a_second_attempt_follows_a_referral_or_a_fail(clean: Generated) -> None:
    events = clean.frame("events").fillna({"module": ""})
    key = ["enrolment_ref", "module"]
    second = events[(events["attempt"] == 2) & (events["event_type"] != "certificate_issued")]
    first = events[(events["attempt"] == 1) & events["event_type"].isin(["referred", "failed"])]
    joined = second.merge(first, on=key, suffixes=("", "_first"))
    assert len(second) == len(joined) > 0
    assert (joined["event_date"] > joined["event_date_first"]).all()


def test_nothing_happens_after_the_cut_off_or_is_reported_before_it_happened(clean: Generated) -> None:
    events = clean.frame("events")
    assert (events["event_date"] <= CUT).all()
    stated = events[events["reported_on"].notna()]
    assert (stated["reported_on"] > stated["event_date"]).all()
    assert (stated["reported_on"] <= CUT).all()
    assert 0.8 < len(stated) / len(events) < 1


def test_returns_state_exactly_the_reported_events(clean: Generated) -> None:
    stated = landed.events(clean.landing / "provider_return")
    truth = clean.frame("events")
    truth = truth[truth["reported_on"].notna()].copy()
    truth[["provider_code", "learner_id"]] = truth["enrolment_ref"].str.split("|", expand=True)[[0, 1]]
    truth["module"] = truth["module"].fillna("")
    expected = truth[landed.COLUMNS].sort_values(landed.COLUMNS).reset_index(drop=True)
    pd.testing.assert_frame_equal(stated, expected, check_dtype=False)


def test_starts_stay_within_places_and_supervisor_capacity(clean: Generated) -> None:
    events = clean.frame("events")
    learning = events[events["strand"] == "independent_prescribing"]
    starts = learning[learning["event_type"] == "started"].copy()
    starts["fy"] = (starts["event_date"] - pd.DateOffset(months=3)).dt.year
    places = clean.frame("places")
    places = places[places["strand"] == "independent_prescribing"]
    assert len(starts) <= places["places"].sum()

    confirmed = learning[learning["event_type"] == "supervisor_confirmed"]
    assert set(starts["enrolment_ref"]) == set(confirmed["enrolment_ref"])
    supervisors = clean.frame("supervisors").query("supervisor_kind == 'prescribing'").set_index("person_id")
    by_year = starts.merge(
        confirmed[["enrolment_ref", "supervisor_person_id"]], on="enrolment_ref", suffixes=("_x", "")
    )
    load = by_year.groupby(["supervisor_person_id", "fy"]).size().reset_index(name="learners")
    assert (load["learners"] <= supervisors.loc[load["supervisor_person_id"], "capacity"].to_numpy()).all()

    by_year["icb_code"] = supervisors.loc[by_year["supervisor_person_id"], "icb_code"].to_numpy()
    placed = (
        places.assign(fy=places["financial_year"].str[:4].astype(int))
        .groupby(["icb_code", "fy"])["places"]
        .sum()
    )
    filled = by_year.groupby(["icb_code", "fy"]).size()
    assert (filled <= placed.reindex(filled.index).fillna(0)).all()


def test_programme_annotations_follow_certificates(clean: Generated) -> None:
    register = clean.frame("register")
    funded = register[register["annotation_route"] == "programme_funded"].set_index("person_id")
    events = clean.frame("events")
    issued = events[
        (events["strand"] == "independent_prescribing") & (events["event_type"] == "certificate_issued")
    ]
    first = issued.groupby("person_id")["event_date"].min()
    assert len(funded) > 0
    assert (funded["annotated_on"] > first.reindex(funded.index)).all()
    at_registration = register[register["annotation_route"] == "at_registration"]
    assert (at_registration["annotated_on"] == at_registration["registered_on"]).all()
    assert (at_registration["annotated_on"] >= pd.Timestamp("2026-06-01")).all()
    assert len(at_registration) > 0


def test_a_person_is_one_person(clean: Generated) -> None:
    people = clean.frame("people")
    numbers = people["gphc_number"].dropna()
    assert numbers.is_unique
    assert numbers.str.fullmatch(r"[25]\d{6}").all()
    assert not people.duplicated(["surname", "forename", "date_of_birth"]).any()
    assert people["email"].str.endswith("@demonstration.example").all()
