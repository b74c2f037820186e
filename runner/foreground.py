"""One run in the foreground: no daemon, no store written, breakpoints and prints where you are.

``dagtop dags test``, ``dagtop dags next`` and ``dagtop tasks render`` are these verbs. Tasks
run one after the other in this process; retry delays are not waited for, reschedules are.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runner.authoring import settings
from runner.authoring.dag import DAG
from runner.authoring.exceptions import ParamValidationError
from runner.authoring.params import check_conf
from runner.authoring.ticks import zone
from runner.authoring.timetables import DagRunInfo
from runner.daemon import timing
from runner.daemon.starting import expanded_counts
from runner.execution.settings import settings_of
from runner.finding import Problem, find_dag
from runner.host.error_facts import clean
from runner.host.run_try import run_callbacks, run_try
from runner.journal.reader import decode_frames
from runner.journal.records import (
    CallbackTicket,
    DownstreamSkipped,
    Ended,
    MetricPoints,
    RunFacts,
    Ticket,
    XComInput,
    XComPushed,
)
from runner.journal.writer import JournalWriter
from runner.local_answers import LocalQuestions
from runner.scheduling.decide import decide, why
from runner.scheduling.expansion import MAX_MAP_LENGTH, initial_instances, mapping_failure
from runner.scheduling.model import Instance
from runner.scheduling.overrides import overridden
from runner.scheduling.run_state import RunState
from store.conf import read_value
from store.config import Config, ConfigError, load
from store.states import TASK_STATE_LOOKS, DagRunState, DagRunType, TaskInstanceState
from store.structure import DagStructure
from store.workspace import Workspace

State = TaskInstanceState


def main(verb: str, workspace: Workspace, rest: Sequence[str]) -> int:
    """Do a verb. Returns its exit status, as ``app.cli.exit_codes`` has them."""
    try:
        config = _config(workspace).runner
        settings.use(settings_of(config))
        if verb == "test":
            status = _test(workspace, rest, config.max_map_length)
        else:
            status = (_next if verb == "next" else _render)(workspace, rest)
        sys.stdout.flush()
        return status
    except Problem as problem:
        print(clean(f"dagtop: {problem}"), file=sys.stderr)
        return problem.status
    except BrokenPipeError:  # nobody reads what is printed any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _config(workspace: Workspace) -> Config:
    try:
        return load(workspace)
    except ConfigError as error:
        raise Problem(str(error), 6) from None


def _date(text: str | None, structure: DagStructure) -> datetime | None:
    """A date as it was given; without an offset it is in the DAG's time zone."""
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise Problem(
            f"{text!r} is not a date; write it like 2026-11-21T06:00:00+00:00", 2
        ) from None
    return value if value.tzinfo else value.replace(tzinfo=zone(structure.timezone))


def _conf(text: str, structure: DagStructure, pairs: Sequence[str] = ()) -> dict[str, Any]:
    """The conf of a run, checked against the DAG's params as a triggered run's is."""
    schemas = {param.name: param.schema for param in structure.params}
    try:
        conf = json.loads(text)
        for pair in pairs:
            name, equals, value = pair.partition("=")
            if not name or not equals:
                raise Problem(f"--param {pair!r} lacks a value; write --param name=value", 2)
            if name not in schemas:
                known = f"it has {', '.join(schemas)}" if schemas else "it has none"
                raise Problem(f"the DAG has no param {name!r}; {known}", 2)
            conf[name] = read_value(value, schemas[name])
        check_conf([(p.name, p.has_default, p.schema) for p in structure.params], conf)
    except json.JSONDecodeError as error:
        raise Problem(f"--conf is not valid JSON: {error}", 2) from None
    except ParamValidationError as error:
        raise Problem(str(error), 2) from None
    return conf


# -- test ----------------------------------------------------------------------------------


