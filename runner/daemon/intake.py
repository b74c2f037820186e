"""Taking facts in, one after the other: each is a step of a turn, and can be given up alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, select, update

from runner.daemon import (
    callbacks,
    commands,
    ingest,
    pipelines,
    recordings,
    runs,
    schedules,
    starting,
)
from runner.daemon.commands.backfills import advance, give_up_backfill
from runner.daemon.hands import Hands
from runner.daemon.inbox import Exit, Inbox, LostHost, Request
from runner.daemon.memory import LiveTry
from runner.daemon.turn import Turn
from runner.execution.hosts import FileHost
from runner.journal.messages import Parsed, ParseFailed, RunTry
from store import models
from store.states import TaskInstanceState
from store.workspace import Workspace


class Step(NamedTuple):
    """One fact. ``give_up`` is what becomes of it where ``act`` raises what it must not."""

    what: str
    act: Callable[[Turn], object]
    give_up: Callable[[Turn, str], object]


Answer = tuple[Request, Any, str | None]
"""A command that somebody waits for, its value, and why it was refused."""


class Intake:
    """Makes steps of the facts in an ``Inbox``."""

    def __init__(
        self, workspace: Workspace, hands: Hands, again: Callable[[int | str], None]
    ) -> None:
        """``again`` has the journal of a try, or a recording, read once more, soon."""
        self._workspace = workspace
        self._hands = hands
        self._again = again
        self._pending: list[Row[Any]] = []

    def steps(self, facts: Inbox, answers: list[Answer]) -> Iterator[Step]:
        """All facts, in the order in which they are to be taken in."""
        yield from self._of_hosts(facts)
        yield from self._of_tries(facts)
        yield from self._of_recordings(facts)
        if facts.rows_changed:
            self._pending = []
            yield Step("rows that others wrote", self._rows, _nothing)
            for row in self._pending:
                yield Step(
                    f"command {row.id} ({row.kind})",
                    lambda turn, row=row: self._command(turn, row),
                    lambda turn, why, row=row: _close_command(turn, row.id, None, why),
                )
        for request in list(facts.requests):
            yield Step(
                f"the command {request.command}",
                lambda turn, one=request: answers.append((one, *_perform(turn, one))),
                lambda turn, why, one=request: answers.append((one, None, why)),
            )
        yield from self._of_timers(facts)

    # -- hosts -----------------------------------------------------------------------------

    def _of_hosts(self, facts: Inbox) -> Iterator[Step]:
        if facts.files_gone:
            yield Step("the list of pipeline files", self._forget_missing, _nothing)
        for host, message in facts.parsed:
            yield Step(
                f"the import of {host.file}",
                lambda turn, host=host, message=message: self._parsed(turn, host, message),
                lambda turn, why, host=host: self._unusable(turn, host, why),
            )
        for lost in facts.lost_hosts:
            yield Step(
                f"the loss of the host of {lost.host.file}",
                lambda turn, lost=lost: self._lost(turn, lost),
                lambda turn, why, lost=lost: _without_host(turn, lost.tries),
            )
        for key, error in facts.callbacks:
            yield Step(
                f"the end of callback {key}",
                lambda turn, key=key, error=error: callbacks.ended(turn, key, error),
                _nothing,
            )
        for key in facts.other_callbacks:
            yield Step(
                f"callback {key}",
                lambda turn, key=key: turn.orders.new_callbacks.append(key),
                _nothing,
            )

    def _forget_missing(self, turn: Turn) -> None:
        pipelines.forget_missing(turn, pipelines.find_files(self._workspace))

    def _parsed(self, turn: Turn, host: FileHost, message: Parsed | ParseFailed) -> None:
        if isinstance(message, Parsed):
            pipelines.take_in(turn, host.file, message)
        elif self._is_gone(host.file):
            self._forget_missing(turn)
            self._unstart(turn, host)
        else:
            pipelines.take_in_failure(turn, host.file, message)
            self._unstart(turn, host)

    def _is_gone(self, file: str) -> bool:
        """Whether a file went while it was imported: nothing is wrong with it then."""
        if os.path.lexists(self._workspace.root / file):
            return False
        return file not in pipelines.find_files(self._workspace)  # a name may be written in escapes

    def _unusable(self, turn: Turn, host: FileHost, why: str) -> None:
        """What the file defines can't be stored: as if it could not be imported."""
        failure = ParseFailed(f"{host.file}: {why}", None, "", [], [], 0.0)
        pipelines.take_in_failure(turn, host.file, failure)
        self._unstart(turn, host)

    def _lost(self, turn: Turn, lost: LostHost) -> None:
        host, why = lost.host, lost.why
        if host.parsed is None and not why:  # not the file's doing: it is imported once more
            turn.orders.reparse.append(host.file)
            self._unstart(turn, host)
        elif host.parsed is None:
            failure = ParseFailed(why, None, "", [], [], 0.0)
            pipelines.take_in_failure(turn, host.file, failure)
            self._unstart(turn, host)
        _without_host(turn, lost.tries)
        for key in lost.tries:
            self._again(key)
        if host.parsed is None and why:
            for key in lost.callbacks:
                callbacks.ended(turn, key, f"its file can't be imported: {why}")
        else:
            turn.orders.new_callbacks += lost.callbacks

    def _unstart(self, turn: Turn, host: FileHost) -> None:
        """The file could not be imported after all: its tries never began, and wait for a mend."""
        for message in self._hands.hosts.work_of(host):
            if isinstance(message, RunTry):
                live_try = turn.brain.tries.get(message.ticket.try_key)
                if live_try is not None and live_try.pid is None:
                    take_back(turn, live_try)
            else:
                callbacks.ended(turn, message.ticket.callback_key, "the file can't be imported")

    # -- tries -----------------------------------------------------------------------------

    def _of_tries(self, facts: Inbox) -> Iterator[Step]:
        for key in list(facts.bells):
            yield Step(
                f"the journal of try {key}",
                lambda turn, key=key: self._journal(turn, key),
                lambda turn, why, key=key: _give_up_try(turn, key, why),
            )
        for one in list(facts.exits):
            yield Step(
                f"the end of try {one.try_key}",
                lambda turn, one=one: _exited(turn, one),
                lambda turn, why, one=one: _give_up_try(turn, one.try_key, why, gone=True),
            )
        for key, error in list(facts.failed_starts):
            yield Step(
                f"the failed start of try {key}",
                lambda turn, key=key, error=error: _not_started(turn, key, error),
                lambda turn, why, key=key: _give_up_try(turn, key, why, gone=True),
            )
        yield Step("tries that are over", _close_tries, _nothing)

    def _journal(self, turn: Turn, key: int) -> None:
        live_try = turn.brain.tries.get(key)
        if live_try is None:
            return
        if ingest.read_journal(turn, live_try):
            self._again(key)
        if live_try.pid is None and live_try.host_key is None:
            _send_again(turn, live_try)

    def _of_recordings(self, facts: Inbox) -> Iterator[Step]:
        workspace = self._workspace
        for name in sorted(facts.recordings):  # by age: a run is begun before others log to it
            yield Step(
                f"the recording {name}",
                lambda turn, name=name: self._recording(turn, name),
                lambda turn, why, name=name: recordings.give_up(turn, workspace, name, why),
            )

    def _recording(self, turn: Turn, name: str) -> None:
        if recordings.take_in(turn, self._workspace, name):
            self._again(name)

    # -- rows ------------------------------------------------------------------------------

    def _rows(self, turn: Turn) -> None:
        """Others wrote rows: pools, pauses; which commands are there is noted."""
        brain, connection = turn.brain, turn.connection
        pool, dag, command = models.pool, models.dag, models.command
        brain.set_pools(dict(connection.execute(select(pool.c.name, pool.c.slots)).all()))
        for dag_id, paused in connection.execute(select(dag.c.dag_id, dag.c.is_paused)):
            pipeline = brain.pipelines.get(dag_id)
            if pipeline is not None and pipeline.is_paused != paused:
                pipeline.is_paused = paused
                schedules.pause_changed(turn, pipeline)
        pending = select(command).where(command.c.state == "pending").order_by(command.c.id)
        self._pending = list(connection.execute(pending))

    def _command(self, turn: Turn, row: Row[Any]) -> None:
        value, error = _do(turn, row.kind, row.payload, row.actor)
        _close_command(turn, row.id, value, error)

    # -- timers ----------------------------------------------------------------------------

    def _of_timers(self, facts: Inbox) -> Iterator[Step]:
        for key in facts.due:
            kind = key[0]
            if kind == "instance":
                yield Step("a wait", lambda turn, key=key: turn.brain.dirty.add(key[1]), _nothing)
            elif kind == "run_timeout":
                yield Step(
                    f"the time limit of run {key[1]}",
                    lambda turn, key=key: _run_timed_out(turn, key[1]),
                    lambda turn, why, key=key: runs.give_up_run(turn, key[1], why),
                )
            elif kind == "backfill":
                yield Step(
                    f"backfill {key[1]}",
                    lambda turn, key=key: advance(turn, key[1]),
                    lambda turn, why, key=key: give_up_backfill(turn, key[1], why),
                )
            elif kind == "clock":
                yield Step(
                    "a clock that was set",
                    lambda turn, key=key: shift_waits(turn, key[1]),
                    _nothing,
                )
            elif kind == "dag":
                yield Step(
                    f"the schedule of DAG {key[1]}",
                    lambda turn, key=key: schedules.create_due_run(turn, key[1]),
                    lambda turn, why, key=key: schedules.give_up_schedule(turn, key[1], why),
                )
        if any(key[0] == "dag" for key in facts.due):
            yield Step("runs that are due", schedules.create_due_runs, _nothing)


