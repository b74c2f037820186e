"""From journals into the store: what tries state, and what becomes of their task instances."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime, timedelta

import msgspec

from runner.daemon import assets, tracked
from runner.daemon.brain import SKIP_KEY
from runner.daemon.memory import LiveRun, LiveTry
from runner.daemon.turn import Turn
from runner.execution.processes import describe_exit, out_of_memory_kills
from runner.journal.reader import JournalDamaged, read_frames
from runner.journal.records import (
    AnyRecord,
    DownstreamSkipped,
    Ended,
    ErrorFacts,
    Rendered,
    Started,
    XComPushed,
)
from runner.scheduling.expansion import mapping_failure
from runner.scheduling.model import Instance
from runner.scheduling.retries import retry_delay
from store import models, records, tracking
from store.states import TaskInstanceState

State = TaskInstanceState


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def read_journal(turn: Turn, live_try: LiveTry) -> bool:
    """Take in what a journal holds beyond what was read. True if there may be more of it."""
    try:
        descriptor = live_try.open_journal()
        if descriptor is None:
            return False
        found, offset, more = read_frames(descriptor, live_try.offset)
    except (JournalDamaged, OSError) as error:
        if not live_try.ended:
            fail(turn, live_try, f"its journal can't be read: {error}")
            turn.orders.kills.append(live_try)
        return False
    if not found:
        return False
    live_try.offset = offset
    turn.changes.update(models.task_try, live_try.key, journal_offset=offset)
    take_in(turn, live_try, found)
    return more


def take_in(turn: Turn, live_try: LiveTry, found: list[AnyRecord]) -> None:
    """Apply records in their order, what tells of tracked runs together."""
    told: list[AnyRecord] = []
    for record in found:
        if isinstance(record, tracked.TOLD):
            told.append(record)
        elif isinstance(record, Started):
            _started(turn, live_try, record)
        elif isinstance(record, Ended):
            tracked.take_in(turn, live_try, told)
            told.clear()
            _ended(turn, live_try, record)
        elif isinstance(record, XComPushed):
            _xcom(turn, live_try, record)
        elif isinstance(record, DownstreamSkipped):
            _skipped(turn, live_try, record)
        elif isinstance(record, Rendered):
            turn.changes.update(models.task_try, live_try.key, rendered=record.fields)
            if record.map_label is not None:
                turn.changes.update(
                    models.task_instance, live_try.row_key, map_label=record.map_label
                )
    tracked.take_in(turn, live_try, told)


def _started(turn: Turn, live_try: LiveTry, record: Started) -> None:
    at = moment(record.at)
    live_try.pid, live_try.process_start = record.pid, record.process_start
    live_try.hostname = record.hostname
    live_try.started_at = at
    live_try.first_started_at = live_try.first_started_at or at
    live_try.memory_kills = turn.brain.memory_kills
    turn.changes.update(
        models.task_try,
        live_try.key,
        state=State.RUNNING,
        pid=record.pid,
        process_start=record.process_start,
        hostname=record.hostname,
        started_at=live_try.first_started_at,
    )
    if live_try.host_key is None:
        turn.orders.watch.append(live_try)
    if live_try.intent is not None:
        turn.orders.kills.append(live_try)  # it was to be ended before it had begun
    run, instance = _instance(turn, live_try)
    if run is not None and instance is not None and instance.state is State.QUEUED:
        turn.set_instance(run, instance, State.RUNNING, started_at=live_try.first_started_at)


def _instance(turn: Turn, live_try: LiveTry) -> tuple[LiveRun | None, Instance | None]:
    run = turn.brain.runs.get(live_try.run_key)
    return run, None if run is None else run.instance(live_try.row_key)


def _xcom(turn: Turn, live_try: LiveTry, record: XComPushed) -> None:
    records.put_xcoms(
        turn.connection,
        [
            {
                "dag_run_id": live_try.run_key,
                "task_id": live_try.task_id,
                "map_index": live_try.map_index,
                "key": record.key,
                "value": record.value,
                "length": record.length,
                "created_at": moment(record.at),
            }
        ],
    )
    run = turn.brain.runs.get(live_try.run_key)
    if run is None:
        return
    if live_try.map_index == -1:
        run.state.set_length(live_try.task_id, record.key, record.length)
    else:
        run.state.set_pushed((live_try.task_id, live_try.map_index), record.key)


def _skipped(turn: Turn, live_try: LiveTry, record: DownstreamSkipped) -> None:
    """Skip what a branch did not choose, and remember the choice for later clears."""
    records.put_xcoms(
        turn.connection,
        [
            {
                "dag_run_id": live_try.run_key,
                "task_id": live_try.task_id,
                "map_index": live_try.map_index,
                "key": SKIP_KEY,
                "value": msgspec.json.encode(record.task_ids),
                "length": None,
                "created_at": turn.now,
            }
        ],
    )
    run = turn.brain.runs.get(live_try.run_key)
    if run is None:
        return
    by = (live_try.task_id, live_try.map_index)
    for change in run.state.apply_skip(record.task_ids, record.map_index, by=by):
        instance = run.state.instances[change.key]
        turn.set_instance(run, instance, change.state)


def _ended(turn: Turn, live_try: LiveTry, record: Ended) -> None:
    if record.state == State.SUCCESS:
        run = turn.brain.runs.get(live_try.run_key)
        problem = None if run is None else _cannot_be_mapped_over(turn, run, live_try)
        if problem is not None:
            fail(turn, live_try, problem)
            return
    finish(
        turn,
        live_try,
        State(record.state),
        at=moment(record.at),
        duration=record.duration,
        reason=record.reason,
        error=record.error,
        next_at=None if record.next_at is None else moment(record.next_at),
        called_back=record.called_back,
    )
    if record.assets:
        run, instance = _instance(turn, live_try)
        if run is not None and instance is not None and instance.state is State.SUCCESS:
            assets.produced(turn, run, live_try, record.assets)


def _cannot_be_mapped_over(turn: Turn, run: LiveRun, live_try: LiveTry) -> str | None:
    """Airflow fails the task that pushed what another can't be mapped over."""
    pushed = {
        key: length
        for (task_id, key), length in run.state.lengths.items()
        if task_id == live_try.task_id
    }
    longest = turn.config.runner.max_map_length
    return mapping_failure(run.pipeline.structure, live_try.task_id, pushed, longest)


