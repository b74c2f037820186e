"""Task instances deleted from the shell, with a real runner."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.cli.exit_codes import ExitCode
from tests.app.cli.conftest import Outcome, run_command
from tests.support.live import Live

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
    train = ("tasks", "delete", "shop", "train", "--run", run_id)
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
    both = ("tasks", "delete", "shop", "train", "old", "--run", "latest", "--yes", "--json")
    assert len(dagtop(live, *both).document["instances"]) == 3
    assert live.states("shop", run_id) == {}
    assert live.run_state("shop", run_id) == "success"


def test_what_is_not_there_or_goes_on_is_not_deleted(live: Live) -> None:
    run_id = live.trigger("shop")
    assert live.wait_for_run("shop", run_id) == "success"
    misspelt = dagtop(live, "tasks", "delete", "shop", "trein", "--run", run_id, "--yes")
    assert misspelt.code == ExitCode.NOT_FOUND
    assert "did you mean 'train'" in misspelt.err
    beyond = dagtop(live, "tasks", "delete", "shop", "train", "--run", run_id, "-m", "7", "--yes")
    assert (beyond.code, beyond.out) == (ExitCode.REFUSED, "")
    assert f"run {run_id} has no such task instance of train" in beyond.err
    live.submit("pause", dag_ids=["shop"])
    waiting = live.trigger("shop")
    unfit = dagtop(live, "tasks", "delete", "shop", "old", "--run", waiting, "--yes")
    live.submit("cancel_run", dag_id="shop", run_id=waiting)
    assert unfit.code == ExitCode.REFUSED
    assert "wait for its end or cancel it, then delete" in unfit.err
