"""Analysis plans: what an impact evaluation will estimate, fixed before anybody looks at its outcome.

One YAML file a plan in ``dbt_project/analysis_plans/``. Its hash is that of what it says, not of how the file is
laid out: a comment may be mended after the lock, a choice may not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from dbt_project.registry.errors import RegistryError, explain, read_yaml
from dbt_project.registry.feeds import Strict
from dbt_project.registry.metrics import Metric, load_metrics
from dbt_project.registry.paths import DBT_PROJECT_DIR

PLANS_DIR = DBT_PROJECT_DIR / "analysis_plans"
Covariate = Literal["deprivation", "rural", "list_size"]
Share = Annotated[float, Field(ge=0, le=1)]


class Treatment(Strict):
    """What adoption is; ``event`` names a column of the dbt model ``int_network_adoption``."""

    event: Literal["first_funded_prescriber"]
    description: str


class Period(Strict):
    """The periods compared. ``last`` empty: to the newest period that is complete."""

    grain: Literal["quarter"]
    first: date
    last: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        if self.last is not None and self.last <= self.first:
            raise ValueError("last: expected a day after first")
        return self


class Estimator(Strict):
    """Callaway-Sant'Anna, doubly robust, universal base; periods are those of the plan."""

    method: Literal["callaway_santanna"]
    control: Literal["not_yet_treated", "never_treated"]
    anticipation: int = Field(ge=0)
    before: int = Field(ge=1)
    after: int = Field(ge=0)
    least_cohort: int = Field(ge=1)
    draws: int = Field(ge=99)
    seed: int


class Placebo(Strict):
    """Where nothing should be found: ``date_shift`` periods before, and outcomes that adoption cannot move."""

    date_shift: int = Field(ge=1)
    outcomes: tuple[str, ...] = Field(min_length=1)


class Sensitivity(Strict):
    """Under which other choices the estimate is shown again.

    ``smoothness``: bounds on the change of slope of a difference in trends, as shares of the standard deviation of
    the outcome. ``cluster``: the wider groups that may share shocks. ``leave_out``: what is left out one by one.
    """

    smoothness: tuple[float, ...] = Field(min_length=2)
    cluster: Literal["icb"]
    leave_out: tuple[Literal["cohort", "icb"], ...]
    constant_reporters: Literal[True] = True
    neighbours: Literal["sub_icb"]


class Refusal(Strict):
    """When the estimate is not published, whatever it says."""

    pretrend_p_below: Share
    reporting_share_below: Share
    adopters_below: int = Field(ge=1)
    placebo_date_p_below: Share


class Plan(Strict):
    """One analysis."""

    id: str
    title: str
    question: str
    why: str
    outcome: str
    secondary: tuple[str, ...] = ()
    treatment: Treatment
    unit: Literal["pcn"]
    geography: Literal["as_now"]
    period: Period
    estimator: Estimator
    covariates: tuple[Covariate, ...]
    cluster: Literal["pcn"]
    placebo: Placebo
    sensitivity: Sensitivity
    subgroups: tuple[Literal["deprived_half", "less_deprived_half", "urban", "rural"], ...] = ()
    multiplicity: Literal["holm"]
    refuse: Refusal
    assumptions: tuple[str, ...] = Field(min_length=1)
    owner: str
    version: int = Field(ge=1)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcome in question, those beside it and those that should not move."""
        return (self.outcome, *self.secondary, *self.placebo.outcomes)

    @property
    def content(self) -> dict[str, Any]:
        """What the plan says, as plain data."""
        return self.model_dump(mode="json")

    @property
    def hash(self) -> str:
        """SHA-256 of what the plan says."""
        text = json.dumps(self.content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=4)
def load_plans(folder: Path = PLANS_DIR) -> dict[str, Plan]:
    """Every plan by id, in order of their files. Raises :class:`RegistryError`."""
    plans: dict[str, Plan] = {}
    metrics = load_metrics()
    for path in sorted(folder.glob("*.yml")):
        plan = _read(path)
        if plan.id != path.stem:
            raise RegistryError(f"{path.name}: id: expected {path.stem}, found {plan.id}")
        if problems := _problems(plan, metrics):
            raise RegistryError("\n".join(f"{path.name}: {problem}" for problem in problems))
        plans[plan.id] = plan
    return plans


def differences(was: Mapping[str, Any], now: Mapping[str, Any], at: str = "") -> tuple[str, ...]:
    """What a plan says now that it did not say before, key by key: "estimator.draws: 999, was 99"."""
    found: list[str] = []
    for key in sorted({*was, *now}):
        name = f"{at}{key}"
        one, two = was.get(key), now.get(key)
        if isinstance(one, Mapping) and isinstance(two, Mapping):
            found += differences(one, two, f"{name}.")
        elif one != two:
            found.append(
                f"{name}: {json.dumps(two, ensure_ascii=False)}, was {json.dumps(one, ensure_ascii=False)}"
            )
    return tuple(found)


def _read(path: Path) -> Plan:
    try:
        return Plan.model_validate(read_yaml(path))
    except ValidationError as error:
        raise explain(path, error) from error


def _problems(plan: Plan, metrics: Mapping[str, Metric]) -> list[str]:
    found: list[str] = []
    for name in plan.outcomes:
        metric = metrics.get(name)
        if metric is None:
            found.append(f"no measure {name}")
        elif plan.unit not in metric.levels or not {"month", plan.period.grain} & set(metric.grains):
            found.append(f"{name} is not measured for every {plan.unit} and {plan.period.grain}")
    if len(set(plan.outcomes)) < len(plan.outcomes):
        found.append("an outcome is named twice")
    return found
