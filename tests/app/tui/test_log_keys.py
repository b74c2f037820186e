"""The keys of a log, as people press them."""

from __future__ import annotations

from datetime import timedelta

from app.tui.screens.log import LogScreen
from tests.app.tui.driving import app_of, opened, press, says, text_of
from tests.app.tui.world import World, fill_recommend, structure_of


async def test_tries_and_instances_are_switched_in_place(world: World) -> None:
    fill_recommend(world)
    run_id = "scheduled__2026-11-21T05:40:00+00:00"
    async with opened(world.workspace, dag="recommend", run=run_id, task="train") as pilot:
        await says(pilot, "12 instances")
        await press(pilot, "enter")
        await says(pilot, "train[0]")
        await press(pilot, *["greater_than_sign"] * 3)
        await says(pilot, "train[3]")
        await says(pilot, "try 2 of 3")
        await press(pilot, "left_parenthesis")
        await says(pilot, "try 1 of 3")
        await press(pilot, "right_parenthesis")
        await says(pilot, "try 2 of 3")


async def test_a_search_goes_round(world: World) -> None:
    fill_recommend(world)
    run_id = "scheduled__2026-11-21T05:40:00+00:00"
    async with opened(world.workspace, dag="recommend", run=run_id, task="train") as pilot:
        await says(pilot, "12 instances")
        await press(pilot, "enter")
        await says(pilot, "loading 41,208")
        screen = pilot.app.screen
        assert isinstance(screen, LogScreen)
        await press(pilot, "slash", *"epoch", "enter")
        first = screen.view.match
        await press(pilot, "n")
        assert (screen.view.match or 0) > (first or 0)
        await press(pilot, "N")
        assert screen.view.match == first
        await press(pilot, "slash", *"zz", "enter")
        await says(pilot, "is not in this log")


async def test_following_stops_upwards_counts_and_resumes_at_the_end(world: World) -> None:
    version = world.dag("one", structure_of("one", ["a"]))
    run = world.run("one", version, "running", ago=timedelta(minutes=1), run_id="r")
    text = b"".join(b"line %d\n" % n for n in range(100))
    world.instance("one", run, "a", "running", log=text)
    path = world.workspace.log(run, 1)
    async with opened(world.workspace, dag="one", run="r", task="a") as pilot:
        await says(pilot, "line 99")
        await says(pilot, "following")
        with path.open("ab") as log:
            log.write(b"line 100\n")
        await says(pilot, "line 100")
        await press(pilot, "k")
        with path.open("ab") as log:
            log.write(b"line 101\nline 102\n")
        await says(pilot, "+2 lines")
        assert "line 102" not in text_of(pilot)
        await press(pilot, "G")
        await says(pilot, "line 102")
        await says(pilot, "following")


async def test_wrapping_shows_the_end_of_long_lines(world: World) -> None:
    version = world.dag("one", structure_of("one", ["a"]))
    run = world.run("one", version, "running", ago=timedelta(minutes=1), run_id="r")
    world.instance("one", run, "a", "running", log=b"x" * 200 + b"THE END\n")
    async with opened(world.workspace, dag="one", run="r", task="a") as pilot:
        await says(pilot, "xxx")
        assert "THE END" not in text_of(pilot)
        await press(pilot, "w")
        await says(pilot, "THE END")


async def test_wrapping_cuts_no_wide_character(world: World) -> None:
    version = world.dag("one", structure_of("one", ["a"]))
    run = world.run("one", version, "running", ago=timedelta(minutes=1), run_id="r")
    wide = "日本語データ" * 30
    world.instance("one", run, "a", "running", log=f"a{wide}END\n".encode())
    async with opened(world.workspace, dag="one", run="r", task="a") as pilot:
        await says(pilot, "日本")
        await press(pilot, "w")
        await says(pilot, "END")
        assert f"a{wide}END" in "".join(text_of(pilot).split())
        await press(pilot, "slash", *"END", "enter")
        await says(pilot, "/END  1 of 1")


async def test_copying_says_how_much_and_refuses_too_much(world: World) -> None:
    world.dag("alpha")
    async with opened(world.workspace) as pilot:
        app_of(pilot).copy("abc", "the line")
        await says(pilot, "copied the line (3 bytes)")
        app_of(pilot).copy("x" * 80_000, "the line")
        await says(pilot, "too much for the clipboard")
