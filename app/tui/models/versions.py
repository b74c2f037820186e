"""What changed between two versions of a DAG: tasks, schedule, params, source. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from app.tui.lines import Lines
from app.tui.models.diffs import DiffLine, diff_lines
from app.tui.models.source import Source
from app.tui.spans import Span, Spans, joined, span
from store.structure import DERIVED_OF_TASK

if TYPE_CHECKING:
    from store.structure import DagStructure

_NOT_DAGS = frozenset({"tasks", "groups", "roots", "edge_labels", "params", "timetable", "line"})
_WORDS = {"trigger_rule": "rule", "execution_timeout": "timeout", "upstream": "after"}


@dataclass(frozen=True, slots=True)
class Changes:
    """What a version has that another hasn't."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(task id, what of it in words)."""
    fields: tuple[tuple[str, str, str], ...] = ()
    """(field of the DAG, before, now): schedule, catchup, max_active_runs ..."""
    params: tuple[str, ...] = ()
    """"+ model 'als'", "horizon 7 -> 14"."""
    plus: int = 0
    """Lines of the source that came."""
    minus: int = 0


def changes_between(old: DagStructure, new: DagStructure, old_text: str, new_text: str) -> Changes:
    """What ``new`` has that ``old`` hasn't."""
    before = {task.task_id: task for task in old.tasks}
    after = {task.task_id: task for task in new.tasks}
    changed: list[tuple[str, tuple[str, ...]]] = []
    for name, task in after.items():
        if name in before and task != before[name]:
            words = tuple(_field_words(before[name], task, DERIVED_OF_TASK))
            if words:
                changed.append((name, words))
    plus, minus = counted_lines(old_text, new_text)
    return Changes(
        tuple(name for name in after if name not in before),
        tuple(name for name in before if name not in after),
        tuple(changed),
        tuple(_dag_fields(old, new)),
        tuple(_param_words(old, new)),
        plus,
        minus,
    )


def _field_words(
    old: msgspec.Struct, new: msgspec.Struct, without: frozenset[str]
) -> Iterable[str]:
    for name in old.__struct_fields__:
        before, after = getattr(old, name), getattr(new, name)
        if name in without or before == after:
            continue
        label = _WORDS.get(name, name)
        if name in ("fields", "doc_md", "callbacks", "template_fields", "expansion"):
            yield "arguments" if name == "fields" else label
        elif name == "upstream":
            yield f"{label} {', '.join(after) or 'nothing'}"
        else:
            yield f"{label} {_word(before)} -> {_word(after)}"


def _word(value: Any) -> str:
    if value is None or value in ("", []):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _dag_fields(old: DagStructure, new: DagStructure) -> Iterable[tuple[str, str, str]]:
    before, after = _schedule(old), _schedule(new)
    if before != after:
        yield "schedule", before, after
    for name in old.__struct_fields__:
        one, two = getattr(old, name), getattr(new, name)
        if name not in _NOT_DAGS and one != two:
            long = name in ("doc_md", "description")
            yield name, "" if long else _word(one), "" if long else _word(two)
    if [group.group_id for group in old.groups] != [group.group_id for group in new.groups]:
        yield "groups", str(len(old.groups)), str(len(new.groups))


def _schedule(structure: DagStructure) -> str:
    timetable = structure.timetable
    return timetable.summary or timetable.expression or timetable.kind


def _param_words(old: DagStructure, new: DagStructure) -> Iterable[str]:
    before = {param.name: param for param in old.params}
    after = {param.name: param for param in new.params}
    for name, param in after.items():
        if name not in before:
            yield f"+{name}"
        elif before[name].default != param.default:
            yield f"{name} {before[name].default!r} -> {param.default!r}"
        elif before[name] != param:
            yield f"~{name}"
    yield from (f"-{name}" for name in before if name not in after)


# as lines


def changes_line(changes: Changes) -> Spans:
    """All in one line: "+train ~evaluate, schedule, +12 -3 lines"."""
    parts: list[Spans] = []
    tasks = [span(f"+{name} ", "diff.added") for name in changes.added]
    tasks.extend(span(f"-{name} ", "diff.removed") for name in changes.removed)
    tasks.extend(span(f"~{name} ", "warning") for name, _ in changes.changed)
    if len(tasks) > 4:
        counts = (("+", changes.added), ("-", changes.removed), ("~", changes.changed))
        words = " ".join(f"{sign}{len(names)}" for sign, names in counts if names)
        tasks = [Span(f"{words} tasks", "warning")]
    if tasks:
        parts.append((*tasks[:-1], Span(tasks[-1].text.rstrip(), tasks[-1].role)))
    for name, before, after in changes.fields:
        words = f" {before} -> {after}" if name == "schedule" else ""
        parts.append((Span(name), span(words, "dim")))
    if changes.params:
        parts.append((Span("params"),))
    if changes.plus or changes.minus:
        lines = (Span(f"+{changes.plus}", "diff.added"), Span(f" -{changes.minus}", "diff.removed"))
        parts.append((*lines, Span(" lines", "dim")))
    for number, part in enumerate(parts[:-1]):
        parts[number] = (*part[:-1], Span(f"{part[-1].text},", part[-1].role))
    return joined(parts, Span(" ")) or (Span("nothing that is seen", "dim"),)


