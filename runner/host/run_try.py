"""One try of a task, from its ticket to the record that says how it ended.

The order is Airflow's: render, ``pre_execute``, on_execute callbacks, ``execute``,
``post_execute``, XComs, then the callbacks of the state that it ends in.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from runner.authoring import services, tracking
from runner.authoring.baseoperator import BaseOperator
from runner.authoring.context import Context, pop_context, push_context
from runner.authoring.exceptions import (
    DownstreamTasksSkipped,
    FailException,
    RescheduleException,
    SensorTimeout,
    SkipException,
    TaskTimeout,
)
from runner.authoring.mapping import resolve_mapped
from runner.authoring.services import Services, shield
from runner.authoring.settings import default_timezone
from runner.authoring.taskinstance import TaskInstance
from runner.authoring.templating import render_template_fields, render_text
from runner.authoring.xcom_arg import RETURN_VALUE
from runner.host import log
from runner.host.callbacks import call_all, run_callbacks
from runner.host.error_facts import error_facts, message_of
from runner.host.interrupts import Exposed, Termination, kill_quietly, time_limit
from runner.host.rendered import cut, rendered_fields
from runner.journal.client import QuestionClient, QuestionError
from runner.journal.questions import GetIntent
from runner.journal.records import AssetChange, DownstreamSkipped, Ended, Rendered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.authoring.abstractoperator import AbstractOperator
    from runner.authoring.dag import DAG
    from runner.authoring.services import Journal, Questions
    from runner.journal.records import ErrorFacts, Record, Ticket

__all__ = ["run_callbacks", "run_try"]

_CALLBACKS = {
    "success": "on_success_callback",
    "failed": "on_failure_callback",
    "up_for_retry": "on_retry_callback",
    "skipped": "on_skipped_callback",
}
_REASON_LENGTH = 500
INTENT_PATIENCE = 2.0
"""Seconds that a task told to end waits for the runner's word; ``kill_grace`` is running."""


class Outcome:
    """How a try ends."""

    def __init__(
        self,
        state: str,
        reason: str = "",
        error: BaseException | None = None,
        *,
        next_at: float | None = None,
        records: Sequence[Record] = (),
        assets: Sequence[AssetChange] = (),
    ) -> None:
        self.state = state
        self.reason = reason
        self.error = error
        self.next_at = next_at
        self.records = records
        self.assets = assets
        """What it has produced, if it stays a success."""
        self.intent: str | None = None
        """What the runner has told the try to end for, ``kind:why``."""
        self.called_back = False

    def heed(self, intent: str | None) -> None:
        """Take it in that the runner ended the try: nothing is tried again because of that."""
        if intent is None:
            return
        self.intent = intent
        self.state = "failed"
        self.reason = intent.partition(":")[2] or intent

    @property
    def shown_state(self) -> str:
        """The state that the try gets: the one that somebody marked it, if one did."""
        kind = (self.intent or "").partition(":")[0]
        return kind if kind in ("success", "skipped") else self.state


def run_try(ticket: Ticket, dag: DAG, journal: Journal, questions: Questions) -> str:
    """Run the ticket's task in this process and record everything up to ``Ended``; the state that
    it has ended in.

    ``Started`` is in the journal already. Raises ``OSError`` where the end can't be recorded.
    """
    target = Services(questions, journal, ticket.journal, ticket.artifacts)
    target.state, target.artifact_root = ticket.state, ticket.artifact_root
    with shield:
        services.provide(target)
        try:
            return _run(ticket, dag, target)
        finally:
            services.provide(None)
            shield.discard()


def _run(ticket: Ticket, dag: DAG, target: Services) -> str:
    began = time.monotonic()
    log.set_up()
    name = ticket.task_id if ticket.map_index < 0 else f"{ticket.task_id}[{ticket.map_index}]"
    log.write(
        f"Try {ticket.try_number} of {ticket.max_tries + 1} of {name}, run {ticket.run.run_id}"
    )
    task = dag.task_dict.get(ticket.task_id)
    if task is None:
        reason = f"task {ticket.task_id!r} is no longer in the pipeline file"
        _end(Outcome("failed", reason), None, ticket, target, began)
        return "failed"
    attempt = Attempt(ticket, dag, task)
    termination = Termination(attempt.on_kill)
    with termination.handled():
        push_context(attempt.context)
        try:
            outcome = attempt.run(termination)
            if termination.requested and outcome.state in ("failed", "up_for_retry"):
                outcome.heed(_intent_of(ticket))
            attempt.ti.state = outcome.state
            facts = _report(outcome, attempt)
            attempt.call_back(outcome)
        finally:
            pop_context()
        _end(outcome, facts, ticket, target, began)
    return outcome.shown_state


