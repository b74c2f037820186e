"""A DAG with versions, XComs and a long audit trail, for the views that show them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, update

from runner.authoring.serialization import encode
from store import events, models
from store.structure import (
    DagStructure,
    Expansion,
    GroupStructure,
    LiteralLength,
    ParamStructure,
    TaskStructure,
    TimetableStructure,
    encode_structure,
)
from tests.app.tui.world import ESCAPES, NOW, World, at_once, structure_of

FIRST = '''"""Forecasts what the shop sells.

Reads the sales, trains a model for each store, and writes one table.
"""

from datetime import datetime

from dagtop import dag, task


@dag(schedule="@daily", start_date=datetime(2026, 1, 1), tags=["ml", "shop"])
def forecast(horizon_days: int = 7):
    @task(retries=1)
    def load_sales() -> list[int]:
        """All sales of the last year."""
        return [1, 2, 3]

    @task
    def train(store: int) -> float:
        rate = 0.05  # found by the sweep of May
        return store * rate

    @task
    def old_report() -> None:
        print("nobody reads this")

    load_sales() >> old_report()
    train.expand(store=[1, 2, 3])


forecast()
'''
SECOND = FIRST.replace("rate = 0.05  # found by the sweep of May", "rate = 0.04").replace(
    '"@daily"', '"0 */6 * * *"'
)
THIRD = (
    SECOND.replace(
        """    @task
    def old_report() -> None:
        print("nobody reads this")

""",
        """    @task(pool="gpu")
    def publish(table: str = "forecasts") -> None:
        print(f"written to {table!r}")

""",
    )
    .replace("old_report()", "publish()")
    .replace("retries=1", "retries=3")
    .replace("horizon_days: int = 7", "horizon_days: int = 14")
)

DOC = """# Forecast

What the shop sells in the next days, **by store**.

