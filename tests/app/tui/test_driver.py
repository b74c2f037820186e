"""The thread that writes frames: a terminal that reads slowly holds nothing up."""

from __future__ import annotations

import os
import select
import threading
import time

import pyte

from app.tui.driver import FrameWriter, WakingEvent
from app.tui.frames import FrameBuffer

SIZE = (80, 24)


def frame(number: int) -> str:
    lines = (
        f"\x1b[{y + 1};1H\x1b[3{y % 8}mframe {number} line {y} {'x' * 50}\x1b[0m" for y in range(24)
    )
    return "".join(lines)


def read_all(fd: int, into: bytearray) -> None:
    while data := os.read(fd, 4096):
        into.extend(data)


def test_frames_are_left_out_while_nobody_reads_and_the_last_one_arrives() -> None:
    reader, writer_end = os.pipe()
    writer = FrameWriter(writer_end, FrameBuffer(*SIZE))
    writer.start()
    began = time.monotonic()
    for number in range(500):
        writer.feed(frame(number), SIZE)
        writer.flush()
    assert time.monotonic() - began < 20
    output = bytearray()
    thread = threading.Thread(target=read_all, args=(reader, output))
    thread.start()
    writer.stop()
    os.close(writer_end)
    thread.join()
    os.close(reader)
    assert len(output) < 500 * 2000
    screen = pyte.Screen(*SIZE)
    pyte.ByteStream(screen).feed(bytes(output))
    assert screen.display[23].startswith("frame 499 line 23")


def test_a_terminal_that_is_gone_ends_the_thread() -> None:
    reader, writer_end = os.pipe()
    os.close(reader)
    writer = FrameWriter(writer_end, FrameBuffer(*SIZE))
    writer.start()
    writer.feed(frame(1), SIZE)
    writer.flush()
    writer.stop()
    os.close(writer_end)


def test_the_end_wakes_what_waits_for_a_key() -> None:
    event = WakingEvent()

    def wakes() -> bool:
        return bool(select.select([event], [], [], 0)[0])

    for _ in range(2):  # after a program that was started in between, it all begins anew
        assert not wakes()
        event.set()
        event.set()
        assert wakes()
        assert event.is_set()
        event.clear()
        event.clear()
    assert not wakes()
    event.close()
