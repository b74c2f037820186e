"""Variables, Connections and Pools: forms and keys, and what they write, on real stores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.events import Paste
from textual.widgets import TextArea

from app.tui.screens.connections import ConnectionsScreen
from app.tui.screens.editing import FormDialog
from app.tui.screens.forms import ChoiceField
from app.tui.screens.log import LogScreen
from app.tui.screens.pools import PoolScreen, PoolsScreen
from app.tui.screens.text import TextScreen
from app.tui.screens.variables import VariablesScreen
from store import edits
from store.engine import open_store
from store.queries.connections import ConnectionDetails
from store.queries.pools import get_pool
from store.queries.variables import get_variable
from store.workspace import Workspace
from tests.app.tui.admin_world import (
    EXTRA,
    SECRET,
    asked,
    connection_of,
    fill_admin,
    fill_hostile_admin,
    form_opened,
    go_to,
    kinds,
    value_of,
)
from tests.app.tui.driving import AppPilot, arrived, opened, press, says, text_of, until
from tests.app.tui.world import ESCAPES, World, make_world


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A filled workspace, to be read only."""
    made = make_world(tmp_path_factory.mktemp("admin") / "shop")
    fill_admin(made)
    made.store.close()
    return made.workspace


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = make_world(tmp_path_factory.mktemp("hostile_admin") / "shop")
    fill_hostile_admin(made)
    made.store.close()
    return made.workspace


@pytest.fixture
def stocked(tmp_path: Path) -> Iterator[World]:
    """A workspace with rows to change."""
    made = make_world(tmp_path / "shop")
    fill_admin(made)
    yield made
    made.store.close()


def form(pilot: AppPilot) -> FormDialog:
    screen = pilot.app.screen
    assert isinstance(screen, FormDialog)
    return screen


async def test_a_variable_is_made_changed_and_deleted(world: World) -> None:
    async with opened(world.workspace) as pilot:
        await press(pilot, "5")
        await form_opened(pilot, "A")
        await pilot.press(*"rate", "tab", "1", "enter", "2", "tab", *"why", "ctrl+r")
        await says(pilot, "set Variable rate")
        assert value_of(world, "rate") == "1\n2"
        await says(pilot, "1 Variable")
        await form_opened(pilot, "e")
        await pilot.press("down", "end", "3", "ctrl+r")
        await until(pilot, lambda: value_of(world, "rate") == "1\n23", "the change")
        await until(pilot, lambda: isinstance(pilot.app.screen, VariablesScreen), "the table")
        await press(pilot, "d")
        await asked(pilot)
        assert "It can't be undone." in text_of(pilot)
        await press(pilot, "enter")
        assert value_of(world, "rate") is not None
        await press(pilot, "d")
        await asked(pilot)
        await press(pilot, "y")
        await says(pilot, "No Variables yet")
    assert kinds(world) == [
        ("variable_set", "made variable rate"),
        ("variable_set", "changed variable rate"),
        ("variable_deleted", "deleted variable rate"),
    ]


async def test_what_is_marked_is_deleted_together(stocked: World) -> None:
    async with opened(stocked.workspace) as pilot:
        await press(pilot, "5", "space", "space", "d")
        await says(pilot, "dags/etl.py reads batch_size while it is imported")
        await press(pilot, "y")
        await says(pilot, "deleted batch_size, blob")
        await says(pilot, "3 Variables")
    assert [kind for kind, _ in kinds(stocked)] == ["variable_deleted"] * 2


async def test_a_form_left_as_it_is_writes_nothing(stocked: World) -> None:
    async with opened(stocked.workspace) as pilot:
        for place in ("5", "6", "7"):
            await press(pilot, place)
            await form_opened(pilot, "e")
            await pilot.press("ctrl+r")
            await says(pilot, "nothing was changed")
            await form_opened(pilot, "e")
            await press(pilot, "x", "escape")
    assert kinds(stocked) == []


