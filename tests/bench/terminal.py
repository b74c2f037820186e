"""How the terminal UI answers, over a store with a million task instances, in a real terminal."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from store import events
from store.engine import open_store
from store.workspace import Workspace
from tests.bench.figure import Figure
from tests.support.history import fill
from tests.support.live import live, wait_for
from tests.support.terminal import LOOKS, Answer, Terminal, terminal, the_ui

BARE = """
from textual.app import App
from textual.widgets import DataTable, Footer, Header
class Bare(App):
    def compose(self):
        yield Header(); yield DataTable(); yield Footer()
    def on_mount(self):
        table = self.query_one(DataTable)
        table.add_columns(*"abcdefgh")
        for row in range(100):
            table.add_row(*[f"cell {row}"] * 8)
Bare().run()
"""
"""As little as a Textual app can be: the limit of what a start can cost."""

TWENTY = """
import time
from dagtop import DAG, task
with DAG("twenty", max_active_tasks=32):
    @task
    def work(number):
        for step in range(10_000):
            print("step", number, step, flush=True)
            time.sleep(1)
    work.expand(number=list(range(10)))
    for number in range(10):
        @task(task_id=f"single{number}")
        def single(number=number):
            for step in range(10_000):
                print("step", number, step, flush=True)
                time.sleep(1)
        single()
"""
NOISE = """
import time
from dagtop import DAG, task
with DAG("noise"):
    @task
    def talk():
        for step in range(1_000_000):
            print(f"line {step} of a log that is followed, loss {1 / (step + 1):.6f}", flush=True)
            time.sleep(0.01)
    talk()
