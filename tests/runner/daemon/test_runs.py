"""Real pipelines through a real runner: what they end with, and what the store holds then."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

from tests.support.live import Live, wait_for


def xcom(workspace: Live, dag_id: str, task_id: str, key: str = "return_value") -> list[Any]:
    """Values of an XCom of the DAG's newest run, by map index."""
    rows = workspace.query(
        "SELECT value FROM xcom JOIN dag_run ON dag_run.id = dag_run_id "
        "WHERE dag_id = ? AND task_id = ? AND key = ? ORDER BY run_after DESC, map_index",
        dag_id,
        task_id,
        key,
    )
    return [json.loads(value) for (value,) in rows]


def test_a_chain_passes_values_on(shared: Live) -> None:
    shared.write(
        "values.py",
        """
from dagtop import DAG, task
with DAG("values"):
    @task
    def one():
        return {"n": 1}
    @task
    def add(value):
        return value["n"] + 1
    add(one())
""",
    )
    state, tasks = shared.run("values")
    assert (state, tasks) == ("success", {"one": "success", "add": "success"})
    assert xcom(shared, "values", "add") == [2]


def test_a_failing_task_is_retried_then_fails_and_holds_back_what_is_downstream(
    shared: Live,
) -> None:
    shared.write(
        "failing.py",
        """
from dagtop import DAG, task
with DAG("failing"):
    @task(retries=2, retry_delay=0.05)
    def bad():
        raise ValueError("no such luck")
    @task
    def after(): pass
    @task(trigger_rule="all_done")
    def always(): pass
    bad() >> after() >> always()
""",
    )
    state, tasks = shared.run("failing")
    assert tasks == {"bad": "failed", "after": "upstream_failed", "always": "success"}
    assert state == "success"  # Airflow: only leaves count
    tries = shared.query(
        "SELECT task_try.try_number, task_try.state, error_type, error_message, error_place "
        "FROM task_try JOIN task_instance ti ON ti.id = task_instance_id "
        "WHERE ti.dag_id = 'failing' AND task_id = 'bad' ORDER BY 1"
    )
    assert [(number, state) for number, state, *_ in tries] == [
        (1, "up_for_retry"),
        (2, "up_for_retry"),
        (3, "failed"),
    ]
    assert tries[0][2:] == (
        "ValueError",
        "no such luck",
        f"{shared.workspace.dags / 'failing.py'}:6",
    )


def test_a_branch_skips_what_it_did_not_choose(shared: Live) -> None:
    shared.write(
        "branching.py",
        """
from dagtop import DAG, task, EmptyOperator
with DAG("branching"):
    @task.branch
    def choose():
        return "left"
    left, right = EmptyOperator(task_id="left"), EmptyOperator(task_id="right")
    join = EmptyOperator(task_id="join", trigger_rule="none_failed_min_one_success")
    choose() >> [left, right] >> join
""",
    )
    state, tasks = shared.run("branching")
    assert state == "success"
    assert tasks == {
        "choose": "success",
        "left": "success",
        "right": "skipped",
        "join": "success",
    }


def test_a_mapped_task_expands_over_an_upstream_result(shared: Live) -> None:
    shared.write(
        "mapping.py",
        """
from dagtop import DAG, task
with DAG("mapping"):
    @task
    def numbers():
        return [1, 2, 3]
    @task
    def double(n):
        return n * 2
    @task
    def total(values):
        return sum(values)
    total(double.expand(n=numbers()))
""",
    )
    state, tasks = shared.run("mapping")
    assert state == "success"
    assert tasks == {
        "numbers": "success",
        "double[0]": "success",
        "double[1]": "success",
        "double[2]": "success",
        "total": "success",
    }
    assert xcom(shared, "mapping", "total") == [12]


def test_mapping_over_none_fails_the_task_that_returned_it(shared: Live) -> None:
    shared.write(
        "mapping_none.py",
        """
from dagtop import DAG, task
with DAG("mapping_none"):
    @task
    def nothing(): pass
    @task
    def each(n): pass
    each.expand(n=nothing())
""",
    )
    state, tasks = shared.run("mapping_none")
    assert state == "failed"
    assert tasks == {"nothing": "failed", "each": "upstream_failed"}
    (reason,) = shared.query(
        "SELECT reason FROM task_try JOIN task_instance ti ON ti.id = task_instance_id "
        "WHERE ti.dag_id = 'mapping_none'"
    )[0]
    assert "maps over the return value of nothing" in reason


