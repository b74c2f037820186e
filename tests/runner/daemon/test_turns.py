"""What a turn makes of commands, schedules and the ends of tries, over a real store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from runner.daemon import commands, intake, runs
from runner.daemon.commands import Refused
from runner.daemon.commands.backfills import INSTANCES_AT_ONCE
from store.structure import TaskStructure, TimetableStructure
from store.values import from_micros
from tests.runner.scheduling.pipelines import pipeline, task
from tests.support.turns import NOW, S, Turns

DAILY = TimetableStructure(kind="cron_interval", expression="0 0 * * *", summary="@daily")
WEEKLY = TimetableStructure(kind="cron_interval", expression="0 0 * * 0", summary="@weekly")
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Turns]:
    turns = Turns(tmp_path)
    yield turns
    turns.store.close()


def days(first: int, last: int) -> dict[str, str]:
    return {"from_date": f"2026-02-{first:02}", "to_date": f"2026-02-{last:02}"}


# -- limits of runs ----------------------------------------------------------------------------


def test_a_backfill_holds_up_neither_the_schedule_nor_triggers(turns: Turns) -> None:
    structure = pipeline(
        task("a"), timetable=DAILY, start_date=SINCE, max_active_runs=2, catchup=False
    )
    turns.add(structure)
    turns.schedule()
    assert turns.run_states() == ["running"]
    turns.do("backfill", dag_id="dag", max_active_runs=1, **days(1, 28))
    assert turns.run_states().count("running") == 2
    turns.ends("a")
    run_id = turns.trigger()
    assert turns.states(run_id) == {"a": "queued"}
    turns.now = NOW + timedelta(days=1)
    turns.schedule()
    kinds = [kind for (kind,) in turns.rows("SELECT run_type FROM dag_run WHERE state != 'queued'")]
    assert kinds.count("scheduled") == 2


@pytest.mark.parametrize("backwards", [False, True])
def test_a_backfill_goes_through_its_dates_in_order(turns: Turns, backwards: bool) -> None:
    turns.add(pipeline(task("a"), timetable=DAILY))
    turns.do("backfill", dag_id="dag", max_active_runs=1, run_backwards=backwards, **days(1, 3))
    order = []
    for _ in range(3):
        [(date,)] = turns.rows("SELECT logical_date FROM dag_run WHERE state = 'running'")
        order.append(date)
        turns.ends("a")
    assert order == sorted(order, reverse=backwards)
    assert turns.run_states() == ["success"] * 3
    assert turns.rows("SELECT count(*) FROM backfill WHERE ended_at IS NULL") == [(0,)]


def test_a_cleared_run_of_an_ended_backfill_runs_again(turns: Turns) -> None:
    turns.add(pipeline(task("a"), timetable=DAILY))
    turns.do("backfill", dag_id="dag", **days(1, 1))
    turns.ends("a")
    [(run_id,)] = turns.rows("SELECT run_id FROM dag_run")
    turns.do("clear", dag_id="dag", run_id=run_id)
    assert turns.run_states() == ["running"]
    turns.restart()
    turns.ends("a")
    assert turns.run_states() == ["success"]


def test_queued_runs_are_counted_again_after_a_restart(turns: Turns) -> None:
    turns.add(pipeline(task("a"), timetable=DAILY, max_active_runs=1))
    turns.do("backfill", dag_id="dag", max_active_runs=1, **days(1, 2))
    for _ in range(2):
        turns.trigger()
    turns.restart()
    assert turns.run_states() == ["running", "queued", "running", "queued"]
    for _ in range(2):
        turns.ends("a")
    assert turns.run_states() == ["success"] * 4


# -- reprocessing ------------------------------------------------------------------------------


def test_reprocessing_keeps_the_conf_of_a_run(turns: Turns) -> None:
    """It becomes one of the backfill, as in Airflow's ``_handle_clear_run``."""
    turns.add(pipeline(task("a"), timetable=DAILY))
    run_id = turns.trigger(logical_date="2026-02-01", conf={"rate": 0.1})
    turns.ends("a", S.FAILED)
    turns.do("backfill", dag_id="dag", reprocess="failed", **days(1, 1))
    turns.ends("a")
    rows = turns.rows("SELECT run_id, run_type, conf, state FROM dag_run")
    assert rows == [(run_id, "backfill", '{"rate":0.1}', "success")]


