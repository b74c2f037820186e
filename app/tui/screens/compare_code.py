"""Runs side by side: the code of two of them, and the environments of all."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import BindingType
from textual.widget import Widget

from app.comparing.table import Line, environment_of
from app.tui.bindings import bindings
from app.tui.lines import Lines
from app.tui.models.source import source_of_text
from app.tui.models.versions import Changes, Diff
from app.tui.reading_compare import Own, TwoSources, read_environments, read_sources
from app.tui.screens.compare import CompareScreen
from app.tui.screens.comparing import CompareViewScreen
from app.tui.screens.searching import SearchScreen
from app.tui.spans import Span, Spans, span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.lines_view import LinesView
from app.tui.widgets.prompt import PromptLine

if TYPE_CHECKING:
    from app.tui.exporting import Export
    from store.queries.compared import ComparedRun, RunSource

COMMIT = "mlflow.source.git.commit"
"""The tag that MLflow gives a run for the commit of its code."""


class CodeScreen(SearchScreen, CompareViewScreen):
    """What differs between the code of two runs: the baseline, else the first, and another."""

    view_name: ClassVar[str] = "code"
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "list",
        "compare",
        "lines",
        "compare_code",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "compare", "lines", "compare_code")

    _shown: object = None
    """What the diff was made of."""

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="compared")
        yield InfoLine(widget_id="left")
        yield InfoLine(widget_id="right")
        yield LinesView(widget_id="main")
        yield PromptLine("/", widget_id="find")

    # which two

    def pair(self) -> tuple[str, str]:
        """The uuids of the two runs."""
        uuids = self.look.uuids
        left = self.look.baseline if self.look.baseline in uuids else uuids[0]
        others = [uuid for uuid in uuids if uuid != left] or [left]
        return left, self.look.run if self.look.run in others else others[0]

    def reader(self) -> Own:
        left, right = self.pair()
        return partial(read_sources, left=left, right=right)

    def action_newer(self) -> None:
        """The next run against the first."""
        self._turn(1)

    def action_older(self) -> None:
        """The run before against the first."""
        self._turn(-1)

    def _turn(self, step: int) -> None:
        left, right = self.pair()
        others = [uuid for uuid in self.look.uuids if uuid != left]
        if len(others) < 2:
            self.dagtop.say("there is no other run")
            return
        self.look.run = others[(others.index(right) + step) % len(others)]
        self.ask_first()

    def action_swap(self) -> None:
        """Measure by the other of the two."""
        left, right = self.pair()
        self.look.baseline, self.look.run = right, left
        self.ask_first()

    # what is shown

    def show_runs(self) -> None:
        own = cast("TwoSources | None", self.own)
        left, right = self.pair()
        runs = {run.row.uuid: run for run in self.runs}
        if own is None or left not in runs or right not in runs:
            self.view.empty = self.empty_words()
            self.view.show(Lines())
            return
        for name, sign, uuid, one in (
            ("left", "-", left, own.left),
            ("right", "+", right, own.right),
        ):
            self.query_one(f"#{name}", InfoLine).line = _side(sign, runs[uuid], one)
        if (left, right, own) != self._shown:
            self._shown = (left, right, own)
            self.view.empty = self._unknown(own, runs[left], runs[right])
            self.view.show(self._lines(own), cursor=0)
        self.show_status()

    @staticmethod
    def _lines(own: TwoSources) -> Lines:
        if own.left is None or own.right is None:
            return Lines()
        return Diff(source_of_text(own.left.text), source_of_text(own.right.text), Changes())

    @staticmethod
    def _unknown(own: TwoSources, left: ComparedRun, right: ComparedRun) -> str:
        lacking = [run for run, one in ((left, own.left), (right, own.right)) if one is None]
        if len(lacking) == 2:
            return "Of neither run the code is recorded. > shows the next run."
        whose = lacking[0].row.name if lacking else "them"
        return f"No code is recorded of {whose}. > shows the next run."

    def show_status(self) -> None:
        self.query_one("#compared", InfoLine).right = self.status()

    def about_view(self) -> Spans:
        return self.status()

    def action_next_part(self) -> None:
        """To the next part of the diff."""
        self._part(1)

    def action_previous_part(self) -> None:
        """To the part before."""
        self._part(-1)

    def _part(self, direction: int) -> None:
        lines = self.view.lines
        place = lines.next_part(self.view.cursor, direction) if isinstance(lines, Diff) else None
        if place is None:
            self.dagtop.say("there is no other part that way")
        else:
            self.view.go_to(place)

    def text(self) -> str:
        """The diff as ``patch`` takes it."""
        own, lines = cast("TwoSources | None", self.own), self.view.lines
        if own is None or own.left is None or own.right is None or not isinstance(lines, Diff):
            return ""
        return lines.unified(own.left.name, own.right.name)

    def action_copy_text(self) -> None:
        """Copy the diff."""
        self.dagtop.copy(self.text(), "the diff")

    def exports(self) -> list[Export]:
        """The diff."""
        from app.tui.exporting import Export

        return [Export("the diff", "diff", self.text)] if self.text() else []


def _side(sign: str, run: ComparedRun, one: RunSource | None) -> Spans:
    """One of the two runs: its name, its code, its commit."""
    role = "diff.removed" if sign == "-" else "diff.added"
    line = [
        Span(f" {sign} ", role),
        span(run.row.name, "strong"),
        Span(f" {run.row.uuid[:8]}", "dim"),
    ]
    line.append(span(f"  {one.name}" if one is not None else "  code unknown", "dim"))
    commit = run.tags.get(COMMIT)
    if commit:
        line.extend((Span("  commit ", "dim"), span(commit[:12], "accent")))
    return tuple(line)


class EnvironmentScreen(CompareScreen):
    """Python and packages side by side; at first only those that differ."""

    view_name: ClassVar[str] = "environment"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "compare", "compare_table")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "compare", "compare_table")

    def reader(self) -> Own:
        return read_environments

    def lines(self) -> list[Line]:
        return environment_of(self.runs, self.own or {})

    @property
    def differences(self) -> bool:
        return bool(self.look.kept.get("environment", True))

    @differences.setter
    def differences(self, only: bool) -> None:
        self.look.kept["environment"] = only

    def about_view(self) -> Spans:
        return (Span("packages that differ" if self.differences else "all packages", "dim"),)

    def empty_words(self) -> str:
        if self.runs and not self.own:
            return "None of these runs has recorded its packages."
        if self.runs and not self.look.words:
            return "All ran with the same packages. d shows them."
        return super().empty_words()
