"""Workspaces for the tests of the terminal UI: real stores with rows of every kind."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

from sqlalchemy import Connection, insert

from store import models
from store.engine import Store
from store.structure import (
    DagStructure,
    Expansion,
    GroupStructure,
    LiteralLength,
    ParamStructure,
    TaskStructure,
    encode_structure,
)
from store.workspace import Workspace
from tests.support.stores import new_store

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
"""The clock of the snapshots."""

ESCAPES = "\x1b]0;pwned\x07\x1b[2J\x9b31m\x1b[31mred\x1b[0m\x08\u202e"
"""What must never reach a terminal."""


@dataclass
class World:
    """Writes DAGs, runs and tries into the store of a workspace."""

    workspace: Workspace
    store: Store
    ids: dict[str, itertools.count[int]] = field(default_factory=dict)
    _writing: Connection | None = None

    def _id(self, kind: str) -> int:
        return next(self.ids.setdefault(kind, itertools.count(1)))

    def _insert(self, table: Any, **values: Any) -> None:
        with self.write() as connection:
            connection.execute(insert(table), values)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in a write transaction: the one that is open already, if one is."""
        if self._writing is not None:
            yield self._writing
            return
        with self.store.write() as self._writing:
            try:
                yield self._writing
            finally:
                self._writing = None

    def dag(self, dag_id: str, structure: DagStructure | None = None, **values: Any) -> int:
        """A DAG with one version; returns the version's id."""
        structure = structure or structure_of(dag_id, ["start", "work", "end"])
        version = self._id("version")
        digest = f"source-{version}"
        self._insert(models.source, digest=digest, text="# a pipeline\n")
        self._insert(
            models.dag_version,
            id=version,
            dag_id=dag_id,
            number=1,
            digest=hashlib.sha256(encode_structure(structure)).hexdigest(),
            structure=encode_structure(structure).decode(),
            source_digest=digest,
            created_at=NOW - timedelta(days=30),
        )
        row: dict[str, Any] = {
            "dag_id": dag_id,
            "file": f"dags/{version}.py",
            "is_paused": False,
            "is_active": True,
            "display_name": dag_id,
            "description": "",
            "owners": ["ml"],
            "tags": [],
            "schedule": "@daily",
            "schedule_words": "At 00:00 every day",
            "timezone": "UTC",
            "max_active_runs": 16,
            "version_id": version,
            "created_at": NOW - timedelta(days=30),
            "next_run_after": NOW + timedelta(hours=12),
        }
        self._insert(models.dag, **{**row, **values})
        return version

    def run(
        self,
        dag_id: str,
        version: int,
        state: str,
        *,
        ago: timedelta,
        took: float | None = 60.0,
        run_id: str | None = None,
        **values: Any,
    ) -> int:
        """A run that began ``ago`` before now; returns its row id."""
        number = self._id("run")
        start = NOW - ago
        ended = state in ("success", "failed")
        row: dict[str, Any] = {
            "id": number,
            "dag_id": dag_id,
            "run_id": run_id or f"scheduled__{start.isoformat()}",
            "run_type": "scheduled",
            "state": state,
            "logical_date": start - timedelta(days=1),
            "data_interval_start": start - timedelta(days=1),
            "data_interval_end": start,
            "run_after": start,
            "queued_at": start,
            "started_at": None if state == "queued" else start,
            "ended_at": start + timedelta(seconds=took or 0) if ended else None,
            "triggered_by": "timetable",
            "version_id": version,
            "clear_number": 0,
        }
        self._insert(models.dag_run, **{**row, **values})
        return number

    def instance(
        self,
        dag_id: str,
        run: int,
        task_id: str,
        state: str | None,
        *,
        map_index: int = -1,
        start: datetime = NOW - timedelta(minutes=5),
        took: float = 12.5,
        tries: Sequence[Mapping[str, Any]] | None = None,
        log: bytes | None = None,
        max_tries: int = 0,
        **values: Any,
    ) -> int:
        """A task instance with its tries (by default one that ended in its state)."""
        number = self._id("instance")
        ended = state in ("success", "failed", "skipped", "upstream_failed", "up_for_retry")
        began = state not in (None, "scheduled", "skipped", "upstream_failed", "queued")
        if tries is None:
            tries = [{"state": state}] if began else []
        row: dict[str, Any] = {
            "id": number,
            "dag_run_id": run,
            "dag_id": dag_id,
            "task_id": task_id,
            "map_index": map_index,
            "state": state,
            "try_number": len(tries),
            "max_tries": max_tries,
            "pool": "default_pool",
            "pool_slots": 1,
            "scheduled_at": start - timedelta(seconds=2) if began else None,
            "queued_at": start - timedelta(seconds=1) if began else None,
            "started_at": start if began else None,
            "ended_at": start + timedelta(seconds=took) if ended else None,
            "duration": took if ended and began else None,
        }
        self._insert(models.task_instance, **{**row, **values})
        for place, one in enumerate(tries, 1):
            self._try(number, run, place, start, took, one, log)
        return number

    def _try(
        self,
        instance: int,
        run: int,
        number: int,
        start: datetime,
        took: float,
        values: Mapping[str, Any],
        log: bytes | None,
    ) -> None:
        key = self._id("try")
        over = values["state"] not in ("running", "queued")
        row: dict[str, Any] = {
            "id": key,
            "task_instance_id": instance,
            "dag_run_id": run,
            "try_number": number,
            "hostname": "trainer",
            "pid": 4000 + key,
            "queued_at": start,
            "started_at": start,
            "ended_at": start + timedelta(seconds=took) if over else None,
            "duration": took if over else None,
            "journal_number": 0,
            "journal_offset": 0,
        }
        self._insert(models.task_try, **{**row, **values})
        if log is not None:
            path = self.workspace.log(run, key)
            path.parent.mkdir(parents=True)
            path.write_bytes(log)

    def lease(self, *, stopped: timedelta | None = None) -> None:
        """A runner was here, and has left."""
        gone = NOW - (stopped or timedelta(hours=1))
        self._insert(
            models.runner_lease,
            id=1,
            hostname="trainer",
            pid=1,
            process_start="0",
            version="0.1.0",
            started_at=NOW - timedelta(hours=5),
            beat_at=gone,
            stopped_at=gone,
        )

    def import_error(self, file: str, error: str, line: int, traceback: str) -> None:
        """A pipeline file that can't be imported."""
        self._insert(
            models.pipeline_file,
            file=file,
            modified_ns=0,
            size=0,
            dependencies=[],
            variables=[],
            error=error,
            error_line=line,
            traceback=traceback,
        )

    def warning(self, file: str, *sentences: str) -> None:
        """A pipeline file that is imported, with warnings."""
        self._insert(
            models.pipeline_file,
            file=file,
            modified_ns=0,
            size=0,
            dependencies=[],
            variables=[],
            warnings=list(sentences),
        )