def _test(workspace: Workspace, rest: Sequence[str], longest: int) -> int:
    parser = argparse.ArgumentParser(prog="dagtop dags test")
    parser.add_argument("dag_id")
    parser.add_argument("--logical-date")
    parser.add_argument("--conf", default="{}")
    parser.add_argument("--param", action="append", default=[])
    parser.add_argument("--task")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(rest)
    dag, structure = find_dag(workspace, options.dag_id)
    if options.task is not None and options.task not in {t.task_id for t in structure.tasks}:
        raise Problem(f"DAG {options.dag_id} has no task {options.task!r}")
    conf = _conf(options.conf, structure, options.param)
    date = _date(options.logical_date, structure)
    with tempfile.TemporaryDirectory(prefix="dagtop-test-") as folder:
        run = ForegroundRun(workspace, dag, structure, conf, date, Path(folder), longest)
        state = run.run_task(options.task) if options.task else run.run()
    summary = run.summary(state)
    print(json.dumps(summary, indent=2) if options.json else _table(summary))
    return 0 if state == DagRunState.SUCCESS else 1


class ForegroundRun:
    """A DAG run in memory, with tasks run in this process."""

    def __init__(
        self,
        workspace: Workspace,
        dag: DAG,
        structure: DagStructure,
        conf: dict[str, Any],
        logical_date: datetime | None,
        folder: Path,
        longest: int = MAX_MAP_LENGTH,
    ) -> None:
        now = datetime.now(UTC)
        date = logical_date or now
        try:
            info = timing.manual_run(structure, date, now)
        except (OverflowError, ValueError) as error:
            raise Problem(
                f"the logical date {date.isoformat()} has no data interval ({error})", 2
            ) from None
        interval = info.interval
        self.dag = dag
        self.structure = structure
        self.tasks = {task.task_id: task for task in structure.tasks}
        self.folder = folder
        self._longest = longest
        self.facts = RunFacts(
            dag_run_key=0,
            run_id=timing.run_id(DagRunType.MANUAL, info),
            run_type="manual",
            logical_date=date.isoformat(),
            data_interval_start=interval[0].isoformat() if interval else None,
            data_interval_end=interval[1].isoformat() if interval else None,
            run_after=now.isoformat(),
            queued_at=now.isoformat(),
            started_at=now.isoformat(),
            conf=conf,
            triggered_by="test",
        )
        self.questions = LocalQuestions(workspace, structure.dag_id, self.facts.run_id)
        instances = initial_instances(structure, date)
        self.state = RunState(structure, instances, logical_date=date)
        for instance in self.state.instances.values():
            instance.max_tries = self.tasks[instance.task_id].retries
        self._tries = 0
        self._first_started: dict[tuple[str, int], float] = {}
        self._reschedules: dict[tuple[str, int], int] = {}
        self._errors: dict[tuple[str, int], str] = {}
        self.metrics = 0

    def run(self) -> DagRunState:
        """Run until the DAG run has its final state."""
        while True:
            decision = decide(self.state, datetime.now(UTC))
            if decision.run_state is not None:
                return decision.run_state
            ready = [
                instance
                for instance in self.state.instances.values()
                if instance.state is State.SCHEDULED
            ]
            for instance in ready:
                if not instance.try_number:
                    instance.max_tries = self.tasks[instance.task_id].retries
                self._run_once(instance)
            if not ready and not self._wait():
                return DagRunState.FAILED

    def run_task(self, task_id: str) -> DagRunState:
        """Run a single task, whatever is upstream of it."""
        instance = self.state.instances.get((task_id, -1))
        if instance is None:
            raise Problem(f"task {task_id} is mapped: test the whole DAG")
        instance.max_tries = self.tasks[task_id].retries
        self._run_once(instance)
        return DagRunState.SUCCESS if instance.state is State.SUCCESS else DagRunState.FAILED

    def _wait(self) -> bool:
        """Nothing is ready: end retry delays, wait for the next poke of a rescheduled sensor."""
        waiting = [i for i in self.state.instances.values() if i.next_at is not None]
        if not waiting:
            for key, reason in why(self.state, datetime.now(UTC)).items():
                print(clean(f"{key[0]} can't run: {reason}"), file=sys.stderr)
            return False
        retries = [i for i in waiting if i.state is State.UP_FOR_RETRY]
        for instance in retries:
            key = (instance.task_id, instance.map_index)
            self.state.set_state(key, instance.state, next_at=datetime.now(UTC))
        if not retries:
            due = min(i.next_at for i in waiting if i.next_at is not None)
            time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
        return True

    def _run_once(self, instance: Instance) -> None:
        key = (instance.task_id, instance.map_index)
        again = key in self._reschedules
        number = instance.try_number if again else instance.try_number + 1
        self.state.set_state(key, State.QUEUED, try_number=number)
        self._tries += 1
        path = self.folder / f"journal.{self._tries}"
        journal = JournalWriter.create(str(path), self._tries, str(self.folder / "bell"))
        assert journal is not None
        self.state.set_state(key, State.RUNNING)
        self._first_started.setdefault(key, time.time())
        ticket = self._ticket(instance, path)
        self.questions.registry.follow(str(path))
        run_try(ticket, self.dag, journal, self.questions)
        sys.stdout.flush()
        self._take_in(instance, path.read_bytes(), ticket)

    def ticket_of(self, task_id: str) -> Ticket:
        """A ticket for the first try of a task, as it stands."""
        instance = self.state.instances.get((task_id, -1)) or self.state.instances[task_id, 0]
        return self._ticket(instance, self.folder / "journal")

    def _ticket(self, instance: Instance, path: Path) -> Ticket:
        task = self.tasks[instance.task_id]
        key = (instance.task_id, instance.map_index)
        wanted = set(task.xcom_inputs)
        return Ticket(
            try_key=self._tries,
            task_instance_key=0,
            dag_id=self.structure.dag_id,
            task_id=instance.task_id,
            map_index=instance.map_index,
            try_number=instance.try_number,
            max_tries=instance.max_tries,
            run=self.facts,
            journal=str(path),
            log="",
            doorbell=str(self.folder / "bell"),
            questions="",
            xcoms=[
                XComInput(task_id, name, index, value)
                for (task_id, name, index), value in sorted(self.questions.xcoms.items())
                if (task_id, name) in wanted
            ],
            pushed_counts=expanded_counts(self.state, {task_id for task_id, _ in wanted}),
            expansion_lengths=self.state.argument_lengths(task.task_id),
            first_started_at=self._first_started.get(key),
            reschedule_count=self._reschedules.get(key, 0),
            artifacts=str(self.folder / "artifacts"),
        )

    def _take_in(self, instance: Instance, data: bytes, ticket: Ticket) -> None:
        key = (instance.task_id, instance.map_index)
        for record in decode_frames(data)[0]:
            if isinstance(record, XComPushed):
                self.questions.xcoms[instance.task_id, record.key, instance.map_index] = (
                    record.value
                )
                if instance.map_index == -1:
                    self.state.set_length(instance.task_id, record.key, record.length)
                else:
                    self.state.set_pushed(key, record.key)
            elif isinstance(record, DownstreamSkipped):
                self.state.apply_skip(record.task_ids, record.map_index, by=key)
            elif isinstance(record, MetricPoints):
                self.metrics += record.count
            elif isinstance(record, Ended):
                self._ended(key, record, ticket)

    def _ended(self, key: tuple[str, int], record: Ended, ticket: Ticket) -> None:
        state = State(record.state)
        next_at = None
        problem = self._cannot_be_mapped_over(key[0]) if state is State.SUCCESS else None
        if problem is not None:
            print(clean(problem), file=sys.stderr)
            self._errors[key] = problem
            state = State.FAILED
            if ticket.try_number <= ticket.max_tries:
                state = State.UP_FOR_RETRY
            self._call_back(state, problem, ticket)
        if record.error is not None:
            self._errors[key] = f"{record.error.type}: {record.error.message}"
        if state is State.UP_FOR_RESCHEDULE:
            self._reschedules[key] = self._reschedules.get(key, 0) + 1
            next_at = datetime.fromtimestamp(record.next_at or record.at, UTC)
        else:
            self._reschedules.pop(key, None)
        if state is State.UP_FOR_RETRY:
            next_at = datetime.now(UTC)
        self.state.set_state(key, state, next_at=next_at)

    def _cannot_be_mapped_over(self, task_id: str) -> str | None:
        """Airflow fails the task that pushed what another can't be mapped over."""
        lengths = self.state.lengths.items()
        pushed = {key: length for (pusher, key), length in lengths if pusher == task_id}
        return mapping_failure(self.structure, task_id, pushed, self._longest)

    def _call_back(self, state: TaskInstanceState, reason: str, ticket: Ticket) -> None:
        """The callbacks of a failure that the task's process did not see."""
        kind = "on_retry" if state is State.UP_FOR_RETRY else "on_failure"
        if kind in self.tasks[ticket.task_id].callbacks:
            run_callbacks(CallbackTicket(0, kind, reason, ticket, False), self.dag, self.questions)

    def summary(self, state: DagRunState) -> dict[str, Any]:
        return {
            "dag_id": self.structure.dag_id,
            "run_id": self.facts.run_id,
            "state": str(state),
            "tasks": [
                {
                    "task_id": instance.task_id,
                    "map_index": instance.map_index,
                    "state": None if instance.state is None else str(instance.state),
                    "tries": instance.try_number,
                    "error": self._errors.get((instance.task_id, instance.map_index)),
                }
                for instance in self.state.instances.values()
            ],
        }


