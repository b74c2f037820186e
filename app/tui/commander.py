"""Sends commands to the runner, in a thread of its own so that a slow runner blocks nothing.

Without a runner ``store.client.submit`` writes the command's row; the runner carries it out when
it is up.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from textual.message import Message

from store import client
from store.errors import StoreError
from store.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
"""Where the packages ``app`` and ``store`` are."""

START_TIMEOUT = 30.0
"""Seconds that starting a runner may take."""

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
            return Acted(done)

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
        """Run ``dagtop up`` as a process of its own."""

        def job() -> Message:
            start = (
                f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
                "from app.cli.root import run; run()"
            )
            root = str(self._workspace.root)
            command = [sys.executable, "-P", "-c", start, "--workspace", root, "up"]
            try:
                result = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=START_TIMEOUT,
                    start_new_session=True,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                return Refused(f"the runner did not start: {error}")
            if result.returncode == 0:
                return Acted("the runner is up")
            lines = (result.stderr or result.stdout).strip().splitlines()
            reason = lines[-1] if lines else f"exit code {result.returncode}"
            return Refused(f"the runner did not start: {reason}")

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
