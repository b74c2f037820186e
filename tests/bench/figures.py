"""What ``make bench`` measures. Each figure gives its limit, where it can, from the same run."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from tests.bench.figure import Figure
from tests.bench.hour import hour
from tests.bench.recording import recording
from tests.bench.scripts import scripts
from tests.bench.terminal import busy, screens
from tests.support.live import ROOT, Live, live, wait_for

CHAIN = """
from dagtop import DAG, task
with DAG("chain"):
    before = None
    for number in range(50):
        @task(task_id=f"t{number}")
        def nothing(): pass
        now = nothing()
        if before is not None:
            before >> now
        before = now
"""
FAN = """
from dagtop import DAG, task, EmptyOperator
with DAG("fan", max_active_tasks=1000):
    @task
    def root(): pass
    @task
    def sink(): pass
    first, last = root(), sink()
    for number in range(500):
        @task(task_id=f"t{number}")
        def nothing(): pass
        first >> nothing() >> last
"""
FIRST_LINE = """
from dagtop import DAG, task
with DAG("first"):
    @task
    def line():
        import time
        now = time.time()
        with open("first-line", "w") as file:
            file.write(repr(now))
    line()
"""
METRICS = """
from dagtop import DAG, task, log_metric
with DAG("metrics"):
    @task
    def train(points=1_000_000):
        import time
        began = time.perf_counter()
        for step in range(points):
            log_metric("loss", 1.0 / (step + 1), step=step)
        print("logged in", time.perf_counter() - began)
    train()
"""
PARALLELISM_16 = "[runner]\nparallelism = 16\n"


def fork_seconds(count: int = 300) -> float:
    """A fork and exit of a small Python process, one after another: the median of five series."""
    program = (
        "import os, time\n"
        "def series(count):\n"
        "    began = time.perf_counter()\n"
        "    for _ in range(count):\n"
        "        pid = os.fork()\n"
        "        if pid == 0: os._exit(0)\n"
        "        os.waitpid(pid, 0)\n"
        "    return (time.perf_counter() - began) / count\n"
        f"print(sorted(series({count}) for _ in range(5))[2])\n"
    )
    output = subprocess.run(
        [sys.executable, "-S", "-c", program], check=True, capture_output=True, text=True
    )
    return float(output.stdout)


def span(workspace: Live, dag_id: str, run_id: str) -> float:
    """Seconds from a run's start to its end, as recorded."""
    began, ended = workspace.query(
        "SELECT started_at, ended_at FROM dag_run WHERE dag_id = ? AND run_id = ?", dag_id, run_id
    )[0]
    return (ended - began) / 1e6


def runs(workspace: Live, dag_id: str, count: int) -> list[float]:
    """Spans of several runs, one after another, the first one (imports, caches) left out."""
    workspace.wait_for_dag(dag_id)
    workspace.submit("unpause", dag_ids=[dag_id])
    found = []
    for _ in range(count + 1):
        run_id = workspace.trigger(dag_id)
        assert workspace.wait_for_run(dag_id, run_id, 180) == "success"
        found.append(span(workspace, dag_id, run_id))
    return found[1:]


def chain(folder: Path) -> Iterator[Figure]:
    """A chain of 50 no-op Python tasks, per task."""
    with live(folder) as workspace:
        workspace.write("chain.py", CHAIN)
        workspace.start()
        per_task = statistics.median(runs(workspace, "chain", 5)) / 50
    bare = fork_seconds()
    ratio = per_task / bare
    yield Figure("bare fork + exit", f"{bare * 1e3:.2f} ms", "")
    yield Figure("chain of 50, per task", f"{per_task * 1e3:.2f} ms", "")
    yield Figure("  as a multiple of fork + exit", f"{ratio:.1f} x", "<= 12 x", ratio <= 12)


def fan(folder: Path) -> Iterator[Figure]:
    """Root, 500 no-op tasks, sink, parallelism 16."""
    with live(folder) as workspace:
        workspace.configure(PARALLELISM_16)
        workspace.write("fan.py", FAN)
        workspace.start()
        rate = 502 / statistics.median(runs(workspace, "fan", 3))
    bare = 1 / fork_seconds()
    share = rate / bare
    yield Figure("fan of 500, tasks per second", f"{rate:.0f}/s", "")
    yield Figure("  as a share of bare forks", f"{share:.1%}", ">= 12 %", share >= 0.12)


def first_line(workspace: Live, begin: Callable[[], object]) -> float:
    """Seconds from calling ``begin`` to the first line of user code."""
    path = workspace.workspace.root / "first-line"
    path.unlink(missing_ok=True)
    began = time.time()
    begin()
    wait_for(lambda: path.exists() and path.read_text(), what="the first line of user code")
    return float(path.read_text()) - began


