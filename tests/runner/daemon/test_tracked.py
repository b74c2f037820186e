"""Tracked runs through a real runner: which run what belongs to, and how runs end."""

from __future__ import annotations

from typing import Any

from tests.support.live import Live, wait_for

NESTED = """
from dagtop import DAG, active_run, log_metric, log_param, set_experiment, start_run, task

with DAG("nested", is_paused_upon_creation=False):
    @task
    def sweep():
        log_param("folds", 2)
        for fold in range(2):
            with start_run(run_name=f"fold {fold}", nested=True):
                log_metric("loss", 1.0 / (fold + 1))
        return active_run().info.run_id

    @task
    def elsewhere():
        set_experiment("others")
        with start_run(run_name="one"):
            log_metric("loss", float("nan"))
        start_run(run_name="never ended")
        log_param("n", 1)

    sweep()
    elsewhere()
"""


def runs(live: Live, dag_id: str) -> list[tuple[Any, ...]]:
    return live.query(
        "SELECT t.name, p.name, e.name, t.status, t.task_id, t.try_number FROM tracked_run t "
        "JOIN experiment e ON e.id = t.experiment_id LEFT JOIN tracked_run p ON p.id = t.parent_id "
        "WHERE t.dag_id = ? ORDER BY t.task_id, t.id",
        dag_id,
    )


def test_runs_begun_by_hand_are_nested_and_end_with_their_task(shared: Live) -> None:
    shared.write("nested.py", NESTED)
    shared.wait_for_dag("nested")
    run_id = shared.trigger("nested")
    assert shared.wait_for_run("nested", run_id) == "success"
    own = "sweep try 1"
    assert runs(shared, "nested") == [
        ("one", None, "others", "FINISHED", "elsewhere", 1),
        ("never ended", None, "others", "FINISHED", "elsewhere", 1),
        (own, None, "nested", "FINISHED", "sweep", 1),
        ("fold 0", own, "nested", "FINISHED", "sweep", 1),
        ("fold 1", own, "nested", "FINISHED", "sweep", 1),
    ]
    assert shared.value("SELECT count(*) FROM tracked_run WHERE ended_at < started_at") == 0
    uuid = shared.value("SELECT uuid FROM tracked_run WHERE name = ?", own)
    assert shared.value("SELECT value FROM xcom WHERE task_id = 'sweep'") in (
        f'"{uuid}"',
        f'"{uuid}"'.encode(),
    )


FAILING = """
import os, signal, time
from datetime import timedelta
from dagtop import DAG, log_metric, log_param, start_run, task

with DAG("failing", is_paused_upon_creation=False, params={"how": "raise"}):
    @task(retries=1, retry_delay=timedelta(0))
    def train(params=None, ti=None):
        log_param("lr", 0.1 / ti.try_number)
        with start_run(run_name="inner", nested=True):
            log_metric("loss", 0.5)
            if ti.try_number == 1 and params["how"] == "raise":
                raise ValueError("no")
            if ti.try_number == 1:
                time.sleep(0.2)
                os.kill(os.getpid(), signal.SIGKILL)
    train()
"""


def test_each_try_has_a_run_of_its_own_which_ends_as_it_does(shared: Live) -> None:
    shared.write("failing.py", FAILING)
    shared.wait_for_dag("failing")
    for how, end in (("raise", "FAILED"), ("kill", "KILLED")):
        before = len(runs(shared, "failing"))
        run_id = shared.trigger("failing", conf={"how": how})
        assert shared.wait_for_run("failing", run_id) == "success"
        assert runs(shared, "failing")[before:] == [
            ("train try 1", None, "failing", end, "train", 1),
            ("inner", "train try 1", "failing", end, "train", 1),
            ("train try 2", None, "failing", "FINISHED", "train", 2),
            ("inner", "train try 2", "failing", "FINISHED", "train", 2),
        ]
    rates = shared.query("SELECT value, number FROM param WHERE key = 'lr' ORDER BY run_id LIMIT 2")
    assert rates == [("0.1", 0.1), ("0.05", 0.05)]


def test_runs_of_a_task_at_work_are_seen_and_survive_a_restart(own: Live) -> None:
    own.start()
    own.write(
        "long.py",
        """
import pathlib, time
from dagtop import DAG, log_metric, start_run, task
with DAG("long", is_paused_upon_creation=False):
    @task
    def train():
        with start_run(run_name="it"):
            log_metric("loss", float("nan"))
            while not pathlib.Path("go").exists():
                time.sleep(0.02)
            log_metric("loss", 1.0, step=1)
    train()
""",
    )
    own.wait_for_dag("long")
    run_id = own.trigger("long")
    wait_for(lambda: own.value("SELECT count(*) FROM metric") == 1, what="the first point")
    assert runs(own, "long") == [("it", None, "long", "RUNNING", "train", 1)]
    own.kill()
    own.start()
    (own.workspace.root / "go").touch()
    assert own.wait_for_run("long", run_id) == "success"
    assert runs(own, "long") == [("it", None, "long", "FINISHED", "train", 1)]
    assert own.value("SELECT count FROM metric") == 2


FILES = """
from dagtop import DAG, log_artifact, log_dict, log_text, start_run, task

with DAG("files", is_paused_upon_creation=False):
    @task
    def train():
        log_text("hello", "notes/a.txt")
        with start_run(run_name="inner", nested=True):
            log_dict({"a": 1}, "a.json")
        with open("weights.bin", "wb") as file:
            file.write(b"w" * 10)
        log_artifact("weights.bin", "model")
        log_text("again", "notes/a.txt")
    train()
"""


def test_files_of_a_run_are_in_the_workspace_and_their_paths_in_the_store(shared: Live) -> None:
    shared.write("files.py", FILES)
    shared.wait_for_dag("files")
    assert shared.run("files")[0] == "success"
    found = shared.query(
        "SELECT t.name, a.path, a.size, a.digest FROM artifact a "
        "JOIN tracked_run t ON t.id = a.run_id WHERE t.dag_id = 'files' ORDER BY t.id, a.path"
    )
    assert [row[:3] for row in found] == [
        ("train try 1", "model/weights.bin", 10),
        ("train try 1", "notes/a.txt", 5),
        ("inner", "a.json", 13),
    ]
    folder = shared.workspace.artifacts
    assert folder.stat().st_mode & 0o777 == 0o700
    for _, _, size, digest in found:
        assert (folder / digest[:2] / digest).stat().st_size == size
    again = folder / found[1][3][:2] / found[1][3]
    assert again.read_text() == "again"
