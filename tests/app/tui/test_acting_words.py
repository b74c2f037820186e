"""What questions and footers call that which is acted on."""

from __future__ import annotations

from app.tui.models.instance import indexed_name, touched_lines
from app.tui.screens.acting import Selection, _words, note_on
from app.tui.spans import plain
from app.tui.theme import UNICODE
from app.tui.widgets.dialogs import Choices
from tests.app.tui.driving import commanded, opened, press, says
from tests.app.tui.world import World, fill_recommend


def test_map_indexes_are_named_as_far_as_there_is_room() -> None:
    assert indexed_name("load", []) == "load"
    assert indexed_name("load", [-1]) == "load"
    assert indexed_name("load", [3]) == "load[3]"
    assert indexed_name("load", range(7)) == "load[0] [1] [2] [3] [4] [5] [6]"
    assert indexed_name("load", range(50)) == "load[0] [1] [2] [3] [4] [5] and 44 more"


def test_what_is_touched_is_named_by_its_map_indexes() -> None:
    one = [["r", "load", 2, "failed"], ["r", "load", 0, "failed"], ["r", "end", None, None]]
    lines = [plain(line) for line in touched_lines({"instances": one}, "Runs again:", UNICODE)]
    assert lines[0] == "Runs again: 3 task instances in 1 run:"
    assert lines[1].endswith(" load[0] [2]")
    assert lines[2].endswith(" end")
    several = [[run, "load", index, "failed"] for run in "ab" for index in (0, 1)]
    lines = [plain(line) for line in touched_lines({"instances": several}, "Runs again:", UNICODE)]
    assert lines[1].endswith(" load[0] [1], 4 in all")


def test_a_note_on_several_runs_is_on_each() -> None:
    today, before = (Selection("etl", run, ("load",)) for run in ("today", "before"))
    ticked: dict[str, bool] = {"whole": False, "past": False, "future": False}
    assert note_on([today], Choices(ticked)) == "each task instance"
    whole = Choices({**ticked, "whole": True})
    assert note_on([today], whole) == "the run"
    assert note_on([today, before], whole) == "each run"
    beyond = Choices({**ticked, "whole": True, "past": True})
    assert note_on([today], beyond) == "the run"
    assert note_on([today], beyond, beyond=True) == "each run"


async def test_questions_and_footers_name_the_marked_map_indexes(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", *"jjjjjj", "z")
        await says(pilot, "[3] alpha")
        await press(pilot, "j", "j", "space", "j", "space")
        await press(pilot, "m", "f")
        await says(pilot, "task  train[1] [3]")
        await press(pilot, "y")
        [(_, payload)] = await commanded(pilot)
        assert payload["map_indexes"] == [1, 3]


def test_footers_name_tasks_once_and_say_in_how_many_runs() -> None:
    one = Selection("etl", "today", ("load",), (0, 2))
    assert _words([one]) == "load[0] [2]"
    assert _words([one, Selection("etl", "before", ("load",), (0, 2))]) == "load[0] [2] in 2 runs"
    others = [Selection("etl", "today", (name,)) for name in "abcd"]
    assert _words([one, *others]) == "load[0] [2], a, b and 2 others"


async def test_options_are_read_to_their_end_at_60_columns(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, (60, 20)) as pilot:
        await press(pilot, "enter", "m")
        for words in (
            "a [ ] runs after this one too",
            "w [ ] the run as a whole",
            "N note on each task instance",
            "y mark it",
        ):
            await says(pilot, words)
