"""Runs side by side: a metric of theirs as bars, and as boxes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import BindingType
from textual.widget import Widget

from app.comparing.table import Line
from app.tui.bindings import bindings
from app.tui.formats import plural
from app.tui.jumps import find
from app.tui.lines import Lines
from app.tui.models.chart import bar_lines, box_lines, quartiles
from app.tui.models.compare.curves import key_names
from app.tui.models.compare.plots import RankedForm, bars_of, boxes_of
from app.tui.reading_compare import Own, read_curves
from app.tui.screens.compare_metric import VALUE_CONTEXTS, MetricViewScreen
from app.tui.spans import Span, Spans, plain, span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.lines_view import LinesView
from app.tui.widgets.prompt import PromptLine

if TYPE_CHECKING:
    from app.tui.exporting import Export
    from store.queries.curves import Curve

MARGIN = 3
"""Cells of a line that the list takes for its cursor and its bar."""


class Painted(Lines):
    """Lines that are painted already."""

    def __init__(self, lines: Sequence[Spans]) -> None:
        self.lines = lines

    def __len__(self) -> int:
        return len(self.lines)

    def line(self, index: int) -> Spans:
        return self.lines[index]


class RankedScreen(MetricViewScreen):
    """A line for each run, or each group of them, and an axis below."""

    form_name: ClassVar[str]

    def __init__(self, runs: Any) -> None:
        super().__init__(runs)
        self.form: RankedForm = self.look.kept.setdefault(self.form_name, RankedForm())

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="compared")
        yield LinesView(widget_id="main")
        yield InfoLine(widget_id="axis")
        yield InfoLine(widget_id="labels")
        yield InfoLine(widget_id="detail")
        yield PromptLine("/", widget_id="choose")

    @property
    def view(self) -> LinesView:
        return self.query_one("#main", LinesView)

    def painted(self, width: int) -> list[Spans]:
        """The lines, and those of the axis below them."""
        raise NotImplementedError

    def detail(self, at: int) -> Spans:
        """What is under the cursor."""
        raise NotImplementedError

    def line(self) -> Line | None:
        """The row of the metric."""
        metric, lines = self.metric, self.table_lines()
        return next((one for one in lines if one.is_metric and one.key == metric), None)

    def show_runs(self) -> None:
        found = self.painted(max(8, self.view.size.width - MARGIN)) if self.runs else []
        lines, below = found[:-2], found[-2:] or [(), ()]
        self.view.empty = self.empty_words()
        self.view.show(Painted(lines))
        for name, line in zip(("axis", "labels"), below, strict=True):
            self.query_one(f"#{name}", InfoLine).line = (Span(" "), *line)
        self._show_detail()
        self.show_about()

    def about_view(self) -> Spans:
        words = list(super().about_view())
        if self.form.group:
            words[:0] = [Span("by ", "dim"), span(f"{self.form.group}  ", "accent")]
        if self.form.log:
            words.insert(0, Span("log  ", "accent"))
        return tuple(words)

    def resized(self) -> None:
        super().resized()
        if self.snapshot is not None:
            self.call_after_refresh(self.show_runs)

    def on_lines_view_moved(self) -> None:
        self._show_detail()

    def _show_detail(self) -> None:
        lines = self.view.lines
        detail = self.detail(self.view.cursor) if self.view.cursor < len(lines) else ()
        self.query_one("#detail", InfoLine).line = detail

    async def action_group(self) -> None:
        """Ask what runs are grouped by."""
        keys = key_names(self.runs)

        def then(text: str) -> None:
            found = find(text, keys) if text else [""]
            if not found:
                self.dagtop.say(f"no param or tag is called {text}", "warning")
                return
            self.form.group = found[0]
            self.show_runs()

        await self.ask_for("param or tag to group by; empty: none", keys, then)

    def action_log(self) -> None:
        """Values by powers of ten, or not."""
        self.form.log = not self.form.log
        self.show_runs()

    def action_sort(self) -> None:
        """By value, or in the order of the runs."""
        self.form.by_value = not self.form.by_value
        order = "by value" if self.form.by_value else "in the order of the runs, or names"
        self.dagtop.say(f"sorted {order}")
        self.show_runs()

    def exports(self) -> list[Export]:
        """The chart as text."""
        from app.tui.exporting import Export

        def text() -> str:
            return "\n".join(plain(line).rstrip() for line in self.painted(100)) + "\n"

        return [Export("the chart as text", "txt", text)] if self.runs else []


class BarScreen(RankedScreen):
    """A bar for each run."""

    view_name: ClassVar[str] = "bar"
    form_name: ClassVar[str] = "bar"
    contexts: ClassVar[tuple[str, ...]] = (*VALUE_CONTEXTS, "compare_ranked")
    BINDINGS: ClassVar[list[BindingType]] = bindings(*contexts[1:])

    def _bars(self) -> list[tuple[int, Any]]:
        line = self.line()
        lowest = line is not None and line.lowest(self.look.lowest)
        return bars_of(self.runs, line, self.form, lowest=lowest)

    def painted(self, width: int) -> list[Spans]:
        bars = [bar for _, bar in self._bars()]
        return bar_lines(bars, width, self.dagtop.glyphs, log=self.form.log)

    def detail(self, at: int) -> Spans:
        bars = self._bars()
        if at >= len(bars):
            return ()
        place, bar = bars[at]
        run = self.runs[place]
        params = "  ".join(f"{key} {value}" for key, value in run.params.items())
        return (Span(" "), span(run.row.name, "strong"), span(f" {bar.value:.6g}", "accent"),
                span(f"  {params}", "dim"))  # fmt: skip

    def metric_chosen(self) -> None:
        self.show_runs()


class BoxScreen(RankedScreen):
    """A box for each run of the points it has logged, or for each group of what its runs have."""

    view_name: ClassVar[str] = "box"
    form_name: ClassVar[str] = "box"
    contexts: ClassVar[tuple[str, ...]] = (*VALUE_CONTEXTS, "compare_ranked")
    BINDINGS: ClassVar[list[BindingType]] = bindings(*contexts[1:])

    def reader(self) -> Own:
        keys = (self.metric,) if self.metric else ()
        return partial(
            read_curves, metric=self.look.metric, keys=keys, number=1, weight=0.0, whole=True
        )

    def _boxes(self) -> list[Any]:
        curves = cast("list[Curve]", self.own or [])
        return boxes_of(self.runs, self.line(), curves, self.form)

    def painted(self, width: int) -> list[Spans]:
        return box_lines(self._boxes(), width, self.dagtop.glyphs, log=self.form.log)

    def detail(self, at: int) -> Spans:
        boxes = self._boxes()
        if at >= len(boxes):
            return ()
        box = boxes[at]
        found = quartiles(box.values)
        line = [
            Span(" "),
            span(box.name, "strong"),
            Span(f"  {plural(len(box.values), 'value')}", "dim"),
        ]
        if found is not None:
            for word, value in (
                ("whiskers", found.low),
                ("quarter", found.first),
                ("median", found.median),
                ("three quarters", found.third),
                ("to", found.high),
            ):
                line.extend((Span(f"  {word} ", "dim"), Span(f"{value:.4g}", "accent")))
        return tuple(line)

    def about_view(self) -> Spans:
        words = super().about_view()
        if self.form.group:
            return words
        has_one = all(one.count < 2 for one in cast("list[Curve]", self.own or []))
        all_of = " one point each: b groups by a param" if has_one else " all points"
        return (*words[:-1], Span(all_of, "dim"))
