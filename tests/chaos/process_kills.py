"""Hosts and task processes die by SIGKILL at random; the retry policy mends it, and says why."""

from __future__ import annotations

import collections
import contextlib
import random
import time
from pathlib import Path

import psutil

from tests.chaos.runner_kills import Report
from tests.support.live import Live, live, wait_for

PIPELINE = """
import os
import time

from dagtop import DAG, task, get_current_context

LEDGER = os.path.join(os.environ["DAGTOP_WORKSPACE"], "ledger")


def note(kind):
    ti = get_current_context()["ti"]
    line = f"{kind} {ti.run_id} {ti.task_id} {ti.map_index} {ti.try_number}\\n"
    descriptor = os.open(LEDGER, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, line.encode())
    os.close(descriptor)


with DAG("kills", max_active_tasks=64, default_args={"retries": 50, "retry_delay": 0.05}):

    @task(max_active_tis_per_dagrun=12)
    def work(number):
        note("begin")
        time.sleep(0.25)
        note("end")
        return number

    @task
    def total(values):
        note("begin")
        note("end")
        return sum(values)

    total(work.expand(number=list(range(150))))
"""


def run(folder: Path, *, kills: int, rng: random.Random) -> Report:
    """Do it. ``rng`` chooses the moments and the victims."""
    report = Report(what="hosts and tasks")
    with live(folder) as workspace:
        workspace.write("kills.py", PIPELINE)
        workspace.start()
        workspace.wait_for_dag("kills")
        workspace.submit("unpause", dag_ids=["kills"])
        began = time.monotonic()
        run_ids = [workspace.trigger("kills", run_id="run0")]
        while report.kills < kills:
            time.sleep(rng.random() * 0.3)  # the chaos itself, not synchronisation
            report.kills += _kill_one(workspace, rng)
            if workspace.run_state("kills", run_ids[-1]) in ("success", "failed"):
                run_ids.append(workspace.trigger("kills", run_id=f"run{len(run_ids)}"))
        for run_id in run_ids:
            workspace.wait_for_run("kills", run_id, timeout=300)
        report.seconds = time.monotonic() - began
        wait_for(lambda: workspace.ask("get_status")["executing"] == 0, what="the last process")
        _account(workspace, run_ids, report)
    return report


def _kill_one(workspace: Live, rng: random.Random) -> int:
    """Kill a random process below the runner: the base host, a file host, or a task."""
    assert workspace.process is not None
    below = psutil.Process(workspace.process.pid).children(recursive=True)
    if not below:
        return 0
    with contextlib.suppress(psutil.NoSuchProcess):
        rng.choice(below).kill()
        return 1
    return 0


def _account(workspace: Live, run_ids: list[str], report: Report) -> None:
    lines = (workspace.workspace.root / "ledger").read_text().splitlines()
    begun = collections.Counter(tuple(line.split()[1:]) for line in lines if line[:5] == "begin")
    ended = {tuple(line.split()[1:]) for line in lines if line[:3] == "end"}
    problems = report.problems
    problems += [f"try {key} began {n} times" for key, n in begun.items() if n != 1]
    stored = workspace.query(
        "SELECT run_id, task_id, map_index, task_try.try_number, task_try.state, task_try.reason "
        "FROM task_try JOIN task_instance ti ON ti.id = task_instance_id "
        "JOIN dag_run ON dag_run.id = ti.dag_run_id"
    )
    report.tries = len(stored)
    for run, task, index, number, state, reason in stored:
        key = (run, task, str(index), str(number))
        if state == "success" and key not in ended:
            problems.append(f"try {key} is a success and never ended")
        if state != "success" and not reason:
            problems.append(f"try {key} is {state} without a reason")
        if state not in ("success", "up_for_retry"):
            problems.append(f"try {key} is {state}: {reason}")
    for run_id in run_ids:
        if workspace.run_state("kills", run_id) != "success":
            problems.append(f"{run_id} is {workspace.run_state('kills', run_id)}")
    check = workspace.value("PRAGMA integrity_check")
    if check != "ok":
        problems.append(f"integrity_check: {check}")
