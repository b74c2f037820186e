"""Lines of metrics: smoothed as others do it, bands, what a cursor reads, zooming."""

from __future__ import annotations

from math import inf, isfinite, isnan, nan
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.models.chart import (
    Axis,
    Bar,
    Box,
    Chart,
    Points,
    Series,
    Window,
    axis_of,
    band,
    bar_lines,
    beside,
    box_lines,
    chart_lines,
    chart_svg,
    chart_text,
    clipped,
    lines_of,
    quartiles,
    readings,
    smoothed,
    without_outliers,
)
from app.tui.models.chart.dots import LEFT, RIGHT, cells_of, columns_of
from app.tui.models.chart.raster import drawn
from app.tui.spans import plain, width_of
from app.tui.theme import ASCII, UNICODE, Palette
from app.tui.themes import THEMES


def line(*ys: float, name: str = "loss") -> Series:
    return Series(name, list(range(len(ys))), list(ys))


def text_of(chart: Chart, width: int = 60, height: int = 12) -> str:
    return "\n".join(plain(one) for one in chart_lines(chart, width, height, UNICODE))


# smoothing


def test_smoothing_is_the_debiased_average_of_tensorboard() -> None:
    # last = 0.6 last + 0.4 y, over 1 - 0.6 ** n
    assert smoothed([1.0, 2.0, 3.0], 0.6) == pytest.approx([1.0, 1.625, 2.32653061])


def test_smoothing_leaves_what_is_not_finite_and_counts_it_for_nothing() -> None:
    found = smoothed([1.0, nan, inf, 2.0], 0.6)
    assert isnan(found[1])
    assert found[2] == inf
    assert found[3] == pytest.approx(1.625)


def test_smoothing_leaves_a_line_that_never_changes_and_one_of_weight_zero() -> None:
    assert smoothed([0.1] * 50, 0.99) == [0.1] * 50
    assert smoothed([3.0, 1.0], 0.0) == [3.0, 1.0]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.floats(0.01, 0.999))
def test_a_smoothed_line_stays_between_its_extremes(ys: list[float], weight: float) -> None:
    for y in smoothed(ys, weight):
        assert min(ys) - 1e-3 <= y <= max(ys) + 1e-3


# what x is

POINTS = Points([0, 10, 20], [100.0, 101.5, 104.0], [3.0, 2.0, 1.0])


def test_x_is_the_step_the_time_the_time_since_the_start_or_another_metric() -> None:
    other = {"a": Points([0, 20], [100.0, 104.0], [0.5, 0.9])}

    def xs(kind: str) -> list[float]:
        return list(lines_of({"a": POINTS}, kind, other=other)[0].xs)  # type: ignore[arg-type]

    assert xs("step") == [0, 10, 20]
    assert xs("wall") == [100.0, 101.5, 104.0]
    assert xs("relative") == [0.0, 1.5, 4.0]
    first, middle, last = xs("metric")
    assert (first, last) == (0.5, 0.9)
    assert isnan(middle)


def test_times_of_day_have_no_logarithmic_axis() -> None:
    assert axis_of("wall", log=True) == Axis("time")
    assert axis_of("step", log=True) == Axis("count", log=True)


def test_lines_differ_in_character_and_colour_up_to_the_24th() -> None:
    for ascii_only in (False, True):
        series = lines_of({str(n): POINTS for n in range(24)}, "step", ascii_only=ascii_only)
        palette = Palette("dagtop-dark")
        looks = {(one.marker, palette.style(one.role).color) for one in series}
        assert len(looks) == 24


def test_every_theme_has_a_style_for_every_line() -> None:
    for theme in THEMES:
        for number in range(30):
            Palette(theme).style(f"series.{number}", "cursor")


def test_a_single_line_needs_no_character() -> None:
    assert lines_of({"a": POINTS}, "step")[0].marker == ""


# what isn't finite


def test_nan_and_infinities_are_marked_at_the_last_finite_value_each_by_its_own_glyph() -> None:
    chart = Chart([line(0.0, 1.0, nan, 0.5, inf, 0.2, -inf)], odd="last")
    lines = text_of(chart).splitlines()
    assert "× NaN  ▲ +inf  ▼ -inf" in lines[0]
    at = {glyph: row for row, text in enumerate(lines[1:]) for glyph in "×▲▼" if glyph in text}
    assert at["×"] < at["▲"] < at["▼"]  # at 1.0, at 0.5, at 0.2
    assert not any(text.lstrip().startswith("NaN") for text in lines[1:])


def test_what_is_not_finite_before_any_finite_value_is_marked_at_the_first_one() -> None:
    lines = text_of(Chart([line(nan, 5.0, 0.0)], odd="last")).splitlines()
    assert "×" in lines[1] + lines[2]


def test_a_line_of_nothing_but_nan_is_marked_below_the_plot() -> None:
    assert "NaN" in text_of(Chart([line(nan, nan)], odd="last")).splitlines()[-3]


