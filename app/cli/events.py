"""``dagtop events``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.completion import complete_dag
from app.cli.errors import usage_error
from app.cli.groups import group
from app.cli.output import Column, print_json, print_table
from app.cli.session import JsonOption, WorkspaceOption, reading
from app.cli.times import shown

if TYPE_CHECKING:
    from store.events import EventRow

app = group("The audit trail: who did what, and why.")


@app.command("list")
def list_events(
    dag: Annotated[
        str | None, typer.Option(help="Only of this DAG.", autocompletion=complete_dag)
    ] = None,
    run: Annotated[
        str | None, typer.Option(help="Only of this run: an id, the beginning of one, 'latest'.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="Only of this task of the run.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind, such as dag_paused.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 50,
    before: Annotated[
        int | None, typer.Option(help="Only older ones than the event with this id.")
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List what happened.

    Who did what, and what the runner did and why; newest first.
    """
    from app.cli import documents
    from app.cli.lookups import find_dag, find_run
    from store import events

    if run is not None and dag is None:
        raise usage_error("--run needs --dag: a run id belongs to a DAG")
    if task is not None and run is None:
        raise usage_error("--task needs --dag and --run")
    with reading(workspace) as store, store.read() as connection:
        run_key = None
        if dag is not None and run is not None:
            run_key = find_run(connection, dag, run).id
        elif dag is not None:
            find_dag(connection, dag)
        rows = events.list_events(
            connection,
            dag_id=dag,
            dag_run_id=run_key,
            task_id=task,
            kind=kind,
            limit=limit,
            before=before,
        )
    if json:
        print_json({"events": [documents.of_event(row) for row in rows]})
    else:
        _print(rows)


def _print(rows: list[EventRow]) -> None:
    from app.cli.lookups import instance_name

    columns = [
        Column("at"),
        Column("kind"),
        Column("actor"),
        Column("dag"),
        Column("task"),
        Column("what", fold=True),
    ]
    cells = [
        (
            shown(row.at, None),
            row.kind,
            row.actor,
            row.dag_id or "",
            "" if row.task_id is None else instance_name(row.task_id, _index(row.map_index)),
            row.message,
        )
        for row in rows
    ]
    print_table(columns, cells, empty="there is no such event")


def _index(map_index: int | None) -> int:
    return -1 if map_index is None else map_index
