"""What a tracked run ran with: its source, and the packages of its environment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.lines import EntryLines, Lines
from app.tui.models.source import Source, source_of_text
from app.tui.reading_tracked_run import CodeOfRun, Read, read_environment, read_source
from app.tui.screens.searching import SearchScreen
from app.tui.screens.tracked_views import TrackedViewScreen
from app.tui.spans import Span, Spans, span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.lines_view import LinesView
from app.tui.widgets.prompt import PromptLine

if TYPE_CHECKING:
    from app.tui.exporting import Export
    from store.queries.tracked_page import Environment, TrackedPage

_CONTEXTS = ("everywhere", "list", "lines", "tracked_run", "tracked_acts")


class TrackedLinesScreen(SearchScreen, TrackedViewScreen):
    """Lines that are searched and copied."""

    what: ClassVar[str] = "the text"

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="title")
        yield InfoLine(widget_id="of")
        yield LinesView(widget_id="main")
        yield PromptLine("/", widget_id="find")

    def mounted(self) -> None:
        super().mounted()
        self.view.empty = "reading ..."

    def show_missing(self, words: str) -> None:
        self.view.empty = words
        self.view.show(Lines())

    def show_status(self) -> None:
        self.query_one("#of", InfoLine).right = self.status()

    def text(self) -> str:
        """All lines."""
        lines = self.view.lines
        return "".join(f"{lines.plain(index)}\n" for index in range(len(lines)))

    def action_copy_text(self) -> None:
        """Copy all lines."""
        if len(self.view.lines):
            self.dagtop.copy(self.text(), self.what)
        else:
            self.dagtop.say("there is nothing to copy")


class TrackedCodeScreen(TrackedLinesScreen):
    """The script, or the pipeline file in the version that the run ran with."""

    view_name: ClassVar[str] = "code"
    what: ClassVar[str] = "the source"
    contexts: ClassVar[tuple[str, ...]] = _CONTEXTS
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "lines", "tracked_run", "tracked_acts")

    def reader(self) -> Read:
        return read_source

    def show_page(self, page: TrackedPage) -> None:
        own: CodeOfRun | None = self.snapshot.own if self.snapshot is not None else None
        about = self.query_one("#of", InfoLine)
        if own is None:
            self.show_missing("Its source isn't known: no pipeline recorded it, or it was deleted.")
            return
        about.line = (Span(" "), span(own.name, "dim"))
        lines = source_of_text(own.text)
        if lines is not self.view.lines:
            self.view.show(lines)

    def exports(self) -> list[Export]:
        """The source."""
        from app.tui.exporting import Export

        lines = self.view.lines
        return [Export("its source", "py", self.text)] if isinstance(lines, Source) else []


class TrackedPackagesScreen(TrackedLinesScreen):
    """Python and the packages that were installed, with their versions."""

    view_name: ClassVar[str] = "packages"
    what: ClassVar[str] = "the packages"
    contexts: ClassVar[tuple[str, ...]] = _CONTEXTS
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "lines", "tracked_run", "tracked_acts")

    def reader(self) -> Read:
        return read_environment

    def show_page(self, page: TrackedPage) -> None:
        own: Environment | None = self.snapshot.own if self.snapshot is not None else None
        if own is None:
            self.show_missing("It isn't known what it ran with: no environment was recorded.")
            return
        about = self.query_one("#of", InfoLine)
        about.line = (
            span(f" Python {own.python}", "strong"),
            Span(f"  {len(own.packages):,} packages", "dim"),
        )
        entries = package_lines(own)
        lines = self.view.lines
        if not isinstance(lines, EntryLines) or lines.entries != entries:
            self.view.show(EntryLines(entries))

    def exports(self) -> list[Export]:
        """The packages as requirements."""
        from app.tui.exporting import Export

        return [Export("its packages as requirements.txt", "txt", self.text)]


def package_lines(environment: Environment) -> list[tuple[Spans, str]]:
    """A line for each package, as requirements have it."""
    names = sorted(environment.packages, key=str.lower)
    return [
        ((span(name), Span("==", "dim"), span(environment.packages[name], "accent")), name)
        for name in names
    ]
