"""The audit trail: of a DAG, of a run of it, and of the whole workspace."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui import formats
from app.tui.bindings import bindings
from app.tui.filters import Facts, matches, parse
from app.tui.models.events import (
    bounds_of,
    columns,
    detail_line,
    event_lines,
    facts_of,
    version_of,
)
from app.tui.models.grid import dag_line
from app.tui.reading_events import EventsSnapshot, read_events
from app.tui.screens.code import CodeForm, CodeScreen
from app.tui.screens.dag_views import DagFocus, DagViewScreen
from app.tui.screens.listing import PagedList
from app.tui.screens.places import PlaceScreen
from app.tui.spans import Span, Spans, plain, span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table
from app.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from store.events import EventRow
    from store.queries.dags import DagRow


class EventsTable(PagedList["EventRow"]):
    """A table of events that asks for older ones at its end. The panel below tells all of one."""

    filter_hint: ClassVar[str] = "words  kind:clear  actor:ann  task:x  since:2h  until:14:05  !not"
    more_keys: ClassVar[tuple[str, ...]] = ("since", "until")
    first_order: ClassVar[str] = "time"
    of_all_dags: ClassVar[bool] = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.snapshot: EventsSnapshot | None = None
        self._asked = ""

    def table_and_panel(self) -> Iterable[Widget]:
        """The table, the panel about one event, and the filter."""
        shown = columns(of_all_dags=self.of_all_dags, width=self.app.size.width)
        yield Table(shown, lambda row: str(row.id), empty="reading ...", widget_id="main")
        yield InfoLine(widget_id="detail")
        panel = TextView(widget_id="panel")
        panel.display = False
        panel.can_focus = False
        yield panel
        yield PromptLine("/", widget_id="filter")

    @property
    def panel(self) -> TextView:
        return self.query_one("#panel", TextView)

    def resized(self) -> None:
        super().resized()
        if self.query("#main"):
            self.panel.styles.height = max(5, min(16, self.app.size.height // 3))
            self.call_after_refresh(self._fit_columns)

    def _fit_columns(self) -> None:
        """Show the columns that there is room for."""
        if not self.is_there:
            return
        wanted = columns(of_all_dags=self.of_all_dags, width=self.table.size.width)
        if [one.key for one in wanted] != [one.key for one in self.table.all_columns]:
            self.table.set_columns(wanted)

    def facts(self, row: EventRow) -> Facts:
        return facts_of(row)

    def passing(self, rows: list[EventRow] | tuple[EventRow, ...]) -> list[EventRow]:
        terms, since, until = bounds_of(parse(self.filter_text), self.dagtop.scene())
        return [
            row
            for row in rows
            if (since is None or row.at >= since)
            and (until is None or row.at <= until)
            and matches(terms, facts_of(row))
        ]

    # snapshots

    def show_rows(self) -> None:
        """Show what passes the filter; the store is asked for older ones that do."""
        if self.snapshot is None:
            return
        if self._asked != self.filter_text:
            self.pages = 1
            self.ask()
        self.table.empty = self.empty_words()
        self.table.show(self.passing(self.snapshot.rows))
        self.show_count()

    def empty_words(self) -> str:
        """Why there is nothing to see."""
        if self.snapshot is not None and self.snapshot.more:
            return "None of the newest events passes the filter. G looks through older ones."
        if self.filter_text:
            return "No event passes the filter. Esc clears it."
        return "Nothing has happened yet."

    def count_line(self) -> Spans:
        """How many are shown, and whether older ones follow."""
        total = len(self.snapshot.rows) if self.snapshot is not None else 0
        return self.paged_words(total, "event", "events")

    def show_count(self) -> None:
        """Say how many events are shown."""

    def on_table_moved(self) -> None:
        self._show_detail()
        self.show_count()

    def tick(self) -> None:
        super().tick()
        self._show_detail()

    def _show_detail(self) -> None:
        row, scene = self.table.current, self.dagtop.scene()
        detail = self.query_one("#detail", InfoLine)
        if self.panel.display:
            detail.line = (Span(scene.glyphs.rule * self.app.size.width, "faint"),)
            self.panel.show(event_lines(row, scene))
        else:
            detail.line = detail_line(row, scene)

    def step_back(self) -> bool:
        if self.panel.display:
            self.action_info()
            return True
        return super().step_back()

    # actions

    def action_open(self) -> None:
        """Open what the event is about: the log of a task, a run, a version, a DAG."""
        row = self.table.current
        if row is None:
            return
        if row.dag_id and row.run_id and row.task_id:
            index = -1 if row.map_index is None else row.map_index
            self.dagtop.ways.open_log(row.dag_id, row.run_id, row.task_id, index)
        elif row.dag_id and row.run_id:
            self.dagtop.ways.open_run(row.dag_id, row.run_id)
        elif row.dag_id and (version := version_of(row)) is not None:
            self.open_version(row.dag_id, version)
        elif row.dag_id and self.of_all_dags:
            self.dagtop.ways.open_dag(row.dag_id)
        else:
            self.dagtop.say("this event is about no run: i shows all of it")

    def open_version(self, dag_id: str, version: int) -> None:
        """Show what a version changed."""
        focus = DagFocus(dag_id, kept={"code": CodeForm(version, compare=True)})
        self.app.push_screen(CodeScreen(focus))

    def action_info(self) -> None:
        """Show all about the event, or hide it."""
        self.panel.display = not self.panel.display
        self._show_detail()

    def action_panel_down(self) -> None:
        """Scroll the panel down."""
        self._scroll_panel("down")

    def action_panel_up(self) -> None:
        """Scroll the panel up."""
        self._scroll_panel("up")

    def _scroll_panel(self, way: str) -> None:
        if self.panel.display:
            self.panel.travel(way)
        else:
            self.action_info()

    def action_copy(self) -> None:
        """Copy all about the event."""
        row = self.table.current
        if row is not None:
            lines = event_lines(row, self.dagtop.scene())
            self.dagtop.copy("\n".join(plain(line) for line in lines), f"the event {row.id}")


class EventsScreen(EventsTable, DagViewScreen):
    """What happened to a DAG, newest first."""

    view_name: ClassVar[str] = "events"
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "list",
        "view",
        "table",
        "events",
        "dag_events",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "list", "view", "table", "events", "dag_events"
    )

    def __init__(self, focus: DagFocus) -> None:
        super().__init__(focus)
        self.only_run = bool(focus.kept.get("events"))

    def mounted(self) -> None:
        super().mounted()
        if task_id := self.look.kept.pop("events_of", None):
            self.filter_text = f"task:{task_id}"

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="dag")
        yield InfoLine(widget_id="scope")
        yield from self.table_and_panel()

    def dag_now(self) -> DagRow | None:
        return None if self.snapshot is None else self.snapshot.dag

    def fetch(self) -> Fetch:
        self._asked = self.filter_text
        return partial(
            read_events,
            dag_id=self.dag_id,
            run_id=self.look.run_id,
            filter_text=self.filter_text,
            pages=self.pages,
            scene=self.dagtop.scene(),
            only_run=self.only_run,
        )

    def show_snapshot(self, snapshot: EventsSnapshot | None) -> None:
        if snapshot is None:
            self.show_missing()
            self.table.empty = ""
            return
        super().show_snapshot(snapshot)

    def empty_words(self) -> str:
        if self.snapshot is not None and self.only_run and not self.filter_text:
            if self.snapshot.run_id is None:
                return "There are no runs yet. f shows the events of the whole DAG."
            return "Nothing is noted of this run. f shows the events of the whole DAG."
        return super().empty_words()

    def show_count(self) -> None:
        if self.snapshot is None or self.snapshot.dag is None:
            return
        self.query_one("#dag", InfoLine).line = dag_line(self.snapshot.dag, self.dagtop.scene())
        scope = self.query_one("#scope", InfoLine)
        if self.only_run and self.snapshot.run_id is not None:
            name = span(formats.run_name(self.snapshot.run_id), "strong")
            scope.line = (Span(" events of run ", "dim"), name)
        else:
            scope.line = (Span(" events of all runs, and of the DAG itself", "dim"),)
        scope.right = self.count_line()

    def open_version(self, dag_id: str, version: int) -> None:
        self.look.kept["code"] = CodeForm(version, compare=True, run_id=self.look.run_id)
        self.action_show_view("code")

    def action_of_run(self) -> None:
        """Only what happened to the run in focus, or everything."""
        self.only_run = not self.only_run
        self.look.kept["events"] = self.only_run
        self.pages = 1
        self.ask_first()


class AllEventsScreen(EventsTable, PlaceScreen):
    """What happened in the workspace, newest first."""

    view_name: ClassVar[str] = "events"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "place", "list", "table", "events")
    BINDINGS: ClassVar[list[BindingType]] = bindings("place", "list", "table", "events")
    filter_hint: ClassVar[str] = "words  dag:x  kind:clear  actor:ann  since:2h  until:14:05  !not"
    of_all_dags: ClassVar[bool] = True

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="scope")
        yield from self.table_and_panel()

    def fetch(self) -> Fetch:
        self._asked = self.filter_text
        return partial(
            read_events,
            dag_id=None,
            run_id=None,
            filter_text=self.filter_text,
            pages=self.pages,
            scene=self.dagtop.scene(),
        )

    def show_count(self) -> None:
        scope = self.query_one("#scope", InfoLine)
        scope.line = (Span(" Who did what, and why the machine did what it did.", "dim"),)
        scope.right = self.count_line()
