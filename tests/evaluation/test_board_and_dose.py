"""Plans of one board and of doses worked through: which board is picked, what is told and what refuses them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from diff_diff import CallawaySantAnna, SyntheticControl

from dbt_project.registry.plans import BoardPlan, DosePlan, load_plans
from evaluation.impact_board import Chosen, assess_board, chosen
from evaluation.impact_dose import assess_dose

BOARD = next(plan for plan in load_plans().values() if isinstance(plan, BoardPlan))
DOSE = next(plan for plan in load_plans().values() if isinstance(plan, DosePlan))
EFFECT, PER_DOSE, SINCE = 2.0, 0.5, 10


def boards(seed: int = 4, donors: int = 24, before: int = SINCE, level: float = 0.0) -> pd.DataFrame:
    """A board that half of its 20 networks reach in quarter ``SINCE``, on the mix of its first three donors."""
    rng = np.random.default_rng(seed)
    periods = np.arange(SINCE - before, SINCE + 6)
    drift = rng.normal(0, 1, (donors, len(periods))).cumsum(axis=1) + rng.normal(10, 3, (donors, 1))
    mixed = 0.5 * drift[0] + 0.3 * drift[1] + 0.2 * drift[2] + rng.normal(0, 0.05, len(periods)) + level
    series = {"B00": mixed + EFFECT * (periods >= SINCE)}
    series |= {f"D{number:02d}": one + rng.normal(0, 0.05, len(periods)) for number, one in enumerate(drift)}
    frames = [
        pd.DataFrame(
            {
                "unit": unit,
                "period": periods,
                "region": "near" if unit in ("B00", "D01", "D05") else "far",
                "networks": 20,
                "adopted": np.where(periods >= SINCE, 10, 4) if unit == "B00" else 3,
                "outcome": values,
            }
        )
        for unit, values in series.items()
    ]
    return pd.concat(frames, ignore_index=True)


def changed(frame: pd.DataFrame, unit: str, column: str, values: Any, since: int = 0) -> pd.DataFrame:
    here = (frame["unit"] == unit) & (frame["period"] >= since)
    return frame.assign(**{column: frame[column].where(~here, values)})


class TestTheBoardThatIsPicked:
    def test_the_first_that_reaches_the_share_against_all_that_did_not_in_time(self) -> None:
        frame = changed(boards(donors=4), "D01", "adopted", 12, SINCE + 3)
        frame = changed(frame, "D02", "adopted", 12, SINCE + 4)  # a quarter after the last compared
        assert chosen(frame, BOARD) == Chosen("B00", SINCE, ("D00", "D02", "D03"))

    def test_of_several_at_once_the_one_with_the_larger_share(self) -> None:
        frame = changed(boards(donors=4), "D03", "adopted", 11, SINCE)
        assert chosen(frame, BOARD) == Chosen("D03", SINCE, ("D00", "D01", "D02"))
        equal = changed(boards(donors=4), "D03", "adopted", 10, SINCE)
        assert chosen(equal, BOARD) == Chosen("B00", SINCE, ("D00", "D01", "D02"))

    def test_small_boards_are_neither_picked_nor_donors(self) -> None:
        frame = changed(boards(donors=4), "D00", "networks", BOARD.treated.least_networks - 1)
        frame = changed(frame, "D00", "adopted", 8, SINCE - 5)
        assert chosen(frame, BOARD) == Chosen("B00", SINCE, ("D01", "D02", "D03"))

    def test_outcomes_do_not_move_the_choice(self) -> None:
        frame = boards()
        shuffled = frame.assign(outcome=frame["outcome"].sample(frac=1, random_state=1).to_numpy())
        assert chosen(frame, BOARD) == chosen(shuffled, BOARD)

    def test_a_board_that_cannot_be_followed_is_none(self) -> None:
        frame = boards()
        early = frame[frame["period"] < SINCE + BOARD.quarters.after - 1]
        for found in (early, frame.assign(adopted=3)):
            assert chosen(found, BOARD) is None
            refused = assess_board(found, BOARD).refused
            assert refused == (
                "No board of at least 10 networks had adopters in 50% of them early enough to be followed for 4"
                " quarters.",
            )


class TestOneBoard:
    @pytest.mark.filterwarnings("ignore::UserWarning")
    def test_the_effect_is_diff_diffs_and_holds_the_planted_one(self) -> None:
        frame = boards()
        found = assess_board(frame, BOARD)
        assert found.refused == () and (found.adopters, found.others) == (1, 24)
        rows = found.estimates.set_index("part")
        effect = rows.loc["effect"]
        assert effect["lower_95"] < EFFECT < effect["upper_95"]
        assert effect["p"] == pytest.approx(1 / 25), "no placebo comes near it"
        compared = frame[frame["period"] < SINCE + BOARD.quarters.after]
        marked = compared.assign(
            treated=((compared["unit"] == "B00") & (compared["period"] >= SINCE)).astype(int)
        )
        other = SyntheticControl(v_method="custom", custom_v=np.ones(SINCE), standardize="none")
        theirs = other.fit(marked, "outcome", "treated", "unit", "period", pre_period_outcomes="all")
        assert effect["estimate"] == pytest.approx(theirs.att, abs=1e-6)
        weights = rows.loc["weight"].set_index("label")["estimate"]
        assert weights[weights > 1e-6].to_dict() == pytest.approx(dict(theirs.donor_weights), abs=1e-5)

    def test_series_gap_errors_and_ranks_follow_from_outcomes_and_weights(self) -> None:
        frame = boards()
        rows = assess_board(frame, BOARD).estimates
        wide = frame[frame["period"] < SINCE + BOARD.quarters.after].pivot(
            index="period", columns="unit", values="outcome"
        )
        weights = rows[rows["part"] == "weight"].set_index("label")["estimate"]
        mix = wide[weights.index] @ weights

        def series(part: str) -> list[float]:
            drawn = rows[rows["part"] == part].sort_values("position")
            assert drawn["position"].tolist() == list(range(-SINCE, BOARD.quarters.after))
            return drawn["estimate"].tolist()

        gap = wide["B00"] - mix
        assert series("observed") == pytest.approx(wide["B00"].tolist())
        assert series("synthetic") == pytest.approx(mix.tolist())
        assert series("gap") == pytest.approx(gap.tolist(), abs=1e-6)
        before, after = gap[gap.index < SINCE], gap[gap.index >= SINCE]
        one = rows.set_index("part")["estimate"]
        assert one["fit_error"] == pytest.approx(np.sqrt((before**2).mean()), rel=1e-5)
        assert one["spread"] == pytest.approx(wide.loc[: SINCE - 1].std(axis=1).mean())
        assert one["effect"] == pytest.approx(after.mean(), rel=1e-6)
        ranked = rows[rows["part"] == "ratio"].set_index("label")["estimate"]
        assert ranked.is_monotonic_decreasing and len(ranked) == 25
        assert ranked["B00"] == pytest.approx(
            np.sqrt((after**2).mean()) / np.sqrt((before**2).mean()), rel=1e-5
        )
        gaps = rows[rows["part"] == "placebo_gap"]
        for label, each in gaps.groupby("label"):
            root = each.assign(square=each["estimate"] ** 2).groupby(each["position"] >= 0)["square"].mean()
            assert ranked[label] == pytest.approx(np.sqrt(root[True] / root[False]), rel=1e-5)

    def test_without_one_donor_is_the_effect_where_it_never_was(self) -> None:
        frame = boards()
        rows = assess_board(frame, BOARD).estimates
        left = rows[rows["part"] == "leave_donor"].set_index("label")["estimate"]
        used = rows[(rows["part"] == "weight") & (rows["estimate"] > 0.001)]["label"]
        assert sorted(left.index) == sorted(used)
        for name, effect in left.items():
            again = assess_board(frame[frame["unit"] != name], BOARD).estimates.set_index("part")
            assert effect == pytest.approx(again.loc["effect", "estimate"], rel=1e-6)

    def test_without_its_region_is_the_effect_against_boards_further_away(self) -> None:
        frame = boards()
        rows = assess_board(frame, BOARD).estimates.set_index("part")
        apart = rows.loc["leave_region"]
        again = assess_board(frame[~frame["unit"].isin(["D01", "D05"])], BOARD).estimates.set_index("part")
        assert apart["estimate"] == pytest.approx(again.loc["effect", "estimate"], rel=1e-6)
        assert apart["estimate"] != pytest.approx(rows.loc["effect", "estimate"], abs=1e-3), (
            "D01 was in the mix"
        )
        assert apart["units"] == 22
        alone = assess_board(frame.assign(region="near"), BOARD).estimates
        assert "leave_region" not in set(alone["part"]), "nobody is left to compare with"

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"donors": 18}, "18 boards can be donors; the plan asks for at least 19"),
            ({"before": 7}, "There are 7 quarters before the date; the plan asks for at least 8."),
            ({"level": 30.0}, "Before the date no mix of donors went along with the board: the error is"),
        ],
    )
    def test_what_the_plan_refuses(self, change: dict[str, Any], words: str) -> None:
        assert any(words in reason for reason in assess_board(boards(**change), BOARD).refused)

    def test_one_donor_is_no_mix(self) -> None:
        frame = boards()
        found = assess_board(frame[frame["unit"].isin(["B00", "D00"])], BOARD)
        assert found.refused[-1].startswith("Nothing could be estimated: at least two donors")
        assert found.estimates.empty

    def test_a_mix_of_one_is_refused(self) -> None:
        frame = boards()
        twin = frame[frame["unit"] == "D05"].set_index("period")["outcome"]
        here = frame["unit"] == "B00"
        frame.loc[here, "outcome"] = frame.loc[here, "period"].map(twin) + 0.001
        assert any("One donor carries" in reason for reason in assess_board(frame, BOARD).refused)

    def test_the_silent_are_left_out_and_told_and_a_silent_board_refuses(self) -> None:
        silent = changed(boards(), "D20", "outcome", np.nan, SINCE + 1)
        found = assess_board(silent, BOARD)
        assert found.deviations == ("donors left out for want of an outcome in some quarter: 1",)
        assert found.others == 23 and "D20" not in set(found.estimates["label"])
        nobody = assess_board(changed(boards(), "B00", "outcome", np.nan, SINCE + 1), BOARD)
        assert nobody.refused == ("The board that the plan picks has no outcome in some of the quarters.",)
        assert nobody.estimates.empty


def networks(
    seed: int = 5, each: int = 90, never: int = 120, trend: float = 0.0, quarters: int = 18
) -> pd.DataFrame:
    """Networks of three doses and of none in 30 boards; each dose adds ``PER_DOSE`` a unit of it."""
    rng = np.random.default_rng(seed)
    dose = np.repeat([0.0, 0.8, 1.2, 2.0], [never, each, each, each])
    units = pd.DataFrame(
        {
            "unit": [f"U{number:03d}" for number in range(len(dose))],
            "icb": [f"Q{number % 30:02d}" for number in range(len(dose))],
            "dose": dose,
            "first_treated": np.where(dose > 0, rng.choice([8, 10], len(dose)), 0),
            "level": rng.normal(10, 1, len(dose)),
        }
    )
    panel = units.merge(pd.DataFrame({"period": range(1, quarters + 1)}), how="cross")
    effect = PER_DOSE * panel["dose"] * ((panel["dose"] > 0) & (panel["period"] >= panel["first_treated"]))
    noise = rng.normal(0, 0.3, len(panel))
    outcome = panel["level"] + effect + 0.1 * panel["period"] + trend * panel["dose"] * panel["period"]
    return panel.assign(outcome=outcome + noise).drop(columns="level")


class TestDoses:
    def test_the_line_and_the_bands_hold_what_was_planted(self) -> None:
        found = assess_dose(networks(), DOSE)
        assert found.refused == () and (found.adopters, found.others) == (270, 120)
        rows = found.estimates.set_index("part")
        line = rows.loc["per_dose"]
        assert line["lower_95"] < PER_DOSE < line["upper_95"] and line["p"] < 0.001
        assert rows.loc["detectable", "estimate"] == pytest.approx(2.801585 * line["se"], rel=1e-6)
        bands = rows.loc["band"]
        assert bands["label"].tolist() == ["below 1", "1 to below 1.5", "1.5 or more"]
        assert bands["position"].tolist() == pytest.approx([0.8, 1.2, 2.0])
        assert bands["units"].tolist() == [90, 90, 90]
        away = (bands["estimate"] - PER_DOSE * bands["position"]) / bands["se"]
        assert away.abs().max() < 3
        assert rows.loc["line", "estimate"].tolist() == pytest.approx([0.0, 2.0 * line["estimate"]])
        assert rows.loc["line", "upper_95"].tolist() == pytest.approx([0.0, 2.0 * line["upper_95"]])

    def test_a_band_is_callaway_and_santannas_estimate_of_its_networks(self) -> None:
        frame = networks()
        rows = assess_dose(frame, DOSE).estimates
        estimator = CallawaySantAnna(
            control_group="never_treated", base_period="universal", anticipation=DOSE.window.anticipation
        )
        for band in rows[rows["part"] == "band"].itertuples():
            part = frame[frame["dose"].isin([0.0, round(band.position, 6)])]
            fit = estimator.fit(part, "outcome", "unit", "period", "first_treated")
            effects = fit.aggregate("event_study").to_dataframe().set_index("event_time")["att"]
            assert band.estimate == pytest.approx(effects.loc[0 : DOSE.window.after].mean())

    def test_without_one_board_is_the_line_where_it_never_was(self) -> None:
        frame = networks()
        rows = assess_dose(frame, DOSE).estimates
        left = rows[rows["part"] == "leave_icb"].set_index("label")["estimate"]
        assert len(left) == 30
        again = assess_dose(frame[frame["icb"] != "Q07"], DOSE).estimates.set_index("part")
        assert left["Q07"] == pytest.approx(again.loc["per_dose", "estimate"])

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"each": 15}, "45 networks that adopted can be compared; the plan asks for at least 60."),
            ({"never": 40}, "40 networks that never adopted can be compared; the plan asks for at least 50."),
            (
                {"trend": 0.2},
                "Before adoption, networks of some dose and others did not move alike (joint test, p <",
            ),
            (
                {"quarters": 9},
                "Nothing could be estimated: no dosed unit is observed in all the periods needed.",
            ),
        ],
    )
    def test_what_the_plan_refuses(self, change: dict[str, Any], words: str) -> None:
        found = assess_dose(networks(**change), DOSE)
        assert any(words in reason for reason in found.refused)
        assert found.remarks == (), "they would tell of effects"

    def test_a_small_or_empty_band_is_refused(self) -> None:
        frame = networks()
        few = frame[
            (frame["dose"] != 1.2) | frame["unit"].isin([f"U{number:03d}" for number in range(210, 219)])
        ]
        assert any(
            reason == "The smallest band of dose holds 9 networks; the plan asks for at least 10."
            for reason in assess_dose(few, DOSE).refused
        )
        assert any(
            reason == "A band of dose that the plan asks for holds no network."
            for reason in assess_dose(frame[frame["dose"] != 1.2], DOSE).refused
        )

    def test_a_change_of_reporters_is_refused_and_unknown_patients_are_left_out(self) -> None:
        frame = networks()
        silent = frame.assign(outcome=frame["outcome"].mask((frame["period"] == 1) & (frame["icb"] < "Q10")))
        assert any(
            "In one quarter 67% of networks reported the outcome" in reason
            for reason in assess_dose(silent, DOSE).refused
        )
        unknown = assess_dose(frame.assign(dose=frame["dose"].mask(frame["unit"] == "U300")), DOSE)
        assert unknown.deviations == ("networks left out because their patients are not known: 1",)
        assert unknown.adopters == 269
