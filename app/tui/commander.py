"""Sends commands to the runner, in a thread of its own so that a slow runner blocks nothing.

Without a runner ``store.client.submit`` writes the command's row; the runner carries it out when
it is up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from textual.message import Message

from app.tui.undo import Act
from store import client
from store.errors import StoreError, StoreMissing
from store.settings import ConfigError
from store.workspace import Workspace, WorkspaceError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from app.tui.exporting import Export

Job = Callable[[], Message]
Failed = Callable[[str], Message]
"""What is posted for a job that broke, from the sentence that says why."""

Change = Callable[["Connection"], str]
"""Changes rows (``store.edits``), and returns the sentence that says what was done."""

NO_RUNNER = "No runner is up to ask."


Ended = Callable[[str | None], None]
"""Is told, on the event loop, why a command was refused; None: it was not."""


class Acted(Message):
    """A command was carried out, or written down for the next runner."""

    def __init__(self, sentence: str, act: Act | None = None, then: Ended | None = None) -> None:
        super().__init__()
        self.sentence = sentence
        self.act = act
        """What may be undone later."""
        self.then = then


class Refused(Message):
    """A command was refused, or could not be sent."""

    def __init__(self, sentence: str, then: Ended | None = None) -> None:
        super().__init__()
        self.sentence = sentence
        self.then = then
        """Says why; None: the footer does."""


class Replied(Message):
    """The runner replied to a question: ``then`` wants the reply, on the event loop."""

    def __init__(self, then: Callable[[Any], None], reply: Any) -> None:
        super().__init__()
        self.then = then
        self.reply = reply


class Commander:
    """Takes commands and questions, in order."""

    def __init__(self, workspace: Workspace, post: Callable[[Message], object]) -> None:
        self._workspace = workspace
        self._post = post
        self._jobs: SimpleQueue[tuple[Job, Failed]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def send(
        self,
        kind: str,
        payload: dict[str, Any],
        done: str,
        then: Ended | None = None,
        *,
        is_undo: bool = False,
    ) -> None:
        """Send a command; posts ``Acted`` with ``done``, or ``Refused`` with the reason.

        What is an undo itself isn't remembered to be undone.
        """

        def job() -> Message:
            submission = client.submit(self._workspace, kind, payload)
            act = Act(kind, payload, done, submission.answer, time.monotonic())
            kept = None if is_undo else act
            if submission.is_pending:
                words = f"no runner is up: written down, carried out when it is ({done})"
                return Acted(words, kept, then)
            answer = submission.answer or {}
            if answer.get("instances") == []:
                words = "nothing was touched: no task instance is in that state"
                return Acted(words, then=then)
            held = answer.get("held")
            return Acted(f"{done}; it waits: {held}" if held else done, kept, then)

        self._enqueue(job, partial(Refused, then=then))

    def dry_run(
        self, kind: str, payload: dict[str, Any], then: Callable[[dict[str, Any] | str], None]
    ) -> None:
        """Ask what a command would touch; ``then`` gets the answer, or a sentence why not."""
        self.do(kind, {**payload, "dry_run": True}, then)

    def do(
        self, kind: str, payload: dict[str, Any], then: Callable[[dict[str, Any] | str], None]
    ) -> None:
        """Have a command done now or not at all; ``then`` gets the answer, or why it wasn't."""
        request = {
            "type": "submit",
            "command": kind,
            "payload": payload,
            "actor": client.user(),
        }
        self.ask(request, then)

    def ask(self, request: dict[str, Any], then: Callable[[dict[str, Any] | str], None]) -> None:
        """Ask the runner something; ``then`` gets the value, or a sentence why there is none."""

        def job() -> Message:
            try:
                answer = client.ask(self._workspace, request)
            except client.RunnerAway:
                return Replied(then, NO_RUNNER)
            return Replied(then, answer.get("error") or answer.get("value") or {})

        self._enqueue(job, partial(Replied, then))

    def edit(self, change: Change, then: Callable[[str | StoreError], None]) -> None:
        """Change rows in one transaction; ``then`` gets the sentence of it, or the error."""

        def job() -> Message:
            from store.engine import open_store

            try:
                store = open_store(self._workspace)
            except StoreMissing:
                store = open_store(self._workspace, create=True)
            with store, store.write() as connection:
                done = change(connection)
            client.ring(self._workspace)
            return Replied(then, done)

        self._enqueue(job, lambda why: Replied(then, StoreError(why)))

    def write_export(self, export: Export, path: Path) -> None:
        """Write a new file; says its name and size, or why it can't be written."""
        context = copy_context()  # widgets find their app by it

        def job() -> Message:
            from app.tui.exporting import write_new
            from app.tui.formats import size

            try:
                return Acted(f"wrote {path} ({size(write_new(path, context.run(export.make)))})")
            except OSError as error:
                return Refused(f"{path} can't be written: {error.strerror}")

        self._enqueue(job)

    def start_runner(self) -> None:
        """Start the runner, as a process of its own, as ``dagtop up`` does."""

        def job() -> Message:
            from app.cli.errors import CommandError
            from app.cli.runner_process import start_runner

            try:
                started = start_runner(self._workspace)
            except (CommandError, WorkspaceError, OSError) as error:
                first = str(error).strip().partition("\n")[0]
                return Refused(
                    f"the runner did not start: {first}; see {self._workspace.runner_log}"
                )
            return Acted("the runner was up already" if started.already else "the runner is up")

        self._enqueue(job)

    def _enqueue(self, job: Job, failed: Failed = Refused) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="dagtop-commander", daemon=True)
            self._thread.start()
        self._jobs.put((job, failed))

    def _run(self) -> None:
        while True:
            job, failed = self._jobs.get()
            try:
                message = job()
            except (StoreError, ConfigError, WorkspaceError) as error:
                message = failed(str(error))
            except Exception as error:  # said, and the next one is carried out
                message = failed(f"{type(error).__name__}: {error}")
            self._post(message)
