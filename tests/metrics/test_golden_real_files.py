"""The real published files of November 2025 give the published figures, to the person.

The bulletin, the map and the series were made by NHS England from the same returns; nothing of ours is in them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import pytest
from built_world import Built, build_home

REPOSITORY = Path(__file__).resolve().parents[2]
CENSUS_FILE = "pcn_workforce/Primary Care Networks - November 2025 Individual Level.csv"
DIRTY_FILE = "pcn_workforce/DIRTY_pcn_wf_individual_5x_duplicated_wrong_period.parquet"
SPELLS_FILE = "ods/raw_epcncorepartnerdetails_2026-03-02.csv"
MAP_FILE = "patients_registered/gp-reg-pat-prac-map_2025-12.csv"
LISTS_FILE = "patients_registered/gp-reg-pat-prac-all_2025-11_12.csv"
LANDED = {
    "pcn_workforce": [CENSUS_FILE],
    "practice_map": [MAP_FILE],
    "registered_patients": [LISTS_FILE],
    "ods_practice": ["ods/epraccur_2022-12.csv"],
    "ods_pcn_membership": [
        "ods/ePCN_2019-12-04.xlsx",
        "ods/ePCN_2022-04-27.xlsx",
        "ods/ePCN_2023-01-26.xlsx",
        "ods/ods_pcn_2026-01-02.csv",
        SPELLS_FILE,
    ],
    "deprivation": [
        "geography/pcn_imd_EXPECTED_2023-01.csv",
        "geography/practice_imd_EXPECTED_2023-01.csv",
        "geography/practice_imd_fingertips93553.csv",
    ],
}
ROLES = {
    "Pharmacists": "pcn_pharmacists",
    "Advanced Pharmacist Practitioners": "pcn_advanced_pharmacists",
    "Pharmacy Technicians": "pcn_pharmacy_technicians",
    "Trainee Pharmacy Technicians": "pcn_trainee_technicians",
}
PLACES = {"pcn": 1297, "sub_icb": 106, "icb": 42, "region": 7, "england": 1}
ENGLAND = {
    "pcn_pharmacists": (5589.644, 5190),
    "pcn_advanced_pharmacists": (391.774, 482),
    "pcn_pharmacy_technicians": (2127.943, 2158),
    "pcn_trainee_technicians": (7.693, 8),
}
# FTE of the file are rounded to six digits, the bulletin's were summed before rounding: the more rows, the wider
PUBLISHED_DIGITS = {"pcn": 2e-5, "sub_icb": 2e-5, "icb": 2e-5, "region": 2e-5, "england": 5e-4}
CENSUS = pd.Timestamp("2025-11-01")
CENSUS_ROWS = 38_696


@pytest.fixture(scope="module")
def data() -> Path:
    folder = Path(os.environ.get("PHIP_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the real published files (shared/data) are not present")
    return folder


def land(home: Path, data: Path, files: dict[str, list[str]]) -> None:
    for feed, names in files.items():
        folder = home / "landing" / feed
        folder.mkdir(parents=True)
        for name in names:
            if not (data / name).exists():
                pytest.skip(f"{name} is not present")
            shutil.copyfile(data / name, folder / Path(name).name)


@pytest.fixture(scope="module")
def real(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """A warehouse of the published feeds alone."""
    home = tmp_path_factory.mktemp("real")
    land(home, data, LANDED)
    with ExitStack() as stack:
        yield stack.enter_context(build_home(home))


@pytest.fixture(scope="module")
def carried(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The same census as a carrier loaded it: five times, under a wrong period; nothing else landed."""
    home = tmp_path_factory.mktemp("carried")
    land(home, data, {"pcn_workforce": [DIRTY_FILE]})
    with ExitStack() as stack:
        yield stack.enter_context(build_home(home))