def command(*words: str, workspace: Live) -> None:
    subprocess.run(
        [sys.executable, "-P", str(ROOT / "dagtop.py"), *words],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "DAGTOP_WORKSPACE": str(workspace.workspace.root)},
    )


def trigger(folder: Path) -> Iterator[Figure]:
    """From the trigger command, and from the doorbell, to the first line of user code."""
    with live(folder) as workspace:
        workspace.write("first.py", FIRST_LINE)
        workspace.start()
        workspace.wait_for_dag("first")
        workspace.submit("unpause", dag_ids=["first"])
        by_command = [
            first_line(workspace, lambda: command("dags", "trigger", "first", workspace=workspace))
            for _ in range(7)
        ]
        by_bell = [first_line(workspace, lambda: workspace.trigger("first")) for _ in range(9)]
    whole, bell = statistics.median(by_command), statistics.median(by_bell)
    yield Figure("trigger command -> user code", f"{whole * 1e3:.0f} ms", "<= 350", whole <= 0.35)
    yield Figure("ring -> user code", f"{bell * 1e3:.1f} ms", "<= 30", bell <= 0.03)


def cold(folder: Path) -> Iterator[Figure]:
    """Nothing runs: ``dagtop up``, trigger, first line of user code."""
    with live(folder) as workspace:
        workspace.write("first.py", FIRST_LINE)
        workspace.start()
        workspace.wait_for_dag("first")
        workspace.submit("unpause", dag_ids=["first"])
        workspace.stop()
        found = []
        for _ in range(5):

            def begin() -> None:
                command("up", workspace=workspace)
                command("dags", "trigger", "first", workspace=workspace)

            found.append(first_line(workspace, begin))
            command("down", workspace=workspace)
        median = statistics.median(found)
    yield Figure("nothing running -> user code", f"{median:.2f} s", "<= 1.5 s", median <= 1.5)


def family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def cpu_seconds(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:4]) for process in processes)


def proportional_size(processes: list[psutil.Process]) -> int:
    """PSS of all in bytes (Linux), else the resident size."""
    total = 0
    for process in processes:
        memory = process.memory_full_info()
        total += getattr(memory, "pss", memory.rss)
    return total


def idle(folder: Path) -> Iterator[Figure]:
    """100 DAGs with nothing to do, for a minute."""
    seconds = 60
    with live(folder) as workspace:
        for number in range(100):
            workspace.write(f"idle{number}.py", CHAIN.replace('"chain"', f'"idle{number}"'))
        process = workspace.start()
        wait_for(lambda: workspace.value("SELECT count(*) FROM dag") == 100, what="100 DAGs")
        wait_for(lambda: workspace.ask("get_status")["files_to_import"] == 0)
        workspace.store.close()
        time.sleep(6)  # the measure is of a quiet minute: what the start has left over is done
        processes = family(process.pid)
        before = cpu_seconds(processes)
        time.sleep(seconds)
        used = (cpu_seconds(family(process.pid)) - before) * 60 / seconds
        size = proportional_size(family(process.pid)) / 1e6
    yield Figure("100 idle DAGs, CPU-s per minute", f"{used:.2f}", "<= 0.3", used <= 0.3)
    yield Figure("100 idle DAGs, PSS", f"{size:.0f} MB", "<= 150", size <= 150)


def history(folder: Path) -> Iterator[Figure]:
    """The chain again, with 1,000,000 task instances of history."""
    from tests.support.history import fill

    with live(folder) as workspace:
        workspace.write("chain.py", CHAIN)
        workspace.start()
        without = statistics.median(runs(workspace, "chain", 5))
        fresh = turn_median(workspace)
        workspace.stop()
        fill(workspace.store, dags=200, runs=50, tasks=100, live=False)
        count = workspace.value("SELECT count(*) FROM task_instance")
        workspace.start()
        with_history = statistics.median(runs(workspace, "chain", 5))
        full = turn_median(workspace)
    ratio, turns = with_history / without, full / fresh
    name = f"chain with {count:,} instances of history"
    yield Figure(name, f"{ratio:.2f} x", "<= 1.5 x", ratio <= 1.5)
    yield Figure(
        "a turn of the runner with that history", f"{turns:.2f} x", "<= 1.5 x", turns <= 1.5
    )


def turn_median(workspace: Live) -> float:
    return workspace.ask("get_status")["turn_seconds_median"]


