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
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Input

from app.tui.bindings import bindings
from app.tui.spans import Span, Spans, fit, joined, span, width_of
from app.tui.widgets.line_view import LineView
from app.tui.widgets.text_view import TextView
from store.values import LONGEST_NOTE

if TYPE_CHECKING:
    from app.tui.application import DagtopApp


TYPED_FROM = 20
"""Of more things than these their number must be typed before yes means yes."""

FRAME_LINES = 4
"""The dialog's border, and its answers."""
WIDTH, FRAME_CELLS = 72, 4
"""The dialog's cells, as ``dagtop.tcss`` says, and those of its border and padding."""

COLUMN = 33
"""Cells of a column of options, where two of them fit."""


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
    note: str = ""


class Preview(Message):
    """What an action would touch was worked out for these choices."""

    def __init__(self, ticket: int, lines: Sequence[Spans], number: int | None) -> None:
        super().__init__()
        self.ticket = ticket
        self.lines = lines
        self.number = number


NOTE_KEY = "N"
"""Opens the line for a note."""

Ask = Callable[[Choices, Callable[..., None]], None]
"""Works out, off the event loop, what the choices would touch, and hands over its lines; perhaps
also the number of things, as ``number``."""


class ConfirmDialog(ModalScreen[Choices | None]):
    """Asks before something is done; Enter, Escape and n mean No."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("confirm")
    AUTO_FOCUS = ""

    def __init__(
        self,
        title: str,
        lines: Sequence[Spans],
        question: str,
        *,
        toggles: Sequence[Toggle] = (),
        alternatives: Sequence[tuple[str, str]] = (),
        preview: Ask | None = None,
        number: int = 0,
        note_on: Callable[[Choices], str] | None = None,
    ) -> None:
        """``note_on``: a note may be given; it says on what it is written."""
        super().__init__()
        self._note_on = note_on
        self._number = number
        self._typed = ""
        self._title = title
        self._lines = lines
        self._question = question
        self._toggles = toggles
        self._alternatives = alternatives
        self._preview = preview
        self._ticket = 0
        self._shown = 0 if preview is None else -1
        """Ticket of the preview that is seen."""
        self._release_keys: Callable[[], None] | None = None
        self.choices = Choices(
            {toggle.name: toggle.on for toggle in toggles},
            alternatives[0][1] if alternatives else "",
        )

    @property
    def dagtop(self) -> DagtopApp:
        return cast("DagtopApp", self.app)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(span(self._title).text)
            yield TextView(self._lines, widget_id="touched")
            if self._has_options:
                yield TextView(widget_id="options", wrap=False)
            if self._note_on is not None:
                yield NoteLine()
            yield Answer(self._question, self._wanted)

    def on_mount(self) -> None:
        self.query_one("#touched", TextView).can_focus = False
        self._show_options()
        self._set_height()
        self._ask()

    @property
    def _has_options(self) -> bool:
        return bool(self._toggles or self._alternatives or self._note_on)

    @property
    def _is_noting(self) -> bool:
        """Whether a note is being typed."""
        return isinstance(self.focused, NoteLine)

    @property
    def is_worked_out(self) -> bool:
        """Whether what the choices touch is seen: before that there is no yes."""
        return self._shown == self._ticket

    @property
    def _wanted(self) -> str:
        """What must be typed before yes means yes; empty: nothing."""
        return str(self._number) if self._number > TYPED_FROM else ""

    def _set_height(self) -> None:
        touched = self.query_one("#touched", TextView)
        lines = self._option_lines()
        taken = (len(lines) if self._has_options else 0) + self._is_noting
        room = max(3, self.app.size.height * 9 // 10 - taken - FRAME_LINES)
        touched.styles.height = min(room, max(1, touched.rows_in(self._width())))
        for options in self.query("#options").results(TextView):
            options.can_focus = False
            options.styles.height = len(lines)

    def _width(self) -> int:
        """Cells of the words, also before the dialog has been laid out."""
        return min(WIDTH, self.app.size.width * 96 // 100) - FRAME_CELLS

    def on_resize(self) -> None:
        self._show_options()
        self._set_height()

    def _show_options(self) -> None:
        for options in self.query("#options").results(TextView):
            options.show(self._option_lines())

    def _option_lines(self) -> list[Spans]:
        """The alternatives on a line, the options in two columns where those fit."""
        lines: list[Spans] = [()]
        if self._alternatives:
            chosen = self.choices.alternative
            line = [_option(key, chosen == value, value, "()") for key, value in self._alternatives]
            lines.append(joined(line, Span("   ")))
        options = [_option(t.key, self.choices.on[t.name], t.label) for t in self._toggles]
        half = (len(options) + 1) // 2
        pairs = list(zip_longest(options[:half], options[half:], fillvalue=()))
        if all(COLUMN + width_of(right) < self._width() for _, right in pairs):
            lines.extend((*fit(left, COLUMN), *right) for left, right in pairs)
        else:
            lines.extend(options)
        if self._note_on is not None:
            words = f"note on {self._note_on(self.choices)}"
            line = (Span(f"{NOTE_KEY} ", "key"), span(words, "dim"))
            if self.choices.note and not self._is_noting:
                line = (*line, Span(": ", "dim"), span(self.choices.note))
            lines.append(line)
        return lines

    # the note

    def _open_note(self) -> None:
        line = self.query_one(NoteLine)
        line.value = self.choices.note
        line.display = True
        line.focus()
        self.query_one(Answer).note(is_typed=True)
        self.call_after_refresh(self._note_changed)

    def _close_note(self) -> None:
        line = self.query_one(NoteLine)
        line.display = False
        self.set_focus(None)
        self.query_one(Answer).note(is_typed=False)
        self._note_changed()

    def _note_changed(self) -> None:
        if self.is_attached:
            self._show_options()
            self._set_height()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The note is kept; the question is still to be answered."""
        event.stop()
        self.choices.note = span(event.value).text.strip()
        self._close_note()

    def _ask(self) -> None:
        if self._preview is None:
            return
        self._ticket += 1
        ticket = self._ticket
        hold = self.dagtop.key_order.hold()  # a yes behind an option means what that touches
        self._let_keys_go()
        self._release_keys = hold

        def hand_over(lines: Sequence[Spans], *, number: int | None = None) -> None:
            self.post_message(Preview(ticket, lines, number))

        self._preview(self.choices, hand_over)

    def _let_keys_go(self) -> None:
        if self._release_keys is not None:
            self._release_keys()
            self._release_keys = None

    def on_unmount(self) -> None:
        self._let_keys_go()

    def on_preview(self, message: Preview) -> None:
        if message.ticket == self._ticket:
            self._let_keys_go()
            self._shown = message.ticket
            if message.number is not None and message.number != self._number:
                self._number = message.number
                self._typed = ""
            self._type(self._typed)
            self.renew(message.lines)

    def renew(self, lines: Sequence[Spans]) -> None:
        """Say what is so by now; what was typed already stays."""
        self._lines = lines
        if self.is_mounted:
            self.query_one("#touched", TextView).show(lines)
            self._set_height()

    def _type(self, text: str) -> None:
        self._typed = text
        self.query_one(Answer).ask(self._wanted, text)

    def _is_typing(self, event: events.Key) -> bool:
        if self._wanted and (event.character or "").isdecimal():
            self._type((self._typed + str(event.character))[: len(self._wanted)])
        elif self._typed and event.key == "backspace":
            self._type(self._typed[:-1])
        else:
            return False
        event.stop()
        return True

    def on_key(self, event: events.Key) -> None:
        if self._is_noting:
            return
        if self._note_on is not None and event.character == NOTE_KEY:
            event.stop()
            self._open_note()
            return
        if self._is_typing(event):
            return
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
        """Do it, once it is seen what is touched; of many only once their number is typed."""
        if not self.is_worked_out:
            self.query_one(Answer).wait()
        elif self._wanted == self._typed or not self._wanted:
            self.dismiss(self.choices)
        else:
            self.query_one(Answer).ask(self._wanted, self._typed, urgent=True)

    def action_no(self) -> None:
        """Leave everything as it is; while a note is typed only that."""
        if self._is_noting:
            self._close_note()
        else:
            self.dismiss(None)


