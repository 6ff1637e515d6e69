"""Plans on a build: the panel that is read, what is told, what is kept, and that locks and readings are remembered."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from made_build import EFFECT, MERGED, VINTAGE, Made, made_build

from dbt_project.registry import load_metrics
from dbt_project.registry.plans import Plan, load_plans
from evaluation import impact
from orchestration import audit
from orchestration.answers import DataRefused, UsageProblem
from orchestration.impact import answering, locking, running
from orchestration.impact.panel import quarter_start, read_panel
from orchestration.settings import Settings


@pytest.fixture(scope="module")
def plan() -> Plan:
    found = load_plans()["first_prescriber"]
    assert isinstance(found, Plan)
    return found


@pytest.fixture(scope="module")
def made(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made_build(tmp_path_factory.mktemp("impact") / "home", plan)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", landing=tmp_path / "home" / "landing").prepare()


class TestPanel:
    def test_every_network_as_it_is_now_in_every_quarter_that_ended(self, made: Made, plan: Plan) -> None:
        panel = read_panel(made.build.path(made.settings), plan, load_metrics(), VINTAGE)
        assert panel["unit"].nunique() == 280 and MERGED not in set(panel["unit"])
        quarters = sorted(panel["period"].unique())
        assert [quarter_start(quarters[0]), quarter_start(quarters[-1])] == [
            plan.period.first,
            VINTAGE.replace(month=4, day=1),
        ]
        assert len(panel) == 280 * len(quarters) == 280 * 17
        a_day_less = read_panel(made.build.path(made.settings), plan, load_metrics(), VINTAGE.replace(day=29))
        assert a_day_less["period"].nunique() == 16

    def test_the_last_census_of_a_quarter_counts_and_who_is_silent_has_none(
        self, made: Made, plan: Plan
    ) -> None:
        panel = read_panel(made.build.path(made.settings), plan, load_metrics(), VINTAGE)
        assert panel[plan.outcome].max() < 50, "the first census of each quarter lies a hundred higher"
        silent = panel[panel["unit"] == "U00007"].set_index("period")[plan.outcome]
        assert silent.isna().sum() == 1 and pd.isna(silent.iloc[-1])

    def test_adoption_is_the_quarter_of_the_first_month(self, made: Made, plan: Plan) -> None:
        panel = read_panel(made.build.path(made.settings), plan, load_metrics(), VINTAGE)
        first = panel.drop_duplicates("unit").set_index("unit")["first_treated"]
        assert first["U00000"] == 0
        assert quarter_start(first["U00001"]).isoformat() == "2022-07-01"
        assert quarter_start(first["U00003"]).isoformat() == "2023-10-01"
        early = plan.model_copy(
            update={
                "period": plan.period.model_copy(update={"last": VINTAGE.replace(year=2023, month=4, day=1)})
            }
        )
        cut = read_panel(made.build.path(made.settings), early, load_metrics(), VINTAGE)
        assert (cut.loc[cut["unit"] == "U00003", "first_treated"] == 0).all(), (
            "it adopts after the panel ends"
        )


class TestRun:
    @pytest.fixture(scope="class")
    def told(self, made: Made, plan: Plan) -> answering.Told:
        locking.lock(made.settings, plan, by="Evaluation lead", why="before the first look")
        return answering.run_plan(made.settings, plan.id)

    def test_the_planted_effect_is_found_and_told(self, told: answering.Told) -> None:
        assert told.good and told.content["status"] == "published", told.content["refused"]
        main = next(row for row in told.content["estimates"] if row["part"] == "overall")
        assert main["lower_95"] < EFFECT < main["upper_95"] and main["p"] < 0.001
        text = "\n".join(told.lines())
        assert "Confirmatory estimate" in text and f"{main['estimate']:.3g} (95% interval" in text
        assert "not rejecting is not proof" in text and "without one icb" in text
        json.dumps(told.as_dict())

    def test_what_did_not_change_is_not_worked_out_again(
        self, told: answering.Told, made: Made, plan: Plan, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(impact, "assess", None)
        again = answering.run_plan(made.settings, plan.id)
        assert again.as_dict() == told.as_dict()

    def test_published_tables_hold_it_with_its_plan(
        self, told: answering.Told, made: Made, plan: Plan
    ) -> None:
        stand = locking.standing(made.settings, plan)
        frames = running.frames(made.settings, made.build, [stand], lambda _: None)
        analysis = frames[running.ANALYSIS].iloc[0]
        assert (analysis["status"], analysis["plan_hash"]) == ("published", plan.hash)
        assert analysis["vintage"] == pd.Timestamp(VINTAGE) and "diff-diff 3.13.0" in analysis["engine"]
        estimates = frames[running.ESTIMATE]
        assert len(estimates) == len(told.content["estimates"])
        cohorts = estimates.loc[estimates["part"] == "cohort", "cohort"].dt.date.unique()
        assert [day.isoformat() for day in cohorts] == ["2022-07-01", "2023-01-01", "2023-10-01"]
        assert len(frames[running.REPORTING]) == 17

    def test_a_refused_estimate_is_in_no_table(
        self, made: Made, plan: Plan, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        strict = plan.model_copy(update={"refuse": plan.refuse.model_copy(update={"adopters_below": 10_000})})
        monkeypatch.setattr(running, "load_plans", lambda: {plan.id: strict})
        stand = replace(locking.standing(made.settings, plan), hash=strict.hash)
        frames = running.frames(made.settings, made.build, [stand], lambda _: None)
        analysis = frames[running.ANALYSIS].iloc[0]
        assert analysis["status"] == "refused" and "at least 10000" in analysis["refused_because"]
        assert (
            pd.isna(analysis["adopters"]) and frames[running.ESTIMATE].empty and frames[running.BALANCE].empty
        )
        assert list(frames[running.ESTIMATE].columns)[:2] == ["analysis_id", "part"]

    def test_a_plan_nobody_locked_is_not_run(self, made: Made, plan: Plan, settings: Settings) -> None:
        stand = locking.standing(settings, plan)
        frames = running.frames(settings, made.build, [stand], pytest.fail)
        assert frames[running.ANALYSIS]["status"].tolist() == ["awaiting_lock"]
        assert frames[running.REPORTING].empty


class TestLocks:
    def test_locked_before_it_is_read_it_is_confirmatory(self, settings: Settings, plan: Plan) -> None:
        locking.lock(settings, plan, by="Lead", why="the plan is agreed")
        locking.note_reading(settings, plan, "000001")
        stand = locking.standing(settings, plan)
        assert stand.confirmatory and stand.locked_by == "Lead" and stand.remark == ""
        assert locking.of_facts(json.loads(json.dumps(locking.as_facts(stand)))) == stand

    def test_read_before_it_is_locked_it_is_exploratory_for_good(
        self, settings: Settings, plan: Plan
    ) -> None:
        locking.note_reading(settings, plan, "000001")
        locking.lock(settings, plan, by="Lead", why="late")
        stand = locking.standing(settings, plan)
        assert not stand.confirmatory and "had been read on" in stand.remark

    def test_another_plan_of_the_same_outcome_reads_it_too(self, settings: Settings, plan: Plan) -> None:
        locking.note_reading(settings, plan.model_copy(update={"id": "another"}), "000001")
        locking.lock(settings, plan, by="Lead", why="late")
        assert not locking.standing(settings, plan).confirmatory

    def test_a_change_after_the_lock_is_told_choice_by_choice(self, settings: Settings, plan: Plan) -> None:
        locking.lock(settings, plan, by="Lead", why="the plan is agreed")
        changed = plan.model_copy(update={"covariates": plan.covariates[:1]})
        stand = locking.standing(settings, changed)
        assert not stand.confirmatory and stand.remark == "It was changed after it was locked."
        assert len(stand.deviations) == 1 and stand.deviations[0].startswith("covariates: ")

    def test_a_lock_cannot_be_taken_back_or_backdated(self, settings: Settings, plan: Plan) -> None:
        locking.lock(settings, plan, by="Lead", why="the plan is agreed")
        with pytest.raises(locking.AlreadyLocked, match="is locked as it is since"):
            locking.lock(settings, plan, by="Lead", why="again")
        log = settings.home / audit.FILE
        log.write_text(
            log.read_text(encoding="utf-8").replace("plan_locked", "plan_lockee"), encoding="utf-8"
        )
        with pytest.raises(audit.AuditBroken):
            locking.standing(settings, plan)

    def test_one_reading_is_entered_once(self, settings: Settings, plan: Plan) -> None:
        for _ in range(3):
            locking.note_reading(settings, plan, "000001")
        assert [entry.action for entry in audit.read(settings)] == ["outcome_read"]


class TestAnswers:
    def test_the_list_says_how_each_plan_stands(self, settings: Settings, plan: Plan) -> None:
        assert "not locked" in "\n".join(answering.listing(settings).lines())
        answering.lock_plan(settings, plan.id, by="Lead", why="agreed")
        assert "by Lead" in "\n".join(answering.listing(settings).lines())

    @pytest.mark.parametrize(
        ("name", "by", "why", "words"),
        [
            (
                "nope",
                "Lead",
                "agreed",
                "PLAN: found 'nope', expected one of first_board, first_intake",
            ),
            ("first_prescriber", " ", "agreed", "--by: found nothing, expected a name"),
            ("first_prescriber", "Lead", "", "--why: found nothing, expected a reason"),
            ("first_prescriber", "someone@example.org", "agreed", "by: found what may be"),
        ],
    )
    def test_a_wrong_lock_says_what_is_expected(
        self, settings: Settings, name: str, by: str, why: str, words: str
    ) -> None:
        with pytest.raises(UsageProblem, match=words):
            answering.lock_plan(settings, name, by=by, why=why)
        assert audit.read(settings) == ()

    def test_without_a_build_there_is_nothing_to_evaluate(self, settings: Settings, plan: Plan) -> None:
        with pytest.raises(DataRefused, match="there is no build"):
            answering.run_plan(settings, plan.id)