def test_a_logarithmic_axis_marks_zero_at_the_lower_edge_and_calls_it_no_infinity() -> None:
    found = text_of(Chart([line(1.0, 0.0, 10.0)], y=Axis(log=True), odd="last"))
    assert "▼" in found.splitlines()[-3]
    assert "inf" not in found


def test_a_logarithmic_horizontal_axis_leaves_out_what_is_not_positive() -> None:
    chart = Chart([line(*range(1, 1002))], x=Axis("count", log=True))
    labels = text_of(chart).splitlines()[-1].split()
    assert labels[0] == "1"
    assert labels[-1] == "1,000"


# bands


def test_a_band_reaches_from_the_least_to_the_greatest_line() -> None:
    found = band("all", [line(0.0, 2.0), line(4.0, 1.0)], "faint", columns=2)
    assert found is not None
    assert list(found.xs) == [0.0, 0.5, 1.0]
    assert list(found.ys) == [0.0, 1.0, 1.0]
    assert list(found.tops) == [4.0, 2.5, 2.0]


def test_a_band_of_no_points_is_none() -> None:
    assert band("all", [line(nan)], "faint") is None


@given(st.lists(st.lists(st.floats(-100, 100), min_size=1, max_size=8), min_size=1, max_size=4))
def test_no_line_leaves_its_band_and_every_chart_of_it_can_be_painted(
    several: list[list[float]],
) -> None:
    lines = [line(*ys) for ys in several]
    found = band("all", lines, "faint", columns=14)
    assert found is not None
    assert all(low <= top for low, top in zip(found.ys, found.tops, strict=True))
    for glyphs in (UNICODE, ASCII):
        painted = chart_lines(Chart([found, *lines]), 50, 9, glyphs)
        assert {width_of(one) for one in painted} == {50}


# outliers


def test_outliers_are_left_out_of_the_range_and_lines_end_at_its_edge() -> None:
    ys = [*([1.0, 2.0] * 50), 1e6]
    reach = without_outliers([line(*ys)])
    assert reach is not None
    assert reach[0] < 1.0
    assert 2.0 < reach[1] < 3.0
    assert max(clipped(line(*ys), *reach).ys) == reach[1]


def test_there_are_no_outliers_among_a_few_points() -> None:
    assert without_outliers([line(1.0, 100.0)]) is None


# the cursor


def test_the_cursor_reads_every_line_at_its_nearest_point() -> None:
    chart = Chart([line(1.0, 2.0, nan, name="a"), Series("b", [0, 10], [5.0, 6.0])])
    assert [(one.name, one.x, one.y) for one in readings(chart, 1.2)] == [
        ("a", 1, 2.0),
        ("b", 0, 5.0),
    ]
    assert isnan(readings(chart, 2.0)[0].y)


def test_the_cursor_goes_from_cell_to_cell_and_stays_at_the_ends() -> None:
    chart = Chart([line(*([1.0] * 101))])
    assert beside(chart, None, 1, 50) == 100
    assert beside(chart, 50.0, 1, 50) == 52
    assert beside(chart, 50.0, -10, 50) == 30
    assert beside(chart, 100.0, 1, 50) == 100
    assert beside(chart, 0.0, -1, 50) == 0
    assert beside(Chart([]), None, 1, 50) is None


# zooming

EDGES = (0.0, 100.0)


def test_zooming_keeps_the_cursor_where_it_is_and_ends_at_the_whole() -> None:
    close = Window().zoomed(EDGES, 20.0, 0.5)
    assert close.on(EDGES) == (10.0, 60.0)
    assert close.zoomed(EDGES, 20.0, 2.0) == Window()


def test_panning_stays_within_the_points() -> None:
    close = Window(10.0, 60.0)
    assert close.panned(EDGES, 0.5).on(EDGES) == (35.0, 85.0)
    assert close.panned(EDGES, 5.0).on(EDGES) == (50.0, 100.0)
    assert close.panned(EDGES, -5.0).on(EDGES) == (0.0, 50.0)
    assert Window().panned(EDGES, 0.5) == Window()


@given(
    st.lists(
        st.tuples(st.sampled_from(["in", "out", "left", "right"]), st.floats(-10, 110)),
        max_size=80,
    )
)
def test_whatever_is_pressed_the_window_is_some_stretch_within_the_points(
    presses: list[tuple[str, float]],
) -> None:
    window = Window()
    for key, about in presses:
        if key in ("in", "out"):
            window = window.zoomed(EDGES, about, 0.5 if key == "in" else 2.0)
        else:
            window = window.panned(EDGES, 0.25 if key == "right" else -0.25)
        low, high = window.on(EDGES)
        assert -1e-9 <= low < high <= 100 + 1e-9


# bars and boxes


def test_bars_lie_beside_their_names_and_end_with_the_value() -> None:
    lines = [plain(one) for one in bar_lines([Bar("rf", 0.5), Bar("gbm", 1.0)], 40, UNICODE)]
    assert lines[0].startswith(" rf │█")
    assert lines[0].rstrip().endswith("0.5")
    assert lines[1].count("█") == 2 * lines[0].count("█") - 1


