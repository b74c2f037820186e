"""What the runner does outside its store: hosts, tickets, signals, timers.

Called after a turn's commit with its ``Orders``; what comes back goes into the ``Inbox``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from runner.daemon import callbacks, recordings, upkeep
from runner.daemon.brain import Brain
from runner.daemon.inbox import Exit, Inbox, LostHost
from runner.daemon.memory import LiveTry, Pipeline
from runner.daemon.turn import Orders
from runner.execution.hosts import FileHost, HostEvents, Hosts
from runner.execution.processes import describe_exit, is_alive, open_process, signal_group
from runner.journal.messages import (
    TAKEN,
    CallbackExited,
    Exited,
    Forked,
    FromHost,
    Parsed,
    ParseFailed,
    RunCallback,
    RunTry,
    StartFailed,
)
from runner.journal.records import CallbackTicket
from store.config import Config
from store.engine import Store
from store.errors import StoreError
from store.workspace import Workspace

log = logging.getLogger(__name__)

LINGER = 60.0
"""Seconds that a process may go on after it has stated its end (it may be flushing uploads)."""


CALLBACK_PAUSE = 5.0
"""Seconds until a callback that could not be started is tried again."""
CALLBACK_LOOK = 1.0
"""Seconds between two looks at a callback that a runner before this one has started."""


@contextlib.contextmanager
def _telling(what: str) -> Iterator[list[bool]]:
    """Log what is raised, and go on: the order is given again later."""
    try:
        yield []
    except (OSError, StoreError):
        log.exception("%s", what)


class Hands:
    """Starts and ends processes, and sets timers."""

    def __init__(self, workspace: Workspace, store: Store, config: Config, inbox: Inbox) -> None:
        self.workspace = workspace
        self.store = store
        self.config = config
        self.inbox = inbox
        self.loop = asyncio.get_running_loop()
        self.scheduler = AsyncIOScheduler(timezone=UTC)
        self.hosts = Hosts(
            workspace,
            self.loop,
            HostEvents(self._parsed, self._host_message, self._host_lost),
            config.runner,
        )
        self.unparsed: dict[str, None] = {}
        """Files to be imported, in order; a dict for its order."""
        self._imports_at_once = max(1, os.cpu_count() or 1)
        self._kill_timers: dict[int, asyncio.TimerHandle] = {}
        self.lingering: dict[int, tuple[LiveTry, float]] = {}
        """Tries whose last record is in the store and whose process has yet to go; since when."""
        self._just_parsed: list[tuple[FileHost, Parsed | ParseFailed]] = []

    def carry_out(self, orders: Orders, brain: Brain) -> None:
        """What one order can't be carried out for (no descriptors left, say) holds up no other."""
        now = self.loop.time()
        self.lingering.update({live_try.key: (live_try, now) for live_try in orders.ended})
        for live_try in orders.forgotten:
            self._close(live_try)
        for when, key in orders.timers:
            self._set_timer(when, key)
        for live_try in orders.kills:
            self._end_process(live_try)
        for live_try, run, ticket in orders.tickets:
            with _telling(f"try {live_try.key} can't be handed to a host yet"):  # sent again
                host = self.hosts.host(run.pipeline.file, run.pipeline.digest)
                self.hosts.run(host, RunTry(ticket))
                live_try.host_key = host.key
        for live_try in orders.watch:
            self._watch(live_try)
        for host, message in self._just_parsed:
            self._settle(host, message)
        self._just_parsed.clear()
        for key in orders.new_callbacks:
            self._start_callback(key, brain)
        recordings.take_away(orders.finished_recordings, orders.damaged_recordings)
        if orders.deleted_runs:
            runs = list(orders.deleted_runs)
            self.loop.run_in_executor(None, upkeep.remove_run_folders, self.workspace, runs)
        if orders.deleted_tries:
            tries = list(orders.deleted_tries)
            self.loop.run_in_executor(None, upkeep.remove_try_folders, self.workspace, tries)
        for file in orders.reparse:
            self.unparsed[file] = None
        self.import_files()

    def _set_timer(self, when: datetime, key: tuple[Any, ...]) -> None:
        self.scheduler.add_job(
            self._due,
            DateTrigger(when, timezone=UTC),
            args=[key],
            id=repr(key),
            replace_existing=True,
            misfire_grace_time=None,
            max_instances=1000,  # it only notes that the time has come
        )

    async def _due(self, key: tuple[Any, ...]) -> None:
        self.inbox.due.add(key)
        self.inbox.wake()

    def _watch(self, live_try: LiveTry) -> None:
        """Notice the end of a process that no host of ours has forked."""
        assert live_try.pid is not None
        if live_try.process_descriptor is None:
            live_try.process_descriptor = open_process(live_try.pid)
            if live_try.process_descriptor is not None:
                self.loop.add_reader(live_try.process_descriptor, self._process_ended, live_try)
        if not is_alive(live_try.pid, live_try.process_start or ""):
            self._process_ended(live_try)

    def _process_ended(self, live_try: LiveTry) -> None:
        self._unwatch(live_try)
        assert live_try.pid is not None
        signal_group(live_try.pid, signal.SIGKILL)  # what it left behind
        self.inbox.exits.append(Exit(live_try.key, live_try.pid, None))
        self.inbox.wake()

    def let_go(self, live_try: LiveTry) -> None:
        """Memory is thrown away: no descriptor stays, and the loop watches none that is closed."""
        self._unwatch(live_try)
        live_try.close()

    def _unwatch(self, live_try: LiveTry) -> None:
        if live_try.process_descriptor is not None:
            self.loop.remove_reader(live_try.process_descriptor)
            os.close(live_try.process_descriptor)
            live_try.process_descriptor = None

    def _close(self, live_try: LiveTry) -> None:
        self.let_go(live_try)
        self.lingering.pop(live_try.key, None)
        timer = self._kill_timers.pop(live_try.key, None)
        if timer is not None:
            timer.cancel()
        for host in self.hosts.all():
            if host.key == live_try.host_key:
                host.tries.discard(live_try.key)

    def _end_process(self, live_try: LiveTry) -> None:
        """SIGTERM to the process group, SIGKILL after the grace."""
        if live_try.gone or live_try.pid is None or not self._is_there(live_try):
            self.inbox.bells.add(live_try.key)
            return
        signal_group(live_try.pid, signal.SIGTERM)
        if live_try.key not in self._kill_timers:
            self._kill_timers[live_try.key] = self.loop.call_later(
                self.config.runner.kill_grace, self._kill_process, live_try
            )

    def _kill_process(self, live_try: LiveTry) -> None:
        self._kill_timers.pop(live_try.key, None)
        if live_try.pid is not None and not live_try.gone and self._is_there(live_try):
            signal_group(live_try.pid, signal.SIGKILL)

    @staticmethod
    def _is_there(live_try: LiveTry) -> bool:
        """Whether the pid still is that of the try: it may be another program's by now."""
        return live_try.pid is not None and is_alive(live_try.pid, live_try.process_start or "")

    def end_lingering(self) -> None:
        """End processes that go on long after they have stated their end."""
        now = self.loop.time()
        for live_try, since in list(self.lingering.values()):
            if now - since <= LINGER:
                continue
            if self._is_there(live_try):
                self._kill_process(live_try)
            else:
                del self.lingering[live_try.key]

    def _start_callback(self, key: int, brain: Brain) -> None:
        with _telling(f"callback {key} can't be started yet") as done:
            found = callbacks.make_ticket(self.store, brain, self.workspace, key)
            if found is None:
                self._callback_ended(key, "its DAG is gone")
            else:
                self._go_on_with(key, brain, *found)
            done.append(True)
        if not done:
            self.loop.call_later(CALLBACK_PAUSE, self._start_callback, key, brain)

    def _go_on_with(
        self, key: int, brain: Brain, pipeline: Pipeline, ticket: CallbackTicket, path: str
    ) -> None:
        stand, error = callbacks.stand_of(ticket.ticket.journal)
        if stand is callbacks.Stand.NOT_BEGUN:
            host = self.hosts.host(pipeline.file, pipeline.digest)
            self.hosts.run(host, RunCallback(ticket, path))
        elif stand is callbacks.Stand.RUNNING:
            self.loop.call_later(CALLBACK_LOOK, self._start_callback, key, brain)
        else:
            self._callback_ended(key, error)

    def _callback_exited(self, key: int, status: int) -> None:
        if status == TAKEN:
            self.inbox.other_callbacks.add(key)
        else:
            words = f"{describe_exit(status)}, {callbacks.FAILED}" if status else None
            self.inbox.callbacks.append((key, words))

    def _callback_ended(self, key: int, error: str | None) -> None:
        self.inbox.callbacks.append((key, error))
        self.inbox.wake()

    # -- hosts -----------------------------------------------------------------------------

    def import_files(self) -> None:
        """Start imports of changed files, as many at once as there are processors."""
        while self.unparsed and self.hosts.importing() < self._imports_at_once:
            file = next(iter(self.unparsed))
            del self.unparsed[file]
            self.hosts.host(file, None)

    def _parsed(self, host: FileHost, message: Parsed | ParseFailed) -> None:
        self.inbox.parsed.append((host, message))
        self._just_parsed.append((host, message))
        self.inbox.wake()

    def _settle(self, host: FileHost, message: Parsed | ParseFailed) -> None:
        """After its report is stored: a host gets its waiting work, or leaves."""
        if isinstance(message, ParseFailed):
            return
        self.hosts.retire_file(host.file, keep=host)
        for work in self.hosts.work_of(host):
            self.hosts.run(host, work)
        if not host.busy:
            self.hosts.retire(host)

    def _host_message(self, host: FileHost, message: FromHost) -> None:
        if isinstance(message, Forked):
            self.inbox.bells.add(message.try_key)
            self.inbox.wake_soon()
            return
        if isinstance(message, Exited):
            host.tries.discard(message.try_key)
            host.used = self.loop.time()
            self.inbox.exits.append(
                Exit(
                    message.try_key,
                    message.pid,
                    message.status,
                    message.cpu_seconds,
                    message.peak_rss,
                )
            )
            if message.try_key in self.lingering:
                # Its last record is dealt with; what is left is not worth a turn of its own.
                self.inbox.wake_soon()
                return
        elif isinstance(message, CallbackExited):
            host.callbacks.discard(message.callback_key)
            self._callback_exited(message.callback_key, message.status)
        elif isinstance(message, StartFailed):
            host.tries.discard(message.try_key)
            self.inbox.failed_starts.append((message.try_key, message.error))
        self.inbox.wake()

    def _host_lost(
        self, host: FileHost, tries: list[int], host_callbacks: list[int], why: str
    ) -> None:
        if tries or host_callbacks or host.parsed is None:
            log.warning("%s", why or f"the host of {host.file} is gone")
            self.inbox.lost_hosts.append(LostHost(host, tries, host_callbacks, why))
            self.inbox.wake()
