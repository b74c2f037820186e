"""XComs set by hand: made, or given another value (Airflow 3.1's)."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Row, select

from runner.authoring.serialization import TAG
from runner.daemon.brain import SKIP_KEY
from runner.daemon.commands.common import Payload, Refused, named_pipeline, named_run
from runner.daemon.turn import Turn
from runner.scheduling.graph import graph_of
from store import models, records
from store.states import FINISHED_TASK_STATES
from store.values import MOST_TYPED_XCOM


def set_xcom(turn: Turn, payload: Payload, actor: str) -> Any:
    """Give a task instance that has ended an XCom, or one that it has another value.

    Not before it has ended: a try deletes the XComs of its task instance when it starts.
    """
    pipeline = named_pipeline(turn, payload)
    run = named_run(turn, pipeline.dag_id, payload["run_id"])
    task_id, key = payload["task_id"], payload["key"]
    index = payload.get("map_index")
    index = -1 if index is None else index
    name = f"{task_id}[{index}]" if index >= 0 else task_id
    _check_place(turn, run, task_id, index, name)
    if key == SKIP_KEY:
        raise Refused(f"the XCom {key} holds what a branch has chosen: it can't be set by hand")
    data, length = _encoded(payload["value"])
    most = turn.config.runner.max_map_length
    if (length or 0) > most and key in graph_of(pipeline.structure).mapped_over.get(task_id, ()):
        raise Refused(f"it has {length:,} items and tasks map over it: at most {most:,} may be")
    former = _former(turn, run.id, task_id, index, key)
    if former is not None and payload.get("new"):
        raise Refused(f"{name} has an XCom {key} already: edit that one")
    if former is None and not payload.get("new"):
        raise Refused(f"{name} has no XCom {key} any more: add it")
    expected = payload.get("expected")
    if expected is not None and former != _encoded(expected)[0]:
        raise Refused(f"the XCom {key} of {name} has another value by now: it stays")
    row = {"dag_run_id": run.id, "task_id": task_id, "map_index": index, "key": key}
    row |= {"value": data, "length": length, "created_at": turn.now}
    records.put_xcoms(turn.connection, [row])
    _tell_run(turn, run.id, task_id, index, key, length)
    turn.changes.event(
        turn.now,
        "xcom_set",
        f"{actor} {'added' if former is None else 'changed'} XCom {key} of {name}",
        actor=actor,
        dag_id=pipeline.dag_id,
        dag_run_id=run.id,
        run_id=run.run_id,
        task_id=task_id,
        map_index=index,
        details={"size": len(data), "former_size": None if former is None else len(former)},
    )
    kept = None
    if former is not None and len(former) <= MOST_TYPED_XCOM and _is_plain(former):
        kept = former.decode()
    return {"key": key, "new": former is None, "former": kept}


def _check_place(turn: Turn, run: Row[Any], task_id: str, index: int, name: str) -> None:
    table = models.task_instance
    row = turn.connection.execute(
        select(table.c.state).where(
            table.c.dag_run_id == run.id, table.c.task_id == task_id, table.c.map_index == index
        )
    ).first()
    if row is None:
        raise Refused(f"run {run.run_id} has no {name}")
    if row.state not in FINISHED_TASK_STATES:
        state = "waiting" if row.state is None else row.state
        raise Refused(f"{name} is {state}: its XComs can be set once it has ended")


def _encoded(text: str) -> tuple[bytes, int | None]:
    """The value as it is stored, and its length where it can be mapped over."""
    try:
        value = msgspec.json.decode(text)
        data = msgspec.json.encode(value)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise Refused(f"the value is not JSON: {error}") from None
    except RecursionError:
        raise Refused("the value is nested too deeply") from None
    if len(data) > MOST_TYPED_XCOM:
        raise Refused(
            f"the value has {len(data):,} bytes as JSON; by hand an XCom may have "
            f"{MOST_TYPED_XCOM:,}"
        )
    if not _is_plain(data):
        raise Refused(f"the value holds {TAG!r}, which marks types that JSON hasn't")
    return data, len(value) if isinstance(value, list | dict) else None


def _is_plain(data: bytes) -> bool:
    return f'"{TAG}"'.encode() not in data


def _former(turn: Turn, run_key: int, task_id: str, index: int, key: str) -> bytes | None:
    table = models.xcom
    return turn.connection.execute(
        select(table.c.value).where(
            table.c.dag_run_id == run_key,
            table.c.task_id == task_id,
            table.c.map_index == index,
            table.c.key == key,
        )
    ).scalar()


def _tell_run(
    turn: Turn, run_key: int, task_id: str, index: int, key: str, length: int | None
) -> None:
    """What maps over it in a run that goes on expands with the new value."""
    run = turn.brain.runs.get(run_key)
    if run is None:
        return
    if index == -1:
        run.state.set_length(task_id, key, length)
    else:
        run.state.set_pushed((task_id, index), key)
    turn.brain.dirty.add(run_key)
