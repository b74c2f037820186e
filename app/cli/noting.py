"""Notes on runs and task instances, for ``dagtop runs note`` and ``dagtop tasks note``."""

from __future__ import annotations

import sys

from app.cli.acting import act
from app.cli.errors import CommandError
from app.cli.exit_codes import ExitCode
from app.cli.lookups import find_run, find_tasks
from app.cli.output import print_json, say
from store.workspace import Workspace


def show_or_write(
    space: Workspace,
    dag: str,
    run: str,
    text: str | None,
    *,
    task_id: str | None = None,
    map_index: int | None = None,
    json: bool,
) -> None:
    """Write a note, or without a text print the one that is there."""
    run_id, former = _found(space, dag, run, task_id, map_index)
    place = {"dag_id": dag, "run_id": run_id, "task_id": task_id, "map_index": map_index}
    if text is None:
        if json:
            print_json({**place, "note": former})
        elif former:
            say(former)
        return
    wanted = sys.stdin.read().strip() if text == "-" else text
    act(space, "note", {**place, "text": wanted})
    if json:
        print_json({**place, "note": wanted, "former": former})
        return
    what = run_id if task_id is None else f"{task_id} of {run_id}"
    say(f"{'wrote' if wanted else 'took away'} the note on {what}")


def _found(
    space: Workspace, dag: str, run: str, task_id: str | None, map_index: int | None
) -> tuple[str, str]:
    """The run's id, and the note that is there."""
    from store.engine import open_store
    from store.queries.tasks import get_instance

    with open_store(space, read_only=True) as store, store.read() as connection:
        row = find_run(connection, dag, run)
        if task_id is None:
            return row.run_id, row.note or ""
        find_tasks(connection, row, [task_id])
        index = -1 if map_index is None else map_index
        one = get_instance(connection, row.id, task_id, index)
    if one is None:
        words = "it is mapped: say which one with --map-index" if map_index is None else ""
        raise CommandError(
            f"run {row.run_id} has no {task_id}"
            + (f"[{index}]" if index >= 0 else "")
            + (f"; {words}" if words else ""),
            ExitCode.NOT_FOUND,
        )
    return row.run_id, one.note or ""
