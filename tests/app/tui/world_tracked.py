"""Tracked runs with all that their pages show: curves with NaN, nested runs, files, models."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from store import distributions, metric_points, models, tracking
from tests.app.tui.world import ESCAPES, NOW, World, structure_of

RUN = "a" * 31 + "1"
FOLD, SCRIPT, LIVE = "b" * 31 + "2", "c" * 31 + "3", "d" * 31 + "4"
DAG_RUN = "manual__2026-11-21T10:00:00+00:00"
NOTE = "# First look\n\nThe loss **diverges**, see `train.py`.\n\n- try a smaller `lr`\n"
FILES: dict[str, bytes] = {
    "data/people.csv": "name,age,city\nann,31,Köln\nbob,4,Paris\n".encode(),
    "model/MLmodel": b"flavors:\n  sklearn:\n    version: 1.7\n",
    "model/config.json": b'{"layers": [64, 10], "password": "hunter2"}',
    "model/weights.bin": bytes(range(256)) * 20,
    "report.md": b"# Report\n\nAll **good**.\n",
}


def fill_tracked(world: World) -> None:
    """A DAG run with a tracked run that has everything, one nested in it, one of a script."""
    began = NOW - timedelta(hours=2)
    version = world.dag("train", structure_of("train", ["fit"]))
    ago = timedelta(hours=2)
    key = world.run("train", version, "success", ago=ago, took=90.0, run_id=DAG_RUN)
    log = b"INFO - epoch 1\nWARNING - the loss is NaN\nINFO - done\n"
    instance = world.instance("train", key, "fit", "success", start=began, took=88.0, log=log)
    with world.write() as connection:
        table = models.task_try
        query = select(table.c.id).where(table.c.task_instance_id == instance)
        try_id = connection.execute(query).scalar_one()
        _fill_runs(connection, world, try_id)


def _fill_runs(connection: Connection, world: World, try_id: int) -> None:
    began = NOW - timedelta(hours=2)
    run = tracking.NewRun(RUN, "digits", "fit try 1", began, try_id, user="ann")
    run_id = tracking.create_run(connection, run)
    tracking.set_status(connection, run_id, "FINISHED", began + timedelta(seconds=88))
    log_curves(connection, run_id)
    params = {"lr": "0.01", "epochs": "40", "optimizer": "adam", "api_token": "hunter2"}
    tracking.log_params(
        connection, [{"run_id": run_id, "key": k, "value": v} for k, v in params.items()]
    )
    tags = {
        "mlflow.note.content": NOTE,
        "mlflow.source.name": "dags/train.py",
        "mlflow.source.git.commit": "5f3c1e8a0b7d4e21c9aa",
        "mlflow.source.git.dirty": "true",
        "team": "vision",
    }
    for name, value in tags.items():
        tracking.set_tag(connection, run_id, name, value)
    log_files(connection, world, run_id, FILES)
    _environment(connection, run_id)
    fold = tracking.NewRun(FOLD, "digits", "fold 0", began, try_id, RUN, "ann")
    tracking.set_status(connection, tracking.create_run(connection, fold), "FAILED", NOW)
    script = tracking.NewRun(SCRIPT, "scratch", "notebook", began, user="bob")
    tracking.set_status(connection, tracking.create_run(connection, script), "KILLED", NOW)
    log_distributions(connection, run_id)
    _dataset(connection, run_id)
    _model(connection)


def log_curves(connection: Connection, run_id: int, steps: int = 40) -> None:
    """Three metrics and one of the machine; the loss has NaN and an infinity in it."""
    start = int((NOW - timedelta(hours=2)).timestamp() * 1e6)
    curves: dict[str, list[float]] = {
        "accuracy": [1 - math.exp(-n / 9) for n in range(steps)],
        "loss": [math.exp(-n / 12) for n in range(steps)],
        "lr": [0.01 * (steps - n) / steps for n in range(steps)],
        "system/cpu_utilization_percentage": [50 + 30 * math.sin(n / 3) for n in range(steps)],
    }
    curves["loss"][20], curves["loss"][30] = math.nan, math.inf
    for name, values in curves.items():
        points = [(y, n, start + n * 2_000_000) for n, y in enumerate(values)]
        count, data = metric_points.pack(points)
        metric_points.add(connection, run_id, name, count, data)
    count, data = metric_points.pack([(0.973, 0, start)])
    metric_points.add(connection, run_id, "test/accuracy", count, data)


def log_files(connection: Connection, world: World, run_id: int, files: dict[str, bytes]) -> None:
    """Artifacts, kept by their content as the runner keeps them."""
    for path, content in files.items():
        digest = hashlib.sha256(content).hexdigest()
        kept = world.workspace.artifacts / digest[:2] / digest
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(content)
        at = NOW - timedelta(hours=1)
        tracking.log_artifact(connection, run_id, path, len(content), digest, at)


def _environment(connection: Connection, run_id: int) -> None:
    packages = {"numpy": "2.4.6", "scikit-learn": "1.7.2", "Pillow": "12.0"}
    values: dict[str, Any] = {"digest": "e" * 64, "python": "3.11.7", "packages": packages}
    statement = insert(models.environment).returning(models.environment.c.id)
    key = connection.execute(statement, values).scalar_one()
    table = models.tracked_run
    connection.execute(update(table).where(table.c.id == run_id).values(environment_id=key))


def _dataset(connection: Connection, run_id: int) -> None:
    tracking.log_input(
        connection,
        run_id,
        {
            "name": "digits",
            "digest": "0f1e2d3c4b5a",
            "source_type": "local",
            "source": "data/digits.csv",
            "schema": None,
            "profile": None,
            "tags": {"mlflow.data.context": "training"},
        },
    )


def _model(connection: Connection) -> None:
    at = NOW - timedelta(hours=1)
    model = connection.execute(
        insert(models.registered_model).returning(models.registered_model.c.id),
        {"name": "digits", "created_at": at, "updated_at": at, "tags": {}},
    ).scalar_one()
    connection.execute(
        insert(models.model_version),
        {
            "model_id": model,
            "version": 3,
            "run_uuid": RUN,
            "source": "model",
            "status": "READY",
            "created_at": at,
            "updated_at": at,
            "tags": {},
        },
    )
    alias = {"model_id": model, "alias": "champion", "version": 3, "set_at": at}
    connection.execute(insert(models.model_alias), alias)


def fill_tracked_hostile(world: World) -> None:
    """A run whose every name and value means harm."""
    run = tracking.NewRun(RUN, f"exp{ESCAPES}", f"run{ESCAPES}", NOW, user=f"ann{ESCAPES}")
    with world.write() as connection:
        _fill_hostile(connection, world, tracking.create_run(connection, run))


def _fill_hostile(connection: Connection, world: World, run_id: int) -> None:
    bad = f"key{ESCAPES}"
    log_distributions(connection, run_id, ESCAPES)
    tracking.log_param(connection, run_id, bad, f"value{ESCAPES}")
    tracking.set_tag(connection, run_id, bad, f"value{ESCAPES}")
    tracking.set_tag(connection, run_id, "mlflow.note.content", f"# note{ESCAPES}\n`x{ESCAPES}")
    count, data = metric_points.pack([(math.nan, 0, 0), (1.0, 1, 1)])
    metric_points.add(connection, run_id, bad, count, data)
    content = f"a,b\n1,{ESCAPES}\n".encode()
    names: Sequence[str] = (
        "x.csv",
        "x.txt",
        "x.json",
        "x.md",
        "x.png",
        "x.parquet",
        f"d{ESCAPES}/f",
    )
    log_files(connection, world, run_id, {name: content + name.encode() for name in names})


def log_distributions(connection: Connection, run_id: int, text: str = "", shift: int = 0) -> None:
    """Categories at one step, and numbers at three, with nulls; ``text`` in all names."""
    items = {f"item {name}{text}": 40 - 12 * place + shift for place, name in enumerate("abc")}
    counts = {"counts": items, "other": 5, "distinct": 9}
    total = sum(items.values()) + 5
    distributions.put(connection, run_id, f"items{text}", 0, NOW, "categories", total, 0, counts)
    for step in range(3):
        bins = [[n / 10, (n + 1) / 10, n + step] for n in range(10 + shift, 18 + shift)]
        size = sum(count for _, _, count in bins)
        known = {"min": 1.0, "max": 1.79, "mean": 1.4, "std": 0.2, "distinct": size}
        content = {"bins": bins, **known, "quantiles": {"0.25": 1.25, "0.5": 1.41, "0.75": 1.6}}
        key = f"scores{text}"
        distributions.put(connection, run_id, key, step, NOW, "numbers", size + 3, 3, content)


def log_more(world: World, uuid: str, value: float, step: int) -> None:
    """One more point of the loss of a run."""
    with world.write() as connection:
        run_id = tracking.run_with_uuid(connection, uuid)
        assert run_id is not None
        at = int(NOW.timestamp() * 1e6)
        count, data = metric_points.pack([(value, step, at)])
        metric_points.add(connection, run_id, "loss", count, data)


def track(world: World, run: int, text: str = "") -> None:
    """One tracked run of the first try of a DAG run, ``text`` in all that was logged."""
    with world.write() as connection:
        table = models.task_try
        tries = select(table.c.id).where(table.c.dag_run_id == run).order_by(table.c.id)
        try_id = connection.execute(tries).scalars().first()
        new = tracking.NewRun(RUN, f"digits{text}", f"fit{text}", NOW, try_id, user=f"ann{text}")
        run_id = tracking.create_run(connection, new)
        log_curves(connection, run_id)
        log_distributions(connection, run_id, text)
        log_files(connection, world, run_id, {**FILES, f"x{text}/f{text}.txt": text.encode()})
        tracking.log_param(connection, run_id, f"lr{text}", f"0.1{text}")
        for key, value in (
            (f"team{text}", f"vision{text}"),
            ("mlflow.note.content", f"# Note{text}"),
            ("mlflow.source.name", f"train.py{text}"),
            ("mlflow.source.git.commit", f"abc{text}"),
        ):
            tracking.set_tag(connection, run_id, key, value)
        _environment(connection, run_id)