def _nothing(turn: Turn, why: str) -> None:
    """It is dropped: the log tells."""


def _without_host(turn: Turn, try_keys: list[int]) -> None:
    for key in try_keys:
        if (live_try := turn.brain.tries.get(key)) is not None:
            live_try.host_key = None
            if live_try.pid is not None:
                turn.orders.watch.append(live_try)


def take_back(turn: Turn, live_try: LiveTry) -> None:
    """A try whose file can't be imported waits for a mend, unless somebody has ended it."""
    if live_try.intent is None:
        starting.abandon_try(turn, live_try)
    elif not live_try.ended:
        ingest.fail(turn, live_try, "it was ended before its process could start")
        live_try.gone = True


def _send_again(turn: Turn, live_try: LiveTry) -> None:
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


def _exited(turn: Turn, one: Exit) -> None:
    live_try = turn.brain.tries.get(one.try_key)
    if live_try is None or live_try.gone:
        return
    if live_try.pid is None:
        ingest.read_journal(turn, live_try)
    if live_try.pid is not None and live_try.pid != one.pid:
        return  # it lost the race for the journal; another process runs the try
    if live_try.pid is None and one.status == 0:
        return  # the winner of that race has yet to state that it started
    ingest.process_gone(turn, live_try, one.status)
    live_try.cpu_seconds = max(live_try.cpu_seconds, one.cpu_seconds)
    live_try.peak_rss = max(live_try.peak_rss, one.peak_rss)
    turn.changes.update(
        models.task_try,
        live_try.key,
        cpu_seconds=live_try.cpu_seconds,
        peak_rss=live_try.peak_rss,
        read_bytes=live_try.read_bytes,
        write_bytes=live_try.write_bytes,
    )