def _report(outcome: Outcome, attempt: Attempt) -> ErrorFacts | None:
    """Write the error to the log; the facts that are recorded of it."""
    if outcome.error is None:
        return None
    task = attempt.ti.task
    place = f"{attempt.dag.fileloc}:{task.line}" if task.line else attempt.dag.fileloc
    facts = error_facts(outcome.error, place)
    log.start_line(attempt.log)
    log.write(facts.traceback, "ERROR")
    outcome.reason = outcome.reason or _first_line(f"{facts.type}: {facts.message}")
    return facts


def _end(
    outcome: Outcome, facts: ErrorFacts | None, ticket: Ticket, target: Services, began: float
) -> None:
    duration = time.monotonic() - began
    log.start_line(ticket.log)
    because = f": {outcome.reason}" if outcome.reason else ""
    took = f"{duration:.{2 if duration < 10 else 1}f} s"
    log.write(f"Ended: {outcome.shown_state} in {took}{because}")
    log.flush()
    target.finish(
        *outcome.records,
        Ended(
            time.time(),
            duration,
            outcome.state,
            outcome.reason,
            facts,
            outcome.next_at,
            outcome.called_back,
            list(outcome.assets) if outcome.state == "success" else [],
        ),
    )


def _first_line(text: str) -> str:
    line = text.partition("\n")[0].rstrip(": ")
    return line if len(line) <= _REASON_LENGTH else f"{line[:_REASON_LENGTH]}…"


