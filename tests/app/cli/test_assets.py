"""``dagtop assets``, on a real runner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.exit_codes import ExitCode
from store.workspace import Workspace
from tests.app.cli.conftest import Command, Outcome, run_command
from tests.support.live import Live, live, wait_for

PIPELINE = """
from dagtop import DAG, Asset, BashOperator

orders, clicks = Asset("orders", "s3://shop/orders", group="sales"), Asset("clicks")

with DAG("load", is_paused_upon_creation=False):
    BashOperator(task_id="copy", bash_command="true", outlets=[orders], inlets=[clicks])

with DAG("report", schedule=[orders, clicks], is_paused_upon_creation=False):
    BashOperator(task_id="print", bash_command="true")
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("space")) as workspace:
        workspace.write("assets.py", PIPELINE)
        workspace.start()
        workspace.wait_for_dag("report")
        yield workspace


def run(running: Live, *arguments: str) -> Outcome:
    return run_command(Path(running.workspace.root), "assets", *arguments)


def test_assets_are_made_listed_and_run_what_waits_for_them(running: Live) -> None:
    first = run(running, "list", "--json").document["assets"]
    assert [(one["name"], one["event_count"]) for one in first] == [("clicks", 0), ("orders", 0)]
    made = run(running, "materialize", "orders")
    assert made.code == 0
    running.wait_for_run("load", made.out.strip())
    listed = run(running, "list")
    assert "load.copy" in listed.out
    assert "report (1 of 2 assets ready)" in listed.out
    recorded = run(running, "record", "clicks", "--extra", '{"rows": 3}')
    assert (recorded.code, recorded.out) == (0, "recorded an event of clicks\n")
    (follower,) = wait_for(
        lambda: run(running, "events", "s3://shop/orders", "--json").document["events"][0][
            "created_dagruns"
        ]
    )
    assert follower["dag_id"] == "report"
    running.wait_for_run("report", follower["run_id"])
    shown = run(running, "events", "clicks")
    assert "by hand" in shown.out
    assert '{"rows": 3}' in shown.out
    details = run(running, "details", "orders").out
    assert "sales" in details
    assert "load.copy" in details
    dags = run_command(running.workspace.root, "dags", "list").out
    assert "2 assets" in dags


def test_what_can_not_be_is_said(running: Live) -> None:
    refused = run(running, "materialize", "clicks")
    assert (refused.code, "no DAG produces it" in refused.err) == (ExitCode.USAGE, True)
    missing = run(running, "details", "order")
    assert missing.code == ExitCode.NOT_FOUND
    assert "did you mean 'orders'" in missing.err
    assert "--extra is not JSON" in run(running, "record", "orders", "--extra", "{").err


def test_without_assets_there_is_nothing_to_list(filled: Workspace, dagtop: Command) -> None:
    assert "no pipeline file names an asset" in dagtop("assets", "list").err
