"""Sends commands to the runner, in threads of its own so that a slow runner blocks nothing.

Without a runner ``store.client.submit`` writes the command's row; the runner carries it out when
it is up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextvars import copy_context
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from textual.message import Message

from app.tui.undo import Act, step_of
from app.untouched import untouched_words
from store import client
from store.errors import StoreError, StoreMissing
from store.settings import ConfigError
from store.workspace import Workspace, WorkspaceError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from app.tui.application import DagtopApp
    from app.tui.exporting import Export

Job = Callable[[], Message | None]
Failed = Callable[[str], Message]
"""What is posted for a job that broke, from the sentence that says why."""

Change = Callable[["Connection"], str]
"""Changes rows (``store.edits``), and returns the sentence that says what was done."""

NO_RUNNER = "No runner is up to ask."


MOST_WHYS = 2
"""Refusals of one act that are told one by one."""

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


def together(replies: Sequence[tuple[str, dict[str, Any] | str]]) -> dict[str, Any] | str:
    """Answers of dry runs, each with its DAG, as one, each task instance once; or the first
    sentence why there is none."""
    if len(replies) == 1:
        return replies[0][1]
    found: dict[str, dict[tuple[Any, ...], Any]] = {"instances": {}, "again": {}}
    versions: dict[tuple[str, int], Any] = {}
    become: dict[tuple[str, str], Any] = {}
    for dag_id, reply in replies:
        if isinstance(reply, str):
            return reply
        for run_id, now, state in reply.get("become", ()):
            # parts of a choice may make of a run together what none of them does
            key, known = (dag_id, run_id), state if (dag_id, run_id) not in become else ""
            become[key] = [f"{dag_id} {run_id}", now, known]
        versions |= {(dag_id, one["from"]): one for one in reply.get("versions", ())}
        for name, instances in found.items():
            for run_id, *rest in reply.get(name, ()):
                instances.setdefault((dag_id, run_id, *rest[:2]), (f"{dag_id} {run_id}", *rest))
    again = [one for key, one in found["again"].items() if key not in found["instances"]]
    known = [reply for _, reply in replies if isinstance(reply, dict)]
    return {
        "instances": list(found["instances"].values()),
        "again": again,
        "versions": list(versions.values()),
        "become": list(become.values()),
        "held": "; ".join(dict.fromkeys(reply["held"] for reply in known if reply.get("held"))),
        **{name: sum(reply.get(name, 0) for reply in known) for name in ("ended", "skipped")},
    }


def told_together(number: int, done: str, say: Callable[[str, str], None]) -> Ended:
    """Is told how each of the commands of one act ended; says it of all, if any was refused."""
    refused: list[str] = []
    left = number

    def ended(why: str | None) -> None:
        nonlocal left
        left -= 1
        if why is not None:
            refused.append(why)
        if left or not refused:
            return
        told = ", and ".join(dict.fromkeys(refused[:MOST_WHYS]))
        if len(refused) < number:
            of_all = f"{number - len(refused)} of {number} done, {len(refused)} refused"
            told = f"{done}: {of_all}: {told}"
        say(told, "error")

    return ended


def act_all(
    app: DagtopApp, kind: str, payloads: Sequence[dict[str, Any]], done: str, more: str = ""
) -> None:
    """Send the commands of one act; where some are refused, what was done is said, too."""
    then = told_together(len(payloads), done, app.say) if len(payloads) > 1 else None
    several = len({payload.get("dag_id") for payload in payloads}) > 1
    for payload in payloads:
        whose = str(payload["dag_id"]) if several and "dag_id" in payload else ""
        app.act(kind, payload, done, then and partial(told_of_one, then, whose), more)


def told_of_one(then: Ended, dag_id: str, why: str | None) -> None:
    """How the command for one of several DAGs ended: a refusal names it."""
    then(f"{dag_id}: {why}" if why is not None and dag_id and dag_id not in why else why)


class Lane:
    """Does jobs in order, in a thread that begins with the first."""

    def __init__(self, name: str, post: Callable[[Message], object]) -> None:
        self._name = name
        self._post = post
        self._jobs: SimpleQueue[tuple[Job, Failed]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def put(self, job: Job, failed: Failed = Refused) -> None:
        """Do a job after those before it; what it returns is posted, or what ``failed`` makes of
        the sentence why it broke."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
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
            if message is not None:
                self._post(message)


