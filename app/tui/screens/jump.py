"""The ``:`` prompt: go somewhere by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from app.tui.jumps import Completion, Known, Target, complete, dag_named, parse, sought
from app.tui.reading import read_jumps
from app.tui.reading_jumps import read_elsewhere
from app.tui.screens.views import DAG_VIEWS, PLACES
from app.tui.spans import Span, Spans, span
from app.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from app.tui.jumps import Elsewhere
    from app.tui.location import Location
    from app.tui.reading import JumpNames

SHOWN = 8
"""Completions shown at once."""
NAMES_WIDTH = 33
"""Cells for what can be typed, before what it means; more where one of them is longer."""


def known_here(here: Location | None, pointed_at: str | None) -> Known:
    """What can be jumped to from where one is, before it is read what there is."""
    return Known(
        places={name: view.title for name, view in PLACES.items()},
        views={name: view.title for name, view in DAG_VIEWS.items()},
        dag_id=here.dag_id if here is not None else None,
        run_id=here.run_id if here is not None else None,
        pointed_at=pointed_at,
    )


def with_names(known: Known, names: JumpNames) -> Known:
    """That with what was read."""
    return replace(known, dag_ids=names.dag_ids, run_ids=names.run_ids, task_ids=names.task_ids)


class JumpScreen(ModalScreen[Target | None]):
    """An input with completions; Tab takes the one under the cursor, Enter goes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "close", "Close"),
        ("tab", "take", "Complete"),
        ("down,ctrl+n", "move(1)", "Next"),
        ("up,ctrl+p", "move(-1)", "Previous"),
    ]
    AUTO_FOCUS = "Input"

    def __init__(self, known: Known) -> None:
        super().__init__()
        self._known = known
        self._found: list[Completion] = []
        self._cursor: int | None = None
        self._release_keys: Callable[[], None] | None = None
        self._is_read = False
        self._asked: set[str] = set()
        """Other DAGs whose runs and tasks are read, or were, and what is looked for in all DAGs."""
        self._submitted = False
        """Enter was pressed before it was known what there is."""

    @property
    def dagtop(self) -> DagtopApp:
        return cast("DagtopApp", self.app)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="jump") as box:
            box.border_title = "Jump"
            box.border_subtitle = "Tab completes   Enter goes   Esc closes"
            field = Input(placeholder="dags   dag NAME   run ID   log [DAG] TASK", compact=True)
            field.cursor_blink = False
            yield field
            view = TextView(wrap=False)
            view.can_focus = False
            view.styles.height = SHOWN
            yield view

    def on_mount(self) -> None:
        dag_id, run_id = self._known.subject, self._known.run_id

        def then(names: JumpNames) -> None:
            self._known = with_names(self._known, names)
            self._is_read = True
            if self.is_attached and self.query(Input):
                self._read_other()
            self._names_came()

        self.dagtop.refresher.once(lambda store: read_jumps(store, dag_id, run_id), then)
        self._complete()

    def on_input_changed(self) -> None:
        self._cursor = None
        self._submitted = False
        self._read_other()
        self._complete()

    def _read_other(self) -> None:
        """Read the names of a DAG that is named before a task."""
        text = self.query_one(Input).value
        if self._is_read and (key := sought(text, self._known)) is not None:
            self._seek(key)
        dag_id = dag_named(text, self._known)
        if dag_id is None or dag_id in self._asked or self._known.names_of(dag_id) is not None:
            return
        self._asked.add(dag_id)

        def then(names: JumpNames) -> None:
            others = {**self._known.others, dag_id: (names.run_ids, names.task_ids)}
            self._known = replace(self._known, others=others)
            self._names_came()

        self.dagtop.refresher.once(lambda store: read_jumps(store, dag_id), then)

    def _seek(self, key: str) -> None:
        """Look in all DAGs for what this one doesn't have."""
        if key in self._asked:
            return
        self._asked.add(key)

        def then(found: tuple[Elsewhere, ...]) -> None:
            elsewhere = {**self._known.elsewhere, key: found}
            self._known = replace(self._known, elsewhere=elsewhere)
            self._names_came()

        self.dagtop.refresher.once(lambda store: read_elsewhere(store, key), then)

    def _names_came(self) -> None:
        if self.is_attached and self.query(Input):
            self._complete()
            if self._submitted and self._is_known(self.query_one(Input).value):
                self._go(self.query_one(Input).value)
                if self._release_keys is not None:
                    self._release_keys()

    def _is_known(self, text: str) -> bool:
        """Whether what is named was read."""
        dag_id, key = dag_named(text, self._known), sought(text, self._known)
        is_sought = key is None or key in self._known.elsewhere
        is_named = dag_id is None or self._known.names_of(dag_id) is not None
        return self._is_read and is_sought and is_named

    def _complete(self) -> None:
        chosen = None if self._cursor is None else self._found[self._cursor].text
        self._found = complete(self.query_one(Input).value, self._known)
        texts = [one.text for one in self._found]  # names that arrive may stand before it
        self._cursor = texts.index(chosen) if chosen in texts else None
        self._show()

    def _show(self) -> None:
        top = max(0, (self._cursor or 0) - SHOWN + 1)
        rows = self._found[top : top + SHOWN]
        width = max((cell_len(one.text) for one in rows), default=0)
        lines = [
            _line(one, max(NAMES_WIDTH, width), top + i == self._cursor)
            for i, one in enumerate(rows)
        ]
        if len(self._found) > top + SHOWN:
            more = len(self._found) - top - SHOWN + 1
            lines[-1] = (Span(f" and {more} more", "dim"),)
        self.query_one(TextView).show(lines or [(Span(" nothing is called that", "dim"),)])

    def action_move(self, step: int) -> None:
        """Go to another completion."""
        if self._found:
            at = -1 if self._cursor is None and step > 0 else self._cursor or 0
            self._cursor = max(0, min(at + step, len(self._found) - 1))
            self._show()

    def action_take(self) -> None:
        """Take a completion: the one under the cursor, else the first."""
        if self._found:
            field = self.query_one(Input)
            field.value = self._found[self._cursor or 0].text
            field.cursor_position = len(field.value)

    def action_close(self) -> None:
        """Stay here."""
        self.dismiss(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._cursor is not None and self._found[self._cursor].text.endswith(" "):
            self.action_take()  # more is to be typed after it
            return
        self._submitted = True
        if self._is_known(event.value):
            self._go(event.value)
        else:  # what is typed behind it is about where it leads
            self._release_keys = self.dagtop.key_order.hold()

    def _go(self, text: str) -> None:
        """Leave for where the text leads, or say what is wrong with it."""
        if self._cursor is not None:
            text = self._found[self._cursor].text
        try:
            target = parse(text, self._known)
        except ValueError as error:
            self.query_one(TextView).show([(Span(" "), span(error, "error"))])
            return
        self.dagtop.key_order.hold_until_idle()
        self.dismiss(target)


def _line(completion: Completion, width: int, selected: bool) -> Spans:
    ground = "@cursor" if selected else ""
    gap = " " * (width - cell_len(completion.text))
    return (
        span(f" {completion.text}{gap}  ", f"text{ground}"),
        span(f"{completion.meaning} ", f"dim{ground}"),
    )