class Attempt:
    """A task at work: its operator, its context, and what it has to record at its end."""

    def __init__(self, ticket: Ticket, dag: DAG, task: AbstractOperator) -> None:
        self.dag = dag
        self.ti = TaskInstance(ticket, dag, task, time.time())
        self.context = self.ti.context = Context(ticket, dag, self.ti)
        self.log = ticket.log
        self.operator: BaseOperator | None = None
        self._task = task
        self._ticket = ticket
        self._rendered: Rendered | None = None

    def on_kill(self) -> None:
        """Tell the operator that it is being ended, if it has come into being."""
        if self.operator is not None:
            self.operator.on_kill()

    def run(self, termination: Termination) -> Outcome:
        """Do the work. Never raises: what goes wrong is the outcome."""
        try:
            with Exposed():
                operator = self._prepare()
                records = self._work(operator)
            tracking.finish()
            return Outcome("success", records=records, assets=self._produced(operator))
        except BaseException as error:
            return self._outcome_of(error, termination)

    def call_back(self, outcome: Outcome) -> None:
        """Run the callbacks of the state that the task ends in.

        Not those of a failure that the runner made: a task that was marked or cleared, or whose
        run was ended, hasn't failed. Any other SIGTERM is a failure like others.
        """
        name = _CALLBACKS.get(outcome.state)
        if name is None:
            return
        if outcome.intent is not None:
            if outcome.intent.startswith("kill:"):
                return  # that is a failure: the runner calls back, in a process of its own
            log.write(f"No {name}: the runner told the task to end ({outcome.reason})")
            return
        if outcome.error is not None:
            self.context["exception"] = outcome.error
        with contextlib.suppress(BaseException), Exposed():
            pass  # a SIGTERM that came since the task's end must not take a callback's place
        outcome.called_back = True
        callbacks = getattr(self.operator or self._task, name, ())
        call_all(name, callbacks, self.context, BaseException)
        try:
            tracking.finish()  # what the callbacks have logged
        except OSError as error:
            log.write(f"metrics of the callbacks are lost: {error}", "ERROR")

    # before, during and after execute

    def _prepare(self) -> BaseOperator:
        """The operator of this map index, its fields rendered and recorded."""
        ticket = self._ticket
        operator = resolve_mapped(
            self._task, self.context, ticket.map_index, ticket.expansion_lengths
        )
        if operator is self._task:
            operator = operator.prepare_for_execution()
        self.operator = operator
        self.ti.task = self.context["task"] = operator
        if operator.params or self.dag.params:
            self.context["params"]  # wrong ones fail the task now
        render_template_fields(operator, self.context)
        fields = rendered_fields(operator)
        self._label(operator, early=True)
        label = self.ti.rendered_map_index
        if fields or label is not None:
            self._rendered = Rendered(fields, label)
            services.current().record(self._rendered)
        return operator

    def _label(self, operator: BaseOperator, *, early: bool) -> None:
        """Render ``map_index_template``; before ``execute`` it may need what that will set."""
        if operator.map_index_template is None:
            return
        try:
            text = render_text(self.dag, operator.map_index_template, self.context)
        except Exception:
            if not early:
                raise
            return
        self.ti.rendered_map_index = cut(text)

    def _work(self, operator: BaseOperator) -> list[Record]:
        """Execute; gives the records of the XComs and skips that it leads to."""
        context = self.context
        if operator._pre_execute_hook is not None:
            operator._pre_execute_hook(context)
        operator.pre_execute(context)
        call_all("on_execute_callback", operator.on_execute_callback, context)
        records: list[Record] = []
        limit = operator.execution_timeout
        try:
            with time_limit(None if limit is None else limit.total_seconds()):
                result = operator.execute(context)
        except DownstreamTasksSkipped as skip:
            result = skip.result
            if skip.task_ids:
                records.append(DownstreamSkipped(skip.task_ids, self._ticket.map_index))
        except TaskTimeout:
            kill_quietly(operator.on_kill)
            raise
        if operator._post_execute_hook is not None:
            operator._post_execute_hook(context, result)
        _post_execute(operator, context, result)
        return self._relabel(operator) + self._xcoms(operator, result) + records

    def _relabel(self, operator: BaseOperator) -> list[Record]:
        """The label again, if the task has set what its template names."""
        before = self.ti.rendered_map_index
        self._label(operator, early=False)
        label = self.ti.rendered_map_index
        if label == before:
            return []
        return [Rendered(self._rendered.fields if self._rendered else {}, label)]

    def _xcoms(self, operator: BaseOperator, result: Any) -> list[Record]:
        """What the task has returned; None is nothing."""
        if result is None or not operator.do_xcom_push:
            return []
        pushed: dict[str, Any] = {}
        if operator.multiple_outputs:
            if not isinstance(result, Mapping):
                raise TypeError(
                    f"with multiple_outputs the task returns a dict, not {type(result).__name__}"
                )
            for key in result:
                if not isinstance(key, str):
                    raise TypeError(
                        "with multiple_outputs the keys of the returned dict are strings, "
                        f"not {type(key).__name__} {key!r}"
                    )
            pushed.update(result)
        pushed[RETURN_VALUE] = result
        return [self.ti.xcom_record(key, value) for key, value in pushed.items()]

    def _produced(self, operator: BaseOperator) -> list[AssetChange]:
        """The task's outlets, with what it has said of them in ``outlet_events``."""
        if not operator.outlets:
            return []
        from runner.authoring.assets import check_extra

        events = self.context["outlet_events"].values()
        return [
            AssetChange(one.asset.name, one.asset.uri, check_extra(one.asset.name, one.extra))
            for one in events
        ]

    # the end

    def _outcome_of(self, error: BaseException, termination: Termination) -> Outcome:
        """The state that an exception leads to, as in Airflow's task runner."""
        try:
            tracking.finish()
        except OSError as lost:
            log.write(f"the last metrics can't be written: {lost}", "ERROR")
        records: list[Record] = []
        if self.operator is not None:
            try:
                records = self._relabel(self.operator)
            except Exception as unlabelled:  # it must not hide the task's own error
                log.write(f"map_index_template: {unlabelled}", "WARNING")
        if isinstance(error, SkipException):
            return Outcome("skipped", _first_line(message_of(error)), records=records)
        if isinstance(error, RescheduleException):
            at = _seconds_of(error.reschedule_date)
            if at is not None:
                reason = f"looks again at {_clock(at)}"
                return Outcome("up_for_reschedule", reason, next_at=at, records=records)
        reason = "terminated" if termination.requested else ""
        final = isinstance(error, (FailException, SensorTimeout))
        retry = not final and self.ti.try_number <= self.ti.max_tries
        state = "up_for_retry" if retry else "failed"
        return Outcome(state, reason, error, records=records)


def _intent_of(ticket: Ticket) -> str | None:
    """What the runner has told the try to end for; None if it hasn't, or can't be asked."""
    if not ticket.questions:
        return None
    client = QuestionClient(ticket.questions, INTENT_PATIENCE)
    try:
        return client.ask(GetIntent(ticket.try_key))
    except QuestionError:
        return None
    finally:
        client.close()


def _clock(seconds: float) -> str:
    """A moment near now as people read it: here, and with its date if that isn't today's."""
    at = time.localtime(seconds)
    day = "" if at[:3] == time.localtime()[:3] else time.strftime("%Y-%m-%d ", at)
    return day + time.strftime("%H:%M:%S %Z", at)


def _seconds_of(date: Any) -> float | None:
    """A moment as seconds since 1970, in the workspace's zone if it has none; None if it isn't."""
    if not isinstance(date, datetime):
        return None
    return (date if date.tzinfo else date.replace(tzinfo=default_timezone())).timestamp()


def _post_execute(operator: BaseOperator, context: Context, result: Any) -> None:
    """Call ``post_execute``; Airflow takes overrides with and without a second argument."""
    method = type(operator).post_execute
    if method is BaseOperator.post_execute:
        return
    from inspect import signature

    takes_result = len(signature(operator.post_execute).parameters) > 1
    operator.post_execute(context, *([result] if takes_result else []))
