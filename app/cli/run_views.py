"""DAG runs as ``dagtop runs`` lists and shows them."""

from __future__ import annotations

import json as jsonlib
from collections import Counter
from collections.abc import Iterable

from app.cli import documents
from app.cli.dag_views import named_states
from app.cli.lookups import find_dag, find_run
from app.cli.output import (
    Cell,
    Column,
    note,
    print_facts,
    print_json,
    print_table,
    say,
    state_cell,
)
from app.cli.task_views import INSTANCE_COLUMNS, instance_cells, marked_words
from app.cli.times import parse_moment, shown
from app.durations import duration
from store.engine import Store
from store.queries import runs, tasks
from store.queries.assets import consumed_assets
from store.queries.marks import mark_of_run
from store.queries.runs import RunFilter, RunRow
from store.secrets import masked
from store.states import RUN_STATE_LOOKS, TASK_STATE_LOOKS, DagRunState, DagRunType


def run_filter(
    dag_id: str | None,
    states: Iterable[str] | None,
    types: Iterable[str] | None,
    since: str | None,
    until: str | None,
) -> RunFilter:
    """The filter that the options of ``runs list`` say."""
    return RunFilter(
        dag_id=dag_id,
        states=named_states("--state", states, DagRunState),
        types=named_states("--type", types, DagRunType),
        since=parse_moment(since, None, "--since") if since else None,
        until=parse_moment(until, None, "--until") if until else None,
    )


def list_runs(store: Store, wanted: RunFilter, limit: int, json: bool) -> None:
    """Print the newest runs."""
    with store.read() as connection:
        page = runs.list_runs(connection, wanted, limit=limit)
        if not page.rows and wanted.dag_id is not None:
            find_dag(connection, wanted.dag_id)
    if json:
        print_json(
            {
                "runs": [documents.of_run(row) for row in page.rows],
                "more": page.next is not None,
            }
        )
        return
    columns = [
        Column("dag"),
        Column("run"),
        Column("state"),
        Column("type"),
        Column("started"),
        Column("took", right=True),
        Column("note", fold=True),
    ]
    print_table(columns, map(_run_cells, page.rows), empty="there is no such run")
    if page.next is not None:
        note(f"the newest {limit}; --limit shows more")


def _run_cells(row: RunRow) -> list[str | Cell]:
    return [
        row.dag_id,
        row.run_id,
        state_cell(RUN_STATE_LOOKS[row.state]),
        row.run_type,
        shown(row.started_at, None),
        duration(row.duration),
        row.note or "",
    ]


def show_run(store: Store, dag_id: str, name: str, json: bool) -> None:
    """Print all about one run."""
    with store.read() as connection:
        row = find_run(connection, dag_id, name)
        instances = tasks.list_instances(connection, row.id)
        assets = consumed_assets(connection, row.id)
        mark = mark_of_run(connection, row.id, row.state)
    if json:
        document = documents.of_run(row)
        document["consumed_assets"] = [
            {"asset": asset, "events": number} for asset, number in assets
        ]
        document["instances"] = [documents.of_instance(one) for one in instances]
        print_json(document)
        return
    counts = Counter(one.state for one in instances)
    looks = sorted((TASK_STATE_LOOKS[state].order, state) for state in counts)
    summary = ", ".join(f"{counts[state]} {TASK_STATE_LOOKS[state].word}" for _, state in looks)
    print_facts(
        [
            ("dag", row.dag_id),
            ("run", row.run_id),
            ("state", state_cell(RUN_STATE_LOOKS[row.state])),
            ("by hand", marked_words(mark)),
            ("type", row.run_type),
            ("triggered by", row.triggered_by or ""),
            ("experiment", row.experiment or ""),
            ("assets", ", ".join(f"{name} ({number})" for name, number in assets)),
            ("logical date", shown(row.logical_date, None)),
            ("data interval", _interval(row)),
            ("queued", shown(row.queued_at, None)),
            ("started", shown(row.started_at, None)),
            ("ended", shown(row.ended_at, None)),
            ("took", duration(row.duration)),
            ("conf", jsonlib.dumps(masked(row.conf), ensure_ascii=False) if row.conf else ""),
            ("version", str(row.version)),
            ("note", row.note or ""),
            ("task instances", summary),
        ]
    )
    say("")
    print_table(INSTANCE_COLUMNS, map(instance_cells, instances), empty="it has no task yet")


def _interval(row: RunRow) -> str:
    if row.data_interval_start is None or row.data_interval_start == row.data_interval_end:
        return ""
    return f"{shown(row.data_interval_start, None)} to {shown(row.data_interval_end, None)}"
