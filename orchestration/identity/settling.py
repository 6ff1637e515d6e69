"""From candidates and people's decisions to links: who is who, how surely, and what a reviewer should look at."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from evaluation.linkage import ENTRY_ID, RECORD_ID, one_to_one
from orchestration.identity.people import Units
from orchestration.identity.rules import CERTAIN, LIKELY, REVIEW_FROM
from orchestration.identity.schema import AGREEMENTS

LINK_COLUMNS = ["person_key", "resolved_person_key", "method", "match_probability", "certainty"]
REVIEW_COLUMNS = [
    "state",
    "person_key",
    "resolved_person_key",
    "match_weight",
    "match_probability",
    *AGREEMENTS,
    "is_taken",
]


@dataclass(frozen=True)
class Settled:
    """``links``: one row per key at most, :data:`LINK_COLUMNS`. ``review``: :data:`REVIEW_COLUMNS`."""

    links: pd.DataFrame
    review: pd.DataFrame


def settle(
    candidates: pd.DataFrame, decisions: pd.DataFrame, units: Units, anchored: pd.DataFrame
) -> Settled:
    """Decide every link again.

    ``candidates`` as stored; ``decisions`` the newest per pair: person_key, resolved_person_key, is_same,
    match_probability, in the order they were made, of keys that are still not on the register; ``anchored`` from
    :func:`orchestration.identity.people.anchored_labels`. A pair decided to be different is out before anything else
    is looked at; a pair decided to be the same is linked, leaves its record no other registrant and the registrant no
    other record of the same source. A registrant whose own number another record of the same source carries is taken:
    such a pair waits for a reviewer, however well it agrees.
    """
    decided = decisions.merge(units.keys, on="person_key")
    accepted = decided[decided["is_same"]]
    pairs = _pairs(candidates, units)
    pairs = _without(pairs, decided[~decided["is_same"]])
    pairs = pairs[~pairs[RECORD_ID].isin(set(accepted["unit"]))]
    pairs = pairs[~_given_away(pairs, accepted, units)].reset_index(drop=True)
    pairs["match_probability"] = one_to_one(pairs, units.sources.rename(columns={"unit": RECORD_ID}))
    pairs["is_taken"] = _taken(pairs, units, anchored)
    linked = pairs[(pairs["match_probability"] > LIKELY) & ~pairs["is_taken"]]
    links = pd.concat([_accepted(accepted, units), _probable(linked, units)], ignore_index=True)
    return Settled(links[LINK_COLUMNS].sort_values("person_key", ignore_index=True), _review(pairs))


def _pairs(candidates: pd.DataFrame, units: Units) -> pd.DataFrame:
    """The best candidate per unit and registrant; ``record_id`` is the unit."""
    pairs = candidates.merge(units.keys, on="person_key").rename(
        columns={"unit": RECORD_ID, "resolved_person_key": ENTRY_ID}
    )
    pairs = pairs[~pairs[RECORD_ID].isin(units.mixed)]
    order = [RECORD_ID, ENTRY_ID, "match_weight", "person_key"]
    pairs = pairs.sort_values(order, ascending=[True, True, False, True])
    return pairs.drop_duplicates([RECORD_ID, ENTRY_ID]).reset_index(drop=True)


def _without(pairs: pd.DataFrame, rejected: pd.DataFrame) -> pd.DataFrame:
    out = pd.MultiIndex.from_frame(rejected[["unit", "resolved_person_key"]])
    return pairs[~pd.MultiIndex.from_frame(pairs[[RECORD_ID, ENTRY_ID]]).isin(out)]


def _given_away(pairs: pd.DataFrame, accepted: pd.DataFrame, units: Units) -> pd.Series:
    """Whether the registrant of a pair was given to another record of one of the same sources by a decision."""
    held = accepted.merge(units.sources, on="unit")[["resolved_person_key", "source"]]
    return _holds(pairs, held.rename(columns={"resolved_person_key": ENTRY_ID}), units)


def _holds(pairs: pd.DataFrame, held: pd.DataFrame, units: Units) -> pd.Series:
    """Whether (entry_id, source) of ``held`` has the entry of a pair under any source of its record."""
    placed = pairs[[RECORD_ID, ENTRY_ID]].reset_index(names="pair")
    placed = placed.merge(units.sources, left_on=RECORD_ID, right_on="unit").merge(
        held, on=[ENTRY_ID, "source"]
    )
    return pd.Series(pairs.index.isin(set(placed["pair"])), index=pairs.index)


def _taken(pairs: pd.DataFrame, units: Units, anchored: pd.DataFrame) -> pd.Series:
    """Whether a source has the registrant's number on a record that is not this one by local id or description."""
    placed = pairs[[RECORD_ID, ENTRY_ID]].reset_index(names="pair")
    placed = placed.merge(units.sources, left_on=RECORD_ID, right_on="unit")
    there = placed.merge(anchored, left_on=[ENTRY_ID, "source"], right_on=["person_key", "source"])
    same = there.merge(units.labels, on=["unit", "source", "label"])
    own = set(zip(same["pair"], same["source"], strict=True))
    taken = {
        pair for pair, source in zip(there["pair"], there["source"], strict=True) if (pair, source) not in own
    }
    return pd.Series(pairs.index.isin(taken), index=pairs.index)


def _accepted(accepted: pd.DataFrame, units: Units) -> pd.DataFrame:
    """Links people decided: a key's own decision first, else the newest of its unit."""
    newest = accepted.drop_duplicates("unit", keep="last")[
        ["unit", "resolved_person_key", "match_probability"]
    ]
    keys = units.keys.merge(newest, on="unit").set_index("person_key")
    own = accepted.drop_duplicates("person_key", keep="last").set_index("person_key")
    for column in ("resolved_person_key", "match_probability"):
        keys[column] = own[column].reindex(keys.index).fillna(keys[column])
    return keys.reset_index().assign(method="reviewed", certainty="certain")


def _probable(linked: pd.DataFrame, units: Units) -> pd.DataFrame:
    pairs = linked[[RECORD_ID, ENTRY_ID, "match_probability"]]
    keys = units.keys.merge(pairs, left_on="unit", right_on=RECORD_ID)
    certain = keys["match_probability"] >= CERTAIN
    return keys.rename(columns={ENTRY_ID: "resolved_person_key"}).assign(
        method="probabilistic", certainty=certain.map({True: "certain", False: "doubtful"})
    )


def _review(pairs: pd.DataFrame) -> pd.DataFrame:
    """Everything a reviewer may decide on: pairs that wait, and the certain links."""
    certain = (pairs["match_probability"] >= CERTAIN) & ~pairs["is_taken"]
    shown = pairs.assign(state=certain.map({True: "linked", False: "waiting"}))
    shown = shown[shown["match_probability"] >= REVIEW_FROM].rename(columns={ENTRY_ID: "resolved_person_key"})
    return shown[REVIEW_COLUMNS].sort_values(["person_key", "resolved_person_key"], ignore_index=True)
