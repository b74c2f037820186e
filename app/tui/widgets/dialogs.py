"""Questions: what an action will touch, its options, and No unless it is said otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip

from app.tui.bindings import bindings
from app.tui.spans import Span, Spans, fit, joined, span
from app.tui.widgets.line_view import LineView
from app.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from app.tui.application import DagtopApp


COLUMN = 33
"""Cells of a column of options."""


@dataclass(frozen=True, slots=True)
class Toggle:
    """An option of a dialog that a letter turns on and off."""

    key: str
    name: str
    label: str
    on: bool = False


@dataclass(slots=True)
class Choices:
    """What was chosen: the options that are on, and one of the alternatives."""

    on: dict[str, bool] = field(default_factory=dict)
    alternative: str = ""


class Preview(Message):
    """What an action would touch was worked out for these choices."""

    def __init__(self, ticket: int, lines: Sequence[Spans]) -> None:
        super().__init__()
        self.ticket = ticket
        self.lines = lines


Ask = Callable[[Choices, Callable[[Sequence[Spans]], None]], None]
"""Works out, off the event loop, what the choices would touch, and hands over its lines."""


class ConfirmDialog(ModalScreen[Choices | None]):
    """Asks before something is done; Enter, Escape and n mean No."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("confirm")

    def __init__(
        self,
        title: str,
        lines: Sequence[Spans],
        question: str,
        *,
        toggles: Sequence[Toggle] = (),
        alternatives: Sequence[tuple[str, str]] = (),
        preview: Ask | None = None,
    ) -> None:
        super().__init__()
        self._title = title
        self._lines = lines
        self._question = question
        self._toggles = toggles
        self._alternatives = alternatives
        self._preview = preview
        self._ticket = 0
        self.choices = Choices(
            {toggle.name: toggle.on for toggle in toggles},
            alternatives[0][1] if alternatives else "",
        )

    @property
    def dagtop(self) -> DagtopApp:
        return cast("DagtopApp", self.app)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = span(self._title).text
            yield TextView(self._lines, widget_id="touched")
            if self._toggles or self._alternatives:
                yield TextView(widget_id="options", wrap=False)
            yield Answer(self._question)

    def on_mount(self) -> None:
        self.query_one("#touched", TextView).can_focus = False
        self._show_options()
        self._set_height()
        self._ask()

    def _set_height(self) -> None:
        touched = self.query_one("#touched", TextView)
        lines = self._option_lines()
        room = max(3, self.app.size.height - len(lines) - 5)
        touched.styles.height = min(room, max(1, touched.row_count or len(self._lines)))
        for options in self.query("#options").results(TextView):
            options.can_focus = False
            options.styles.height = len(lines)

    def _show_options(self) -> None:
        for options in self.query("#options").results(TextView):
            options.show(self._option_lines())

    def _option_lines(self) -> list[Spans]:
        """The alternatives on a line, the options in two columns."""
        lines: list[Spans] = [()]
        if self._alternatives:
            chosen = self.choices.alternative
            line = [_option(key, chosen == value, value, "()") for key, value in self._alternatives]
            lines.append(joined(line, Span("   ")))
        options = [_option(t.key, self.choices.on[t.name], t.label) for t in self._toggles]
        half = (len(options) + 1) // 2
        for left, right in zip_longest(options[:half], options[half:], fillvalue=()):
            lines.append((*fit(left, COLUMN), *right))
        return lines

    def _ask(self) -> None:
        if self._preview is None:
            return
        self._ticket += 1
        ticket = self._ticket

        def hand_over(lines: Sequence[Spans]) -> None:
            self.post_message(Preview(ticket, lines))

        self._preview(self.choices, hand_over)

    def on_preview(self, message: Preview) -> None:
        if message.ticket == self._ticket:
            self._lines = message.lines
            touched = self.query_one("#touched", TextView)
            touched.show(message.lines)
            self._set_height()

    def on_key(self, event: events.Key) -> None:
        for letter, value in self._alternatives:
            if event.character == letter:
                self.choices.alternative = value
                break
        else:
            toggle = next((t for t in self._toggles if t.key == event.character), None)
            if toggle is None:
                if event.key in ("down", "up", "j", "k", "pagedown", "pageup"):
                    ways = {"j": "down", "k": "up", "pagedown": "page_down", "pageup": "page_up"}
                    touched = self.query_one("#touched", TextView)
                    touched.travel(ways.get(event.key, event.key))
                return
            self.choices.on[toggle.name] = not self.choices.on[toggle.name]
        event.stop()
        self._show_options()
        self._ask()

    def action_yes(self) -> None:
        """Do it."""
        self.dismiss(self.choices)

    def action_no(self) -> None:
        """Leave everything as it is."""
        self.dismiss(None)


def _option(key: str, on: bool, label: str, box: str = "[]") -> Spans:
    return (
        Span(f"{key} ", "key"),
        Span(f"{box[0]}{'x' if on else ' '}{box[1]} ", "accent" if on else "dim"),
        Span(label, "text" if on else "dim"),
    )


class Answer(LineView):
    """The two answers; No is the default."""

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def build(self, y: int) -> Strip:
        if y == 0:
            return self.strip(())
        return self.strip(
            (
                Span(" No ", "badge"),
                Span("  n Enter Esc     ", "dim"),
                Span("y ", "key"),
                span(self._question, "text"),
            )
        )
