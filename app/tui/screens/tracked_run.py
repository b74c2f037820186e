"""A tracked run (MLflow's sense): what it is, where it comes from, what belongs to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.lines import Lines
from app.tui.models.tracked_run import PageLines, Target, overview
from app.tui.screens.base import DagtopScreen
from app.tui.screens.searching import SearchScreen
from app.tui.screens.tracked_views import TrackedFocus, TrackedViewScreen
from app.tui.screens.views import TRACKED_VIEWS
from app.tui.spans import plain
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.lines_view import LinesView
from app.tui.widgets.prompt import PromptLine

if TYPE_CHECKING:
    from store.queries.tracked_page import TrackedPage


class TrackedRunScreen(SearchScreen, TrackedViewScreen):
    """The overview: lines with a cursor; Enter opens what the line is about."""

    view_name: ClassVar[str] = "overview"
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "list",
        "lines",
        "tracked_run",
        "tracked_acts",
        "tracked_overview",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "list", "lines", "tracked_run", "tracked_acts", "tracked_overview"
    )

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="title")
        yield LinesView(widget_id="main")
        yield PromptLine("/", widget_id="find")

    def mounted(self) -> None:
        super().mounted()
        self.view.empty = "reading ..."

    def show_page(self, page: TrackedPage) -> None:
        entries = overview(page, self.app.size.width - 2, self.dagtop.scene())
        lines = self.view.lines
        if not isinstance(lines, PageLines) or lines.entries != entries:
            self.view.show(PageLines(entries))

    def show_missing(self, words: str) -> None:
        self.view.empty = words
        self.view.show(Lines())

    def show_status(self) -> None:
        self.show_right(*(self.status() if self.view.needle else ()))

    def resized(self) -> None:
        super().resized()
        if self.is_there and self.page is not None:
            self.show_page(self.page)

    def tick(self) -> None:
        super().tick()
        if self.page is not None and self.page.row.ended_at is None:
            self.show_page(self.page)

    def target(self) -> Target | None:
        """What the line under the cursor leads to."""
        lines = self.view.lines
        if isinstance(lines, PageLines) and self.view.cursor < len(lines):
            return lines.entries[self.view.cursor][1]
        return None

    def tag_here(self) -> str:
        target = self.target()
        return target.name if target is not None and target.kind == "tag" else ""

    def on_lines_view_chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Go where the line under the cursor leads."""
        target = self.target()
        match None if target is None else target.kind:
            case "run":
                self.dagtop.ways.open_tracked(target.name if target else "")
            case "dag_run":
                self.action_run_details()
            case "task":
                self.action_details()
            case "view":
                self.action_show_view(target.name if target else "")
            case "distribution":
                self.look.kept["distribution"] = target.name if target else ""
                self.action_show_view("distributions")
            case "note":
                self.action_edit_note()
            case "tag":
                self.action_tag()
            case _:
                self.dagtop.say("Enter opens what is blue: its DAG run, its task, other runs")

    def action_next_section(self) -> None:
        """To the next section."""
        self._go_to_section(1)

    def action_previous_section(self) -> None:
        """To the section before."""
        self._go_to_section(-1)

    def _go_to_section(self, direction: int) -> None:
        lines = self.view.lines
        found = None
        if isinstance(lines, PageLines):
            found = lines.next_section(self.view.cursor, direction)
        if found is None:
            self.dagtop.say("there is no other section that way")
        else:
            self.view.go_to(found)

    def action_copy_text(self) -> None:
        """Copy the whole page."""
        lines = self.view.lines
        text = "\n".join(plain(lines.line(index)).rstrip() for index in range(len(lines)))
        self.dagtop.copy(text, "the page")


def page_of(uuid: str, kept: dict[str, Any] | None = None) -> DagtopScreen:
    """The page of a tracked run, in the view that was shown last."""
    focus = TrackedFocus(uuid, {} if kept is None else kept)
    view = TRACKED_VIEWS.get(str(focus.kept.get("view")), TRACKED_VIEWS["overview"])
    return view.load()(focus)
