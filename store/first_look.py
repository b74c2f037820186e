"""The DAG list of an SQLite store, read with nothing but the standard library's ``sqlite3``.

SQLAlchemy takes as long to load as everything else that the first screen needs. So the first
screen is read here, once; everything after it by ``store.engine`` and ``store.queries``. The
statements are those of ``store.queries.dags``, and a test holds the two to the same answers.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import msgspec

from store import config
from store.queries.dag_rows import (
    DagRow,
    FileRow,
    FileWarning,
    RunsOf,
    dag_row,
    recent_of,
    split_place,
    warnings_of,
)
from store.values import RUN_STATES, TASK_STATES, from_micros
from store.workspace import Workspace

RECENT = 20
"""Runs of each DAG, as many as ``store.queries.dags.RECENT_RUNS``."""

TIMES = ("next_logical_date", "next_run_after", "schedule_override_at")
JSON = ("owners", "tags")
OPTIONAL_JSON = ("schedule_run", "schedule_window")

DAGS = (
    "SELECT dag.*, pipeline_file.error FROM dag "
    "LEFT JOIN pipeline_file ON pipeline_file.file = dag.file WHERE dag.is_active ORDER BY dag_id"
)
RUNS = f"""
SELECT dag.dag_id, (SELECT json_group_array(json_array(id, state, run_after, started_at, ended_at))
  FROM (SELECT id, state, run_after, started_at, ended_at FROM dag_run
        WHERE dag_run.dag_id = dag.dag_id ORDER BY run_after DESC, id DESC LIMIT {RECENT}))
FROM dag
"""
ACTIVE = (
    "SELECT state, dag_id, count(*) FROM dag_run WHERE state IN ('queued', 'running') "
    "GROUP BY state, dag_id"
)
FILES = (
    "SELECT file, parsed_at, parse_seconds, error, error_line, traceback, fork_unsafe, warnings "
    "FROM pipeline_file WHERE error IS NOT NULL OR warnings <> '[]' ORDER BY file"
)


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What the first screen shows."""

    dags: tuple[DagRow, ...]
    errors: tuple[FileRow, ...]
    warnings: tuple[FileWarning, ...]
    lease: Any
    """The runner's lease, with the attributes of ``store.queries.system.Lease``, or None."""
    last_event: int
    """Id of the newest event; what comes after it is news."""


def first_look(workspace: Workspace) -> FirstLook | None:
    """All DAGs, the files that can't be imported, warnings, and the runner's lease.

    None where that takes more than a look: another database, none, one of another version or one
    that can't be read; ``store.engine`` says what it is.
    """
    if config.load(workspace).store.url or not workspace.database.is_file():
        return None
    try:
        # With mode=ro it could not make the index of the WAL.
        uri = f"{workspace.database.resolve().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=1.0)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            files = [_file_row(row) for row in connection.execute(FILES)]
            errors = tuple(row for row in files if row.error is not None)
            warnings = tuple(w for row in files for w in warnings_of(row.file, row.warnings))
            (last_event,) = connection.execute("SELECT max(id) FROM event").fetchone()
            return FirstLook(
                tuple(_dags(connection)), errors, warnings, _lease(connection), last_event or 0
            )
    except (sqlite3.Error, msgspec.DecodeError, AttributeError, LookupError):
        return None


def _dags(connection: sqlite3.Connection) -> list[DagRow]:
    rows = [_stored(row) for row in connection.execute(DAGS)]
    runs: RunsOf = {dag_id: recent_of(document) for dag_id, document in connection.execute(RUNS)}
    active: dict[str, dict[Any, int]] = {}
    for state, dag_id, number in connection.execute(ACTIVE):
        active.setdefault(dag_id, {})[RUN_STATES[state]] = number
    last = [runs[row.dag_id][0][0] for row in rows if runs.get(row.dag_id)]
    wanted = msgspec.json.encode(last).decode()
    tasks: dict[int, dict[Any, int]] = {}
    for run, state, number in connection.execute(
        "SELECT dag_run_id, state, count(*) FROM task_instance "
        "WHERE dag_run_id IN (SELECT value FROM json_each(?)) GROUP BY dag_run_id, state",
        (wanted,),
    ):
        tasks.setdefault(run, {})[TASK_STATES[state]] = number
    names = dict(
        connection.execute(
            "SELECT id, run_id FROM dag_run WHERE id IN (SELECT value FROM json_each(?))",
            (wanted,),
        ).fetchall()
    )
    return [
        dag_row(row, runs.get(row.dag_id, []), active.get(row.dag_id, {}), tasks, names)
        for row in rows
    ]


def _lease(connection: sqlite3.Connection) -> Any:
    row = connection.execute("SELECT * FROM runner_lease").fetchone()
    if row is None:
        return None
    times = {name: from_micros(row[name]) for name in ("started_at", "beat_at", "stopped_at")}
    return SimpleNamespace(hostname=row["hostname"], pid=row["pid"], **times)


def _stored(row: sqlite3.Row) -> SimpleNamespace:
    """The columns of a DAG as ``store.columns`` reads them."""
    values = dict(row)
    for name in TIMES:
        values[name] = from_micros(values[name])
    for name in JSON:
        values[name] = msgspec.json.decode(values[name])
    for name in OPTIONAL_JSON:
        if values[name] is not None:
            values[name] = msgspec.json.decode(values[name])
    for name in ("is_paused", "is_active"):
        values[name] = bool(values[name])
    return SimpleNamespace(**values)


def _file_row(row: sqlite3.Row) -> FileRow:
    error = row["error"]
    warnings = row["warnings"]
    return FileRow(
        row["file"],
        from_micros(row["parsed_at"]),
        row["parse_seconds"],
        error and split_place(error, row["file"])[1],
        row["error_line"],
        row["traceback"],
        row["fork_unsafe"],
        tuple(msgspec.json.decode(warnings)) if warnings else (),
    )
