"""The shell commands that do what keys do to a task instance, its run and its DAG. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from shlex import join
from typing import TYPE_CHECKING, Any

from app.tui.models.task_values import compact, masked
from app.tui.reading import InstanceFacts
from app.tui.spans import Span, Spans, span

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
        ShellCommand("open it in the terminal UI", (*link, "--task", task)),
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
    index = _index(facts)

    def clear(does: str, *options: str) -> ShellCommand:
        return ShellCommand(does, words("tasks clear", here, *index, *options))

    def mark(state: str) -> ShellCommand:
        options = ("--state", state, *index)
        return ShellCommand(f"mark it {state}", words("tasks mark", here, *options))

    return [
        clear("see what would run again", "--downstream", "--dry-run"),
        clear("run it again, and what is downstream", "--downstream"),
        clear("run it again, alone"),
        mark("success"),
        mark("failed"),
        mark("skipped"),
        ShellCommand("end its process", words("tasks kill", here, *index)),
    ]


def _run(run: RunRow) -> list[ShellCommand]:
    here = (run.dag_id, run.run_id)
    return [
        ShellCommand("run what failed again", words("runs clear", here, "--only-failed")),
        ShellCommand("run all of it again", words("runs clear", here)),
        ShellCommand("mark the run success", words("runs mark", (*here, "success"))),
        ShellCommand("mark the run failed", words("runs mark", (*here, "failed"))),
        ShellCommand("end the run", words("runs cancel", here)),
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
    if run.logical_date is not None:
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
