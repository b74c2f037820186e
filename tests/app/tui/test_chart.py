"""Charts in text: exactly as large as asked, nothing lost, for any numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from math import inf, isfinite, nan
from time import process_time
from typing import Literal
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.models.chart import (
    Axis,
    Chart,
    Limit,
    Mark,
    Series,
    chart_lines,
    chart_svg,
    chart_text,
    downsample,
    ticks,
)
from app.tui.models.chart.raster import drawn
from app.tui.models.chart.series import Unit
from app.tui.models.chart.ticks import duration_text
from app.tui.spans import Span, plain, width_of
from app.tui.theme import ASCII, UNICODE

GOOD, BAD = Mark("✓", "state.run.success", "success", 3), Mark("✗", "state.run.failed", "failed", 0)
UNITS: tuple[Unit, ...] = ("number", "count", "duration", "time", "bytes", "percent")


def shown(chart: Chart, width: int = 60, height: int = 14) -> str:
    return chart_text(chart, width, height, zone=UTC)


def rows(chart: Chart, width: int = 60, height: int = 14) -> list[str]:
    return shown(chart, width, height).splitlines()


def values() -> st.SearchStrategy[float]:
    near = st.floats(-100, 100)
    odd = st.sampled_from([nan, inf, -inf, 0.0, 5e-324, -1.7e308, 1.7e308, 1e16, 1e16 + 2])
    return st.one_of(near, odd, st.floats())


@st.composite
def series(draw: st.DrawFn) -> Series:
    count = draw(st.integers(0, 30))
    xs = draw(st.lists(values(), min_size=count, max_size=count))
    ys = draw(st.lists(values(), min_size=count, max_size=count))
    marks = draw(st.sampled_from([[], [GOOD] * count, [BAD, GOOD] * (count // 2)]))
    kinds: list[Literal["line", "points", "bars"]] = ["line", "points", "bars"]
    kind = draw(st.sampled_from(kinds))
    return Series(draw(st.sampled_from(["", "loss", "损失"])), xs, ys, "accent", kind, marks)


def axes() -> st.SearchStrategy[Axis]:
    edge = st.none() | values()
    text = st.sampled_from([None, lambda value: f"run {value:g}"])
    return st.builds(
        Axis, unit=st.sampled_from(UNITS), low=edge, high=edge, log=st.booleans(), text=text
    )


@given(
    chart=st.builds(
        Chart,
        series=st.lists(series(), max_size=3),
        x=axes(),
        y=axes(),
        limits=st.lists(st.builds(Limit, values(), st.sampled_from(["", "median 3m"])), max_size=2),
        slot=st.none() | st.just(1.0) | values(),
        cursor=st.none() | values(),
    ),
    width=st.integers(-1, 70),
    height=st.integers(-1, 24),
    ascii_only=st.booleans(),
)
def test_a_chart_is_as_large_as_asked_whatever_it_shows(
    chart: Chart, width: int, height: int, ascii_only: bool
) -> None:
    lines = chart_lines(chart, width, height, ASCII if ascii_only else UNICODE, UTC)
    assert len(lines) == max(0, height)
    assert all(width_of(line) == max(0, width) for line in lines)
    assert all(piece.text.isprintable() for line in lines for piece in line)


@given(st.lists(values(), max_size=200), st.integers(1, 20))
def test_fewer_points_keep_the_extremes_and_what_is_not_finite(
    ys: list[float], columns: int
) -> None:
    xs = [float(place) for place in range(len(ys))]
    kept = downsample(xs, ys, 0.0, max(1.0, len(xs) - 1.0), columns)
    finite, left = [y for y in ys if isfinite(y)], [y for _, y in kept if isfinite(y)]
    assert (min(finite), max(finite)) == (min(left), max(left)) if finite else not left
    odd = [x for x, y in zip(xs, ys, strict=True) if not isfinite(y)]
    assert [x for x, y in kept if not isfinite(y)] == odd
    assert [x for x, _ in kept] == sorted(x for x, _ in kept)
    assert len(left) <= 4 * (columns + 1 + len(odd))


@given(st.sampled_from(UNITS), values(), values(), st.integers(1, 12))
def test_ticks_are_inside_and_in_order(unit: Unit, one: float, other: float, most: int) -> None:
    low, high = sorted((one, other))
    if not (isfinite(low) and isfinite(high) and high - low > abs(high) * 1e-9 + 1e-200):
        return
    found = ticks(unit, low, high, most, UTC)
    room = (high / 2 - low / 2) * 1e-6
    assert all(low - room <= tick.value <= high + room for tick in found)
    assert [tick.value for tick in found] == sorted({tick.value for tick in found})
    assert len(found) <= 2 * most + 4


def test_a_line_goes_from_corner_to_corner() -> None:
    lines = rows(Chart([Series("up", [0, 1], [0, 10])]), 40, 10)
    assert lines[0].strip() == "─ up"
    assert lines[1].startswith("10 ┤")
    assert lines[1].endswith(("⠋", "⡠", "⠊", "⠉", "⢀", "⡰", "⠔", "⠁"))
    assert lines[7].startswith(" 0 ┤")
    assert "└┬" in lines[8]


def test_a_gap_and_the_infinities_are_marked_where_they_are() -> None:
    ys = [1.0, 2.0, nan, 2.0, inf, 1.0, -inf, 2.0]
    lines = rows(Chart([Series("loss", range(8), ys)]), 45, 12)
    assert lines[1].index("▲") > lines[-3].index("×")
    assert "▼" in lines[-4]
    assert lines[-3].startswith("NaN")


def test_all_nan_is_seen_as_such() -> None:
    lines = rows(Chart([Series("loss", range(40), [nan] * 40)]), 45, 10)
    assert lines[-3].count("×") == 40


def test_points_that_are_not_finite_are_seen_among_thousands() -> None:
    ys = [float(number % 7) for number in range(30_000)]
    ys[12_345], ys[20_000] = nan, inf
    text = shown(Chart([Series("loss", range(30_000), ys)]), 80, 20)
    assert text.count("×") == 1
    assert text.count("▲") == 1


def test_bars_have_a_glyph_for_their_state_below() -> None:
    bars = Series("", [0, 1, 2], [60, 120, 90], kind="bars", marks=[GOOD, BAD, GOOD])
    chart = Chart([bars], y=Axis("duration"), slot=1, limits=[Limit(90, "median 1m 30s")])
    lines = rows(chart, 50, 12)
    assert lines[0].split() == ["✗", "failed", "✓", "success", "┄", "median", "1m", "30s"]
    assert re.fullmatch(r" +✓ +✗ +✓", lines[-3])
    assert sum("┄┄┄" in line for line in lines[1:]) == 1
    assert " median 1m 30s " in "\n".join(lines[1:])


def test_where_bars_share_a_cell_the_highest_and_the_worst_are_seen() -> None:
    marks = [BAD if number == 150 else GOOD for number in range(300)]
    ys = [10.0 if number == 40 else 1.0 for number in range(300)]
    chart = Chart([Series("", range(300), ys, kind="bars", marks=marks)], slot=1)
    lines = rows(chart, 60, 12)
    assert lines[-3].count("✗") == 1
    assert lines[1].count("█") == 1


def test_the_newest_of_few_runs_is_at_the_right_edge() -> None:
    points = Series("", [0, 1], [1, 2], kind="points", marks=[GOOD, BAD])
    lines = rows(Chart([points], slot=1), 60, 10)
    assert lines[1].rstrip().endswith("✗")
    assert len(lines[1]) >= 57


def test_the_cells_of_the_cursor_are_lit_up_from_top_to_bottom() -> None:
    chart = Chart([Series("", range(10), [1.0] * 10, kind="bars")], slot=1, cursor=4)
    lines = chart_lines(chart, 60, 10, UNICODE)
    lit = [sum(piece.role.endswith("@idle") for piece in line) for line in lines]
    assert lit == [1] * 8 + [0, 0]


def test_a_logarithmic_axis_marks_what_has_no_logarithm() -> None:
    chart = Chart([Series("loss", range(5), [100, 10, 1, 0, 0.1])], y=Axis(log=True))
    lines = rows(chart, 50, 16)
    labels = [line.split()[0] for line in lines if "┤" in line]
    assert labels == ["100", "10", "1", "0.1"]
    assert sum("▼" in line for line in lines) == 1


def test_a_logarithmic_axis_of_durations_has_round_ones() -> None:
    chart = Chart([Series("", [0, 1], [30, 7200])], y=Axis("duration", log=True))
    labels = [line.split(" ┤")[0].strip() for line in rows(chart, 50, 20) if "┤" in line]
    assert labels[0] == "2h"
    assert labels[-1] == "30s"


def test_ascii_has_nothing_else() -> None:
    bars = Series("bars", range(5), [1, 2, nan, 4, inf], kind="bars")
    chart = Chart([bars, Series("line", range(5), [4, nan, 1, 2, 3])], limits=[Limit(2, "half")])
    text = chart_text(chart, 60, 14, ASCII)
    assert text.isascii()
    assert "*" in text
    assert "#" in text


def test_no_points_say_so() -> None:
    assert "no runs yet" in shown(Chart([], empty="no runs yet"))
    assert "nothing to draw" in shown(Chart([Series("a", [nan], [1.0])]))


def test_labels_are_of_the_unit() -> None:
    assert [tick.text for tick in ticks("duration", 0, 300, 5, UTC)] == [
        "0s", "1m", "2m", "3m", "4m", "5m",
    ]  # fmt: skip
    assert [tick.text for tick in ticks("bytes", 0, 2**30, 2, UTC)] == ["0 B", "512 MiB", "1.0 GiB"]
    assert [tick.text for tick in ticks("count", 0, 3, 9, UTC)] == ["0", "1", "2", "3"]
    assert [tick.text for tick in ticks("number", 0, 0.3, 3, UTC)] == ["0.0", "0.1", "0.2", "0.3"]
    assert [tick.text for tick in ticks("percent", 0, 100, 2, UTC)] == ["0%", "50%", "100%"]


def test_times_are_round_in_the_zone_of_the_user() -> None:
    start = datetime(2026, 3, 28, 18, 20, tzinfo=UTC).timestamp()
    berlin = ZoneInfo("Europe/Berlin")
    found = ticks("time", start, start + 86_400, 5, berlin)
    assert [tick.text for tick in found] == ["29 Mar", "06:00", "12:00", "18:00"]
    assert found[1].value - found[0].value == 5 * 3600  # the clock was put forward that night
    year = ticks("time", start, start + 365 * 86_400, 4, berlin)
    assert [tick.text for tick in year] == ["Apr 2026", "Jul 2026", "Oct 2026", "Jan 2027"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.5, "0.5s"), (90, "1m 30s"), (3600, "1h"), (9000, "2h 30m"), (259_200, "3d")],
)
def test_durations_leave_out_what_is_nothing(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_a_picture_is_well_formed_and_hides_nothing() -> None:
    chart = Chart([Series("<loss> & \x1b[31m", range(9), [1, 2, 3, nan, 5, 6, 7, 8, 9])])
    picture = ET.fromstring(chart_svg(chart, 60, 12))
    words = "".join(picture.itertext())
    assert "<loss> &" in words
    assert "\x1b" not in words
    assert "×" in words


def test_names_from_data_are_harmless() -> None:
    evil = "evil\x1b[2J\x9b31m"
    chart = Chart(
        [Series(evil, [0, 1], [0, 1])],
        title=(Span("t"),),
        x=Axis(text=lambda _: evil),
        limits=[Limit(0.5, evil)],
    )
    for line in chart_lines(chart, 70, 14, UNICODE):
        assert plain(line).isprintable()


def test_thirty_thousand_points_take_hardly_longer_than_looking_at_them() -> None:
    """By ratio, not by time: 60 ms on the machine of the figures for noise, which is the worst."""
    xs = [float(number) for number in range(30_000)]
    ys = [float(number * 7919 % 1000) for number in range(30_000)]
    chart = Chart([Series("loss", xs, ys)])

    def look() -> None:
        for x, y in zip(xs, ys, strict=True):
            if 0.0 <= y <= 1000.0:
                int(x * 0.5)

    assert fastest(lambda: chart_lines(chart, 80, 20, UNICODE)) < 60 * fastest(look)


def test_one_cell_has_room_for_a_line() -> None:
    chart = Chart([Series("loss", [0.0, 1.0], [0.0, 1.0])])
    assert [plain(line) for line in chart_lines(chart, 1, 1, ASCII)] == ["*"]


def test_a_cursor_that_moves_over_a_chart_draws_no_line_anew() -> None:
    ys = [float(number * 7919 % 1000) for number in range(1000)]
    chart = Chart([Series("loss", list(range(1000)), ys)])
    chart_lines(chart, 80, 20, UNICODE)
    before = drawn.cache_info().misses
    moved = chart_lines(replace(chart, cursor=500.0), 80, 20, UNICODE)
    assert drawn.cache_info().misses == before
    assert [plain(line) for line in moved] == [
        plain(line) for line in chart_lines(chart, 80, 20, UNICODE)
    ]


def fastest(what: object) -> float:
    assert callable(what)
    found: list[float] = []
    for _ in range(5):
        begin = process_time()
        what()
        found.append(process_time() - begin)
    return min(found)