def test_metrics_keep_nan_and_the_infinities(shared: Live) -> None:
    shared.write(
        "metrics.py",
        """
from dagtop import DAG, task, log_metric, log_params, set_tag
with DAG("metrics"):
    @task
    def train():
        log_params({"lr": 0.1})
        set_tag("kind", "test")
        for step, value in enumerate([1.0, float("nan"), float("inf"), float("-inf"), 0.5]):
            log_metric("loss", value, step=step)
    train()
""",
    )
    assert shared.run("metrics")[0] == "success"
    from store import metric_points, tracking

    with shared.store.read() as connection:
        (run_id,) = connection.exec_driver_sql("SELECT max(id) FROM tracked_run").one()
        assert tracking.params_of(connection, run_id) == {"lr": "0.1"}
        assert tracking.tags_of(connection, run_id)["kind"] == "test"
        (summary,) = metric_points.summaries(connection, run_id)
        series = metric_points.read(connection, summary.id)
    assert list(series.steps) == [0, 1, 2, 3, 4]
    assert series.values[0] == 1.0
    assert math.isnan(series.values[1])
    assert list(series.values[2:]) == [math.inf, -math.inf, 0.5]
    assert (summary.count, summary.nan_count, summary.inf_count) == (5, 1, 2)


def test_a_sensor_in_reschedule_mode_frees_its_slot_between_pokes(shared: Live) -> None:
    shared.write(
        "sensing.py",
        """
import os
from dagtop import DAG, PythonSensor, FileSensor
def there():
    with open("pokes", "a") as file:
        file.write("x")
    return os.path.getsize("pokes") >= 3
with DAG("sensing"):
    PythonSensor(task_id="wait", python_callable=there, mode="reschedule", poke_interval=0.1)
""",
    )
    state, tasks = shared.run("sensing")
    assert (state, tasks) == ("success", {"wait": "success"})
    rows = shared.query(
        "SELECT task_try.try_number, journal_number FROM task_try "
        "JOIN task_instance ti ON ti.id = task_instance_id WHERE ti.dag_id = 'sensing'"
    )
    assert rows == [(1, 2)]  # one try, three processes


def test_bash_tasks_render_templates_and_push_their_last_line(shared: Live) -> None:
    shared.write(
        "bashing.py",
        """
from datetime import datetime
from dagtop import DAG, BashOperator, Param
with DAG("bashing", params={"who": Param("world", type="string")}):
    BashOperator(task_id="hello", bash_command="echo first; echo hello {{ params.who }} {{ ds }}")
    BashOperator(task_id="skip", bash_command="exit 99")
""",
    )
    shared.wait_for_dag("bashing")
    state, tasks = shared.run(
        "bashing", conf={"who": "dagtop"}, logical_date="2026-03-01T00:00:00+00:00"
    )
    assert (state, tasks) == ("success", {"hello": "success", "skip": "skipped"})
    assert xcom(shared, "bashing", "hello") == ["hello dagtop 2026-03-01"]
    (rendered,) = shared.query(
        "SELECT rendered FROM task_try JOIN task_instance ti ON ti.id = task_instance_id "
        "WHERE ti.dag_id = 'bashing' AND task_id = 'hello'"
    )[0]
    assert "hello dagtop 2026-03-01" in json.loads(rendered)["bash_command"]


def test_a_conf_against_the_params_is_refused_with_the_reason(shared: Live) -> None:
    shared.write(
        "typed.py",
        """
from dagtop import DAG, task, Param
with DAG("typed", params={"n": Param(1, type="integer", minimum=1)}):
    @task
    def t(): pass
    t()
""",
    )
    shared.wait_for_dag("typed")
    assert shared.refused("trigger", dag_id="typed", conf={"n": 0}) == (
        "param 'n': 0 is less than the minimum of 1"
    )


def test_callbacks_of_tasks_and_dags_are_called(shared: Live) -> None:
    shared.write(
        "calling.py",
        """
from dagtop import DAG, task
def note(word):
    def callback(context):
        with open("calls", "a") as file:
            file.write(f"{word} {context['ti'].task_id}\\n")
    return callback
with DAG("calling", on_failure_callback=note("dag failed")):
    @task(on_success_callback=note("success"), on_execute_callback=note("execute"))
    def good(): pass
    @task(retries=1, retry_delay=0.05, on_retry_callback=note("retry"),
          on_failure_callback=note("failure"))
    def bad():
        raise RuntimeError
    good() >> bad()
""",
    )
    assert shared.run("calling")[0] == "failed"
    path = shared.workspace.root / "calls"
    wait_for(lambda: "dag failed" in path.read_text(), what="the DAG's callback")
    assert path.read_text().splitlines() == [
        "execute good",
        "success good",
        "retry bad",
        "failure bad",
        "dag failed bad",
    ]


def test_timeouts_end_tasks_and_runs(shared: Live) -> None:
    shared.write(
        "slow.py",
        """
import time
from datetime import timedelta
from dagtop import DAG, task
with DAG("slow_task"):
    @task(execution_timeout=timedelta(seconds=0.3))
    def slow():
        time.sleep(60)
    slow()
with DAG("slow_run", dagrun_timeout=timedelta(seconds=0.5)):
    @task
    def slow2():
        time.sleep(60)
    @task
    def after(): pass
    slow2() >> after()
""",
    )
    state, tasks = shared.run("slow_task")
    assert (state, tasks) == ("failed", {"slow": "failed"})
    state, tasks = shared.run("slow_run")
    assert (state, tasks) == ("failed", {"slow2": "skipped", "after": "skipped"})
    wait_for(lambda: shared.ask("get_status")["executing"] == 0, what="the process to end")


