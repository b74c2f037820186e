"""A DAG that two files define, on the command line: never silently the other one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from store.engine import Store, open_store
from store.workspace import Workspace
from tests.support.history import fill
from tests.support.live import RUNNER

ONE = "dag_0000"
"""Defined in dags/dag_0000.py, by the store."""


def write(space: Workspace, name: str, word: str, dag_id: str = ONE) -> None:
    (space.dags / name).write_text(
        "from dagtop import DAG, BashOperator\n"
        f"with DAG({dag_id!r}):\n    BashOperator(task_id='say', bash_command='echo {word}')\n"
    )


def run_test(space: Workspace, dag_id: str = ONE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", str(RUNNER), "test", "--workspace", str(space.root), dag_id]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def store(workspace: Workspace) -> Store:
    with open_store(workspace, create=True) as store:
        fill(store, dags=1, runs=1)
    return store


@pytest.mark.usefixtures("store")
def test_the_file_that_the_runner_takes_it_from_is_run(workspace: Workspace) -> None:
    write(workspace, "a.py", "of the other")
    write(workspace, f"{ONE}.py", "of the owner")
    done = run_test(workspace)
    assert done.returncode == 0, done.stderr
    assert "of the owner" in done.stdout
    assert "of the other" not in done.stdout


@pytest.mark.usefixtures("store")
def test_another_file_does_not_stand_in_for_a_broken_one(workspace: Workspace) -> None:
    write(workspace, "a.py", "of the other")
    (workspace.dags / f"{ONE}.py").write_text("from dagtop import DAG\n1 / 0\n")
    done = run_test(workspace)
    assert (done.returncode, done.stdout) == (1, "")
    error = f"dags/{ONE}.py:2: ZeroDivisionError: division by zero"
    assert done.stderr == f"dagtop: DAG '{ONE}' can't be imported: {error}\n"


def test_without_a_store_none_of_two_is_run(workspace: Workspace) -> None:
    write(workspace, "a.py", "a")
    write(workspace, "b.py", "b")
    done = run_test(workspace)
    assert (done.returncode, done.stdout) == (1, "")
    said = f"dagtop: DAG '{ONE}' is defined in dags/a.py and in dags/b.py; rename one of them\n"
    assert done.stderr == said


def test_what_could_not_be_imported_is_told_where_another_file_is_run(workspace: Workspace) -> None:
    write(workspace, "a.py", "here")
    (workspace.dags / "b.py").write_text(f"import dagtop  # {ONE}\n1 / 0\n")
    done = run_test(workspace)
    assert done.returncode == 0, done.stderr
    assert "here" in done.stdout
    assert "not imported: dags/b.py:2: ZeroDivisionError" in done.stderr


def test_a_file_is_run_with_its_own_modules(workspace: Workspace) -> None:
    """Another file that mentions the DAG is imported after it, and must not disturb it."""
    (workspace.root / "words.py").write_text("said = []\n")
    for name, dag_id in (("a.py", ONE), ("b.py", "other")):
        (workspace.dags / name).write_text(
            f"import words  # {ONE}\nfrom dagtop import DAG, task\n"
            f"words.said.append({dag_id!r})\n"
            f"with DAG({dag_id!r}):\n    @task\n    def say():\n"
            "        import words\n        print('said', words.said)\n    say()\n"
        )
    done = run_test(workspace)
    assert done.returncode == 0, done.stderr
    assert f"said ['{ONE}']" in done.stdout
