"""What all lists share, whatever a row is: a cursor that moves, by keys and by the wheel."""

from __future__ import annotations

from textual.strip import Strip

from app.tui.scrolling import WHEEL, Position
from app.tui.widgets.line_view import LineView


class RowsView(LineView, can_focus=True):
    """Rows with a cursor; subclasses paint them and say in ``moved`` that the cursor moved."""

    def __init__(self, *, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id)
        self.position = Position()
        self.empty = ""
        """What is said while there are no rows."""

    def blank(self, y: int) -> Strip:
        """The line at ``y`` where no row is: nothing, or why there are no rows at all."""
        return self.strip(() if self.position.count else self.in_the_middle(self.empty, y))

    def moved(self) -> None:
        """The cursor is on another row: bring it into view, repaint, tell others."""
        raise NotImplementedError

    def sideways(self, step: int) -> None:
        """Go to the left (-1) or to the right (1)."""

    def travel(self, way: str) -> None:
        """Move as the action ``list.<way>`` says."""
        if way in ("left", "right"):
            self.sideways(1 if way == "right" else -1)
        else:
            self.position.travel(way)
            self.moved()

    def on_mouse_scroll_down(self) -> None:
        self.position.scroll(WHEEL)
        self.moved()

    def on_mouse_scroll_up(self) -> None:
        self.position.scroll(-WHEEL)
        self.moved()
