"""A one-line prompt above the footer: the filter, a search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.strip import Strip

from app.tui.spans import Span
from app.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from textual.widgets import Input


class Sign(LineView):
    """The character before the input."""

    def __init__(self, sign: str) -> None:
        super().__init__()
        self._sign = sign

    def build(self, y: int) -> Strip:
        return self.strip((Span(f" {self._sign}", "key"),))


class PromptLine(Horizontal):
    """Opens with a sign ("/"), says what is typed, and is closed by Enter or Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "cancel", "Cancel"),
        ("tab", "complete", "Complete"),
    ]

    class Typed(Message):
        """The text changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Entered(Message):
        """Enter was pressed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Escaped(Message):
        """Escape was pressed: what was typed is void."""

    def __init__(self, sign: str, *, widget_id: str | None = None, stays: bool = False) -> None:
        """``stays``: Enter leaves it open, with its text, since that may be wrong; its screen
        closes it where the text is right."""
        super().__init__(id=widget_id)
        self._sign = sign
        self._stays = stays
        self.completed: Callable[[str], Sequence[str]] | None = None
        """What a text may become; None: Tab completes nothing."""
        self._choices: list[str] = []

    def compose(self) -> ComposeResult:
        yield Sign(self._sign)

    @property
    def is_open(self) -> bool:
        return self.has_class("-open")

    async def open(self, text: str = "", placeholder: str = "") -> None:
        """Show the prompt with a text to go on with. The input is made at the first use."""
        from textual.widgets import Input

        inputs = self.query(Input)
        if not inputs:
            field = Input(text, placeholder=placeholder, compact=True)
            field.cursor_blink = False
            await self.mount(field)
        else:
            field = inputs.first()
            field.value = text
            field.cursor_position = len(text)
        self.add_class("-open")
        self.screen.set_focus(field)  # now: the next keys may be waiting already

    def close(self) -> None:
        """Hide the prompt and give the focus back to the list."""
        self.remove_class("-open")
        self.screen.set_focus(self.screen.query_one("#main"))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open:
            self.post_message(self.Typed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not self.is_open:
            return  # a second Enter
        if not self._stays:
            self.close()
        self.post_message(self.Entered(event.value))

    def action_complete(self) -> None:
        """Complete what is typed; again: the next that it may become."""
        from textual.widgets import Input

        if self.completed is None:
            return
        field = self.query_one(Input)
        if field.value not in self._choices:
            self._choices = [field.value, *self.completed(field.value)]
        if len(self._choices) == 2:  # taken: what follows is completed anew
            field.value, self._choices = self._choices[1], []
        elif self._choices[1:]:
            place = self._choices.index(field.value) + 1
            field.value = self._choices[place % len(self._choices)]
        field.cursor_position = len(field.value)

    def action_cancel(self) -> None:
        """Close without a result."""
        self.close()
        self.post_message(self.Escaped())


class PathLine(PromptLine):
    """A prompt for the path of a file, beside that of the filter: its messages are its own."""

    class Typed(PromptLine.Typed):
        """The path changed."""

    class Entered(PromptLine.Entered):
        """Enter was pressed."""

    class Escaped(PromptLine.Escaped):
        """Escape was pressed: no file is meant."""


class MetricLine(PromptLine):
    """Asks for the metric that x is, beside the prompt of the filter: its messages are its own."""

    class Typed(PromptLine.Typed):
        """The name changed."""

    class Entered(PromptLine.Entered):
        """Enter was pressed."""

    class Escaped(PromptLine.Escaped):
        """Escape was pressed: x stays what it is."""
