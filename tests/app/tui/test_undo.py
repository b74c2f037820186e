"""Undo of what this terminal did, with a real runner."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from app.tui.commander import NO_RUNNER
from app.tui.screens.editing import FormDialog
from app.tui.undo import IMPOSSIBLE, MOST, Act, Undos, step_of, undone_words
from store import models
from tests.app.tui.driving import app_of, commanded, commands, opened, press, says, until
from tests.app.tui.world import World, fill_recommend
from tests.support.live import Live


def act(kind: str, answer: dict[str, Any] | None, at: float = 0.0, **payload: Any) -> Act:
    return Act(kind, payload, f"did {kind}", answer, at)


def test_pausing_is_undone_for_those_that_it_paused() -> None:
    step = step_of(act("pause", {"dag_ids": ["a", "b"], "changed": ["b"]}))
    assert step is not None
    assert step.commands == (("unpause", {"dag_ids": ["b"]}),)
    assert step_of(act("pause", {"dag_ids": ["a"], "changed": []})) is None


def test_a_note_is_undone_by_the_one_before() -> None:
    step = step_of(act("note", {"former": "old"}, dag_id="a", run_id="r", text="new"))
    assert step is not None
    assert step.commands == (("note", {"dag_id": "a", "run_id": "r", "text": "old"}),)


def test_a_paused_backfill_is_let_go_on_and_a_limit_is_what_it_was() -> None:
    step = step_of(act("pause_backfill", {"backfill_id": 3, "changed": True}, backfill_id=3))
    assert step is not None
    assert step.commands == (("unpause_backfill", {"backfill_id": 3}),)
    assert (
        step_of(act("pause_backfill", {"backfill_id": 3, "changed": False}, backfill_id=3)) is None
    )
    answer = {"backfill_id": 3, "former": 2}
    step = step_of(act("limit_backfill", answer, backfill_id=3, max_active_runs=9))
    assert step is not None
    assert step.commands == (("limit_backfill", {"backfill_id": 3, "max_active_runs": 2}),)
    assert step_of(act("limit_backfill", answer, backfill_id=3, max_active_runs=2)) is None


def test_a_changed_xcom_is_undone_by_its_former_value_and_a_new_one_is_not() -> None:
    changed = {"key": "k", "value": "2", "new": False}
    step = step_of(act("set_xcom", {"new": False, "former": "1"}, **changed))
    assert step is not None
    assert step.commands == (("set_xcom", {**changed, "value": "1", "expected": "2"}),)
    for answer in ({"new": True, "former": None}, {"new": False, "former": None}):
        step = step_of(act("set_xcom", answer, **changed))
        assert step is not None
        assert step.impossible


def test_priority_weights_are_undone_to_each_one_that_was() -> None:
    answer = {"instances": [["t", 0, None], ["t", 1, 5], ["t", 2, None]]}
    step = step_of(act("set_priority", answer, dag_id="a", run_id="r", priority=9))
    assert step is not None
    base = {"dag_id": "a", "run_id": "r", "task_ids": ["t"]}
    assert step.commands == (
        ("set_priority", {**base, "map_indexes": [0, 2], "priority": None}),
        ("set_priority", {**base, "map_indexes": [1], "priority": 5}),
    )


@pytest.mark.parametrize(
    ("former", "words"),
    [("@daily", "shop runs @daily again"), (None, "shop runs as its file says again")],
)
def test_an_undone_schedule_is_said_as_it_is_now(former: str | None, words: str) -> None:
    answer = {"changed": True, "former": former, "former_run": None}
    step = step_of(act("schedule", answer, dag_id="shop", expression="0 4 * * *"))
    assert step is not None
    assert step.restored == words


def test_why_an_act_can_not_be_undone_is_read_at_80_columns() -> None:
    for kind, why in IMPOSSIBLE.items():
        assert len(f" not undone, {why}") <= 76, kind


def test_what_can_not_be_undone_says_why() -> None:
    for one in (
        act("trigger", {"run_id": "r"}),
        act("clear", {"undo": {"impossible": "work was at work"}}),
        act("cancel_backfill", {"backfill_id": 3, "failed": 2, "running": 0}),
        act("delete_runs", {"runs": 1}),
    ):
        step = step_of(one)
        assert step is not None
        assert step.impossible
    assert step_of(act("clear", {"instances": []})) is None


def test_commands_of_one_key_are_undone_together_last_first() -> None:
    undos = Undos()
    for name in "ab":
        undos.took(act("clear", {"undo": {"dag_id": name}}, at=1.0))
    undos.took(act("clear", {"undo": {"dag_id": "c"}}, at=9.0))
    last, first = undos.pop(), undos.pop()
    assert last is not None
    assert first is not None
    assert [payload["dag_id"] for _, payload in last.commands] == ["c"]
    assert [payload["dag_id"] for _, payload in first.commands] == ["b", "a"]


def test_only_the_newest_are_kept() -> None:
    undos = Undos()
    for number in range(MOST + 5):
        undos.took(act("pause", {"changed": [str(number)]}, at=number * 10.0))
    assert sum(undos.pop() is not None for _ in range(MOST + 5)) == MOST


def test_an_undo_says_what_goes_on() -> None:
    assert undone_words("cleared x", {"restored": 2, "left": 0}) == "taken back: cleared x"
    assert "1 has started again and goes on" in undone_words("x", {"restored": 2, "left": 1})


async def test_what_several_commands_did_is_one_step_also_when_it_can_not_be_undone_now(
    world: World,
) -> None:
    """Marking runs of three DAGs sends three commands; there is no runner to take them back."""
    world.dag("etl")
    async with opened(world.workspace) as pilot:
        undos = app_of(pilot).undos
        for name in "abc":
            undos.took(act("mark_run", {"undo": {"dag_id": name}}))
        await press(pilot, "U")
        await says(pilot, NO_RUNNER)
        step = undos.pop()
        assert step is not None
        assert [payload["dag_id"] for _, payload in step.commands] == ["c", "b", "a"]
        assert undos.pop() is None


async def test_the_undo_of_an_unpause_says_that_its_runs_stay(world: World) -> None:
    world.dag("etl", is_paused=True)
    async with opened(world.workspace) as pilot:
        await press(pilot, "p")
        await says(pilot, "unpaused etl")
        await press(pilot, "U")
        await says(pilot, "taken back: unpaused etl; its runs stay, tasks at work go on")


PIPELINE = """
import os
from dagtop import dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def shop():
    @task
    def one(): pass

    @task
    def two():
        raise RuntimeError("as told")

    one() >> two()