def census_figures(built: Built, *, geography: str = "as_was") -> pd.DataFrame:
    """Workforce figures with columns metric_id, org_level, org_code, value, numerator, denominator, status."""
    return built.warehouse.execute(
        "select * from marts.fct_metric_value where metric_id like 'pcn_%' and metric_id <> 'pcn_coverage'"
        " and geography = ?",
        [geography],
    ).df()


@pytest.fixture(scope="module")
def bulletin(data: Path) -> pd.DataFrame:
    table = pd.read_csv(data / "pcn_workforce/bulletin_pharmacy_roles_2025-11.csv")
    table["metric_id"] = table.role.map(ROLES) + "_" + table.measure.str.lower()
    table["org_level"] = table.level.str.lower().str.replace("-", "_")
    table["org_code"] = table.org_code.mask(table.org_level == "england", "ENG")
    return table[["metric_id", "org_level", "org_code", "value"]].rename(columns={"value": "published"})


@pytest.mark.parametrize("level", PLACES)
def test_the_bulletin_is_reproduced(real: Built, bulletin: pd.DataFrame, level: str) -> None:
    """Headcount exactly and FTE to the digits published; the bulletin prints 0 for a network that sent nothing."""
    own = census_figures(real)
    rows = bulletin[bulletin.org_level == level].merge(
        own, on=["metric_id", "org_level", "org_code"], how="left"
    )
    assert rows.groupby("metric_id").size().eq(PLACES[level]).all()
    silent = rows.status == "not_reported"
    assert rows[silent].published.eq(0).all()
    reported = rows[~silent]
    off = (reported.value - reported.published).abs()
    is_head = reported.metric_id.str.endswith("headcount")
    allowed = is_head.map({True: 0.0, False: PUBLISHED_DIGITS[level]})
    assert (off <= allowed).all(), reported[~(off <= allowed)].to_string()
    ours = own[(own.org_level == level) & own.metric_id.isin(bulletin.metric_id)]
    assert len(ours) == len(rows), "places the bulletin does not know"


def test_networks_that_reported(real: Built) -> None:
    """1,297 networks were active, 1,273 reported."""
    rows = census_figures(real).query("org_level == 'pcn' and metric_id == 'pcn_pharmacists_fte'")
    assert len(rows) == 1297
    assert (rows.status != "not_reported").sum() == 1273


@pytest.mark.parametrize("stem", ENGLAND)
def test_england(real: Built, stem: str) -> None:
    values = census_figures(real).query("org_level == 'england'").set_index("metric_id").value
    fte, people = ENGLAND[stem]
    assert values[f"{stem}_fte"] == pytest.approx(fte, abs=PUBLISHED_DIGITS["england"])
    assert values[f"{stem}_headcount"] == people


def test_headcounts_do_not_add_up(real: Built) -> None:
    """People who work in several places are one person above them (rule R1)."""
    rows = census_figures(real).query("metric_id == 'pcn_pharmacists_headcount'")
    sums = rows.groupby("org_level").value.sum()
    assert sums.to_dict() == {"pcn": 5323, "sub_icb": 5233, "icb": 5221, "region": 5205, "england": 5190}


@pytest.mark.parametrize("stem", ENGLAND)
def test_people_split_over_networks_add_up(real: Built, stem: str) -> None:
    """Split by share of FTE, the same people do add up, from networks to England (sensitivity of rule R2)."""
    sums = real.warehouse.execute(
        "select geography, org_level, sum(value) from marts.fct_metric_sensitivity"
        " where metric_id = ? and variant = 'fractional_attribution' group by all",
        [f"{stem}_headcount"],
    ).fetchall()
    assert len(sums) == 2 * len(PLACES)
    for _, _, people in sums:
        assert people == pytest.approx(ENGLAND[stem][1], rel=1e-9)


