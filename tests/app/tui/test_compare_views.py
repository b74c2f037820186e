"""Runs side by side in the terminal UI: charts, code, environment, confusion matrices."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from pathlib import Path

import pytest

from app.tui.actions import actions_for
from app.tui.screens.compare_curves import CurvesScreen
from app.tui.screens.compare_plots import ParallelScreen, ScatterScreen
from app.tui.widgets.chart import ChartView
from store.workspace import Workspace
from tests.app.tui.driving import AppPilot, app_of, opened, press, says, text_of
from tests.app.tui.snapshot import by_size, check, settled
from tests.app.tui.test_every_key import silent_keys
from tests.app.tui.world import World
from tests.app.tui.world_compared import DIVERGED, HOSTILE, SWEEP, add_artifact, fill_compared

VIEWS = {
    "curves": "2",
    "scatter": "3",
    "parallel": "4",
    "box": "5",
    "bar": "6",
    "code": "7",
    "environment": "8",
    "matrix": "0",
    "distributions": "D",
}


@pytest.fixture
def tracked(workspace_of: Callable[[str], Workspace]) -> Workspace:
    """A sweep of eight runs; to be read only."""
    return workspace_of("compared")


@by_size
@pytest.mark.parametrize("view", VIEWS)
async def test_a_view_of_runs_side_by_side(
    tracked: Workspace, view: str, size: tuple[int, int]
) -> None:
    async with opened(tracked, size, compare=SWEEP) as pilot:
        await press(pilot, VIEWS[view])
        await settled(pilot)
        check(f"compare-{view}-{size[0]}x{size[1]}", text_of(pilot))


@pytest.mark.parametrize("size", [(60, 20), (200, 50)], ids=["60x20", "200x50"])
@pytest.mark.parametrize("uuids", [SWEEP[:2], HOSTILE, SWEEP], ids=["two", "hostile", "all"])
async def test_every_view_fits_and_shows_no_control_sequence(
    tracked: Workspace, uuids: tuple[str, ...], size: tuple[int, int]
) -> None:
    environment = {"LANG": "C", "TERM": "vt100"} if size[0] == 60 else None
    async with opened(tracked, size, environment, compare=uuids) as pilot:
        for key in VIEWS.values():
            await press(pilot, key)
            await settled(pilot)
            lines = text_of(pilot).splitlines()
            assert all(line.isprintable() for line in lines)
            assert len(lines) <= size[1]


async def test_no_key_of_the_views_is_silent(
    tracked: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    way = ("colon", *f"compare {' '.join(uuid[:8] for uuid in SWEEP)}", "enter")
    ways = {name: (*way, key) for name, key in {"table": "1", "params": "9", **VIEWS}.items()}
    async with opened(tracked, (120, 40)) as pilot:
        tried = actions_for(("everywhere", "list"))  # in test_every_key
        assert "\n".join(await silent_keys(pilot, ways, tried)) == ""


# curves


def curves_of(pilot: AppPilot) -> CurvesScreen:
    screen = pilot.app.screen
    assert isinstance(screen, CurvesScreen)
    return screen


async def name_metric(pilot: AppPilot, name: str) -> None:
    await press(pilot, "slash", *name, "enter")
    await settled(pilot)


async def test_the_cursor_reads_the_values_of_all_runs_at_an_x(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP[:3]) as pilot:
        await press(pilot, "2")
        await name_metric(pilot, "loss")
        await press(pilot, "z", "left", "left")
        await settled(pilot)
        screen = curves_of(pilot)
        assert screen.form.cursor is not None
        step = round(screen.form.cursor)
        entries = screen.table.items
        assert [entry.x for entry in entries] == [step] * 3
        assert all(entry.y is not None and entry.y > 0.2 for entry in entries)
        await says(pilot, f"at step {step}")
        await press(pilot, "escape")
        assert screen.form.cursor is None


async def test_x_is_step_relative_time_time_of_day_or_another_metric(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP[:3]) as pilot:
        await press(pilot, "2", "x")
        await says(pilot, "by relative time")
        await press(pilot, "x")
        await says(pilot, "by wall time")
        await press(pilot, "H")
        await says(pilot, "times of day have no logarithm")
        await press(pilot, "X", *"loss", "enter")
        await says(pilot, "accuracy by val/loss")
        await settled(pilot)
        [line, *_] = curves_of(pilot).lines("accuracy")
        assert line.xs[0] > line.xs[-1]  # the loss falls
        await press(pilot, "X", *"zzz", "enter")
        await says(pilot, "no metric is called zzz")


async def test_runs_are_drawn_as_bands_by_a_param(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP[:4]) as pilot:
        await press(pilot, "2", "b", *"optim", "enter")
        await says(pilot, "bands by params.optimizer")
        kinds = [one.kind for one in curves_of(pilot).charts[0].chart.series]
        assert kinds == ["band", "band", "line", "line"]
        await press(pilot, "b", *"zzz", "enter")
        await says(pilot, "no param or tag is called zzz")
        await press(pilot, "b", "enter")
        kinds = [one.kind for one in curves_of(pilot).charts[0].chart.series]
        assert kinds == ["line"] * 4


async def test_curves_are_smoothed_where_they_are_read(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP[:2]) as pilot:
        await press(pilot, "2")
        await name_metric(pilot, "loss")
        rough = curves_of(pilot).lines("val/loss")[0].ys[5]
        await press(pilot, "w")
        await settled(pilot)
        assert curves_of(pilot).lines("val/loss")[0].ys[5] > rough  # earlier ones are larger
        await press(pilot, "W", "W")
        await says(pilot, "the curves are as they were")


async def test_a_metric_that_is_x_is_not_smoothed(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP[:2]) as pilot:
        await press(pilot, "2")
        await name_metric(pilot, "loss")
        plain = curves_of(pilot).lines("val/loss")[0].ys
        await press(pilot, "X", *"loss", "enter", "w", "w")
        await says(pilot, "val/loss by val/loss")
        await settled(pilot)
        line = curves_of(pilot).lines("val/loss")[0]
        assert line.xs == plain
        assert line.ys != plain


async def test_outliers_are_left_out_of_sight(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP) as pilot:
        await press(pilot, "2")
        await name_metric(pilot, "loss")
        await press(pilot, "o")
        chart = curves_of(pilot).charts[0].chart
        assert chart.y.high is not None
        assert chart.y.high < 100
        assert all(y <= chart.y.high for one in chart.series for y in one.ys if isfinite(y))


async def test_a_run_is_hidden_and_its_colour_stays(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP[:3]) as pilot:
        await press(pilot, "2")
        before = {one.name: one.role for one in curves_of(pilot).charts[0].chart.series}
        await press(pilot, "space")
        after = {one.name: one.role for one in curves_of(pilot).charts[0].chart.series}
        assert set(before) - set(after) == {SWEEP[0]}
        assert all(before[name] == role for name, role in after.items())
        await press(pilot, "escape")
        assert len(curves_of(pilot).charts[0].chart.series) == 3


async def test_there_are_as_many_charts_as_there_is_room_for(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP[:2]) as pilot:
        await press(pilot, "2")
        await settled(pilot)
        shown = [one for one in pilot.app.screen.query(ChartView) if one.has_class("-shown")]
        assert len(shown) == 3
        await press(pilot, "z")
        shown = [one for one in pilot.app.screen.query(ChartView) if one.has_class("-shown")]
        assert len(shown) == 1


async def test_what_is_not_finite_is_marked_on_the_curve(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=[SWEEP[0], DIVERGED]) as pilot:
        await press(pilot, "2")
        await name_metric(pilot, "loss")
        assert "× × ×" in text_of(pilot)
        assert "∅ NaN" in text_of(pilot)


# points, and lines through axes


async def test_x_y_and_colour_of_points_are_any_param_or_metric(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP) as pilot:
        await press(pilot, "3", "x", *"learning", "enter", "Y", *"loss", "enter")
        await says(pilot, "val/loss by learning_rate")
        await press(pilot, "c", *"optim", "enter")
        await says(pilot, "colour optimizer")
        await says(pilot, "1 without both")
        screen = pilot.app.screen
        assert isinstance(screen, ScatterScreen)
        assert screen.pad.chart.x.log  # by itself: from 0.0001 to 1
        await press(pilot, "H", "L")
        assert not screen.pad.chart.x.log
        assert screen.pad.chart.y.log
        await press(pilot, "c", "enter")
        assert screen.form.colour == ""
        await press(pilot, "x", *"zzz", "enter")
        await says(pilot, "no param, metric or tag is called zzz")


async def test_the_cursor_goes_over_the_points_from_left_to_right(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP) as pilot:
        await press(pilot, "3", "x", *"learning", "enter", "g")
        await says(pilot, "fit-8 88888888")  # of the least rate
        await press(pilot, "l")
        await says(pilot, "fit-5 55555555")


async def test_axes_are_added_removed_moved_and_turned(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP) as pilot:
        await press(pilot, "4")
        await settled(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, ParallelScreen)

        def names() -> list[str]:
            return [scale.line.key for scale in screen.axes()]

        assert names() == ["layers", "learning_rate", "optimizer", "accuracy"]
        await press(pilot, "x")
        assert names() == ["learning_rate", "optimizer", "accuracy"]
        await press(pilot, "greater_than_sign")
        assert names() == ["optimizer", "learning_rate", "accuracy"]
        await press(pilot, "a", *"val/loss", "enter")
        assert "val/loss" in names()
        await press(pilot, "o")
        assert screen.form.turned == {f"metrics.{names()[screen.form.at]}"}


async def test_boxes_are_of_all_points_or_of_groups(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP) as pilot:
        await press(pilot, "5")
        await says(pilot, "all points")
        await press(pilot, "b", *"optim", "enter")
        await says(pilot, "by params.optimizer")
        await says(pilot, "adam (4)")


async def test_bars_stand_from_the_best_on_or_in_order(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP[:3]) as pilot:
        await press(pilot, "6")
        await name_metric(pilot, "loss")
        shown = [line for line in text_of(pilot).splitlines() if "│█" in line]
        assert [line.split()[0].lstrip("▌") for line in shown] == ["fit-3", "fit-2", "fit-1"]
        await press(pilot, "s")
        shown = [line for line in text_of(pilot).splitlines() if "│█" in line]
        assert [line.split()[0].lstrip("▌") for line in shown] == ["fit-1", "fit-2", "fit-3"]


# code, environment


async def test_the_code_of_two_runs_is_compared(tracked: Workspace) -> None:
    async with opened(tracked, compare=SWEEP) as pilot:
        await press(pilot, "7")
        await says(pilot, "- LAYERS = 1")
        await says(pilot, "+ LAYERS = 2")
        await press(pilot, "greater_than_sign")
        await says(pilot, "+ LAYERS = 3")
        await press(pilot, "b")
        await says(pilot, "+ LAYERS = 1")
        await press(pilot, "less_than_sign")
        await says(pilot, "No code is recorded of fit-8.")


async def test_only_packages_that_differ_are_shown_at_first(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP) as pilot:
        await press(pilot, "8")
        await says(pilot, "2.6.0")
        assert "numpy" not in text_of(pilot)
        await press(pilot, "d")
        await says(pilot, "numpy")


async def test_runs_without_a_recorded_environment_say_so(tracked: Workspace) -> None:
    async with opened(tracked, compare=SWEEP[4:6]) as pilot:
        await press(pilot, "8")
        await says(pilot, "None of these runs has recorded its packages.")


# matrices


async def test_matrices_stand_side_by_side_and_curves_over_each_other(
    tracked: Workspace,
) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP) as pilot:
        await press(pilot, "0")
        await says(pilot, "93.2% right of 161")
        await press(pilot, "percent_sign")
        await says(pilot, "98%")
        await press(pilot, "c")
        await says(pilot, "area 0.6667")
        await press(pilot, "c")
        await says(pilot, "None has logged a precision_recall_curve.json.")


async def test_a_file_that_is_no_matrix_or_is_gone_says_why(world: World) -> None:
    fill_compared(world)
    with world.write() as connection:
        add_artifact(world, connection, 2, "eval/confusion_matrix.json", "\x1b[31m{")
        add_artifact(world, connection, 3, "eval/confusion_matrix.json", "[[1]]")
    for file in world.workspace.artifacts.rglob("*"):
        if file.is_file() and file.read_text() == "[[1]]":
            file.unlink()
    async with opened(world.workspace, (120, 40), compare=SWEEP[:3]) as pilot:
        await press(pilot, "0")
        await says(pilot, "eval/confusion_matrix.json is no JSON")
        await says(pilot, "eval/confusion_matrix.json is not kept in this workspace")
        await says(pilot, "89.7% right")


async def test_views_share_what_is_chosen(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP) as pilot:
        await press(pilot, "6")
        await name_metric(pilot, "loss")
        await press(pilot, "tab", "shift+tab", "9")
        await says(pilot, "val/loss last")
        here = app_of(pilot).ways.here()
        assert here is not None
        assert here.view == "importance"
