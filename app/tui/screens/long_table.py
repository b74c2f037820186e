"""A table of a list that is too long to be read at once: it is read as one goes down."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from app.tui.filters import Facts
from app.tui.models.long_list import Entry, LongList, Page
from app.tui.models.runs import counted
from app.tui.screens.listing import ListScreen
from app.tui.spans import Span, Spans, span
from app.tui.timers import Rest
from app.tui.widgets.chrome import InfoLine

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from store.engine import Store

HEAD = 100
"""Newest rows that are read each time something changes."""

PAGE = 500
"""Rows that are read at once further back."""

MOST = 50_000
"""Rows that are kept; what is before them the filter must choose."""

E = TypeVar("E", bound=Entry)


class LongTable(ListScreen[E]):
    """A table that reads on as one goes down, and while a filter or an order needs it.

    Its snapshots have ``wanted``, ``head`` (a ``Page``) and ``watched`` (rows).
    """

    nouns: ClassVar[tuple[str, str]]
    """What the rows are: one, and many."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.read: LongList[E] = LongList(self.wanted_now(""))
        self._watched: tuple[int, ...] = ()
        self._reading: Any = None
        self._sought: str | None = None
        self._facts: dict[int, tuple[E, Facts]] = {}
        self._rest = Rest(self, self._watch)
        self._marks_all = False
        """All that pass are to be marked, once they are read."""

    # what subclasses say

    def wanted_now(self, filter_text: str) -> Any:
        """Which rows the store is asked for."""
        raise NotImplementedError

    def read_head(self, wanted: Any, watched: tuple[int, ...]) -> Fetch:
        """Reads the newest rows, and those further back that are watched."""
        raise NotImplementedError

    def read_page(self, wanted: Any, before: Any) -> Callable[[Store], Page[E]]:
        """Reads the rows before a place."""
        raise NotImplementedError

    def facts_of(self, row: E) -> Facts:
        """What the filter can ask of a row."""
        raise NotImplementedError

    def is_over(self, row: E) -> bool:
        """Whether time changes nothing of it any more."""
        raise NotImplementedError

    def show_counts(self) -> None:
        """Say how many rows there are, and how many of them are shown."""
        raise NotImplementedError

    def total(self) -> int:
        """How many rows there are, as far as they are counted."""
        raise NotImplementedError

    def detail(self) -> Spans:
        """The line about the row under the cursor."""
        raise NotImplementedError

    @property
    def wanted(self) -> Any:
        """Which rows the store is asked for."""
        return self.wanted_now(self.filter_text)

    def facts(self, row: E) -> Facts:
        known = self._facts.get(row.id)
        if known is None or known[0] is not row or not self.is_over(row):
            known = self._facts[row.id] = (row, self.facts_of(row))
        return known[1]

    # snapshots

    def fetch(self) -> Fetch:
        return self.read_head(self.wanted, self._watched)

    def show_snapshot(self, snapshot: Any) -> None:
        self.snapshot = snapshot
        if snapshot.wanted != self.read.wanted:
            self.read = LongList(snapshot.wanted)
            self._facts.clear()
        self._reading = None
        self.read.take_head(snapshot.head, self._watched, snapshot.watched)
        self._sieve.forget(lambda row: not self.is_over(row))
        self.sift(self.read.entries)

    def show_rows(self) -> None:
        """Show what passes the filter, and read on where that is not enough."""
        if self.snapshot is None:
            return
        if self.wanted != self.snapshot.wanted:
            self.ask()
        self.table.empty = self.empty_words()
        self.table.show(self.passing(self.read.entries))
        if self._sought is not None and self.table.go_to(self._sought):
            self._sought = None
        self._read_on()
        if self._marks_all and self._is_read():
            self._mark_all_read()
        self.show_counts()

    def _is_read(self) -> bool:
        """Whether there is nothing more to read of what is wanted now."""
        whole = self.read.next is None or len(self.read.entries) >= MOST
        return whole and self.snapshot is not None and self.wanted == self.read.wanted

    def empty_words(self) -> str:
        """Why no row is shown."""
        one, many = self.nouns
        if self.read.next is not None:
            return f"looking through older {many} ..."
        if self.filter_text:
            return f"No {one} passes the filter. Esc clears it."
        return f"There are no {many} yet."

    def _read_on(self) -> None:
        """Read the next page, if the cursor is near the end, or order or filter want it."""
        table, before = self.table, self.read.next
        if before is None or self._reading == before or len(self.read.entries) >= MOST:
            return
        enough = len(table.items) > table.position.cursor + 2 * table.position.page
        if enough and not self._marks_all and table.sort_column is None and self._sought is None:
            return
        self._reading, wanted = before, self.read.wanted

        def then(page: Page[E]) -> None:
            if self.is_there and self.read.wanted == wanted and self.read.take_page(before, page):
                self._reading = None
                for entry in page.entries:  # or the first letter of a filter would wait for all
                    self.facts(entry)
                self.show_rows()
                if self.read.next is None or len(self.read.entries) >= MOST:
                    self._sought = None  # it isn't there, or another has it

        self.dagtop.refresher.once(self.read_page(wanted, before), then)

    def count_spans(self, total: int) -> Spans:
        """What is marked, what the filter is, how many rows it lets through."""
        one, many = self.nouns
        parts: list[Span] = []
        if marks := len(self.table.marks):
            parts.append(Span(f"{marks:,} marked  ", "mark"))
        if not self.filter_text:
            return (*parts, Span(f"{counted(total)} {one if total == 1 else many}", "dim"))
        parts.extend((Span("/", "key"), span(self.filter_text, "accent"), Span("  ")))
        more = "+" if self.read.next is not None else ""
        return (*parts, Span(f"{len(self.table.items):,}{more} of {counted(total)}", "accent"))

    def tick(self) -> None:
        super().tick()
        self.show_detail()

    def show_detail(self) -> None:
        """Fill the line about the row under the cursor."""
        self.query_one("#detail", InfoLine).line = self.detail()

    def on_table_moved(self) -> None:
        self.show_detail()
        if self.snapshot is None:
            return
        self.show_counts()
        self._read_on()
        self._rest.begin()

    def on_screen(self) -> list[E]:
        """The rows that are seen."""
        position = self.table.position
        return self.table.items[position.top : position.top + position.page]

    def _watch(self) -> None:
        """Have what is on screen read again when something changes, however far back it is."""
        if not self.is_current:
            return
        watched = tuple(entry.id for entry in self.on_screen())
        head = {entry.id for entry in self.read.entries[:HEAD]}
        if head.issuperset(watched):
            watched = ()
        if watched != self._watched:
            self._watched = watched
            self.ask()

    def filter_typed(self, text: str) -> None:
        super().filter_typed(text)
        self.table.travel("top")

    # actions

    def chosen(self) -> list[E]:
        """The marked rows, else the one under the cursor."""
        if self._marks_all:
            self.dagtop.say(f"reading all {self.nouns[1]} to mark them: a moment", "warning")
            return []
        rows = self.table.chosen()
        if not rows:
            self.dagtop.say(f"no {self.nouns[0]} is under the cursor")
        return rows

    def action_sort(self) -> None:
        """Sort by the next column."""
        super().action_sort()
        self._read_on()

    def action_reverse(self) -> None:
        """Turn the order round."""
        super().action_reverse()
        self._read_on()

    def action_mark_all(self) -> None:
        """Mark all that pass the filter, or none; what isn't read yet is read first."""
        if self._is_read():
            super().action_mark_all()
            return
        self._marks_all = True
        self.dagtop.say(f"reading all {self.nouns[1]} to mark them ...")
        self._read_on()

    def _mark_all_read(self) -> None:
        self._marks_all = False
        self.table.mark_all()
        marked = f"{len(self.table.marks):,} {self.nouns[1]}"
        more = " that are the newest; older ones only a filter can reach" if self.read.next else ""
        self.dagtop.say(f"marked {marked}{more}")

    def step_back(self) -> bool:
        if self._marks_all:
            self._marks_all = False
            self.dagtop.say("nothing was marked")
            return True
        return super().step_back()
