"""Backfills without a screen: columns, filter, lines. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.tui import formats
from app.tui.columns import Column
from app.tui.filters import Facts
from app.tui.models.grid import run_span
from app.tui.models.task_values import compact
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span
from app.tui.theme import Glyphs, run_look
from store.secrets import masked
from store.states import BACKFILL_STATE_LOOKS, BackfillState, DagRunState

if TYPE_CHECKING:
    from store.queries.backfills import BackfillRow

BAR = 6
"""Cells of the bar of progress."""

ROLES = {
    BackfillState.RUNNING: "state.run.running",
    BackfillState.PAUSED: "warning",
    BackfillState.FAILED: "state.run.failed",
    BackfillState.CANCELLED: "error",
    BackfillState.COMPLETED: "state.run.success",
}

REPROCESSED = {
    "none": "runs that were there are left alone",
    "failed": "failed runs that were there run again",
    "completed": "ended runs that were there run again",
}


def state_span(row: BackfillRow, glyphs: Glyphs) -> Span:
    """Glyph and word, in the colour of the state."""
    look = BACKFILL_STATE_LOOKS[row.state]
    glyph = look.ascii_glyph if glyphs.is_ascii else look.glyph
    return Span(f"{glyph} {look.word}", ROLES[row.state])


def period(row: BackfillRow, scene: Scene) -> str:
    """From when to when: days, and the times of this year that are no midnights of the zone."""
    moments = [formats.local(moment, scene.zone) for moment in (row.from_date, row.to_date)]
    this_year = formats.local(scene.now, scene.zone).year
    days = all((one.hour, one.minute, one.second) == (0, 0, 0) for one in moments)
    days = days or any(one.year != this_year for one in moments)
    first, last = (one.strftime("%Y-%m-%d" if days else "%m-%d %H:%M") for one in moments)
    return f"{first} to {last}"


def columns() -> list[Column[BackfillRow]]:
    """The columns, the most wanted first."""
    return [
        Column("id", "  ID  STATE", 17, _name_cell, lambda row: row.id, most=20, descending=True),
        Column("period", "LOGICAL DATES", 26, _period_cell, lambda row: row.from_date),
        Column("progress", "PROGRESS", 11, _progress_cell, _share),
        Column("runs", "RUNS", 16, _runs_cell, lambda row: row.failed, descending=True),
        Column("max", "MAX", 4, _limit_cell, lambda row: row.max_active_runs, right=True),
        Column("by", "BY", 10, _by_cell, lambda row: row.actor.lower()),
        Column("made", "MADE", 9, _made_cell, lambda row: row.created_at, descending=True),
        Column("reprocess", "REPROCESS", 9, _reprocess_cell, lambda row: row.reprocess),
        Column("conf", "CONF", 20, _conf_cell, conf_text, grows=True),
    ]


# cells


def _name_cell(row: BackfillRow, scene: Scene) -> Spans:
    return (Span(f"{row.id:>4}", "strong"), Span("  "), state_span(row, scene.glyphs))


def _period_cell(row: BackfillRow, scene: Scene) -> Spans:
    return (Span(period(row, scene), "text"),)


def _progress_cell(row: BackfillRow, scene: Scene) -> Spans:
    """How much of it has ended, as a bar and in percent."""
    share = _share(row)
    cells = min(BAR, int(share * BAR))
    done, left = ("#", ".") if scene.glyphs.is_ascii else ("█", "░")
    return (
        Span(done * cells, ROLES[row.state]),
        Span(left * (BAR - cells), "faint"),
        Span(f"{int(share * 100):>4}%", "text"),
    )


def _runs_cell(row: BackfillRow, scene: Scene) -> Spans:
    """Runs by state, those that need attention first."""
    ordered = sorted(row.runs.items(), key=lambda pair: run_look(pair[0]).order)
    parts: list[Spans] = [
        (run_span(state.value, scene.glyphs, formats.count(number)),) for state, number in ordered
    ]
    if not parts:
        parts.append((Span("none", "dim"),))
    return joined(parts, Span(" "))


def _limit_cell(row: BackfillRow, scene: Scene) -> Spans:
    return (Span(formats.count(row.max_active_runs), "text"),)


def _by_cell(row: BackfillRow, scene: Scene) -> Spans:
    return (span(row.actor, "dim"),)


def _made_cell(row: BackfillRow, scene: Scene) -> Spans:
    return (Span(formats.clock(row.created_at, scene.now, scene.zone), "text"),)


def _reprocess_cell(row: BackfillRow, scene: Scene) -> Spans:
    return (span(row.reprocess, "dim"),)


def _conf_cell(row: BackfillRow, scene: Scene) -> Spans:
    return (span(conf_text(row), "dim"),)


def _share(row: BackfillRow) -> float:
    """The part of its runs that has ended, 0 to 1; 1 where there is none to run."""
    return row.done / row.total if row.total else 0.0 if row.is_open else 1.0


def conf_text(row: BackfillRow) -> str:
    """The conf of its runs in one line; empty without one."""
    return compact(masked(row.conf)) if row.conf else ""


# the filter


def facts_of(row: BackfillRow) -> Facts:
    """What the filter can ask of a backfill."""
    return Facts(
        text=" ".join((str(row.id), row.actor, row.reprocess, conf_text(row))),
        flags=frozenset({row.state.value}),
        fields={
            "state": (row.state.value,),
            "by": (row.actor,),
            "id": (str(row.id),),
            "conf": (conf_text(row),),
        },
        numbers={
            "runs": float(row.total),
            "failed": float(row.failed),
            "queued": float(row.runs.get(DagRunState.QUEUED, 0)),
        },
    )


# lines


def detail_line(row: BackfillRow | None, scene: Scene) -> Spans:
    """What there is to say of the backfill under the cursor."""
    if row is None:
        return ()
    ended = f"{row.done:,} of {formats.plural(row.total, 'run')} ended"
    more = ", more are being made" if row.next_date is not None else ""
    limit = f"{row.max_active_runs:,} at once" + (", newest first" if row.run_backwards else "")
    parts: list[Spans] = [(Span(ended + more, "text"),)]
    if row.failed:
        parts.append((Span(f"{row.failed:,} failed", "state.run.failed"),))
    if row.paused_at is not None and row.is_open:
        since = formats.ago(row.paused_at, scene.now)
        parts.append((Span(f"paused {since}: p lets it go on", "warning"),))
    if row.cancelled_at is not None:
        parts.append((Span(f"cancelled {formats.ago(row.cancelled_at, scene.now)}", "error"),))
    parts.append((Span(limit, "dim"),))
    parts.append((Span(REPROCESSED.get(row.reprocess, row.reprocess), "dim"),))
    parts.append((span(f"by {row.actor} {formats.ago(row.created_at, scene.now)}", "dim"),))
    return (Span("  "), *joined(parts, Span(f" {scene.glyphs.dot} ", "faint")))


def backfills_named(rows: Sequence[BackfillRow]) -> str:
    """Some backfills in a few words: "backfill 3", "2 backfills"."""
    return f"backfill {rows[0].id}" if len(rows) == 1 else formats.plural(len(rows), "backfill")


def backfill_lines(rows: Sequence[BackfillRow], scene: Scene, most: int) -> list[Spans]:
    """The backfills as a question names them."""
    lines: list[Spans] = [(Span("DAG   ", "dim"), span(rows[0].dag_id))]
    lines.extend(
        (
            Span("      ", "dim"),
            Span(f"backfill {row.id}  ", "strong"),
            state_span(row, scene.glyphs),
            Span(f"  {period(row, scene)}  ", "text"),
            *_runs_cell(row, scene),
        )
        for row in rows[:most]
    )
    if len(rows) > most:
        more = formats.plural(len(rows) - most, "more backfill")
        lines.append((Span(f"      and {more}", "dim"),))
    return lines
