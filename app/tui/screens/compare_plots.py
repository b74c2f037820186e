"""Runs side by side: as points (scatter plot), and as lines through axes (parallel coordinates)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.comparing.table import METRICS, Line
from app.tui.bindings import bindings
from app.tui.jumps import find
from app.tui.models.chart import Chart, chart_svg, chart_text
from app.tui.models.compare.plots import (
    ParallelForm,
    Scale,
    ScatterForm,
    axes_of,
    axis_line,
    first_names,
    order_of,
    parallel,
    scales_of,
    scatter,
    scatter_line,
)
from app.tui.models.tracked_looks import status_span
from app.tui.screens.compare_metric import VALUE_CONTEXTS, MetricViewScreen
from app.tui.scrolling import step_of
from app.tui.spans import Span, Spans, span
from app.tui.widgets.chart_pad import ChartPad
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine

if TYPE_CHECKING:
    from app.tui.exporting import Export
    from store.queries.compared import ComparedRun


class PlotScreen(MetricViewScreen):
    """One chart of all runs, one of which is under the cursor."""

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="compared")
        yield ChartPad(widget_id="main")
        yield InfoLine(widget_id="detail")
        yield PromptLine("/", widget_id="choose")

    @property
    def pad(self) -> ChartPad:
        return self.query_one("#main", ChartPad)

    def chart(self) -> Chart:
        """What is shown."""
        raise NotImplementedError

    def detail(self) -> Spans:
        """What is under the cursor."""
        return ()

    def lines(self) -> list[Line]:
        """The rows of the table."""
        return self.table_lines()

    def scales(self) -> dict[str, Scale]:
        """What axes there may be."""
        return self.made("scales", lambda: scales_of(self.lines()), self.look.summary)

    def show_runs(self) -> None:
        self.pad.show(self.chart() if self.runs else Chart((), empty=self.empty_words()))
        self.query_one("#detail", InfoLine).line = self.detail() if self.runs else ()
        self.show_about()

    def resized(self) -> None:
        super().resized()
        if self.snapshot is not None:
            self.show_runs()

    def metric_chosen(self) -> None:
        self.show_runs()

    def order(self) -> Sequence[int]:
        """The runs as the cursor goes through them."""
        return range(len(self.runs))

    def lit(self) -> int | None:
        """The number of the run under the cursor; None: it isn't drawn."""
        uuids = [run.row.uuid for run in self.runs]
        order = self.order()
        if self.look.run in uuids and uuids.index(self.look.run) in order:
            return uuids.index(self.look.run)
        return order[0] if order else None

    def step(self, by: int) -> None:
        """To another run."""
        order = list(self.order())
        if not order:
            self.dagtop.say("there is no run to go to")
            return
        lit = self.lit()
        place = max(0, min((0 if lit is None else order.index(lit)) + by, len(order) - 1))
        self.look.run = self.runs[order[place]].row.uuid
        self.show_runs()

    def sideways(self, by: int) -> None:
        """To the left (-1) or to the right (1)."""
        self.step(by)

    def on_chart_pad_went(self, message: ChartPad.Went) -> None:
        if message.way in ("left", "right"):
            self.sideways(1 if message.way == "right" else -1)
        else:
            self.step(step_of(message.way, 5, len(self.runs)))

    def run_spans(self, run: ComparedRun) -> Spans:
        """The run under the cursor."""
        return (Span(" "), status_span(run.row.status, self.dagtop.glyphs), Span(" "),
                span(run.row.name, "strong"), Span(f" {run.row.uuid[:8]}", "dim"))  # fmt: skip

    def exports(self) -> list[Export]:
        """The chart as text and as a picture."""
        from app.tui.exporting import Export

        if not self.runs:
            return []
        chart, zone = self.chart(), self.dagtop.zone
        return [
            Export("the chart as text", "txt", lambda: chart_text(chart, zone=zone)),
            Export("the chart as a picture", "svg", lambda: chart_svg(chart, zone=zone)),
        ]


