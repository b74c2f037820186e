"""Colours of log lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.text import sanitize_log
from app.tui.models.sgr import styled


def test_colours_and_weights_are_kept() -> None:
    pieces = styled("a \x1b[1;31mb\x1b[0m c")
    assert [text for text, _ in pieces] == ["a ", "b", " c"]
    style = pieces[1][1]
    assert style is not None
    assert style.bold
    assert style.color is not None
    assert style.color.name == "red"
    assert pieces[2][1] is None


def test_true_colours_are_kept_and_a_zero_in_them_is_no_reset() -> None:
    style = styled("\x1b[38;2;255;0;0mred")[0][1]
    assert style is not None
    assert style.color is not None
    assert style.color.get_truecolor() == (255, 0, 0)


def test_hidden_and_blinking_text_is_plain() -> None:
    assert styled("\x1b[8;5mhere") == [("here", None)]


def test_tabs_are_columns_of_eight() -> None:
    assert styled("a\tb") == [("a       b", None)]


@given(st.text(alphabet="\x1b[]0123456789;:mHJKab\x07\x9b\r\n", max_size=60))
def test_no_control_character_is_left(line: str) -> None:
    for text, _ in styled(sanitize_log(line)):
        assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text)
