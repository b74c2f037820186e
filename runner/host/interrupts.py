"""SIGTERM and time limits: exceptions raised in the task, where it can be interrupted."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING

from runner.authoring.exceptions import TaskTerminated, TaskTimeout
from runner.authoring.services import shield
from runner.host import log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType, TracebackType


class Exposed:
    """``with`` block in which user code runs: signals may raise in it.

    Around it the process is at work for the journal, and what they want waits.
    """

    def __init__(self) -> None:
        self._depth = 0

    def __enter__(self) -> None:
        self._depth, shield.depth = shield.depth, 0
        try:
            shield.deliver()
        except BaseException:
            shield.depth = self._depth
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        shield.depth = self._depth


class Termination:
    """What SIGTERM does while a try runs: ``on_kill``, then ``TaskTerminated`` in the task.

    A second SIGTERM is ignored: the runner follows up with SIGKILL.
    """

    def __init__(self, on_kill: Callable[[], None]) -> None:
        self.requested = False
        self._on_kill = on_kill
        self._process = os.getpid()

    @contextlib.contextmanager
    def handled(self) -> Iterator[None]:
        """Handle SIGTERM inside the block; outside the main thread that can't be."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGTERM, self._handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:  # a process that the task forked: it dies as others do
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)
        elif not self.requested:
            self.requested = True
            shield.interrupt(self._terminate)

    def _terminate(self) -> None:
        log.write("Received SIGTERM: ending the task", "WARNING")
        kill_quietly(self._on_kill)
        raise TaskTerminated("the task was told to end (SIGTERM)")


def kill_quietly(on_kill: Callable[[], None]) -> None:
    """Call the operator's ``on_kill``; what it raises is logged and changes nothing."""
    try:
        on_kill()
    except Exception as error:
        log.write(f"on_kill() failed: {type(error).__name__}: {error}", "ERROR")


@contextlib.contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise ``TaskTimeout`` in the block when ``seconds`` are over; None: no limit.

    Works in the main thread only, as Airflow's; elsewhere it says so and goes on without.
    """
    if seconds is None:
        yield
        return
    if seconds <= 0:
        raise TaskTimeout(f"execution_timeout of {seconds:g} s is over")
    if threading.current_thread() is not threading.main_thread():
        log.write("execution_timeout has no effect outside the main thread", "WARNING")
        yield
        return
    process = os.getpid()

    def time_out() -> None:
        raise TaskTimeout(f"execution_timeout of {seconds:g} s is over")

    def handle(number: int, frame: FrameType | None) -> None:
        if os.getpid() == process:
            shield.interrupt(time_out)

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
