"""A try's log, followed live."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.screens.task_views import TaskFocus, TaskViewScreen
from app.tui.spans import Span, Spans, span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.log_view import LogView
from app.tui.widgets.prompt import PromptLine


class LogScreen(TaskViewScreen):
    """The log of one try; ``(`` and ``)`` change the try, ``<`` and ``>`` the map index."""

    view_name: ClassVar[str] = "log"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "task", "log")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "task", "log")

    def __init__(self, focus: TaskFocus) -> None:
        super().__init__(focus)
        self._shown: Path | None = None

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="title")
        yield LogView(widget_id="main")
        yield PromptLine("/", widget_id="search")

    @property
    def view(self) -> LogView:
        return self.query_one("#main", LogView)

    def on_screen_suspend(self) -> None:
        self.view.timer.pause()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self.view.timer.resume()

    # snapshots

    def show_task(self) -> None:
        """Show the chosen try's log, if it isn't shown already."""
        one = self.current_try()
        path = None if one is None else self.dagtop.workspace.log(one.dag_run_id, one.id)
        self.view.waiting = self.missing_words() or (
            "there is no log: the try has not started, or its log was deleted by upkeep"
        )
        if path != self._shown or path is None:
            self._shown = path
            self.view.open(path)
        self.show_status()

    def show_status(self) -> None:
        """What follows or was found, on the right of the line above the log."""
        self.query_one("#title", InfoLine).right = self._status()

    def _status(self) -> Spans:
        view = self.view
        words: list[Span] = []
        if view.needle:
            words.extend((Span("/", "key"), span(view.needle, "accent"), Span("  ")))
        if view.wrap:
            words.append(Span("wrap  ", "dim"))
        if view.following:
            one = self.current_try()
            live = one is not None and one.ended_at is None
            words.append(Span("following" if live else "end", "good" if live else "dim"))
        else:
            if view.new_lines:
                words.append(Span(f"+{view.new_lines:,} lines  ", "warning"))
            words.append(Span(f"{view.percent}%", "dim"))
        return tuple(words)

    def on_log_view_changed(self) -> None:
        self.show_status()

    def tick(self) -> None:
        super().tick()
        self.show_status()

    def step_back(self) -> bool:
        if self.view.needle:
            self.view.search("")
            return True
        return False

    # actions

    def action_follow(self) -> None:
        """Follow the end, or stay here."""
        self.view.follow(not self.view.following)

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.view.toggle_wrap()

    async def action_search(self) -> None:
        """Open the search."""
        await self.query_one("#search", PromptLine).open(self.view.needle, "words to search for")

    def on_prompt_line_entered(self, message: PromptLine.Entered) -> None:
        self.view.search(message.text)

    def on_log_view_not_found(self, message: LogView.NotFound) -> None:
        self.dagtop.say(f"{message.needle} is not in this log", "warning")

    def action_next_match(self) -> None:
        """To the next match."""
        self._go_to_match(backwards=False)

    def action_previous_match(self) -> None:
        """To the match before."""
        self._go_to_match(backwards=True)

    def _go_to_match(self, *, backwards: bool) -> None:
        if not self.view.needle:
            self.dagtop.say("nothing is searched for: / searches")
        else:
            self.view.find_next(backwards=backwards)

    def action_copy(self) -> None:
        """Copy the line with the match, else the first visible line."""
        line = self.view.top_line()
        if line:
            self.dagtop.copy(line, "the line")

    def action_copy_path(self) -> None:
        """Copy the path of the log file."""
        if self._shown is not None:
            self.dagtop.copy(str(self._shown), "the path")
