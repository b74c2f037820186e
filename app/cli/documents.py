"""What ``--json`` prints of each thing. Fields are only ever added: scripts rely on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from store.secrets import masked

if TYPE_CHECKING:
    from store.events import EventRow
    from store.queries.backfills import BackfillRow
    from store.queries.connections import ConnectionRow
    from store.queries.dags import DagRow, FileRow, FileWarning, VersionRow
    from store.queries.pools import PoolRow
    from store.queries.runs import RunRow
    from store.queries.tasks import InstanceRow, TryRow
    from store.queries.variables import VariableRow
    from store.structure import DagStructure


NO_STATUS = "no_status"
"""Stands for the state None where states are keys."""

Document = dict[str, Any]


def _fields(row: object, names: str) -> Document:
    return {name: getattr(row, name) for name in names.split()}


def _by_state(counts: Mapping[Any, int]) -> dict[str, int]:
    return {state or NO_STATUS: number for state, number in counts.items()}


def of_dag(row: DagRow) -> Document:
    """A DAG."""
    document = _fields(
        row,
        "dag_id display_name description file is_paused is_active owners tags schedule "
        "schedule_words schedule_error timezone max_active_runs next_logical_date next_run_after "
        "import_error schedule_override schedule_override_by schedule_override_at "
        "schedule_run schedule_window",
    )
    last = row.last_run
    document["last_run"] = last and _fields(
        last, "run_id state run_after started_at ended_at duration"
    )
    document["run_counts"] = _by_state(row.run_counts)
    document["last_run_tasks"] = _by_state(row.recent_task_states)
    return document


def of_structure(structure: DagStructure) -> Document:
    """The params and tasks of a DAG, in topological order."""
    return {
        "params": [
            {
                "name": param.name,
                "required": not param.has_default,
                "default": param.default,
                "schema": param.schema,
                "description": param.description,
            }
            for param in structure.params
        ],
        "tasks": [
            {
                **_fields(
                    task,
                    "task_id operator group_id upstream downstream trigger_rule retries "
                    "retry_delay execution_timeout pool pool_slots priority_weight owner line",
                ),
                "is_mapped": task.expansion is not None or task.mapped_group is not None,
            }
            for task in structure.tasks
        ],
    }


def of_version(row: VersionRow) -> Document:
    """A version of a DAG."""
    return _fields(row, "number created_at runs digest")


def of_file(row: FileRow) -> Document:
    """A pipeline file that can't be imported."""
    return _fields(row, "file line error traceback parsed_at")


def of_warning(row: FileWarning) -> Document:
    """What a pipeline file does that is hardly meant."""
    return _fields(row, "file line message")


def of_backfill(row: BackfillRow) -> Document:
    """A backfill."""
    document = _fields(
        row,
        "id dag_id state from_date to_date reprocess max_active_runs run_backwards conf actor "
        "created_at ended_at paused_at cancelled_at total done",
    )
    document["runs"] = _by_state(row.runs)
    document["conf"] = masked(row.conf)
    return document


def of_run(row: RunRow) -> Document:
    """A DAG run, secrets in its conf masked."""
    document = _fields(
        row,
        "dag_id run_id run_type state logical_date data_interval_start data_interval_end "
        "run_after queued_at started_at ended_at duration conf note triggered_by version "
        "backfill_id clear_number experiment",
    )
    document["conf"] = masked(row.conf)
    return document


def of_instance(row: InstanceRow) -> Document:
    """A task instance."""
    return _fields(
        row,
        "dag_id task_id map_index map_label state try_number max_tries pool pool_slots "
        "scheduled_at queued_at started_at ended_at duration next_at note priority_weight",
    )


def of_try(row: TryRow) -> Document:
    """A try."""
    return _fields(
        row,
        "try_number state hostname pid queued_at started_at ended_at duration exit_status reason "
        "error_type error_message error_place traceback cpu_seconds peak_rss read_bytes "
        "write_bytes intent",
    )


def of_pool(row: PoolRow) -> Document:
    """A pool."""
    return _fields(
        row, "name slots used open running queued scheduled deferred include_deferred description"
    )


def of_variable(row: VariableRow) -> Document:
    """A variable; a secret one has ``masked`` true and no value."""
    document = _fields(row, "key value description masked")
    if row.masked:
        document["value"] = None
    return document


def of_connection(row: ConnectionRow) -> Document:
    """A connection without its secrets."""
    return _fields(
        row, "conn_id conn_type description host schema login port has_password extra_keys"
    )


def of_event(row: EventRow) -> Document:
    """An event of the audit trail, secrets in its details masked."""
    names = "id at kind actor dag_id run_id task_id map_index try_number message"
    return {**_fields(row, names), "details": masked(row.details)}
