"""One DAG: all its fields, params, tasks, versions and documentation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.fire_times import ask_fire_times
from app.tui.models.details import DetailLines, Item, details
from app.tui.models.grid import dag_line
from app.tui.reading_details import ChangesKnown, DetailsSnapshot, read_details
from app.tui.screens.code import CodeForm
from app.tui.screens.dag_views import DagFocus, DagViewScreen
from app.tui.screens.searching import SearchScreen
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.lines_view import LinesView
from app.tui.widgets.prompt import PromptLine

if TYPE_CHECKING:
    from app.tui.exporting import Export
    from app.tui.refresher import Fetch
    from store.queries.dags import DagRow

TIMES = 5
"""Next runs that the runner is asked for."""


class DetailsScreen(SearchScreen, DagViewScreen):
    """Sections of lines; Enter on a version or a task leads to its source."""

    view_name: ClassVar[str] = "details"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "view", "lines", "dag_details")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "view", "lines", "dag_details")

    def __init__(self, focus: DagFocus) -> None:
        super().__init__(focus)
        self.snapshot: DetailsSnapshot | None = None
        self.times: tuple[datetime, ...] = ()
        self._known = ChangesKnown()
        self._minute: datetime | None = None
        self._asked_times: tuple[object, ...] = ()

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="dag")
        view = LinesView(widget_id="main")
        view.empty = "reading ..."
        yield view
        yield PromptLine("/", widget_id="find")

    @property
    def lines(self) -> DetailLines:
        """What is shown."""
        lines = self.view.lines
        return lines if isinstance(lines, DetailLines) else DetailLines([])

    def remember(self) -> None:
        self.look.kept["details"] = self.view.cursor

    def dag_now(self) -> DagRow | None:
        return None if self.snapshot is None else self.snapshot.dag

    # snapshots

    def fetch(self) -> Fetch:
        return partial(read_details, dag_id=self.dag_id, known=self._known)

    def show_snapshot(self, snapshot: DetailsSnapshot | None) -> None:
        if snapshot is None:
            self.view.empty = ""
            self.show_missing()
            return
        first = not len(self.view.lines)
        self._show_lines()
        if first:
            self.view.go_to(self.look.kept.get("details", 0))
        self._ask_times()
        if not snapshot.complete:
            self.ask()

    def _show_lines(self) -> None:
        if self.snapshot is None or not self.view.size.width:
            return
        scene = self.dagtop.scene()
        self.query_one("#dag", InfoLine).line = dag_line(self.snapshot.dag, scene)
        width = max(30, self.view.size.width - 3)
        self.view.show(details(self.snapshot, self.times, width, scene))
        self.show_status()

    def show_status(self) -> None:
        self.query_one("#dag", InfoLine).right = self.status()

    def resized(self) -> None:
        super().resized()
        self.call_after_refresh(self._show_lines)

    def tick(self) -> None:
        super().tick()
        minute = self.dagtop.clock().replace(second=0, microsecond=0)
        if minute != self._minute:  # the countdowns change once a minute at most
            self._minute = minute
            self._show_lines()

    def _ask_times(self) -> None:
        """Ask the runner when the next runs are made; without one the next of the store is all."""
        if self.snapshot is None:
            return
        dag = self.snapshot.dag
        wanted = (dag.next_run_after, dag.schedule, dag.schedule_window, dag.version_id)
        if wanted == self._asked_times or dag.next_run_after is None:
            return
        self._asked_times = wanted

        def then(times: tuple[datetime, ...] | None) -> None:
            if times is not None and self.is_there:
                self.times = times
                self._show_lines()

        ask_fire_times(self.dagtop, dag, TIMES, then)

    # actions

    def _item(self, *kinds: str) -> Item | None:
        item = self.lines.item(self.view.cursor)
        return item if item is not None and item.kind in kinds else None

    def action_open(self) -> None:
        """The source of the version, or of the task, under the cursor."""
        item = self._item("version", "task")
        if item is None:
            self.dagtop.say("Enter on a version or a task opens its source; 8 opens the run's")
        elif item.kind == "task":
            self.look.task_id = item.name
            self._open_code(CodeForm(run_id=self.look.run_id, go_to=item.name))
        else:
            self._open_code(CodeForm(version=int(item.name), run_id=self.look.run_id))

    def action_diff(self) -> None:
        """What the version under the cursor changed."""
        item = self._item("version")
        if item is None:
            self.dagtop.say("D on a version shows what it changed")
        else:
            version = int(item.name)
            self._open_code(CodeForm(version, compare=True, run_id=self.look.run_id))

    def _open_code(self, form: CodeForm) -> None:
        self.look.kept["code"] = form
        self.action_show_view("code")

    def on_lines_view_chosen(self) -> None:
        self.action_open()

    def action_next_section(self) -> None:
        """To the next section."""
        self._to_section(1)

    def action_previous_section(self) -> None:
        """To the section before."""
        self._to_section(-1)

    def _to_section(self, direction: int) -> None:
        place = self.lines.section(self.view.cursor, direction)
        if place is not None:
            self.view.position.top = place
            self.view.go_to(place)
        else:
            self.dagtop.say(f"this is the {'last' if direction > 0 else 'first'} section")

    def text(self) -> str:
        """All of it, without colours."""
        lines = self.lines
        return "\n".join(lines.plain(index).rstrip() for index in range(len(lines))) + "\n"

    def exports(self) -> list[Export]:
        """All of it as text."""
        from app.tui.exporting import Export

        return [Export("all details as text", "txt", self.text)]

    def action_copy_text(self) -> None:
        """Copy all of it."""
        self.dagtop.copy(self.text(), f"the details of {self.dag_id}")
