"""The audit trail as a table: what happened, to what, by whom. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from app.text import sanitize_lines
from app.tui import formats
from app.tui.columns import Column
from app.tui.filters import Facts, Term
from app.tui.models.task_values import compact
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span
from app.zones import aware
from store.secrets import masked

if TYPE_CHECKING:
    from store.events import EventRow

MIDDLE, WIDE, WIDEST = 96, 110, 140
"""Columns of the terminal from which on the task of an event has a column of its own, then the
run; where DAGs have one, each a step later."""

MACHINE = "runner"
"""The actor of what nobody told the runner to do."""

_BAD = ("fail", "error", "lost", "refused", "killed", "upstream")
_AGO = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_VERSION = re.compile(r"version (\d+) of ")
_DAY = re.compile(r"\d\d-\d\d")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def kind_role(row: EventRow) -> str:
    """The colour of an event's kind: what went wrong, what went well, what somebody did."""
    if any(word in row.kind for word in _BAD):
        return "error"
    if "success" in row.kind:
        return "good"
    return "text" if row.actor == MACHINE else "accent"


def task_words(row: EventRow) -> str:
    """``train``, ``train[3]``, ``train[3] try 2``; empty where it is about no task."""
    if row.task_id is None:
        return ""
    index = "" if row.map_index is None or row.map_index < 0 else f"[{row.map_index}]"
    number = "" if not row.try_number or row.try_number < 2 else f" try {row.try_number}"
    return f"{row.task_id}{index}{number}"


def version_of(row: EventRow) -> int | None:
    """The version that a changed DAG got: the runner's message begins with it."""
    match = _VERSION.match(row.message) if row.kind == "dag_changed" else None
    return None if match is None else int(match[1])


def when(moment: datetime, scene: Scene) -> str:
    """A moment with its seconds; the day too, where it isn't today's."""
    then, today = formats.local(moment, scene.zone), formats.local(scene.now, scene.zone)
    if then.date() == today.date():
        return then.strftime("%H:%M:%S")
    form = "%m-%d %H:%M:%S" if then.year == today.year else "%Y-%m-%d"
    return then.strftime(form)


def columns(*, of_all_dags: bool, width: int) -> list[Column[EventRow]]:
    """Time, kind, who, on what, and the message in the room that is left."""

    def time_cell(row: EventRow, scene: Scene) -> Spans:
        return (Span(when(row.at, scene), "dim"),)

    def kind_cell(row: EventRow, scene: Scene) -> Spans:
        return (span(row.kind, kind_role(row)),)

    def actor_cell(row: EventRow, scene: Scene) -> Spans:
        return (span(row.actor, "dim" if row.actor == MACHINE else "strong"),)

    def dag_cell(row: EventRow, scene: Scene) -> Spans:
        return (span(row.dag_id or ""),)

    def run_cell(row: EventRow, scene: Scene) -> Spans:
        return (span(formats.run_name(row.run_id or ""), "dim"),)

    def task_cell(row: EventRow, scene: Scene) -> Spans:
        return (span(task_words(row)),)

    has_tasks = width >= (WIDE if of_all_dags else MIDDLE)

    def message_cell(row: EventRow, scene: Scene) -> Spans:
        task = "" if has_tasks else task_words(row)
        head = (span(task, "dim"), Span(" ")) if task else ()
        return (*head, span(row.message))

    shown = [
        Column("time", "TIME", 8, time_cell, lambda r: r.id, descending=True, most=14),
        Column("kind", "KIND", 17 if width < MIDDLE else 20, kind_cell, lambda r: r.kind),
        Column("who", "WHO", 8, actor_cell, lambda r: r.actor.lower()),
    ]
    if of_all_dags:
        shown.append(
            Column(
                "dag",
                "DAG",
                14 if width < MIDDLE else 18,
                dag_cell,
                lambda r: (r.dag_id or "").lower(),
            )
        )
    if width >= (WIDEST if of_all_dags else WIDE):
        shown.append(Column("run", "RUN", 21, run_cell, lambda r: r.run_id or ""))
    if has_tasks:
        shown.append(Column("task", "TASK", 18, task_cell, task_words))
    shown.append(Column("message", "MESSAGE", 12, message_cell, lambda r: r.message, grows=True))
    return shown


