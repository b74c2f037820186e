"""Deleting task instances: what goes with them, what stays, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.daemon.commands import Refused
from store.structure import DagStructure, TaskStructure
from tests.runner.daemon.test_deleting import either
from tests.support.live import Live, wait_for
from tests.support.turns import S, Turns

__all__ = ["either"]

SHOP = """
from dagtop import DAG, log_metric, task
with DAG("shop"):
    @task
    def load():
        print("loading")
        return {"rows": 3}
    @task
    def train(number):
        log_metric("loss", 0.5)
        return number
    @task
    def old():
        print("to go")
        return "x"
    load()
    train.expand(number=[0, 1, 2])
    old()
"""


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Turns]:
    made = Turns(tmp_path)
    yield made
    made.store.close()


def pair() -> DagStructure:
    return DagStructure(
        dag_id="dag",
        file="dags/a.py",
        tasks=[TaskStructure("a", "@task"), TaskStructure("b", "@task")],
        roots=["a", "b"],
    )


def delete(turns: Turns, run_id: str, *tasks: str, **more: Any) -> Any:
    return turns.do(
        "delete_task_instances", dag_id="dag", run_id=run_id, task_ids=list(tasks), **more
    )


def ended(turns: Turns) -> str:
    turns.add(pair())
    run_id = turns.trigger()
    for task in ("a", "b"):
        turns.starts(task)
        turns.ends(task, S.FAILED if task == "b" else S.SUCCESS)
    return run_id


def test_an_instance_goes_with_its_tries_and_the_run_keeps_its_state(turns: Turns) -> None:
    run_id = ended(turns)
    assert turns.run_states() == ["failed"]
    [(try_key,)] = turns.rows(
        "SELECT t.id FROM task_try t JOIN task_instance i ON i.id = task_instance_id "
        "WHERE task_id = 'b'"
    )
    gone = [[run_id, "b", -1, "failed"]]
    assert delete(turns, run_id, "b", dry_run=True) == {"instances": gone}
    assert turns.states(run_id) == {"a": "success", "b": "failed"}
    assert delete(turns, run_id, "b") == {"instances": gone}
    assert turns.orders.deleted_tries == [(1, try_key)]
    assert turns.states(run_id) == {"a": "success"}
    assert turns.run_states() == ["failed"]
    assert len(turns.rows("SELECT 1 FROM task_try")) == 1
    [(message, task_id, run)] = turns.rows(
        "SELECT message, task_id, run_id FROM event WHERE kind = 'task_deleted'"
    )
    assert (message, task_id, run) == (f"test deleted b of run {run_id}", "b", run_id)


def test_a_cleared_run_has_deleted_tasks_of_the_file_again(turns: Turns) -> None:
    run_id = ended(turns)
    delete(turns, run_id, "b")
    turns.do("clear", dag_id="dag", run_ids=[run_id])
    assert turns.states(run_id) == {"a": "queued", "b": "queued"}
    for task in ("a", "b"):
        turns.starts(task)
        turns.ends(task)
    assert turns.run_states() == ["success"]


def test_a_task_that_is_gone_from_the_file_is_deleted(turns: Turns) -> None:
    run_id = ended(turns)
    turns.add(DagStructure(dag_id="dag", file="dags/a.py", tasks=[TaskStructure("a", "@task")],
                           roots=["a"]))  # fmt: skip
    turns.do("clear", dag_id="dag", run_ids=[run_id])
    turns.starts("a")
    turns.ends("a")
    assert turns.states(run_id) == {"a": "success", "b": "removed"}
    assert turns.run_states() == ["success"]
    delete(turns, run_id, "b")
    assert turns.states(run_id) == {"a": "success"}


def test_what_has_not_ended_is_refused_with_what_to_do(turns: Turns) -> None:
    turns.add(pair())
    run_id = turns.trigger()
    with pytest.raises(Refused, match=r"run .* is running: wait for its end or cancel it, then"):
        delete(turns, run_id, "a")
    turns.starts("a")
    turns.do("mark_run", dag_id="dag", run_id=run_id, state="failed")
    turns.rows("SELECT 1")
    with pytest.raises(Refused):
        delete(turns, run_id, "a")
    assert set(turns.states(run_id)) == {"a", "b"}


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (None, "a of run .* has no status: mark it, then delete"),
        ("running", "a of run .* is running: wait for its end or kill it, then delete"),
    ],
)
def test_an_unfinished_instance_of_an_ended_run_is_refused(
    turns: Turns, state: str | None, words: str
) -> None:
    run_id = ended(turns)
    with turns.store.write() as connection:
        connection.exec_driver_sql(
            "UPDATE task_instance SET state = ? WHERE task_id = 'a'", (state,)
        )
    with pytest.raises(Refused, match=words):
        delete(turns, run_id, "a", "b")
    assert set(turns.states(run_id)) == {"a", "b"}


def test_a_process_that_is_still_ending_is_waited_for(turns: Turns) -> None:
    run_id = ended(turns)
    turns.do("clear", dag_id="dag", run_ids=[run_id])
    turns.starts("a")
    [running] = [one for one in turns.brain.tries.values() if one.task_id == "a"]
    turns.starts("b")
    turns.ends("b")
    turns.ends("a")
    turns.brain.tries[running.key] = running
    running.ended = running.gone = False
    with pytest.raises(Refused, match=r"the process of a of run .* is still ending: try again"):
        delete(turns, run_id, "a")


def test_what_is_not_there_is_refused(turns: Turns) -> None:
    run_id = ended(turns)
    with pytest.raises(Refused, match=r"run .* has no task instance x"):
        delete(turns, run_id, "x")
    with pytest.raises(Refused, match=r"run .* has no task instance a\[3\]"):
        delete(turns, run_id, "a", map_indexes=[3])
    with pytest.raises(Refused, match="the payload of the command delete_task_instances is wrong"):
        delete(turns, run_id)


def test_its_logs_and_xcoms_go_what_was_tracked_and_those_of_others_stay(either: Live) -> None:
    either.write("shop.py", SHOP)
    either.start()
    either.wait_for_dag("shop")
    either.submit("unpause", dag_ids=["shop"])
    run_id = either.trigger("shop")
    assert either.wait_for_run("shop", run_id) == "success"
    folder = next(either.workspace.tries.iterdir())
    assert len(list(folder.iterdir())) == 5
    train = {"dag_id": "shop", "run_id": run_id, "task_ids": ["train"]}
    answer = either.submit("delete_task_instances", **train, map_indexes=[1])
    assert answer == {"instances": [[run_id, "train", 1, "success"]]}
    assert set(either.states("shop", run_id)) == {"load", "train[0]", "train[2]", "old"}
    either.submit("delete_task_instances", **train)
    either.submit("delete_task_instances", dag_id="shop", run_id=run_id, task_ids=["old"])
    assert set(either.states("shop", run_id)) == {"load"}
    wait_for(lambda: len(list(folder.iterdir())) == 1, what="the folders of the tries to go")
    assert either.query("SELECT DISTINCT try_id, dag_id, task_id FROM tracked_run") == [
        (None, "shop", "train")  # what was tracked stays
    ]
    assert either.value("SELECT count(*) FROM metric") == 3
    assert either.query("SELECT DISTINCT task_id FROM xcom") == [("load",)]
    assert either.value("SELECT count(*) FROM task_try") == 1
    assert either.run_state("shop", run_id) == "success"
    newest = either.value("SELECT max(id) FROM task_try")
    either.submit("clear", dag_id="shop", run_ids=[run_id])
    assert either.wait_for_run("shop", run_id) == "success"
    assert set(either.states("shop", run_id)) == {"load", "train[0]", "train[1]", "train[2]", "old"}
    fresh = either.query("SELECT id FROM task_try WHERE try_number = 1 AND id > ?", newest + 4)
    assert fresh or either.value("SELECT max(id) FROM task_try") > newest + 4
