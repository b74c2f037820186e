"""The filter of the table of tracked runs: the store's whole grammar, checked as it is typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.tui.reading_tracked import read_known
from app.tui.screens.tracked_list import TrackedList
from app.tui.spans import Span, Spans
from app.tui.timers import Rest
from app.tui.widgets.filter_line import FilterHint, FilterLine

if TYPE_CHECKING:
    from store.run_filter.completion import Known
    from store.run_filter.errors import FilterError

HISTORY = "filters of tracked runs"
"""What former filters are remembered by."""
MOST_FORMER = 50
PLACEHOLDER = "words of a name   metrics.loss < 1 AND params.lr = '0.1'   dag:x   is:nested"
KEYS: Spans = (
    Span("Tab", "key"),
    Span(" completes   ", "dim"),
    Span("Up", "key"),
    Span(" former filters   ", "dim"),
    Span("Enter", "key"),
    Span(" takes it   ", "dim"),
    Span("Esc", "key"),
    Span(" as it was", "dim"),
)


def checked(text: str) -> FilterError | None:
    """What is wrong with a filter; None: nothing."""
    from store.run_filter import FilterError, parse

    try:
        parse(text)
    except FilterError as error:
        return error
    return None


class FilteredRuns(TrackedList):
    """The table with its filter. What is typed is applied as soon as it is a filter."""

    def __init__(self) -> None:
        super().__init__()
        self._known: Known | None = None
        self._typing = ""
        self._typed_rest = Rest(self, self._apply)

    @property
    def _prompt(self) -> FilterLine:
        return self.query_one("#filter", FilterLine)

    @property
    def _hint(self) -> FilterHint:
        return self.query_one("#hint", FilterHint)

    async def action_filter(self) -> None:
        """Open the filter."""
        self._before_filter = self.view.filter
        prompt = self._prompt
        prompt.complete_at, prompt.history = self._complete_at, self._history()
        self._hint.display = True
        await prompt.open(self.view.filter, PLACEHOLDER)
        self._typing = self.view.filter
        self._show_hint()

        def then(known: Known) -> None:
            self._known = known
            if self.is_there and prompt.is_open:
                self._show_hint()

        if self._known is None:  # Tab that is typed ahead means what there is
            self.dagtop.read_first(read_known, then)
        else:
            self.dagtop.refresher.once(read_known, then)

    def _history(self) -> list[str]:
        found: Any = self.dagtop.memory.get(HISTORY)
        texts = found if isinstance(found, list) else []
        return [one for one in texts if isinstance(one, str)]

    def _complete_at(self, text: str, position: int) -> tuple[int, Sequence[str]]:
        from store.run_filter.completion import Known, begun, complete

        known = self._known or Known()
        return begun(text, position), complete(text, position, known)

    # what is typed

    def on_filter_line_typed(self, message: FilterLine.Typed) -> None:
        self._typing = message.text
        self._show_hint()
        self._typed_rest.begin()

    def on_filter_line_completed(self) -> None:
        self._show_hint()

    def _apply(self) -> None:
        """Show what passes what is typed, once that is a filter."""
        text = self._typing.strip()
        if (
            self.is_there
            and self._prompt.is_open
            and text != self.view.filter
            and checked(text) is None
        ):
            self._filter_by(text)

    def _filter_by(self, text: str) -> None:
        if text != self.view.filter:
            self.change(replace(self.view, filter=text))

    def _show_hint(self) -> None:
        """What may be typed next, or what is wrong."""
        prompt, hint = self._prompt, self._hint
        if not prompt.is_open:
            return
        field, text = prompt.field, self._typing
        error = checked(text)
        _, choices = self._complete_at(text, field.cursor_position)
        at_end = error is not None and error.start >= len(text.rstrip())
        if error is None or (at_end and choices):
            hint.show_choices(choices, KEYS)
        else:
            shift = int(field.scroll_offset.x)
            hint.show_error(text, error.start, error.end, error.sentence, shift)

    def on_filter_line_entered(self, message: FilterLine.Entered) -> None:
        text = message.text.strip()
        error = checked(text)
        if error is not None:  # it stays open: what is wrong is seen, and where
            shift = int(self._prompt.field.scroll_offset.x)
            start = min(error.start, len(message.text))
            self._hint.show_error(message.text, start, error.end, error.sentence, shift)
            return
        self._close()
        self._filter_by(text)
        self.choose_columns()
        if text:
            former = [text, *(one for one in self._history() if one != text)]
            self.dagtop.memory.put(HISTORY, former[:MOST_FORMER])

    def on_filter_line_escaped(self) -> None:
        self._typing = self._before_filter
        self._close()
        self._filter_by(self._before_filter)

    def _close(self) -> None:
        self._typing = self._typing.strip()
        self._hint.display = False
        if self._prompt.is_open:
            self._prompt.close()

    def step_back(self) -> bool:
        if self.table.end_range() or self.table.clear_marks():
            self.show_counts()
            return True
        if self.view.filter:
            self._filter_by("")
            self.choose_columns()
            return True
        return False
