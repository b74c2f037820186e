"""``get_health``: what the System place shows of the runner and its processes."""

from __future__ import annotations

import os

from tests.support.live import Live, wait_for

ONE = """
import time
from pathlib import Path
from dagtop import DAG, task

with DAG("watched", max_active_tasks=1):
    @task
    def work(number):
        while not Path("gate").exists():
            time.sleep(0.02)

    work.expand(number=[1, 2])
"""


def test_health_names_the_processes_of_hosts_and_tasks(shared: Live) -> None:
    shared.write("watched.py", ONE)
    shared.wait_for_dag("watched")
    shared.submit("unpause", dag_ids=["watched"])
    run_id = shared.trigger("watched")

    def working() -> list[dict[str, object]]:
        tasks = shared.ask("get_health")["tasks"]
        return [one for one in tasks if one["pid"] is not None and one["started_at"]]

    (task,) = wait_for(working, what="a task at work")
    health = shared.ask("get_health")
    assert shared.process is not None
    assert (health["pid"], health["executing"]) == (shared.process.pid, 1)
    assert (task["dag_id"], task["run_id"], task["task_id"]) == ("watched", run_id, "work")
    assert task["map_index"] in (0, 1)
    (host,) = [one for one in health["hosts"] if one["file"] == "dags/watched.py"]
    assert (host["tries"], host["idle_seconds"]) == (1, None)
    assert host["age_seconds"] >= 0
    pids = [health["base_pid"], host["pid"], task["pid"]]
    assert len({health["pid"], *pids}) == 4
    for pid in pids:
        os.kill(int(pid), 0)
    assert health["waiting_reasons"] == [["max_active_tasks: 1 of 1 running", 1]]
    assert health["turns_total"] >= health["turns"] > 0
    assert health["turn_seconds_last"] <= health["turn_seconds_max"]
    assert health["turn_seconds_median"] <= health["turn_seconds_p99"]
    (shared.workspace.root / "gate").touch()
    assert shared.wait_for_run("watched", run_id) == "success"
    wait_for(lambda: not shared.ask("get_health")["tasks"], what="the processes to end")
