"""The host of a pipeline file, with what its import leaves behind."""

from __future__ import annotations

import psutil

from tests.support.live import Live, wait_for

SHARED = """
import multiprocessing, os
from dagtop import DAG, task

manager = multiprocessing.Manager()
seen = manager.list()
open("manager", "w").write(str(manager._process.pid))

with DAG("shared_memory"):
    @task
    def note(word):
        seen.append(word)

    @task
    def look():
        return list(seen)

    note.override(task_id="one")("one") >> note.override(task_id="two")("two") >> look()
"""


def test_what_an_import_starts_lives_as_long_as_its_host(own: Live) -> None:
    own.write("memory.py", SHARED)
    own.start()
    state, states = own.run("shared_memory")
    assert state == "success", states
    assert own.value("SELECT value FROM xcom WHERE task_id = 'look'") == b'["one","two"]'
    for log in own.workspace.tries.glob("*/*/log"):
        assert "Error" not in log.read_text()
    pid = int((own.workspace.root / "manager").read_text())
    assert psutil.pid_exists(pid)
    own.write("memory.py", "from dagtop import DAG\ndag = DAG('other')\n")  # the host retires
    own.wait_for_dag("other")
    wait_for(lambda: not psutil.pid_exists(pid), what="the end of the manager")
    hosts = wait_for(
        lambda: len(hosts := own.ask("get_status")["hosts"]) <= 1 and [hosts],
        what="the end of the host",
    )
    assert hosts


def test_what_a_failed_import_has_started_ends_with_it(own: Live) -> None:
    own.write("memory.py", SHARED + "raise RuntimeError('late')\n")
    own.start()
    path = own.workspace.root / "manager"
    wait_for(lambda: path.exists() and path.read_text(), what="the import")
    wait_for(lambda: not psutil.pid_exists(int(path.read_text())), what="the end of the manager")
    assert "late" in wait_for(lambda: own.value("SELECT error FROM pipeline_file"), what="error")
