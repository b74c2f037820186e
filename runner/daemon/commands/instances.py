"""Commands about task instances: clear, mark, kill."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from sqlalchemy import Row, func, select

from runner.daemon import runs
from runner.daemon.commands.common import (
    Payload,
    Refused,
    checked_conf,
    named_pipeline,
    named_run,
)
from runner.daemon.commands.notes import note_of, write_notes
from runner.daemon.commands.undoing import undo
from runner.daemon.commands.versions import other_versions
from runner.daemon.memory import LiveRun, Pipeline
from runner.daemon.turn import Turn
from runner.scheduling import closure
from runner.scheduling.retries import max_tries_after_clear
from store import models
from store.states import (
    EXECUTING_TASK_STATES,
    FINISHED_RUN_STATES,
    FINISHED_TASK_STATES,
    DagRunState,
    TaskInstanceState,
)

State = TaskInstanceState
MARKABLE = ("success", "failed", "skipped")

MOST_TOLD = 1_000
"""Runs of which a question about a mark is told what they become: it takes a few looks at each."""


def chosen_runs(turn: Turn, pipeline: Pipeline, payload: Payload) -> list[Row[Any]]:
    """The runs that a clear or mark is about: those named, and with past / future their kin."""
    turn.changes.flush(turn.connection)
    table = models.dag_run
    query = select(table).where(table.c.dag_id == pipeline.dag_id)
    names = payload.get("run_ids")
    if names is None and payload.get("run_id") is not None:
        names = [payload["run_id"]]
    if names is None:
        return list(turn.connection.execute(query.order_by(table.c.run_after)))
    named = [named_run(turn, pipeline.dag_id, name) for name in names]
    found = {row.id: row for row in named}
    at = func.coalesce(table.c.logical_date, table.c.run_after)
    for row in named:
        moment = row.logical_date or row.run_after
        if payload.get("past"):
            found |= {r.id: r for r in turn.connection.execute(query.where(at < moment))}
        if payload.get("future"):
            found |= {r.id: r for r in turn.connection.execute(query.where(at > moment))}
    return list(found.values())


def chosen_instances(
    turn: Turn,
    pipeline: Pipeline,
    chosen: list[Row[Any]],
    payload: Payload,
    *,
    marking: bool = False,
) -> list[Row[Any]]:
    """What a clear or mark is about, run by run: the tasks named first, then their kin in the order
    in which they run."""
    task_ids = payload.get("task_ids")
    if task_ids is not None:
        for task_id in task_ids:
            if task_id not in pipeline.tasks:
                raise Refused(f"DAG {pipeline.dag_id} has no task {task_id!r}")
        select_kin = closure.select_marked if marking else closure.select_tasks
        task_ids = select_kin(
            pipeline.structure,
            task_ids,
            upstream=bool(payload.get("upstream")),
            downstream=bool(payload.get("downstream")),
        )
    table, run = models.task_instance, models.dag_run
    found: list[Row[Any]] = []
    named: set[str] = set(payload.get("task_ids") or ())
    indexes = payload.get("map_indexes")
    places = {one: (one not in named, at) for at, one in enumerate(task_ids or ())}
    for row in chosen:
        query = (
            select(table, run.c.run_id)
            .join(run, run.c.id == table.c.dag_run_id)
            .where(table.c.dag_run_id == row.id)
            .order_by(table.c.id)
        )
        if task_ids is not None:
            query = query.where(table.c.task_id.in_(task_ids))
        if payload.get("only_failed"):
            query = query.where(table.c.state.in_((State.FAILED, State.UPSTREAM_FAILED)))
        instances = [
            one
            for one in turn.connection.execute(query)
            if indexes is None or one.task_id not in named or one.map_index in indexes
        ]
        found += sorted(instances, key=lambda one: places[one.task_id]) if places else instances
    return found


def _listed(found: list[Row[Any]]) -> list[list[Any]]:
    return [[row.run_id, row.task_id, row.map_index, row.state] for row in found]


def clear(turn: Turn, payload: Payload, actor: str) -> Any:
    """Have task instances run again (Airflow's clear); their runs are queued again."""
    pipeline = named_pipeline(turn, payload)
    chosen = chosen_runs(turn, pipeline, payload)
    found = [
        row
        for row in chosen_instances(turn, pipeline, chosen, payload)
        if row.state != State.REMOVED and (row.state is not None or not payload.get("dry_run"))
    ]
    answer: dict[str, Any] = {
        "instances": _listed(found),
        "runs": len({row.dag_run_id for row in found}),
        "held": pipeline.hold() if found else None,
    }
    conf, note = _new_conf(pipeline, chosen, payload), note_of(payload)
    touched = {row.dag_run_id for row in found}
    runs_of = [row for row in chosen if row.id in touched]
    if payload.get("dry_run"):
        answer["versions"] = other_versions(turn, pipeline, runs_of)
        return answer
    noted = found if payload.get("task_ids") is not None else runs_of
    answer["undo"] = undo(
        turn,
        pipeline,
        chosen,
        [(row, None) for row in found],
        whole=conf is not None,
        conf_changed=conf is not None,
        note=note,
        noted=noted,
    )
    clear_rows(turn, pipeline, found, f"cleared by {actor}")
    write_notes(turn, models.task_instance if noted is found else models.dag_run, noted, note)
    details: dict[str, Any] = {"task_ids": sorted({row.task_id for row in found})}
    if note is not None:
        details["note"] = note
    if conf is not None and found:
        details |= {"conf": conf, "former_conf": chosen[0].conf}
        runs.set_conf(turn, chosen[0].id, conf)
    turn.changes.event(
        turn.now,
        "clear",
        f"{actor} cleared {len(found)} task instances of {answer['runs']} runs",
        actor=actor,
        dag_id=pipeline.dag_id,
        run_id=chosen[0].run_id if len(chosen) == 1 else None,
        dag_run_id=chosen[0].id if len(chosen) == 1 else None,
        details=details,
    )
    return answer


def _new_conf(pipeline: Pipeline, chosen: list[Row[Any]], payload: Payload) -> Payload | None:
    """The conf that a run has for its tries from now on; None: it keeps its own."""
    if payload.get("conf") is None:
        return None
    if len(chosen) != 1:
        raise Refused("params can be changed for one run at a time")
    return checked_conf(pipeline, payload["conf"])


def clear_rows(turn: Turn, pipeline: Pipeline, found: list[Row[Any]], why: str) -> None:
    """Clear these rows of ``task_instance`` and queue their runs again."""
    by_run: dict[int, list[Row[Any]]] = {}
    for row in found:
        by_run.setdefault(row.dag_run_id, []).append(row)
    for run_key, rows in by_run.items():
        run = turn.brain.runs.get(run_key)
        for row in rows:
            clear_one(turn, pipeline, run, row, why)
        if run is None:
            runs.requeue(turn, pipeline, run_key)
        elif run.intended_state is not None:
            run.intended_state = None
            turn.changes.update(models.dag_run, run_key, intended_state=None)


def clear_one(turn: Turn, pipeline: Pipeline, run: LiveRun | None, row: Row[Any], why: str) -> None:
    task = pipeline.tasks.get(row.task_id)
    max_tries = max_tries_after_clear(task, row.try_number, row.max_tries)
    key = (row.task_id, row.map_index)
    turn.changes.update(models.task_instance, row.id, max_tries=max_tries)
    if run is None:
        turn.changes.update(
            models.task_instance,
            row.id,
            state=None,
            next_at=None,
            started_at=None,
            ended_at=None,
            duration=None,
        )
        turn.brain.tell_next(row.dag_run_id, key, None)
        return
    instance = run.state.instances[key]
    instance.max_tries = max_tries
    if instance.state in EXECUTING_TASK_STATES:
        runs.end_tries(turn, run, key, f"restart:{why}")
        turn.set_instance(run, instance, State.RESTARTING)
    else:
        turn.set_instance(run, instance, None, started_at=None, ended_at=None, duration=None)


def mark_task(turn: Turn, payload: Payload, actor: str) -> Any:
    """Set the state of task instances by hand; running ones are ended first."""
    wanted = payload["state"]
    if wanted not in MARKABLE:
        raise Refused(f"a task can be marked {', '.join(MARKABLE)}; not {wanted}")
    pipeline = named_pipeline(turn, payload)
    chosen = chosen_runs(turn, pipeline, payload)
    found = [
        row
        for row in chosen_instances(turn, pipeline, chosen, payload, marking=True)
        if row.state not in (wanted, State.REMOVED)
    ]
    below = _failed_below(turn, pipeline, found) if wanted == State.SUCCESS else []
    ended = {row.id: row for row in chosen if row.state in FINISHED_RUN_STATES}
    again = _with_something_to_run(turn, found, below, ended)
    answer: dict[str, Any] = {"instances": _listed(found), "again": _listed(below)}
    note = note_of(payload)
    if payload.get("dry_run"):
        answer["versions"] = other_versions(turn, pipeline, [ended[key] for key in again])
        touched_runs = {row.dag_run_id for row in found}
        about = [row for row in chosen if row.id in touched_runs]
        if len(about) <= MOST_TOLD:
            answer["become"] = _become(turn, pipeline, about, found, below, State(wanted))
        return answer
    marked = {row.dag_run_id for row in found} - again
    concluded = [row for key, row in ended.items() if key in marked]
    before = runs.states_by_tasks(turn, pipeline, concluded)
    why = f"marked {wanted} by {actor}"
    for row in found:
        _mark_one(turn, row, State(wanted), why)
        turn.changes.event(
            turn.now,
            "task_marked",
            why,
            actor=actor,
            dag_id=pipeline.dag_id,
            dag_run_id=row.dag_run_id,
            run_id=row.run_id,
            task_id=row.task_id,
            map_index=row.map_index,
            details=None if note is None else {"note": note},
        )
    write_notes(turn, models.task_instance, found, note)
    clear_rows(turn, pipeline, below, why)
    touched = [(row, State(wanted)) for row in found] + [(row, None) for row in below]
    by_tasks = {key: state for key, (state, _) in before.items()}
    answer["undo"] = undo(
        turn, pipeline, chosen, touched, whole=True, note=note, noted=found, by_tasks=by_tasks
    )
    turn.changes.flush(turn.connection)
    for run_key in again:
        runs.requeue(turn, pipeline, run_key)
    runs.conclude_anew(turn, pipeline, concluded, before)
    return answer


def _mark_one(turn: Turn, row: Row[Any], state: TaskInstanceState, why: str) -> None:
    run = turn.brain.runs.get(row.dag_run_id)
    if run is None:
        turn.changes.update(
            models.task_instance, row.id, state=state, ended_at=row.ended_at or turn.now
        )
        turn.brain.tell_next(row.dag_run_id, (row.task_id, row.map_index), state)
        return
    instance = run.state.instances[(row.task_id, row.map_index)]
    if instance.state in EXECUTING_TASK_STATES:
        runs.end_tries(turn, run, (row.task_id, row.map_index), f"{state}:{why}")
    else:
        turn.set_instance(run, instance, state)


def _failed_below(turn: Turn, pipeline: Pipeline, found: list[Row[Any]]) -> list[Row[Any]]:
    """What had failed because of these: after a mark as success it runs again (Airflow's rule)."""
    below = closure.resumed_by_mark(pipeline.structure, {row.task_id for row in found})
    table, run = models.task_instance, models.dag_run
    rows: list[Row[Any]] = []
    for run_key in dict.fromkeys(row.dag_run_id for row in found):  # there may be any number
        rows += turn.connection.execute(
            select(table, run.c.run_id)
            .join(run, run.c.id == table.c.dag_run_id)
            .where(
                table.c.dag_run_id == run_key,
                table.c.task_id.in_(below),
                table.c.state.in_((State.FAILED, State.UPSTREAM_FAILED)),
            )
            .order_by(table.c.id)
        )
    return rows


def _with_something_to_run(
    turn: Turn, found: list[Row[Any]], below: list[Row[Any]], ended: Container[int]
) -> set[int]:
    """Row keys of the ended runs that go on after a mark: where something below runs again, and
    where something was left unfinished when they ended."""
    keys = {row.dag_run_id for row in found if row.dag_run_id in ended}
    unfinished = _unfinished(turn, keys, found)
    return unfinished | {row.dag_run_id for row in below if row.dag_run_id in ended}


def _unfinished(turn: Turn, keys: set[int], found: list[Row[Any]]) -> set[int]:
    """Those of some runs that have something left to run besides what is marked."""
    table = models.task_instance
    marked = {row.id for row in found}
    unfinished: set[int] = set()
    for run_key in keys:
        left = turn.connection.execute(
            select(table.c.id).where(
                table.c.dag_run_id == run_key,
                table.c.state.is_(None) | table.c.state.not_in(FINISHED_TASK_STATES),
            )
        ).scalars()
        if any(key not in marked for key in left):
            unfinished.add(run_key)
    return unfinished


def _become(
    turn: Turn,
    pipeline: Pipeline,
    about: list[Row[Any]],
    found: list[Row[Any]],
    below: list[Row[Any]],
    wanted: TaskInstanceState,
) -> list[list[str]]:
    """Of each run that a mark is about: its id, its state, and what it becomes; "queued" of one
    that has ended and runs again, "running" of one that goes on."""
    unfinished = _unfinished(turn, {row.dag_run_id for row in found}, found)
    goes_on = unfinished | {row.dag_run_id for row in below}
    over = [row for row in about if row.id not in goes_on]
    marked: dict[int, dict[int, tuple[str, str]]] = {}
    for row in found:
        marked.setdefault(row.dag_run_id, {})[row.id] = (row.task_id, str(wanted))
    before = runs.states_by_tasks(turn, pipeline, over)
    after = runs.states_by_tasks(turn, pipeline, over, marked)
    at_work = {row.id for row in about if row.state not in FINISHED_RUN_STATES}
    changed = runs.become(
        turn, pipeline, [row for row in over if row.id not in at_work], before, after
    )
    states = {row.id: row.state for row in about} | {row.id: state for row, state in changed}
    told: list[list[str]] = []
    for row in about:
        if row.id in goes_on:
            state = row.state if row.id in at_work else DagRunState.QUEUED
        elif row.id in at_work:
            state = row.intended_state or after[row.id][0]
        else:
            state = states[row.id]
        told.append([row.run_id, row.state, state])
    return told


def kill(turn: Turn, payload: Payload, actor: str) -> Any:
    """End the process of a running task: SIGTERM, then SIGKILL; it fails without a retry."""
    pipeline = named_pipeline(turn, payload)
    row = named_run(turn, pipeline.dag_id, payload["run_id"])
    run = turn.brain.runs.get(row.id)
    task_id, index = payload["task_id"], payload.get("map_index")
    found = [
        live_try
        for live_try in turn.brain.tries.values()
        if live_try.run_key == row.id
        and live_try.task_id == task_id
        and index in (None, live_try.map_index)
        and not live_try.ended
    ]
    if not found:
        raise Refused(f"{task_id} of run {row.run_id} has no process at work")
    for live_try in found:
        runs.order_end(turn, live_try, f"kill:killed by {actor}")
        place = run.where() if run else {"dag_id": pipeline.dag_id, "dag_run_id": row.id}
        turn.changes.event(
            turn.now,
            "kill",
            f"{actor} killed try {live_try.try_number}",
            actor=actor,
            **place,
            task_id=task_id,
            map_index=live_try.map_index,
            try_number=live_try.try_number,
        )
    return {"killed": [[task_id, live_try.map_index] for live_try in found]}
