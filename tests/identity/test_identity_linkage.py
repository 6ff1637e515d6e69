"""How well people are linked: planted slips in generated people, whose truth is known, through the store itself."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from planted_people import PROVIDERS, Planted, planted

from orchestration.identity import open_store
from orchestration.identity.rules import CERTAIN, LIKELY, PEOPLE
from orchestration.identity.store import LINK_FILE
from orchestration.settings import Secret, Settings

REGISTER = "register_feed"
TENTH = 0.1
MEMORY = "700MB"
CPU_SECONDS = 30.0  # for a nation; it is about 10 on an idle machine of two cores
WEIGHT_TOLERANCE = 2.0  # bits between the rules and what the planted records say


@dataclass(frozen=True)
class Outcome:
    links: pd.DataFrame
    truth: pd.Series  # registrant by record
    cpu: float

    def quality(self, links: pd.DataFrame) -> tuple[float, float]:
        """Precision and recall of links."""
        right = int(
            (self.truth.reindex(links["person_key"]).to_numpy() == links["resolved_person_key"]).sum()
        )
        return right / len(links), right / int(self.truth.notna().sum())

    @property
    def certain(self) -> pd.DataFrame:
        return self.links[self.links["certainty"] == "certain"]


def settings_in(home: Path) -> Settings:
    return Settings(
        home=home, landing=home / "landing", threads=2, memory_limit=MEMORY, key_given=Secret(b"k" * 32)
    )


def people_sql(path: Path, feed: str, *, valid: bool) -> str:
    source, local = ("null::varchar", "null::varchar") if valid else ("source", "unique_id")
    return (
        f"select unique_id as person_key, '{feed}' as feed, gphc_number, {valid} as gphc_valid, surname, forename, "
        f"date_of_birth::date as date_of_birth, null::varchar as email, {source} as source, {local} as local_id, "
        f"1 as file_no, 'sha' as sha256 from read_parquet('{path}')"
    )


def linked(folder: Path, people: Planted, *, shuffled: bool = False) -> Outcome:
    """Put the planted people into a store of their own and resolve."""
    settings = settings_in(folder / "home")
    paths = {"register": folder / "register.parquet", "records": folder / "records.parquet"}
    for name, path in paths.items():
        frame = getattr(people, name)
        (frame.sample(frac=1, random_state=5) if shuffled else frame).to_parquet(path)
    with open_store(settings) as store:
        store.add(people_sql(paths["register"], REGISTER, valid=True))
        store.add(people_sql(paths["records"], "returns", valid=False))
        start = time.process_time()
        store.resolve(REGISTER)
        cpu = time.process_time() - start
    links = duckdb.read_parquet(str(settings.raw / LINK_FILE)).df()
    return Outcome(links, people.records.set_index("unique_id")["entry_id"], cpu)


def assert_one_to_one(outcome: Outcome, people: Planted) -> None:
    """Doubtful links included: no two records of a source have the same registrant."""
    source = people.records.set_index("unique_id")["source"]
    assert outcome.links["person_key"].is_unique
    placed = outcome.links.assign(source=source.reindex(outcome.links["person_key"]).to_numpy())
    assert not placed.duplicated(["source", "resolved_person_key"]).any()
    assert placed["source"].nunique() == PROVIDERS
    assert (outcome.links["match_probability"] > LIKELY).all()
    assert (outcome.certain["match_probability"] >= CERTAIN).all()


@pytest.fixture(scope="module")
def tenth(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return planted(tmp_path_factory.mktemp("spill"), size=TENTH, seed=7, skewed=False)


def test_a_tenth_of_the_nation(tmp_path: Path, tenth: Planted) -> None:
    outcome = linked(tmp_path, tenth)
    precision, recall = outcome.quality(outcome.certain)
    assert precision >= 0.999, precision
    assert recall >= 0.98, recall
    assert_one_to_one(outcome, tenth)


def test_the_same_records_in_another_order_give_the_same_links(tmp_path: Path, tenth: Planted) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one = linked(tmp_path / "one", tenth)
    two = linked(tmp_path / "two", tenth, shuffled=True)
    pd.testing.assert_frame_equal(one.links, two.links)


def test_without_dates_of_birth_less_is_certain_and_what_is_stays_right(tmp_path: Path) -> None:
    people = planted(tmp_path, size=TENTH, seed=7, skewed=True, births=False)
    outcome = linked(tmp_path, people)
    precision, recall = outcome.quality(outcome.certain)
    assert precision >= 0.999, precision
    assert recall < 0.9, "names alone cannot settle this many"
    lenient_precision, lenient_recall = outcome.quality(outcome.links)
    assert lenient_recall > recall + 0.05, "what is not certain is handed on as doubtful"
    assert lenient_precision > 0.98
    assert_one_to_one(outcome, people)


def test_the_weights_are_those_the_planted_records_give(tmp_path: Path) -> None:
    people = planted(tmp_path, size=TENTH / 2, seed=7, skewed=True)
    linked(tmp_path, people)
    with open_store(settings_in(tmp_path / "home")) as store:
        found = store.estimate(REGISTER, seed=1, pairs=2e6)
    for field, trained in zip(PEOPLE.fields, found.fields, strict=True):
        for level, estimated in zip(field.levels, trained.levels, strict=True):
            if level.name in ("same", "initial") or (field.column, level.name) == ("surname", "different"):
                rule, said = (math.log2(each.m / each.u) for each in (level, estimated))
                assert rule == pytest.approx(said, abs=WEIGHT_TOLERANCE), (field.column, level.name)


@pytest.mark.national
@pytest.mark.parametrize(
    ("skewed", "births", "least_recall"),
    [
        (False, True, 0.98),
        pytest.param(True, True, 0.97, marks=pytest.mark.slow),
        pytest.param(False, False, 0.94, marks=pytest.mark.slow),
    ],
    ids=["generated names", "names that repeat", "no dates of birth"],
)
def test_the_nation(tmp_path: Path, skewed: bool, births: bool, least_recall: float) -> None:
    people = planted(tmp_path, size=1, seed=11, skewed=skewed, births=births)
    assert (len(people.register), len(people.records)) == (85_000, 30_000)
    outcome = linked(tmp_path, people)
    precision, recall = outcome.quality(outcome.certain)
    assert precision >= 0.999, precision
    assert recall >= least_recall, recall
    assert outcome.cpu < CPU_SECONDS
    assert_one_to_one(outcome, people)
