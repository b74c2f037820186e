"""One DAG: how its runs and tasks develop over the last runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.models.chart import Chart, chart_svg, chart_text
from app.tui.models.grid import dag_line, run_line
from app.tui.models.trends import (
    KINDS,
    ORDER_WORDS,
    ORDERS,
    Kind,
    Trend,
    chart_of,
    columns,
    having,
    in_order,
    point_line,
    trends_of,
)
from app.tui.reading_history import TrendsSnapshot, read_trends
from app.tui.screens.dag_views import DagFocus, RunViewScreen
from app.tui.spans import Span, Spans, span
from app.tui.widgets.chart import ChartView
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.side_table import SideTable

if TYPE_CHECKING:
    from app.tui.exporting import Export
    from app.tui.refresher import Fetch
    from store.queries.cells import Cell
    from store.queries.dags import DagRow
    from store.queries.grid import GridRow
    from store.queries.history import PastRun, TaskFigures

AMOUNTS = (30, 100, 300)
"""Runs shown."""
WIDE = 116
"""Columns from which on the list stands beside the charts."""
WIDER = 150
"""And from which on all columns of the list are shown."""
LEAST_CHART = 9
"""Lines of a chart, where there are several."""


class Middle(Horizontal):
    """Charts and list: beside each other where there is room."""

    def on_resize(self) -> None:
        self.set_class(self.size.width >= WIDE, "-wide")
        self.set_class(self.size.width >= WIDER, "-wider")


class Charts(Vertical):
    """As many charts as there is room for."""

    class Resized(Message):
        """There is room for more or fewer."""

    def on_resize(self) -> None:
        self.post_message(self.Resized())


@dataclass(slots=True)
class Kept:
    """What is found again when one comes back to this view."""

    kind: Kind = "duration"
    amount: int = AMOUNTS[0]
    order: str = ORDERS[0]
    longest: bool = False
    log: bool = False
    zoomed: bool = False
    key: str = ""
    words: str = ""
    """Only tasks with these words in their ids are listed."""


class TrendsScreen(RunViewScreen):
    """Charts of the runs, or of one task, and a list to choose it from."""

    view_name: ClassVar[str] = "trends"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "view", "tasks", "run", "trends")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "view", "tasks", "run", "trends")

    def __init__(self, focus: DagFocus) -> None:
        super().__init__(focus)
        self.snapshot: TrendsSnapshot | None = None
        self.form: Kept = focus.kept.setdefault("trends", Kept())
        self.place = -1
        self.tasks: list[Trend] = []
        self._before_filter = ""
        self._charted: tuple[object, ...] = ()
        """What the charts were made of."""
        self._wanted: tuple[str | None, str] | None = (
            focus.run_id,
            focus.task_id or self.form.key,
        )

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="dag")
        with Middle(id="middle"):
            with Charts(id="charts"):
                for number in range(len(KINDS)):
                    shown = " -shown" if number == 0 else ""
                    yield ChartView(widget_id=f"chart-{number}", classes=f"chart{shown}")
            yield SideTable(columns(), lambda trend: trend.key, widget_id="main")
        yield InfoLine(widget_id="run")
        yield InfoLine(widget_id="cell")
        yield PromptLine("/", widget_id="filter")

    @property
    def table(self) -> SideTable[Trend]:
        return self.query_one("#main", SideTable)

    def fit(self) -> None:
        super().fit()
        self.set_class(self.app.size.height >= 34, "-tall")

    def on_charts_resized(self) -> None:
        self._show_charts()

    def remember(self) -> None:
        run, trend = self.run_now(), self.table.current
        if run is not None and self.snapshot is not None:
            newest = run is self.snapshot.past.runs[-1]
            self.look.run_id = None if newest else run.run_id
        if trend is not None:
            self.form.key = trend.key
            self.look.task_id = trend.key or None

    # what is under the cursor

    def dag_now(self) -> DagRow | None:
        return self.snapshot.dag if self.snapshot is not None else None

    def run_now(self) -> PastRun | None:
        runs = self.snapshot.past.runs if self.snapshot is not None else ()
        return runs[self.place] if 0 <= self.place < len(runs) else None

    def row_now(self) -> GridRow | None:
        from store.queries.grid import GridRow

        trend = self.table.current
        if trend is None or self.snapshot is None:
            return None
        if trend.key:
            return trend.row or GridRow(
                "task", trend.key, trend.key, 0, None, task_ids=(trend.key,), is_gone=True
            )
        tasks = tuple(row.id for row in self.snapshot.rows if row.kind == "task")
        return GridRow("group", "", "all of the run", 0, None, task_ids=tasks)

    def cell_now(self) -> Cell | None:
        from store.queries.cells import Cell

        run, trend = self.run_now(), self.table.current
        if run is None or trend is None or self.snapshot is None:
            return None
        tasks = self.snapshot.past.tasks
        found = [tasks.get(trend.key, {}).get(run.id)] if trend.key else []
        figures: list[TaskFigures] = [one for one in found if one is not None]
        if not trend.key:
            figures = [of_task[run.id] for of_task in tasks.values() if run.id in of_task]
        if not figures:
            return None
        return Cell(
            figures[0].state,
            {one.state: one.instances for one in figures},
            is_mapped=figures[0].map_index >= 0,
            try_number=figures[0].tries,
        )

    def fold_here(self) -> None:
        """The runs as a whole: open the run."""
        self.action_run_details()

    # snapshots

    def fetch(self) -> Fetch:
        return partial(read_trends, dag_id=self.dag_id, runs=self.form.amount)

    def show_snapshot(self, snapshot: TrendsSnapshot | None) -> None:
        if snapshot is None:
            self.show_missing()
            return
        self._place_run(snapshot)
        self._show_list()
        if self._wanted is not None:
            _, key = self._wanted
            self._wanted = None
            self.table.go_to(key)
        self._show_all()

    def follow(self) -> None:
        self._wanted = (self.look.run_id, self.look.task_id or "")
        self.ask()

    def _place_run(self, snapshot: TrendsSnapshot) -> None:
        """Keep the cursor on its run; at the newest it follows."""
        runs = snapshot.past.runs
        wanted = self._wanted[0] if self._wanted is not None else self.look.run_id
        places = {run.run_id: place for place, run in enumerate(runs)}
        self.place = places.get(wanted, len(runs) - 1) if wanted else len(runs) - 1

    def _show_list(self) -> None:
        if self.snapshot is None:
            return
        trends = trends_of(
            self.snapshot.past,
            self.snapshot.rows,
            self.dagtop.scene(),
            longest=self.form.longest,
        )
        self.tasks = trends[1:]
        self.table.show(having(in_order(trends, self.form.order), self.form.words))

    def tick(self) -> None:
        if self._runs_go_on():  # what runs takes longer and longer
            self._show_list()
        self._show_all()
        super().tick()

    def _runs_go_on(self) -> bool:
        runs = self.snapshot.past.runs if self.snapshot is not None else ()
        return any(run.ended_at is None for run in runs)

    def _show_all(self) -> None:
        if self.snapshot is None:
            return
        info, form = self.query_one("#dag", InfoLine), self.form
        info.line = dag_line(self.snapshot.dag, self.dagtop.scene())
        shown = len(self.snapshot.past.runs)
        words = {0: "no runs", 1: "1 run"}.get(shown, f"last {shown} runs")
        sought: Spans = ()
        if form.words:
            tasks = f"{len(self.table.items) - 1} of {len(self.tasks)} tasks  "
            sought = (Span("/", "key"), span(f"{form.words} ", "accent"), Span(tasks, "dim"))
        info.right = (*sought, Span("log  " if form.log else "", "accent"), Span(words, "dim"))
        self._show_charts()
        self._show_lines()

    def _shown_kinds(self) -> list[Kind]:
        """The charts on screen: the chosen one first, the others where there is room."""
        first = KINDS.index(self.form.kind)
        turned: list[Kind] = [*KINDS[first:], *KINDS[:first]]
        height = self.query_one("#charts").size.height
        number = 1 if self.form.zoomed else max(1, min(len(KINDS), height // LEAST_CHART))
        return turned[:number]

    def _chart(self, kind: Kind, trend: Trend, cursor: int | None) -> Chart:
        assert self.snapshot is not None
        form = self.form
        return chart_of(
            self.snapshot.past,
            trend,
            kind,
            self.dagtop.scene(),
            longest=form.longest,
            log=form.log,
            cursor=cursor,
        )

    def _show_charts(self) -> None:
        trend, form = self.table.current, self.form
        kinds, scene = self._shown_kinds(), self.dagtop.scene()
        now = scene.now if self._runs_go_on() else scene.now.replace(second=0, microsecond=0)
        charted = (self.snapshot, trend, kinds, self.place, form.longest, form.log, now)
        if charted == self._charted:
            return
        self._charted = charted
        for number, view in enumerate(self.query(".chart").results(ChartView)):
            view.set_class(number < len(kinds), "-shown")
            if number < len(kinds) and trend is not None and self.snapshot is not None:
                view.show(self._chart(kinds[number], trend, self.place))

    def _show_lines(self) -> None:
        if self.snapshot is None:
            return
        scene, trend = self.dagtop.scene(), self.table.current
        self.query_one("#run", InfoLine).line = run_line(self.run_now(), scene)
        if trend is not None:
            self.query_one("#cell", InfoLine).line = point_line(
                self.snapshot.past,
                trend,
                self.form.kind,
                self.place,
                scene,
                longest=self.form.longest,
            )

    def on_table_moved(self) -> None:
        if self._wanted is None and self.table.current is not None:
            self.look.task_id = self.table.current.key or None
        self._show_charts()
        self._show_lines()

    def on_table_chosen(self) -> None:
        self.action_open()

    # going over the runs

    def on_side_table_turned(self, message: SideTable.Turned) -> None:
        self._go_to_run(self.place + message.step)

    def _go_to_run(self, place: int) -> None:
        runs = self.snapshot.past.runs if self.snapshot is not None else ()
        if not runs:
            self.dagtop.say("there are no runs yet")
            return
        self.place = max(0, min(place, len(runs) - 1))
        newest = self.place == len(runs) - 1
        self.look.run_id = None if newest else runs[self.place].run_id
        self._show_charts()
        self._show_lines()

    def action_previous_run(self) -> None:
        """The run before."""
        self._go_to_run(self.place - 1)

    def action_next_run(self) -> None:
        """The next run."""
        self._go_to_run(self.place + 1)

    def action_last_run(self) -> None:
        """The newest run."""
        self._go_to_run(10**6)

    def action_first_run(self) -> None:
        """The oldest run shown."""
        self._go_to_run(0)

    # the filter of the list

    async def action_filter(self) -> None:
        """List only some tasks."""
        self._before_filter = self.form.words
        await self.query_one("#filter", PromptLine).open(self.form.words, "words of task ids")

    def on_prompt_line_typed(self, message: PromptLine.Typed) -> None:
        self._list_those_with(message.text.strip())

    def on_prompt_line_escaped(self) -> None:
        self._list_those_with(self._before_filter)

    def _list_those_with(self, words: str) -> None:
        self.form.words = words
        self._show_list()
        self._show_all()

    def step_back(self) -> bool:
        if not self.form.words:
            return False
        self._list_those_with("")
        return True

    # how it is looked at

    def action_turn(self) -> None:
        """The next chart."""
        self.form.kind = KINDS[(KINDS.index(self.form.kind) + 1) % len(KINDS)]
        self._show_all()

    def action_zoom(self) -> None:
        """One chart, or as many as there is room for."""
        self.form.zoomed = not self.form.zoomed
        self._show_charts()
        self.dagtop.say("one chart" if self.form.zoomed else "as many charts as there is room for")

    def action_sort(self) -> None:
        """Sort the list."""
        self.form.order = ORDERS[(ORDERS.index(self.form.order) + 1) % len(ORDERS)]
        self._show_list()
        self.dagtop.say(f"sorted by {ORDER_WORDS[self.form.order]}")

    def action_mapped(self) -> None:
        """Mapped tasks by the sum of their instances, or the longest."""
        self.form.longest = not self.form.longest
        what = "their longest instance" if self.form.longest else "the sum of their instances"
        self.dagtop.say(f"mapped tasks are shown by {what}")
        self._show_list()
        self._show_all()

    def action_log_scale(self) -> None:
        """A logarithmic scale, or a linear one."""
        self.form.log = not self.form.log
        self._show_all()

    def action_more_runs(self) -> None:
        """Show more runs."""
        self._show_runs(1)

    def action_fewer_runs(self) -> None:
        """Show fewer runs."""
        self._show_runs(-1)

    def _show_runs(self, step: int) -> None:
        place = max(0, min(AMOUNTS.index(self.form.amount) + step, len(AMOUNTS) - 1))
        if AMOUNTS[place] == self.form.amount:
            self.dagtop.say("no more are shown" if step > 0 else "no fewer are shown")
            return
        self.form.amount = AMOUNTS[place]
        self.dagtop.say(f"up to {self.form.amount} runs")
        self.ask_first()

    def exports(self) -> list[Export]:
        """The charts on screen as text and pictures, the list as a table."""
        from app.tui.exporting import Export, table_csv, table_json

        trend, scene = self.table.current, self.dagtop.scene()
        if trend is None or self.snapshot is None:
            return []
        chart = self._chart(self.form.kind, trend, None)
        items = list(self.table.items)
        return [
            Export("the chart as text", "txt", lambda: chart_text(chart, zone=scene.zone)),
            Export("the chart as a picture", "svg", lambda: chart_svg(chart, zone=scene.zone)),
            Export("the list as CSV", "csv", lambda: table_csv(items)),
            Export("the list as JSON", "json", lambda: table_json(items)),
        ]
