"""A DAG as data: the JSON that its host reports (``store.structure.DagStructure`` reads it)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from runner.authoring.arguments import CALLBACKS
from runner.authoring.assets import asset_facts, condition_of
from runner.authoring.graph import effective_weights, topological_order
from runner.authoring.mapping import MappedArgument, MappedOperator
from runner.authoring.masking import MASK, looks_secret
from runner.authoring.sensors.base import DEFAULT_TIMEOUT, to_seconds
from runner.authoring.xcom_arg import (
    NOTSET,
    ConcatXComArg,
    MapXComArg,
    PlainXComArg,
    Resolvable,
    ZipXComArg,
    iter_references,
)

if TYPE_CHECKING:
    from runner.authoring.abstractoperator import AbstractOperator
    from runner.authoring.dag import DAG
    from runner.authoring.mapping import ExpandInput
    from runner.authoring.task_group import TaskGroup

LONGEST_TEXT = 2000
"""Characters of a string that are kept for showing."""
_DEEPEST = 6
_MOST_ITEMS = 50
_SHOWN = ("python_callable", "poke_interval", "mode", "timeout", "soft_fail", "exponential_backoff")
"""Arguments worth showing beside the template fields, where a task has them."""


def structure_of(dag: DAG, file: str) -> dict[str, Any]:
    """The structure of ``dag``, made by ``file`` (relative to the workspace).

    Raises ``DagCycleException``, and ``DefinitionError`` for what can't be scheduled.
    """
    order = topological_order(dag.task_dict)
    place = {task_id: index for index, task_id in enumerate(dag.task_dict)}
    weights = effective_weights(dag.task_dict, order)
    tasks = [_task(dag.task_dict[task_id], weights[task_id], place) for task_id in order]
    return {
        "dag_id": dag.dag_id,
        "file": file,
        "line": dag.line,
        "display_name": dag.dag_display_name,
        "description": dag.description or "",
        "doc_md": dag.doc_md,
        "owners": sorted({task["owner"] for task in tasks if task["owner"]}),
        "tags": sorted(dag.tags),
        "profile": "3",
        **_dates(dag),
        "max_active_runs": dag.max_active_runs,
        "max_active_tasks": dag.max_active_tasks,
        "max_consecutive_failed_dag_runs": dag.max_consecutive_failed_dag_runs,
        "dagrun_timeout": _seconds(dag.dagrun_timeout),
        "is_paused_upon_creation": dag.is_paused_upon_creation,
        "fail_fast": dag.fail_fast,
        "params": _params(dag),
        "tasks": tasks,
        "groups": [_group(group) for group in dag.task_group.groups()],
        "roots": list(dag.task_group.children),
        "edge_labels": [[up, down, label] for (up, down), label in dag.edge_labels.items()],
        "callbacks": [
            kind for kind in ("on_success", "on_failure") if getattr(dag, f"{kind}_callback")
        ],
    }


def _dates(dag: DAG) -> dict[str, Any]:
    from runner.authoring.arguments import zone_name

    return {
        "timetable": _timetable(dag),
        "asset_condition": _asset_condition(dag),
        "timezone": zone_name(dag.timezone),
        "start_date": dag.start_date.isoformat() if dag.start_date else None,
        "end_date": dag.end_date.isoformat() if dag.end_date else None,
        "catchup": dag.catchup,
    }


def _timetable(dag: DAG) -> dict[str, Any]:
    if dag.schedule is None:
        return {"kind": "none", "summary": "None", "description": "Never, external triggers only"}
    return dag.timetable.to_structure()


def _asset_condition(dag: DAG) -> dict[str, Any] | None:
    condition = condition_of(dag.schedule)
    return None if condition is None else condition.to_structure()


def _params(dag: DAG) -> list[dict[str, Any]]:
    found = []
    for name in dag.params:
        param = dag.params.get_param(name)
        found.append(
            {
                "name": name,
                "has_default": param.has_default,
                "default": param.value if param.has_default else None,
                "schema": {k: v for k, v in param.schema.items() if k != "description"},
                "description": param.description or param.schema.get("description") or "",
            }
        )
    return found


def _group(group: TaskGroup) -> dict[str, Any]:
    parent = group.parent_group
    return {
        "group_id": group.node_id,
        "label": group.label,
        "parent": parent.group_id if parent is not None else None,
        "tooltip": group.tooltip,
        "children": list(group.children),
        "expansion": _expansion(group.expand_input),
        "ui_color": group.ui_color,
    }


def _task(node: AbstractOperator, weight: int, place: Mapping[str, int]) -> dict[str, Any]:
    task: Any = node
    group = node.task_group
    mapped_group = node.get_closest_mapped_task_group()
    callbacks = [kind for kind in CALLBACKS if getattr(task, f"{kind}_callback")]
    expand_input = node.expand_input if isinstance(node, MappedOperator) else None
    return {
        "task_id": node.task_id,
        "operator": node.operator_name,
        "label": node.label,
        "upstream": sorted(node.upstream_task_ids, key=place.__getitem__),
        "downstream": sorted(node.downstream_task_ids, key=place.__getitem__),
        "group_id": group.group_id if group is not None else None,
        "trigger_rule": str(task.trigger_rule),
        **_tries(task),
        **_slots(task, weight),
        "is_setup": node.is_setup,
        "is_teardown": node.is_teardown,
        "on_failure_fail_dagrun": node.on_failure_fail_dagrun,
        **_sensor(node),
        "runs_nothing": node.operator_class.inherits_from_empty_operator
        and not callbacks
        and not task.outlets,
        "expansion": _expansion(expand_input),
        "mapped_group": mapped_group.group_id if mapped_group is not None else None,
        "map_index_template": task.map_index_template,
        "xcom_inputs": _xcom_inputs(node),
        "multiple_outputs": task.multiple_outputs,
        "callbacks": callbacks,
        "template_fields": list(node.template_fields),
        "fields": _fields(node),
        **_own_dates(node),
        "owner": task.owner or "",
        "doc_md": task.doc_md or task.doc or task.doc_rst,
        "ui_color": node.ui_color,
        "ui_fgcolor": node.ui_fgcolor,
        "line": node.line,
        "inlets": [asset_facts(asset) for asset in task.inlets],
        "outlets": [asset_facts(asset) for asset in task.outlets],
    }


def _tries(task: Any) -> dict[str, Any]:
    return {
        "retries": task.retries,
        "retry_delay": _seconds(task.retry_delay),
        "retry_exponential_backoff": task.retry_exponential_backoff,
        "max_retry_delay": _seconds(task.max_retry_delay),
        "execution_timeout": _seconds(task.execution_timeout),
        "depends_on_past": task.depends_on_past,
        "wait_for_downstream": task.wait_for_downstream,
        "ignore_first_depends_on_past": task.ignore_first_depends_on_past,
        "wait_for_past_depends_before_skipping": task.wait_for_past_depends_before_skipping,
    }


def _own_dates(node: AbstractOperator) -> dict[str, Any]:
    """The dates that limit a task more than its DAG does."""
    task: Any = node
    dag = node.dag
    assert dag is not None
    return {
        name: date.isoformat() if date is not None and date != getattr(dag, name) else None
        for name, date in (("start_date", task.start_date), ("end_date", task.end_date))
    }


def _slots(task: Any, weight: int) -> dict[str, Any]:
    return {
        "pool": task.pool,
        "pool_slots": task.pool_slots,
        "priority_weight": weight,
        "weight_rule": str(task.weight_rule),
        "max_active_tis_per_dag": task.max_active_tis_per_dag,
        "max_active_tis_per_dagrun": task.max_active_tis_per_dagrun,
    }


def _sensor(node: AbstractOperator) -> dict[str, Any]:
    if not node.operator_class.is_sensor:
        return {"is_sensor": False}
    mode, timeout = _argument(node, "mode"), _argument(node, "timeout")
    return {
        "is_sensor": True,
        "sensor_mode": "poke" if mode is NOTSET else mode,
        "sensor_timeout": DEFAULT_TIMEOUT
        if timeout is NOTSET or timeout is None
        else to_seconds(f"timeout of sensor {node.task_id!r}", timeout),
    }


def _argument(node: AbstractOperator, name: str) -> Any:
    """An argument of a task, mapped or not; NOTSET where it has none of that name."""
    if isinstance(node, MappedOperator):
        return node.partial_kwargs.get(name, NOTSET)
    return getattr(node, name, NOTSET)


def _expansion(expand_input: ExpandInput | None) -> dict[str, Any] | None:
    if expand_input is None:
        return None
    return {
        "arguments": [[name, _length(value)] for name, value in expand_input.collections()],
    }


def _length(value: Any) -> dict[str, Any]:
    """How many items there will be, as far as the pipeline file says it."""
    if isinstance(value, PlainXComArg):
        return {"kind": "xcom", "task_id": value.operator.task_id, "key": value.key}
    if isinstance(value, MapXComArg):
        return _length(value.arg)
    if isinstance(value, ZipXComArg):
        parts = [_length(part) for part in value.args]
        return {"kind": "zip", "parts": parts, "longest": value.fillvalue is not NOTSET}
    if isinstance(value, ConcatXComArg):
        return {"kind": "concat", "parts": [_length(part) for part in value.args]}
    return {"kind": "literal", "length": len(value)}


def _xcom_inputs(node: AbstractOperator) -> list[list[str]]:
    """The XComs that its arguments refer to, each once, in the order of the arguments."""
    values = [_argument(node, field) for field in node.template_fields]
    if isinstance(node, MappedOperator):
        values.append(node.expand_input.value)
    references = [pair for value in values for pair in iter_references(value)]
    found = dict.fromkeys((operator.task_id, key) for operator, key in references)
    return [list(pair) for pair in found]


def _fields(node: AbstractOperator) -> dict[str, Any]:
    """Template fields and arguments worth showing, as JSON."""
    fields: dict[str, Any] = {}
    for name in dict.fromkeys((*node.template_fields, *_SHOWN)):
        value = _argument(node, name)
        if value is not NOTSET and value is not None:
            fields[name] = showable(value, name)
    if isinstance(node, MappedOperator):
        for name, value in node.expand_input.collections():
            fields[f"expand {name}" if name else "expand_kwargs"] = showable(value, name)
    return fields


def showable(value: Any, name: str = "", depth: int = 0) -> Any:
    """``value`` as JSON for showing: long strings and collections cut, other things as their repr,
    what has a name like a password's as ``***``."""
    if value and looks_secret(name):
        return MASK
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else str(value)
    if isinstance(value, float):
        return value if value - value == 0 else repr(value)
    if isinstance(value, str):
        return _cut(value)
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (Resolvable, MappedArgument)):
        return _cut(repr(value))
    if depth < _DEEPEST and isinstance(value, Mapping):
        items = list(value.items())
        shown = {_cut(str(k)): showable(v, str(k), depth + 1) for k, v in items[:_MOST_ITEMS]}
        return shown | (
            {"…": f"{len(items) - _MOST_ITEMS} more"} if len(items) > _MOST_ITEMS else {}
        )
    if depth < _DEEPEST and isinstance(value, (list, tuple, set, frozenset)):
        elements = list(value)
        shown_items = [showable(element, "", depth + 1) for element in elements[:_MOST_ITEMS]]
        more = len(elements) - _MOST_ITEMS
        return [*shown_items, f"… {more} more"] if more > 0 else shown_items
    if callable(value):
        return getattr(value, "__qualname__", None) or _repr(value)
    return _repr(value)


def _repr(value: Any) -> str:
    try:
        return _cut(repr(value))
    except Exception as error:
        return f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"


def _cut(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        text = text[:LONGEST_TEXT] + "…"
    return text.encode("utf-8", "replace").decode()


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()
