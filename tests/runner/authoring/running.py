"""Tasks as they run, without a runner: the context of one try, and its execution."""

from __future__ import annotations

import time
from typing import Any

from runner.authoring.context import Context
from runner.authoring.dag import DAG
from runner.authoring.exceptions import DownstreamTasksSkipped
from runner.authoring.mapping import resolve_mapped
from runner.authoring.serialization import encode
from runner.authoring.taskinstance import TaskInstance
from runner.authoring.templating import render_template_fields
from runner.journal.records import RunFacts, Ticket, XComInput

XComs = dict[tuple[str, int], Any]
"""(task id, map index) -> what that task has returned."""


def context_of(
    dag: DAG,
    task_id: str,
    map_index: int = -1,
    xcoms: XComs | None = None,
    **ticket: Any,
) -> Context:
    """The context of a task of a daily run about 2024-01-02."""
    run: dict[str, Any] = {
        "run_type": "scheduled",
        "logical_date": "2024-01-02T00:00:00+00:00",
        "data_interval_start": "2024-01-02T00:00:00+00:00",
        "data_interval_end": "2024-01-03T00:00:00+00:00",
        "conf": None,
    }
    run |= {name: ticket.pop(name) for name in run.keys() & ticket.keys()}
    facts = RunFacts(
        dag_run_key=1,
        run_id="scheduled__2024-01-02T00:00:00+00:00",
        run_after="2024-01-03T00:00:00+00:00",
        queued_at=None,
        started_at=None,
        **run,
    )
    inputs = [
        XComInput(source, "return_value", index, encode(value, "return_value")[0])
        for (source, index), value in sorted((xcoms or {}).items(), key=lambda pair: pair[0])
    ]
    made = Ticket(
        1, 1, dag.dag_id, task_id, map_index, 1, 0, facts, "", "", "", "", xcoms=inputs, **ticket
    )
    return Context(made, dag, TaskInstance(made, dag, dag.get_task(task_id), time.time()))


def execute(
    dag: DAG, task_id: str, map_index: int = -1, xcoms: XComs | None = None, **ticket: Any
) -> Any:
    """What a task returns: mapped arguments chosen, fields rendered, executed."""
    context = context_of(dag, task_id, map_index, xcoms, **ticket)
    operator = resolve_mapped(
        dag.get_task(task_id), context, map_index, ticket.get("expansion_lengths", ())
    ).prepare_for_execution()
    context["task"] = context["ti"].task = operator
    render_template_fields(operator, context)
    return operator.execute(context)


def skipped_by(dag: DAG, task_id: str, map_index: int = -1, xcoms: XComs | None = None) -> set[str]:
    """Which tasks a branch or short circuit skips."""
    try:
        execute(dag, task_id, map_index, xcoms)
    except DownstreamTasksSkipped as skip:
        return set(skip.task_ids)
    return set()
