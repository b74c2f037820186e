"""The demo, whole: a real runner makes the history of every pipeline."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from app.demo import HISTORY, prepare, start_history
from tests.support.live import Live, wait_for

HISTORIES = [replace(history, runs=2) for history in HISTORY]
"""Shorter than the demo's, whose hundreds of tasks take minutes; a third run proves no more."""
UNFINISHED = "SELECT count(*) FROM dag_run WHERE state IN ('queued', 'running')"


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    workspace = Live(prepare(tmp_path / "demo"))
    workspace.start()
    yield workspace
    workspace.stop()


@pytest.mark.slow
@pytest.mark.timeout(480)
def test_every_pipeline_gets_its_history_from_a_backfill_and_goes_on_by_its_schedule(
    live: Live,
) -> None:
    beginnings = start_history(live.workspace, HISTORIES)
    assert [(one.dag_id, one.runs, one.problem) for one in beginnings] == [
        (history.dag_id, history.runs, "") for history in HISTORIES
    ]
    assert start_history(live.workspace, HISTORIES) == [], "it is started once"
    scheduled = "SELECT count(*) FROM dag_run WHERE run_type = 'scheduled'"
    try:
        wait_for(
            lambda: live.value(scheduled) >= len(HISTORIES) and live.value(UNFINISHED) == 0,
            timeout=200,
            what="all runs to end",
        )
    except AssertionError as error:
        error.add_note(what_waits(live))
        raise
    ended = Counter(live.query("SELECT dag_id, state FROM dag_run WHERE run_type = 'backfill'"))
    assert ended == {
        (one.dag_id, "failed" if one.dag_id == "fails_on_purpose" else "success"): one.runs
        for one in HISTORIES
    }, what_failed(live)
    no_gap(live)
    cards = sorted((live.workspace.root / "models" / "elasticnet").glob("*/card.json"))
    assert len(cards) == 3, "two of the backfill, one of the schedule"
    assert all(json.loads(card.read_text())["metrics"]["rmse"] < 80 for card in cards)


def what_waits(live: Live) -> str:
    """The unfinished task instances of the unfinished runs, and the runner's own view."""
    rows = live.query(
        "SELECT r.dag_id, r.run_id, r.state, i.task_id, i.map_index, i.state FROM dag_run r"
        " LEFT JOIN task_instance i ON i.dag_run_id = r.id AND (i.state IS NULL OR i.state NOT IN"
        " ('success', 'failed', 'skipped', 'upstream_failed', 'removed'))"
        " WHERE r.state IN ('queued', 'running')"
    )
    return "\n".join([*map(str, rows), live.log_text(), str(live.ask("get_status"))])


def what_failed(live: Live) -> str:
    """The ends of the logs of the tries that failed, but for those that do so on purpose."""
    rows = live.query(
        "SELECT r.id, t.id, r.dag_id, r.run_id, i.task_id, i.map_index FROM task_try t"
        " JOIN task_instance i ON i.id = t.task_instance_id JOIN dag_run r ON r.id = i.dag_run_id"
        " WHERE t.state = 'failed' AND r.dag_id <> 'fails_on_purpose'"
    )
    logs = [live.workspace.log(run, one).read_text()[-2_000:] for run, one, *_ in rows]
    return "\n".join(f"{row[2:]}\n{log}" for row, log in zip(rows, logs, strict=True))


def no_gap(live: Live) -> None:
    """The runs of a DAG, backfilled and scheduled, are one period apart."""
    for history in HISTORIES:
        dates = [
            moment
            for (moment,) in live.query(
                "SELECT logical_date FROM dag_run WHERE dag_id = ? ORDER BY 1", history.dag_id
            )
        ]
        steps = {later - earlier for earlier, later in pairwise(dates)}
        assert steps == {history.period // timedelta(microseconds=1)}, history.dag_id
