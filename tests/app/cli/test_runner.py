"""Starting and stopping the runner, and the commands that need one: with real runners."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import runner_process
from app.cli.errors import CommandError
from app.cli.exit_codes import ExitCode
from app.cli.opening import find_place
from app.cli.root import app
from store import client
from tests.app.cli.conftest import Outcome, run_command
from tests.app.cli.test_groups import HEAVY, in_new_process, loaded
from tests.support.live import Live, wait_for

PIPELINES = """
from datetime import UTC, datetime, timedelta
import time
from dagtop import DAG, Param, dag, task

@dag(schedule="@daily", start_date=datetime(2026, 1, 1, tzinfo=UTC),
     end_date=datetime(2026, 1, 9, tzinfo=UTC),
     params={"n": Param(2, type="integer", minimum=1), "size": Param("s", enum=["s", "m", 3])},
     is_paused_upon_creation=False)
def good():
    @task
    def numbers(params=None) -> list:
        return list(range(params["n"]))

    @task
    def double(x):
        print(f"doubling {x}")
        return x * 2

    double.expand(x=numbers())

good()

@dag(schedule=None, is_paused_upon_creation=False)
def bad():
    @task(retries=1, retry_delay=timedelta(seconds=0.2))
    def fails(ti=None):
        print(f"try {ti.try_number}")
        raise ValueError("no luck")

    @task
    def after():
        pass

    fails() >> after()

bad()

@dag(schedule=None, is_paused_upon_creation=False)
def slow():
    @task
    def sleeps():
        print("asleep", flush=True)
        time.sleep(600)

    sleeps()

slow()

@dag(schedule=None, is_paused_upon_creation=False)
def stubborn():
    @task
    def stays():
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf", flush=True)
        time.sleep(600)

    stays()

stubborn()

with DAG("held", schedule=None, is_paused_upon_creation=True):
    @task
    def nothing():
        pass

    nothing()
"""


def dagtop(live: Live, *arguments: str) -> Outcome:
    return run_command(live.workspace.root, *arguments)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A workspace with a runner, for all tests of this module that leave it as it was."""
    workspace = Live(tmp_path_factory.mktemp("live"))
    workspace.write("pipelines.py", PIPELINES)
    workspace.start()
    try:
        workspace.wait_for_dag("held")
        yield workspace
    finally:
        workspace.stop()


def test_trigger_prints_the_run_id_and_how_to_open_it(live: Live) -> None:
    outcome = dagtop(live, "dags", "trigger", "good", "--run-id", "by_hand", "--note", "first")
    assert (outcome.code, outcome.out) == (0, "by_hand\n")
    link = outcome.err.removeprefix("open it: ").split()
    assert link[-6:] == ["-w", str(live.workspace.root), "--dag", "good", "--run", "by_hand"]
    assert live.wait_for_run("good", "by_hand") == "success"
    document = dagtop(live, "runs", "show", "good", "by_hand", "--json").document
    assert (document["note"], document["run_type"]) == ("first", "manual")


def test_trigger_waits_for_the_end_and_its_exit_code_says_how_it_went(live: Live) -> None:
    good = dagtop(live, "dags", "trigger", "good", "--param", "n=3", "--wait", "--json")
    assert good.code == 0
    assert good.document["state"] == "success"
    run_id = good.document["run_id"]
    assert len([one for one in live.states("good", run_id) if one.startswith("double[")]) == 3
    bad = dagtop(live, "dags", "trigger", "bad", "--wait")
    assert bad.code == ExitCode.FAILED
    assert bad.err.splitlines()[-1].startswith("failed after ")


