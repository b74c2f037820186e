"""Schedules in words; what the runner says of one, and of a backfill, as lines. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app.recurring import due_words, left_out_words, run_words
from app.tui import formats
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, span

if TYPE_CHECKING:
    from store.queries.dags import DagRow

TIME_OF_DAY = re.compile(r"\d:\d\d")


NO_PERIODS = ("", "None", "@once", "@continuous", "Asset")
"""Schedules that have no times of their own."""


def has_periods(dag: DagRow) -> bool:
    """Whether the schedule in force has times for which runs can be made."""
    return dag.schedule not in NO_PERIODS


def has_ended(dag: DagRow, scene: Scene) -> bool:
    """Whether the schedule in force gives no run any more, as after its end date.

    Of a paused DAG nothing is computed that would say so, and without a runner of none.
    """
    if not scene.is_served or dag.is_paused or is_held(dag) or dag.schedule_error:
        return False
    return has_periods(dag) and dag.next_run_after is None


def is_held(dag: DagRow) -> bool:
    """Whether nothing of a DAG can start, be it on or off: no file defines it now."""
    return not dag.is_active or bool(dag.import_error)


def file_trouble(dag: DagRow) -> list[Spans]:
    """Why nothing of a DAG can start, as parts of the line about it; none: it can."""
    parts: list[Spans] = []
    if not dag.is_active:
        parts.append((span(no_file(dag.file), "error"),))
    if dag.import_error:
        parts.append((span(dag.import_error, "error"),))
    return parts


def no_file(file: str) -> str:
    """Of a DAG whose file is gone, or has it no more."""
    return f"{file} no longer defines it: its runs wait"


def no_backfill(dag: DagRow) -> str:
    """Why a DAG can't be backfilled, and what to do instead; empty: it can."""
    if has_periods(dag):
        return ""
    why = "has no schedule" if dag.schedule in ("", "None") else f"has the schedule {dag.schedule}"
    return f"{dag.dag_id} {why}, so no times to backfill: t triggers it, @ sets one"


def in_words(dag: DagRow, scene: Scene) -> str:
    """``At 06:15 every day``; with its time zone, where clocks show another time than the user's.

    Beside it stand times in the user's zone.
    """
    words = dag.schedule_words or dag.schedule
    if not words or words == "None":
        return "run by hand"
    here = formats.local(scene.now, scene.zone).utcoffset()
    if TIME_OF_DAY.search(words) and scene.now.astimezone(_zone(dag.timezone)).utcoffset() != here:
        return f"{words} ({dag.timezone})"
    return words


@lru_cache
def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    from app.tui.params import zone_of

    return zone_of(name)


def preview_lines(reply: Mapping[str, Any], scene: Scene, width: int = 0) -> list[Spans]:
    """A schedule in words, what it gives its runs, and when the next of them would be made.

    ``width``: where lines are few, the times come first, as many on a line as there is room for.
    """
    lines: list[Spans] = [means_line(reply)]
    if width:
        lines.extend(times_lines(reply, scene, width))
    lines.extend(
        (Span(f"{name:<10}", "dim"), span(text)) for name, text in run_words(reply.get("run"))
    )
    own = reply.get("file") or {}
    summary, words = own.get("summary", ""), own.get("words", "")
    tail = () if not words or words == summary else (span(f"  {words}", "dim"),)
    lines.append((Span("the file  ", "dim"), span(summary), *tail))
    return lines if width else [*lines, *times_lines(reply, scene)]


def means_line(reply: Mapping[str, Any]) -> Spans:
    """A schedule in words."""
    return (Span("means     ", "dim"), span(reply.get("words", ""), "strong"))


def times_lines(reply: Mapping[str, Any], scene: Scene, width: int = 0) -> list[Spans]:
    """When the next runs of a schedule would be made, one to a line unless there is a ``width``."""
    lines: list[Spans] = []
    if due := due_words(reply):
        lines.append((Span("now       ", "dim"), Span(due, "warning")))
    if left := left_out_words(reply, lambda at: f"{formats.local(at, scene.zone):%a %m-%d %H:%M}"):
        lines.append((Span("left out  ", "dim"), Span(left, "warning")))
    name, indent = "next      ", " " * 10
    times = [moment_spans(text, scene) for text in reply.get("times", ())]
    if width:
        times = _close_together(reply.get("times", ()), scene, width - len(name))
    lines.extend(
        (Span(indent if number else name, "dim"), *line) for number, line in enumerate(times)
    )
    if not reply.get("times") and not reply.get("due"):
        lines.append((Span(name, "dim"), Span("no further run", "warning")))
    return lines


def moment_spans(text: str, scene: Scene) -> Spans:
    """A time in the user's zone, and how far off it is."""
    moment = datetime.fromisoformat(text)
    words = formats.local(moment, scene.zone).strftime("%a %Y-%m-%d %H:%M:%S %Z")
    return (Span(f"{words}  "), Span(formats.countdown(moment, scene.now), "dim"))


def _close_together(texts: Sequence[str], scene: Scene, width: int) -> list[Spans]:
    """Times in the user's zone, several on a line, and how far off the first is."""
    lines: list[list[Span]] = [[]]
    for number, text in enumerate(texts):
        moment = datetime.fromisoformat(text)
        here, now = formats.local(moment, scene.zone), formats.local(scene.now, scene.zone)
        day = "%a %m-%d" if here.year == now.year else "%a %Y-%m-%d"
        words = here.strftime(f"{day} %H:%M:%S" if here.second else f"{day} %H:%M")
        away = "" if number else f" {formats.countdown(moment, scene.now)}"
        left = sum(len(one.text) for one in lines[-1])
        if left and left + 2 + len(words) > width:
            lines.append([])
        gap = "  " if lines[-1] else ""
        lines[-1] += [Span(f"{gap}{words}"), Span(away, "dim")]
    return [tuple(line) for line in lines if line]


def backfill_lines(reply: Mapping[str, Any], scene: Scene, most: int) -> list[Spans]:
    """The runs that a backfill would make or clear: how many, which, and what is left out."""
    runs = reply.get("runs", [])
    again, left = reply.get("again", 0), reply.get("left", 0)
    parts = [formats.plural(len(runs) - again, "new run")]
    if again:
        parts.append(f"{formats.plural(again, 'run')} again")
    if left:
        parts.append(f"{formats.plural(left, 'run')} there already, left alone")
    role = "strong" if runs else "warning"
    lines: list[Spans] = [(Span(", ".join(parts), role),)]
    if reply.get("ahead"):
        lines.append((Span("Times that are still to come are left out.", "dim"),))
    shown = runs if len(runs) <= most else [*runs[: most - 2], None, runs[-1]]
    for number, one in enumerate(shown):
        if one is None:
            lines.append(
                (Span(f"  ... {formats.plural(len(runs) - most + 1, 'more run')}", "dim"),)
            )
            continue
        run_id, date = one
        moment = formats.local(datetime.fromisoformat(date), scene.zone)
        place = number if len(runs) <= most or number < most - 2 else len(runs) - 1
        words = "again" if place >= len(runs) - again else "new"
        lines.append(
            (
                Span(f"  {words:<6}", "dim"),
                Span(moment.strftime("%a %Y-%m-%d %H:%M  ")),
                span(run_id, "dim"),
            )
        )
    return lines
