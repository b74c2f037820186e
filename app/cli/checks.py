"""What ``dagtop doctor`` looks at. Each check is a function that finds, and changes nothing."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from store import client
from store.errors import StoreError, StoreMissing
from store.workspace import DAMAGED, Workspace

if TYPE_CHECKING:
    from store.engine import Store
    from store.settings import Setting

GIB = 2**30
OLD_LEASE = 30.0
"""Seconds after which a runner that is up has missed its lease three times."""
CLOCK_SLACK = 5.0
PACKAGES = (
    "dagtop",
    "alembic",
    "apscheduler",
    "croniter",
    "jinja2",
    "jsonschema",
    "msgspec",
    "pendulum",
    "platformdirs",
    "plotext",
    "psutil",
    "rich",
    "sqlalchemy",
    "textual",
    "typer",
    "tzdata",
    "watchfiles",
)
RESERVED = "runner"
"""The one package name that a user's project can't have."""


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    check: str
    level: Level
    text: str
    advice: str = ""
    """What to do about it."""


def _ok(check: str, text: str) -> Finding:
    return Finding(check, Level.OK, text)


def _warning(check: str, text: str, advice: str) -> Finding:
    return Finding(check, Level.WARNING, text, advice)


def _problem(check: str, text: str, advice: str) -> Finding:
    return Finding(check, Level.PROBLEM, text, advice)


@contextmanager
def _opened(space: Workspace) -> Iterator[Store | None]:
    """The store; None where it can't be opened, which ``check_database`` has said then."""
    from store.config import ConfigError
    from store.engine import open_store

    try:
        store = open_store(space, read_only=True)
    except (StoreError, ConfigError):
        yield None
        return
    with store:
        yield store


def all_findings(space: Workspace) -> Iterator[Finding]:
    """Every check, in order."""
    for check in (
        check_workspace,
        check_settings,
        check_permissions,
        check_database,
        check_runner,
        check_imports,
        check_recordings,
        check_sockets,
        check_disk,
        check_limits,
        check_clock,
        check_packages,
        check_terminal,
    ):
        yield from check(space)


def check_workspace(space: Workspace) -> Iterator[Finding]:
    """The folder of pipeline files, and names that get in the way."""
    if not space.dags.is_dir():
        yield _problem(
            "workspace",
            f"{space.root} has no folder dags/",
            "make it and put pipeline files in it, or run 'dagtop init'",
        )
        return
    count = _python_files(space)
    if count == 0:
        yield _warning("workspace", f"{space.dags} holds no pipeline file", "run 'dagtop init'")
    else:
        yield _ok("workspace", f"{space.root}, {count} Python files in dags/")
    for folder in (space.root, space.dags, space.root / "plugins"):
        for path in (folder / RESERVED / "__init__.py", folder / f"{RESERVED}.py"):
            if path.exists():
                yield _problem(
                    "workspace",
                    f"{path} is called {RESERVED}, as a package of dagtop itself",
                    "give it another name: tasks can't import it under this one",
                )


def _python_files(space: Workspace) -> int:
    return sum(1 for _ in space.dags.rglob("*.py"))


def check_settings(space: Workspace) -> Iterator[Finding]:
    """dagtop.toml, the user's config.toml and the environment variables."""
    from app.settings import describe as describe_ui
    from store.config import ConfigError, describe

    settings: list[Setting] = []
    wrong: set[str] = set()  # what both find wrong, such as an unknown section, is said once
    for part in (describe, describe_ui):
        try:
            settings += part(space)
        except ConfigError as error:
            wrong.add(str(error))
    for sentence in sorted(wrong):
        yield _problem("settings", sentence, "correct it there")
    if wrong:
        return
    changed = [one for one in settings if one.source != "default"]
    yield _ok("settings", f"{len(changed)} of {len(settings)} differ from their defaults")


def check_permissions(space: Workspace) -> Iterator[Finding]:
    """Who may read the state, which holds passwords and logs."""
    if not space.state.is_dir():
        if os.access(space.root, os.W_OK | os.X_OK):
            yield _ok("permissions", f"{space.state} is not there yet")
        else:
            yield _problem(
                "permissions",
                f"{space.root} can't be written, and {space.state.name} is to be made in it",
                "make it writable for you, or use another workspace",
            )
        return
    facts = space.state.stat()
    if facts.st_uid != os.getuid():
        yield _problem(
            "permissions",
            f"{space.state} belongs to another user (uid {facts.st_uid})",
            "work as that user, or use another workspace",
        )
    elif stat.S_IMODE(facts.st_mode) & 0o077:
        yield _problem(
            "permissions",
            f"others can get into {space.state} (mode {stat.S_IMODE(facts.st_mode):04o})",
            f"chmod 700 {space.state}",
        )
    elif not os.access(space.state, os.W_OK | os.X_OK):
        yield _problem("permissions", f"{space.state} can't be written", f"chmod 700 {space.state}")
    else:
        yield _ok("permissions", f"only you can get into {space.state}")


