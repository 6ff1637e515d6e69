"""The theory of change: nodes from input to impact, what must hold between them, and which measures stand on each."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import ValidationError, model_validator

from dbt_project.registry.errors import RegistryError, explain, read_yaml
from dbt_project.registry.feeds import Strict
from dbt_project.registry.metrics import Metric, load_metrics
from dbt_project.registry.paths import DBT_PROJECT_DIR

Kind = Literal["input", "activity", "output", "outcome", "impact"]
ReAim = Literal["reach", "effectiveness", "adoption", "implementation", "maintenance"]
Magenta = Literal["process", "impact", "value for money"]


class Node(Strict):
    """One step: ``assumption`` must hold for what it ``leads_to``; ``unmeasured`` says why nobody measures it."""

    id: str
    kind: Kind
    label: str
    re_aim: ReAim
    magenta: Magenta
    leads_to: tuple[str, ...] = ()
    assumption: str
    metrics: tuple[str, ...] = ()
    unmeasured: str | None = None

    @model_validator(mode="after")
    def _measured_or_said_why_not(self) -> Node:
        if bool(self.metrics) == (self.unmeasured is not None):
            raise ValueError(f"{self.id}: expected metrics, or why it is unmeasured, and not both")
        return self


class Theory(Strict):
    """All nodes, in the order they are told."""

    nodes: tuple[Node, ...]


@lru_cache(maxsize=4)
def load_theory(path: Path = DBT_PROJECT_DIR / "theory_of_change.yml") -> Theory:
    """The theory, checked against the metric registry.

    Raises :class:`RegistryError` for a node or measure that is not there, a measure on two nodes, and one on a node of
    another kind than its own. A measure on no node is not an error: it is shown with its kind.
    """
    try:
        theory = Theory.model_validate(read_yaml(path))
    except ValidationError as error:
        raise explain(path, error) from error
    if problems := _problems(theory, load_metrics()):
        raise RegistryError(f"{path.name}: {'; '.join(problems)}")
    return theory


def _problems(theory: Theory, metrics: dict[str, Metric]) -> list[str]:
    known = {node.id for node in theory.nodes}
    found = [
        f"{node.id} leads to {there}, which is no node"
        for node in theory.nodes
        for there in node.leads_to
        if there not in known
    ]
    seen: dict[str, str] = {}
    for node in theory.nodes:
        for name in node.metrics:
            metric = metrics.get(name)
            if metric is None:
                found.append(f"{node.id}: no measure {name}")
            elif metric.theory_of_change != node.kind:
                found.append(f"{node.id} is {node.kind}, its measure {name} is {metric.theory_of_change}")
            if name in seen:
                found.append(f"{name} stands on {seen[name]} and on {node.id}")
            seen[name] = node.id
    return found
