"""Tracked runs (MLflow's sense): who recorded them and how they ended, params, tags, artifacts.

Their metrics are in ``store.metric_points``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from store import records
from store.models import (
    artifact,
    artifact_use,
    dag_run,
    dataset,
    dataset_input,
    experiment,
    param,
    tag,
    task_instance,
    task_try,
    tracked_run,
)

RUNNING, FINISHED, FAILED, KILLED = "RUNNING", "FINISHED", "FAILED", "KILLED"
"""MLflow's run statuses."""

RUN_NAME, USER, PARENT_RUN = "mlflow.runName", "mlflow.user", "mlflow.parentRunId"
"""Tags that MLflow gives a run, which are columns here, too."""


@dataclass(frozen=True, slots=True)
class NewRun:
    """What is known of a tracked run when it begins."""

    uuid: str
    """32 hexadecimal digits, as MLflow's."""
    experiment: str
    name: str
    at: datetime
    try_id: int | None = None
    """The try that records it; None: a script that no task has started."""
    parent: str = ""
    """The uuid of the run it is nested in."""
    user: str = ""


def create_run(connection: Connection, new: NewRun) -> int:
    """The id of the tracked run of that uuid, which is made if there is none."""
    found = run_with_uuid(connection, new.uuid)
    if found is not None:
        return found
    values = {"uuid": new.uuid, **_begun(connection, new)}
    return connection.execute(insert(tracked_run).returning(tracked_run.c.id), values).scalar_one()


def begin_run(connection: Connection, new: NewRun) -> int:
    """The id of the tracked run of that uuid; one that there is, as something was logged for it
    before its beginning was read, gets what is known of it only now."""
    found = run_with_uuid(connection, new.uuid)
    if found is None:
        return create_run(connection, new)
    values = {**_begun(connection, new), "ended_at": None}
    connection.execute(update(tracked_run).where(tracked_run.c.id == found).values(values))
    return found


def _begun(connection: Connection, new: NewRun) -> dict[str, Any]:
    """What is known of a run that begins."""
    return {
        "experiment_id": ensure_experiment(connection, new.experiment, new.at),
        "try_id": new.try_id,
        "parent_id": run_with_uuid(connection, new.parent) if new.parent else None,
        "name": new.name,
        "user_id": new.user,
        "started_at": new.at,
        "status": RUNNING,
        **_place_of(connection, new.try_id),
    }


@dataclass(frozen=True, slots=True)
class PlaceOfTry:
    """Where a try stands, and what its own tracked run is called."""

    dag_run_key: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    own_experiment: str | None
    """That its DAG run was given."""

    @property
    def experiment(self) -> str:
        return self.own_experiment or self.dag_id

    @property
    def name(self) -> str:
        """What the try's own tracked run is called."""
        return name_of_try(self.task_id, self.map_index, self.try_number)

    @property
    def where(self) -> dict[str, Any]:
        """The columns that place an event."""
        return {
            "dag_id": self.dag_id,
            "dag_run_id": self.dag_run_key,
            "run_id": self.run_id,
            "task_id": self.task_id,
            "map_index": self.map_index,
            "try_number": self.try_number,
        }


def place_of_try(connection: Connection, try_id: int) -> PlaceOfTry | None:
    """Where a try stands; None if there is none of that id."""
    row = connection.execute(
        select(
            dag_run.c.id,
            dag_run.c.dag_id,
            dag_run.c.run_id,
            task_instance.c.task_id,
            task_instance.c.map_index,
            task_try.c.try_number,
            dag_run.c.experiment,
        )
        .join_from(task_try, task_instance, task_instance.c.id == task_try.c.task_instance_id)
        .join(dag_run, dag_run.c.id == task_instance.c.dag_run_id)
        .where(task_try.c.id == try_id)
    ).first()
    return None if row is None else PlaceOfTry(*row)


def name_of_try(task_id: str, map_index: int, try_number: int) -> str:
    """What the tracked run is called that a try has without a call."""
    index = f"[{map_index}]" if map_index >= 0 else ""
    return f"{task_id}{index} try {try_number}"


def run_with_uuid(connection: Connection, uuid: str) -> int | None:
    """The id of a tracked run; None if there is none of that uuid."""
    return connection.execute(select(tracked_run.c.id).where(tracked_run.c.uuid == uuid)).scalar()


def uuid_of(connection: Connection, run_id: int) -> str:
    """The uuid of a tracked run."""
    query = select(tracked_run.c.uuid).where(tracked_run.c.id == run_id)
    return connection.execute(query).scalar_one()


def _place_of(connection: Connection, try_id: int | None) -> dict[str, Any]:
    """The names of DAG, run and task of a try: they outlive it."""
    if try_id is None:
        return {}
    place = place_of_try(connection, try_id)
    if place is None:
        return {}
    return {name: value for name, value in place.where.items() if name != "dag_run_id"}


def ensure_experiment(connection: Connection, name: str, at: datetime) -> int:
    """The id of an experiment, which is made if there is none of that name."""
    query = select(experiment.c.id).where(experiment.c.name == name)
    found = connection.execute(query).scalar()
    if found is not None:
        return found
    statement = records.conflict_insert(connection.dialect.name, experiment).on_conflict_do_nothing(
        index_elements=["name"]
    )
    connection.execute(statement, {"name": name, "created_at": at})
    return connection.execute(query).scalar_one()


def set_status(connection: Connection, run_id: int, status: str, at: datetime | None) -> None:
    """Give a tracked run a status; ``at`` None: it goes on."""
    connection.execute(
        update(tracked_run).where(tracked_run.c.id == run_id).values(status=status, ended_at=at)
    )


