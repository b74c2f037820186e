"""``depends_on_past`` and ``wait_for_downstream`` (Airflow's ``PrevDagrunDep``)."""

from __future__ import annotations

from collections import Counter

from runner.scheduling.graph import Node
from runner.scheduling.model import InstanceKey, PreviousRun
from store.states import TaskInstanceState

_GOOD = frozenset({TaskInstanceState.SUCCESS, TaskInstanceState.SKIPPED})


class Past:
    """The previous run, by task: which of its instances keep this run's from starting."""

    __slots__ = ("_bad", "_seen", "previous")

    def __init__(self, previous: PreviousRun | None) -> None:
        self.previous = previous
        self._seen: Counter[str] = Counter()
        """Task id -> how many instances it has there."""
        self._bad: dict[str, set[int]] = {}
        for key, state in () if previous is None else previous.states.items():
            self._seen[key[0]] += 1
            self._note(key, state)

    def _note(self, key: InstanceKey, state: TaskInstanceState | None) -> None:
        task_id, index = key
        if state in _GOOD:
            self._bad.get(task_id, set()).discard(index)
        else:
            self._bad.setdefault(task_id, set()).add(index)

    def set_state(self, key: InstanceKey, state: TaskInstanceState | None) -> bool:
        """An instance of the previous run is new or changed; True: something may be free to go."""
        if self.previous is None:
            return False
        self._seen[key[0]] += key not in self.previous.states
        self.previous.states[key] = state
        self._note(key, state)
        return not self._bad.get(key[0])

    def drop(self, key: InstanceKey) -> bool:
        """An instance of the previous run is no more; True: something may be free to go."""
        if self.previous is None or key not in self.previous.states:
            return False
        del self.previous.states[key]
        task_id, index = key
        self._seen[task_id] -= 1
        self._bad.get(task_id, set()).discard(index)
        return not self._bad.get(task_id)

    def hindrance(self, node: Node) -> str | None:
        """Why a task may not start yet because of the previous run; None if it may.

        Its previous instances must have succeeded or been skipped; ``wait_for_downstream`` asks
        the same of its direct downstream tasks. Without a previous run there is nothing to wait
        for.
        """
        if self.previous is None or not node.depends_on_past:
            return None
        if not self._seen[node.task_id]:
            first = node.task_id not in self.previous.earlier_tasks
            if first and node.task.ignore_first_depends_on_past:
                return None
            return f"depends on past: {node.task_id} has not run in {self._run()}"
        blocking = [node.task_id] if self._bad.get(node.task_id) else []
        if not blocking and node.task.wait_for_downstream:
            blocking = [down for down in node.downstream if self._bad.get(down)]
        if not blocking:
            return None
        task_id = blocking[0]
        index = min(self._bad[task_id])
        state = self.previous.states[task_id, index]
        label = task_id if index < 0 else f"{task_id}[{index}]"
        return f"depends on past: {label} of {self._run()} is {state or 'not run yet'}"

    def _run(self) -> str:
        run_id = "" if self.previous is None else self.previous.run_id
        return run_id or "the previous run"
