"""One bad fact must stop neither the runner nor anybody else's pipelines."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import msgspec
import psutil
import pytest

from runner.journal.records import Ended
from runner.journal.writer import encode_frame
from tests.runner.daemon.test_faults import GATE, one, pid_of, reasons, start
from tests.support.live import Live, live, wait_for

BAD_MOMENT = 1e300
"""Seconds since 1970 that no date has."""


def works(workspace: Live) -> None:
    """Another DAG still runs."""
    assert workspace.run("other") == ("success", {"work": "success"})


def test_a_record_that_cannot_be_taken_in_fails_its_try_alone(own: Live) -> None:
    own.write("other.py", one("other", "return 1"))
    own.write("gate.py", one("gate", GATE))
    own.start()
    run_id = start(own, "gate")
    pid = pid_of(own, "gate")
    journal = own.workspace.journal(*own.query("SELECT dag_run_id, id FROM task_try")[0])
    with journal.open("ab") as file:
        file.write(encode_frame(Ended(BAD_MOMENT, 1.0, "success")))
    assert own.wait_for_run("gate", run_id) == "failed"
    [(state, reason)] = reasons(own, "gate")
    assert state == "failed"
    assert reason is not None
    assert "the runner can't deal with the journal of try 1" in reason
    wait_for(lambda: not psutil.pid_exists(pid), what="the process to be ended")
    own.wait_for_dag("other")
    own.submit("unpause", dag_ids=["other"])
    works(own)


def test_it_is_given_up_by_a_runner_that_meets_it_at_its_start(own: Live) -> None:
    own.write("other.py", one("other", "return 1"))
    own.write("gate.py", one("gate", GATE))
    own.start()
    run_id = start(own, "gate")
    pid_of(own, "gate")
    own.kill()
    journal = own.workspace.journal(*own.query("SELECT dag_run_id, id FROM task_try")[0])
    with journal.open("ab") as file:
        file.write(encode_frame(Ended(BAD_MOMENT, 1.0, "success")))
    own.start()
    assert own.wait_for_run("gate", run_id) == "failed"
    own.submit("unpause", dag_ids=["other"])
    works(own)


def test_a_command_that_nobody_foresaw_is_refused(own: Live) -> None:
    own.write("other.py", one("other", "return 1"))
    own.start()
    own.wait_for_dag("other")
    own.submit("unpause", dag_ids=["other"])
    assert own.refused("trigger", dag_id=["other"])
    assert own.refused("clear", dag_id="other", run_ids=7)
    works(own)


def test_a_stored_run_that_cannot_be_decided_fails_alone(own: Live) -> None:
    own.write("other.py", one("other", "return 1"))
    own.write("gate.py", one("gate", GATE))
    own.start()
    run_id = start(own, "gate")
    pid_of(own, "gate")
    own.kill()
    with closing(sqlite3.connect(own.workspace.state / "dagtop.db")) as connection, connection:
        row = connection.execute("SELECT structure FROM dag_version WHERE dag_id = 'gate'")
        structure = msgspec.json.decode(row.fetchone()[0])
        structure["dagrun_timeout"] = 1e18
        connection.execute(
            "UPDATE dag_version SET structure = ? WHERE dag_id = 'gate'",
            (msgspec.json.encode(structure).decode(),),
        )
    own.start()
    own.submit("unpause", dag_ids=["other"])
    works(own)
    (own.workspace.root / "gate").touch()
    wait_for(lambda: own.run_state("gate", run_id) != "running", what="the end of the run")


def test_tasks_of_another_workspace_are_left_alone(
    own: Live, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Try keys are the same in all workspaces: they don't say whose a process is."""
    own.write("first.py", one("first", "return 1"))
    own.start()
    own.wait_for_dag("first")
    own.submit("unpause", dag_ids=["first"])
    assert own.run("first")[0] == "success"
    own.stop()
    with live(tmp_path_factory.mktemp("other")) as other:
        command = "touch started; while [ ! -e gate ]; do sleep 0.05; done"
        other.write(
            "bash.py",
            "from dagtop import DAG, BashOperator\n"
            f"with DAG('bash'):\n    BashOperator(task_id='t', bash_command={command!r}, "
            f"cwd={str(other.workspace.root)!r})\n",
        )
        other.start()
        run_id = start(other, "bash")
        wait_for((other.workspace.root / "started").exists, what="the command")
        own.start()
        own.run("first")
        (other.workspace.root / "gate").touch()
        assert other.wait_for_run("bash", run_id) == "success"


def test_the_end_of_an_adopted_task_is_noticed_after_a_turn_was_lost(own: Live) -> None:
    own.write("gate.py", one("gate", GATE))
    own.start()
    run_id = start(own, "gate")
    pid = pid_of(own, "gate")
    own.kill()
    own.start()
    path = own.workspace.state / "dagtop.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection, connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE pool SET description = 'x'")
        own.write("other.py", one("other", "return 1"))
        wait_for(lambda: "could not be written" in own.log_text(), what="a lost turn")
        connection.execute("COMMIT")
    wait_for(lambda: own.ask("get_status")["executing"] == 1, what="the memory")
    os.kill(pid, 9)
    assert own.wait_for_run("gate", run_id) == "failed"


def test_runs_that_end_at_once_do_not_wait_for_the_poll(own: Live) -> None:
    own.write(
        "empty.py",
        "from dagtop import DAG, EmptyOperator\n"
        "with DAG('empty', max_active_runs=1):\n    EmptyOperator(task_id='t')\n",
    )
    own.configure("[runner]\npoll_seconds = 1000\n")
    own.start()
    own.wait_for_dag("empty")
    ids = [own.trigger("empty", run_id=f"r{number}") for number in range(60)]
    own.submit("unpause", dag_ids=["empty"])
    assert [own.wait_for_run("empty", run_id) for run_id in ids] == ["success"] * 60