async def test_a_secret_stays_as_it_is_until_another_is_typed(stocked: World) -> None:
    async with opened(stocked.workspace) as pilot:
        await press(pilot, "5")
        await go_to(pilot, "shop_api_key")
        await form_opened(pilot, "e")
        assert SECRET not in text_of(pilot)
        await pilot.press("tab", *" v2", "ctrl+r")
        await says(pilot, "set Variable shop_api_key")
        assert value_of(stocked, "shop_api_key") == SECRET
        await form_opened(pilot, "e")
        await pilot.press(*"tops3cret")
        await says(pilot, "9 characters, not shown")
        assert "tops3cret" not in text_of(pilot)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: value_of(stocked, "shop_api_key") == "tops3cret", "the change")


async def test_a_pasted_key_keeps_its_lines(stocked: World) -> None:
    async with opened(stocked.workspace) as pilot:
        await press(pilot, "5")
        await go_to(pilot, "shop_api_key")
        await form_opened(pilot, "e")
        pilot.app.post_message(Paste("-----BEGIN\r\nabc\r\nEND-----\r\n"))
        await says(pilot, "24 characters, not shown")
        await pilot.press("ctrl+r")
        pem = "-----BEGIN\nabc\nEND-----\n"
        await until(pilot, lambda: value_of(stocked, "shop_api_key") == pem, "the key")


async def test_a_secret_is_shown_for_a_moment_and_not_after_the_next_key(shop: Workspace) -> None:
    async with opened(shop) as pilot:
        await press(pilot, "5", "u")
        await says(pilot, "this value is not masked")
        await go_to(pilot, "shop_api_key")
        assert SECRET not in text_of(pilot)
        await press(pilot, "u")
        await says(pilot, SECRET)
        await press(pilot, "k")
        assert SECRET not in text_of(pilot)
        await press(pilot, "j", "u")
        await says(pilot, SECRET)
        await press(pilot, "u")
        assert SECRET not in text_of(pilot)


async def test_a_value_too_large_is_not_put_into_the_form(stocked: World) -> None:
    async with opened(stocked.workspace) as pilot:
        await press(pilot, "5")
        await go_to(pilot, "blob")
        await form_opened(pilot, "enter")
        await says(pilot, "Too large to be edited here (1,000,000 characters)")
        await pilot.press("tab", "!", "ctrl+r")
        await says(pilot, "set Variable blob")
    assert value_of(stocked, "blob") == "x" * 1_000_000


async def test_the_filter_does_not_see_secrets(shop: Workspace) -> None:
    async with opened(shop) as pilot:
        await press(pilot, "5", "slash", *"hunter2", "enter")
        await says(pilot, "0 of 5")
        await press(pilot, "escape", "slash", *"file:etl", "enter")
        await says(pilot, "1 of 5")
        await press(pilot, "escape", "6", "slash", *"port>5000", "enter")
        await says(pilot, "1 of 3")
        await press(pilot, "escape", "7", "slash", *"wait>0", "enter")
        await says(pilot, "1 of 4")


async def test_what_is_wrong_is_said_in_the_form_and_nothing_is_lost(stocked: World) -> None:
    async with opened(stocked.workspace) as pilot:
        await press(pilot, "5")
        await form_opened(pilot, "A")
        await pilot.press("ctrl+r")
        await says(pilot, "a variable needs a name")
        await pilot.press(*"empt")
        assert "a variable needs a name" not in text_of(pilot)
        await pilot.press("y")
        await says(pilot, "there is a Variable empty already")
        await pilot.press("ctrl+r")
        await says(pilot, "1 field to mend")
        await pilot.press("2")
        with stocked.store.write() as connection:  # somebody is quicker
            edits.set_variable(connection, "empty2", "theirs", "ann")
        await pilot.press("ctrl+r")
        await says(pilot, "there is a Variable empty2 already: e edits it")
        assert form(pilot).texts()["key"] == "empty2"
    assert value_of(stocked, "empty2") == "theirs"


