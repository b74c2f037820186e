"""The runner notes when the logs of running tries grew."""

from __future__ import annotations

import itertools
from pathlib import Path

from app.tui.widgets.noted_times import NotedTimes
from runner.daemon.log_times import LogTimes
from runner.daemon.memory import LiveTry
from store.log_times import NOTE
from tests.support.live import Live

PRINTING = """
import os, time
from dagtop import dag, task

@task
def pages():
    notes = os.path.join(os.path.dirname(os.environ["DAGTOP_TRY"]), "log.times")
    until = time.time() + 30
    while time.time() < until and not (os.path.exists(notes) and os.path.getsize(notes) >= 32):
        print("page", flush=True)
        time.sleep(0.05)

@dag
def printing():
    pages()

printing()
"""


def a_try(folder: Path, pid: int | None = 1) -> LiveTry:
    return LiveTry(
        key=7, row_key=1, run_key=1, dag_id="d", task_id="t", map_index=-1, try_number=1,
        journal=str(folder / "journal"), pid=pid,
    )  # fmt: skip


def notes_of(folder: Path) -> list[tuple[int, float]]:
    path = folder / "log.times"
    return list(NOTE.iter_unpack(path.read_bytes())) if path.exists() else []


def grow(folder: Path, size: int) -> None:
    with (folder / "log").open("ab") as log:
        log.write(b"x" * size)


def test_a_note_says_after_which_look_a_log_grew(tmp_path: Path) -> None:
    times, live_try = LogTimes(), a_try(tmp_path)
    times.look([live_try], 99.0)  # there is no log yet
    grow(tmp_path, 10)
    times.look([live_try], 100.0)
    times.look([live_try], 101.0)
    assert notes_of(tmp_path) == []  # all of it is as old as the try
    grow(tmp_path, 5)
    times.look([live_try], 102.0)
    times.look([live_try], 103.0)
    grow(tmp_path, 5)
    times.look([live_try], 90.0)  # the clock was set back
    grow(tmp_path, 5)
    times.look([live_try], 91.0)
    assert notes_of(tmp_path) == [(10, 101.0), (15, 103.0), (20, 103.0)]
    assert (tmp_path / "log").read_bytes() == b"x" * 25


def test_the_last_lines_of_a_try_are_noted_after_its_end(tmp_path: Path) -> None:
    times = LogTimes()
    grow(tmp_path, 10)
    times.look([a_try(tmp_path)], 100.0)
    grow(tmp_path, 3)
    times.look([], 101.0)
    times.look([], 102.0)
    assert notes_of(tmp_path) == [(10, 100.0)]


def test_a_log_that_the_task_began_anew_has_only_the_notes_of_what_it_holds(tmp_path: Path) -> None:
    times, live_try = LogTimes(), a_try(tmp_path)
    grow(tmp_path, 10)
    times.look([live_try], 100.0)
    grow(tmp_path, 10)
    times.look([live_try], 101.0)
    seen = NotedTimes(tmp_path / "log")
    assert seen.refresh()
    (tmp_path / "log").write_bytes(b"xx")
    times.look([live_try], 102.0)
    grow(tmp_path, 3)
    times.look([live_try], 103.0)
    assert notes_of(tmp_path) == [(2, 102.0)]
    grow(tmp_path, 3)
    times.look([live_try], 104.0)
    (tmp_path / "log.times").write_bytes((tmp_path / "log.times").read_bytes()[:8])
    assert not seen.refresh(), "shorter than what was read"
    assert not seen


def test_a_log_that_grows_for_days_is_noted_once_a_minute(tmp_path: Path) -> None:
    times, live_try = LogTimes(), a_try(tmp_path)
    for second in range(3 * 3600):
        if second % 10 == 0:
            grow(tmp_path, 1)
        times.look([live_try], float(second))
    moments = [moment for _, moment in notes_of(tmp_path)]
    assert len(moments) < 3600 / 10 + 2 * 60 + 2
    later = [one for one in moments if one > 3600]
    assert max(after - one for one, after in itertools.pairwise(later)) <= 70


def test_a_try_without_a_process_is_not_looked_at(tmp_path: Path) -> None:
    times = LogTimes()
    grow(tmp_path, 10)
    times.look([a_try(tmp_path, None)], 100.0)
    grow(tmp_path, 3)
    times.look([a_try(tmp_path, None)], 101.0)
    assert notes_of(tmp_path) == []


def test_lines_that_a_task_prints_are_noted_while_it_runs(own: Live) -> None:
    own.configure("[runner]\npoll_seconds = 0.1\n")
    own.write("printing.py", PRINTING)
    own.start()
    assert own.run("printing") == ("success", {"pages": "success"})
    (log,) = own.workspace.root.glob(".dagtop/tries/*/*/log")
    notes = notes_of(log.parent)
    assert len(notes) >= 2
    assert notes == sorted(notes)
    text = log.read_bytes()
    assert all(text[offset - 1 : offset] == b"\n" for offset, _ in notes)
    assert set(text.split(b"\n")[1:-2]) == {b"page"}  # its bytes are what was printed
