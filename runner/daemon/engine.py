"""The runner at work: facts come in, a turn decides and commits, orders go out.

All state changes happen in ``turn``, in one write transaction; what must happen outside (tickets,
signals, timers) is done only after its commit. A turn that can't be written leaves no trace: the
memory is thrown away, filled again from the store, and the same facts are looked at once more.
A turn that fails for another cause is taken apart: each fact by itself, and the guilty one given
up, so that one try, file or command that nobody foresaw can't stop all others.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from runner.daemon import assets, recordings, runs, starting
from runner.daemon.brain import Brain
from runner.daemon.changes import Changes
from runner.daemon.hands import Hands
from runner.daemon.inbox import Exit, Inbox, Request
from runner.daemon.intake import Answer, Intake, Step
from runner.daemon.log_times import LogTimes
from runner.daemon.memory import LiveTry
from runner.daemon.turn import Orders, Turn
from runner.execution.processes import is_alive, out_of_memory_kills
from runner.journal import recording
from runner.scheduling.model import Candidate
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
ROUNDS = 20
"""Times that ending runs may make room for queued ones within one turn."""
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
        self.clock = clock
        self.workspace = workspace
        self.store = store
        self.config = config
        self.loop = asyncio.get_running_loop()
        self.brain = Brain(workspace, config.runner.parallelism)
        self.inbox = Inbox(self.wake, self.wake_soon)
        self.hands = Hands(workspace, store, config, self.inbox)
        self.turn_seconds: deque[float] = deque(maxlen=1000)
        self.turns = 0
        self.stopping: str | None = None
        self.stopped = asyncio.Event()
        self.log_times = LogTimes()
        self.intake = Intake(workspace, self.hands, self._again)
        self._woken = self._woken_soon = False
        self._memory_lost = True
        self._is_careful = False
        self._retry: asyncio.TimerHandle | None = None
        self._clock_offset = clock().timestamp() - _steady_seconds()
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
            elif message != recording.RING:
                self.inbox.rows_changed = True
        if recording.RING in messages:
            self.look_at_recordings()
        self.wake()

    def look_at_recordings(self) -> bool:
        """Note which recordings have something to read, or have ended; whether any have."""
        found = set(recordings.look(self.workspace.recordings, self.brain.recordings))
        self.inbox.recordings |= found
        return bool(found)

    async def catch_up_with_recordings(self) -> None:
        """Take in all that scripts have logged until now: who asks for it wants their own, too.

        Not what they log meanwhile: one that logs fast would be waited for without end.
        """
        behind = recordings.sizes(self.workspace.recordings, self.brain.recordings)
        while behind and not self._connection.closed:
            before = self.turns
            self.inbox.recordings.update(behind)
            self._turn_now()
            if self.turns == before:  # it could not be written, and is tried again by itself
                return
            read = self.brain.recordings
            behind = {
                name: size
                for name, size in behind.items()
                if name in read and read[name].has_more and read[name].offset < size
            }
            await asyncio.sleep(0)

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
        self.log_times.look(self.brain.tries.values(), time.time())
        self.look_at_recordings()
        inbox = self.inbox
        if (
            inbox.rows_changed
            or inbox.bells
            or inbox.exits
            or inbox.recordings
            or self._memory_lost
        ):
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
        """Without a host to tell, look whether the process is there."""
        if live_try.pid is None or live_try.gone or live_try.host_key is not None:
            return
        if not is_alive(live_try.pid, live_try.process_start or ""):
            self.inbox.exits.append(Exit(live_try.key, live_try.pid, None))

    def _check_clock(self) -> None:
        offset = self.clock().timestamp() - _steady_seconds()
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
            if self._is_careful:
                self._careful_turn()
            else:
                self._quick_turn()
        except StoreError as error:
            log.warning("a turn could not be written, it is tried again: %s", error)
            self._try_again()
        except Exception:
            log.exception("a turn failed; its facts are taken in again, each by itself")
            self._is_careful = True
            self._try_again()
        else:
            self.turn_seconds.append(time.perf_counter() - began)
            self.turns += 1

    def _try_again(self) -> None:
        self._lose_memory()
        if self._retry is None or self._retry.cancelled():
            self._retry = self.loop.call_later(RETRY_PAUSE, self._retry_now)

    def _retry_now(self) -> None:
        self._retry = None
        self.wake()

    def _lose_memory(self) -> None:
        for live_try in self.brain.tries.values():
            self.hands.let_go(live_try)
        self._memory_lost = True

    @contextlib.contextmanager
    def _writing(self, orders: Orders) -> Iterator[Turn]:
        """A write transaction with a memory to decide by; its changes are written at its end."""
        changes = Changes()
        with self._connection.begin():
            if self._memory_lost:
                self._remember(orders)
            turn = Turn(
                now=self.clock(),
                connection=self._connection,
                brain=self.brain,
                config=self.config,
                changes=changes,
                orders=orders,
                state=str(self.workspace.state),
            )
            self._give_up_unusable(turn)
            yield turn
            changes.flush(turn.connection)
        self._memory_lost = False

    def _give_up_unusable(self, turn: Turn) -> None:
        unusable, self.brain.unusable = self.brain.unusable, {}
        for key, why in unusable.items():
            log.error("run %d can't be continued and is given up: %s", key, why)
            runs.give_up_run(turn, key, f"the runner can't continue the run: {why}")

    def _quick_turn(self) -> None:
        """All facts and what follows from them, in one transaction."""
        orders = Orders()
        answers: list[Answer] = []
        with self._writing(orders) as turn:
            for step in self.intake.steps(self.inbox, answers):
                step.act(turn)
            for _ in range(ROUNDS):  # ending runs make room for queued ones
                runs.promote_runs(turn)
                if not self.brain.dirty:
                    break
                runs.decide_runs(turn)
            else:
                self.wake()
            starting.start_what_may(turn)
        self.inbox.clear()
        _reply(answers)
        self._carry_out(orders)

    def _careful_turn(self) -> None:
        """The same in small transactions: what fails is given up, and everything else goes on."""
        facts = self.inbox.take()
        try:
            answers: list[Answer] = []
            for step in self.intake.steps(facts, answers):
                self._alone(step, answers)
                done = _reply(answers)
                facts.requests = [
                    one for one in facts.requests if not any(one is other for other in done)
                ]
            for _ in range(ROUNDS):
                for dag_id in list(self.brain.asset_consumers):
                    self._alone(_asset_run(dag_id))
                for dag_id in self.brain.dags_with_queued_runs():
                    self._alone(_promotion(dag_id))
                if not self.brain.dirty:
                    break
                for key in list(self.brain.dirty):
                    self._alone(_decision(key))
            for candidate in starting.chosen(self.brain):
                self._alone(_start(candidate))
        except StoreError:
            self.inbox.put_back(facts)
            raise
        for request in facts.requests:  # neither done nor given up
            _reply([(request, None, "the runner's store is damaged: see its log")])
        self._is_careful = False
        self.wake()

    def _alone(self, step: Step, answers: list[Answer] | None = None) -> None:
        """Do a step in a transaction of its own; ``answers`` are what those that are done gave."""
        orders = Orders()
        try:
            with self._writing(orders) as turn:
                step.act(turn)
        except StoreError:
            raise
        except Exception as error:
            log.exception("%s can't be dealt with and is given up", step.what)
            if answers is not None:
                answers.clear()  # what it said before its changes could be written
            self._lose_memory()
            orders = Orders()
            why = f"the runner can't deal with {step.what}: {type(error).__name__}: {error}"
            try:
                with self._writing(orders) as turn:
                    step.give_up(turn, why)
            except StoreError:
                raise
            except Exception:
                log.exception("%s can't be given up either", step.what)
                self._lose_memory()
                return
        self._carry_out(orders)

    def _carry_out(self, orders: Orders) -> None:
        try:
            self.hands.carry_out(orders, self.brain)
        finally:
            if orders.stop is not None:
                self.stop(orders.stop)

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
                try:
                    at = run.started_at + timedelta(seconds=timeout)
                except OverflowError as error:
                    self.brain.unusable[run.key] = f"dagrun_timeout: {error}"
                else:
                    orders.timers.append((at, ("run_timeout", run.key)))
        for pipeline in self.brain.pipelines.values():
            if pipeline.next_run_after is not None and pipeline.hold() is None:
                orders.timers.append((pipeline.next_run_after, ("dag", pipeline.dag_id)))
        backfill = models.backfill
        orders.timers += [
            (self.clock(), ("backfill", key))
            for key in self._connection.execute(
                select(backfill.c.id).where(backfill.c.next_date.is_not(None))
            ).scalars()
        ]
        open_callbacks = self._connection.execute(
            select(models.callback.c.id).where(models.callback.c.state.in_(("pending", "running")))
        ).scalars()
        known = {key for host in self.hands.hosts.all() for key in host.callbacks}
        orders.new_callbacks.extend(key for key in open_callbacks if key not in known)

    def _again(self, key: int | str) -> None:
        """Have the journal of a try, or a recording, read once more, after this turn."""
        self.loop.call_soon(self._ring_again, key)

    def _ring_again(self, key: int | str) -> None:
        if isinstance(key, int):
            self.inbox.bells.add(key)
        else:
            self.inbox.recordings.add(key)
        self.wake()

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


def _steady_seconds() -> float:
    """Seconds that no one sets, and that go on while the machine sleeps where that can be had."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def _reply(answers: list[Answer]) -> list[Request]:
    """Tell those who wait; gives their requests, and empties the list."""
    for request, value, error in answers:
        if not request.answer.done():
            request.answer.set_result((value, error))
    done = [request for request, _, _ in answers]
    answers.clear()
    return done


def _promotion(dag_id: str) -> Step:
    return Step(
        f"the queue of DAG {dag_id}",
        lambda turn: runs.promote_runs_of(turn, dag_id),
        lambda turn, why: runs.give_up_queued(turn, dag_id, why),
    )


def _asset_run(dag_id: str) -> Step:
    return Step(
        f"the assets of DAG {dag_id}",
        lambda turn: assets.create_run(turn, dag_id),
        lambda turn, why: assets.give_up(turn, dag_id, why),
    )


def _decision(key: int) -> Step:
    return Step(
        f"the decision about run {key}",
        lambda turn: runs.decide_run(turn, key),
        lambda turn, why: runs.give_up_run(turn, key, why),
    )


def _start(candidate: Candidate) -> Step:
    run_key, row_key = candidate.dag_run_key, candidate.row_key
    return Step(
        f"the start of task {candidate.task_id} of run {run_key}",
        lambda turn: starting.start_one(turn, run_key, row_key),
        lambda turn, why: runs.give_up_run(turn, run_key, why),
    )
