"""What keys do to a tracked run from its page: note, tags, name, archive, delete, reproduce."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from store import models
from store.engine import open_store
from store.queries.tracked_page import TrackedPage, get_page
from store.workspace import Workspace
from tests.app.tui.driving import opened, press, says, text_of, until
from tests.app.tui.world import World
from tests.app.tui.world_tracked import (
    FOLD,
    RUN,
    SCRIPT,
    fill_tracked,
)


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A tracked run with everything; to be read only."""
    from tests.app.tui.world import make_world

    world = make_world(tmp_path_factory.mktemp("tracked") / "shop")
    fill_tracked(world)
    world.store.close()
    return world.workspace


@pytest.fixture
def own(world: World) -> World:
    """The same, to be changed."""
    fill_tracked(world)
    return world


def page_of(workspace: Workspace, uuid: str = RUN) -> TrackedPage | None:
    with open_store(workspace) as store, store.read() as connection:
        return get_page(connection, uuid)


def there(workspace: Workspace, uuid: str = RUN) -> TrackedPage:
    page = page_of(workspace, uuid)
    assert page is not None
    return page


async def test_the_note_is_edited(own: World) -> None:
    async with opened(own.workspace, tracked=FOLD) as pilot:
        await press(pilot, "e", *"best", "ctrl+r")
        await until(
            pilot,
            lambda: there(own.workspace, FOLD).tags.get("mlflow.note.content") == "best",
            "the note",
        )
        await says(pilot, "Note")


async def test_a_tag_is_set_and_taken_away(own: World) -> None:
    async with opened(own.workspace, (100, 50), tracked=FOLD) as pilot:
        await press(pilot, "t", *"stage", "tab", *"prod", "ctrl+r")
        await until(pilot, lambda: there(own.workspace, FOLD).tags.get("stage") == "prod", "a tag")
        await says(pilot, "prod")
        await press(pilot, "G", "enter", *(["backspace"] * 4), "ctrl+r")
        await until(pilot, lambda: "stage" not in there(own.workspace, FOLD).tags, "no tag")


async def test_a_tag_without_a_value_that_is_not_there_is_refused(own: World) -> None:
    async with opened(own.workspace, tracked=FOLD) as pilot:
        await press(pilot, "t", *"nothing", "ctrl+r")
        await says(pilot, "there is no tag nothing to be taken away")


async def test_it_is_renamed(own: World) -> None:
    async with opened(own.workspace, tracked=FOLD) as pilot:
        await press(pilot, "f2", *"-again", "ctrl+r")
        await says(pilot, "fold 0-again  failed")
        assert there(own.workspace, FOLD).row.name == "fold 0-again"


async def test_it_is_archived_after_a_question_and_restored_without_one(own: World) -> None:
    async with opened(own.workspace, tracked=FOLD) as pilot:
        await press(pilot, "a", "n")
        assert there(own.workspace, FOLD).row.deleted_at is None
        await press(pilot, "a", "y")
        await says(pilot, "archived")
        await until(pilot, lambda: there(own.workspace, FOLD).row.deleted_at, "archived")
        await until(pilot, lambda: "  archived" in text_of(pilot).split("\n")[2], "said")
        await press(pilot, "a")
        await until(pilot, lambda: not there(own.workspace, FOLD).row.deleted_at, "restored")
        with open_store(own.workspace) as store, store.read() as connection:
            kinds = connection.execute(select(models.event.c.kind)).scalars().all()
        assert kinds[-2:] == ["tracked_run_archived", "tracked_run_restored"]


async def test_it_is_deleted_after_a_question_that_says_what_goes(own: World) -> None:
    with own.write() as connection:  # a run whose files a model has isn't deleted
        connection.execute(models.model_version.delete())
    async with opened(own.workspace, tracked=RUN) as pilot:
        await press(pilot, "D")
        await says(pilot, "5 metrics with 161 points")
        await press(pilot, "y")
        await says(pilot, "it is gone")
        assert page_of(own.workspace, RUN) is None
        assert page_of(own.workspace, FOLD) is not None


async def test_reproducing_opens_the_form_with_its_conf_and_says_which_code_runs(
    own: World,
) -> None:
    async with opened(own.workspace, (100, 40), tracked=RUN) as pilot:
        await press(pilot, "T")
        await says(pilot, "Trigger train again")
        await says(pilot, "code      version 1, as then: it is the newest")


async def test_reproducing_says_that_another_version_of_the_code_would_run(own: World) -> None:
    with own.write() as connection:
        table = models.dag_version
        row = dict(connection.execute(select(table)).one()._mapping)
        connection.execute(table.insert(), {**row, "id": 77, "number": 2, "digest": "f" * 64})
    async with opened(own.workspace, (100, 40), tracked=RUN) as pilot:
        await press(pilot, "T")
        await says(pilot, "code      version 2; it ran with version 1 (6 shows it)")


async def test_a_run_of_a_script_says_why_it_can_not_be_reproduced(tracked: Workspace) -> None:
    async with opened(tracked, (120, 30), tracked=SCRIPT) as pilot:
        await press(pilot, "T")
        await says(pilot, "no DAG recorded it")


async def test_read_only_takes_all_that_changes_away(tracked: Workspace) -> None:
    async with opened(tracked, tracked=RUN, read_only=True) as pilot:
        for key in ("e", "t", "f2", "a", "D", "T"):
            await press(pilot, key)
            await says(pilot, "read-only: nothing can be changed here")


# charts
