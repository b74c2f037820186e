"""The table of the XComs of all DAGs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.tui import formats
from app.tui.columns import Column
from app.tui.filters import Facts, Term
from app.tui.models.xcoms import kind_of
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span

if TYPE_CHECKING:
    from store.queries.xcoms import PlacedXCom, XComFilter


def key_of(row: PlacedXCom) -> str:
    """What tells a row from others."""
    return f"{row.dag_run_id} {row.xcom.task_id} {row.xcom.map_index} {row.xcom.key}"


def type_words(row: PlacedXCom) -> str:
    """The type; of a large value, of which nothing was read, what is known."""
    xcom = row.xcom
    if xcom.value:
        return kind_of(xcom.value, xcom.length)
    return f"{xcom.length:,} items" if xcom.length is not None else "large"


def task_words(row: PlacedXCom) -> str:
    """``train``, ``train[3]``."""
    index = row.xcom.map_index
    return row.xcom.task_id if index < 0 else f"{row.xcom.task_id}[{index}]"


def columns() -> list[Column[PlacedXCom]]:
    """DAG, task, key, type, size, run, when."""

    def dag_cell(row: PlacedXCom, scene: Scene) -> Spans:
        return (span(row.dag_id),)

    def task_cell(row: PlacedXCom, scene: Scene) -> Spans:
        index = row.xcom.map_index
        return (span(row.xcom.task_id), Span("" if index < 0 else f"[{index}]", "dim"))

    def key_cell(row: PlacedXCom, scene: Scene) -> Spans:
        return (span(row.xcom.key, "strong"),)

    def type_cell(row: PlacedXCom, scene: Scene) -> Spans:
        return (span(type_words(row), "accent"),)

    def size_cell(row: PlacedXCom, scene: Scene) -> Spans:
        return (Span(formats.size(row.xcom.size)),)

    def created_cell(row: PlacedXCom, scene: Scene) -> Spans:
        return (Span(formats.clock(row.xcom.created_at, scene.now, scene.zone), "dim"),)

    def run_cell(row: PlacedXCom, scene: Scene) -> Spans:
        return (span(formats.run_name(row.run_id), "dim"),)

    return [
        Column("dag", "DAG", 14, dag_cell, lambda r: r.dag_id.lower(), most=28),
        Column("task", "TASK", 19, task_cell, lambda r: (r.xcom.task_id, r.xcom.map_index)),
        Column("key", "KEY", 12, key_cell, lambda r: r.xcom.key.lower()),
        Column("type", "TYPE", 11, type_cell, type_words),
        Column("size", "SIZE", 8, size_cell, lambda r: r.xcom.size, right=True, descending=True),
        Column("created", "CREATED", 9, created_cell, lambda r: r.xcom.created_at),
        Column("run", "RUN", 24, run_cell, lambda r: r.run_id, grows=True),
    ]


def facts_of(row: PlacedXCom) -> Facts:
    """What the filter sees of a row."""
    xcom = row.xcom
    return Facts(
        text=f"{row.dag_id} {row.run_id} {task_words(row)} {xcom.key}",
        fields={
            "dag": [row.dag_id],
            "run": [row.run_id],
            "task": [task_words(row)],
            "key": [xcom.key],
            "type": [type_words(row)],
        },
        numbers={"size": float(xcom.size), "index": float(xcom.map_index)},
    )


def wanted_of(terms: tuple[Term, ...]) -> XComFilter:
    """What of a filter the store can look for by itself, among all XComs there are."""
    from store.queries.xcoms import XComFilter

    parts = {
        term.field: term.value for term in terms if term.operator in (":", "=") and not term.negated
    }
    words = tuple(term.value for term in terms if not term.field and not term.negated)
    return XComFilter(
        dag_id=parts.get("dag", ""),
        run_id=parts.get("run", ""),
        task_id=parts.get("task", "").partition("[")[0],
        key=parts.get("key", ""),
        words=tuple(word for word in words if "[" not in word),
    )


def detail_line(row: PlacedXCom | None, scene: Scene) -> Spans:
    """Run, task and key of the row under the cursor in full."""
    if row is None:
        return ()
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    parts: list[Spans] = [
        (span(row.run_id, "dim"),),
        (span(task_words(row), "dim"),),
        (span(row.xcom.key),),
        (Span(formats.stamp(row.xcom.created_at, scene.zone), "dim"),),
    ]
    return (Span("  "), *joined(parts, dot))
