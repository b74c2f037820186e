"""When a DAG's next runs are made, asked of the runner: it knows the calendars of schedules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from store.queries.dags import DagRow


def ask_fire_times(
    app: DagtopApp,
    dag: DagRow,
    count: int,
    then: Callable[[tuple[datetime, ...] | None], None],
    until: datetime | None = None,
) -> None:
    """Ask for the next ``count`` times at most, of the schedule in force, none after ``until``;
    ``then`` gets them on the event loop, None where no runner answers."""

    def replied(reply: dict[str, Any] | str) -> None:
        known = isinstance(reply, dict)
        then(tuple(map(datetime.fromisoformat, reply.get("times") or ())) if known else None)

    request = {
        "type": "preview_schedule",
        "dag_id": dag.dag_id,
        "expression": dag.schedule_override or "",
        "window": dag.schedule_window or {},
        "count": count,
        "until": None if until is None else until.isoformat(),
    }
    app.commander.ask(request, replied)