def test_a_pool_of_one_slot_never_overlaps(shared: Live) -> None:
    from store import edits

    with shared.store.write() as connection:
        edits.set_pool(connection, "narrow", slots=1, description="", actor="test")
    shared.write(
        "pooled.py",
        """
import time
from dagtop import DAG, task
with DAG("pooled"):
    for number in range(5):
        @task(task_id=f"t{number}", pool="narrow")
        def t():
            began = time.time()
            time.sleep(0.05)
            return [began, time.time()]
        t()
""",
    )
    state, _ = shared.run("pooled")
    assert state == "success"
    spans = sorted(span for number in range(5) for span in xcom(shared, "pooled", f"t{number}"))
    for (_, ended), (began, _) in itertools.pairwise(spans):
        assert ended <= began


def test_variables_and_prior_xcoms_are_answered(shared: Live) -> None:
    shared.write(
        "asking.py",
        """
from dagtop import DAG, task, Variable
with DAG("asking"):
    @task
    def put():
        Variable.set("colour", "blue")
        return Variable.get("colour")
    @task
    def pull(ti=None):
        return [ti.xcom_pull(task_ids="put"), Variable.get("missing", default="none")]
    put() >> pull()
""",
    )
    state, _ = shared.run("asking")
    assert state == "success"
    assert xcom(shared, "asking", "pull") == [["blue", "none"]]


def test_setup_and_teardown_surround_work_that_fails(shared: Live) -> None:
    shared.write(
        "surround.py",
        """
from dagtop import DAG, task, setup, teardown
with DAG("surround"):
    @setup
    def make(): pass
    @task
    def work():
        raise RuntimeError
    @teardown
    def unmake(): pass
    m, w, u = make(), work(), unmake()
    m >> w >> u
    m >> u
""",
    )
    state, tasks = shared.run("surround")
    assert tasks == {"make": "success", "work": "failed", "unmake": "success"}
    assert state == "failed"


def test_resources_of_a_try_are_measured_with_its_children(shared: Live) -> None:
    shared.write(
        "using.py",
        """
import subprocess, sys, time
from dagtop import DAG, task
with DAG("using"):
    @task
    def use():
        block = bytearray(60_000_000)
        subprocess.run([sys.executable, "-c", "sum(i*i for i in range(8_000_000))"], check=True)
        time.sleep(0.5)
        return len(block)
    use()
""",
    )
    assert shared.run("using")[0] == "success"
    row = wait_for(
        lambda: shared.query(
            "SELECT peak_rss, cpu_seconds, exit_status FROM task_try "
            "JOIN task_instance ti ON ti.id = task_instance_id "
            "WHERE ti.dag_id = 'using' AND exit_status IS NOT NULL"
        ),
        what="the final figures",
    )[0]
    peak, cpu, status = row
    assert peak > 60_000_000
    assert cpu > 0.1
    assert status == 0
    assert shared.value("SELECT count(*) FROM resource_sample") > 0


def test_a_task_that_depends_on_the_past_waits_for_the_run_before(shared: Live) -> None:
    shared.write(
        "past.py",
        """
import os, time
from datetime import datetime
from dagtop import DAG, task
with DAG("past", schedule="@daily", start_date=datetime(2026, 1, 1), end_date=datetime(2026, 2, 1)):
    @task(depends_on_past=True)
    def step(ds=None):
        while ds == "2026-01-01" and not os.path.exists("past-gate"):
            time.sleep(0.01)
        return time.time()
    step()
""",
    )
    shared.wait_for_dag("past")
    shared.submit("unpause", dag_ids=["past"])
    first = shared.trigger("past", logical_date="2026-01-01T00:00:00+00:00")
    wait_for(lambda: shared.states("past", first)["step"] == "running")
    second = shared.trigger("past", logical_date="2026-01-02T00:00:00+00:00")
    reasons = wait_for(lambda: shared.ask("get_reasons", dag_id="past", run_id=second))
    assert "past" in reasons[0][2]
    assert shared.states("past", second)["step"] is None
    (shared.workspace.root / "past-gate").touch()
    assert shared.wait_for_run("past", first) == "success"
    assert shared.wait_for_run("past", second) == "success"
    earlier, later = sorted(xcom(shared, "past", "step"))
    assert earlier < later


def test_a_variable_may_be_read_while_a_file_is_imported(shared: Live) -> None:
    from store import edits

    with shared.store.write() as connection:
        edits.set_variable(connection, "greeting", "hello", actor="test")
    shared.write(
        "reading.py",
        """
from dagtop import DAG, Variable, task
GREETING = Variable.get("greeting")
with DAG("reading", tags=[GREETING]):
    @task
    def say(): return GREETING
    say()
""",
    )
    assert shared.run("reading")[0] == "success"
    assert xcom(shared, "reading", "say") == ["hello"]
    assert shared.value("SELECT tags FROM dag WHERE dag_id = 'reading'") == '["hello"]'
