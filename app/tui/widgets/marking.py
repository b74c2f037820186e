"""What lists share whose rows can be marked: one by one, a range, all."""

from __future__ import annotations

from collections.abc import Sequence

from app.tui.widgets.rows_view import RowsView


class MarkedRows(RowsView):
    """Rows with marks, by key. Subclasses say which keys there are, and call ``mark_range`` when
    the cursor has moved."""

    def __init__(self, *, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id)
        self.marks: set[str] = set()
        self._range: tuple[str, frozenset[str]] | None = None
        """Of a range being marked: the row where it began, and what was marked before."""

    @property
    def keys(self) -> Sequence[str]:
        """The keys of all rows."""
        raise NotImplementedError

    @property
    def current_key(self) -> str | None:
        """The key of the row under the cursor."""
        raise NotImplementedError

    def toggle_range(self) -> bool:
        """Begin to mark all rows that the cursor passes, or end it; whether it began."""
        key = self.current_key
        if self.end_range() or key is None:
            return False
        self._range = (key, frozenset(self.marks))
        self.moved()
        return True

    def end_range(self) -> bool:
        """The rows marked so far stay marked; False where no range was being marked."""
        was, self._range = self._range is not None, None
        return was

    def mark_range(self) -> None:
        """Mark all rows from where the range began to the cursor."""
        if self._range is None:
            return
        start, before = self._range
        keys = self.keys
        if start not in keys:
            self._range = None
            return
        first, last = sorted((keys.index(start), self.position.cursor))
        self.marks = {*before, *keys[first : last + 1]}

    def toggle_mark(self) -> None:
        """Mark or unmark the row under the cursor and move down."""
        self.end_range()
        key = self.current_key
        if key is None:
            return
        self.marks ^= {key}
        self.position.move(1)
        self.moved()

    def toggle_all(self) -> None:
        """Mark all rows; if all are marked, none."""
        before = self.marks
        self.mark_all()
        if self.marks == before:
            self.clear_marks()

    def mark_all(self) -> None:
        """Mark all rows."""
        self.end_range()
        self.marks = set(self.keys)
        self.moved()

    def clear_marks(self) -> bool:
        """Unmark everything; False where nothing was marked."""
        had = bool(self.marks)
        self.marks.clear()
        if had:
            self.moved()
        return had
