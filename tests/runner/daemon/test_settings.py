"""What ``[runner]`` in dagtop.toml changes for pipelines, and when."""

from __future__ import annotations

from tests.runner.daemon.conftest import SETTINGS
from tests.support.live import Live, wait_for

PIPELINE = """
from datetime import datetime
from dagtop import DAG, task

with DAG("plain", schedule="0 6 * * *", start_date=datetime(2026, 7, 1)):
    @task
    def work(): pass
    work()

with DAG("maps"):
    @task
    def items(count):
        return list(range(count))
    @task
    def use(item): pass
    use.override(task_id="use_short").expand(item=items.override(task_id="short")(3))
    use.override(task_id="use_long").expand(item=items.override(task_id="long")(4))

with DAG("large"):
    @task
    def text(count):
        return "x" * count
    text.override(task_id="small")(90)
    text.override(task_id="big")(200)
"""
OWN = """max_active_tasks = 3
max_active_runs = 2
timezone = "Europe/Berlin"
max_map_length = 3
xcom_max_bytes = 100
"""


def reason(workspace: Live, task_id: str) -> str:
    return workspace.value(
        "SELECT coalesce(error_message, reason) FROM task_try JOIN task_instance ti "
        "ON ti.id = task_instance_id WHERE ti.task_id = ?",
        task_id,
    )


def test_settings_hold_for_dags_that_state_nothing(own: Live) -> None:
    own.write("settings.py", PIPELINE)
    own.configure(SETTINGS + OWN)
    own.start()
    own.wait_for_dag("plain")
    assert own.query("SELECT max_active_runs, timezone FROM dag WHERE dag_id = 'plain'") == [
        (2, "Europe/Berlin")
    ]
    structure = own.value("SELECT structure FROM dag_version WHERE dag_id = 'plain'")
    assert '"max_active_tasks":3' in structure
    assert "2026-06-30T22:00:00" in structure
    state, states = own.run("maps")
    assert (state, states["short"], states["long"]) == ("failed", "success", "failed")
    assert reason(own, "long") == (
        "use_long maps over the return value of long, which has 4 items: "
        "at most 3 can be mapped over (max_map_length in dagtop.toml)"
    )
    assert own.run("large")[1] == {"small": "success", "big": "failed"}
    assert "an XCom may have 100 bytes (xcom_max_bytes in dagtop.toml)" in reason(own, "big")


def test_files_are_imported_anew_when_the_runner_starts_with_other_settings(own: Live) -> None:
    own.write("settings.py", PIPELINE)
    own.start()
    own.wait_for_dag("plain")
    own.process.terminate()  # type: ignore[union-attr]
    own.process.wait()  # type: ignore[union-attr]
    own.configure(SETTINGS + OWN)
    own.start()
    query = "SELECT max_active_runs FROM dag WHERE dag_id = 'plain'"
    wait_for(lambda: own.value(query) == 2, what="the new setting")


def test_settings_hold_in_fresh_interpreters(own: Live) -> None:
    own.write(
        "threads.py",
        """
import threading, time
from dagtop import DAG, task
threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
with DAG("threads"):
    @task
    def big():
        return "x" * 200
    big()
""",
    )
    own.configure(SETTINGS + OWN)
    own.start()
    assert own.run("threads")[1] == {"big": "failed"}
    assert own.value("SELECT fork_unsafe FROM pipeline_file") is not None
    assert "an XCom may have 100 bytes" in reason(own, "big")
