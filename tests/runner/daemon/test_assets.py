"""Assets: events of what tasks produce, and the runs of the DAGs that wait for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.daemon import ingest, schedules
from runner.daemon.commands import Refused
from runner.journal.records import AssetChange, Ended
from store.structure import (
    AllAssets,
    AnyAsset,
    AssetCondition,
    AssetStructure,
    DagStructure,
    TaskStructure,
    TimetableStructure,
)
from tests.support.turns import S, Turns

A, B = AssetStructure("a", "a"), AssetStructure("b", "s3://b")


def producer(dag_id: str = "make", *outlets: AssetStructure) -> DagStructure:
    task = TaskStructure("work", "@task", outlets=list(outlets or (A,)))
    return DagStructure(dag_id=dag_id, file=f"{dag_id}.py", tasks=[task], roots=["work"])


def consumer(condition: AssetCondition, dag_id: str = "use", **values: Any) -> DagStructure:
    return DagStructure(
        dag_id=dag_id,
        file=f"{dag_id}.py",
        tasks=[TaskStructure("read", "@task")],
        roots=["read"],
        timetable=TimetableStructure("asset", summary="Asset", description="on assets"),
        asset_condition=condition,
        **values,
    )


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Turns]:
    made = Turns(tmp_path)
    yield made
    made.store.close()


def succeed(
    turns: Turns, dag_id: str = "make", *changes: AssetChange, state: str = "success"
) -> None:
    """Run the producer: its task ends and says what it has produced."""
    turns.trigger(dag_id)
    turns.starts("work")
    with turns.turn() as turn:
        for live_try in list(turns.brain.tries.values()):
            if live_try.task_id == "work":
                at = turns.now.timestamp()
                produced = list(changes or (AssetChange("a", "a", {"rows": 1}),))
                ingest.take_in(turn, live_try, [Ended(at, 1.0, state, assets=produced)])


def event(turns: Turns, asset: str = "a") -> Any:
    return turns.do("asset_event", asset=asset)


def asset_runs(turns: Turns, dag_id: str = "use") -> list[str]:
    query = "SELECT run_id FROM dag_run WHERE dag_id = ? AND run_type = 'asset_triggered'"
    return [run_id for (run_id,) in turns.rows(query + " ORDER BY id", dag_id)]


def consumed(turns: Turns) -> list[tuple[str, int]]:
    """Run and event of each link, the runs in the order in which they were made."""
    query = "SELECT run_id, event_id FROM dagrun_asset_event JOIN dag_run r ON r.id = dag_run_id"
    return [(run_id, key) for run_id, key in turns.rows(query + " ORDER BY r.id, event_id")]


def test_a_success_makes_an_event_and_the_run_that_waits_for_it(turns: Turns) -> None:
    turns.add(producer())
    turns.add(consumer(A))
    succeed(turns)
    (run_id,) = asset_runs(turns)
    assert run_id == f"asset_triggered__{turns.now.isoformat()}"
    assert consumed(turns) == [(run_id, 1)]
    query = "SELECT source_dag_id, source_task_id, source_map_index, extra FROM asset_event"
    assert turns.rows(query) == [("make", "work", -1, '{"rows":1}')]
    assert turns.rows("SELECT event_count, last_event_id FROM asset") == [(1, 1)]
    assert turns.rows("SELECT triggered_by, logical_date FROM dag_run WHERE dag_id = 'use'") == [
        ("asset", None)
    ]


def test_the_tasks_are_told_of_the_events(turns: Turns) -> None:
    turns.add(producer())
    turns.add(consumer(A))
    succeed(turns)
    (ticket,) = [one for _, run, one in turns.orders.tickets if run.dag_id == "use"]
    (facts,) = ticket.context["triggering_asset_events"]
    assert (facts["name"], facts["extra"], facts["source_task_id"]) == ("a", {"rows": 1}, "work")


@pytest.mark.parametrize("state", ["failed", "skipped", "up_for_retry"])
def test_what_is_no_success_makes_no_event(turns: Turns, state: str) -> None:
    turns.add(producer())
    turns.add(consumer(A))
    succeed(turns, state=state)
    assert asset_runs(turns) == []
    assert turns.rows("SELECT id FROM asset_event") == []


def test_a_mark_as_success_makes_no_event(turns: Turns) -> None:
    turns.add(producer())
    run_id = turns.trigger("make")
    turns.do("mark_task", dag_id="make", run_id=run_id, task_ids=["work"], state="success")
    assert turns.rows("SELECT id FROM asset_event") == []


def test_all_assets_must_have_had_an_event_since_the_last_run(turns: Turns) -> None:
    turns.add(consumer(AllAssets([A, B])))
    event(turns, "a")
    event(turns, "a")
    assert asset_runs(turns) == []
    event(turns, "b")
    (first,) = asset_runs(turns)
    assert consumed(turns) == [(first, 1), (first, 2), (first, 3)]
    event(turns, "b")
    assert len(asset_runs(turns)) == 1
    event(turns, "s3://b")
    event(turns, "a")
    second = asset_runs(turns)[1]
    assert [key for run_id, key in consumed(turns) if run_id == second] == [4, 5, 6]


@pytest.mark.parametrize(
    ("condition", "names", "number"),
    [
        (AnyAsset([A, B]), "b", 1),
        (AnyAsset([A, B]), "ab", 2),
        (AllAssets([A, AnyAsset([A, B])]), "b", 0),
        (AllAssets([A, AnyAsset([A, B])]), "a", 1),
    ],
)
def test_an_expression_is_met(
    turns: Turns, condition: AssetCondition, names: str, number: int
) -> None:
    turns.add(consumer(condition))
    for name in names:
        event(turns, name)
    assert len(asset_runs(turns)) == number


def test_for_a_paused_dag_nothing_is_noted(turns: Turns) -> None:
    turns.add(consumer(A), paused=True)
    event(turns)
    turns.do("unpause", dag_ids=["use"])
    assert asset_runs(turns) == []
    event(turns)
    (run_id,) = asset_runs(turns)
    assert consumed(turns) == [(run_id, 1), (run_id, 2)]  # Airflow's window takes both


def test_what_was_noted_before_the_pause_runs_after_it(turns: Turns) -> None:
    turns.add(consumer(AllAssets([A, B])))
    event(turns, "a")
    turns.do("pause", dag_ids=["use"])
    event(turns, "b")
    turns.do("unpause", dag_ids=["use"])
    assert asset_runs(turns) == []
    event(turns, "b")
    assert len(asset_runs(turns)) == 1


def test_max_active_runs_defers_the_run(turns: Turns) -> None:
    turns.add(consumer(A, max_active_runs=1))
    event(turns)
    event(turns)
    assert len(asset_runs(turns)) == 1
    turns.starts("read")
    turns.ends("read")
    assert len(asset_runs(turns)) == 2


def test_events_before_the_dag_ran_on_them_are_left_unless_it_catches_up(turns: Turns) -> None:
    turns.add(producer())
    event(turns)
    turns.add(consumer(A))
    turns.add(consumer(A, "all", catchup=True))
    event(turns)
    found = {run_id: [] for run_id in [*asset_runs(turns), *asset_runs(turns, "all")]}
    query = "SELECT dag_id, event_id FROM dagrun_asset_event JOIN dag_run r ON r.id = dag_run_id"
    assert sorted(turns.rows(query)) == [("all", 1), ("all", 2), ("use", 2)]
    assert len(found) == 1  # the same name: both runs were made in one turn


def test_what_is_noted_survives_a_crash(turns: Turns) -> None:
    turns.add(consumer(AllAssets([A, B])))
    event(turns, "a")
    turns.restart()
    event(turns, "b")
    assert len(asset_runs(turns)) == 1


def test_a_dag_that_no_longer_names_an_asset_forgets_its_events(turns: Turns) -> None:
    turns.add(consumer(AllAssets([A, B])))
    event(turns, "a")
    turns.take_in("use.py", consumer(B), text="new")
    assert turns.rows("SELECT asset_id FROM asset_dag_run_queue") == []
    event(turns, "b")
    assert len(asset_runs(turns)) == 1


def test_an_overridden_schedule_takes_no_notice_of_assets(turns: Turns) -> None:
    turns.add(consumer(A))
    turns.do("schedule", dag_id="use", expression="@daily")
    event(turns)
    assert asset_runs(turns) == []
    turns.do("schedule", dag_id="use", expression=None)
    event(turns)
    assert len(asset_runs(turns)) == 1


def test_the_schedule_of_assets_is_previewed_as_the_files(turns: Turns) -> None:
    turns.add(consumer(A))
    pipeline = turns.brain.pipelines["use"]
    for text in ("", "Asset", " Asset "):
        found = schedules.preview(pipeline, None, text, 5, turns.now)
        assert (found["words"], found["times"], found["due"]) == ("on assets", [], False)
    with pytest.raises(ValueError, match="Assets"):
        schedules.preview(pipeline, None, "Assets", 5, turns.now)


def test_references_follow_the_file(turns: Turns) -> None:
    turns.add(producer("make", A, B))
    query = "SELECT name, task_id FROM task_outlet_asset_reference JOIN asset ON id = asset_id"
    assert turns.rows(query + " ORDER BY name") == [("a", "work"), ("b", "work")]
    turns.take_in("make.py", producer("make", B), text="new")
    assert turns.rows(query) == [("b", "work")]
    assert turns.rows('SELECT name, "group" FROM asset ORDER BY id') == [
        ("a", "asset"),
        ("b", "asset"),
    ]


def test_an_event_by_hand_is_on_the_audit_trail(turns: Turns) -> None:
    turns.add(consumer(A))
    assert event(turns) == {"event_id": 1, "asset": "a", "uri": "a", "dags": ["use"]}
    assert turns.rows("SELECT actor FROM asset_event") == [("test",)]
    query = "SELECT message FROM event WHERE kind = 'asset_event'"
    assert turns.rows(query) == [("test recorded an event of asset a",)]
    with pytest.raises(Refused, match="there is no asset 'x'"):
        event(turns, "x")


def test_a_deleted_dag_leaves_the_asset_alone(turns: Turns) -> None:
    turns.add(consumer(A))
    event(turns)
    turns.starts("read")
    turns.ends("read", S.SUCCESS)
    turns.do("delete_dag", dag_id="use")
    assert turns.rows("SELECT dag_id FROM dag_schedule_asset_reference") == []
    assert turns.rows("SELECT event_count FROM asset") == [(1,)]


def test_time_alone_makes_no_second_run(turns: Turns) -> None:
    turns.add(consumer(A))
    event(turns)
    turns.passes(days=2)
    assert len(asset_runs(turns)) == 1
