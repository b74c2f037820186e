"""Runs side by side: confusion matrices, ROC and precision-recall curves, where they are logged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, cast

from textual.binding import BindingType
from textual.widget import Widget

from app.comparing.classification import ENDS, Kind
from app.tui.bindings import bindings
from app.tui.lines import EntryLines
from app.tui.models.compare.matrices import (
    KIND_WORDS,
    Found,
    curve_lines,
    curves_chart,
    side_by_side,
)
from app.tui.reading_compare import Own, read_classification
from app.tui.screens.comparing import CompareViewScreen
from app.tui.screens.searching import SearchScreen
from app.tui.spans import Span, Spans, plain
from app.tui.widgets.chart import ChartView
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.lines_view import LinesView
from app.tui.widgets.prompt import PromptLine

MARGIN = 3


@dataclass(slots=True)
class MatrixForm:
    """What is shown, and how."""

    kind: Kind = "matrix"
    shares: bool = False
    """Shares of the true label instead of counts."""


class MatrixScreen(SearchScreen, CompareViewScreen):
    """Matrices beside each other, or curves over each other with a line for each."""

    view_name: ClassVar[str] = "matrix"
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "list",
        "compare",
        "lines",
        "compare_matrix",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "compare", "lines", "compare_matrix")

    def __init__(self, runs: Any) -> None:
        super().__init__(runs)
        self.form: MatrixForm = self.look.kept.setdefault("matrix", MatrixForm())

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="compared")
        yield ChartView(widget_id="rates")
        yield LinesView(widget_id="main")
        yield PromptLine("/", widget_id="find")

    def reader(self) -> Own:
        workspace = self.dagtop.workspace
        return partial(read_classification, kind=self.form.kind, workspace=workspace)

    @property
    def found(self) -> list[Found]:
        """What there is of the kind, in the order of the runs."""
        of = cast("tuple[Found, ...]", self.own or ())
        order = {uuid: place for place, uuid in enumerate(self.look.uuids)}
        there = [one for one in of if one.path and one.uuid in order]
        return sorted(there, key=lambda one: order[one.uuid])

    def show_runs(self) -> None:
        is_matrix, found = self.form.kind == "matrix", self.found
        self.set_class(not is_matrix and bool(found), "-curves")
        self.view.empty = self.empty_words()
        self.view.show(EntryLines(self._lines(max(10, self.view.size.width - MARGIN))))
        self._show_chart()

    def _lines(self, width: int) -> list[tuple[Spans, str]]:
        glyphs, found = self.dagtop.glyphs, self.found
        if self.form.kind != "matrix":
            return curve_lines(found, glyphs)
        lines = side_by_side(found, width, glyphs, shares=self.form.shares)
        return [(line, "") for line in lines]

    def _show_chart(self) -> None:
        if self.form.kind == "matrix":
            return
        lines = cast("EntryLines[str]", self.view.lines)
        chosen = lines.entries[self.view.cursor][1] if self.view.cursor < len(lines) else ""
        chart = curves_chart(self.found, self.form.kind, chosen, self.dagtop.glyphs)
        self.query_one("#rates", ChartView).show(chart)

    def on_lines_view_moved(self) -> None:
        if self.snapshot is not None:
            self._show_chart()

    def resized(self) -> None:
        super().resized()
        if self.snapshot is not None:
            self.call_after_refresh(self.show_runs)

    def empty_words(self) -> str:
        if not self.runs or self.own is None:
            return super().empty_words()
        return f"None has logged a {ENDS[self.form.kind][0]}.json. c shows the next kind."

    def about_view(self) -> Spans:
        lacking = sum(not one.path for one in cast("tuple[Found, ...]", self.own or ()))
        words = [Span(KIND_WORDS[self.form.kind], "strong")]
        if self.form.shares and self.form.kind == "matrix":
            words.append(Span(" shares of the true label", "dim"))
        if lacking:
            words.append(Span(f"  {lacking} without", "dim"))
        return (*words, Span("  "), *self.status())

    def show_status(self) -> None:
        self.show_about()

    def action_kind(self) -> None:
        """Matrices, ROC curves, precision and recall in turn."""
        kinds = list(KIND_WORDS)
        self.form.kind = kinds[(kinds.index(self.form.kind) + 1) % len(kinds)]
        self.dagtop.say(KIND_WORDS[self.form.kind])
        self.ask_first()

    def action_shares(self) -> None:
        """Counts, or shares of the true label."""
        self.form.shares = not self.form.shares
        self.dagtop.say("shares of the true label" if self.form.shares else "counts")
        self.show_runs()
        self.show_about()

    def action_copy_text(self) -> None:
        """Copy what is shown."""
        lines = self._lines(self.view.size.width)
        text = "\n".join(plain(line).rstrip() for line, _ in lines)
        self.dagtop.copy(f"{text}\n", KIND_WORDS[self.form.kind])
