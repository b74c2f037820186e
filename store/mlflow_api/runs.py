"""MLflow's calls about runs, and what is logged for them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from sqlalchemy import select, update

from store import metric_points, tracking
from store.mlflow_api import experiments
from store.mlflow_api.asked import (
    ACTIVE,
    DELETED,
    PARAM_LENGTH,
    TAG_LENGTH,
    Call,
    key_of_pair,
    listed,
    moment,
    number,
    page_of,
    pair,
    text_of,
    token_of,
    whole,
)
from store.mlflow_api.errors import ApiError, missing
from store.models import dataset, dataset_input, experiment, logged_model, metric, tracked_run
from store.queries import tracked
from store.queries.tracked import Logged, TrackedRow
from store.run_filter import FilterError, order, parse, select_runs
from store.run_filter.tree import (
    Attribute,
    Filter,
    Node,
    OneOf,
    Param,
    Standings,
    conjunction,
)
from store.values import milliseconds

PAGE, MOST = 1000, 50_000
HISTORY = 25_000
STATUSES = {
    "RUNNING": "RUNNING",
    "SCHEDULED": "RUNNING",
    "FINISHED": "FINISHED",
    "FAILED": "FAILED",
    "KILLED": "KILLED",
}
STATUS_NUMBERS = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}


def create(call: Call) -> dict[str, Any]:
    of = experiments.row_of(call, call.text_or(experiments.DEFAULT_ID, "experiment_id"))
    if of.deleted_at is not None:
        raise ApiError(f"The experiment {of.name} must be in the 'active' state.", "INVALID_STATE")
    tags = call.pairs("tags")
    uuid = uuid4().hex
    name = call.text_or("", "run_name") or tags.get(tracking.RUN_NAME) or f"run-{uuid[:8]}"
    new = tracking.NewRun(
        uuid,
        of.name,
        name,
        call.time("start_time") or call.now,
        parent=tags.get(tracking.PARENT_RUN, ""),
        user=call.text_or("", "user_id") or tags.get(tracking.USER, ""),
    )
    key = tracking.create_run(call.connection, new)
    tracking.set_tags(call.connection, _rows(key, {**tags, tracking.RUN_NAME: name}))
    return {"run": documents(call, [key])[0]}


def get(call: Call) -> dict[str, Any]:
    return {"run": documents(call, [key_of(call)])[0]}


def change(call: Call) -> dict[str, Any]:
    key = active_key_of(call)
    status = call.asked.get("status")
    status = STATUS_NUMBERS.get(status, status) if isinstance(status, int) else status
    name = call.text_or("", "run_name")
    if name:
        tracking.set_tags(call.connection, _rows(key, {tracking.RUN_NAME: name}))
    if status not in (None, ""):
        known = STATUSES.get(str(status))
        if known is None:
            raise ApiError(f"Invalid status {status!r}: {', '.join(STATUSES)}")
        ended = call.time("end_time") or call.now
        tracking.set_status(call.connection, key, known, None if known == "RUNNING" else ended)
    return {"run_info": documents(call, [key])[0]["info"]}


def remove(call: Call) -> dict[str, Any]:
    return _set_stage(call, call.now)


def restore(call: Call) -> dict[str, Any]:
    return _set_stage(call, None)


def _set_stage(call: Call, at: Any) -> dict[str, Any]:
    statement = update(tracked_run).where(tracked_run.c.id == key_of(call))
    call.connection.execute(statement.values(deleted_at=at))
    return {}


def search(call: Call) -> dict[str, Any]:
    offset, length = page_of(call, MOST, PAGE)
    names = [one.name for one in experiments.all_known(call, call.several("experiment_ids"))]
    if not names:
        return {"runs": []}
    try:
        wanted = parse(call.text_or("", "filter"))
        by = order(", ".join(map(str, call.several("order_by"))))
    except FilterError as error:
        raise ApiError(error.sentence) from None
    as_mlflow = [replace(one, as_text=isinstance(one.field, Param)) for one in by]
    query = select_runs(
        _within(wanted, names, call.view),
        as_mlflow,
        now=call.now,
        limit=length + 1,
        offset=offset,
        artifact_root=call.artifact_root,
    )
    ids = [row[0] for row in call.connection.execute(query)]
    token = {"next_page_token": token_of(offset + length)} if len(ids) > length else {}
    return {"runs": documents(call, ids[:length]), **token}


def _within(wanted: Filter, names: Sequence[str], view: str) -> Filter:
    """The filter within these experiments, of active or archived runs."""
    parts: list[Node] = [OneOf(Attribute("experiment"), tuple(names))]
    if view == DELETED:
        parts.append(Standings("deleted"))
    elif view != ACTIVE:
        parts.append(disjunction_of_all())
    if wanted.root is not None:
        parts.append(wanted.root)
    return Filter(conjunction(parts))


def disjunction_of_all() -> Node:
    """Archived runs, too."""
    root = parse("is:active OR is:deleted").root
    assert root is not None
    return root


def log_metric(call: Call) -> dict[str, Any]:
    _put_points(call, active_key_of(call), [call.asked])
    return {}


def log_parameter(call: Call) -> dict[str, Any]:
    _put_params(call, active_key_of(call), {call.key("key"): call.text_or("", "value")})
    return {}


def log_batch(call: Call) -> dict[str, Any]:
    key = active_key_of(call)
    _put_params(call, key, call.pairs("params"))
    _put_points(call, key, call.several("metrics"))
    tracking.set_tags(call.connection, _rows(key, _cut(call.pairs("tags"), TAG_LENGTH)))
    return {}


def set_tag(call: Call) -> dict[str, Any]:
    tags = _cut({call.key("key"): call.text_or("", "value")}, TAG_LENGTH)
    tracking.set_tags(call.connection, _rows(active_key_of(call), tags))
    return {}


def delete_tag(call: Call) -> dict[str, Any]:
    key, name = active_key_of(call), call.text("key")
    if name not in tracking.tags_of(call.connection, key):
        raise missing(f"tag of run {call.text('run_id')}", name)
    tracking.set_tag(call.connection, key, name, None)
    return {}


def log_inputs(call: Call) -> dict[str, Any]:
    key = active_key_of(call)
    for one in call.several("datasets"):
        found = one.get("dataset") if isinstance(one, dict) else None
        if not isinstance(found, dict) or not isinstance(one.get("tags") or [], list):
            raise ApiError(f"one of datasets has a dataset, and a list of tags: {str(one)[:60]}")
        facts: dict[str, Any] = {
            name: None if found.get(name) is None else text_of(found[name], name)
            for name in ("schema", "profile")
        }
        for name in ("name", "digest", "source_type", "source"):
            facts[name] = text_of(found.get(name) or "", name)
        tags = dict(pair(tag) for tag in one.get("tags") or ())
        tracking.log_input(call.connection, key, {**facts, "tags": tags})
    return {}


def nothing(call: Call) -> dict[str, Any]:
    """A call whose facts are kept elsewhere: which models a run has made is said by the models."""
    return {}


def history(call: Call) -> dict[str, Any]:
    name = call.text("metric_key")
    series = series_of(call, name)
    if series is None:
        return {"metrics": []}
    offset, length = page_of(call, HISTORY, HISTORY)
    points = sorted(zip(series.steps, series.times, series.values, strict=True), key=_mlflow_order)
    page = [
        _point(name, value, step, time) for step, time, value in points[offset : offset + length]
    ]
    more = offset + length < len(points)
    return {"metrics": page, **({"next_page_token": token_of(offset + length)} if more else {})}


def series_of(call: Call, name: str) -> metric_points.Series | None:
    """All points of a metric of the run that is meant; None where it hasn't logged it."""
    columns = metric.c
    found = call.connection.execute(
        select(columns.id).where(columns.run_id == key_of(call), columns.key == name)
    ).scalar()
    return None if found is None else metric_points.read(call.connection, found)


