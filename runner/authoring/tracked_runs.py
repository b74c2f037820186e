"""Tracked runs by hand: ``start_run`` and what belongs to it, as MLflow has it.

Without a call each try that logs anything has one run of its own, and so has each script.
"""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.authoring import services, tracking
from runner.authoring.exceptions import ArgumentError, DagtopException
from runner.journal.records import RunEnded, RunStarted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

NAME_LENGTH = tracking.TAG_LENGTH
"""Characters that the name of a run may have: it is a tag in MLflow."""
STATUSES = ("FINISHED", "FAILED", "KILLED")
NOTE = "mlflow.note.content"
"""The tag that holds a run's description (MLflow's name)."""
_RUN_ID = re.compile(r"[a-zA-Z0-9][\w-]{0,255}", re.ASCII)
"""MLflow's rule for what may be one."""


class RunActive(DagtopException, RuntimeError):
    """A run is begun while another one is active, and it isn't to be nested in it."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a run is called."""

    run_id: str
    """32 hexadecimal digits."""
    run_name: str


class ActiveRun:
    """A run that things are logged to; as a context manager it ends with its block."""

    def __init__(self, info: RunInfo) -> None:
        self.info = info

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        end_run("FINISHED" if error is None else "FAILED")

    def __repr__(self) -> str:
        return f"<ActiveRun {self.info.run_id} {self.info.run_name!r}>"


_experiment = ""
_experiment_of: services.Services | None = None


def set_experiment(experiment_name: str) -> None:
    """Have the runs that begin from now on in this experiment: that of the task, too, if it has
    logged nothing yet. Without a call they are in the DAG run's: the DAG's id, unless it was
    triggered with another; those of a script in Default."""
    global _experiment, _experiment_of
    tracking.check_key("experiment", experiment_name)
    own = tracking.active_log().tracker.own
    _experiment, _experiment_of = experiment_name, own.tracker.target
    own.begins = RunStarted(time.time(), own.uuid, own.name, experiment_name)


def start_run(
    run_id: str | None = None,
    *,
    run_name: str | None = None,
    nested: bool = False,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
) -> ActiveRun:
    """Begin a run: what this thread logs from now on goes to it, until it is ended.

    ``nested``: within the one that is active, which is logged to again afterwards. ``run_id``: go
    on with a run that there is. Raises ``RunActive`` where another one is active, and
    ``ArgumentError`` for what can't be an id or a name.
    """
    if run_id is not None and not (isinstance(run_id, str) and _RUN_ID.fullmatch(run_id)):
        raise ArgumentError(
            "start_run: the id of a run has letters, digits, '_' and '-', 256 at most: "
            f"{_short(run_id)}"
        )
    if run_name is not None and not isinstance(run_name, str):
        raise ArgumentError(f"start_run: the name of a run is a string, not {_short(run_name)}")
    log = tracking.active_log()
    tracker, target = log.tracker, log.tracker.target
    if log is not tracker.own and not nested:
        raise RunActive(
            f"run {log.uuid} is active: end it with end_run(), or begin one within it with "
            "start_run(nested=True)"
        )
    new = run_id or uuid.uuid4().hex
    name = tracking.text_of("the name of run", new, run_name or f"run {new[:8]}", NAME_LENGTH)
    experiment = _experiment if _experiment_of is target else ""
    parent = (log.uuid or target.own_run) if nested else ""
    if nested:
        log.begin()
    if run_id is None:
        target.record(RunStarted(time.time(), new, name, experiment, parent))
    else:
        target.record(RunEnded(time.time(), new, "RUNNING"))
    before = tracking.active.logs if log is not tracker.own else ()
    begun = tracker.log_of(new)
    begun.name, begun.has_begun = name, True
    begun.is_placed = begun.is_placed or run_id is not None
    tracking.active.logs = (*before, begun)
    if description is not None:
        tracking.set_tag(NOTE, description)
    for key, value in (tags or {}).items():
        tracking.set_tag(key, value)
    return ActiveRun(RunInfo(new, name))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def end_run(status: str = "FINISHED") -> None:
    """End the run that this thread has begun last: FINISHED, FAILED or KILLED. Where it has begun
    none, that of a script ends; that of a task ends with it."""
    if status not in STATUSES:
        raise ValueError(f"a run ends as {', '.join(STATUSES)}, not as {status!r}")
    log = tracking.active_log()
    tracker = log.tracker
    if not log.uuid or (log is tracker.own and not log.has_begun and not any(log.points.values())):
        return
    tracker.flush()
    tracker.target.record(RunEnded(time.time(), log.uuid, status))
    if log is tracker.own:
        tracker.renew_own(uuid.uuid4().hex)
    else:
        tracking.active.logs = tracking.active.logs[:-1]


def active_run() -> ActiveRun:
    """The run that this thread logs to: the one it has begun last, else that of the task."""
    log = tracking.active_log()
    return ActiveRun(RunInfo(log.uuid or log.tracker.target.own_run, log.name))
