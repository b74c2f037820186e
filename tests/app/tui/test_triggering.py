"""The trigger form: its own fields, and the params of a past run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from textual import events

from app.tui.params import filled_from, moment, run_id_error
from app.tui.screens.triggering import TriggerForm
from store.models import dag_run
from store.structure import ParamStructure
from store.workspace import Workspace
from tests.app.tui.dialogs import check_dialog
from tests.app.tui.driving import AppPilot, commanded, commands, opened, press, says, text_of, until
from tests.app.tui.snapshot import SIZES
from tests.app.tui.world import ESCAPES, RECOMMEND, World, structure_of

PARAMS = [
    ParamStructure("rate", default=0.1, schema={"type": "number"}),
    ParamStructure("model", default="als", schema={"enum": ["als", "bpr"]}),
]


def test_a_past_run_fills_the_params_and_what_has_no_place_is_named() -> None:
    filled = filled_from(PARAMS, {"rate": 0.5, "model": "gone", "old": 1})
    assert [param.default for param in filled.params] == [0.5, "als"]
    assert (filled.unknown, filled.unfit) == (("old",), ("model",))


def test_a_date_without_an_offset_is_in_the_zone() -> None:
    assert moment("", UTC) is None
    assert moment("2026-11-21T10:00", UTC) == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert moment("2026-11-21T10:00+02:00", UTC) == datetime(2026, 11, 21, 8, tzinfo=UTC)
    for text in ("soon", "0001-01-01T00:00+05:00"):
        with pytest.raises(ValueError, match="date"):
            moment(text, UTC)


@pytest.mark.parametrize(
    ("text", "good"),
    [("", True), ("mine-1", True), ("a b", False), ("scheduled__x", False), ("x" * 251, False)],
)
def test_a_run_id_is_checked(text: str, good: bool) -> None:
    assert (run_id_error(text) is None) is good


async def form(pilot: AppPilot) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, TriggerForm), "the form")


async def test_run_name_description_experiment_and_date_are_sent(world: World) -> None:
    world.dag("plain")
    async with opened(world.workspace) as pilot:
        await press(pilot, "t")
        await form(pilot)
        await press(pilot, "tab", *"a b", "tab", *"why", "tab", *"sweep", "tab", "tab", *"soon")
        await says(pilot, "not a date")
        await press(pilot, "ctrl+r")
        await says(pilot, "2 fields to mend")
        await says(pilot, "a run id has 1 to 250")
        await press(pilot, "backspace", "backspace", *["tab"] * 4, *["backspace"] * 4)
        await press(pilot, *"2026-11-20")
        await press(pilot, "ctrl+r")
        ((_, payload),) = await commanded(pilot)
        assert payload == {
            "dag_id": "plain",
            "conf": {},
            "logical_date": "2026-11-20T00:00:00+00:00",
            "run_id": "a",
            "note": "why",
            "experiment": "sweep",
        }


async def test_a_data_interval_is_given_by_hand_both_ends_or_none(world: World) -> None:
    world.dag("plain")
    async with opened(world.workspace) as pilot:
        await press(pilot, "t")
        await form(pilot)
        await press(pilot, *["tab"] * 6, *"2026-11-20")
        await says(pilot, "a data interval has both ends, or none is given")
        await press(pilot, "tab", *"2026-11-19T06:00")
        await says(pilot, "it ends before its start")
        await press(pilot, "ctrl+r")
        await says(pilot, "1 field to mend")
        assert commands(world.workspace) == []
        await press(pilot, *["backspace"] * 16, *"2026-11-21T06:00+02:00")
        assert "before its start" not in text_of(pilot)
        await press(pilot, "ctrl+r")
        ((_, payload),) = await commanded(pilot)
        assert payload["logical_date"] is None
        assert payload["data_interval_start"] == "2026-11-20T00:00:00+00:00"
        assert payload["data_interval_end"] == "2026-11-21T04:00:00+00:00"


async def test_a_field_that_nobody_touched_keeps_what_a_terminal_cannot_show(world: World) -> None:
    default = f"a{ESCAPES}b\tc"
    params = [ParamStructure("text", default=default), ParamStructure("other", default="x")]
    world.dag("odd", structure_of("odd", ["work"], params=params))
    async with opened(world.workspace) as pilot:
        await press(pilot, "t")
        await form(pilot)
        await press(pilot, "tab", "end", "y", "ctrl+r")
        ((_, payload),) = await commanded(pilot)
        assert payload["conf"] == {"text": default, "other": "xy"}


def fill_clones(world: World) -> None:
    version = world.dag("clones", structure_of("clones", ["work"], params=PARAMS))
    conf = {"rate": 0.5, "model": "als", "old": True}
    more = {"conf": conf, "note": "second\nround"}
    run = world.run("clones", version, "success", ago=timedelta(hours=1), **more)
    world.instance("clones", run, "work", "success")
    version = world.dag("free")
    run = world.run("free", version, "success", ago=timedelta(hours=1), conf={"any": [1, 2]})
    world.instance("free", run, "work", "success")


async def test_a_run_is_cloned_with_its_params(world: World) -> None:
    fill_clones(world)
    async with opened(world.workspace, dag="clones") as pilot:
        await press(pilot, "T")
        await form(pilot)
        assert "0.5" in text_of(pilot)
        await press(pilot, "tab", "right", *["tab"] * 8)
        await says(pilot, '{"old": true}')
        await press(pilot, "ctrl+r")
        ((kind, payload),) = await commanded(pilot)
        assert kind == "trigger"
        assert payload["conf"] == {"rate": 0.5, "model": "bpr", "old": True}
        assert (payload["run_id"], payload["logical_date"]) == (None, None)
        assert payload["note"] == "second\nround"


async def test_more_conf_than_params_is_sent_and_a_param_in_it_is_refused(world: World) -> None:
    world.dag("odd", structure_of("odd", ["work"], params=PARAMS))
    async with opened(world.workspace) as pilot:
        await press(pilot, "t")
        await form(pilot)
        await press(pilot, "tab", *["tab"] * 8, *'{"rate": 3}')
        await says(pilot, "rate is a param: set it in its field")
        await press(pilot, "ctrl+r")
        await says(pilot, "1 field to mend")
        await press(pilot, *["backspace"] * 11, "[", "1", "]")
        await says(pilot, "a JSON object is wanted")
        await press(pilot, *["backspace"] * 3, *'{"extra": 3}')
        await until(pilot, lambda: "to mend" not in text_of(pilot), "nothing is to mend")
        await press(pilot, "ctrl+r")
        ((_, payload),) = await commanded(pilot)
        assert payload["conf"] == {"rate": 0.1, "model": "als", "extra": 3}


@pytest.mark.parametrize("height", [16, 20, 24, 25, 26])
async def test_the_field_on_top_keeps_its_name(height: int, world: World) -> None:
    world.dag("odd", structure_of("odd", ["work"], params=PARAMS))
    async with opened(world.workspace, (80, height)) as pilot:
        await press(pilot, "t")
        await form(pilot)
        fields = pilot.app.screen.query_one("#fields")
        for key in [*["tab"] * 7, *["shift+tab"] * 7]:
            await press(pilot, key)
            await until(pilot, lambda: fields.scroll_y % 3 == 0, "a whole field on top")


async def test_the_form_of_a_dag_whose_file_is_broken_says_so(world: World) -> None:
    world.dag("plain")
    world.import_error("dags/1.py", "No module named 'pandass'", 1, "")
    async with opened(world.workspace) as pilot:
        await press(pilot, "t")
        await form(pilot)
        await says(pilot, "its file can't be imported: no trigger now")
        await says(pilot, "No module named 'pandass'")


async def test_a_dag_without_params_clones_its_conf(world: World) -> None:
    fill_clones(world)
    async with opened(world.workspace, dag="free") as pilot:
        await press(pilot, "T")
        await form(pilot)
        await press(pilot, "ctrl+r")
        ((_, payload),) = await commanded(pilot)
        assert payload["conf"] == {"any": [1, 2]}


async def test_read_only_clones_nothing(world: World) -> None:
    fill_clones(world)
    async with opened(world.workspace, dag="free", read_only=True) as pilot:
        await press(pilot, "T")
        await says(pilot, "read-only")
        assert not isinstance(pilot.app.screen, TriggerForm)


@pytest.mark.parametrize("size", [*SIZES, (60, 20)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_forms_look_as_they_did(size: tuple[int, int], world: World) -> None:
    fill_clones(world)
    world.dag("recommend", RECOMMEND)
    shown = await check_dialog("acting_clone", size, world.workspace, ("enter", "T"))
    assert "schedule  At 00:00 every day" in shown
    await check_dialog("acting_trigger", size, world.workspace, ("j", "j", "t"))


async def test_hostile_data_stays_data(workspace_of: Callable[[str], Workspace]) -> None:
    async with opened(workspace_of("hostile")) as pilot:
        await press(pilot, "j", "j", "j", "enter", "T")
        await form(pilot)
        assert "\x1b" not in text_of(pilot)


async def test_keys_that_come_all_at_once_keep_their_order(world: World) -> None:
    world.dag("plain")
    async with opened(world.workspace) as pilot:
        await press(pilot, "t")
        await form(pilot)
        keys = [*"{}", "left", *'"a": 12', "backspace", "tab", *"mine", "tab", *"why"]
        for key in keys:
            character = key if len(key) == 1 else None
            pilot.app.post_message(events.Key(key, character))
        await until(pilot, lambda: "why" in text_of(pilot), "all keys")
        await press(pilot, "ctrl+r")
        ((_, payload),) = await commanded(pilot)
        found = (payload["conf"], payload["note"], payload["run_id"])
        assert found == ({"a": 1}, "why", "mine")


async def test_a_run_gets_an_experiment_and_a_clone_of_it_the_same(world: World) -> None:
    fill_clones(world)
    with world.store.write() as connection:
        connection.execute(update(dag_run).values(experiment="sweep"))
    async with opened(world.workspace, (100, 40), dag="clones") as pilot:
        await press(pilot, "r")
        await says(pilot, "experiment")
        await press(pilot, "T")
        await form(pilot)
        await press(pilot, *["tab"] * 4, *" 2", "ctrl+r")
        ((_, payload),) = await commanded(pilot)
        assert payload["experiment"] == "sweep 2"
