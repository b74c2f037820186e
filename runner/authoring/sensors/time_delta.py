"""A sensor that waits for a time after the data interval."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from runner.authoring.exceptions import DefinitionError
from runner.authoring.sensors.base import BaseSensorOperator

if TYPE_CHECKING:
    from runner.authoring.xcom_arg import XComArg


class TimeDeltaSensor(BaseSensorOperator):
    """Waits until ``delta`` has passed since the end of the data interval (of a run without one:
    since it was due). A template that gives a number means minutes."""

    template_fields = ("delta",)

    def __init__(self, *, delta: timedelta | float | str | XComArg, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.delta: Any = delta

    def poke(self, context: Any) -> bool:
        return datetime.now(UTC) > self._moment(context)

    def _awaited(self, context: Any) -> str:
        return self._moment(context).isoformat(sep=" ", timespec="seconds")

    def _moment(self, context: Any) -> datetime:
        base: datetime = context.get("data_interval_end") or context["dag_run"].run_after
        return base + self._duration()

    def _duration(self) -> timedelta:
        if isinstance(self.delta, timedelta):
            return self.delta
        try:
            return timedelta(minutes=int(self.delta))
        except (TypeError, ValueError):
            raise DefinitionError(
                f"delta of sensor {self.task_id!r} is a timedelta or a number of minutes, "
                f"not {self.delta!r}"
            ) from None
