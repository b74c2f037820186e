"""The prompt of the run filter: completes at the cursor, has a history, shows where it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from app.tui.spans import Span, Spans, fit, joined, span, wrapped
from app.tui.widgets.line_view import LineView
from app.tui.widgets.prompt import PromptLine

if TYPE_CHECKING:
    from textual.widgets import Input

LINES = 3
"""Lines that the hint takes at most."""
SIGN = 3
"""Cells before what is typed."""

Complete = Callable[[str, int], tuple[int, Sequence[str]]]
"""From a text and a place in it: where what is being typed begins, and what it may become."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A text that is being completed: which of the choices stands between its two ends."""

    head: str
    tail: str
    choices: tuple[str, ...]
    at: int

    @property
    def text(self) -> str:
        return f"{self.head}{self.choices[self.at]}{self.tail}"


class FilterLine(PromptLine):
    """A prompt whose text may be wrong: Enter leaves it open then. Up and Down: former filters."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("shift+tab", "complete(-1)", "Completion before"),
        ("tab", "complete(1)", "Complete"),
        ("up", "former(1)", "Former filter"),
        ("down", "former(-1)", "Later filter"),
    ]

    class Typed(PromptLine.Typed):
        """The text changed."""

    class Entered(PromptLine.Entered):
        """Enter was pressed."""

    class Escaped(PromptLine.Escaped):
        """Escape was pressed: what was typed is void."""

    class Completed(Message):
        """A completion was taken, which may be followed by others."""

    def __init__(self, *, widget_id: str) -> None:
        super().__init__("/", widget_id=widget_id, stays=True)
        self.complete_at: Complete | None = None
        self.history: Sequence[str] = ()
        """Former filters, the newest first."""
        self._at_history = -1
        self._typed = ""
        self._turn: Turn | None = None

    @property
    def field(self) -> Input:
        """Where it is typed."""
        from textual.widgets import Input

        return self.query_one(Input)

    async def open(self, text: str = "", placeholder: str = "") -> None:
        self._at_history, self._typed, self._turn = -1, text, None
        await super().open(text, placeholder)

    def action_complete(self, step: int = 1) -> None:
        """Complete what is typed at the cursor; again: the next that it may become."""
        field = self.field
        if self._turn is not None and self._turn.text == field.value:
            turn = replace(self._turn, at=(self._turn.at + step) % len(self._turn.choices))
        else:
            if self.complete_at is None:
                return
            begun, choices = self.complete_at(field.value, field.cursor_position)
            if not choices:
                return
            head, tail = field.value[:begun], field.value[field.cursor_position :]
            turn = Turn(head, tail, tuple(choices), 0 if step > 0 else len(choices) - 1)
        field.value = turn.text
        field.cursor_position = len(turn.text) - len(turn.tail)
        self._turn = turn if len(turn.choices) > 1 else None  # what follows is completed anew
        self.post_message(self.Completed())

    def action_former(self, step: int) -> None:
        """A filter that was used before, or what was typed."""
        field = self.field
        if self._at_history < 0:
            self._typed = field.value
        at = max(-1, min(self._at_history + step, len(self.history) - 1))
        if at == self._at_history:
            return
        self._at_history = at
        field.value = self._typed if at < 0 else self.history[at]
        field.cursor_position = len(field.value)


class FilterHint(LineView):
    """Lines below the prompt: what may be typed next, or what is wrong and where."""

    def __init__(self, *, widget_id: str) -> None:
        super().__init__(widget_id=widget_id)
        self._lines: tuple[Spans, ...] = ()

    def show_choices(self, choices: Sequence[str], keys: Spans) -> None:
        """What may be typed next."""
        gap = Span("  ")
        line = joined([(span(one, "text"),) for one in choices], gap)
        self._show(((Span(" " * SIGN), *line), (Span(" " * SIGN), *keys)))

    def show_error(self, text: str, start: int, end: int, sentence: str, shift: int) -> None:
        """What is wrong; ``shift``: cells of the text that are out of sight at the left."""
        before = cell_len(span(text[:start]).text) - shift
        marked = max(1, cell_len(span(text[start:end]).text))
        place = SIGN + before
        if place < 0:
            marked, place = marked + place, 0
        caret = Span("^" * max(1, min(marked, self.size.width - place)), "error")
        line = (Span(" " * min(place, max(0, self.size.width - 1))), caret)
        words = wrapped((Span(" " * SIGN), span(sentence, "error")), max(20, self.size.width), SIGN)
        self._show((line, *words[: LINES - 1]))

    def _show(self, lines: tuple[Spans, ...]) -> None:
        self._lines = lines
        if self.styles.height is None or self.styles.height.value != len(lines):
            self.styles.height = len(lines)
        self.repaint()

    def build(self, y: int) -> Strip:
        line = self._lines[y] if y < len(self._lines) else ()
        return self.strip(fit(line, self.size.width, ellipsis=self.dagtop.glyphs.ellipsis))
