"""What a freshly forked process does before and after the user's task."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import socket
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

from runner.host import randomness, system
from runner.host.run_try import run_callbacks, run_try
from runner.journal.client import QuestionClient
from runner.journal.identity import own_start
from runner.journal.messages import TAKEN, MessageBuffer, RunCallback, RunTry, ToHost
from runner.journal.records import Ended, Started
from runner.journal.writer import JournalWriter

if TYPE_CHECKING:
    from runner.authoring.dag import DAG
    from runner.journal.records import Ticket

HOSTNAME = socket.gethostname()


def wait(descriptor: int, dags: dict[str, DAG]) -> NoReturn:
    """Be forked ahead of time: wait for a message on a pipe, run it, end.

    End of file ends the process: its host is gone, or has no work for it.
    """
    status = 1
    try:
        _leave_the_host()
        own_start()
        buffer = MessageBuffer(ToHost)
        messages: list[Any] = []
        while not messages:
            data = os.read(descriptor, 1 << 18)
            if not data:
                os._exit(0)
            messages = buffer.feed(data)
        os.close(descriptor)
        status = _do(messages[0], dags)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def main(message: RunTry | RunCallback, dags: dict[str, DAG]) -> NoReturn:
    """Run one try (or one set of callbacks) in this process and end it.

    The exit status is the errno where the journal or the log could not be made: then no user code
    has run, and the runner reads it so.
    """
    status = 1
    try:
        _leave_the_host()
        status = _do(message, dags)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _do(message: RunTry | RunCallback, dags: dict[str, DAG]) -> int:
    return _run(message, dags) if isinstance(message, RunTry) else _run_callback(message, dags)


def _leave_the_host() -> None:
    """A session and process group of its own, no tie to the host's signals and numbers."""
    if os.getpid() != os.getsid(0):
        os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    system.become_subreaper()
    randomness.reseed()


def _run(message: RunTry, dags: dict[str, DAG]) -> int:
    ticket = message.ticket
    try:
        make_folder(os.path.dirname(ticket.journal))
        open_log(ticket.log)
        journal = JournalWriter.create(ticket.journal, ticket.try_key, ticket.doorbell)
        if journal is None:
            return 0  # another process runs this try
        started = Started(time.time(), os.getpid(), own_start(), HOSTNAME)
        journal.append(started)  # no ring: the host's word of the fork has the runner look
    except OSError as error:
        return error.errno or 1
    system.name_process(ticket.task_id)
    os.environ.update(marks_of(ticket))
    questions = QuestionClient(ticket.questions)
    # What is ended at exit, as MLflow ends its runs, is to know how the try has ended.
    os.environ["DAGTOP_TRY_STATE"] = run_try(ticket, dags[ticket.dag_id], journal, questions)
    _finish()
    return 0


def marks_of(ticket: Ticket) -> dict[str, str]:
    """The variables by which what a try starts knows whose it is."""
    return {
        "DAGTOP_TRY": ticket.journal,
        "DAGTOP_DAG_ID": ticket.dag_id,
        "DAGTOP_RUN_ID": ticket.run.run_id,
        "DAGTOP_TASK_ID": ticket.task_id,
        "DAGTOP_MAP_INDEX": str(ticket.map_index) if ticket.map_index >= 0 else "",
        "DAGTOP_TRY_NUMBER": str(ticket.try_number),
        "DAGTOP_EXPERIMENT": ticket.run.experiment or ticket.dag_id,
    }


def _run_callback(message: RunCallback, dags: dict[str, DAG]) -> int:
    ticket = message.ticket
    facts = ticket.ticket
    began = time.time()
    try:
        os.makedirs(os.path.dirname(message.log), mode=0o700, exist_ok=True)
        open_log(message.log)
        journal = JournalWriter.create(facts.journal, ticket.callback_key, facts.doorbell)
        if journal is None:
            return TAKEN
        journal.append(Started(began, os.getpid(), own_start(), HOSTNAME))
    except OSError as error:
        return error.errno or 1
    done = run_callbacks(ticket, dags[facts.dag_id], QuestionClient(facts.questions))
    _finish()
    now = time.time()
    journal.append(Ended(now, now - began, "success" if done else "failed", ""))
    return 0 if done else 1


def make_folder(path: str) -> None:
    """Make the folder of a try; its parent is there already, but for the first try of a run."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return
    except FileNotFoundError:
        os.makedirs(path, mode=0o700, exist_ok=True)


def open_log(path: str) -> None:
    """Make stdin empty and send stdout and stderr straight to the log file."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _finish() -> None:
    """What the interpreter does at its end, less the teardown that costs time."""
    with contextlib.suppress(Exception):
        threading._shutdown()  # pyright: ignore[reportAttributeAccessIssue]
    with contextlib.suppress(Exception):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
