"""Forms for what is kept in the store: pre-filled, checked in place, saved off the event loop.

Only fields that were touched are saved. A secret is never shown: its field stands for what there
is until something else is typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, TextArea

from app.text import sanitize_lines
from app.tui.bindings import bindings
from app.tui.formats import plural
from app.tui.models.fields import (
    CHOICE,
    FIXED,
    JSON,
    LINES,
    SECRET,
    Check,
    FormField,
    Save,
)
from app.tui.params import CHOICE as CHOICE_OF_FORM
from app.tui.params import Field
from app.tui.screens.forms import ChoiceField, FormLine
from app.tui.spans import Span, Spans, fit, span
from app.tui.widgets.field_scroll import FieldScroll
from app.tui.widgets.line_view import LineView
from store.secrets import MASK

if TYPE_CHECKING:
    from app.tui.application import DagtopApp

KEYS: Spans = (
    Span("^R", "key"),
    Span(" save   "),
    Span("Esc", "key"),
    Span(" cancel   "),
    Span("Tab", "key"),
    Span(" next field"),
)
FRAME = 5
"""Lines of the form around its fields: border, words about the field, keys."""
LONG_SECRET = 32
"""Stars that stand for a secret, at most."""


class SecretField(LineView, can_focus=True):
    """A text that isn't shown. Until something is typed it stands for what there is."""

    class Changed(Message):
        """Something was typed."""

    def __init__(self, *, is_set: bool) -> None:
        super().__init__()
        self._is_set = is_set
        self._typed: str | None = None

    @property
    def value(self) -> str | None:
        """What was typed; None: nothing was, it stays as it is."""
        return self._typed

    def build(self, y: int) -> Strip:
        if self._typed is None:
            hint = "  unchanged unless you type; Bksp empties it" if self.has_focus else ""
            stars, words = (MASK, hint) if self._is_set else ("", "(none)")
        elif self._typed:
            stars = "*" * min(len(self._typed), LONG_SECRET)
            words = f"  {plural(len(self._typed), 'character')}, not shown"
        else:
            stars, words = "", "(none)  it is taken away"
        cursor = Span(" ", "text@cell") if self.has_focus else Span("")
        line = (Span(stars, "text"), cursor, Span(words, "dim"))
        return self.strip(fit(line, self.size.width), "panel")

    def on_key(self, event: events.Key) -> None:
        if event.key in ("backspace", "delete"):
            self._set((self._typed or "")[:-1])
        elif event.key == "ctrl+u":
            self._set("")
        elif event.is_printable and event.character is not None:
            self._set((self._typed or "") + event.character)
        else:
            return
        event.stop()
        event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Keys and certificates have several lines: they stay."""
        event.stop()
        self._set((self._typed or "") + event.text.replace("\r\n", "\n").replace("\r", "\n"))

    def _set(self, text: str) -> None:
        self._typed = text if text or self._is_set else None
        self.repaint()
        self.post_message(self.Changed())


class FormDialog(ModalScreen[None]):
    """A form of ``FormField``; Ctrl-R saves, Escape leaves everything as it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("form"),
        ("down", "app.focus_next", "Next"),
        ("up", "app.focus_previous", "Previous"),
        ("enter", "app.focus_next", "Next"),
    ]
    AUTO_FOCUS = ".-first"  # before the first key arrives, however fast it is typed

    def __init__(
        self, title: str, fields: Sequence[FormField], save: Save, check: Check | None = None
    ) -> None:
        super().__init__()
        self._title = title
        self._fields = {field.name: field for field in fields}
        self._save = save
        self._check_texts = check
        self._first: dict[str, str] = {}
        self._has_first = False
        self._saving = False
        self._submitted = False

    @property
    def dagtop(self) -> DagtopApp:
        return cast("DagtopApp", self.app)

    # what it is made of

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="edit-form") as box:
            box.border_title = Content(span(self._title).text)
            with FieldScroll(id="edit-fields", can_focus=False):
                for field in self._fields.values():
                    with Horizontal(classes="edit-field") as row:
                        row.styles.height = field.height
                        yield FormLine((span(field.label, "strong"),), classes="label")
                        yield self._control(field)
                    problem = FormLine((), classes="problem")
                    problem.id = f"problem-{field.name}"
                    problem.display = False
                    yield problem
            yield FormLine((), classes="about")
            yield FormLine(KEYS, classes="keys")

    def _control(self, field: FormField) -> Widget:
        if field.control == FIXED:
            control: Widget = FormLine((span(field.text, "dim"),))
        elif field.control == SECRET:
            control = SecretField(is_set=field.is_set)
        elif field.control == CHOICE:
            of_form = Field(field.name, CHOICE_OF_FORM, (), field.text, field.options)
            control = ChoiceField(of_form)
        elif field.control in (JSON, LINES):
            control = TextArea(
                _clean(sanitize_lines(field.text)), compact=True, highlight_cursor_line=False
            )
            control.cursor_blink = False
            if control.document.line_count == 1:  # typing goes on, as in fields of one line
                control.move_cursor(control.document.end)
        else:
            control = Input(span(field.text).text, compact=True, select_on_focus=False)
            control.cursor_blink = False
        control.id = f"edit-{field.name}"
        if field.control != FIXED and not self._has_first:
            self._has_first = True
            control.add_class("-first")
        if (text := _text_of(control)) is not None:
            self._first[field.name] = text
        return control

    def on_mount(self) -> None:
        self.on_resize()

    def on_resize(self) -> None:
        room = self.app.size.height - FRAME - 1
        self.query_one("#edit-fields").styles.max_height = max(3, room)

    # what stands in it

    def texts(self) -> dict[str, str]:
        """What stands in the fields; of a secret only what was typed."""
        found: dict[str, str] = {}
        for name, field in self._fields.items():
            if field.control == FIXED:
                continue
            text = _text_of(self.query_one(f"#edit-{name}"))
            if text is not None:
                found[name] = text
        return found

    def touched(self) -> dict[str, str]:
        """The fields that hold something else than at first."""
        return {name: text for name, text in self.texts().items() if self._first.get(name) != text}

    def _problems(self) -> dict[str, str]:
        texts = self.texts()
        found = {} if self._check_texts is None else self._check_texts(texts)
        for name, field in self._fields.items():
            if field.control == JSON and name in self.touched() and texts[name].strip():
                try:
                    msgspec.json.decode(texts[name])
                except (msgspec.DecodeError, UnicodeEncodeError) as error:
                    found[name] = f"not JSON: {error}"
        return found

    def _show_problems(self) -> dict[str, str]:
        """Say what is wrong below each field: of an empty one not before it is to be saved."""
        problems = self._problems()
        touched = self.touched()
        for name in self._fields:
            line = self.query_one(f"#problem-{name}", FormLine)
            problem = problems.get(name) if self._submitted or name in touched else None
            words: Spans = (span(problem, "error"),) if problem else ()
            if words != line.line:
                line.display = bool(words)
                line.line = words
                line.forget()  # it had no size while it was away
        return problems

    # what happens

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        name = (event.widget.id or "").removeprefix("edit-")
        if name in self._fields:
            about = span(self._fields[name].about, "dim")
            self.query_one(".about", FormLine).set((about,))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        clean = span(event.value).text
        if clean != event.value:  # pasted
            event.input.value = clean
        self._show_problems()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        area = event.text_area
        clean = _clean(sanitize_lines(area.text))
        if clean != area.text:
            area.load_text(clean)
        self._show_problems()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    def action_submit(self) -> None:
        """Save, if all fields are right."""
        if self._saving:
            return
        self._submitted = True
        problems = self._show_problems()
        if problems:
            first = next(name for name in self._fields if name in problems)
            self.query_one(f"#edit-{first}").focus()
            self._say(f"{plural(len(problems), 'field')} to mend", "error")
        elif touched := self.touched():
            self._saving = True
            self._say("saving ...", "dim")
            self._save(touched, self._saved)
        else:
            self.dismiss()
            self.dagtop.say("nothing was changed")

    def _saved(self, problem: str) -> None:
        self._saving = False
        if not self.is_attached:
            if problem:
                self.dagtop.say(problem, "error")
        elif problem:
            self._say(problem, "error")
        elif self.is_current:
            self.dismiss()

    def _say(self, words: str, role: str) -> None:
        self.query_one(".keys", FormLine).set((span(f"{words}   ", role), *KEYS))

    def action_cancel(self) -> None:
        """Leave everything as it is."""
        self.dismiss()


def _text_of(control: Widget) -> str | None:
    """What stands in a field; None: nothing that could be saved."""
    if isinstance(control, TextArea):
        return control.text
    return control.value if isinstance(control, SecretField | Input | ChoiceField) else None


def _clean(text: str) -> str:
    """Line ends as the text area keeps them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