async def test_what_somebody_deleted_meanwhile_is_not_made_again(stocked: World) -> None:
    async with opened(stocked.workspace) as pilot:
        await press(pilot, "6")
        await go_to(pilot, "site")
        await form_opened(pilot, "e")
        with stocked.store.write() as connection:
            edits.delete_connection(connection, "site", "ann")
        await pilot.press("x", "ctrl+r")
        await says(pilot, "Connection site is gone: somebody deleted it meanwhile")
    assert connection_of(stocked, "site") is None


async def test_pasted_control_sequences_do_not_get_into_a_form(world: World) -> None:
    async with opened(world.workspace) as pilot:
        await press(pilot, "5")
        await form_opened(pilot, "A")
        for field in ("key", "value"):
            pilot.app.screen.query_one(f"#edit-{field}").focus()
            await pilot.pause()
            pilot.app.post_message(Paste(f"a{ESCAPES}"))
            await until(pilot, lambda at=field: form(pilot).texts()[at] == "ared", "it is clean")


async def test_hostile_texts_survive_an_edit_of_another_field(hostile: Workspace) -> None:
    with open_store(hostile) as store, store.read() as connection:
        before = get_variable(connection, f"a{ESCAPES}")
    async with opened(hostile) as pilot:
        await press(pilot, "5")
        await go_to(pilot, f"a{ESCAPES}")
        await form_opened(pilot, "e")
        await pilot.press("tab", "!", "ctrl+r")
        await says(pilot, "set Variable ared")
    with open_store(hostile) as store, store.write() as connection:
        assert get_variable(connection, f"a{ESCAPES}") == before
        edits.set_variable(connection, f"a{ESCAPES}", before or "", "me", description=ESCAPES)


async def test_a_connection_is_made_changed_and_deleted(world: World) -> None:
    async with opened(world.workspace) as pilot:
        await press(pilot, "6")
        await form_opened(pilot, "A")
        typed = ("db", "postgres", "h", "5432", "shop", "ann", "pw")
        for text in typed:
            await pilot.press(*text, "tab")
        await pilot.press(*'{"a": }')
        await says(pilot, "not JSON")
        await pilot.press("left", "1", "tab", *"why", "ctrl+r")
        await says(pilot, "set Connection db")
        made = ConnectionDetails(
            "db", "postgres", "why", "h", "shop", "ann", "pw", 5432, '{"a": 1}'
        )
        assert connection_of(world, "db") == made
        await says(pilot, "1 Connection")
        await form_opened(pilot, "enter")
        await pilot.press("tab", *"ost", "tab", "backspace", "ctrl+r")
        await until(
            pilot,
            lambda: connection_of(world, "db") == replace(made, host="host", port=543),
            "host and port",
        )
        await until(pilot, lambda: isinstance(pilot.app.screen, ConnectionsScreen), "the table")
        await form_opened(pilot, "e")
        await pilot.press(*["tab"] * 5, "backspace", "ctrl+r")
        await until(
            pilot, lambda: (connection_of(world, "db") or made).password is None, "no password"
        )
        await until(pilot, lambda: isinstance(pilot.app.screen, ConnectionsScreen), "the table")
        await press(pilot, "d")
        await asked(pilot)
        await press(pilot, "y")
        await says(pilot, "No Connections yet")
    assert [kind for kind, _ in kinds(world)] == ["connection_set"] * 3 + ["connection_deleted"]


async def test_masks_in_the_extra_keep_what_they_stand_for(stocked: World) -> None:
    async with opened(stocked.workspace) as pilot:
        await press(pilot, "6")
        await go_to(pilot, "bucket")
        await form_opened(pilot, "e")
        assert "k-123" not in text_of(pilot)
        area = pilot.app.screen.query_one("#edit-extra", TextArea)
        area.load_text(area.text.replace("eu-west-1", "us-east-2"))
        await pilot.pause()
        await pilot.press("ctrl+r")
        await says(pilot, "set Connection bucket")
    found = connection_of(stocked, "bucket")
    assert found is not None
    assert json.loads(found.extra or "") == json.loads(EXTRA.replace("eu-west-1", "us-east-2"))


