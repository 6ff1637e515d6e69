"""Geography, posts and money agree with each other and with the files."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow.compute as pc
import pytest
from synthetic_landed import text_table
from synthetic_world import Generated

from orchestration.synthetic.boards import BOARD_CHANGES
from orchestration.synthetic.finance import CEILING_GBP
from orchestration.synthetic.staff_roles import PHARMACY_ROLES

FOREVER = pd.Timestamp("2262-01-01")


def mapped(clean: Generated, month: str) -> pd.DataFrame:
    return text_table(clean.landing / "practice_map" / f"gp-reg-pat-prac-map_{month}.csv")


def test_a_practice_is_in_one_network_at_a_time(clean: Generated) -> None:
    spells = clean.frame("memberships").sort_values(["practice_code", "valid_from"])
    ends = spells["valid_to"].fillna(FOREVER)
    following = spells.groupby("practice_code")["valid_from"].shift(-1)
    assert (ends >= spells["valid_from"]).all()
    assert (following.dropna() > ends[following.notna()]).all()


def test_networks_merge_split_and_disperse(clean: Generated) -> None:
    networks = clean.frame("pcns").set_index("pcn_code")
    assert {"merged", "split", "dispersed"} <= set(networks["fate"].dropna())
    closed = networks[networks["close_date"].notna()]
    assert networks.loc[closed["heir_code"], "close_date"].isna().all()
    spells = clean.frame("memberships")
    in_closed = spells[spells["pcn_code"].isin(closed.index)]
    assert (in_closed["valid_to"] <= closed.loc[in_closed["pcn_code"], "close_date"].to_numpy()).all()
    assert set(networks.index) == set(spells["pcn_code"])


def test_the_map_shows_the_membership_of_its_day(clean: Generated) -> None:
    day = pd.Timestamp("2024-07-01")
    table = mapped(clean, "2024-07")
    spells = clean.frame("memberships")
    current = spells[(spells["valid_from"] <= day) & (spells["valid_to"].fillna(FOREVER) >= day)]
    shown = table[table["PCN_CODE"] != "U"].set_index("PRACTICE_CODE")["PCN_CODE"]
    expected = current.set_index("practice_code")["pcn_code"]
    assert shown.to_dict() == expected.to_dict()


def test_boards_change_in_april_2026_as_they_did(clean: Generated) -> None:
    changes = pd.read_csv(BOARD_CHANGES, dtype=str)
    january, april = mapped(clean, "2026-01"), mapped(clean, "2026-04")
    assert set(april["ICB_CODE"]) & set(changes["from_icb_code"]) == set()
    place = ["SUB_ICB_LOCATION_CODE", "ICB_CODE"]
    both = january.merge(april, on="PRACTICE_CODE", suffixes=("", "_after"))
    moved = both[both["ICB_CODE"] != both["ICB_CODE_after"]]
    assert set(moved["ICB_CODE"]) == set(january["ICB_CODE"]) & set(changes["from_icb_code"])
    found = set(moved[[*place, *(f"{name}_after" for name in place)]].itertuples(index=False, name=None))
    columns = ["sub_icb_code", "from_icb_code", "to_sub_icb_code", "to_icb_code"]
    assert found <= set(changes[columns].itertuples(index=False, name=None))
    kept = both[both["ICB_CODE"] == both["ICB_CODE_after"]]
    assert (kept["SUB_ICB_LOCATION_CODE"] == kept["SUB_ICB_LOCATION_CODE_after"]).all()


def test_an_abolished_board_has_one_heir(clean: Generated) -> None:
    heirs, spells = clean.frame("board_heirs"), clean.frame("practice_geography")
    assert heirs["old_icb_code"].is_unique
    ended = spells[spells["valid_to"].notna()]
    later = ended.merge(spells, on="practice_code", suffixes=("", "_after"))
    pairs = set(later[["icb_code", "icb_code_after"]].itertuples(index=False, name=None))
    assert set(heirs[["old_icb_code", "new_icb_code"]].itertuples(index=False, name=None)) <= pairs


def pharmacy_totals(clean: Generated, period: str, path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Headcount and FTE by role and network: from the published file, and from the truth."""
    roles = {detailed: role for role, (_, detailed, _, _) in PHARMACY_ROLES.items()}
    table = pd.read_parquet(path).astype(str) if path.suffix == ".parquet" else text_table(path)
    table = table[table["DETAILED_STAFF_ROLE"].isin(roles)]
    table["role"] = table["DETAILED_STAFF_ROLE"].map(roles)
    table["fte"] = table["FTE"].map(Decimal)
    table["UNIQUE_IDENTIFIER"] = table["UNIQUE_IDENTIFIER"].replace({"": None, "nan": None, "<NA>": None})
    shown = table.groupby(["PCN_CODE", "role"]).agg(
        fte=("fte", "sum"), people=("UNIQUE_IDENTIFIER", "nunique")
    )
    truth = clean.frame("workforce")
    truth = truth[(truth["org_level"] == "pcn") & (truth["period"] == pd.Timestamp(period))]
    return shown.sort_index(), truth.set_index(["org_code", "role"]).sort_index()


