"""A clock that is set: waiting keeps its length, and it is on the audit trail."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from runner.daemon.engine import Engine
from store import config, models, records
from store.engine import Store, open_store
from store.states import TaskInstanceState
from store.structure import DagStructure, TaskStructure, encode_structure
from store.workspace import Workspace

DAG = {
    "dag_id": "d",
    "file": "dags/d.py",
    "is_paused": False,
    "is_active": True,
    "display_name": "d",
    "description": "",
    "owners": [],
    "tags": [],
    "schedule": "",
    "schedule_words": "",
    "timezone": "UTC",
    "max_active_runs": 1,
}


def add_waiting_retry(store: Store, now: datetime, due: datetime) -> None:
    """A running run with one task instance that waits for its retry until ``due``."""
    with store.write() as connection:
        structure = DagStructure(
            dag_id="d", file="dags/d.py", tasks=[TaskStructure("t", "@task", retries=1)]
        )
        records.put_source(connection, "s", "")
        version = {"id": 1, "dag_id": "d", "number": 1, "digest": "v", "source_digest": "s"}
        document = encode_structure(structure).decode()
        connection.execute(
            models.dag_version.insert().values(structure=document, created_at=now, **version)
        )
        connection.execute(models.dag.insert().values(version_id=1, created_at=now, **DAG))
        run = {"id": 1, "dag_id": "d", "run_id": "r", "run_type": "manual", "state": "running"}
        times = {"run_after": now, "queued_at": now, "started_at": now}
        connection.execute(models.dag_run.insert().values(version_id=1, **run, **times))
        connection.execute(
            models.task_instance.insert().values(
                dag_run_id=1,
                dag_id="d",
                task_id="t",
                map_index=-1,
                state=TaskInstanceState.UP_FOR_RETRY,
                try_number=1,
                max_tries=1,
                pool="default_pool",
                pool_slots=1,
                next_at=due,
            )
        )


@pytest.mark.parametrize("jump", [-3600.0, 7 * 86400.0])
def test_a_retry_waits_as_long_as_before_when_the_clock_is_set(tmp_path: Path, jump: float) -> None:
    workspace = Workspace(tmp_path)
    now = datetime.now(UTC)
    due = now + timedelta(seconds=300)
    with open_store(workspace, create=True) as store:
        add_waiting_retry(store, now, due)
        jumped = timedelta()

        async def poll_with_a_set_clock() -> None:
            nonlocal jumped
            engine = Engine(
                workspace, store, config.Config(), clock=lambda: datetime.now(UTC) + jumped
            )
            engine.hands.scheduler.start()
            engine.wake()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            jumped = timedelta(seconds=jump)
            engine.poll()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            engine.close()

        asyncio.run(poll_with_a_set_clock())
        with store.read() as connection:
            instance = models.task_instance
            moved, state = connection.execute(select(instance.c.next_at, instance.c.state)).one()
            kinds = connection.execute(select(models.event.c.kind)).scalars().all()
    assert state == "up_for_retry"
    assert abs((moved - due).total_seconds() - jump) < 1
    assert "clock_set" in kinds
