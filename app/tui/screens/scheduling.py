"""Editing a schedule in place: what is typed, in words, and when the next runs would be made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from app.tui import formats
from app.tui.commander import NO_RUNNER
from app.tui.models.scheduling import preview_lines
from app.tui.params import line
from app.tui.reading_acting import FormFacts, read_form
from app.tui.screens.forms import Errors, FormScreen, Values
from app.tui.screens.schedule_fields import TEXT, ScheduleFields, window_fields
from app.tui.spans import Span, Spans, span

if TYPE_CHECKING:
    from app.tui.application import DagtopApp

FEW = 5
"""Lines for the preview where lines are few: the schedule, its times, and whose it is."""


def ask_schedule(app: DagtopApp, dag_id: str, *others: str) -> None:
    """Ask for a DAG's schedule, and put it in the place of the file's, or take that again.

    With ``others``: the same for those, too.
    """
    ids = (dag_id, *others)
    what = formats.plural(len(ids), "DAG") if others else dag_id

    def ask(facts: FormFacts | None) -> None:
        if facts is None:
            app.ways.refuse(f"there is no DAG {dag_id}")
        else:
            ScheduleForm(facts, others).open(app, send)

    def send(form: FormScreen, values: Values) -> None:
        text = values["expression"]
        runs, file = ("run", "their files say") if others else ("runs", "its file says")
        done = f"{what} {runs} {text}" if text else f"{what} {runs} as {file}"
        if text == "None":
            done = f"{what} {'have' if others else 'has'} no schedule now"
        form.act([("schedule", {"dag_id": one, **values}) for one in ids], done)

    app.read_first(lambda store: read_form(store, dag_id), ask)


class ScheduleForm(FormScreen):
    """The schedule with its dates, and what they mean."""

    preview_lines: ClassVar[int] = 10

    def __init__(self, facts: FormFacts, others: Sequence[str] = ()) -> None:
        self._dag = dag = facts.dag
        self._others = others
        self._schedule = ScheduleFields(dag, facts.structure)
        field = line(
            "schedule",
            "cron, @daily, every 15 minutes, None",
            text=dag.schedule_override or dag.schedule,
            placeholder="as the file says",
            description="It holds until it is reset, also when the file changes. "
            "Empty: as the file says.",
        )
        title, head = f"Schedule of {dag.dag_id}", []
        if others:
            title = f"Schedule of {len(others) + 1} DAGs"
            head = [(Span("DAGs  ", "dim"), span(", ".join((dag.dag_id, *others)), "strong"))]
        fields = [field, *window_fields(dag, facts.structure)]
        super().__init__(title, fields, "set", head=head)

    def check(self, texts: list[str]) -> tuple[Values, Errors]:
        return self._schedule.check(texts)

    def preview_room(self, texts: list[str]) -> int:
        return FEW if self.close_width else self.preview_lines

    def about(self, why: str, texts: list[str]) -> int | None:
        return None if self._others else TEXT  # of several it may be about any

    def preview(self, texts: list[str], hand_over: Callable[[Sequence[Spans]], None]) -> None:
        def then(reply: dict[str, Any] | str | None) -> None:
            if isinstance(reply, dict):
                lines = preview_lines(reply, self.dagtop.scene(), self.close_width)
                hand_over(
                    [*lines, *self._owner()] if self.close_width else [*self._owner(), *lines]
                )
            elif reply == NO_RUNNER:
                words = "No runner is up to say what this means; it sets it when it is."
                hand_over([*self._owner(), (Span(words, "warning"),)])
            else:
                hand_over(self._owner())
            if self.is_attached:
                self.show_errors()

        self._schedule.ask(self.dagtop, texts, then)

    def _owner(self) -> list[Spans]:
        """Whose schedule it is now."""
        dag = self._dag
        if dag.schedule_override is None:
            return []
        at: datetime | None = dag.schedule_override_at
        since = formats.clock(at, self.dagtop.clock(), self.dagtop.zone)
        by = dag.schedule_override_by or ""
        return [(Span("now       ", "dim"), span(f"overridden by {by} since {since}", "warning"))]