def finish(
    turn: Turn,
    live_try: LiveTry,
    state: TaskInstanceState,
    *,
    at: datetime,
    duration: float | None,
    reason: str,
    error: ErrorFacts | None = None,
    next_at: datetime | None = None,
    called_back: bool = False,
    killed: bool = False,
) -> None:
    """A try is over (or pauses until the next poke): its row, its instance, its slots."""
    if live_try.ended:
        return
    live_try.ended = True
    turn.orders.ended.append(live_try)
    run, instance = _instance(turn, live_try)
    turn.brain.release_slots(live_try)
    wanted, why = _intended(live_try, state)
    turn.changes.update(
        models.task_try,
        live_try.key,
        state=state if wanted in (_AS_ENDED, _LEAVE) else (wanted or State.FAILED),
        ended_at=at,
        duration=duration,
        reason=why or reason or None,
        **_error_columns(error),
    )
    if state is not State.UP_FOR_RESCHEDULE:
        status = tracking.FINISHED if state in _DONE else tracking.FAILED
        if wanted != _AS_ENDED or killed:
            status = tracking.KILLED
        tracked.end_runs(turn, live_try, status, at)
    if run is None or instance is None or wanted == _LEAVE:
        return
    if wanted != _AS_ENDED:
        _as_intended(turn, run, instance, wanted, why, at, duration)
        told = called_back and state is State.FAILED  # it had failed before it was killed
        if _is_killed(live_try) and not told and _calls_back(run, live_try, "on_failure"):
            request_callback(turn, run.key, "on_failure", why, live_try.key)
        return
    if state is State.UP_FOR_RESCHEDULE:
        run.rescheduled[live_try.row_key] = live_try
        turn.set_instance(run, instance, state, next_at=next_at or at)
        return
    if state is State.UP_FOR_RETRY:
        next_at = at + _delay(run, instance)
    turn.set_instance(
        run,
        instance,
        state,
        next_at=next_at if state is State.UP_FOR_RETRY else None,
        ended_at=at,
        duration=duration,
    )
    _tell(turn, run, instance, state, reason, error)


_DONE = (State.SUCCESS, State.SKIPPED)
_AS_ENDED = "as ended"
_LEAVE = "leave"
"""The instance has its state already; only the process was to be ended."""


def _intended(
    live_try: LiveTry, state: TaskInstanceState
) -> tuple[TaskInstanceState | str | None, str]:
    """What an operator wanted of the try's end, if anything; a success survives a kill."""
    if live_try.intent is None:
        return _AS_ENDED, ""
    kind, _, why = live_try.intent.partition(":")
    if kind == _LEAVE:
        return _LEAVE, why
    if kind == "restart":
        return None, why
    if kind == "kill":
        return (_AS_ENDED, "") if state is State.SUCCESS else (State.FAILED, why)
    return State(kind), why


def _calls_back(run: LiveRun, live_try: LiveTry, kind: str) -> bool:
    """Whether the task has callbacks of that kind; one that its file no longer has, has none."""
    task = run.pipeline.tasks.get(live_try.task_id)
    return task is not None and kind in task.callbacks


def _is_killed(live_try: LiveTry) -> bool:
    """Whether an operator had it killed: that is a failure, where a mark or a clear is none."""
    return (live_try.intent or "").startswith("kill:")