def _mlflow_order(point: tuple[int, int, float]) -> tuple[int, int, bool, float]:
    step, time, value = point
    return step, time, math.isnan(value), 0.0 if math.isnan(value) else value


def key_of(call: Call) -> int:
    """The row of the run that is meant."""
    uuid = call.text("run_id", "run_uuid")
    found = tracking.run_with_uuid(call.connection, uuid)
    if found is None:
        raise ApiError(f"Run with id={uuid} not found", "RESOURCE_DOES_NOT_EXIST")
    return found


def active_key_of(call: Call) -> int:
    """The row of the run that is meant, which isn't archived: nothing is logged to that."""
    key = key_of(call)
    query = select(tracked_run.c.deleted_at).where(tracked_run.c.id == key)
    if call.connection.execute(query).scalar() is not None:
        uuid = call.text("run_id", "run_uuid")
        raise ApiError(f"The run {uuid} must be in the 'active' state. Current state is deleted.")
    return key


def documents(call: Call, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Runs as MLflow has them."""
    rows = tracked.tracked_rows(call.connection, ids)
    logged = tracked.logged_for(call.connection, ids)
    inputs, outputs = _inputs(call, ids), _outputs(call, ids)
    names = {row.experiment for row in rows}
    known = call.connection.execute(
        select(experiment.c.name, experiment.c.id).where(experiment.c.name.in_(names))
    ).all()
    keys = {row.name: experiments.id_of(row) for row in known}
    return [
        {
            **_document(call, row, keys[row.experiment], logged),
            "inputs": {"dataset_inputs": inputs.get(row.id, [])},
            "outputs": {"model_outputs": outputs.get(row.id, [])},
        }
        for row in rows
    ]


def _document(call: Call, row: TrackedRow, of: str, logged: Logged) -> dict[str, Any]:
    tags = {tracking.RUN_NAME: row.name, **logged.tags.get(row.id, {})}
    if row.parent_uuid:
        tags.setdefault(tracking.PARENT_RUN, row.parent_uuid)
    ended = {} if row.ended_at is None else {"end_time": milliseconds(row.ended_at)}
    return {
        "info": {
            "run_id": row.uuid,
            "run_uuid": row.uuid,
            "run_name": row.name,
            "experiment_id": of,
            "user_id": row.user_id,
            "status": row.status,
            "start_time": milliseconds(row.started_at),
            **ended,
            "artifact_uri": f"{call.artifact_root}/{row.uuid}",
            "lifecycle_stage": "deleted" if row.deleted_at else "active",
        },
        "data": {
            "metrics": [
                _point(key, one.last_value, one.last_step, milliseconds(one.last_at), per=1)
                for key, one in logged.metrics.get(row.id, {}).items()
            ],
            "params": listed(logged.params.get(row.id, {})),
            "tags": listed(tags),
        },
    }


def _point(
    key: str, value: float, step: int, time: int | None, *, per: int = 1000
) -> dict[str, Any]:
    """A point of a metric; ``time`` in microseconds, or ``per`` 1: in milliseconds."""
    plain: float | str = value
    if not math.isfinite(value):
        plain = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return {"key": key, "value": plain, "timestamp": (time or 0) // per, "step": step}


def _inputs(call: Call, ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for some in tracked.batches(ids):
        query = (
            select(dataset_input.c.run_id, dataset_input.c.tags.label("used"), dataset)
            .join(dataset, dataset.c.id == dataset_input.c.dataset_id)
            .where(dataset_input.c.run_id.in_(some))
            .order_by(dataset.c.id)
        )
        for row in call.connection.execute(query):
            names = ("name", "digest", "source_type", "source", "schema", "profile")
            facts = {n: getattr(row, n) for n in names if getattr(row, n) is not None}
            one = {"dataset": facts, "tags": listed(row.used)}
            found.setdefault(row.run_id, []).append(one)
    return found


def _outputs(call: Call, ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """The models that runs have logged (MLflow 3)."""
    found: dict[int, list[dict[str, Any]]] = {}
    columns = logged_model.c
    for some in tracked.batches(ids):
        query = (
            select(columns.run_id, columns.id)
            .where(columns.run_id.in_(some), columns.deleted_at.is_(None))
            .order_by(columns.created_at, columns.id)
        )
        for run_id, model_id in call.connection.execute(query):
            found.setdefault(run_id, []).append({"model_id": model_id, "step": 0})
    return found


def _put_params(call: Call, key: int, params: dict[str, str]) -> None:
    """Params stay what they are, as in MLflow."""
    params = _cut(params, PARAM_LENGTH)
    known = tracking.params_of(call.connection, key) if params else {}
    for name, value in params.items():
        if known.get(name, value) != value:
            raise ApiError(
                f"Changing param values is not allowed. Param with key={name!r} was already logged "
                f"with value={known[name]!r} for run ID={call.text('run_id', 'run_uuid')!r}. "
                f"Attempted logging new value {value!r}."
            )
    tracking.log_params(call.connection, _rows(key, params))


def _put_points(call: Call, key: int, points: Iterable[Any]) -> None:
    by_key: dict[str, list[tuple[float, int, int]]] = {}
    for one in points:
        if not isinstance(one, dict) or not one.get("key"):
            raise ApiError(f"a metric has a key, a value and a timestamp: {one!r}")
        value = number(one.get("value"), "value")
        name = key_of_pair(text_of(one["key"], "key"))
        given = one.get("timestamp")
        at = call.now if given in (None, "") else moment(given, "timestamp")
        step = whole(one.get("step"), "step", 0)
        if not -(1 << 63) <= step < 1 << 63:
            raise ApiError(f"the step of {name!r} doesn't fit into 64 bits: {step}")
        by_key.setdefault(name, []).append((value, step, (milliseconds(at) or 0) * 1000))
    for name, several in by_key.items():
        metric_points.add(call.connection, key, name, *metric_points.pack(several))


def _cut(pairs: dict[str, str], length: int) -> dict[str, str]:
    """Values no longer than MLflow's server keeps them."""
    return {key: value[:length] for key, value in pairs.items()}


def _rows(key: int, pairs: dict[str, str]) -> list[dict[str, Any]]:
    return [{"run_id": key, "key": name, "value": value} for name, value in pairs.items()]
