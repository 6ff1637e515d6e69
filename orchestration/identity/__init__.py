"""Identities: keyed pseudonyms, and the one restricted store that can turn them back into people."""

from orchestration.identity.keys import person_key_sql, pseudonym_sql, use_key
from orchestration.identity.store import IdentityStore, open_store

__all__ = ["IdentityStore", "open_store", "person_key_sql", "pseudonym_sql", "use_key"]
