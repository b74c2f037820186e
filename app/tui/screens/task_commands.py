"""The shell commands that do the same as the keys, for this task instance, its run, its DAG."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from app.cli.own_command import command_line
from app.tui.bindings import bindings
from app.tui.lines import EntryLines
from app.tui.models.task_commands import (
    ShellCommand,
    command_entries,
    sections,
)
from app.tui.screens.task_instance_views import InstanceEntriesScreen
from app.tui.screens.task_views import TaskFocus


class CommandsScreen(InstanceEntriesScreen):
    """Commands; ``y`` copies the one under the cursor."""

    view_name: ClassVar[str] = "commands"
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "list",
        "task",
        "instance",
        "entries",
        "commands",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "list", "task", "instance", "entries", "commands"
    )

    def __init__(self, focus: TaskFocus) -> None:
        super().__init__(focus)
        self._program = ""

    def show_entries(self) -> None:
        """Show the commands."""
        assert self.facts is not None
        self._program = self._program or command_line(self.dagtop.workspace)
        found = sections(self.facts, self.current_try())
        entries = command_entries(found, self._program, self.app.size.width)
        first = None if len(self.view.lines) else 1
        self.view.show(EntryLines(entries), cursor=first)

    def action_open(self) -> None:
        """Copy the command under the cursor."""
        self.action_copy()

    def command_now(self) -> ShellCommand | None:
        """The command under the cursor."""
        command: ShellCommand | None = self.entry_now()
        return command

    def action_copy(self) -> None:
        """Copy the command under the cursor."""
        command = self.command_now()
        if command is None:
            self.dagtop.say("put the cursor on a command")
        else:
            self.dagtop.copy(command.line(self._program), "the command")
