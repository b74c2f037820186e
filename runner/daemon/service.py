"""The runner as a daemon: one per workspace, its sockets, its lease, its end."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import logging.handlers
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from runner.daemon import answers, copying, pipelines, resources, system_metrics, upkeep
from runner.daemon.engine import Engine
from runner.daemon.watching import Watcher
from runner.execution.settings import settings_of
from runner.journal.identity import own_start
from store import config, remote
from store.engine import Store, open_store
from store.errors import StoreError, StoreTaken
from store.lease import RunnerLease
from store.workspace import Workspace

log = logging.getLogger(__name__)

LEASE_SECONDS = 10.0
RESCAN_SECONDS = 10.0
"""How often the files are looked at, in case a watch was missed (network folders send none)."""
UPKEEP_SECONDS = 30.0
"""How often is looked whether upkeep is due: a runner that is restarted often gets to it, too."""
VERSION = "0.1.0"


class AlreadyRunning(Exception):
    """Another runner serves this workspace; the message says which."""


def take_lock(workspace: Workspace) -> int:
    """Become the one runner of the workspace. Raises ``AlreadyRunning``.

    The descriptor keeps the lock for as long as the process lives, however it ends.
    """
    workspace.create_state_folder()
    descriptor = os.open(workspace.runner_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise AlreadyRunning(
            f"a runner (pid {pid}) serves {workspace.root} already; this one leaves"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def set_up_logging(workspace: Workspace) -> None:
    """The runner's own log, kept below 3 × 5 MB."""
    handler = logging.handlers.RotatingFileHandler(
        workspace.runner_log, maxBytes=5_000_000, backupCount=2, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)


def main(workspace: Workspace) -> int:
    """Serve a workspace until told to stop. Returns the exit status."""
    try:
        lock = take_lock(workspace)
    except AlreadyRunning as other:
        print(other, file=sys.stderr)
        return 4
    set_up_logging(workspace)
    try:
        settings = config.load(workspace)
        store = open_store(workspace, create=True)
        away = remote.of(settings)
        lease = RunnerLease(store, workspace)
        lease.take()
    except (StoreError, config.ConfigError) as error:
        print(error, file=sys.stderr)
        log.error("%s", error)
        return 5
    try:
        with store, lease:
            asyncio.run(_serve(workspace, store, settings, lease, away))
    finally:
        os.close(lock)
    return 0


async def _serve(
    workspace: Workspace,
    store: Store,
    settings: config.Config,
    lease: RunnerLease,
    away: remote.Remote | None,
) -> None:
    engine = Engine(workspace, store, settings)
    copier = None if away is None else copying.Copying(workspace, store, settings, away)
    service = Service(workspace, store, engine, lease, copier)
    await service.run()