def make_world(folder: Path) -> World:
    """An empty workspace with a store."""
    (folder / "dags").mkdir(parents=True)
    workspace = Workspace(folder)
    return World(workspace, new_store(workspace))


Given = ParamSpec("Given")


def at_once(
    fill: Callable[Concatenate[World, Given], None],
) -> Callable[Concatenate[World, Given], None]:
    """Fill a workspace in one transaction: a commit for each row takes most of the time."""

    @wraps(fill)
    def filled(world: World, *args: Given.args, **kwargs: Given.kwargs) -> None:
        with world.write():
            fill(world, *args, **kwargs)

    return filled


def structure_of(dag_id: str, tasks: Sequence[str], **values: Any) -> DagStructure:
    """A chain of tasks."""
    return DagStructure(
        dag_id=dag_id,
        file="dags/a.py",
        tasks=[
            TaskStructure(
                task_id=name,
                operator="@task",
                upstream=list(tasks[max(place - 1, 0) : place]),
                downstream=list(tasks[place + 1 : place + 2]),
            )
            for place, name in enumerate(tasks)
        ],
        roots=list(tasks),
        **values,
    )


RECOMMEND = DagStructure(
    dag_id="recommend",
    file="dags/recommend.py",
    tasks=[
        TaskStructure("load_tables", "@task", downstream=["select.choose"]),
        TaskStructure(
            "select.choose",
            "@task.branch",
            label="choose",
            group_id="select",
            downstream=["select.beta", "select.prod"],
        ),
        TaskStructure("select.beta", "@task", label="beta", group_id="select"),
        TaskStructure("select.prod", "@task", label="prod", group_id="select"),
        TaskStructure(
            "preprocess", "@task", upstream=["select.beta", "select.prod"], downstream=["train"]
        ),
        TaskStructure(
            "train",
            "@task",
            retries=2,
            expansion=Expansion([("alpha", LiteralLength(12))]),
            downstream=["evaluate"],
        ),
        TaskStructure("evaluate", "@task", upstream=["load_tables"], downstream=["publish.format"]),
        TaskStructure(
            "publish.format",
            "@task",
            label="format",
            group_id="publish",
            downstream=["publish.stream_out"],
        ),
        TaskStructure("publish.stream_out", "@task.bash", label="stream_out", group_id="publish"),
    ],
    groups=[
        GroupStructure(
            "select", "select", children=["select.choose", "select.beta", "select.prod"]
        ),
        GroupStructure("publish", "publish", children=["publish.format", "publish.stream_out"]),
    ],
    roots=["load_tables", "select", "preprocess", "train", "evaluate", "publish"],
    edge_labels=[("select.choose", "select.beta", "one in five")],
    params=[
        ParamStructure("horizon_days", default=14, schema={"type": "integer", "minimum": 1}),
        ParamStructure("model", default="als", schema={"enum": ["als", "bpr", "lightfm"]}),
        ParamStructure("dry_run", default=False, schema={"type": "boolean"}),
        ParamStructure(
            "weights", default={"clicks": 1.0}, schema={"type": "object"}, description="per signal"
        ),
    ],
)
PLAIN_TASKS = ("load_tables", "select.choose", "preprocess", "evaluate")
LAST_TASKS = ("publish.format", "publish.stream_out")

