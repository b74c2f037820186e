"""XComs added and changed by hand, with a real runner."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.text import sanitize_lines
from app.tui.models.fields import FIXED
from app.tui.models.typed_xcoms import fields, problems
from app.tui.screens.editing import FormDialog
from app.tui.screens.task_xcoms import TaskXComsScreen
from app.tui.screens.xcoms import XComsScreen
from store.values import MOST_TYPED_XCOM
from tests.app.tui.driving import AppPilot, app_of, opened, press, says, text_of, until
from tests.app.tui.world import World
from tests.support.live import Live

PIPELINE = """
from dagtop import dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def shop():
    @task
    def one():
        return {"rate": 0.5}

    one()

shop()
"""


def xcoms(running: Live) -> list[Any]:
    return running.query("SELECT key, value, length FROM xcom ORDER BY key")


async def test_an_xcom_is_added_and_changed_in_the_task_instance(running: Live) -> None:
    assert running.run("shop")[0] == "success"
    async with opened(running.workspace, (80, 24), dag="shop") as pilot:
        await says(pilot, "one")
        await press(pilot, "enter", "4")
        await until(pilot, lambda: isinstance(pilot.app.screen, TaskXComsScreen), "its XComs")
        await says(pilot, "return_value")
        await press(pilot, "A")
        await says(pilot, "New XCom of one")
        await says(pilot, "shop manual ")
        await press(pilot, *"return_value")
        await says(pilot, "already: edit that one")
        await press(pilot, *["backspace"] * 12, *"loss", "tab", *"[1, ")
        await says(pilot, "not JSON")
        await press(pilot, "ctrl+r")
        await says(pilot, "1 field to mend")
        await press(pilot, "2", "]", "ctrl+r")
        await says(pilot, "added XCom loss of one")
        await until(pilot, lambda: "[1, 2]" in text_of(pilot), "it is in the table")
        assert xcoms(running) == [("loss", b"[1,2]", 2), ("return_value", b'{"rate":0.5}', 1)]
        await press(pilot, "g", "W")
        await says(pilot, "XCom loss of one")
        await press(pilot, *["delete"] * 20, "7", "ctrl+r")
        await says(pilot, "changed XCom loss of one")
        assert xcoms(running)[0] == ("loss", b"7", None)
        await press(pilot, "U")
        await until(pilot, lambda: xcoms(running)[0] == ("loss", b"[1,2]", 2), "the former value")
    kinds = running.query("SELECT actor FROM event WHERE kind = 'xcom_set'")
    assert len(kinds) == 3


async def edit_return_value(pilot: AppPilot) -> None:
    """Open the form of the only XCom, in the place of all."""
    await press(pilot, "4")
    await until(pilot, lambda: isinstance(pilot.app.screen, XComsScreen), "the place")
    await says(pilot, "return_value")
    await press(pilot, "e")
    await says(pilot, '"rate": 0.5')


async def test_an_xcom_is_changed_in_the_place_of_all_xcoms(running: Live) -> None:
    assert running.run("shop")[0] == "success"
    async with opened(running.workspace, (80, 24)) as pilot:
        await edit_return_value(pilot)
        await press(pilot, *["delete"] * 30, *"null", "ctrl+r")
        await says(pilot, "changed XCom return_value of one")
        assert xcoms(running) == [("return_value", b"null", None)]
        await press(pilot, "A", *"more", "tab", "1", "ctrl+r")
        await says(pilot, "added XCom more of one")
        assert [key for key, *_ in xcoms(running)] == ["more", "return_value"]


async def test_an_undo_leaves_the_value_that_somebody_else_has_set_since(running: Live) -> None:
    assert running.run("shop")[0] == "success"
    place = {"dag_id": "shop", "task_id": "one", "key": "return_value", "new": False}
    (run_id,) = (row[0] for row in running.query("SELECT run_id FROM dag_run"))
    async with opened(running.workspace, (80, 24)) as pilot:
        await edit_return_value(pilot)
        await press(pilot, *["delete"] * 30, "1", "ctrl+r")
        await says(pilot, "changed XCom return_value of one")
        running.submit("set_xcom", **place, run_id=run_id, value="2")
        await press(pilot, "U")
        await says(pilot, "has another value by now")
    assert xcoms(running) == [("return_value", b"2", None)]


async def test_what_is_not_edited_stays_as_it_is(running: Live) -> None:
    assert running.run("shop")[0] == "success"
    hidden = "x\u202ey\x7f\x9b0m\u2028"
    place = {"dag_id": "shop", "task_id": "one", "key": "return_value", "new": False}
    (run_id,) = (row[0] for row in running.query("SELECT run_id FROM dag_run"))
    running.submit("set_xcom", **place, run_id=run_id, value=msgspec.json.encode([hidden]).decode())
    async with opened(running.workspace, (80, 24)) as pilot:
        await press(pilot, "4")
        await until(pilot, lambda: isinstance(pilot.app.screen, XComsScreen), "the place")
        await says(pilot, "return_value")
        await press(pilot, "e")
        await says(pilot, '"x\\u202ey')
        await press(pilot, "right", *"1, ", "ctrl+r")
        await says(pilot, "changed XCom return_value of one")
    assert msgspec.json.decode(xcoms(running)[0][1]) == [1, hidden]


async def test_read_only_sets_nothing(world: World) -> None:
    from tests.app.tui.world_details import fill_details

    fill_details(world)
    async with opened(world.workspace, read_only=True) as pilot:
        await press(pilot, "4")
        await until(pilot, lambda: isinstance(pilot.app.screen, XComsScreen), "the place")
        await press(pilot, "A", "e", "W")
        assert not isinstance(app_of(pilot).screen, FormDialog)


def test_a_value_that_can_not_be_typed_can_only_be_replaced() -> None:
    key, value = fields("loss", b"[1]", 8)
    assert (key.control, value.text) == (FIXED, "[\n  1\n]")
    large = fields("loss", b'"' + b"x" * MOST_TYPED_XCOM + b'"', 8)[1]
    assert (large.text, "by hand an XCom may have" in large.about) == ("", True)
    typed = fields("loss", b'{"__dagtop__":["path","/"]}', 8)[1]
    assert (typed.text, "can only be replaced" in typed.about) == ("", True)


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\x1b\x9b\x7f\u202e")))
def test_characters_that_a_terminal_acts_on_stay_in_a_value_that_is_edited(text: str) -> None:
    value = fields("k", msgspec.json.encode({text: [text]}), 8)[1]
    assert msgspec.json.decode(sanitize_lines(value.text)) == {text: [text]}


def test_what_is_wrong_is_said_at_its_field() -> None:
    assert set(problems({"key": " ", "value": ""})) == {"key", "value"}
    assert "already" in problems({"key": "a", "value": "1"}, {"a"})["key"]
    assert "at most 512" in problems({"key": "k" * 513, "value": "1"})["key"]
    assert "by hand" in problems({"value": "x" * (MOST_TYPED_XCOM + 1)})["value"]
    assert problems({"key": "b", "value": "1"}, {"a"}) == {}