def test_trigger_loads_no_database_while_a_runner_answers(live: Live) -> None:
    result = in_new_process("dags", "trigger", "good", folder=live.workspace.root)
    assert result.returncode == 0, result.stderr
    assert loaded(result).isdisjoint(HEAVY)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("goood",), ExitCode.NOT_FOUND, "there is no DAG 'goood'; did you mean 'good'?"),
        (("good", "--param", "n=0"), ExitCode.USAGE, "0 is less than the minimum"),
        (("good", "--run-id", "twice"), ExitCode.REFUSED, "already"),
        (("good", "--logical-date", "x"), ExitCode.USAGE, "is not a date"),
        (("good", "--data-interval-end", "2026-01-01"), ExitCode.USAGE, "or neither"),
    ],
)
def test_a_trigger_that_can_not_be_is_one_sentence(
    live: Live, arguments: tuple[str, ...], code: ExitCode, sentence: str
) -> None:
    if "twice" in arguments:
        dagtop(live, "dags", "trigger", "good", "--run-id", "twice")
    outcome = dagtop(live, "dags", "trigger", *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert sentence in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_a_paused_dag_can_be_triggered_and_says_why_nothing_happens(live: Live) -> None:
    outcome = dagtop(live, "dags", "trigger", "held", "--run-id", "r1")
    assert outcome.code == 0
    assert "paused" in outcome.err
    why = dagtop(live, "tasks", "why", "held", "r1", "--json").document
    assert "paused" in why["reasons"][0]["reason"]
    assert dagtop(live, "dags", "unpause", "held").out == "held is unpaused\n"
    assert live.wait_for_run("held", "r1") == "success"
    assert dagtop(live, "dags", "pause", "held", "--json").document["is_paused"] is True


@pytest.mark.parametrize(
    ("typed", "offered"), [("", ["n=", "size="]), ("si", ["size="]), ("size=", ["s", "m", "3"])]
)
def test_the_shell_completes_params(live: Live, typed: str, offered: list[str]) -> None:
    line = f"dagtop --workspace {live.workspace.root} dags trigger good -p {typed}"
    environment = {
        "_DAGTOP_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    result = CliRunner().invoke(app, prog_name="dagtop", env=environment)
    begin = typed if typed.endswith("=") else ""
    assert result.stdout.split() == [begin + one for one in offered]


def test_dags_show_tells_which_values_a_param_takes(live: Live) -> None:
    line = next(
        one for one in dagtop(live, "dags", "show", "good").out.splitlines() if "size" in one
    )
    assert line.split() == ["size", '"s"', '"s",', '"m"', "or", "3"]


def test_pausing_a_dag_that_is_not_there_changes_none(live: Live) -> None:
    outcome = dagtop(live, "dags", "pause", "goood", "held")
    assert (outcome.code, outcome.out) == (ExitCode.NOT_FOUND, "")
    assert outcome.err == "dagtop: there is no DAG 'goood'; did you mean 'good'?\n"


def test_a_log_is_followed_over_all_tries_until_the_task_has_failed(live: Live) -> None:
    run_id = live.trigger("bad")
    wait_for(lambda: live.states("bad", run_id).get("fails"))
    outcome = dagtop(live, "tasks", "logs", "-f", "bad", run_id, "fails")
    assert outcome.code == ExitCode.FAILED
    assert "try 2" in outcome.out
    assert f"--- fails of {run_id}: failed ---" in outcome.err
    first = dagtop(live, "tasks", "logs", "bad", run_id, "fails", "--try", "1")
    assert "try 1" in first.out
    shown = dagtop(live, "tasks", "state", "bad", run_id, "fails")
    assert shown.out.count("ValueError: no luck") == 2


def test_tasks_are_marked_and_cleared_after_a_dry_run(live: Live) -> None:
    run_id = live.trigger("bad")
    assert live.wait_for_run("bad", run_id) == "failed"
    dry = dagtop(live, "tasks", "clear", "bad", run_id, "fails", "--downstream", "--dry-run")
    assert dry.code == 0
    assert live.states("bad", run_id) == {"fails": "failed", "after": "upstream_failed"}
    assert dagtop(live, "tasks", "clear", "bad", run_id, "fails").code == ExitCode.USAGE
    mark = ("tasks", "mark", "bad", run_id, "fails", "--state")
    told = dagtop(live, *mark, "success", "--dry-run").err
    assert "what failed below would run again, and the run go on: after\n" in told
    asked = dagtop(live, *mark, "success").err
    assert "(fails), and let what failed below run again (after)? Say --yes" in asked
    assert "below" not in dagtop(live, *mark, "skipped", "--dry-run").err
    marked = dagtop(live, *mark, "success", "--yes", "--json")
    assert marked.document["resumed"] == [{"run_id": run_id, "task_id": "after", "map_index": -1}]
    assert marked.document["instances"] == [
        {"run_id": run_id, "task_id": "fails", "map_index": -1, "state": "failed"}
    ]
    wait_for(lambda: live.states("bad", run_id) == {"fails": "success", "after": "success"})
    assert live.wait_for_run("bad", run_id) == "success"
    cleared = dagtop(live, "runs", "clear", "bad", run_id, "--yes", "--json").document
    assert {one["task_id"] for one in cleared["instances"]} == {"fails", "after"}
    assert live.wait_for_run("bad", run_id) == "failed"
    outcome = dagtop(live, "runs", "mark", "bad", run_id, "success", "--yes")
    assert outcome.code == 0
    assert live.run_state("bad", run_id) == "success"


def test_a_running_task_is_killed_and_a_run_cancelled(live: Live) -> None:
    for command in ("kill", "cancel"):
        run_id = live.trigger("slow")
        wait_for(lambda run_id=run_id: live.states("slow", run_id) == {"sleeps": "running"})
        if command == "kill":
            outcome = dagtop(live, "tasks", "kill", "slow", run_id, "sleeps", "--yes")
            told = "told 1 process of sleeps to end: SIGTERM now, SIGKILL after 10 s\n"
            assert outcome.out == told
            assert live.wait_for_run("slow", run_id) == "failed"
            shown = dagtop(live, "tasks", "state", "slow", run_id, "sleeps").out
            assert shown.rstrip().endswith(f"killed by {client.user()}")
        else:
            outcome = dagtop(live, "runs", "cancel", "slow", run_id, "--yes")
            assert outcome.out.startswith(f"cancelled {run_id}")
        assert live.wait_for_run("slow", run_id) == "failed"
    outcome = dagtop(live, "tasks", "kill", "slow", run_id, "sleeps", "--yes")
    assert outcome.code == ExitCode.REFUSED


def test_a_kill_that_is_under_way_is_shown(live: Live) -> None:
    run_id = live.trigger("stubborn")
    wait_for(lambda: "deaf" in dagtop(live, "tasks", "logs", "stubborn", run_id, "stays").out)
    assert dagtop(live, "tasks", "kill", "stubborn", run_id, "stays", "--yes").code == 0
    shown = dagtop(live, "tasks", "state", "stubborn", run_id, "stays").out
    assert "being ended: killed by " in shown
    why = dagtop(live, "tasks", "why", "stubborn", run_id, "--json").document
    (reason,) = why["reasons"]
    assert reason["task_id"] == "stays"
    assert reason["reason"].startswith("runs, and has been told to end: killed by ")
    (number,) = live.query(
        "SELECT pid FROM task_try JOIN task_instance ON task_instance.id = task_instance_id "
        "WHERE task_id = 'stays'"
    )
    os.kill(number[0], signal.SIGKILL)
    assert live.wait_for_run("stubborn", run_id) == "failed"
    assert "being ended" not in dagtop(live, "tasks", "state", "stubborn", run_id, "stays").out


def test_a_backfill_is_planned_and_made(live: Live) -> None:
    span = ("--from", "2026-01-02", "--to", "2026-01-03")
    dry = dagtop(live, "dags", "backfill", "good", *span, "--dry-run", "--json").document
    assert dry["backfill_id"] is None
    dates = [one["logical_date"][:10] for one in dry["runs"]]
    assert dates == ["2026-01-02", "2026-01-03"]
    made = dagtop(live, "dags", "backfill", "good", *span, "--param", "n=1", "--json").document
    assert made["backfill_id"] is not None
    for one in made["runs"]:
        assert live.wait_for_run("good", one["run_id"]) == "success"
    listed = dagtop(live, "runs", "list", "good", "--type", "backfill", "--json").document
    assert {one["conf"]["n"] for one in listed["runs"]} == {1}
    again = dagtop(live, "dags", "backfill", "good", *span)
    assert (again.code, again.out) == (0, "")
    assert "--reprocess" in again.err


@pytest.mark.slow
def test_the_runners_own_commands_show_next_runs_test_and_render(live: Live) -> None:
    root = live.workspace.root
    result = in_new_process("dags", "test", "good", "--conf", '{"n": 1}', folder=root)
    assert result.returncode == 0, result.stderr
    assert "doubling 0" in result.stdout
    result = in_new_process("dags", "test", "good", "-p", "n=1", folder=root)
    assert result.returncode == 0, result.stderr
    assert "doubling 0" in result.stdout
    assert "doubling 1" not in result.stdout
    for pair, said in (
        ("n=0", "is less than the minimum"),
        ("m=1", "no param 'm'; it has n, size"),
    ):
        result = in_new_process("dags", "test", "good", "-p", pair, folder=root)
        assert (result.returncode, result.stdout) == (ExitCode.USAGE, "")
        assert said in result.stderr
    result = in_new_process("dags", "test", "bad", "--task", "fails", "--json", folder=root)
    assert result.returncode == ExitCode.FAILED
    result = in_new_process("dags", "next", "good", "-n", "2", "--json", folder=root)
    assert result.returncode == 0, result.stderr
    json.loads(result.stdout)
    result = in_new_process("dags", "test", "nothing", folder=root)
    assert result.returncode == ExitCode.NOT_FOUND
    assert len(result.stderr.splitlines()) == 1


def test_status_shows_the_runner(live: Live) -> None:
    document = dagtop(live, "status", "--json").document
    assert live.process is not None
    assert document["runner"]["pid"] == live.process.pid
    assert document["runner"]["answers"] is True
    assert f"up, pid {live.process.pid}" in dagtop(live, "status").out


def test_up_says_so_if_a_runner_is_up_and_two_never_are(live: Live) -> None:
    assert live.process is not None
    outcome = dagtop(live, "up")
    assert (outcome.code, outcome.out) == (0, f"a runner is up already: pid {live.process.pid}\n")
    assert dagtop(live, "db", "upgrade").code == ExitCode.REFUSED
    assert dagtop(live, "up", "--foreground").code == ExitCode.REFUSED


def test_a_dag_is_deleted_with_its_runs(live: Live) -> None:
    path = live.write(
        "gone.py",
        "from dagtop import DAG, EmptyOperator\n"
        "with DAG('gone'):\n    EmptyOperator(task_id='x')\n",
    )
    live.wait_for_dag("gone")
    live.submit("unpause", dag_ids=["gone"])
    live.wait_for_run("gone", live.trigger("gone"))
    path.unlink()
    wait_for(lambda: not live.value("SELECT is_active FROM dag WHERE dag_id = 'gone'"))
    assert dagtop(live, "dags", "delete", "gone", "--yes", "--json").document["runs"] == 1
    assert dagtop(live, "dags", "show", "gone").code == ExitCode.NOT_FOUND


# -- from here on each test has a workspace of its own ---------------------------------------


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Live]:
    """A workspace without a runner; one that a test starts is ended."""
    workspace = Live(tmp_path)
    yield workspace
    pid = client.runner_pid(workspace.workspace)
    if pid is not None:
        dagtop(workspace, "down", "--kill-tasks")
    workspace.stop()


@pytest.mark.slow
def test_up_starts_a_runner_that_outlives_the_command_and_down_stops_it(idle: Live) -> None:
    idle.write("pipelines.py", PIPELINES)
    started = in_new_process("up", "--json", folder=idle.workspace.root)
    assert started.returncode == 0, started.stderr
    document = json.loads(started.stdout)
    assert document["already_up"] is False
    assert client.runner_pid(idle.workspace) == document["pid"]
    assert os.getsid(document["pid"]) == document["pid"], "it has a session of its own"
    stopped = dagtop(idle, "down", "--json").document
    assert stopped == {"pid": document["pid"], "stopped": True, "running_tasks": 0}
    assert client.runner_pid(idle.workspace) is None
    assert dagtop(idle, "down").out == "no runner is up\n"
    assert dagtop(idle, "status").code == ExitCode.REFUSED


@pytest.mark.slow
def test_down_leaves_tasks_running_and_the_next_runner_takes_them_over(idle: Live) -> None:
    marker = idle.workspace.root / "go"
    idle.write(
        "waits.py",
        "import pathlib, time\nfrom dagtop import dag, task\n"
        "@dag(schedule=None, is_paused_upon_creation=False)\ndef waits():\n"
        "    @task\n    def wait():\n"
        f"        while not pathlib.Path({str(marker)!r}).exists():\n            time.sleep(0.01)\n"
        "    wait()\nwaits()\n",
    )
    assert dagtop(idle, "up").code == 0
    idle.wait_for_dag("waits")
    run_id = idle.trigger("waits")
    wait_for(lambda: idle.states("waits", run_id) == {"wait": "running"})
    outcome = dagtop(idle, "down")
    assert outcome.out.splitlines()[1] == "still at work, without it: waits.wait"
    marker.touch()
    assert dagtop(idle, "down", "--wait", "--json").document["running_tasks"] == 0
    assert idle.run_state("waits", run_id) == "running"
    assert dagtop(idle, "up").code == 0
    assert idle.wait_for_run("waits", run_id) == "success"


Place = tuple[str, str | None, str | None, int | None]


def test_what_is_to_be_opened_must_be_there(live: Live) -> None:
    space = live.workspace
    run_id = live.trigger("good", run_id="to_open")
    live.wait_for_run("good", run_id)
    assert find_place(space, "good", None, None) is None
    assert find_place(space, "good", "to_op", "numbers") == run_id
    no_such: tuple[tuple[Place, str], ...] = (
        (("nope", None, None, None), "there is no DAG 'nope'"),
        (("good", "nope", None, None), "there is no run 'nope' of good"),
        (("good", run_id, "numbrs", None), "there is no task 'numbrs' in run to_open of good"),
        (("good", run_id, "numbers", 7), "numbers has no map index 7 in run to_open: it isn't"),
    )
    for place, sentence in no_such:
        with pytest.raises(CommandError, match=sentence) as refusal:
            find_place(space, *place)
        assert refusal.value.code == ExitCode.NOT_FOUND


def test_a_runner_that_has_just_been_started_gets_time_to_import(idle: Live) -> None:
    idle.write("slow.py", "import time\ntime.sleep(0.5)\nfrom dagtop import DAG\nd = DAG('slow')\n")
    idle.start()
    assert find_place(idle.workspace, "slow", None, None, patience=30) is None


@pytest.mark.slow
def test_a_runner_can_be_stopped_whatever_has_become_of_the_settings(idle: Live) -> None:
    idle.start()
    idle.configure("[runner")
    outcome = dagtop(idle, "down")
    assert outcome.code == ExitCode.WORKSPACE
    assert outcome.out.endswith(" is down\n")
    assert client.runner_pid(idle.workspace) is None


@pytest.mark.slow
def test_a_run_that_was_triggered_without_a_runner_is_made_by_the_next_one(idle: Live) -> None:
    idle.write("pipelines.py", PIPELINES)
    idle.start()
    idle.wait_for_dag("good")
    idle.stop()
    assert dagtop(idle, "dags", "trigger", "good", "--run-id", "later").code == 0
    idle.start()
    assert wait_for(lambda: idle.run_state("good", "later")) is not None
    assert idle.wait_for_run("good", "later") == "success"


@pytest.mark.slow
def test_a_runner_that_dies_at_once_says_why(idle: Live) -> None:
    idle.workspace.create_state_folder()
    idle.workspace.database.write_text("no database at all, whatever its name says")
    outcome = dagtop(idle, "up")
    assert (outcome.code, outcome.out) == (ExitCode.STORE, "")
    (line,) = outcome.err.splitlines()
    assert line.startswith("dagtop: the runner ended at once (exit status ")
    assert str(idle.workspace.database) in line


@pytest.mark.slow
def test_a_stuck_runner_is_ended_by_signal(idle: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.cli import stopping

    monkeypatch.setattr(stopping, "LISTEN_SECONDS", 0.3)
    assert dagtop(idle, "up").code == 0
    pid = client.runner_pid(idle.workspace)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    process = subprocess.Popen(
        [sys.executable, "-c", f"import os, time; time.sleep(1); os.kill({pid}, {signal.SIGCONT})"]
    )
    assert dagtop(idle, "down").code == 0
    process.wait()
    assert client.runner_pid(idle.workspace) is None


def test_the_end_of_a_log_is_what_the_runner_said_last(tmp_path: Path) -> None:
    log = tmp_path / "runner.log"
    assert runner_process.log_tail(log) == []
    log.write_text("old\n" + "".join(f"line {n}\x1b[2J\n\n" for n in range(30)))
    assert runner_process.log_tail(log, 4, lines=2) == ["line 28", "line 29"]


def test_the_terminal_ui_is_not_opened_without_a_terminal(idle: Live) -> None:
    outcome = dagtop(idle)
    assert outcome.code == ExitCode.USAGE
    assert "needs a terminal" in outcome.err
    assert dagtop(idle, "demo").code == ExitCode.USAGE
    outcome = run_command(idle.workspace.root, "--run", "x")
    assert "--run needs --dag" in outcome.err
