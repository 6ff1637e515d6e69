"""Analysis plans: strictly read, hashed by what they say, compared choice by choice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dbt_project.registry import RegistryError, load_metrics
from dbt_project.registry.plans import PLANS_DIR, Plan, differences, load_plans

SOURCE = PLANS_DIR / "first_prescriber.yml"


def written(folder: Path, change: dict[str, Any], text: str = "", source: Path = SOURCE) -> Path:
    """A plan with some keys changed; a dotted key changes one below."""
    content = yaml.safe_load(source.read_text(encoding="utf-8"))
    for key, value in change.items():
        at = content
        *above, last = key.split(".")
        for name in above:
            at = at[name]
        at[last] = value
    folder.mkdir(exist_ok=True)
    (folder / source.name).write_text(text + yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return folder


def test_outcomes_are_measures_of_networks_and_questions_are_questions() -> None:
    metrics = load_metrics()
    for plan in load_plans().values():
        assert plan.outcome in metrics and plan.question.endswith("?") and plan.assumptions
        if isinstance(plan, Plan):
            assert all("pcn" in metrics[name].levels for name in plan.outcomes)
            needed = 10 * len(plan.covariates)
            assert plan.estimator.least_cohort >= needed, "ten adopters for each covariate"


def test_a_comment_does_not_change_the_hash_and_a_choice_does(tmp_path: Path) -> None:
    plan = load_plans()[SOURCE.stem]
    same = load_plans(written(tmp_path / "same", {}, "# a remark\n"))[plan.id]
    other = load_plans(written(tmp_path / "other", {"estimator.draws": 499}))[plan.id]
    assert same.hash == plan.hash != other.hash
    assert differences(plan.content, other.content) == (f"estimator.draws: 499, was {plan.estimator.draws}",)
    assert differences(plan.content, same.content) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"outcomes": []}, "outcomes: Extra inputs are not permitted"),
        ({"estimator.method": "two_way_fixed_effects"}, "estimator.method"),
        ({"estimator.draws": 10}, "estimator.draws"),
        ({"outcome": "no_such_measure"}, "no measure no_such_measure"),
        (
            {"outcome": "spend_against_ceiling"},
            "spend_against_ceiling is not measured for every pcn and quarter",
        ),
        ({"secondary": ["pcn_trainee_technicians_fte"]}, "an outcome is named twice"),
        ({"period.last": "2020-01-01"}, "period: Value error, last: expected a day after first"),
        ({"id": "another"}, f"id: expected {SOURCE.stem}, found another"),
        ({"placebo.outcomes": []}, "placebo.outcomes"),
        ({"covariates": ["favourite_colour"]}, "covariates.0"),
        ({"design": "before_and_after"}, "design"),
    ],
)
def test_a_wrong_plan_is_refused_by_file_and_key(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(RegistryError) as error:
        load_plans(written(tmp_path / "plans", change))
    assert SOURCE.name in str(error.value) and words in str(error.value)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("first_board", {"treated.board": "QOP"}, "treated.board: Extra inputs are not permitted"),
        ("first_board", {"treated.share": 0}, "treated.share"),
        ("first_board", {"quarters.after": 0}, "quarters.after"),
        ("first_board", {"donors": "all"}, "donors"),
        ("first_board", {"refuse.donors_below": 1}, "refuse.donors_below"),
        ("first_board", {"outcome": "no_such_measure"}, "no measure no_such_measure"),
        (
            "first_board",
            {"outcome": "spend_against_ceiling"},
            "spend_against_ceiling is not measured for every icb and quarter",
        ),
        (
            "first_board",
            {"outcome": "new_independent_prescribers"},
            "is of disclosure class B: a board's quarters are not published",
        ),
        ("more_prescribers", {"dose.edges": [2, 1]}, "edges: expected rising doses"),
        ("more_prescribers", {"dose.edges": []}, "dose.edges"),
        ("more_prescribers", {"dose.count": "pharmacists"}, "dose.count"),
        (
            "more_prescribers",
            {"dose.quarters": 7},
            "dose.quarters: expected at most the quarters of the window",
        ),
        ("more_prescribers", {"refuse.never_below": 1}, "refuse.never_below"),
        (
            "more_prescribers",
            {"outcome": "spend_against_ceiling"},
            "spend_against_ceiling is not measured for every pcn and quarter",
        ),
    ],
)
def test_a_wrong_plan_of_boards_or_doses_is_refused_by_file_and_key(
    tmp_path: Path, name: str, change: dict[str, Any], words: str
) -> None:
    source = PLANS_DIR / f"{name}.yml"
    with pytest.raises(RegistryError) as error:
        load_plans(written(tmp_path / "plans", change, source=source))
    assert source.name in str(error.value) and words in str(error.value)
