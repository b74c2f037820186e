"""Edits of rows, made in the commander's thread."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Event
from typing import Any

from app.tui.commander import Acted, Commander, Refused, told_of_one, told_together
from store import edits
from tests.app.tui.admin_world import value_of
from tests.app.tui.slow_runner import slow_runner
from tests.app.tui.world import World


def test_an_edit_that_breaks_is_said_and_the_next_one_is_made(world: World) -> None:
    replies: SimpleQueue[Any] = SimpleQueue()
    commander = Commander(world.workspace, replies.put)
    told: list[Any] = []

    def broken(connection: Any) -> str:
        edits.set_variable(connection, "half", "1", "me")
        raise ZeroDivisionError("division by zero")

    def whole(connection: Any) -> str:
        edits.set_variable(connection, "whole", "1", "me")
        return "set it"

    commander.edit(broken, told.append)
    commander.edit(whole, told.append)
    for _ in range(2):
        reply = replies.get(timeout=10)
        reply.then(reply.reply)
    assert str(told[0]) == "ZeroDivisionError: division by zero"
    assert told[1] == "set it"
    assert value_of(world, "half") is None
    assert value_of(world, "whole") == "1"


def test_a_broken_configuration_is_said_and_the_next_command_is_sent(world: World) -> None:
    world.dag("etl")
    world.store.close()
    messages: SimpleQueue[Any] = SimpleQueue()
    commander = Commander(world.workspace, messages.put)
    configuration = world.workspace.root / "dagtop.toml"
    configuration.write_text("nonsense = [")
    commander.send("pause", {"dag_ids": ["etl"]}, "paused etl")
    refused = messages.get(timeout=10)
    assert isinstance(refused, Refused)
    assert "dagtop.toml" in refused.sentence
    configuration.unlink()
    commander.send("pause", {"dag_ids": ["etl"]}, "paused etl")
    assert isinstance(messages.get(timeout=10), Acted)


def test_what_is_done_does_not_wait_for_questions(world: World) -> None:
    messages: SimpleQueue[Any] = SimpleQueue()
    commander = Commander(world.workspace, messages.put)
    with slow_runner(world) as (free, _):
        commander.ask({"type": "get_reasons"}, lambda reply: None)
        commander.edit(lambda connection: "edited", lambda reply: None)
        assert messages.get(timeout=10).reply == "edited"
        free.set()
        assert messages.get(timeout=10).reply == {"instances": [[1]]}


def test_of_what_is_typed_over_only_the_newest_is_asked(world: World) -> None:
    messages: SimpleQueue[Any] = SimpleQueue()
    commander = Commander(world.workspace, messages.put)
    with slow_runner(world) as (free, asked):
        for number in range(5):
            commander.dry_runs("clear", [{"dag_id": "etl", "number": number}], lambda reply: None)
            if not number:
                while not asked:  # the first is on its way before the others are typed
                    Event().wait(0.01)
        free.set()
        assert messages.get(timeout=10).reply == {"instances": [[1]]}
        assert messages.get(timeout=10).reply == {"instances": [[2]]}
        assert [request["payload"]["number"] for request in asked] == [0, 4]


def told_of(*ends: str | None) -> list[str]:
    told: list[str] = []
    ended = told_together(len(ends), "marked 3 runs failed", lambda words, role: told.append(words))
    for why in ends:
        ended(why)
    return told


def test_of_an_act_of_several_commands_is_said_what_was_done_and_what_was_refused() -> None:
    assert told_of(None, None, None) == []
    some = "marked 3 runs failed: 2 of 3 done, 1 refused: there is no run b"
    assert told_of(None, "there is no run b", None) == [some]
    assert told_of("no runner", "no runner") == ["no runner"]
    ends: list[str | None] = []
    told_of_one(ends.append, "shop", "param n has no default")
    told_of_one(ends.append, "shop", "shop is gone")
    told_of_one(ends.append, "", "no runner")
    assert ends == ["shop: param n has no default", "shop is gone", "no runner"]
    assert told_of("a is gone", "b is gone") == ["a is gone, and b is gone"]
