"""The same seed gives the same bytes, at any number of threads; every feed is there; a toy is quick."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from synthetic_world import SEED, Generated, generated

from dbt_project.registry import load_feeds
from orchestration.synthetic import DIRT, generate

A_FEW_SECONDS = 15  # of CPU, so that a busy machine fails nothing; it takes about 4


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_bytes_on_one_and_two_threads(tmp_path: Path) -> None:
    one = generated(tmp_path / "one", frozenset(DIRT), threads=1)
    two = generated(tmp_path / "two", frozenset(DIRT), threads=2)
    assert hashes(one.landing) == hashes(two.landing)
    assert one.truth.planted == two.truth.planted
    assert all(table.equals(two.truth.tables()[name]) for name, table in one.truth.tables().items())


def test_another_seed_gives_other_people(clean: Generated, tmp_path: Path) -> None:
    other = generate(tmp_path, seed=SEED + 1, size=0.02, dirt=frozenset())
    assert not other.people["surname"].equals(clean.truth.people["surname"])


def test_a_toy_takes_a_few_seconds(tmp_path: Path) -> None:
    before = time.process_time()
    generate(tmp_path, seed=SEED, size=0.02)
    assert time.process_time() - before < A_FEW_SECONDS


def test_every_feed_has_files_and_no_other_folder(clean: Generated) -> None:
    folders = {path.name for path in clean.landing.iterdir()}
    assert folders == set(load_feeds())
    assert all(any(folder.iterdir()) for folder in clean.landing.iterdir())


def test_sizes(clean: Generated) -> None:
    truth = clean.truth
    assert truth.register.num_rows == 1200 + 500
    assert len(set(truth.pcn_geography["region_code"].to_pylist())) == 7
    open_networks = [day for day in truth.pcns["close_date"].to_pylist() if day is None]
    assert len(open_networks) >= 25
    assert len(set(truth.practices["practice_code"].to_pylist())) == truth.practices.num_rows


def test_unknown_dirt_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="found mud"):
        generate(tmp_path, size=0.02, dirt=frozenset({"mud"}))


def test_truth_is_written_outside_the_landing_folder(clean: Generated, tmp_path: Path) -> None:
    clean.truth.write(tmp_path / "truth")
    written = {path.stem for path in (tmp_path / "truth").iterdir()}
    assert written == {*clean.truth.tables(), "planted"}
    assert pq.read_table(tmp_path / "truth" / "events.parquet").num_rows == clean.truth.events.num_rows


@pytest.mark.slow
@pytest.mark.national
def test_national_sizes(tmp_path: Path) -> None:
    truth = generate(tmp_path, dirt=frozenset())
    assert truth.register.num_rows == 85_000
    assert truth.practices.num_rows == 6_300
    assert 1_240 <= truth.pcns.num_rows <= 1_270
    places = truth.places.to_pandas()
    england = places.groupby(["strand", "financial_year"])["places"].sum()
    assert england["independent_prescribing", "2021/22"] == 327
    assert england["independent_prescribing", "2024/25"] == 3_000
    assert england["clinical_examination"].sum() == 10_000
    rows = truth.deployments.to_pandas().groupby("period").size()
    assert 7_000 <= rows.iloc[-1] <= 9_000
