"""The writer of differences: whatever Textual writes, the terminal ends up showing the same."""

from __future__ import annotations

import re
from itertools import chain

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.tui.frames import FrameBuffer, parts_of, transition

WIDTH, HEIGHT = 12, 4
STYLES = ["", "1", "2", "31", "1;32", "38;2;1;2;3", "48;2;9;9;9", "38;5;200;48;5;17", "7", "4;33"]
TEXT = st.text(alphabet="ab .█✓训", min_size=1, max_size=8)
PIECE = st.tuples(
    st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 1), st.sampled_from(STYLES), TEXT
)
FRAME = st.lists(PIECE, max_size=6)


def textual_output(frame: list[tuple[int, int, str, str]]) -> str:
    """What Rich and Textual write: a position, a style set from scratch, a text, a reset."""
    out = []
    for row, column, style, text in frame:
        shown = text[: (WIDTH - column) // 2] or "a"
        body = f"\x1b[{style}m{shown}\x1b[0m" if style else shown
        out.append(f"\x1b[{row + 1};{column + 1}H{body}")
    return "".join(out)


def looks(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """What can be seen: of a blank only its ground and the lines through it."""

    def look(y: int, x: int) -> tuple[object, ...]:
        char = screen.buffer[y][x]
        if (char.data == "" and (x == 0 or screen.buffer[y][x - 1].data != "训")) or (
            char.data == "训" and screen.buffer[y][x + 1].data != ""
        ):
            return (" ", "any")  # half a wide character: terminals blank it, pyte leaves it
        if char.data == " " and not char.underscore and not char.reverse:
            return (" ", char.bg)
        return (char.data, char.fg, char.bg, char.bold, char.reverse, char.underscore)

    return [[look(y, x) for x in range(WIDTH)] for y in range(HEIGHT)]


def same(one: pyte.Screen, other: pyte.Screen) -> bool:
    """Whether both show the same; where one has half a character, the other has a blank."""
    pairs = zip(chain(*looks(one)), chain(*looks(other)), strict=True)
    return all(a == b or ("any" in (*a, *b) and a[0] == b[0] == " ") for a, b in pairs)


@settings(max_examples=150)
@given(st.lists(FRAME, max_size=5))
def test_the_terminal_shows_what_textual_wrote(
    frames: list[list[tuple[int, int, str, str]]],
) -> None:
    buffer = FrameBuffer(WIDTH, HEIGHT)
    ours, plain = pyte.Screen(WIDTH, HEIGHT), pyte.Screen(WIDTH, HEIGHT)
    our_stream, plain_stream = pyte.Stream(ours), pyte.Stream(plain)
    for frame in frames:
        written = textual_output(frame)
        plain_stream.feed(written)
        buffer.feed(written)
        our_stream.feed(buffer.take())
    assert same(ours, plain)


@given(st.lists(FRAME, max_size=5))
def test_frames_left_out_leave_the_same_picture(
    frames: list[list[tuple[int, int, str, str]]],
) -> None:
    every, last = FrameBuffer(WIDTH, HEIGHT), FrameBuffer(WIDTH, HEIGHT)
    one, other = pyte.Screen(WIDTH, HEIGHT), pyte.Screen(WIDTH, HEIGHT)
    one_stream, other_stream = pyte.Stream(one), pyte.Stream(other)
    for frame in frames:
        written = textual_output(frame)
        every.feed(written)
        one_stream.feed(every.take())
        last.feed(written)
    other_stream.feed(last.take())
    assert same(one, other)


def test_writing_the_same_again_costs_nothing() -> None:
    buffer = FrameBuffer(20, 2)
    frame = "\x1b[1;1H\x1b[1;31mhello\x1b[0m"
    buffer.feed(frame)
    assert buffer.take()
    buffer.feed(frame)
    assert not buffer.pending
    assert buffer.take() == ""


def test_only_what_differs_is_written() -> None:
    buffer = FrameBuffer(40, 2)
    buffer.feed("\x1b[1;1Hthe quick brown fox")
    buffer.take()
    buffer.feed("\x1b[1;1Hthe quick green fox")
    written = buffer.take()
    assert "gr" in written
    assert "quick" not in written
    assert "fox" not in written


def test_a_resize_writes_everything_again() -> None:
    buffer = FrameBuffer(10, 1)
    buffer.feed("\x1b[1;1Hhello")
    buffer.take()
    buffer.resize(12, 1)
    buffer.feed("\x1b[1;1Hhello")
    assert "hello" in buffer.take()


def test_other_sequences_pass_through() -> None:
    buffer = FrameBuffer(10, 1)
    buffer.feed("\x1b[?1000h\x1b[?25l")
    assert buffer.take().startswith("\x1b[?1000h\x1b[?25l")


def test_nothing_is_drawn_once_the_alternate_screen_is_left() -> None:
    buffer = FrameBuffer(10, 1)
    buffer.feed("\x1b[1;1Hhello")
    buffer.feed("\x1b[?1049l\x1b[?25h")
    assert buffer.take() == "\x1b[?1049l\x1b[?25h"


def test_frames_are_bracketed_where_the_terminal_can() -> None:
    buffer = FrameBuffer(10, 1)
    buffer.feed("\x1b[?2026h\x1b[1;1Hhi\x1b[?2026l")
    written = buffer.take()
    assert written.startswith("\x1b[?2026h")
    assert written.endswith("\x1b[?2026l")


def test_a_style_changes_by_what_differs() -> None:
    assert transition("38;2;1;2;3;48;2;4;5;6", "38;2;9;9;9;48;2;4;5;6") == "\x1b[38;2;9;9;9m"
    assert transition("1;31", "31") == "\x1b[22m"
    assert parts_of("1;38;5;200;48;2;1;2;3") == ({"1"}, "38;5;200", "48;2;1;2;3")


EVIL = "\x1b]0;t\x07\x1b[2J\x1b[?1049l\x9b2J\x90p\x9c\x7f\x08\u202e\u2066"


@pytest.mark.parametrize("text", [f"a{EVIL}b", f"a{EVIL}\u00e9"])
def test_a_frame_brings_no_sequence_of_its_own(text: str) -> None:
    """Data is sanitised where it comes in; should any get as far as this, it ends here."""
    buffer = FrameBuffer(12, 1)
    buffer.take()
    buffer.feed(f"\x1b[1;1H\x1b[31m{text}\x1b[0m")
    written = re.sub(r"\x1b\[[0-9;]*[HmC]", "", buffer.take())
    assert written.isprintable(), written
    assert written.startswith("a")


def test_a_sequence_for_the_terminal_itself_goes_on() -> None:
    buffer = FrameBuffer(12, 1)
    buffer.take()
    buffer.feed("\x1b]2;dagtop shop\x07\x1b[?25h")
    assert buffer.take() == "\x1b]2;dagtop shop\x07\x1b[?25h"


def test_without_unicode_no_byte_is_beyond_ascii() -> None:
    buffer = FrameBuffer(12, 1, ascii_only=True)
    buffer.take()
    buffer.feed("\x1b[1;1H\u256d\u2500\u256e\u2026\u8a13\u011b e\u0301!")
    written = buffer.take()
    assert written.isascii()
    assert re.sub(r"\x1b\[[0-9;]*[HmC]", "", written).startswith("+-+~??? e!")
