"""Going on only in the latest run of a schedule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from runner.authoring.operators.branch import BaseBranchOperator


class LatestOnlyOperator(BaseBranchOperator):
    """Skips what is directly downstream unless the run is the latest that its schedule gives now.

    A run that was triggered by hand always goes on.
    """

    ui_color = "#e9ffdb"

    def choose_branch(self, context: Any) -> list[str]:
        go_on = sorted(self.downstream_task_ids)
        run = context["dag_run"]
        dag = self.dag
        if run.run_type == "manual" or dag is None:
            return go_on
        at = run.logical_date or run.run_after
        begin, end = run.data_interval_start or at, run.data_interval_end or at
        following = _end_of_following(dag.timetable, begin, end)
        if following is None or end < datetime.now(UTC) <= following:
            return go_on
        self.log.info("This is not the latest run: the period after it ended at %s", following)
        return []


def _end_of_following(timetable: Any, begin: datetime, end: datetime) -> datetime | None:
    """When the period after this one ends; None where there is none."""
    from runner.authoring.timetables import DataInterval, TimeRestriction

    restriction = TimeRestriction(end, None, catchup=True)
    info = timetable.next_dagrun_info(DataInterval(begin, end), restriction, datetime.now(UTC))
    return info.interval.end if info is not None and info.interval is not None else None
