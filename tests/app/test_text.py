from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text import escape_json, sanitize, sanitize_lines, sanitize_log

SGR = re.compile(r"\x1b\[[0-9;:]*m")
DANGEROUS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
HOSTILE = st.text(
    st.sampled_from("\x1b\x9b\x9d\x90\x07\x00\r\n\t\\[]P(;:m0123HJKabc é\u202e\u200f\ud800"),
    max_size=40,
)


@given(HOSTILE | st.text(max_size=60))
def test_nothing_that_a_terminal_acts_on_is_left_of_data(text: str) -> None:
    assert not DANGEROUS.search(sanitize(text))
    assert "\n" not in sanitize(text)
    assert not DANGEROUS.search(sanitize_lines(text))


@given(HOSTILE | st.text(max_size=60))
def test_only_colours_are_left_of_a_log_line(text: str) -> None:
    safe = sanitize_log(text)
    assert "\n" not in safe
    assert not DANGEROUS.search(SGR.sub("", safe))


@given(HOSTILE | st.text(max_size=60))
def test_json_means_the_same_without_anything_that_a_terminal_acts_on(text: str) -> None:
    document = escape_json(json.dumps([text], ensure_ascii=False))
    assert json.loads(document) == [text]
    assert not DANGEROUS.search(document)


@given(HOSTILE | st.text(max_size=60))
def test_safe_text_stays_as_it_is(text: str) -> None:
    for clean in (sanitize, sanitize_lines, sanitize_log):
        assert clean(clean(text)) == clean(text)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_is_not_touched(text: str) -> None:
    assert sanitize(text) == sanitize_lines(text) == sanitize_log(text) == text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\x1b[2Jb", "ab"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]8;;http://x\x1b\\link", "alink"),
        ("a\x1bPq#0\x1b\\b", "ab"),
        ("a\x1b(Bb", "ab"),
        ("a\x9b1;1Hb", "ab"),
        ("unfinished \x1b]0;payload", "unfinished 0;payload"),
        ("tab\tstays", "tab\tstays"),
        ("two\nlines", "two lines"),
        ("abc\u202efdp.exe", "abcfdp.exe"),
        ("bell\x07 null\x00", "bell null"),
    ],
)
def test_sequences_are_removed_whole(raw: str, shown: str) -> None:
    assert sanitize(raw) == shown


def test_lines_stay_lines_where_there_are_several() -> None:
    assert sanitize_lines("one\x1b[2J\ntwo\r\n") == "one\ntwo\n"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[1;32mgreen\x1b[0m", "\x1b[1;32mgreen\x1b[0m"),
        ("\x1b[38:2::1:2:3mexact\x1b[m", "\x1b[38:2::1:2:3mexact\x1b[m"),
        ("\x1b[2J\x1b[31mred", "\x1b[31mred"),
        ("\x1b[3\x001m", "31m"),
        (" 10%\r 50%\r100%", "100%"),
        (" 10%\r100%\r\n", "100%"),
    ],
)
def test_a_log_line_keeps_colours_and_its_last_state(raw: str, shown: str) -> None:
    assert sanitize_log(raw) == shown


@pytest.mark.parametrize("unit", ["\x1b]", "\x9d", "\x1b[0", "\x1b[0;", "\x9dx", "\x1b"])
def test_hostile_text_takes_time_in_proportion_to_its_length(unit: str) -> None:
    """Work in proportion to the square of the length would not end before the test's own limit."""
    text = unit * 200_000
    assert "\x1b" not in sanitize(text)
    assert "\x9d" not in sanitize_log(text)
