"""Keyed pseudonyms: HMAC-SHA256 (RFC 2104), computed inside DuckDB over whole columns.

The two padded keys are variables of the connection, so the key is part of no statement text.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import duckdb

from orchestration.settings import Secret

KEY_CHARACTERS = 32  # hexadecimal digits kept: 128 bits, no two people collide
GPHC_DIGITS = 7

_BLOCK_BYTES = 64  # of SHA-256
_SEPARATOR = "\x1f"  # occurs in no identifier, so two ids never run into one another
_SEPARATOR_SQL = "chr(31)"


def use_key(connection: duckdb.DuckDBPyConnection, key: Secret) -> None:
    """Give a connection the key; :func:`pseudonym_sql` expressions work on it afterwards."""
    value = key.reveal()
    if len(value) > _BLOCK_BYTES:
        value = hashlib.sha256(value).digest()
    padded = value.ljust(_BLOCK_BYTES, b"\0")
    connection.execute("set variable identity_inner = ?", [bytes(byte ^ 0x36 for byte in padded)])
    connection.execute("set variable identity_outer = ?", [bytes(byte ^ 0x5C for byte in padded)])


def pseudonym(key: Secret, *parts: str) -> str:
    """The pseudonym of one message, in Python: for a single person or a test."""
    message = _SEPARATOR.join(parts).encode()
    return hmac.new(key.reveal(), message, hashlib.sha256).hexdigest()[:KEY_CHARACTERS]


def gphc_person_key(key: Secret, gphc_number: str) -> str:
    """Key of the person with a valid registration number."""
    return pseudonym(key, "gphc", gphc_number)


def pseudonym_sql(parts: Sequence[str]) -> str:
    """SQL for the pseudonym of text expressions, in order; null where any of them is null."""
    message = f" || {_SEPARATOR_SQL} || ".join(f"({part})" for part in parts)
    inner = f"sha256(getvariable('identity_inner')::blob || encode({message}))"
    return f"left(sha256(getvariable('identity_outer')::blob || unhex({inner})), {KEY_CHARACTERS})"


def valid_gphc_sql(expression: str) -> str:
    """SQL for the registration number without spaces, or null when it is not seven digits.

    Nothing is padded: a number short of a digit is a wrong number, and a guess would name somebody else.
    """
    squeezed = f"regexp_replace(replace(replace({expression}, ' ', ''), chr(160), ''), '\\.0+$', '')"
    return f"regexp_extract({squeezed}, '^[0-9]{{{GPHC_DIGITS}}}$', 0)"


def person_key_sql(feed: str, gphc_number: str, local_id: Sequence[str], described_by: Sequence[str]) -> str:
    """SQL for the key of a person.

    ``gphc_number`` is an expression that is null or '' unless the number is valid. Without it the source's own
    ``local_id`` serves, and without that the ``described_by`` expressions (name, birth, the number as written);
    null when there is nothing to go by.
    """
    options = [pseudonym_sql(["'gphc'", f"nullif({gphc_number}, '')"])]
    label = "'" + feed.replace("'", "''") + "'"
    if local_id:
        options.append(pseudonym_sql(["'local'", label, *local_id]))
    if described_by:
        present = f"coalesce({', '.join(described_by)}) is not null"
        described = pseudonym_sql(
            ["'described'", label, *(f"coalesce({part}, '')" for part in described_by)]
        )
        options.append(f"case when {present} then {described} end")
    return f"coalesce({', '.join(options)})"
