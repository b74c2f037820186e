"""Runs side by side: the curves of their metrics over each other."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.jumps import find
from app.tui.models.chart import ACROSS_WORDS, SMOOTHINGS, Across, Series, chart_svg, chart_text
from app.tui.models.compare.curves import (
    CurvesForm,
    Entry,
    chart_of,
    entries_of,
    entry_columns,
    key_names,
    lines_of,
    own_of,
    state_line,
)
from app.tui.reading_compare import Own, read_curves
from app.tui.screens.compare_metric import METRIC_CONTEXTS, MetricViewScreen
from app.tui.spans import Spans, span
from app.tui.widgets.chart import ChartView
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.side_table import SideTable

if TYPE_CHECKING:
    from app.tui.exporting import Export
    from app.tui.models.chart import Chart
    from store.queries.curves import Curve

WIDE = 110
"""Columns from which on the list stands beside the charts."""
EACH = (48, 10)
"""Cells that each of several charts takes at least."""
ROWS, ACROSS_ROW = 3, 2
"""Charts below each other, and beside each other, at most."""
IN_TURN: tuple[Across, ...] = ("step", "relative", "wall")


class Charts(Vertical):
    """As many charts as there is room for."""

    class Resized(Message):
        """There is room for more or fewer."""

    def on_resize(self) -> None:
        self.post_message(self.Resized())


class Middle(Horizontal):
    """Charts and list: beside each other where there is room."""

    def on_resize(self) -> None:
        self.set_class(self.size.width >= WIDE, "-wide")


class CurvesScreen(MetricViewScreen):
    """Curves over each other, and a list of the runs with what each says at the cursor."""

    view_name: ClassVar[str] = "curves"
    by_summary: ClassVar[bool] = False
    contexts: ClassVar[tuple[str, ...]] = (*METRIC_CONTEXTS, "compare_curves")
    BINDINGS: ClassVar[list[BindingType]] = bindings(*contexts[1:])

    def __init__(self, runs: Any) -> None:
        super().__init__(runs)
        self.form: CurvesForm = self.look.kept.setdefault("curves", CurvesForm())

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="compared")
        with Middle(id="middle"):
            with Charts(id="charts"):
                for row in range(ROWS):
                    with Horizontal(classes="row"):
                        for column in range(ACROSS_ROW):
                            number = row * ACROSS_ROW + column
                            yield ChartView(widget_id=f"chart-{number}", classes="chart")
            yield SideTable(
                entry_columns(grouped=bool(self.form.group)),
                lambda one: one.run.row.uuid,
                empty="reading ...",
                widget_id="main",
            )
        yield InfoLine(widget_id="state")
        yield PromptLine("/", widget_id="choose")

    @property
    def table(self) -> SideTable[Entry]:
        return self.query_one("#main", SideTable)

    @property
    def charts(self) -> list[ChartView]:
        """All there are; those that aren't shown, too."""
        return list(self.query(".chart").results(ChartView))

    # what is read and shown

    def _room(self) -> tuple[int, int]:
        """How many charts stand below each other, and beside each other."""
        if self.form.single:
            return 1, 1
        width, height = self.query_one("#charts").size
        most = len(self.metrics)
        rows = max(1, min(ROWS, height // EACH[1]))
        across = max(1, min(ACROSS_ROW, width // EACH[0]))
        while (rows - 1) * across >= most and rows > 1:
            rows -= 1
        return rows, min(across, max(1, most))

    def shown_metrics(self) -> list[str]:
        """The metrics of the charts: the chosen one, and those after it."""
        metrics = self.metrics
        if not metrics:
            return []
        rows, across = self._room()
        first = metrics.index(self.metric)
        return [*metrics[first:], *metrics[:first]][: rows * across]

    def reader(self) -> Own:
        form = self.form
        # at first it is not known which metrics there are, nor for how many charts there is room
        number = ROWS * ACROSS_ROW
        return partial(
            read_curves,
            metric=self.look.metric,
            keys=tuple(self.shown_metrics()),
            number=number,
            weight=form.weight,
            whole=form.across == "metric",
            other=form.other if form.across == "metric" else "",
        )

    @property
    def curves(self) -> list[Curve]:
        return cast("list[Curve]", self.own or [])

    def show_runs(self) -> None:
        self.table.empty = self.empty_words()
        self._show_charts()

    def on_charts_resized(self) -> None:
        if self.snapshot is not None:
            self._show_charts()
            if not set(self.shown_metrics()) <= {one.key for one in self.curves}:
                self.ask()

    def lines(self, metric: str) -> list[Series]:
        """A line of the metric for each run."""
        ascii_only = self.dagtop.glyphs.is_ascii
        return lines_of(self.curves, metric, self.runs, self.form, ascii_only=ascii_only)

    def _show_charts(self) -> None:
        if self.snapshot is None:
            return
        metrics, (rows, across) = self.shown_metrics(), self._room()
        for number, row in enumerate(self.query(".row")):
            row.set_class(number < rows, "-shown")
        places = [r * ACROSS_ROW + c for r in range(rows) for c in range(across)]
        for number, view in enumerate(self.charts):
            place = places.index(number) if number in places else len(metrics)
            view.set_class(place < len(metrics) or number == 0, "-shown")
            if place < len(metrics):
                view.show(self._chart(metrics[place], view))
            elif number == 0:
                view.show(self._chart("", view))
        self._show_list()

    def _chart(self, metric: str, view: ChartView) -> Chart:
        from dataclasses import replace

        # not the list's own cursor: charts are shown before the list is
        chosen = self.look.run or (self.runs[0].row.uuid if self.runs else "")
        chart = chart_of(self.lines(metric), metric, self.runs, self.form, chosen)
        return replace(chart, cursor=self.form.cursor)

    def _show_list(self) -> None:
        scene = self.dagtop.scene()
        self.table.show(entries_of(self.lines(self.metric), self.runs, self.form, scene))
        if self.look.run:
            self.table.go_to(self.look.run)
        shown = sum(run.row.uuid not in self.form.hidden for run in self.runs)
        self.query_one("#state", InfoLine).line = (
            span(" "),
            *state_line(self.form, shown, self.dagtop.glyphs),
        )
        self.query_one("#state", InfoLine).right = self._cursor_words()

    def _cursor_words(self) -> Spans:
        if self.form.cursor is None:
            return (span("last values; left and right move a cursor", "dim"),)
        from app.tui.models.compare.curves import x_text

        where = x_text(self.form.cursor, self.form.across, self.dagtop.scene())
        words = {**ACROSS_WORDS, "metric": self.form.other}[self.form.across]
        return (span(f"at {words} ", "dim"), span(where, "accent"))

    def about_view(self) -> Spans:
        return (span(self.metric, "strong"),) if self.metric else ()

    def metric_chosen(self) -> None:
        for view in self.charts:
            view.start_over()
        super().metric_chosen()

    # the cursors

    def on_table_moved(self) -> None:
        key = self.table.current_key
        if key is not None and key != self.look.run:
            self.look.run = key
            self._show_charts()

    def on_side_table_turned(self, message: SideTable.Turned) -> None:
        self.form.cursor = self.charts[0].step_cursor(message.step)
        if self.form.cursor is None:
            self.dagtop.say("there are no points to go to")
            return
        self._show_charts()

    def step_back(self) -> bool:
        if self.form.cursor is not None:
            self.form.cursor = None
        elif not self.charts[0].window.is_whole:
            for view in self.charts:
                view.start_over()
        elif self.form.hidden:
            self.form.hidden.clear()
        else:
            return False
        self._show_charts()
        return True

    def action_hide(self) -> None:
        """Take a run off the charts, or put it there again."""
        key = self.table.current_key
        if key is None:
            self.dagtop.say("there is no run to hide")
            return
        self.form.hidden ^= {key}
        self._show_charts()

    # what x and y are

    def action_across(self) -> None:
        """Steps, time since the start, time of day."""
        at = IN_TURN.index(self.form.across) if self.form.across in IN_TURN else -1
        self._across(IN_TURN[(at + 1) % len(IN_TURN)])

    def _across(self, kind: Across, other: str = "") -> None:
        self.form.across, self.form.other, self.form.cursor = kind, other, None
        for view in self.charts:
            view.start_over()
        self.dagtop.say(f"x is {other or ACROSS_WORDS[kind]}")
        self.ask_first()

    async def action_other_metric(self) -> None:
        """Ask which metric is x."""
        await self.ask_for("metric that x is; empty: the step", self.metrics, self._other_named)

    def _other_named(self, text: str) -> None:
        found = find(text, self.metrics) if text else []
        if not text:
            self._across("step")
        elif found:
            self._across("metric", found[0])
        else:
            self.dagtop.say(f"no metric is called {text}", "warning")

    def action_log_y(self) -> None:
        """Values by powers of ten, or not."""
        self.form.log_y = not self.form.log_y
        self._show_charts()

    def action_log_x(self) -> None:
        """x by powers of ten, or not."""
        if self.form.across == "wall":
            self.dagtop.say("times of day have no logarithm")
            return
        self.form.log_x = not self.form.log_x
        self._show_charts()

    def action_smoother(self) -> None:
        """Average over more."""
        self._smooth(1)

    def action_rougher(self) -> None:
        """Average over less."""
        self._smooth(-1)

    def _smooth(self, step: int) -> None:
        place = SMOOTHINGS.index(self.form.weight) + step
        if not 0 <= place < len(SMOOTHINGS):
            self.dagtop.say("no more than this" if step > 0 else "the curves are as they were")
            return
        self.form.weight = SMOOTHINGS[place]
        self.dagtop.say(f"smoothed by {self.form.weight:g}" if place else "as it was logged")
        self.ask_first()

    def action_outliers(self) -> None:
        """Leave the outermost values out of sight, or show all."""
        self.form.outliers = not self.form.outliers
        self.dagtop.say("all values" if self.form.outliers else "outliers are ignored")
        self._show_charts()

    async def action_group(self) -> None:
        """Ask what runs are grouped by."""
        keys = key_names(self.runs)
        hint = "param or tag to make bands by; empty: a line for each run"
        await self.ask_for(hint, keys, self._group_named)

    def _group_named(self, text: str) -> None:
        found = find(text, key_names(self.runs)) if text else [""]
        if not found:
            self.dagtop.say(f"no param or tag is called {text}", "warning")
            return
        self.form.group = found[0]
        self.table.set_columns(entry_columns(grouped=bool(found[0])))
        self._show_charts()

    # which charts, and how near

    def action_single(self) -> None:
        """One chart, or as many as there is room for."""
        self.form.single = not self.form.single
        self.dagtop.say("one chart" if self.form.single else "as many as there is room for")
        self._show_charts()
        if not set(self.shown_metrics()) <= {one.key for one in self.curves}:
            self.ask_first()

    def action_closer(self) -> None:
        """Look closer."""
        self._zoom(0.5)

    def action_wider(self) -> None:
        """Look from further away."""
        self._zoom(2.0)

    def _zoom(self, factor: float) -> None:
        moved = [view.zoom(factor) for view in self.charts if view.has_class("-shown")]
        if not any(moved):
            self.dagtop.say("closer than this there is nothing" if factor < 1 else "this is all")

    def action_pan_left(self) -> None:
        """Look to the left."""
        self._pan(-0.25)

    def action_pan_right(self) -> None:
        """Look to the right."""
        self._pan(0.25)

    def _pan(self, share: float) -> None:
        moved = [view.pan(share) for view in self.charts if view.has_class("-shown")]
        if not any(moved):
            self.dagtop.say("this is the edge: + looks closer")

    def exports(self) -> list[Export]:
        """The first chart as text and as a picture, its points as a table."""
        from app.tui.exporting import Export, table_csv

        if not self.metric:
            return []
        chart, zone = self._chart(self.metric, self.charts[0]), self.dagtop.zone
        rows = [
            {"run": one.run_uuid, "metric": one.key, "step": step, "time": time, "value": value}
            for one in own_of(self.curves, self.metric).values()
            for step, time, value in zip(one.steps, one.times, one.values, strict=True)
        ]
        return [
            Export("the chart as text", "txt", lambda: chart_text(chart, zone=zone)),
            Export("the chart as a picture", "svg", lambda: chart_svg(chart, zone=zone)),
            Export("its points as CSV", "csv", lambda: table_csv(rows)),
        ]