def end_open_runs(connection: Connection, try_id: int, status: str, at: datetime) -> None:
    """Give all runs of a try that have not ended their final status."""
    connection.execute(
        update(tracked_run)
        .where(tracked_run.c.try_id == try_id, tracked_run.c.ended_at.is_(None))
        .values(status=status, ended_at=at)
    )


def log_param(connection: Connection, run_id: int, key: str, value: str) -> None:
    """Write a param, over an older value."""
    log_params(connection, [{"run_id": run_id, "key": key, "value": value}])


def log_params(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write params at once: dicts with ``run_id``, ``key``, ``value``. The last of a key wins."""
    records.put(connection, param, [{**row, "number": number_in(row["value"])} for row in rows])


def number_in(text: str) -> float | None:
    """The finite number that a text is, for comparing and sorting; None if it is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def set_tag(connection: Connection, run_id: int, key: str, value: str | None) -> None:
    """Write a tag, over an older value; None takes it away."""
    if value is None:
        connection.execute(delete(tag).where(tag.c.run_id == run_id, tag.c.key == key))
        return
    set_tags(connection, [{"run_id": run_id, "key": key, "value": value}])


def set_tags(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write tags at once: dicts with ``run_id``, ``key``, ``value``. The last of a key wins.

    The name, the user and the parent of a run are tags in MLflow, and columns as well here.
    """
    records.put(connection, tag, rows)
    for row in rows:
        changed: dict[str, Any] = {}
        if row["key"] == RUN_NAME:
            changed["name"] = row["value"]
        elif row["key"] == USER:
            changed["user_id"] = row["value"]
        elif row["key"] == PARENT_RUN:
            parent = run_with_uuid(connection, row["value"])
            changed["parent_id"] = parent if parent != row["run_id"] else None
        if changed:
            connection.execute(
                update(tracked_run).where(tracked_run.c.id == row["run_id"]).values(changed)
            )


def link_to_parents(connection: Connection) -> None:
    """Nest runs in those that their tags name, where that couldn't be done when they were told."""
    other = tracked_run.alias()
    parent = (
        select(other.c.id)
        .join(tag, tag.c.value == other.c.uuid)
        .where(
            tag.c.run_id == tracked_run.c.id,
            tag.c.key == PARENT_RUN,
            other.c.id != tracked_run.c.id,
        )
        .correlate(tracked_run)
        .scalar_subquery()
    )
    tagged = select(tag.c.run_id).where(tag.c.key == PARENT_RUN)
    connection.execute(
        update(tracked_run)
        .where(tracked_run.c.parent_id.is_(None), tracked_run.c.id.in_(tagged))
        .values(parent_id=parent)
    )


def log_artifact(
    connection: Connection, run_id: int, path: str, size: int, digest: str, at: datetime
) -> None:
    """Write that a run has a file, over an older one of that path."""
    row = {"run_id": run_id, "path": path, "size": size, "digest": digest, "created_at": at}
    records.put(connection, artifact, [row])


def use_artifact(
    connection: Connection, run_id: int, path: str, digest: str, producer: str, at: datetime
) -> None:
    """Write that a run has read a file that another run has logged."""
    row = {
        "run_id": run_id,
        "digest": digest,
        "path": path,
        "producer_uuid": producer or None,
        "used_at": at,
    }
    records.put(connection, artifact_use, [row])


def log_input(connection: Connection, run_id: int, found: dict[str, Any]) -> None:
    """Write that a run has used a dataset: ``name``, ``digest``, ``source_type``, ``source``,
    ``schema``, ``profile``, and the ``tags`` of that use. Told again, its tags are added: MLflow
    states the dataset of a metric once more, without saying what the run uses it for."""
    facts = {name: value for name, value in found.items() if name != "tags"}
    same = (dataset.c.name == facts["name"]) & (dataset.c.digest == facts["digest"])
    key = connection.execute(select(dataset.c.id).where(same)).scalar()
    if key is None:
        key = connection.execute(insert(dataset).returning(dataset.c.id), facts).scalar_one()
    columns = dataset_input.c
    known = select(columns.tags).where(columns.run_id == run_id, columns.dataset_id == key)
    tags = {**(connection.execute(known).scalar() or {}), **(found.get("tags") or {})}
    used = {"run_id": run_id, "dataset_id": key, "tags": tags}
    records.put(connection, dataset_input, [used])


def runs_of_try(connection: Connection, try_id: int) -> list[int]:
    """The ids of the tracked runs of a try, the first one first."""
    query = select(tracked_run.c.id).where(tracked_run.c.try_id == try_id)
    return list(connection.execute(query.order_by(tracked_run.c.id)).scalars())


def runs_of_tries(connection: Connection, states: Sequence[str]) -> dict[int, dict[str, int]]:
    """The tracked runs of all tries in these states: by try their ids by uuid."""
    query = (
        select(tracked_run.c.try_id, tracked_run.c.uuid, tracked_run.c.id)
        .join(task_try, task_try.c.id == tracked_run.c.try_id)
        .where(task_try.c.state.in_(states))
    )
    found: dict[int, dict[str, int]] = {}
    for row in connection.execute(query):
        found.setdefault(row.try_id, {})[row.uuid] = row.id
    return found


def params_of(connection: Connection, run_id: int) -> dict[str, str]:
    """The params of a tracked run, by key."""
    return _pairs(connection, param, run_id)


def tags_of(connection: Connection, run_id: int) -> dict[str, str]:
    """The tags of a tracked run, by key."""
    return _pairs(connection, tag, run_id)


def _pairs(connection: Connection, table: Any, run_id: int) -> dict[str, str]:
    query = select(table.c.key, table.c.value).where(table.c.run_id == run_id)
    return dict(connection.execute(query.order_by(table.c.key)).all())
