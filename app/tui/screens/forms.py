"""Forms: fields one below the other, checked as they are typed; Ctrl-R does what the form says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

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
from app.tui.formats import plural
from app.tui.params import CHOICE, Field, option_text
from app.tui.spans import Span, Spans, fit, span, wrapped
from app.tui.widgets.field_scroll import FieldScroll
from app.tui.widgets.line_view import LineView
from app.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from app.tui.application import DagtopApp

FIELD_LINES = 3
"""Of a field: its name, what stands in it, what is wrong with it."""
PROBLEM_LINES = 3
"""As many may say what is wrong with it."""
ABOUT_LINES = 4
"""Lines for the description of the field that has the focus, at most, with the rule above it."""
WIDTH, FRAME_CELLS = 78, 4
"""The dialog's cells, as ``dagtop.tcss`` says, and those of its border and padding."""
FRAME_LINES = 3
"""The dialog's border, and the line of keys."""
ROOMY = 30
"""Lines of a terminal from which on the words above the fields are set off, and not all lines are
taken."""

Values = dict[str, Any]
Errors = dict[int, str]
"""Number of the field -> what is wrong with it, in one sentence."""


class ChoiceField(LineView, can_focus=True):
    """One of several values; left and right (or space) go through them."""

    class Changed(Message):
        """Another value was chosen."""

    def __init__(self, field: Field) -> None:
        super().__init__()
        self._texts = [option_text(option) for option in field.options]
        self._index = self._texts.index(field.text) if field.text in self._texts else 0

    @property
    def value(self) -> str:
        return self._texts[self._index]

    def build(self, y: int) -> Strip:
        glyphs = self.dagtop.glyphs
        arrow = "accent" if self.has_focus else "faint"
        line = (
            Span(f"{glyphs.more_left} ", arrow),
            span(self.value, "strong" if self.has_focus else "text"),
            Span(f" {glyphs.more_right}", arrow),
            Span(f"   {self._index + 1} of {len(self._texts)}", "dim"),
        )
        return self.strip(fit(line, self.size.width), "cursor" if self.has_focus else "")

    def on_focus(self) -> None:
        self.repaint()

    def on_blur(self) -> None:
        self.repaint()

    def on_key(self, event: events.Key) -> None:
        last = len(self._texts) - 1
        step = {"left": -1, "h": -1, "right": 1, "l": 1, "space": 1}.get(event.key)
        end = {"home": 0, "end": last}.get(event.key)
        if step is None and end is None:
            return
        event.stop()
        event.prevent_default()
        self._index = end if end is not None else (self._index + (step or 0)) % (last + 1)
        self.repaint()
        self.post_message(self.Changed())


