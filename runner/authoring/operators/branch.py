"""Choosing which way a run goes on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from runner.authoring.abstractoperator import AbstractOperator
from runner.authoring.baseoperator import BaseOperator
from runner.authoring.exceptions import DagtopException, DownstreamTasksSkipped
from runner.authoring.trigger_rule import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.authoring.dag import DAG


class SkipMixin(AbstractOperator):
    """For operators that skip tasks downstream of them."""

    def skip(self, tasks: Sequence[AbstractOperator], result: Any = None) -> Any:
        """End the task as a success with ``result``, its ``tasks`` skipped.

        In a mapped task group (or of a mapped task) the skip holds for the task's own map index,
        so only for tasks that have one.
        """
        if self.get_needs_expansion():
            tasks = [task for task in tasks if task.get_needs_expansion()]
        if not tasks:
            return result
        ids = [task.task_id for task in tasks]
        self.log.info("Skipping %s", ", ".join(ids))
        raise DownstreamTasksSkipped(ids, result)


class BranchMixIn(SkipMixin):
    """For operators that choose among what is downstream of them."""

    def do_branch(self, context: Any, branches_to_execute: Any) -> Any:
        """Go on with these (an id, several, or None for none) and skip what else is downstream.

        Ids are of tasks or of task groups, whose roots are then meant. Raises
        ``DownstreamTasksSkipped``, or returns ``branches_to_execute`` where nothing is skipped.
        """
        dag = self.dag
        if dag is None:
            raise DagtopException(f"task {self.task_id!r} is in no DAG and has nothing to choose")
        if isinstance(branches_to_execute, Iterable) and not isinstance(branches_to_execute, str):
            branches_to_execute = list(branches_to_execute)
        self.log.info("Branch into %s", branches_to_execute)
        followed = set(self._chosen(dag, branches_to_execute))
        for task_id in tuple(followed):
            followed |= dag.get_task(task_id).get_flat_relative_ids()
        near = self.downstream_task_ids
        others = [t for t in dag.tasks if t.task_id in near and t.task_id not in followed]
        return self.skip(others, branches_to_execute)

    def _chosen(self, dag: DAG, branches: Any) -> list[str]:
        if branches is None:
            return []
        ids = [branches] if isinstance(branches, str) else branches
        if not isinstance(ids, list):
            raise DagtopException(
                f"branch {self.task_id!r} returned {branches!r}: "
                "return the id of a task or group, a list of ids, or None"
            )
        groups = dag.task_group_dict
        chosen: list[str] = []
        for branch in ids:
            if not isinstance(branch, str):
                raise DagtopException(
                    f"branch {self.task_id!r} returned {branch!r} among its ids: "
                    f"an id is a string, not {type(branch).__name__}"
                )
            if branch in groups:
                chosen += [task.task_id for task in groups[branch].roots]
            elif dag.has_task(branch):
                chosen.append(branch)
            else:
                hint = did_you_mean(branch, [*dag.task_ids, *groups]) or self._ways()
                raise DagtopException(
                    f"branch {self.task_id!r} chose {branch!r}, "
                    f"which is no task or task group of DAG {dag.dag_id!r}{hint}"
                )
        return chosen

    def _ways(self) -> str:
        return f": directly downstream are {', '.join(sorted(self.downstream_task_ids)) or 'none'}"


class BaseBranchOperator(BaseOperator, BranchMixIn):
    """A base for own branching operators: define ``choose_branch(self, context)``."""

    def choose_branch(self, context: Any) -> str | Iterable[str] | None:
        """The id or ids to go on with, of tasks or task groups; None skips all downstream."""
        raise DagtopException(f"{type(self).__name__} has no choose_branch(self, context)")

    def execute(self, context: Any) -> Any:
        return self.do_branch(context, self.choose_branch(context))
