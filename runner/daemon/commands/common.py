"""What all commands share: refusing, and finding what a command names."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select

from runner.authoring.exceptions import ParamValidationError
from runner.authoring.params import check_conf
from runner.daemon.memory import Pipeline
from runner.daemon.turn import Turn
from store import models
from store.states import DagRunType

Payload = dict[str, Any]


class Refused(Exception):
    """A command that can't be done; the message says why."""


def named_pipeline(turn: Turn, payload: Payload) -> Pipeline:
    dag_id = payload["dag_id"]
    pipeline = turn.brain.pipelines.get(dag_id)
    if pipeline is None:
        raise Refused(f"there is no DAG {dag_id!r}; 'dagtop dags list' shows those there are")
    return pipeline


def named_run(turn: Turn, dag_id: str, run_id: str) -> Row[Any]:
    """A run, which ``db prune`` leaves alone until the turn ends. Raises ``Refused``."""
    turn.changes.flush(turn.connection)
    table = models.dag_run
    query = select(table).where(table.c.dag_id == dag_id, table.c.run_id == run_id)
    row = turn.connection.execute(query.with_for_update()).first()
    if row is None:
        raise Refused(f"DAG {dag_id} has no run {run_id!r}")
    return row


def instance_name(one: Any) -> str:
    """A task instance in words: ``train``, ``train[3]``."""
    return one.task_id if one.map_index < 0 else f"{one.task_id}[{one.map_index}]"


def parse_date(text: str) -> datetime:
    """A date in UTC; one without a zone is taken as UTC. Raises ``Refused``."""
    try:
        value = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise Refused(f"{text!r} is not a date; write it like 2026-11-21T06:00:00+00:00") from None
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise Refused(f"{text} is beyond the calendar in UTC: choose a date within it") from None


RUN_ID = re.compile(r"[A-Za-z0-9_.~:+-]{1,250}")
"""Airflow's ``allowed_run_id_pattern``, and its length."""


def check_run_id(run_id: str) -> str:
    """The id itself. Raises ``Refused`` where it could be mistaken for another run's."""
    if not RUN_ID.fullmatch(run_id):
        raise Refused(f"{run_id[:60]!r} can't be a run id: use 1 to 250 letters, digits and _.~:+-")
    for run_type in DagRunType:
        if run_type != DagRunType.MANUAL and run_id.startswith(f"{run_type}__"):
            raise Refused(
                f"the run id {run_id!r} is one of {run_type} runs: it can't begin with {run_type}__"
            )
    return run_id


def checked_conf(pipeline: Pipeline, conf: Payload | None) -> Payload:
    """The conf itself, or an empty one; checked against the DAG's params. Raises ``Refused``."""
    conf = conf or {}
    params = pipeline.structure.params
    try:
        check_conf([(param.name, param.has_default, param.schema) for param in params], conf)
    except ParamValidationError as error:
        raise Refused(str(error)) from None
    return conf
