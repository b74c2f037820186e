"""What all screens with a table share: filter, order, marks, counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from app.tui.filters import Facts, completed, keys_of, matches, parse, unknown_key
from app.tui.formats import plural
from app.tui.screens.base import DagtopScreen, counted
from app.tui.spans import Span, Spans, span
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table

if TYPE_CHECKING:
    from app.tui.exporting import Export

Row = TypeVar("Row")

AT_ONCE, SLICE = 2_000, 500
"""Rows that the filter looks at at once; of more so many before other keys are taken."""

COMPLETED_FROM = 2000
"""Rows whose values complete what is typed."""


class ListScreen(DagtopScreen, Generic[Row]):
    """A table (``#main``) and a filter (``#filter``); subclasses give ``facts``, ``show_rows``."""

    filter_hint: ClassVar[str] = "words  !not"
    """What the empty filter line shows."""
    more_keys: ClassVar[tuple[str, ...]] = ()
    """Keys of the filter that are no facts of a row."""
    first_order: ClassVar[str] = ""
    """The column that ``reverse`` sorts by when none was chosen."""

    def __init__(self, *arguments: Any) -> None:
        """``arguments`` are for the other base of a screen: a view of a DAG takes a focus."""
        super().__init__(*arguments)
        self.filter_text = ""
        self._before_filter = ""
        self._first: dict[str, Any] = {}
        self._filter_keys: tuple[str, ...] = ()
        self._seen: Sequence[Row] = ()
        """The rows that the filter chose from."""
        self._sieve: Sieve[Row] = Sieve("", self.facts)
        self._sifting: object = None
        """What looks at many rows now, in slices."""

    @property
    def table(self) -> Table[Row]:
        return self.query_one("#main", Table)

    def facts(self, row: Row) -> Facts:
        """What the filter sees of a row."""
        raise NotImplementedError

    def show_rows(self) -> None:
        """Show what passes the filter."""
        raise NotImplementedError

    @property
    def has_row(self) -> bool:
        return self.table.current is not None

    # what is remembered

    @property
    def list_name(self) -> str:
        """What filter and order are remembered by, until the next time."""
        location = self.location()
        thing = location.dag_id if location is not None else None
        return f"list {type(self).__name__} {thing or ''}".rstrip()

    def kept(self) -> dict[str, Any]:
        """What is remembered of this list; subclasses with tabs add theirs."""
        table = self.table
        return {
            "filter": self.filter_text,
            "sort": table.sort_column,
            "descending": table.sort_descending,
            "hidden": sorted(table.hidden),
        }

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Take what ``kept`` gave. It comes from a file: anything may be in it."""
        text, column = kept.get("filter"), kept.get("sort")
        self.filter_text = text if isinstance(text, str) else ""
        hidden = kept.get("hidden")
        if isinstance(hidden, list):
            self.table.hide([key for key in hidden if isinstance(key, str)])
        if any(one.key == column and one.sort for one in self.table.columns):
            self.table.sort_by(column, kept.get("descending") is True)

    def mounted(self) -> None:
        super().mounted()
        self._first = self.kept()
        found = self.dagtop.memory.get(self.list_name)
        if isinstance(found, dict):
            self.restore(found)

    def keep(self) -> None:
        """Remember filter and order as they are."""
        kept = self.kept()
        self.dagtop.memory.put(self.list_name, None if kept == self._first else kept)

    def passing(self, rows: list[Row] | tuple[Row, ...]) -> list[Row]:
        """The rows that the filter lets through; an empty table says of a key that isn't there."""
        if rows:
            self._filter_keys = (*keys_of(self.facts(rows[0])), *self.more_keys)
            self._seen = rows
        if len(rows) <= AT_ONCE:
            self._sieve = Sieve(self.filter_text, self.facts)
        found = self._sieve_now().passing(rows)
        if not found and (words := self.key_words()):
            self.table.empty = words
        return found

    def forget_facts(self, changes: Callable[[Row], bool]) -> None:
        """The filter looks anew at the rows of which it sees something else now."""
        self._sieve.forget(changes)

    def _sieve_now(self) -> Sieve[Row]:
        if self._sieve.text != self.filter_text:
            self._sieve = Sieve(self.filter_text, self.facts)
        return self._sieve

    def sift(self, rows: Sequence[Row]) -> None:
        """Show the rows that pass; of many once the filter has looked at them, in slices between
        which keys are taken."""
        self._sifting = None
        sieve, work = self._sieve_now(), iter(rows)
        if sieve.look(islice(work, AT_ONCE)) < AT_ONCE:
            self.show_rows()
        else:
            self._sifting = work
            self.run_worker(partial(self._sift_on, sieve, work), group="filter", exclusive=True)

    async def _sift_on(self, sieve: Sieve[Row], work: Iterator[Row]) -> None:
        while self._sifting is work and self.is_there:
            await asyncio.sleep(0)  # other events have their turn
            if self._sifting is work and not sieve.look(islice(work, SLICE)):
                self._sifting = None
                self.show_rows()

    def key_words(self) -> str:
        """That a key of the filter doesn't exist, and those that do; empty if all do."""
        key = unknown_key(parse(self.filter_text), self._filter_keys)
        if not key or not self._filter_keys:
            return ""
        return f"no key {key}: {', '.join(self._filter_keys)}"

    def count_words(self, total: int, one: str, many: str) -> Spans:
        """What is marked, what the filter is, how many of how many are shown."""
        parts: list[Span] = []
        if marks := len(self.table.marks):
            parts.append(Span(f"{marks} marked  ", "mark"))
        if self.filter_text:
            parts.extend((Span("/", "key"), span(self.filter_text, "accent"), Span("  ")))
        return (*parts, *counted(len(self.table.items), total, one if total == 1 else many))

    def step_back(self) -> bool:
        if self.table.end_range() or self.table.clear_marks():
            return True
        if self.filter_text:
            self.filter_text = ""
            self.keep()
            self.show_rows()
            return True
        return False

    def on_table_chosen(self) -> None:
        self.action_open()

    def on_table_head_clicked(self, message: Table.HeadClicked) -> None:
        self.sort_by_head(message.key)

    def sort_by_head(self, key: str) -> None:
        """Sort by the column whose title was clicked."""
        self.table.sort_toggled(key)
        self.keep()

    def action_columns(self) -> None:
        """Choose the columns."""
        from app.tui.screens.columns import ColumnsScreen

        table = self.table
        choices = [(one.key, one.title.strip() or one.key) for one in table.all_columns[1:]]

        def then(hidden: frozenset[str] | None) -> None:
            if hidden is not None:
                table.hide(hidden)
                self.keep()

        self.app.push_screen(ColumnsScreen(choices, table.hidden), then)

    def exports(self) -> list[Export]:
        """The rows that are shown, or the marked ones."""
        from app.tui.exporting import Export, table_csv, table_json

        table = self.table
        items = table.chosen() if table.marks else list(table.items)
        rows = plural(len(items), "row")
        return [
            Export(f"{rows} as CSV", "csv", lambda: table_csv(items)),
            Export(f"{rows} as JSON", "json", lambda: table_json(items)),
        ]

    # the filter

    async def action_filter(self) -> None:
        """Open the filter."""
        self._before_filter = self.filter_text
        prompt = self.query_one("#filter", PromptLine)
        prompt.completed = self._completed
        await prompt.open(self.filter_text, self.filter_hint)

    def _completed(self, text: str) -> list[str]:
        seen = [self.facts(row) for row in self._seen[:COMPLETED_FROM]]
        return completed(text, self._filter_keys, seen)

    def on_prompt_line_typed(self, message: PromptLine.Typed) -> None:
        self.filter_typed(message.text)

    def filter_typed(self, text: str) -> None:
        """Show what passes this filter."""
        self.filter_text = text.strip()
        self.keep()
        self.sift(self._seen)

    def on_prompt_line_entered(self) -> None:
        if self._sifting is not None:  # what is pressed next is meant for the rows that pass
            self._sifting = None
            self.show_rows()
        terms = parse(self.filter_text)
        told = any(term.negated or term.operator not in ":=" for term in terms)
        if (words := self.key_words()) and (told or not self.table.items):
            self.dagtop.say(words, "warning")

    def on_prompt_line_escaped(self) -> None:
        self.filter_text = self._before_filter
        self.keep()
        self.sift(self._seen)

    # actions

    def action_open(self) -> None:
        """Open the row."""

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.dagtop.say(f"sorted by {self.table.sort_next()}")
        self.keep()

    def action_reverse(self) -> None:
        """Turn the order round."""
        table = self.table
        table.sort_by(table.sort_column or self.first_order, not table.sort_descending)
        self.keep()

    def action_mark(self) -> None:
        """Mark the row."""
        self.table.toggle_mark()

    def action_mark_range(self) -> None:
        """Begin to mark a range of rows, or end it."""
        began = self.table.toggle_range()
        self.dagtop.say("moving marks the rows; v or Esc ends it" if began else "range ended")

    def action_mark_all(self) -> None:
        """Mark all shown rows, or none."""
        self.table.toggle_all()


class Sieve(Generic[Row]):
    """Which rows a filter lets through. It looks at each row once."""

    def __init__(self, text: str, facts: Callable[[Row], Facts]) -> None:
        self.text = text
        self._terms = parse(text)
        self._facts = facts
        self._known: dict[int, tuple[Row, bool]] = {}
        """By identity; the row is held, so that no other can have it."""

    def passes(self, row: Row) -> bool:
        """Whether the filter lets the row through."""
        if not self._terms:
            return True
        known = self._known.get(id(row))
        if known is None:
            known = self._known[id(row)] = (row, matches(self._terms, self._facts(row)))
        return known[1]

    def look(self, rows: Iterable[Row]) -> int:
        """Look at rows in advance; returns how many they were, where there is a filter."""
        if not self._terms:
            return 0
        number = 0
        for number, row in enumerate(rows, 1):  # noqa: B007
            self.passes(row)
        return number

    def passing(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that it lets through."""
        if not self._terms:
            return list(rows)
        found = [row for row in rows if self.passes(row)]
        if len(self._known) > 2 * len(rows):  # most of them were of former snapshots
            self._known = {id(row): self._known[id(row)] for row in rows}
        return found

    def forget(self, changes: Callable[[Row], bool]) -> None:
        """Look anew at the rows that may have changed since."""
        self._known = {key: one for key, one in self._known.items() if not changes(one[0])}


class PagedList(ListScreen[Row]):
    """The newest of many; older ones are read at the end."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.snapshot: Any = None
        """What was read; its ``more``: there are older ones."""
        self.pages = 1
        self._reads_on = False

    def show_snapshot(self, snapshot: Any) -> None:
        self.snapshot = snapshot
        self._reads_on = False
        self.show_rows()

    def paged_words(self, total: int, one: str, many: str) -> Spans:
        """How many are shown, and whether older ones follow."""
        words = self.count_words(total, one, many)
        more = self.snapshot is not None and self.snapshot.more
        return (*words, Span(", older ones follow", "dim")) if more else words

    def action_travel(self, way: str) -> None:
        """Move; at the end of what was read older ones are asked for, one page at a time."""
        super().action_travel(way)
        position = self.table.position
        at_end = position.cursor >= position.count - 1 and way in ("down", "page_down", "bottom")
        has_more = self.snapshot is not None and self.snapshot.more
        if at_end and has_more and self.table.has_focus and not self._reads_on:
            self._reads_on = True
            self.pages += 1
            self.ask()
