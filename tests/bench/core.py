"""Figures of the pure parts: deciding, loading, parsing, graphs. CPU seconds, best of several."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

from app.tui.models.graph.layout import lay_out
from runner.authoring.parse import parse_file
from runner.scheduling.decide import decide
from runner.scheduling.expansion import initial_instances
from runner.scheduling.limits import choose
from runner.scheduling.model import Candidate, Instance, PoolSlots, Usage
from runner.scheduling.run_state import RunState
from store.structure import DagStructure, Expansion, LiteralLength, TaskStructure
from tests.app.tui.test_graph_layout import big

SIMPLE = """
from dagtop import DAG, task
with DAG("d"):
    @task
    def t(): ...
    t()
"""
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def best(act: Callable[[], object], times: int = 5) -> float:
    """The least CPU seconds that ``act`` took."""
    found = []
    for _ in range(times):
        began = process_time()
        act()
        found.append(process_time() - began)
    return min(found)


def load_and_decide() -> float:
    """10,000 instances (ten mapped tasks of 1,000) into memory, and the first decision."""
    over = Expansion([("n", LiteralLength(1000))])
    tasks = [
        TaskStructure(
            f"t{n}",
            "@task",
            expansion=over,
            upstream=[f"t{n - 1}"] if n else [],
            downstream=[f"t{n + 1}"] if n < 9 else [],
        )
        for n in range(10)
    ]
    structure = DagStructure(dag_id="d", file="d.py", tasks=tasks)
    instances = [(i.task_id, i.map_index) for i in initial_instances(structure)]

    def act() -> None:
        decide(RunState(structure, [Instance(*key) for key in instances]), NOW)

    return best(act)


def choose_among_ten_thousand() -> float:
    """Who of 10,000 candidates starts, at parallelism 32."""
    source = random.Random(1)
    candidates = [
        Candidate(
            row_key=number,
            dag_id="d",
            dag_run_key=source.randrange(300),
            task_id=f"t{source.randrange(30)}",
            map_index=-1,
            pool="default_pool",
            pool_slots=1,
            priority_weight=source.randrange(1, 20),
            logical_date=float(source.randrange(300)),
            max_active_tasks=16,
        )
        for number in range(10_000)
    ]

    def act() -> None:
        usage = Usage(5, {"default_pool": PoolSlots(128, 5)}, {}, {}, {})
        choose(candidates, usage, 32)

    return best(act)


def lay_out_graph() -> float:
    """A graph of 1,000 nodes and 2,000 edges."""
    graph = big(1000, across=25)
    return best(lambda: lay_out.__wrapped__(graph))


def parse_simple(folder: Path) -> float:
    """A file with one small DAG, after the first."""
    (folder / "dags").mkdir()
    path = folder / "dags" / "simple.py"
    path.write_text(
        "from dagtop import DAG, task\nwith DAG('d'):\n    @task\n    def t(): ...\n    t()\n"
    )
    return best(lambda: parse_file(path, folder), times=20)