def test_reprocessing_with_a_conf_runs_with_it(turns: Turns) -> None:
    turns.add(pipeline(task("a"), timetable=DAILY))
    turns.trigger(logical_date="2026-02-01", conf={"rate": 0.1})
    turns.ends("a")
    turns.do("backfill", dag_id="dag", reprocess="completed", conf={"rate": 1}, **days(1, 1))
    assert turns.rows("SELECT conf FROM dag_run") == [('{"rate":1}',)]


# -- run ids -----------------------------------------------------------------------------------


def test_triggers_in_one_moment_are_runs_of_their_own(turns: Turns) -> None:
    turns.add(pipeline(task("a")))
    with turns.turn() as turn:
        ids = [
            commands.perform(turn, "trigger", {"dag_id": "dag"}, "test")["run_id"] for _ in range(3)
        ]
    assert len(set(ids)) == 3
    assert turns.run_states() == ["running"] * 3


def interval_of(turns: Turns, run_id: str) -> tuple[str, ...]:
    query = "SELECT data_interval_start, data_interval_end FROM dag_run WHERE run_id = ?"
    (row,) = turns.rows(query, run_id)
    return tuple(moment.isoformat() for moment in map(from_micros, row) if moment is not None)


def test_a_triggered_run_has_the_data_interval_that_was_given(turns: Turns) -> None:
    turns.add(pipeline(task("a"), timetable=DAILY))
    given = {
        "data_interval_start": "2026-02-01T00:00:00+00:00",
        "data_interval_end": "2026-02-08T02:00:00+02:00",
    }
    wanted = ("2026-02-01T00:00:00+00:00", "2026-02-08T00:00:00+00:00")
    assert interval_of(turns, turns.trigger(**given)) == wanted
    date = "2026-03-01T00:00:00+00:00"
    assert interval_of(turns, turns.trigger(**given, logical_date=date)) == wanted
    own = turns.trigger(logical_date="2026-03-02T00:00:00+00:00")
    assert interval_of(turns, own) == ("2026-03-01T00:00:00+00:00", "2026-03-02T00:00:00+00:00")


def test_half_a_data_interval_and_one_that_ends_before_it_begins_are_refused(turns: Turns) -> None:
    turns.add(pipeline(task("a"), timetable=DAILY))
    first, last = "2026-02-01T00:00:00+00:00", "2026-02-08T00:00:00+00:00"
    for given, why in (
        ({"data_interval_start": first}, "has no end: give both, or neither"),
        ({"data_interval_end": first}, "has no start: give both, or neither"),
        ({"data_interval_start": last, "data_interval_end": first}, "before its start"),
        ({"data_interval_start": "soon", "data_interval_end": first}, "is not a date"),
    ):
        with pytest.raises(Refused, match=why):
            turns.trigger(**given)
    assert turns.run_states() == []
    turns.trigger(data_interval_start=first, data_interval_end=first)


def test_a_given_date_or_id_is_refused_the_second_time(turns: Turns) -> None:
    turns.add(pipeline(task("a")))
    turns.trigger(logical_date="2026-02-01", run_id="mine")
    for again in ({"logical_date": "2026-02-01"}, {"run_id": "mine"}):
        with pytest.raises(Refused, match="already"):
            turns.trigger(**again)


def test_a_changed_schedule_may_give_two_intervals_one_end(turns: Turns) -> None:
    """The ids are made of the date at which a run may start, which both share."""
    turns.add(pipeline(task("a"), timetable=WEEKLY))
    turns.do("backfill", dag_id="dag", from_date="2026-02-08", to_date="2026-02-08")
    turns.add(pipeline(task("a"), timetable=DAILY))
    turns.do("backfill", dag_id="dag", **days(8, 14))
    rows = turns.rows("SELECT logical_date, run_id FROM dag_run ORDER BY logical_date")
    assert len(rows) == 7
    assert len({run_id for _, run_id in rows}) == 7


# -- clearing and marking ----------------------------------------------------------------------


