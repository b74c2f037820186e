"""Datasets and distributions that tasks log, through a real runner into the store."""

from __future__ import annotations

from sqlalchemy import select

from store import distributions
from store.distributions import Categories, Numbers
from store.models import tracked_run
from tests.support.live import Live

DATA = """
import dagtop
from dagtop import DAG, task

with DAG("data", is_paused_upon_creation=False):
    @task
    def infer():
        dagtop.log_input("users", [{"id": 1}, {"id": 2}], context="inference")
        dagtop.log_input("users", [{"id": 1}, {"id": 2}], context="inference")
        dagtop.log_distribution("items", ["a", "b", "a", None], step=7)
        dagtop.log_distribution("scores", [0.25, 0.75, float("inf")], step=7)
        dagtop.log_distribution("scores", [0.5], step=8)
    infer()
"""


def test_what_a_task_says_of_its_data_is_in_the_store(shared: Live) -> None:
    shared.write("data.py", DATA)
    shared.wait_for_dag("data")
    run_id = shared.trigger("data")
    assert shared.wait_for_run("data", run_id) == "success"
    found = shared.query(
        "SELECT d.name, d.source_type, i.tags FROM dataset d "
        "JOIN dataset_input i ON i.dataset_id = d.id"
    )
    assert found == [("users", "code", '{"mlflow.data.context":"inference"}')]
    with shared.store.read() as connection:
        key = connection.execute(
            select(tracked_run.c.id).where(tracked_run.c.dag_id == "data")
        ).scalar_one()
        items, first, second = distributions.of_run(connection, key)
    assert items.content == Categories({"a": 2, "b": 1}, 0, 2)
    assert (items.count, items.null_count, items.step) == (4, 1, 7)
    assert isinstance(first.content, Numbers)
    assert (first.content.infinite, first.content.max) == (1, 0.75)
    both = distributions.added([first, second])
    assert isinstance(both, Numbers)
    assert [(part.low, part.count) for part in both.bins] == [
        (0.25, 1),
        (0.5, 1),
        (0.75, 1),
        (0.76, 1),
    ]
