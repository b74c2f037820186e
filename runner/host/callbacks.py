"""Running the callbacks of tasks and DAGs. What they raise is logged and changes nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from runner.authoring import services
from runner.authoring.context import Context, pop_context, push_context
from runner.authoring.exceptions import DagtopException
from runner.authoring.services import Services
from runner.authoring.taskinstance import TaskInstance
from runner.host import log
from runner.host.error_facts import error_facts
from runner.host.interrupts import Exposed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runner.authoring.dag import DAG
    from runner.authoring.services import Questions
    from runner.journal.records import CallbackTicket


def call_all(
    kind: str,
    callbacks: Iterable[Callable[[Any], Any]],
    context: Context,
    caught: type[BaseException] = Exception,
) -> bool:
    """Call each with the context; whether none failed. What isn't ``caught`` is raised on."""
    good = True
    for callback in callbacks:
        try:
            with Exposed():
                callback(context)
        except caught as error:
            good = False
            name = getattr(callback, "__qualname__", type(callback).__qualname__)
            log.write(f"{kind} {name} failed\n{error_facts(error).traceback}", "ERROR")
    return good


def run_callbacks(ticket: CallbackTicket, dag: DAG, questions: Questions) -> bool:
    """Run the callbacks of a DAG, or of a task whose process was lost; whether none failed.

    ``kind`` is on_success, on_failure or on_retry. The context has the ``reason``; that of a lost
    task also an ``exception`` that says it.
    """
    log.set_up()
    services.provide(Services(questions))
    try:
        task = dag.task_dict.get(ticket.ticket.task_id)
        if task is None:
            log.write(
                f"the {ticket.kind} callbacks can't run: task {ticket.ticket.task_id} is no longer "
                f"in DAG {dag.dag_id}",
                "ERROR",
            )
            return False
        ti = TaskInstance(ticket.ticket, dag, task, time.time())
        context = ti.context = Context(ticket.ticket, dag, ti)
        context["reason"] = ticket.reason
        name = f"{ticket.kind}_callback"
        callbacks = getattr(dag if ticket.of_dag else task, name, None) or ()
        if ticket.of_dag:
            context["dag_run"].state = "success" if ticket.kind == "on_success" else "failed"
        else:
            ti.state = "up_for_retry" if ticket.kind == "on_retry" else "failed"
            context["exception"] = DagtopException(ticket.reason)
        log.write(
            f"Running {name} of {dag.dag_id if ticket.of_dag else task.task_id}: {ticket.reason}"
        )
        push_context(context)
        try:
            return call_all(name, callbacks, context, BaseException)
        finally:
            pop_context()
            log.flush()
    finally:
        services.provide(None)
