"""DAGs and pipeline files as lists show them, made from stored values. Loads no SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from store.states import FINISHED_RUN_STATES, DagRunState, TaskInstanceState
from store.values import EPOCH, RUN_STATES, from_micros, seconds_between


class RecentRun(NamedTuple):
    """One bar of a DAG's history."""

    state: DagRunState
    duration: float | None
    """Seconds; None while it has not ended."""


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run of a DAG (by ``run_after``)."""

    id: int
    run_id: str
    state: DagRunState
    run_after: datetime
    started_at: datetime | None
    ended_at: datetime | None
    duration: float | None
    """Seconds; None while it has not ended."""


@dataclass(frozen=True, slots=True)
class DagRow:
    """A DAG as lists show it."""

    dag_id: str
    display_name: str
    description: str
    file: str
    """Relative to the workspace."""
    is_paused: bool
    is_active: bool
    """False: no file defines it any more."""
    owners: tuple[str, ...]
    tags: tuple[str, ...]
    schedule: str
    """The one in force."""
    schedule_words: str
    schedule_error: str | None
    """Why no next run could be computed."""
    timezone: str
    max_active_runs: int
    version_id: int | None
    next_logical_date: datetime | None
    next_run_after: datetime | None
    """When the next scheduled run is made; of a paused DAG, when it would be."""
    import_error: str | None
    """Why its file can't be imported now; the DAG is shown as it was before."""
    last_run: LastRun | None = None
    run_counts: dict[DagRunState, int] = field(default_factory=dict)
    """Runs by state: all queued and running ones, and those among ``recent_runs`` that ended."""
    recent_runs: tuple[RecentRun, ...] = ()
    """The newest runs, newest last."""
    recent_task_states: dict[TaskInstanceState | None, int] = field(default_factory=dict)
    """Task instances of the last run by state."""
    schedule_override: str | None = None
    """The schedule that people have put in the place of the file's; None: it is the file's."""
    schedule_override_by: str | None = None
    schedule_override_at: datetime | None = None
    schedule_run: dict[str, Any] | None = None
    """What that schedule gives its runs: conf, note, experiment."""
    schedule_window: dict[str, Any] | None = None
    """Where that schedule has its own: ``start`` and ``end`` (ISO 8601), ``catchup``."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """A pipeline file as it was read last. ``error`` is set if it could not be imported."""

    file: str
    parsed_at: datetime | None
    parse_seconds: float | None
    error: str | None
    """One sentence, without file and line."""
    line: int | None
    """Line of the pipeline file that the error is about."""
    traceback: str | None
    fork_unsafe: str | None
    """Why each of its tries gets a fresh interpreter."""
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileWarning:
    """What a pipeline file does that is allowed and hardly meant."""

    file: str
    line: int | None
    message: str
    """One sentence, without file and line."""


def warnings_of(file: str, texts: Iterable[str]) -> list[FileWarning]:
    """The warnings of a file, by line."""
    told = [FileWarning(file, *split_place(text, file)) for text in texts]
    return sorted(told, key=lambda one: one.line or 0)


def split_place(text: str, file: str) -> tuple[int | None, str]:
    """Line and sentence of ``dags/x.py:12: sentence``; a text without the file is the sentence."""
    rest = text.removeprefix(file)
    if rest == text:
        return None, text
    line, colon, sentence = rest.removeprefix(":").partition(": ")
    if rest.startswith(": "):
        return None, rest[2:]
    return (int(line), sentence) if colon and line.isdecimal() else (None, text)


Recent = tuple[int, str, int, int | None, int | None]
"""Row id, state, and in microseconds since 1970: run_after, start, end."""

RunsOf = dict[str, list[Recent]]

_decoder = msgspec.json.Decoder(list[Recent])


def recent_of(document: str | None) -> list[Recent]:
    """The newest runs of a DAG, newest first, from the JSON text that a query made of them."""
    return sorted(_decoder.decode(document or "[]"), key=_newest_first)


def _newest_first(run: Recent) -> tuple[int, int]:
    return (-run[2], -run[0])


def dag_row(
    row: Any,
    newest_first: list[Recent],
    active: dict[DagRunState, int],
    tasks_of: Mapping[int, dict[TaskInstanceState | None, int]],
    run_ids: Mapping[int, str],
) -> DagRow:
    """A DAG, from its own columns and what its runs did."""
    bars = tuple(
        RecentRun(RUN_STATES[state], seconds_between(started, ended))
        for _, state, _, started, ended in reversed(newest_first)
    )
    counts: dict[DagRunState, int] = dict(active)
    for state, _ in bars:
        if state in FINISHED_RUN_STATES:
            counts[state] = counts.get(state, 0) + 1
    last = newest_first[0] if newest_first else None
    return DagRow(
        dag_id=row.dag_id,
        display_name=row.display_name,
        description=row.description,
        file=row.file,
        is_paused=row.is_paused,
        is_active=row.is_active,
        owners=tuple(row.owners),
        tags=tuple(row.tags),
        schedule=row.schedule,
        schedule_words=row.schedule_words,
        schedule_error=row.schedule_error,
        timezone=row.timezone,
        max_active_runs=row.max_active_runs,
        version_id=row.version_id,
        next_logical_date=row.next_logical_date,
        next_run_after=row.next_run_after,
        import_error=row.error,
        last_run=None if last is None else _last_run(last, run_ids),
        run_counts=counts,
        recent_runs=bars,
        recent_task_states={} if last is None else tasks_of.get(last[0], {}),
        schedule_override=row.schedule_override,
        schedule_override_by=row.schedule_override_by,
        schedule_override_at=row.schedule_override_at,
        schedule_run=row.schedule_run,
        schedule_window=row.schedule_window,
    )


def _last_run(run: Recent, run_ids: Mapping[int, str]) -> LastRun:
    key, state, run_after, started, ended = run
    return LastRun(
        id=key,
        run_id=run_ids[key],
        state=RUN_STATES[state],
        run_after=EPOCH + timedelta(microseconds=run_after),
        started_at=from_micros(started),
        ended_at=from_micros(ended),
        duration=seconds_between(started, ended),
    )
