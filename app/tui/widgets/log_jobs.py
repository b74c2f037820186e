"""Work on a log that may take long: in a thread, one of a kind at a time, to be cancelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.message import Message
from textual.widget import Widget

from app.tui.widgets.log_search import Glance, Job

INLINE = 1 << 20
"""Bytes of a log that are worked on at once, without a thread."""


class Finished(Message):
    """Work came to its end."""

    def __init__(self, kind: str, job: Job, result: Any, then: Callable[[Any], None]) -> None:
        super().__init__()
        self.kind = kind
        self.job = job
        self.result = result
        self.then = then


class Jobs:
    """The work that a log view has under way, by kind."""

    def __init__(self, owner: Widget) -> None:
        self._owner = owner
        self._jobs: dict[str, Job] = {}

    def start(
        self,
        kind: str,
        words: str,
        source: Any,
        work: Callable[[Any, Job], Any],
        then: Callable[[Any], None],
        *,
        glances: bool = False,
    ) -> None:
        """Do ``work`` with a copy of the source, and then ``then`` with its result on the loop.

        Work of the same kind that is under way is cancelled. What ``glances`` is first tried on a
        few blocks, without a thread.
        """
        self.cancel(kind)
        if glances:
            glance = Glance()
            result = work(source, glance)
            if not glance.gave_up:
                then(result)
                return
        job = Job(words)
        if source.size <= INLINE:
            then(work(source, job))
            return
        self._jobs[kind] = job
        copy = source.copy()

        def in_thread() -> None:
            try:
                result = work(copy, job)
            finally:
                copy.close()
            self._owner.post_message(Finished(kind, job, result, then))

        self._owner.run_worker(in_thread, thread=True, group=kind, exit_on_error=True)

    def finished(self, message: Finished) -> None:
        """Hand the result over, unless it isn't wanted any more."""
        if self._jobs.get(message.kind) is message.job:
            del self._jobs[message.kind]
            message.then(message.result)

    def cancel(self, *kinds: str) -> bool:
        """End work of these kinds, of all if none is named; False if there was none."""
        found = [kind for kind in list(self._jobs) if not kinds or kind in kinds]
        for kind in found:
            self._jobs.pop(kind).cancel()
        return bool(found)

    def get(self, kind: str) -> Job | None:
        """Work of a kind that is under way."""
        return self._jobs.get(kind)

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._jobs)
