"""Distributions on the page of a tracked run, and of runs side by side."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable

import pytest

from app.tui.screens.compare_distributions import DistributionsScreen
from app.tui.screens.tracked_distributions import TrackedDistributionsScreen
from store import distributions, tracking
from store.workspace import Workspace
from tests.app.tui.driving import app_of, opened, press, says, text_of
from tests.app.tui.snapshot import by_size, check, settled
from tests.app.tui.world import NOW, World
from tests.app.tui.world_compared import HOSTILE, SWEEP, fill_compared
from tests.app.tui.world_tracked import RUN, fill_tracked


@pytest.fixture
def compared(workspace_of: Callable[[str], Workspace]) -> Workspace:
    """A sweep, four runs of it with distributions; to be read only."""
    return workspace_of("compared")


@pytest.fixture
def own(world: World) -> World:
    """A run with everything, to be changed."""
    fill_tracked(world)
    return world


# the page of a run


async def test_the_overview_leads_to_the_distribution_of_its_line(own: World) -> None:
    async with opened(own.workspace, (120, 50), tracked=RUN) as pilot:
        await press(pilot, "slash", *"scores", "enter", "enter")
        await says(pilot, "scores  2 of 2")
        assert "step 2, 3 of 3" in text_of(pilot)


async def test_steps_are_gone_through_added_up_and_put_side_by_side(own: World) -> None:
    async with opened(own.workspace, tracked=RUN) as pilot:
        await press(pilot, "9", "n")
        await says(pilot, "values 127  nulls 3 (2.4%)")
        await press(pilot, "less_than_sign")
        await says(pilot, "step 1, 2 of 3")
        await press(pilot, "less_than_sign", "less_than_sign")
        await says(pilot, "there is no other step that way")
        await press(pilot, "m")
        await says(pilot, "3 steps added up")
        assert "values 357" in text_of(pilot)  # 111, 119 and 127
        await press(pilot, "greater_than_sign")
        await says(pilot, "all steps added up: m shows one")
        await press(pilot, "m")
        await says(pilot, "3 steps side by side")
        assert all(f"step {step}" in text_of(pilot) for step in range(3))
        await press(pilot, "m", "N", "m")
        await says(pilot, "it was logged at one step only")


async def test_a_new_step_is_followed_unless_another_is_looked_at(own: World) -> None:
    content = {"bins": [[1.0, 1.1, 7]]}

    def log(step: int) -> None:
        with own.write() as connection:
            run = tracking.run_with_uuid(connection, RUN)
            assert run is not None
            distributions.put(connection, run, "scores", step, NOW, "numbers", 7, 0, content)

    async with opened(own.workspace, tracked=RUN) as pilot:
        await press(pilot, "9", "n")
        await says(pilot, "step 2, 3 of 3")
        log(3)
        await says(pilot, "step 3, 4 of 4")
        await press(pilot, "less_than_sign")
        await says(pilot, "step 2, 3 of 4")
        log(4)
        await says(pilot, "step 2, 3 of 5")


async def test_steps_of_different_kinds_are_said_to_be_so(own: World) -> None:
    with own.write() as connection:
        run = tracking.run_with_uuid(connection, RUN)
        assert run is not None
        words = {"counts": {"a": 1}}
        distributions.put(connection, run, "scores", 9, NOW, "categories", 1, 0, words)
    async with opened(own.workspace, (120, 40), tracked=RUN) as pilot:
        await press(pilot, "9", "n", "m")
        await says(pilot, "The steps can't be added up")
        await press(pilot, "m")
        await says(pilot, "The steps can't stand side by side")


async def test_bins_grow_by_powers_of_ten_and_categories_have_no_scale(own: World) -> None:
    async with opened(own.workspace, tracked=RUN) as pilot:
        await press(pilot, "9", "H")
        await says(pilot, "categories have no scale")
        await press(pilot, "n", "H")
        await says(pilot, "bins grow by powers of ten")
        assert "1 to 2 " in text_of(pilot)


async def test_numbers_that_are_not_above_zero_have_no_powers_of_ten(own: World) -> None:
    with own.write() as connection:
        run = tracking.run_with_uuid(connection, RUN)
        assert run is not None
        content = {"bins": [[-1.1, -1.0, 7]]}
        distributions.put(connection, run, "zeros", 0, NOW, "numbers", 7, 0, content)
    async with opened(own.workspace, (120, 40), tracked=RUN) as pilot:
        await press(pilot, "9", "slash", *"zeros", "enter", "H")
        await says(pilot, "nothing is above zero: bins of the same width")


async def test_a_distribution_is_chosen_by_its_name(own: World) -> None:
    async with opened(own.workspace, tracked=RUN) as pilot:
        await press(pilot, "9", "slash", *"sco", "enter")
        await says(pilot, "scores  2 of 2")
        await press(pilot, "slash", *"zzz", "enter")
        await says(pilot, "no distribution is called zzz")


async def test_rows_are_sorted_copied_and_written_to_files(own: World) -> None:
    async with opened(own.workspace, tracked=RUN) as pilot:
        await press(pilot, "9", "y")
        await says(pilot, "item a")
        await press(pilot, "s")
        await says(pilot, "sorted by count")
        screen = app_of(pilot).screen
        assert isinstance(screen, TrackedDistributionsScreen)
        as_csv, as_json = (one.make() for one in screen.exports())
    rows = list(csv.DictReader(as_csv.splitlines()))
    assert [(one["part"], one["count"]) for one in rows] == [
        ("item a", "40"),
        ("item b", "28"),
        ("item c", "16"),
        ("other", "5"),
    ]
    assert sum(one["share"] for one in json.loads(as_json)) == pytest.approx(1.0)


# side by side


@by_size
async def test_shares_stand_side_by_side(compared: Workspace, size: tuple[int, int]) -> None:
    async with opened(compared, size, compare=SWEEP[:5]) as pilot:
        await press(pilot, "D", "b")
        await settled(pilot)
        check(f"compare-shares-{size[0]}x{size[1]}", text_of(pilot))
        await press(pilot, "n")
        await settled(pilot)
        check(f"compare-histograms-{size[0]}x{size[1]}", text_of(pilot))


async def test_the_baseline_goes_from_run_to_run_and_away(compared: Workspace) -> None:
    async with opened(compared, (120, 40), compare=SWEEP[:2]) as pilot:
        await press(pilot, "D", "b")
        await says(pilot, "percentage points against fit-1")
        await says(pilot, "baseline fit-1")
        await press(pilot, "b", "b")
        await says(pilot, "no baseline")


async def test_all_steps_of_each_run_are_added_up(compared: Workspace) -> None:
    async with opened(compared, (120, 40), compare=SWEEP[:2]) as pilot:
        await press(pilot, "D", "n", "j")
        await says(pilot, "of 127")
        await press(pilot, "m")
        await says(pilot, "all steps added up")
        await says(pilot, "of 357")


async def test_runs_with_very_many_steps_say_how_many_are_added_up(world: World) -> None:
    fill_compared(world)
    steps = distributions.MOST_STEPS + 1
    with world.write() as connection:
        run = tracking.run_with_uuid(connection, SWEEP[0])
        assert run is not None
        for step in range(steps):
            content = {"counts": {"a": 1}}
            distributions.put(connection, run, "age", step, NOW, "categories", 1, 0, content)
    async with opened(world.workspace, (120, 40), compare=SWEEP[:2]) as pilot:
        await press(pilot, "D", "m")
        await says(pilot, "the last 200 steps added up")
        await says(pilot, "200 of 200")


async def test_the_table_is_exported_with_the_counts_of_each_run(compared: Workspace) -> None:
    async with opened(compared, compare=SWEEP[:2]) as pilot:
        await press(pilot, "D")
        await says(pilot, "items  1 of 2")
        screen = app_of(pilot).screen
        assert isinstance(screen, DistributionsScreen)
        rows = list(csv.DictReader(screen.exports()[0].make().splitlines()))
    assert rows[0] == {"part": "item a", SWEEP[0]: "40", SWEEP[1]: "41"}


async def test_runs_without_a_distribution_say_what_logs_one(compared: Workspace) -> None:
    async with opened(compared, (120, 40), compare=SWEEP[5:7]) as pilot:
        await press(pilot, "D", "n", "m", "b", "s", "slash", *"x", "enter", "H")
        await says(pilot, "None of these runs has logged a distribution")


async def test_categories_beside_numbers_are_said_to_share_no_rows(world: World) -> None:
    fill_compared(world)
    with world.write() as connection:
        for uuid, kind, content in (
            (SWEEP[0], "numbers", {"bins": [[1.0, 1.1, 7]]}),
            (SWEEP[1], "categories", {"counts": {"a": 7}}),
        ):
            run = tracking.run_with_uuid(connection, uuid)
            assert run is not None
            distributions.put(connection, run, "age", 0, NOW, kind, 7, 0, content)
    async with opened(world.workspace, (120, 40), compare=SWEEP[:2]) as pilot:
        await press(pilot, "D")
        await says(pilot, "They can't stand side by side")


async def test_names_that_mean_harm_are_only_text(compared: Workspace) -> None:
    async with opened(compared, compare=HOSTILE) as pilot:
        await press(pilot, "D", "j", "y")
        await says(pilot, "2 runs with values")
        assert all(line.isprintable() for line in text_of(pilot).splitlines())
