"""``app.demo.start_history``: real backfills, asked for once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo import HISTORY, History, prepare, start_history
from app.demo.notes import read_notes
from app.demo.workspace import PIPELINES
from store.workspace import Workspace

PERIODS = [timedelta(hours=1), timedelta(days=1)]


@given(
    after=st.timedeltas(timedelta(days=30), timedelta(days=5000)),
    period=st.sampled_from(PERIODS),
    offset=st.integers(0, 23),
    runs=st.integers(1, 9),
)
def test_history_ends_where_the_schedule_goes_on(
    after: timedelta, period: timedelta, offset: int, runs: int
) -> None:
    """Between the ticks in the span and the scheduled run's tick is no gap and no overlap."""
    anchor = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=offset)
    now = anchor + after
    newest_complete = anchor + ((now - anchor) // period - 1) * period
    first, last = History("any", "any.py", period, runs).span(now)
    ticks = [
        newest_complete - number * period
        for number in range(-3, runs + 4)
        if first <= newest_complete - number * period <= last
    ]
    assert max(ticks) == newest_complete - period
    assert len(ticks) == runs


def test_every_pipeline_file_has_a_history() -> None:
    assert {history.file for history in HISTORY} == {path.name for path in PIPELINES.glob("*.py")}


def test_without_a_runner_each_history_says_what_to_do(tmp_path: Path) -> None:
    workspace = Workspace(prepare(tmp_path))
    beginnings = start_history(workspace, patience=0)
    assert [beginning.dag_id for beginning in beginnings] == [one.dag_id for one in HISTORY]
    assert all("dagtop up" in beginning.problem for beginning in beginnings)
    assert read_notes(workspace).history == []


def test_a_pipeline_that_the_user_deleted_is_passed_over(tmp_path: Path) -> None:
    workspace = Workspace(prepare(tmp_path))
    for path in workspace.dags.glob("*.py"):
        path.unlink()
    assert start_history(workspace, patience=0) == []


@pytest.mark.parametrize("history", HISTORY, ids=lambda history: history.dag_id)
def test_history_begins_after_the_start_date(history: History) -> None:
    first, _ = history.span(datetime(2026, 1, 1, tzinfo=UTC))
    assert first > datetime(2025, 1, 1, tzinfo=UTC)
