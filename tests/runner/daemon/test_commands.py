"""Acting on pipelines: trigger, pause, clear, mark, kill, backfill, and what may not be done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.support.live import Live, wait_for

THREE = """
import os
from datetime import datetime
from dagtop import DAG, task
with DAG("{dag_id}", schedule="@daily", start_date=datetime(2026, 1, 1),
         end_date=datetime(2026, 3, 1)):  # the past: nothing runs by schedule
    @task
    def one(): pass
    @task
    def two():
        if os.path.exists("{dag_id}-fails"):
            raise RuntimeError("as told")
    @task
    def three(): pass
    one() >> two() >> three()
"""
WAITING = """
import os, time
from dagtop import DAG, task
with DAG("{dag_id}"):
    @task(retries=3)
    def work():
        while not os.path.exists("{dag_id}-gate"):
            time.sleep(0.01)
    @task
    def after(): pass
    work() >> after()
"""


def tries(workspace: Live, dag_id: str, task_id: str) -> int:
    return workspace.value(
        "SELECT count(*) FROM task_try JOIN task_instance ti ON ti.id = task_instance_id "
        "WHERE ti.dag_id = ? AND task_id = ?",
        dag_id,
        task_id,
    )


def run_waiting(workspace: Live, dag_id: str) -> str:
    """Start the waiting DAG. Returns its run id once its task has its process."""
    workspace.write(f"{dag_id}.py", WAITING.format(dag_id=dag_id))
    workspace.wait_for_dag(dag_id)
    workspace.submit("unpause", dag_ids=[dag_id])
    run_id = workspace.trigger(dag_id)
    wait_for(lambda: workspace.states(dag_id, run_id)["work"] == "running")
    return run_id


def test_clearing_a_task_with_its_downstream_runs_them_again(shared: Live) -> None:
    shared.write("clears.py", THREE.format(dag_id="clears"))
    shared.wait_for_dag("clears")
    shared.submit("unpause", dag_ids=["clears"])
    run_id = shared.trigger("clears")
    assert shared.wait_for_run("clears", run_id) == "success"
    seen = shared.submit(
        "clear",
        dag_id="clears",
        run_ids=[run_id],
        task_ids=["two"],
        downstream=True,
        dry_run=True,
    )
    assert seen["instances"] == [
        [run_id, "two", -1, "success"],
        [run_id, "three", -1, "success"],
    ]
    assert shared.run_state("clears", run_id) == "success"
    shared.submit("clear", dag_id="clears", run_ids=[run_id], task_ids=["two"], downstream=True)
    assert shared.wait_for_run("clears", run_id) == "success"
    assert [tries(shared, "clears", name) for name in ("one", "two", "three")] == [1, 2, 2]


def test_clearing_only_what_failed_mends_a_run(shared: Live) -> None:
    shared.write("mends.py", THREE.format(dag_id="mends"))
    told = shared.workspace.root / "mends-fails"
    told.touch()
    shared.wait_for_dag("mends")
    shared.submit("unpause", dag_ids=["mends"])
    run_id = shared.trigger("mends")
    assert shared.wait_for_run("mends", run_id) == "failed"
    told.unlink()
    answer = shared.submit("clear", dag_id="mends", run_ids=[run_id], only_failed=True)
    assert [task for _, task, _, _ in answer["instances"]] == ["two", "three"]
    assert shared.wait_for_run("mends", run_id) == "success"
    assert tries(shared, "mends", "one") == 1


def test_clearing_a_running_task_starts_it_anew_when_its_process_is_gone(shared: Live) -> None:
    run_id = run_waiting(shared, "restarts")
    shared.submit("clear", dag_id="restarts", run_ids=[run_id], task_ids=["work"])
    wait_for(lambda: tries(shared, "restarts", "work") == 2, what="the second try")
    (shared.workspace.root / "restarts-gate").touch()
    assert shared.wait_for_run("restarts", run_id) == "success"
    assert tries(shared, "restarts", "work") == 2


def test_killing_a_task_fails_it_without_a_retry(shared: Live) -> None:
    run_id = run_waiting(shared, "kills")
    shared.submit("kill", dag_id="kills", run_id=run_id, task_id="work")
    assert shared.wait_for_run("kills", run_id) == "failed"
    assert shared.states("kills", run_id) == {"work": "failed", "after": "upstream_failed"}
    assert "has no process" in shared.refused("kill", dag_id="kills", run_id=run_id, task_id="work")


def test_marking_a_running_task_success_ends_it_and_goes_on(shared: Live) -> None:
    run_id = run_waiting(shared, "marks")
    shared.submit("mark_task", dag_id="marks", run_id=run_id, task_ids=["work"], state="success")
    assert shared.wait_for_run("marks", run_id) == "success"
    assert shared.states("marks", run_id) == {"work": "success", "after": "success"}


def test_marking_a_failed_task_success_lets_what_failed_below_it_run(shared: Live) -> None:
    shared.write("saves.py", THREE.format(dag_id="saves"))
    (shared.workspace.root / "saves-fails").touch()
    shared.wait_for_dag("saves")
    shared.submit("unpause", dag_ids=["saves"])
    run_id = shared.trigger("saves")
    assert shared.wait_for_run("saves", run_id) == "failed"
    shared.submit("mark_task", dag_id="saves", run_id=run_id, task_ids=["two"], state="success")
    assert shared.wait_for_run("saves", run_id) == "success"
    assert shared.states("saves", run_id)["three"] == "success"


def test_cancelling_a_run_ends_its_tasks(shared: Live) -> None:
    run_id = run_waiting(shared, "cancels")
    shared.submit("cancel_run", dag_id="cancels", run_id=run_id)
    assert shared.wait_for_run("cancels", run_id) == "failed"
    assert shared.states("cancels", run_id) == {"work": "failed", "after": "skipped"}
    wait_for(lambda: shared.ask("get_status")["executing"] == 0, what="its process to end")


def test_a_paused_dag_starts_nothing_and_says_so(shared: Live) -> None:
    run_id = run_waiting(shared, "pauses")
    shared.submit("pause", dag_ids=["pauses"])
    (shared.workspace.root / "pauses-gate").touch()
    wait_for(lambda: shared.states("pauses", run_id)["work"] == "success")
    reasons = shared.ask("get_reasons", dag_id="pauses", run_id=run_id)
    assert reasons == [["after", -1, "the DAG is paused"]]
    shared.submit("unpause", dag_ids=["pauses"])
    assert shared.wait_for_run("pauses", run_id) == "success"


def test_a_pause_written_as_a_row_is_heard(shared: Live) -> None:
    from store import client

    run_id = run_waiting(shared, "rowpause")
    from store import edits

    with shared.store.write() as connection:
        edits.set_paused(connection, ["rowpause"], True, "test")
    client.ring(shared.workspace)
    (shared.workspace.root / "rowpause-gate").touch()
    wait_for(lambda: shared.states("rowpause", run_id)["work"] == "success")
    assert shared.ask("get_reasons", dag_id="rowpause", run_id=run_id)[0][2] == "the DAG is paused"


def test_a_backfill_makes_the_runs_of_its_days_once(shared: Live) -> None:
    shared.write("fills.py", THREE.format(dag_id="fills"))
    shared.wait_for_dag("fills")
    shared.submit("unpause", dag_ids=["fills"])
    payload = {"dag_id": "fills", "from_date": "2026-02-01", "to_date": "2026-02-05"}
    planned = shared.submit("backfill", dry_run=True, **payload)
    assert planned["backfill_id"] is None
    assert [date[:10] for _, date in planned["runs"]] == [f"2026-02-0{day}" for day in range(1, 6)]
    assert shared.value("SELECT count(*) FROM dag_run WHERE run_type = 'backfill'") == 0
    done = shared.submit("backfill", max_active_runs=2, **payload)
    for run_id, _ in done["runs"]:
        assert shared.wait_for_run("fills", run_id) == "success"
    again = shared.submit("backfill", dry_run=True, **payload)
    assert again["runs"] == []
    assert (
        len(shared.submit("backfill", dry_run=True, reprocess="completed", **payload)["runs"]) == 5
    )


def test_what_does_not_exist_is_refused_by_name(shared: Live) -> None:
    assert "no DAG 'nothing'" in shared.refused("trigger", dag_id="nothing")
    shared.write("there.py", THREE.format(dag_id="there"))
    shared.wait_for_dag("there")
    assert "has no run 'nope'" in shared.refused("clear", dag_id="there", run_ids=["nope"])
    shared.submit("unpause", dag_ids=["there"])
    run_id = shared.trigger("there", run_id="mine")
    assert run_id == "mine"
    assert "already" in shared.refused("trigger", dag_id="there", run_id="mine")
    assert "no command 'dance'" in shared.refused("dance")


def test_commands_and_their_answers_are_kept(shared: Live) -> None:
    shared.write("kept.py", THREE.format(dag_id="kept"))
    shared.wait_for_dag("kept")
    shared.submit("unpause", dag_ids=["kept"])
    run_id = shared.trigger("kept")
    shared.wait_for_run("kept", run_id)
    kinds = shared.query("SELECT kind, actor FROM event WHERE run_id = ? ORDER BY id", run_id)
    assert ("run_triggered", "test") in kinds
    assert kinds[-1] == ("run_success", "runner")


def test_a_new_daily_dag_without_catchup_makes_one_run(shared: Live) -> None:
    shared.write(
        "daily.py",
        """
