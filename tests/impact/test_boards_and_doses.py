"""Plans of one board and of doses on a build: locked, run, told, kept and published."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from made_build import EFFECT, Made, made_build

from dbt_project.registry.plans import BoardPlan, DosePlan, Plan, load_plans
from orchestration.impact import answering, locking, running

PLANS = load_plans()
BOARD = next(plan for plan in PLANS.values() if isinstance(plan, BoardPlan))
DOSE = next(plan for plan in PLANS.values() if isinstance(plan, DosePlan))
ADOPTION = next(plan for plan in PLANS.values() if isinstance(plan, Plan))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """44 boards of ten networks; those of a board adopt together."""
    home = tmp_path_factory.mktemp("boards") / "home"
    months = ("2023-08-01", "2024-02-01", "2024-11-01")
    made = made_build(home, ADOPTION, networks=440, boards=44, adopted=months)
    for plan in (BOARD, DOSE):
        locking.lock(made.settings, plan, by="Evaluation lead", why="before the first look")
    return made


@pytest.fixture(scope="module")
def told(made: Made) -> dict[str, answering.Told]:
    return {plan.id: answering.run_plan(made.settings, plan.id) for plan in (BOARD, DOSE)}


def row(told: answering.Told, part: str) -> dict[str, float]:
    return next(row for row in told.content["estimates"] if row["part"] == part)


def test_the_board_is_picked_and_its_planted_effect_is_told(told: dict[str, answering.Told]) -> None:
    found = told[BOARD.id]
    assert found.good and found.content["status"] == "published", found.content["refused"]
    assert found.content["others"] == 22, "never-adopters, and those who adopted after the quarters compared"
    effect = row(found, "effect")
    assert effect["lower_95"] < EFFECT < effect["upper_95"] and effect["p"] == pytest.approx(1 / 23)
    text = "\n".join(found.lines())
    assert (
        "Board Q01, the first with adopters in 50% of its networks (July 2023), against a mix of 22" in text
    )
    assert f"{effect['estimate']:.3g} (95% interval" in text and "(placebo test p = 0.043)" in text
    for words in ("mix: Q", "error of the fit before", "without one donor", "at a pretended date 5 quarters"):
        assert words in text
    apart = row(found, "leave_region")
    assert apart["units"] == 18, "four of the 22 lie in region Y01, as Q01 does"
    assert f"without the boards of its own region, 18 donors are left: {apart['estimate']:.3g}" in text
    json.dumps(found.as_dict())


def test_the_line_and_every_band_are_told(told: dict[str, answering.Told]) -> None:
    found = told[DOSE.id]
    assert found.good and found.content["status"] == "published", found.content["refused"]
    assert (found.content["adopters"], found.content["others"]) == (220, 110), (
        "the last adopters cannot be followed"
    )
    bands = [row for row in found.content["estimates"] if row["part"] == "band"]
    for band in bands:  # the planted effect is the same at every dose
        assert abs(band["estimate"] - EFFECT) < 3 * band["se"]
    text = "\n".join(found.lines())
    assert "for one more prescriber per 50,000 patients (p < 0.001); 220 networks that adopted" in text
    for words in ("below 1 prescribers, ", "1.5 or more prescribers, ", "the bands lie on a line: p < 0.001"):
        assert words in text
    for words in ("highest band less lowest", "early adopters less late", "errors clustered by network"):
        assert words in text
    assert "without one board" in text and "Units chose their dose" in text


def test_what_did_not_change_is_not_worked_out_again(
    told: dict[str, answering.Told], made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("assess_board", "assess_dose"):
        monkeypatch.setattr(running, name, None)
    for plan in (BOARD, DOSE):
        assert answering.run_plan(made.settings, plan.id).as_dict() == told[plan.id].as_dict()


def test_published_tables_hold_both_with_their_quarters(told: dict[str, answering.Told], made: Made) -> None:
    stands = [locking.standing(made.settings, plan) for plan in (BOARD, DOSE)]
    frames = running.frames(made.settings, made.build, stands, lambda _: None)
    analyses = frames[running.ANALYSIS].set_index("analysis_id")
    assert analyses["status"].tolist() == ["published", "published"]
    assert analyses.loc[BOARD.id, "plan_hash"] == BOARD.hash
    quarters = analyses.loc[BOARD.id, ["first_period", "last_period"]]
    assert [each.date().isoformat() for each in quarters] == ["2021-04-01", "2024-04-01"]
    estimates = frames[running.ESTIMATE]
    assert len(estimates) == sum(len(each.content["estimates"]) for each in told.values())
    since = estimates.loc[estimates["part"] == "board", "cohort"]
    assert since.tolist() == [pd.Timestamp("2023-07-01")]


def test_a_changed_plan_deviates_and_is_exploratory(made: Made) -> None:
    changed = BOARD.model_copy(update={"treated": BOARD.treated.model_copy(update={"share": 0.4})})
    stand = locking.standing(made.settings, changed)
    assert not stand.confirmatory and stand.deviations == ("treated.share: 0.4, was 0.5",)
