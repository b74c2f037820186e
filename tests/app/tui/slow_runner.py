"""A runner that lets one wait for its answers."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

from store import client
from tests.app.tui.world import World


@contextmanager
def slow_runner(world: World) -> Iterator[tuple[Event, list[dict[str, Any]]]]:
    """A runner that answers questions only once the event is set, and what it was asked."""
    free, asked = Event(), list[dict[str, Any]]()
    path = world.workspace.questions
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.bind(str(path))
        door.listen()

        def serve() -> None:
            while True:
                connection, _ = door.accept()
                with connection, connection.makefile("rb") as file:
                    (length,) = client.HEADER.unpack(file.read(client.HEADER.size))
                    request = json.loads(file.read(length))
                    if request["type"] == "stop":
                        return
                    asked.append(request)
                    free.wait(20)
                    answer = json.dumps({"value": {"instances": [[len(asked)]]}}).encode()
                    connection.sendall(client.HEADER.pack(len(answer)) + answer)

        thread = Thread(target=serve)
        thread.start()
        try:
            yield free, asked
        finally:
            free.set()
            with suppress(client.RunnerAway):
                client.ask(world.workspace, {"type": "stop"})
            thread.join()
