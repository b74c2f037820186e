"""Runs and task instances with all that their screens show: conf, XComs, samples, tracebacks."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, update

from store import models
from store.structure import (
    DagStructure,
    Expansion,
    LiteralLength,
    ParamStructure,
    TaskStructure,
)
from tests.app.tui.world import ESCAPES, LOG, NOW, World, at_once, structure_of

TRAINING = DagStructure(
    dag_id="training",
    file="dags/training.py",
    tasks=[
        TaskStructure("load", "@task", downstream=["split"], line=12, owner="ann"),
        TaskStructure("split", "@task", upstream=["load"], downstream=["fit"]),
        TaskStructure(
            "fit",
            "@task",
            upstream=["split"],
            downstream=["score", "report"],
            retries=2,
            retry_delay=300.0,
            retry_exponential_backoff=2.0,
            pool="gpu",
            pool_slots=2,
            execution_timeout=7200.0,
            expansion=Expansion([("seed", LiteralLength(4))]),
            callbacks=["on_failure"],
            line=40,
            doc_md="Fits one model.\nTakes an hour.",
        ),
        TaskStructure("score", "PythonOperator", upstream=["fit"], trigger_rule="none_failed"),
        TaskStructure("report", "BashOperator", upstream=["fit"], trigger_rule="all_done"),
    ],
    roots=["load", "split", "fit", "score", "report"],
    params=[
        ParamStructure("epochs", default=20, schema={"type": "integer"}),
        ParamStructure("registry_token", default="", schema={"type": "string"}),
    ],
)
TRACEBACK = """Traceback (most recent call last):
  File "dags/training.py", line 52, in fit
    model.step(batch)
  File "dags/training.py", line 71, in step
    raise FloatingPointError("the loss is not finite")
