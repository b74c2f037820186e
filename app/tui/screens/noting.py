"""Notes: a small editor for the note on a run, or on a task instance of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import TextArea

from app.text import sanitize_lines
from app.tui.bindings import bindings
from app.tui.formats import plural, run_name
from app.tui.models.instance import instance_name
from app.tui.params import choice
from app.tui.reading_acting import Notes, read_notes
from app.tui.screens.forms import ChoiceField, FormLine
from app.tui.spans import Span, Spans, span
from store.values import LONGEST_NOTE

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from store.engine import Store
    from store.queries.tasks import InstanceRow

MOST_LINES = 12
"""Lines of the editor where there is room."""
KEYS: Spans = (
    Span("^R", "key"),
    Span(" save   "),
    Span("Esc", "key"),
    Span(" leave it as it was   "),
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a note is on."""

    name: str
    task_id: str | None
    map_index: int | None
    note: str


def ask_note(
    app: DagtopApp,
    dag_id: str,
    run_id: str,
    task_id: str | None = None,
    map_index: int | None = None,
) -> None:
    """Edit the note on a run; with a task first that on its instance, and that on the run too."""

    def read(store: Store) -> Notes:
        return read_notes(store, dag_id, run_id, task_id, map_index)

    def ask(notes: Notes) -> None:
        if notes.run is None:
            app.ways.refuse(f"DAG {dag_id} has no run {run_id}")
            return
        subjects = [Subject("the run", None, None, notes.run)]
        if task_id is not None and notes.instance is not None:
            name = instance_name(task_id, -1 if map_index is None else map_index)
            subjects.insert(0, Subject(name, task_id, map_index, notes.instance))
        head = place_lines(dag_id, run_id)
        app.push_screen(NoteScreen(head, subjects), save)

    def save(texts: dict[Subject, str] | None) -> None:
        for subject, text in (texts or {}).items():
            payload = {
                "dag_id": dag_id,
                "run_id": run_id,
                "task_id": subject.task_id,
                "map_index": subject.map_index,
                "text": text,
            }
            verb = "wrote" if text else "took away"
            app.act("note", payload, f"{verb} the note on {subject.name}")

    app.read_first(read, ask)


Noted = tuple[str, str, str | None, int | None]
"""What a note is on: DAG, run, and perhaps task and map index."""


def place_lines(dag_id: str, run_id: str) -> list[Spans]:
    """The run as the editor names it."""
    return [
        (Span("DAG   ", "dim"), span(dag_id)),
        (Span("run   ", "dim"), span(run_name(run_id), "strong")),
    ]


def ask_note_on_all(app: DagtopApp, what: str, places: Sequence[Noted], replaced: int) -> None:
    """Write one note on several runs or task instances; ``replaced`` of them have one now."""
    subject = Subject(what, None, None, "")
    head: list[Spans] = [(Span("on all  ", "dim"), span(what, "strong"))]
    if replaced:
        words = f"the notes that {replaced} of them have"
        if replaced == 1:
            words = "the note that 1 of them has"
        head.append((Span("instead of ", "warning"), Span(words)))

    def save(texts: dict[Subject, str] | None) -> None:
        text = (texts or {}).get(subject)
        for dag_id, run_id, task_id, map_index in places if text else ():
            payload = {
                "dag_id": dag_id,
                "run_id": run_id,
                "task_id": task_id,
                "map_index": map_index,
                "text": text,
            }
            app.act("note", payload, f"wrote the note on {what}")

    app.push_screen(NoteScreen(head, [subject]), save)


def ask_note_on_instances(
    app: DagtopApp, dag_id: str, run_id: str, rows: Sequence[InstanceRow]
) -> None:
    """Write one note on several task instances of a run."""
    places = [(dag_id, run_id, row.task_id, row.map_index) for row in rows]
    replaced = sum(bool(row.note) for row in rows)
    ask_note_on_all(app, plural(len(rows), "task instance"), places, replaced)


class NoteScreen(ModalScreen["dict[Subject, str] | None"]):
    """The editor. Its answer is what was changed."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("form")
    AUTO_FOCUS = "TextArea"

    def __init__(self, head: Sequence[Spans], subjects: list[Subject]) -> None:
        super().__init__()
        self._head = head
        self._subjects = subjects
        self._shown = subjects[0]
        self._texts = {one: sanitize_lines(one.note) for one in subjects}

    @property
    def dagtop(self) -> DagtopApp:
        return cast("DagtopApp", self.app)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="form") as box:
            box.border_title = "Note"
            for line in self._head:
                yield FormLine(line)
            if len(self._subjects) > 1:
                names = [span(one.name).text for one in self._subjects]
                yield ChoiceField(choice("on", names, description=""))  # the lines above say it
            yield FormLine((), classes="gap")
            area = TextArea(self._texts[self._shown], compact=True, show_line_numbers=False)
            area.cursor_blink = False
            yield area
            yield FormLine((), classes="problem")
            more = (Span("S-Tab", "key"), Span(" run or task")) if len(self._subjects) > 1 else ()
            yield FormLine((*KEYS, *more), classes="keys")

    def on_mount(self) -> None:
        self.on_resize()

    def on_resize(self) -> None:
        room = self.app.size.height * 9 // 10 - 8
        self.query_one(TextArea).styles.height = max(2, min(MOST_LINES, room))

    def on_choice_field_changed(self, event: ChoiceField.Changed) -> None:
        event.stop()
        area = self.query_one(TextArea)
        self._texts[self._shown] = area.text
        name = self.query_one(ChoiceField).value
        self._shown = next(one for one in self._subjects if span(one.name).text == name)
        area.load_text(self._texts[self._shown])

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._show_problem()

    def _show_problem(self) -> bool:
        over = len(self.query_one(TextArea).text) - LONGEST_NOTE
        line: Spans = ()
        if over > 0:
            line = (Span(f"{plural(over, 'character')} too many", "error"),)
        self.query_one(".problem", FormLine).set(line)
        return over > 0

    def action_submit(self) -> None:
        """Save what was changed."""
        if self._show_problem():
            return
        self._texts[self._shown] = self.query_one(TextArea).text
        self.dismiss(
            {
                one: text.strip()
                for one, text in self._texts.items()
                if text != sanitize_lines(one.note)
            }
        )

    def action_cancel(self) -> None:
        """Leave the notes as they were."""
        self.dismiss(None)
