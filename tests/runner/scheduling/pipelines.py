"""Small pipelines for the tests, and a run that is driven by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from runner.scheduling.decide import decide
from runner.scheduling.model import Decision, InstanceKey, PreviousRun, StateChange
from runner.scheduling.run_state import RunState, initial_instances
from store.states import DagRunState, TaskInstanceState
from store.structure import (
    DagStructure,
    Expansion,
    GroupStructure,
    Length,
    LiteralLength,
    TaskStructure,
    XComLength,
)

NOW = datetime(2024, 3, 10, 15, 20, tzinfo=UTC)
S = TaskInstanceState


def task(task_id: str, *upstream: str, rule: str = "all_success", **fields: Any) -> TaskStructure:
    return TaskStructure(
        task_id, "PythonOperator", upstream=list(upstream), trigger_rule=rule, **fields
    )


def over(*lengths: int | str | Length) -> Expansion:
    """An expansion over literal lengths (int) and the return values of tasks (str)."""
    made: list[tuple[str, Length]] = []
    for number, length in enumerate(lengths):
        if isinstance(length, int):
            length = LiteralLength(length)
        elif isinstance(length, str):
            length = XComLength(length)
        made.append((f"x{number}", length))
    return Expansion(made)


def pipeline(
    *tasks: TaskStructure, groups: Mapping[str, Expansion] = {}, **fields: Any
) -> DagStructure:
    """A structure whose tasks say what is upstream of them, in topological order."""
    return DagStructure(
        dag_id=fields.pop("dag_id", "dag"),
        file=fields.pop("file", "dag.py"),
        tasks=list(tasks),
        groups=[GroupStructure(name, name, expansion=made) for name, made in groups.items()],
        **fields,
    )


class Driven:
    """A run that the test plays executor and clock for."""

    def __init__(
        self,
        structure: DagStructure,
        *,
        previous: PreviousRun | None = None,
        now: datetime = NOW,
    ) -> None:
        self.now = now
        self.run = RunState(structure, initial_instances(structure), previous=previous)
        self.state: DagRunState | None = None
        self.reason = ""
        self.changes: list[Any] = []
        self.kills: list[InstanceKey] = []
        self.decide()

    def decide(self, *, everything: bool = False) -> Decision:
        return self.take(decide(self.run, self.now, everything=everything))

    def take(self, decision: Decision) -> Decision:
        self.changes += decision.changes
        self.kills += decision.kills
        if decision.run_state is not None:
            self.state, self.reason = decision.run_state, decision.run_reason
        return decision

    def set(self, *keys: str, state: TaskInstanceState | None, **more: Any) -> Decision:
        for name in keys:
            self.run.set_state(key(name), state, **more)
        return self.decide()

    def ends(
        self, name: str, state: TaskInstanceState = S.SUCCESS, *, returns: bool = True
    ) -> Decision:
        """A scheduled instance ends; a mapped one that succeeds pushes what it returned."""
        assert self.states(name) == "scheduled", f"{name} is {self.states(name)}"
        if returns and state is S.SUCCESS:
            self.run.set_pushed(key(name), "return_value")
        return self.set(name, state=state)

    def states(self, *names: str) -> str:
        """``success failed none``, of these instances."""
        found = [self.run.instances[key(name)].state for name in names]
        return " ".join("none" if state is None else str(state) for state in found)

    def keys(self, task_id: str) -> list[int]:
        return sorted(index for name, index in self.run.instances if name == task_id)

    def reason_of(self, name: str) -> str:
        """Why it got its last state."""
        found = [c for c in self.changes if isinstance(c, StateChange) and c.key == key(name)]
        return found[-1].reason


def key(name: str) -> InstanceKey:
    """``train[3]`` or ``train``."""
    task_id, bracket, index = name.partition("[")
    return task_id, int(index[:-1]) if bracket else -1


def drive(structure: DagStructure, ends: Mapping[str, TaskInstanceState]) -> Driven:
    """Run to the end: the tasks named end so, all others succeed."""
    driven = Driven(structure)
    while ready := [k for k, i in driven.run.instances.items() if i.state is S.SCHEDULED]:
        task_id, index = ready[0]
        name = task_id if index < 0 else f"{task_id}[{index}]"
        driven.ends(name, ends.get(name, ends.get(task_id, S.SUCCESS)))
    return driven


def names_of(keys: Iterable[InstanceKey]) -> list[str]:
    return [task_id if index < 0 else f"{task_id}[{index}]" for task_id, index in keys]
