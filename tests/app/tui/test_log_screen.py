"""The log and the merged log, driven by keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from textual import events

from app.tui.screens.log import LogScreen
from app.tui.screens.log_asking import filtered_words
from app.tui.screens.merged_log import MergedLogScreen
from app.tui.widgets import log_jobs
from store import models
from store.engine import open_store
from store.log_times import note
from store.workspace import Workspace
from tests.app.tui.driving import AppPilot, opened, press, says, text_of, until
from tests.app.tui.snapshot import by_size, check_scene
from tests.app.tui.world import NOW, World, make_world, structure_of
from tests.app.tui.worlds_of_logs import fill_logs

AMPERSAND, AT = "ampersand", "at"


def one_log(world: World, content: bytes) -> Path:
    """A DAG with one running task and its log."""
    version = world.dag("one", structure_of("one", ["a"]))
    run = world.run("one", version, "running", ago=timedelta(minutes=1), run_id="r")
    world.instance("one", run, "a", "running", log=content)
    return world.workspace.log(run, 1)


def numbered(count: int, level: str = "INFO") -> bytes:
    return b"".join(
        f"[2026-11-21T11:{n // 60:02d}:{n % 60:02d}Z] {level} - line {n}\n".encode()
        for n in range(count)
    )


def log_of(pilot: AppPilot) -> LogScreen:
    screen = pilot.app.screen
    assert isinstance(screen, LogScreen)
    return screen


def opened_log(world: World, size: tuple[int, int] = (80, 24)):  # noqa: ANN201 - a context
    return opened(world.workspace, size, dag="one", run="r", task="a")


def typed(text: str) -> list[str]:
    names = {
        " ": "space",
        ":": "colon",
        '"': "quotation_mark",
        "!": "exclamation_mark",
        "-": "minus",
        "/": "slash",
    }
    return [*(names.get(letter, letter) for letter in text), "enter"]


async def test_a_filter_shows_its_lines_and_their_number_and_keeps_the_place(
    world: World,
) -> None:
    path = one_log(world, numbered(100) + b"[2026-11-21T11:40:00Z] ERROR - the end\n")
    async with opened_log(world) as pilot:
        await says(pilot, "the end")
        await press(pilot, AMPERSAND, *typed('"line 5"'))
        await says(pilot, "11 of 101 lines")
        assert "the end" not in text_of(pilot)
        with path.open("ab") as log:
            log.write(b"new line 55\nnew line 6\n")
        await says(pilot, "new line 55")
        await says(pilot, "12 of 103 lines")
        assert "new line 6" not in text_of(pilot), "what comes is filtered too"
        await press(pilot, "g", "j", "escape")
        await says(pilot, "line 6")
        assert "lines" not in text_of(pilot).splitlines()[3]
        top = text_of(pilot).splitlines()[3]
        assert top.endswith("line 5"), "the place stays when the filter goes"


async def test_the_level_goes_round_and_tracebacks_belong_to_the_line_above(
    world: World,
) -> None:
    text = (
        b"[2026-11-21T11:00:00Z] DEBUG - quiet\n[2026-11-21T11:00:01Z] ERROR - loud\n"
        b"Traceback (most recent call last):\n  File x\nValueError: boom\nplain words\n"
    )
    one_log(world, text)
    async with opened_log(world) as pilot:
        await says(pilot, "quiet")
        await press(pilot, "L")
        await says(pilot, "INFO and above")
        assert "quiet" not in text_of(pilot)
        assert "plain words" in text_of(pilot)
        await press(pilot, "L", "L")
        await says(pilot, "4 of 6 lines")
        assert "File x" in text_of(pilot)
        assert "plain words" not in text_of(pilot)
        await press(pilot, "L")
        await says(pilot, "quiet")


async def test_errors_are_gone_to_one_by_one(world: World) -> None:
    error = b"[2026-11-21T11:59:00Z] ERROR - boom\nTraceback (most recent call last):\n  x\n"
    one_log(world, numbered(50) + error + b"ValueError: a\n" + numbered(50) + b"panic: b\nc\n")
    async with opened_log(world) as pilot:
        await says(pilot, "panic")
        view = log_of(pilot).view
        await press(pilot, "b")
        last = view.match
        await press(pilot, "b")
        await until(pilot, lambda: view.match < last, "the error before")
        assert view.current_line().endswith("ERROR - boom")
        await press(pilot, "b")
        await says(pilot, "no error further up")
        await press(pilot, "e")
        await until(pilot, lambda: view.match == last, "the last error")
        await until(pilot, lambda: "no error further" not in text_of(pilot), "what is so now")
        await press(pilot, "y")
        await says(pilot, "copied the line (8 bytes)")


async def test_times_are_absolute_relative_or_off_and_nothing_else_changes(
    world: World,
) -> None:
    one_log(world, numbered(3) + b"no time\n")
    async with opened_log(world) as pilot:
        await says(pilot, "11:00:02.000 INFO - line 2")
        await press(pilot, "slash", *typed("line"))
        await press(pilot, AMPERSAND, *typed("line"))
        await says(pilot, "3 of 4 lines")
        await press(pilot, "T")
        await says(pilot, "-54:58.0 INFO - line 2")
        await press(pilot, "T")
        await says(pilot, "no times")
        assert "\nINFO - line 2" in text_of(pilot)
        assert "3 of 4 lines" in text_of(pilot)
        assert "1 of 3" in text_of(pilot)


async def test_printed_lines_have_about_the_time_that_was_noted(world: World) -> None:
    """``T`` shows it where it is noted, and the range of times finds it."""
    log = one_log(world, numbered(1) + b"a print\n  more of it\nanother\n")
    start = NOW.timestamp() - 40
    note(str(log), len(numbered(1)), start)
    note(str(log), len(numbered(1)) + len(b"a print\n"), start + 7)
    async with opened_log(world) as pilot:
        await says(pilot, "11:00:00.000 INFO - line 0")
        assert "\na print" in text_of(pilot)
        await press(pilot, "T")
        await says(pilot, "times of all lines")
        assert "11:00:00.000 INFO - line 0" in text_of(pilot)
        assert "\n11:59:20     a print\n  more of it\n11:59:27     another" in text_of(pilot)
        await press(pilot, "T")
        await says(pilot, "+04:27.0 another")
        await press(pilot, "T")
        await says(pilot, "no times")
        await press(pilot, AT, *typed("since 11:59:25"))
        await until(pilot, lambda: "a print" not in text_of(pilot), "the later lines")
        assert "\nanother" in text_of(pilot)


async def test_a_range_of_times_shows_only_its_lines(world: World) -> None:
    one_log(world, numbered(600))
    async with opened_log(world) as pilot:
        await says(pilot, "line 599")
        await press(pilot, AT, *typed("11:05-11:06"))
        await says(pilot, "line 419")
        assert "line 420" not in text_of(pilot)
        await press(pilot, "g")
        await says(pilot, "line 300")
        assert "line 299" not in text_of(pilot)
        await press(pilot, "escape", "G", AT, *typed("11:05-11:06"))
        await pilot.pause()
        assert "@ 11:05-11:06" in text_of(pilot), "the line about it is there a second time, too"
        await press(pilot, AT, *typed("noon"))
        await says(pilot, "write: last 5m")
        await says(pilot, "@ noon")
        await press(pilot, "ctrl+u", *typed("since 15:00"))
        await says(pilot, "no line is of that time")
        await says(pilot, "@ since 15:00")
        await press(pilot, "escape")
        await until(pilot, lambda: "@ since" not in text_of(pilot), "the prompt is closed")
        assert "line 419" in text_of(pilot)
        assert "line 420" not in text_of(pilot), "what was asked for before stays"
        await press(pilot, "escape", "G")
        await says(pilot, "line 599")


async def test_all_matches_are_numbered(world: World) -> None:
    one_log(world, numbered(200))
    async with opened_log(world) as pilot:
        await says(pilot, "line 199")
        await press(pilot, "g", "slash", *typed("line 1"))
        await says(pilot, "/line 1  1 of 111")
        await press(pilot, "n")
        await says(pilot, "2 of 111")
        await press(pilot, "N", "N")
        await says(pilot, "111 of 111")
        await press(pilot, "slash", *["backspace"] * 6, *typed("LINE"))
        await says(pilot, "LINE is not in this log")
        await press(pilot, "escape")
        assert "/LINE" not in text_of(pilot)


async def test_a_search_goes_on_from_where_one_is(world: World) -> None:
    error = b"[2026-11-21T11:59:00Z] ERROR - boom\n"
    one_log(world, numbered(50) + error + numbered(200) + error)
    async with opened_log(world) as pilot:
        await says(pilot, "boom")
        await press(pilot, "slash", *typed("line 7"))
        await press(pilot, "g", "e")
        view = log_of(pilot).view
        assert view.match == len(numbered(50)), "the first error, and none beyond the match"
        await press(pilot, "g", "n")
        await says(pilot, "/line 7  1 of")


async def test_a_key_that_is_held_down_goes_from_match_to_match(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_jobs, "INLINE", 0)
    one_log(world, numbered(400))
    async with opened_log(world) as pilot:
        await says(pilot, "line 399")
        await press(pilot, "g", "slash", *typed("line"))
        for _ in range(99):
            pilot.app.post_message(events.Key("n", "n"))
        await says(pilot, "/line  100 of 400")


async def test_a_far_match_is_found_although_the_key_is_held_down(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_jobs, "INLINE", 0)
    path = one_log(world, b"start\n")
    with path.open("ab") as log:
        log.truncate(1 << 25)  # sparse
        log.seek(1 << 25)
        log.write(b"\nneedle\n")
    async with opened_log(world) as pilot:
        await says(pilot, "needle")
        await press(pilot, "g")
        view = log_of(pilot).view
        view.search("needle")
        job = view.jobs.get("search")
        assert job is not None
        view.find_next()
        view.find_next()
        assert view.jobs.get("search") is job, "it isn't begun anew"
        await says(pilot, "needle  1 of 1")


async def test_a_match_at_the_side_and_in_a_wrapped_line_is_scrolled_to(world: World) -> None:
    long = b"x" * 300 + b" Needle " + b"y" * 900 + b" needle " + b"z" * 900
    one_log(world, numbered(60) + long + b"\nneedle\n" + numbered(60))
    async with opened_log(world) as pilot:
        await says(pilot, "line 59")
        await press(pilot, "g", "slash", *typed("needle"))
        await says(pilot, "1 of 3")
        assert "x Needle y" in text_of(pilot)
        await press(pilot, "n")
        assert "y needle z" in text_of(pilot)
        await press(pilot, "n")
        assert "\nneedle\n" in text_of(pilot), "back at the left edge"
        await press(pilot, "g", "w", "n", "n")
        await says(pilot, "2 of 3")
        assert "y needle z" in text_of(pilot).replace("\n", "")


async def test_no_room_is_empty_below_while_there_are_lines_above(world: World) -> None:
    one_log(world, numbered(60))
    async with opened_log(world) as pilot:
        await says(pilot, "line 59")
        await press(pilot, "g", "slash", *typed("line 59"))
        await says(pilot, "1 of 1")
        assert text_of(pilot).splitlines()[-2].endswith("line 59"), "though it is a line less high"


async def test_the_place_stays_when_a_filter_is_slow_to_find_a_line(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_jobs, "INLINE", 0)
    head = b"".join(b"wanted first\n" for _ in range(40))
    path = one_log(world, head)
    with path.open("ab") as log:
        log.write((b"." * 99 + b"\n") * 100_000 + b"wanted last\n" + (b"." * 99 + b"\n") * 100_000)
        log.write(b"the end\n")
    async with opened_log(world) as pilot:
        await says(pilot, "the end")
        await press(pilot, "k", AMPERSAND, *typed("wanted"))
        await says(pilot, "41 of 200,042 lines")
        await says(pilot, "wanted last")


async def test_what_is_typed_right_after_the_key_of_a_prompt_is_typed_into_it(
    world: World,
) -> None:
    one_log(world, numbered(50) + b"a/W@&e 2\n")
    async with opened_log(world) as pilot:
        await says(pilot, "line 49")
        for key in ("slash", "a", "slash", "W", "at", "ampersand", "e", "space", "2", "enter"):
            letter = {"slash": "/", "at": "@", "ampersand": "&", "space": " ", "enter": "\r"}
            pilot.app.post_message(events.Key(key, letter.get(key, key)))
        await says(pilot, "/a/W@&e 2  1 of 1")


async def test_a_long_search_says_so_and_escape_ends_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_jobs, "INLINE", 0)
    path = one_log(world, b"start\n")
    with path.open("ab") as log:
        log.truncate(3 << 30)  # sparse: it costs no disk, and some seconds to search
    async with opened_log(world) as pilot:
        view = log_of(pilot).view
        await until(pilot, lambda: view.source is not None and view.source.size > 10, "the log")
        view.search("needle")
        await says(pilot, "Esc ends it")
        await press(pilot, "escape")
        await says(pilot, "stopped")
        assert view.jobs.get("search") is None
        assert view.match is None


async def test_how_one_looks_at_a_log_is_kept_from_try_to_try(world: World) -> None:
    version = world.dag("one", structure_of("one", ["a"]))
    run = world.run("one", version, "failed", ago=timedelta(minutes=9), run_id="r")
    world.instance(
        "one", run, "a", "failed", tries=[{"state": "failed"}, {"state": "failed"}], log=b"x 1\ny\n"
    )
    async with opened_log(world) as pilot:
        await says(pilot, "try 2 of")
        await press(pilot, "w", AMPERSAND, *typed("x"))
        await press(pilot, "left_parenthesis")
        await says(pilot, "try 1 of")
        assert "&x" in text_of(pilot)
        assert "wrap" in text_of(pilot)
        await press(pilot, "right_parenthesis")
        await says(pilot, "1 of 2 lines")


async def test_a_replaced_file_is_read_anew_under_its_filter(world: World) -> None:
    path = one_log(world, numbered(50))
    async with opened_log(world) as pilot:
        await says(pilot, "line 49")
        await press(pilot, AMPERSAND, *typed("line"))
        await says(pilot, "50 of 50 lines")
        path.write_bytes(b"line one\nother\n")
        await says(pilot, "1 of 2 lines")
        path.unlink()
        await says(pilot, "there is no log")


# merged logs


async def test_the_logs_of_a_run_are_merged_and_lead_to_each_task(world: World) -> None:
    fill_logs(world)
    async with opened(world.workspace, dag="shop") as pilot:
        await press(pilot, "M")
        await until(pilot, lambda: isinstance(pilot.app.screen, MergedLogScreen), "merged logs")
        await says(pilot, "3 logs by time")
        await says(pilot, "following")
        path = world.workspace.log(1, 2)
        with path.open("ab") as log:
            log.write(b"[2026-11-21T11:59:59Z] INFO - it came last\n")
        await says(pilot, "it came last")
        await press(pilot, "slash", *typed("came last"))
        await says(pilot, "1 found")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen), "the task's log")
        assert log_of(pilot).look.task_id == "train"


async def test_merged_logs_say_that_they_hold_the_newest_tries_alone(world: World) -> None:
    fill_logs(world)
    with open_store(world.workspace) as store, store.write() as connection:
        of_train = models.task_instance.c.task_id == "train"
        connection.execute(update(models.task_instance).where(of_train).values(try_number=3))
    async with opened(world.workspace, dag="shop") as pilot:
        await press(pilot, "M")
        await says(pilot, "3 logs by time  newest tries only, without 2 earlier ones")


async def test_what_is_not_found_may_be_among_what_the_filter_hides(world: World) -> None:
    one_log(world, numbered(5) + b"[2026-11-21T11:59:00Z] ERROR - boom\n" + numbered(5))
    async with opened_log(world) as pilot:
        await press(pilot, AMPERSAND, *typed("INFO"), "enter")
        await press(pilot, "g", "e")
        await says(pilot, "no error further down passes the filter")
        await press(pilot, "slash", *typed("nowhere"))
        await says(pilot, "nowhere is not in the lines that pass the filter")


async def test_new_lines_are_counted_unless_they_are_too_many(world: World) -> None:
    one_log(world, numbered(600))
    async with opened_log(world) as pilot:
        await says(pilot, "line 599")
        await press(pilot, "g")
        path = log_of(pilot).log_path()
        assert path is not None
        with path.open("ab") as log:
            log.write(b"one more\n" * 3)
        await says(pilot, "+3 lines")
        with path.open("ab") as log:
            log.truncate(path.stat().st_size + (64 << 20))
        await says(pilot, "+many lines")
        await press(pilot, "G")
        await until(pilot, lambda: log_of(pilot).view.new_lines == 0, "the end")


async def test_a_range_of_times_stays_when_another_task_begins(world: World) -> None:
    fill_logs(world)
    async with opened(world.workspace, dag="shop") as pilot:
        await press(pilot, "M")
        await says(pilot, "3 logs by time")
        await press(pilot, AT, *typed("11:55:21-11:55:30"))
        await says(pilot, "@ 11:55:21")
        world.instance("shop", 1, "report", "running", log=b"[2026-11-21T11:55:22Z] INFO - new\n")
        await says(pilot, "4 logs by time")
        await until(pilot, lambda: "INFO - new" in text_of(pilot), "its log")
        assert "@ 11:55:21" in text_of(pilot)
        assert "shard" not in text_of(pilot)


async def test_the_logs_of_marked_instances_are_merged(world: World) -> None:
    fill_logs(world)
    async with opened(world.workspace, dag="shop", run="r1") as pilot:
        await until(pilot, lambda: hasattr(pilot.app.screen, "action_merged"), "the run")
        await says(pilot, "check")
        await press(pilot, "space", "space", "M")
        await says(pilot, "2 instances logs")
        await says(pilot, "2 logs by time")
        await press(pilot, "escape", "asterisk", "asterisk", "M")
        await says(pilot, "3 logs by time")


SCENES: dict[str, tuple[str, ...]] = {
    "logs_following": (),
    "logs_filtered": (AMPERSAND, *typed("epoch !3"), "slash", *typed("loss")),
    "logs_errors": ("L", "L", "L", "T"),
    "logs_marking": ("b", "v", "j", "j"),
    "logs_nothing_passes": (AMPERSAND, *typed("nowhere")),
    "logs_prompt": (AT,),
}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with logs of all kinds, to be read only."""
    one = make_world(tmp_path_factory.mktemp("logs") / "shop")
    fill_logs(one)
    one.store.close()
    return one.workspace


@by_size
@pytest.mark.parametrize("scene", [*SCENES, "logs_merged", "logs_merged_errors"])
async def test_a_log_looks_as_it_did(scene: str, size: tuple[int, int], logs: Workspace) -> None:
    if scene in SCENES:
        keys = (*"jj", "enter", *SCENES[scene])
    else:
        keys = ("M", *(("L", "L", "L") if scene.endswith("errors") else ()))
    await check_scene(scene, size, logs, ("colon", *typed("dag shop"), *keys))


async def test_hostile_names_and_logs_stay_harmless_when_merged(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("hostile")) as pilot:
        await press(pilot, "2", "j", "j", "j", "enter", "M")
        await says(pilot, "logs by time")
        await says(pilot, "训练")
        assert "\x1b" not in text_of(pilot)


def test_while_a_filter_works_no_total_is_claimed() -> None:
    assert filtered_words(303_569, 300_591, 0.5) == "303,569 lines so far  filtering 50%"
    assert filtered_words(3, 10, None) == "3 of 10 lines"
