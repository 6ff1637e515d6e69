"""Each switch plants what it declares, where it declares it, and nothing else changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from synthetic_landed import text_table
from synthetic_world import Generated

from orchestration.synthetic import DIRT, Planted
from orchestration.synthetic.dirt import SWITCHES
from orchestration.synthetic.dirt_files import REPEATED_CENSUS
from orchestration.synthetic.write_public import census_name

HEADINGS = {
    "gphc": ("GPhC number", "Reg no"),
    "event": ("Event", "Outcome"),
    "day": ("Event date", "Outcome date"),
}


def planted(world: Generated, kind: str) -> list[Planted]:
    return [item for item in world.truth.planted if item.kind == kind]


def path_of(world: Generated, item: Planted) -> Path:
    return world.landing / item.feed / item.file_name


def long_tables(world: Generated, kind: str) -> pd.DataFrame:
    """The long returns a kind was planted in, together, under common headings."""
    tables = [
        text_table(path_of(world, item)) for item in planted(world, kind) if item.file_name.endswith(".csv")
    ]
    names = {heading: short for short, headings in HEADINGS.items() for heading in headings}
    return pd.concat([table.rename(columns=names) for table in tables]) if tables else pd.DataFrame()


def differing(one: Path, other: Path) -> set[str]:
    def hashes(folder: Path) -> dict[str, str]:
        files = (path for path in folder.rglob("*") if path.is_file())
        return {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
        }

    ours, theirs = hashes(one), hashes(other)
    return {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}


@pytest.mark.parametrize("kind", sorted(set(DIRT) - {"backdated"}))
def test_every_switch_plants_and_declares(dirty: Generated, kind: str) -> None:
    items = planted(dirty, kind)
    assert items, "nothing planted"
    for item in items:
        assert path_of(dirty, item).is_file()
        assert item.expected == SWITCHES[kind].expected
        assert item.rows > 0 or item.expected == "refused"


def test_only_declared_files_differ_from_the_clean_ones(clean: Generated, dirty: Generated) -> None:
    declared = {f"{item.feed}/{item.file_name}" for item in dirty.truth.planted}
    declared.add(f"pcn_workforce/{census_name(REPEATED_CENSUS)}")  # replaced by the repeated load
    assert differing(clean.landing, dirty.landing) == declared


def test_the_truth_is_the_same_with_and_without_dirt(clean: Generated, dirty: Generated) -> None:
    assert all(table.equals(dirty.truth.tables()[name]) for name, table in clean.truth.tables().items())


def test_backdated_events_are_only_reported_later(clean: Generated, backdated: Generated) -> None:
    before, after = clean.frame("events"), backdated.frame("events")
    pd.testing.assert_frame_equal(before.drop(columns="reported_on"), after.drop(columns="reported_on"))
    moved = before["reported_on"] != after["reported_on"]
    moved &= ~(before["reported_on"].isna() & after["reported_on"].isna())
    assert moved.any()
    assert (
        after["reported_on"].fillna(pd.Timestamp.max) >= before["reported_on"].fillna(pd.Timestamp.max)
    ).all()
    assert planted(backdated, "backdated")


def stated_wrong_number(world: Generated, table: pd.DataFrame) -> pd.DataFrame:
    """Rows whose number is not the number of the person of that surname and forename."""
    people = world.frame("people").drop_duplicates(["surname", "forename"])
    names = {"Last name": "Surname", "First name": "Forename"}
    rows = table.rename(columns={old: new for old, new in names.items() if "Surname" not in table.columns})
    joined = rows.merge(people, left_on=["Surname", "Forename"], right_on=["surname", "forename"])
    return joined[joined["gphc"] != joined["gphc_number"]]


def test_transposed_number_has_the_same_digits_and_belongs_to_nobody(dirty: Generated) -> None:
    wrong = stated_wrong_number(dirty, long_tables(dirty, "transposed_gphc"))
    swapped = wrong[(wrong["gphc"] != "") & wrong["gphc"].str.fullmatch(r"\d{7}")]
    assert len(swapped) > 0
    assert (swapped["gphc"].map(sorted) == swapped["gphc_number"].map(sorted)).all()
    assert not swapped["gphc"].isin(dirty.frame("people")["gphc_number"]).any()


def test_missing_number_is_empty(dirty: Generated) -> None:
    assert (long_tables(dirty, "missing_gphc")["gphc"] == "").sum() > 0


def test_padded_number_is_right_once_cleaned(dirty: Generated) -> None:
    wrong = stated_wrong_number(dirty, long_tables(dirty, "padded_gphc"))
    padded = wrong[wrong["gphc"].str.len() > 7]
    assert len(padded) > 0
    cleaned = padded["gphc"].str.replace(" ", "").str.lstrip("0")
    assert (cleaned == padded["gphc_number"]).all()


def test_bad_and_future_dates_stand_in_extra_rows(dirty: Generated) -> None:
    for kind, impossible in (
        ("bad_dates", r"2024-02-31|2023-13-05|31/04/2024"),
        ("future_dates", r".*2035.*"),
    ):
        table = long_tables(dirty, kind)
        assert table["day"].str.fullmatch(impossible).sum() == sum(item.rows for item in planted(dirty, kind))


def test_deferral_coded_as_withdrawal_is_followed_by_a_resumption(dirty: Generated, clean: Generated) -> None:
    events = clean.frame("events")
    back = set(events[events["event_type"] == "resumed"]["enrolment_ref"])
    assert back
    assert planted(dirty, "deferred_as_withdrawn")


def test_resent_return_supersedes_under_the_same_key(dirty: Generated) -> None:
    names = sorted(item.file_name for item in planted(dirty, "resent_return"))
    second = next(name for name in names if "_resubmitted" in name)
    folder = dirty.landing / "provider_return"
    first, last = text_table(folder / second.replace("_resubmitted", "")), text_table(folder / second)
    keys = [
        column
        for column in first.columns
        if column in ("Provider code", "Return month", "Centre", "Claim month")
    ]
    assert first[keys].drop_duplicates().values.tolist() == last[keys].drop_duplicates().values.tolist()
    day = "Return date" if "Return date" in first else "Submission date"
    assert set(first[day]) != set(last[day])
    assert len(first) <= len(last)


def test_unknown_and_closed_networks(dirty: Generated) -> None:
    networks = dirty.frame("pcns").set_index("pcn_code")
    returns = [
        text_table(path)
        for path in (dirty.landing / "provider_return").glob("*_return_*.csv")
        if path.stat().st_size and "PCN code" in path.read_text("utf-8").partition("\n")[0]
    ]
    stated = pd.concat(returns)["PCN code"].str.strip("\u00a0 ")
    unknown = set(stated[stated != ""]) - set(networks.index)
    assert unknown <= {"U99993"}
    assert planted(dirty, "closed_pcn")


def test_fte_above_one_and_below_zero(dirty: Generated) -> None:
    over = pd.concat(text_table(path_of(dirty, item)) for item in planted(dirty, "fte_over_one"))
    assert (over["FTE"].astype(float) > 1).sum() == sum(item.rows for item in planted(dirty, "fte_over_one"))
    under = pd.concat(text_table(path_of(dirty, item)) for item in planted(dirty, "negative_fte"))
    assert (under["FTE"].astype(float) < 0).sum() == sum(item.rows for item in planted(dirty, "negative_fte"))


def test_numbers_of_items_that_are_none_and_premises_closed_before_they_open(dirty: Generated) -> None:
    items = pd.concat(text_table(path_of(dirty, item)) for item in planted(dirty, "broken_items"))
    broken = ~items["Items"].str.fullmatch("[1-9][0-9]*")
    assert broken.sum() == sum(item.rows for item in planted(dirty, "broken_items"))
    premises = pd.concat(text_table(path_of(dirty, item)) for item in planted(dirty, "closed_before_opened"))
    backwards = (premises["Close date"] != "") & (premises["Open date"] > premises["Close date"])
    assert backwards.sum() == sum(item.rows for item in planted(dirty, "closed_before_opened"))


def _same_cells(clean: Generated, dirty: Generated, item: Planted) -> bool:
    now, before = text_table(path_of(dirty, item)), text_table(path_of(clean, item))
    stripped = now.apply(lambda column: column.str.strip("\u00a0 "))
    return stripped[list(before.columns)].equals(before) and not now.equals(before)


def _is_cp1252(_: Generated, dirty: Generated, item: Planted) -> bool:
    content = path_of(dirty, item).read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return bool(content.decode("cp1252"))
    return False


def _is_copy(clean: Generated, dirty: Generated, item: Planted) -> bool:
    original = dirty.landing / item.feed / item.file_name.replace(" (1)", "")
    return path_of(dirty, item).read_bytes() == original.read_bytes()


def _ends_in_total(_: Generated, dirty: Generated, item: Planted) -> bool:
    return path_of(dirty, item).read_text("utf-8").splitlines()[-1].startswith("Total")


def _is_five_loads(_: Generated, dirty: Generated, item: Planted) -> bool:
    table = pq.read_table(path_of(dirty, item)).to_pandas()
    sizes = table.groupby("_load_id").size()
    return (
        len(sizes) == 5
        and sizes.nunique() == 1
        and set(table["census_month"]) == {REPEATED_CENSUS.month}
        and len(table) == item.rows
    )


def _is_cut_short(_: Generated, dirty: Generated, item: Planted) -> bool:
    whole = (dirty.landing / item.feed / item.file_name.replace(" (1)", "")).read_bytes()
    part = path_of(dirty, item).read_bytes()
    return whole.startswith(part) and len(part) < len(whole)


FILE_KINDS: dict[str, Callable[[Generated, Generated, Planted], bool]] = {
    "trailing_spaces_nbsp": _same_cells,
    "cp1252_file": _is_cp1252,
    "duplicate_file": _is_copy,
    "totals_row": _ends_in_total,
    "repeated_load": _is_five_loads,
    "truncated_workbook": _is_cut_short,
    "bom": lambda _, dirty, item: path_of(dirty, item).read_bytes().startswith(b"\xef\xbb\xbf"),
    "html_error_page": lambda _, dirty, item: "<html" in path_of(dirty, item).read_text("utf-8"),
    "empty_file": lambda _, dirty, item: path_of(dirty, item).stat().st_size == 0,
    "missing_column": lambda _, dirty, item: "Event date" not in text_table(path_of(dirty, item)).columns,
    "wrong_feed_file": lambda _, dirty, item: "Outturn GBP" in text_table(path_of(dirty, item)).columns,
    "swapped_columns": lambda clean, dirty, item: text_table(path_of(dirty, item))[
        list(text_table(path_of(clean, item)).columns)
    ].equals(text_table(path_of(clean, item))),
}


@pytest.mark.parametrize("kind", sorted(FILE_KINDS))
def test_spoilt_file_is_spoilt_as_declared(clean: Generated, dirty: Generated, kind: str) -> None:
    (item,) = planted(dirty, kind)
    assert FILE_KINDS[kind](clean, dirty, item)
