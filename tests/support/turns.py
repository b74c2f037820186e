"""The runner's turns over a real store, without processes: the test plays hosts and clock."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from runner.daemon import commands, ingest, pipelines, runs, schedules, starting
from runner.daemon.brain import Brain
from runner.daemon.changes import Changes
from runner.daemon.commands import backfills
from runner.daemon.turn import Orders, Turn
from runner.journal.messages import Parsed
from runner.journal.records import Started
from store.config import Config
from store.engine import WRITE
from store.states import TaskInstanceState
from store.structure import DagStructure
from store.workspace import Workspace
from tests.support.stores import new_store

NOW = datetime(2026, 3, 10, 15, 20, tzinfo=UTC)
S = TaskInstanceState


class Turns:
    """A workspace with the runner's memory; each call is a turn, one second after the last."""

    def __init__(self, root: Path, now: datetime = NOW) -> None:
        self.workspace = Workspace(root)
        self.store = new_store(self.workspace)
        self.config = Config()
        self.now = now
        self.orders = Orders()
        self.lingering: set[str] = set()
        """Tasks whose processes stay after they have stated their end."""
        self.brain = Brain(self.workspace, 32)
        self.restart()

    def restart(self) -> None:
        """Fill the memory from the store, as after a crash."""
        self.brain = Brain(self.workspace, 32)
        with self.store.read() as connection:
            self.brain.load(connection)

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """A turn; what follows from it is decided and started at its end."""
        self.now += timedelta(seconds=1)
        self.orders = Orders()
        changes = Changes()
        connection = self.store.engine.connect().execution_options(**{WRITE: True})
        with connection, connection.begin():
            turn = Turn(self.now, connection, self.brain, self.config, changes, self.orders)
            yield turn
            for _ in range(20):
                runs.promote_runs(turn)
                runs.decide_runs(turn)
            starting.start_what_may(turn)
            for live_try in list(self.brain.tries.values()):
                if live_try.ended and live_try.task_id not in self.lingering:
                    live_try.gone = True
                    del self.brain.tries[live_try.key]
            changes.flush(connection)

    def add(self, structure: DagStructure, *, paused: bool = False, text: str = "") -> None:
        """Take a DAG in, as from its file's host."""
        self.take_in(structure.file, structure, text=text)
        with self.turn() as turn:
            schedules.set_paused(turn, self.brain.pipelines[structure.dag_id], paused, actor="test")

    def take_in(self, file: str, *structures: DagStructure, text: str = "") -> None:
        """What the host of a file reports."""
        plain = [msgspec.to_builtins(structure) for structure in structures]
        with self.turn() as turn:
            pipelines.take_in(turn, file, Parsed(plain, text, [], [], None, [], 0.0))

    def do(self, command: str, **payload: Any) -> Any:
        """Perform a command. Raises ``Refused``."""
        with self.turn() as turn:
            return commands.perform(turn, command, payload, "test")

    def trigger(self, dag_id: str = "dag", **payload: Any) -> str:
        return self.do("trigger", dag_id=dag_id, **payload)["run_id"]

    def schedule(self) -> None:
        """Make the scheduled runs that are due."""
        with self.turn() as turn:
            schedules.create_due_runs(turn)

    def make_backfills(self) -> int:
        """Make the runs of backfills, turn by turn; the number of turns."""
        for count in itertools.count():
            due = [key[1] for _, key in self.orders.timers if key[0] == "backfill"]
            if not due:
                return count
            with self.turn() as turn:
                for key in due:
                    backfills.advance(turn, key)
        raise AssertionError

    def passes(self, **time: float) -> None:
        """Time passes: what waits for a date is looked at."""
        self.now += timedelta(**time)
        with self.turn():
            self.brain.dirty |= set(self.brain.runs)

    def starts(self, task_id: str) -> None:
        """The queued tries of a task get their processes."""
        with self.turn() as turn:
            for live_try in list(self.brain.tries.values()):
                if live_try.task_id == task_id and live_try.pid is None:
                    record = Started(self.now.timestamp(), 1, "", "here")
                    ingest.take_in(turn, live_try, [record])

    def ends(
        self, task_id: str, state: TaskInstanceState = S.SUCCESS, *, run_id: str | None = None
    ) -> None:
        """The running tries of a task end."""
        with self.turn() as turn:
            for live_try in list(self.brain.tries.values()):
                run = self.brain.runs.get(live_try.run_key)
                if live_try.task_id == task_id and (
                    run_id is None or (run and run.run_id == run_id)
                ):
                    ingest.finish(
                        turn,
                        live_try,
                        state,
                        at=self.now,
                        duration=1.0,
                        reason="",
                        next_at=self.now + timedelta(hours=1),
                    )

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.store.read() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql, parameters)]

    def states(self, run_id: str) -> dict[str, str | None]:
        """Task id -> state of its (unmapped) instance."""
        return dict(
            self.rows(
                "SELECT task_id, ti.state FROM task_instance ti JOIN dag_run ON dag_run.id = "
                "dag_run_id WHERE run_id = ?",
                run_id,
            )
        )

    def run_states(self) -> list[str]:
        """States of all runs, in the order in which they were made."""
        return [state for (state,) in self.rows("SELECT state FROM dag_run ORDER BY id")]
