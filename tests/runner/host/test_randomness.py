"""Tries are forked from one process: what they draw must differ all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.live import ROOT, live

DRAWS = """
import os, sys
{before}
from runner.host.randomness import reseed
for _ in range(3):
    read, write = os.pipe()
    if os.fork() == 0:
        reseed()
        os.write(write, repr({draw}).encode())
        os._exit(0)
    os.close(write)
    print(os.read(read, 100).decode())
"""


def draws(before: str, draw: str) -> list[str]:
    """What three processes draw that are forked from one in which ``before`` has run."""
    return subprocess.run(
        [sys.executable, "-c", DRAWS.format(before=before, draw=draw)],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()


@pytest.mark.parametrize(
    ("before", "draw", "different"),
    [
        ("import numpy.random", "numpy.random.rand()", 3),
        ("import numpy.random; numpy.random.rand()", "numpy.random.rand()", 3),
        ("import numpy.random; numpy.random.seed(7)", "numpy.random.rand()", 1),
        (
            "import numpy.random as r; r.set_bit_generator(r.PCG64(7))",
            "sys.modules['numpy.random'].rand()",
            1,
        ),
        ("import random", "random.random()", 3),
        ("class numpy: pass\nsys.modules['numpy.random.mtrand'] = numpy", "os.getpid()", 3),
        ("", "'numpy' in sys.modules", 1),
    ],
)
def test_what_is_not_seeded_by_the_file_is_seeded_anew(
    before: str, draw: str, different: int
) -> None:
    drawn = draws(before, draw)
    assert len(drawn) == 3
    assert len(set(drawn)) == different


DAG = """
import numpy.random
from dagtop import DAG, task
with DAG("draws"):
    @task
    def draw(i):
        with open(f"drawn.{i}", "w") as file:
            print(numpy.random.rand(), file=file)
    draw.expand(i=[0, 1, 2])
"""


def test_mapped_tasks_draw_different_numbers(tmp_path: Path) -> None:
    with live(tmp_path) as workspace:
        workspace.write("draws.py", DAG)
        workspace.start()
        assert workspace.run("draws")[0] == "success"
    assert len({(tmp_path / f"drawn.{i}").read_text() for i in range(3)}) == 3
