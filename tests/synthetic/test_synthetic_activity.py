"""What is prescribed and where, premises and their networks, weights, classes, and who people say they are."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest
from synthetic_landed import text_table
from synthetic_world import Generated

from orchestration.synthetic.characteristics import GAP_BAND, GAP_WITHDRAWAL

FOREVER = pd.Timestamp("2262-01-01")
PRESCRIBERS = ("pharmacist", "advanced_pharmacist_practitioner")


def items(clean: Generated) -> pd.DataFrame:
    """Items with the facts of the prescriber."""
    return clean.frame("prescribing").merge(clean.frame("register"), on="person_id")


def test_prescribing_files_hold_the_items_of_the_truth(clean: Generated) -> None:
    files = sorted((clean.landing / "prescribing").glob("*.csv"))
    stated = pd.concat(text_table(path) for path in files)
    truth = clean.frame("prescribing").merge(clean.frame("people"), on="person_id")
    keys = ["gphc_number", "place_code"]
    expected = truth.assign(month=truth["period"].dt.strftime("%Y-%m"))[[*keys, "month", "items"]]
    found = stated.rename(columns={"GPhC number": "gphc_number", "Place code": "place_code"})
    found = found.assign(month=found["Period"], items=found["Items"].astype(int))[expected.columns]
    order = ["month", *keys]
    pd.testing.assert_frame_equal(
        found.sort_values(order).reset_index(drop=True), expected.sort_values(order).reset_index(drop=True)
    )
    assert not truth.duplicated(["period", "person_id", "place_code"]).any()
    assert (pd.to_datetime(stated["Return date"]) <= pd.Timestamp("2026-06-30")).all()


def test_whoever_prescribes_is_annotated_and_works_there(clean: Generated) -> None:
    rows = items(clean)
    last = rows["period"] + pd.offsets.MonthEnd(0)
    assert (rows["annotated_on"] <= last).all()
    assert (rows["items"] >= 1).all()
    practices = rows[rows["place_type"] == "practice"]
    spells = clean.frame("memberships").rename(columns={"practice_code": "place_code"})
    held = clean.frame("deployments").merge(spells, on="pcn_code")
    held = held[
        held["role"].isin(PRESCRIBERS)
        & (held["valid_from"] <= held["period"])
        & (held["valid_to"].fillna(FOREVER) >= held["period"])
    ]
    key = ["period", "person_id", "place_code"]
    assert set(practices[key].itertuples(index=False)) <= set(held[key].itertuples(index=False))


def test_most_settled_prescribers_of_networks_prescribe(clean: Generated) -> None:
    posts = clean.frame("deployments").merge(clean.frame("register"), on="person_id")
    posts = posts[posts["role"].isin(PRESCRIBERS) & (posts["annotated_on"] < pd.Timestamp("2022-01-01"))]
    posts = posts[posts["annotation_removed_on"].isna() & (posts["period"] <= pd.Timestamp("2026-04-01"))]
    months = posts[posts["period"] >= pd.Timestamp("2023-01-01")][["period", "person_id"]].drop_duplicates()
    active = months.merge(clean.frame("prescribing")[["period", "person_id"]].drop_duplicates())
    assert len(months) > 100
    assert 0.7 < len(active) / len(months) < 0.95


def test_premises_prescribe_while_they_are_open(clean: Generated) -> None:
    premises = clean.frame("premises")
    newest = premises[premises["snapshot_date"] == premises["snapshot_date"].max()]
    rows = items(clean).query("place_type == 'premises'")
    rows = rows.merge(newest, left_on="place_code", right_on="premises_code")
    assert len(rows) == (clean.frame("prescribing")["place_type"] == "premises").sum() > 0
    assert (rows["open_date"].fillna(pd.Timestamp.min) <= rows["period"]).all()
    assert (rows["close_date"].fillna(FOREVER) >= rows["period"]).all()


def test_premises_open_and_close_and_lie_in_the_board_of_their_network(clean: Generated) -> None:
    premises = clean.frame("premises")
    assert not premises.duplicated(["snapshot_date", "premises_code"]).any()
    assert premises["open_date"].notna().any()
    assert premises["close_date"].notna().any()
    assert not (premises["close_date"] < premises["open_date"]).any()
    placed = premises.merge(clean.frame("pcn_geography"), on="pcn_code", suffixes=("", "_network"))
    placed = placed[
        (placed["valid_from"].fillna(pd.Timestamp.min) <= placed["snapshot_date"])
        & (placed["valid_to"].fillna(FOREVER) >= placed["snapshot_date"])
    ]
    assert len(placed) == premises["pcn_code"].notna().sum()
    assert (placed["icb_code"] == placed["icb_code_network"]).all()
    listed = text_table(clean.landing / "pharmacy_premises" / "pharmacy_premises_2025-10-01.csv")
    truth = premises[premises["snapshot_date"] == pd.Timestamp("2025-10-01")]
    assert listed["Premises code"].tolist() == truth["premises_code"].tolist()
    assert listed["PCN code"].tolist() == truth["pcn_code"].fillna("").tolist()


def test_weights_are_one_factor_a_practice(clean: Generated) -> None:
    lists = clean.frame("list_sizes").merge(
        clean.frame("weighted_lists"), on=["extract_date", "practice_code"]
    )
    assert len(lists) == clean.truth.list_sizes.num_rows == clean.truth.weighted_lists.num_rows
    factor = lists["weighted_patients"].astype(float) / lists["patients"]
    assert factor.between(0.799, 1.251).all()
    spread = factor.groupby(lists["practice_code"]).agg(["min", "max"])
    assert ((spread["max"] - spread["min"]) < 0.001).all()
    table = text_table(clean.landing / "weighted_patients" / "weighted_patients_2025-10.csv")
    weighted = clean.frame("weighted_lists")
    october = weighted[weighted["extract_date"] == pd.Timestamp("2025-10-01")]
    stated = sum(Decimal(value) for value in table["Weighted patients"])
    assert stated == Decimal(str(october["weighted_patients"].sum()))


def test_every_network_has_a_class_and_some_are_rural(clean: Generated) -> None:
    classes = clean.frame("rural_urban")
    assert set(classes["pcn_code"]) == set(clean.frame("pcns")["pcn_code"])
    assert set(classes["classification"]) == {"rural", "urban"}
    assert 0.05 < (classes["classification"] == "rural").mean() < 0.35


@pytest.mark.parametrize("name", ["sex", "ethnic_group", "age_band"])
def test_characteristics_stay_the_same_from_snapshot_to_snapshot(clean: Generated, name: str) -> None:
    title = name.replace("_", " ").capitalize()
    early = text_table(clean.landing / "gphc_register" / "gphc_register_2021-04-01.csv")
    late = text_table(clean.landing / "gphc_register" / "gphc_register_2026-06-30.csv")
    both = early.merge(late, on="GPhC number", suffixes=("", "_late"))
    assert len(both) == len(early)
    assert (both[title] == both[f"{title}_late"]).all()
    assert (late[title] != "").all()
    silent = clean.frame("register")[name].eq("not_stated").mean()
    assert silent == 0 if name == "age_band" else 0.01 < silent < 0.06


def test_the_planted_gap_is_written_down_and_there(clean: Generated) -> None:
    (gap,) = clean.frame("planted_gaps").to_dict("records")
    assert (gap["characteristic"], gap["category"]) == ("age_band", GAP_BAND)
    assert gap["withdrawn_share"] == GAP_WITHDRAWAL > gap["withdrawn_share_of_others"]
    events = clean.frame("events").query("strand == 'independent_prescribing'")
    started = set(events[events["event_type"] == "started"]["person_id"])
    withdrawn = set(events[events["event_type"] == "withdrawn"]["person_id"])
    bands = clean.frame("register").set_index("person_id")["age_band"]
    old = {person for person in started if bands[person] == GAP_BAND}
    others = started - old
    assert len(old) > 10
    assert len(old & withdrawn) / len(old) > len(others & withdrawn) / len(others)
