"""Assets from pipeline files through a real runner, and what of Airflow's is refused."""

from __future__ import annotations

import pytest

from tests.support.live import Live, wait_for

PIPELINE = """
from dagtop import DAG, Asset, EmptyOperator, task

orders = Asset("orders", "s3://shop/orders/", group="sales", extra={"owner": "ann"})
clicks = Asset("clicks")

with DAG("producer", is_paused_upon_creation=False):
    @task(outlets=[orders], inlets=clicks)
    def load(outlet_events=None, inlets=None, **context):
        outlet_events[orders].extra["rows"] = 12
        assert inlets == [clicks] and context["outlets"] == [orders]
        assert not context["triggering_asset_events"]

    @task(outlets=clicks)
    def each(n): pass

    load() >> each.expand(n=[1, 2]) >> EmptyOperator(task_id="end", outlets=[Asset("done")])

with DAG("consumer", schedule=[orders, clicks, Asset("done")], is_paused_upon_creation=False):
    @task
    def read(triggering_asset_events=None, dag_run=None):
        (one,) = triggering_asset_events[orders]
        assert one.source_dag_id == "producer" and one.source_map_index == -1
        return {"rows": one.extra["rows"], "clicks": len(triggering_asset_events[clicks]),
                "type": dag_run.run_type, "assets": len(triggering_asset_events)}

    read()
"""


def test_a_consumer_runs_when_all_its_assets_were_produced(shared: Live) -> None:
    shared.write("assets.py", PIPELINE)
    shared.wait_for_dag("consumer")
    assert shared.run("producer")[0] == "success"
    found = "SELECT run_id FROM dag_run WHERE dag_id = 'consumer'"
    run_id = wait_for(lambda: shared.value(found), what="the consumer's run")
    assert run_id.startswith("asset_triggered__")
    assert shared.wait_for_run("consumer", run_id) == "success"
    query = "SELECT value FROM xcom WHERE task_id = 'read' AND key = 'return_value'"
    value = shared.value(query)
    assert b'"rows":12' in value
    assert b'"clicks":2' in value
    assert b'"assets":3' in value
    assert b'"asset_triggered"' in value
    shown = shared.query("SELECT schedule, schedule_words FROM dag WHERE dag_id = 'consumer'")
    assert shown == [("Asset", "3 assets")]
    extra = "SELECT \"group\", extra, uri FROM asset WHERE name = 'orders'"
    assert shared.query(extra) == [("sales", '{"owner":"ann"}', "s3://shop/orders")]


@pytest.mark.postgres
def test_assets_work_on_postgresql(remote: Live) -> None:
    remote.write("assets.py", PIPELINE)
    remote.start()
    remote.wait_for_dag("consumer")
    assert remote.run("producer")[0] == "success"
    found = "SELECT run_id FROM dag_run WHERE dag_id = 'consumer'"
    run_id = wait_for(lambda: remote.value(found), what="the consumer's run")
    assert remote.wait_for_run("consumer", run_id) == "success"
    assert remote.submit("asset_event", asset="orders")["dags"] == ["consumer"]
    assert remote.value("SELECT count(*) FROM dagrun_asset_event") == 4


def test_extra_that_is_no_json_fails_the_task(shared: Live) -> None:
    shared.write(
        "odd.py",
        """
from dagtop import DAG, Asset, task
out = Asset("odd")
with DAG("odd"):
    @task(outlets=[out])
    def work(outlet_events=None):
        outlet_events[out].extra = {"x": object()}
    work()
""",
    )
    assert shared.run("odd")[0] == "failed"
    reason = "SELECT reason FROM task_try t JOIN task_instance i ON i.id = task_instance_id "
    assert "can't be written as JSON" in shared.value(reason + "WHERE dag_id = 'odd'")
    assert shared.value("SELECT event_count FROM asset WHERE name = 'odd'") == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("from dagtop import AssetAlias", "dagtop has no AssetAlias"),
        ("from dagtop import AssetWatcher", "dagtop has no AssetWatcher"),
        ("from dagtop import asset", "dagtop has no asset ("),
        ("from dagtop import AssetOrTimeSchedule", "dagtop has no AssetOrTimeSchedule"),
        ("from dagtop import Dataset", "it is called Asset"),
        ("from dagtop import Asset; Asset('a', watchers=[1])", "dagtop has no asset watchers"),
        ("from dagtop import Asset; Asset.ref(name='a')", "dagtop has no Asset.ref"),
        ("from dagtop import DAG; DAG('d', schedule=['a'])", "a schedule can't be a list"),
    ],
)
def test_what_is_not_built_is_refused_with_its_place(shared: Live, line: str, words: str) -> None:
    shared.write("refused.py", f"# {words}\n{line}\n")
    error = "SELECT error FROM pipeline_file WHERE file = 'dags/refused.py'"
    wait_for(lambda: words in (shared.value(error) or ""), what=words)
    assert shared.value(error).startswith("dags/refused.py:2: ")
