"""What ``phip links`` answers: how records were linked, what waits for a reviewer, and decisions people make."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pandas as pd

from dbt_project.registry import load_feeds
from orchestration import audit
from orchestration.answers import DataRefused, Told, UsageProblem
from orchestration.identity import IdentityStore, open_store, reporting
from orchestration.identity.store import IdentityError
from orchestration.ingest.run import anchor_feed
from orchestration.settings import Settings

STATES = ("waiting", "linked", "decided")


def summary(settings: Settings) -> Told:
    """Records by method, in total and by provider, and what waits for a reviewer. Counts only."""
    with _store(settings) as store:
        table = store.ask(reporting.by_source, _anchor())
        decided = (
            store.ask(reporting.decisions).drop_duplicates("pair", keep="last")["decision"].value_counts()
        )
        waiting = store.ask(reporting.waiting)
    totals = {name: int(table[name].sum()) for name in ("records", *reporting.METHODS)}
    content: dict[str, Any] = {
        "total": totals | {"linkage_rate": _rate(totals)},
        "by_source": [row | {"linkage_rate": _rate(row)} for row in _plain(table)],
        "pairs_waiting": waiting,
        "decisions": {name: int(decided.get(name, 0)) for name in ("same", "different")},
    }
    lines = [
        f"{totals['records']:,} records of people: " + ", ".join(
            f"{totals[method]:,} {said}" for method, said in _SAID.items()
        ),
        f"linkage rate {_percent(totals)}",
        *(
            f"  {row['feed']} {row['source'] or '(no provider)'}: {_percent(row)} of {row['records']:,}, "
            + ", ".join(f"{method} {row[method]:,}" for method in reporting.METHODS)
            for row in content["by_source"]
        ),
        f"{waiting:,} pairs wait for a reviewer: phip links review",
        f"decided: {content['decisions']['same']:,} same, {content['decisions']['different']:,} different",
    ]  # fmt: skip
    return Told(tuple(lines), content)


def review(settings: Settings, state: str, *, show_identities: bool) -> Told:
    """Pairs in a state, by opaque id; ``show_identities`` adds what the sources wrote, and is logged."""
    if state not in STATES:
        raise UsageProblem(f"--state: found '{state}', expected one of {', '.join(STATES)}")
    with _store(settings) as store:
        decided = state == "decided"
        table = store.ask(reporting.decisions) if decided else store.ask(reporting.pairs, state)
        people = pd.DataFrame()
        if show_identities:
            shown = [str(pair) for pair in table["pair"].unique()]
            audit.record(settings, "identities_shown", {"pairs": len(shown), "of": " ".join(shown)})
            people = store.ask(reporting.identities, table)
    rows = _plain(table)
    for row in rows:
        if show_identities:
            row["people"] = _plain(people[people["pair"] == row["pair"]].drop(columns="pair"))
    if not rows:
        return Told((f"no pair is {state}",), {"pairs": rows})
    lines: list[str] = []
    for row in rows:
        lines.append(_decision_line(row) if decided else _pair_line(row))
        lines += [f"    {_person_line(person)}" for person in row.get("people", [])]
    return Told(tuple(lines), {"pairs": rows})


def decide(settings: Settings, pair: str, *, same: bool | None, by: str, why: str) -> Told:
    """Keep a decision and link again; it counts in the next build."""
    if same is None:
        raise UsageProblem("found neither --same nor --different; expected one of them")
    for option, text in (("--by", by), ("--why", why)):
        if not text.strip():
            raise UsageProblem(
                f"{option}: found nothing, expected {'a name' if option == '--by' else 'a reason'}"
            )
    with _store(settings) as store:
        try:
            store.decide(pair, same=same, by=by.strip(), why=why.strip())
        except KeyError:
            raise UsageProblem(
                f"PAIR: found '{pair}', expected an id that 'phip links review' lists"
            ) from None
        outcome = store.resolve(_anchor())
    said = "the same person" if same else "different people"
    content = {"pair": pair, "decision": "same" if same else "different", "links": vars(outcome)}
    return Told(
        (f"{pair}: {said}, kept; {outcome.linked:,} keys are linked now. The next 'phip run' uses it.",),
        content,
    )


_SAID = {
    "number": "by registration number",
    "probabilistic": "by description",
    "reviewed": "by a reviewer",
    "doubtful": "doubtful",
    "unlinked": "of nobody on the register",
}


@contextmanager
def _store(settings: Settings) -> Generator[IdentityStore]:
    if not (settings.identity / "identity.duckdb").exists():
        raise DataRefused("no person has been taken in yet: run 'phip demo' or 'phip run'")
    try:
        with open_store(settings) as store:
            yield store
    except IdentityError as error:
        raise DataRefused(str(error)) from error


def _anchor() -> str:
    feed = anchor_feed(load_feeds())
    if feed is None:
        raise DataRefused("no feed contract describes people")
    return feed


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with Python's own values; None where there is none."""
    return json.loads(table.to_json(orient="records", date_format="iso", date_unit="s"))


def _rate(row: dict[str, Any]) -> float | None:
    """Share of records resolved to one person on the register."""
    return sum(row[method] for method in reporting.RESOLVED) / row["records"] if row["records"] else None


def _percent(row: dict[str, Any]) -> str:
    rate = _rate(row)
    return "not known" if rate is None else f"{rate:.1%}"


def _pair_line(row: dict[str, Any]) -> str:
    taken = (
        "; the same source has the registrant's number on another record"
        if row["number_at_same_source"]
        else ""
    )
    fields = ", ".join(f"{name.replace('_', ' ')} {row[name]}" for name in reporting.AGREEMENTS)
    weight, probability = row["match_weight"], row["match_probability"]
    return f"{row['pair']}  probability {probability:.3f}, weight {weight:+.1f} bits: {fields}{taken}"


def _decision_line(row: dict[str, Any]) -> str:
    return f"{row['pair']}  {row['decision']}, by {row['decided_by']} at {row['decided_at']}: {row['why']}"


def _person_line(row: dict[str, Any]) -> str:
    return f"{row['side']}: " + ", ".join(
        f"{name.replace('_', ' ')} {value}"
        for name, value in row.items()
        if name != "side" and value is not None
    )