FloatingPointError: the loss is not finite
"""
ERROR: dict[str, Any] = {
    "error_type": "builtins.FloatingPointError",
    "error_message": "the loss is not finite",
    "error_place": "dags/training.py:71",
    "reason": "the task raised FloatingPointError",
    "traceback": TRACEBACK,
    "exit_status": 1,
    "cpu_seconds": 61.5,
    "peak_rss": 1_500_000_000,
    "read_bytes": 81_000_000,
    "write_bytes": 9_000_000,
    "rendered": {
        "op_kwargs": {"path": "s3://models/2026", "password": "***", "epochs": 20},
        "command": "python train.py \\\n  --epochs 20\n",
    },
}
CONF = {"epochs": 40, "registry_token": "hunter2", "tags": ["nightly", "gpu"]}
LIVE, FAILED = "manual__2026-11-21T11:30:00+00:00", "scheduled__2026-11-20T11:00:00+00:00"


@at_once
def fill_training(world: World) -> None:
    """Ten successful runs, one failed, and one that goes on: it waits for a pool and a retry."""
    version = world.dag("training", TRAINING)
    for age in range(12, 1, -1):
        ago = timedelta(days=age, minutes=60)
        failed = age == 2
        seconds = 2400.0 + 120 * ((age * 7) % 5)
        state = "failed" if failed else "success"
        name = FAILED if failed else None
        run = world.run("training", version, state, ago=ago, took=seconds, run_id=name)
        start = NOW - ago
        for place, task in enumerate(("load", "split")):
            at = start + timedelta(minutes=place)
            world.instance("training", run, task, "success", start=at, took=50.0)
        for index in range(4):
            lost = failed and index > 1
            tries = [{"state": "failed", **ERROR}] if lost else None
            world.instance(
                "training",
                run,
                "fit",
                "failed" if lost else "success",
                map_index=index,
                start=start + timedelta(minutes=2),
                took=seconds - 400 + 60 * index,
                tries=tries,
                pool="gpu",
                pool_slots=2,
            )
        last = "upstream_failed" if failed else "success"
        at = start + timedelta(seconds=seconds - 60)
        world.instance("training", run, "score", last, start=at, took=30.0)
        world.instance("training", run, "report", "success", start=at, took=55.0)
    fill_live(world, version)


def fill_live(world: World, version: int) -> None:
    """The run that goes on."""
    run = world.run(
        "training",
        version,
        "running",
        ago=timedelta(minutes=30),
        run_id=LIVE,
        run_type="manual",
        conf=CONF,
        note="with twice the epochs\nsee ticket 1204",
        triggered_by="ann",
    )
    start = NOW - timedelta(minutes=30)
    world.instance("training", run, "load", "success", start=start, took=50.0)
    world.instance("training", run, "split", "success", start=start + timedelta(minutes=1))
    fit: dict[str, Any] = {"pool": "gpu", "pool_slots": 2, "max_tries": 2}
    begun = start + timedelta(minutes=2)
    world.instance("training", run, "fit", "success", map_index=0, start=begun, took=900.0, **fit)
    world.instance(
        "training",
        run,
        "fit",
        "up_for_retry",
        map_index=1,
        start=begun,
        took=600.0,
        tries=[{"state": "failed", **ERROR}, {"state": "up_for_retry", **ERROR}],
        next_at=NOW + timedelta(minutes=4),
        map_label="seed 7",
        note="diverges since the new data",
        log=LOG,
        **fit,
    )
    world.instance("training", run, "fit", "running", map_index=2, start=begun, **fit)
    world.instance(
        "training",
        run,
        "fit",
        "scheduled",
        map_index=3,
        scheduled_at=begun,
        **fit,
    )
    world.instance("training", run, "score", None)
    world.instance("training", run, "report", None)
    push(world, run, "load", "return_value", {"rows": 41208, "columns": ["user", "item", "at"]})
    array = ["ndarray", "<f4", [2, 2], "AACAPwAAAEAAAEBAAACAQA=="]
    push(world, run, "load", "weights", {"__dagtop__": array})
    push(world, run, "load", "rows", list(range(100_000)), length=100_000)
    push(world, run, "load", "at", {"__dagtop__": ["datetime", "2026-11-21T10:00:00+00:00"]})
    sample(world, newest_try(world, "fit", 2), 120)


def newest_try(world: World, task_id: str, map_index: int) -> int:
    """The key of the try that was made last of a task instance."""
    one, of = models.task_instance.c, models.task_try.c
    with world.write() as connection:
        return connection.execute(
            select(of.id)
            .join_from(models.task_try, models.task_instance, of.task_instance_id == one.id)
            .where(one.task_id == task_id, one.map_index == map_index)
            .order_by(of.id.desc())
            .limit(1)
        ).scalar_one()


def push(
    world: World, run: int, task: str, key: str, value: Any, length: int | None = None
) -> None:
    """An XCom."""
    if length is None and isinstance(value, dict) and "__dagtop__" not in value:
        length = len(value)
    with world.write() as connection:
        connection.execute(
            insert(models.xcom),
            {
                "dag_run_id": run,
                "task_id": task,
                "map_index": -1,
                "key": key,
                "value": json.dumps(value).encode(),
                "length": length,
                "created_at": NOW - timedelta(minutes=29),
            },
        )


def sample(world: World, try_id: int, count: int) -> None:
    """Samples of what a try used: a second apart, growing, with a wave in the processor."""
    with world.write() as connection:
        table = models.task_try
        query = table.select().where(table.c.id == try_id)
        start = connection.execute(query).one().started_at
        connection.execute(
            insert(models.resource_sample),
            [
                {
                    "try_id": try_id,
                    "at": start + timedelta(seconds=7 * (number + 1)),
                    "cpu_percent": 50.0 + 45.0 * ((number % 20) / 20),
                    "rss": 200_000_000 + 5_000_000 * number,
                    "read_bytes": 1_000_000 * min(number, 60),
                    "write_bytes": 50_000 * number,
                    "processes": 1 + number // 50,
                }
                for number in range(count)
            ],
        )
        connection.execute(
            update(table)
            .where(table.c.id == try_id)
            .values(cpu_seconds=610.0, peak_rss=800_000_000, read_bytes=60_000_000)
        )


def fill_huge(world: World) -> None:
    """A run of 1,200 tasks, some of them failed."""
    tasks = [f"step_{number:04}" for number in range(1200)]
    version = world.dag("huge", structure_of("huge", tasks))
    run = world.run("huge", version, "running", ago=timedelta(hours=2), run_id="big")
    start = NOW - timedelta(hours=2)
    rows = [
        {
            "dag_run_id": run,
            "dag_id": "huge",
            "task_id": task,
            "map_index": -1,
            "state": "success" if number < 700 else "running" if number < 720 else None,
            "try_number": int(number < 720),
            "max_tries": 0,
            "pool": "default_pool",
            "pool_slots": 1,
            "started_at": start + timedelta(seconds=number) if number < 720 else None,
            "ended_at": start + timedelta(seconds=number + 9) if number < 700 else None,
            "duration": 9.0 if number < 700 else None,
        }
        for number, task in enumerate(tasks)
    ]
    with world.write() as connection:
        connection.execute(insert(models.task_instance), rows)


def fill_hostile_values(world: World) -> None:
    """Conf, fields, XComs, errors and notes that try to take over the terminal."""
    name = f"evil{ESCAPES}"
    structure = structure_of(name, [name, "训练 🚀"])
    version = world.dag(name, structure)
    run = world.run(
        name,
        version,
        "failed",
        ago=timedelta(hours=1),
        run_id=f"run{ESCAPES}",
        conf={ESCAPES: ESCAPES, "wide": "每日推荐模型训练流水线"},
        note=ESCAPES,
        triggered_by=ESCAPES,
    )
    bad = {
        **ERROR,
        "state": "failed",
        "error_type": ESCAPES,
        "error_message": ESCAPES,
        "error_place": ESCAPES,
        "reason": ESCAPES,
        "traceback": f"Traceback\n{ESCAPES}\n",
        "hostname": ESCAPES,
        "rendered": {ESCAPES: f"{ESCAPES}\n{ESCAPES}", "x": {ESCAPES: [ESCAPES]}},
    }
    for task in (name, "训练 🚀"):
        world.instance(
            name, run, task, "failed", tries=[bad], note=ESCAPES, map_label=ESCAPES, pool=ESCAPES
        )
    push(world, run, name, ESCAPES, f"{ESCAPES}\n训练")
