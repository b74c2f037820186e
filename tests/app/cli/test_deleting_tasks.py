"""Task instances deleted from the shell, with a real runner."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from app.cli.completion import complete_task
from app.cli.exit_codes import ExitCode
from app.tui.reading import read_jumps
from store.engine import open_store
from tests.app.cli.conftest import Outcome, run_command
from tests.support.live import Live, wait_for

PIPELINE = """
from dagtop import DAG, EmptyOperator, task
with DAG("shop"):
    @task
    def train(number):
        return number
    train.expand(number=[0, 1, 2])
    EmptyOperator(task_id="old")
"""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    workspace = Live(tmp_path_factory.mktemp("deleting"))
    workspace.write("shop.py", PIPELINE)
    workspace.start()
    try:
        workspace.wait_for_dag("shop")
        workspace.submit("unpause", dag_ids=["shop"])
        yield workspace
    finally:
        workspace.stop()


def dagtop(live: Live, *arguments: str) -> Outcome:
    return run_command(live.workspace.root, *arguments)


def test_instances_are_shown_asked_about_and_deleted(live: Live) -> None:
    run_id = live.trigger("shop")
    assert live.wait_for_run("shop", run_id) == "success"
    train = ("tasks", "delete", "shop", run_id, "train")
    shown = dagtop(live, *train, "-m", "1", "--dry-run", "--json").document
    assert shown["dry_run"]
    assert shown["instances"] == [
        {"run_id": run_id, "task_id": "train", "map_index": 1, "state": "success"}
    ]
    assert dagtop(live, *train).code == ExitCode.USAGE
    assert len(live.states("shop", run_id)) == 4
    deleted = dagtop(live, *train, "-m", "1", "--yes")
    assert (deleted.code, deleted.out.split()[-3:]) == (0, [run_id, "train[1]", "success"])
    assert set(live.states("shop", run_id)) == {"train[0]", "train[2]", "old"}
    both = ("tasks", "delete", "shop", "latest", "train", "old", "--yes", "--json")
    assert len(dagtop(live, *both).document["instances"]) == 3
    assert live.states("shop", run_id) == {}
    assert live.run_state("shop", run_id) == "success"


def test_what_is_not_there_or_goes_on_is_not_deleted(live: Live) -> None:
    run_id = live.trigger("shop")
    assert live.wait_for_run("shop", run_id) == "success"
    misspelt = dagtop(live, "tasks", "delete", "shop", run_id, "trein", "--yes")
    assert misspelt.code == ExitCode.NOT_FOUND
    assert f"no task 'trein' in run {run_id} of shop; did you mean 'train'" in misspelt.err
    beyond = dagtop(live, "tasks", "delete", "shop", run_id, "train", "-m", "7", "--yes")
    assert (beyond.code, beyond.out) == (ExitCode.NOT_FOUND, "")
    assert f"run {run_id} has no task instance train[7]" in beyond.err
    live.submit("pause", dag_ids=["shop"])
    waiting = live.trigger("shop")
    unfit = dagtop(live, "tasks", "delete", "shop", waiting, "old", "--yes")
    live.submit("cancel_run", dag_id="shop", run_id=waiting)
    assert unfit.code == ExitCode.REFUSED
    assert "wait for its end or cancel it, then delete" in unfit.err


def test_completion_knows_tasks_that_the_file_has_no_more(live: Live) -> None:
    live.write("gone.py", PIPELINE.replace("shop", "gone"))
    live.wait_for_dag("gone")
    live.submit("unpause", dag_ids=["gone"])
    run_id = live.trigger("gone")
    assert live.wait_for_run("gone", run_id) == "success"
    without = PIPELINE.replace("shop", "gone").replace('EmptyOperator(task_id="old")', "")
    live.write("gone.py", without)
    wait_for(lambda: live.value("SELECT max(number) FROM dag_version WHERE dag_id = 'gone'") == 2)
    context = SimpleNamespace(
        params={"dag": "gone", "run": run_id, "workspace": str(live.workspace.root)}
    )
    assert complete_task(context, "") == ["train", "old"]
    assert complete_task(context, "o") == ["old"]
    with open_store(live.workspace, read_only=True) as store:
        assert read_jumps(store, "gone").task_ids == ("train", "old")
        assert read_jumps(store, "gone", run_id).task_ids == ("train", "old")
