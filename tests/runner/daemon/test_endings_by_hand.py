"""Tasks that the runner ends because someone said so: what their processes still do."""

from __future__ import annotations

from tests.support.live import Live, wait_for


def test_a_task_ended_by_a_mark_calls_back_nothing(shared: Live) -> None:
    shared.write(
        "marks.py",
        """
import time
from dagtop import DAG, task
def note(context):
    with open("marks-called", "a"):
        pass
with DAG("marks"):
    @task(retries=1, on_failure_callback=note, on_retry_callback=note)
    def work():
        open("marks-up", "w").close()
        time.sleep(60)
    work()
""",
    )
    shared.wait_for_dag("marks")
    shared.submit("unpause", dag_ids=["marks"])
    run_id = shared.trigger("marks")
    wait_for((shared.workspace.root / "marks-up").exists, what="the task")
    shared.submit("mark_task", dag_id="marks", run_id=run_id, task_ids=["work"], state="success")
    assert shared.wait_for_run("marks", run_id) == "success"
    run_key, key = shared.query(
        "SELECT dag_run_id, task_try.id FROM task_try JOIN dag_run ON dag_run.id = dag_run_id "
        "WHERE run_id = ? AND dag_id = 'marks'",
        run_id,
    )[0]
    assert "No on_failure_callback" in shared.workspace.log(run_key, key).read_text()
    assert not (shared.workspace.root / "marks-called").exists()


ENDS = """
from dagtop import DAG, task
def ended(context):
    with open("ends-called", "a") as file:
        file.write(context["dag_run"].run_id + "\\n")
with DAG("ends", on_success_callback=ended):
    @task
    def first():
        pass
    @task
    def last():
        raise ValueError("no data")
    first() >> last()
"""

RUN = (
    "SELECT dag_run.state, started_at, ended_at, queued_at, clear_number, number FROM dag_run "
    "JOIN dag_version v ON v.id = version_id WHERE dag_run.dag_id = ? AND run_id = ?"
)


def test_a_mark_of_the_last_task_ends_the_run_well_and_runs_nothing(shared: Live) -> None:
    """Though its DAG has another version by now, and its callback is told of the new end."""
    shared.write("ends.py", ENDS)
    shared.wait_for_dag("ends")
    shared.submit("unpause", dag_ids=["ends"])
    run_id = shared.trigger("ends")
    assert shared.wait_for_run("ends", run_id) == "failed"
    ((_, *before),) = shared.query(RUN, "ends", run_id)
    versions = "SELECT count(*) FROM dag_version WHERE dag_id = 'ends'"
    shared.write("ends.py", ENDS.replace("first() >> last()", "first() >> last() >> first()"))
    shared.submit("reparse", files=["ends.py"])
    wait_for(lambda: shared.value(versions) == 2, what="the second version")
    mark = {"dag_id": "ends", "run_id": run_id, "task_ids": ["last"], "state": "success"}
    assert shared.submit("mark_task", **mark, dry_run=True)["versions"] == []
    answer = shared.submit("mark_task", **mark)
    assert shared.query(RUN, "ends", run_id) == [("success", *before)]
    assert shared.states("ends", run_id) == {"first": "success", "last": "success"}
    called = shared.workspace.root / "ends-called"
    wait_for(called.exists, what="the callback")
    shared.submit("restore", **answer["undo"])
    assert shared.query(RUN, "ends", run_id) == [("failed", *before)]
