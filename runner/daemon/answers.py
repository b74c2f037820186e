"""Answering questions of task processes, hosts, the command line and the terminal."""

from __future__ import annotations

import asyncio
import logging
import os
import struct
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select, update

from runner.daemon import mlflow_answers, schedules, tracked_answers
from runner.daemon.commands.common import Refused
from runner.daemon.commands.payloads import complaint
from runner.daemon.commands.scheduling import parse_window
from runner.daemon.engine import Engine
from runner.daemon.inbox import Request
from runner.daemon.memory import LiveTry
from runner.journal.questions import (
    Answer,
    AskMlflow,
    GetArtifacts,
    GetConnection,
    GetHealth,
    GetIntent,
    GetModelVersion,
    GetPreviousRun,
    GetReasons,
    GetRunStates,
    GetStatus,
    GetVariable,
    GetXCom,
    PreviewSchedule,
    Question,
    SetVariable,
    Submit,
)
from runner.scheduling.decide import why
from store import models
from store.errors import StoreError

log = logging.getLogger(__name__)

LENGTH = struct.Struct(">I")
MAX_REQUEST = 64 << 20
"""Bytes of one question; a longer one is refused and the connection closed."""

_DECODER = msgspec.json.Decoder(Question)


async def serve(engine: Engine, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection: questions one after the other until the other side leaves."""
    try:
        while True:
            (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
            if length > MAX_REQUEST:
                return
            answer = await _answer(engine, await reader.readexactly(length))
            data = msgspec.json.encode(answer)
            writer.write(LENGTH.pack(len(data)) + data)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        writer.close()


async def _answer(engine: Engine, request: bytes) -> Answer:
    try:
        question = _DECODER.decode(request)
    except msgspec.MsgspecError as error:
        return Answer(error=f"the question can't be read: {complaint(error)}")
    try:
        if isinstance(question, Submit):
            return await _submit(engine, question)
        if isinstance(question, AskMlflow):
            return await mlflow_answers.answer(engine, question)
        if isinstance(question, GetReasons):
            return reasons(engine, question)
        if isinstance(question, PreviewSchedule):
            return await preview_schedule(engine, question)
        if isinstance(question, GetStatus):
            return Answer(value=status(engine))
        if isinstance(question, GetHealth):
            return Answer(value=health(engine))
        if isinstance(question, SetVariable):
            return _set_variable(engine, question)
        with engine.store.read() as connection:
            return look_up(connection, question)
    except StoreError as error:
        return Answer(error=str(error))
    except Exception as error:
        log.exception("a question can't be answered: %s", type(question).__name__)
        return Answer(error=f"the question can't be answered: {type(error).__name__}: {error}")


async def _submit(engine: Engine, question: Submit) -> Answer:
    request = Request(
        question.command, question.payload, question.actor, engine.loop.create_future()
    )
    engine.inbox.requests.append(request)
    engine.wake()
    value, error = await request.answer
    return Answer(value=value, error=error)


def look_up(connection: Connection, question: Any) -> Answer:
    """Answer what the store alone can answer."""
    if isinstance(question, GetXCom):
        return _xcom(connection, question)
    if isinstance(question, GetVariable):
        table = models.variable
        value = connection.execute(
            select(table.c.value).where(table.c.key == question.key)
        ).scalar()
        return Answer(value=value, found=value is not None)
    if isinstance(question, GetConnection):
        table = models.connection
        row = connection.execute(select(table).where(table.c.conn_id == question.conn_id)).first()
        return Answer(value=None if row is None else dict(row._mapping), found=row is not None)
    if isinstance(question, GetRunStates):
        return _run_states(connection, question)
    if isinstance(question, GetModelVersion):
        return tracked_answers.model_version(connection, question)
    if isinstance(question, GetArtifacts):
        return tracked_answers.artifacts(connection, question)
    if isinstance(question, GetIntent):
        table = models.task_try
        intent = connection.execute(
            select(table.c.intent).where(table.c.id == question.try_key)
        ).scalar()
        return Answer(value=intent, found=intent is not None)
    assert isinstance(question, GetPreviousRun)
    return _previous_run(connection, question)


def _xcom(connection: Connection, question: GetXCom) -> Answer:
    """Values ordered by map index: ``[[map_index, JSON text], …]``."""
    run, table = models.dag_run, models.xcom
    row = connection.execute(
        select(run.c.id, run.c.logical_date, run.c.run_after).where(
            run.c.dag_id == question.dag_id, run.c.run_id == question.run_id
        )
    ).first()
    if row is None:
        return Answer(value=[], found=False)
    keys = [row.id]
    if question.include_prior_dates and row.logical_date is not None:
        keys += list(
            connection.execute(
                select(run.c.id)
                .where(run.c.dag_id == question.dag_id, run.c.logical_date < row.logical_date)
                .order_by(run.c.logical_date.desc())
                .limit(1000)
            ).scalars()
        )
    for key in keys:
        query = (
            select(table.c.map_index, table.c.value)
            .where(
                table.c.dag_run_id == key,
                table.c.task_id == question.task_id,
                table.c.key == question.key,
            )
            .order_by(table.c.map_index)
        )
        if question.map_indexes is not None:
            query = query.where(table.c.map_index.in_(question.map_indexes))
        rows = connection.execute(query).all()
        if rows:
            return Answer(value=[[r.map_index, r.value.decode()] for r in rows])
    return Answer(value=[], found=False)


def _run_states(connection: Connection, question: GetRunStates) -> Answer:
    """``[{run_id, logical_date, state, tasks: {task_id: [states]}}, …]``."""
    run, instance = models.dag_run, models.task_instance
    query = select(run.c.id, run.c.run_id, run.c.logical_date, run.c.state).where(
        run.c.dag_id == question.dag_id
    )
    if question.logical_dates:
        dates = [datetime.fromisoformat(text) for text in question.logical_dates]
        query = query.where(run.c.logical_date.in_(dates))
    if question.run_ids:
        query = query.where(run.c.run_id.in_(question.run_ids))
    found = []
    for row in connection.execute(query.order_by(run.c.run_after.desc()).limit(1000)).all():
        tasks: dict[str, list[str | None]] = {}
        if question.task_ids:
            for task_id, state in connection.execute(
                select(instance.c.task_id, instance.c.state)
                .where(instance.c.dag_run_id == row.id, instance.c.task_id.in_(question.task_ids))
                .order_by(instance.c.task_id, instance.c.map_index)
            ):
                tasks.setdefault(task_id, []).append(state)
        date = row.logical_date.isoformat() if row.logical_date else None
        found.append(
            {"run_id": row.run_id, "logical_date": date, "state": row.state, "tasks": tasks}
        )
    return Answer(value=found, found=bool(found))


def _previous_run(connection: Connection, question: GetPreviousRun) -> Answer:
    run = models.dag_run
    query = select(run).where(
        run.c.dag_id == question.dag_id,
        run.c.logical_date < datetime.fromisoformat(question.logical_date),
    )
    if question.state is not None:
        query = query.where(run.c.state == question.state)
    row = connection.execute(query.order_by(run.c.logical_date.desc()).limit(1)).first()
    if row is None:
        return Answer(found=False)
    names = ("logical_date", "data_interval_start", "data_interval_end", "started_at", "ended_at")
    dates = {
        name: value.isoformat() if (value := getattr(row, name)) is not None else None
        for name in names
    }
    return Answer(value={"run_id": row.run_id, "state": row.state, **dates})


def _set_variable(engine: Engine, question: SetVariable) -> Answer:
    table = models.variable
    with engine.store.write() as connection:
        if question.value is None:
            done = connection.execute(delete(table).where(table.c.key == question.key))
            return Answer(found=done.rowcount > 0)
        values = {"value": question.value}
        if question.description is not None:
            values["description"] = question.description
        done = connection.execute(update(table).where(table.c.key == question.key).values(values))
        if done.rowcount == 0:
            connection.execute(
                table.insert().values(
                    key=question.key,
                    value=question.value,
                    description=question.description or "",
                )
            )
    return Answer()


MOST_TIMES, MOST_UNTIL = 100, 3_000
"""Times that a preview of a schedule computes; up to a moment: each minute of two days."""


async def preview_schedule(engine: Engine, question: PreviewSchedule) -> Answer:
    """The schedule in words and its next times; the sentence that says what is wrong with it."""
    pipeline = engine.brain.pipelines.get(question.dag_id)
    if pipeline is None:
        return Answer(error=f"there is no DAG {question.dag_id!r}")
    with engine.store.read() as connection:
        last = schedules.last_interval_in(connection, question.dag_id)
    most = MOST_TIMES if question.until is None else MOST_UNTIL
    count = max(1, min(question.count, most))
    window: dict[str, Any] | None = None
    try:
        if question.window is not None:
            window = parse_window(msgspec.structs.asdict(question.window)) or {}
        # Half a second for each minute of two days: runs are not to wait for it.
        found = await asyncio.to_thread(
            schedules.preview,
            pipeline,
            last,
            question.expression,
            count,
            datetime.now(UTC),
            window,
            until=question.until,
        )
    except (ValueError, OverflowError, Refused) as error:
        return Answer(error=str(error))
    return Answer(value=found)


def reasons(engine: Engine, question: GetReasons) -> Answer:
    """``[[task_id, map_index, reason], …]`` of what does not run in a run, and why."""
    pipeline = engine.brain.pipelines.get(question.dag_id)
    if pipeline is None:
        return Answer(error=f"there is no DAG {question.dag_id!r}")
    run = next(
        (r for r in engine.brain.runs_of(question.dag_id) if r.run_id == question.run_id), None
    )
    if run is None:
        return _reason_of_idle_run(engine, question)
    held = pipeline.hold()
    found = []
    for key, text in why(run.state, datetime.now(UTC).astimezone()).items():
        if question.task_id not in (None, key[0]):
            continue
        instance = run.state.instances[key]
        if instance.row_key in engine.brain.candidates:
            text = engine.brain.wait_reasons.get(instance.row_key, text)
        elif held is not None and instance.state in (None, "scheduled"):
            text = held
        found.append([key[0], key[1], text])
    return Answer(value=found)


def _reason_of_idle_run(engine: Engine, question: GetReasons) -> Answer:
    table, backfill = models.dag_run, models.backfill
    with engine.store.read() as connection:
        run = connection.execute(
            select(table.c.state, backfill)
            .outerjoin(backfill, backfill.c.id == table.c.backfill_id)
            .where(table.c.dag_id == question.dag_id, table.c.run_id == question.run_id)
        ).first()
    if run is None:
        return Answer(error=f"DAG {question.dag_id} has no run {question.run_id!r}")
    if run.state != "queued":
        return Answer(value=[])
    pipeline = engine.brain.pipelines[question.dag_id]
    running = [one.backfill_id for one in engine.brain.runs_of(question.dag_id)].count(run.id)
    whose = "the DAG" if run.id is None else f"backfill {run.id}"
    limit = pipeline.max_active_runs if run.id is None else run.max_active_runs
    text = pipeline.hold() or (
        f"the run is queued: {running} runs of {whose} are running, max_active_runs is {limit}"
    )
    if run.paused_at is not None and run.ended_at is None:
        text = pipeline.hold() or f"the run is queued: backfill {run.id} is paused"
    return Answer(value=[["", -1, text]])


def status(engine: Engine) -> dict[str, Any]:
    """Health of the runner, for ``dagtop status`` and the terminal's System view."""
    brain = engine.brain
    seconds = sorted(engine.turn_seconds)
    return {
        "pid": os.getpid(),
        "runs": len(brain.runs),
        "queued_runs": (brain.queued_runs + brain.queued_backfill_runs).total(),
        "executing": brain.usage.executing,
        "parallelism": brain.parallelism,
        "waiting": len(brain.candidates),
        "waiting_reasons": Counter(brain.wait_reasons.values()).most_common(20),
        "pools": {
            name: {"slots": pool.total, "used": pool.used}
            for name, pool in brain.usage.pools.items()
        },
        "files_to_import": len(engine.hands.unparsed) + engine.hands.hosts.importing(),
        "hosts": [
            {
                "file": host.file,
                "importing": host.parsed is None,
                "tries": len(host.tries),
                "retiring": host.retiring,
                "fork_unsafe": host.parsed.fork_unsafe if host.parsed else None,
            }
            for host in engine.hands.hosts.all()
        ],
        "turns": len(seconds),
        "turn_seconds_median": seconds[len(seconds) // 2] if seconds else None,
        "turn_seconds_max": seconds[-1] if seconds else None,
    }


def health(engine: Engine) -> dict[str, Any]:
    """The status, and what only the runner knows of its processes and its own pace."""
    seconds = list(engine.turn_seconds)
    ordered = sorted(seconds)
    now = engine.loop.time()
    return {
        **status(engine),
        "base_pid": engine.hands.hosts.base_pid,
        "hosts": [
            {
                "file": host.file,
                "pid": host.parsed.pid if host.parsed else None,
                "importing": host.parsed is None,
                "retiring": host.retiring,
                "tries": len(host.tries),
                "callbacks": len(host.callbacks),
                "age_seconds": now - host.started,
                "idle_seconds": None if host.busy else now - host.used,
                "fork_unsafe": host.parsed.fork_unsafe if host.parsed else None,
            }
            for host in engine.hands.hosts.all()
        ],
        "tasks": [_task_process(engine, live_try) for live_try in engine.brain.tries.values()],
        "turns_total": engine.turns,
        "turn_seconds_last": seconds[-1] if seconds else None,
        "turn_seconds_p99": ordered[(len(ordered) - 1) * 99 // 100] if ordered else None,
    }


def _task_process(engine: Engine, live_try: LiveTry) -> dict[str, Any]:
    run = engine.brain.runs.get(live_try.run_key)
    started = live_try.started_at
    return {
        "dag_id": live_try.dag_id,
        "run_id": run.run_id if run else None,
        "task_id": live_try.task_id,
        "map_index": live_try.map_index,
        "try_number": live_try.try_number,
        "pid": live_try.pid,
        "started_at": started.isoformat() if started else None,
        "ended": live_try.ended,
    }
