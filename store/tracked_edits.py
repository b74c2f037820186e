"""What people change of tracked runs: tags, names; archiving, restoring, deleting for good.

Each change is put on the audit trail, in the same transaction. "Archived" is MLflow's deleted
lifecycle stage: such a run can be restored. What is deleted is gone; the contents of its artifacts
go when nothing else refers to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from store import events, registry, tracking
from store.errors import InvalidValue, NotFound
from store.models import tag, tracked_run

AT_ONCE = 400
"""Runs that one statement is about."""
LONGEST_KEY, LONGEST_VALUE = 250, 8_000
"""Characters, as in MLflow."""
MOST_NAMED = 100
"""Runs that an event names."""
SHORT = 8
"""Digits of a run's id in sentences."""


@dataclass(frozen=True, slots=True)
class Target:
    """A run that something is to be done with."""

    id: int
    uuid: str
    name: str
    status: str
    is_archived: bool
    dag_id: str | None
    run_id: str | None
    task_id: str | None
    map_index: int | None
    try_number: int | None

    @property
    def is_running(self) -> bool:
        """Whether it may still log something."""
        return self.status == tracking.RUNNING

    @property
    def words(self) -> str:
        """``train (0123abcd)``."""
        return f"{self.name} ({self.uuid[:SHORT]})"


_TARGETS = select(
    tracked_run.c.id,
    tracked_run.c.uuid,
    tracked_run.c.name,
    tracked_run.c.status,
    tracked_run.c.deleted_at.is_not(None).label("is_archived"),
    tracked_run.c.dag_id,
    tracked_run.c.run_id,
    tracked_run.c.task_id,
    tracked_run.c.map_index,
    tracked_run.c.try_number,
)


def targets(connection: Connection, uuids: Sequence[str]) -> list[Target]:
    """The runs of these uuids, each once. Raises ``NotFound`` where one is gone."""
    wanted = list(dict.fromkeys(uuids))
    found: dict[str, Target] = {}
    for some in _batches(wanted):
        rows = connection.execute(_TARGETS.where(tracked_run.c.uuid.in_(some)))
        found.update((row.uuid, Target(*row)) for row in rows)
    for uuid in wanted:
        if uuid not in found:
            raise NotFound(f"there is no tracked run {uuid[:SHORT]}: somebody deleted it")
    return [found[uuid] for uuid in wanted]


def with_descendants(connection: Connection, uuids: Sequence[str]) -> list[Target]:
    """These runs and all that are nested in them, however deep, each once."""
    found = {one.id: one for one in targets(connection, uuids)}
    above = list(found)
    while above:
        below: list[int] = []
        for some in _batches(above):
            for row in connection.execute(_TARGETS.where(tracked_run.c.parent_id.in_(some))):
                if row.id not in found:
                    found[row.id] = Target(*row)
                    below.append(row.id)
        above = below
    return list(found.values())


def set_tags(
    connection: Connection,
    uuids: Sequence[str],
    tags: Mapping[str, str | None],
    actor: str,
    at: datetime,
) -> int:
    """Give runs tags, or take those away whose value is None; the number of runs."""
    for key, value in tags.items():
        _check_tag(key, value)
    runs = targets(connection, uuids)
    for key, value in tags.items():
        if value is None:
            for some in _batches([one.id for one in runs]):
                connection.execute(delete(tag).where(tag.c.run_id.in_(some), tag.c.key == key))
        else:
            rows = [{"run_id": one.id, "key": key, "value": value} for one in runs]
            tracking.set_tags(connection, rows)
    changed = [
        f"{key}={value}" if value is not None else f"without {key}" for key, value in tags.items()
    ]
    _record(
        connection, runs, "tracked_run_tagged", f"tagged {', '.join(changed)}:", actor, at,
        {"tags": dict(tags)},
    )  # fmt: skip
    return len(runs)


def _check_tag(key: str, value: str | None) -> None:
    if not key.strip():
        raise InvalidValue("a tag needs a key")
    if len(key) > LONGEST_KEY:
        raise InvalidValue(f"the key of a tag has at most {LONGEST_KEY} characters")
    if value is not None and len(value) > LONGEST_VALUE:
        raise InvalidValue(f"the value of tag {key!r} has more than {LONGEST_VALUE:,} characters")


