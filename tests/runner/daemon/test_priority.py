"""Priority weights set by hand: who of those that wait for a slot is started first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from runner.daemon import ingest
from runner.daemon.commands import Refused
from runner.journal.records import XComPushed
from store import models
from store.structure import DagStructure, Expansion, TaskStructure, XComLength
from tests.support.turns import S, Turns


def wide(*tasks: str, weight: int = 1) -> DagStructure:
    return DagStructure(
        dag_id="dag",
        file="dags/a.py",
        tasks=[TaskStructure(name, "@task", priority_weight=weight) for name in tasks],
        roots=list(tasks),
    )


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Turns]:
    made = Turns(tmp_path)
    with made.store.write() as connection:
        connection.execute(update(models.pool).values(slots=1))
    made.restart()
    yield made
    made.store.close()


def set_priority(turns: Turns, run_id: str, task: str, priority: int | None) -> dict[str, object]:
    return turns.do("set_priority", dag_id="dag", run_id=run_id, task_ids=[task], priority=priority)


def started(turns: Turns) -> list[str]:
    return [one.task_id for one in turns.brain.tries.values()]


def test_what_gets_a_higher_weight_is_started_first(turns: Turns) -> None:
    turns.add(wide("a", "b", "c"))
    run_id = turns.trigger()
    assert started(turns) == ["a"]
    assert set_priority(turns, run_id, "c", 10) == {"instances": [["c", -1, None]], "started": 0}
    turns.starts("a")
    turns.ends("a")
    assert started(turns) == ["c"]
    (ticket,) = [ticket for _, _, ticket in turns.orders.tickets]
    assert ticket.context["priority_weight"] == 10


def test_the_weight_survives_a_crash_of_the_runner(turns: Turns) -> None:
    turns.add(wide("a", "b", "c"))
    set_priority(turns, turns.trigger(), "c", 10)
    turns.restart()
    turns.starts("a")
    turns.ends("a")
    assert started(turns) == ["c"]


def test_a_weight_is_taken_back_by_none(turns: Turns) -> None:
    turns.add(wide("a", "b", "c", weight=3))
    run_id = turns.trigger()
    set_priority(turns, run_id, "c", 10)
    answer = set_priority(turns, run_id, "c", None)
    assert answer["instances"] == [["c", -1, 10]]
    assert {one.priority_weight for one in turns.brain.candidates.values()} == {3}


def test_the_former_weight_is_on_the_audit_trail(turns: Turns) -> None:
    turns.add(wide("a", "b", weight=3))
    set_priority(turns, turns.trigger(), "b", -7)
    query = "SELECT message, task_id, details FROM event WHERE kind = 'priority_set'"
    assert turns.rows(query) == [
        (
            "test set the priority weight to -7, before 3",
            "b",
            '{"priority":-7,"former":[["b",-1,null]]}',
        )
    ]


def test_the_same_weight_again_changes_nothing(turns: Turns) -> None:
    turns.add(wide("a", "b"))
    run_id = turns.trigger()
    set_priority(turns, run_id, "b", 2)
    assert set_priority(turns, run_id, "b", 2)["instances"] == []
    assert len(turns.rows("SELECT 1 FROM event WHERE kind = 'priority_set'")) == 1


def test_what_has_started_keeps_its_place(turns: Turns) -> None:
    turns.add(wide("a", "b"))
    run_id = turns.trigger()
    with pytest.raises(Refused, match=r"nothing of a in run .* waits to be started"):
        set_priority(turns, run_id, "a", 5)
    with pytest.raises(Refused, match="DAG dag has no task 'x'"):
        set_priority(turns, run_id, "x", 5)


def test_a_queued_run_has_it_when_it_starts(turns: Turns) -> None:
    turns.add(wide("a", "b"), paused=True)
    run_id = turns.trigger()
    set_priority(turns, run_id, "b", 5)
    turns.do("unpause", dag_ids=["dag"])
    assert started(turns) == ["b"]


def test_the_instances_of_a_mapped_task_inherit_it(turns: Turns) -> None:
    mapped = TaskStructure(
        "each", "@task", upstream=["make"], expansion=Expansion([("x", XComLength("make"))])
    )
    make = TaskStructure("make", "@task", downstream=["each"])
    turns.add(
        DagStructure(dag_id="dag", file="dags/a.py", tasks=[make, mapped], roots=["make", "each"])
    )
    run_id = turns.trigger()
    set_priority(turns, run_id, "each", 9)
    turns.starts("make")
    with turns.turn() as turn:
        (live_try,) = turns.brain.tries.values()
        at = turns.now.timestamp()
        ingest.take_in(turn, live_try, [XComPushed(at, "return_value", b"[1,2]", 2)])
    turns.ends("make", S.SUCCESS)
    query = "SELECT map_index, priority_weight FROM task_instance WHERE task_id = 'each'"
    assert turns.rows(query) == [(0, 9), (1, 9)]