def _table(summary: dict[str, Any]) -> str:
    lines = ["", f"{summary['dag_id']}  {summary['run_id']}: {summary['state']}"]
    for task in summary["tasks"]:
        look = TASK_STATE_LOOKS[State(task["state"]) if task["state"] else None]
        index = f"[{task['map_index']}]" if task["map_index"] >= 0 else ""
        name = task["task_id"] + index
        error = f"  {task['error']}" if task["error"] else ""
        line = f"  {look.glyph} {name:<40} {look.word:<16} tries {task['tries']}{error}"
        lines.append(clean(line.replace("\n", " ")))
    return "\n".join(lines)


# -- next and render -----------------------------------------------------------------------


def _next(workspace: Workspace, rest: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="dagtop dags next")
    parser.add_argument("dag_id")
    parser.add_argument("-n", "--count", type=int, default=5)
    parser.add_argument("--schedule", help="in the place of the file's")
    parser.add_argument("--window", type=json.loads, help="its start, end and catchup, as JSON")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(rest)
    _, structure = find_dag(workspace, options.dag_id)
    if options.schedule is not None:
        structure = overridden(structure, options.schedule, options.window)
    found = []
    last: tuple[datetime, datetime] | None = None
    now = datetime.now(UTC)
    for _ in range(options.count):
        info = timing.next_scheduled(structure, last, now)
        if info is None:
            break
        found.append(info)
        last = info.interval
    rows = [
        {
            "run_after": info.run_after.isoformat(),
            "logical_date": info.logical_date.isoformat() if info.logical_date else None,
            "data_interval_start": info.interval.start.isoformat() if info.interval else None,
            "data_interval_end": info.interval.end.isoformat() if info.interval else None,
        }
        for info in found
    ]
    if options.json:
        print(json.dumps(rows, indent=2))
    elif not rows:
        on_assets = structure.timetable.kind == "asset"
        why = "runs when its assets had events" if on_assets else "has no further scheduled run"
        print(f"DAG {options.dag_id} {why}")
    else:
        for info in found:
            here = info.run_after.astimezone()
            print(f"{here:%Y-%m-%d %H:%M:%S %Z}   interval {_span(info)}")
    return 0


def _span(info: DagRunInfo) -> str:
    if info.interval is None:
        return "none"
    start, end = info.interval
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"


def _render(workspace: Workspace, rest: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="dagtop tasks render")
    parser.add_argument("dag_id")
    parser.add_argument("task_id")
    parser.add_argument("--logical-date")
    parser.add_argument("--conf", default="{}")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(rest)
    dag, structure = find_dag(workspace, options.dag_id)
    if options.task_id not in {task.task_id for task in structure.tasks}:
        raise Problem(f"DAG {options.dag_id} has no task {options.task_id!r}")
    from runner.host.render import render_only

    with tempfile.TemporaryDirectory(prefix="dagtop-render-") as folder:
        run = ForegroundRun(
            workspace,
            dag,
            structure,
            _conf(options.conf, structure),
            _date(options.logical_date, structure),
            Path(folder),
        )
        fields = render_only(run.ticket_of(options.task_id), dag, run.questions)
    if options.json:
        print(json.dumps(fields, indent=2))
    else:
        for name, value in fields.items():
            print(clean(f"# {name}\n{value}\n"))
    return 0