class ScatterScreen(PlotScreen):
    """Runs as points: x, y and colour are any param, metric or tag."""

    view_name: ClassVar[str] = "scatter"
    contexts: ClassVar[tuple[str, ...]] = (*VALUE_CONTEXTS, "compare_scatter")
    BINDINGS: ClassVar[list[BindingType]] = bindings(*contexts[1:])

    def __init__(self, runs: Any) -> None:
        super().__init__(runs)
        self.form: ScatterForm = self.look.kept.setdefault("scatter", ScatterForm())

    def _chosen(self) -> ScatterForm:
        """The form, with names where none were chosen."""
        form = self.form
        x, y, colour = first_names(self.lines(), self.metric)
        if not form.x:
            form.x, form.colour = x, form.colour or colour
        form.y = form.y or y
        return form

    def order(self) -> Sequence[int]:
        scale = self.scales().get(self._chosen().x)
        return order_of(scale) if scale is not None else range(len(self.runs))

    def chart(self) -> Chart:
        return scatter(
            self.scales(), self._chosen(), len(self.runs), self.lit(), self.dagtop.glyphs
        )

    def detail(self) -> Spans:
        lit = self.lit()
        if lit is None:
            return ()
        line = list(self.run_spans(self.runs[lit]))
        scales, form = self.scales(), self.form
        for name in dict.fromkeys((form.x, form.y, form.colour)):
            scale = scales.get(name)
            if scale is not None:
                value = scale.values[lit]
                text = "none" if value is None else scale.text(value)
                line.extend((span(f"  {scale.line.key} ", "dim"), span(text, "accent")))
        return tuple(line)

    def about_view(self) -> Spans:
        words = scatter_line(self.scales(), self._chosen(), len(self.runs)) if self.runs else ()
        return (*words, Span(f"metrics: {self.look.summary}", "dim"))

    def metric_chosen(self) -> None:
        self.form.y = f"{METRICS}.{self.metric}"
        super().metric_chosen()

    async def _ask_axis(self, which: str) -> None:
        names = list(self.scales())

        def then(text: str) -> None:
            found = find(text, names) if text else []
            if text and not found:
                self.dagtop.say(f"no param, metric or tag is called {text}", "warning")
            elif found or which == "colour":
                if which == "x":
                    self.form.log_x = None
                setattr(self.form, which, found[0] if found else "")
                self.show_runs()

        hint = "param, metric or tag for the colour; empty: none"
        await self.ask_for(hint if which == "colour" else f"what {which} is", names, then)

    async def action_x(self) -> None:
        """Ask what x is."""
        await self._ask_axis("x")

    async def action_y(self) -> None:
        """Ask what y is."""
        await self._ask_axis("y")

    async def action_colour(self) -> None:
        """Ask what the colour is."""
        await self._ask_axis("colour")

    def action_log_x(self) -> None:
        """x by powers of ten, or not."""
        self.form.log_x = not self.form.is_log_x(self.scales())
        self.dagtop.say("x by powers of ten" if self.form.log_x else "x as it is")
        self.show_runs()

    def action_log_y(self) -> None:
        """y by powers of ten, or not."""
        self.form.log_y = not self.form.log_y
        self.dagtop.say("y by powers of ten" if self.form.log_y else "y as it is")
        self.show_runs()


class ParallelScreen(PlotScreen):
    """Runs as lines through axes; the best by the metric stand out."""

    view_name: ClassVar[str] = "parallel"
    contexts: ClassVar[tuple[str, ...]] = (*VALUE_CONTEXTS, "compare_parallel")
    BINDINGS: ClassVar[list[BindingType]] = bindings(*contexts[1:])

    def __init__(self, runs: Any) -> None:
        super().__init__(runs)
        self.form: ParallelForm = self.look.kept.setdefault("parallel", ParallelForm())

    def axes(self) -> list[Scale]:
        """The axes from the left to the right."""
        scales, names = self.scales(), axes_of(self.lines(), self.metric, self.form)
        return [scales[name] for name in names if name in scales]

    def _best_first(self) -> list[int]:
        name = f"{METRICS}.{self.metric}"
        line = next((one for one in self.lines() if one.name == name), None)
        if line is None:
            return list(range(len(self.runs)))
        return line.order(lowest=line.lowest(self.look.lowest))

    def order(self) -> Sequence[int]:
        return self._best_first()

    def chart(self) -> Chart:
        axes = self.axes()
        self.form.at = max(0, min(self.form.at, len(axes) - 1))
        width = self.pad.plot_width
        return parallel(axes, self.form, self._best_first(), self.lit(), width, self.dagtop.glyphs)

    def detail(self) -> Spans:
        axes, lit = self.axes(), self.lit()
        scale = axes[self.form.at] if self.form.at < len(axes) else None
        return axis_line(scale, self.form, None if lit is None else self.runs[lit], lit or 0)

    def sideways(self, by: int) -> None:
        self.form.at = max(0, min(self.form.at + by, len(self.axes()) - 1))
        self.show_runs()

    def _change(self, axes: list[str]) -> None:
        self.form.axes = axes
        self.show_runs()

    async def action_add_axis(self) -> None:
        """Ask for another axis."""
        here = axes_of(self.lines(), self.metric, self.form)
        names = [name for name in self.scales() if name not in here]

        def then(text: str) -> None:
            found = find(text, names) if text else []
            if found:
                at = self.form.at
                self._change([*here[:at], found[0], *here[at:]])
            elif text:
                self.dagtop.say(f"no other param, metric or tag is called {text}", "warning")

        await self.ask_for("param, metric or tag for an axis", names, then)

    def action_remove_axis(self) -> None:
        """Take the axis under the cursor away."""
        names = [scale.name for scale in self.axes()]
        if len(names) < 2:
            self.dagtop.say("this is the last axis")
            return
        removed = names.pop(self.form.at)
        self._change(names)
        self.dagtop.say(f"without {removed}")

    def action_turn_axis(self) -> None:
        """Turn the axis under the cursor upside down."""
        axes = self.axes()
        if not axes:
            self.dagtop.say("there is no axis to turn")
            return
        self.form.turned ^= {axes[self.form.at].name}
        self.show_runs()

    def action_move_left(self) -> None:
        """Move the axis under the cursor to the left."""
        self._move(-1)

    def action_move_right(self) -> None:
        """Move the axis under the cursor to the right."""
        self._move(1)

    def _move(self, step: int) -> None:
        names, at = [scale.name for scale in self.axes()], self.form.at
        if not 0 <= at + step < len(names):
            self.dagtop.say("the axis is at the end")
            return
        names[at], names[at + step] = names[at + step], names[at]
        self.form.at += step
        self._change(names)