def test_a_clear_takes_back_what_the_run_was_marked(turns: Turns) -> None:
    """While a teardown of a cancelled run still runs, its tasks are cleared: the mark is void."""
    down = task("down", "up", "a", rule="all_done_setup_success", is_teardown=True)
    turns.add(pipeline(task("up", is_setup=True), task("a", "up"), down))
    run_id = turns.trigger()
    turns.ends("up")
    turns.starts("a")
    turns.do("cancel_run", dag_id="dag", run_id=run_id)
    assert turns.rows("SELECT intended_state FROM dag_run") == [("failed",)]
    turns.ends("a", S.FAILED)
    turns.do("clear", dag_id="dag", run_id=run_id)
    assert turns.rows("SELECT intended_state FROM dag_run") == [(None,)]
    for task_id in ("up", "a", "down", "down"):
        turns.ends(task_id)
    assert turns.run_states() == ["success"]


def test_a_run_that_depends_on_a_cleared_one_waits_for_it(turns: Turns) -> None:
    turns.add(pipeline(task("a", depends_on_past=True), max_active_runs=2))
    first = turns.trigger(logical_date="2026-02-01")
    second = turns.trigger(logical_date="2026-02-02")
    assert turns.states(second) == {"a": None}
    turns.ends("a", S.FAILED, run_id=first)
    assert turns.states(second) == {"a": None}
    turns.do("mark_task", dag_id="dag", run_id=first, task_ids=["a"], state="success")
    assert turns.states(second) == {"a": "queued"}


@pytest.mark.parametrize(
    ("command", "payload", "ends_as"),
    [
        ("mark_task", {"task_ids": ["wait"], "state": "success"}, "success"),
        ("mark_task", {"task_ids": ["wait"], "state": "failed"}, "failed"),
        ("cancel_run", {}, "failed"),
        ("mark_run", {"state": "success"}, "success"),
        ("clear", {}, "skipped"),
    ],
)
def test_the_try_of_a_sensor_between_two_pokes_ends_with_it(
    turns: Turns, command: str, payload: dict[str, object], ends_as: str
) -> None:
    turns.add(pipeline(task("wait")))
    run_id = turns.trigger()
    turns.ends("wait", S.UP_FOR_RESCHEDULE)
    turns.do(command, dag_id="dag", run_id=run_id, **payload)
    rows = turns.rows("SELECT state, ended_at IS NULL FROM task_try ORDER BY id")
    assert rows[0] == (ends_as, 0)
    turns.restart()
    assert not any(run.rescheduled for run in turns.brain.runs.values())


def test_a_sensor_pokes_again_only_when_the_process_of_the_poke_before_is_gone(
    turns: Turns,
) -> None:
    turns.add(pipeline(task("wait")))
    run_id = turns.trigger()
    turns.starts("wait")
    turns.lingering = {"wait"}
    turns.ends("wait", S.UP_FOR_RESCHEDULE)
    [old] = turns.brain.tries.values()
    turns.passes(hours=2)
    assert turns.states(run_id) == {"wait": "scheduled"}
    assert not turns.orders.tickets
    turns.lingering = set()
    turns.passes(seconds=1)
    turns.passes(seconds=1)
    [(new, _, ticket)] = turns.orders.tickets
    assert new is not old
    assert (old.pid, new.pid, new.ended) == (1, None, False)
    assert ticket.journal != old.journal


@pytest.mark.parametrize(
    ("command", "payload", "state"),
    [
        ("mark_task", {"task_ids": ["a"], "state": "success"}, "success"),
        ("kill", {"task_id": "a"}, "failed"),
        (None, {}, "scheduled"),
    ],
)
def test_what_an_operator_wants_holds_where_the_import_fails(
    turns: Turns, command: str | None, payload: dict[str, object], state: str
) -> None:
    turns.add(pipeline(task("a")))
    run_id = turns.trigger()
    if command is not None:
        turns.do(command, dag_id="dag", run_id=run_id, **payload)
    turns.brain.is_stopping = True
    with turns.turn() as turn:
        intake.take_back(turn, *turns.brain.tries.values())
    assert turns.states(run_id) == {"a": state}


def test_a_run_that_is_given_up_makes_room_and_leaves_no_process(turns: Turns) -> None:
    turns.add(pipeline(task("a"), timetable=DAILY, start_date=SINCE, catchup=True))
    turns.do("backfill", dag_id="dag", **days(1, 1))
    turns.schedule()
    turns.starts("a")
    with turns.turn() as turn:
        for key in list(turns.brain.runs):
            runs.give_up_run(turn, key, "its rows are damaged")
    assert turns.run_states() == ["failed", "failed"]
    assert turns.rows("SELECT ended_at IS NULL FROM backfill") == [(0,)]
    assert [key for _, key in turns.orders.timers] == [("dag", "dag")] * 2
    intents = {live_try.intent for live_try in turns.orders.kills}
    assert intents == {"leave:its rows are damaged"}