def _as_intended(
    turn: Turn,
    run: LiveRun,
    instance: Instance,
    wanted: TaskInstanceState | str | None,
    why: str,
    at: datetime,
    duration: float | None,
) -> None:
    if wanted is None:
        turn.set_instance(run, instance, None, started_at=None, ended_at=None, duration=None)
        return
    turn.set_instance(run, instance, State(wanted), ended_at=at, duration=duration)
    turn.changes.event(at, f"task_{wanted}", why, **run.where(instance))


def _error_columns(error: ErrorFacts | None) -> dict[str, str | None]:
    if error is None:
        return {}
    return {
        "error_type": error.type,
        "error_message": error.message,
        "error_place": error.place,
        "traceback": error.traceback,
    }


def _delay(run: LiveRun, instance: Instance) -> timedelta:
    task = run.pipeline.tasks[instance.task_id]
    date = run.facts.logical_date or run.facts.run_after
    return retry_delay(task, run.dag_id, instance.task_id, date, instance.try_number)


def _tell(
    turn: Turn,
    run: LiveRun,
    instance: Instance,
    state: TaskInstanceState,
    reason: str,
    error: ErrorFacts | None,
) -> None:
    """Put failures and retries on the audit trail."""
    if state not in (State.FAILED, State.UP_FOR_RETRY):
        return
    what = f"{error.type}: {error.message[:300]}" if error else reason
    if state is State.UP_FOR_RETRY and instance.next_at is not None:
        what += f" (retry at {instance.next_at:%H:%M:%S} UTC)"
    turn.changes.event(turn.now, f"task_{state}", what, **run.where(instance))


def process_gone(turn: Turn, live_try: LiveTry, status: int | None) -> None:
    """A try's process has ended. Without a last record it was killed: say by what, and retry."""
    while read_journal(turn, live_try):
        pass
    live_try.gone = True
    if not live_try.ended:
        fail(turn, live_try, lost_reason(live_try, status))
    if status is not None:
        turn.changes.update(models.task_try, live_try.key, exit_status=status)


def lost_reason(live_try: LiveTry, status: int | None) -> str:
    """Why a process is gone without having said so, as far as can be known."""
    if live_try.pid is None:
        if status in (None, 0):
            return "its process was gone before it could start"
        return f"its process could not start: {_errno_words(status)}"
    if status is None:
        words = "its process was killed while no runner watched, so by what is not known"
    else:
        words = f"its process {describe_exit(status)} before it could report its end"
    if (status is None or status == -9) and out_of_memory_kills() > live_try.memory_kills:
        words += "; the kernel's out-of-memory killer was at work at that time"
    return words


def _errno_words(status: int) -> str:
    import errno

    if status in errno.errorcode and status > 1:
        return os.strerror(status)
    return f"{describe_exit(status)}; its log says more"


def fail(turn: Turn, live_try: LiveTry, reason: str) -> None:
    """End a try that can't speak for itself: by its retry policy, with its callbacks to be run."""
    run, instance = _instance(turn, live_try)
    state = State.FAILED
    if instance is not None and live_try.try_number <= instance.max_tries:
        state = State.UP_FOR_RETRY
    started = live_try.started_at
    finish(
        turn,
        live_try,
        state,
        at=turn.now,
        duration=max(0.0, (turn.now - started).total_seconds()) if started else None,
        reason=reason,
        killed=True,
    )
    if run is None or live_try.intent is not None:
        return
    kind = "on_retry" if state is State.UP_FOR_RETRY else "on_failure"
    if _calls_back(run, live_try, kind):
        request_callback(turn, run.key, kind, reason, live_try.key)


def give_up(turn: Turn, live_try: LiveTry, why: str) -> None:
    """What a try has recorded can't be taken in: it fails, and its journal is left unread."""
    with contextlib.suppress(OSError, JournalDamaged):
        descriptor = live_try.open_journal()
        first = read_frames(descriptor, 0)[0][:1] if descriptor is not None else []
        if live_try.pid is None and first and isinstance(first[0], Started):
            live_try.pid, live_try.process_start = first[0].pid, first[0].process_start
    with contextlib.suppress(OSError):
        live_try.offset = os.stat(live_try.journal).st_size
        turn.changes.update(models.task_try, live_try.key, journal_offset=live_try.offset)
    live_try.intent = live_try.intent or f"failed:{why}"
    finish(turn, live_try, State.FAILED, at=turn.now, duration=None, reason=why)
    turn.orders.kills.append(live_try)


def request_callback(turn: Turn, run_key: int, kind: str, reason: str, try_key: int | None) -> None:
    """Have callbacks run in a process of their own: a DAG's, or those of a task that was lost."""
    key = turn.brain.counters.take("callback")
    turn.changes.insert(
        models.callback,
        key,
        {
            "id": key,
            "dag_run_id": run_key,
            "try_id": try_key,
            "kind": kind,
            "reason": reason,
            "state": "pending",
            "created_at": turn.now,
        },
    )
    turn.orders.new_callbacks.append(key)
