"""The runner dies by SIGKILL at random moments during many tasks; nothing may be lost or doubled.

Every task writes what it does into a ledger outside dagtop, so that the account is independent of
the store.
"""

from __future__ import annotations

import collections
import random
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from runner.execution.processes import TRY_MARK
from tests.support.live import Live, live, wait_for

PIPELINE = """
import os
import random
import statistics
import time

from dagtop import DAG, task, chain, log_metric, get_current_context

LEDGER = os.path.join(os.environ["DAGTOP_WORKSPACE"], "ledger")


def note(kind, extra=""):
    ti = get_current_context()["ti"]
    line = f"{kind} {ti.run_id} {ti.task_id} {ti.map_index} {ti.try_number} {extra}\\n"
    descriptor = os.open(LEDGER, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, line.encode())
    os.close(descriptor)


with DAG("chaos", max_active_tasks=64, max_active_runs=64):

    @task
    def items():
        note("begin")
        note("end")
        return list(range(60))

    @task(retries=2, retry_delay=0.2, max_active_tis_per_dagrun=16)
    def work(number):
        note("begin")
        points = 50
        for step in range(points):
            log_metric("value", number + step, step=step)
        time.sleep(random.Random(number).random() * 0.4)
        ti = get_current_context()["ti"]
        if number % 10 == 3 and ti.try_number == 1:
            note("end", "failed")
            raise RuntimeError("fails once")
        note("end", "ok")
        return number * number

    @task
    def total(values):
        note("begin")
        result = sum(values)
        note("end", str(result))
        return result

    @task.branch
    def choose(result):
        note("begin")
        note("end")
        return "left"

    @task
    def left():
        note("begin")
        time.sleep(0.3)
        note("end")

    @task
    def right():
        note("begin")
        note("end")

    @task(trigger_rule="none_failed_min_one_success")
    def join():
        note("begin")
        note("end")

    result = total(work.expand(number=items()))
    steps = []
    for index in range(60):

        @task(task_id=f"step{index}")
        def step():
            note("begin")
            time.sleep(0.01)
            note("end")

        steps.append(step())
    choice = choose(result)
    choice >> [left(), right()] >> join()
    chain(*steps)
"""
MAPPED, STEPS = 60, 60
TRIES_PER_RUN = 1 + MAPPED + 6 + 1 + 1 + 1 + 1 + STEPS
"""items, work with its six retries, total, choose, left, join, steps."""


@dataclass(slots=True)
class Report:
    """What happened, and what was wrong."""

    what: str = "runner"
    kills: int = 0
    tries: int = 0
    seconds: float = 0.0
    recoveries: list[float] = field(default_factory=list)
    undisturbed: int = 0
    """Tries that were running when a runner died, and ended as if nothing had happened."""
    problems: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        lines = [
            f"{self.what}: killed {self.kills} times in {self.tries} tries, {self.seconds:.0f} s"
        ]
        if self.recoveries:
            worst, median = max(self.recoveries), statistics.median(self.recoveries)
            lines += [
                f"work went on {median:.2f} s after a restart, {worst:.2f} s at worst (reach: 2 s)",
                f"{self.undisturbed} running tries saw a runner die and went on undisturbed",
            ]
        return [
            *lines,
            *(f"PROBLEM: {problem}" for problem in self.problems),
            "everything accounted for" if not self.problems else f"{len(self.problems)} problems",
        ]


def run(folder: Path, *, kills: int, dag_runs: int, rng: random.Random) -> Report:
    """Do it. ``rng`` chooses the moments."""
    report = Report()
    with live(folder) as workspace:
        workspace.configure("[runner]\nparallelism = 24\n")
        workspace.write("chaos.py", PIPELINE)
        workspace.start()
        workspace.wait_for_dag("chaos")
        workspace.submit("unpause", dag_ids=["chaos"])
        began = time.monotonic()
        run_ids = [workspace.trigger("chaos", run_id=f"run{n}") for n in range(dag_runs)]
        while report.kills < kills:
            time.sleep(rng.random() * 0.8)  # the chaos itself, not synchronisation
            _kill_and_restart(workspace, report)
            if all(workspace.run_state("chaos", r) in ("success", "failed") for r in run_ids):
                more = f"run{len(run_ids)}"
                run_ids.append(workspace.trigger("chaos", run_id=more))
        for run_id in run_ids:
            workspace.wait_for_run("chaos", run_id, timeout=300)
        report.seconds = time.monotonic() - began
        wait_for(
            lambda: workspace.ask("get_status")["executing"] == 0 and not marked_processes(folder),
            timeout=20,
            what="the last process to end",
        )
        account(workspace, run_ids, report)
        pid = workspace.process.pid if workspace.process else 0
        hosts = psutil.Process(pid).children(recursive=True) if pid else []
        workspace.stop()
        _, alive = psutil.wait_procs(hosts, timeout=5)
        report.problems += [f"process {p.pid} is left over: {p.cmdline()}" for p in alive]
    return report


