"""What Home reads, and the moment until which the user has seen what failed."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from store.engine import Store
    from store.queries.dags import FileRow
    from store.queries.home import DueRun, Failure, RunningRun, Totals
    from store.queries.pools import PoolRow
    from store.queries.system import Activity
    from store.queries.tasks import InstanceRow
    from store.workspace import Workspace


DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class HomeSnapshot:
    """What Home shows of the store."""

    running: tuple[RunningRun, ...]
    queued: int
    """Runs that wait for their turn."""
    failures: tuple[Failure, ...]
    """Newest first, seen ones too."""
    due: tuple[DueRun, ...]
    held: int
    """DAGs that are on and would have a next run, but for their files."""
    errors: tuple[FileRow, ...]
    """Pipeline files that can't be imported."""
    full_pools: tuple[PoolRow, ...]
    """Without a free slot, though task instances wait for one."""
    activity: Activity
    seen: datetime | None
    """Failures up to this moment were seen."""
    day: Totals
    """Of the runs that began within the last 24 hours."""


class SeenFile:
    """Remembers, per user and workspace, until when failures were seen.

    Several terminals may write it: one after the other, so that none turns it back.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> datetime | None:
        """The moment; None if there is none, or the file isn't ours."""
        try:
            value = json.loads(self.path.read_text(encoding="utf-8"))["seen"]
            moment = datetime.fromisoformat(value)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return moment if moment.tzinfo is not None else None

    def write(self, moment: datetime) -> None:
        """Remember the moment, unless a later one is remembered already. Raises ``OSError``."""
        from fcntl import LOCK_EX, flock

        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            flock(folder, LOCK_EX)
            before = self.read()
            if before is None or before < moment:
                self._replace(moment)
        finally:
            os.close(folder)

    def _replace(self, moment: datetime) -> None:
        new = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            new.write_text(json.dumps({"seen": moment.isoformat()}), encoding="utf-8")
            new.replace(self.path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                new.unlink()


def seen_file(workspace: Workspace) -> SeenFile:
    """The user's file for a workspace."""
    from hashlib import sha256

    from platformdirs import user_state_dir

    digest = sha256(os.fsencode(workspace.root.resolve())).hexdigest()[:16]
    return SeenFile(Path(user_state_dir("dagtop")) / digest / "home.json")


def read_home(store: Store, seen: SeenFile, clock: Callable[[], datetime]) -> HomeSnapshot:
    """All of it."""
    from app.tui.models.home import FAILURES
    from store.queries.dags import held_count, import_errors
    from store.queries.home import due_runs, failures, queued_count, running_runs, totals
    from store.queries.pools import list_pools
    from store.queries.system import activity

    since = clock() - DAY
    with store.read() as connection:
        pools = list_pools(connection)
        return HomeSnapshot(
            running=running_runs(connection),
            queued=queued_count(connection),
            failures=failures(connection, since=since, limit=FAILURES),
            due=due_runs(connection),
            held=held_count(connection),
            errors=tuple(import_errors(connection)),
            full_pools=tuple(
                pool
                for pool in pools
                if pool.open is not None and pool.open <= 0 and pool.scheduled
            ),
            activity=activity(connection),
            seen=seen.read(),
            day=totals(connection, since),
        )


class InstancesOfRun(NamedTuple):
    """A task that failed in a run, its instances there, and those of them that are failed now."""

    failure: Failure
    every: Sequence[InstanceRow]
    failed: Sequence[InstanceRow]


def read_failed(store: Store, failures: Sequence[Failure]) -> list[InstancesOfRun]:
    """The task instances of failures, as they are now; of those that failed no more, none."""
    from store.queries.tasks import list_instances
    from store.states import TaskInstanceState

    found: list[InstancesOfRun] = []
    with store.read() as connection:
        for one in failures:
            every = list_instances(connection, one.dag_run_id, task_ids=[one.task_id or ""])
            failed = [row for row in every if row.state is TaskInstanceState.FAILED]
            if failed:
                found.append(InstancesOfRun(one, every, failed))
    return found
