"""The audit trail of a DAG and of the workspace: what is shown, found, opened, and followed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.filters import matches, parse
from app.tui.models.events import (
    bounds_of,
    columns,
    event_lines,
    facts_of,
    kind_role,
    moment_of,
    task_words,
    when,
)
from app.tui.scene import Scene
from app.tui.screens.code import CodeScreen
from app.tui.screens.dag_views import DagViewScreen
from app.tui.screens.events import AllEventsScreen, EventsScreen, EventsTable
from app.tui.screens.log import LogScreen
from app.tui.screens.run import RunScreen
from app.tui.spans import plain
from app.tui.theme import UNICODE
from store.engine import open_store
from store.events import EventRow
from store.workspace import Workspace
from tests.app.tui.driving import AppPilot, app_of, opened, press, says, text_of, until
from tests.app.tui.snapshot import by_size, check_scene
from tests.app.tui.world import NOW, World, make_world
from tests.app.tui.world_details import event, fill_details

SCENE = Scene(NOW, UTC, UNICODE)


def row(**values: object) -> EventRow:
    given = {
        "id": 1,
        "at": NOW,
        "kind": "task_failed",
        "actor": "runner",
        "dag_id": "shop",
        "dag_run_id": 1,
        "run_id": "manual__x",
        "task_id": "train",
        "map_index": 3,
        "try_number": 2,
        "message": "train failed",
        "details": {"exit_status": 1},
        **values,
    }
    return EventRow(**given)


def test_an_event_names_the_instance_and_the_try() -> None:
    assert task_words(row()) == "train[3] try 2"
    assert task_words(row(map_index=-1, try_number=1)) == "train"
    assert task_words(row(task_id=None)) == ""


def test_what_went_wrong_and_what_people_did_stand_out() -> None:
    assert kind_role(row()) == "error"
    assert kind_role(row(kind="run_success")) == "good"
    assert kind_role(row(kind="clear", actor="ann")) == "accent"
    assert kind_role(row(kind="task_skipped")) == "text"


def test_times_have_seconds_and_the_day_where_it_is_another() -> None:
    assert when(NOW, SCENE) == "12:00:00"
    assert when(NOW - timedelta(days=3), SCENE) == "11-18 12:00:00"
    assert when(NOW - timedelta(days=400), SCENE) == "2025-10-17"
    assert when(NOW, Scene(NOW, ZoneInfo("Asia/Tokyo"), UNICODE)) == "21:00:00"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2h", NOW - timedelta(hours=2)),
        ("1.5d", NOW - timedelta(days=1.5)),
        ("14:05", datetime(2026, 11, 21, 14, 5, tzinfo=UTC)),
        ("today", datetime(2026, 11, 21, tzinfo=UTC)),
        ("yesterday", datetime(2026, 11, 20, tzinfo=UTC)),
        ("mon", datetime(2026, 11, 16, tzinfo=UTC)),
        ("saturday", datetime(2026, 11, 21, tzinfo=UTC)),
        ("11-03", datetime(2026, 11, 3, tzinfo=UTC)),
        ("2025-02-28", datetime(2025, 2, 28, tzinfo=UTC)),
        ("2026-11-20t14:05", datetime(2026, 11, 20, 14, 5, tzinfo=UTC)),
        ("02-30", None),
        ("soon", None),
        ("s", None),
        ("25:00", None),
    ],
)
def test_words_name_times_in_the_users_zone(text: str, moment: datetime | None) -> None:
    assert moment_of(text, SCENE) == moment


@given(st.text(max_size=12))
def test_no_word_for_a_time_breaks_the_filter(text: str) -> None:
    bounds_of(parse(f"since:{text} until:{text}"), SCENE)


def test_since_and_until_are_no_terms_of_their_own() -> None:
    terms, since, until = bounds_of(parse("since:2h boom until:1h !kind:x"), SCENE)
    assert [(term.field, term.value) for term in terms] == [("", "boom"), ("kind", "x")]
    assert (since, until) == (NOW - timedelta(hours=2), NOW - timedelta(hours=1))


def test_an_event_is_found_by_kind_actor_task_and_words() -> None:
    facts = facts_of(row())
    for text in ("kind:failed", "actor:runner", "who:run", "task:train[3]", "failed", "!ann"):
        assert matches(parse(text), facts), text
    for text in ("kind:clear", "actor:ann", "task:load"):
        assert not matches(parse(text), facts), text


def test_a_wide_terminal_shows_the_run_too() -> None:
    def keys(*, of_all_dags: bool, width: int) -> list[str]:
        return [column.key for column in columns(of_all_dags=of_all_dags, width=width)]

    assert keys(of_all_dags=False, width=80) == ["time", "kind", "who", "message"]
    assert keys(of_all_dags=True, width=80) == ["time", "kind", "who", "dag", "message"]
    assert keys(of_all_dags=False, width=120)[3:] == ["run", "task", "message"]
    assert keys(of_all_dags=True, width=120)[3:] == ["dag", "task", "message"]
    assert keys(of_all_dags=True, width=140)[3:] == ["dag", "run", "task", "message"]


def test_without_a_column_for_it_the_message_begins_with_the_task() -> None:
    def message(width: int) -> str:
        shown = columns(of_all_dags=False, width=width)
        return plain(shown[-1].cell(row(), SCENE))

    assert message(80) == "train[3] try 2 train failed"
    assert message(120) == "train failed"


def test_the_panel_tells_all_with_the_details_line_by_line() -> None:
    lines = [plain(line) for line in event_lines(row(), SCENE)]
    assert lines[0] == " task_failed  2026-11-21 12:00:00"
    assert lines[2] == " who runner  DAG shop  run manual__x  task train[3] try 2  event 1"
    assert lines[-3:] == [" {", '   "exit_status": 1', " }"]
    assert len(event_lines(None, SCENE)) == 1


# the screens


SCENES: dict[str, tuple[str, ...]] = {
    "events": ("enter", "9"),
    "events_info": ("enter", "9", "j", "j", "j", "j", "i"),
    "events_of_run": ("enter", "h", "9", "f"),
    "events_of_all_dags": ("0",),
}


@by_size
@pytest.mark.parametrize("scene", SCENES)
async def test_the_audit_trail_looks_as_it_did(
    scene: str, size: tuple[int, int], details: Workspace
) -> None:
    await check_scene(scene, size, details, SCENES[scene])


@by_size
async def test_hostile_events_are_harmless(size: tuple[int, int], hostile: Workspace) -> None:
    shown = await check_scene("events_hostile", size, hostile, ("enter", "9", "i"))
    assert not set(shown) & set("\x1b\x07\x9b\x08\u202e")


@by_size
async def test_without_events_it_says_so(size: tuple[int, int], tmp_path: Path) -> None:
    world = make_world(tmp_path / "shop")
    world.store.close()
    await check_scene("events_empty", size, world.workspace, ("0",))


def trail(pilot: AppPilot) -> EventsTable:
    found = app_of(pilot).screen
    assert isinstance(found, EventsTable)
    return found


async def test_older_events_are_read_at_the_end_of_the_list(details: Workspace) -> None:
    async with opened(details) as pilot:
        await press(pilot, "enter", "9")
        await says(pilot, "100 events, older ones follow")
        await press(pilot, "G")
        await says(pilot, "135 events")
        assert "older ones" not in text_of(pilot)


async def test_a_filter_finds_events_that_were_not_read(details: Workspace) -> None:
    async with opened(details) as pilot:
        wanted = ["space" if key == " " else key for key in "'run 7 succ'".replace("'", '"')]
        await press(pilot, "enter", "9", "slash", *wanted, "enter")
        await says(pilot, "run 7 succeeded")
        await press(pilot, "escape", "slash", *"actor:ann", "space", *"since:3h", "enter")
        await says(pilot, "cleared 1 task instance")
        assert [one.kind for one in trail(pilot).table.items] == ["dag_unpaused", "clear"]
        await press(pilot, "escape", "slash", *"nowhere", "enter")
        await says(pilot, "No event passes the filter")


async def test_f_shows_the_events_of_the_run_in_focus_alone(details: Workspace) -> None:
    async with opened(details) as pilot:
        await press(pilot, "enter", "h", "9", "f")
        await says(pilot, "events of run scheduled 11-13 12:00")
        await until(pilot, lambda: len(trail(pilot).table.items) == 3, "three events")
        await press(pilot, "1", "9")
        await says(pilot, "events of run scheduled 11-13 12:00")
        await press(pilot, "f")
        await says(pilot, "100 events, older ones follow")


async def test_enter_opens_what_an_event_is_about(details: Workspace) -> None:
    async with opened(details) as pilot:
        await press(pilot, "enter", "9", "enter")
        await says(pilot, "about no run")
        await press(pilot, "j", "j", "enter")
        assert isinstance(app_of(pilot).screen, RunScreen)
        await press(pilot, "escape", "j", "j", "enter")
        assert isinstance(app_of(pilot).screen, LogScreen)
        assert "old_report" in text_of(pilot)
    async with opened(details) as pilot:
        await press(pilot, "0", "j", "enter")
        assert isinstance(app_of(pilot).screen, DagViewScreen)


async def test_a_changed_dag_leads_to_what_changed(tmp_path: Path) -> None:
    world = make_world(tmp_path / "shop")
    fill_details(world)
    message = "version 2 of forecast from dags/forecast.py"
    event(world, "dag_changed", "runner", message, dag_id="forecast", at=NOW)
    world.store.close()
    for keys in (("enter", "9"), ("0",)):
        async with opened(world.workspace) as pilot:
            await press(pilot, *keys, "enter")
            assert isinstance(app_of(pilot).screen, CodeScreen)
            await says(pilot, "version 1 -> 2")


async def test_an_event_appears_when_it_happens_and_the_cursor_stays(tmp_path: Path) -> None:
    world = make_world(tmp_path / "shop")
    fill_details(world)
    world.store.close()
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "9", "j")
        before = trail(pilot).table.current
        with open_store(world.workspace) as store:
            event(
                World(world.workspace, store),
                "dag_paused",
                "zoe",
                "paused again",
                dag_id="forecast",
                at=NOW,
            )
        await says(pilot, "paused again")
        assert trail(pilot).table.current == before


async def test_the_panel_is_scrolled_copied_and_closed(details: Workspace) -> None:
    async with opened(details) as pilot:
        await press(pilot, "enter", "9", *"jjjj", "i")
        await says(pilot, "error_type")
        await press(pilot, "J", "J", "J", "y")
        await says(pilot, "copied the event")
        assert '"exit_status": 1' in pilot.app.clipboard
        await press(pilot, "escape")
        assert not trail(pilot).panel.display
        assert isinstance(app_of(pilot).screen, EventsScreen)


async def test_the_events_of_all_dags_name_the_dag(details: Workspace) -> None:
    async with opened(details) as pilot:
        await press(pilot, "0")
        assert isinstance(app_of(pilot).screen, AllEventsScreen)
        await press(pilot, "slash", *"kind:pool", "enter")
        await says(pilot, "set pool gpu to 2 slots")
        assert len(trail(pilot).table.items) == 1
