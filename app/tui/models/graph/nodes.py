"""What nodes and edges of a graph say of a run: texts, and how much each matters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from app.tui import formats
from app.tui.models.graph.layout import Layout
from app.tui.models.graph.shape import Picture
from app.tui.models.grid import counts_spans, state_span
from app.tui.spans import Span, Spans, fit, span, width_of
from app.tui.theme import Glyphs
from store.states import TaskInstanceState

if TYPE_CHECKING:
    from store.queries.cells import Cell
    from store.queries.grid import GridRow

MOST = 30
"""Cells of a node's text."""

LABEL_MOST = 24

NOT_TAKEN = (TaskInstanceState.SKIPPED, TaskInstanceState.REMOVED)
QUIET, PLAIN, BRIGHT = 1, 2, 3
"""How much an edge matters: on a branch not taken; any other; to or from the cursor."""

EDGE_ROLES = {QUIET: "faint", PLAIN: "dim", BRIGHT: "accent"}


def node_spans(row: GridRow, cell: Cell | None, glyphs: Glyphs) -> Spans:
    """``✓ train [] 12``: state, name, and of a mapped task or a group how many instances.

    Where their states differ, how many have which. The group around a task is named, as far as
    there is room.
    """
    state = None if cell is None else cell.state
    head = [state_span(state, glyphs), Span(" ")]
    tail: list[Span] = []
    if row.kind == "group":
        head.append(Span(f"{glyphs.folded} ", "accent"))
        number = len(row.task_ids) if cell is None else cell.instances
        tail.append(Span(f" {formats.count(number)}", "dim"))
    elif row.is_mapped:
        tail.append(Span(" []", "dim"))
        if cell is not None and cell.is_mapped:
            tail.append(Span(f" {formats.count(cell.instances)}", "dim"))
    if cell is not None and len(cell.counts) > 1:
        tail.extend((Span(" "), *counts_spans(cell.counts, glyphs)))
    room = max(8, MOST - width_of(head) - width_of(tail))
    name: Spans = (span(row.label),)
    prefix = row.id.removesuffix(row.label)
    if row.parent is not None and prefix != row.id:
        whole = (span(prefix, "dim"), *name)
        name = whole if width_of(whole) <= room else name
    if width_of(name) > room:
        name = fit(name, room, ellipsis=glyphs.ellipsis)
    return (*head, *name, *tail)


def toned(line: Spans, cell: Cell | None, *, related: bool) -> Spans:
    """A node's text as it looks beside the cursor's: what has nothing to do with it recedes."""
    if cell is not None and cell.state in NOT_TAKEN:
        return tuple(Span(piece.text, "faint") for piece in line)
    if related:
        return line
    return tuple(
        Span(piece.text, "dim") if piece.role in ("text", "accent") else piece for piece in line
    )


def edge_levels(
    layout: Layout,
    picture: Picture,
    cells: Mapping[str, Cell | None],
    cursor: str | None,
) -> list[int]:
    """How much each hop matters: as the most important of the edges that it is a part of."""
    levels = [QUIET] * len(layout.hops)
    names = [row.id for row in picture.nodes]
    left_out = {name for name in names if not_taken(cells.get(name))}
    before = after = frozenset[str]()
    if cursor is not None and cursor in picture.upstream:
        before = frozenset(picture.ancestors(cursor) | {cursor})
        after = frozenset(picture.descendants(cursor) | {cursor})
    for (source, target), hops in layout.routes.items():
        ends = (names[source], names[target])
        level = PLAIN
        if left_out and not left_out.isdisjoint(ends):
            level = QUIET
        elif before.issuperset(ends) or after.issuperset(ends):
            level = BRIGHT
        if level > QUIET:
            for hop in hops:
                levels[hop] = max(levels[hop], level)
    return levels


def not_taken(cell: Cell | None) -> bool:
    """Whether a node is on a branch that the run left out."""
    return cell is not None and cell.state in NOT_TAKEN


def related_to(picture: Picture, cursor: str | None) -> frozenset[str]:
    """The cursor's node, what leads to it and what follows from it."""
    if cursor is None or cursor not in picture.upstream:
        return frozenset()
    return frozenset(picture.ancestors(cursor) | picture.descendants(cursor) | {cursor})


def matches(nodes: Sequence[GridRow], words: Collection[str]) -> list[str]:
    """The nodes that have all the words in their id, or in the id of a task inside."""
    if not words:
        return []
    return [
        row.id
        for row in nodes
        if any(all(word in name.lower() for word in words) for name in (row.id, *row.task_ids))
    ]
