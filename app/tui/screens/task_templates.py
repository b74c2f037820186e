"""The rendered template fields of a try, and the params and conf that went into them."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from app.tui.bindings import bindings
from app.tui.lines import EntryLines
from app.tui.models.task_templates import TemplateField, template_entries
from app.tui.reading_task import TemplatesFacts, read_templates
from app.tui.screens.task_instance_views import InstanceEntriesScreen
from app.tui.screens.task_views import Read
from store.states import TaskInstanceState


class TemplatesScreen(InstanceEntriesScreen):
    """Names and values; Enter opens the value under the cursor, ``y`` copies it."""

    view_name: ClassVar[str] = "templates"
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "list",
        "task",
        "instance",
        "entries",
        "templates",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "list", "task", "instance", "entries", "templates"
    )

    def reader(self) -> Read:
        return read_templates

    def show_entries(self) -> None:
        """Show the fields."""
        assert self.facts is not None
        assert self.snapshot is not None
        more: TemplatesFacts = self.snapshot.own
        one = self.current_try()
        why_not = self.missing_words()
        if one is not None and one.state == TaskInstanceState.SUCCESS:
            why_not = "the task has none"
        width = self.app.size.width
        entries = template_entries(more, self.facts.run.conf, why_not, width)
        self.view.show(EntryLines(entries))

    def field_now(self) -> TemplateField | None:
        """The field under the cursor."""
        field: TemplateField | None = self.entry_now()
        return field

    def action_open(self) -> None:
        """Open the field under the cursor."""
        field = self.field_now()
        if field is None:
            self.dagtop.say("put the cursor on a field")
        else:
            self.dagtop.ways.open_text((*self.crumbs(), field.name), field.text())

    def action_copy(self) -> None:
        """Copy the field under the cursor."""
        field = self.field_now()
        if field is None:
            self.dagtop.say("put the cursor on a field")
        else:
            self.dagtop.copy(field.text(), field.name)