def test_a_runner_that_is_stopped_keeps_what_tasks_were_marked(turns: Turns) -> None:
    turns.add(pipeline(task("a"), task("b")))
    run_id = turns.trigger()
    turns.starts("a")
    turns.do("mark_task", dag_id="dag", run_id=run_id, task_ids=["a"], state="success")
    turns.do("stop", kill_tasks=True)
    for task_id in ("a", "b"):
        turns.ends(task_id, S.FAILED)
    assert turns.states(run_id)["a"] == "success"


@pytest.mark.parametrize(("jump", "moved"), [(-3600, True), (1800, False)])
def test_a_clock_that_is_set_delays_no_poke(turns: Turns, jump: float, moved: bool) -> None:
    turns.add(pipeline(task("wait"), task("again", retries=1, retry_delay=60)))
    turns.trigger()
    turns.ends("wait", S.UP_FOR_RESCHEDULE)
    turns.ends("again", S.UP_FOR_RETRY)
    [run] = turns.brain.runs.values()
    before = {key: instance.next_at for key, instance in run.state.instances.items()}
    turns.now += timedelta(seconds=jump)
    turns.brain.is_stopping = True
    with turns.turn() as turn:
        intake.shift_waits(turn, jump)
    wait, again = (run.state.instances[name, -1].next_at for name in ("wait", "again"))
    by = timedelta(seconds=jump)
    assert again == (before["again", -1] or NOW) + by
    assert wait == (before["wait", -1] or NOW) + (by if moved else timedelta())


def test_a_time_limit_that_a_file_brings_holds_for_runs_at_work(turns: Turns) -> None:
    turns.add(pipeline(task("a")))
    turns.trigger()
    turns.take_in("dag.py", pipeline(task("a"), dagrun_timeout=60.0))
    assert ("run_timeout", 1) in [key for _, key in turns.orders.timers]


def test_runs_go_on_where_a_file_is_imported_again_unchanged(turns: Turns) -> None:
    turns.add(pipeline(task("a"), task("b", "a")))
    run_id = turns.trigger()
    [before] = turns.brain.runs.values()
    turns.take_in("dag.py", pipeline(task("a"), task("b", "a")))
    assert list(turns.brain.runs.values()) == [before]
    assert before.pipeline is turns.brain.pipelines["dag"]
    for task_id in ("a", "b"):
        turns.ends(task_id)
    assert turns.states(run_id) == {"a": "success", "b": "success"}


@pytest.mark.parametrize(
    ("states", "paused"), [(["failed", "failed"], True), (["failed", "success"], False)]
)
def test_so_many_failures_in_a_row_pause_the_dag(
    turns: Turns, states: list[str], paused: bool
) -> None:
    turns.add(pipeline(task("a"), max_consecutive_failed_dag_runs=2))
    for state in states:
        run_id = turns.trigger()
        turns.ends("a", S(state), run_id=run_id)
    assert turns.brain.pipelines["dag"].is_paused is paused


def test_a_run_at_work_breaks_a_row_of_failures(turns: Turns) -> None:
    turns.add(pipeline(task("a"), max_consecutive_failed_dag_runs=2))
    first, second = turns.trigger(), turns.trigger()
    turns.trigger()
    for run_id in (first, second):
        turns.ends("a", S.FAILED, run_id=run_id)
    assert not turns.brain.pipelines["dag"].is_paused


def test_a_sensor_waits_for_its_timeout_over_all_tries(turns: Turns) -> None:
    """Its timeout runs from the first poke of the first try; a clear begins anew (Airflow's)."""
    turns.add(pipeline(task("wait", retries=2)))
    run_id = turns.trigger()
    turns.starts("wait")
    began = turns.now
    turns.ends("wait", S.UP_FOR_RESCHEDULE)
    turns.passes(hours=2)
    assert ticket(turns) == (1, began.timestamp())
    turns.starts("wait")
    turns.ends("wait", S.UP_FOR_RETRY)
    turns.passes(hours=2)
    assert ticket(turns) == (2, began.timestamp())
    turns.starts("wait")
    turns.ends("wait", S.FAILED)
    turns.do("clear", dag_id="dag", run_id=run_id)
    assert ticket(turns) == (3, None)


