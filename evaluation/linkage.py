"""Record linkage: which records of many sources describe which entry of one register.

The model is Fellegi and Sunter's (JASA 64, 1969, 1183-1210), computed by Splink on DuckDB: every field adds
log2(m / u), where m is how often two records of one person fall into a level of agreement and u how often two records
of different people do; exact agreement takes u from the frequency of the very value (Winkler, 2000). Splink and DuckDB
are imported only when something is linked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

ELSE = "else"
MISSING = "missing"
RECORD_ID = "record_id"
ENTRY_ID = "entry_id"

_HEAVIEST = 100.0  # bits; beyond it a weight says nothing more and its power of two loses digits
_REGISTER = "a_register"  # Splink puts the input that sorts first on the left
_RECORDS = "b_records"
_ID = "unique_id"


@dataclass(frozen=True)
class Level:
    """One way two values of a field agree, tried in the order of the field; the last has condition ``else``.

    ``condition`` is SQL over ``<column>_l`` (the register) and ``<column>_r`` (the record); ``m`` and ``u`` are
    probabilities among pairs of one person and of two people.
    """

    name: str
    condition: str
    m: float
    u: float
    by_frequency: bool = False  # u is the share of the very value on the register


@dataclass(frozen=True)
class Field:
    """A compared column; a pair with a null on either side says nothing for or against."""

    column: str
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Model:
    """How records are compared: fields with their weights, and which pairs are looked at at all.

    ``blocking`` are SQL conditions over ``l`` (the register) and ``r`` (the record); a pair is compared when any
    holds. ``share_on_register`` is how many of the records are expected to have an entry, which with the number of
    entries (``least_entries`` or more: a smaller register is part of one) is the prior. Pairs under ``floor`` bits are
    dropped. The share of a value is smoothed as if ``imagined_entries`` more had it as often as u says: a handful of
    entries does not know how common a name is.
    """

    fields: tuple[Field, ...]
    blocking: tuple[str, ...]
    share_on_register: float
    floor: float
    imagined_entries: float
    least_entries: int = 1


def score(register: pd.DataFrame, records: pd.DataFrame, model: Model, connection: Any) -> pd.DataFrame:
    """Compare every record with the entries it may be.

    Both frames hold ``unique_id`` and the columns of the model's fields, as text or null. The result has one row per
    pair at or above ``model.floor``: entry_id, record_id, match_weight (bits, the prior included), and per field the
    name of its level or ``missing``; ordered by both ids. Nothing in it depends on the order of rows or on threads.
    ``connection`` is an empty DuckDB connection whose limits hold for the work. Errors of DuckDB are raised as they
    are: they may quote values.
    """
    columns = [_ID, *(field.column for field in model.fields)]
    if register.empty or records.empty:
        return pd.DataFrame(columns=[ENTRY_ID, RECORD_ID, "match_weight", *columns[1:]])
    linker = _linker(register[columns], records[columns], model, connection)
    found = linker.inference.predict(threshold_match_weight=model.floor, warning_mode="never")
    levels = ", ".join(f"{_level_name(field)} as {field.column}" for field in model.fields)
    query = (
        f"select {_ID}_l as {ENTRY_ID}, {_ID}_r as {RECORD_ID}, match_weight, {levels} "
        f"from {found.physical_name} order by 1, 2"
    )
    return connection.execute(query).df()


def one_to_one(pairs: pd.DataFrame, rivals: pd.DataFrame) -> pd.Series:
    """Probability of each pair, given that a record has one entry at most and an entry one record per source.

    ``pairs`` has record_id, entry_id (no pair twice) and match_weight in bits; ``rivals`` has record_id and source,
    one row per source a record comes from. Of the odds of a pair, the odds of every pair that would exclude it are
    taken: p = o / (1 + o + other entries of the record + other records of its sources with the entry). So two pairs
    that exclude one another are never both above one half: whatever the threshold (at or above one half), the pairs
    that pass it are one-to-one. The result is rounded to six digits, index as ``pairs``.
    """
    frame = pairs[[RECORD_ID, ENTRY_ID]].copy()
    frame["odds"] = np.exp2(pairs["match_weight"].clip(upper=_HEAVIEST).to_numpy(float))
    frame = frame.sort_values([RECORD_ID, ENTRY_ID])  # sums in one order, whatever the order of rows
    of_record = frame.groupby(RECORD_ID)["odds"].transform("sum")
    excluded = of_record - frame["odds"] + _rival_odds(frame, rivals)
    probability = frame["odds"] / (1 + frame["odds"] + excluded.clip(lower=0))
    return probability.round(6).reindex(pairs.index)


def _rival_odds(frame: pd.DataFrame, rivals: pd.DataFrame) -> pd.Series:
    """Odds of pairs of the same entry with other records that share a source, summed; index as ``frame``."""
    crowded = (
        frame[frame.duplicated(ENTRY_ID, keep=False)].reset_index(names="pair").merge(rivals, on=RECORD_ID)
    )
    both = crowded.merge(crowded, on=[ENTRY_ID, "source"], suffixes=("", "_other"))
    both = both[both["pair"] != both["pair_other"]].drop_duplicates(["pair", "pair_other"])
    both = both.sort_values(["pair", "pair_other"])
    return both.groupby("pair")["odds_other"].sum().reindex(frame.index, fill_value=0.0)


def estimate(
    register: pd.DataFrame,
    records: pd.DataFrame,
    model: Model,
    connection: Any,
    *,
    seed: int,
    training: Sequence[str],
    pairs: float = 1e7,
) -> Model:
    """The model with m and u estimated from data: u from random pairs, m by expectation maximisation.

    ``training`` are blocking conditions, one session each; a session estimates the fields its condition does not fix.
    Levels that never occur keep what the model says. The same data and seed give the same model, for which the
    connection is set to one thread.
    """
    connection.execute("set threads = 1")  # a seeded sample repeats itself on one thread only
    columns = [_ID, *(field.column for field in model.fields)]
    linker = _linker(register[columns], records[columns], model, connection)
    linker.training.estimate_u_using_random_sampling(max_pairs=pairs, seed=seed)
    for condition in training:
        linker.training.estimate_parameters_using_expectation_maximisation(condition)
    found = {each["output_column_name"]: each for each in linker.misc.save_model_to_json()["comparisons"]}
    return replace(model, fields=tuple(_trained(field, found[field.column]) for field in model.fields))


def _shares(values: pd.Series, u: float, imagined: float) -> pd.DataFrame:
    """How often each value is had, smoothed; columns as Splink's term frequencies."""
    counts = values.value_counts().sort_index()
    shares = (counts + imagined * u) / (counts.sum() + imagined)
    return pd.DataFrame({values.name: counts.index.astype("string"), f"tf_{values.name}": shares.to_numpy()})


