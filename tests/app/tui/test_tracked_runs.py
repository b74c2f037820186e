"""The place of tracked runs in the terminal UI: what is shown, and what its keys do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from app.tui.screens.compare import CompareScreen
from app.tui.screens.tracked_run import TrackedRunScreen
from app.tui.screens.tracked_runs import TrackedRunsScreen
from store import models, tracking
from store.engine import open_store
from store.workspace import Workspace
from tests.app.tui.driving import AppPilot, app_of, opened, press, says, text_of, until
from tests.app.tui.snapshot import by_size, check, settled
from tests.app.tui.world import NOW, World
from tests.app.tui.world_compared import SWEEP, fill_compared


@pytest.fixture
def tracked(workspace_of: Callable[[str], Workspace]) -> Workspace:
    """A sweep of eight runs; to be read only."""
    return workspace_of("compared")


def screen_of(pilot: AppPilot) -> TrackedRunsScreen:
    screen = pilot.app.screen
    assert isinstance(screen, TrackedRunsScreen)
    return screen


def names(pilot: AppPilot) -> list[str]:
    """The names of the runs in the table, in their order."""
    screen = screen_of(pilot)
    found = [screen.sheet.entries.get(line.run) for line in screen.table.items if line.run]
    return [one.row.name for one in found if one is not None]


def value(workspace: Workspace, query: object) -> object:
    with open_store(workspace) as store, store.read() as connection:
        return connection.execute(query).scalar()  # type: ignore[call-overload]


# With an open parenthesis nothing that is typed on the way is a filter, however slowly it is.
SCENES: dict[str, tuple[str, ...]] = {
    "runs": ("P",),
    "sorted": ("P", "l", "l", "l", "l", "s", "plus"),
    "filtered": ("P", "slash", *"metrics.accuracy > 0.8 AND params.layers < 3", "enter"),
    "filter_wrong": ("P", "slash", *"(metrics.accuracy > 0.8 AND layers <", "enter"),
    "filter_completed": ("P", "slash", *"(metrics.acc", "tab", "space"),
    "grouped": ("P", "b", *"optimizer", "enter", "enter"),
    "columns": ("P", "C"),
    "experiments": ("P", "e"),
    "nothing_passes": ("P", "slash", *"metrics.accuracy > 2", "enter"),
    "archive": ("P", "space", "space", "a"),
    "delete": ("P", "G", "d"),
}


@by_size
@pytest.mark.parametrize("scene", SCENES)
async def test_the_table_looks_as_it_did(
    scene: str, size: tuple[int, int], tracked: Workspace
) -> None:
    async with opened(tracked, size) as pilot:
        await press(pilot, *SCENES[scene])
        await settled(pilot)
        check(f"tracked-{scene}-{size[0]}x{size[1]}", text_of(pilot))


@pytest.mark.parametrize("size", [(60, 20), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_other_sizes(size: tuple[int, int], tracked: Workspace) -> None:
    async with opened(tracked, size) as pilot:
        await press(pilot, "P")
        await settled(pilot)
        check(f"tracked-runs-{size[0]}x{size[1]}", text_of(pilot))


async def test_a_plain_terminal_shows_it_too(tracked: Workspace) -> None:
    async with opened(tracked, (80, 24), {"LANG": "C", "TERM": "vt100"}) as pilot:
        await press(pilot, "P", "l", "l", "l", "s")
        await settled(pilot)
        shown = text_of(pilot)
    check("tracked-runs-ascii", "".join(one if one.isascii() else "?" for one in shown))


async def test_without_a_run_it_says_how_one_is_logged(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("empty")) as pilot:
        await press(pilot, "P")
        await says(pilot, "No run is tracked yet: dagtop.log_metric()")
        said = " ".join(text_of(pilot).split())
        assert "in a task, or in a script, makes one." in said  # nothing of it is cut off
        await press(pilot, "tab", "space", "a", "d", "enter", "c", "z")
        assert "P" in text_of(pilot)


async def test_the_experiments_and_dags_that_are_chosen_are_all_that_is_shown(
    tracked: Workspace,
) -> None:
    async with opened(tracked) as pilot:
        await press(pilot, "P")
        assert len(names(pilot)) == 11
        await press(pilot, "e", *"digits", "enter")
        await says(pilot, "9 runs")
        assert all(name == "sweep" or name.startswith("fit") for name in names(pilot))
        await press(pilot, "e", "up", "up", "enter")
        await says(pilot, "11 runs")


async def test_children_are_folded_with_their_parent(tracked: Workspace) -> None:
    async with opened(tracked) as pilot:
        await press(pilot, "P")
        assert names(pilot)[:3] == ["sweep", "fit-8", "fit-7"]
        await press(pilot, "j", "j", "z")
        await until(pilot, lambda: "fit-8" not in names(pilot), "the folded sweep")
        assert "▸ ✓" not in text_of(pilot), "it is still running"
        assert "sweep (8)" in text_of(pilot)
        await press(pilot, "Z")
        await until(pilot, lambda: "fit-8" in names(pilot), "the unfolded sweep")
        await press(pilot, "n")
        await until(pilot, lambda: names(pilot)[0] == "fit-8", "the order of the starts")


async def test_runs_are_sorted_by_the_column_under_the_cursor_and_by_more(
    tracked: Workspace,
) -> None:
    async with opened(tracked) as pilot:
        await press(pilot, "P", "l", "l", "l", "h")
        assert screen_of(pilot).current_spec.key == "took"
        screen_of(pilot).table.go_to_column("param.learning_rate.last")
        await press(pilot, "s")
        await until(pilot, lambda: names(pilot)[0] == "fit-8", "the least rate")
        await press(pilot, "s")
        await until(pilot, lambda: names(pilot)[0] == "fit-6", "the greatest rate")
        await press(pilot, "s")
        await until(pilot, lambda: names(pilot)[0] == "sweep", "the newest first")
        screen_of(pilot).table.go_to_column("param.optimizer.last")
        await press(pilot, "s")
        screen_of(pilot).table.go_to_column("param.learning_rate.last")
        await press(pilot, "plus")
        await until(pilot, lambda: names(pilot)[0] == "fit-5", "adam with the least rate")
        await press(pilot, "R")
        await until(pilot, lambda: names(pilot)[0] == "fit-6", "sgd with the greatest rate")


async def test_a_metric_shows_its_least_and_is_sorted_by_it(tracked: Workspace) -> None:
    async with opened(tracked) as pilot:
        await press(pilot, "P")
        screen = screen_of(pilot)
        screen.table.go_to_column("metric.val/loss.last")
        await press(pilot, "s", "m")
        await until(pilot, lambda: "val/loss min" in text_of(pilot), "the least values")
        assert screen.view.order[0].spec.part == "min"
        assert screen.current_spec.part == "min"
        await press(pilot, "less_than_sign")
        assert screen.view.columns is not None
        place = [one.id for one in screen.view.columns].index("metric.val/loss.min")
        await press(pilot, "greater_than_sign")
        assert [one.id for one in screen.view.columns].index("metric.val/loss.min") == place + 1


async def test_the_best_value_has_a_star_and_nan_its_own_sign(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40)) as pilot:
        await press(pilot, "P")
        await settled(pilot)
        shown = text_of(pilot).splitlines()
    assert [line.count("★") for line in shown if "fit-3" in line] == [2], "in both metrics"
    assert [line.count("NaN") for line in shown if "fit-6" in line] == [2]


async def test_what_is_typed_is_applied_once_it_is_a_filter(tracked: Workspace) -> None:
    async with opened(tracked) as pilot:
        await press(pilot, "P", "slash", *"fit-1")
        await until(pilot, lambda: names(pilot) == ["fit-1"], "the one that is called so")
        await press(pilot, "escape")
        await until(pilot, lambda: len(names(pilot)) == 11, "all, as it was")
        await press(pilot, "slash", *"params.layers = 1 AND (", "enter")
        assert "^" in text_of(pilot), "where it is wrong"
        await press(pilot, "backspace", *"is:nested", "enter")
        await until(pilot, lambda: len(names(pilot)) < 11, "those that pass")
        await press(pilot, "escape")
        await until(pilot, lambda: len(names(pilot)) == 11, "all again")
        await press(pilot, "slash", "up")
        assert "is:nested" in text_of(pilot), "a former filter"


async def test_a_field_is_completed_where_the_cursor_is(tracked: Workspace) -> None:
    async with opened(tracked) as pilot:
        await press(pilot, "P", "slash", *"params.opt")
        await says(pilot, "params.optimizer")
        await press(pilot, "tab", *" = 'sgd' AND dataset.n", "tab", *" = 'digits'", "enter")
        await says(pilot, "4 of 11")


async def test_groups_are_counted_unfolded_and_left_again(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40)) as pilot:
        await press(pilot, "P", "b", *"optimizer", "enter")
        await says(pilot, "adam (4)")
        assert "val/loss: min mean max" in text_of(pilot)
        await press(pilot, "enter")
        await until(pilot, lambda: "fit-1" in names(pilot), "the runs of the group")
        await press(pilot, "Z", "Z")
        await until(pilot, lambda: {"fit-1", "fit-2"} <= set(names(pilot)), "all groups")
        await press(pilot, "b")
        await until(pilot, lambda: len(names(pilot)) == 11, "no more groups")


async def test_marked_runs_are_compared(tracked: Workspace) -> None:
    async with opened(tracked) as pilot:
        await press(pilot, "P", "c")
        await says(pilot, "mark 2 to 50 runs")
        await press(pilot, "j", "j", "j", "space", "space", "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen), "the comparison")


async def test_a_run_is_opened_and_left_for_the_same_row(tracked: Workspace) -> None:
    async with opened(tracked) as pilot:
        await press(pilot, "P", "j", "j", "enter")
        assert isinstance(pilot.app.screen, TrackedRunScreen)
        await says(pilot, "fit-7")
        await press(pilot, "escape")
        screen = screen_of(pilot)
        line = screen.table.current
        assert line is not None
        assert screen.sheet.entries[line.run].row.name == "fit-7"


async def test_pinned_runs_stay_on_top_and_hidden_ones_are_left_out(tracked: Workspace) -> None:
    async with opened(tracked) as pilot:
        await press(pilot, "P", *["j"] * 3, "p")
        await until(pilot, lambda: names(pilot)[0] == "fit-6", "the pinned one")
        await press(pilot, "slash", *"name:fit-1", "enter")
        await until(pilot, lambda: names(pilot) == ["fit-6", "fit-1"], "whatever the filter")
        await press(pilot, "escape", "g", "p")
        await until(pilot, lambda: names(pilot)[0] == "sweep", "no more on top")
        await press(pilot, "g", "j", "x")
        await says(pilot, "1 hidden")
        await press(pilot, "X")
        await until(pilot, lambda: len(names(pilot)) == 11, "all again")


async def test_what_no_task_recorded_has_no_dag_run(tracked: Workspace) -> None:
    async with opened(tracked) as pilot:
        for key in "riL":
            await press(pilot, "P", key)
            await says(pilot, "no task recorded it, but a script")


async def test_a_view_is_remembered_and_the_cursor_stays_while_runs_come(world: World) -> None:
    fill_compared(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "P", *["j"] * 3)
        screen = screen_of(pilot)
        key = screen.table.current_key
        with world.write() as connection:
            new = tracking.NewRun("f" * 32, "digits", "newest", NOW)
            tracking.create_run(connection, new)
        await until(pilot, lambda: "newest" in names(pilot), "the new run")
        assert screen.table.current_key == key
        await press(pilot, "tab")
        await says(pilot, "No run is archived here.")
        assert app_of(pilot).memory.get(screen.list_name)["view"]["tab"] == "Archived"


# acting


async def test_runs_are_archived_and_restored(world: World) -> None:
    fill_compared(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "P", "j", "j", "space", "space", "a")
        await says(pilot, "Archive 2 runs?")
        await press(pilot, "y")
        await says(pilot, "archived 2 runs")
        await until(pilot, lambda: len(names(pilot)) == 9, "what is left")
        await press(pilot, "tab")
        await until(pilot, lambda: names(pilot) == ["fit-7", "fit-6"], "the archived ones")
        await press(pilot, "a", "y")
        await until(pilot, lambda: names(pilot) == ["fit-6"], "one is restored")
        await press(pilot, "U")
        await says(pilot, "a archives them again")


async def test_a_parent_is_archived_with_its_children_unless_they_are_left_out(
    world: World,
) -> None:
    fill_compared(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "P", "a")
        await says(pilot, "also 8 runs nested in them")
        await press(pilot, "c", "y")
        await says(pilot, "archived 1 run")


async def test_what_is_deleted_is_gone_and_what_runs_is_refused(world: World) -> None:
    fill_compared(world)
    uuids = select(models.tracked_run.c.uuid)
    async with opened(world.workspace) as pilot:
        await press(pilot, "P", "d")
        await says(pilot, "may still log something isn't deleted")
        await press(pilot, "j", "d")
        await says(pilot, "Delete 1 run for good?")
        await press(pilot, "enter")
        assert SWEEP[7] in names_of(world, uuids), "Enter means No"
        await press(pilot, "d", "y")
        await says(pilot, "deleted 1 run for good")
    assert SWEEP[7] not in names_of(world, uuids)


def names_of(world: World, query: object) -> set[str]:
    with world.store.read() as connection:
        return set(connection.execute(query).scalars())  # type: ignore[call-overload]


async def test_a_tag_is_set_on_all_that_are_marked(world: World) -> None:
    fill_compared(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "P", "j", "space", "space", "t", *"stage", "tab", *"prod", "ctrl+r")
        await says(pilot, "tagged 2 runs: stage=prod")
        await press(pilot, "t", "tab", *"x", "ctrl+r")
        await says(pilot, "a tag needs a key")
    tags = select(models.tag.c.run_id).where(models.tag.c.key == "stage")
    assert len(names_of(world, tags)) == 2


async def test_a_run_is_renamed(world: World) -> None:
    fill_compared(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "P", "j", "N", "end", *" best", "ctrl+r")
        await says(pilot, "fit-8 is called fit-8 best now")
        await until(pilot, lambda: "fit-8 best" in names(pilot), "the new name")


async def test_a_view_is_saved_opened_renamed_and_deleted(world: World) -> None:
    fill_compared(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "P", "slash", *"name:fit-1", "enter", "w")
        await says(pilot, "no view is saved yet")
        await press(pilot, *"first", "enter")
        await says(pilot, "saved view first")
        await press(pilot, "escape")
        await until(pilot, lambda: len(names(pilot)) == 11, "all again")
        await press(pilot, "w", "enter")
        await until(pilot, lambda: names(pilot) == ["fit-1"], "the view")
        await press(pilot, "w", "f2", "end", *" one", "ctrl+r")
        await says(pilot, "view first is called first one now")
        await press(pilot, "w", "delete")
        await says(pilot, "Delete the view?")
        await press(pilot, "y")
        await says(pilot, "deleted view first one")


async def test_columns_are_chosen_with_their_parts(world: World) -> None:
    fill_compared(world)
    async with opened(world.workspace, (120, 40)) as pilot:
        await press(pilot, "P", "C", *"cpu", "space", "right", "enter")
        await says(pilot, "system/cpu")
        screen = screen_of(pilot)
        assert screen.view.columns is not None
        assert ("system/cpu_utilization_percentage", "min") in [
            (one.key, one.part) for one in screen.view.columns
        ]
        await press(pilot, "C", *"loss", "space", "enter")
        await until(pilot, lambda: "val/loss" not in text_of(pilot), "one column less")


async def test_what_passes_is_exported_with_its_columns(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fill_compared(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "P", "slash", *"name:fit*", "enter", "E", *["backspace"] * 60)
        await press(pilot, *"a.csv", "enter")
        await says(pilot, "wrote")
        await press(pilot, "E", "tab", "tab", *["backspace"] * 60, *"a.parquet", "enter")
        await until(pilot, (tmp_path / "a.parquet").exists, "the Parquet file")
    rows = (tmp_path / "a.csv").read_text().splitlines()
    assert len(rows) == 9
    assert rows[0].startswith("uuid,name,status,started_at,duration")
    assert "NaN" in next(row for row in rows if ",fit-6," in row)


async def test_read_only_mode_leaves_out_what_changes_something(tracked: Workspace) -> None:
    async with opened(tracked, read_only=True) as pilot:
        await press(pilot, "P")
        for key in "adtN":
            await press(pilot, key)
            await says(pilot, "read-only")
        await press(pilot, "w")
        await says(pilot, "no view is saved yet")


# what a filter leaves


def title_of(pilot: AppPilot) -> str:
    """The titles of the columns."""
    return next(line for line in text_of(pilot).splitlines() if line.startswith("  RUN "))


async def test_a_key_that_nobody_ever_logged_is_named_where_nothing_passes(
    tracked: Workspace,
) -> None:
    async with opened(tracked, (120, 40)) as pilot:
        await press(pilot, "P", "slash", *"metrics.lossy < 1 AND params.layers > 0", "enter")
        await says(pilot, "No run passes the filter: no metric lossy was ever logged.")


async def test_the_columns_are_those_of_the_runs_that_pass_the_filter(tracked: Workspace) -> None:
    async with opened(tracked, (160, 40)) as pilot:
        await press(pilot, "P")
        await settled(pilot)
        head = title_of(pilot)
        assert "loss" in head
        await press(pilot, "slash", *"name = 'sweep'", "enter")  # it has logged nothing itself
        await settled(pilot)
        assert names(pilot) == ["sweep"]
        assert "loss" not in title_of(pilot)
        await press(pilot, "slash", "ctrl+u", *"nosuch", "enter")  # nothing to choose by
        await settled(pilot)
        assert "loss" in title_of(pilot)
        await press(pilot, "escape")
        await settled(pilot)
        assert title_of(pilot) == head


async def test_taking_no_experiment_leaves_the_view_that_was_opened(world: World) -> None:
    fill_compared(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "P", "slash", *"name:fit-1", "enter", "w", *"first", "enter")
        await says(pilot, "view first")
        await press(pilot, "e", *"nosuch", "enter")
        await settled(pilot)
        assert screen_of(pilot).view_called == "first"
        await press(pilot, "e", "enter")
        await settled(pilot)
        assert screen_of(pilot).view_called == "first"


async def test_columns_that_were_chosen_are_given_up_again(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40)) as pilot:
        await press(pilot, "P", "l", "l", "l", "l", "m")
        await settled(pilot)
        assert screen_of(pilot).view.columns is not None
        await press(pilot, "C")
        await says(pilot, "Del resets")
        await press(pilot, "delete")
        await says(pilot, "the columns are those that most of the runs have")
        await settled(pilot)
        assert screen_of(pilot).view.columns is None