LOG = b"""[2026-11-21T11:43:00.120Z] INFO - try 2 of task train[3] begins
loading 41,208 interactions
\x1b[32mepoch 1\x1b[0m  loss 0.6931  auc 0.512
\x1b[32mepoch 2\x1b[0m  loss 0.5120  auc 0.681
\x1b[33mepoch 3\x1b[0m  loss nan     auc 0.500
[2026-11-21T11:43:12.007Z] WARNING - the loss is not finite
Traceback (most recent call last):
  File "dags/recommend.py", line 88, in train
    raise ValueError(f"loss is {loss} in epoch {epoch}")
ValueError: loss is nan in epoch 3
[2026-11-21T11:43:12.031Z] ERROR - the try failed: ValueError: loss is nan in epoch 3
"""


def fill_train(world: World, run: int, age: int, start: datetime) -> None:
    """The mapped task of one of its runs."""
    error = {
        "error_type": "builtins.ValueError",
        "error_message": "loss is nan in epoch 3",
        "error_place": "dags/recommend.py:88",
        "reason": "the task raised ValueError",
        "exit_status": 1,
        "peak_rss": 300_000_000,
        "cpu_seconds": 11.2,
    }
    for index in range(12):
        train_state = "success"
        if age in (1, 7) and index == 3:
            train_state = "failed"
        if age == 0 and index > 7:
            train_state = "running" if index < 10 else "scheduled"
        tries: list[dict[str, Any]] | None = None
        if train_state == "failed":
            tries = [
                {"state": "up_for_retry", **error},
                {"state": "failed", **error},
            ]
        world.instance(
            "recommend",
            run,
            "train",
            train_state,
            map_index=index,
            start=start + timedelta(seconds=30),
            tries=tries,
            max_tries=2,
            took=8.0 + index,
            log=LOG if train_state != "scheduled" and age < 2 else None,
            map_label=f"alpha={index / 10}",
        )