from datetime import datetime
from dagtop import DAG, task
with DAG("daily", schedule="@daily", start_date=datetime(2026, 1, 1),
         is_paused_upon_creation=False):
    @task
    def show(ds=None, data_interval_end=None): return [ds, str(data_interval_end)]
    show()
""",
    )
    shared.wait_for_dag("daily")
    wait_for(lambda: shared.value("SELECT count(*) FROM dag_run WHERE dag_id = 'daily'"))
    today = datetime.combine(datetime.now(UTC).date(), datetime.min.time(), UTC)
    rows = shared.query("SELECT run_id, run_type, logical_date FROM dag_run WHERE dag_id = 'daily'")
    yesterday = today - timedelta(days=1)
    assert rows == [
        (f"scheduled__{today.isoformat()}", "scheduled", yesterday.timestamp() * 1_000_000)
    ]
    assert shared.wait_for_run("daily", rows[0][0]) == "success"
    next_run = shared.value("SELECT next_run_after FROM dag WHERE dag_id = 'daily'")
    tomorrow = datetime.combine(
        datetime.now(UTC).date() + timedelta(days=1), datetime.min.time(), UTC
    )
    assert datetime.fromtimestamp(next_run / 1e6, UTC) == tomorrow


def test_catchup_makes_all_runs_since_the_start(shared: Live) -> None:
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=30)
    shared.write(
        "catches.py",
        f"""
