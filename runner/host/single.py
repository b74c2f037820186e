"""One try in a fresh interpreter, for pipeline files whose host can't be forked safely."""

from __future__ import annotations

import os
import sys

import msgspec

from runner.authoring import surroundings
from runner.host import file_host, task_process
from runner.journal.messages import (
    MessageBuffer,
    ParseFailed,
    RunCallback,
    RunTry,
    StartHost,
    ToHost,
)


def main() -> None:
    """Read the host's order and one ticket from stdin, import the file, run the ticket."""
    messages = MessageBuffer(ToHost).feed(sys.stdin.buffer.read())
    order, message = messages
    assert isinstance(order, StartHost)
    assert isinstance(message, RunTry | RunCallback)
    os.chdir(order.workspace)
    log = message.ticket.log if isinstance(message, RunTry) else message.log
    result, dags = file_host.import_file(msgspec.structs.replace(order, import_log=log + ".import"))
    if isinstance(result, ParseFailed):
        os.makedirs(os.path.dirname(log), mode=0o700, exist_ok=True)
        task_process.open_log(log)
        print(result.error)
        print(result.traceback)
        sys.exit(1)
    surroundings.prepare(order.file, order.workspace)
    task_process.main(message, dags)
