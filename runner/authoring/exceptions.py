"""The exceptions of pipeline files and tasks, under Airflow's names and ours.

Each has the name of Airflow's Task SDK without its ``Airflow`` prefix; the prefixed names are
aliases, so that ``except AirflowSkipException`` in a ported file goes on working.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class DagtopException(Exception):
    """Base of what dagtop raises in a pipeline file or a task (``AirflowException``)."""


class DefinitionError(DagtopException, ValueError):
    """A pipeline file says something that can't be: the message is one sentence for its author."""


class ArgumentError(DagtopException, TypeError):
    """An unknown, missing or wrongly typed argument of a DAG, an operator or a decorator."""


class DagCycleException(DefinitionError):
    """Tasks wait for each other in a circle."""


class DuplicateTaskIdFound(DefinitionError):
    """A task id or group id is used twice in one DAG."""


class TaskAlreadyInTaskGroup(DefinitionError):
    """A task can be in one task group only."""


class FailFastDagInvalidTriggerRule(DefinitionError):
    """A DAG with ``fail_fast`` has a task whose trigger rule isn't ``all_success``."""


class ParamValidationError(DefinitionError):
    """A param's value doesn't fit its JSON Schema, or is missing."""


class TaskNotFound(DagtopException):
    """There is no task with that id in the DAG."""


class NodeNotFound(TaskNotFound, KeyError):
    """There is no task or task group with that id (``dag["…"]``, ``group["…"]``)."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class NotFoundException(DagtopException):
    """What was asked for doesn't exist: a Variable, a Connection, an XCom."""


class XComNotFound(NotFoundException):
    """An argument refers to an XCom that was never pushed."""

    def __init__(self, dag_id: str, task_id: str, key: str) -> None:
        super().__init__(dag_id, task_id, key)
        self.dag_id = dag_id
        self.task_id = task_id
        self.key = key

    def __str__(self) -> str:
        return f"task {self.task_id!r} of DAG {self.dag_id!r} has pushed no XCom {self.key!r}"


class XComForMappingNotPushed(TypeError):
    """The task mapped over pushed nothing."""


class UnmappableXComTypePushed(TypeError):
    """The task mapped over pushed neither a list nor a dict."""


class FailException(DagtopException):
    """Raise it to fail the task at once, without a retry."""


class SkipException(DagtopException):
    """Raise it to leave the task in state skipped."""


class SensorTimeout(DagtopException):
    """A sensor has waited longer than its ``timeout``: it fails, without a retry."""


class RescheduleException(DagtopException):
    """Raise it to free the slot and be started again at ``reschedule_date`` (aware, any zone)."""

    def __init__(self, reschedule_date: datetime) -> None:
        super().__init__(reschedule_date)
        self.reschedule_date = reschedule_date


class TaskTimeout(BaseException):
    """``execution_timeout`` is over. No ``Exception``, so that user code doesn't swallow it."""


class TaskTerminated(BaseException):
    """The task was told to end (SIGTERM). No ``Exception``, for the same reason."""


class DownstreamTasksSkipped(DagtopException):
    """A branch or short circuit has chosen: its task is a success, ``task_ids`` are skipped.

    Raised by ``execute`` once the task's own result is known; ``result`` is that result, to be
    pushed as its XCom. In a mapped task group the ids hold for the task's own map index.
    """

    def __init__(self, task_ids: Sequence[str], result: Any = None) -> None:
        super().__init__(list(task_ids))
        self.task_ids = list(task_ids)
        self.result = result

    @property
    def tasks(self) -> list[str]:
        """Airflow's name for ``task_ids``."""
        return self.task_ids


AirflowException = DagtopException
AirflowFailException = FailException
AirflowSkipException = SkipException
AirflowSensorTimeout = SensorTimeout
AirflowRescheduleException = RescheduleException
AirflowTaskTimeout = TaskTimeout
AirflowTaskTerminated = TaskTerminated
AirflowDagCycleException = DagCycleException
AirflowNotFoundException = NotFoundException
