"""Callbacks in processes of their own: those of DAGs, and of tasks whose process was lost."""

from __future__ import annotations

import os
from enum import Enum, auto
from pathlib import Path

from sqlalchemy import select, update

from runner.daemon.brain import Brain, run_facts
from runner.daemon.memory import Pipeline
from runner.daemon.turn import Turn
from runner.journal.abandon import abandon, is_held
from runner.journal.reader import JournalDamaged, read_frames
from runner.journal.records import CallbackTicket, Ended, Ticket
from store import models
from store.engine import Store
from store.states import TaskInstanceState
from store.workspace import Workspace

FAILED = "its log says more"


def make_ticket(
    store: Store, brain: Brain, workspace: Workspace, key: int
) -> tuple[Pipeline, CallbackTicket, str] | None:
    """The ticket of a stored callback, and where its log goes; None where its DAG is gone."""
    callback, attempt, instance = models.callback, models.task_try, models.task_instance
    with store.read() as connection:
        row = connection.execute(select(callback).where(callback.c.id == key)).first()
        if row is None:
            return None
        run = connection.execute(
            select(models.dag_run).where(models.dag_run.c.id == row.dag_run_id)
        ).one()
        lost = None
        try_id: int | None = row.try_id
        if try_id is not None:
            lost = connection.execute(
                select(attempt, instance.c.task_id, instance.c.map_index, instance.c.max_tries)
                .join(instance, instance.c.id == attempt.c.task_instance_id)
                .where(attempt.c.id == try_id)
            ).first()
        last = connection.execute(
            select(instance)
            .where(instance.c.dag_run_id == row.dag_run_id)
            .order_by(instance.c.ended_at.desc().nulls_last())
            .limit(1)
        ).first()
    pipeline = brain.pipelines.get(run.dag_id)
    subject = lost or last
    if pipeline is None or subject is None:
        return None
    folder = workspace.tries / str(run.id)
    path = workspace.log(run.id, try_id) if try_id is not None else folder / f"callback.{key}.log"
    ticket = Ticket(
        try_key=try_id or 0,
        task_instance_key=0,
        dag_id=run.dag_id,
        task_id=subject.task_id,
        map_index=subject.map_index,
        try_number=subject.try_number,
        max_tries=subject.max_tries,
        run=run_facts(run),
        journal=str(folder / f"callback.{key}.journal"),
        log=str(path),
        doorbell=str(workspace.doorbell),
        questions=str(workspace.questions),
        dag_version=pipeline.version_number,
        xcoms_left_out=True,
    )
    made = CallbackTicket(key, row.kind, row.reason, ticket, of_dag=lost is None)
    return pipeline, made, str(Path(path))


class Stand(Enum):
    """What can be seen of a callback whose process no host of ours tells about."""

    NOT_BEGUN = auto()
    RUNNING = auto()
    ENDED = auto()


def stand_of(journal: str) -> tuple[Stand, str | None]:
    """How far a callback is by its journal, and what it failed of if it has ended and failed.

    So no callback that has begun is begun a second time, whatever became of runner and host.
    """
    try:
        if not os.path.exists(journal):
            return Stand.NOT_BEGUN, None
        if abandon(journal):
            os.unlink(journal)
            return Stand.NOT_BEGUN, None
        if is_held(journal):
            return Stand.RUNNING, None
        descriptor = os.open(journal, os.O_RDONLY | os.O_CLOEXEC)
        try:
            last = read_frames(descriptor, 0)[0][-1]
        finally:
            os.close(descriptor)
    except (OSError, JournalDamaged) as error:
        return Stand.ENDED, f"its journal can't be read: {error}"
    if not isinstance(last, Ended):
        return Stand.ENDED, "its process was killed before it ended"
    return Stand.ENDED, None if last.state == TaskInstanceState.SUCCESS else FAILED


def ended(turn: Turn, key: int, error: str | None) -> None:
    """A callback's process has ended; ``error`` says how it failed, if it did."""
    table = models.callback
    row = turn.connection.execute(select(table).where(table.c.id == key)).first()
    if row is None or row.state in ("done", "failed"):
        return
    turn.connection.execute(
        update(table)
        .where(table.c.id == key)
        .values(state="failed" if error else "done", message=error)
    )
    if error:
        turn.changes.event(
            turn.now,
            "callback_failed",
            f"{row.kind} callback failed: {error}",
            dag_run_id=row.dag_run_id,
        )
