"""From a scheduled task instance to a try with a ticket."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from runner.daemon import assets
from runner.daemon.brain import Brain
from runner.daemon.memory import LiveRun, LiveTry
from runner.daemon.turn import Turn
from runner.execution.processes import is_alive
from runner.journal.abandon import abandon
from runner.journal.reader import JournalDamaged
from runner.journal.records import Ticket, XComInput
from runner.scheduling.limits import choose
from runner.scheduling.model import Candidate, Instance
from runner.scheduling.run_state import RunState
from store import models, records
from store.states import DagRunType, TaskInstanceState
from store.structure import TaskStructure

log = logging.getLogger(__name__)

HANDED_OVER = 256 * 1024
"""Bytes of XComs that a ticket carries at most; beyond that the task asks for them."""
LINGERING_LOOK = 1.0
"""Seconds between two looks whether the process of the poke before has gone."""


def start_what_may(turn: Turn) -> None:
    """Give slots to the scheduled instances that may have one now, in Airflow's order."""
    for candidate in chosen(turn.brain):
        start_one(turn, candidate.dag_run_key, candidate.row_key)


def chosen(brain: Brain) -> list[Candidate]:
    """Who may start now, in order; why the others wait is noted."""
    if not brain.candidates or brain.is_stopping:
        return []
    choice = choose(brain.candidates.values(), brain.usage, brain.parallelism)
    brain.wait_reasons = choice.reasons
    return choice.start


def start_one(turn: Turn, run_key: int, row_key: int) -> None:
    """Start an instance that was chosen."""
    run = turn.brain.runs[run_key]
    instance = run.instance(row_key)
    assert instance is not None
    start(turn, run, instance)


def start(turn: Turn, run: LiveRun, instance: Instance) -> None:
    """Make the next try of an instance (or the next poke of its try) and its ticket."""
    task = run.pipeline.tasks[instance.task_id]
    waiting = run.rescheduled.get(instance.row_key)
    if waiting is not None and _lingers(turn, waiting):
        again = turn.now + timedelta(seconds=LINGERING_LOOK)
        turn.orders.timers.append((again, ("instance", run.key, instance.row_key)))
        return
    run.rescheduled.pop(instance.row_key, None)
    live_try = _next_poke(turn, run, waiting) if waiting else _new_try(turn, run, instance, task)
    live_try.queued_at = turn.now
    live_try.slots = (task.pool, task.pool_slots)
    turn.brain.tries[live_try.key] = live_try
    turn.brain.take_slots(live_try)
    turn.brain.candidates.pop(instance.row_key, None)
    run.state.set_state(
        (instance.task_id, instance.map_index),
        TaskInstanceState.QUEUED,
        try_number=live_try.try_number,
    )
    turn.changes.update(
        models.task_instance,
        instance.row_key,
        state=TaskInstanceState.QUEUED,
        try_number=live_try.try_number,
        queued_at=turn.now,
        started_at=live_try.first_started_at,
        ended_at=None,
        duration=None,
        next_at=None,
        version_id=run.pipeline.version_id,
        pool=task.pool,
        pool_slots=task.pool_slots,
    )
    turn.orders.tickets.append((live_try, run, make_ticket(turn, run, live_try)))


def _new_try(turn: Turn, run: LiveRun, instance: Instance, task: TaskStructure) -> LiveTry:
    number = instance.try_number + 1
    key = turn.brain.counters.take("task_try")
    if number > 1:
        records.clear_xcoms(turn.connection, [(run.key, task.task_id, instance.map_index)])
    turn.changes.insert(
        models.task_try,
        key,
        {
            "id": key,
            "task_instance_id": instance.row_key,
            "dag_run_id": run.key,
            "try_number": number,
            "state": TaskInstanceState.QUEUED,
            "version_id": run.pipeline.version_id,
            "queued_at": turn.now,
            "journal_number": 0,
            "journal_offset": 0,
        },
    )
    return LiveTry(
        key=key,
        row_key=instance.row_key,
        run_key=run.key,
        dag_id=run.dag_id,
        task_id=instance.task_id,
        map_index=instance.map_index,
        try_number=number,
        journal=str(turn.brain.workspace.journal(run.key, key)),
    )


def _next_poke(turn: Turn, run: LiveRun, waiting: LiveTry) -> LiveTry:
    """The same try goes on in a new process with a journal of its own."""
    waiting.close()
    number = waiting.journal_number + 1
    turn.changes.update(
        models.task_try,
        waiting.key,
        state=TaskInstanceState.QUEUED,
        journal_number=number,
        journal_offset=0,
        pid=None,
        process_start=None,
        ended_at=None,
    )
    # Not the same object: hands still watch the process of the poke before.
    return dataclasses.replace(
        waiting,
        journal_number=number,
        journal=str(turn.brain.workspace.journal(run.key, waiting.key, number)),
        offset=0,
        pid=None,
        process_start=None,
        host_key=None,
        exit_status=None,
        ended=False,
        gone=False,
    )


def _lingers(turn: Turn, waiting: LiveTry) -> bool:
    """Whether the process of the poke before is still there: it may be flushing, or never end.

    The runner kills it after a while. Two pokes of one try at the same time would be one too many.
    """
    if waiting.gone or waiting.pid is None:
        return False
    if turn.brain.tries.get(waiting.key) is waiting:
        return True  # its exit will be told
    return is_alive(waiting.pid, waiting.process_start or "")


