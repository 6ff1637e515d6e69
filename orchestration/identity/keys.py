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
GPHC_MESSAGE = "gphc"  # first part of the message of a registration number

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
    return pseudonym(key, GPHC_MESSAGE, gphc_number)


def pseudonym_sql(message: str) -> str:
    """SQL for the pseudonym of a message expression; null where it is null."""
    inner = f"sha256(getvariable('identity_inner')::blob || encode({message}))"
    return f"left(sha256(getvariable('identity_outer')::blob || unhex({inner})), {KEY_CHARACTERS})"


def message_sql(parts: Sequence[str]) -> str:
    """SQL for the message of text expressions, in order; null where any of them is null."""
    return f" || {_SEPARATOR_SQL} || ".join(f"({part})" for part in parts)


def valid_gphc_sql(expression: str) -> str:
    """SQL for the seven digits of a registration number, '' when it is none.

    Spaces, a ".0" left by a spreadsheet and zeros in front of seven digits are taken off. Nothing is added: a number
    short of a digit is a wrong number, and a guess would name somebody else.
    """
    squeezed = f"replace(replace({expression}, ' ', ''), chr(160), '')"
    return f"regexp_extract({squeezed}, '^0*([0-9]{{{GPHC_DIGITS}}})(\\.0+)?$', 1)"


def person_message_sql(
    feed: str, gphc_number: str | None, local_id: Sequence[str], described_by: Sequence[str]
) -> str:
    """SQL for the message whose pseudonym is a person's key.

    It is the registration number ``gphc_number`` (an expression; None: not to be relied on) when that is valid; else
    the source's own ``local_id``; else the ``described_by`` expressions (name, birth, the number as written); null
    when there is nothing to go by.
    """
    options: list[str] = []
    if gphc_number is not None:
        valid = f"nullif({valid_gphc_sql(gphc_number)}, '')"
        options.append(message_sql([f"'{GPHC_MESSAGE}'", valid]))
    label = "'" + feed.replace("'", "''") + "'"
    if local_id:
        options.append(message_sql(["'local'", label, *local_id]))
    if described_by:
        present = f"coalesce({', '.join(described_by)}) is not null"
        described = message_sql(["'described'", label, *(f"coalesce({part}, '')" for part in described_by)])
        options.append(f"case when {present} then {described} end")
    return f"coalesce({', '.join(options)})" if options else "null::varchar"


def gphc_message_sql(gphc_number: str) -> str:
    """SQL for the message of a registration number as written; null when it is not valid."""
    return message_sql([f"'{GPHC_MESSAGE}'", f"nullif({valid_gphc_sql(gphc_number)}, '')"])


def is_gphc_message_sql(message: str) -> str:
    """SQL for whether a person's message is a valid registration number."""
    return f"starts_with({message}, '{GPHC_MESSAGE}' || {_SEPARATOR_SQL})"
