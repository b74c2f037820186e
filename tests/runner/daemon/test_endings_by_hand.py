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