def check_database(space: Workspace) -> Iterator[Finding]:
    """Version and health of the database."""
    from store import migrations
    from store.config import ConfigError
    from store.engine import open_store

    try:
        with open_store(space, read_only=True) as store:
            if store.is_sqlite:
                with store.read() as connection:
                    rows = connection.exec_driver_sql("PRAGMA quick_check(5)").scalars().all()
                for row in rows:
                    if row != "ok":
                        yield _problem(
                            "database",
                            f"{store.name} is damaged: {row}",
                            f"put a copy from {space.state}/backups in its place",
                        )
                        return
            yield _ok("database", f"{store.name}, revision {migrations.HEAD}")
    except StoreMissing:
        yield _ok("database", "not there yet; the first runner makes it")
    except ConfigError:
        yield _warning("database", "not looked at, as the settings are wrong", "correct them first")
    except StoreError as error:
        yield _problem("database", str(error), "'dagtop db check' looks closer")


def check_runner(space: Workspace) -> Iterator[Finding]:
    """Whether a runner is up, answers, and keeps its lease."""
    pid = client.runner_pid(space)
    if pid is None:
        yield _warning("runner", "none is up: nothing is scheduled", "start it with 'dagtop up'")
        return
    try:
        client.ask(space, {"type": "get_status"}, timeout=3.0)
    except StoreError as error:
        yield _problem(
            "runner",
            f"pid {pid} is there but doesn't answer: {error}",
            f"see {space.runner_log}; 'dagtop down' and 'dagtop up' start it anew",
        )
        return
    yield _ok("runner", f"pid {pid} answers")
    yield from _check_lease(space)


def _check_lease(space: Workspace) -> Iterator[Finding]:
    from app.cli.version import installed_version
    from store.queries.system import get_lease

    with _opened(space) as store:
        if store is None:
            return
        with store.read() as connection:
            lease = get_lease(connection)
    if lease is None:
        return
    age = (datetime.now(UTC) - lease.beat_at).total_seconds()
    if age > OLD_LEASE:
        yield _problem(
            "runner",
            f"its lease is {age:.0f} s old: it can't write, or is stuck",
            f"see {space.runner_log}",
        )
    else:
        yield _ok("runner", f"its lease is {max(age, 0):.0f} s old")
    here = installed_version()
    if lease.version != here and "unknown" not in (lease.version, here):
        yield _warning(
            "runner",
            f"it is dagtop {lease.version}, this is {here}",
            "'dagtop down' and 'dagtop up' bring it to this version",
        )


def check_imports(space: Workspace) -> Iterator[Finding]:
    """Pipeline files that can't be imported, or do what is hardly meant."""
    from app.cli.dag_views import place_of
    from store.queries.dags import file_warnings, import_errors, pipeline_files

    with _opened(space) as store:
        if store is None:
            return
        with store.read() as connection:
            errors = import_errors(connection)
            warnings = file_warnings(connection)
            files = len(pipeline_files(connection))
    for row in errors:
        yield _problem("imports", f"{place_of(row)}: {row.error}", "correct the file")
    for one in warnings:
        yield _problem("imports", f"{place_of(one)}: {one.message}", "change the file")
    if not errors and not warnings:
        others = _python_files(space) - files
        text = f"{files} pipeline files, all imported"
        if others > 0:
            many = "file" if others == 1 else "files"
            text += f"; {others} other Python {many}, without the word dagtop or airflow"
        yield _ok("imports", text)


def check_recordings(space: Workspace) -> Iterator[Finding]:
    """What scripts have logged that the runner could not read."""
    from sqlalchemy import select

    from store.models import recording

    damaged = sorted(space.recordings.glob(f"*{DAMAGED}"))
    if not damaged:
        yield _ok("recordings", "what scripts have logged was read")
        return
    read: dict[str, int] = {}
    with _opened(space) as store:
        if store is not None:
            with store.read() as connection:
                columns = recording.c
                rows = connection.execute(select(columns.name, columns.journal_offset))
                read = {row.name: row.journal_offset for row in rows}
    for path in damaged:
        facts = path.stat()
        last = datetime.fromtimestamp(facts.st_mtime, UTC)
        offset = read.get(path.name.removesuffix(DAMAGED))  # forgotten after some days
        known = "" if offset is None else f"of its {facts.st_size:,} bytes {offset:,} were read; "
        yield _problem(
            "recordings",
            f"{path} is damaged: {known}what its script logged after the damage, until "
            f"{last:%Y-%m-%d %H:%M:%S} UTC, is in no run",
            f"{space.runner_log} says what is wrong with it; run the script again if that is "
            "missed, and delete the file",
        )