# the filter


def facts_of(row: EventRow) -> Facts:
    """What the filter sees of a row."""
    place = (row.dag_id or "", row.run_id or "", task_words(row))
    return Facts(
        text=f"{row.kind} {row.actor} {' '.join(place)} {row.message}",
        fields={
            "kind": [row.kind],
            "actor": [row.actor],
            "who": [row.actor],
            "dag": [place[0]],
            "run": [place[1]],
            "task": [place[2]],
        },
        numbers={"try": None if row.try_number is None else float(row.try_number)},
    )


def bounds_of(
    terms: Sequence[Term], scene: Scene
) -> tuple[tuple[Term, ...], datetime | None, datetime | None]:
    """The terms without ``since:`` and ``until:``, and the times that these name.

    2h (ago), 14:05 (today), 11-20, 2026-11-20, 2026-11-20t14:05, today, monday.
    """
    bounds: dict[str, datetime | None] = {}
    others: list[Term] = []
    for term in terms:
        if term.field in ("since", "until") and term.operator in (":", "="):
            bounds[term.field] = moment_of(term.value, scene)
        else:
            others.append(term)
    return tuple(others), bounds.get("since"), bounds.get("until")


def moment_of(text: str, scene: Scene) -> datetime | None:
    """The time that a word names, in the user's zone; None while it names none."""
    try:
        found = _ago(text, scene) or _on_the_clock(text, scene)
    except (OverflowError, ValueError):  # beyond the calendar, or no date yet
        return None
    return found if 1970 <= found.year <= 9000 else None


def _ago(text: str, scene: Scene) -> datetime | None:
    ago = _AGO.fullmatch(text)
    if ago is None:
        return None
    return scene.now - timedelta(seconds=float(ago[1]) * _UNITS[ago[2]])


def _on_the_clock(text: str, scene: Scene) -> datetime:
    today = formats.local(scene.now, scene.zone).date()
    days = [day for day in _DAYS if len(text) >= 2 and day.startswith(text)]
    if text in ("today", "yesterday") or len(days) == 1:
        back = int(text == "yesterday")
        if days:
            back = (today.weekday() - _DAYS.index(days[0])) % 7
        return aware(datetime.combine(today - timedelta(days=back), time()), scene.zone)
    if ":" in text and "-" not in text:
        found = datetime.combine(today, time.fromisoformat(text))
    else:
        found = datetime.fromisoformat(f"{today.year}-{text}" if _DAY.fullmatch(text) else text)
    return found if found.tzinfo else aware(found, scene.zone)


# the line and the panel below


def detail_line(row: EventRow | None, scene: Scene) -> Spans:
    """On what it was, and its figures in one line."""
    if row is None:
        return ()
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    parts: list[Spans] = [(span(row.message),)]
    if row.run_id:
        parts.append((Span("run ", "dim"), span(formats.run_name(row.run_id))))
    if row.task_id:
        parts.append((Span("task ", "dim"), span(task_words(row))))
    if row.details not in (None, {}, []):
        text = compact(masked(row.details))
        parts.append((span(text, "dim"),))
    return (Span("  "), *joined(parts, dot))


def event_lines(row: EventRow | None, scene: Scene) -> list[Spans]:
    """All about an event, for the panel."""
    if row is None:
        return [(Span(" No event is under the cursor.", "dim"),)]
    lines: list[Spans] = [
        (span(row.kind, kind_role(row)), Span("  "), Span(formats.stamp(row.at, scene.zone), "dim"))
    ]
    lines.extend((span(line, "strong"),) for line in sanitize_lines(row.message).split("\n"))
    facts = (
        ("who", row.actor),
        ("DAG", row.dag_id),
        ("run", row.run_id),
        ("task", task_words(row)),
        ("event", str(row.id)),
    )
    parts = [(Span(f"{name} ", "dim"), span(value)) for name, value in facts if value]
    lines.append(joined(parts, Span("  ")))
    if row.details not in (None, {}, []):
        text = json.dumps(masked(row.details), ensure_ascii=False, indent=2, default=str)
        lines.extend((span(line),) for line in sanitize_lines(text).split("\n"))
    return [(Span(" "), *line) for line in lines]