def test_people_split_over_boards(real: Built, data: Path) -> None:
    """Recomputed from the published file: a pharmacist of two boards is part of each."""
    rows = pd.read_csv(data / CENSUS_FILE).dropna(subset=["UNIQUE_IDENTIFIER"])
    rows = rows[rows.DETAILED_STAFF_ROLE.str.strip().isin(["Pharmacist", "Pharmacists"])]
    posts = rows.groupby(["UNIQUE_IDENTIFIER", "PCN_CODE", "ICB_CODE"], as_index=False).FTE.sum()
    person = posts.groupby("UNIQUE_IDENTIFIER").FTE
    total = person.transform("sum")
    assert (total > 0).all()
    posts["share"] = posts.FTE / total
    expected = posts.groupby("ICB_CODE").share.sum()
    found = real.warehouse.execute(
        "select org_code, value from marts.fct_metric_sensitivity where org_level = 'icb'"
        " and geography = 'as_was' and metric_id = 'pcn_pharmacists_headcount'"
        " and variant = 'fractional_attribution'"
    ).df()
    values = found.set_index("org_code").value.sort_index()
    assert len(values) == PLACES["icb"]
    pd.testing.assert_series_equal(values, expected.sort_index(), check_names=False, rtol=1e-9)


@pytest.mark.parametrize("stem", ENGLAND)
def test_fte_of_networks_add_up_to_the_national_fte(real: Built, stem: str) -> None:
    """FTE of the people who are split, and of contracted services that nobody can be told from."""
    role = stem.removeprefix("pcn_")
    (split,) = real.warehouse.execute(
        "select sum(fte) from intermediate.int_person_share where category = ?", [role]
    ).fetchone() or (None,)
    (contracted,) = real.warehouse.execute(
        "select coalesce(sum(amount), 0) from intermediate.int_measure_workforce_post"
        " where category = ? and person_identifier is null",
        [role],
    ).fetchone() or (None,)
    assert split is not None
    assert contracted is not None
    assert split + float(contracted) == pytest.approx(ENGLAND[stem][0], abs=PUBLISHED_DIGITS["england"])


def test_people_in_several_networks(real: Built, data: Path) -> None:
    """626 identifiers of the census stand in more than one network, in the file and in `raw/` alike."""
    folder = real.settings.raw / "pcn_workforce"
    taken_in = pd.concat(pd.read_parquet(path) for path in folder.rglob("*.parquet"))
    assert len(taken_in) == CENSUS_ROWS
    assert (taken_in.groupby("person_identifier").pcn_code.nunique() > 1).sum() == 626
    received = pd.read_csv(data / CENSUS_FILE)
    assert (received.groupby("UNIQUE_IDENTIFIER").PCN_CODE.nunique() > 1).sum() == 626


def test_memberships_give_the_published_map(real: Built, data: Path) -> None:
    """The spells of a history published in March 2026 give the map of 1 December 2025, last days inclusive."""
    published = pd.read_csv(data / MAP_FILE)
    published = published[published.PCN_CODE != "U"]
    held = real.warehouse.execute(
        "select practice_code, pcn_code from marts.dim_practice_pcn_membership"
        " where valid_from <= date '2025-12-01' and coalesce(valid_to, date '9999-12-31') >= date '2025-12-01'"
    ).df()
    assert held.practice_code.is_unique
    both = published.merge(held, left_on="PRACTICE_CODE", right_on="practice_code", how="left")
    assert (len(both), int((both.pcn_code == both.PCN_CODE).sum())) == (6123, 6123)


def test_spells_received_and_spells_kept(real: Built, data: Path) -> None:
    """The file has 8 spells that begin before the practice's last one ended and 72 gaps; kept spells never overlap."""
    received = pd.read_csv(data / SPELLS_FILE, header=None, dtype=str)[[0, 4, 8, 9]]
    received.columns = pd.Index(["practice_code", "pcn_code", "valid_from", "valid_to"])
    for name in ("valid_from", "valid_to"):
        received[name] = pd.to_datetime(received[name])
    assert overlaps_and_gaps(received) == (8, 72)
    kept = real.warehouse.execute("select * from marts.dim_practice_pcn_membership").df()
    assert overlaps_and_gaps(kept)[0] == 0


