"""Commands: written by anyone, acted on once, answered."""

from __future__ import annotations

import threading

import pytest

from store import commands
from store.engine import Store
from store.errors import CommandRefused, CommandTimeout, NotFound, UnknownKind
from tests.support import commands as answering


def finish(store: Store, command_id: int, state: str, answer: dict[str, object] | None) -> None:
    with store.write() as connection:
        answering.finish(connection, command_id, state, answer)


def test_commands_are_pending_in_their_order_until_they_are_finished(any_store: Store) -> None:
    first = commands.submit(any_store, "trigger", {"dag_id": "a", "conf": {"x": 1.5}}, "anna")
    second = commands.submit(any_store, "pause", {"dag_ids": ["a"]}, "ben")
    with any_store.read() as connection:
        waiting = answering.pending(connection)
    assert [(row.id, row.kind, row.actor) for row in waiting] == [
        (first, "trigger", "anna"),
        (second, "pause", "ben"),
    ]
    assert waiting[0].payload == {"dag_id": "a", "conf": {"x": 1.5}}
    finish(any_store, first, commands.DONE, {"run_id": "manual__1"})
    with any_store.read() as connection:
        assert [row.id for row in answering.pending(connection)] == [second]
        done = commands.get_command(connection, first)
    assert done is not None
    assert (done.state, done.answer) == ("done", {"run_id": "manual__1"})
    assert done.done_at is not None
    assert done.done_at >= done.created_at


def test_waiting_returns_the_answer_as_soon_as_it_is_there(any_store: Store) -> None:
    command_id = commands.submit(any_store, "stop", {}, "anna")
    runner = threading.Thread(target=finish, args=(any_store, command_id, "done", {"ok": True}))
    runner.start()
    assert commands.wait(any_store, command_id, timeout=30) == {"ok": True}
    runner.join()


def test_a_command_done_without_an_answer_has_an_empty_one(store: Store) -> None:
    command_id = commands.submit(store, "stop", {}, "anna")
    finish(store, command_id, commands.DONE, None)
    assert commands.wait(store, command_id, timeout=0) == {}


def test_waiting_for_a_refused_command_raises_the_reason(store: Store) -> None:
    command_id = commands.submit(store, "trigger", {"dag_id": "nope"}, "anna")
    finish(store, command_id, commands.REFUSED, {"error": "there is no DAG nope"})
    with pytest.raises(CommandRefused, match="there is no DAG nope"):
        commands.wait(store, command_id, timeout=1)


def test_waiting_ends_at_the_timeout_and_the_command_stays_pending(store: Store) -> None:
    command_id = commands.submit(store, "reparse", {"files": None}, "anna")
    with pytest.raises(CommandTimeout, match="dagtop up"):
        commands.wait(store, command_id, timeout=0.02)
    with store.read() as connection:
        assert [row.id for row in answering.pending(connection)] == [command_id]


def test_waiting_for_a_command_that_is_not_there(store: Store) -> None:
    with pytest.raises(NotFound, match="no command 99"):
        commands.wait(store, 99, timeout=1)


def test_a_command_of_no_known_kind_is_refused_at_once(store: Store) -> None:
    with pytest.raises(UnknownKind, match="no command 'explode'; there are trigger, pause"):
        commands.submit(store, "explode", {}, "anna")


def test_ids_of_commands_never_come_again(store: Store) -> None:
    first = commands.submit(store, "stop", {}, "anna")
    with store.write() as connection:
        connection.exec_driver_sql("DELETE FROM command")
    assert commands.submit(store, "stop", {}, "anna") > first
