"""Stores with many tracked runs, written in a hurry: for figures, and for tests of large tables."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, insert

from store.engine import Store
from store.models import experiment, metric, param, tag, tracked_run

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
AT_ONCE = 20_000
MODELS = ("linear", "forest", "boosted", "mlp")


def fill_tracked(
    store: Store,
    runs: int,
    *,
    params: int = 10,
    metrics: int = 10,
    experiments: int = 3,
    now: datetime = NOW,
) -> None:
    """Runs of some experiments: params ``lr``, ``model``, ``p2`` …, metrics ``rmse``, ``m1`` …

    The same on each call: values are of a generator with a fixed seed. Every hundredth run has a
    metric that is NaN, every tenth failed, every fiftieth is archived.
    """
    source = random.Random(7)
    with store.write() as connection:
        connection.execute(
            insert(experiment),
            [
                {"id": one + 1, "name": f"experiment {one}", "created_at": now}
                for one in range(experiments)
            ],
        )
        _write(connection, tracked_run, (_run(n, experiments, now) for n in range(runs)))
        _write(
            connection,
            param,
            (_param(n, k, source) for n in range(runs) for k in range(params)),
        )
        _write(
            connection,
            metric,
            (_metric(n, k, source, now) for n in range(runs) for k in range(metrics)),
        )
        _write(connection, tag, (_tag(n) for n in range(runs)))


def _write(connection: Connection, table: Any, rows: Any) -> None:
    rows = iter(rows)
    while some := list(islice(rows, AT_ONCE)):
        connection.execute(insert(table), some)


def _run(number: int, experiments: int, now: datetime) -> dict[str, Any]:
    started = now - timedelta(minutes=number + 1)
    return {
        "id": number + 1,
        "uuid": f"{number:032x}",
        "experiment_id": number % experiments + 1,
        "name": f"run {number}",
        "started_at": started,
        "ended_at": started + timedelta(seconds=10 + number % 300),
        "status": "FAILED" if number % 10 == 9 else "FINISHED",
        "user_id": ("ann", "bob")[number % 2],
        "deleted_at": now if number % 50 == 49 else None,
    }


def _param(number: int, key: int, source: random.Random) -> dict[str, Any]:
    if key == 0:
        value: Any = round(10 ** source.uniform(-4, -1), 6)
    elif key == 1:
        value = source.choice(MODELS)
    else:
        value = source.randrange(10)
    return {
        "run_id": number + 1,
        "key": ("lr", "model")[key] if key < 2 else f"p{key}",
        "value": str(value),
        "number": None if isinstance(value, str) else float(value),
    }


def _metric(number: int, key: int, source: random.Random, now: datetime) -> dict[str, Any]:
    last = source.random()
    is_nan = key == 0 and number % 100 == 50
    return {
        "run_id": number + 1,
        "key": "rmse" if key == 0 else f"m{key}",
        "count": 100,
        "nan_count": int(is_nan),
        "inf_count": 0,
        "first_value": last + 1,
        "last_value": float("nan") if is_nan else last,
        "last_step": 99,
        "last_at": now,
        "min_value": last * 0.9,
        "max_value": last + 1,
        "min_step": 90,
        "max_step": 0,
        "mean_value": last + 0.1,
    }


def _tag(number: int) -> dict[str, Any]:
    return {"run_id": number + 1, "key": "team", "value": ("red", "blue", "green")[number % 3]}