from datetime import datetime, timedelta, timezone
from dagtop import DAG, EmptyOperator
with DAG("catches", schedule=timedelta(hours=6), catchup=True, is_paused_upon_creation=False,
         start_date=datetime.fromisoformat("{start.isoformat()}"), max_active_runs=2):
    EmptyOperator(task_id="nothing")
""",
    )
    wait_for(
        lambda: (
            shared.value(
                "SELECT count(*) FROM dag_run WHERE dag_id = 'catches' AND state = 'success'"
            )
            == 5
        ),
        what="five runs",
    )


def test_a_secondly_schedule_fires_by_itself(shared: Live) -> None:
    shared.write(
        "ticks.py",
        """
from datetime import datetime, timedelta
from dagtop import DAG, task
with DAG("ticks", schedule=timedelta(seconds=1), start_date=datetime(2026, 1, 1),
         is_paused_upon_creation=False):
    @task
    def tick(): pass
    tick()
""",
    )
    wait_for(
        lambda: (
            shared.value(
                "SELECT count(*) FROM dag_run WHERE dag_id = 'ticks' AND state = 'success'"
            )
            >= 3
        ),
        what="three ticks",
    )
    shared.submit("pause", dag_ids=["ticks"])
    late = shared.value(
        "SELECT max(queued_at - run_after) / 1e6 FROM "
        "(SELECT * FROM dag_run WHERE dag_id = 'ticks' ORDER BY id LIMIT -1 OFFSET 1)"
    )
    assert late < 1.0
