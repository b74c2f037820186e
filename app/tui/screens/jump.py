"""The ``:`` prompt: go somewhere by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from app.tui.spans import Span, Spans, span
from app.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from app.tui.application import DagtopApp

SHOWN = 8
"""Completions shown at once."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a jump goes."""

    kind: str
    """dags, dag, quit, help."""
    dag_id: str = ""


def parse_jump(text: str, dag_ids: list[str]) -> Target | str:
    """Where the text leads, or a sentence that says what is wrong with it.

    ``dags``, ``dag NAME`` (or a NAME alone); the start of a name is enough where it is unique.
    """
    words = text.split()
    if not words:
        return "type dags, or dag and a name"
    if words[0] in ("q", "quit"):
        return Target("quit")
    if words[0] in ("?", "help"):
        return Target("help")
    if words[0] == "dags" and len(words) == 1:
        return Target("dags")
    name = " ".join(words[1:] if words[0] == "dag" else words)
    found = complete(name, dag_ids)
    if name in dag_ids:
        return Target("dag", name)
    if not found:
        return f"no DAG is called {name}"
    if len(found) > 1 and not found[0].startswith(name):
        return f"{len(found)} DAGs match {name}: type more of it"
    return Target("dag", found[0])


def complete(text: str, dag_ids: list[str]) -> list[str]:
    """DAG ids that match: those that start with the text first, then those that contain it."""
    wanted = text.lower()
    first = [dag_id for dag_id in dag_ids if dag_id.lower().startswith(wanted)]
    then = [d for d in dag_ids if wanted in d.lower() and not d.lower().startswith(wanted)]
    return first + then


class JumpScreen(ModalScreen[None]):
    """An input with completions; Tab takes the first one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss", "Close"),
        ("tab", "take", "Complete"),
    ]
    AUTO_FOCUS = "Input"

    def __init__(self) -> None:
        super().__init__()
        self._found: list[str] = []

    @property
    def dagtop(self) -> DagtopApp:
        return cast("DagtopApp", self.app)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="jump") as box:
            box.border_title = "Jump"
            box.border_subtitle = "Tab completes   Enter goes"
            field = Input(placeholder="dag name, or dags", compact=True)
            field.cursor_blink = False
            yield field
            view = TextView(wrap=False)
            view.can_focus = False
            view.styles.height = SHOWN
            yield view

    def on_mount(self) -> None:
        self._complete("")

    def on_input_changed(self, event: Input.Changed) -> None:
        self._complete(event.value)

    def _complete(self, text: str) -> None:
        name = text.removeprefix("dag ").strip()
        self._found = complete(name, list(self.dagtop.dag_ids))
        lines: list[Spans] = [(Span("dag ", "dim"), span(one)) for one in self._found[:SHOWN]]
        if len(self._found) > SHOWN:
            more = len(self._found) - SHOWN + 1
            lines[-1] = (Span(f"and {more} more", "dim"),)
        self.query_one(TextView).show(lines or [(Span("no DAG matches", "dim"),)])

    def action_take(self) -> None:
        """Take the first completion."""
        if self._found:
            field = self.query_one(Input)
            field.value = f"dag {self._found[0]}"
            field.cursor_position = len(field.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        target = parse_jump(event.value, list(self.dagtop.dag_ids))
        if isinstance(target, str):
            self.query_one(TextView).show([(span(target, "error"),)])
            return
        self.dismiss()
        self.dagtop.go(target.kind, target.dag_id)
