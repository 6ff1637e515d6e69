"""Pseudonyms: HMAC-SHA256 in SQL is the HMAC of Python's library."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.identity import use_key
from orchestration.identity.keys import (
    gphc_person_key,
    message_sql,
    person_message_sql,
    pseudonym,
    pseudonym_sql,
    valid_gphc_sql,
)
from orchestration.settings import Secret

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=80)


def in_sql(key: Secret, *parts: str) -> str:
    with duckdb.connect(":memory:") as connection:
        use_key(connection, key)
        expression = pseudonym_sql(message_sql([f"${place + 1}::varchar" for place in range(len(parts))]))
        return connection.execute(f"select {expression}", list(parts)).fetchall()[0][0]


@given(st.binary(min_size=1, max_size=100), st.lists(TEXT, min_size=1, max_size=3))
def test_sql_and_python_agree(key: bytes, parts: list[str]) -> None:
    assert in_sql(Secret(key), *parts) == pseudonym(Secret(key), *parts)


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=2, max_size=4), TEXT)
def test_sql_and_python_agree_on_a_rotated_key(keys: list[bytes], text: str) -> None:
    rotated = Secret(keys[0], tuple(keys[1:]))
    assert in_sql(rotated, text) == pseudonym(rotated, text)
    before = Secret(keys[0], tuple(keys[1:-1]))
    assert pseudonym(rotated, text) == pseudonym(Secret(keys[-1]), pseudonym(before, text))


def test_another_key_gives_another_pseudonym_and_parts_do_not_run_together() -> None:
    assert in_sql(Secret(b"a" * 32), "x") != in_sql(Secret(b"b" * 32), "x")
    key = Secret(b"a" * 32)
    assert pseudonym(key, "ab", "c") != pseudonym(key, "a", "bc")


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("2012345", "2012345"),
        ("201 2345", "2012345"),
        ("201\u00a02345", "2012345"),
        ("02012345", "2012345"),
        ("0002012345", "2012345"),
        ("2012345.0", "2012345"),
        ("0123456", "0123456"),
        ("201234", ""),
        ("20123456", ""),
        ("20I2345", ""),
        ("2012345.5", ""),
    ],
)
def test_valid_numbers(written: str, number: str) -> None:
    query = f"select {valid_gphc_sql('c')} from (select ? as c)"
    assert duckdb.execute(query, [written]).fetchall() == [(number,)]


def test_a_person_is_known_by_number_then_local_id_then_description() -> None:
    key = Secret(b"k" * 32)
    with duckdb.connect(":memory:") as connection:
        use_key(connection, key)
        message = person_message_sql("feed_x", "g", ["p", "l"], ["g", "s"])

        def found(
            gphc: str | None, provider: str | None, local: str | None, surname: str | None
        ) -> str | None:
            row = "(select ?::varchar as g, ?::varchar as p, ?::varchar as l, ?::varchar as s)"
            query = f"select {pseudonym_sql(message)} from {row}"
            return connection.execute(query, [gphc, provider, local, surname]).fetchall()[0][0]

        assert found("2012345", "P", "1", "S") == gphc_person_key(key, "2012345")
        assert found("201234", "P", "1", "S") == pseudonym(key, "local", "feed_x", "P", "1")
        assert found("201234", "P", None, "S") == pseudonym(key, "described", "feed_x", "201234", "S")
        assert found(None, "P", None, None) is None
