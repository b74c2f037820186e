"""Text on its way to the screen."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from app.tui.models.log_painting import highlight
from app.tui.spans import Span, crop_middle, crop_text, fit, plain, span, width_of

WIDE = st.text(alphabet="ab 训练🚀👩‍💻é\u0301ש\u200d\ufe0f", max_size=30)


@given(st.lists(WIDE, max_size=4), st.integers(1, 40), st.booleans())
def test_a_fitted_line_is_exactly_as_wide_as_asked(
    texts: list[str], width: int, right: bool
) -> None:
    line = tuple(Span(text) for text in texts)
    assert width_of(fit(line, width, right=right)) == width


@given(WIDE, st.integers(0, 30))
@example("\u200d\u200d练", 1)
def test_a_cropped_text_fits(text: str, width: int) -> None:
    assert cell_len(crop_text(text, width)) <= max(width, 0)


@given(WIDE, st.integers(0, 30))
@example("\u200d\u200d练", 1)
def test_a_text_without_its_middle_fits(text: str, width: int) -> None:
    assert cell_len(crop_middle(text, width)) <= max(width, 0)


def test_names_that_begin_alike_are_told_apart_by_their_ends() -> None:
    assert crop_middle("resnet50-lr20", 12) == "resne…0-lr20"
    assert crop_middle("resnet50", 12) == "resnet50"
    assert crop_middle("日本語の実験二号", 9) == "日本…二号"


@given(st.text())
def test_a_span_of_data_has_no_control_characters(text: str) -> None:
    shown = span(text).text
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in shown)


def test_what_is_cut_ends_with_an_ellipsis_in_its_own_role() -> None:
    line = fit((Span("train ", "text"), Span("failed", "error")), 9)
    assert plain(line) == "train fa…"
    assert line[-1].role == "error"


def test_numbers_are_aligned_to_the_right() -> None:
    assert plain(fit((Span("7"),), 3, right=True)) == "  7"


@given(
    st.lists(st.text(st.sampled_from("abAB "), max_size=6), max_size=6),
    st.text("abAB", min_size=1, max_size=3),
    st.booleans(),
)
def test_matches_stand_out_and_the_rest_keeps_its_colours(
    parts: list[str], needle: str, any_case: bool
) -> None:
    own, mark = [Style(color="red"), None], Style(underline=True)
    line = [Segment(part, own[number % 2]) for number, part in enumerate(parts)]
    found = highlight(line, needle, mark, any_case=any_case)
    text = "".join(parts)
    pattern = re.compile(re.escape(needle), re.IGNORECASE if any_case else 0)
    expected = {place for spot in pattern.finditer(text) for place in range(*spot.span())}
    cells = [(char, one.style) for one in found for char in one.text]
    before = [style for part, style in zip(parts, own * 3, strict=False) for _ in part]
    assert "".join(char for char, _ in cells) == text
    for place, (_, style) in enumerate(cells):
        plain_style = before[place] or Style()
        wanted = plain_style + mark if place in expected else plain_style
        assert (style or Style()) == wanted
