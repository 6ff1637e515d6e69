"""From sector to sector: every pair has its row, the pairs are everybody, and the oracle on signs told by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from built_world import Demonstration
from metric_oracle.pathways import last_seen, pathways

from dbt_project.registry import load_metrics, load_programme

METRIC = load_metrics()["sector_pathways"]
SECTORS = tuple(load_programme().sectors)


def test_there_is_a_breakdown_for_every_sector() -> None:
    assert METRIC.breakdowns == tuple(f"from_{sector}" for sector in SECTORS)
    assert METRIC.levels == ("england",)
    assert METRIC.grains == ("all",)  # months or years beside the total would tell what is withheld in it
    assert METRIC.disclosure_class == "C"


def test_every_pair_has_a_row_and_the_pairs_are_everybody(clean: Demonstration) -> None:
    rows = clean.built.figures("fct_metric_breakdown", METRIC.id)
    whole = clean.built.figures("fct_metric_value", METRIC.id).set_index("geography").value
    everybody = len(pathways(clean.world))
    assert everybody > 0
    for geography, part in rows.groupby("geography"):
        pairs = list(zip(part.dimension, part.category, strict=True))
        assert sorted(pairs) == sorted((f"from_{start}", later) for start in SECTORS for later in SECTORS)
        assert part.value.notna().all()
        assert part.value.sum() == whole[geography] == everybody
    assert set(rows.geography) == {"as_was", "as_now"}


@pytest.mark.parametrize(
    ("signs", "sector"),
    [
        ([], "unknown"),
        ([("2023-03-01", "pcn", "post")], "pcn"),
        (
            [("2023-03-01", "pcn", "post"), ("2023-04-01", "community_pharmacy", "premises")],
            "community_pharmacy",
        ),
        ([("2023-03-01", "pcn", "post"), ("2023-04-01", "general_practice", "practice")], "pcn"),
        ([("2023-04-01", "general_practice", "practice")], "general_practice"),
        ([("2023-04-01", "pcn", "post"), ("2023-04-19", "hospital", "course")], "pcn"),
        (
            [("2023-04-01", "community_pharmacy", "premises"), ("2023-04-19", "hospital", "course")],
            "hospital",
        ),
        ([("2023-04-21", "other", "course"), ("2023-04-19", "hospital", "course")], "other"),
    ],
)
def test_the_sign_that_stands(signs: list[tuple[str, str, str]], sector: str) -> None:
    told = pd.DataFrame(signs, columns=["seen", "sector", "kind"])
    assert last_seen(told.assign(seen=pd.to_datetime(told.seen))) == sector
