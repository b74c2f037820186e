"""``dag_run`` of the context: what a task may know of the run that it is in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pendulum import DateTime

    from runner.journal.records import RunFacts


def to_utc(text: str | None) -> datetime | None:
    """An ISO 8601 date in UTC."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def to_pendulum(text: str | None) -> DateTime | None:
    """An ISO 8601 date as pendulum's, in UTC; pendulum is loaded by the first one."""
    date = to_utc(text)
    if date is None:
        return None
    import pendulum

    return pendulum.instance(date)


class DagRun:
    """A DAG run, with the names of Airflow 3's ``DagRun``. Dates are datetimes in UTC, as there."""

    def __init__(self, dag_id: str, facts: RunFacts) -> None:
        self.dag_id = dag_id
        self.run_id = facts.run_id
        self.run_type = facts.run_type
        self.conf: dict[str, Any] = facts.conf or {}
        self.state = "running"
        self.note = facts.note
        self.triggering_user_name = facts.triggered_by
        self.end_date: datetime | None = None
        self._facts = facts

    def __repr__(self) -> str:
        return f"<DagRun {self.dag_id} {self.run_id}: {self.state}>"

    @property
    def logical_date(self) -> datetime | None:
        """The date that the run stands for; None for a run triggered without one."""
        return to_utc(self._facts.logical_date)

    @property
    def data_interval_start(self) -> datetime | None:
        """Start of the time whose data the run is about."""
        return to_utc(self._facts.data_interval_start)

    @property
    def data_interval_end(self) -> datetime | None:
        """End of that time."""
        return to_utc(self._facts.data_interval_end)

    @property
    def run_after(self) -> datetime | None:
        """The earliest moment at which the run might start."""
        return to_utc(self._facts.run_after)

    @property
    def queued_at(self) -> datetime | None:
        """When it was queued."""
        return to_utc(self._facts.queued_at)

    @property
    def start_date(self) -> datetime | None:
        """When it started."""
        return to_utc(self._facts.started_at)
