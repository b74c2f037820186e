"""The table of a task instance's XComs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.tui import formats
from app.tui.columns import Column
from app.tui.models.xcoms import kind_of, preview
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, span

if TYPE_CHECKING:
    from store.queries.tasks import XComRow


def xcom_columns() -> list[Column[XComRow]]:
    """Key, type, size, length, when, and the beginning of the value."""

    def key_cell(row: XComRow, scene: Scene) -> Spans:
        return (span(row.key, "strong"),)

    def type_cell(row: XComRow, scene: Scene) -> Spans:
        return (span(type_of(row), "accent"),)

    def size_cell(row: XComRow, scene: Scene) -> Spans:
        return (Span(formats.size(row.size)),)

    def length_cell(row: XComRow, scene: Scene) -> Spans:
        return () if row.length is None else (Span(f"{row.length:,}"),)

    def created_cell(row: XComRow, scene: Scene) -> Spans:
        return (Span(formats.clock(row.created_at, scene.now, scene.zone), "dim"),)

    def value_cell(row: XComRow, scene: Scene) -> Spans:
        return preview(row.value, row.size)

    return [
        Column("key", "KEY", 14, key_cell, lambda r: r.key, most=40),
        Column("type", "TYPE", 16, type_cell, type_of),
        Column("size", "SIZE", 8, size_cell, lambda r: r.size, right=True, descending=True),
        Column(
            "length",
            "LENGTH",
            7,
            length_cell,
            lambda r: -1 if r.length is None else r.length,
            right=True,
            descending=True,
        ),
        Column("created", "CREATED", 9, created_cell, lambda r: r.created_at),
        Column("value", "VALUE", 10, value_cell, grows=True),
    ]


def type_of(row: XComRow) -> str:
    """The type in words."""
    return kind_of(row.value)
