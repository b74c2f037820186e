"""All about a task instance: state and why, phases, tries, what is beside it, every field."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from app.tui.bindings import bindings
from app.tui.lines import EntryLines
from app.tui.models.instance import reasons_for
from app.tui.models.task_details import Target, details_entries, wants_reasons
from app.tui.reading_task import DetailsFacts, read_details
from app.tui.screens.task_instance_views import InstanceEntriesScreen
from app.tui.screens.task_views import Read, TaskFocus
from app.tui.spans import plain


class DetailsScreen(InstanceEntriesScreen):
    """Lines with a cursor; Enter goes to the task instance or the try under it."""

    view_name: ClassVar[str] = "details"
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "list",
        "task",
        "instance",
        "lines",
        "details",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "task", "instance", "lines", "details")

    def __init__(self, focus: TaskFocus) -> None:
        super().__init__(focus)
        self.reasons: list[str] = []
        self._asking = False

    def reader(self) -> Read:
        return read_details

    def show_task(self) -> None:
        """Show everything, and ask why it waits."""
        self._ask_reasons()
        super().show_task()

    def show_entries(self) -> None:
        """Show everything that is known by now."""
        if self.facts is None or self.snapshot is None:
            return
        more: DetailsFacts | None = self.snapshot.own
        entries = details_entries(
            self.facts,
            self.current_try(),
            more,
            self.reasons,
            self.app.size.width - 2,
            self.dagtop.scene(),
        )
        lines = self.view.lines
        if not isinstance(lines, EntryLines) or lines.entries != entries:
            self.view.show(EntryLines(entries))

    def _ask_reasons(self) -> None:
        """Ask the runner why it waits, if it does; one question at a time."""
        facts = self.facts
        if facts is None or facts.run.ended_at or not wants_reasons(facts.instance.state):
            self.reasons = []
            return
        if self._asking:
            return
        self._asking = True
        instance = facts.instance
        request = {
            "type": "get_reasons",
            "dag_id": instance.dag_id,
            "run_id": facts.run.run_id,
            "task_id": instance.task_id,
        }

        def then(reply: object) -> None:
            self._asking = False
            if self.is_there and self.facts is not None and self.facts.instance.id == instance.id:
                self.reasons = reasons_for(reply, instance.task_id, instance.map_index)
                self.show_entries()

        self.dagtop.commander.ask(request, then)

    def tick(self) -> None:
        super().tick()
        self._ask_reasons()
        self.show_entries()

    # actions

    def target(self) -> Target | None:
        """Where the line under the cursor leads."""
        target: Target | None = self.entry_now()
        return target

    def action_open(self) -> None:
        """Go to the task instance, or show the try, under the cursor."""
        target, look = self.target(), self.look
        if target is None:
            self.dagtop.say("Enter goes to what is upstream, downstream, or to a try")
        elif target.try_number is not None:
            newest = self.facts is None or target.try_number == self.facts.instance.try_number
            look.try_number = None if newest else target.try_number
            self.ask()
        else:
            self.dagtop.ways.open_details(
                look.dag_id, look.run_id, target.task_id, target.map_index
            )

    def action_copy_text(self) -> None:
        """Copy all lines."""
        lines = self.view.lines
        text = "\n".join(plain(lines.line(index)).rstrip() for index in range(len(lines)))
        self.dagtop.copy(text, "the details")