def _trained(field: Field, found: dict[str, Any]) -> Field:
    estimates = [each for each in found["comparison_levels"] if not each.get("is_null_level")]
    levels = tuple(
        replace(
            level, m=float(each.get("m_probability", level.m)), u=float(each.get("u_probability", level.u))
        )
        for level, each in zip(field.levels, estimates, strict=True)
    )
    return replace(field, levels=levels)


def _linker(register: pd.DataFrame, records: pd.DataFrame, model: Model, connection: Any) -> Any:
    from splink import DuckDBAPI, Linker

    engine = DuckDBAPI(connection=connection)
    inputs = [
        engine.register(
            frame.astype("string").sort_values(_ID, ignore_index=True), dataset_display_name=display_name
        )
        for frame, display_name in ((register, _REGISTER), (records, _RECORDS))
    ]
    linker = Linker(inputs, _settings(model, len(register)), log_level=None)
    for field in model.fields:
        for level in field.levels:
            if level.by_frequency:
                shares = _shares(register[field.column], level.u, model.imagined_entries)
                table = engine.register(shares, dataset_display_name=f"shares_of_{field.column}")
                linker.table_management.register_term_frequency_lookup(table, field.column)
    return linker


def _settings(model: Model, entries: int) -> dict[str, Any]:
    """Splink's settings: https://moj-analytical-services.github.io/splink/api_docs/settings_dict_guide.html"""
    return {
        "link_type": "link_only",
        "unique_id_column_name": _ID,
        "probability_two_random_records_match": model.share_on_register / max(entries, model.least_entries),
        "blocking_rules_to_generate_predictions": list(model.blocking),
        "comparisons": [_comparison(field) for field in model.fields],
        "retain_matching_columns": True,  # Splink gives the levels only together with the values
        "retain_intermediate_calculation_columns": False,
    }


def _comparison(field: Field) -> dict[str, Any]:
    null = f"{field.column}_l is null or {field.column}_r is null"
    levels: list[dict[str, Any]] = [{"sql_condition": null, "is_null_level": True}]
    for level in field.levels:
        each: dict[str, Any] = {
            "sql_condition": level.condition,
            "label_for_charts": level.name,
            "m_probability": level.m,
            "u_probability": level.u,
        }
        if level.by_frequency:
            each |= {"tf_adjustment_column": field.column, "tf_adjustment_weight": 1.0}
        levels.append(each)
    return {"output_column_name": field.column, "comparison_levels": levels}


def _level_name(field: Field) -> str:
    """SQL for the name of the level Splink numbered: the first has the highest number, missing is -1."""
    arms = " ".join(
        f"when {number} then '{level.name}'"
        for number, level in zip(range(len(field.levels) - 1, -1, -1), field.levels, strict=True)
    )
    return f"case gamma_{field.column} when -1 then '{MISSING}' {arms} end"