def changes_lines(changes: Changes) -> list[Spans]:
    """In several lines, for the head of a diff."""
    lines: list[Spans] = []
    for sign, names, role in (
        ("+", changes.added, "diff.added"),
        ("-", changes.removed, "diff.removed"),
    ):
        lines.extend((Span(f"{sign} task ", role), span(name, role)) for name in names)
    lines.extend(
        (Span("~ task ", "warning"), span(name), span(f"  {', '.join(words)}", "dim"))
        for name, words in changes.changed
    )
    for name, before, after in changes.fields:
        words = f"  {before} -> {after}" if before or after else ""
        lines.append((Span("~ ", "warning"), Span(name), span(words, "dim")))
    lines.extend((Span("~ param ", "warning"), span(word)) for word in changes.params)
    return lines


# the diff


def counted_lines(old_text: str, new_text: str) -> tuple[int, int]:
    """How many lines came, and how many went."""
    lines = diff_lines(old_text.splitlines(), new_text.splitlines())
    return sum(one.sign == "+" for one in lines), sum(one.sign == "-" for one in lines)


class Diff(Lines):
    """The changes of the structure, then the unified diff of the sources."""

    def __init__(self, old: Source, new: Source, changes: Changes) -> None:
        self._old, self._new = old, new
        self._diff = diff_lines(old.texts, new.texts)
        self._head = changes_lines(changes)
        if self._head:
            self._head.append(())
        if not self._diff:
            self._head.append((Span("The source is the same.", "dim"),))
        self._digits = max(old.gutter_width, new.gutter_width)
        self.gutter_width = 2 * self._digits + 1

    def __len__(self) -> int:
        return len(self._head) + len(self._diff)

    def _at(self, index: int) -> DiffLine | None:
        return self._diff[index - len(self._head)] if index >= len(self._head) else None

    def gutter(self, index: int) -> Spans:
        one = self._at(index)
        if one is None or one.sign == "@":
            return ()
        numbers = ["" if number is None else str(number + 1) for number in (one.old, one.new)]
        return (Span(" ".join(f"{number:>{self._digits}}" for number in numbers), "dim"),)

    def line(self, index: int) -> Spans:
        one = self._at(index)
        if one is None:
            return self._head[index]
        if one.sign == "@":
            old, new = (one.old or 0) + 1, (one.new or 0) + 1
            return (Span(f"@@ -{old} +{new} @@", "diff.place"),)
        if one.sign == " ":
            return (Span("  "), *self._new.line(one.new or 0))
        source, number = (self._new, one.new) if one.sign == "+" else (self._old, one.old)
        role = "diff.added" if one.sign == "+" else "diff.removed"
        return (
            Span(f"{one.sign} ", role),
            *(Span(piece.text, role) for piece in source.line(number or 0)),
        )

    def plain(self, index: int) -> str:
        one = self._at(index)
        if one is None or one.sign == "@":
            return super().plain(index)
        return self._old.texts[one.old or 0] if one.new is None else self._new.texts[one.new]

    def unified(self, old_name: str, new_name: str) -> str:
        """The diff of the sources as ``patch`` takes it; empty where they are the same."""
        if not self._diff:
            return ""
        lines = [f"--- {old_name}", f"+++ {new_name}"]
        starts = [number for number, one in enumerate(self._diff) if one.sign == "@"]
        for start, end in pairwise([*starts, len(self._diff)]):
            head, part = self._diff[start], self._diff[start + 1 : end]
            counts = [sum(one.sign in signs for one in part) for signs in (" -", " +")]
            firsts = [
                (first or 0) + (1 if count else 0)
                for first, count in zip((head.old, head.new), counts, strict=True)
            ]
            lines.append(f"@@ -{firsts[0]},{counts[0]} +{firsts[1]},{counts[1]} @@")
            for one in part:
                source, number = (self._old, one.old) if one.new is None else (self._new, one.new)
                lines.append(f"{one.sign}{source.texts[number or 0]}")
        return "\n".join(lines) + "\n"

    def next_part(self, index: int, direction: int) -> int | None:
        """Where the next part of the diff begins; None if there is none that way."""
        places = [number for number in range(len(self)) if _begins(self._at(number))]
        if direction > 0:
            return next((place for place in places if place > index), None)
        return next((place for place in reversed(places) if place < index), None)

    def new_line(self, index: int) -> int | None:
        """Index of the line in the newer source; of one that went, where it was."""
        one = self._at(index)
        if one is None:
            return None
        if one.new is not None:
            return one.new
        following = (self._at(number) for number in range(index, len(self)))
        return next((line.new for line in following if line and line.new is not None), None)


def _begins(line: DiffLine | None) -> bool:
    return line is not None and line.sign == "@"
