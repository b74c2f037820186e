"""The experiment that the tracked runs of a DAG run's tries belong to."""

from __future__ import annotations

from tests.app.cli.conftest import run_command
from tests.support.live import Live

PIPELINE = """
from dagtop import dag, task, log_param

@dag(is_paused_upon_creation=False)
def tracked():
    @task
    def train():
        log_param("lr", 0.1)
    train()

tracked()
"""


def experiments(live: Live) -> list[str]:
    query = "SELECT experiment.name FROM tracked_run t JOIN experiment ON experiment.id = "
    return [name for (name,) in live.query(query + "experiment_id ORDER BY t.id")]


def test_the_tries_of_a_run_belong_to_its_experiment(shared: Live) -> None:
    shared.write("tracked.py", PIPELINE)
    shared.wait_for_dag("tracked")
    for wanted in (None, "sweep", "  "):
        run_id = shared.trigger("tracked", experiment=wanted)
        assert shared.wait_for_run("tracked", run_id) == "success"
    root = shared.workspace.root
    done = run_command(root, "dags", "trigger", "tracked", "--experiment", "sweep", "--wait")
    assert done.code == 0
    assert experiments(shared) == ["tracked", "sweep", "tracked", "sweep"]
    shown = run_command(root, "runs", "show", "tracked", "latest", "--json").document
    assert shown["experiment"] == "sweep"
    assert "sweep" in run_command(root, "runs", "show", "tracked", "latest").out


def test_the_name_of_an_experiment_has_an_end(shared: Live) -> None:
    refused = shared.refused("trigger", dag_id="tracked", experiment="x" * 501)
    assert "experiment" in refused
