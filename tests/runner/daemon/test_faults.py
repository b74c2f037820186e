"""What must not bring the runner down, lose anything, or start a try twice."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.support.live import Live, wait_for

ONE = """
from dagtop import DAG, task
with DAG("{dag_id}"):
    @task(retries={retries}, retry_delay=0.05)
    def work():
{body}
    work()
"""


def one(dag_id: str, body: str, retries: int = 0) -> str:
    """A DAG of one task."""
    indented = "\n".join(f"        {line}" for line in body.strip().splitlines())
    return ONE.format(dag_id=dag_id, body=indented, retries=retries)


def reasons(workspace: Live, dag_id: str) -> list[tuple[str, str | None]]:
    """(state, reason) of the tries of a DAG, in order."""
    rows = workspace.query(
        "SELECT task_try.state, reason FROM task_try "
        "JOIN task_instance ti ON ti.id = task_instance_id WHERE ti.dag_id = ? "
        "ORDER BY task_try.try_number",
        dag_id,
    )
    return [(state, reason) for state, reason in rows]


def start(workspace: Live, dag_id: str) -> str:
    workspace.wait_for_dag(dag_id)
    workspace.submit("unpause", dag_ids=[dag_id])
    return workspace.trigger(dag_id)


def pid_of(workspace: Live, dag_id: str) -> int:
    """Pid of the DAG's running try, once it runs."""
    return wait_for(
        lambda: workspace.value(
            "SELECT pid FROM task_try JOIN task_instance ti ON ti.id = task_instance_id "
            "WHERE ti.dag_id = ? AND task_try.state = 'running'",
            dag_id,
        ),
        what="the try to run",
    )


def log_of(workspace: Live, dag_id: str) -> Path:
    run, key = workspace.query(
        "SELECT task_try.dag_run_id, task_try.id FROM task_try "
        "JOIN task_instance ti ON ti.id = task_instance_id WHERE ti.dag_id = ? "
        "ORDER BY task_try.id DESC",
        dag_id,
    )[0]
    return workspace.workspace.log(run, key)


GATE = """
import os, time
open("started-" + str(os.getpid()), "w").close()
while not os.path.exists("gate"):
    time.sleep(0.01)
"""


def test_a_running_task_survives_the_runner_and_is_adopted(own: Live) -> None:
    own.write("gate.py", one("gate", GATE + "return 7"))
    own.start()
    run_id = start(own, "gate")
    pid = pid_of(own, "gate")
    own.kill()
    assert psutil.pid_exists(pid)
    own.start()
    (own.workspace.root / "gate").touch()
    assert own.wait_for_run("gate", run_id) == "success"
    assert reasons(own, "gate") == [("success", None)]
    assert len(list(own.workspace.root.glob("started-*"))) == 1
    assert own.value("SELECT CAST(value AS TEXT) FROM xcom") == "7"


def test_a_task_that_ended_while_no_runner_watched_is_taken_in(own: Live) -> None:
    own.write("gate.py", one("gate", GATE + "return 7"))
    own.start()
    run_id = start(own, "gate")
    pid = pid_of(own, "gate")
    own.kill()
    (own.workspace.root / "gate").touch()
    wait_for(lambda: not psutil.pid_exists(pid), what="the task to end")
    own.start()
    assert own.wait_for_run("gate", run_id) == "success"
    assert reasons(own, "gate") == [("success", None)]


def test_a_task_killed_while_no_runner_watched_is_retried(own: Live) -> None:
    own.write("gate.py", one("gate", GATE, retries=1))
    own.start()
    run_id = start(own, "gate")
    pid = pid_of(own, "gate")
    own.kill()
    os.kill(pid, signal.SIGKILL)
    own.start()
    (own.workspace.root / "gate").touch()
    assert own.wait_for_run("gate", run_id) == "success"
    (first, why), second = reasons(own, "gate")
    assert first == "up_for_retry"
    assert why is not None
    assert "killed while no runner watched" in why
    assert second == ("success", None)


def test_a_killed_task_process_is_retried_and_the_signal_is_named(shared: Live) -> None:
    shared.write(
        "killed.py",
        one(
            "killed",
            """
import os, signal
if not os.path.exists("killed-once"):
    open("killed-once", "w").close()
    os.kill(os.getpid(), signal.SIGKILL)
""",
            retries=1,
        ),
    )
    assert shared.run("killed")[0] == "success"
    (state, why), last = reasons(shared, "killed")
    assert state == "up_for_retry"
    assert why == "its process was killed by SIGKILL before it could report its end"
    assert last == ("success", None)


