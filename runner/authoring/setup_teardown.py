"""``with setup_task:`` and ``with setup_task >> teardown_task:``, as Airflow has them.

Work tasks made inside come after the setups and before the teardowns; a scope within a scope
is wrapped by the outer one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.authoring.exceptions import DefinitionError

if TYPE_CHECKING:
    from runner.authoring.abstractoperator import AbstractOperator
    from runner.authoring.xcom_arg import XComArg

_scopes: list[Scope] = []


class Scope:
    """What a ``with`` block of a setup or teardown task encloses."""

    def __init__(self, task: AbstractOperator) -> None:
        if task.is_setup:
            self.setups = [task]
            self.teardowns = _nearest(task, upstream=False)
        elif task.is_teardown:
            self.setups = _nearest(task, upstream=True)
            self.teardowns = [task]
        else:
            raise DefinitionError(
                f"'with' takes setup and teardown tasks, and {task.task_id!r} is neither: "
                "call as_setup() or as_teardown() first"
            )
        self.tasks: list[AbstractOperator] = []

    def add_task(self, task: AbstractOperator | XComArg) -> None:
        """Enclose a task that was made outside the block."""
        for node in task.roots:
            if node not in self.tasks:
                self.tasks.append(node)

    def close(self, outer: Scope | None) -> None:
        """Make the edges of the block, and those to the block around it."""
        work = [task for task in self.tasks if not task.is_setup and not task.is_teardown]
        first = [task for task in work if not task.upstream_task_ids] or work[:1]
        last = [task for task in work if not task.downstream_task_ids] or work[-1:]
        _put_before(self.setups, first)
        _put_before(last, self.teardowns)
        if outer is not None:
            _put_before(outer.setups, self.setups or first)
            _put_before(self.teardowns or last, outer.teardowns)


def enter_scope(task: AbstractOperator) -> Scope:
    """Begin the ``with`` block of a setup or teardown task."""
    scope = Scope(task)
    _scopes.append(scope)
    return scope


def leave_scope() -> None:
    """End the innermost block."""
    scope = _scopes.pop()
    scope.close(_scopes[-1] if _scopes else None)


def enclose(task: AbstractOperator) -> None:
    """A task has been made: it belongs to the innermost block, if there is one."""
    if _scopes:
        _scopes[-1].add_task(task)


def reset_scopes() -> None:
    """Forget blocks that a failed import left open."""
    _scopes.clear()


def _put_before(before: list[AbstractOperator], after: list[AbstractOperator]) -> None:
    for one in before:
        for other in after:
            one.set_downstream(other)


def _nearest(task: AbstractOperator, *, upstream: bool) -> list[AbstractOperator]:
    """The setups upstream (or teardowns downstream) that are the fewest edges away."""
    seen = {task.task_id}
    level = task.get_direct_relatives(upstream)
    while level:
        found = [node for node in level if (node.is_setup if upstream else node.is_teardown)]
        if found:
            return sorted(found, key=lambda node: node.task_id)
        seen.update(node.task_id for node in level)
        level = [
            further
            for node in level
            for further in node.get_direct_relatives(upstream)
            if further.task_id not in seen
        ]
    return []
