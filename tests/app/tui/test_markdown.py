"""Markdown in the terminal UI."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.tui.models.markdown import LEAST, markdown_lines
from app.tui.spans import plain, width_of
from tests.app.tui.world import ESCAPES


def shown(text: str, width: int = 40) -> list[str]:
    return [plain(line).rstrip() for line in markdown_lines(text, width)]


def test_what_is_bold_meant_code_or_a_link_loses_its_signs_and_has_a_role() -> None:
    (line,) = markdown_lines("a **b** *c* `d` ~~e~~ [f](https://g)", 60)
    assert plain(line) == "a b c d e f (https://g)"
    roles = {piece.text: piece.role for piece in line}
    assert roles["b"] == "strong"
    assert roles["c"] == "accent"
    assert roles["d"] == "code.string"
    assert roles["e"] == "dim"
    assert roles["f"] == "accent"


def test_lines_end_where_they_were_ended_and_paragraphs_stand_apart() -> None:
    assert shown("one\ntwo\n\nthree") == ["one", "two", "", "three"]


def test_lists_are_indented_with_their_marks() -> None:
    assert shown("- a\n  b\n- c\n  1. d\n  2. e\n") == ["- a", "  b", "- c", "  1. d", "  2. e"]
    assert shown("- - a\n- b") == ["- - a", "- b"]


def test_tables_have_columns_and_give_way_where_there_is_no_room() -> None:
    text = "| run | loss |\n|---|---|\n| first | 0.1 |\n"
    assert shown(text) == ["run    loss", "first  0.1"]
    wide = f"| {'a' * 30} | {'b' * 30} |\n|---|---|\n"
    assert width_of(markdown_lines(wide, 30)[0]) <= 30


def test_quotes_code_and_html_are_text() -> None:
    assert shown("> a\n> b") == ["> a", "> b"]
    assert shown("```\n# no title\n```") == ["  # no title"]
    assert shown("<b>x</b>") == ["<b>x</b>"]


def test_hostile_text_is_harmless() -> None:
    for text in (ESCAPES, f"[a](<{ESCAPES}>)", f"```\n{ESCAPES}\n```", f"| {ESCAPES} |\n|---|\n"):
        assert all(char.isprintable() for line in shown(text) for char in line)


@given(st.text(alphabet="a *_`~[]()#->|\n1.!<\\日", max_size=60), st.integers(1, 60))
def test_no_line_is_wider_than_there_is_room_for(text: str, width: int) -> None:
    for line in markdown_lines(text, width):
        assert width_of(line) <= max(LEAST, width) + 20  # lists in lists keep a few cells