def test_a_killed_host_leaves_its_tasks_running(shared: Live) -> None:
    shared.write("hosted.py", one("hosted", GATE.replace("gate", "hosted-gate")))
    run_id = start(shared, "hosted")
    pid = pid_of(shared, "hosted")
    host = psutil.Process(pid).parent()
    assert host is not None
    host.kill()
    (shared.workspace.root / "hosted-gate").touch()
    assert shared.wait_for_run("hosted", run_id) == "success"
    assert reasons(shared, "hosted") == [("success", None)]


def test_a_killed_base_host_is_replaced(shared: Live) -> None:
    assert shared.process is not None
    children = psutil.Process(shared.process.pid).children()
    base = next(child for child in children if "__main__.py" in " ".join(child.cmdline()))
    base.kill()
    shared.write("afterwards.py", one("afterwards", "return 1"))
    assert shared.run("afterwards")[0] == "success"


def test_a_task_that_ignores_sigterm_is_killed_after_the_grace(shared: Live) -> None:
    shared.write(
        "stubborn.py",
        one(
            "stubborn",
            """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("stubborn-is-up", "w").close()
while True:
    time.sleep(0.01)
""",
            retries=3,
        ),
    )
    run_id = start(shared, "stubborn")
    wait_for((shared.workspace.root / "stubborn-is-up").exists)
    shared.submit("kill", dag_id="stubborn", run_id=run_id, task_id="work")
    assert shared.wait_for_run("stubborn", run_id) == "failed"
    assert reasons(shared, "stubborn") == [("failed", "killed by test")]


def test_a_daemon_that_a_task_leaves_behind_is_ended(shared: Live) -> None:
    shared.write(
        "daemon.py",
        one(
            "daemon",
            """
import os, time
first = os.fork()
if first == 0:
    os.setsid()
    if os.fork() == 0:
        with open("daemon-pid.new", "w") as file:
            file.write(str(os.getpid()))
        os.rename("daemon-pid.new", "daemon-pid")
        while True:
            time.sleep(0.05)
    os._exit(0)
os.waitpid(first, 0)
while not os.path.exists("daemon-pid"):
    time.sleep(0.01)
""",
        ),
    )
    assert shared.run("daemon")[0] == "success"
    pid = int((shared.workspace.root / "daemon-pid").read_text())
    wait_for(lambda: not psutil.pid_exists(pid), what="the daemon to be ended")


def test_a_log_may_hold_anything(shared: Live) -> None:
    shared.write(
        "noisy.py",
        one(
            "noisy",
            """
import os, sys
os.write(1, b"\\xff\\xfe no newline \\x1b[31mred\\x1b]0;title\\x07")
print("\\ud800 lone surrogate")
sys.stderr.write("partial")
""",
        ),
    )
    assert shared.run("noisy")[0] == "success"
    data = log_of(shared, "noisy").read_bytes()
    assert b"\xff\xfe no newline" in data
    assert b"lone surrogate" in data


def test_a_task_that_exits_is_told_apart_from_one_that_fails(shared: Live) -> None:
    shared.write("exiting.py", one("exiting", "import os\nos._exit(3)"))
    assert shared.run("exiting")[0] == "failed"
    assert reasons(shared, "exiting") == [
        ("failed", "its process exited with code 3 before it could report its end")
    ]


def test_an_xcom_that_cannot_be_one_is_named(shared: Live) -> None:
    shared.write("object.py", one("object", "return {'model': object()}"))
    assert shared.run("object")[0] == "failed"
    ((_, why),) = reasons(shared, "object")
    assert why is not None
    assert "return_value['model'] is a" in why
    shared.write("large.py", one("large", "return 'x' * 100_000_000"))
    assert shared.run("large")[0] == "failed"
    ((_, why),) = reasons(shared, "large")
    assert why is not None
    assert "16" in why
    assert "return_value" in why


def test_a_second_runner_says_so_and_leaves(shared: Live) -> None:
    first = shared.process
    assert first is not None
    second = shared.start(wait=False)
    shared.process = first
    assert second.wait(timeout=20) == 4
    assert f"a runner (pid {first.pid}) serves" in shared.log_text()