def take_back(turn: Turn, live_try: LiveTry) -> None:
    """A try that never got a process, because its file can't be imported: it waits once more."""
    brain = turn.brain
    run = brain.runs.get(live_try.run_key)
    brain.tries.pop(live_try.key, None)
    brain.release_slots(live_try)
    live_try.close()
    number = live_try.try_number
    if live_try.journal_number == 0:
        number -= 1
        turn.changes.delete(models.task_try, live_try.key)
    else:
        turn.changes.update(
            models.task_try,
            live_try.key,
            state=TaskInstanceState.UP_FOR_RESCHEDULE,
            journal_number=live_try.journal_number,
        )
    instance = run.instance(live_try.row_key) if run is not None else None
    if run is None or instance is None:
        return
    if live_try.journal_number or number == live_try.try_number:
        run.rescheduled[live_try.row_key] = live_try
    instance.try_number = number
    turn.set_instance(run, instance, TaskInstanceState.SCHEDULED, try_number=number)


def abandon_try(turn: Turn, live_try: LiveTry) -> None:
    """Take back a try that has no process, unless one is about to run it after all."""
    try:
        abandoned = abandon(live_try.journal)
    except (OSError, JournalDamaged) as error:
        log.warning("the journal of try %d can't be taken back: %s", live_try.key, error)
        return
    if abandoned:
        take_back(turn, live_try)


def make_ticket(turn: Turn, run: LiveRun, live_try: LiveTry) -> Ticket:
    """All that the try's process needs. The same ticket may be made again after a restart."""
    workspace = turn.brain.workspace
    task = run.pipeline.tasks[live_try.task_id]
    instance = run.state.instances[(live_try.task_id, live_try.map_index)]
    xcoms, left_out, counts = _inputs(turn, run, task)
    first = _first_poke(turn, live_try, task, instance) or live_try.first_started_at
    return Ticket(
        try_key=live_try.key,
        task_instance_key=live_try.row_key,
        dag_id=run.dag_id,
        task_id=live_try.task_id,
        map_index=live_try.map_index,
        try_number=live_try.try_number,
        max_tries=instance.max_tries,
        run=run.facts,
        journal=live_try.journal,
        log=str(workspace.log(run.key, live_try.key)),
        doorbell=str(workspace.doorbell),
        questions=str(workspace.questions),
        xcoms=xcoms,
        xcoms_left_out=left_out,
        pushed_counts=counts,
        expansion_lengths=run.state.argument_lengths(task.task_id),
        first_started_at=first.timestamp() if first else None,
        reschedule_count=live_try.journal_number,
        dag_version=run.pipeline.version_number,
        state=str(workspace.state),
        artifacts=str(workspace.artifacts),
        artifact_root=turn.config.tracking.artifact_root,
        context=_context(task, live_try, run.priority(instance)) | _triggering(turn, run),
    )


def _first_poke(
    turn: Turn, live_try: LiveTry, task: TaskStructure, instance: Instance
) -> datetime | None:
    """When a rescheduled sensor first poked, in the first of its tries since it was cleared.

    Its timeout runs from there (Airflow's ``get_first_reschedule_date``).
    """
    first_try = instance.max_tries - task.retries + 1
    if live_try.try_number <= first_try:
        return None
    turn.changes.flush(turn.connection)
    table = models.task_try
    query = select(table.c.started_at).where(
        table.c.task_instance_id == live_try.row_key,
        table.c.try_number == first_try,
        table.c.journal_number > 0,
    )
    return turn.connection.execute(query).scalar()


def _context(task: TaskStructure, live_try: LiveTry, priority: int) -> dict[str, Any]:
    queued = live_try.queued_at
    return {
        "pool": task.pool,
        "pool_slots": task.pool_slots,
        "priority_weight": priority,
        "queued_at": queued.isoformat() if queued else None,
    }


def _triggering(turn: Turn, run: LiveRun) -> dict[str, Any]:
    """The events of assets that a run was made for."""
    if run.run_type != DagRunType.ASSET_TRIGGERED:
        return {}
    return {"triggering_asset_events": assets.consumed(turn.connection, run.key)}


def _inputs(
    turn: Turn, run: LiveRun, task: TaskStructure
) -> tuple[list[XComInput], bool, dict[str, int]]:
    """The XComs that the task's arguments refer to, if they are small, and mapped counts."""
    if not task.xcom_inputs:
        return [], False, {}
    wanted = set(task.xcom_inputs)
    producers = {task_id for task_id, _ in wanted}
    counts = expanded_counts(run.state, producers)
    turn.changes.flush(turn.connection)
    table = models.xcom
    rows = turn.connection.execute(
        select(table.c.task_id, table.c.key, table.c.map_index, table.c.value)
        .where(table.c.dag_run_id == run.key, table.c.task_id.in_(producers))
        .order_by(table.c.task_id, table.c.key, table.c.map_index)
    ).all()
    found = [
        XComInput(row.task_id, row.key, row.map_index, row.value)
        for row in rows
        if (row.task_id, row.key) in wanted
    ]
    if sum(len(item.value) for item in found) > HANDED_OVER:
        return [], True, counts
    return found, False, counts


def expanded_counts(state: RunState, task_ids: Iterable[str]) -> dict[str, int]:
    """How many instances each of the mapped ones among these tasks has."""
    counts = {}
    for task_id in task_ids:
        task_state = state.tasks.get(task_id)
        if task_state is not None and task_state.node.expansion is not None:
            counts[task_id] = sum(index >= 0 for index in task_state.instances)
    return counts
