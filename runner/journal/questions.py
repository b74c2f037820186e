"""Questions that a task process (or a host, while importing) asks the runner, and the answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class GetXCom(msgspec.Struct, frozen=True, tag="get_xcom"):
    """XComs of one task of one run. ``map_indexes`` None: all, ordered by map index."""

    dag_id: str
    run_id: str
    task_id: str
    key: str
    map_indexes: list[int] | None = None
    include_prior_dates: bool = False


class GetVariable(msgspec.Struct, frozen=True, tag="get_variable"):
    key: str


class SetVariable(msgspec.Struct, frozen=True, tag="set_variable"):
    """``value`` None deletes it."""

    key: str
    value: str | None
    description: str | None = None


class GetConnection(msgspec.Struct, frozen=True, tag="get_connection"):
    conn_id: str


class GetRunStates(msgspec.Struct, frozen=True, tag="get_run_states"):
    """States of DAG runs (and of tasks in them). Dates are ISO 8601; empty lists: all."""

    dag_id: str
    logical_dates: list[str] = []
    run_ids: list[str] = []
    task_ids: list[str] = []


class GetPreviousRun(msgspec.Struct, frozen=True, tag="get_previous_run"):
    """The newest run of the DAG before ``logical_date``, in ``state`` if given."""

    dag_id: str
    logical_date: str
    state: str | None = None


class GetModelVersion(msgspec.Struct, frozen=True, tag="get_model_version"):
    """A version of a registered model, with the params and last metrics of its run.

    ``reference``: ``name@alias``, ``name/version``, or ``name`` for the newest. With ``at``: the
    version of the model ``reference`` that ``run`` has registered then (seconds since 1970).
    """

    reference: str
    run: str = ""
    at: float | None = None


class GetArtifacts(msgspec.Struct, frozen=True, tag="get_artifacts"):
    """The files below a path of a tracked run: its uuid, ``runs:/uuid/path``, or
    ``models:/reference`` (then the path is within the model)."""

    source: str
    path: str = ""


class AskMlflow(msgspec.Struct, frozen=True, tag="ask_mlflow"):
    """What MLflow's client, as a plugin of ours in a training process, wants to know or to have
    changed: a call of MLflow's REST interface, see ``store.mlflow_api``."""

    method: str
    """``GET runs/get``."""
    arguments: dict[str, Any] = {}
    user: str = ""


class GetIntent(msgspec.Struct, frozen=True, tag="get_intent"):
    """What the runner wants of the end of a try that it has told to end, such as ``kill:why``."""

    try_key: int


class Submit(msgspec.Struct, frozen=True, tag="submit"):
    """A command (see ``store.commands``) to be written and acted on at once."""

    command: str
    payload: dict[str, Any]
    actor: str


class GetReasons(msgspec.Struct, frozen=True, tag="get_reasons"):
    """Why the unfinished task instances of a run wait."""

    dag_id: str
    run_id: str
    task_id: str | None = None


class ScheduleWindow(msgspec.Struct, forbid_unknown_fields=True):
    """Between which dates a schedule makes runs, and whether those of the past; of what isn't
    given the file has its say."""

    start: str | None = None
    end: str | None = None
    catchup: bool | None = None


class PreviewSchedule(msgspec.Struct, frozen=True, tag="preview_schedule"):
    """What a schedule would mean for a DAG: in words, and when its next runs would be made."""

    dag_id: str
    expression: str
    """Empty: the schedule of its file."""
    count: int = 5
    window: ScheduleWindow | None = None
    """Its start, end and catchup; None: those in force, if the schedule is."""
    until: datetime | None = None
    """No times after this one."""


class GetStatus(msgspec.Struct, frozen=True, tag="get_status"):
    """Health of the runner: hosts, slots, queue, decision times."""


class GetHealth(msgspec.Struct, frozen=True, tag="get_health"):
    """What ``GetStatus`` tells, and the processes: their pids, ages and what they do."""


Question = (
    GetXCom
    | GetVariable
    | SetVariable
    | GetConnection
    | GetRunStates
    | GetPreviousRun
    | GetModelVersion
    | GetArtifacts
    | AskMlflow
    | GetIntent
    | Submit
    | GetReasons
    | PreviewSchedule
    | GetStatus
    | GetHealth
)


class Answer(msgspec.Struct, frozen=True):
    """``error`` is a sentence where the question could not be answered."""

    value: Any = None
    error: str | None = None
    found: bool = True