@at_once
def fill_recommend(world: World) -> None:
    """A DAG with groups, a branch and mapped tasks: 18 runs, the newest still running."""
    version = world.dag(
        "recommend",
        RECOMMEND,
        description="Recommendations for the shop",
        tags=["ml", "shop"],
        owners=["ann", "ml"],
        schedule="0 */6 * * *",
        schedule_words="At minute 0, every 6 hours",
        next_run_after=NOW + timedelta(hours=6),
    )
    for age in range(17, -1, -1):
        state = "running" if age == 0 else "failed" if age in (1, 7) else "success"
        ago = timedelta(hours=6 * age, minutes=20)
        took = 300.0 + 60 * ((age * 7) % 5)
        run = world.run("recommend", version, state, ago=ago, took=took)
        start = NOW - ago
        for task in PLAIN_TASKS:
            waits = task == "evaluate" and age == 0
            lost = task == "evaluate" and age in (1, 7)
            found = None if waits else "upstream_failed" if lost else "success"
            world.instance("recommend", run, task, found, start=start)
        world.instance("recommend", run, "select.beta", "skipped", start=start)
        world.instance("recommend", run, "select.prod", "success", start=start)
        fill_train(world, run, age, start)
        for task in LAST_TASKS:
            last = None if age == 0 else "upstream_failed" if age in (1, 7) else "success"
            world.instance("recommend", run, task, last, start=start)


@at_once
def fill_normal(world: World) -> None:
    """A dozen DAGs as people have them."""
    fill_recommend(world)
    world.lease()
    simple = [
        ("example_bash", "@daily", "At 00:00 every day", ["example"], "success", 9),
        ("sweep_elasticnet", "None", "", ["ml", "sweep"], "success", 4),
        ("train_digits", "@weekly", "At 00:00 on Sunday", ["ml"], "failed", 6),
        ("report_costs", "30 7 * * 1-5", "At 07:30, Monday to Friday", ["finance"], "success", 12),
        ("ingest_events", "0:15:00", "Every 15 minutes", ["etl"], "running", 12),
        ("export_features", "@hourly", "At minute 0 of every hour", ["etl", "ml"], "queued", 8),
        ("never_ran", "@once", "Once", [], "", 0),
    ]
    for dag_id, schedule, words, tags, last, runs in simple:
        version = world.dag(
            dag_id,
            schedule=schedule,
            schedule_words=words,
            tags=tags,
            is_paused=dag_id in ("report_costs", "never_ran"),
            next_run_after=None if schedule == "None" else NOW + timedelta(minutes=7 + runs * 40),
        )
        for age in range(runs, 0, -1):
            state = last if age == 1 else "success" if (age * 5) % 7 else "failed"
            ago = timedelta(hours=age * 3 - 2, minutes=runs)
            run = world.run(dag_id, version, state, ago=ago, took=20.0 + (age * 37) % 90)
            for task in ("start", "work", "end"):
                done = state if state in ("success", "failed") else "running"
                world.instance(dag_id, run, task, done, start=NOW - ago)


@at_once
def fill_failed(world: World) -> None:
    """What goes wrong: import errors, a failed run, a schedule that can't be computed."""
    fill_normal(world)
    world.import_error(
        "dags/broken.py",
        "SyntaxError: '(' was never closed",
        12,
        'Traceback (most recent call last):\n  File "dags/broken.py", line 12\n'
        "    with DAG(\n            ^\nSyntaxError: '(' was never closed\n",
    )
    world.dag("bad_schedule", schedule_error="61 is not a minute", next_run_after=None)
