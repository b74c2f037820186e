"""The Gantt chart: phases of time, the axis, the critical path, and the screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from app.tui.models.gantt.axis import (
    HOUR,
    MINUTE,
    SECOND,
    Window,
    around,
    clock_text,
    elapsed_text,
    horizon,
    micros_of,
    step_of,
    ticks,
)
from app.tui.models.gantt.painting import bar, is_long, legend, place
from app.tui.models.gantt.phases import WAITING, Phase, Segment, segments_of, together
from app.tui.models.gantt.rows import ORDER, Times, critical_path, lines_of, share, took
from app.tui.spans import plain
from app.tui.theme import ASCII, UNICODE
from store.queries.gantt import InstanceTimes, TryTimes
from store.queries.grid import structure_rows
from store.states import TaskInstanceState
from tests.app.tui.world import NOW, structure_of
from tests.app.tui.world_gantt import GANTT

State = TaskInstanceState
NOW_AT = 200
TRY_STATES = ("success", "failed", "up_for_retry", "up_for_reschedule", "running", "queued")
moments = st.integers(0, 150)
maybe = st.none() | moments


@st.composite
def instances(draw: st.DrawFn) -> InstanceTimes:
    """Instances as a store may have them, also with clocks that were set."""
    tries = tuple(
        TryTimes(number, draw(st.sampled_from(TRY_STATES)), draw(moments), draw(maybe), draw(maybe))
        for number in range(1, draw(st.integers(0, 4)) + 1)
    )
    return InstanceTimes(
        task_id="work",
        map_index=draw(st.integers(-1, 2)),
        map_label=None,
        state=draw(st.none() | st.sampled_from(State)),
        try_number=len(tries),
        max_tries=3,
        scheduled_at=draw(maybe),
        queued_at=draw(maybe),
        started_at=draw(maybe),
        ended_at=draw(maybe),
        tries=tries,
    )


def one(state: State | None, *tries: TryTimes, **times: int | None) -> InstanceTimes:
    found = InstanceTimes("work", -1, None, state, len(tries), 0, None, None, None, None, tries)
    return replace(found, **times)


def phases(instance: InstanceTimes) -> list[tuple[str, int, int | None]]:
    return [(s.phase.name, s.start, s.end) for s in segments_of(instance)]


# phases


@given(instances())
def test_segments_follow_each_other_and_only_the_last_goes_on(instance: InstanceTimes) -> None:
    segments = segments_of(instance)
    for earlier, later in pairwise(segments):
        assert earlier.end is not None
        assert earlier.end <= later.start
    for segment in segments:
        assert segment.end is None or segment.end >= segment.start
        assert segment.phase not in WAITING or segment.end != segment.start
    total = sum(segment.length(NOW_AT) for segment in segments)
    if segments:
        assert total <= segments[-1].until(NOW_AT) - segments[0].start


@given(instances())
def test_of_a_try_it_is_first_queued_and_then_runs(instance: InstanceTimes) -> None:
    of_try: dict[int, list[Phase]] = {}
    for segment in segments_of(instance):
        if segment.phase is not Phase.BETWEEN:
            of_try.setdefault(segment.try_number, []).append(segment.phase)
    assert all(found == sorted(set(found)) for found in of_try.values())
    assert list(of_try) == sorted(of_try)


def test_a_try_is_scheduled_queued_and_runs() -> None:
    instance = one(State.SUCCESS, TryTimes(1, "success", 5, 7, 20), scheduled_at=2)
    assert phases(instance) == [("SCHEDULED", 2, 5), ("QUEUED", 5, 7), ("RUNNING", 7, 20)]


def test_every_try_is_a_segment_and_the_delay_before_a_retry_too() -> None:
    first, second = TryTimes(1, "up_for_retry", 1, 2, 10), TryTimes(2, "running", 22, 23, None)
    assert phases(one(State.RUNNING, first, second, scheduled_at=20)) == [
        ("QUEUED", 1, 2),
        ("RUNNING", 2, 10),
        ("BETWEEN", 10, 20),
        ("SCHEDULED", 20, 22),
        ("QUEUED", 22, 23),
        ("RUNNING", 23, None),
    ]
    assert phases(one(State.UP_FOR_RETRY, first, scheduled_at=1))[-1] == ("BETWEEN", 10, None)
    assert phases(one(State.SCHEDULED, first, scheduled_at=15))[-2:] == [
        ("BETWEEN", 10, 15),
        ("SCHEDULED", 15, None),
    ]


def test_the_time_before_a_clear_is_not_waiting() -> None:
    first, second = TryTimes(1, "success", 1, 2, 10), TryTimes(2, "success", 90, 91, 95)
    assert [name for name, _, _ in phases(one(State.SUCCESS, first, second, scheduled_at=89))] == [
        "QUEUED",
        "RUNNING",
        "BETWEEN",
        "SCHEDULED",
        "QUEUED",
        "RUNNING",
    ]
    [between] = [
        segment
        for segment in segments_of(one(State.SUCCESS, first, second))
        if segment.phase is Phase.BETWEEN
    ]
    assert painted(between, width=10) == f" {'╌' * 8} "
    assert not is_long(between, NOW_AT, 10)


def test_several_instances_took_what_their_newest_tries_took() -> None:
    first = TryTimes(1, "success", 1, 2, 10)
    instances = [
        replace(one(State.SUCCESS, first, TryTimes(2, "success", 90, start, 95)), map_index=index)
        for index, start in enumerate((91, 92))
    ]
    structure = structure_of("shop", ["work"])
    lines = lines_of(structure_rows(structure), Times.of(instances))
    assert took(lines[0], Times.of(instances), NOW_AT) == 4


def test_the_share_of_a_run_that_was_cleared_is_not_more_than_all() -> None:
    assert share(SECOND, 2 * SECOND) == "50 % of the run"
    assert share(2 * SECOND + 1000, 2 * SECOND) == "100 % of the run"
    assert share(200 * SECOND, 2 * SECOND) == "", "it is from before the run was cleared"


def test_what_never_ran_is_a_moment_or_nothing() -> None:
    assert phases(one(State.SKIPPED, ended_at=9)) == [("DECIDED", 9, 9)]
    assert phases(one(None)) == []
    assert phases(one(State.SCHEDULED, scheduled_at=4)) == [("SCHEDULED", 4, None)]
    assert phases(one(State.QUEUED, scheduled_at=4, queued_at=6)) == [
        ("SCHEDULED", 4, 6),
        ("QUEUED", 6, None),
    ]


def test_a_try_that_was_never_ended_ends_with_its_instance() -> None:
    lost = TryTimes(1, "running", 1, 2, None)
    assert phases(one(State.FAILED, lost, ended_at=30))[-1] == ("RUNNING", 2, 30)
    assert phases(one(State.RUNNING, lost))[-1] == ("RUNNING", 2, None)


@given(st.lists(instances(), min_size=1, max_size=5))
def test_several_instances_together_cover_what_each_does(several: list[InstanceTimes]) -> None:
    all_of_them = [segments_of(instance) for instance in several]
    merged = together(all_of_them, NOW_AT, ORDER)
    alone = [s for segments in all_of_them for s in segments]
    if any(s.phase < Phase.DECIDED for s in alone):
        alone = [s for s in alone if s.phase < Phase.DECIDED]
    for segment in alone:
        assert any(
            s.phase == segment.phase
            and s.state == segment.state
            and s.start <= segment.start
            and s.until(NOW_AT) >= segment.until(NOW_AT)
            for s in merged
        )


# painting

windows = st.builds(lambda start, span: Window(start, start + span), moments, st.integers(1, 200))
widths = st.integers(1, 90)


@given(instances(), windows, widths)
def test_segments_on_a_line_never_overlap_nor_leave_it_and_keep_their_order(
    instance: InstanceTimes, window: Window, width: int
) -> None:
    segments = segments_of(instance)
    placed = place(segments, window, width, NOW_AT)
    assert all(0 <= first < end <= width for _, first, end in placed)
    for (number, _, end), (following, first, _) in pairwise(placed):
        assert end <= first
        assert number < following
    seen = [
        s
        for s in segments
        if s.start <= window.end
        and s.until(NOW_AT) >= window.start
        and (s.until(NOW_AT) > window.start or s.start == s.until(NOW_AT))
    ]
    assert bool(placed) == bool(seen)


@given(st.lists(instances(), max_size=4), windows, widths, st.sampled_from([ASCII, UNICODE]))
def test_a_bar_is_as_wide_as_its_row(
    several: list[InstanceTimes], window: Window, width: int, glyphs: object
) -> None:
    assert glyphs is ASCII or glyphs is UNICODE
    chosen = ASCII if glyphs is ASCII else UNICODE
    segments = together([segments_of(instance) for instance in several], NOW_AT, ORDER)
    line = plain(bar(segments, window, width, NOW_AT, chosen, 150))
    assert cell_len(line) == width
    assert chosen is UNICODE or line.isascii()


def painted(*segments: Segment, width: int = 20, total: int = 100) -> str:
    return plain(bar(segments, Window(0, 100), width, NOW_AT, UNICODE, total))


def test_phases_look_different_and_a_try_ends_with_its_glyph() -> None:
    assert (
        painted(
            Segment(Phase.SCHEDULED, 0, 10, "scheduled", 1),
            Segment(Phase.QUEUED, 10, 20, "queued", 1),
            Segment(Phase.RUNNING, 20, 40, "up_for_retry", 1),
            Segment(Phase.BETWEEN, 40, 60, "up_for_retry", 1),
            Segment(Phase.RUNNING, 60, 100, "success", 2),
        )
        == "··░░▇▇▇↻╌╌╌╌▇▇▇▇▇▇▇✓"
    )


def test_what_is_shorter_than_a_cell_is_seen_all_the_same() -> None:
    assert painted(Segment(Phase.RUNNING, 51, 51, "failed", 1)) == f"{'':10}✗{'':9}"
    assert painted(Segment(Phase.DECIDED, 100, 100, "skipped")) == f"{'':19}↷"


def test_what_is_beyond_the_window_has_a_sign() -> None:
    assert painted(Segment(Phase.RUNNING, 150, 160, "success", 1)) == f"{'':19}›"
    early = bar(
        [Segment(Phase.RUNNING, 0, 5, "success", 1)], Window(50, 90), 9, NOW_AT, UNICODE, 100
    )
    assert plain(early) == f"‹{'':8}"


def test_a_bar_that_goes_on_beyond_the_window_has_no_end() -> None:
    cut = bar([Segment(Phase.RUNNING, 0, 90, "success", 1)], Window(0, 50), 5, 99, UNICODE, 90)
    assert plain(cut) == "▇▇▇▇▇"


def test_of_several_an_end_that_another_hides_is_not_shown_elsewhere() -> None:
    hidden = Segment(Phase.RUNNING, 0, 40, "success", 1)
    above = Segment(Phase.RUNNING, 20, 60, "failed", 1)
    line = bar([hidden, above], Window(0, 100), 10, NOW_AT, UNICODE, 100, several=True)
    assert plain(line).rstrip() == "▇▇▇▇▇✗"
    assert [piece.role for piece in line[:2]] == ["state.success", "state.failed"]


def test_long_waiting_stands_out() -> None:
    short, long = Segment(Phase.QUEUED, 0, 30, "queued", 1), Segment(Phase.QUEUED, 0, 31, "", 1)
    [role] = {
        s.role for s in bar([short], Window(0, 30), 9, NOW_AT, UNICODE, 100) if s.text.strip()
    }
    assert role == "state.queued"
    [role] = {s.role for s in bar([long], Window(0, 31), 9, NOW_AT, UNICODE, 100) if s.text.strip()}
    assert role == "warning"


def test_the_legend_has_ascii_signs_for_terminals_without_others() -> None:
    assert plain(legend(ASCII)).isascii()


# the axis


@given(
    start=st.integers(0, 10**15),
    span=st.integers(1, 10**14),
    width=st.integers(4, 200),
    origin=st.integers(-(10**13), 0),
)
def test_ticks_are_seen_and_far_enough_from_each_other(
    start: int, span: int, width: int, origin: int
) -> None:
    window = Window(start, start + span)
    found = ticks(window, start + origin, width)
    columns = [column for column, _ in found]
    assert all(0 <= column < width for column in columns)
    assert all(b - a >= 9 for a, b in pairwise(columns))
    assert len(found) <= width // 9 + 1


@given(st.integers(0, 10**13), st.integers(4, 200))
def test_a_running_axis_ends_a_little_after_now(elapsed: int, width: int) -> None:
    end = horizon(0, elapsed, width)
    assert end >= elapsed
    assert end == horizon(0, end, width) or step_of(end, width) != step_of(elapsed, width)
    assert end - elapsed <= max(SECOND, step_of(max(SECOND, elapsed), width) // 5)


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "0"),
        (5_000, "5ms"),
        (1_500_000, "1.5s"),
        (90 * SECOND, "1m30s"),
        (15 * MINUTE, "15m"),
        (36 * HOUR, "1d12h"),
    ],
)
def test_times_since_the_start(micros: int, text: str) -> None:
    assert elapsed_text(micros) == text


def test_times_of_day_are_as_exact_as_the_ticks() -> None:
    at = micros_of(NOW)
    assert clock_text(at, Window(at, at + HOUR), 60, UTC) == "12:00"
    assert clock_text(at + 13 * SECOND, Window(at, at + HOUR), 60, UTC) == "12:00:13"
    assert clock_text(at + SECOND // 2, Window(at, at + SECOND), 60, UTC) == "00:00.5"
    assert clock_text(at, Window(at, at + 48 * HOUR), 60, UTC) == "Sat 12:00"
    assert clock_text(at + SECOND // 2, Window(at, at + SECOND), 60, UTC) == "00:00.5"
    assert clock_text(at, Window(at, at + 4800 * HOUR), 60, UTC) == "21 Nov"


@given(windows, st.integers(0, 400), st.lists(st.sampled_from("+-<>"), max_size=20))
def test_zooming_and_panning_stay_within_the_run(
    whole: Window, anchor: int, steps: list[str]
) -> None:
    whole = Window(whole.start * SECOND, whole.end * SECOND)
    window: Window | None = None
    for step in steps:
        seen = window or whole
        if step == "+":
            window = seen.narrowed(whole, anchor * SECOND)
        elif step == "-":
            window = seen.widened(whole, anchor * SECOND)
        else:
            window = seen.moved(whole, 0.5 if step == ">" else -0.5)
        seen = window or whole
        assert whole.start <= seen.start < seen.end <= whole.end
    assert around(whole.start, whole.start, whole).start >= whole.start


# rows and the critical path


def test_the_critical_path_goes_back_along_what_ended_last() -> None:
    edges = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("d", "e")]
    assert critical_path({"a": 1, "b": 5, "c": 7, "d": 9, "e": 10}, edges) == ("a", "c", "d", "e")
    assert critical_path({"a": 1, "b": 5, "c": 7, "e": 10}, edges) == ("a", "c", "e")
    assert critical_path({"a": 9, "b": 5}, edges) == ("a",)
    assert critical_path({}, edges) == ()


def test_the_critical_path_goes_on_before_a_branch_that_was_not_taken() -> None:
    edges = [("a", "b"), ("b", "taken"), ("b", "left out"), ("taken", "end"), ("left out", "end")]
    path = critical_path({"a": 1, "b": 2, "taken": 3, "end": 4}, edges)
    assert path == ("a", "b", "taken", "end")


@given(
    st.dictionaries(st.integers(0, 12).map(str), st.integers(0, 99)),
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12))),
)
def test_a_critical_path_ends_whatever_the_edges_are(
    ends: dict[str, int], edges: list[tuple[int, int]]
) -> None:
    path = critical_path(ends, [(str(a), str(b)) for a, b in edges])
    assert len(set(path)) == len(path)
    assert set(path) <= set(ends)
    if ends:
        assert ends[path[-1]] == max(ends.values())


def mapped(index: int, start: int) -> InstanceTimes:
    times = TryTimes(1, "success", start, start, start + 5)
    return replace(one(State.SUCCESS, times), task_id="train", map_index=index)


def test_groups_fold_and_mapped_tasks_unfold() -> None:
    times = Times.of([mapped(0, 10), mapped(1, 30)])
    rows = structure_rows(GANTT)
    keys = [line.key for line in lines_of(rows, times)]
    assert keys == [row.id for row in rows]
    unfolded = [line.key for line in lines_of(rows, times, folded={"clean"}, unfolded={"train"})]
    assert unfolded == [
        "extract",
        "clean",
        "train",
        "train[0]",
        "train[1]",
        "evaluate",
        "report",
        "publish",
    ]


def test_by_start_what_began_first_comes_first_and_what_never_began_last() -> None:
    early = replace(one(State.SUCCESS, TryTimes(1, "success", 1, 2, 3)), task_id="publish")
    times = Times.of([mapped(0, 10), early])
    keys = [line.key for line in lines_of(structure_rows(GANTT), times, by_start=True)]
    assert keys[:2] == ["publish", "train"]
    assert "clean" not in keys