class FormLine(LineView):
    """A line of words in the form: a name, a description, what is wrong."""

    def __init__(self, line: Spans, *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self.line = line

    def set(self, line: Spans) -> None:
        """Say something else."""
        self.line = line
        self.repaint()

    def build(self, y: int) -> Strip:
        ellipsis = self.dagtop.glyphs.ellipsis
        return self.strip(fit(self.line, self.size.width, ellipsis=ellipsis))


class Previewed(Message):
    """What the form would do was worked out, for what stood in it then."""

    def __init__(self, ticket: int, lines: Sequence[Spans]) -> None:
        super().__init__()
        self.ticket = ticket
        self.lines = lines


Send = Callable[["FormScreen", Values], None]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why what was wanted was not done."""

    why: str
    number: int | None
    """Of the field that it is about."""
    texts: tuple[str, ...]
    """What stood in the fields."""

    def is_of(self, number: int, texts: Sequence[str]) -> bool:
        """Whether it is about this field, with what stands in it still."""
        return number == self.number and texts[number] == self.texts[number]


class FormScreen(ModalScreen[None]):
    """A form. Subclasses say what is wrong with the texts in it, and perhaps preview it.

    It is open until what it is for was done: what was typed outlives a refusal.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("form"),
        ("down", "app.focus_next", "Next"),
        ("up", "app.focus_previous", "Previous"),
    ]
    AUTO_FOCUS = ""
    preview_lines: ClassVar[int] = 0
    """Lines for the preview; 0: there is none."""
    subject = ""
    """How refusals name what the title names; said short, there is one line for them."""

    def __init__(
        self, title: str, fields: Sequence[Field], verb: str, *, head: Sequence[Spans] = ()
    ) -> None:
        super().__init__()
        self._title = title
        self.fields = list(fields)
        self._head = list(head)
        self._keys: Spans = (
            Span("^R", "key"),
            Span(f" {verb}   "),
            Span("Esc", "key"),
            Span(" cancel   "),
            Span("Tab", "key"),
            Span(" next field"),
        )
        self._ticket = 0
        self._wanted_done = False
        self._hidden: frozenset[int] = frozenset()
        self._problem_rows: dict[int, int] = {}
        """Lines of what is wrong with each field."""
        self._send: Send | None = None
        self._awaited = 0
        """Commands that nobody has answered yet."""
        self._refusal: Refusal | None = None

    def open(self, app: DagtopApp, send: Send) -> None:
        """Show the form; ``send`` does what it is for, by ``act``."""
        self._send = send
        app.push_screen(self)

    # what subclasses say

    def check(self, texts: list[str]) -> tuple[Values, Errors]:
        """The form's values, and what is wrong with which field."""
        raise NotImplementedError

    def about(self, why: str, texts: list[str]) -> int | None:
        """Number of the field that a refusal is about; None: of no single one."""
        return None

    def hidden(self, texts: list[str]) -> frozenset[int]:
        """Numbers of the fields that have no sense beside what stands in the others."""
        return frozenset()

    def preview_room(self, texts: list[str]) -> int:
        """Lines that the preview is to have now."""
        return self.preview_lines

    def preview(self, texts: list[str], hand_over: Callable[[Sequence[Spans]], None]) -> None:
        """Work out, off the event loop, what the form would do, and hand over its lines."""

    # the frame

    @property
    def dagtop(self) -> DagtopApp:
        return cast("DagtopApp", self.app)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="form") as box:
            box.border_title = Content(span(self._title).text)
            for line in self._head_lines():
                yield FormLine(line)
            with FieldScroll(id="fields", can_focus=False):
                for number, field in enumerate(self.fields):
                    with Vertical(classes="field") as box:
                        box.id = f"box-{number}"
                        yield FormLine(_label(field))
                        yield self._control(field, number)
                        problem = TextView()
                        problem.can_focus = False
                        problem.add_class("problem")
                        yield problem
            if self.preview_lines:
                preview = TextView(widget_id="preview")
                preview.can_focus = False
                yield preview
            about = TextView(widget_id="about")
            about.can_focus = False
            yield about
            yield FormLine(self._keys, classes="keys")

    def _head_lines(self) -> list[Spans]:
        """The lines above the fields, set off where there is room."""
        return [*self._head, ()] if self._head and self.app.size.height >= ROOMY else self._head

    def _control(self, field: Field, number: int) -> Input | ChoiceField:
        if field.control == CHOICE:
            control: Input | ChoiceField = ChoiceField(field)
        else:
            control = Input(
                span(field.text).text,
                placeholder=span(field.placeholder).text,
                compact=True,
                select_on_focus=False,
            )
            control.cursor_blink = False
        control.id = f"field-{number}"
        return control

    def on_mount(self) -> None:
        self.on_resize()
        # Textual would scroll to it before it has laid out what is around it.
        self.query_one("#field-0").focus(scroll_visible=False)
        self._changed()

    def on_resize(self) -> None:
        self._lay_out()
        self.show_errors()

    def _lay_out(self) -> None:
        about_lines = self._about_lines()
        height = self.app.size.height
        lines = max(height * 9 // 10, min(height, ROOMY * 9 // 10))
        room = lines - FRAME_LINES - len(self._head_lines())
        shown = len(self.fields) - len(self._hidden)
        wanted = self.preview_room(self.texts())
        if room - wanted - about_lines < FIELD_LINES * shown <= room - wanted:
            about_lines = 0  # to see all fields comes first
        room -= about_lines
        preview = min(wanted, max(0, room - FIELD_LINES * min(2, shown)))
        # Whole fields only: the one on top isn't shown without its name.
        seen = max(1, min((room - preview) // FIELD_LINES, shown))
        more = sum(self._height(one) - FIELD_LINES for one in self._shown())
        height = min(FIELD_LINES * seen + more, max(FIELD_LINES, room - preview))
        self.query_one("#fields").styles.height = height
        about = self.query_one("#about", TextView)
        about.styles.height = about_lines or ABOUT_LINES
        about.display = bool(about_lines)
        for one in self.query("#preview").results(TextView):
            one.styles.height = preview
            one.display = bool(preview)

    @property
    def _width(self) -> int:
        """Cells of its lines, also before it is laid out."""
        return min(WIDTH, self.app.size.width * 96 // 100) - FRAME_CELLS

    @property
    def close_width(self) -> int:
        """Cells for what stands close together where lines are few; 0: they are not."""
        return self._width - 2 if self.app.size.height < ROOMY else 0

    def _about_lines(self) -> int:
        """Lines that the longest description takes, with the rule above it; 0: there is none."""
        texts = [field.description for field in self.fields if field.description]
        rows = (rows_of(text, self._width) for text in texts)
        return min(ABOUT_LINES, 1 + max(rows)) if texts else 0

    def _shown(self) -> list[int]:
        """Numbers of the fields that are not hidden."""
        return [number for number in range(len(self.fields)) if number not in self._hidden]

    def _height(self, number: int) -> int:
        """Lines of a field: more where it takes more to say what is wrong with it."""
        return FIELD_LINES - 1 + self._problem_rows.get(number, 1)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Show all of the field: its name above and what is wrong with it below; and its words."""
        name = event.widget.id or ""
        if not name.startswith("field-"):
            return
        number = int(name.removeprefix("field-"))
        description = self.fields[number].description
        self.query_one("#about", TextView).show([(span(description, "dim"),)])
        self.call_after_refresh(self._show_field, number)

    def _show_field(self, number: int) -> None:
        if not self.is_attached or number in self._hidden:
            return
        fields = self.query_one("#fields", FieldScroll)
        tops: dict[int, int] = {}
        end = 0
        for one in self._shown():
            tops[one], end = end, end + self._height(one)
        y = max(fields.scroll_y, tops[number] + self._height(number) - fields.size.height)
        y = min(one for one in tops.values() if one >= min(y, tops[number]))
        fields.scroll_to(y=y, animate=False)

    # what stands in it

    def texts(self) -> list[str]:
        """What stands in the fields. One that wasn't touched says what it was given, also of what
        a terminal can't be shown."""
        found: list[str] = []
        for number, field in enumerate(self.fields):
            control = self.query_one(f"#field-{number}")
            assert isinstance(control, Input | ChoiceField)
            untouched = control.value == span(field.text).text
            found.append(field.text if untouched else control.value)
        return found

    def _changed(self) -> None:
        self._arrange()
        self.show_errors()
        if self.preview_lines:
            self._ticket += 1
            ticket = self._ticket

            def hand_over(lines: Sequence[Spans]) -> None:
                self.post_message(Previewed(ticket, lines))

            self.preview(self.texts(), hand_over)

    def _arrange(self) -> None:
        """Show the fields that have a sense now, with what is typed last in sight."""
        hidden = self.hidden(self.texts())
        if hidden == self._hidden:
            return
        self._hidden = hidden
        for number in range(len(self.fields)):
            self.query_one(f"#box-{number}").display = number not in hidden
        self._lay_out()
        self._show_focused()

    def show_errors(self) -> tuple[Values, Errors]:
        """Say at each field what is wrong with it."""
        texts = self.texts()
        values, errors = self.check(texts)
        lines = self.query(".problem").results(TextView)
        rows: dict[int, int] = {}
        for number, line in enumerate(lines):
            # What is only not filled in yet is no mistake before one wants to be done.
            waits = not self._wanted_done and self.fields[number].required and not texts[number]
            problem = None if waits else errors.get(number)
            if self._refusal is not None and self._refusal.is_of(number, texts):
                problem = problem or self._refusal.why
            line.show([(span(problem, "error"),)] if problem else [])
            rows[number] = min(PROBLEM_LINES, rows_of(problem or "", self._width - 1))
        self._make_room(rows)
        self._show_keys(len(errors))
        return values, errors

    def _make_room(self, rows: dict[int, int]) -> None:
        """Give the fields the lines that it takes to say what is wrong with them."""
        if rows == self._problem_rows:
            return
        self._problem_rows = rows
        for number, line in enumerate(self.query(".problem").results(TextView)):
            line.styles.height = rows[number]
            self.query_one(f"#box-{number}").styles.height = self._height(number)
        self._lay_out()
        self._show_focused()

    def _show_focused(self) -> None:
        """Keep the field that has the focus in sight, once all is laid out."""
        if self.focused is not None and (self.focused.id or "").startswith("field-"):
            number = int((self.focused.id or "").removeprefix("field-"))
            self.call_after_refresh(self._show_field, number)

    def _show_keys(self, wrong: int) -> None:
        """The last line: what is to mend, once one wanted to be done, and the keys."""
        words = f"{plural(wrong, 'field')} to mend   " if wrong and self._wanted_done else ""
        if self.is_waiting:
            words = "asking the runner   "
        first = (Span(words, "dim" if self.is_waiting else "error"),) if words else ()
        self.query_one(".keys", FormLine).set((*first, *self._keys))

    def on_previewed(self, message: Previewed) -> None:
        if message.ticket == self._ticket:
            self.query_one("#preview", TextView).show(message.lines)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._changed()

    def on_choice_field_changed(self, event: ChoiceField.Changed) -> None:
        event.stop()
        self._changed()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()

    def action_submit(self) -> None:
        """Do it, if all fields are right."""
        if self.is_waiting:
            return
        self._wanted_done = True
        values, errors = self.show_errors()
        if errors:
            self.query_one(f"#field-{min(errors)}").focus()
        elif self._send is not None:
            self._send(self, values)

    @property
    def is_waiting(self) -> bool:
        """Whether what was wanted is not answered yet."""
        return self._awaited > 0

    def act(self, commands: Sequence[tuple[str, Values]], done: str) -> None:
        """Have commands carried out; closes the form, or says in it why one was refused."""
        self._refusal, self._awaited = None, len(commands)
        self.show_errors()
        for kind, payload in commands:
            self.dagtop.act(kind, payload, done, self._ended)

    def _ended(self, why: str | None) -> None:
        self._awaited -= 1
        if not self.is_attached:  # left meanwhile
            if why is not None:
                self.dagtop.say(why, "error")
            return
        if why is not None:
            texts = self.texts()
            if self.subject:
                why = why.replace(self.subject, "the DAG", 1)
            self._refusal = Refusal(why, self.about(why, texts), tuple(texts))
        if self.is_waiting:
            return
        if self._refusal is None:
            self.dismiss()
        else:
            self._show_refusal(self._refusal)

    def _show_refusal(self, refusal: Refusal) -> None:
        self.show_errors()
        if refusal.number is not None:
            self.query_one(f"#field-{refusal.number}").focus()
            return
        about = self.query_one("#about", TextView)
        about.display = True
        about.show([(span(refusal.why, "error"),)])

    def action_cancel(self) -> None:
        """Leave everything as it is."""
        self.dismiss()


def rows_of(text: str, width: int) -> int:
    """Lines that a text takes in a ``TextView`` of the form."""
    return len(wrapped((span(text),), max(1, width - 2), 2))


def _label(field: Field) -> Spans:
    words = [span(field.name, "strong"), Span("  "), Span(field.hint, "dim")]
    if field.required:
        words.append(Span("  required", "warning"))
    return tuple(words)
