"""What each command must be told: its payload's fields and their types, checked before it is done.

Payloads come from anyone who can write a row or reach the socket. What a handler can't use is
refused here, so that a handler need not look twice.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from runner.daemon.commands.common import Payload, Refused
from runner.daemon.commands.undoing import Former
from runner.journal.questions import ScheduleWindow

Index = Annotated[int, Meta(ge=-1, lt=2**31)]
Name = Annotated[str, Meta(min_length=1, max_length=1000)]
Flag = bool | None
LONGEST_EXPERIMENT = 500
"""Characters of the name of an experiment (MLflow's)."""
MOST_DELETED = 100
"""Runs that one command deletes: each takes all that its tries have stated with it."""
MarkedTask = Literal["success", "failed", "skipped"]
MarkedRun = Literal["success", "failed"]


class Trigger(Struct, forbid_unknown_fields=True):
    dag_id: Name
    conf: dict[str, Any] | None = None
    logical_date: str | None = None
    data_interval_start: str | None = None
    """With its end: in the place of what the timetable says of the logical date."""
    data_interval_end: str | None = None
    run_id: str | None = None
    note: str | None = None
    experiment: Annotated[str, Meta(max_length=LONGEST_EXPERIMENT)] | None = None


class OfDags(Struct, forbid_unknown_fields=True):
    dag_ids: list[Name]


class Chosen(Struct, forbid_unknown_fields=True):
    """Task instances of runs."""

    dag_id: Name
    run_id: Name | None = None
    run_ids: list[Name] | None = None
    task_ids: list[Name] | None = None
    map_indexes: list[Index] | None = None
    upstream: Flag = None
    downstream: Flag = None
    only_failed: Flag = None
    past: Flag = None
    future: Flag = None
    dry_run: Flag = None


class Clear(Chosen, kw_only=True, forbid_unknown_fields=True):
    note: str | None = None
    """For the task instances; where whole runs are cleared for these."""
    conf: dict[str, Any] | None = None
    """Of the one run: what its tries find from now on."""


class MarkTask(Chosen, kw_only=True, forbid_unknown_fields=True):
    state: MarkedTask
    note: str | None = None


class OfRun(Struct, forbid_unknown_fields=True):
    dag_id: Name
    run_id: Name
    only_unfinished: Flag = None


class MarkRun(OfRun, kw_only=True, forbid_unknown_fields=True):
    state: MarkedRun
    note: str | None = None
    dry_run: Flag = None


class Kill(OfRun, kw_only=True, forbid_unknown_fields=True):
    task_id: Name
    map_index: Index | None = None


class SetPriority(OfRun, kw_only=True, forbid_unknown_fields=True):
    task_ids: list[Name]
    map_indexes: list[Index] | None = None
    priority: Annotated[int, Meta(ge=-(2**31), lt=2**31)] | None = None
    """None: that of the pipeline file again."""


class Backfill(Struct, forbid_unknown_fields=True):
    dag_id: Name
    from_date: str
    to_date: str
    conf: dict[str, Any] | None = None
    reprocess: Literal["none", "failed", "completed", ""] | None = None
    max_active_runs: Annotated[int, Meta(ge=0, le=10**9)] | None = None
    run_backwards: Flag = None
    dry_run: Flag = None


class OfBackfill(Struct, forbid_unknown_fields=True):
    backfill_id: Annotated[int, Meta(ge=0, lt=2**31)]


class LimitBackfill(OfBackfill, kw_only=True, forbid_unknown_fields=True):
    max_active_runs: Annotated[int, Meta(ge=1, le=10**9)]


class DeleteRuns(Struct, forbid_unknown_fields=True):
    dag_id: Name
    run_ids: Annotated[list[Name], Meta(min_length=1, max_length=MOST_DELETED)]


class DeleteTaskInstances(Struct, forbid_unknown_fields=True):
    dag_id: Name
    run_id: Name
    task_ids: Annotated[list[Name], Meta(min_length=1)]
    map_indexes: list[Index] | None = None
    dry_run: Flag = None


class Note(Struct, forbid_unknown_fields=True):
    dag_id: Name
    run_id: Name
    text: str
    task_id: Name | None = None
    map_index: Index | None = None


class SetXCom(Struct, forbid_unknown_fields=True):
    dag_id: Name
    run_id: Name
    task_id: Name
    key: Annotated[str, Meta(min_length=1, max_length=512)]
    value: str
    """JSON."""
    map_index: Index | None = None
    new: Flag = None
    """Whether it is made; else it must be there."""
    expected: str | None = None
    """JSON: only where this is its value. An undo leaves what came after the change."""


Experiment = Annotated[str, Meta(max_length=LONGEST_EXPERIMENT)] | None


class RecurringRun(Struct, forbid_unknown_fields=True):
    """What each run of a schedule gets."""

    conf: dict[str, Any] | None = None
    note: str | None = None
    experiment: Experiment = None


class Schedule(Struct, forbid_unknown_fields=True):
    dag_id: Name
    expression: Annotated[str, Meta(max_length=200)] | None = None
    run: RecurringRun | None = None
    """Not given: as it is, while there is a schedule by hand; null: nothing."""
    window: ScheduleWindow | None = None
    """As ``run``."""


class OfDag(Struct, forbid_unknown_fields=True):
    dag_id: Name


class AssetEvent(Struct, forbid_unknown_fields=True):
    asset: Annotated[str, Meta(min_length=1, max_length=1500)]
    extra: dict[str, Any] | None = None


class Reparse(Struct, forbid_unknown_fields=True):
    files: list[Name] | None = None


class Stop(Struct, forbid_unknown_fields=True):
    kill_tasks: Flag = None


PAYLOADS: dict[str, type[Struct]] = {
    "trigger": Trigger,
    "pause": OfDags,
    "unpause": OfDags,
    "clear": Clear,
    "mark_task": MarkTask,
    "mark_run": MarkRun,
    "cancel_run": OfRun,
    "kill": Kill,
    "set_priority": SetPriority,
    "backfill": Backfill,
    "pause_backfill": OfBackfill,
    "unpause_backfill": OfBackfill,
    "cancel_backfill": OfBackfill,
    "limit_backfill": LimitBackfill,
    "note": Note,
    "set_xcom": SetXCom,
    "restore": Former,
    "schedule": Schedule,
    "asset_event": AssetEvent,
    "delete_dag": OfDag,
    "delete_runs": DeleteRuns,
    "delete_task_instances": DeleteTaskInstances,
    "reparse": Reparse,
    "stop": Stop,
}
"""Command -> its payload."""


def check(kind: str, payload: Any) -> Payload:
    """The payload, if the command ``kind`` can work with it. Raises ``Refused``."""
    try:
        msgspec.convert(payload, PAYLOADS[kind])
        _check_texts(payload)
    except msgspec.ValidationError as error:
        raise Refused(f"the payload of the command {kind} is wrong: {complaint(error)}") from None
    except RecursionError:
        raise Refused(f"the payload of the command {kind} is nested too deeply") from None
    return payload


def complaint(error: msgspec.MsgspecError) -> str:
    """What is wrong with something that was sent, for the end of a sentence."""
    words = str(error).replace("`", "").replace(" - at $.", ", at ")
    return f"{words[0].lower()}{words[1:]}"


def _check_texts(value: Any) -> None:
    """No database takes a NUL in a text, nor half a character."""
    if isinstance(value, str):
        if "\0" in value:
            raise msgspec.ValidationError(f"{value[:40]!r} holds a NUL character, take it out")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise msgspec.ValidationError(f"{value[:40]!r} is not Unicode") from None
    elif isinstance(value, dict):
        for key, element in value.items():
            _check_texts(key)
            _check_texts(element)
    elif isinstance(value, list):
        for element in value:
            _check_texts(element)
