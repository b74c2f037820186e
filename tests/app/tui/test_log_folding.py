"""Folding ::group:: in a log, as people do it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from app.tui.screens.log import LogScreen
from app.tui.widgets.log_view import LogView
from tests.app.tui.driving import AppPilot, opened, press, says, text_of, until
from tests.app.tui.world import World, structure_of

STAMP = b"[2026-11-21T11:55:00.000Z] "
LINES = [
    STAMP + b"INFO - try 1 begins",
    b"::group::Setup of things",
    b"fetching the needle",
    b"::group::Inner \x1b[2Jpart",
    b"deep inside",
    b"::endgroup::",
    b"Traceback (most recent call last):",
    b"ValueError: within Setup",
    b"::endgroup::",
    b"main part",
    STAMP + b"INFO - ::group::Second",
    b"of the second",
    b"::endgroup::",
    b"the end of it",
]
LOG = b"\n".join(LINES) + b"\n"


def one_task(world: World, log: bytes) -> Path:
    version = world.dag("one", structure_of("one", ["a"]))
    run = world.run("one", version, "running", ago=timedelta(minutes=1), run_id="r")
    world.instance("one", run, "a", "running", log=log)
    return world.workspace.log(run, 1)


def view_of(pilot: AppPilot) -> LogView:
    screen = pilot.app.screen
    assert isinstance(screen, LogScreen)
    return screen.view


async def test_groups_are_headings_and_fold_each_by_its_letter(world: World) -> None:
    one_task(world, LOG)
    async with opened(world.workspace, dag="one", run="r", task="a") as pilot:
        await says(pilot, "▾ Setup of things")
        text = text_of(pilot)
        assert "▾ Inner part" in text
        assert "▾ Second" in text
        assert "group::" not in text
        assert "deep inside" in text
        await press(pilot, "z", "d")  # f: Setup, j: Inner, d: Second is the third letter
        await says(pilot, "▸ Second  1 line")
        text = text_of(pilot)
        assert "of the second" not in text
        assert "the end of it" in text
        assert "deep inside" in text
        assert "1 folded" in text
        await press(pilot, "z", "f")
        await says(pilot, "▸ Setup of things  6 lines")
        text = text_of(pilot)
        assert "Inner" not in text
        assert "within Setup" not in text
        assert "main part" in text
        await press(pilot, "z", "f")
        await says(pilot, "deep inside")
        assert "▸ Second" in text_of(pilot)


async def test_all_fold_and_unfold_at_once(world: World) -> None:
    one_task(world, LOG)
    async with opened(world.workspace, dag="one", run="r", task="a") as pilot:
        await says(pilot, "the end of it")
        await press(pilot, "Z")
        await says(pilot, "2 groups folded")
        text = text_of(pilot)
        assert "▸ Setup of things  6 lines" in text
        assert "▸ Second  1 line" in text
        assert "deep inside" not in text
        assert "main part" in text
        await press(pilot, "Z")
        await says(pilot, "deep inside")
        assert "folded" not in text_of(pilot).replace("groups folded", "")


async def test_a_search_and_an_error_unfold_what_they_are_in(world: World) -> None:
    one_task(world, LOG)
    async with opened(world.workspace, dag="one", run="r", task="a") as pilot:
        await says(pilot, "the end of it")
        await press(pilot, "Z")
        await says(pilot, "2 groups folded")
        await press(pilot, "slash", *"needle", "enter")
        await says(pilot, "fetching the needle")
        await says(pilot, "1 of 1")
        assert "of the second" not in text_of(pilot)
        await press(pilot, "z")  # the match says which is meant
        await says(pilot, "▸ Setup of things")
        await press(pilot, "n")
        await says(pilot, "fetching the needle")
        await press(pilot, "Z", "Z")
        await says(pilot, "2 groups folded")
        await press(pilot, "escape", "g", "e")
        await says(pilot, "ValueError: within Setup")


async def test_a_needle_in_a_mark_is_seen(world: World) -> None:
    one_task(world, LOG)
    async with opened(world.workspace, dag="one", run="r", task="a") as pilot:
        await says(pilot, "the end of it")
        await press(pilot, "slash", *"endgroup", "enter")
        await says(pilot, "1 of 3")
        assert text_of(pilot).count("::endgroup::") == 3


async def test_what_is_filtered_is_not_folded(world: World) -> None:
    one_task(world, LOG)
    async with opened(world.workspace, dag="one", run="r", task="a") as pilot:
        await says(pilot, "the end of it")
        await press(pilot, "Z")
        await says(pilot, "2 groups folded")
        await press(pilot, "ampersand", *"inside", "enter")
        await says(pilot, "deep inside")
        await press(pilot, "z")
        await says(pilot, "groups don't fold while a filter is on")
        await press(pilot, "Z")
        await press(pilot, "escape")
        await says(pilot, "▸ Setup of things")


async def test_copies_and_what_is_saved_are_whole(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log = LOG.replace(b"\x1b[2J", b"")
    one_task(world, log)
    async with opened(world.workspace, dag="one", run="r", task="a") as pilot:
        await says(pilot, "the end of it")
        await press(pilot, "Z")
        await says(pilot, "2 groups folded")
        await press(pilot, "g", "v", "j", "j")
        await says(pilot, "marking lines")
        marked = view_of(pilot).marked_lines(10_000)
        assert marked == [line.decode() for line in log.split(b"\n")[:10]]
        await press(pilot, "escape", "W", *["backspace"] * 200, *"out.txt", "enter")
        await says(pilot, "saved 14 lines")
    assert (tmp_path / "out.txt").read_bytes() == log


async def test_a_group_at_work_stays_folded_until_its_end(world: World) -> None:
    """And an end that came only in part is none."""
    path = one_task(world, b"one\n::group::At work\nfirst\n")
    async with opened(world.workspace, dag="one", run="r", task="a") as pilot:
        await says(pilot, "first")
        await press(pilot, "z")
        await says(pilot, "▸ At work  not ended")
        assert "first" not in text_of(pilot)
        with path.open("ab") as log:
            log.write(b"second\n::endgro")
        await until(pilot, lambda: view_of(pilot).source.size == path.stat().st_size)
        assert "second" not in text_of(pilot)
        with path.open("ab") as log:
            log.write(b"up::\nafterwards\n")
        await says(pilot, "afterwards")
        await says(pilot, "▸ At work  2 lines")
        assert "following" in text_of(pilot)
        with path.open("wb") as log:
            log.write(b"::group::Anew\nshown\n")
        await says(pilot, "shown")
        assert "folded" not in text_of(pilot)


async def test_the_top_of_what_is_read_goes_to_the_heading(world: World) -> None:
    """Of a group longer than the screen, from within: up and down go over what is folded away."""
    long = b"".join(b"line %d\n" % number for number in range(200))
    one_task(world, b"zero\n::group::Long\n" + long + b"::endgroup::\n" + long)
    async with opened(world.workspace, dag="one", run="r", task="a") as pilot:
        await says(pilot, "line 199")
        await press(pilot, "g", "ctrl+f", "ctrl+f", "z")
        await says(pilot, "▸ Long  200 lines")
        text = text_of(pilot)
        assert text.index("▸ Long") < text.index("line 0")
        await press(pilot, "k")
        await says(pilot, "zero")
        await press(pilot, "j", "j")
        await until(pilot, lambda: "Long" not in text_of(pilot))
        await press(pilot, "g", "v", "G")
        view = view_of(pilot)
        assert view.marked is not None
        assert len(view.marked_lines(1 << 20)) == 403


async def test_what_is_unfolded_is_read_from_its_heading_on(world: World) -> None:
    long = b"".join(b"line %d\n" % number for number in range(200))
    one_task(world, b"zero\n::group::Long\n" + long + b"::endgroup::\nthe end\n")
    async with opened(world.workspace, dag="one", run="r", task="a") as pilot:
        await says(pilot, "the end")
        await press(pilot, "Z")
        await says(pilot, "following")
        await press(pilot, "z")
        await says(pilot, "▾ Long")
        assert "line 3" in text_of(pilot)
        assert "the end" not in text_of(pilot)


async def test_the_footer_says_which_letter_is_waited_for(world: World) -> None:
    one_task(world, LOG)
    async with opened(world.workspace, dag="one", run="r", task="a") as pilot:
        await says(pilot, "▾ Second")
        await press(pilot, "z")
        await says(pilot, "type the letter of the group to fold or unfold; Esc leaves")
        await press(pilot, "escape")
        await until(pilot, lambda: "type the letter" not in text_of(pilot), "no letter")
        await press(pilot, "z", "Z")
        await says(pilot, "no group here has the letter Z")
        assert isinstance(pilot.app.screen, LogScreen)
        await press(pilot, "z", "d")
        await says(pilot, "▸ Second")
        assert "the letter" not in text_of(pilot)


async def test_there_may_be_no_group(world: World) -> None:
    one_task(world, b"no\n::endgroup::\ngroup\n")
    async with opened(world.workspace, dag="one", run="r", task="a") as pilot:
        await says(pilot, "no")
        await press(pilot, "z")
        await says(pilot, "there is no ::group:: here")
        await press(pilot, "Z")
        await says(pilot, "there is no ::group:: in this log")


async def test_a_heading_is_clicked(world: World) -> None:
    one_task(world, LOG)
    async with opened(world.workspace, dag="one", run="r", task="a") as pilot:
        await says(pilot, "▾ Second")
        await pilot.click("#main", offset=(3, 10))
        await says(pilot, "▸ Second")
        await pilot.click("#main", offset=(3, 9))
        await press(pilot, "apostrophe", "d")
        await says(pilot, "▾ Second")


async def test_merged_logs_have_headings(world: World) -> None:
    version = world.dag("one", structure_of("one", ["a", "b"]))
    run = world.run("one", version, "running", ago=timedelta(minutes=1), run_id="r")
    world.instance("one", run, "a", "running", log=LOG)
    world.instance("one", run, "b", "running", log=LOG)
    async with opened(world.workspace, dag="one", run="r", size=(120, 70)) as pilot:
        await says(pilot, "running")
        await press(pilot, "M")
        await says(pilot, "Second")
        assert "▾" not in text_of(pilot)
        await press(pilot, "Z")
        await says(pilot, "groups don't fold in merged logs")
        await press(pilot, "question_mark")
        await says(pilot, "next error or traceback")
        for key, action in (("z", "Fold"), ("Z", "Fold all"), ("'", "Letters")):
            assert f" {key:<10} {action} " not in text_of(pilot)


async def test_the_group_of_a_huge_log_is_folded_in_a_thread(world: World) -> None:
    long = b"a line of the group that is of some length\n" * 60_000
    one_task(world, b"::group::Huge\n" + long + b"::endgroup::\n" + long + b"last line\n")
    assert len(long) * 2 > 4 << 20
    async with opened(world.workspace, dag="one", run="r", task="a") as pilot:
        await says(pilot, "last line")
        await press(pilot, "Z")
        await says(pilot, "1 group folded")
        await press(pilot, "g")
        await says(pilot, "▸ Huge  60,000 lines")
