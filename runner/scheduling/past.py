"""``depends_on_past`` and ``wait_for_downstream`` (Airflow's ``PrevDagrunDep``)."""

from __future__ import annotations

from runner.scheduling.graph import Node
from runner.scheduling.model import InstanceKey, PreviousRun
from store.states import TaskInstanceState

_GOOD = frozenset({TaskInstanceState.SUCCESS, TaskInstanceState.SKIPPED})


class Past:
    """The previous run, by task: which of its instances keep this run's from starting."""

    __slots__ = ("_bad", "_seen", "previous")

    def __init__(self, previous: PreviousRun | None) -> None:
        self.previous = previous
        self._seen: set[str] = set()
        self._bad: dict[str, set[int]] = {}
        for key, state in () if previous is None else previous.states.items():
            self._note(key, state)

    def _note(self, key: InstanceKey, state: TaskInstanceState | None) -> None:
        task_id, index = key
        self._seen.add(task_id)
        if state in _GOOD:
            self._bad.get(task_id, set()).discard(index)
        else:
            self._bad.setdefault(task_id, set()).add(index)

    def set_state(self, key: InstanceKey, state: TaskInstanceState | None) -> bool:
        """An instance of the previous run changed; True: something may be free to go now."""
        if self.previous is None:
            return False
        self.previous.states[key] = state
        self._note(key, state)
        return not self._bad.get(key[0])

    def hindrance(self, node: Node) -> str | None:
        """Why a task may not start yet because of the previous run; None if it may.

        Its previous instances must have succeeded or been skipped; ``wait_for_downstream`` asks
        the same of its direct downstream tasks. Without a previous run there is nothing to wait
        for.
        """
        if self.previous is None or not node.depends_on_past:
            return None
        if node.task_id not in self._seen:
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
