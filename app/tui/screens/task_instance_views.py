"""What the views of a task instance other than its log share: acting on it, its run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.widget import Widget

from app.tui.lines import EntryLines, Lines
from app.tui.screens.acting import Selection, ask_clear, ask_kill, ask_mark
from app.tui.screens.searching import SearchScreen
from app.tui.screens.task_views import TaskViewScreen
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.lines_view import LinesView
from app.tui.widgets.prompt import PromptLine
from store.states import EXECUTING_TASK_STATES


class InstanceScreen(TaskViewScreen):
    """A view with the actions on its task instance."""

    def selection(self) -> Selection | None:
        """The task instance as what an action is about."""
        if self.facts is None:
            self.dagtop.say(self.missing_words() or "there is no such task instance")
            return None
        look, index = self.look, self.facts.instance.map_index
        return Selection(look.dag_id, look.run_id, (look.task_id,), None if index < 0 else (index,))

    def action_run_details(self) -> None:
        """Show its run."""
        self.dagtop.ways.open_run(self.look.dag_id, self.look.run_id)

    def action_over_runs(self) -> None:
        """Show the instances that its task has in all runs."""
        self.dagtop.ways.open_over_runs(self.look.dag_id, self.look.task_id)

    def action_note(self) -> None:
        """Write a note on it, or on its run."""
        from app.tui.screens.noting import ask_note

        if self.facts is not None:
            index = self.facts.instance.map_index
            ask_note(self.dagtop, self.look.dag_id, self.look.run_id, self.look.task_id, index)

    def action_retry(self) -> None:
        """Run it again, with other params."""
        from app.tui.screens.retrying import ask_retry

        if selection := self.selection():
            ask_retry(self.dagtop, selection)

    def action_clear(self) -> None:
        """Run it again."""
        if selection := self.selection():
            ask_clear(self.dagtop, [selection])

    def action_mark_state(self) -> None:
        """Mark it."""
        if selection := self.selection():
            ask_mark(self.dagtop, [selection])

    def action_kill(self) -> None:
        """End its process."""
        selection = self.selection()
        if selection is not None and self.facts is not None:
            works = self.facts.instance.state in EXECUTING_TASK_STATES
            ask_kill(self.dagtop, [selection], [selection] if works else [])


class InstanceLinesScreen(SearchScreen, InstanceScreen):
    """A view that is lines with a cursor, and a search in them."""

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="title")
        yield LinesView(widget_id="main")
        yield PromptLine("/", widget_id="find")

    def show_status(self) -> None:
        """Show what is searched for, on the right of the title."""
        self.query_one("#title", InfoLine).right = self.status() if self.view.needle else ()

    def on_lines_view_chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Do what Enter does on the line under the cursor."""
        raise NotImplementedError


class InstanceEntriesScreen(InstanceLinesScreen):
    """A view whose lines stand for something that can be opened and copied."""

    def show_task(self) -> None:
        """Show the lines, or why there are none."""
        self.view.empty = self.missing_words()
        if self.facts is None:
            self.view.show(Lines())
        else:
            self.show_entries()

    def show_entries(self) -> None:
        """Show the lines of ``facts``, which is there."""
        raise NotImplementedError

    def entry_now(self) -> Any:
        """What the line under the cursor stands for; None: nothing."""
        lines = self.view.lines
        if isinstance(lines, EntryLines) and self.view.cursor < len(lines):
            return lines.entries[self.view.cursor][1]
        return None

    def resized(self) -> None:
        super().resized()
        if self.is_there and self.facts is not None:
            self.show_entries()