async def test_a_pool_is_made_changed_and_deleted(world: World) -> None:
    def slots(name: str) -> tuple[int, bool] | None:
        with world.store.read() as connection:
            row = get_pool(connection, name)
        return None if row is None else (row.slots, row.include_deferred)

    async with opened(world.workspace) as pilot:
        await press(pilot, "7")
        await form_opened(pilot, "A")
        await pilot.press(*"gpu", "tab", *"-2")
        await says(pilot, "it can't have -2 slots")
        await pilot.press("backspace", "backspace", "2", "tab", "right", "ctrl+r")
        await says(pilot, "pool gpu has 2 slots")
        assert slots("gpu") == (2, True)
        await until(pilot, lambda: len(table_keys(pilot)) == 2, "two pools")
        await go_to(pilot, "gpu")
        await form_opened(pilot, "e")
        await pilot.press("backspace", *"-1", "ctrl+r")
        await says(pilot, "pool gpu has no limit")
        assert slots("gpu") == (-1, True)
        await press(pilot, "asterisk", "d")
        await asked(pilot)
        assert "default_pool" not in "\n".join(dialog_lines(pilot))
        await press(pilot, "y")
        await says(pilot, "deleted gpu")
        await press(pilot, "d")
        await says(pilot, "default_pool can't be deleted; give it fewer slots instead")
        assert isinstance(pilot.app.screen, PoolsScreen)
    assert [kind for kind, _ in kinds(world)] == ["pool_set", "pool_set", "pool_deleted"]


def table_keys(pilot: AppPilot) -> list[str]:
    screen = pilot.app.screen
    assert isinstance(screen, PoolsScreen)
    return [row.name for row in screen.table.items]


def dialog_lines(pilot: AppPilot) -> list[str]:
    lines = text_of(pilot).split("\n")
    return [line.partition("│")[2].rpartition("│")[0] for line in lines]


async def test_a_pool_that_only_tasks_know_is_listed_and_made(world: World) -> None:
    fill_admin(world)
    with world.store.write() as connection:
        edits.delete_pool(connection, "gpu", "ann")
    async with opened(world.workspace) as pilot:
        await press(pilot, "7")
        await go_to(pilot, "gpu")
        await says(pilot, "does not exist")
        await says(pilot, "no such pool: tasks that name it wait until e makes it")
        await press(pilot, "d")
        await says(pilot, "pool gpu does not exist: nothing to delete")
        await form_opened(pilot, "e")
        await pilot.press("ctrl+u", "4", "ctrl+r")
        await says(pilot, "pool gpu has 4 slots")
        with world.store.read() as connection:
            row = get_pool(connection, "gpu")
        assert row is not None
        assert row.slots == 4


async def test_enter_on_a_pool_lists_who_holds_and_waits_and_then_a_log(stocked: World) -> None:
    async with opened(stocked.workspace) as pilot:
        await press(pilot, "7")
        await go_to(pilot, "gpu")
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, PoolScreen)
        assert [row.state for row in screen.table.items] == [
            "running",
            "running",
            "queued",
            "deferred",
            "scheduled",
            "scheduled",
        ]
        await press(pilot, "j", "enter")
        log = pilot.app.screen
        assert isinstance(log, LogScreen)
        assert (log.look.task_id, log.look.map_index) == ("train", 1)
        await press(pilot, "escape")
        with stocked.store.write() as connection:
            edits.delete_pool(connection, "gpu", "ann")
        await says(pilot, "There is no such pool: its tasks wait until it is made.")


async def test_a_tall_terminal_lists_them_below_the_pools(stocked: World) -> None:
    async with opened(stocked.workspace, (100, 40)) as pilot:
        await press(pilot, "7")
        await go_to(pilot, "gpu")
        await says(pilot, "gpu: who holds slots, who waits")
        await says(pilot, "train[5]")
        await go_to(pilot, "closed")
        await says(pilot, "No task instance holds a slot of this pool or waits for one.")


