"""A table of any number of rows that formats and repaints only what is seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Generic, TypeVar

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip

from app.tui.columns import GUTTER, Column, Placed, place_columns
from app.tui.spans import Span, fit, width_of
from app.tui.widgets.marking import MarkedRows

T = TypeVar("T")


class Table(MarkedRows, Generic[T]):
    """Rows of items: cursor, marks, sorting, sticky header and first column.

    ``show`` takes a new list at any time; cursor and marks follow their rows by key. Cells are
    made for visible rows only, lines are refreshed where they differ. The cursor lights up the
    first column: a ground behind whole rows would cost a kilobyte for each step, over a slow line.
    """

    class Moved(Message):
        """The cursor is on another row (or the row under it is another one)."""

    class Chosen(Message):
        """A row was clicked twice."""

    class HeadClicked(Message):
        """The title of a column that rows can be sorted by was clicked."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(
        self,
        columns: Sequence[Column[T]],
        key: Callable[[T], str],
        *,
        empty: str = "",
        widget_id: str | None = None,
    ) -> None:
        super().__init__(widget_id=widget_id)
        self.all_columns = list(columns)
        self.hidden: frozenset[str] = frozenset()
        """Keys of columns that are not shown; the first column always is."""
        self.key = key
        self.empty = empty
        self.items: list[T] = []
        self._keys: list[str] | None = None
        """Of the items, in their order; None until they are wanted."""
        self.sort_column: str | None = None
        self.sort_descending = False
        self.first_column = 0
        self._longest = 0
        self._given: Sequence[T] = ()
        self._placed: list[Placed[T]] = []

    # what is shown

    @property
    def columns(self) -> list[Column[T]]:
        """The columns that are shown, as far as there is room."""
        first = self.all_columns[:1]
        return first + [one for one in self.all_columns[1:] if one.key not in self.hidden]

    @columns.setter
    def columns(self, columns: Sequence[Column[T]]) -> None:
        self.all_columns = list(columns)

    def hide(self, keys: Collection[str]) -> None:
        """Show all columns but these."""
        self.hidden = frozenset(keys)
        self.first_column = 0
        self._arrange(keep=self.current_key)

    def show(self, items: Sequence[T]) -> None:
        """Show these rows. The cursor stays on its row, or on its place where the row is gone."""
        self._given = items
        self._arrange(keep=self.current_key)

    def set_columns(self, columns: Sequence[Column[T]]) -> None:
        """Show other columns of the same items."""
        self.all_columns = list(columns)
        self._arrange(keep=self.current_key)

    def sort_by(self, key: str | None, descending: bool = False) -> None:
        """Sort by a column; None: the order in which rows were given."""
        self.sort_column, self.sort_descending = key, descending
        self._arrange(keep=self.current_key)

    def sort_next(self) -> str:
        """Sort by the next column that can be sorted by; returns what it is now, in words."""
        keys: list[str | None] = [None, *(c.key for c in self.columns if c.sort)]
        following = keys[(keys.index(self.sort_column) + 1) % len(keys)]
        column = next((c for c in self.columns if c.key == following), None)
        self.sort_by(following, column.descending if column else False)
        return column.title.strip().lower() or column.key if column else "the usual order"

    def sort_toggled(self, key: str) -> None:
        """Sort by a column; the other way round if it is sorted by already."""
        column = next(c for c in self.columns if c.key == key)
        again = key == self.sort_column
        self.sort_by(key, not self.sort_descending if again else column.descending)

    def _arrange(self, keep: str | None) -> None:
        column = next((c for c in self.columns if c.key == self.sort_column), None)
        items = list(self._given)
        if column is not None and column.sort is not None:
            items.sort(key=column.sort, reverse=self.sort_descending)
        self.items, self._keys = items, None
        self.position.count = len(items)
        if keep is not None and self.current_key != keep and keep in self.keys:
            self.position.cursor = self.keys.index(keep)
        if self.marks:
            self.marks &= set(self.keys)
        self._longest = 0
        if self.columns and self.columns[0].most and self.is_attached:
            cell, scene = self.columns[0].cell, self.dagtop.scene()
            self._longest = max((width_of(cell(item, scene)) for item in items[:2000]), default=0)
        self.position.clamp()
        self._place()
        self.repaint()
        self.post_message(self.Moved())

    # cursor and marks

    @property
    def keys(self) -> list[str]:
        """The keys of all rows; made once."""
        if self._keys is None:
            self._keys = [self.key(item) for item in self.items]
        return self._keys

    @property
    def current(self) -> T | None:
        """The item under the cursor."""
        if 0 <= self.position.cursor < len(self.items):
            return self.items[self.position.cursor]
        return None

    @property
    def current_key(self) -> str | None:
        item = self.current
        return None if item is None else self.key(item)

    def chosen(self) -> list[T]:
        """What an action works on: the marked rows, else the one under the cursor."""
        if self.marks:
            pairs = zip(self.items, self.keys, strict=True)
            return [item for item, key in pairs if key in self.marks]
        return [] if self.current is None else [self.current]

    def go_to(self, key: str) -> bool:
        """Put the cursor on a row; False where there is none of that key."""
        if key not in self.keys:
            return False
        self.position.cursor = self.keys.index(key)
        self.moved()
        return True

    def moved(self) -> None:
        self.position.clamp()
        self.mark_range()
        self.repaint()
        self.post_message(self.Moved())

    def sideways(self, step: int) -> None:
        last = max(0, len(self.columns) - 2)
        if step > 0 and not self.more_right:
            return
        self.first_column = max(0, min(self.first_column + step, last))
        self._place()
        self.repaint()

    @property
    def more_right(self) -> bool:
        """Whether there are columns beyond the right edge."""
        return self.first_column + len(self._placed) < len(self.columns)

    # painting

    def _place(self) -> None:
        width = self.size.width - 1  # the scroll bar
        self._placed = place_columns(
            self.columns, width, first=self.first_column, longest=self._longest
        )
        while self.first_column and not self.more_right:
            wider = place_columns(
                self.columns, width, first=self.first_column - 1, longest=self._longest
            )
            if len(wider) + self.first_column - 1 < len(self.columns):
                break
            self.first_column -= 1
            self._placed = wider

    def resized(self) -> None:
        super().resized()
        self.position.page = max(1, self.size.height - 1)
        self._arrange(keep=self.current_key)

    def build(self, y: int) -> Strip:
        if y == 0:
            return self._header()
        index = self.position.top + y - 1
        if index >= len(self.items):
            return self.blank(y)
        item = self.items[index]
        scene = self.dagtop.scene()
        selected = index == self.position.cursor
        marked = self.key(item) in self.marks
        glyphs = scene.glyphs
        ground = ("@cursor" if self.has_focus else "@idle") if selected else ""
        line: list[Span] = [
            Span(glyphs.cursor if selected else " ", f"accent{ground}"),
            Span(glyphs.mark if marked else " ", f"mark{ground}"),
        ]
        x = GUTTER
        for number, place in enumerate(self._placed):
            if place.x > x:
                line.append(Span(" " * (place.x - x)))
            cell = fit(
                place.column.cell(item, scene),
                place.width,
                right=place.column.right,
                ellipsis=glyphs.ellipsis,
            )
            if ground and not number:
                cell = tuple(Span(piece.text, piece.role + ground) for piece in cell)
            line.extend(cell)
            x = place.x + place.width
        return self.strip(self._with_thumb(line, x, y))

    def _with_thumb(self, line: list[Span], x: int, y: int) -> list[Span]:
        start, length = self.position.thumb()
        if not length:
            return line
        line.append(Span(" " * (self.size.width - 1 - x)))
        inside = start <= y - 1 < start + length
        line.append(Span(self.dagtop.glyphs.thumb if inside else " ", "faint"))
        return line

    def _header(self) -> Strip:
        glyphs = self.dagtop.glyphs
        line: list[Span] = [Span(" " * GUTTER)]
        x = GUTTER
        for number, place in enumerate(self._placed):
            line.append(Span(" " * (place.x - x)))
            title = place.column.title
            arrow = ""
            if place.column.key == self.sort_column:
                arrow = glyphs.down if self.sort_descending else glyphs.up
            text = f"{title}{arrow}"
            if cell_len(text) > place.width:
                text = title[: place.width - cell_len(arrow)] + arrow
            if number == 1 and self.first_column:
                line[-1] = Span(" " * (place.x - x - 1))
                line.append(Span(glyphs.more_left, "accent"))
            role = "accent" if arrow else "heading"
            line.extend(fit((Span(text, role),), place.width, right=place.column.right))
            x = place.x + place.width
        if self.more_right and self.size.width - x >= 1:
            line.append(Span(" " * (self.size.width - x - 1)))
            line.append(Span(glyphs.more_right, "accent"))
        return self.strip(line)

    # mouse

    def on_click(self, event: events.Click) -> None:
        index = self.position.top + event.y - 1
        if event.y == 0:
            for place in self._placed:
                if place.x <= event.x < place.x + place.width and place.column.sort:
                    self.post_message(self.HeadClicked(place.column.key))
        if event.y == 0 or index >= len(self.items):
            return
        again = index == self.position.cursor and event.chain >= 2
        self.position.cursor = index
        self.moved()
        if again:
            self.post_message(self.Chosen())
