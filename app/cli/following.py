"""Waiting for what the runner does, without keeping the database busy."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from store.engine import Store
    from store.queries.runs import RunRow

FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.25
"""Seconds between two looks."""

Seen = TypeVar("Seen")


def wait_for(store: Store, look: Callable[[], Seen | None]) -> Seen:
    """What ``look`` finds once it finds something; it looks again after each change."""
    token, pause = None, FIRST_PAUSE
    while True:
        now = store.change_token()
        if now != token:
            token, pause = now, FIRST_PAUSE
            found = look()
            if found is not None:
                return found
        time.sleep(pause)
        pause = min(pause * 1.3, LONGEST_PAUSE)


def wait_for_run(store: Store, dag_id: str, run_id: str) -> RunRow:
    """The run, once it has ended. Raises ``CommandError`` if it is deleted meanwhile."""
    from app.cli.errors import CommandError
    from app.cli.exit_codes import ExitCode
    from store.queries.runs import get_run
    from store.states import FINISHED_RUN_STATES

    def ended() -> RunRow | None:
        with store.read() as connection:
            row = get_run(connection, dag_id, run_id)
        if row is None:
            raise CommandError(f"run {run_id} of {dag_id} is gone", ExitCode.NOT_FOUND)
        return row if row.state in FINISHED_RUN_STATES else None

    return wait_for(store, ended)
