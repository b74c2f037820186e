"""Rendered fields, params and conf of a task instance as lines. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.tui.models.task_values import compact, masked_as, value_lines
from app.tui.spans import Span, Spans, span

if TYPE_CHECKING:
    from app.tui.reading_task import TemplatesFacts

SHOWN = 40
"""Lines of one value; Enter opens it whole."""

LABEL = 20
"""Cells for the names."""


@dataclass(frozen=True, slots=True)
class TemplateField:
    """A value that has a name."""

    name: str
    value: Any

    def text(self) -> str:
        """The value as a text of its own, to be opened or copied."""
        return "\n".join(value_lines(self.value, 0))


TemplateEntry = tuple[Spans, TemplateField | None]


def template_entries(
    more: TemplatesFacts, conf: Mapping[str, Any] | None, why_not: str, width: int
) -> list[TemplateEntry]:
    """The lines of the screen. ``why_not``: why there are no rendered fields, if it is known."""
    entries: list[TemplateEntry] = _title("rendered fields")
    if more.rendered is None:
        words = why_not or "none: the task has none, or the try did not come to rendering them"
        entries.append(((Span(f"   {words}", "dim"),), None))
    elif not more.rendered:
        entries.append(((Span("   its operator has none", "dim"),), None))
    for name, value in (more.rendered or {}).items():
        entries.extend(_field(name, value, "", width))
    conf = conf or {}
    if more.params:
        entries.extend([((), None), *_title("params")])
        for name, default in more.params.items():
            given = name in conf and conf[name] != default
            note = f"default {compact(masked_as(name, default))}" if given else ""
            entries.extend(_field(name, conf.get(name, default), note, width))
    others = {name: value for name, value in conf.items() if name not in more.params}
    if others or not more.params:
        entries.extend([((), None), *_title("conf")])
        if not others:
            entries.append(((Span("   the run has none, and the DAG no params", "dim"),), None))
        for name, value in others.items():
            entries.extend(_field(name, value, "", width))
    return entries


def _title(words: str) -> list[TemplateEntry]:
    return [((Span(f" {words}", "heading"),), None)]


def _field(name: str, value: Any, note: str, width: int) -> list[TemplateEntry]:
    """A name and its value: beside it, or below it where it has several lines."""
    field = TemplateField(name, masked_as(name, value))
    lines = value_lines(field.value, width - LABEL - 6)
    while len(lines) > 1 and not lines[-1].strip():
        lines.pop()
    head = (Span("   "), span(f"{name:<{LABEL}}", "link"), Span(" "))
    aside = (span(f"   {note}", "dim"),) if note else ()
    if len(lines) == 1 and len(lines[0]) <= max(20, width - max(LABEL, len(name)) - 6):
        return [((*head, span(lines[0]), *aside), field)]
    entries: list[TemplateEntry] = [((*head, *aside), field)]
    entries.extend((((Span("      "), span(text))), field) for text in lines[:SHOWN])
    if len(lines) > SHOWN:
        more = f"      ... {len(lines) - SHOWN:,} more lines: Enter opens it"
        entries.append(((Span(more, "dim"),), field))
    return entries