"""
LIVE_SECONDS = 30

STARTS, KEYS, IDLE_SECONDS = 5, 20, 20
PAINTED = 400
"""Bytes after which something can be seen."""


def screens(folder: Path) -> Iterator[Figure]:
    """Start, idle, keys and views of the UI at 80x24, over 200 DAGs and 1,000,000 instances."""
    (folder / "shop" / "dags").mkdir(parents=True)
    workspace = Workspace(folder / "shop")
    with open_store(workspace, create=True) as store:
        fill(store, dags=200, runs=50, tasks=100, events=False, tries=False, live=False)
    yield from starts(workspace, folder)
    with the_ui(workspace, folder / "home") as one:
        one.read_until(lambda output: b"dag_0001" in output)
        one.quiet()
        yield from idle(one)
        yield from changes(one, workspace)
        yield from keys(one)
        yield from views(one)


def busy(folder: Path) -> Iterator[Figure]:
    """What the UI writes and takes while 20 tasks run, and while a log is followed."""
    with live(folder / "busy") as workspace:
        workspace.write("twenty.py", TWENTY)
        workspace.write("noise.py", NOISE)
        workspace.start()
        for dag_id in ("twenty", "noise"):
            workspace.wait_for_dag(dag_id)
            workspace.submit("unpause", dag_ids=[dag_id])
        workspace.trigger("twenty")
        running = "SELECT count(*) FROM task_instance WHERE state = 'running'"
        wait_for(lambda: workspace.value(running) == 20, what="20 running tasks")
        for name, keys in (("grid", b":twenty\r"), ("gantt", b":gantt twenty\r"), ("list", b"")):
            with the_ui(workspace.workspace, folder / name) as one:
                one.read_until(lambda output: b"twenty" in output)
                one.answer(keys, 1.0)
                written, percent = rates(one, LIVE_SECONDS)
            yield Figure(
                f"20 tasks running, {name}, bytes",
                f"{written:.0f} B/s",
                "<= 3.5 kB/s",
                written <= 3500,
            )
            yield Figure(
                f"20 tasks running, {name}, CPU", f"{percent:.1f} %", "<= 3 %", percent <= 3
            )
        workspace.trigger("noise")
        wait_for(lambda: workspace.value(running) == 21, what="the log")
        with the_ui(workspace.workspace, folder / "log") as one:
            one.read_until(lambda output: b"noise" in output)
            one.answer(b":noise\r", 1.0)
            one.answer(b"\r", 1.0)
            written, percent = rates(one, LIVE_SECONDS)
        words = f"{written / 1000:.1f} kB/s"
        yield Figure("following 100 lines a second, bytes", words, "<= 30 kB/s", written <= 30_000)
        yield Figure("following 100 lines a second, CPU", f"{percent:.1f} %", "")


def rates(one: Terminal, seconds: float) -> tuple[float, float]:
    """Bytes a second and CPU in percent, over some seconds."""
    begun, cpu, start = len(one.output), one.cpu_seconds(), time.perf_counter()
    while time.perf_counter() < start + seconds:
        one.read(start + seconds - time.perf_counter())
    took = time.perf_counter() - start
    return (len(one.output) - begun) / took, 100 * (one.cpu_seconds() - cpu) / took


def starts(workspace: Workspace, folder: Path) -> Iterator[Figure]:
    """From nothing to the DAG list, beside a bare Textual app."""
    bare = [start_of(terminal([sys.executable, "-c", BARE], LOOKS)) for _ in range(STARTS)]
    ours = [start_of(the_ui(workspace, folder / f"start{number}")) for number in range(STARTS)]
    paint, cpu, _ = (min(values) for values in zip(*bare, strict=True))
    yield Figure("a bare Textual app, first paint, CPU", f"{1000 * paint:.0f} ms, {cpu:.2f} s", "")
    paint, cpu, size = (min(values) for values in zip(*ours, strict=True))
    yield Figure("first paint of the DAG list", f"{1000 * paint:.0f} ms", "<= 450", paint <= 0.45)
    yield Figure("CPU of the start, list read", f"{cpu:.2f} s", "<= 0.4 s", cpu <= 0.4)
    yield Figure("bytes of the start", f"{size / 1000:.1f} kB", "<= 30 kB", size <= 30_000)


def start_of(opening: object) -> tuple[float, float, int]:
    """Seconds to the first paint, CPU seconds and bytes until it is quiet."""
    with opening as one:  # type: ignore[attr-defined]
        assert isinstance(one, Terminal)
        one.read_until(lambda output: len(output) > PAINTED)
        painted = time.perf_counter() - one.began
        one.quiet(0.5)
        return painted, one.cpu_seconds(), len(one.output)


def idle(one: Terminal) -> Iterator[Figure]:
    """Nothing happens."""
    time.sleep(3)  # what the start left to do is over by then
    written, percent = rates(one, IDLE_SECONDS)
    yield Figure("idle, bytes a second", f"{written:.0f} B/s", "<= 120 B/s", written <= 120)
    yield Figure("idle, CPU", f"{percent:.2f} %", "<= 0.5 %", percent <= 0.5)


def changes(one: Terminal, workspace: Workspace) -> Iterator[Figure]:
    """From a commit of another process to its first byte on the screen."""
    took: list[float] = []
    with open_store(workspace) as store:
        for number in range(5):
            one.quiet(0.5)
            with store.write() as connection:
                pause(connection, f"dag_{number:04}")
            begun = time.perf_counter()
            while not one.read(0.01) and time.perf_counter() < begun + 5:
                pass
            took.append(time.perf_counter() - begun)
    median = statistics.median(took)
    yield Figure(
        "change in the store -> screen", f"{1000 * median:.0f} ms", "<= 150", median < 0.15
    )


def pause(connection: object, dag_id: str) -> None:
    """Pause a DAG, as the command does."""
    from sqlalchemy import Connection, update

    from store.models import dag

    assert isinstance(connection, Connection)
    connection.execute(update(dag).where(dag.c.dag_id == dag_id).values(is_paused=True))
    events.record(connection, "dag_paused", "bench", f"paused {dag_id}", dag_id=dag_id)


def keys(one: Terminal) -> Iterator[Figure]:
    """The cursor in the DAG list."""
    found = [one.answer(b"j", 0.2) for _ in range(KEYS)]
    yield from key_figures("cursor key in the DAG list", found)
    page = one.answer(b"\x06", 0.3)
    size = len(page.output)
    yield Figure("a page in the DAG list", f"{size:,} B", "<= 5 kB", size <= 5_000)
    one.answer(b"g", 0.3)


def key_figures(what: str, found: list[Answer]) -> Iterator[Figure]:
    """Time to the first byte, median and worst, and bytes of one key."""
    times = [1000 * answer.first for answer in found]
    median, worst = statistics.median(times), max(times)
    size = statistics.median(len(answer.output) for answer in found)
    yield Figure(f"{what}, median", f"{median:.1f} ms", "<= 15 ms", median <= 15)
    yield Figure(f"{what}, worst", f"{worst:.1f} ms", "<= 50 ms", worst <= 50)
    yield Figure(f"{what}, bytes", f"{size:.0f} B", "<= 500 B", size <= 500)


def views(one: Terminal) -> Iterator[Figure]:
    """Opening the views of a DAG, the second time: the first also imports them."""
    ways = {"grid": b"\r", "graph": b"2", "runs": b"3", "gantt": b"4", "trends": b"5"}
    took: dict[str, float] = {}
    moved: list[Answer] = []
    for _ in range(2):
        took = {name: one.answer(key, 0.5).last for name, key in ways.items()}
        took["grid again"] = one.answer(b"1", 0.5).last
        moved = [one.answer(b"j", 0.2) for _ in range(5)]
        took["log"] = one.answer(b"\r", 0.5).last
        one.answer(b"\x1b", 0.5)
        took["a task over runs"] = one.answer(b"O", 0.5).last
        one.answer(b"\x1b", 0.5)
        one.answer(b"\x1b", 0.5)
        took["tasks"] = one.answer(b"I", 0.5).last
        one.answer(b"2", 0.5)
    yield from key_figures("cursor key in the grid", moved)
    for name, seconds in took.items():
        yield Figure(f"opening {name}", f"{1000 * seconds:.0f} ms", "<= 150", seconds <= 0.15)
    rss = psutil.Process(one.pid).memory_info().rss / 1e6
    yield Figure("RSS of the UI", f"{rss:.0f} MB", "<= 90 MB", rss <= 90)
