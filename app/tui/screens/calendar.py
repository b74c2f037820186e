"""One DAG: a year of days, with what its runs came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.formats import local
from app.tui.models.calendar import (
    LABELS,
    MODES,
    WEEKS,
    Mode,
    Year,
    calendar_lines,
    day_line,
    days_csv,
    duration_chart,
    legend_line,
    next_failed,
    run_lines,
    runs_of,
    year_line,
)
from app.tui.models.grid import dag_line
from app.tui.reading_history import CalendarSnapshot, day_start, read_calendar, read_day, read_run
from app.tui.reading_runs import Wanted
from app.tui.screens.dag_views import DagFocus, DagViewScreen
from app.tui.screens.runs import RunsScreen
from app.tui.spans import Span, plain
from app.tui.timers import Rest
from app.tui.widgets.calendar_view import CalendarView
from app.tui.widgets.chart import ChartView
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from app.tui.exporting import Export
    from app.tui.refresher import Fetch
    from store.engine import Store
    from store.queries.dags import DagRow
    from store.queries.runs import RunRow

TALL = 34
"""Lines from which on there is room for the durations."""
LISTED = 60
"""Runs of the day that are read at most."""
EARLIEST, LATEST = 1971, 9990
"""The years one can go to."""


@dataclass(slots=True)
class Kept:
    """What is found again when one comes back to this view."""

    mode: Mode = "state"
    day: date | None = None


class CalendarScreen(DagViewScreen):
    """A year, live."""

    view_name: ClassVar[str] = "calendar"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "view", "calendar")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "view", "calendar")

    def __init__(self, focus: DagFocus) -> None:
        super().__init__(focus)
        self.snapshot: CalendarSnapshot | None = None
        self.form: Kept = focus.kept.setdefault("calendar", Kept())
        self._runs: tuple[date, tuple[RunRow, ...]] | None = None
        self._rest = Rest(self, self._read_day)

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="dag")
        yield InfoLine(widget_id="year")
        yield CalendarView(widget_id="main")
        yield InfoLine(widget_id="legend")
        yield ChartView(widget_id="durations")
        yield InfoLine(widget_id="day")
        yield TextView(wrap=False, widget_id="list")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#list").can_focus = False

    def on_resize(self) -> None:
        super().on_resize()
        self.set_class(self.app.size.height >= TALL, "-tall")

    @property
    def view(self) -> CalendarView:
        return self.query_one("#main", CalendarView)

    @property
    def today(self) -> date:
        """Today in the user's zone."""
        scene = self.dagtop.scene()
        return local(scene.now, scene.zone).date()

    @property
    def day(self) -> date:
        """The day under the cursor."""
        return self.form.day or self.today

    def dag_now(self) -> DagRow | None:
        return self.snapshot.dag if self.snapshot is not None else None

    # snapshots

    def fetch(self) -> Fetch:
        zone = self.dagtop.scene().zone
        return partial(read_calendar, dag_id=self.dag_id, year=self.day.year, zone=zone)

    def show_snapshot(self, snapshot: CalendarSnapshot | None) -> None:
        if snapshot is None:
            self.show_missing()
            return
        self._show_year()
        self._read_day()

    def year_now(self) -> Year | None:
        """What was read of the year, and what is due."""
        if self.snapshot is None:
            return None
        dag, zone = self.snapshot.dag, self.dagtop.scene().zone
        due = None if dag.is_paused else dag.next_run_after
        planned = None if due is None else local(due, zone).date()
        return Year(self.snapshot.year, self.snapshot.days, planned, self.today)

    def _show_year(self) -> None:
        year, dag = self.year_now(), self.dag_now()
        if year is None or dag is None or year.year != self.day.year:
            return
        scene, form = self.dagtop.scene(), self.form
        self.query_one("#dag", InfoLine).line = dag_line(dag, scene)
        info = self.query_one("#year", InfoLine)
        info.line = year_line(year, scene.glyphs)
        words = "worst state" if form.mode == "state" else "number of runs"
        info.right = (Span(words, "dim"),)
        self.query_one("#legend", InfoLine).line = legend_line(year, form.mode, scene.glyphs)
        self.view.show(year, form.mode, self.day)
        self._show_day()

    def _show_day(self) -> None:
        year = self.year_now()
        if year is None or year.year != self.day.year:
            return
        scene, day = self.dagtop.scene(), self.day
        self.query_one("#day", InfoLine).line = day_line(year, day, self.dag_now(), scene)
        if self.has_class("-tall"):
            chart = duration_chart(year, day, scene.zone)
            self.query_one("#durations", ChartView).show(chart)
        total = runs_of(year.days.get(day))
        known = self._runs is not None and self._runs[0] == day
        runs = self._runs[1] if self._runs is not None and known else ()
        lines = run_lines(runs, total, scene) if total and known else []
        self.query_one("#list", TextView).show(lines)

    def _read_day(self) -> None:
        """Read the runs of the day under the cursor."""
        day, zone = self.day, self.dagtop.scene().zone
        if not self.is_current:
            return

        def then(runs: tuple[RunRow, ...]) -> None:
            if self.is_there and self.day == day:
                self._runs = (day, runs)
                self._show_day()

        self.dagtop.refresher.once(
            lambda store: read_day(store, self.dag_id, day, zone, LISTED), then
        )

    def follow(self) -> None:
        """To the day of the run that the grid at the side is on."""
        run_id, zone = self.look.run_id, self.dagtop.scene().zone

        def then(row: RunRow | None) -> None:
            if self.is_there and self.look.run_id == run_id:
                self._go_to(self.today if row is None else local(row.run_after, zone).date())

        def read(store: Store) -> RunRow | None:
            return None if run_id is None else read_run(store, self.dag_id, run_id)

        self.dagtop.refresher.once(read, then)

    def tick(self) -> None:
        super().tick()
        self._show_year()

    # moving

    def on_calendar_view_moved(self) -> None:
        self.form.day = self.view.cursor
        self._show_day()
        self._rest.begin()

    def on_calendar_view_chosen(self) -> None:
        self.action_open()

    def action_previous_year(self) -> None:
        """The year before."""
        self._show_other(self.day.year - 1)

    def action_next_year(self) -> None:
        """The next year."""
        self._show_other(self.day.year + 1)

    def _show_other(self, year: int) -> None:
        if not EARLIEST <= year <= LATEST:
            self.dagtop.say(f"there is no year {year} here")
            return
        day = self.day
        leap_day = (day.month, day.day) == (2, 29)
        self.form.day = date(year, day.month, 28 if leap_day else day.day)
        self.ask()

    def action_today(self) -> None:
        """To today."""
        if self.day == self.today:
            self.dagtop.say("this is today")
        self._go_to(self.today)

    def _go_to(self, day: date) -> None:
        same = day.year == self.day.year
        self.form.day = day
        if same:
            self.view.go_to(day)
        else:
            self.ask()

    def action_next_failed(self) -> None:
        """The next day with a failed run."""
        self._go_to_failed(1)

    def action_previous_failed(self) -> None:
        """The day with a failed run before."""
        self._go_to_failed(-1)

    def _go_to_failed(self, direction: int) -> None:
        year = self.year_now()
        found = None if year is None else next_failed(year, self.day, direction)
        if found is None:
            where = "after this day" if direction > 0 else "before this day"
            self.dagtop.say(f"no run failed {where} in {self.day.year}")
        else:
            self.view.go_to(found)

    # how it is looked at

    def action_turn(self) -> None:
        """The worst state, or the number of runs."""
        self.form.mode = MODES[1 - MODES.index(self.form.mode)]
        self._show_year()

    def exports(self) -> list[Export]:
        """The year as text, its days as a table."""
        from app.tui.exporting import Export

        year, scene, mode = self.year_now(), self.dagtop.scene(), self.form.mode
        if year is None:
            return []

        def text() -> str:
            lines = calendar_lines(year, mode, 2 * WEEKS + LABELS + 1, scene.glyphs)
            lines = [year_line(year, scene.glyphs), *lines, legend_line(year, mode, scene.glyphs)]
            return "".join(plain(line).rstrip() + "\n" for line in lines)

        return [
            Export("the year as text", "txt", text),
            Export("the days as CSV", "csv", lambda: days_csv(year)),
        ]

    def action_open(self) -> None:
        """The runs of the day."""
        year = self.year_now()
        count = 0 if year is None else runs_of(year.days.get(self.day))
        if not count:
            self.dagtop.say("there are no runs on this day")
            return
        self.app.push_screen(DayRunsScreen(DagFocus(self.dag_id), self.day, count))


class DayRunsScreen(RunsScreen):
    """The runs of one day of a DAG."""

    def __init__(self, focus: DagFocus, day: date, count: int) -> None:
        super().__init__(focus)
        self.day, self.count = day, count

    @property
    def wanted(self) -> Wanted:
        zone = self.dagtop.scene().zone
        until = day_start(self.day + timedelta(days=1), zone)
        return replace(super().wanted, since=day_start(self.day, zone), until=until)

    def total(self) -> int:
        return max(self.count, len(self.read.entries))

    def crumbs(self) -> tuple[str, ...]:
        return (*super().crumbs(), f"{self.day:%a} {self.day.day} {self.day:%b %Y}")