shop()
"""


async def test_clear_mark_and_pause_are_taken_back_step_by_step(running: Live) -> None:
    state, before = running.run("shop")
    assert (state, before) == ("failed", {"one": "success", "two": "failed"})
    (run_id,) = (row[0] for row in running.query("SELECT run_id FROM dag_run"))
    async with opened(running.workspace, (120, 40), dag="shop") as pilot:
        await says(pilot, "two")
        await press(pilot, "p")
        await says(pilot, "paused shop")
        await press(pilot, "j", "m")
        await says(pilot, "Marked success")
        await press(pilot, "y")
        await says(pilot, "marked two success")
        await press(pilot, "k", "c")
        await says(pilot, "Runs again:")
        await press(pilot, "y")
        await says(pilot, "cleared one")
        await until(
            pilot,
            lambda: running.states("shop", run_id) == {"one": None, "two": None},
            "nothing has run yet",
        )
        await press(pilot, "U")
        await says(pilot, "taken back: cleared one")
        assert running.states("shop", run_id) == {"one": "success", "two": "success"}
        await press(pilot, "U")
        await says(pilot, "taken back: marked two")
        assert running.states("shop", run_id) == before
        assert running.run_state("shop", run_id) == "failed"
        await press(pilot, "U")
        await says(pilot, "taken back: paused shop")
        assert not running.value("SELECT is_paused FROM dag")
        await press(pilot, "t")
        await says(pilot, "Trigger shop")
        await press(pilot, "ctrl+r")
        await says(pilot, "triggered shop")
        await press(pilot, "U")
        await says(pilot, "not undone, the run is made: x cancels it")
    assert running.states("shop", run_id) == before


async def test_undo_does_not_reach_past_what_can_not_be_undone(world: World) -> None:
    world.dag("etl")
    async with opened(world.workspace) as pilot:
        await press(pilot, "p", "5", "A")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormDialog), "the form")
        await pilot.press(*"rate", "tab", "1", "ctrl+r")
        await says(pilot, "set Variable rate")
        await press(pilot, "U")
        await says(pilot, "not undone, its former value isn't kept (set Variable rate)")


async def test_what_waits_for_a_runner_is_taken_back_before_one_has_done_it(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "j", "c", "y")
        await says(pilot, "no runner is up: written down")
        assert [kind for kind, _ in await commanded(pilot)] == ["clear"]
        await press(pilot, "U")
        await says(pilot, "taken back, nothing was done yet")
        assert commands(world.workspace) == []


async def test_what_a_runner_has_done_meanwhile_is_not_taken_back(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "j", "c", "y")
        await says(pilot, "no runner is up: written down")
        with world.store.write() as connection:
            connection.execute(update(models.command).values(state="done"))
        await press(pilot, "U")
        await says(pilot, "not taken back, a runner has done it meanwhile")
