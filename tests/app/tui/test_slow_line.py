"""A reader that takes 5 kB/s while a log is followed at 100 lines/s: frames are left out, the last
key is answered within a few frames' bytes, and nothing is kept waiting."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.app.tui.world import World
from tests.app.tui.worlds_of_logs import fill_logs
from tests.support.terminal import Terminal, the_ui

RATE = 5_000
"""Bytes a second that the terminal takes."""
TICK = 0.05
MOST = 40_000
"""Bytes until the last key is answered: what the kernel's buffer holds (some 20 kB at most), the
frame that was being written, and the frame of the answer."""


@contextmanager
def growing(path: Path) -> Iterator[None]:
    """A log that grows by 100 lines a second."""
    stop = threading.Event()

    def write() -> None:
        number = 0
        with path.open("ab", buffering=0) as file:
            while not stop.wait(0.01):
                number += 1
                file.write(
                    b"\x1b[32mstep %06d\x1b[0m  loss %.6f %s\n" % (number, 1 / number, b"x" * 40)
                )

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def read_slowly(one: Terminal, until: Callable[[bytes], bool], seconds: float) -> bytes:
    """Take what there is at that rate, until it holds what is wanted or the time is over."""
    found, deadline = b"", time.monotonic() + seconds
    while time.monotonic() < deadline and not until(found):
        time.sleep(TICK)
        found += os.read(one.fd, round(RATE * TICK))
    return found


def test_a_slow_line_gets_the_newest_frame_and_answers(world: World, tmp_path: Path) -> None:
    fill_logs(world)
    log = max(world.workspace.state.rglob("log"), key=lambda path: path.stat().st_size)
    with the_ui(world.workspace, tmp_path, size=(120, 40)) as one:
        one.read_until(lambda output: b"running" in output)
        one.quiet()
        one.press(b"\r", lambda output: b"train" in output)
        one.quiet()
        one.press(b"jj\r", lambda output: b"epoch" in output)
        one.quiet()
        process = psutil.Process(one.pid)
        with growing(log):
            read_slowly(one, lambda _: False, 2.0)
            before, cpu = process.memory_info().rss, one.cpu_seconds()
            for _ in range(10):
                os.write(one.fd, b"kj")
                read_slowly(one, lambda _: False, 0.3)
            used = one.cpu_seconds() - cpu
            os.write(one.fd, b"?")
            answer = read_slowly(one, lambda found: b"Esc closes" in found, 20.0)
            grown = process.memory_info().rss - before
        assert b"Esc closes" in answer, "the last key isn't answered"
        assert len(answer) < MOST, f"{len(answer):,} bytes until the answer"
        assert grown < 16 * 2**20, f"{grown / 2**20:.1f} MiB more"
        assert used < 2.5, f"{used:.2f} CPU-s in 3 s"
        one.quiet()
        os.write(one.fd, b"\x1b")
        one.quiet()
        one.press(b"q", lambda output: b"\x1b[?25h" in output)
        assert one.end() == 0