class Service:
    """Sockets, timers and signals around an ``Engine``."""

    def __init__(
        self,
        workspace: Workspace,
        store: Store,
        engine: Engine,
        lease: RunnerLease,
        copier: copying.Copying | None,
    ) -> None:
        self.workspace = workspace
        self.store = store
        self.engine = engine
        self.loop = engine.loop
        self._sampler = resources.Sampler()
        self._monitor = system_metrics.SystemMonitor(engine.workspace.root)
        self._lease = lease
        self._copier = copier
        self._tidying: asyncio.Future[bool] | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    async def run(self) -> None:
        engine = self.engine
        engine.hands.hosts.start_base()
        for number in (signal.SIGTERM, signal.SIGINT):
            self.loop.add_signal_handler(number, engine.stop, "leave")
        self.loop.add_signal_handler(signal.SIGHUP, lambda: None)
        engine.hands.scheduler.start()
        bell = self._open_doorbell()
        self._scan(first=True)
        questions = await self._open_questions()
        watcher = self._start_watcher()
        self._every(engine.config.runner.poll_seconds, "poll", engine.poll)
        self._every(LEASE_SECONDS, "lease", self._beat)
        self._every(RESCAN_SECONDS, "rescan", self._scan)
        self._every(UPKEEP_SECONDS, "upkeep", self._upkeep)
        self._every(engine.config.runner.resource_interval, "resources", self._measure)
        if engine.config.tracking.system_metrics:
            pause = engine.config.tracking.system_metrics_interval
            self._every(pause, "system metrics", self._measure_system)
        if self._copier is not None:
            self._every(copying.COPY_SECONDS, "copying artifacts", self._copier.begin)
        self._every(5.0, "hosts", self._retire_hosts)
        self._beat()
        log.info("runner %s serves %s", os.getpid(), self.workspace.root)
        self.loop.call_soon(upkeep.end_strays, self.store, engine)
        engine.wake()
        await engine.stopped.wait()
        log.info("runner %s stops", os.getpid())
        for timer in self._timers.values():
            timer.cancel()
        watcher.close()
        questions.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self.loop.remove_reader(bell)
        bell.close()
        for path in (self.workspace.doorbell, self.workspace.questions):
            path.unlink(missing_ok=True)
        self._beat(stopped=True)
        engine.close()

    def _every(self, seconds: float, name: str, act: Callable[[], None]) -> None:
        """Do something again and again. Not by APScheduler: an idle runner should cost nothing,
        and these don't mind what the clock is set to."""

        def again() -> None:
            self._timers[name] = self.loop.call_later(seconds, again)
            try:
                act()
            except Exception:
                log.exception("the regular work %r failed, it is done again later", name)

        self._timers[name] = self.loop.call_later(seconds, again)

    # -- sockets ---------------------------------------------------------------------------

    def _open_doorbell(self) -> socket.socket:
        path = self.workspace.doorbell
        path.unlink(missing_ok=True)
        bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        bell.setblocking(False)
        with contextlib.suppress(OSError):
            bell.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        bell.bind(str(path))
        os.chmod(path, 0o600)
        self.loop.add_reader(bell, self._hear, bell)
        return bell

    def _hear(self, bell: socket.socket) -> None:
        messages = []
        with contextlib.suppress(BlockingIOError):
            while len(messages) < 256:
                messages.append(bell.recv(64))
        self.engine.ring(messages)

    async def _open_questions(self) -> asyncio.Server:
        path = self.workspace.questions
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            return await asyncio.start_unix_server(self._connected, path=str(path))
        finally:
            os.umask(before)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await answers.serve(self.engine, reader, writer)
        except asyncio.CancelledError:
            writer.close()  # the runner ends
        finally:
            self._connections.discard(task)

    # -- files -----------------------------------------------------------------------------

    def _start_watcher(self) -> Watcher:
        self.workspace.dags.mkdir(parents=True, exist_ok=True)
        folders = [self.workspace.dags]
        for name in ("plugins", "include", "config"):
            folder = self.workspace.root / name
            if folder.is_dir():
                folders.append(folder)
        watcher = Watcher(self.loop, folders, lambda paths: self._scan())
        watcher.start()
        return watcher

    def _scan(self, first: bool = False) -> None:
        """Look at all pipeline files; import what changed. What is being imported is looked at
        again when the import ends."""
        files = pipelines.find_files(self.workspace)
        if first:
            self._notice_settings()
        hands = self.engine.hands
        try:
            with self.store.read() as connection:
                found = pipelines.compare(
                    connection, self.workspace.root, files, self.engine.clock()
                )
        except StoreError as error:
            log.warning("the pipeline files could not be compared with the store: %s", error)
            return
        for file in found.changed:
            if not hands.hosts.is_importing(file):
                hands.unparsed[file] = None
        if found.gone:
            self.engine.inbox.files_gone = True
            self.engine.wake()
        hands.import_files()

    def _notice_settings(self) -> None:
        """Files were imported with other settings: have all of them imported anew."""
        path = self.workspace.state / "imports" / "settings.json"
        now = msgspec.json.encode(settings_of(self.engine.config.runner))
        try:
            if path.exists() and path.read_bytes() == now:
                return
            with self.store.write() as connection:
                pipelines.forget_stamps(connection)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.write_bytes(now)
        except (OSError, StoreError) as error:
            log.warning("pipeline files keep the settings they were imported with: %s", error)

    # -- regular work ----------------------------------------------------------------------

    def _beat(self, stopped: bool = False) -> None:
        try:
            self._lease.beat(own_start(), VERSION, stopped=stopped)
        except StoreTaken as error:
            log.error("this runner leaves: %s", error)
            self.engine.stop("leave")
        except StoreError as error:
            log.warning("the runner's sign of life could not be written: %s", error)

    def _measure(self) -> None:
        with contextlib.suppress(StoreError):
            resources.store_samples(self.store, self.engine.brain.tries.values(), self._sampler)

    def _measure_system(self) -> None:
        tries = self.engine.brain.tries.values()
        pause = self.engine.config.tracking.system_metrics_interval
        with contextlib.suppress(StoreError):
            system_metrics.store_metrics(self.store, tries, self._sampler, self._monitor, pause)

    def _retire_hosts(self) -> None:
        settings = self.engine.config.runner
        self.engine.hands.hosts.retire_idle(settings.warm_hosts, settings.warm_seconds)

    def _upkeep(self) -> None:
        if self._tidying is None or self._tidying.done():
            self._tidying = self.loop.run_in_executor(
                None, upkeep.tidy_if_due, self.store, self.workspace, self.engine.config
            )


def log_tail(path: Path, lines: int = 20) -> str:
    """The last lines of the runner's log, for an error message."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
