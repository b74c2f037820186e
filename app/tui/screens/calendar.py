"""One DAG: a year of days, or a month of hours, with what its runs came to."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.fire_times import ask_fire_times
from app.tui.formats import local
from app.tui.models.calendar import LABELS, WEEKS, Year, duration_chart, run_lines
from app.tui.models.calendar_page import MODES, Mode, Page, close_together, runs_of
from app.tui.models.grid import dag_line
from app.tui.models.hours import HourPlace, Month
from app.tui.models.scheduling import is_held
from app.tui.reading_history import (
    CalendarSnapshot,
    HoursSnapshot,
    day_start,
    hour_at,
    read_between,
    read_calendar,
    read_hours,
    read_run,
)
from app.tui.reading_runs import Wanted
from app.tui.screens.dag_views import DagFocus, DagViewScreen
from app.tui.screens.runs import RunsScreen
from app.tui.spans import Span, Spans, plain
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
"""Runs of a day or an hour that are read at most."""
PLANNED, AHEAD = 3_000, timedelta(days=366)
"""Runs to come that are shown at most, and until when: each minute, to the end of tomorrow."""
EARLIEST, LATEST = 1971, 9990
"""The years one can go to."""


@dataclass(slots=True)
class Kept:
    """What is found again when one comes back to this view."""

    mode: Mode = "state"
    day: date | None = None
    """None: today."""
    by_hour: bool = False
    hour: tuple[int, int] | None = None
    """The hour of the day, and whether for the second time; None: one that says something."""


class CalendarScreen(DagViewScreen):
    """A year or a month, live."""

    view_name: ClassVar[str] = "calendar"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "view", "calendar")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "view", "calendar")

    def __init__(self, focus: DagFocus) -> None:
        super().__init__(focus)
        self.snapshot: CalendarSnapshot | HoursSnapshot | None = None
        self.form: Kept = focus.kept.setdefault("calendar", Kept())
        self._runs: tuple[Any, tuple[RunRow, ...]] | None = None
        """Of the day or hour that they are of."""
        self._rest = Rest(self, self._read_runs)
        self._times: tuple[datetime, ...] = ()
        """Of runs that are due today and tomorrow."""
        self._asked_times: tuple[object, ...] | None = None

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="dag")
        yield InfoLine(widget_id="year")
        yield CalendarView(widget_id="main")
        yield InfoLine(widget_id="legend")
        yield ChartView(widget_id="durations")
        yield InfoLine(widget_id="day")
        yield TextView(wrap=False, widget_id="list")

    def mounted(self) -> None:
        super().mounted()
        self.query_one("#list").can_focus = False

    def fit(self) -> None:
        super().fit()
        self.set_class(self.form.by_hour, "-hours")
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
        if self.form.by_hour:
            first = self.day.replace(day=1)
            return partial(read_hours, dag_id=self.dag_id, first=first, zone=zone)
        return partial(read_calendar, dag_id=self.dag_id, year=self.day.year, zone=zone)

    def show_snapshot(self, snapshot: CalendarSnapshot | HoursSnapshot | None) -> None:
        if snapshot is None:
            self.show_missing()
            return
        self._ask_times()
        self._show_page()
        self._read_runs()

    def page_now(self) -> Page[Any] | None:
        """What was read, and what is due; None while it is not of what is looked at."""
        snapshot, scene = self.snapshot, self.dagtop.scene()
        if snapshot is None:
            return None
        planned = self._planned(snapshot.dag)
        if isinstance(snapshot, HoursSnapshot):
            there = self.form.by_hour and snapshot.first == self.day.replace(day=1)
            month = Month(snapshot.first, snapshot.hours, snapshot.tallies, planned, scene.now)
            return month if there else None
        days: dict[date, list[datetime]] = {}
        for moment in planned:
            days.setdefault(local(moment, scene.zone).date(), []).append(moment)
        there = not self.form.by_hour and snapshot.year == self.day.year
        return Year(snapshot.year, snapshot.days, days, self.today) if there else None

    def _planned(self, dag: DagRow) -> tuple[datetime, ...]:
        """When runs are due that will be made: the next one, and those the runner knows of."""
        due = dag.next_run_after
        if due is None or dag.is_paused or is_held(dag):
            return ()
        return (due, *(moment for moment in self._times if moment > due))

    def _ask_times(self) -> None:
        """Ask the runner when runs are made within a year; without one the next is known."""
        dag, zone = self.dag_now(), self.dagtop.scene().zone
        if dag is None or dag.next_run_after is None or dag.is_paused or is_held(dag):
            return
        wanted = (self.today, dag.schedule, dag.schedule_window, dag.version_id)
        if wanted == self._asked_times:
            return
        self._asked_times, self._times = wanted, ()

        def then(times: tuple[datetime, ...] | None) -> None:
            if not self.is_there or self._asked_times != wanted:
                return
            if times is None:
                self._asked_times = None  # there is no runner now: asked again when it is up
                return
            self._times = times
            self._show_page()

        until = day_start(self.today + AHEAD, zone)
        ask_fire_times(self.dagtop, dag, PLANNED, then, until)

    def _cursor(self, page: Page[Any]) -> Any:
        """The day or hour under the cursor."""
        if not isinstance(page, Month):
            return self.day
        if self.form.hour is not None:
            return page.nearest(self.day, *self.form.hour)
        scene = self.dagtop.scene()
        place = page.entry(self.day, local(scene.now, scene.zone).hour)
        self.form.day, self.form.hour = place.day, place[1:]
        return place

    def _keep(self, place: Any) -> None:
        """The cursor is on another day or hour."""
        if isinstance(place, HourPlace):
            self.form.day, self.form.hour = place.day, place[1:]
        else:
            self.form.day, self.form.hour = place, None

    def _show_page(self) -> None:
        page, dag = self.page_now(), self.dag_now()
        if page is None or dag is None:
            return
        scene, form = self.dagtop.scene(), self.form
        self.query_one("#dag", InfoLine).line = dag_line(dag, scene)
        self.query_one("#year", InfoLine).line = page.title(scene.glyphs)
        legend = page.legend(form.mode, scene.glyphs)
        self.query_one("#legend", InfoLine).line = close_together(legend, self.app.size.width)
        self.view.show(page, form.mode, self._cursor(page))
        self._show_place()

    def _how(self) -> Spans:
        """What a sign stands for, and where there is more."""
        words = "worst state" if self.form.mode == "state" else "number of runs"
        glyphs = self.dagtop.glyphs
        marks = zip((glyphs.up, glyphs.down), self.view.hidden(), strict=True)
        more = "".join(mark for mark, there in marks if there)
        return (Span(words, "dim"), Span(f" {more}" if more else "", "accent"))

    def _show_place(self) -> None:
        """Show what there is to say of the day or hour under the cursor."""
        page = self.page_now()
        if page is None:
            return
        scene, place = self.dagtop.scene(), self._cursor(page)
        self.query_one("#year", InfoLine).right = self._how()
        self.query_one("#day", InfoLine).line = page.about(place, self.dag_now(), scene)
        if self.has_class("-tall") and isinstance(page, Year):
            self.query_one("#durations", ChartView).show(duration_chart(page, place, scene.zone))
        total = runs_of(page.tallies_at(place))
        known = self._runs is not None and self._runs[0] == place
        runs = self._runs[1] if self._runs is not None and known else ()
        lines = run_lines(runs, total, scene) if total and known else []
        self.query_one("#list", TextView).show(lines)

    def _read_runs(self) -> None:
        """Read the runs of the day or hour under the cursor."""
        page = self.page_now()
        if not self.is_current or page is None:
            return
        place = self._cursor(page)
        since, until = page.bounds(place, self.dagtop.scene().zone)

        def then(runs: tuple[RunRow, ...]) -> None:
            if self.is_there:
                self._runs = (place, runs)
                self._show_place()

        self.dagtop.refresher.once(
            lambda store: read_between(store, self.dag_id, since, until, LISTED), then
        )

    def follow(self) -> None:
        """To the time of the run that the grid at the side is on."""
        run_id = self.look.run_id

        def then(row: RunRow | None) -> None:
            if self.is_there and self.look.run_id == run_id:
                self._go_to(self.dagtop.scene().now if row is None else row.run_after)

        def read(store: Store) -> RunRow | None:
            return None if run_id is None else read_run(store, self.dag_id, run_id)

        self.dagtop.refresher.once(read, then)

    def tick(self) -> None:
        super().tick()
        self._show_page()

    # moving

    def on_calendar_view_moved(self) -> None:
        self._keep(self.view.cursor)
        self._show_place()
        self._rest.begin()

    def on_calendar_view_chosen(self) -> None:
        self.action_open()

    def action_previous_year(self) -> None:
        """The year before, or the month."""
        self._turn_page(-1)

    def action_next_year(self) -> None:
        """The next year, or month."""
        self._turn_page(1)

    def _turn_page(self, step: int) -> None:
        day = self.day
        months = day.year * 12 + day.month - 1 + (step if self.form.by_hour else 12 * step)
        year, month = divmod(months, 12)
        if not EARLIEST <= year <= LATEST:
            self.dagtop.say(f"there is no year {year} here")
            return
        self.form.day = date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
        self.ask_first()

    def action_today(self) -> None:
        """To today, or to this hour."""
        before = (self.day, self.form.hour)
        self._go_to(self.dagtop.scene().now)
        if before == (self.day, self.form.hour):
            self.dagtop.say("this is now" if self.form.by_hour else "this is today")

    def _go_to(self, moment: datetime) -> None:
        zone, form = self.dagtop.scene().zone, self.form
        form.day, hour = local(moment, zone).date(), hour_at(moment, zone)
        form.hour = (hour.hour, hour.again) if form.by_hour and hour is not None else None
        page = self.page_now()
        if page is None:
            self.ask_first()
        else:
            self.view.go_to(self._cursor(page))

    def action_next_failed(self) -> None:
        """The next day or hour with a failed run."""
        self._go_to_failed(1)

    def action_previous_failed(self) -> None:
        """The day or hour with a failed run before."""
        self._go_to_failed(-1)

    def _go_to_failed(self, direction: int) -> None:
        page = self.page_now()
        found = None if page is None else page.next_failed(self._cursor(page), direction)
        if page is not None and found is None:
            where = "after" if direction > 0 else "before"
            self.dagtop.say(f"no run failed {where} this {page.unit} in {page.name}")
        elif found is not None:
            self.view.go_to(found)

    # how it is looked at

    def action_zoom(self) -> None:
        """Days of a year, or hours of a month."""
        self.form.by_hour = not self.form.by_hour
        self.form.hour = None
        self.set_class(self.form.by_hour, "-hours")
        self.ask_first()

    def action_turn(self) -> None:
        """The worst state, or the number of runs."""
        self.form.mode = MODES[1 - MODES.index(self.form.mode)]
        self._show_page()

    def exports(self) -> list[Export]:
        """The page as text, its days or hours as a table."""
        from app.tui.exporting import Export

        page, scene, mode = self.page_now(), self.dagtop.scene(), self.form.mode
        if page is None:
            return []
        width = 2 * WEEKS + LABELS + 1

        def text() -> str:
            lines = page.lines(mode, width, scene.glyphs)
            lines = [page.title(scene.glyphs), *lines, page.legend(mode, scene.glyphs)]
            return "".join(plain(line).rstrip() + "\n" for line in lines)

        whole = "month" if self.form.by_hour else "year"
        return [
            Export(f"the {whole} as text", "txt", text),
            Export(f"the {page.unit}s as CSV", "csv", page.csv),
        ]

    def action_open(self) -> None:
        """The runs of the day or hour."""
        page = self.page_now()
        if page is None:
            return
        place = self._cursor(page)
        count = runs_of(page.tallies_at(place))
        if not count:
            on = "in" if self.form.by_hour else "on"
            self.dagtop.say(f"there are no runs {on} this {page.unit}")
            return
        bounds = page.bounds(place, self.dagtop.scene().zone)
        focus = DagFocus(self.dag_id)
        self.app.push_screen(RunsBetweenScreen(focus, bounds, page.words(place), count))


class RunsBetweenScreen(RunsScreen):
    """The runs of one day or hour of a DAG."""

    def __init__(
        self, focus: DagFocus, bounds: tuple[datetime, datetime], words: str, count: int
    ) -> None:
        """``words``: what the time is called."""
        super().__init__(focus)
        self.bounds, self.words, self.count = bounds, words, count

    @property
    def wanted(self) -> Wanted:
        since, until = self.bounds
        return replace(super().wanted, since=since, until=until)

    def total(self) -> int:
        return max(self.count, len(self.read.entries))

    def crumbs(self) -> tuple[str, ...]:
        return (*super().crumbs(), self.words)