async def test_read_only_shows_all_of_a_row_and_changes_nothing(shop: Workspace) -> None:
    async with opened(shop, read_only=True) as pilot:
        for key in ("A", "e", "d"):
            await press(pilot, "5", key)
            await says(pilot, "read-only: nothing can be changed here")
            assert isinstance(pilot.app.screen, VariablesScreen)
        await go_to(pilot, "shop_api_key")
        await press(pilot, "u")
        await says(pilot, "read-only: secrets stay masked")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen), "the text")
        await says(pilot, "***, secret by its name")
        assert SECRET not in text_of(pilot)
        await press(pilot, "escape", "6")
        await go_to(pilot, "warehouse")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen), "the text")
        await says(pilot, "db.shop.local")
        assert SECRET not in text_of(pilot)


async def test_a_store_that_is_not_there_yet_is_made_by_the_first_edit(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    workspace = Workspace(tmp_path)
    async with opened(workspace) as pilot:
        await press(pilot, "5")
        await form_opened(pilot, "A")
        await pilot.press(*"first", "ctrl+r")
        await says(pilot, "set Variable first")
        await arrived(pilot)
        await says(pilot, "1 Variable")


async def test_the_field_that_has_the_focus_shows_it(stocked: World) -> None:
    def grounds(name: str) -> set[Any]:
        control = pilot.app.screen.query_one(f"#edit-{name}", ChoiceField)
        return {segment.style.bgcolor for segment in control.render_line(0) if segment.style}

    async with opened(stocked.workspace) as pilot:
        await press(pilot, "7")
        await form_opened(pilot, "e")
        before = grounds("include_deferred")
        await pilot.press("enter")
        await until(pilot, lambda: grounds("include_deferred") != before, "another ground")
        await pilot.press("enter")
        await until(pilot, lambda: grounds("include_deferred") == before, "the usual one")
        await press(pilot, "escape", "5")
        await go_to(pilot, "shop_api_key")
        await form_opened(pilot, "e")
        await says(pilot, "unchanged unless you type")


async def test_resizing_keeps_the_form_and_what_is_typed(stocked: World) -> None:
    async with opened(stocked.workspace, (120, 40)) as pilot:
        await press(pilot, "6")
        await form_opened(pilot, "A")
        await pilot.press(*"db", "tab", *"http")
        for size in ((60, 20), (40, 12), (200, 50), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await pilot.press("ctrl+r")
        await says(pilot, "set Connection db")
    found = connection_of(stocked, "db")
    assert found is not None
    assert found.conn_type == "http"


async def test_changes_of_others_appear(stocked: World) -> None:
    async with opened(stocked.workspace) as pilot:
        await press(pilot, "5")
        with stocked.store.write() as connection:
            edits.set_variable(connection, "a_new_one", "1", "ann")
        await says(pilot, "a_new_one")
        assert "6 Variables" in text_of(pilot)


async def test_y_copies_what_is_no_secret(shop: Workspace) -> None:
    async with opened(shop) as pilot:
        await press(pilot, "5")
        await go_to(pilot, "model_grid")
        await pilot.press("y")
        await until(pilot, lambda: '"depth": [3, 5, 8]' in pilot.app.clipboard, "the value")
        await go_to(pilot, "shop_api_key")
        await pilot.press("y")
        await says(pilot, "secret by its name: it isn't copied")
        await go_to(pilot, "blob")
        await pilot.press("y")
        await says(pilot, "too large for the clipboard: 1,000,000 characters")
        await press(pilot, "6")
        await go_to(pilot, "warehouse")
        await pilot.press("y")
        copied = "postgres://ann:***@db.shop.local:5432/sales"
        await until(pilot, lambda: pilot.app.clipboard == copied, "the address")
        await press(pilot, "7", "y")
        await until(pilot, lambda: pilot.app.clipboard == "api", "the name")
