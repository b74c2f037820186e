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

PATIENCE = 20
"""Times ``parse_timeout`` that the import may take. The file was imported before, within that: if
it takes longer now, it is as many tries import it at the same time, and none of them is to fail."""


def main() -> None:
    """Read the host's order and one ticket from stdin, import the file, run the ticket."""
    messages = MessageBuffer(ToHost).feed(sys.stdin.buffer.read())
    order, message = messages
    assert isinstance(order, StartHost)
    assert isinstance(message, RunTry | RunCallback)
    os.chdir(order.workspace)
    log = message.ticket.log if isinstance(message, RunTry) else message.log
    limit = order.parse_timeout * PATIENCE
    result, dags = file_host.import_file(
        msgspec.structs.replace(order, import_log=log + ".import", parse_timeout=limit)
    )
    if isinstance(result, ParseFailed):
        os.makedirs(os.path.dirname(log), mode=0o700, exist_ok=True)
        task_process.open_log(log)
        print(result.error)
        print(result.traceback)
        sys.exit(1)
    surroundings.prepare(order.file, order.workspace)
    task_process.main(message, dags)