- reads `sales`
- writes `forecasts`
"""


def forecast_tasks(number: int, last: str) -> list[TaskStructure]:
    """The tasks of version 1, 2 or 3."""
    return [
        TaskStructure(
            "load_sales",
            "@task",
            retries=3 if number == 3 else 1,
            downstream=[last],
            line=13,
            execution_timeout=600.0,
        ),
        TaskStructure(
            "train", "@task", line=18, expansion=Expansion([("store", LiteralLength(3))])
        ),
        TaskStructure(
            last,
            "@task",
            upstream=["load_sales"],
            trigger_rule="all_done",
            pool="gpu" if number == 3 else "default_pool",
            line=23,
        ),
    ]


def forecast(number: int) -> DagStructure:
    """The structure of version 1, 2 or 3."""
    last = "publish" if number == 3 else "old_report"
    cron = TimetableStructure(
        "cron_interval",
        expression="0 */6 * * *",
        timezone="Europe/Berlin",
        summary="0 */6 * * *",
        description="At minute 0, every 6 hours",
    )
    daily = TimetableStructure(
        "cron_interval",
        expression="0 0 * * *",
        timezone="Europe/Berlin",
        summary="@daily",
        description="At 00:00 every day",
    )
    return DagStructure(
        dag_id="forecast",
        file="dags/forecast.py",
        line=11,
        display_name="Sales forecast",
        description="What the shop sells",
        doc_md=DOC,
        owners=["ann", "ml"],
        tags=["ml", "shop"],
        timetable=daily if number == 1 else cron,
        timezone="Europe/Berlin",
        start_date="2026-01-01T00:00:00+01:00",
        catchup=number == 3,
        max_active_runs=4,
        dagrun_timeout=7200.0,
        fail_fast=True,
        callbacks=["on_failure"],
        params=[
            ParamStructure(
                "horizon_days",
                default=14 if number == 3 else 7,
                schema={"type": "integer", "minimum": 1, "maximum": 90},
                description="how far ahead",
            ),
            ParamStructure("model", default="als", schema={"enum": ["als", "bpr"]}),
            ParamStructure("since", has_default=False, schema={"type": "string"}),
        ],
        tasks=forecast_tasks(number, last),
        groups=[GroupStructure("store", "store", children=["train"])] if number > 1 else [],
        roots=["load_sales", "train", last],
    )


def add_version(
    world: World, dag_id: str, number: int, structure: DagStructure, text: str, days: int
) -> int:
    """One more version of a DAG, which is the newest from now on; returns its id."""
    key = world._id("version")
    source = hashlib.sha256(text.encode()).hexdigest()
    with world.write() as connection:
        known = connection.execute(
            models.source.select().where(models.source.c.digest == source)
        ).first()
        if known is None:
            connection.execute(insert(models.source), {"digest": source, "text": text})
        document = encode_structure(structure).decode()
        connection.execute(
            insert(models.dag_version),
            {
                "id": key,
                "dag_id": dag_id,
                "number": number,
                "digest": hashlib.sha256((document + text).encode()).hexdigest(),
                "structure": document,
                "source_digest": source,
                "created_at": NOW - timedelta(days=days),
            },
        )
        connection.execute(
            update(models.dag).where(models.dag.c.dag_id == dag_id).values(version_id=key)
        )
    return key


def xcom(
    world: World,
    run: int,
    task_id: str,
    value: Any,
    *,
    key: str = "return_value",
    map_index: int = -1,
    minutes: int = 10,
) -> None:
    """An XCom that was pushed some minutes ago."""
    data, length = encode(value)
    world._insert(
        models.xcom,
        dag_run_id=run,
        task_id=task_id,
        map_index=map_index,
        key=key,
        value=data,
        length=length,
        created_at=NOW - timedelta(minutes=minutes),
    )


def event(world: World, kind: str, actor: str, message: str, **values: Any) -> None:
    """An entry of the audit trail."""
    with world.write() as connection:
        events.record(connection, kind, actor, message, **values)


def fill_forecast(world: World) -> list[int]:
    """A DAG of three versions with a run of each; returns the row ids of the runs."""
    first = world.dag(
        "forecast",
        forecast(1),
        file="dags/forecast.py",
        display_name="Sales forecast",
        description="What the shop sells",
        tags=["ml", "shop"],
        owners=["ann", "ml"],
        schedule="0 */6 * * *",
        schedule_words="At minute 0, every 6 hours",
        timezone="Europe/Berlin",
        next_run_after=NOW + timedelta(hours=5),
        next_logical_date=NOW - timedelta(hours=1),
    )
    with world.write() as connection:
        connection.execute(
            update(models.source).where(models.source.c.digest == "source-1").values(text=FIRST)
        )
    second = add_version(world, "forecast", 2, forecast(2), SECOND, 10)
    third = add_version(world, "forecast", 3, forecast(3), THIRD, 2)
    runs = [
        world.run("forecast", version, state, ago=timedelta(days=days), run_id=name)
        for version, state, days, name in (
            (first, "success", 20, "manual__first"),
            (second, "failed", 8, "scheduled__2026-11-13T12:00:00+00:00"),
            (third, "running", 0, "scheduled__2026-11-21T12:00:00+00:00"),
        )
    ]
    for run, last in zip(runs, ("old_report", "old_report", "publish"), strict=True):
        world.instance("forecast", run, "load_sales", "success")
        for index in range(3):
            world.instance("forecast", run, "train", "success", map_index=index)
        world.instance("forecast", run, last, "failed")
    return runs


@at_once
def fill_details(world: World) -> None:
    """Versions, XComs of every kind and what happened."""
    runs = fill_forecast(world)
    world.lease()
    fill_events(world, runs)
    xcom(world, runs[0], "load_sales", list(range(300)), minutes=30)
    for index in range(3):
        xcom(world, runs[1], "train", 0.05 * index, map_index=index, minutes=20 - index)
    xcom(world, runs[1], "load_sales", {"rows": 3, "path": "data/x.csv"}, key="stats", minutes=12)
    xcom(world, runs[2], "load_sales", "a text\nof two lines", key="note", minutes=5)
    xcom(world, runs[2], "train", {"weights": [0.25] * 40, "name": "als"}, map_index=1, minutes=4)


def fill_events(world: World, runs: Sequence[int]) -> None:
    """What happened to the forecast."""
    place = {
        "dag_id": "forecast",
        "dag_run_id": runs[1],
        "run_id": "scheduled__2026-11-13T12:00:00+00:00",
    }
    for number in range(130):
        event(
            world,
            "run_success",
            "runner",
            f"run {number} succeeded",
            dag_id="forecast",
            dag_run_id=runs[0],
            run_id="manual__first",
            at=NOW - timedelta(days=20, minutes=-number),
        )
    event(
        world,
        "task_failed",
        "runner",
        "old_report failed: ValueError: no rows",
        **place,
        task_id="old_report",
        map_index=-1,
        try_number=1,
        details={"error_type": "ValueError", "exit_status": 1, "tries": [1, 2]},
        at=NOW - timedelta(hours=9),
    )
    event(world, "run_failed", "runner", "run failed", **place, at=NOW - timedelta(hours=8))
    event(
        world,
        "clear",
        "ann",
        "cleared 1 task instance",
        **place,
        details={"tasks": ["old_report"], "downstream": True},
        at=NOW - timedelta(hours=2),
    )
    event(
        world,
        "dag_paused",
        "ben",
        "paused forecast",
        dag_id="forecast",
        at=NOW - timedelta(minutes=61),
    )
    event(
        world,
        "dag_unpaused",
        "ann",
        "unpaused forecast",
        dag_id="forecast",
        at=NOW - timedelta(minutes=3),
    )
    event(world, "pool_set", "ann", "set pool gpu to 2 slots", at=NOW - timedelta(minutes=2))


def fill_details_hostile(world: World) -> None:
    """Sources, events and XComs that try to take over the terminal."""
    name = f"evil{ESCAPES}dag"
    version = world.dag(
        name,
        structure_of(name, [f"t{ESCAPES}", "训练", "👩‍💻"], doc_md=ESCAPES),
        description=ESCAPES,
    )
    text = (
        f"# {ESCAPES}\nname = '训练 {ESCAPES}'\n\tx = \"👩‍💻\"\n"
        f"def broken(:\n    '''open {ESCAPES}\n"
    )
    with world.write() as connection:
        connection.execute(update(models.source).values(text=text))
    add_version(world, name, 2, structure_of(name, [f"t{ESCAPES}", f"n{ESCAPES}"]), text * 2, 1)
    run = world.run(name, version, "failed", ago=timedelta(hours=1), run_id=f"manual__{ESCAPES}")
    event(
        world,
        f"kind{ESCAPES}",
        f"ann{ESCAPES}",
        f"message {ESCAPES}\nsecond line 训练",
        dag_id=name,
        dag_run_id=run,
        run_id=f"manual__{ESCAPES}",
        task_id=f"t{ESCAPES}",
        details={ESCAPES: [ESCAPES, "训练"]},
        at=NOW - timedelta(hours=1),
    )
    xcom(world, run, f"t{ESCAPES}", {ESCAPES: ESCAPES}, key=f"k{ESCAPES}")
    xcom(world, run, "训练", f"{ESCAPES}\n训练 👩‍💻", key="训练")