class Commander:
    """Takes commands, in order, and questions, in order."""

    def __init__(self, workspace: Workspace, post: Callable[[Message], object]) -> None:
        self._workspace = workspace
        self._acts = Lane("dagtop-acts", post)
        self._questions = Lane("dagtop-questions", post)
        """Of its own: nothing that is done waits for an answer about what could be done."""
        self._newest: dict[str, int] = {}

    def send(
        self,
        kind: str,
        payload: dict[str, Any],
        done: str,
        then: Ended | None = None,
        *,
        is_undo: bool = False,
        more: str = "",
    ) -> None:
        """Send a command; posts ``Acted`` with ``done`` and ``more``, or ``Refused`` with the
        reason. An undo later says ``done`` alone.

        What is an undo itself isn't remembered to be undone.
        """

        def job() -> Message:
            submission = client.submit(self._workspace, kind, payload)
            act = Act(
                kind, payload, done, submission.answer, time.monotonic(), submission.command_id
            )
            kept = None if is_undo else act
            if submission.is_pending:
                words = f"no runner is up: written down, carried out when it is ({done})"
                return Acted(words, kept, then)
            answer = submission.answer or {}
            if step_of(act) is None:  # there is nothing to take back
                return Acted(untouched_words(kind, payload), then=then)
            words, held, ended = done + more, answer.get("held"), answer.get("ended")
            words += f"; {ended}" if ended else f"; it waits: {held}" if held else ""
            return Acted(words, kept, then)

        self._acts.put(job, partial(Refused, then=then))

    def withdraw(self, command_id: int, what: str) -> None:
        """Take a command back that waits for a runner; posts what became of it."""

        def job() -> Message:
            if client.withdraw(self._workspace, command_id):
                return Acted(f"taken back, nothing was done yet: {what}")
            return Refused(f"not taken back, a runner has done it meanwhile: {what}")

        self._acts.put(job)

    def dry_runs(
        self,
        kind: str,
        payloads: Sequence[dict[str, Any]],
        then: Callable[[dict[str, Any] | str], None],
    ) -> None:
        """Ask what commands would touch together; ``then`` gets one answer, or a sentence why not.

        Only the newest is answered: it is about what stands in a dialog now.
        """

        def job() -> Message:
            replies = [
                (one["dag_id"], self._reply(self._request(kind, {**one, "dry_run": True})))
                for one in payloads
            ]
            return Replied(then, together(replies))

        self._ask(job, then, "dry_run")

    def do(
        self, kind: str, payload: dict[str, Any], then: Callable[[dict[str, Any] | str], None]
    ) -> None:
        """Have a command done now or not at all; ``then`` gets the answer, or why it wasn't."""
        request = self._request(kind, payload)
        self._acts.put(lambda: Replied(then, self._reply(request)), partial(Replied, then))

    def ask(
        self,
        request: dict[str, Any],
        then: Callable[[dict[str, Any] | str], None],
        *,
        key: str = "",
    ) -> None:
        """Ask the runner something; ``then`` gets the value, or a sentence why there is none.

        Of questions with the same ``key`` only the newest is asked once its turn comes.
        """
        self._ask(lambda: Replied(then, self._reply(request)), then, key)

    def _ask(self, job: Job, then: Callable[[Any], None], key: str) -> None:
        number = self._newest[key] = self._newest.get(key, 0) + 1

        def newest() -> Message | None:
            return None if key and self._newest[key] != number else job()

        self._questions.put(newest, partial(Replied, then))

    def _request(self, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        return {"type": "submit", "command": kind, "payload": payload, "actor": client.user()}

    def _reply(self, request: dict[str, Any]) -> dict[str, Any] | str:
        """The runner's value, or a sentence why there is none."""
        try:
            answer = client.ask(self._workspace, request)
        except client.RunnerAway:
            return NO_RUNNER
        return answer.get("error") or answer.get("value") or {}

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

        self._acts.put(job, lambda why: Replied(then, StoreError(why)))

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

        self._acts.put(job)

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

        self._acts.put(job)
