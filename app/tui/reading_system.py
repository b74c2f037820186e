"""What System reads: the store, the runner's health, the processes, the folders."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.tui.formats import coarse
from app.tui.machine import Machine, ProcessSampler, ProcessUse, file_size, folder_size, two_digits

if TYPE_CHECKING:
    from store.engine import Store
    from store.queries.health import Growth
    from store.queries.system import Activity, Lease, ParseTimes, Sizes
    from store.workspace import Workspace

ASK_SECONDS = 2.0
"""Seconds in which a runner that is well answers."""

SLOWEST = 8
"""Pipeline files whose import is shown."""


@dataclass(frozen=True, slots=True)
class SystemSnapshot:
    """What the store knows of the system."""

    lease: Lease | None
    activity: Activity
    sizes: Sizes
    growth: Growth | None
    parse: ParseTimes
    database: str
    """Path of the file, or the kind of server."""
    wal_bytes: int


@dataclass(frozen=True, slots=True)
class HostProcess:
    """The process that holds a pipeline file."""

    file: str
    pid: int | None
    is_importing: bool
    is_retiring: bool
    work: int
    """Tries and callbacks."""
    age: str
    idle: str | None
    """For how long; None: it works."""
    fork_unsafe: str | None


@dataclass(frozen=True, slots=True)
class TaskProcess:
    """The process of a try."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    pid: int | None
    started_at: datetime | None


@dataclass(frozen=True, slots=True)
class Health:
    """What the runner says of itself."""

    pid: int
    base_pid: int | None
    runs: int
    queued_runs: int
    executing: int
    parallelism: int
    waiting: int
    reasons: tuple[tuple[str, int], ...]
    """Why task instances wait, by kind, the commonest first."""
    files_to_import: int
    hosts: tuple[HostProcess, ...]
    tasks: tuple[TaskProcess, ...]
    turns: int
    """Decisions since it is up, about."""
    last: float | None
    """Seconds that the last decision took, as those that follow."""
    median: float | None
    p99: float | None
    longest: float | None


@dataclass(frozen=True, slots=True)
class SystemSample:
    """What the machine, the runner and the processes say now."""

    machine: Machine
    health: Health | None = None
    trouble: str = ""
    """Why the runner says nothing, though it is up."""
    uses: Mapping[int, ProcessUse] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Folders:
    """Bytes on disk."""

    tries: int
    """Logs and journals."""
    artifacts: int
    runner_log: int


class SystemLook:
    """Looks at the machine, asks the runner, measures the processes."""

    def __init__(self, workspace: Workspace, sampler: Any) -> None:
        self._workspace = workspace
        self._sampler = sampler
        self._processes = ProcessSampler()

    def look(self) -> SystemSample:
        """All of it, now."""
        machine = self._sampler.sample()
        health, trouble = ask_health(self._workspace)
        if health is None:
            return SystemSample(machine, None, trouble)
        alone = [health.pid, health.base_pid, *(host.pid for host in health.hosts)]
        uses = self._processes.sample(
            [pid for pid in alone if pid is not None],
            [task.pid for task in health.tasks if task.pid is not None],
        )
        return SystemSample(machine, health, "", uses)


def ask_health(workspace: Workspace) -> tuple[Health | None, str]:
    """What the runner says, or why it says nothing; empty where none is up."""
    from store import client
    from store.errors import StoreError

    try:
        answer = client.ask(workspace, {"type": "get_health"}, timeout=ASK_SECONDS)
    except client.RunnerAway:
        return None, ""
    except (StoreError, ValueError) as error:
        return None, str(error)
    if answer.get("error") or not answer.get("value"):
        return None, str(answer.get("error") or "the runner says nothing of its health")
    return health_of(answer["value"]), ""


def health_of(value: Mapping[str, Any]) -> Health:
    """The answer to ``get_health``. Figures are rounded: what differs by nothing is the same."""
    kinds: dict[str, int] = {}
    for reason, number in value["waiting_reasons"]:
        kind = reason.partition(":")[0]
        kinds[kind] = kinds.get(kind, 0) + number
    return Health(
        pid=value["pid"],
        base_pid=value["base_pid"],
        runs=value["runs"],
        queued_runs=value["queued_runs"],
        executing=value["executing"],
        parallelism=value["parallelism"],
        waiting=value["waiting"],
        reasons=tuple(sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))),
        files_to_import=value["files_to_import"],
        hosts=tuple(_host(one) for one in sorted(value["hosts"], key=lambda one: one["file"])),
        tasks=tuple(_task(one) for one in value["tasks"] if not one["ended"]),
        turns=two_digits(value["turns_total"]),
        last=_rounded(value["turn_seconds_last"]),
        median=_rounded(value["turn_seconds_median"]),
        p99=_rounded(value["turn_seconds_p99"]),
        longest=_rounded(value["turn_seconds_max"]),
    )


def _host(one: Mapping[str, Any]) -> HostProcess:
    idle = one["idle_seconds"]
    return HostProcess(
        file=one["file"],
        pid=one["pid"],
        is_importing=one["importing"],
        is_retiring=one["retiring"],
        work=one["tries"] + one["callbacks"],
        age=coarse(one["age_seconds"]),
        idle=None if idle is None else coarse(idle),
        fork_unsafe=one["fork_unsafe"],
    )


def _task(one: Mapping[str, Any]) -> TaskProcess:
    started = one["started_at"]
    return TaskProcess(
        dag_id=one["dag_id"],
        run_id=one["run_id"] or "",
        task_id=one["task_id"],
        map_index=one["map_index"],
        try_number=one["try_number"],
        pid=one["pid"],
        started_at=datetime.fromisoformat(started) if started else None,
    )


def _rounded(seconds: float | None) -> float | None:
    """To two digits."""
    return None if seconds is None else float(f"{seconds:.2g}")


def read_system(store: Store, now: datetime) -> SystemSnapshot:
    """What the store knows."""
    from store.queries.health import growth
    from store.queries.system import activity, get_lease, parse_times, sizes

    with store.read() as connection:
        return SystemSnapshot(
            lease=get_lease(connection),
            activity=activity(connection),
            sizes=sizes(connection),
            growth=growth(connection, now),
            parse=parse_times(connection, slowest=SLOWEST),
            database=store.name if store.is_sqlite else "PostgreSQL",
            wal_bytes=file_size(Path(f"{store.name}-wal")) if store.is_sqlite else 0,
        )


def read_folders(workspace: Workspace) -> Folders:
    """Sizes of what the runner writes beside the database; walks through all of it."""
    return Folders(
        tries=folder_size(workspace.tries),
        artifacts=folder_size(workspace.artifacts),
        runner_log=file_size(workspace.runner_log),
    )


def log_tail(path: Path, octets: int = 64_000) -> str:
    """The end of a text file, in whole lines; why it can't be read, if so."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - octets))
            data = file.read(octets)
    except FileNotFoundError:
        return "The runner has not written a log yet."
    except OSError as error:
        return f"{path} can't be read: {error.strerror}"
    if size > octets:
        data = data.partition(b"\n")[2]
    return data.decode(errors="replace") or "The runner's log is empty."
