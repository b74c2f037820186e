"""When a failed task is tried again, and how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha1
from math import ceil

from store.structure import TaskStructure

MAX_RETRY_DELAY = 24 * 60 * 60
"""Airflow's ``core.max_task_retry_delay`` in seconds; bounds exponential back-off only."""


def retry_delay(
    task: TaskStructure,
    dag_id: str,
    task_id: str,
    logical_date_iso: str | None,
    try_number: int,
) -> timedelta:
    """How long to wait after try ``try_number`` (the first is 1) failed.

    Exponential back-off is deterministic: ``b = ceil(delay * multiplier ** (try_number - 1))``
    plus a hash of the instance modulo ``b``, so instances spread out but a given one always waits
    the same (Airflow's ``TaskInstance.next_retry_datetime``).
    """
    multiplier = task.retry_exponential_backoff
    if multiplier <= 0 or multiplier == 1.0:
        return timedelta(seconds=task.retry_delay)
    try:
        base = ceil(task.retry_delay * multiplier ** (try_number - 1))
    except OverflowError:
        base = MAX_RETRY_DELAY
    base = max(base, 1)
    date = "None" if logical_date_iso is None else _as_airflow_prints(logical_date_iso)
    identity = f"{dag_id}#{task_id}#{date}#{try_number}"
    digest = int(sha1(identity.encode(), usedforsecurity=False).hexdigest(), 16)
    seconds = float(min(base + digest % base, MAX_RETRY_DELAY))
    if task.max_retry_delay:
        seconds = min(seconds, task.max_retry_delay)
    return timedelta(seconds=seconds)


def _as_airflow_prints(logical_date_iso: str) -> str:
    date = datetime.fromisoformat(logical_date_iso)
    return str(date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC))


def max_tries_after_clear(task: TaskStructure | None, try_number: int, max_tries: int) -> int:
    """``max_tries`` of a cleared instance: its retries anew, on top of the tries it has had.

    A task that the pipeline no longer has keeps what it had.
    """
    if task is None:
        return max(max_tries, try_number)
    return try_number + task.retries