@pytest.mark.parametrize(
    ("period", "name"),
    [
        ("2025-11-01", "Primary Care Networks - November 2025 Individual Level.csv"),
        ("2024-05-01", "Primary Care Networks - May 2024 Individual Level.parquet"),
    ],
)
def test_workforce_file_holds_the_posts_of_the_truth(clean: Generated, period: str, name: str) -> None:
    shown, truth = pharmacy_totals(clean, period, clean.landing / "pcn_workforce" / name)
    assert list(shown.index) == list(truth.index)
    assert list(shown["people"]) == list(truth["headcount"])
    assert [float(value) for value in shown["fte"]] == pytest.approx([float(value) for value in truth["fte"]])


def test_deployment_return_has_the_headcount_of_the_workforce_file(clean: Generated) -> None:
    returned = text_table(clean.landing / "deployment_return" / "deployment_return_2025-11.csv")
    staff = returned[returned["Role"] != "Nil return"]
    people = staff["GPhC number"].where(staff["GPhC number"] != "", staff["Surname"] + staff["Forename"])
    counted = people.groupby(staff["Role"].str.lower().str.replace(" ", "_")).nunique()
    truth = clean.frame("workforce")
    england = truth[(truth["org_level"] == "england") & (truth["period"] == pd.Timestamp("2025-11-01"))]
    expected = england.set_index("role")["headcount"]
    assert counted.to_dict() == {role: n for role, n in expected.items() if n > 0}


def test_reporting_grows_and_somebody_never_reports(clean: Generated) -> None:
    reporting, networks = clean.frame("reporting"), clean.frame("pcns")
    share = reporting.groupby("period").size() / len(networks)
    assert share.iloc[0] < 0.3
    assert share.max() > 0.85
    assert set(networks["pcn_code"]) - set(reporting["pcn_code"])
    returned = text_table(clean.landing / "deployment_return" / "deployment_return_2025-11.csv")
    month = reporting[reporting["period"] == pd.Timestamp("2025-11-01")]
    assert set(returned["PCN code"]) == set(month["pcn_code"])
    assert (returned["Role"] == "Nil return").sum() == len(month) - month["pcn_code"].isin(
        returned[returned["Role"] != "Nil return"]["PCN code"]
    ).sum()


def test_stock_is_last_months_stock_with_joiners_and_without_leavers(clean: Generated) -> None:
    """A post is held from its first to its last month in every month its network reports: no holes, no ghosts."""
    posts, reporting = clean.frame("deployments"), clean.frame("reporting")
    spans = posts.groupby(["holder_id", "pcn_code"])["period"].agg(["min", "max", "nunique"]).reset_index()
    expected = spans.merge(reporting, on="pcn_code")
    expected = expected[(expected["period"] >= expected["min"]) & (expected["period"] <= expected["max"])]
    counted = expected.groupby(["holder_id", "pcn_code"]).size().reset_index(name="months").merge(spans)
    assert len(counted) == len(spans)
    assert (counted["months"] == counted["nunique"]).all()
    assert posts["fte"].map(lambda value: Decimal("0.1") <= value <= 1).all()
    assert (posts["started_on"] <= posts["period"]).all()


def test_people_work_in_several_networks_and_move(clean: Generated) -> None:
    posts = clean.frame("deployments")
    assert (posts.groupby(["period", "person_id"])["pcn_code"].nunique() > 1).any()
    one_each = posts.groupby("person_id")["pcn_code"].nunique()
    assert (one_each > 1).any()


def test_spend_keeps_to_the_ceiling(clean: Generated) -> None:
    spend = clean.truth.spend
    assert pc.sum(spend["planned_gbp"]).as_py() == Decimal(CEILING_GBP)
    assert Decimal("0.9") * CEILING_GBP < pc.sum(spend["outturn_gbp"]).as_py() <= CEILING_GBP
    assert pc.min(spend["outturn_gbp"]).as_py() >= 0


@pytest.mark.parametrize("feed", ["spend", "commissioned_places"])
def test_the_last_publication_of_a_year_is_the_truth(clean: Generated, feed: str) -> None:
    files = pd.concat(text_table(path) for path in sorted((clean.landing / feed).glob("*.csv")))
    newest = files.groupby("Financial year")["Published on"].transform("max")
    standing, earlier = files[files["Published on"] == newest], files[files["Published on"] < newest]
    column, name = ("Outturn GBP", "outturn_gbp") if feed == "spend" else ("Places", "places")
    truth = clean.frame("spend" if feed == "spend" else "places")
    assert len(standing) == len(truth)
    assert sum(Decimal(value) for value in standing[column]) == Decimal(str(truth[name].sum()))
    assert len(earlier) > 0


def test_refused_courses_are_there(clean: Generated) -> None:
    assert {"accredited", "refused"} <= set(clean.truth.courses["decision"].to_pylist())
    table = text_table(clean.landing / "accredited_courses" / "accredited_courses_2026-06-30.csv")
    assert len(table) == clean.truth.courses.num_rows
