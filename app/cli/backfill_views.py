"""Backfills as ``dagtop dags`` lists, holds and cancels them."""

from __future__ import annotations

from app.cli import documents
from app.cli.acting import act_or_leave
from app.cli.lookups import find_backfill, find_dag
from app.cli.output import Cell, Column, note, print_json, print_table, say, state_cell
from app.cli.session import confirm, reading
from app.cli.times import shown
from store.engine import Store
from store.queries.backfills import MOST, BackfillRow
from store.queries.backfills import list_backfills as listed
from store.states import BACKFILL_STATE_LOOKS, RUN_STATE_LOOKS, DagRunState
from store.workspace import Workspace


def list_backfills(store: Store, dag_id: str, json: bool) -> None:
    """Print the newest backfills of a DAG."""
    with store.read() as connection:
        find_dag(connection, dag_id)
        rows = listed(connection, dag_id)
    if json:
        print_json({"dag_id": dag_id, "backfills": [documents.of_backfill(row) for row in rows]})
        return
    columns = [
        Column("id", right=True),
        Column("state"),
        Column("from"),
        Column("to"),
        Column("ended", right=True),
        Column("runs", fold=True),
        Column("at once", right=True),
        Column("reprocess"),
        Column("by"),
        Column("made"),
    ]
    print_table(columns, map(_cells, rows), empty=f"{dag_id} has no backfill")
    if len(rows) == MOST:
        note(f"the newest {MOST}")


def _cells(row: BackfillRow) -> list[str | Cell]:
    looks = sorted(row.runs, key=lambda state: RUN_STATE_LOOKS[state].order)
    return [
        str(row.id),
        state_cell(BACKFILL_STATE_LOOKS[row.state]),
        shown(row.from_date, None),
        shown(row.to_date, None),
        f"{row.done}/{row.total}" + ("+" if row.next_date is not None else ""),
        ", ".join(f"{row.runs[state]} {state}" for state in looks),
        str(row.max_active_runs),
        row.reprocess,
        row.actor,
        shown(row.created_at, None),
    ]


def set_paused(space: Workspace, key: int, paused: bool, json: bool) -> None:
    """Pause a backfill, or let it go on."""
    _look_for(space, key)
    kind = "pause_backfill" if paused else "unpause_backfill"
    act_or_leave(space, kind, {"backfill_id": key}, json=json)
    if json:
        print_json({"backfill_id": key, "is_paused": paused})
    else:
        say(f"backfill {key} is {'paused' if paused else 'unpaused'}")


def set_limit(space: Workspace, key: int, limit: int, json: bool) -> None:
    """Set how many runs of a backfill run at the same time."""
    _look_for(space, key)
    payload = {"backfill_id": key, "max_active_runs": limit}
    answer = act_or_leave(space, "limit_backfill", payload, json=json)
    if json:
        print_json({**payload, "former": answer.get("former")})
    else:
        say(f"at most {limit} runs of backfill {key} run at the same time")


def cancel(space: Workspace, key: int, *, yes: bool, json: bool) -> None:
    """Cancel a backfill, after asking."""
    row = _look_for(space, key)
    queued = row.runs.get(DagRunState.QUEUED, 0)
    confirm(
        f"Cancel backfill {key} of {row.dag_id}? {queued} queued runs fail, what runs goes on.",
        yes=yes,
    )
    answer = act_or_leave(space, "cancel_backfill", {"backfill_id": key}, json=json)
    failed, running = answer.get("failed"), answer.get("running")
    if json:
        print_json({"backfill_id": key, "failed": failed, "running": running})
        return
    also = f"; {running} running ones go on" if running else ""
    say(f"cancelled backfill {key}: {failed} queued runs failed{also}")


def _look_for(space: Workspace, key: int) -> BackfillRow:
    """The backfill as it is. Raises ``CommandError`` where there is none."""
    with reading(str(space.root)) as store, store.read() as connection:
        return find_backfill(connection, key)
