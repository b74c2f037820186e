"""From stored values to states and times. Loads no SQLAlchemy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from store.states import DagRunState, TaskInstanceState

LONGEST_NOTE = 10_000
"""Characters of a note."""

MOST_TYPED_XCOM = 64 * 1024
"""Bytes of an XCom's value, as JSON, that is set by hand."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

TASK_STATES: dict[str | None, TaskInstanceState | None] = {
    None: None,
    **{state.value: state for state in TaskInstanceState},
}
RUN_STATES: dict[str, DagRunState] = {state.value: state for state in DagRunState}


def from_micros(value: int | None) -> datetime | None:
    """The time in UTC that is stored as ``value``."""
    return None if value is None else EPOCH + timedelta(microseconds=value)


def milliseconds(at: datetime | None) -> int | None:
    """A time as MLflow writes it: milliseconds since 1970 (UTC)."""
    return None if at is None else (at - EPOCH) // timedelta(milliseconds=1)


def seconds_between(start: int | None, end: int | None) -> float | None:
    """Seconds between two stored times; None where one is missing."""
    return None if start is None or end is None else (end - start) / 1e6