def _kill_and_restart(workspace: Live, report: Report) -> None:
    running = {key for (key,) in workspace.query("SELECT id FROM task_try WHERE state = 'running'")}
    journals = _journal_bytes(workspace)
    workspace.kill()
    report.kills += 1
    restarted = time.monotonic()
    workspace.start()
    # Work goes on when a journal that the new runner knows of has grown or a run has ended.
    wait_for(
        lambda: _journal_bytes(workspace) != journals or not _unfinished(workspace),
        what="the work to go on",
    )
    report.recoveries.append(time.monotonic() - restarted)
    report.undisturbed += len(running)


def _journal_bytes(workspace: Live) -> int:
    return workspace.value("SELECT total(journal_offset) FROM task_try")


def _unfinished(workspace: Live) -> int:
    return workspace.value("SELECT count(*) FROM dag_run WHERE state IN ('queued', 'running')")


def marked_processes(folder: Path) -> list[int]:
    """Processes that belong to tries of this workspace."""
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
        except psutil.Error:
            continue
        if TRY_MARK in environment and environment.get("DAGTOP_WORKSPACE") == str(folder):
            found.append(process.pid)
    return found


def account(workspace: Live, run_ids: list[str], report: Report) -> None:
    """Compare the store with the tasks' own ledger."""
    problems = report.problems
    lines = (workspace.workspace.root / "ledger").read_text().splitlines()
    begun = collections.Counter(
        tuple(line.split()[1:5]) for line in lines if line.startswith("begin")
    )
    ended = collections.Counter(
        tuple(line.split()[1:5]) for line in lines if line.startswith("end")
    )
    problems += [f"try {key} began {n} times" for key, n in begun.items() if n != 1]
    problems += [f"try {key} began and did not end" for key in begun if key not in ended]
    stored = workspace.query(
        "SELECT run_id, task_id, map_index, task_try.try_number, task_try.state, task_try.reason "
        "FROM task_try JOIN task_instance ti ON ti.id = task_instance_id "
        "JOIN dag_run ON dag_run.id = ti.dag_run_id"
    )
    report.tries = len(stored)
    keys = {(run, task, str(index), str(number)) for run, task, index, number, _, _ in stored}
    problems += [f"try {key} ran and is not in the store" for key in begun if key not in keys]
    problems += [f"try {key} is in the store and did not run" for key in keys - set(begun)]
    for run_id in run_ids:
        _account_run(workspace, run_id, problems)
    for run, task, index, number, state, reason in stored:
        expected = "success"
        if task == "work" and index % 10 == 3 and number == 1:
            expected = "up_for_retry"
        if state != expected:
            problems.append(f"try {run} {task}[{index}] {number} is {state}: {reason}")
    check = workspace.value("PRAGMA integrity_check")
    if check != "ok":
        problems.append(f"integrity_check: {check}")


def _account_run(workspace: Live, run_id: str, problems: list[str]) -> None:
    state = workspace.run_state("chaos", run_id)
    states = workspace.states("chaos", run_id)
    if state != "success":
        problems.append(f"{run_id} is {state}")
    wrong = {
        name: found
        for name, found in states.items()
        if found != ("skipped" if name == "right" else "success")
    }
    if wrong or len(states) != 1 + MAPPED + 5 + STEPS:
        problems.append(f"{run_id}: {len(states)} instances, not as expected: {wrong}")
    xcoms = workspace.query(
        "SELECT task_id, map_index, count(*) FROM xcom JOIN dag_run ON dag_run.id = dag_run_id "
        "WHERE run_id = ? AND key = 'return_value' GROUP BY 1, 2",
        run_id,
    )
    have = collections.Counter(task for task, _, _ in xcoms)
    if have["work"] != MAPPED or have["items"] != 1 or have["total"] != 1:
        problems.append(f"{run_id}: XComs {dict(have)}")
    total = workspace.value(
        "SELECT CAST(value AS TEXT) FROM xcom JOIN dag_run ON dag_run.id = dag_run_id "
        "WHERE run_id = ? AND task_id = 'total' AND key = 'return_value'",
        run_id,
    )
    if total != str(sum(n * n for n in range(MAPPED))):
        problems.append(f"{run_id}: total is {total}")
    points = workspace.query(
        "SELECT ti.map_index, task_try.try_number, sum(metric.count) FROM metric "
        "JOIN tracked_run ON tracked_run.id = metric.run_id "
        "JOIN task_try ON task_try.id = try_id JOIN task_instance ti ON ti.id = task_instance_id "
        "JOIN dag_run ON dag_run.id = ti.dag_run_id WHERE dag_run.run_id = ? GROUP BY 1, 2",
        run_id,
    )
    if len(points) != MAPPED + 6 or any(count != 50 for _, _, count in points):
        odd = [row for row in points if row[2] != 50]
        problems.append(f"{run_id}: {len(points)} metric series, odd ones {odd[:5]}")