def overlaps_and_gaps(spells: pd.DataFrame) -> tuple[int, int]:
    """Spells that begin on or before the last day of the practice's one before, and those that leave days between."""
    ordered = spells.sort_values(["practice_code", "valid_from", "valid_to"])
    begins_next = ordered.groupby("practice_code").valid_from.shift(-1)
    # an open spell has no last day: whatever begins after it overlaps it
    last = ordered.valid_to.fillna(pd.Timestamp("2262-01-01"))
    return int((begins_next <= last).sum()), int((begins_next > last + pd.Timedelta(days=1)).sum())


def test_the_carried_copy_comes_down_to_one_load(carried: Built) -> None:
    """Five loads become one, the wrong period is corrected from the rows, and both are said aloud."""
    (file,) = carried.intake.files
    assert file.outcome == "accepted"
    assert file.rows_accepted == CENSUS_ROWS
    said = " ".join(file.notes)
    assert "2025-03" in said, said
    assert "2025-11" in said, said
    assert "5" in said, said


def test_the_carried_copy_gives_the_same_figures(carried: Built, real: Built) -> None:
    key = ["metric_id", "org_level", "org_code", "period_start"]
    figures: list[pd.DataFrame] = []
    for built in (carried, real):
        rows = census_figures(built)
        rows = rows[~rows.metric_id.str.contains("per_") & (rows.status == "final")]
        figures.append(rows.set_index(key)[["value", "numerator"]].sort_index())
    pd.testing.assert_frame_equal(*figures, rtol=0, atol=1e-9)


def test_fte_per_hundred_thousand_patients(real: Built) -> None:
    rows = census_figures(real).query("metric_id == 'pcn_pharmacists_fte_per_100k'")
    regions = rows[rows.org_level == "region"].set_index("org_code").value
    assert (regions.idxmin(), round(regions.min(), 2)) == ("Y59", 6.83)
    assert (regions.idxmax(), round(regions.max(), 2)) == ("Y56", 10.15)
    assert rows[rows.org_level == "england"].denominator.tolist() == [63_947_100]


def test_nothing_moved_between_census_and_map(real: Built) -> None:
    """No board and no network merged in the weeks between these files, so both geographies agree above networks."""
    key, values = ["metric_id", "org_level", "org_code"], ["value", "denominator"]
    then, now = (
        census_figures(real, geography=name).query("org_level != 'pcn'").set_index(key)[values].sort_index()
        for name in ("as_was", "as_now")
    )
    pd.testing.assert_frame_equal(then, now, rtol=0, atol=1e-9)


def test_the_national_series_ends_in_these_figures(real: Built, data: Path) -> None:
    """The series NHS England publishes has the same figures for this month."""
    series = pd.read_csv(data / "pcn_workforce/national_pharmacy_roles_timeseries_2020-03_2025-11.csv")
    last = series[(series.period == "2025-11") & ~series.looks_rounded_by_loader]
    assert len(last) == 8
    values = census_figures(real).query("org_level == 'england'").set_index("metric_id").value
    for row in last.itertuples():
        metric_id = f"{ROLES[str(row.role)]}_{str(row.measure).lower()}"
        assert values[metric_id] == pytest.approx(float(str(row.value)), abs=PUBLISHED_DIGITS["england"])
    assert set(census_figures(real).period_start) == {CENSUS}


def test_metrics_without_their_feeds_say_so(real: Built) -> None:
    """No learner, register or finance feed has landed: those metrics may not invent a figure."""
    rows = real.warehouse.execute(
        "select distinct metric_id, status, value is null as is_empty from marts.fct_metric_value"
        " where metric_id not like 'pcn_%' or metric_id = 'pcn_coverage'"
    ).df()
    assert set(rows.status) == {"input_missing"}
    assert rows.is_empty.all()