def _not_started(turn: Turn, key: int, error: str) -> None:
    live_try = turn.brain.tries.get(key)
    if live_try is not None and not live_try.ended:
        ingest.fail(turn, live_try, error)
        live_try.gone = True


def _close_tries(turn: Turn) -> None:
    tries = turn.brain.tries
    for live_try in list(tries.values()):
        if live_try.ended and live_try.gone:
            del tries[live_try.key]
            turn.orders.forgotten.append(live_try)


def _give_up_try(turn: Turn, key: int, why: str, *, gone: bool = False) -> None:
    """What a try recorded can't be taken in: it fails, and the rest of its journal is left."""
    live_try = turn.brain.tries.get(key)
    if live_try is not None:
        ingest.give_up(turn, live_try, why)
        live_try.gone = live_try.gone or gone or live_try.pid is None


def _perform(turn: Turn, request: Request) -> tuple[Any, str | None]:
    """Do a command that came over the socket; its row is written with its answer."""
    value, error = _do(turn, request.command, request.payload, request.actor)
    if not request.payload.get("dry_run"):
        turn.connection.execute(
            models.command.insert().values(
                kind=request.command,
                payload=request.payload,
                actor=request.actor,
                created_at=turn.now,
                state="refused" if error else "done",
                answer={"error": error} if error else _kept(value),
                done_at=turn.now,
            )
        )
    return value, error


def _kept(value: Any) -> Any:
    """An answer without what undoes the command: whoever asked has it, and it can be large."""
    if isinstance(value, dict) and "undo" in value:
        return {name: part for name, part in value.items() if name != "undo"}
    return value


def _do(turn: Turn, kind: str, payload: Any, actor: str) -> tuple[Any, str | None]:
    try:
        return commands.perform(turn, kind, payload, actor), None
    except commands.Refused as refusal:
        return None, str(refusal)


def _close_command(turn: Turn, key: int, value: Any, error: str | None) -> None:
    table = models.command
    turn.connection.execute(
        update(table)
        .where(table.c.id == key)
        .values(
            state="refused" if error else "done",
            answer={"error": error} if error else _kept(value),
            done_at=turn.now,
        )
    )


def _run_timed_out(turn: Turn, key: int) -> None:
    run = turn.brain.runs.get(key)
    if run is not None:
        runs.run_timed_out(turn, run)


def shift_waits(turn: Turn, jump: float) -> None:
    """The clock was set: retry delays keep their length instead of their date.

    A sensor may wait for a date that it names. So pokes are moved only where they would be late,
    that is where the clock was set back.
    """
    turn.changes.event(turn.now, "clock_set", f"the clock was set by {jump:+.0f} s")
    for run in turn.brain.runs.values():
        for instance in run.state.instances.values():
            is_delay = instance.state is TaskInstanceState.UP_FOR_RETRY
            if instance.next_at is not None and (is_delay or jump < 0):
                turn.set_instance(
                    run,
                    instance,
                    instance.state,
                    next_at=instance.next_at + timedelta(seconds=jump),
                )
