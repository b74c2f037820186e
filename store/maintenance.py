"""Upkeep of the database: upgrade, check, backup, vacuum, and deleting what is old."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, or_, select, text

from store import migrations, records
from store.config import RetentionConfig
from store.engine import Store, open_file
from store.errors import StoreError
from store.models import (
    asset,
    asset_event,
    backfill,
    callback,
    command,
    dag,
    dag_run,
    dag_version,
    event,
    source,
    task_instance,
    task_try,
)
from store.states import FINISHED_RUN_STATES
from store.workspace import Workspace

BATCH = 20
"""Runs deleted per transaction: others get their turn between two."""

INSTANCES_AT_ONCE = 500
"""Task instances that one statement deletes."""

FINISHED = sorted(state.value for state in FINISHED_RUN_STATES)
ENDED = and_(dag_run.c.state.in_(FINISHED), dag_run.c.ended_at.is_not(None))
BACKUPS = "backups"


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What an upgrade did."""

    before: str | None
    """Revision that was found; None: there was no database."""
    after: str
    backup: Path | None
    """Copy made before; None where nothing had to be migrated, and on PostgreSQL."""

    @property
    def changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found."""

    revision: str | None
    problems: tuple[str, ...]
    """One sentence each; empty: all is well."""

    @property
    def is_well(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was deleted."""

    run_ids: tuple[int, ...]
    """Row ids of the DAG runs; their folders below ``Workspace.tries`` are not touched."""
    events: int
    commands: int
    versions: int


def upgrade_workspace(workspace: Workspace, *, url: str | None = None) -> Upgrade:
    """Make or upgrade the database of a workspace (``dagtop db upgrade``). Backs it up first."""
    from store import config
    from store.engine import open_url

    url = url or config.load(workspace).store.url
    if url:
        store = open_url(url)
    else:
        workspace.create_state_folder()
        store = open_file(workspace.database, create=True)
    with store:
        return upgrade(store)


def upgrade(store: Store) -> Upgrade:
    """Bring the tables to this dagtop's revision, after a backup. Raises ``StoreTooNew``.

    All migrations together are one transaction: an error leaves the database as it was.
    """
    with store.read() as connection:
        before = migrations.revision(connection)
    if before == migrations.HEAD:
        return Upgrade(before, migrations.HEAD, None)
    if before is None:
        migrations.create_tables(store)
        return Upgrade(None, migrations.HEAD, None)
    if before not in migrations.REVISIONS:
        raise migrations.too_new(store.name, before)
    path = store.path
    copy = None
    if path is not None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        copy = backup(store, path.parent / BACKUPS / f"{path.stem}-{before}-{stamp}.db")
    migrations.migrate(store)
    return Upgrade(before, migrations.HEAD, copy)


def check(store: Store) -> Check:
    """Look for damage: SQLite's own check, broken references, and the revision. Reads it all."""
    problems: list[str] = []
    with store.read() as connection:
        found = migrations.revision(connection)
        if found != migrations.HEAD:
            problems.append(
                f"its revision is {found}, but this dagtop works with {migrations.HEAD}"
            )
        if store.is_sqlite:
            rows = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            problems.extend(f"integrity: {row}" for row in rows if row != "ok")
            problems.extend(
                f"row {row[1]} of {row[0]} refers to a missing row of {row[2]}"
                for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
            )
    return Check(found, tuple(problems))


def backup(store: Store, target: Path) -> Path:
    """Copy an SQLite database while it is in use (SQLite's online backup); mode 0600.

    The copy appears under its name when it is whole. Raises ``StoreError`` if there is such a file.
    """
    if not store.is_sqlite:
        raise StoreError("a PostgreSQL database is backed up with pg_dump")
    if target.exists():
        raise StoreError(f"{target} exists already; name another file for the backup")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    with suppress(FileNotFoundError):
        part.unlink()
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with store.read() as connection, closing(sqlite3.connect(part)) as copy:
            # A read transaction, so that writers don't make the copy start all over again.
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
            raw: Any = connection.connection.dbapi_connection
            raw.backup(copy, pages=4096, sleep=0.001)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a WAL beside it
    except (sqlite3.Error, OSError) as error:
        part.unlink(missing_ok=True)
        raise StoreError(f"{store.name} can't be copied to {target}: {error}") from error
    part.replace(target)
    return target


def vacuum(store: Store) -> int:
    """Give back the space that deletions have freed; how many bytes the database shrank by.

    Needs as much free disk as the database takes, and waits for other writers.
    """
    before = _size(store)
    with store.connect_outside() as connection:
        connection.exec_driver_sql("VACUUM")
        if store.is_sqlite:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("PRAGMA optimize")
    return before - _size(store)