def test_a_bar_that_is_not_finite_is_a_mark_and_the_others_keep_their_length() -> None:
    lines = [plain(one) for one in bar_lines([Bar("a", nan), Bar("b", 1.0)], 40, ASCII)]
    assert "x" in lines[0]
    assert "nan" in lines[0]
    assert lines[1].count("#") > 20


def test_quartiles_are_those_of_numpy_and_whiskers_those_of_tukey() -> None:
    values = [1.0, 2.0, 3.0, 4.0, 5.0, 100.0]
    found = quartiles([*values, nan])
    assert found is not None
    assert found.median == median(values)
    assert (found.first, found.third) == (2.25, 4.75)
    assert (found.low, found.high, found.beyond) == (1.0, 5.0, (100.0,))


def test_a_box_says_how_many_values_are_not_finite() -> None:
    first = plain(box_lines([Box("a", [1.0, 2.0, nan, inf, -inf])], 60, UNICODE)[0])
    assert first.endswith("1 NaN 2 inf")


@given(
    st.lists(st.lists(st.floats(), max_size=6), min_size=1, max_size=4),
    st.integers(8, 70),
    st.booleans(),
)
def test_bars_and_boxes_of_any_numbers_fill_their_width(
    several: list[list[float]], width: int, log: bool
) -> None:
    for glyphs in (UNICODE, ASCII):
        boxes = [Box("损失\x1b[31m" * n, values) for n, values in enumerate(several)]
        bars = [Bar(box.name, value) for box in boxes for value in box.values]
        for lines in (box_lines(boxes, width, glyphs, log=log), bar_lines(bars, width, glyphs)):
            for one in lines:
                assert "\x1b" not in plain(one)
                assert width_of(one) == width


# painted


def test_a_chart_of_several_lines_is_named_by_characters_not_by_colours_alone() -> None:
    points = {"adam": POINTS, "sgd": Points([0, 10], [1.0, 2.0], [1.0, 4.0])}
    found = text_of(Chart(lines_of(points, "step")))
    assert "● adam" in found
    assert "■ sgd" in found
    assert found.count("■") > 1


def test_an_export_of_lines_has_the_colours_of_their_roles() -> None:
    other = Points([0, 20], [100.0, 104.0], [0.5, 0.9])
    chart = Chart(lines_of({"a": POINTS, "b": other}, "step"))
    assert chart_svg(chart).count("#7aa2f7") > 1
    assert "● a" in chart_text(chart)
    assert all(isfinite(one.y) for one in readings(chart, 0.0))


# dots


def _dots_by_plotext(
    places: list[tuple[int, int]], width: int, height: int
) -> set[tuple[int, int]]:
    lines = drawn(tuple(places), width, height, (1, 1))
    return {(x, y) for y, text in enumerate(lines) for x, sign in enumerate(text) if sign == "*"}


@given(st.lists(st.tuples(st.integers(0, 29), st.integers(0, 11)), min_size=2, max_size=6))
def test_our_dots_are_those_of_plotext_but_for_roundings(places: list[tuple[int, int]]) -> None:
    ours = {(x, y) for x, y, _ in cells_of(columns_of(places, 30, 12), 12, braille=False)}
    theirs = _dots_by_plotext(places, 30, 12)
    assert set(places) <= ours
    for one, others in ((ours, theirs), (theirs, ours)):
        for x, y in one:
            assert any(abs(x - a) <= 1 and abs(y - b) <= 1 for a, b in others)


@given(st.lists(st.tuples(st.integers(0, 29), st.integers(0, 23)), min_size=1, max_size=9))
def test_braille_cells_hold_exactly_the_dots(places: list[tuple[int, int]]) -> None:
    columns = columns_of(places, 30, 24)
    dots = {(x, y) for x, column in enumerate(columns) for y in range(24) if column >> y & 1}
    from_cells: set[tuple[int, int]] = set()
    for column, row, bits in cells_of(columns, 6, braille=True):
        for side, names in enumerate((LEFT, RIGHT)):
            from_cells |= {
                (2 * column + side, 4 * row + place)
                for place, bit in enumerate(names)
                if bits & bit
            }
    assert from_cells == dots


def test_an_area_is_filled_down_to_the_last_row() -> None:
    columns = columns_of([(0, 2), (3, 0)], 4, 4, filled=True)
    assert columns[0] == 0b1100
    assert columns[3] == 0b1111


def test_many_or_long_lines_do_not_wait_for_plotext() -> None:
    def asked(chart: Chart) -> int:
        before = drawn.cache_info()
        text_of(chart)
        after = drawn.cache_info()
        return after.hits + after.misses - before.hits - before.misses

    assert asked(Chart([line(*map(float, range(500)))])) == 0
    assert asked(Chart([line(1.0, 2.0)] * 10)) == 0
    assert asked(Chart([line(1.0, 2.0)])) == 1