def metrics(folder: Path) -> Iterator[Figure]:
    """A million metric points from one task into the store."""
    points = 1_000_000
    with live(folder) as workspace:
        workspace.write("metrics.py", METRICS)
        workspace.start()
        found = []
        workspace.wait_for_dag("metrics")
        workspace.submit("unpause", dag_ids=["metrics"])
        for _ in range(3):
            run_id = workspace.trigger("metrics")
            assert workspace.wait_for_run("metrics", run_id, 120) == "success"
            stored = workspace.value(
                "SELECT sum(metric.count) FROM metric "
                "JOIN tracked_run ON tracked_run.id = metric.run_id "
                "JOIN task_try ON task_try.id = try_id "
                "JOIN dag_run ON dag_run.id = dag_run_id "
                "WHERE dag_run.run_id = ?",
                run_id,
            )
            assert stored == points, stored
            found.append(points / span(workspace, "metrics", run_id))
    rate = statistics.median(found)
    yield Figure("metric points into the store", f"{rate:,.0f}/s", ">= 100,000", rate >= 100_000)


def wait_for_version(workspace: Live, dag_id: str, number: int) -> None:
    query = "SELECT max(number) FROM dag_version WHERE dag_id = ?"
    wait_for(lambda: workspace.value(query, dag_id) == number, what="the changed file")


def files(folder: Path) -> Iterator[Figure]:
    """1,000 pipeline files: all imported; then one changes."""
    with live(folder) as workspace:
        for number in range(1000):
            text = FIRST_LINE.replace('"first"', f'"file{number}"')
            (workspace.workspace.dags / f"file{number}.py").write_text(text)
        began = time.perf_counter()
        workspace.start()
        wait_for(
            lambda: workspace.value("SELECT count(*) FROM dag") == 1000,
            timeout=300,
            what="1,000 DAGs",
        )
        all_files = time.perf_counter() - began
        wait_for(lambda: workspace.ask("get_status")["files_to_import"] == 0)
        found = []
        for number in (1, 500, 999):
            text = FIRST_LINE.replace('"first"', f'"file{number}"') + "\n# changed\n"
            workspace.write(f"file{number}.py", text)
            began = time.perf_counter()
            wait_for_version(workspace, f"file{number}", 2)
            found.append(time.perf_counter() - began)
        one = max(found)
    yield Figure("1,000 pipeline files imported", f"{all_files:.1f} s", "<= 60 s", all_files <= 60)
    yield Figure("one of them changed -> live", f"{one:.2f} s", "<= 1 s", one <= 1)


def core(folder: Path) -> Iterator[Figure]:
    """The pure parts: deciding, choosing, graphs, parsing (CPU time)."""
    from tests.bench.core import (
        choose_among_ten_thousand,
        lay_out_graph,
        load_and_decide,
        parse_simple,
    )

    for name, seconds, reach in (
        ("10,000 instances loaded and decided", load_and_decide(), 0.2),
        ("choosing among 10,000 candidates", choose_among_ten_thousand(), 0.03),
        ("a graph of 1,000 tasks, 2,000 edges laid out", lay_out_graph(), 0.3),
        ("a simple file parsed", parse_simple(folder), 0.003),
    ):
        limit = f"<= {reach * 1e3:g} ms"
        yield Figure(name, f"{seconds * 1e3:.1f} ms", limit, seconds <= reach)


def logs(folder: Path) -> Iterator[Figure]:
    """A log of 1 GB in the terminal: opened, searched, filtered."""
    from tests.bench.logs import measure

    found = measure(folder)
    opening, page, moment = found.open_end, found.first_page, found.moment
    yield Figure("1 GB log: at its end", f"{opening * 1e3:.1f} ms", "<= 100 ms", opening <= 0.1)
    yield Figure("  first page of its errors", f"{page * 1e3:.1f} ms", "<= 150 ms", page <= 0.15)
    yield Figure("  a time of day found", f"{moment * 1e3:.1f} ms", "<= 50 ms", moment <= 0.05)
    yield Figure("  read, newlines counted (the limit)", f"{found.scan / 1e6:.0f} MB/s", "")
    for name, speed, reach in (
        ("searched, any case", found.find, 0.3),
        ("searched, case counts", found.find_exact, 0.5),
        ("all matches counted", found.count, 0.3),
        ("filtered by a word", found.filter_words, 0.2),
        ("filtered by level", found.filter_level, 0.06),
    ):
        share = speed / found.scan
        words = f"{speed / 1e6:.0f} MB/s = {share:.0%}"
        yield Figure(f"  {name}", words, f">= {reach:.0%}", share >= reach)
    grown = found.grown / 1e6
    yield Figure("  memory that all this takes", f"{grown:.0f} MB", "<= 20 MB", grown <= 20)


FIGURES: dict[str, Callable[[Path], Iterator[Figure]]] = {
    "core": core,
    "chain": chain,
    "fan": fan,
    "trigger": trigger,
    "cold": cold,
    "idle": idle,
    "history": history,
    "metrics": metrics,
    "scripts": scripts,
    "recording": recording,
    "files": files,
    "logs": logs,
    "screens": screens,
    "busy": busy,
    "hour": hour,
}

NOT_UNASKED = frozenset({"hour"})
"""What takes so long that it is measured only when it is named."""
