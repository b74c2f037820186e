"""Pools without a screen: bars of slots, columns, who holds and waits. Pure."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING

from app.tui import formats
from app.tui.columns import Column
from app.tui.filters import Facts
from app.tui.formats import plural, run_name
from app.tui.models.grid import state_span
from app.tui.models.instance import instance_name
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, fit, joined, span
from app.tui.theme import Glyphs, task_look

if TYPE_CHECKING:
    from store.queries.admin import SlotRow
    from store.queries.pools import PoolRow

BAR, WIDE_BAR = 20, 60
"""Cells of a bar, on a narrow and on a wide terminal."""
DEFAULT_POOL = "default_pool"
"""As in ``store.queries.pools``, which must not be loaded before the first paint."""
MOST_SLOTS = 10**9

PARTS = (
    ("running", "█", "#", "state.running"),
    ("deferred", "▓", "=", "state.deferred"),
    ("queued", "▒", "+", "state.queued"),
    ("open", "░", ".", "faint"),
)
"""Part of a pool, its glyph, the ASCII one, its role; in the order of the bar."""


def slot_parts(pool: PoolRow) -> dict[str, int]:
    """Slots by what they are doing. Of a pool without a limit none are open."""
    return {
        "running": pool.running,
        "deferred": pool.deferred if pool.include_deferred else 0,
        "queued": pool.queued,
        "open": max(0, pool.open or 0),
    }


def shares(parts: Mapping[str, int], width: int) -> dict[str, int]:
    """Cells of a bar of ``width`` for each part: in proportion, at least one for what there is."""
    total = sum(parts.values())
    if not total:
        return dict.fromkeys(parts, 0)
    cells = {
        name: max(1, number * width // total) if number else 0 for name, number in parts.items()
    }
    while (missing := width - sum(cells.values())) != 0:
        by_rest = {name: parts[name] * width / total - cells[name] for name in parts if parts[name]}
        if missing > 0:
            cells[max(by_rest, key=lambda name: by_rest[name])] += 1
        else:
            wide = {name: rest for name, rest in by_rest.items() if cells[name] > 1}
            if not wide:
                break
            cells[min(wide, key=lambda name: wide[name])] -= 1
    return cells


def bar(pool: PoolRow, glyphs: Glyphs, width: int = BAR) -> Spans:
    """The slots as a bar: running, deferred, queued, open."""
    if not pool.exists:
        return (Span("does not exist", "error"),)
    if pool.slots < 0:
        return (Span("no limit", "dim"),)
    if not pool.slots and not pool.used:
        return (Span("no slots", "warning"),)
    cells = shares(slot_parts(pool), width)
    return tuple(
        Span((plain if glyphs.is_ascii else glyph) * cells[name], role)
        for name, glyph, plain, role in PARTS
        if cells[name]
    )


def legend(glyphs: Glyphs) -> Spans:
    """What the glyphs of a bar mean."""
    line: list[Span] = [Span(" ")]
    for name, glyph, plain, role in PARTS:
        line.extend((Span(plain if glyphs.is_ascii else glyph, role), Span(f" {name}  ", "dim")))
    return tuple(line)


def columns(width: int = 80) -> list[Column[PoolRow]]:
    """The columns."""
    wide = max(BAR, min(WIDE_BAR, BAR + (width - 80) // 4))

    def bar_cell(pool: PoolRow, scene: Scene) -> Spans:
        return bar(pool, scene.glyphs, wide)

    return [
        Column("name", "POOL", 14, _name_cell, lambda p: p.name.lower(), most=32),
        Column("bar", "SLOTS IN USE", wide, bar_cell, _share, descending=True),
        Column("used", "USED", 9, _used_cell, lambda p: p.used, right=True, descending=True),
        _figure("running", "RUN", 5),
        _figure("queued", "QUEUED", 6),
        _figure("scheduled", "WAIT", 5),
        Column("deferred", "DEFERRED", 9, _deferred_cell, lambda p: p.deferred, descending=True),
        Column(
            "description",
            "DESCRIPTION",
            14,
            lambda p, s: (span(p.description, "dim"),),
            lambda p: p.description,
            grows=True,
        ),
    ]


def _figure(name: str, title: str, width: int) -> Column[PoolRow]:
    def cell(pool: PoolRow, scene: Scene) -> Spans:
        number = getattr(pool, name)
        return (Span(formats.count(number), f"state.{name}" if number else "faint"),)

    return Column(name, title, width, cell, lambda p: getattr(p, name), right=True, descending=True)


def _name_cell(pool: PoolRow, scene: Scene) -> Spans:
    return (span(pool.name, "strong"),)


def _used_cell(pool: PoolRow, scene: Scene) -> Spans:
    used = formats.count(pool.used)
    if pool.slots < 0 or not pool.exists:
        return (Span(used, "text"), Span("/-", "dim"))
    full = pool.used >= pool.slots
    return (Span(used, "warning" if full else "text"), Span(f"/{formats.count(pool.slots)}", "dim"))


def _deferred_cell(pool: PoolRow, scene: Scene) -> Spans:
    role = "state.deferred" if pool.deferred else "faint"
    counted = Span(" held", "dim") if pool.include_deferred else Span("")
    return (Span(formats.count(pool.deferred), role), counted)


def _share(pool: PoolRow) -> float:
    return pool.used / pool.slots if pool.slots > 0 else float(pool.used > 0)


def facts_of(pool: PoolRow) -> Facts:
    """What the filter sees."""
    is_full = pool.slots >= 0 and pool.used >= pool.slots
    return Facts(
        text=f"{pool.name} {pool.description}",
        flags=frozenset({"full"} if is_full and pool.exists else {"missing"} if is_full else ()),
        fields={"pool": (pool.name,), "description": (pool.description,)},
        numbers={
            "slots": float(pool.slots),
            "used": float(pool.used),
            "open": None if pool.open is None else float(pool.open),
            "wait": float(pool.scheduled),
        },
    )


def detail_line(pool: PoolRow | None, scene: Scene) -> Spans:
    """What there is to say of the row under the cursor."""
    if pool is None:
        return ()
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    parts: list[Spans] = [(Span(state_words(pool), "dim"),)]
    if pool.scheduled:
        parts.append((Span(f"{plural(pool.scheduled, 'slot')} waited for", "state.scheduled"),))
    if pool.deferred:
        verb = "hold" if pool.include_deferred else "hold none"
        parts.append((Span(f"deferred tasks {verb}: {pool.deferred:,}", "dim"),))
    if pool.description:
        parts.append((span(pool.description, "dim"),))
    return (Span("  "), *joined(parts, dot))


def state_words(pool: PoolRow) -> str:
    """ "3 of 8 slots used, 5 open"."""
    if not pool.exists:
        return "no such pool: tasks that name it wait until e makes it"
    if pool.slots < 0:
        return f"{plural(pool.used, 'slot')} used, no limit"
    left = pool.slots - pool.used
    words = f"{pool.used:,} of {plural(pool.slots, 'slot')} used, "
    return words + (f"{left:,} open" if left >= 0 else f"{-left:,} more than there are")


def problems(texts: Mapping[str, str], known: Container[str]) -> dict[str, str]:
    """What is wrong with the fields of a pool (``known``: names that are taken)."""
    found: dict[str, str] = {}
    name = texts.get("name")
    if name is not None:
        if not name.strip():
            found["name"] = "a pool needs a name"
        elif name in known:
            found["name"] = f"there is a pool {name} already: e edits it"
    text = texts.get("slots", "")
    try:
        slots = int(text)
    except ValueError:
        found["slots"] = f"slots must be a whole number, not {text!r}; -1 is no limit"
        return found
    if slots < -1:
        found["slots"] = f"it can't have {slots} slots: give 0 or more, or -1 for no limit"
    elif slots > MOST_SLOTS:
        found["slots"] = f"it can't have more than {MOST_SLOTS} slots: -1 is no limit"
    return found


def problems_of_all(texts: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the fields of several pools: an empty one stays as it is in each."""
    return problems(texts, ()) if texts.get("slots") else {}


