"""Identities: keyed pseudonyms, and the one restricted store that can turn them back into people."""

from orchestration.identity.keys import use_key
from orchestration.identity.store import IdentityStore, LinkSummary, open_store

__all__ = ["IdentityStore", "LinkSummary", "open_store", "use_key"]
