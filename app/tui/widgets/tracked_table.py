"""The table of tracked runs: as any table, and a cursor on the columns; the store sorts it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.strip import Strip

from app.tui.columns import GUTTER, Column, Placed
from app.tui.models.tracked_lines import Line
from app.tui.spans import Span, crop_text, fit
from app.tui.widgets.table import Table


class TrackedTable(Table[Line]):
    """Left and right go from column to column; what is sorted by has arrows, with their rank."""

    def __init__(self, columns: Sequence[Column[Line]], *, empty: str, widget_id: str) -> None:
        super().__init__(columns, lambda line: line.key, empty=empty, widget_id=widget_id)
        self.order: tuple[tuple[str, bool], ...] = ()
        """Columns that it is sorted by, each with whether that is descending."""
        self._column = ""
        """The column under the cursor."""

    @property
    def column_place(self) -> int:
        """The place of the column under the cursor; 0 is the name."""
        keys = [one.key for one in self.columns]
        return keys.index(self._column) if self._column in keys else 0

    @property
    def column(self) -> str:
        """The key of the column under the cursor."""
        return self.columns[self.column_place].key

    def go_to_column(self, key: str) -> None:
        """Put the cursor on a column."""
        self._column = key
        self._show_column()

    def show_from_top(self, lines: Sequence[Line]) -> None:
        """Show these lines, the cursor on the first."""
        self.items, self._keys = [], None
        self.position.cursor = self.position.top = 0
        self.show(lines)

    def set_columns(self, columns: Sequence[Column[Line]]) -> None:
        super().set_columns(columns)
        self._show_column()

    def sideways(self, step: int) -> None:
        columns = self.columns
        place = max(0, min(self.column_place + step, len(columns) - 1))
        self._column = columns[place].key
        self._show_column()
        self.post_message(self.Moved())

    def resized(self) -> None:
        super().resized()
        self._show_column()

    def _show_column(self) -> None:
        """Bring the column under the cursor into view."""
        place = self.column_place
        self.first_column = min(self.first_column, max(0, place - 1))
        self._place()
        for _ in self.columns:
            if place <= self.first_column + len(self._placed) - 1 or place - 1 <= self.first_column:
                break
            before = self.first_column
            self.first_column += 1
            self._place()
            if self.first_column <= before:
                break
        self.repaint()

    # painting

    def _header(self) -> Strip:
        glyphs = self.dagtop.glyphs
        line: list[Span] = [Span(" " * GUTTER)]
        x = GUTTER
        for number, place in enumerate(self._placed):
            line.append(Span(" " * (place.x - x)))
            if number == 1 and self.first_column:
                line[-1] = Span(" " * (place.x - x - 1))
                line.append(Span(glyphs.more_left, "accent"))
            line.extend(self._title(place))
            x = place.x + place.width
        if self.more_right and self.size.width - x >= 1:
            line.append(Span(" " * (self.size.width - x - 1)))
            line.append(Span(glyphs.more_right, "accent"))
        return self.strip(line)

    def _title(self, place: Placed[Line]) -> tuple[Span, ...]:
        glyphs, column = self.dagtop.glyphs, place.column
        arrow = ""
        for rank, (key, descending) in enumerate(self.order, 1):
            if key == column.key:
                number = str(rank) if len(self.order) > 1 else ""
                arrow = (glyphs.down if descending else glyphs.up) + number
        room = place.width - cell_len(arrow)
        text = crop_text(column.title, room, glyphs.ellipsis) + arrow
        ground = "@cursor" if column.key == self.column and self.has_focus else ""
        role = "accent" if arrow else "heading"
        return fit((Span(text, f"{role}{ground}"),), place.width, right=column.right)