BROKEN = {
    "syntax.py": ("from dagtop import DAG\ndef f(:\n", "dags/syntax.py:2: "),
    "raising.py": ("from dagtop import DAG\n\n1 / 0\n", "dags/raising.py:3: ZeroDivisionError"),
    "leaving.py": ("from dagtop import DAG\nimport sys\nsys.exit(3)\n", "dags/leaving.py:3: "),
    "endless.py": ("from dagtop import DAG\nwhile True:\n    pass\n", "dags/endless.py:"),
    "crashing.py": (
        "from dagtop import DAG\nimport ctypes\nctypes.string_at(0)\n",
        "dags/crashing.py:3: its import ended the interpreter, which was killed by SIGSEGV",
    ),
    "circle.py": (
        """from dagtop import DAG, EmptyOperator
with DAG('circle'):
    a, b = EmptyOperator(task_id='a'), EmptyOperator(task_id='b')
    a >> b >> a
""",
        "cycle",
    ),
    "twice.py": (
        """from dagtop import DAG, EmptyOperator
with DAG('twice'):
    EmptyOperator(task_id='a')
    EmptyOperator(task_id='a')
""",
        "'a'",
    ),
    "cron.py": ("from dagtop import DAG\nDAG('cron', schedule='61 * * * *')\n", "61 * * * *"),
    "rule.py": (
        """from dagtop import DAG, EmptyOperator
with DAG('rule'):
    EmptyOperator(task_id='a', trigger_rule='all_succes')
""",
        "all_success",
    ),
}


def test_broken_files_are_named_in_one_sentence_and_hold_up_nothing(own: Live) -> None:
    own.configure("[runner]\nparse_timeout = 2\n")
    for name, (text, _) in BROKEN.items():
        own.write(name, text)
    own.write("good.py", one("good", "return 1"))
    own.start()
    assert own.run("good")[0] == "success"

    def errors() -> dict[str, str]:
        rows = own.query("SELECT file, error FROM pipeline_file WHERE error IS NOT NULL")
        return {Path(file).name: error for file, error in rows}

    wait_for(lambda: len(errors()) == len(BROKEN), what=f"all errors, of {sorted(BROKEN)}")
    for name, (_, expected) in BROKEN.items():
        error = errors()[name]
        assert expected in error, error
        assert f"dags/{name}" in error, error
        assert "\n" not in error, error


def test_a_mended_file_is_live_and_what_waited_goes_on(own: Live) -> None:
    own.write("mend.py", one("mend", "return 1"))
    own.start()
    own.wait_for_dag("mend")
    own.submit("unpause", dag_ids=["mend"])
    own.write("mend.py", "from dagtop import DAG\n1 / 0\n")
    wait_for(lambda: own.value("SELECT error FROM pipeline_file"), what="the import error")
    assert "can't be imported" in own.refused("trigger", dag_id="mend")
    own.write("mend.py", one("mend", "return 2"))
    wait_for(lambda: not own.value("SELECT error FROM pipeline_file"), what="the mended file")
    run_id = own.trigger("mend")
    assert own.wait_for_run("mend", run_id) == "success"
    assert own.value("SELECT count(*) FROM dag_version WHERE dag_id = 'mend'") == 2


