"""Keyed pseudonyms: HMAC-SHA256 (RFC 2104), computed inside DuckDB over whole columns.

The padded keys are variables of the connection, so no key is part of a statement's text. A key that was rotated is a
chain: the pseudonym under one key is the message of the next. An old key alone therefore opens nothing made since, and
new files still give the keys of people known before.
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
_MACRO = "keyed_pseudonym"  # of the connection
_SEPARATOR = "\x1f"  # occurs in no identifier, so two ids never run into one another
_SEPARATOR_SQL = "chr(31)"


def use_key(connection: duckdb.DuckDBPyConnection, key: Secret) -> None:
    """Give a connection the key; :func:`pseudonym_sql` expressions work on it afterwards."""
    expression = "message"
    for number, value in enumerate(key.chain()):
        for side, byte_mask in (("inner", 0x36), ("outer", 0x5C)):
            padded = bytes(byte ^ byte_mask for byte in _block(value))
            connection.execute(f"set variable identity_{side}_{number} = ?", [padded])
        inner = f"sha256(getvariable('identity_inner_{number}')::blob || encode({expression}))"
        outer = f"sha256(getvariable('identity_outer_{number}')::blob || unhex({inner}))"
        expression = f"left({outer}, {KEY_CHARACTERS})"
    connection.execute(f"create or replace temp macro {_MACRO}(message) as {expression}")


def pseudonym(key: Secret, *parts: str) -> str:
    """The pseudonym of one message, in Python: for a single person or a test."""
    found = _SEPARATOR.join(parts)
    for value in key.chain():
        found = hmac.new(value, found.encode(), hashlib.sha256).hexdigest()[:KEY_CHARACTERS]
    return found


def gphc_person_key(key: Secret, gphc_number: str) -> str:
    """Key of the person with a valid registration number."""
    return pseudonym(key, GPHC_MESSAGE, gphc_number)


def pseudonym_sql(message: str) -> str:
    """SQL for the pseudonym of a message expression; null where it is null."""
    return f"{_MACRO}({message})"


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


def _block(key: bytes) -> bytes:
    """The key as HMAC pads it."""
    return (hashlib.sha256(key).digest() if len(key) > _BLOCK_BYTES else key).ljust(_BLOCK_BYTES, b"\0")
