"""Sends commands to the runner, in a thread of its own so that a slow runner blocks nothing.

Without a runner ``store.client.submit`` writes the command's row; the runner carries it out when
it is up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from textual.message import Message

from store import client
from store.errors import StoreError
from store.workspace import Workspace, WorkspaceError

Job = Callable[[], Message | None]


class Acted(Message):
    """A command was carried out, or written down for the next runner."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence


class Refused(Message):
    """A command was refused, or could not be sent."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence


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
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def send(self, kind: str, payload: dict[str, Any], done: str) -> None:
        """Send a command; posts ``Acted`` with ``done``, or ``Refused`` with the reason."""

        def job() -> Message:
            submission = client.submit(self._workspace, kind, payload)
            if submission.is_pending:
                return Acted(f"no runner is up: written down, carried out when it is ({done})")
            answer = submission.answer or {}
            if answer.get("instances") == []:
                return Acted("nothing was touched: no task instance is in that state")
            held = answer.get("held")
            return Acted(f"{done}; it waits: {held}" if held else done)

        self._enqueue(job)

    def dry_run(
        self, kind: str, payload: dict[str, Any], then: Callable[[dict[str, Any] | str], None]
    ) -> None:
        """Ask what a command would touch; ``then`` gets the answer, or a sentence why not."""

        request = {
            "type": "submit",
            "command": kind,
            "payload": {**payload, "dry_run": True},
            "actor": client.user(),
        }
        self.ask(request, then)

    def ask(self, request: dict[str, Any], then: Callable[[dict[str, Any] | str], None]) -> None:
        """Ask the runner something; ``then`` gets the value, or a sentence why there is none."""

        def job() -> Message:
            try:
                answer = client.ask(self._workspace, request)
            except client.RunnerAway:
                return Replied(then, "No runner is up to ask.")
            except StoreError as error:
                return Replied(then, str(error))
            return Replied(then, answer.get("error") or answer.get("value") or {})

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

    def _enqueue(self, job: Job) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="dagtop-commander", daemon=True)
            self._thread.start()
        self._jobs.put(job)

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                message = job()
            except StoreError as error:
                message = Refused(str(error))
            if message is not None:
                self._post(message)
