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

from pydantic import Field, TypeAdapter, ValidationError, model_validator

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


class AnalysisPlan(Strict):
    """What every plan says, whatever its design."""

    id: str
    title: str
    question: str
    why: str
    outcome: str
    assumptions: tuple[str, ...] = Field(min_length=1)
    owner: str
    version: int = Field(ge=1)

    @property
    def content(self) -> dict[str, Any]:
        """What the plan says, as plain data."""
        return self.model_dump(mode="json")

    @property
    def hash(self) -> str:
        """SHA-256 of what the plan says."""
        text = json.dumps(self.content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


class Plan(AnalysisPlan):
    """Staggered adoption: networks that adopt against those that have not yet."""

    design: Literal["staggered_adoption"]
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

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcome in question, those beside it and those that should not move."""
        return (self.outcome, *self.secondary, *self.placebo.outcomes)


class Months(Strict):
    """The months of a series; ``last`` empty: to the newest month that is complete."""

    first: date
    last: date | None = None


class SeriesRefusal(Strict):
    """When the estimate of a series is not published."""

    months_before_below: int = Field(ge=8)
    months_after_below: int = Field(ge=8)
    autocorrelation_above: Share


class SeriesPlan(AnalysisPlan):
    """Interrupted time series: England's months before and after a date known beforehand."""

    design: Literal["interrupted_time_series"]
    event: str
    since: date
    months: Months
    model: Literal["counts", "continuous"]
    slope_change: bool
    harmonics: int = Field(ge=0, le=3)
    placebo_months: int = Field(ge=3)
    refuse: SeriesRefusal

    @model_validator(mode="after")
    def _since_lies_within(self) -> SeriesPlan:
        if not self.months.first < self.since < (self.months.last or date.max):
            raise ValueError("since: expected a month after the first and before the last")
        return self


class ApplicantsRefusal(Strict):
    """When the estimate from rationed applicants is not published."""

    refused_below: int = Field(ge=1)
    first_stage_f_below: float = Field(ge=0)
    imbalance_above: Share


class ApplicantsPlan(AnalysisPlan):
    """Capacity-rationed applicants: offered a place against refused for want of room, at one provider and time."""

    design: Literal["rationed_applicants"]
    treatment: str
    stratum: Literal["provider_quarter"]
    cluster: Literal["provider"]
    within_days: int = Field(ge=30)
    first: date
    covariates: tuple[Literal["sector", "icb"], ...]
    refuse: ApplicantsRefusal


class TreatedBoard(Strict):
    """Which board is compared, by adoption alone: the first in which ``share`` of the networks have adopted.

    Of several in the same quarter the one with the larger share, then the first by code. ``least_networks``: boards
    with fewer are neither treated nor donors, for one network would make a large share of them.
    """

    event: Literal["first_funded_prescriber"]
    share: float = Field(gt=0, le=1)
    least_networks: int = Field(ge=1)


class BoardQuarters(Strict):
    """The quarters fitted, from ``first`` to the last before the date, and how many count from the date on."""

    first: date
    after: int = Field(ge=1)


class BoardRefusal(Strict):
    """When the estimate of a board against its donors is not published.

    ``fit_error_above``: root mean square error of the fit before the date, as a share of the spread between boards.
    """

    donors_below: int = Field(ge=2)
    quarters_before_below: int = Field(ge=4)
    fit_error_above: float = Field(gt=0)
    largest_weight_above: float = Field(gt=0, le=1)


class BoardPlan(AnalysisPlan):
    """Synthetic control: one board against the mix of other boards that went along with it before.

    ``donors``: boards in which the share was not reached in any quarter compared.
    """

    design: Literal["synthetic_control"]
    unit: Literal["icb"]
    geography: Literal["as_now"]
    treated: TreatedBoard
    quarters: BoardQuarters
    donors: Literal["share_not_reached"]
    refuse: BoardRefusal


class Dose(Strict):
    """How much of the programme a network had: funded prescribers in post, for so many patients.

    Counted over the quarter of adoption and those after it, ``quarters`` in all, so over the same span for everybody.
    ``edges``: doses at which a new band begins.
    """

    count: Literal["funded_prescribers"]
    per_patients: int = Field(ge=1)
    quarters: int = Field(ge=1)
    edges: tuple[Annotated[float, Field(gt=0)], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _rising(self) -> Dose:
        if list(self.edges) != sorted(set(self.edges)):
            raise ValueError("edges: expected rising doses")
        return self


class DoseWindow(Strict):
    """Quarters of a network's window: ``before`` for the placebo, none counted in ``anticipation``, ``after``."""

    before: int = Field(ge=1)
    anticipation: int = Field(ge=0)
    after: int = Field(ge=0)


class DoseRefusal(Strict):
    """When the estimate of a dose response is not published."""

    adopters_below: int = Field(ge=1)
    never_below: int = Field(ge=2)
    band_below: int = Field(ge=1)
    placebo_p_below: Share
    reporting_share_below: Share


class DosePlan(AnalysisPlan):
    """Dose response: networks by how many funded prescribers they got, against networks that got none."""

    design: Literal["dose_response"]
    unit: Literal["pcn"]
    geography: Literal["as_now"]
    treatment: Treatment
    dose: Dose
    period: Period
    window: DoseWindow
    cluster: Literal["icb"]
    refuse: DoseRefusal

    @model_validator(mode="after")
    def _dose_lies_within_the_window(self) -> DosePlan:
        if self.dose.quarters > self.window.after + 1:
            raise ValueError(
                "dose.quarters: expected at most the quarters of the window, window.after and one"
            )
        return self


AnyPlan = Plan | SeriesPlan | ApplicantsPlan | BoardPlan | DosePlan
_ANY: TypeAdapter[AnyPlan] = TypeAdapter(Annotated[AnyPlan, Field(discriminator="design")])


@lru_cache(maxsize=4)
def load_plans(folder: Path = PLANS_DIR) -> dict[str, AnyPlan]:
    """Every plan by id, in order of their files. Raises :class:`RegistryError`."""
    plans: dict[str, AnyPlan] = {}
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


def _read(path: Path) -> AnyPlan:
    try:
        return _ANY.validate_python(read_yaml(path))
    except ValidationError as error:
        raise explain(path, error) from error


def _problems(plan: AnyPlan, metrics: Mapping[str, Metric]) -> list[str]:
    if isinstance(plan, Plan):
        return _problems_of_adoption(plan, metrics)
    metric = metrics.get(plan.outcome)
    if metric is None:
        return [f"no measure {plan.outcome}"]
    if isinstance(plan, SeriesPlan):
        return _problems_of_months(plan, metric)
    if isinstance(plan, BoardPlan | DosePlan):
        return _problems_of_quarters(plan, metric)
    return []


def _problems_of_adoption(plan: Plan, metrics: Mapping[str, Metric]) -> list[str]:
    found: list[str] = []
    for name in plan.outcomes:
        metric = metrics.get(name)
        if metric is None:
            found.append(f"no measure {name}")
        elif not _is_quarterly(metric, plan.unit):
            found.append(_not_quarterly(name, plan.unit))
    if len(set(plan.outcomes)) < len(plan.outcomes):
        found.append("an outcome is named twice")
    return found


def _problems_of_months(plan: SeriesPlan, metric: Metric) -> list[str]:
    if "england" not in metric.levels or "month" not in metric.grains:
        return [f"{plan.outcome} is not measured for England by month"]
    # the page draws every month as it was seen
    return [f"{plan.outcome} is of disclosure class C: its months are not published"] * (
        metric.disclosure_class == "C"
    )


def _problems_of_quarters(plan: BoardPlan | DosePlan, metric: Metric) -> list[str]:
    if not _is_quarterly(metric, plan.unit):
        return [_not_quarterly(plan.outcome, plan.unit)]
    # the page draws the board's outcome as it was seen
    if isinstance(plan, BoardPlan) and metric.disclosure_class != "A":
        return [
            f"{plan.outcome} is of disclosure class {metric.disclosure_class}: a board's quarters are not published"
        ]
    return []


def _is_quarterly(metric: Metric, unit: Literal["pcn", "icb"]) -> bool:
    return unit in metric.levels and bool({"month", "quarter"} & set(metric.grains))


def _not_quarterly(name: str, unit: str) -> str:
    return f"{name} is not measured for every {unit} and quarter"
