"""After a turn that failed, each fact is taken in by itself: what was told is what is stored."""

from __future__ import annotations

import asyncio
from pathlib import Path

from msgspec.structs import replace

from runner.daemon.engine import Engine
from runner.daemon.inbox import Request
from store.config import Config
from store.structure import AssetStructure, TimetableStructure
from tests.runner.scheduling.pipelines import pipeline, task
from tests.support.turns import Turns

REFUSE = (
    "CREATE TRIGGER damaged BEFORE INSERT ON task_instance WHEN NEW.task_id = 'bad' "
    "BEGIN SELECT RAISE(ABORT, 'damaged'); END"
)


async def test_an_answer_says_what_was_stored(tmp_path: Path) -> None:
    """The first of three commands can't be written: it alone is refused, the others done once."""
    turns = Turns(tmp_path)
    for dag_id in ("bad", "good"):
        turns.add(pipeline(task(dag_id), dag_id=dag_id, file=f"{dag_id}.py"))
    with turns.store.write() as connection:
        connection.exec_driver_sql(REFUSE)
    engine = Engine(turns.workspace, turns.store, Config())
    loop = asyncio.get_running_loop()
    requests = [
        Request("trigger", {"dag_id": dag_id}, "me", loop.create_future())
        for dag_id in ("bad", "good", "good")
    ]
    engine.inbox.requests.extend(requests)
    engine.inbox.wake()
    answers = await asyncio.gather(*(request.answer for request in requests))
    engine.close()
    assert answers[0][0] is None
    assert "damaged" in answers[0][1]
    stored = [run_id for (run_id,) in turns.rows("SELECT run_id FROM dag_run ORDER BY id")]
    assert stored == [value["run_id"] for value, _ in answers[1:]]
    assert engine.inbox.requests == []
    turns.store.close()


async def test_an_asset_run_that_can_not_be_stored_is_given_up_alone(tmp_path: Path) -> None:
    """Two DAGs wait for one asset; the tasks of one can't be written: the other one runs."""
    turns = Turns(tmp_path)
    asset = AssetStructure("a", "a")
    for dag_id in ("bad", "good"):
        structure = pipeline(task(dag_id), dag_id=dag_id, file=f"{dag_id}.py")
        timetable = TimetableStructure("asset", summary="Asset")
        turns.add(replace(structure, timetable=timetable, asset_condition=asset))
    with turns.store.write() as connection:
        connection.exec_driver_sql(REFUSE)
    engine = Engine(turns.workspace, turns.store, Config())
    request = Request(
        "asset_event", {"asset": "a"}, "me", asyncio.get_running_loop().create_future()
    )
    engine.inbox.requests.append(request)
    engine.inbox.wake()
    value, error = await request.answer
    engine.close()
    assert (error, value["dags"]) == (None, ["bad", "good"])
    assert turns.rows("SELECT dag_id, run_type FROM dag_run") == [("good", "asset_triggered")]
    assert turns.rows("SELECT target_dag_id FROM asset_dag_run_queue") == []
    (message,) = turns.rows("SELECT message FROM event WHERE kind = 'run_failed'")
    assert "the assets of DAG bad" in message[0]
    turns.store.close()
