"""DAG runs: promoted from queued to running, decided, finished."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, select, update

from runner.daemon import assets, making, schedules
from runner.daemon.ingest import request_callback
from runner.daemon.memory import LiveRun, LiveTry, Pipeline
from runner.daemon.turn import Turn
from runner.scheduling.decide import decide
from runner.scheduling.endings import (
    BAD_TASK_STATES,
    is_too_long,
    state_of_leaves,
    timed_out,
)
from runner.scheduling.expansion import initial_instances
from runner.scheduling.graph import Graph, graph_of
from runner.scheduling.model import (
    Decision,
    DroppedInstance,
    InstanceKey,
    NewInstance,
    StateChange,
)
from store import models
from store.states import (
    FINISHED_RUN_STATES,
    FINISHED_TASK_STATES,
    DagRunState,
    TaskInstanceState,
)
from store.structure import decode_structure

State = TaskInstanceState


def give_up_queued(turn: Turn, dag_id: str, why: str) -> None:
    """A DAG's queued runs can't be started: they fail."""
    table = models.dag_run
    queued = (table.c.dag_id == dag_id) & (table.c.state == DagRunState.QUEUED)
    for key in list(turn.connection.execute(select(table.c.id).where(queued)).scalars()):
        give_up_run(turn, key, why)
    turn.brain.queued_runs.pop(dag_id, None)
    turn.brain.queued_backfill_runs.pop(dag_id, None)


def give_up_run(turn: Turn, key: int, why: str) -> None:
    """Nothing can be decided about a run: it fails, and its processes are ended."""
    table = models.dag_run
    row = turn.connection.execute(select(table).where(table.c.id == key)).first()
    if row is None:
        return
    turn.connection.execute(
        update(table).where(table.c.id == key).values(state=DagRunState.FAILED, ended_at=turn.now)
    )
    turn.changes.event(
        turn.now, "run_failed", why, dag_id=row.dag_id, run_id=row.run_id, dag_run_id=key
    )
    for live_try in turn.brain.tries.values():
        if live_try.run_key == key and not live_try.ended:
            order_end(turn, live_try, f"leave:{why}")
    run = turn.brain.runs.get(key)
    if run is not None:
        turn.brain.forget_run(run)
    _make_room(turn, row.dag_id, row.backfill_id)


def _make_room(turn: Turn, dag_id: str, backfill_id: int | None) -> None:
    """A run is over: its backfill may be too, and a scheduled run may be due that waited for it."""
    if backfill_id is not None:
        end_backfill(turn, backfill_id)
    pipeline = turn.brain.pipelines.get(dag_id)
    if pipeline is None:
        return
    if assets.runs_on_assets(pipeline):
        turn.brain.asset_consumers.add(dag_id)
    if pipeline.next_run_after is not None:
        turn.orders.timers.append((max(pipeline.next_run_after, turn.now), ("dag", dag_id)))
    elif pipeline.structure.timetable.kind == "continuous":
        schedules.plan_next(turn, pipeline, schedules.last_interval(turn, dag_id))


def promote_runs(turn: Turn) -> None:
    """Queued runs become running as far as ``max_active_runs`` (or their backfill's limit) lets."""
    assets.create_runs(turn)
    for dag_id in turn.brain.dags_with_queued_runs():
        promote_runs_of(turn, dag_id)


def promote_runs_of(turn: Turn, dag_id: str) -> None:
    """``promote_runs`` of one DAG."""
    pipeline = turn.brain.pipelines.get(dag_id)
    if pipeline is None or pipeline.hold() is not None:
        return
    running = Counter(run.backfill_id for run in turn.brain.runs_of(dag_id))
    if turn.brain.queued_runs[dag_id]:
        _promote(turn, pipeline, None, pipeline.max_active_runs - running[None])
    if turn.brain.queued_backfill_runs[dag_id]:
        turn.changes.flush(turn.connection)
        table, run = models.backfill, models.dag_run
        waiting = select(run.c.backfill_id).where(
            run.c.dag_id == dag_id, run.c.state == DagRunState.QUEUED
        )
        is_held = table.c.paused_at.is_not(None) & table.c.ended_at.is_(None)
        starting = select(table).where(table.c.id.in_(waiting), ~is_held)
        for backfill in turn.connection.execute(starting).all():
            _promote(turn, pipeline, backfill, backfill.max_active_runs - running[backfill.id])


def _promote(turn: Turn, pipeline: Pipeline, backfill: Row[Any] | None, room: int) -> None:
    """Start the first queued runs of a backfill, or of the DAG's own, as far as there is room."""
    if room <= 0:
        return
    turn.changes.flush(turn.connection)
    table = models.dag_run
    order = (table.c.run_after, table.c.id)
    if backfill is not None and backfill.run_backwards:
        order = (table.c.run_after.desc(), table.c.id.desc())
    rows = turn.connection.execute(
        select(table)
        .where(
            table.c.dag_id == pipeline.dag_id,
            table.c.state == DagRunState.QUEUED,
            table.c.backfill_id == (None if backfill is None else backfill.id),
        )
        .order_by(*order)
        .limit(room)
    ).all()
    for row in rows:
        begin_run(turn, pipeline, row)


def begin_run(turn: Turn, pipeline: Pipeline, row: Any) -> LiveRun:
    """A queued run starts: it moves from the store into memory."""
    run = turn.brain.load_run(turn.connection, row)
    started_at: datetime = row.started_at or turn.now
    run.started_at = started_at
    run.facts = msgspec.structs.replace(run.facts, started_at=started_at.isoformat())
    turn.brain.count_queued(pipeline.dag_id, row.backfill_id, -1)
    turn.changes.update(
        models.dag_run, run.key, state=DagRunState.RUNNING, started_at=run.started_at
    )
    adopt_structure(turn, run)
    turn.brain.add_run(run)
    set_time_limit(turn, run)
    return run


def requeue(turn: Turn, pipeline: Pipeline, run_key: int) -> None:
    """A finished run is queued again, to be looked at with its changed instances."""
    table = models.dag_run
    row = turn.connection.execute(
        select(table.c.state, table.c.clear_number, table.c.backfill_id).where(
            table.c.id == run_key
        )
    ).one()
    if row.state not in FINISHED_RUN_STATES:
        return
    turn.changes.update(
        table,
        run_key,
        state=DagRunState.QUEUED,
        started_at=None,
        ended_at=None,
        queued_at=turn.now,
        clear_number=row.clear_number + 1,
    )
    turn.brain.count_queued(pipeline.dag_id, row.backfill_id, 1)
    if row.backfill_id is not None:
        _reopen_backfill(turn, row.backfill_id)


def set_conf(turn: Turn, run_key: int, conf: dict[str, Any] | None) -> None:
    """Give a run another conf: tries from now on find it, those before keep what they had."""
    turn.changes.update(models.dag_run, run_key, conf=conf)
    run = turn.brain.runs.get(run_key)
    if run is not None:
        run.facts = msgspec.structs.replace(run.facts, conf=conf)


def set_time_limit(turn: Turn, run: LiveRun) -> None:
    """Wake up when a run has taken as long as its ``dagrun_timeout`` lets it."""
    timeout = run.pipeline.structure.dagrun_timeout
    if timeout is not None and run.started_at is not None:
        at = run.started_at + timedelta(seconds=timeout)
        turn.orders.timers.append((at, ("run_timeout", run.key)))


def adopt_structure(turn: Turn, run: LiveRun) -> None:
    """Bring a run's instances in line with its pipeline: new tasks added, gone ones removed."""
    pipeline = run.pipeline
    for change in run.state.restore_removed():
        _apply_state(turn, run, change)
    have = {task_id for task_id, _ in run.state.instances}
    for instance in initial_instances(pipeline.structure, run.logical_date, run.run_type):
        if instance.task_id not in have:
            making.insert_instance(turn, pipeline, run.key, instance)
            run.state.add_instance(instance)
            run.rows[instance.row_key] = key = (instance.task_id, instance.map_index)
            turn.brain.tell_next(run.key, key, None)
    for key, instance in list(run.state.instances.items()):
        if instance.task_id not in pipeline.tasks and instance.state is not State.REMOVED:
            run.state.set_state(key, State.REMOVED)
            turn.changes.update(
                models.task_instance, instance.row_key, state=State.REMOVED, ended_at=turn.now
            )
            turn.brain.candidates.pop(instance.row_key, None)
            end_tries(turn, run, key, f"removed:task {instance.task_id} is no longer in the DAG")
    turn.changes.update(models.dag_run, run.key, version_id=pipeline.version_id)


def end_tries(turn: Turn, run: LiveRun, key: InstanceKey, intent: str) -> None:
    """Have the processes of a task instance ended."""
    for live_try in turn.brain.tries.values():
        if (
            live_try.run_key == run.key
            and (live_try.task_id, live_try.map_index) == key
            and not live_try.ended
        ):
            order_end(turn, live_try, intent)


def order_end(turn: Turn, live_try: LiveTry, intent: str) -> None:
    """Have a try's process ended; ``intent`` says what its instance becomes, and why."""
    live_try.intent = intent
    turn.changes.update(models.task_try, live_try.key, intent=intent)
    turn.orders.kills.append(live_try)


def decide_runs(turn: Turn) -> None:
    """Ask for decisions about the runs that changed, and apply them."""
    while turn.brain.dirty:
        decide_run(turn, turn.brain.dirty.pop())


def decide_run(turn: Turn, key: int) -> None:
    """Ask for the decision about one run, and apply it."""
    turn.brain.dirty.discard(key)
    run = turn.brain.runs.get(key)
    if run is None or run.pipeline.hold() is not None:
        return
    decision = decide(run.state, turn.now)
    apply(turn, run, decision)
    if decision.run_state is not None:
        finish_run(turn, run, decision.run_state, decision.run_reason)


def apply(turn: Turn, run: LiveRun, decision: Decision) -> None:
    """Write a decision's changes; memory has them already."""
    for key in decision.kills:
        end_tries(turn, run, key, "leave:the run was ended")
    notes: dict[str, str | None] = {}
    for change in decision.changes:
        if isinstance(change, StateChange):
            _apply_state(turn, run, change)
        elif isinstance(change, NewInstance):
            instance = run.state.instances[change.key]
            making.insert_instance(turn, run.pipeline, run.key, instance)
            run.rows[instance.row_key] = change.key
            if note := notes.get(instance.task_id):
                turn.changes.update(models.task_instance, instance.row_key, note=note)
            turn.follow(run, instance)
        else:
            notes[change.key[0]] = _drop(turn, run, change)


def _apply_state(turn: Turn, run: LiveRun, change: StateChange) -> None:
    instance = run.state.instances.get(change.key)
    if instance is None:
        return
    columns: dict[str, Any] = {"state": change.state, "next_at": None}
    if change.state is State.SCHEDULED:
        columns["scheduled_at"] = turn.now
    elif change.state in FINISHED_TASK_STATES:
        columns["ended_at"] = turn.now
        if change.state is State.SUCCESS:
            columns |= {"started_at": turn.now, "duration": 0.0}
        else:
            turn.changes.event(
                turn.now, f"task_{change.state}", change.reason, **run.where(instance)
            )
    turn.changes.update(models.task_instance, instance.row_key, **columns)
    turn.follow(run, instance)


def _drop(turn: Turn, run: LiveRun, change: DroppedInstance) -> str | None:
    """A placeholder gives way; its note, for those it gives way to."""
    note: str | None = None
    for row_key, key in list(run.rows.items()):
        if key == change.key:
            del run.rows[row_key]
            turn.brain.candidates.pop(row_key, None)
            note = _note_of(turn, row_key)
            turn.changes.delete(models.task_instance, row_key)
            turn.brain.tell_dropped(run.key, key)
    return note


def _note_of(turn: Turn, row_key: int) -> str | None:
    table = models.task_instance
    written = turn.changes.written(table, row_key)
    if "note" in written:
        return written["note"]
    return turn.connection.execute(select(table.c.note).where(table.c.id == row_key)).scalar()


def finish_run(turn: Turn, run: LiveRun, state: DagRunState, reason: str) -> None:
    """A run has its final state."""
    if run.intended_state is not None:
        state, reason = DagRunState(run.intended_state), f"marked {run.intended_state}"
    turn.changes.update(
        models.dag_run, run.key, state=state, ended_at=turn.now, intended_state=None
    )
    turn.brain.forget_run(run)
    _make_room(turn, run.dag_id, run.backfill_id)
    _tell_state(turn, run.pipeline, run.where(), state, reason)


def states_by_tasks(
    turn: Turn,
    pipeline: Pipeline,
    rows: Iterable[Row[Any]],
    marked: Mapping[int, Mapping[int, tuple[str, str]]] | None = None,
) -> dict[int, tuple[DagRunState, str]]:
    """By row key: what its tasks make of each of these ended runs by now, and why. Which tasks are
    leaves the run's own version says. ``marked``: of runs, the task and the state of some task
    instances by row key, in the place of what they have."""
    turn.changes.flush(turn.connection)
    instance = models.task_instance
    graphs: dict[int, Graph] = {}
    decided: dict[int, tuple[DagRunState, str]] = {}
    for row in rows:
        if row.version_id not in graphs:
            graphs[row.version_id] = _graph_of_version(turn, pipeline, row.version_id)
        found = turn.connection.execute(
            select(instance.c.id, instance.c.task_id, instance.c.state).where(
                instance.c.dag_run_id == row.id, instance.c.state.in_(BAD_TASK_STATES)
            )
        )
        states = {one.id: (one.task_id, one.state) for one in found}
        states |= (marked or {}).get(row.id, {})
        bad = {task_id: state for task_id, state in states.values() if state in BAD_TASK_STATES}
        decided[row.id] = state_of_leaves(graphs[row.version_id], bad)
    return decided


def _graph_of_version(turn: Turn, pipeline: Pipeline, version_id: int) -> Graph:
    if version_id == pipeline.version_id:
        return graph_of(pipeline.structure)
    version = models.dag_version
    document = select(version.c.structure).where(version.c.id == version_id)
    return Graph(decode_structure(turn.connection.execute(document).scalar_one()))


def conclude_anew(
    turn: Turn,
    pipeline: Pipeline,
    rows: Iterable[Row[Any]],
    before: Mapping[int, tuple[DagRunState, str]],
) -> None:
    """Ended runs of which tasks were marked, and of which nothing runs again, get the state that
    their tasks make by now; see ``become``. Times and versions stay."""
    rows = list(rows)
    decided = states_by_tasks(turn, pipeline, rows)
    for row, state in become(turn, pipeline, rows, before, decided):
        turn.changes.update(models.dag_run, row.id, state=state)
        place = {"dag_id": row.dag_id, "dag_run_id": row.id, "run_id": row.run_id}
        _tell_state(turn, pipeline, place, state, decided[row.id][1])


def become(
    turn: Turn,
    pipeline: Pipeline,
    rows: Iterable[Row[Any]],
    before: Mapping[int, tuple[DagRunState, str]],
    decided: Mapping[int, tuple[DagRunState, str]],
) -> list[tuple[Row[Any], DagRunState]]:
    """Of ended runs those that get another state when their tasks make what is ``decided`` of them,
    and which: not where they made that ``before``. That a user marked a run, or that it took too
    long, holds."""
    found: list[tuple[Row[Any], DagRunState]] = []
    for row in rows:
        state = decided[row.id][0]
        if state in (row.state, before[row.id][0]):
            continue
        if row.state == DagRunState.FAILED:
            structure = _graph_of_version(turn, pipeline, row.version_id).structure
            if is_too_long(structure, row.started_at, row.ended_at):
                continue
        found.append((row, state))
    return found


def _tell_state(
    turn: Turn, pipeline: Pipeline, place: dict[str, Any], state: DagRunState, reason: str
) -> None:
    """What follows from the final state that the run at this place has got."""
    turn.changes.event(turn.now, f"run_{state}", reason or f"the run ended: {state}", **place)
    kind = "on_success" if state is DagRunState.SUCCESS else "on_failure"
    if kind in pipeline.structure.callbacks:
        request_callback(turn, place["dag_run_id"], kind, reason or str(state), None)
    if state is DagRunState.FAILED:
        _pause_after_failures(turn, pipeline, place["dag_run_id"])


def _pause_after_failures(turn: Turn, pipeline: Pipeline, run_key: int) -> None:
    """``max_consecutive_failed_dag_runs``: that many failures in a row, this one among them, pause
    the DAG."""
    limit = pipeline.structure.max_consecutive_failed_dag_runs
    if limit <= 0:
        return
    turn.changes.flush(turn.connection)
    table = models.dag_run
    newest = turn.connection.execute(
        select(table.c.id, table.c.state)
        .where(table.c.dag_id == pipeline.dag_id)
        .order_by(table.c.run_after.desc(), table.c.id.desc())
        .limit(limit)
    )
    states = {row.id: row.state for row in newest}
    failed = all(state == DagRunState.FAILED for state in states.values())
    if len(states) == limit and run_key in states and failed:
        schedules.set_paused(
            turn, pipeline, True, actor="runner", why=f"{limit} runs in a row failed"
        )


def run_timed_out(turn: Turn, run: LiveRun) -> None:
    """``dagrun_timeout``: the run fails, what is unfinished is skipped, what runs is ended."""
    decision = timed_out(run.state, run.started_at, turn.now)
    if decision is None or decision.run_state is None:
        return
    apply(turn, run, decision)
    finish_run(turn, run, decision.run_state, decision.run_reason)


def _reopen_backfill(turn: Turn, key: int) -> None:
    """A run of a backfill that has ended runs again: it is at work again; not one that was
    cancelled."""
    turn.changes.flush(turn.connection)
    backfill = models.backfill
    turn.connection.execute(
        update(backfill)
        .where(
            backfill.c.id == key,
            backfill.c.ended_at.is_not(None),
            backfill.c.cancelled_at.is_(None),
        )
        .values(ended_at=None, paused_at=None)
    )


def end_backfill(turn: Turn, key: int) -> None:
    """A backfill gets its end, if all its runs are made and have ended."""
    turn.changes.flush(turn.connection)
    run, backfill = models.dag_run, models.backfill
    unfinished = select(run.c.id).where(
        run.c.backfill_id == key, run.c.state.in_((DagRunState.QUEUED, DagRunState.RUNNING))
    )
    turn.connection.execute(
        update(backfill)
        .where(
            backfill.c.id == key,
            backfill.c.ended_at.is_(None),
            backfill.c.next_date.is_(None),
            ~unfinished.exists(),
        )
        .values(ended_at=turn.now)
    )