def ticket(turns: Turns) -> tuple[int, float | None]:
    """Number and first start of the try that the last turn has sent to a host."""
    [(_, _, sent)] = turns.orders.tickets
    return sent.try_number, sent.first_started_at


def wide(number: int) -> list[TaskStructure]:
    """That many tasks, of which all but ``a`` run nothing."""
    return [task("a"), *(task(f"t{n}", runs_nothing=True) for n in range(number - 1))]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_large_backfill_is_made_over_several_turns(turns: Turns, backwards: bool) -> None:
    turns.add(pipeline(*wide(INSTANCES_AT_ONCE // 10), timetable=DAILY))
    turns.trigger(logical_date="2026-02-14", run_id="mine")
    span = days(1, 28)
    answer = turns.do("backfill", dag_id="dag", run_backwards=backwards, max_active_runs=1, **span)
    assert len(answer["runs"]) == 27
    assert len(turns.run_states()) == 11
    due = turns.orders.timers
    turns.restart()
    turns.orders.timers = due
    assert turns.make_backfills() == 2
    rows = turns.rows("SELECT logical_date, run_id FROM dag_run ORDER BY id")[1:]
    dates = [date for date, _ in rows]
    assert dates == sorted(set(dates), reverse=backwards)
    made = [run_id for _, run_id in rows]
    assert made == [run_id for run_id, _ in answer["runs"]]


def test_a_backfill_ends_only_when_all_its_runs_are_made(turns: Turns) -> None:
    turns.add(pipeline(*wide(INSTANCES_AT_ONCE), timetable=DAILY))
    turns.do("backfill", dag_id="dag", **days(1, 2))
    due = turns.orders.timers
    turns.ends("a")
    assert turns.rows("SELECT ended_at IS NULL FROM backfill") == [(1,)]
    turns.orders.timers = due
    turns.make_backfills()
    turns.ends("a")
    assert turns.rows("SELECT ended_at IS NULL FROM backfill") == [(0,)]


def test_a_backfill_whose_runs_are_all_there_ends_at_once(turns: Turns) -> None:
    turns.add(pipeline(task("a"), timetable=DAILY))
    for _ in range(2):
        turns.do("backfill", dag_id="dag", **days(1, 2))
    assert turns.rows("SELECT id, ended_at IS NULL FROM backfill") == [(1, 1), (2, 0)]


def test_the_events_of_a_backfill_name_it(turns: Turns) -> None:
    turns.add(pipeline(task("a"), timetable=DAILY))
    turns.do("backfill", dag_id="dag", **days(1, 2))
    assert ("test started a backfill of 2 runs",) in turns.rows("SELECT message FROM event")


@pytest.mark.parametrize(
    ("command", "payload", "called"),
    [
        ("kill", {"task_id": "a"}, [("on_failure", "killed by test")]),
        ("mark_task", {"task_ids": ["a"], "state": "failed"}, []),
        ("clear", {}, []),
        ("cancel_run", {}, []),
    ],
)
def test_only_a_killed_task_calls_back_that_it_failed(
    turns: Turns, command: str, payload: dict[str, object], called: list[tuple[str, str]]
) -> None:
    turns.add(pipeline(task("a", callbacks=["on_failure"])))
    run_id = turns.trigger()
    turns.starts("a")
    turns.do(command, dag_id="dag", run_id=run_id, **payload)
    turns.ends("a", S.FAILED)
    assert turns.rows("SELECT kind, reason FROM callback") == called


# -- files -------------------------------------------------------------------------------------


def test_a_dag_that_moves_to_another_file_is_found_there(turns: Turns) -> None:
    """The new file may be imported before the old one is: it is imported once more then."""
    old = pipeline(task("a"))
    for name in ("dag.py", "new.py"):
        (turns.workspace.root / name).touch()
    turns.add(old)
    moved = msgspec.structs.replace(old, file="new.py")
    turns.take_in("new.py", moved)
    assert turns.rows("SELECT file FROM dag") == [("dag.py",)]
    turns.take_in("dag.py")
    assert turns.orders.reparse == ["new.py"]
    turns.take_in("new.py", moved)
    assert turns.rows("SELECT file, is_active FROM dag") == [("new.py", 1)]
