"""Commands: rows that say what someone wants done. Anyone writes them, the runner acts on them.

What each kind's payload and answer hold is in ``KINDS``. To send one from a program that should
start fast, use ``store.client``, which asks a running runner without loading SQLAlchemy.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from store.engine import Store
from store.errors import CommandRefused, CommandTimeout, NotFound, UnknownKind
from store.models import command

KINDS = {
    "trigger": "dag_id, conf, logical_date, data_interval_start, data_interval_end, run_id, note, "
    "experiment -> run_id, dag_run_id",
    "pause": "dag_ids -> dag_ids, changed",
    "unpause": "dag_ids -> dag_ids, changed",
    "clear": "dag_id, run_ids, task_ids, map_indexes, upstream, downstream, only_failed, past, "
    "future, conf, note, dry_run -> instances, runs, versions, undo",
    "mark_task": "dag_id, run_id, task_ids, map_indexes, state, upstream, downstream, past, "
    "future, note, dry_run -> instances, again, versions, undo",
    "mark_run": "dag_id, run_id, state, note -> run_id, state, undo",
    "cancel_run": "dag_id, run_id -> run_id, undo",
    "restore": "what the answer of clear, mark_task, mark_run had as undo -> restored, left, runs",
    "schedule": "dag_id, expression, run, window -> expression, former, former_run, "
    "former_window, changed, words, next",
    "asset_event": "asset, extra -> event_id, asset, uri, dags",
    "note": "dag_id, run_id, task_id, map_index, text -> former",
    "set_xcom": "dag_id, run_id, task_id, map_index, key, value, new, expected -> key, new, former",
    "set_priority": "dag_id, run_id, task_ids, map_indexes, priority -> instances",
    "kill": "dag_id, run_id, task_id, map_index -> instances",
    "backfill": "dag_id, from_date, to_date, conf, reprocess, max_active_runs, run_backwards, "
    "dry_run -> backfill_id, runs, again, left",
    "pause_backfill": "backfill_id -> backfill_id, changed",
    "unpause_backfill": "backfill_id -> backfill_id, changed",
    "limit_backfill": "backfill_id, max_active_runs -> backfill_id, former",
    "cancel_backfill": "backfill_id -> backfill_id, failed, running",
    "reparse": "files -> files",
    "stop": "kill_tasks -> (nothing)",
    "delete_dag": "dag_id -> runs",
    "delete_runs": "dag_id, run_ids -> runs",
    "delete_task_instances": "dag_id, run_id, task_ids, map_indexes, dry_run -> instances",
}
"""Kind of command -> what its payload holds -> what its answer holds."""

PENDING, DONE, REFUSED = "pending", "done", "refused"

FIRST_WAIT, LONGEST_WAIT = 0.002, 0.05
"""Seconds between two looks for an answer."""


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command and what became of it."""

    id: int
    kind: str
    payload: dict[str, Any]
    actor: str
    created_at: datetime
    state: str
    """pending, done, refused."""
    answer: dict[str, Any] | None
    """Of a refused one: ``{"error": sentence}``."""
    done_at: datetime | None


COLUMNS = tuple(command.c[name] for name in CommandRow.__dataclass_fields__)


def submit(store: Store, kind: str, payload: dict[str, Any], actor: str) -> int:
    """Write a command; its id. The runner looks at it when the bell rings, or at its next poll."""
    with store.write() as connection:
        return add(connection, kind, payload, actor)


def add(connection: Connection, kind: str, payload: dict[str, Any], actor: str) -> int:
    """Write a command within a transaction; its id. Raises ``UnknownKind``."""
    if kind not in KINDS:
        raise UnknownKind(f"there is no command {kind!r}; there are {', '.join(KINDS)}")
    return connection.execute(
        command.insert().returning(command.c.id),
        {
            "kind": kind,
            "payload": payload,
            "actor": actor,
            "created_at": datetime.now(UTC),
            "state": PENDING,
            "answer": None,
            "done_at": None,
        },
    ).scalar_one()


_ONE = select(*COLUMNS).where(command.c.id == bindparam("wanted"))


def get_command(connection: Connection, command_id: int) -> CommandRow | None:
    """One command; None if there is none of that id (any more)."""
    row = connection.execute(_ONE, {"wanted": command_id}).first()
    return None if row is None else CommandRow(*row)


def withdraw(store: Store, command_id: int) -> bool:
    """Take a command back that nobody has acted on; whether there was still one."""
    with store.write() as connection:
        done = connection.execute(
            delete(command).where(command.c.id == command_id, command.c.state == PENDING)
        )
    return done.rowcount > 0


def wait(store: Store, command_id: int, timeout: float) -> dict[str, Any]:
    """The answer to a command, waiting for it at most ``timeout`` seconds.

    Raises ``CommandRefused`` with the runner's reason, ``CommandTimeout`` if nobody has answered
    (it stays pending), ``NotFound`` if there is no such command.
    """
    deadline = time.monotonic() + timeout
    pause = FIRST_WAIT
    token = None
    while True:
        now = store.change_token()
        if now != token:
            token = now
            answer = _answer(store, command_id)
            if answer is not None:
                return answer
        left = deadline - time.monotonic()
        if left <= 0:
            raise CommandTimeout(
                f"nobody has answered command {command_id} within {timeout:g} s; "
                "it will be carried out when the runner is up ('dagtop up')"
            )
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_WAIT)


def _answer(store: Store, command_id: int) -> dict[str, Any] | None:
    with store.read() as connection:
        found = get_command(connection, command_id)
    if found is None:
        raise NotFound(f"there is no command {command_id}")
    if found.state == REFUSED:
        raise CommandRefused(str((found.answer or {}).get("error", "the command was refused")))
    return (found.answer or {}) if found.state == DONE else None
