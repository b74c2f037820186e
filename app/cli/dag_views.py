"""DAGs as ``dagtop dags`` lists and shows them."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, TypeVar

from app.cli import documents
from app.cli.errors import CommandError, near_misses, usage_error
from app.cli.exit_codes import ExitCode
from app.cli.lookups import find_dag
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
from app.cli.times import shown
from app.durations import duration
from store.engine import Store
from store.queries import dags
from store.queries.dags import DagFilter, DagRow, FileRow, FileWarning
from store.states import RUN_STATE_LOOKS
from store.structure import DagStructure, ParamStructure
from store.workspace import Workspace

Named = TypeVar("Named", bound=StrEnum)


def named_states(option: str, names: Iterable[str] | None, kind: type[Named]) -> frozenset[Named]:
    """The members of an enumeration that an option names."""
    known = {one.value: one for one in kind}
    for name in names or ():
        if name not in known:
            near = near_misses(name, known)
            meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise usage_error(f"{option} {name!r} is not known; {meant}")
    return frozenset(known[name] for name in names or ())


def structure_of(store: Store, dag_id: str) -> DagStructure:
    """The newest structure of a DAG."""
    with store.read() as connection:
        structure = dags.get_structure(connection, dag_id)
        if structure is None:
            find_dag(connection, dag_id)
            raise CommandError(f"DAG {dag_id} has never been imported", ExitCode.NOT_FOUND)
    return structure


def list_dags(store: Store, wanted: DagFilter, sort: str, json: bool) -> None:
    """Print the DAGs, and what is wrong with pipeline files."""
    with store.read() as connection:
        rows = dags.list_dags(connection, wanted, sort)
        errors = dags.import_errors(connection)
        warnings = dags.file_warnings(connection)
    if json:
        print_json(
            {
                "dags": [documents.of_dag(row) for row in rows],
                "import_errors": [documents.of_file(row) for row in errors],
                "warnings": [documents.of_warning(one) for one in warnings],
            }
        )
        return
    columns = [
        Column("dag"),
        Column("schedule"),
        Column("paused"),
        Column("last run"),
        Column("started"),
        Column("took", right=True),
        Column("next run"),
        Column("tags", fold=True),
    ]
    print_table(columns, map(_dag_cells, rows), empty="there is no such DAG")
    for error in errors:
        note(f"can't be imported: {place_of(error)}: {error.error}")
    for warning in warnings:
        note(f"warning: {place_of(warning)}: {warning.message}")


def place_of(row: FileRow | FileWarning) -> str:
    """``dags/train.py:12``."""
    return row.file if row.line is None else f"{row.file}:{row.line}"


def _dag_cells(row: DagRow) -> list[str | Cell]:
    last = row.last_run
    return [
        row.dag_id if row.is_active else f"{row.dag_id} (gone)",
        _short_schedule(row),
        Cell("paused", "yellow") if row.is_paused else "",
        state_cell(RUN_STATE_LOOKS[last.state]) if last else "",
        shown(last.started_at or last.run_after, None) if last else "",
        duration(last.duration) if last else "",
        "" if row.is_paused else shown(row.next_run_after, None),
        ", ".join(row.tags),
    ]


def _short_schedule(row: DagRow) -> str:
    """The schedule as it was written; of one of assets which, as there is nothing shorter."""
    return (row.schedule_words if row.schedule == "Asset" else row.schedule) or "-"


def show_dag(store: Store, dag_id: str, json: bool) -> None:
    """Print all about one DAG."""
    with store.read() as connection:
        row = find_dag(connection, dag_id)
        structure = dags.get_structure(connection, dag_id)
        versions = dags.dag_versions(connection, dag_id, limit=20)
    if json:
        document = documents.of_dag(row)
        document |= documents.of_structure(structure) if structure else {"params": [], "tasks": []}
        document["doc_md"] = structure.doc_md if structure else None
        document["versions"] = [documents.of_version(one) for one in versions]
        print_json(document)
        return
    print_facts(_dag_facts(row))
    if versions:
        newest = versions[0]
        print_facts([("version", f"{newest.number}, of {shown(newest.created_at, None)}")])
    if structure is None:
        return
    if structure.params:
        say("")
        _print_params(structure.params)
    say("")
    _print_tasks(structure)


def _override_words(row: DagRow) -> str:
    if row.schedule_override is None:
        return ""
    since = shown(row.schedule_override_at, None)
    return f"by {row.schedule_override_by} since {since}; --reset takes the file's schedule again"


def _dag_facts(row: DagRow) -> list[tuple[str, str | Cell]]:
    last = row.last_run
    schedule = row.schedule or "none: triggered by hand"
    if row.schedule_words and row.schedule_words != row.schedule:
        schedule += f" ({row.schedule_words})"
    facts: list[tuple[str, str | Cell]] = [
        ("dag", row.dag_id),
        ("description", row.description),
        ("file", row.file if row.is_active else f"{row.file} (no longer defines it)"),
        ("import error", row.import_error or ""),
        ("schedule", schedule),
        ("overridden", _override_words(row)),
        ("schedule error", row.schedule_error or ""),
        ("time zone", row.timezone),
        ("paused", "yes" if row.is_paused else "no"),
        ("owners", ", ".join(row.owners)),
        ("tags", ", ".join(row.tags)),
        ("next run", shown(row.next_run_after, None)),
    ]
    if last is not None:
        took = duration(last.duration)
        facts += [
            ("last run", last.run_id),
            ("  state", state_cell(RUN_STATE_LOOKS[last.state])),
            ("  started", shown(last.started_at, None)),
            ("  took", took),
        ]
    return facts


def _print_params(params: Iterable[ParamStructure]) -> None:
    columns = [
        Column("param"),
        Column("default"),
        Column("type", fold=True),
        Column("description", fold=True),
    ]
    rows = []
    for param in params:
        default = jsonlib.dumps(param.default) if param.has_default else "(required)"
        text = param.description or str(param.schema.get("description") or "")
        rows.append((param.name, default, _kind_of(param.schema), text))
    print_table(columns, rows, empty="")


def _kind_of(schema: dict[str, Any]) -> str:
    """The types that a param takes, or the values where these are listed."""
    values = [jsonlib.dumps(one, ensure_ascii=False) for one in schema.get("enum") or ()]
    if values:
        *others, last = values
        return f"{', '.join(others)} or {last}" if others else last
    kind = schema.get("type", "")
    return kind if isinstance(kind, str) else " or ".join(kind)


def _print_tasks(structure: DagStructure) -> None:
    columns = [
        Column("task"),
        Column("operator"),
        Column("upstream", fold=True),
        Column("trigger rule"),
        Column("retries", right=True),
        Column("pool"),
    ]
    rows = [
        (
            task.task_id + (" [mapped]" if task.expansion or task.mapped_group else ""),
            task.operator,
            ", ".join(task.upstream),
            task.trigger_rule,
            str(task.retries),
            task.pool,
        )
        for task in structure.tasks
    ]
    print_table(columns, rows, empty=f"{structure.dag_id} has no task")


def show_backfill(
    space: Workspace, dag_id: str, answer: dict[str, Any], dry_run: bool, json: bool
) -> None:
    """Print what a backfill has made, or would make, and how its DAG is opened."""
    from app.cli.own_command import command_line

    runs = answer["runs"]
    link = command_line(space, "--dag", dag_id)
    if json:
        document = {
            "dag_id": dag_id,
            "backfill_id": answer.get("backfill_id"),
            "dry_run": dry_run,
            "open": link,
            "runs": [{"run_id": run_id, "logical_date": date} for run_id, date in runs],
        }
        print_json(document)
        return
    print_table(
        [Column("run"), Column("logical date")],
        runs,
        empty="nothing to run: there are runs of that time already (see --reprocess)",
    )
    if answer.get("held"):
        note(f"nothing of it runs yet: {answer['held']}")
    if not dry_run and runs:
        note(f"backfill {answer['backfill_id']}: {len(runs)} runs")
        note(f"open it: {link}")