def prune_by_retention(store: Store, retention: RetentionConfig) -> Pruned:
    """Delete what the ``[retention]`` settings no longer keep."""
    older_than, keep_runs = limits_of(retention)
    return prune(store, older_than=older_than, keep_runs=keep_runs)


def limits_of(retention: RetentionConfig) -> tuple[timedelta | None, int | None]:
    """The age and the number of runs that the settings keep; None: no limit."""
    return timedelta(days=retention.days) if retention.days else None, retention.runs or None


def prune(
    store: Store,
    *,
    older_than: timedelta | None = None,
    keep_runs: int | None = None,
    dag_id: str | None = None,
    now: datetime | None = None,
) -> Pruned:
    """Delete ended runs: those older than that, and those beyond a DAG's last ``keep_runs``.

    With a run go its task instances, tries, XComs and callbacks; what was tracked stays. Of events
    and answered commands only those ``older_than`` go, of an asset's events not the last one; DAG
    versions and sources go when no run is left that could have used them. Short transactions:
    others can write in between.
    """
    moment = None if older_than is None else (now or datetime.now(UTC)) - older_than
    deleted = [] if moment is None else _delete_all(store, _old(moment, dag_id))
    if keep_runs is not None:
        for name in [dag_id] if dag_id else _dags_with_runs(store):
            with store.read() as connection:
                condition = _beyond(connection, name, keep_runs)
            if condition is not None:
                deleted += _delete_all(store, condition)
    events = commands = 0
    if moment is not None and dag_id is None:
        events = _delete_before(store, event, event.c.at, moment)
        commands = _delete_before(store, command, command.c.done_at, moment)
        last = select(asset.c.last_event_id).where(asset.c.last_event_id.is_not(None))
        _delete_before(
            store, asset_event, asset_event.c.timestamp, moment, asset_event.c.id.not_in(last)
        )
    with store.write() as connection:
        versions = _delete_unused_versions(connection)
    return Pruned(tuple(deleted), events, commands, versions)


def prunable(
    store: Store,
    *,
    older_than: timedelta | None = None,
    keep_runs: int | None = None,
    dag_id: str | None = None,
    now: datetime | None = None,
) -> dict[str, int]:
    """How many runs of which DAGs ``prune`` would delete."""
    moment = None if older_than is None else (now or datetime.now(UTC)) - older_than
    found: dict[str, int] = {}
    for name in [dag_id] if dag_id else _dags_with_runs(store):
        with store.read() as connection:
            conditions = [] if moment is None else [_old(moment, name)]
            beyond = None if keep_runs is None else _beyond(connection, name, keep_runs)
            conditions += [] if beyond is None else [beyond]
            if conditions:
                number = select(func.count()).select_from(dag_run).where(or_(*conditions))
                found[name] = connection.execute(number).scalar_one()
    return {name: number for name, number in found.items() if number}


def delete_runs(connection: Connection, ids: list[int]) -> None:
    """Delete runs, by row id, with all that is theirs; an ended backfill goes with its last run.

    Their folders below ``Workspace.tries`` are not touched.
    """
    records.keep_ids(connection)
    backfills = select(dag_run.c.backfill_id).where(
        dag_run.c.id.in_(ids), dag_run.c.backfill_id.is_not(None)
    )
    ended = set(connection.execute(backfills).scalars())
    connection.execute(delete(dag_run).where(dag_run.c.id.in_(ids)))
    if ended:
        left = exists().where(dag_run.c.backfill_id == backfill.c.id)
        connection.execute(
            delete(backfill).where(
                backfill.c.id.in_(ended), backfill.c.ended_at.is_not(None), ~left
            )
        )


def delete_instances(connection: Connection, ids: list[int]) -> list[tuple[int, int]]:
    """Delete task instances, by row id, with all that is theirs, as ``delete_runs`` does of a run.

    Returns (row id of the run, of the try) of their tries, whose folders are not touched.
    """
    records.keep_ids(connection)
    tries: list[tuple[int, int]] = []
    for start in range(0, len(ids), INSTANCES_AT_ONCE):
        batch = ids[start : start + INSTANCES_AT_ONCE]
        mine = task_try.c.task_instance_id.in_(batch)
        found = connection.execute(select(task_try.c.dag_run_id, task_try.c.id).where(mine))
        tries += [(row.dag_run_id, row.id) for row in found]
        instances = task_instance.c.id.in_(batch)
        places = select(
            task_instance.c.dag_run_id, task_instance.c.task_id, task_instance.c.map_index
        ).where(instances)
        records.clear_xcoms(
            connection, [(row[0], row[1], row[2]) for row in connection.execute(places)]
        )
        connection.execute(
            delete(callback).where(callback.c.try_id.in_(select(task_try.c.id).where(mine)))
        )
        connection.execute(delete(task_instance).where(instances))
    return tries


