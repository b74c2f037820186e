"""Talking to a runner, and doing without one."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import store as package
from store import client
from store.engine import Store
from store.errors import CommandRefused, CommandTimeout, NotFound, StoreMissing
from store.models import dag
from store.workspace import Workspace
from tests.support.commands import pending
from tests.support.history import fill

Answerer = Callable[[dict[str, Any]], bytes | None]


def framed(answer: dict[str, Any]) -> bytes:
    document = json.dumps(answer).encode()
    return struct.pack(">I", len(document)) + document


@contextmanager
def answering(workspace: Workspace, answer: Answerer) -> Iterator[list[dict[str, Any]]]:
    """A question socket that is answered by ``answer``, once; None: not at all."""
    workspace.create_state_folder()
    asked: list[dict[str, Any]] = []
    enough = threading.Event()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(os.fspath(workspace.questions))
        server.listen()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                (length,) = struct.unpack(">I", connection.recv(4, socket.MSG_WAITALL))
                asked.append(json.loads(connection.recv(length, socket.MSG_WAITALL)))
                reply = answer(asked[-1])
                if reply is None:
                    enough.wait(30)
                else:
                    connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield asked
        finally:
            enough.set()
            thread.join()


@contextmanager
def lock_held(workspace: Workspace, pid: int) -> Iterator[None]:
    workspace.create_state_folder()
    with workspace.runner_lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(f"{pid}\n")
        file.flush()
        yield


def test_it_loads_neither_sqlalchemy_nor_anything_else_than_the_standard_library() -> None:
    program = (
        "import sys\n"
        "import store.client, store.workspace, store.states, store.errors\n"
        "ours = {n for n in sys.modules if n.partition('.')[0] not in sys.stdlib_module_names}\n"
        "print(sorted(n for n in ours if not n.startswith(('store', '_', 'site'))))\n"
    )
    root = Path(str(package.__file__)).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, cwd=root, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


def test_the_configuration_loads_no_sqlalchemy() -> None:
    program = "import sys, store.config, store.structure; print('sqlalchemy' in sys.modules)"
    root = Path(str(package.__file__)).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, cwd=root, capture_output=True, text=True
    )
    assert done.stdout.strip() == "False"


def test_a_question_is_answered(workspace: Workspace) -> None:
    value = {"hosts": 3, "words": "ä" * 100_000}
    with answering(workspace, lambda _: framed({"value": value, "found": True})) as asked:
        answer = client.ask(workspace, {"type": "get_status"}, timeout=30)
    assert asked == [{"type": "get_status"}]
    assert answer["value"] == value


def test_asking_without_a_runner_says_how_to_start_one(workspace: Workspace) -> None:
    with pytest.raises(client.RunnerAway, match="dagtop up"):
        client.ask(workspace, {"type": "get_status"})
    workspace.create_state_folder()
    left_over = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left_over.bind(os.fspath(workspace.questions))
    left_over.close()
    with pytest.raises(client.RunnerAway):
        client.ask(workspace, {"type": "get_status"})


def test_a_runner_that_does_not_answer_is_busy(workspace: Workspace) -> None:
    busy = pytest.raises(client.RunnerBusy, match=r"runner\.log")
    with answering(workspace, lambda _: None), busy:
        client.ask(workspace, {"type": "get_status"}, timeout=0.05)


@pytest.mark.parametrize("reply", [b"", b"\x00\x00", framed({"value": 1})[:-1]])
def test_a_runner_that_hangs_up_is_away(workspace: Workspace, reply: bytes) -> None:
    with answering(workspace, lambda _: reply), pytest.raises(client.RunnerAway):
        client.ask(workspace, {"type": "get_status"}, timeout=30)


def test_the_bell_rings_where_someone_listens(workspace: Workspace) -> None:
    assert not client.ring(workspace)
    workspace.create_state_folder()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bell:
        bell.bind(os.fspath(workspace.doorbell))
        assert client.ring(workspace)
        assert client.ring(workspace, b"t5")
        assert [bell.recv(100), bell.recv(100)] == [b"c", b"t5"]


def test_a_bell_that_nobody_answers_does_not_block(workspace: Workspace) -> None:
    workspace.create_state_folder()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bell:
        bell.bind(os.fspath(workspace.doorbell))
        assert not all(client.ring(workspace) for _ in range(10_000))


def test_the_runner_is_up_while_it_holds_the_lock(workspace: Workspace) -> None:
    assert not client.runner_is_up(workspace)
    with lock_held(workspace, os.getpid()):
        assert client.runner_pid(workspace) == os.getpid()
    assert not client.runner_is_up(workspace)  # the file is there, with a pid that exists


def test_a_lock_file_of_a_process_that_is_gone_means_no_runner(workspace: Workspace) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    workspace.create_state_folder()
    for content in (f"{process.pid}\n", "", "garbage"):
        workspace.runner_lock.write_text(content)
        assert client.runner_pid(workspace) is None


def test_a_running_runner_carries_a_command_out_at_once(workspace: Workspace) -> None:
    with answering(workspace, lambda _: framed({"value": {"run_id": "r"}})) as asked:
        done = client.submit(workspace, "trigger", {"dag_id": "a"}, "anna")
    assert done == client.Submission(answer={"run_id": "r"})
    assert asked == [
        {"type": "submit", "command": "trigger", "payload": {"dag_id": "a"}, "actor": "anna"}
    ]


def test_a_refusal_of_the_runner_is_raised(workspace: Workspace) -> None:
    refusal = framed({"value": None, "error": "there is no DAG a"})
    with answering(workspace, lambda _: refusal), pytest.raises(CommandRefused, match="no DAG a"):
        client.submit(workspace, "trigger", {"dag_id": "a"}, "anna")


def test_a_runner_that_is_too_slow_is_not_gone_around(store: Store, workspace: Workspace) -> None:
    with answering(workspace, lambda _: None), pytest.raises(CommandTimeout):
        client.submit(workspace, "trigger", {"dag_id": "a"}, "anna", timeout=0.05)
    with store.read() as connection:
        assert pending(connection) == []


def test_without_a_runner_a_command_waits_for_one(store: Store, workspace: Workspace) -> None:
    submitted = client.submit(workspace, "trigger", {"dag_id": "a"}, "anna")
    assert submitted.is_pending
    with store.read() as connection:
        assert [row.id for row in pending(connection)] == [submitted.command_id]


def test_without_a_runner_a_note_is_written_all_the_same(
    store: Store, workspace: Workspace
) -> None:
    fill(store, dags=1, runs=1)
    with store.read() as connection:
        (run_id,) = connection.exec_driver_sql("SELECT run_id FROM dag_run").scalars()
    wanted = {"dag_id": "dag_0000", "run_id": run_id, "text": "why"}
    done = client.submit(workspace, "note", wanted, "anna")
    assert done.answer is not None
    assert not done.is_pending
    again = client.submit(workspace, "note", {**wanted, "text": ""}, "ben")
    assert again.answer is not None
    assert again.answer["former"] == "why"
    with pytest.raises(NotFound, match="no run"):
        client.submit(workspace, "note", {**wanted, "run_id": "gone"}, "anna")


def test_without_a_runner_pausing_is_done_all_the_same(store: Store, workspace: Workspace) -> None:
    fill(store, dags=2, runs=0)
    done = client.submit(workspace, "pause", {"dag_ids": ["dag_0001"]}, "anna")
    assert done.answer == {"dag_ids": ["dag_0001"], "changed": ["dag_0001"]}
    with store.read() as connection:
        paused = connection.execute(dag.select().where(dag.c.is_paused)).all()
    assert [row.dag_id for row in paused] == ["dag_0001"]
    with pytest.raises(NotFound, match="did you mean dag_000"):
        client.submit(workspace, "unpause", {"dag_ids": ["dag_001"]}, "anna")


def test_without_a_runner_and_a_store_the_command_is_not_lost_silently(
    workspace: Workspace,
) -> None:
    with pytest.raises(StoreMissing, match="dagtop up"):
        client.submit(workspace, "trigger", {"dag_id": "a"}, "anna")


def test_the_user_of_the_audit_trail_is_that_of_the_process() -> None:
    assert client.user()
