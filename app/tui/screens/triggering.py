"""Triggering a run: the form made from the DAG's params, or a question where it has none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Input

from app.tui.bindings import bindings
from app.tui.formats import plural
from app.tui.params import CHOICE, Field, check, field_of, option_text
from app.tui.reading import read_structure
from app.tui.spans import Span, Spans, fit, span
from app.tui.widgets.dialogs import Choices, ConfirmDialog
from app.tui.widgets.line_view import LineView
from app.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from store.engine import Store
    from store.structure import DagStructure, ParamStructure


def trigger(app: DagtopApp, dag_id: str) -> None:
    """Ask for the params of a run (or whether to trigger one), and trigger it."""

    def read(store: Store) -> DagStructure | None:
        return read_structure(store, dag_id)

    def ask(structure: DagStructure | None) -> None:
        if structure is not None and structure.params:
            app.push_screen(TriggerForm(dag_id, structure.params), send)
            return
        app.push_screen(
            ConfirmDialog(
                "Trigger a run now?",
                [(Span("DAG  ", "dim"), span(dag_id, "strong"))],
                "trigger it",
            ),
            confirmed,
        )

    def confirmed(choices: Choices | None) -> None:
        send({} if choices is not None else None)

    def send(conf: dict[str, Any] | None) -> None:
        if conf is not None:
            app.act("trigger", trigger_payload(dag_id, conf), f"triggered {dag_id}")

    app.refresher.once(read, ask)


def trigger_payload(dag_id: str, conf: dict[str, Any]) -> dict[str, Any]:
    """What the command ``trigger`` wants to be told."""
    return {"dag_id": dag_id, "conf": conf, "logical_date": None, "run_id": None, "note": None}


class ChoiceField(LineView, can_focus=True):
    """One of several values; left and right (or space) go through them."""

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


KEYS: Spans = (
    Span("^R", "key"),
    Span(" trigger   "),
    Span("Esc", "key"),
    Span(" cancel   "),
    Span("Tab", "key"),
    Span(" next field"),
)
FIELD_LINES = 3
"""Of a field: its name, what stands in it, what is wrong with it."""
ABOUT_LINES = 3
"""Lines for the description of the field that has the focus."""


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


class TriggerForm(ModalScreen[dict[str, Any] | None]):
    """A field a param, checked as it is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("form"),
        ("down", "app.focus_next", "Next"),
        ("up", "app.focus_previous", "Previous"),
    ]
    AUTO_FOCUS = ""

    def __init__(self, dag_id: str, params: Sequence[ParamStructure]) -> None:
        super().__init__()
        self._dag_id = dag_id
        self._params = list(params)
        self._fields = [field_of(param) for param in params]

    @property
    def dagtop(self) -> DagtopApp:
        return cast("DagtopApp", self.app)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="form") as box:
            box.border_title = f"Trigger {span(self._dag_id).text}"
            with VerticalScroll(id="fields", can_focus=False):
                for number, field in enumerate(self._fields):
                    with Vertical(classes="field"):
                        yield FormLine(self._label(field))
                        yield self._control(field, number)
                        yield FormLine((), classes="problem")
            about = TextView(widget_id="about")
            about.can_focus = False
            yield about
            yield FormLine(KEYS, classes="keys")

    def _label(self, field: Field) -> Spans:
        words = [span(field.name, "strong"), Span("  "), Span(field.hint, "dim")]
        if field.required:
            words.append(Span("  required", "warning"))
        return tuple(words)

    def _control(self, field: Field, number: int) -> Input | ChoiceField:
        if field.control == CHOICE:
            control: Input | ChoiceField = ChoiceField(field)
        else:
            control = Input(span(field.text).text, compact=True, select_on_focus=False)
            control.cursor_blink = False
        control.id = f"field-{number}"
        return control

    def on_mount(self) -> None:
        self.on_resize()
        # Textual would scroll to it before it has laid out what is around it.
        self.query_one("#field-0").focus(scroll_visible=False)

    def on_resize(self) -> None:
        room = self.app.size.height * 9 // 10 - 2 - ABOUT_LINES - 1
        self.query_one("#fields").styles.height = max(3, min(room, FIELD_LINES * len(self._fields)))
        about = self.query_one("#about", TextView)
        about.styles.height = ABOUT_LINES
        about.display = any(field.description for field in self._fields)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Show all of the field: its name above and what is wrong with it below; and its words."""
        name = event.widget.id or ""
        if not name.startswith("field-"):
            return
        description = self._fields[int(name.removeprefix("field-"))].description
        self.query_one("#about", TextView).show([(span(description, "dim"),)])
        self.call_after_refresh(self._show_field, int(name.removeprefix("field-")))

    def _show_field(self, number: int) -> None:
        fields = self.query_one("#fields", VerticalScroll)
        top, height = FIELD_LINES * number, fields.size.height
        if top < fields.scroll_y:
            fields.scroll_to(y=top, animate=False)
        elif top + FIELD_LINES > fields.scroll_y + height:
            fields.scroll_to(y=top + FIELD_LINES - height, animate=False)

    def texts(self) -> dict[str, str]:
        """What stands in the fields."""
        found: dict[str, str] = {}
        for number, field in enumerate(self._fields):
            control = self.query_one(f"#field-{number}")
            assert isinstance(control, Input | ChoiceField)
            found[field.name] = control.value
        return found

    def _check(self) -> dict[str, Any] | None:
        values, errors = check(self._params, self.texts())
        lines = self.query(".problem").results(FormLine)
        for field, line in zip(self._fields, lines, strict=True):
            problem = errors.get(field.name)
            line.set((span(problem, "error"),) if problem else ())
        return None if errors else values

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._check()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()

    def action_submit(self) -> None:
        """Trigger if all fields are right."""
        values = self._check()
        if values is not None:
            self.dismiss(values)
            return
        _, errors = check(self._params, self.texts())
        wrong = [n for n, field in enumerate(self._fields) if field.name in errors]
        self.query_one(f"#field-{wrong[0]}").focus()
        words = f"{plural(len(wrong), 'field')} to mend   "
        self.query_one(".keys", FormLine).set((Span(words, "error"), *KEYS))

    def action_cancel(self) -> None:
        """Leave without triggering."""
        self.dismiss(None)