def ended_before(connection: Connection, run_ids: list[int], moment: datetime) -> set[int]:
    """Which of these runs (by row id) have ended before ``moment``: their logs may go."""
    query = select(dag_run.c.id).where(
        dag_run.c.id.in_(run_ids), dag_run.c.state.in_(FINISHED), dag_run.c.ended_at < moment
    )
    return set(connection.execute(query).scalars())


def _size(store: Store) -> int:
    with store.read() as connection:
        if store.is_sqlite:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            return pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        return connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()


def _old(moment: datetime, dag_id: str | None) -> ColumnElement[bool]:
    """Ended runs that are older than that."""
    # An old logical date doesn't make a run old: a backfill of last year may be of today.
    conditions = [dag_run.c.run_after < moment, dag_run.c.ended_at < moment]
    if dag_id is not None:
        conditions.append(dag_run.c.dag_id == dag_id)
    return and_(ENDED, *conditions)


def _beyond(connection: Connection, dag_id: str, keep_runs: int) -> ColumnElement[bool] | None:
    """Ended runs of a DAG beyond the ``keep_runs`` that ended last; None if there are none.

    Runs that have not ended count among those that are kept.
    """
    mine = dag_run.c.dag_id == dag_id
    unfinished = connection.execute(select(func.count()).where(mine, ~ENDED)).scalar_one()
    newest = (
        select(dag_run.c.ended_at, dag_run.c.id)
        .where(mine, ENDED)
        .order_by(dag_run.c.ended_at.desc(), dag_run.c.id.desc())
        .offset(max(0, keep_runs - unfinished))
        .limit(1)
    )
    first = connection.execute(newest).first()
    if first is None:
        return None
    is_earlier = dag_run.c.ended_at < first.ended_at
    is_same = and_(dag_run.c.ended_at == first.ended_at, dag_run.c.id <= first.id)
    return and_(mine, ENDED, or_(is_earlier, is_same))


def _delete_all(store: Store, condition: ColumnElement[bool]) -> list[int]:
    """Delete the runs for which a condition holds, some at a time; their row ids.

    A run that somebody is changing at the moment stays: it may have been cleared.
    """
    deleted: list[int] = []
    while True:
        with store.write() as connection:
            # Locked here, or PostgreSQL would delete one that was cleared since. SQLite ignores it.
            query = select(dag_run.c.id).where(condition).limit(BATCH)
            ids = list(connection.execute(query.with_for_update(skip_locked=True)).scalars())
            if not ids:
                return deleted
            delete_runs(connection, ids)
        deleted.extend(ids)


def _dags_with_runs(store: Store) -> list[str]:
    """Also DAGs that are gone."""
    query = select(dag.c.dag_id).union(select(dag_run.c.dag_id).distinct())
    with store.read() as connection:
        return list(connection.execute(query).scalars())


def _delete_before(
    store: Store, table: Any, column: Any, moment: datetime, *conditions: Any
) -> int:
    total = 0
    while True:
        with store.write() as connection:
            old = select(table.c.id).where(column < moment, *conditions).limit(5000)
            count = connection.execute(delete(table).where(table.c.id.in_(old))).rowcount
        total += count
        if count < 5000:
            return total


def _delete_unused_versions(connection: Connection) -> int:
    """Delete versions older than any that a run of their DAG, or the DAG itself, refers to.

    A task instance may have run with a newer version than its run, never with an older one.
    """
    oldest_used = (
        select(func.min(dag_run.c.version_id))
        .where(dag_run.c.dag_id == dag_version.c.dag_id)
        .scalar_subquery()
    )
    current = select(dag.c.version_id).where(dag.c.dag_id == dag_version.c.dag_id).scalar_subquery()
    unused = dag_version.c.id < func.coalesce(oldest_used, current)
    records.keep_ids(connection, (dag_version,))
    count = connection.execute(delete(dag_version).where(unused)).rowcount
    if count:
        used = exists().where(dag_version.c.source_digest == source.c.digest)
        connection.execute(delete(source).where(~used))
    return count