# who holds and waits


def slot_columns() -> list[Column[SlotRow]]:
    """The columns of the task instances that hold or wait for slots."""
    return [
        Column("task", "TASK", 18, _task_cell, lambda r: r.task_id.lower(), most=36),
        Column("state", "STATE", 14, _state_cell, lambda r: task_look(r.state).order),
        Column("slots", "SLOTS", 5, _slots_cell, lambda r: r.slots, right=True, descending=True),
        Column("since", "SINCE", 10, _since_cell, _since_key),
        Column("dag", "DAG", 16, lambda r, s: (span(r.dag_id),), lambda r: r.dag_id),
        Column(
            "run",
            "RUN",
            20,
            lambda r, s: (span(run_name(r.run_id), "dim"),),
            lambda r: r.run_id,
            grows=True,
        ),
    ]


def _task_cell(row: SlotRow, scene: Scene) -> Spans:
    return (span(instance_name(row.task_id, row.map_index, row.map_label), "strong"),)


def _state_cell(row: SlotRow, scene: Scene) -> Spans:
    return (state_span(row.state, scene.glyphs, f" {task_look(row.state).word}"),)


def _slots_cell(row: SlotRow, scene: Scene) -> Spans:
    return (Span(f"{row.slots:,}", "text"),)


def _since_cell(row: SlotRow, scene: Scene) -> Spans:
    return (Span(formats.clock(row.since, scene.now, scene.zone), "dim"),)


def _since_key(row: SlotRow) -> float:
    return row.since.timestamp() if row.since else 0.0


def slot_lines(rows: Sequence[SlotRow], total: int, scene: Scene) -> list[Spans]:
    """The task instances in lines, for the panel below the pools."""
    if not rows:
        return [(Span("  No task instance holds a slot of this pool or waits for one.", "dim"),)]
    names = [instance_name(row.task_id, row.map_index, row.map_label) for row in rows]
    widest = min(36, max(len(name) for name in names))
    lines: list[Spans] = []
    for row, name in zip(rows, names, strict=True):
        since = formats.clock(row.since, scene.now, scene.zone)
        words = f" {task_look(row.state).word}"
        state = state_span(row.state, scene.glyphs, words)
        slots = "" if row.slots == 1 else f"  {plural(row.slots, 'slot')}"
        lines.append(
            (
                Span("  "),
                *fit((state,), 18, ellipsis=scene.glyphs.ellipsis),
                *fit((span(name, "strong"),), widest, ellipsis=scene.glyphs.ellipsis),
                Span(f"  {since:<10}", "dim"),
                span(f"  {row.dag_id} {scene.glyphs.dot} {run_name(row.run_id)}", "dim"),
                Span(slots, "text"),
            )
        )
    if total > len(rows):
        lines.append((Span(f"  and {total - len(rows):,} more: Enter lists them", "dim"),))
    return lines


def slot_facts(row: SlotRow) -> Facts:
    """What the filter sees of a task instance."""
    word = task_look(row.state).word
    name = instance_name(row.task_id, row.map_index, row.map_label)
    return Facts(
        text=f"{name} {row.dag_id} {row.run_id}",
        flags=frozenset({word}),
        fields={
            "state": (word,),
            "dag": (row.dag_id,),
            "run": (row.run_id,),
            "task": (row.task_id,),
        },
        numbers={"slots": float(row.slots), "tries": float(row.try_number)},
    )
