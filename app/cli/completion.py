"""What the shell's completion offers for DAGs, runs and tasks. Never fails: offers nothing then."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

OFFERED = 200


def complete_dag(ctx: Any, incomplete: str) -> list[str]:
    """DAG ids."""
    found: list[str] = []
    with suppress(Exception):
        from app.cli.session import reading
        from store.queries.dags import dag_ids

        with reading(_folder(ctx)) as store, store.read() as connection:
            found = [one for one in dag_ids(connection) if one.startswith(incomplete)]
    return found[:OFFERED]


def complete_run(ctx: Any, incomplete: str) -> list[str]:
    """Run ids of the DAG that is on the command line, newest first."""
    found: list[str] = []
    with suppress(Exception):
        from app.cli.session import reading
        from store.queries.runs import RunFilter, list_runs

        with reading(_folder(ctx)) as store, store.read() as connection:
            page = list_runs(connection, RunFilter(dag_id=ctx.params["dag"]), limit=OFFERED)
        found = ["latest", *(row.run_id for row in page.rows)]
    return [one for one in found if one.startswith(incomplete)]


def complete_task(ctx: Any, incomplete: str) -> list[str]:
    """Task ids of the DAG that is on the command line, and of its run, if that is there, too: it
    may have tasks that the file has no more."""
    found: list[str] = []
    with suppress(Exception):
        from app.cli.lookups import find_run
        from app.cli.session import reading
        from store.queries.dags import get_structure
        from store.queries.tasks import task_ids_of

        dag_id, run = ctx.params["dag"], ctx.params.get("run")
        with reading(_folder(ctx)) as store, store.read() as connection:
            structure = get_structure(connection, dag_id)
            found = [task.task_id for task in structure.tasks] if structure else []
            if run:
                present = task_ids_of(connection, find_run(connection, dag_id, run).id)
                found = list(dict.fromkeys((*found, *present)))
    return [one for one in found if one.startswith(incomplete)]


def complete_param(ctx: Any, incomplete: str) -> list[str]:
    """``NAME=`` of the params of the DAG that is on the command line; then the values it allows."""
    found: list[str] = []
    with suppress(Exception):
        from json import dumps

        from app.cli.session import reading
        from store.queries.dags import get_structure

        with reading(_folder(ctx)) as store, store.read() as connection:
            # While an option lacks its value, arguments are not told apart yet.
            dag_id = ctx.params.get("dag") or ctx.args[0]
            structure = get_structure(connection, dag_id)
        for param in structure.params if structure else ():
            values = param.schema.get("enum") or ()
            if incomplete.startswith(f"{param.name}="):
                texts = [one if isinstance(one, str) else dumps(one) for one in values]
                found += [f"{param.name}={text}" for text in texts]
            else:
                found.append(f"{param.name}=")
    return [one for one in found if one.startswith(incomplete)]


def _folder(ctx: Any) -> str | None:
    """``--workspace`` of the command line that is being completed."""
    return ctx.params.get("workspace") or ctx.find_root().params.get("workspace")
