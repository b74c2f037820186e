"""What logging costs outside of a task: by our own calls, and by MLflow's beside its own store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from store.mlflow_plugin import FOLDER as MLFLOW_PLUGIN
from tests.bench.figure import Figure
from tests.support.live import Live, live
from tests.support.scripts import ran, script

REACH_MS = 0.3
POINTS = """
import time, dagtop
with dagtop.start_run(run_name="points"):
    began = time.perf_counter()
    for step in range(1_000_000):
        dagtop.log_metric("loss", 1.0 / (step + 1), step=step)
    print(1_000_000 / (time.perf_counter() - began))
"""
CALLS = """
import json, statistics, time
import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
client = MlflowClient()
run = client.create_run(client.create_experiment("bench"))
key = run.info.run_id
small = client.create_run(run.info.experiment_id).info.run_id
client.log_batch(small, [Metric(f"m{i}", 0.5, 0, 0) for i in range(10)])
def batch(n):
    now = int(time.time() * 1000)
    return client.log_batch(key, [Metric(f"m{i}", 0.5, now, n) for i in range(20)])
acts = {
    "log_metric": lambda n: client.log_metric(key, "loss", 1.0 / (n + 1), step=n),
    "log_param": lambda n: client.log_param(key, f"p{n}", n),
    "set_tag": lambda n: client.set_tag(key, f"t{n}", n),
    "log_batch of 20": batch,
    "get_run": lambda n: client.get_run(small),
}
found = {}
for name, act in acts.items():
    seconds = []
    for n in range(COUNT):
        began = time.perf_counter()
        act(n)
        seconds.append(time.perf_counter() - began)
    found[name] = 1000 * statistics.median(seconds)
print("TOLD", json.dumps(found))
"""


def scripts(folder: Path) -> Iterator[Figure]:
    """Logging from scripts: points a second, and the median of each of MLflow's calls."""
    with live(folder / "scripts") as workspace:
        workspace.start()
        rate = float(ran(script(workspace, POINTS)))
        reached = rate >= 100_000
        yield Figure("log_metric in a script, points", f"{rate:,.0f}/s", ">= 100,000/s", reached)
        ours = _medians(workspace, "dagtop:", 1000)
        theirs = _medians(workspace, f"sqlite:///{folder}/mlflow.db", 50)
        for name, median in ours.items():
            beside = f"mlflow.{name} (its sqlite: {theirs[name]:.1f} ms)"
            yield Figure(beside, f"{median:.3f} ms", f"<= {REACH_MS} ms", median <= REACH_MS)


def _medians(workspace: Live, uri: str, count: int) -> dict[str, float]:
    text = CALLS.replace("COUNT", str(count))
    process = script(
        workspace,
        text,
        name="calls.py",
        PYTHONPATH=str(MLFLOW_PLUGIN),
        MLFLOW_TRACKING_URI=uri,
        MLFLOW_DISABLE_TELEMETRY="true",
    )
    out = ran(process)
    line = next(line for line in out.splitlines() if line.startswith("TOLD "))
    return json.loads(line[5:])
