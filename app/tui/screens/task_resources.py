"""What a try used of processor, memory and disk, over its time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.models.task_resources import resource_lines
from app.tui.reading_task import read_usage
from app.tui.screens.task_instance_views import InstanceScreen
from app.tui.screens.task_views import Read
from app.tui.spans import Span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from store.queries.resources import Usage


class ResourcesScreen(InstanceScreen):
    """Figures and charts, live while the try runs."""

    view_name: ClassVar[str] = "resources"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "task", "instance")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "task", "instance")

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="title")
        yield TextView(wrap=False, widget_id="main")

    def reader(self) -> Read:
        return read_usage

    def show_task(self) -> None:
        """Show the figures and the charts."""
        view = self.query_one("#main", TextView)
        one = self.current_try()
        words = self.missing_words()
        if words or one is None or self.snapshot is None:
            view.show([(), (Span(f" {words}", "dim"),)])
            return
        usage: Usage = self.snapshot.own
        width, height = view.size
        view.show(resource_lines(usage, one, max(10, width - 1), height, self.dagtop.scene()))

    def resized(self) -> None:
        super().resized()
        self.call_after_refresh(self._shown_again)

    def _shown_again(self) -> None:
        if self.is_there:
            self.show_task()
