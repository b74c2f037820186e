"""The metrics of a tracked run as charts: all of them, or one with a cursor that reads it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.models.chart import Chart, chart_svg, chart_text
from app.tui.models.tracked_charts import (
    CELL_HEIGHT,
    CELL_WIDTH,
    chart_of,
    form_words,
    keys_of,
    reading_line,
    short_name,
    title_of,
)
from app.tui.reading_tracked_run import Curves, Read, read_charts
from app.tui.screens.tracked_chart_looks import ChartLooksScreen
from app.tui.screens.tracked_views import TrackedFocus
from app.tui.spans import Span, Spans, span
from app.tui.widgets.chart import ChartView
from app.tui.widgets.charts_grid import ChartsGrid
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import MetricLine, PromptLine

if TYPE_CHECKING:
    from app.tui.exporting import Export
    from store.metric_points import Summary
    from store.queries.curves import Curve
    from store.queries.tracked_page import TrackedPage


class TrackedChartsScreen(ChartLooksScreen):
    """A grid of charts; Enter shows one alone, there left and right move its cursor."""

    view_name: ClassVar[str] = "charts"
    system: ClassVar[bool] = False
    nothing: ClassVar[str] = "It has logged no metric: dagtop.log_metric(key, value, step) does."
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "list",
        "tracked_run",
        "tracked_acts",
        "tracked_charts",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "list", "tracked_run", "tracked_acts", "tracked_charts"
    )

    def __init__(self, focus: TrackedFocus | str) -> None:
        super().__init__(focus)
        if key := self.look.kept.pop("chart", ""):
            self.form.key, self.form.zoomed, self.form.words = key, True, ""
        self._before_filter = ""

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="title")
        yield ChartsGrid(self._small, (CELL_WIDTH, CELL_HEIGHT), widget_id="main")
        yield ChartView(widget_id="big")
        yield InfoLine(widget_id="reading")
        yield PromptLine("/", widget_id="filter")
        yield MetricLine("x", widget_id="other")

    def mounted(self) -> None:
        super().mounted()
        self.grid.empty = "reading ..."
        self.big.takes_clicks = True
        self._show_form()

    @property
    def grid(self) -> ChartsGrid:
        return self.query_one("#main", ChartsGrid)

    # what is read

    def reader(self) -> Read:
        form = self.form
        if not self.is_there:
            return partial(read_charts, form=form, system=self.system, keys=None, stretches=120)
        if form.zoomed and form.key:
            stretches, keys = 2 * max(80, self.big.plot_width), (form.key,)
            low, high = self._window()
            return partial(
                read_charts,
                form=form,
                system=self.system,
                keys=keys,
                stretches=stretches,
                low=low,
                high=high,
            )
        seen = tuple(self.grid.seen) if self.grid.keys else None
        stretches = max(80, 2 * self.grid.cell[0])
        return partial(read_charts, form=form, system=self.system, keys=seen, stretches=stretches)

    def _window(self) -> tuple[float | None, float | None]:
        """The stretch that is looked at closely, as the store counts it."""
        if self.form.across == "metric":
            return None, None  # steps that lie anywhere may have an x in it
        window = self.big.window
        shift = 0.0
        if self.form.across == "relative" and self.form.key in self.curves:
            shift = self.curves[self.form.key][0].began_at
        return tuple(None if one is None else one + shift for one in (window.low, window.high))  # type: ignore[return-value]

    def show_page(self, page: TrackedPage) -> None:
        own: Curves = self.snapshot.own if self.snapshot is not None else {}
        self.curves = {**self.curves, **own}
        keys = keys_of(page.metrics, self.form.words, system=self.system)
        self.grid.empty = self.nothing
        if self.form.words and not keys:
            self.grid.empty = "No metric has these words in its name. Esc clears them."
        versions: dict[str, object] = {
            key: (self._look(), self.curves.get(key, ())) for key in keys
        }
        first = not self.grid.keys
        self.grid.show(keys, versions)
        if first and self.form.key:
            self.grid.go_to(self.form.key)
        if self.form.key not in keys:
            self.form.zoomed = False
        if not self.form.zoomed:
            self.form.key = self.grid.current
        self._show_form()
        self._read_unseen()

    def _read_unseen(self) -> None:
        """Ask for what is seen and was not read yet."""
        if not self.form.zoomed and any(key not in self.curves for key in self.grid.seen):
            self.ask()

    def show_missing(self, words: str) -> None:
        self.grid.empty = words
        self.grid.show((), {})

    def _look(self) -> tuple[object, ...]:
        """What all charts depend on besides their points."""
        form = self.form
        other = self.curves.get(form.other) if form.across == "metric" else None
        return (
            form.across,
            other,
            form.log_x,
            form.log_y,
            form.weight,
            form.outliers,
            self.dagtop.zone,
        )

    def _summary(self, key: str) -> Summary | None:
        metrics = self.page.metrics if self.page is not None else ()
        return next((one for one in metrics if one.key == key), None)

    def _small(self, key: str, selected: bool) -> Chart | None:
        found = self.curves.get(key)
        ground = ("@cursor" if self.grid.has_focus else "@idle") if selected else ""
        title = title_of(key, self._summary(key), self.dagtop.scene(), ground)
        if found is None:
            return Chart((), title=title, empty="reading ...")
        return self._chart(*found, title)

    def _chart(self, plain: Curve, smooth: Curve | None, title: Spans) -> Chart:
        other, _ = self.curves.get(self.form.other, (None, None))
        if self.form.across == "metric" and other is None:
            return Chart((), title=title, empty=f"it has no {self.form.other}")
        return chart_of(plain, smooth, self.form, other=other, title=title)

    def _show_form(self) -> None:
        """Show the charts, or the one that is looked at alone."""
        form = self.form
        self.set_class(form.zoomed, "-zoomed")
        found = self.curves.get(form.key)
        if form.zoomed and found is not None:
            title = title_of(form.key, self._summary(form.key), self.dagtop.scene())
            chart = self._chart(*found, title)
            cursor = self.big.chart.cursor
            if cursor is not None:
                from dataclasses import replace

                chart = replace(chart, cursor=cursor)
            self.big.show(chart)
        words: list[Span] = list(form_words(form))
        if form.words:
            shown = len(self.grid.keys)
            words.extend((Span("  /", "key"), span(form.words, "accent"), Span(f" {shown}", "dim")))
        self.show_right(*words)
        self._show_reading()

    def _show_reading(self) -> None:
        line: Spans = ()
        scene = self.dagtop.scene()
        if self.form.zoomed:
            found = self.big.readings
            line = reading_line(found, self._summary(self.form.key), self.form, scene)
        elif self.grid.keys:
            number = f"{self.grid.cursor + 1:,} of {len(self.grid.keys):,}"
            line = (
                Span(f" {number}  "),
                span(self.form.key, "strong"),
                Span("   Enter", "key"),
                Span(" shows it alone", "dim"),
            )
        self.query_one("#reading", InfoLine).line = line

    def on_charts_grid_moved(self) -> None:
        if not self.form.zoomed:
            self.form.key = self.grid.current
        self._show_form()
        self._read_unseen()

    def on_charts_grid_chosen(self) -> None:
        self.action_open()

    def on_chart_view_pointed(self) -> None:
        self._show_reading()

    # moving

    def action_travel(self, way: str) -> None:
        """Move among charts; of the one that is shown alone, move its cursor."""
        if not self.form.zoomed:
            self.grid.travel(way)
            return
        if way in ("up", "down"):
            self._turn(1 if way == "down" else -1)
            return
        wide = self.big.plot_width
        steps = {
            "left": -1,
            "right": 1,
            "half_up": -wide // 8,
            "half_down": wide // 8,
            "page_up": -wide // 4,
            "page_down": wide // 4,
            "top": -(10**6),
            "bottom": 10**6,
        }
        self.big.step_cursor(steps.get(way, 0))
        self._show_reading()

    def action_next_metric(self) -> None:
        """The next chart."""
        self._turn(1)

    def action_previous_metric(self) -> None:
        """The chart before."""
        self._turn(-1)

    def _turn(self, step: int) -> None:
        keys = list(self.grid.keys)
        place = keys.index(self.form.key) + step if self.form.key in keys else 0
        if not 0 <= place < len(keys):
            self.dagtop.say("there is no other metric that way")
            return
        self.grid.go_to(keys[place])
        self.form.key = keys[place]
        if self.form.zoomed:
            self.big.start_over()
        self._show_form()
        self.ask()

    def action_open(self) -> None:
        """The chart alone, or all of them again."""
        if not self.form.key:
            self.dagtop.say("there is no chart yet")
            return
        self.form.zoomed = not self.form.zoomed
        self.big.start_over()
        self._show_form()
        if not self.form.zoomed:
            self.call_after_refresh(self.grid.focus)
        self.ask()

    def step_back(self) -> bool:
        if self.form.zoomed and not self.big.window.is_whole:
            self.action_whole()
        elif self.form.zoomed:
            self.action_open()
        elif self.form.words:
            self._look_for("")
        else:
            return False
        return True

    # zooming

    def _needs_one(self) -> bool:
        if not self.form.zoomed:
            self.dagtop.say("Enter shows a chart alone: there it can be zoomed and panned")
        return not self.form.zoomed

    def _looked(self, changed: bool, otherwise: str) -> None:
        if changed:
            self._show_reading()
            self.ask()
        else:
            self.dagtop.say(otherwise)

    def action_closer(self) -> None:
        """Zoom in."""
        if not self._needs_one():
            self._looked(self.big.zoom(0.5), "closer it can't be")

    def action_wider(self) -> None:
        """Zoom out."""
        if not self._needs_one():
            self._looked(self.big.zoom(2.0), "this is all of the curve")

    def action_pan_left(self) -> None:
        """What is left of it."""
        if not self._needs_one():
            self._looked(self.big.pan(-0.25), "there is nothing more to the left")

    def action_pan_right(self) -> None:
        """What is right of it."""
        if not self._needs_one():
            self._looked(self.big.pan(0.25), "there is nothing more to the right")

    def action_whole(self) -> None:
        """All of the curve."""
        if self._needs_one():
            return
        if self.big.window.is_whole:
            self.dagtop.say("this is all of the curve")
            return
        self.big.start_over()
        self._show_form()
        self.ask()

    # the filter

    async def action_filter(self) -> None:
        """Show only some metrics."""
        self._before_filter = self.form.words
        await self.query_one("#filter", PromptLine).open(self.form.words, "words of metrics' names")

    def on_prompt_line_typed(self, message: PromptLine.Typed) -> None:
        self._look_for(message.text.strip())

    def on_prompt_line_escaped(self) -> None:
        self._look_for(self._before_filter)

    def _look_for(self, words: str) -> None:
        self.form.words = words
        self.form.zoomed = False
        self.show_page_again()

    # out of here

    def action_copy_reading(self) -> None:
        """Copy what the cursor reads."""
        found = self.big.readings if self.form.zoomed else []
        if found:
            self.dagtop.copy(repr(found[-1].y), f"{self.form.key} at {found[-1].x:g}")
        else:
            one = self._summary(self.form.key)
            if one is None:
                self.dagtop.say("there is no value to copy")
            else:
                self.dagtop.copy(repr(one.last_value), f"the last {self.form.key}")

    def exports(self) -> list[Export]:
        """The chart under the cursor."""
        from app.tui.exporting import Export

        found = self.curves.get(self.form.key)
        if found is None:
            return []
        title = (span(short_name(self.form.key), "strong"),)
        chart = self._chart(*found, title)
        zone = self.dagtop.zone
        return [
            Export("the chart as text", "txt", lambda: chart_text(chart, zone=zone)),
            Export("the chart as SVG", "svg", lambda: chart_svg(chart, zone=zone)),
        ]


class TrackedSystemScreen(TrackedChartsScreen):
    """The same of what the machine did meanwhile."""

    view_name: ClassVar[str] = "system"
    system: ClassVar[bool] = True
    nothing: ClassVar[str] = (
        "It has no system metrics: [tracking] system_metrics = true in dagtop.toml records them."
    )