class NoteLine(Input):
    """Where the note is typed."""

    def __init__(self) -> None:
        super().__init__(compact=True, select_on_focus=False, max_length=LONGEST_NOTE)
        self.cursor_blink = False
        self.display = False


def _option(key: str, on: bool, label: str, box: str = "[]") -> Spans:
    return (
        Span(f"{key} ", "key"),
        Span(f"{box[0]}{'x' if on else ' '}{box[1]} ", "accent" if on else "dim"),
        Span(label, "text" if on else "dim"),
    )


class Answer(LineView):
    """The two answers; No is the default."""

    def __init__(self, question: str, wanted: str = "") -> None:
        super().__init__()
        self._question = question
        self._wanted = wanted
        self._typed = ""
        self._urgent = False
        self._waits = self._again = False
        self._notes = False

    def note(self, *, is_typed: bool) -> None:
        """A note is being typed, or no longer: other keys are valid."""
        self._notes = is_typed
        self.repaint()

    def wait(self) -> None:
        """A yes came before it was worked out to what."""
        self._waits = True
        self.repaint()

    def ask(self, wanted: str, typed: str, *, urgent: bool = False) -> None:
        """What must be typed before yes means yes, and what is."""
        self._wanted, self._typed, self._urgent = wanted, typed, urgent
        self._waits, self._again = False, self._waits
        self.repaint()

    def build(self, y: int) -> Strip:
        if y == 0:
            return self.strip(())
        if self._notes:
            keep = (Span("Enter", "key"), Span(" keep the note   "))
            return self.strip((*keep, Span("Esc", "key"), Span(" as it was")))
        no = (Span(" No ", "badge"), Span("  n Enter Esc     ", "dim"))
        if self._waits:
            return self.strip((*no, Span("still counting: press y again then", "warning")))
        typing: list[Span] = []
        if self._wanted:
            role = "warning" if self._urgent else "text"
            left = "_" * (len(self._wanted) - len(self._typed))
            typing = [
                Span(f"type {self._wanted}: ", role),
                Span(f"{self._typed}{left}", "strong"),
                Span("  then ", role),
            ]
        return self.strip(
            (
                *no,
                *typing,
                Span("y ", "key"),
                span(self._question, "text"),
                Span("  press it again" if self._again else "", "warning"),
            )
        )
