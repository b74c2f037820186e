"""Runs side by side: a frozen column of keys, a column for each run, a cursor on a cell."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.strip import Strip

from app.tui.models.compare.sheet import (
    Row,
    Sheet,
    cell_spans,
    cell_width,
    head_spans,
    key_spans,
    key_width,
)
from app.tui.spans import Span, Spans, fit, width_of
from app.tui.widgets.rows_view import RowsView

HEAD = 2
"""Lines above the rows: names, and ids."""
GAP = 1
EMPTY = Sheet((), ())


class CompareTable(RowsView):
    """Shows a ``Sheet``; only what is seen is made."""

    class Moved(Message):
        """The cursor is on another cell, or the cell has changed."""

    class Chosen(Message):
        """A cell was clicked twice."""

    def __init__(self, *, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id)
        self.sheet = EMPTY
        self.column = 0
        """The run under the cursor."""
        self.first = 0
        """The first run that is shown."""
        self._keys = 0

    # what is shown

    def show(self, sheet: Sheet, *, row: str = "", run: str = "") -> None:
        """Show a table, the cursor on that row and that run, where they are there."""
        self.sheet = sheet
        self.position.count = len(sheet.rows)
        self._keys = key_width(sheet.rows, self.size.width)
        ids = [one.id for one in sheet.rows]
        if row in ids:
            self.position.cursor = ids.index(row)
        uuids = [one.row.uuid for one in sheet.runs]
        if run in uuids:
            self.column = uuids.index(run)
        self.moved()

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        rows = self.sheet.rows
        return rows[self.position.cursor] if self.position.cursor < len(rows) else None

    @property
    def each(self) -> int:
        """Cells of a run's column."""
        return cell_width(self._room, self.sheet)

    @property
    def _room(self) -> int:
        return max(1, self.size.width - self._keys - 4)

    @property
    def columns(self) -> int:
        """Runs that fit."""
        return max(1, (self._room + GAP) // (self.each + GAP))

    # moving

    def sideways(self, step: int) -> None:
        self.column += step
        self.moved()

    def moved(self) -> None:
        self.position.clamp()
        last = len(self.sheet.runs) - 1
        self.column = max(0, min(self.column, last))
        if self.column < self.first:
            self.first = self.column
        elif self.column >= self.first + self.columns:
            self.first = self.column - self.columns + 1
        self.first = max(0, min(self.first, last + 1 - self.columns))
        self.repaint()
        self.post_message(self.Moved())

    # painting

    def resized(self) -> None:
        super().resized()
        self.position.page = max(1, self.size.height - HEAD)
        self._keys = key_width(self.sheet.rows, self.size.width)
        self.moved()

    def build(self, y: int) -> Strip:
        if not self.sheet.runs:
            return self.blank(y)
        if y < HEAD:
            return self._head(y)
        index = self.position.top + y - HEAD
        if index >= len(self.sheet.rows):
            return self.blank(y)
        row, glyphs = self.sheet.rows[index], self.dagtop.glyphs
        selected = index == self.position.cursor
        ground = ("@cursor" if self.has_focus else "@idle") if selected else ""
        line = [Span(glyphs.cursor if selected else " ", f"accent{ground}")]
        key = fit(key_spans(row, self.sheet, glyphs), self._keys, ellipsis=glyphs.ellipsis)
        line.extend(Span(piece.text, piece.role + ground) for piece in key)
        line.append(Span("  "))
        for place in self._shown():
            cell = cell_spans(row, place, self.sheet, glyphs, self.each)
            cell = fit(cell, self.each, ellipsis=glyphs.ellipsis)
            if selected and place == self.column and row.line is not None:
                cell = tuple(Span(one.text, f"{one.role}@cursor") for one in cell)
            line.extend((*cell, Span(" " * GAP)))
        start, length = self.position.thumb()
        if length:
            line.append(Span(" " * max(0, self.size.width - 1 - width_of(line))))
            inside = start <= y - HEAD < start + length
            line.append(Span(glyphs.thumb if inside else " ", "faint"))
        return self.strip(line)

    def _shown(self) -> range:
        return range(self.first, min(len(self.sheet.runs), self.first + self.columns))

    def _head(self, y: int) -> Strip:
        glyphs, sheet = self.dagtop.glyphs, self.sheet
        left: Spans = (Span(" "),)
        if y == 0 and self.columns < len(sheet.runs):
            shown = self._shown()
            left = (Span(f" runs {shown.start + 1}-{shown.stop} of {len(sheet.runs)}", "dim"),)
        more = glyphs.more_left if self.first and y == 0 else " "
        line = [*fit(left, self._keys + 1), Span(" "), Span(more, "accent")]
        for place in self._shown():
            is_baseline = place == sheet.baseline
            head = head_spans(sheet.runs[place], glyphs, self.each, is_baseline=is_baseline)[y]
            cell = fit(head, self.each, ellipsis=glyphs.ellipsis)
            if place == self.column and y == 0:
                ground = "@cursor" if self.has_focus else "@idle"
                cell = tuple(Span(one.text, one.role + ground) for one in cell)
            line.extend((*cell, Span(" " * GAP)))
        if y == 0 and self.first + self.columns < len(sheet.runs):
            line[-1] = Span(glyphs.more_right, "accent")
        return self.strip(line)

    # mouse

    def on_click(self, event: events.Click) -> None:
        index = self.position.top + event.y - HEAD
        place = self.first + (event.x - self._keys - 3) // (self.each + GAP)
        inside = event.y >= HEAD and 0 <= index < len(self.sheet.rows)
        again = inside and index == self.position.cursor and event.chain >= 2
        if inside:
            self.position.cursor = index
        if event.x >= self._keys + 3 and place in self._shown():
            self.column = place
        self.moved()
        if again:
            self.post_message(self.Chosen())
