"""What a journal tells of tracked runs (MLflow's sense), into the store: that of a try, or of a
process that records by itself."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runner.daemon import told_models, told_surroundings
from runner.daemon.memory import LiveRecording, LiveTry
from runner.journal.records import (
    AnyRecord,
    ArtifactLogged,
    ArtifactUsed,
    DistributionLogged,
    InputLogged,
    MetricPoints,
    ModelAliasSet,
    ModelLogged,
    ModelRegistered,
    ParamLogged,
    RunEnded,
    RunStarted,
    Surroundings,
    TagSet,
)
from runner.journal.tracked import tracked_run_of
from store import distributions, logged_models, metric_points, tracking
from store.errors import InvalidValue

if TYPE_CHECKING:
    from runner.daemon.turn import Turn

log = logging.getLogger(__name__)

TOLD = (
    RunStarted,
    RunEnded,
    ParamLogged,
    TagSet,
    MetricPoints,
    ArtifactLogged,
    InputLogged,
    ModelLogged,
    ModelRegistered,
    ModelAliasSet,
    ArtifactUsed,
    Surroundings,
    DistributionLogged,
)
STATUSES = {tracking.RUNNING, tracking.FINISHED, tracking.FAILED, tracking.KILLED}


def take_in(turn: Turn, live_try: LiveTry | LiveRecording, told: Sequence[AnyRecord]) -> None:
    """Write what a try, or a recording, has told of its tracked runs, in its order.

    Metric points of one key are joined first: they are many, and nothing depends on their place
    among the others.
    """
    if not told:
        return
    turn.changes.flush(turn.connection)
    points: defaultdict[tuple[str, str], list[MetricPoints]] = defaultdict(list)
    for record in told:
        match record:
            case MetricPoints():
                points[record.run, record.key].append(record)
            case RunStarted():
                _started(turn, live_try, record)
            case RunEnded():
                _ended(turn, live_try, record)
            case ParamLogged():
                run = _row(turn, live_try, record.run)
                tracking.log_param(turn.connection, run, record.key, record.value)
            case TagSet():
                run = _row(turn, live_try, record.run)
                tracking.set_tag(turn.connection, run, record.key, record.value)
            case ArtifactLogged():
                run, at = _row(turn, live_try, record.run), _moment(record.at)
                tracking.log_artifact(
                    turn.connection, run, record.path, record.size, record.digest, at
                )
            case InputLogged():
                run = _row(turn, live_try, record.run)
                found = {name: getattr(record, name) for name in _INPUT}
                tracking.log_input(turn.connection, run, found)
            case ModelLogged():
                run = _row(turn, live_try, record.run)
                logged_models.put(turn.connection, run, _model(record), _moment(record.at))
            case _:
                _take_in_more(turn, live_try, record)
    for (run, key), batches in points.items():
        count, data = _joined(batches)
        row = _row(turn, live_try, run)
        metric_points.add(turn.connection, row, key, count, data)


def _take_in_more(turn: Turn, live_try: LiveTry | LiveRecording, record: AnyRecord) -> None:
    match record:
        case ModelRegistered(of="") | ArtifactUsed():
            row = _row(turn, live_try, record.run)
            told_models.take_in(turn.connection, row, record, _who(turn, live_try))
        case ModelRegistered() | ModelAliasSet():  # no run begins by what it does to others
            told_models.take_in(turn.connection, None, record, _who(turn, live_try))
        case DistributionLogged():
            _spread(turn, _row(turn, live_try, record.run), record)
        case Surroundings():
            row = _row(turn, live_try, record.run)
            told_surroundings.take_in(turn.connection, row, record, turn.state)
        case _:
            raise TypeError(f"{type(record).__name__} tells nothing of a tracked run")


def _model(record: ModelLogged) -> dict[str, Any]:
    return {
        "id": record.model_id,
        "name": record.name,
        "model_type": record.model_type,
        "status": record.status,
        "artifact_location": record.location,
        "params": record.params,
        "tags": record.tags,
    }


def _spread(turn: Turn, run: int, record: DistributionLogged) -> None:
    at, values = _moment(record.at), (record.count, record.null_count, record.content)
    try:
        distributions.put(turn.connection, run, record.key, record.step, at, record.kind, *values)
    except InvalidValue as error:  # of who writes journals without us: the rest of it counts
        log.warning("a distribution is left out: %s", error)


_INPUT = ("name", "digest", "source_type", "source", "schema", "profile", "tags")


def _joined(batches: Sequence[MetricPoints]) -> tuple[int, bytes]:
    if len(batches) == 1:
        return batches[0].count, batches[0].data
    columns = [
        b"".join(batch.data[8 * i * batch.count : 8 * (i + 1) * batch.count] for batch in batches)
        for i in range(3)
    ]
    return sum(batch.count for batch in batches), b"".join(columns)


def _started(turn: Turn, live_try: LiveTry | LiveRecording, record: RunStarted) -> None:
    recording = live_try if isinstance(live_try, LiveRecording) else None
    parent = record.parent
    if recording is not None and record.run and not parent:
        parent = recording.own_run  # if its try has logged anything
    new = tracking.NewRun(
        record.run or tracked_run_of(live_try.journal),
        record.experiment or _experiment(turn, live_try),
        record.name or _name(live_try),
        _moment(record.at),
        live_try.key,
        parent,
        "" if recording is None else recording.user,
    )
    begin = tracking.begin_run if recording is not None and record.run else tracking.create_run
    live_try.tracked_runs[record.run] = begin(turn.connection, new)


def _ended(turn: Turn, live_try: LiveTry | LiveRecording, record: RunEnded) -> None:
    status = record.status if record.status in STATUSES else tracking.FAILED
    at = None if status == tracking.RUNNING else _moment(record.at)
    tracking.set_status(turn.connection, _row(turn, live_try, record.run), status, at)


def _row(turn: Turn, live_try: LiveTry | LiveRecording, uuid: str) -> int:
    """The row of a run. The try's own begins with the first thing it logs; one whose beginning
    isn't known is begun anew: its try was deleted and came back, or another process has begun it
    in a recording that is yet to be read."""
    found = live_try.tracked_runs.get(uuid)
    if found is not None:
        return found
    new = tracking.NewRun(
        uuid or tracked_run_of(live_try.journal),
        _experiment(turn, live_try),
        _name(live_try) or f"run {uuid[:8]}",
        live_try.started_at or turn.now,  # what it tells is read later than it is told
        live_try.key,
    )
    found = live_try.tracked_runs[uuid] = tracking.create_run(turn.connection, new)
    return found


def _experiment(turn: Turn, live_try: LiveTry | LiveRecording) -> str:
    if isinstance(live_try, LiveRecording):
        return live_try.experiment
    run = turn.brain.runs.get(live_try.run_key)
    return (run.experiment or run.dag_id) if run is not None else live_try.dag_id


def _name(live_try: LiveTry | LiveRecording) -> str:
    if isinstance(live_try, LiveRecording):
        return live_try.own_name
    return tracking.name_of_try(live_try.task_id, live_try.map_index, live_try.try_number)


def _who(turn: Turn, live_try: LiveTry | LiveRecording) -> told_models.Who:
    """For the audit trail: the task, or the user of the script, that does something."""
    if isinstance(live_try, LiveRecording):
        return told_models.Who(live_try.user or "script", live_try.where)
    run = turn.brain.runs.get(live_try.run_key)
    where = {
        "dag_id": live_try.dag_id,
        "dag_run_id": None if run is None else run.key,
        "run_id": None if run is None else run.run_id,
        "task_id": live_try.task_id,
        "map_index": live_try.map_index,
        "try_number": live_try.try_number,
    }
    return told_models.Who(f"{live_try.dag_id}.{live_try.task_id}", where)


def end_runs(turn: Turn, live_try: LiveTry, status: str, at: datetime) -> None:
    """A try is over: so are its runs, whatever they have said."""
    if live_try.tracked_runs:
        turn.changes.flush(turn.connection)
        tracking.end_open_runs(turn.connection, live_try.key, status, at)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
