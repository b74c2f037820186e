"""The shell commands that do what keys do to a task instance, its run and its DAG. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from shlex import join
from typing import TYPE_CHECKING, Any

from app.tui.models.task_values import compact
from app.tui.reading import InstanceFacts
from app.tui.spans import Span, Spans, span
from store.secrets import masked
from store.states import EXECUTING_TASK_STATES, FINISHED_TASK_STATES, DagRunType

if TYPE_CHECKING:
    from store.queries.runs import RunRow
    from store.queries.tasks import TryRow


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """A command: what it does, its words as typed after ``dagtop``, and as shown."""

    does: str
    words: tuple[str, ...]
    shown: tuple[str, ...] = ()
    """With what is secret hidden; empty: nothing is."""

    def line(self, program: str) -> str:
        """The command as it is typed."""
        return f"{program} {join(self.words)}"

    def shown_line(self, program: str) -> str:
        """The command as it is shown."""
        return f"{program} {join(self.shown or self.words)}"


_OF_A_SCHEDULE = (DagRunType.SCHEDULED, DagRunType.BACKFILL)
"""Runs of a date that a backfill makes again."""

Section = tuple[str, list[ShellCommand]]
CommandEntry = tuple[Spans, ShellCommand | None]


def words(command: str, positional: Sequence[str], *options: str) -> tuple[str, ...]:
    """The words of a command; ids that look like options are kept from being taken for some."""
    if any(word.startswith("-") for word in positional):
        return (*command.split(), *options, "--", *positional)
    return (*command.split(), *positional, *options)


def sections(facts: InstanceFacts, one: TryRow | None) -> list[Section]:
    """All commands, by what they are about."""
    return [
        ("look", _looking(facts, one)),
        ("this task instance", _instance(facts)),
        ("its run", _run(facts.run)),
        ("its DAG", _dag(facts)),
    ]


def _looking(facts: InstanceFacts, one: TryRow | None) -> list[ShellCommand]:
    dag, run, task = facts.run.dag_id, facts.run.run_id, facts.instance.task_id
    here, index = (dag, run, task), _index(facts)
    link = ("--dag", dag, "--run", run)
    number = () if one is None else ("--try", str(one.try_number))
    render = words("tasks render", (dag, task), *_date(facts))
    return [
        ShellCommand("open it in the terminal UI", (*link, "--task", task, *index)),
        ShellCommand("open its run", link),
        ShellCommand("print the log of this try", words("tasks logs", here, *index, *number)),
        ShellCommand("follow its log to the end", words("tasks logs", here, "-f", *index)),
        ShellCommand("its tries, and how they ended", words("tasks state", here, *index)),
        ShellCommand("why it waits", words("tasks why", here)),
        ShellCommand("its XComs", words("tasks xcoms", here, *index)),
        ShellCommand("render its templates anew", render),
        ShellCommand("the run with all its tasks", words("runs show", (dag, run))),
    ]


def _instance(facts: InstanceFacts) -> list[ShellCommand]:
    here = (facts.run.dag_id, facts.run.run_id, facts.instance.task_id)
    index, conf = _index(facts), facts.run.conf or {}

    def clear(does: str, *options: str) -> ShellCommand:
        return ShellCommand(does, words("tasks clear", here, *index, *options))

    def mark(does: str, state: str, *options: str) -> ShellCommand:
        return ShellCommand(does, words("tasks mark", here, "--state", state, *index, *options))

    def retry(conf: Any) -> tuple[str, ...]:
        return words("tasks clear", here, *index, "--downstream", "--conf", compact(conf))

    found = [
        clear("see what would run again", "--downstream", "--dry-run"),
        clear("run it again, and what is downstream", "--downstream"),
        clear("run it again, alone"),
        clear("run it again, and what is upstream", "--upstream"),
        clear("run again what failed of it and below it", "--downstream", "--only-failed"),
        clear("run it again in the runs before too", "--past"),
        clear("run it again in the runs after too", "--future"),
        ShellCommand(
            "run it again with other params: change them", retry(conf), retry(masked(conf))
        ),
        *(mark(f"mark it {state}", state) for state in ("success", "failed", "skipped")),
        mark("mark what is upstream success too", "success", "--upstream"),
        mark("mark what is downstream skipped too", "skipped", "--downstream"),
        mark("mark it success in the runs before too", "success", "--past"),
        mark("mark it success in the runs after too", "success", "--future"),
        ShellCommand("end its process", words("tasks kill", here, *index)),
        ShellCommand("delete it, with its logs and XComs", words("tasks delete", here, *index)),
        ShellCommand("print its note", words("tasks note", here, *index)),
        _noting("tasks note", here, facts.instance.note, *index),
    ]
    state = facts.instance.state
    if state not in EXECUTING_TASK_STATES and state not in FINISHED_TASK_STATES:
        weight = str(facts.instance.priority_weight or 1)
        does = "set its priority weight: a higher one starts earlier"
        found.append(ShellCommand(does, words("tasks priority", (*here, weight), *index)))
        reset = words("tasks priority", here, "--reset", *index)
        found.append(ShellCommand("its weight as the file says again", reset))
    return found


def _noting(command: str, here: Sequence[str], note: str | None, *options: str) -> ShellCommand:
    text = note or "seen by me"
    return ShellCommand("write another note on it", words(command, (*here, text), *options))


def _run(run: RunRow) -> list[ShellCommand]:
    here = (run.dag_id, run.run_id)
    return [
        ShellCommand("run what failed again", words("runs clear", here, "--only-failed")),
        ShellCommand("run all of it again", words("runs clear", here)),
        ShellCommand("mark the run success", words("runs mark", (*here, "success"))),
        ShellCommand("mark the run failed", words("runs mark", (*here, "failed"))),
        ShellCommand("end the run", words("runs cancel", here)),
        ShellCommand("print its note", words("runs note", here)),
        _noting("runs note", here, run.note),
    ]


def _dag(facts: InstanceFacts) -> list[ShellCommand]:
    run, task = facts.run, facts.instance.task_id
    dag, date = (run.dag_id,), _date(facts)
    conf = run.conf or {}

    def with_conf(does: str, command: str, *options: str) -> ShellCommand:
        def spelled(value: Any) -> tuple[str, ...]:
            own = ("--conf", compact(value)) if value else ()
            return words(command, dag, *options, *own)

        return ShellCommand(does, spelled(conf), spelled(masked(conf)))

    found = [
        with_conf("trigger a run with this run's params", "dags trigger"),
        with_conf("try the task in the foreground", "dags test", "--task", task, *date),
        with_conf("try the DAG in the foreground", "dags test", *date),
        ShellCommand("its schedule, params and tasks", words("dags show", dag)),
        ShellCommand("its next runs", words("dags next", dag)),
        ShellCommand("pause it", words("dags pause", dag)),
        ShellCommand("unpause it", words("dags unpause", dag)),
        ShellCommand("its runs", words("runs list", dag)),
    ]
    if run.logical_date is not None and run.run_type in _OF_A_SCHEDULE:
        day = run.logical_date.isoformat()
        span_of = ("--from", day, "--to", day, "--reprocess", "completed")
        found.append(with_conf("run this date again as a backfill", "dags backfill", *span_of))
    return found


def _index(facts: InstanceFacts) -> tuple[str, ...]:
    index = facts.instance.map_index
    return () if index < 0 else ("--map-index", str(index))


def _date(facts: InstanceFacts) -> tuple[str, ...]:
    date = facts.run.logical_date
    return () if date is None else ("--logical-date", date.isoformat())


def command_entries(found: Sequence[Section], program: str, width: int) -> list[CommandEntry]:
    """The lines of the screen: what a command does, below it the command, broken at spaces."""
    entries: list[CommandEntry] = []
    for title, commands in found:
        if entries:
            entries.append(((), None))
        entries.append(((Span(f" {title}", "heading"),), None))
        for command in commands:
            entries.append(((Span(f"   {command.does}", "dim"),), command))
            pieces = textwrap.wrap(
                command.shown_line(program),
                max(20, width - 12),
                break_long_words=False,
                break_on_hyphens=False,
            )
            for number, piece in enumerate(pieces):
                indent = "     " if not number else "         "
                entries.append(((Span(indent), span(piece, "strong")), command))
    return entries
