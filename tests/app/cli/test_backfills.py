"""Backfills listed, held, limited and cancelled, and runs deleted, with a real runner."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.cli.exit_codes import ExitCode
from store import client
from store.engine import open_store
from store.workspace import Workspace
from tests.app.cli.conftest import Command, Outcome, run_command
from tests.store.queries.test_backfills import add
from tests.support.live import Live, wait_for

PIPELINE = """
from datetime import UTC, datetime
import time
from dagtop import dag, task

@dag(schedule="@daily", start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=False,
     end_date=datetime(2026, 1, 9, tzinfo=UTC), is_paused_upon_creation=False)
def slow():
    @task
    def sleeps():
        time.sleep(600)

    sleeps()

slow()
"""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    workspace = Live(tmp_path_factory.mktemp("backfills"))
    workspace.write("slow.py", PIPELINE)
    workspace.start()
    try:
        workspace.wait_for_dag("slow")
        yield workspace
    finally:
        workspace.stop()


def dagtop(live: Live, *arguments: str) -> Outcome:
    return run_command(live.workspace.root, *arguments)


def runs_of(live: Live, key: str) -> dict[str, int]:
    document = dagtop(live, "dags", "backfills", "slow", "--json").document
    return next(one["runs"] for one in document["backfills"] if str(one["id"]) == key)


def test_a_backfill_is_listed_held_limited_and_cancelled_and_its_runs_deleted(live: Live) -> None:
    span = ("--from", "2026-01-02", "--to", "2026-01-05", "--max-active-runs", "1")
    made = dagtop(live, "dags", "backfill", "slow", *span, "--json").document
    key = str(made["backfill_id"])
    assert made["open"].endswith("--dag slow")
    wait_for(lambda: runs_of(live, key) == {"running": 1, "queued": 3})
    listed = dagtop(live, "dags", "backfills", "slow").out.splitlines()
    assert listed[1].split()[0] == key
    assert "1 running, 3 queued" in listed[1]
    assert "0/4" in listed[1]
    assert listed[1].split().count(client.user()) == 1

    waiting = {"dag_id": "slow", "run_id": made["runs"][3]["run_id"]}
    assert live.ask("get_reasons", **waiting)[0][2] == (
        f"the run is queued: 1 runs of backfill {key} are running, max_active_runs is 1"
    )
    assert dagtop(live, "dags", "pause-backfill", key).out == f"backfill {key} is paused\n"
    paused = f"the run is queued: backfill {key} is paused"
    assert live.ask("get_reasons", **waiting)[0][2] == paused
    raised = dagtop(live, "dags", "limit-backfill", key, "2", "--json").document
    assert raised == {"backfill_id": int(key), "max_active_runs": 2, "former": 1}
    document = dagtop(live, "dags", "backfills", "slow", "--json").document
    assert [one["state"] for one in document["backfills"]] == ["paused"]
    assert runs_of(live, key) == {"running": 1, "queued": 3}
    resumed = dagtop(live, "dags", "unpause-backfill", key, "--json").document
    assert resumed == {"backfill_id": int(key), "is_paused": False}
    wait_for(lambda: runs_of(live, key) == {"running": 2, "queued": 2})

    refused = dagtop(live, "dags", "cancel-backfill", key)
    assert refused.code == ExitCode.USAGE
    asked = f"Cancel backfill {key} of slow? 2 queued runs fail, what runs goes on. Say --yes"
    assert asked in refused.err
    cancelled = dagtop(live, "dags", "cancel-backfill", key, "--yes")
    assert cancelled.out == (
        f"cancelled backfill {key}: 2 queued runs failed; 2 running ones go on\n"
    )
    again = dagtop(live, "dags", "cancel-backfill", key, "--yes")
    assert again.code == ExitCode.REFUSED
    assert f"backfill {key} of slow was cancelled already" in again.err

    ids = [one["run_id"] for one in made["runs"]]
    unfit = dagtop(live, "runs", "delete", "slow", ids[0], "--yes")
    assert unfit.code == ExitCode.REFUSED
    assert f"run {ids[0]} is running: cancel it first, then delete it" in unfit.err
    assert dagtop(live, "runs", "delete", "slow", ids[2]).code == ExitCode.USAGE
    assert dagtop(live, "runs", "delete", "slow", *ids[2:], "--yes").out == (
        f"deleted {ids[2]}\ndeleted {ids[3]}\n"
    )
    assert dagtop(live, "runs", "cancel", "slow", ids[0], "--yes").code == 0
    folder = live.workspace.tries / str(live.value("SELECT min(id) FROM dag_run"))
    assert folder.is_dir()
    gone = ("runs", "delete", "slow", ids[0], "--yes", "--json")
    wait_for(lambda: dagtop(live, *gone).out, what="its process to end")
    wait_for(lambda: not folder.exists(), what="its folder to go")
    left = dagtop(live, "runs", "list", "slow", "--json").document["runs"]
    assert [one["run_id"] for one in left] == [ids[1]]


def test_a_backfill_that_is_not_there_is_said_so(live: Live) -> None:
    for arguments in (
        ("pause-backfill", "99"),
        ("unpause-backfill", "99"),
        ("limit-backfill", "99", "2"),
        ("cancel-backfill", "99", "--yes"),
    ):
        outcome = dagtop(live, "dags", *arguments)
        assert outcome.code == ExitCode.NOT_FOUND
        assert "there is no backfill 99; 'dagtop dags backfills DAG' lists" in outcome.err
    assert dagtop(live, "dags", "backfills", "nope").code == ExitCode.NOT_FOUND


@pytest.mark.usefixtures("filled")
def test_without_a_runner_it_is_written_down_for_the_next(
    dagtop: Command, workspace: Workspace
) -> None:
    assert dagtop("dags", "backfills", "dag_0000").out == ""
    with open_store(workspace) as store, store.write() as connection:
        add(connection, 1)
    for arguments in (
        ("dags", "pause-backfill", "1"),
        ("dags", "cancel-backfill", "1", "--yes"),
        ("runs", "delete", "dag_0000", "latest", "--yes"),
    ):
        outcome = dagtop(*arguments)
        assert (outcome.code, outcome.out) == (0, "")
        assert outcome.err.startswith("no runner is up: it is done when one starts (")
    shown = dagtop("dags", "backfills", "dag_0000").out
    assert "running" in shown
    assert "anna" in shown
