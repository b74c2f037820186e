"""Trends of a DAG: figures over runs, and the screen with the real app on a real store."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.models.trends import (
    FAR,
    KINDS,
    Trend,
    in_order,
    is_outlier,
    percentile,
    points_of,
    trends_of,
    usual_of,
)
from app.tui.reading_history import TrendsSnapshot, read_trends
from app.tui.scene import Scene
from app.tui.screens.instances import InstancesScreen
from app.tui.screens.log import LogScreen
from app.tui.screens.run import RunScreen
from app.tui.screens.trends import TrendsScreen
from app.tui.theme import UNICODE
from store.engine import open_store
from store.states import TaskInstanceState
from store.workspace import Workspace
from tests.app.tui.driving import AppPilot, commanded, opened, press, says, text_of
from tests.app.tui.snapshot import by_size, check_plain, check_scene
from tests.app.tui.world import NOW, World, fill_recommend

SCENE = Scene(NOW, None, UNICODE)


def trends(pilot: AppPilot) -> TrendsScreen:
    screen = pilot.app.screen
    assert isinstance(screen, TrendsScreen)
    return screen


def snapshot_of(workspace: Workspace, dag_id: str, runs: int = 30) -> TrendsSnapshot:
    with open_store(workspace) as store:
        found = read_trends(store, dag_id, runs)
    assert found is not None
    return found


def list_of(snapshot: TrendsSnapshot, *, longest: bool = False) -> dict[str, Trend]:
    found = trends_of(snapshot.past, snapshot.rows, SCENE, longest=longest)
    return {trend.key: trend for trend in found}


# figures


def test_what_lies_far_from_the_median_is_an_outlier() -> None:
    usual = usual_of([10, 11, 9, 10, 10, 12, 8, 60])
    assert usual is not None
    assert usual.median == 10
    assert is_outlier(60, usual)
    assert is_outlier(1, usual)
    assert not is_outlier(12, usual)
    assert not is_outlier(nan, usual)


def test_few_values_and_values_that_hardly_vary_have_no_outliers() -> None:
    few, same = usual_of([1, 1, 1, 50]), usual_of([10.0, 10.0, 10.0, 10.0, 10.001, 10.5])
    assert few is not None
    assert same is not None
    assert not is_outlier(50, few)
    assert not is_outlier(10.5, same)
    assert usual_of([nan, inf]) is None


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=60))
def test_at_most_half_of_all_values_are_outliers(values: list[float]) -> None:
    usual = usual_of(values)
    assert usual is not None
    assert 2 * sum(is_outlier(value, usual) for value in values) <= len(values)
    assert usual.low <= usual.median <= usual.high
    assert FAR > 0


@given(st.lists(st.floats(allow_nan=True), max_size=40), st.floats(0, 1))
def test_a_percentile_is_one_of_the_values(values: list[float], share: float) -> None:
    found = percentile(values, share)
    known = [value for value in values if value - value == 0]
    assert found in known if known else isnan(found)


def test_mapped_tasks_count_by_sum_or_by_the_longest(long: Workspace) -> None:
    snapshot = snapshot_of(long, "nightly")
    by_sum, by_longest = list_of(snapshot), list_of(snapshot, longest=True)
    assert by_sum["train"].is_mapped
    assert not by_sum["extract"].is_mapped
    assert by_sum["train"].median > 2.9 * by_longest["train"].median
    assert by_sum["extract"].median == by_longest["extract"].median
    assert sum(trend.share for key, trend in by_sum.items() if key) == pytest.approx(1)


def test_points_say_what_a_run_shows_in_each_chart(long: Workspace) -> None:
    past = snapshot_of(long, "nightly").past
    assert len(past.runs) == 30
    for kind in KINDS:
        for key in ("", "train", "report", "nope"):
            points = points_of(past, key, kind, SCENE, longest=False)
            assert len(points) == 30
            assert key != "nope" or all(isnan(point.value) for point in points)
    running = points_of(past, "", "duration", SCENE, longest=False)[-1]
    assert running.value == 1800
    assert not running.is_over
    tries = points_of(past, "train", "tries", SCENE, longest=False)
    assert {point.value for point in tries} == {1, 2}
    landed = points_of(past, "", "landing", SCENE, longest=False)
    assert isnan(landed[-1].value)
    assert landed[-10].value == 3600
    assert past.tasks["train"][past.runs[-1].id].state is TaskInstanceState.RUNNING


def test_the_list_has_orders(long: Workspace) -> None:
    snapshot = snapshot_of(long, "nightly")
    found = trends_of(snapshot.past, snapshot.rows, SCENE, longest=False)
    assert [one.key for one in in_order(found, "pipeline")] == ["", "extract", "train", "report"]
    assert [one.key for one in in_order(found, "share")] == ["", "train", "extract", "report"]
    assert [one.key for one in in_order(found, "name")] == ["", "extract", "report", "train"]
    assert in_order(found, "slower")[0].key == ""


# the screen


async def test_the_list_chooses_what_the_charts_show(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "5", "g")
        assert "last 30 runs" in text_of(pilot)
        assert "outlier" in text_of(pilot)
        await press(pilot, "j")
        await says(pilot, "Duration of train, sum of instances")
        await press(pilot, "f")
        await says(pilot, "Duration of train, longest instance")
        await press(pilot, "d")
        await says(pilot, "Tries of train")
        await press(pilot, "d")
        await says(pilot, "Landing time of train")


async def test_the_cursor_over_runs_says_what_they_were(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "5", "g", *["h"] * 9)
        await says(pilot, "1h 00m")
        assert "outlier" in text_of(pilot).splitlines()[-2]
        look = trends(pilot).look
        assert look.run_id is not None
        await press(pilot, "circumflex_accent", "dollar_sign")
        assert look.run_id is None
        await press(pilot, "less_than_sign", "greater_than_sign", "l")
        assert look.run_id is None


async def test_enter_opens_the_run_the_log_or_the_instances(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "5", "g", "h", "enter")
        assert isinstance(pilot.app.screen, RunScreen)
        await press(pilot, "escape", "j", "enter")
        assert isinstance(pilot.app.screen, InstancesScreen)
        await press(pilot, "escape", "j", "enter")
        assert isinstance(pilot.app.screen, LogScreen)


async def test_more_and_fewer_runs(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "5", "plus")
        await says(pilot, "last 100 runs")
        await press(pilot, "plus")
        await says(pilot, "last 300 runs")
        await press(pilot, "plus")
        await says(pilot, "no more are shown")
        await press(pilot, "minus")
        await says(pilot, "last 100 runs")


async def test_the_list_is_filtered_by_words(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "5", "slash", "t", "r", "enter")
        await says(pilot, "/tr 2 of 3 tasks")
        assert [one.key for one in trends(pilot).table.items] == ["", "train", "extract"]
        await press(pilot, "1", "5")
        await says(pilot, "/tr 2 of 3 tasks")
        await press(pilot, "escape")
        assert len(trends(pilot).table.items) == 4


async def test_the_chosen_task_and_form_hold_when_one_comes_back(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "j", "5")
        current = trends(pilot).table.current
        assert current is not None
        assert current.key == "train"
        await press(pilot, "d", "s", "1", "5")
        await says(pilot, "Tries of train")
        assert trends(pilot).form.order == "slower"


async def test_the_task_and_run_under_the_cursor_are_acted_on(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend") as pilot:
        await press(pilot, "5", "h", "c", "y")
        kind, payload = (await commanded(pilot))[0]
        assert kind == "clear"
        assert "scheduled__2026-11-21T05:40:00+00:00" in str(payload)
        assert "load_tables" in str(payload)


async def test_charts_can_be_exported(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "5")
        made = {export.suffix: export.make() for export in trends(pilot).exports()}
        assert "Duration" in made["txt"]
        assert made["svg"].startswith("<svg")
        assert "train" in made["csv"]
        assert '"NaN"' in made["json"] or "NaN" not in made["json"]


SCENES: dict[str, tuple[str, tuple[str, ...]]] = {
    "trends_normal": ("normal", (*["j"] * 4, "enter", "5", "g")),
    "trends_task": ("normal", (*["j"] * 4, "enter", "5", "g", "j", "h", "d")),
    "trends_failed": ("failed", (*["j"] * 5, "enter", "h", "5", "G")),
    "trends_long": ("long", ("enter", "5", "g", *["h"] * 9)),
    "trends_many": ("long", ("enter", "5", "g", "plus", "plus", "L")),
    "trends_hostile": ("hostile", ("j", "j", "j", "enter", "5")),
    "trends_without_runs": ("normal", ("j", "j", "j", "enter", "5", "g")),
}


@by_size
@pytest.mark.parametrize("scene", SCENES)
async def test_a_screen_looks_as_it_did(
    scene: str, size: tuple[int, int], workspace_of: Callable[[str], Workspace]
) -> None:
    name, keys = SCENES[scene]
    await check_scene(scene, size, workspace_of(name), keys)


async def test_small_terminals_and_those_without_unicode(long: Workspace) -> None:
    await check_plain(
        "trends",
        long,
        "nightly",
        (
            "5",
            "g",
        ),
    )
