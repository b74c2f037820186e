"""A try's log, followed live."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.formats import run_name
from app.tui.models.instance import instance_name, log_title
from app.tui.reading import LogSnapshot, read_log
from app.tui.screens.base import DagtopScreen
from app.tui.spans import Span, Spans, span
from app.tui.theme import task_look
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.log_view import LogView
from app.tui.widgets.prompt import PromptLine

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from store.queries.tasks import TryRow


class LogScreen(DagtopScreen):
    """The log of one try; ``[`` and ``]`` change the try, ``<`` and ``>`` the map index."""

    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "log")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "log")

    def __init__(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> None:
        super().__init__()
        self.dag_id = dag_id
        self.run_id = run_id
        self.task_id = task_id
        self.map_index = map_index
        self.snapshot: LogSnapshot | None = None
        self.try_number: int | None = None
        """The try that was chosen; None: the newest, also when there is a newer one."""
        self._shown: Path | None = None

    def crumbs(self) -> tuple[str, ...]:
        facts = self.snapshot.facts if self.snapshot else None
        label = facts.instance.map_label if facts else None
        name = instance_name(self.task_id, self.map_index, label)
        return (self.dag_id, run_name(self.run_id), name)

    def body(self) -> Iterable[Widget]:
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

    def fetch(self) -> Fetch:
        return partial(
            read_log,
            dag_id=self.dag_id,
            run_id=self.run_id,
            task_id=self.task_id,
            map_index=self.map_index,
        )

    def show_snapshot(self, snapshot: LogSnapshot) -> None:
        self.snapshot = snapshot
        if snapshot.facts is not None:
            self.map_index = snapshot.facts.instance.map_index
        self.show_crumbs()
        self.show_try()

    def current_try(self) -> TryRow | None:
        """The try that is shown."""
        if self.snapshot is None or self.snapshot.facts is None or not self.snapshot.facts.tries:
            return None
        tries = self.snapshot.facts.tries
        return next((one for one in tries if one.try_number == self.try_number), tries[-1])

    def show_try(self) -> None:
        """Show the chosen try's log, if it isn't shown already."""
        one = self.current_try()
        path = None if one is None else self.dagtop.workspace.log(one.dag_run_id, one.id)
        self.view.waiting = self._waiting_words()
        if path != self._shown or path is None:
            self._shown = path
            self.view.open(path)
        self.show_status()

    def _waiting_words(self) -> str:
        if self.snapshot is None:
            return "reading ..."
        if self.snapshot.facts is None:
            return f"run {self.run_id} has no task {self.task_id}"
        look = task_look(self.snapshot.facts.instance.state)
        if self.current_try() is None:
            return f"no try yet: {look.word}, {look.meaning}"
        return "there is no log: the try has not started, or its log was deleted by upkeep"

    def show_status(self) -> None:
        """The line above the log, and what follows or was found on its right."""
        title = self.query_one("#title", InfoLine)
        facts = self.snapshot.facts if self.snapshot else None
        if facts is not None:
            title.line = log_title(facts, self.current_try(), self.dagtop.scene())
        title.right = self._status()

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

    def action_previous_try(self) -> None:
        """The try before."""
        self._turn_try(-1)

    def action_next_try(self) -> None:
        """The next try."""
        self._turn_try(1)

    def _turn_try(self, step: int) -> None:
        one = self.current_try()
        if one is None or self.snapshot is None or self.snapshot.facts is None:
            return
        numbers = [row.try_number for row in self.snapshot.facts.tries]
        index = numbers.index(one.try_number) + step
        if not 0 <= index < len(numbers):
            self.dagtop.say("there is no other try that way")
            return
        self.try_number = None if index == len(numbers) - 1 else numbers[index]
        self.show_try()

    def action_previous_instance(self) -> None:
        """The map index before."""
        self._turn_instance(-1)

    def action_next_instance(self) -> None:
        """The next map index."""
        self._turn_instance(1)

    def _turn_instance(self, step: int) -> None:
        indexes = self.snapshot.map_indexes if self.snapshot else ()
        if len(indexes) < 2 or self.map_index not in indexes:
            self.dagtop.say("this task has no other map index")
            return
        index = indexes.index(self.map_index) + step
        if not 0 <= index < len(indexes):
            self.dagtop.say("there is no other map index that way")
            return
        self.map_index, self.try_number = indexes[index], None
        self.ask()

    def action_copy(self) -> None:
        """Copy the line with the match, else the first visible line."""
        line = self.view.top_line()
        if line:
            self.dagtop.copy(line, "the line")

    def action_copy_path(self) -> None:
        """Copy the path of the log file."""
        if self._shown is not None:
            self.dagtop.copy(str(self._shown), "the path")
