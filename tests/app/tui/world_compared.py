"""Tracked runs for the tests of the terminal UI: a sweep with curves, NaN, and hostile names."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import timedelta

from sqlalchemy import Connection, insert, update

from store import metric_points, models, tracking
from tests.app.tui.world import ESCAPES, NOW, World, at_once
from tests.app.tui.world_tracked import log_distributions

SWEEP = tuple(f"{number:x}" * 32 for number in range(1, 9))
"""The uuids of the runs of the sweep, in the order in which they began."""
DIVERGED, SHORT = SWEEP[5], SWEEP[6]
"""One whose loss becomes NaN, and one that logged two points only."""
HOSTILE = ("a" * 32, "b" * 32)
RATES = (0.1, 0.03, 0.01, 0.003, 0.001, 1.0, 0.3, 0.0001)
STEPS = 40
SCRIPT = """import torch

LAYERS = {layers}


def train(rate):
    model = torch.nn.Sequential(*[torch.nn.Linear(64, 64) for _ in range(LAYERS)])
    return fit(model, rate)
"""


@at_once
def fill_compared(world: World) -> None:
    """A sweep of eight runs, each nested in one, and two runs of another experiment."""
    world.lease()
    with world.write() as connection:
        parent = tracking.NewRun("0" * 32, "digits", "sweep", NOW - timedelta(hours=4))
        tracking.create_run(connection, parent)
        for number, uuid in enumerate(SWEEP):
            run = _one(connection, number, uuid)
            if number < 4:
                _add_context(world, connection, run, number)
                log_distributions(connection, run, shift=number)
        for number, uuid in enumerate(HOSTILE):
            _hostile(connection, number, uuid)


def _one(connection: Connection, number: int, uuid: str) -> int:
    rate, began = RATES[number], NOW - timedelta(hours=3, minutes=-10 * number)
    new = tracking.NewRun(uuid, "digits", f"fit-{number + 1}", began, parent="0" * 32, user="ann")
    run = tracking.create_run(connection, new)
    params = {
        "learning_rate": f"{rate:g}",
        "optimizer": ("adam", "sgd")[number % 2],
        "layers": str(1 + number % 3),
        "batch_size": "64",
    }
    tracking.log_params(
        connection, [{"run_id": run, "key": key, "value": value} for key, value in params.items()]
    )
    _log_curves(connection, run, number, rate, began.timestamp())
    tags = {"mlflow.source.git.commit": f"{number // 4:040x}", "team": "vision"}
    tracking.set_tags(
        connection, [{"run_id": run, "key": key, "value": value} for key, value in tags.items()]
    )
    facts = dict.fromkeys(("source", "schema", "profile"), "")
    used = {"name": "digits", "digest": f"d{number // 6}" * 4, "source_type": "local", **facts}
    context = {"tags": {"mlflow.data.context": "training"}}
    tracking.log_input(connection, run, {**used, **context})
    status = tracking.FAILED if uuid == DIVERGED else tracking.FINISHED
    ended = began + timedelta(seconds=60 + 7 * number)
    tracking.set_status(connection, run, status, ended)
    return run


def _add_context(world: World, connection: Connection, run: int, number: int) -> None:
    """Its script, its packages, a confusion matrix and a ROC curve."""
    text = SCRIPT.format(layers=1 + number)
    digest = hashlib.sha256(text.encode()).hexdigest()
    connection.execute(insert(models.source), {"digest": digest, "text": text})
    packages = {"numpy": "2.4.6", "torch": f"2.{5 + number // 2}.0", "rich": "14.2.0"}
    key = connection.execute(
        insert(models.environment).returning(models.environment.c.id),
        {"digest": f"environment {number}", "python": "3.11.7", "packages": packages},
    ).scalar_one()
    table = models.tracked_run
    values = {"environment_id": key, "source_digest": digest}
    connection.execute(update(table).where(table.c.id == run).values(values))
    add_artifact(world, connection, run, "eval/confusion_matrix.json", json.dumps(matrix(number)))
    share = 1 / (2 + number)
    curve = {"fpr": [0.0, share, 1.0], "tpr": [0.0, 1 - share, 1.0]}
    add_artifact(world, connection, run, "roc_curve.json", json.dumps(curve))


def matrix(number: int) -> dict[str, object]:
    """A confusion matrix of three labels."""
    rows = [[50 - number, number, 0], [3, 40, 7], [number * 2, 1, 60]]
    return {"labels": ["cat", "dog", "bird"], "matrix": rows}


def add_artifact(world: World, connection: Connection, run: int, path: str, text: str) -> None:
    """A file of a run, kept where the runner keeps it."""
    data = text.encode()
    digest = hashlib.sha256(data).hexdigest()
    file = world.workspace.artifacts / digest[:2] / digest
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    tracking.log_artifact(connection, run, path, len(data), digest, NOW)


def _log_curves(connection: Connection, run: int, number: int, rate: float, began: float) -> None:
    steps = 2 if SWEEP[number] == SHORT else STEPS
    distance = abs(math.log10(rate) + 2)
    losses = [
        0.2 + 0.1 * distance + 2 * math.exp(-step / (4 + 2 * distance)) for step in range(STEPS)
    ]
    if SWEEP[number] == DIVERGED:
        losses = [2.0 * 1.5**step for step in range(12)] + [math.inf] + [math.nan] * (STEPS - 13)
    points = {
        "val/loss": losses,
        "accuracy": [1 - loss / 4 if math.isfinite(loss) else math.nan for loss in losses],
        "system/cpu_utilization_percentage": [50.0 + number + step % 5 for step in range(STEPS)],
    }
    for key, values in points.items():
        packed = metric_points.pack(
            (value, step, int((began + step * (1 + number / 10)) * 1e6))
            for step, value in enumerate(values[:steps])
        )
        metric_points.add(connection, run, key, *packed)


def _hostile(connection: Connection, number: int, uuid: str) -> None:
    new = tracking.NewRun(uuid, f"exp{ESCAPES}", f"名前{ESCAPES}{number}", NOW - timedelta(days=1))
    run = tracking.create_run(connection, new)
    log_distributions(connection, run, ESCAPES)
    pairs = [{"run_id": run, "key": f"k{ESCAPES}", "value": f"v{number}{ESCAPES}\n[bold]x[/]"}]
    tracking.log_params(connection, pairs)
    tracking.set_tags(connection, pairs)
    packed = metric_points.pack([(math.nan, 0, 1_000_000), (float(number), 1, 2_000_000)])
    metric_points.add(connection, run, f"m{ESCAPES}", *packed)
    key = connection.execute(
        insert(models.environment).returning(models.environment.c.id),
        {"digest": f"e{number}", "python": "3.11.7", "packages": {f"p{ESCAPES}": f"1.{number}"}},
    ).scalar_one()
    connection.execute(
        update(models.tracked_run).where(models.tracked_run.c.id == run).values(environment_id=key)
    )


def track_row(
    connection: Connection, number: int, dag_id: str, run_id: str, task_id: str, text: str
) -> None:
    """A run of a task, the first one running, with a param, a metric and tags that hold a text."""
    uuid = f"{number + 1:x}" * 32
    began = NOW - timedelta(minutes=number + 1)
    run = tracking.create_run(connection, tracking.NewRun(uuid, dag_id, text, began, user=text))
    place = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": number}
    connection.execute(
        update(models.tracked_run)
        .where(models.tracked_run.c.id == run)
        .values(**place, try_number=1)
    )
    pairs = [{"run_id": run, "key": key, "value": f"{text} {number}"} for key in ("p", text)]
    tracking.log_params(connection, pairs)
    notes = [{"run_id": run, "key": "mlflow.note.content", "value": text}]
    tracking.set_tags(connection, [*pairs, *notes])
    for key in ("m", f"metric {text}"):
        packed = metric_points.pack([(math.inf, 0, 1_000_000), (float(number), 1, 2_000_000)])
        metric_points.add(connection, run, key, *packed)
    if number:
        tracking.set_status(connection, run, tracking.FINISHED, began + timedelta(seconds=30))
