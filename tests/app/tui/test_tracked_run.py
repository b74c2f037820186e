"""The page of a tracked run: its views at both sizes, what keys do, what it says when there is
nothing, and that nothing of what was logged reaches the terminal as a control sequence."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from sqlalchemy import select

from app.tui.location import Location, from_words
from app.tui.screens.tracked_artifacts import TrackedArtifactsScreen
from app.tui.screens.tracked_charts import TrackedChartsScreen
from app.tui.screens.tracked_log import TrackedLogScreen
from app.tui.screens.tracked_run import TrackedRunScreen
from store import models
from store.engine import open_store
from store.queries.tracked_page import TrackedPage, get_page
from store.workspace import Workspace
from tests.app.tui.driving import app_of, opened, press, says, text_of, until
from tests.app.tui.snapshot import by_size, check, settled
from tests.app.tui.world import World
from tests.app.tui.world_tracked import (
    DAG_RUN,
    FOLD,
    RUN,
    SCRIPT,
    fill_tracked,
    fill_tracked_hostile,
    log_files,
    log_more,
)

SCENES: dict[str, tuple[str, ...]] = {
    "tracked_overview": (),
    "tracked_overview_below": ("G",),
    "tracked_metrics": ("2", "j", "j"),
    "tracked_params": ("2", "m"),
    "tracked_charts": ("3",),
    "tracked_chart": ("3", "j", "enter", "left", "w", "w"),
    "tracked_system": ("4",),
    "tracked_artifacts": ("5", "j"),
    "tracked_code": ("6",),
    "tracked_packages": ("7",),
    "tracked_log": ("8",),
    "tracked_categories": ("9",),
    "tracked_histogram": ("9", "n", "j"),
    "tracked_histograms": ("9", "n", "m", "m"),
}


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


@by_size
@pytest.mark.parametrize("scene", SCENES)
async def test_each_view_looks_as_it_did(
    scene: str, size: tuple[int, int], tracked: Workspace
) -> None:
    async with opened(tracked, size, tracked=RUN) as pilot:
        await press(pilot, *SCENES[scene])
        await settled(pilot)
        check(f"{scene}-{size[0]}x{size[1]}", text_of(pilot).replace(str(tracked.root), "/SHOP"))


@pytest.mark.parametrize("keys", [(), ("2",), ("3",), ("5", "j"), ("8",), ("9",)])
async def test_a_terminal_without_unicode_gets_none(
    tracked: Workspace, keys: tuple[str, ...]
) -> None:
    environment = {"LANG": "C", "TERM": "vt100"}
    async with opened(tracked, (80, 24), environment, tracked=RUN) as pilot:
        await press(pilot, *keys)
        await settled(pilot)
        shown = text_of(pilot)
        assert shown.replace("ö", "o").replace("●", "*").isascii(), shown


@pytest.mark.parametrize("view", "123456789")
async def test_nothing_logged_reaches_the_terminal_as_a_control_sequence(
    world: World, view: str
) -> None:
    fill_tracked_hostile(world)
    async with opened(world.workspace, (120, 40), tracked=RUN) as pilot:
        await press(pilot, view, "j", "j", "enter")
        await settled(pilot)
        shown = text_of(pilot)
        assert not any(sign in shown for sign in "\x1b\x07\x9b\x08\u202e")
        assert "dagtop" in shown


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ((), "there is no tracked run eeeeeeee"),
        (("2",), "there is no tracked run eeeeeeee"),
        (("3",), "there is no tracked run eeeeeeee"),
        (("5",), "there is no tracked run eeeeeeee"),
        (("7",), "there is no tracked run eeeeeeee"),
        (("8",), "there is no tracked run eeeeeeee"),
        (("9",), "there is no tracked run eeeeeeee"),
    ],
)
async def test_a_run_that_is_not_there_is_said(
    tracked: Workspace, keys: tuple[str, ...], words: str
) -> None:
    async with opened(tracked, tracked="e" * 32) as pilot:
        await press(pilot, *keys)
        await says(pilot, words)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("2", "It has logged no metrics."),
        ("3", "It has logged no metric"),
        ("4", "It has no system metrics"),
        ("5", "It has no artifacts"),
        ("6", "Its source isn't known"),
        ("7", "It isn't known what it ran with"),
        ("8", "no task recorded it"),
        ("9", "It has logged no distribution: dagtop.log_distribution"),
    ],
)
async def test_each_view_says_that_there_is_nothing(
    tracked: Workspace, key: str, words: str
) -> None:
    async with opened(tracked, (120, 40), tracked=SCRIPT) as pilot:
        await press(pilot, key)
        await says(pilot, words)


async def test_secrets_are_masked_everywhere(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), tracked=RUN) as pilot:
        for keys in ((), ("2", "m"), ("5", "G", "k", "k", "k", "k")):
            await press(pilot, *keys)
            await settled(pilot)
            assert "hunter2" not in text_of(pilot)


# ways


async def test_enter_leads_to_the_task_the_dag_run_nested_runs_and_back(tracked: Workspace) -> None:
    async with opened(tracked, (120, 50), tracked=RUN) as pilot:
        app = app_of(pilot)
        await press(pilot, "r")
        assert DAG_RUN.split("T")[0][-5:] in text_of(pilot)
        await press(pilot, "escape", "i")
        assert "Details" in text_of(pilot)
        await press(pilot, "escape", "slash", *"fold", "enter", "enter")
        await says(pilot, "fold 0  failed")
        await press(pilot, "p")
        await says(pilot, "fit try 1  finished")
        await press(pilot, "escape", "escape")
        assert isinstance(app.screen, TrackedRunScreen)
        assert app.screen.look.uuid == RUN


async def test_a_task_instance_leads_to_what_its_try_has_logged(tracked: Workspace) -> None:
    async with opened(tracked, dag="train", run=DAG_RUN, task="fit") as pilot:
        await press(pilot, "P")
        await says(pilot, "fold 0")
        assert "recorded by try 1 of fit" in text_of(pilot)
        await press(pilot, "enter")
        await says(pilot, "in digits")


async def test_a_dag_run_leads_to_its_tracked_runs(tracked: Workspace) -> None:
    async with opened(tracked, dag="train", run=DAG_RUN) as pilot:
        await press(pilot, "P")
        await says(pilot, "2 tracked runs")


async def test_the_page_is_found_again_by_the_history_in_the_view_that_was_left(
    tracked: Workspace,
) -> None:
    async with opened(tracked, tracked=RUN) as pilot:
        app = app_of(pilot)
        await press(pilot, "5", "p", "r")
        await press(pilot, "left_square_bracket")
        await until(pilot, lambda: isinstance(app.screen, TrackedArtifactsScreen), "the artifacts")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fit try 1", "fit try 1  finished"),
        ("bbbb", "fold 0  failed"),
        ("nothing", "no tracked run is called nothing"),
    ],
)
async def test_a_jump_leads_to_a_tracked_run_by_name_or_id(
    tracked: Workspace, name: str, words: str
) -> None:
    async with opened(tracked, (100, 30)) as pilot:
        await press(pilot, "colon", *f"tracked {name}", "enter")
        await says(pilot, words)


def test_a_location_of_a_tracked_run_survives_json() -> None:
    location = Location("home", tracked=RUN)
    assert from_words(location.words()) == location
    assert [one.tracked for one in location.layers()] == [None, RUN]


# live


async def test_a_curve_grows_while_one_looks_and_only_that_is_painted(own: World) -> None:
    async with opened(own.workspace, (120, 40), tracked=RUN) as pilot:
        await press(pilot, "3")
        await settled(pilot)
        screen = app_of(pilot).screen
        assert isinstance(screen, TrackedChartsScreen)
        kept = dict(screen.grid._kept)
        log_more(own, RUN, 7.0, 40)
        await says(pilot, "loss  7")
        assert screen.grid._kept["accuracy"] is kept["accuracy"]
        assert screen.grid._kept["loss"] is not kept["loss"]


async def test_a_deleted_run_is_said_to_be_gone(own: World) -> None:
    async with opened(own.workspace, tracked=FOLD) as pilot:
        with own.write() as connection:
            table = models.tracked_run
            connection.execute(table.delete().where(table.c.uuid == FOLD))
        await says(pilot, "it is gone: tracked run bbbbbbbb was deleted")


# acting


async def test_a_chart_alone_is_read_zoomed_panned_and_left(tracked: Workspace) -> None:
    async with opened(tracked, (100, 30), tracked=RUN) as pilot:
        await press(pilot, "3", "enter")
        await says(pilot, "step 39")
        await press(pilot, "left", "left")
        await says(pilot, "step 37")
        screen = app_of(pilot).screen
        assert isinstance(screen, TrackedChartsScreen)
        await press(pilot, "plus", "plus")
        await settled(pilot)
        low, high = screen.big.window.on((0, 39))
        assert 9 < high - low < 10
        assert low <= 37 <= high
        await press(pilot, "less_than_sign")
        await settled(pilot)
        assert screen.big.window.on((0, 39))[0] < low
        await press(pilot, "escape")
        assert screen.big.window.is_whole
        assert screen.form.zoomed
        await press(pilot, "escape")
        assert not screen.form.zoomed


async def test_smoothing_shows_the_value_and_the_average(tracked: Workspace) -> None:
    async with opened(tracked, (100, 30), tracked=RUN) as pilot:
        await press(pilot, "3", "enter", "w", "w")
        await says(pilot, "smoothed 0.6")
        await until(pilot, lambda: "  smoothed 0.9" in text_of(pilot), "an average")


async def test_keys_of_charts_say_what_they_did(tracked: Workspace) -> None:
    async with opened(tracked, (100, 30), tracked=RUN) as pilot:
        await press(pilot, "3")
        for key, words in (
            ("L", "log y"),
            ("H", "log x"),
            ("x", "relative time"),
            ("o", "no outliers"),
        ):
            await press(pilot, key)
            await says(pilot, words)
        await press(pilot, "slash", *"acc", "enter")
        await says(pilot, "1 of 2  accuracy")


async def test_x_can_be_another_metric(tracked: Workspace) -> None:
    async with opened(tracked, (100, 30), tracked=RUN) as pilot:
        await press(pilot, "3", "X", *"lr", "enter")
        await says(pilot, "x is lr")
        await press(pilot, "enter", "left")
        await says(pilot, " lr 0.00975  value 0.105")  # the second of its steps
        await press(pilot, "w")
        await says(pilot, "smoothed 0.3")
        await press(pilot, "X", *"zzz", "enter")
        await says(pilot, "no metric is called zzz")
        await press(pilot, "x")
        await says(pilot, "x is the step")
        await press(pilot, "X", *"lr", "enter", "X", "enter")
        await says(pilot, "x is the step")


async def test_a_chart_along_a_metric_that_has_no_common_step_is_empty(own: World) -> None:
    async with opened(own.workspace, (100, 30), tracked=RUN) as pilot:
        await press(pilot, "3", "slash", *"test", "enter", "X", *"loss", "enter", "enter")
        await says(pilot, "test/accuracy")
        await says(pilot, "loss 1")  # its only step is the first one


async def test_a_metric_of_the_table_opens_its_chart(tracked: Workspace) -> None:
    async with opened(tracked, (100, 30), tracked=RUN) as pilot:
        await press(pilot, "2", "slash", *"cpu", "enter", "enter")
        await says(pilot, "cpu_utilization_percentage")
        assert "step 39" in text_of(pilot)


async def test_the_filter_of_values_knows_figures_and_what_is_not_finite(
    tracked: Workspace,
) -> None:
    async with opened(tracked, (100, 30), tracked=RUN) as pilot:
        await press(pilot, "2", "slash", *"nan>0", "enter")
        await says(pilot, "metrics 1 of 5")
        assert "loss" in text_of(pilot)


# artifacts


async def test_files_are_previewed_by_what_they_are(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), tracked=RUN) as pilot:
        await press(pilot, "5")
        for keys, words in (
            (("j",), "Köln"),
            (("j", "j"), "flavors:"),
            (("j",), '"layers": ['),
            (("j",), "No preview of such a file."),
            (("j",), "All good."),
        ):
            await press(pilot, *keys)
            await says(pilot, words)


async def test_a_file_is_saved_and_no_other_is_replaced(
    tracked: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(tracked, (120, 40), tracked=RUN) as pilot:
        await press(pilot, "5", "j", "W", "enter")
        await says(pilot, "wrote ")
        with (tmp_path / "people.csv").open(encoding="utf-8") as file:
            assert next(csv.reader(file)) == ["name", "age", "city"]
        await press(pilot, "W", "enter")
        await says(pilot, "exists already")


async def test_folders_fold_and_files_are_filtered(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), tracked=RUN) as pilot:
        await press(pilot, "5", "enter")
        await settled(pilot)
        assert "people.csv" not in text_of(pilot)
        await press(pilot, "slash", *"people", "enter")
        await says(pilot, "people.csv")
        assert "report.md" not in text_of(pilot)


async def test_a_table_wider_than_the_screen_is_scrolled_sideways(own: World) -> None:
    wide = ",".join(f"column{number}" for number in range(30)).encode()
    with own.write() as connection:
        table = models.tracked_run
        run_id = connection.execute(select(table.c.id).where(table.c.uuid == RUN)).scalar_one()
        log_files(connection, own, run_id, {"a/wide.csv": wide + b"\n"})
    async with opened(own.workspace, tracked=RUN) as pilot:
        await press(pilot, "5", "j")
        await says(pilot, "column0")
        await press(pilot, *["greater_than_sign"] * 12)
        await says(pilot, "column29")
        await press(pilot, "greater_than_sign")
        await says(pilot, "there is nothing more of the preview that way")
        await press(pilot, *["less_than_sign"] * 12)
        await says(pilot, "column0")


async def test_what_a_view_lacks_is_said_in_whole_at_80_columns(own: World) -> None:
    async with opened(own.workspace, tracked=SCRIPT) as pilot:
        await press(pilot, "4")
        await settled(pilot)
        said = " ".join(text_of(pilot).split())
        assert "[tracking] system_metrics = true in dagtop.toml records them." in said


# the log


async def test_the_log_stands_below_the_curve_of_a_metric(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), tracked=RUN) as pilot:
        await press(pilot, "8")
        await says(pilot, "the loss is NaN")
        await says(pilot, "accuracy")
        await press(pilot, "m")
        await says(pilot, "loss  0.0")
        assert isinstance(app_of(pilot).screen, TrackedLogScreen)