def rename(connection: Connection, uuid: str, name: str, actor: str, at: datetime) -> str:
    """Give a run another name; its former one."""
    name = " ".join(name.split())
    if not name:
        raise InvalidValue("a run needs a name")
    if len(name) > LONGEST_KEY:
        raise InvalidValue(f"the name of a run has at most {LONGEST_KEY} characters")
    [run] = targets(connection, [uuid])
    if run.name != name:  # MLflow's clients read it from the tag
        tracking.set_tag(connection, run.id, tracking.RUN_NAME, name)
        message = f"renamed to {name}:"
        _record(connection, [run], "tracked_run_renamed", message, actor, at, {"name": name})
    return run.name


def archive(connection: Connection, uuids: Sequence[str], actor: str, at: datetime) -> list[str]:
    """Archive runs: they are left out of lists, and can be restored. The uuids of those that were
    not archived before."""
    return _set_archived(connection, uuids, True, actor, at)


def restore(connection: Connection, uuids: Sequence[str], actor: str, at: datetime) -> list[str]:
    """Bring archived runs back; the uuids of those that were archived."""
    return _set_archived(connection, uuids, False, actor, at)


def _set_archived(
    connection: Connection, uuids: Sequence[str], archived: bool, actor: str, at: datetime
) -> list[str]:
    runs = [one for one in targets(connection, uuids) if one.is_archived != archived]
    for some in _batches([one.id for one in runs]):
        connection.execute(
            update(tracked_run)
            .where(tracked_run.c.id.in_(some))
            .values(deleted_at=at if archived else None)
        )
    kind, word = ("archived", "archived") if archived else ("restored", "restored")
    _record(connection, runs, f"tracked_run_{kind}", word, actor, at)
    return [one.uuid for one in runs]


def delete_runs(connection: Connection, uuids: Sequence[str], actor: str, at: datetime) -> int:
    """Delete runs for good with all that they logged; the number of runs.

    Those nested in them stay, on their own. Raises ``InvalidValue`` where one is still running, or
    has the files of a registered model.
    """
    runs = targets(connection, uuids)
    running = [one.words for one in runs if one.is_running]
    if running:
        others = f" and {len(running) - 1:,} others" if len(running) > 1 else ""
        raise InvalidValue(f"{running[0]}{others} may still log something: wait for the end")
    for some in _batches([one.uuid for one in runs]):
        made = registry.made_by(connection, some)
        if made:
            raise InvalidValue(f"{made[0]} has its files from one of these runs: delete it first")
    for some in _batches([one.id for one in runs]):
        connection.execute(delete(tracked_run).where(tracked_run.c.id.in_(some)))
    _record(connection, runs, "tracked_run_deleted", "deleted", actor, at)
    return len(runs)


def _record(
    connection: Connection,
    runs: Sequence[Target],
    kind: str,
    did: str,
    actor: str,
    at: datetime,
    details: Mapping[str, Any] | None = None,
) -> None:
    """One event for a run, or for all of a DAG."""
    of_dags: dict[str | None, list[Target]] = {}
    for one in runs:
        of_dags.setdefault(one.dag_id, []).append(one)
    for dag_id, some in of_dags.items():
        named = [one.uuid for one in some[:MOST_NAMED]]
        facts: dict[str, Any] = {"runs": named, "count": len(some), **(details or {})}
        if len(some) > 1:
            message, place = f"{did} {len(some):,} tracked runs", {}
        else:
            message, place = f"{did} tracked run {some[0].words}", _place_of(some[0])
        events.record(
            connection, kind, actor, message, dag_id=dag_id, at=at, details=facts, **place
        )


def _place_of(run: Target) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "task_id": run.task_id,
        "map_index": run.map_index,
        "try_number": run.try_number,
    }


def _batches(things: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (things[start : start + AT_ONCE] for start in range(0, len(things), AT_ONCE))


Change = Callable[[Connection, Sequence[str], str, datetime], object]
"""``archive``, ``restore`` or ``delete_runs``."""
