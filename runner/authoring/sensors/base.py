"""Sensors: tasks that wait until something is there."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from runner.authoring.arguments import to_timedelta
from runner.authoring.baseoperator import BaseOperator
from runner.authoring.exceptions import (
    DefinitionError,
    FailException,
    RescheduleException,
    SensorTimeout,
    SkipException,
    TaskTimeout,
)

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_TIMEOUT = 7 * 24 * 3600.0
"""Seconds that a sensor waits unless it is told otherwise: a week."""
LONGEST_INTERVAL = timedelta.max.total_seconds() - 1


class PokeReturnValue:
    """What ``poke`` may return: whether it is done, and the sensor's XCom."""

    def __init__(self, is_done: bool, xcom_value: Any = None) -> None:
        self.is_done = is_done
        self.xcom_value = xcom_value

    def __bool__(self) -> bool:
        return self.is_done


class BaseSensorOperator(BaseOperator):
    """Calls ``poke(context)`` every ``poke_interval`` until it returns something truthy.

    ``mode``: ``poke`` sleeps in its process; ``reschedule`` ends it between two pokes and frees
    its slot. ``timeout`` counts from the first poke, over reschedules; when it is over the sensor
    fails without a retry. ``soft_fail``: that, and ``FailException``, become skipped.
    ``silent_fail``: any other exception of a poke counts as "not yet". ``never_fail``: any
    exception becomes skipped.
    ``exponential_backoff`` doubles the interval per poke (with a jitter that depends on the task
    only), up to ``max_wait``. Durations are timedeltas or seconds.
    """

    ui_color = "#e6f1f2"
    is_sensor = True

    def __init__(
        self,
        *,
        poke_interval: timedelta | float = 60,
        timeout: timedelta | float | None = None,
        soft_fail: bool = False,
        mode: str = "poke",
        exponential_backoff: bool = False,
        max_wait: timedelta | float | None = None,
        silent_fail: bool = False,
        never_fail: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        of_task = f"of sensor {self.task_id!r}"
        self.poke_interval = to_seconds(f"poke_interval {of_task}", poke_interval)
        self.timeout = to_seconds(
            f"timeout {of_task}", DEFAULT_TIMEOUT if timeout is None else timeout
        )
        self.max_wait = (
            None if max_wait is None else timedelta(0, to_seconds(f"max_wait {of_task}", max_wait))
        )
        if mode not in ("poke", "reschedule"):
            raise DefinitionError(f"mode {of_task} is poke or reschedule, not {mode!r}")
        if soft_fail and never_fail:
            raise DefinitionError(f"soft_fail and never_fail {of_task} exclude each other")
        self.mode = mode
        self.soft_fail = soft_fail
        self.exponential_backoff = exponential_backoff
        self.silent_fail = silent_fail
        self.never_fail = never_fail

    @property
    def reschedule(self) -> bool:
        """Whether it frees its slot between two pokes."""
        return self.mode == "reschedule"

    def poke(self, context: Any) -> bool | PokeReturnValue:
        """Look whether it is there. Own sensors define this."""
        raise DefinitionError(f"{type(self).__name__} has no poke(self, context): define it")

    def _awaited(self, context: Any) -> str | None:
        """What it waits for, as its log says after the first look; None: nothing is said."""
        return None

    def execute(self, context: Any) -> Any:
        started_at, waited = self._clock(context)
        poke_count = 1
        while True:
            found = self._poke_once(context)
            if found:
                return found.xcom_value if isinstance(found, PokeReturnValue) else None
            if waited() > self.timeout:
                message = (
                    f"Sensor has timed out: it has waited {waited():.1f} s, "
                    f"its timeout is {self.timeout:g} s"
                )
                raise SkipException(message) if self.soft_fail else SensorTimeout(message)
            interval = self._next_interval(started_at, waited, poke_count)
            if poke_count == 1:
                self._say_what_for(context, interval)
            if self.reschedule:
                raise RescheduleException(datetime.now(UTC) + timedelta(seconds=interval))
            time.sleep(interval)
            poke_count += 1

    def _say_what_for(self, context: Any, interval: float) -> None:
        """Once per task, and not at each of the looks that reschedules are made of."""
        if self.reschedule and context["ti"].get_first_reschedule_date(context) is not None:
            return
        awaited = self._awaited(context)
        if awaited:
            self.log.info("Waiting for %s; looking again every %g s", awaited, interval)

    def _clock(self, context: Any) -> tuple[Any, Callable[[], float]]:
        """When the waiting began, and how many seconds ago that is."""
        if not self.reschedule:
            start = time.monotonic()
            return start, lambda: time.monotonic() - start
        began: datetime = context["ti"].get_first_reschedule_date(context) or datetime.now(UTC)

        def waited() -> float:
            # Over several processes only wall-clock time can be compared.
            return (datetime.now(UTC) - began).total_seconds()

        return began, waited

    def _poke_once(self, context: Any) -> Any:
        try:
            return self.poke(context)
        except (SensorTimeout, TaskTimeout, FailException) as error:
            if self.soft_fail or self.never_fail:
                raise SkipException(f"skipped instead of failed: {error}") from error
            raise
        except SkipException:
            raise
        except Exception as error:
            if self.silent_fail:
                self.log.exception("The poke failed; the sensor goes on")
                return False
            if self.never_fail:
                raise SkipException(f"skipped instead of failed: {error}") from error
            raise

    def _next_interval(
        self, started_at: Any, waited: Callable[[], float], poke_count: int
    ) -> float:
        """Seconds until the next poke."""
        if not self.exponential_backoff:
            return self.poke_interval
        if self.reschedule:
            poke_count, elapsed, total = 0, waited(), 0.0
            while total <= elapsed:
                poke_count += 1
                total += min(self._backoff(started_at, poke_count), LONGEST_INTERVAL)
        interval = min(self._backoff(started_at, poke_count), LONGEST_INTERVAL)
        interval = min(self.timeout - int(waited()), interval)
        if self.max_wait is not None:
            interval = min(self.max_wait.total_seconds(), interval)
        return max(interval, 0.0)

    def _backoff(self, started_at: Any, poke_count: int) -> float:
        """Airflow's: doubled per poke, plus a jitter that is a hash and not chance."""
        from hashlib import sha1

        least = max(int(self.poke_interval * 2 ** (poke_count - 2)), 1)
        name = f"{self.dag_id}#{self.task_id}#{started_at}#{poke_count}"
        digest = int(sha1(name.encode(), usedforsecurity=False).hexdigest(), 16)
        return least + digest % least


def to_seconds(name: str, value: Any) -> float:
    """Seconds from a timedelta or a number that isn't negative."""
    duration = to_timedelta(name, value)
    if duration is None or duration < timedelta(0):
        raise DefinitionError(f"{name} is a timedelta or a number of seconds from 0, not {value!r}")
    return duration.total_seconds()
