"""Rendering a task's templates without running it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from runner.authoring import services
from runner.authoring.context import Context
from runner.authoring.mapping import resolve_mapped
from runner.authoring.services import Services
from runner.authoring.taskinstance import TaskInstance
from runner.authoring.templating import render_template_fields
from runner.host.rendered import rendered_fields

if TYPE_CHECKING:
    from runner.authoring.dag import DAG
    from runner.authoring.services import Questions
    from runner.journal.records import Ticket


def render_only(ticket: Ticket, dag: DAG, questions: Questions) -> dict[str, Any]:
    """The rendered template fields of a task, secrets masked. Raises what rendering raises."""
    services.provide(Services(questions))
    try:
        task = dag.task_dict[ticket.task_id]
        instance = TaskInstance(ticket, dag, task, time.time())
        context = instance.context = Context(ticket, dag, instance)
        operator = resolve_mapped(task, context, ticket.map_index, ticket.expansion_lengths)
        if operator is task:
            operator = operator.prepare_for_execution()
        instance.task = context["task"] = operator
        render_template_fields(operator, context)
        return rendered_fields(operator)
    finally:
        services.provide(None)
