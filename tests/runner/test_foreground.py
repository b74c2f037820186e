"""``dags test``, ``dags next`` and ``tasks render``: a DAG in the foreground, without a runner."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.live import RUNNER

PIPELINE = """
from datetime import datetime, timedelta
from dagtop import DAG, task, BashOperator, PythonSensor, Variable

looks = []

def seen():
    looks.append(1)
    return len(looks) >= 2

with DAG("whole", schedule="@daily", start_date=datetime(2026, 1, 1), params={"word": "hi"}):
    wait = PythonSensor(task_id="wait", python_callable=seen, mode="reschedule", poke_interval=0.05)

    @task
    def items():
        return [1, 2]

    @task(retries=1, retry_delay=timedelta(hours=1))
    def square(n, ti=None):
        if ti.try_number == 1 and n == 2:
            raise RuntimeError("once")
        return n * n

    @task.branch
    def choose(values):
        return "echo" if sum(values) == 5 else "other"

    echo = BashOperator(task_id="echo", bash_command="echo {{ params.word }} {{ ds }}")
    other = BashOperator(task_id="other", bash_command="exit 1")
    wait >> choose(square.expand(n=items())) >> [echo, other]

with DAG("bad"):
    @task
    def fails():
        Variable.get("nowhere")
    fails()
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreground")
    (folder / "dags").mkdir()
    (folder / "dags" / "whole.py").write_text(PIPELINE)
    (folder / "dags" / "broken.py").write_text("from dagtop import DAG\n1 / 0\n")
    return folder


def foreground(workspace: Path, *words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-P", str(RUNNER), words[0], "--workspace", str(workspace), *words[1:]],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def document(output: str) -> Any:
    """The JSON after what the tasks print."""
    return json.loads(output[output.index("\n{") :])


def test_a_whole_dag_runs_with_sensors_mapping_retries_and_branches(workspace: Path) -> None:
    status, output, _ = foreground(
        workspace,
        "test",
        "whole",
        "--logical-date",
        "2026-02-03",
        "--conf",
        '{"word": "yo"}',
        "--json",
    )
    assert status == 0, output
    states = {
        (task["task_id"], task["map_index"]): (task["state"], task["tries"])
        for task in document(output)["tasks"]
    }
    assert states == {
        ("wait", -1): ("success", 1),
        ("items", -1): ("success", 1),
        ("square", 0): ("success", 1),
        ("square", 1): ("success", 2),
        ("choose", -1): ("success", 1),
        ("echo", -1): ("success", 1),
        ("other", -1): ("skipped", 0),
    }
    assert "yo 2026-02-03" in output


def test_a_failing_dag_ends_with_status_1_and_says_why(workspace: Path) -> None:
    status, output, _ = foreground(workspace, "test", "bad")
    assert status == 1
    assert "fails" in output
    assert "nowhere" in output


def test_a_single_task_can_be_tested(workspace: Path) -> None:
    status, output, _ = foreground(workspace, "test", "whole", "--task", "items")
    assert status == 0
    assert "[1, 2]" in output


def test_an_unknown_dag_is_named_with_the_files_that_could_not_be_read(workspace: Path) -> None:
    status, _, errors = foreground(workspace, "test", "nowhere")
    assert status == 3
    assert "no pipeline file" in errors
    assert "dags/broken.py:2" in errors


def test_next_shows_the_coming_runs(workspace: Path) -> None:
    status, output, _ = foreground(workspace, "next", "whole", "-n", "3", "--json")
    assert status == 0
    rows = json.loads(output)
    assert len(rows) == 3
    assert [row["data_interval_end"] for row in rows] == [row["run_after"] for row in rows]
    status, output, _ = foreground(workspace, "next", "bad")
    assert "no further scheduled run" in output


def test_render_shows_the_fields_of_one_task(workspace: Path) -> None:
    status, output, _ = foreground(
        workspace, "render", "whole", "echo", "--logical-date", "2026-02-03", "--json"
    )
    assert status == 0
    assert json.loads(output)["bash_command"] == "echo hi 2026-02-03"
