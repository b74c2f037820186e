"""What runs say of themselves, through a real runner, of tasks and of scripts."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tests.support.live import Live, wait_for

ROOT = Path(__file__).resolve().parents[3]
PLACED = """
from dagtop import DAG, log_metric, log_param, set_tag, start_run, task

with DAG("placed", is_paused_upon_creation=False):
    @task
    def train(n):
        set_tag("mlflow.user", "somebody")
        log_param("n", n)
        with start_run(run_name="inner", nested=True):
            log_metric("loss", 1.0)

    @task
    def nothing():
        pass

    train.expand(n=[1, 2, 3])
    nothing()
"""


def test_runs_of_tasks_say_where_they_come_from(shared: Live) -> None:
    shared.write("placed.py", PLACED)
    shared.wait_for_dag("placed")
    run_id = shared.trigger("placed")
    assert shared.wait_for_run("placed", run_id) == "success"
    runs = shared.query(
        "SELECT t.name, t.user_id, e.python, e.packages LIKE '%sqlalchemy%' FROM tracked_run t "
        "JOIN environment e ON e.id = t.environment_id WHERE t.dag_id = 'placed' "
        "AND t.map_index = 0 ORDER BY t.id"
    )
    python = ".".join(map(str, sys.version_info[:3]))
    assert [run[2:] for run in runs] == [(python, 1)] * 2
    assert runs[0][1] == "somebody"  # what a run says itself stays
    assert shared.value("SELECT count(*) FROM environment") == 1
    told = dict(
        shared.query(
            "SELECT g.key, g.value FROM tag g JOIN tracked_run t ON t.id = g.run_id "
            "WHERE t.dag_id = 'placed' AND t.name = 'inner' AND t.map_index = 0"
        )
    )
    assert told["mlflow.source.name"] == os.path.join("dags", "placed.py")
    assert (told["mlflow.source.type"], told["dagtop.python"]) == ("JOB", python)
    assert {"mlflow.user", "dagtop.host"} <= told.keys()
    assert shared.value("SELECT count(*) FROM tracked_run WHERE task_id = 'nothing'") == 0


SCRIPT = """
import dagtop
dagtop.log_param("lr", 0.1)
print(dagtop.active_run().info.run_id)
"""


def test_a_script_keeps_its_text_and_its_command_without_secrets(shared: Live) -> None:
    script = shared.workspace.root / "train.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "train.py", "--token", "hush"],
        cwd=shared.workspace.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    uuid = done.stdout.strip()
    digest = wait_for(
        lambda: shared.query("SELECT source_digest FROM tracked_run WHERE uuid = ?", uuid),
        what="the run of the script",
    )[0][0]
    assert digest == hashlib.sha256(SCRIPT.encode()).hexdigest()
    kept = shared.workspace.artifacts / digest[:2] / digest
    assert kept.read_text() == SCRIPT
    told = dict(
        shared.query(
            "SELECT g.key, g.value FROM tag g JOIN tracked_run t ON t.id = g.run_id "
            "WHERE t.uuid = ?",
            uuid,
        )
    )
    assert told["mlflow.source.name"] == str(script)
    assert told["mlflow.source.type"] == "LOCAL"
    assert told["dagtop.command"].endswith("train.py --token '***'")
