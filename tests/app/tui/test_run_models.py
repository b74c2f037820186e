"""What the run screen and the views of a task instance say, without Textual."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.tui.commander import together
from app.tui.models.run import (
    about_lines,
    bar,
    done_of,
    estimate_words,
    in_columns,
    progress_line,
    reasons_by_place,
    why_lines,
    why_of,
)
from app.tui.models.run_estimate import Estimate, estimate
from app.tui.models.run_table import (
    took,
    waited,
)
from app.tui.models.task_details import details_entries
from app.tui.models.task_resources import resource_lines, was_out_of_memory
from app.tui.models.task_templates import template_entries
from app.tui.models.task_values import value_lines
from app.tui.reading import InstanceFacts
from app.tui.reading_run import RunSnapshot
from app.tui.reading_task import DetailsFacts, Neighbour, TemplatesFacts
from app.tui.scene import Scene
from app.tui.screens.acting import selections
from app.tui.spans import Span, plain, width_of
from app.tui.theme import ASCII, UNICODE
from store.queries.estimates import PastRun
from store.queries.resources import Usage, UsagePoint
from store.queries.runs import RunRow
from store.queries.tasks import InstanceRow, TryRow
from store.states import DagRunState, DagRunType, TaskInstanceState
from store.structure import TaskStructure

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SCENE = Scene(NOW, UTC, UNICODE)
START = NOW - timedelta(minutes=10)
SUCCESS, FAILED = TaskInstanceState.SUCCESS, TaskInstanceState.FAILED
SCHEDULED, RUNNING = TaskInstanceState.SCHEDULED, TaskInstanceState.RUNNING
RUN = RunRow(
    1, "shop", "manual__1", DagRunType.MANUAL, DagRunState.RUNNING, START, START, START, START,
    START, START, None, None, None, "ann", 1, 3, None, 0,
)  # fmt: skip


def instance(task_id: str, state: TaskInstanceState | None, **values: Any) -> InstanceRow:
    row = InstanceRow(
        hash(task_id) % 1000, 1, "shop", task_id, -1, state, 1, 2, "default_pool", 1, START,
        START, START, None, None, None, None, 1, None,
    )  # fmt: skip
    return replace(row, **values)


def one_try(**values: Any) -> TryRow:
    row = TryRow(
        7, 1, 1, 1, "failed", "trainer", 41, START, START, NOW, 600.0, 1, "the task raised E",
        "builtins.ValueError", "loss is nan\nin epoch 3", "dags/a.py:8", "Traceback\n  x\nE: y",
        61.5, 1_500_000, 10, 20, 0, 1, None,
    )  # fmt: skip
    return replace(row, **values)


def text(lines: Any) -> str:
    return "\n".join(plain(line).rstrip() for line in lines)


# estimates


def past(*seconds: float, finished: tuple[float, ...] = ()) -> list[PastRun]:
    return [PastRun(one, finished) for one in seconds]


def minutes(found: Estimate | None) -> tuple[float, float]:
    assert found is not None
    assert found.likely is not None
    assert found.late is not None
    return (found.likely - NOW).total_seconds() / 60, (found.late - NOW).total_seconds() / 60


def test_without_past_runs_nothing_is_estimated() -> None:
    assert estimate([], START, 0, 4, START, NOW) is None


def test_a_run_that_has_done_nothing_yet_takes_as_long_as_others_took() -> None:
    runs = past(1200, 1260, 1320, 1380, 1440, 1500, 1560, 1620, 1680, 1740)
    assert minutes(estimate(runs, START, 0, 4, START, NOW)) == (14.0, 18.0)


def test_it_goes_on_from_where_it_is_as_others_did_from_there() -> None:
    runs = past(3600, finished=(600.0, 1200.0, 2400.0, 3600.0))
    halfway = NOW - timedelta(minutes=1)
    assert minutes(estimate(runs, START, 2, 4, halfway, NOW)) == (39.0, 39.0)


def test_runs_by_which_it_would_have_ended_say_nothing_any_more() -> None:
    runs = past(60, 120, 1800)
    found = estimate(runs, START, 0, 4, START, NOW)
    assert minutes(found) == (20.0, 20.0)
    assert found is not None
    assert found.runs == 3


def test_where_all_would_have_ended_from_here_their_whole_times_are_asked() -> None:
    runs = past(1800, finished=(1790.0, 1800.0))
    assert minutes(estimate(runs, START, 1, 2, NOW - timedelta(minutes=5), NOW)) == (20.0, 20.0)


def test_a_run_slower_than_all_others_says_so() -> None:
    found = estimate(past(60, 120), START, 0, 4, START, NOW)
    assert plain(estimate_words(found, SCENE)) == "slower than the last 2 runs"


def test_an_estimate_is_said_as_a_range_with_where_it_is_from() -> None:
    found = Estimate(18, NOW + timedelta(minutes=2), NOW + timedelta(minutes=5))
    words = "ends in 2m to 5m, 12:02 to 12:05 (from 18 runs)"
    assert plain(estimate_words(found, SCENE)) == words
    same = Estimate(1, NOW + timedelta(hours=2), NOW + timedelta(hours=2))
    assert plain(estimate_words(same, SCENE)) == "ends in 2h, 14:00 (from 1 run)"


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=8),
    st.lists(st.floats(0, 1e6), max_size=8),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_the_likely_end_is_never_after_the_late_one_nor_in_the_past(
    seconds: list[float], finished: list[float], done: int, more: int
) -> None:
    runs = past(*seconds, finished=tuple(sorted(finished)))
    found = estimate(runs, START, done, done + more, START, NOW)
    assert found is not None
    if found.likely is not None and found.late is not None:
        assert NOW < found.likely <= found.late


# the run


def test_the_bar_is_as_wide_as_it_should_be_and_full_at_the_end() -> None:
    several: list[dict[TaskInstanceState | None, int]] = [
        {SUCCESS: 1, None: 2},
        {SUCCESS: 700, FAILED: 1, None: 3},
        {SUCCESS: 3},
    ]
    for counts in several:
        line = bar(counts, 24, SCENE)
        assert width_of(line) == 24
    assert plain(bar({SUCCESS: 3}, 24, SCENE)) == "█" * 24
    assert plain(bar({SUCCESS: 1, RUNNING: 1}, 4, Scene(NOW, UTC, ASCII))) == "##--"


def test_progress_counts_what_is_done_of_all() -> None:
    rows = [instance("a", SUCCESS), instance("b", FAILED), instance("c", None)]
    assert done_of(rows) == (2, 3)
    assert " 66% " in plain(progress_line(rows, 80, SCENE))
    assert "no task instances yet" in plain(progress_line([], 80, SCENE))


def test_facts_stand_side_by_side_where_they_fit() -> None:
    facts = [("one", (Span("1"),)), ("two", (Span("2"),)), ("long", (Span("x" * 50),))]
    assert len(in_columns(facts, 100)) == 2
    assert len(in_columns(facts, 30)) == 3
    assert all(width_of(line) <= 101 for line in in_columns(facts, 100))


def test_secrets_in_the_conf_are_hidden() -> None:
    run = replace(RUN, conf={"api_token": "hunter2", "deep": [{"password": "x"}]})
    shown = text(about_lines(RunSnapshot(run, ()), [], 78, SCENE))
    assert "hunter2" not in shown
    assert '"***"' in shown


def test_a_long_conf_stands_below_what_failed() -> None:
    run = replace(RUN, conf={f"name_{number}": number for number in range(40)})
    failed = instance("train", FAILED)
    shown = text(about_lines(RunSnapshot(run, (), failures=((failed, one_try()),)), [], 78, SCENE))
    assert shown.index("what failed") < shown.index('"name_39": 39')


def test_of_many_failures_five_are_named() -> None:
    failures = tuple((instance(f"t{number}", FAILED), one_try()) for number in range(9))
    rows = tuple(row for row, _ in failures) + tuple(instance(f"u{n}", FAILED) for n in range(91))
    shown = text(about_lines(RunSnapshot(RUN, rows, failures=failures), [], 78, SCENE))
    assert "what failed last, of 100" in shown
    assert shown.count("dags/a.py:8") == 5
    assert "ValueError: loss is nan" in shown
    assert "in epoch 3" not in shown, "an error is one line here"


def test_reasons_are_those_of_the_task_instance() -> None:
    reply = [["train", 3, "pool gpu: 0 of 2 free"], ["", -1, "the DAG is paused"], ["x", -1, None]]
    assert reasons_by_place(reply) == (
        {("train", 3): "pool gpu: 0 of 2 free"},
        ["the DAG is paused"],
    )
    assert reasons_by_place("No runner is up to ask.") == ({}, [])


def test_what_is_over_waits_for_nothing_and_what_is_told_to_end_says_so() -> None:
    rows = (instance("a", SUCCESS), instance("b", SCHEDULED), instance("c", RUNNING))
    snapshot = RunSnapshot(RUN, rows, ending=(("c", -1, "killed by ann"),))
    why = why_of(snapshot, {("a", -1): "old", ("b", -1): "pool gpu: 0 of 2 free"}, SCENE)
    assert why == {
        ("b", -1): "pool gpu: 0 of 2 free",
        ("c", -1): "has been told to end: killed by ann",
    }


def test_each_reason_is_said_once_with_its_tasks() -> None:
    rows = [instance(f"t{n}", SCHEDULED) for n in range(30)] + [instance("u", None)]
    why = {(row.task_id, -1): "pool gpu: 0 of 2 free" for row in rows[:30]} | {("u", -1): "waits"}
    lines = why_lines(rows, why)
    assert lines[0] == "pool gpu: 0 of 2 free  (30 task instances)"
    assert lines[1].endswith("t19, and 10 more")
    assert lines[3] == "waits  (1 task instance)"


def test_waiting_goes_on_until_it_starts() -> None:
    waiting = instance("a", SCHEDULED, started_at=None)
    assert waited(waiting, NOW) == 600.0
    assert waited(replace(waiting, started_at=START + timedelta(seconds=5)), NOW) == 5.0
    assert waited(replace(waiting, scheduled_at=None), NOW) is None
    assert took(instance("a", RUNNING), NOW) == 600.0
    assert took(instance("a", SUCCESS, duration=3.0), NOW) == 3.0
    assert took(instance("a", None, started_at=None), NOW) is None


# acting on several tasks


def test_whole_tasks_go_together_and_some_map_indexes_by_themselves() -> None:
    every = [instance("a", None), instance("b", None)]
    every += [instance("m", None, map_index=index) for index in range(3)]
    every += [instance("n", None, map_index=index) for index in range(3)]
    some = [every[0], every[1], every[2], every[4], every[5], every[7]]
    found = selections("shop", "r", some, every)
    assert [(one.task_ids, one.map_indexes) for one in found] == [
        (("a", "b"), None),
        (("m", "n"), (0, 2)),
    ]
    (whole,) = selections("shop", "r", every, every)
    assert whole.task_ids == ("a", "b", "m", "n")


def test_answers_are_put_together_without_doubles() -> None:
    one = {"instances": [["r", "a", -1, "failed"], ["r", "b", -1, None]]}
    other = {"instances": [["r", "b", -1, None], ["r", "c", -1, None]]}

    def names(found: dict[str, Any] | str) -> list[tuple[str, str]]:
        assert isinstance(found, dict)
        return [(run, task) for run, task, *_ in found["instances"]]

    both = [("shop r", "a"), ("shop r", "b"), ("shop r", "c")]
    assert names(together([("shop", one), ("shop", other)])) == both
    two = together([("shop", one), ("mill", other)])
    assert names(two) == [*both[:2], ("mill r", "b"), ("mill r", "c")]
    trouble = "No runner is up to ask."
    assert together([("shop", one), ("shop", trouble)]) == trouble
    assert together([("shop", {"runs": [1]})]) == {"runs": [1]}


# values


def test_a_value_is_one_line_where_it_fits() -> None:
    assert value_lines({"a": 1}, 40) == ['{"a": 1}']
    assert value_lines({"a": 1}, 4) == ["{", '  "a": 1', "}"]
    assert value_lines("two\nlines", 40) == ["two", "lines"]
    assert value_lines("x" * 30_000, 40)[-1] == "... and 10,000 more characters"


def test_rendered_fields_and_params_are_shown_with_what_differs() -> None:
    more = TemplatesFacts({"bash_command": "echo 1\necho 2"}, {"epochs": 20, "secret_x": "s"})
    entries = template_entries(more, {"epochs": 40, "other": 1, "secret_x": "t"}, "", 80)
    shown = text(line for line, _ in entries)
    assert "epochs               40   default 20" in shown
    assert "other                1" in shown
    assert "secret_x             ***" in shown
    assert "      echo 2" in shown
    assert [field.name for _, field in entries if field][:2] == ["bash_command", "bash_command"]


# details


def test_details_lead_to_neighbours_and_tries() -> None:
    facts = InstanceFacts(RUN, instance("b", FAILED), (one_try(), one_try(id=8, try_number=2)))
    more = DetailsFacts(
        TaskStructure("b", "@task", line=9),
        "dags/a.py",
        (Neighbour("a", {SUCCESS: 1}, -1), Neighbour("gone", {})),
        (Neighbour("m", {SUCCESS: 2, FAILED: 1}, 0),),
    )
    entries = details_entries(facts, facts.tries[1], more, ["the pool is full"], 80, SCENE)
    targets = [target for _, target in entries if target is not None]
    assert [(one.task_id, one.map_index, one.try_number) for one in targets] == [
        ("a", -1, None),
        ("m", 0, None),
        ("b", -1, 2),
        ("b", -1, 1),
    ]
    shown = text(line for line, _ in entries)
    for words in ("why: the pool is full", "m []  2✓ 1✗", "dags/a.py:9", "E: y", "gone  not in"):
        assert words in shown


def test_details_of_a_task_that_never_ran_are_short() -> None:
    row = instance("b", None, scheduled_at=None, queued_at=None, started_at=None)
    entries = details_entries(InstanceFacts(RUN, row, ()), None, None, [], 80, SCENE)
    assert "traceback" not in text(line for line, _ in entries)


# resources


def points(count: int) -> tuple[UsagePoint, ...]:
    return tuple(
        UsagePoint(START + timedelta(seconds=n + 1), 50.0, 1000 * n, 10 * n, 5 * n, 1)
        for n in range(count)
    )


def test_charts_take_the_room_there_is() -> None:
    for height in (14, 19, 30, 45):
        lines = resource_lines(Usage(points(60), 60), one_try(), 79, height, SCENE)
        assert len(lines) <= max(height, 19)
        assert all(width_of(line) <= 79 for line in lines)
    tall = text(resource_lines(Usage(points(60), 60), one_try(), 79, 45, SCENE))
    assert "\n processes\n" not in tall, "there never was but one"
    assert "disk" in tall
    more = (*points(59), replace(points(60)[-1], processes=3))
    tall = text(resource_lines(Usage(more, 60), one_try(), 79, 45, SCENE))
    assert "\n processes\n" in tall


def test_what_was_written_before_the_first_sample_is_no_peak() -> None:
    start = replace(points(1)[0], at=START + timedelta(milliseconds=20), write_bytes=8_000_000)
    course = (
        start,
        *(replace(one, write_bytes=8_000_000 + one.write_bytes) for one in points(30)),
    )
    lines = text(resource_lines(Usage(course, 31), one_try(), 79, 19, SCENE)).splitlines()
    disk = next(place for place, line in enumerate(lines) if "disk" in line)
    assert lines[disk + 1].split()[:2] == ["10", "B"]


def test_memory_is_a_filled_area_below_its_peak() -> None:
    course = tuple(replace(one, rss=272 << 20) for one in points(60))
    lines = text(resource_lines(Usage(course, 60), one_try(), 79, 19, SCENE)).splitlines()
    memory = next(place for place, line in enumerate(lines) if "memory (RSS)" in line)
    assert "320 MiB" in lines[memory + 1], "not 512"
    assert "⣿⣿⣿⣿" in lines[memory + 4]


def test_no_label_of_an_axis_stands_twice() -> None:
    idle = tuple(replace(one, read_bytes=0, write_bytes=0) for one in points(60))
    lines = text(resource_lines(Usage(idle, 60), one_try(), 79, 30, SCENE)).splitlines()
    disk = next(place for place, line in enumerate(lines) if "disk" in line)
    labels = [line.split("┤")[0].strip() for line in lines[disk + 1 :] if "┤" in line]
    assert labels == ["1 B", "0 B"]


def test_one_measurement_is_no_course() -> None:
    shown = text(resource_lines(Usage(points(1), 1), one_try(), 79, 20, SCENE))
    assert "measured once" in shown
    assert "CPU, %" not in shown


def test_no_share_of_a_processor_is_told_of_an_instant() -> None:
    short = one_try(duration=0.004, cpu_seconds=0.01)
    assert "on average" not in text(resource_lines(Usage(), short, 79, 20, SCENE))
    long = one_try(duration=5.0, cpu_seconds=1.0)
    assert "20% on average" in text(resource_lines(Usage(), long, 79, 20, SCENE))


def test_a_try_without_measurements_says_why() -> None:
    assert "no measurements: " in text(resource_lines(Usage(), one_try(), 79, 20, SCENE))
    live = one_try(ended_at=None, state="running")
    assert "no measurements yet" in text(resource_lines(Usage(), live, 79, 20, SCENE))


def test_a_try_killed_for_want_of_memory_says_so_first() -> None:
    words = "was killed by SIGKILL; the kernel's out-of-memory killer was at work at that time"
    one = one_try(reason=words)
    assert was_out_of_memory(one)
    assert not was_out_of_memory(one_try(reason="killed by ann"))
    assert "out of memory" in plain(resource_lines(Usage(), one, 79, 20, SCENE)[0])


def test_what_failed_says_its_last_lines_where_there_is_room() -> None:
    told, mute = replace(one_try(), id=1), replace(one_try(), id=2, error_place=None)
    failures = ((instance("told", FAILED), told), (instance("mute", FAILED), mute))
    rows = tuple(row for row, _ in failures)
    said = {1: ("a1", "a2", "a3"), 2: ("b1", "b2", "b3")}
    snapshot = RunSnapshot(RUN, rows, failures=failures, said=said)
    bare = about_lines(snapshot, [], 78, SCENE)
    for more, wanted in (
        (0, []),
        (1, ["b3"]),
        (2, ["a3", "b3"]),
        (3, ["a3", "b2", "b3"]),
        (9, ["a1", "a2", "a3", "b1", "b2", "b3"]),
    ):
        lines = about_lines(snapshot, [], 78, SCENE, len(bare) + more)
        shown = [plain(line).strip() for line in lines]
        assert [line for line in shown if line in {*said[1], *said[2]}] == wanted
        assert len(lines) <= len(bare) + more