def check_sockets(space: Workspace) -> Iterator[Finding]:
    """Where the sockets are."""
    here = space.questions.parent
    if here == space.state:
        yield _ok("sockets", f"in {here}")
    else:
        yield _ok("sockets", f"in {here}, as the workspace's path is too long for a socket")
    if client.runner_pid(space) is None and space.questions.exists():
        yield _warning(
            "sockets",
            f"{space.questions} was left behind by a runner that was killed",
            "nothing: the next runner replaces it",
        )


def check_disk(space: Workspace) -> Iterator[Finding]:
    """Free space where the database and the logs are."""
    place = space.state if space.state.exists() else space.root
    usage = shutil.disk_usage(place)
    text = f"{usage.free / GIB:.1f} GiB free of {usage.total / GIB:.0f} GiB at {place}"
    advice = "free some space; 'dagtop db prune' and 'dagtop db vacuum' help"
    if usage.free < 0.1 * GIB:
        yield _problem("disk", text, advice)
    elif usage.free < GIB:
        yield _warning("disk", text, advice)
    else:
        yield _ok("disk", text)


def check_limits(space: Workspace) -> Iterator[Finding]:
    """Limits of the system: open files, watched folders."""
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < 1024:
        yield _warning(
            "limits", f"only {soft} open files are allowed", "ulimit -n 4096 before 'dagtop up'"
        )
    else:
        yield _ok("limits", f"{'unlimited' if soft < 0 else soft} open files")
    watches = _number_in(Path("/proc/sys/fs/inotify/max_user_watches"))
    instances = _number_in(Path("/proc/sys/fs/inotify/max_user_instances"))
    if watches is None or instances is None:
        return
    folders = sum(1 for _ in space.dags.rglob("*/")) if space.dags.is_dir() else 0
    text = f"inotify: {watches} watches, {instances} instances; dags/ has {folders + 1} folders"
    if watches < 2 * (folders + 1) or instances < 16:
        yield _warning(
            "limits",
            text,
            "raise them with sysctl fs.inotify.max_user_watches=65536 "
            "fs.inotify.max_user_instances=128; until then changes are seen by polling",
        )
    else:
        yield _ok("limits", text)


def _number_in(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def check_clock(space: Workspace) -> Iterator[Finding]:
    """Whether the clock was set back since the runner last wrote."""
    from store.queries.system import get_lease

    now = datetime.now(UTC)
    if now.year < 2025:
        yield _problem("clock", f"it says {now:%Y-%m-%d}", "set the clock")
        return
    lease = None
    with _opened(space) as store:
        if store is not None:
            with store.read() as connection:
                lease = get_lease(connection)
    if lease is not None and (lease.beat_at - now).total_seconds() > CLOCK_SLACK:
        yield _problem(
            "clock",
            f"it says {now:%Y-%m-%d %H:%M:%S} UTC, but the runner wrote at "
            f"{lease.beat_at:%Y-%m-%d %H:%M:%S} UTC",
            "set the clock, or wait until it has caught up",
        )
    else:
        zone = now.astimezone()
        yield _ok("clock", f"{zone:%Y-%m-%d %H:%M:%S %Z}, UTC{zone:%z}")


def check_packages(space: Workspace) -> Iterator[Finding]:
    """Python and the packages that dagtop needs."""
    from app.cli.version import UNKNOWN, installed_version

    yield _ok("python", f"{platform.python_version()}, {sys.executable}")
    versions = {name: installed_version(name) for name in PACKAGES}
    missing = [name for name, version in versions.items() if version == UNKNOWN]
    if missing:
        yield _problem(
            "packages", f"not installed: {', '.join(missing)}", "pip install --upgrade dagtop"
        )
    yield _ok("packages", ", ".join(f"{name} {one}" for name, one in versions.items()))


def check_terminal(space: Workspace) -> Iterator[Finding]:
    """What the terminal can show."""
    name = os.environ.get("TERM", "")
    if not sys.stdout.isatty():
        yield _ok("terminal", f"stdout is none (TERM={name or 'unset'})")
        return
    if name in ("", "dumb", "unknown"):
        yield _problem(
            "terminal", f"TERM is {name or 'not set'}", "export TERM=xterm-256color, if it is one"
        )
    else:
        colours = os.environ.get("COLORTERM", "")
        many = colours in ("truecolor", "24bit") or name.endswith("direct")
        depth = "16 million colours" if many else "256 colours" if "256" in name else "16 colours"
        yield _ok("terminal", f"{name}, {depth}")
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if encoding == "utf8":
        yield _ok("terminal", "UTF-8")
    else:
        yield _warning(
            "terminal",
            f"its encoding is {sys.stdout.encoding}: states are shown by letters",
            "export LANG=C.UTF-8, or another UTF-8 locale",
        )
    columns, lines = shutil.get_terminal_size()
    if columns < 80 or lines < 24:
        yield _warning("terminal", f"{columns} × {lines} characters", "make it 80 × 24 or larger")
    else:
        yield _ok("terminal", f"{columns} × {lines} characters")
