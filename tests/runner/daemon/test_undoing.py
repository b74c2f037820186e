"""Undo: what was done by hand is again as it was, unless something has gone on from there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.daemon.commands import Refused
from store.states import TaskInstanceState as S
from store.structure import DagStructure, TaskStructure
from tests.runner.scheduling.pipelines import over, pipeline, task
from tests.support.turns import NOW, Turns


def chain(*tasks: str) -> DagStructure:
    return DagStructure(
        dag_id="dag",
        file="dags/a.py",
        tasks=[
            TaskStructure(
                name, "@task", upstream=list(tasks[:n][-1:]), downstream=list(tasks[n + 1 : n + 2])
            )
            for n, name in enumerate(tasks)
        ],
        roots=list(tasks),
    )


@pytest.fixture
def turns(tmp_path: Path) -> Any:
    made = Turns(tmp_path)
    made.add(chain("one", "two", "three"))
    yield made
    made.store.close()


def failed_run(turns: Turns) -> str:
    run_id = turns.trigger()
    turns.starts("one")
    turns.ends("one")
    turns.starts("two")
    turns.ends("two", S.FAILED)
    assert turns.run_states() == ["failed"]
    return run_id


def facts(turns: Turns) -> list[tuple[Any, ...]]:
    return turns.rows(
        "SELECT state, queued_at, started_at, ended_at, clear_number, intended_state FROM dag_run"
    ) + turns.rows(
        "SELECT task_id, map_index, state, started_at, ended_at, duration, try_number, max_tries "
        "FROM task_instance ORDER BY id"
    )


def test_a_clear_of_a_paused_dag_is_undone_to_the_last_field(turns: Turns) -> None:
    run_id = failed_run(turns)
    turns.do("pause", dag_ids=["dag"])
    before = facts(turns)
    answer = turns.do("clear", dag_id="dag", run_ids=[run_id])
    assert facts(turns) != before
    done = turns.do("restore", **answer["undo"])
    assert done == {"restored": 3, "left": 0, "runs": 1}
    assert facts(turns) == before
    turns.do("unpause", dag_ids=["dag"])
    turns.passes(minutes=5)
    assert facts(turns) == before
    turns.restart()
    assert turns.brain.queued_runs["dag"] == 0


def test_what_has_started_again_stays_and_the_rest_gets_its_state_back(turns: Turns) -> None:
    run_id = failed_run(turns)
    answer = turns.do("clear", dag_id="dag", run_ids=[run_id])
    turns.starts("one")
    done = turns.do("restore", **answer["undo"])
    assert done == {"restored": 2, "left": 1, "runs": 1}
    assert turns.states(run_id) == {"one": "running", "two": "failed", "three": "upstream_failed"}
    turns.ends("one")
    assert turns.run_states() == ["failed"]


def test_what_was_at_work_when_it_was_cleared_goes_on_after_the_undo(turns: Turns) -> None:
    run_id = turns.trigger()
    turns.starts("one")
    answer = turns.do("clear", dag_id="dag", run_ids=[run_id])
    done = turns.do("restore", **answer["undo"])
    assert done == {"restored": 2, "left": 1, "runs": 1}


def test_a_clear_whose_tasks_all_started_can_not_be_undone(turns: Turns) -> None:
    run_id = failed_run(turns)
    answer = turns.do("clear", dag_id="dag", run_ids=[run_id], task_ids=["two"])
    turns.starts("two")
    with pytest.raises(Refused, match="it has started again"):
        turns.do("restore", **answer["undo"])


def test_a_mark_is_undone_with_what_it_let_run_again(turns: Turns) -> None:
    run_id = failed_run(turns)
    turns.do("pause", dag_ids=["dag"])
    before = facts(turns)
    answer = turns.do("mark_task", dag_id="dag", run_id=run_id, task_ids=["two"], state="success")
    assert turns.states(run_id) == {"one": "success", "two": "success", "three": None}
    turns.do("restore", **answer["undo"])
    assert facts(turns) == before


def test_a_mark_after_which_something_started_stays(turns: Turns) -> None:
    run_id = failed_run(turns)
    answer = turns.do("mark_task", dag_id="dag", run_id=run_id, task_ids=["two"], state="success")
    assert turns.states(run_id)["three"] == "queued"
    with pytest.raises(Refused, match=r"three of run .* has started since"):
        turns.do("restore", **answer["undo"])


def test_a_mark_of_a_running_task_says_that_it_can_not_be_undone(turns: Turns) -> None:
    run_id = turns.trigger()
    turns.starts("one")
    answer = turns.do("mark_task", dag_id="dag", run_id=run_id, task_ids=["one"], state="failed")
    assert "was at work" in answer["undo"]["impossible"]


def test_a_mark_of_a_waiting_task_is_undone_and_it_runs_later(turns: Turns) -> None:
    run_id = turns.trigger()
    turns.starts("one")
    answer = turns.do("mark_task", dag_id="dag", run_id=run_id, task_ids=["three"], state="skipped")
    turns.do("restore", **answer["undo"])
    for name in ("one", "two", "three"):
        turns.starts(name)
        turns.ends(name)
    assert turns.run_states() == ["success"]


def test_the_mark_of_an_ended_run_is_undone_unless_it_was_marked_again(turns: Turns) -> None:
    run_id = failed_run(turns)
    before = facts(turns)
    first = turns.do("mark_run", dag_id="dag", run_id=run_id, state="success")
    turns.do("mark_run", dag_id="dag", run_id=run_id, state="failed")
    with pytest.raises(Refused, match="is failed now"):
        turns.do("restore", **first["undo"])
    again = turns.do("mark_run", dag_id="dag", run_id=run_id, state="success")
    turns.do("restore", **again["undo"])
    assert facts(turns) == before


def test_the_mark_of_a_run_that_waits_is_undone_and_it_goes_on(turns: Turns) -> None:
    run_id = turns.trigger()
    turns.starts("one")
    turns.do("pause", dag_ids=["dag"])
    turns.ends("one")
    answer = turns.do("mark_run", dag_id="dag", run_id=run_id, state="success")
    assert turns.run_states() == ["success"]
    turns.do("restore", **answer["undo"])
    turns.do("unpause", dag_ids=["dag"])
    for name in ("two", "three"):
        turns.starts(name)
        turns.ends(name)
    assert turns.run_states() == ["success"]
    assert set(turns.states(run_id).values()) == {"success"}


def test_an_undo_of_a_run_that_was_deleted_is_refused(turns: Turns) -> None:
    run_id = failed_run(turns)
    answer = turns.do("mark_run", dag_id="dag", run_id=run_id, state="success")
    turns.do("delete_dag", dag_id="dag")
    with pytest.raises(Refused, match="there is no DAG"):
        turns.do("restore", **answer["undo"])


def test_an_undo_is_on_the_audit_trail_and_its_payload_is_checked(turns: Turns) -> None:
    run_id = failed_run(turns)
    answer = turns.do("mark_run", dag_id="dag", run_id=run_id, state="success")
    with pytest.raises(Refused, match="payload"):
        turns.do("restore", **{**answer["undo"], "runs": [{"run_id": run_id, "state": "odd"}]})
    turns.do("restore", **answer["undo"])
    assert turns.rows("SELECT actor, run_id FROM event WHERE kind = 'undone'") == [("test", run_id)]


def test_pausing_says_what_it_changed(turns: Turns) -> None:
    assert turns.do("pause", dag_ids=["dag"])["changed"] == ["dag"]
    assert turns.do("pause", dag_ids=["dag"])["changed"] == []


def test_a_clear_may_give_the_run_another_conf_for_its_tries_from_now_on(turns: Turns) -> None:
    run_id = failed_run(turns)
    turns.do("pause", dag_ids=["dag"])
    answer = turns.do("clear", dag_id="dag", run_ids=[run_id], task_ids=["two"], conf={"rate": 0.5})
    ((conf,),) = turns.rows("SELECT conf FROM dag_run")
    assert conf == '{"rate":0.5}'
    ((details,),) = turns.rows("SELECT details FROM event WHERE kind = 'clear'")
    assert '"former_conf":{}' in details
    turns.do("restore", **answer["undo"])
    assert turns.rows("SELECT conf FROM dag_run") == [("{}",)]
    turns.do("unpause", dag_ids=["dag"])
    turns.do("clear", dag_id="dag", run_ids=[run_id], task_ids=["two"], conf={"rate": 2})
    (ticket,) = [ticket for _, _, ticket in turns.orders.tickets]
    assert ticket.run.conf == {"rate": 2}


def test_params_change_for_one_run_at_a_time(turns: Turns) -> None:
    failed_run(turns)
    turns.now = NOW + timedelta(hours=1)
    turns.trigger()
    with pytest.raises(Refused, match="one run at a time"):
        turns.do("clear", dag_id="dag", conf={})


def test_a_note_is_written_kept_and_taken_away(turns: Turns) -> None:
    run_id = failed_run(turns)
    one = turns.do("note", dag_id="dag", run_id=run_id, text="why\nthis")
    assert one["former"] == ""
    assert turns.rows("SELECT note FROM dag_run") == [("why\nthis",)]
    turns.do("note", dag_id="dag", run_id=run_id, task_id="two", text="look here")
    assert turns.rows("SELECT note FROM task_instance WHERE task_id = 'two'") == [("look here",)]
    two = turns.do("note", dag_id="dag", run_id=run_id, text="")
    assert two["former"] == "why\nthis"
    assert turns.rows("SELECT note FROM dag_run") == [(None,)]
    assert len(turns.rows("SELECT id FROM event WHERE kind = 'note'")) == 3
    for wrong in ({"task_id": "four"}, {"task_id": "two", "map_index": 3}):
        with pytest.raises(Refused, match="there is no"):
            turns.do("note", dag_id="dag", run_id=run_id, text="x", **wrong)
    with pytest.raises(Refused, match="at most"):
        turns.do("note", dag_id="dag", run_id=run_id, text="x" * 10_001)


TASKS = ("one", "two", "three", "four")
ACTS = st.one_of(
    st.tuples(
        st.just("clear"),
        st.fixed_dictionaries(
            {
                "task_ids": st.none() | st.lists(st.sampled_from(TASKS), min_size=1, unique=True),
                "downstream": st.booleans(),
                "only_failed": st.booleans(),
                "conf": st.none() | st.just({"x": 1}),
            }
        ),
    ),
    st.tuples(
        st.just("mark_task"),
        st.fixed_dictionaries(
            {
                "task_ids": st.lists(st.sampled_from(TASKS), min_size=1, unique=True),
                "state": st.sampled_from(["success", "failed", "skipped"]),
                "downstream": st.booleans(),
            }
        ),
    ),
    st.tuples(
        st.just("mark_run"),
        st.fixed_dictionaries({"state": st.sampled_from(["success", "failed"])}),
    ),
    st.tuples(st.just("restart"), st.just({})),
)


def traces(turns: Turns) -> tuple[Any, ...]:
    """All that acts change. A run that goes on may have to queue for that."""
    (state, *others), *instances = facts(turns)
    goes_on = "goes on" if state in ("queued", "running") else state
    return goes_on, others, instances, turns.rows("SELECT conf FROM dag_run")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    acts=st.lists(ACTS, min_size=1, max_size=6),
    ends=st.lists(st.sampled_from([S.SUCCESS, S.FAILED, S.SKIPPED]), max_size=4),
)
def test_acts_on_a_paused_dag_undone_in_reverse_leave_no_trace(
    tmp_path_factory: pytest.TempPathFactory,
    acts: list[tuple[str, dict[str, Any]]],
    ends: list[S],
) -> None:
    turns = Turns(tmp_path_factory.mktemp("undo"))
    turns.add(chain(*TASKS))
    if not ends:
        turns.do("pause", dag_ids=["dag"])
    run_id = turns.trigger()
    for number, (task_id, state) in enumerate(zip(TASKS, ends, strict=False), 1):
        turns.starts(task_id)
        if number == len(ends):
            turns.do("pause", dag_ids=["dag"])
        turns.ends(task_id, state)
    before = [traces(turns)]
    undos: list[dict[str, Any]] = []
    for kind, payload in acts:
        if kind == "restart":
            turns.restart()
            continue
        place = {"run_ids": [run_id]} if kind == "clear" else {"run_id": run_id}
        try:
            answer = turns.do(kind, dag_id="dag", **place, **payload)
        except Refused:
            continue
        if "impossible" in answer["undo"] or answer.get("instances") == []:
            break
        undos.append(answer["undo"])
        before.append(traces(turns))
    for undo in reversed(undos):
        before.pop()
        turns.do("restore", **undo)
        assert traces(turns) == before[-1]
    remembered = turns.brain.queued_runs["dag"], set(turns.brain.runs)
    turns.restart()
    assert (turns.brain.queued_runs["dag"], set(turns.brain.runs)) == remembered
    turns.store.close()


def notes(turns: Turns) -> dict[str | None, str | None]:
    found: dict[str | None, str | None] = {None: turns.rows("SELECT note FROM dag_run")[0][0]}
    return found | dict(turns.rows("SELECT task_id, note FROM task_instance"))


def test_a_note_that_came_with_a_mark_is_undone_with_it(turns: Turns) -> None:
    run_id = failed_run(turns)
    turns.do("pause", dag_ids=["dag"])
    turns.do("note", dag_id="dag", run_id=run_id, task_id="two", text="first")
    mark = {"dag_id": "dag", "run_id": run_id, "task_ids": ["two"], "state": "success"}
    answer = turns.do("mark_task", **mark, note="  fine  ")
    assert notes(turns) == {None: None, "one": None, "two": "fine", "three": None}
    turns.do("restore", **answer["undo"])
    assert notes(turns) == {None: None, "one": None, "two": "first", "three": None}


def test_a_note_that_somebody_wrote_since_outlives_the_undo(turns: Turns) -> None:
    run_id = failed_run(turns)
    turns.do("pause", dag_ids=["dag"])
    answer = turns.do("clear", dag_id="dag", run_ids=[run_id], only_failed=True, note="again")
    assert notes(turns)[None] == "again"
    turns.do("note", dag_id="dag", run_id=run_id, text="mine")
    turns.do("restore", **answer["undo"])
    assert notes(turns)[None] == "mine"


def test_a_mark_of_a_run_writes_its_note_whether_it_runs_or_has_ended(turns: Turns) -> None:
    run_id = failed_run(turns)
    mark = {"dag_id": "dag", "run_id": run_id}
    answer = turns.do("mark_run", **mark, state="success", note="ended")
    assert notes(turns)[None] == "ended"
    turns.do("restore", **answer["undo"])
    assert notes(turns)[None] is None
    turns.do("clear", dag_id="dag", run_ids=[run_id])
    turns.do("mark_run", **mark, state="failed", note="running")
    assert notes(turns)[None] == "running"


def test_a_note_that_can_not_be_kept_refuses_the_act(turns: Turns) -> None:
    run_id = failed_run(turns)
    with pytest.raises(Refused, match="at most 10000 characters, not 10001"):
        turns.do("clear", dag_id="dag", run_ids=[run_id], note="x" * 10_001)
    assert turns.run_states() == ["failed"]
    turns.do("clear", dag_id="dag", run_ids=[run_id], note="   ")
    assert notes(turns)[None] is None


@pytest.mark.parametrize("how", ["clear", "note"])
def test_a_note_on_a_mapped_task_is_on_the_instances_it_gets(tmp_path: Path, how: str) -> None:
    turns = Turns(tmp_path)
    turns.add(pipeline(task("list"), task("each", "list", expansion=over("list"))))
    run_id, place = turns.trigger(), {"dag_id": "dag", "task_id": "each", "map_index": -1}
    if how == "note":
        turns.do("note", run_id=run_id, text="too slow", **place)
    turns.starts("list")
    turns.ends("list")
    new = {"dag_id": "dag", "run_id": run_id, "task_id": "list", "key": "return_value"}
    turns.do("set_xcom", **new, value="[1, 2]", new=True)
    noted = {"note": "too slow"} if how == "clear" else {}
    turns.do("clear", dag_id="dag", run_ids=[run_id], task_ids=["each"], **noted)
    rows = turns.rows("SELECT map_index, note FROM task_instance WHERE task_id = 'each'")
    assert sorted(rows) == [(0, "too slow"), (1, "too slow")]
    turns.store.close()
