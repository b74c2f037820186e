"""The base of everything we paint: a widget that knows its lines and repaints those that differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from app.text import sanitize
from app.tui.spans import Span, Spans, width_of, wrapped

if TYPE_CHECKING:
    from app.tui.application import DagtopApp


class LineView(Widget):
    """A widget painted line by line.

    ``build`` makes the line at ``y`` from the widget's state. ``repaint`` compares all visible
    lines with what was painted and refreshes only those that differ, so callers never work out by
    themselves what a change touches.
    """

    ALLOW_SELECT = False
    ground = ""
    """The ground of ``theme.Palette.style`` that the whole widget is painted on."""

    def __init__(self, *, widget_id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=widget_id, classes=classes)
        self._painted: dict[int, Strip] = {}

    @property
    def dagtop(self) -> DagtopApp:
        """The app, as ours."""
        return cast("DagtopApp", self.app)

    def build(self, y: int) -> Strip:
        """The line at ``y``, exactly as wide as the widget. Subclasses paint more than nothing."""
        return self.strip(())

    def render_line(self, y: int) -> Strip:
        strip = self._painted.get(y)
        if strip is None or strip.cell_length != self.size.width:
            strip = self._painted[y] = self.build(y)
        return strip

    def repaint(self) -> None:
        """Refresh the lines that differ from what was painted."""
        width, height = self.size
        if not self.is_attached:
            return
        if not width:  # hidden: when it is shown again, its lines are built anew
            self._painted.clear()
            return
        painted = self._painted
        for y in range(height):
            strip = self.build(y)
            if painted.get(y) != strip:
                painted[y] = strip
                self.refresh(Region(0, y, width, 1))

    def forget(self) -> None:
        """Paint everything anew: the size or the theme is another one."""
        self._painted.clear()
        self.refresh()

    def on_resize(self) -> None:
        self.resized()

    def resized(self) -> None:
        """The size is another. Textual calls each class's own ``on_resize``, so that one that calls
        its parent's has that called twice: this is what is overridden."""
        self._painted.clear()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Paint what shows the focus: where ``on_focus`` is called, it isn't set yet."""
        super().watch_has_focus(_has_focus)
        self.repaint()

    def in_the_middle(self, words: str, y: int) -> Spans:
        """What the line at ``y`` has of a sentence that says why there is nothing to be seen."""
        lines = wrapped((Span(words, "dim"),), max(1, self.size.width - 4))
        place = y - max(1, self.size.height // 3)
        if not words or not 0 <= place < len(lines):
            return ()
        room = max(0, (self.size.width - width_of(lines[0])) // 2)
        return (Span(" " * min(room, 40)), *lines[place])

    def strip(self, line: Iterable[Span], row: str = "") -> Strip:
        """Turn a line into a strip: cut or padded to the widget's width, roles to styles.

        ``row`` is the ground of the whole line; a role such as ``state.failed@cell`` has its own.
        """
        palette = self.dagtop.palette
        row = row or self.ground
        segments: list[Segment] = []
        text, style = "", None
        for piece in line:
            if not piece.text:
                continue
            role, _, own = piece.role.partition("@")
            wanted = palette.style(role, own or row)
            safe = piece.text if piece.text.isprintable() else sanitize(piece.text)
            if wanted is style:
                text += safe
                continue
            if text:
                segments.append(Segment(text, style))
            text, style = safe, wanted
        if text:
            segments.append(Segment(text, style))
        return Strip(segments).adjust_cell_length(self.size.width, palette.style("text", row))
