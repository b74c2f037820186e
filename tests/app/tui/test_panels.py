"""Panels: who gets how much room, and where the cursor goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.models.panels import Cursor, Panel, Row, arrange, box_line, heights
from app.tui.spans import Span, plain, width_of


def panel(name: str, rows: int, *, is_right: bool = False) -> Panel:
    made = tuple(
        Row(f"{name}{number}", lambda width, number=number: (Span(f"row {number}"),))
        for number in range(rows)
    )
    return Panel(name, (Span(name, "title"),), made, "nothing", is_right=is_right)


@pytest.mark.parametrize(
    ("wanted", "room", "given"),
    [
        ([3, 3], 10, [3, 3]),
        ([9, 9], 10, [5, 5]),
        ([9, 2, 9], 12, [5, 2, 5]),
        ([20, 3, 9], 13, [5, 3, 5]),
        ([9, 9, 9], 5, [3, 2, 0]),
        ([9], 1, [0]),
        ([], 5, []),
    ],
)
def test_panels_get_a_fair_share(wanted: list[int], room: int, given: list[int]) -> None:
    assert heights(wanted, room) == given


@given(st.lists(st.integers(2, 60), max_size=8), st.integers(0, 60))
def test_shares_never_exceed_the_room_nor_what_is_wanted(wanted: list[int], room: int) -> None:
    shares = heights(wanted, room)
    assert sum(shares) <= room
    assert all(have <= want for have, want in zip(shares, wanted, strict=True))
    if sum(wanted) <= room:
        assert shares == wanted


def test_narrow_panels_stand_below_one_another() -> None:
    boxes = arrange([panel("a", 3), panel("b", 30, is_right=True)], 80, 20)
    assert [(box.x, box.width) for box in boxes] == [(0, 80), (0, 80)]
    assert [(box.y, box.height) for box in boxes] == [(0, 4), (4, 16)]


def test_wide_panels_stand_in_two_columns() -> None:
    boxes = arrange([panel("a", 3), panel("b", 30, is_right=True), panel("c", 9)], 120, 20)
    assert [(box.panel.name, box.y) for box in boxes] == [("a", 0), ("c", 5), ("b", 0)]
    assert boxes[2].x == boxes[0].width + 3
    assert boxes[2].x + boxes[2].width == 120


def moved(cursor: Cursor, *steps: int) -> str:
    for step in steps:
        cursor.move(step)
    return cursor.key


def test_the_cursor_goes_through_all_rows_of_all_panels() -> None:
    cursor = Cursor()
    cursor.arranged(arrange([panel("a", 2), panel("b", 0), panel("c", 2)], 80, 20))
    assert cursor.key == "a0"
    assert moved(cursor, 1, 1) == "c0"
    assert moved(cursor, 9) == "c1"
    assert moved(cursor, -2) == "a1"
    cursor.turn(1)
    assert cursor.key == "c0"
    cursor.turn(-1)
    assert cursor.key == "a0"


def test_the_cursor_stays_on_its_row_when_others_come_and_near_it_when_it_goes() -> None:
    cursor = Cursor()
    a, b = panel("a", 3), panel("b", 3)
    cursor.arranged(arrange([a, b], 80, 20))
    moved(cursor, 1)
    newer = Panel("a", a.title, (Row("new", a.rows[0].paint), *a.rows))
    cursor.arranged(arrange([newer, b], 80, 20))
    assert cursor.key == "a1"
    cursor.arranged(arrange([Panel("a", a.title, a.rows[:1]), b], 80, 20))
    assert cursor.key == "a0"
    cursor.arranged(arrange([b], 80, 20))
    assert cursor.panel == "b"
    cursor.arranged(())
    assert cursor.row is None


def test_a_panel_scrolls_to_the_cursor_and_says_how_much_is_out_of_sight() -> None:
    cursor = Cursor()
    cursor.arranged(arrange([panel("a", 30)], 40, 6))
    moved(cursor, 9)
    (box,) = cursor.boxes
    lines = [box_line(box, y, cursor, "-", "~") for y in range(box.height)]
    assert [plain(line).strip() for line, _ in lines[1:]] == [f"row {n}" for n in range(5, 10)]
    assert [here for _, here in lines] == [False] * 5 + [True]
    assert plain(lines[0][0]).endswith(" 6-10 of 30 ")
    assert {width_of(line) for line, _ in lines} == {40}


def test_a_panel_without_rows_says_so() -> None:
    cursor = Cursor()
    cursor.arranged(arrange([panel("a", 0)], 40, 6))
    (box,) = cursor.boxes
    assert plain(box_line(box, 1, cursor, "-", "~")[0]).strip() == "nothing"