def test_a_locked_database_delays_and_loses_nothing(own: Live) -> None:
    own.write("gate.py", one("gate", GATE + "return 7"))
    own.start()
    run_id = start(own, "gate")
    pid = pid_of(own, "gate")
    other = sqlite3.connect(own.workspace.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    (own.workspace.root / "gate").touch()
    wait_for(lambda: not psutil.pid_exists(pid), what="the task to end")
    wait_for(lambda: "could not be written" in own.log_text(), what="the runner to notice")
    other.execute("ROLLBACK")
    other.close()
    assert own.wait_for_run("gate", run_id) == "success"
    assert reasons(own, "gate") == [("success", None)]


def test_a_database_of_a_newer_version_is_refused(own: Live) -> None:
    own.start()
    own.stop()
    with closing(sqlite3.connect(own.workspace.database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_future'")
    connection.close()
    process = own.start(wait=False)
    assert process.wait(timeout=20) == 5
    own.process = None
    assert "newer" in own.log_text()


def test_a_file_that_starts_threads_gets_a_fresh_interpreter_per_try(shared: Live) -> None:
    shared.write(
        "threads.py",
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
        + one("threads", "import threading\nreturn threading.active_count()"),
    )
    assert shared.run("threads")[0] == "success"
    unsafe = shared.value("SELECT fork_unsafe FROM pipeline_file WHERE file = 'dags/threads.py'")
    assert "thread" in unsafe


@pytest.mark.parametrize("package", ["app", "store"])
def test_a_users_package_of_our_name_wins(shared: Live, package: str) -> None:
    folder = shared.workspace.dags / package
    folder.mkdir(exist_ok=True)
    (folder / "__init__.py").write_text("MINE = 'mine'\n")
    text = one(f"own_{package}", f"import {package}\nreturn {package}.MINE")
    shared.write(f"own_{package}.py", f"import {package}\n{package}.MINE\n{text}")
    assert shared.run(f"own_{package}")[0] == "success"


def test_a_full_disk_stops_nothing_and_loses_nothing(own: Live) -> None:
    """A limit on the size of files that the runner writes stands in for the full disk."""
    own.write("gate.py", one("gate", GATE + "return 'x' * 2_000_000"))
    process = own.start()
    run_id = start(own, "gate")
    pid = pid_of(own, "gate")
    runner = psutil.Process(process.pid)
    if not hasattr(runner, "rlimit"):
        pytest.skip("limits of another process can't be set here")
    runner.rlimit(psutil.RLIMIT_FSIZE, (1_000_000, psutil.RLIM_INFINITY))
    (own.workspace.root / "gate").touch()
    wait_for(lambda: not psutil.pid_exists(pid), what="the task to end")
    wait_for(lambda: "could not be written" in own.log_text(), what="the runner to notice")
    assert process.poll() is None
    runner.rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))
    assert own.wait_for_run("gate", run_id) == "success"
    assert reasons(own, "gate") == [("success", None)]
    assert own.value("SELECT length(value) FROM xcom") == 2_000_002


def test_a_task_that_cannot_write_its_journal_is_retried(own: Live) -> None:
    """Its folder can't be made: no user code runs, the reason is stated, the retry succeeds."""
    own.write("late.py", one("late", "return 1", retries=5))
    own.start()
    own.wait_for_dag("late")
    own.submit("unpause", dag_ids=["late"])
    own.workspace.tries.mkdir(exist_ok=True)
    (own.workspace.tries / "1").write_text("in the way")
    run_id = own.trigger("late")
    wait_for(lambda: len(reasons(own, "late")) >= 2, what="a retry")
    (own.workspace.tries / "1").unlink()
    assert own.wait_for_run("late", run_id) == "success"
    assert reasons(own, "late")[0] == (
        "up_for_retry",
        "its process could not start: Not a directory",
    )


@pytest.mark.parametrize("file_is_there", [True, False])
def test_a_try_whose_process_went_before_it_could_start_is_run_once_more(
    own: Live, file_is_there: bool
) -> None:
    """As a power failure leaves it: an empty journal, a queued try, and nobody behind them."""
    path = own.write("gate.py", one("gate", GATE))
    own.start()
    run_id = start(own, "gate")
    pid = pid_of(own, "gate")
    own.kill()
    os.kill(pid, signal.SIGKILL)
    journal = own.workspace.journal(*own.query("SELECT dag_run_id, id FROM task_try")[0])
    os.truncate(journal, 0)
    with closing(sqlite3.connect(own.workspace.state / "dagtop.db")) as connection, connection:
        connection.execute(
            "UPDATE task_try SET state = 'queued', pid = NULL, process_start = NULL, "
            "started_at = NULL, journal_offset = 0"
        )
        connection.execute("UPDATE task_instance SET state = 'queued'")
    (own.workspace.root / "gate").touch()
    if not file_is_there:
        path.unlink()
    own.start()
    if not file_is_there:
        wait_for(lambda: own.ask("get_status")["pools"]["default_pool"]["used"] == 0)
        assert own.states("gate", run_id) == {"work": "scheduled"}
        own.write("gate.py", one("gate", GATE))
    assert own.wait_for_run("gate", run_id) == "success"
    assert reasons(own, "gate") == [("success", None)]
