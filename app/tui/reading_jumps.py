"""Runs and tasks of any DAG by a part of their names, for the ``:`` prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.tui.jumps import Elsewhere

if TYPE_CHECKING:
    from store.engine import Store

MOST = 20


def read_elsewhere(store: Store, sought: str) -> tuple[Elsewhere, ...]:
    """The newest runs (``run ID``), or the tasks of which there are runs (``log TASK``), whose
    names hold the text; the likeliest first."""
    from store.queries.names import runs_called, tasks_called

    verb, _, name = sought.partition(" ")
    with store.read() as connection:
        if verb == "run":
            found = [Elsewhere(*pair) for pair in runs_called(connection, name, MOST)]
        else:
            found = [Elsewhere(*three) for three in tasks_called(connection, name, MOST)]
    wanted = name.lower()
    return tuple(sorted(found, key=lambda one: not one.name.lower().startswith(wanted)))
