"""The runner at work: facts come in, a turn decides and commits, orders go out.

All state changes happen in ``turn``, in one write transaction; what must happen outside (tickets,
signals, timers) is done only after its commit. A turn that can't be written leaves no trace: the
memory is thrown away, filled again from the store, and the same facts are looked at once more.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from runner.daemon import callbacks, commands, ingest, pipelines, runs, starting
from runner.daemon.brain import Brain
from runner.daemon.changes import Changes
from runner.daemon.hands import Hands
from runner.daemon.inbox import Inbox, Request
from runner.daemon.memory import LiveTry
from runner.daemon.turn import Orders, Turn
from runner.execution.hosts import FileHost
from runner.execution.processes import is_alive, out_of_memory_kills
from runner.journal.messages import (
    Parsed,
    ParseFailed,
    RunTry,
)
from store import models
from store.config import Config
from store.engine import WRITE, Store
from store.errors import StoreError
from store.workspace import Workspace

log = logging.getLogger(__name__)

CLOCK_JUMP = 5.0
"""Seconds by which wall clock and monotonic clock must part to be called a jump."""
SOON = 0.02
"""Seconds by which facts that nothing waits for may be gathered into one turn."""
RETRY_PAUSE = 0.5
"""Seconds until a turn that could not be written is tried again."""


class Engine:
    """Owns memory, hosts and timers; runs turns when woken."""

    def __init__(
        self,
        workspace: Workspace,
        store: Store,
        config: Config,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clock = clock
        self.workspace = workspace
        self.store = store
        self.config = config
        self.loop = asyncio.get_running_loop()
        self.brain = Brain(workspace, config.runner.parallelism)
        self.inbox = Inbox(self.wake, self.wake_soon)
        self.hands = Hands(workspace, store, config, self.inbox)
        self.turn_seconds: deque[float] = deque(maxlen=1000)
        self.stopping: str | None = None
        self.stopped = asyncio.Event()
        self._woken = self._woken_soon = False
        self._memory_lost = True
        self._clock_offset = clock().timestamp() - time.monotonic()
        self._connection = store.engine.connect().execution_options(**{WRITE: True})
        self._data_version: int | None = None

    # -- waking ----------------------------------------------------------------------------

    def wake(self) -> None:
        """Have a turn run soon; several wakes before it are one."""
        if not self._woken:
            self._woken = True
            self.loop.call_soon(self._turn_now)

    def wake_soon(self) -> None:
        """Have a turn run within ``SOON``: for facts that nothing waits for."""
        if not self._woken_soon:
            self._woken_soon = True
            self.loop.call_later(SOON, self.wake)

    def ring(self, messages: list[bytes]) -> None:
        """The doorbell rang."""
        for message in messages:
            if message.startswith(b"t") and message[1:].isdigit():
                self.inbox.bells.add(int(message[1:]))
            else:
                self.inbox.rows_changed = True
        self.wake()

    def poll(self) -> None:
        """The slow poll that backs up lost rings; also notices a clock that was set."""
        self._check_clock()
        self.hands.end_lingering()
        self.brain.memory_kills = out_of_memory_kills()
        if self.rows_were_changed():
            self.inbox.rows_changed = True
        for live_try in self.brain.tries.values():
            if live_try.pid is not None and not live_try.ended:
                with contextlib.suppress(OSError):
                    if os.stat(live_try.journal).st_size > live_try.offset:
                        self.inbox.bells.add(live_try.key)
            elif live_try.pid is None:
                self.inbox.bells.add(live_try.key)
            self._check_unwatched(live_try)
        inbox = self.inbox
        if inbox.rows_changed or inbox.bells or inbox.exits or self._memory_lost:
            self.wake()

    def rows_were_changed(self) -> bool:
        """Whether another connection has written since this was last asked."""
        if not self.store.is_sqlite:
            return True
        raw = self._connection.connection.dbapi_connection
        assert raw is not None
        version = raw.cursor().execute("PRAGMA data_version").fetchone()[0]
        changed = version != self._data_version
        self._data_version = version
        return changed

    def _check_unwatched(self, live_try: LiveTry) -> None:
        """Without a host or a process descriptor to tell, look whether the process is there."""
        if live_try.pid is None or live_try.gone or live_try.host_key is not None:
            return
        if live_try.process_descriptor is None and not is_alive(
            live_try.pid, live_try.process_start or ""
        ):
            self.inbox.exits.append((live_try.key, live_try.pid, None, 0.0, 0))

    def _check_clock(self) -> None:
        offset = self._clock().timestamp() - time.monotonic()
        jump = offset - self._clock_offset
        self._clock_offset = offset
        if abs(jump) > CLOCK_JUMP:
            log.warning("the clock was set by %+.0f s", jump)
            self.inbox.due.add(("clock", jump))
            self.hands.scheduler.wakeup()
            self.wake()

    # -- the turn --------------------------------------------------------------------------

    def _turn_now(self) -> None:
        self._woken = self._woken_soon = False
        if self._connection.closed:
            return
        began = time.perf_counter()
        try:
            orders = self._turn()
        except StoreError as error:
            log.warning("a turn could not be written, it is tried again: %s", error)
            self._lose_memory()
            return
        except Exception:
            log.exception("a turn failed, the memory is filled anew from the store")
            self._lose_memory()
            return
        self.hands.carry_out(orders, self.brain)
        if orders.stop is not None:
            self.stop(orders.stop)
        self.turn_seconds.append(time.perf_counter() - began)

    def _lose_memory(self) -> None:
        for live_try in self.brain.tries.values():
            live_try.close()
        self._memory_lost = True
        self.loop.call_later(RETRY_PAUSE, self.wake)

    def _turn(self) -> Orders:
        inbox, orders, changes = self.inbox, Orders(), Changes()
        answers: list[tuple[Request, Any, str | None]] = []
        with self._connection.begin():
            if self._memory_lost:
                self._remember(orders)
            turn = Turn(
                now=self._clock(),
                connection=self._connection,
                brain=self.brain,
                config=self.config,
                changes=changes,
                orders=orders,
            )
            self._take_in_hosts(turn)
            self._take_in_tries(turn)
            if inbox.rows_changed:
                self._take_in_rows(turn)
            answers += [(request, *self._perform(turn, request)) for request in inbox.requests]
            self._take_in_due(turn)
            for _ in range(2):  # ending runs make room for queued ones
                if self.brain.queued_runs:
                    runs.promote_runs(turn)
                if not self.brain.dirty:
                    break
                runs.decide_runs(turn)
            starting.start_what_may(turn)
            changes.flush(self._connection)
        self._memory_lost = False
        self.inbox.clear()
        for request, value, error in answers:
            if not request.answer.done():
                request.answer.set_result((value, error))
        return orders

    def _remember(self, orders: Orders) -> None:
        """Fill the memory from the store; every open try is looked at."""
        old = self.brain.tries
        self.brain = Brain(self.workspace, self.config.runner.parallelism)
        self.brain.is_stopping = self.stopping is not None
        self.brain.load(self._connection)
        self.brain.memory_kills = out_of_memory_kills()
        for live_try in self.brain.tries.values():
            before = old.get(live_try.key)
            if before is not None:
                live_try.host_key = before.host_key
            self.inbox.bells.add(live_try.key)
            if live_try.pid is not None and live_try.host_key is None:
                orders.watch.append(live_try)
            if live_try.intent is not None:
                orders.kills.append(live_try)
        for run in self.brain.runs.values():
            orders.timers += [
                (instance.next_at, ("instance", run.key, instance.row_key))
                for instance in run.state.instances.values()
                if instance.next_at is not None
            ]
            timeout = run.pipeline.structure.dagrun_timeout
            if timeout is not None and run.started_at is not None:
                at = run.started_at + timedelta(seconds=timeout)
                orders.timers.append((at, ("run_timeout", run.key)))
        for pipeline in self.brain.pipelines.values():
            if pipeline.next_run_after is not None and pipeline.hold() is None:
                orders.timers.append((pipeline.next_run_after, ("dag", pipeline.dag_id)))
        open_callbacks = self._connection.execute(
            select(models.callback.c.id).where(models.callback.c.state.in_(("pending", "running")))
        ).scalars()
        known = {key for host in self.hands.hosts.all() for key in host.callbacks}
        orders.new_callbacks.extend(key for key in open_callbacks if key not in known)

    def _take_in_tries(self, turn: Turn) -> None:
        tries = turn.brain.tries
        for key in list(self.inbox.bells):
            live_try = tries.get(key)
            if live_try is not None and ingest.read_journal(turn, live_try):
                self.loop.call_soon(self._again, key)
            if live_try is not None and live_try.pid is None and live_try.host_key is None:
                self._send_again(turn, live_try)
        for key, pid, status, cpu_seconds, peak_rss in self.inbox.exits:
            live_try = tries.get(key)
            if live_try is None or live_try.gone:
                continue
            if live_try.pid is None:
                ingest.read_journal(turn, live_try)
            if live_try.pid is not None and live_try.pid != pid:
                continue  # it lost the race for the journal; another process runs the try
            if live_try.pid is None and status == 0:
                continue  # the winner of that race has yet to state that it started
            ingest.process_gone(turn, live_try, status)
            _final_resources(turn, live_try, cpu_seconds, peak_rss)
        for key, error in self.inbox.failed_starts:
            if (live_try := tries.get(key)) is not None and not live_try.ended:
                ingest.fail(turn, live_try, error)
                live_try.gone = True
        for live_try in list(tries.values()):
            if live_try.ended and live_try.gone:
                del tries[live_try.key]
                turn.orders.closed.append(live_try)

    def _again(self, key: int) -> None:
        self.inbox.bells.add(key)
        self.wake()

    def _send_again(self, turn: Turn, live_try: LiveTry) -> None:
        """A try without a process whose ticket may be lost with a host or a runner: send it again.

        Harmless where the first one is still on its way: the journal is made only once. Where its
        process went before it could start, or none may start now, its instance waits once more.
        """
        run = turn.brain.runs.get(live_try.run_key)
        if live_try.ended:
            return
        if run is None or live_try.intent is not None:
            ingest.fail(turn, live_try, "it was ended before its process could start")
            live_try.gone = True
        elif (run.pipeline.hold() is None or run.pipeline.is_paused) and not os.path.exists(
            live_try.journal
        ):
            turn.orders.tickets.append((live_try, run, starting.make_ticket(turn, run, live_try)))
        else:
            starting.abandon_try(turn, live_try)

    def _take_in_hosts(self, turn: Turn) -> None:
        if self.inbox.files_gone:
            pipelines.forget_missing(turn, pipelines.find_files(self.workspace))
        for host, message in self.inbox.parsed:
            if isinstance(message, Parsed):
                pipelines.take_in(turn, host.file, message)
            else:
                pipelines.take_in_failure(turn, host.file, message)
                self._unstart(turn, host)
        for host, try_keys, callback_keys, why in self.inbox.lost_hosts:
            if host.parsed is None and not why:  # not the file's doing: it is imported once more
                turn.orders.reparse.append(host.file)
                self._unstart(turn, host)
            elif host.parsed is None:
                failure = ParseFailed(why, None, "", [], [], 0.0)
                pipelines.take_in_failure(turn, host.file, failure)
                self._unstart(turn, host)
            for key in try_keys:
                if (live_try := turn.brain.tries.get(key)) is not None:
                    live_try.host_key = None
                    self.inbox.bells.add(key)
                    if live_try.pid is not None:
                        turn.orders.watch.append(live_try)
            for key in callback_keys:
                callbacks.ended(turn, key, f"its host was lost: {why}")
        for key, status in self.inbox.callbacks:
            callbacks.ended(
                turn, key, None if status == 0 else f"exit status {status}, see its log"
            )

    def _unstart(self, turn: Turn, host: FileHost) -> None:
        """The file could not be imported after all: its tries never began, and wait for a mend."""
        for message in self.hands.hosts.work_of(host):
            if isinstance(message, RunTry):
                live_try = turn.brain.tries.get(message.ticket.try_key)
                if live_try is not None and live_try.pid is None:
                    starting.take_back(turn, live_try)
            else:
                callbacks.ended(turn, message.ticket.callback_key, "the file can't be imported")

    def _take_in_rows(self, turn: Turn) -> None:
        """Others wrote rows: pools, pauses, commands."""
        brain, connection = turn.brain, turn.connection
        pool, dag = models.pool, models.dag
        brain.set_pools(dict(connection.execute(select(pool.c.name, pool.c.slots)).all()))
        for dag_id, paused in connection.execute(select(dag.c.dag_id, dag.c.is_paused)):
            pipeline = brain.pipelines.get(dag_id)
            if pipeline is not None and pipeline.is_paused != paused:
                pipeline.is_paused = paused
                runs.pause_changed(turn, pipeline)
        table = models.command
        rows = connection.execute(
            select(table).where(table.c.state == "pending").order_by(table.c.id)
        ).all()
        for row in rows:
            value, error = self._do(turn, row.kind, row.payload, row.actor)
            self._close_command(turn, row.id, value, error)

    def _perform(self, turn: Turn, request: Request) -> tuple[Any, str | None]:
        """Do a command that came over the socket; its row is written with its answer."""
        value, error = self._do(turn, request.command, request.payload, request.actor)
        if not request.payload.get("dry_run"):
            turn.connection.execute(
                models.command.insert().values(
                    kind=request.command,
                    payload=request.payload,
                    actor=request.actor,
                    created_at=turn.now,
                    state="refused" if error else "done",
                    answer={"error": error} if error else value,
                    done_at=turn.now,
                )
            )
        return value, error

    @staticmethod
    def _do(turn: Turn, kind: str, payload: Any, actor: str) -> tuple[Any, str | None]:
        try:
            return commands.perform(turn, kind, payload, actor), None
        except commands.Refused as refusal:
            return None, str(refusal)

    @staticmethod
    def _close_command(turn: Turn, key: int, value: Any, error: str | None) -> None:
        table = models.command
        turn.connection.execute(
            update(table)
            .where(table.c.id == key)
            .values(
                state="refused" if error else "done",
                answer={"error": error} if error else value,
                done_at=turn.now,
            )
        )

    def _take_in_due(self, turn: Turn) -> None:
        """Timers that have fired."""
        any_dag = False
        for key in self.inbox.due:
            if key[0] == "instance":
                run = turn.brain.runs.get(key[1])
                instance = run.instance(key[2]) if run is not None else None
                if run is not None and instance is not None:
                    turn.brain.dirty.add(run.key)
            elif key[0] == "dag":
                any_dag = True
            elif key[0] == "run_timeout":
                run = turn.brain.runs.get(key[1])
                if run is not None:
                    runs.run_timed_out(turn, run)
            elif key[0] == "clock":
                self._shift_waits(turn, key[1])
        if any_dag:
            runs.create_due_runs(turn)

    def _shift_waits(self, turn: Turn, jump: float) -> None:
        """The clock was set: retry delays and pokes keep their length instead of their date."""
        turn.changes.event(turn.now, "clock_set", f"the clock was set by {jump:+.0f} s")
        for run in turn.brain.runs.values():
            for instance in run.state.instances.values():
                if instance.next_at is not None:
                    turn.set_instance(
                        run,
                        instance,
                        instance.state,
                        next_at=instance.next_at + timedelta(seconds=jump),
                    )

    # -- the end ---------------------------------------------------------------------------

    def stop(self, how: str) -> None:
        """End the runner: at once, or when the running tasks have been ended."""
        self.stopping = how
        self.brain.is_stopping = True
        if how == "leave" or not self.brain.tries:
            self.stopped.set()
            return
        self.loop.call_later(0.1, self.stop, how)

    def close(self) -> None:
        """Let go of everything. Running tasks go on by themselves."""
        if self.hands.scheduler.running:
            self.hands.scheduler.shutdown(wait=False)
        self.hands.hosts.close()
        self._connection.close()


def _final_resources(turn: Turn, live_try: LiveTry, cpu_seconds: float, peak_rss: int) -> None:
    live_try.cpu_seconds = max(live_try.cpu_seconds, cpu_seconds)
    live_try.peak_rss = max(live_try.peak_rss, peak_rss)
    turn.changes.update(
        models.task_try,
        live_try.key,
        cpu_seconds=live_try.cpu_seconds,
        peak_rss=live_try.peak_rss,
        read_bytes=live_try.read_bytes,
        write_bytes=live_try.write_bytes,
    )
