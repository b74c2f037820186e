"""Where a cursor goes: along edges, else to the nearest node that way."""

from __future__ import annotations

from collections.abc import Sequence

from app.tui.models.graph.layout import Layout

WAYS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
SIDEWAYS = 3
"""How much worse a cell aside is than a cell in the direction of the key."""

CONE = 2
"""How many cells aside for one ahead still are "that way"."""

TALL = 2
"""Cells are that much taller than wide."""


def step(
    layout: Layout,
    node: int,
    way: str,
    after: Sequence[Sequence[int]],
    before: Sequence[Sequence[int]],
    came_from: int | None = None,
) -> int | None:
    """The node that a key leads to: None if there is none that way.

    Along the layers a key follows the edges: to where the cursor came from if it may, else to the
    nearest layer, to the node there that is most nearly level. Across, a key goes to the next node
    of the layer.
    """
    forward, back = ("down", "up") if layout.downwards else ("right", "left")
    if way in (forward, back):
        neighbours = after[node] if way == forward else before[node]
        if came_from is not None and came_from in neighbours:
            return came_from
        if neighbours:
            return min(neighbours, key=lambda one: _apart(layout, node, one))
        return nearest(layout, node, way)
    for line in layout.layers:
        if node in line:
            index = line.index(node) + (1 if way in ("down", "right") else -1)
            if 0 <= index < len(line):
                return line[index]
    return nearest(layout, node, way)


def _apart(layout: Layout, node: int, other: int) -> tuple[int, int]:
    """How far two nodes are apart, along and across the layers."""
    one, two = layout.boxes[node], layout.boxes[other]
    along = abs(one.y - two.y) if layout.downwards else abs(one.x - two.x)
    return along, abs(layout.ports[node] - layout.ports[other])


def nearest(layout: Layout, node: int, way: str) -> int | None:
    """The nearest node that lies that way, and not too far aside."""
    right, down = WAYS[way]
    x, y = centre(layout, node)
    best: tuple[int, int] | None = None
    for one in range(len(layout.boxes)):
        other_x, other_y = centre(layout, one)
        across, below = other_x - x, (other_y - y) * TALL
        ahead = across * right + below * down
        aside = abs(across * down) + abs(below * right)
        if ahead > 0 and aside <= CONE * ahead:
            found = (ahead + SIDEWAYS * aside, one)
            best = found if best is None else min(best, found)
    return None if best is None else best[1]


def at_distance(layout: Layout, node: int, rows: int) -> int | None:
    """The node nearest to so many rows below a node (above, if negative)."""
    x, y = centre(layout, node)
    sign = 1 if rows > 0 else -1
    best: tuple[int, int] | None = None
    for one in range(len(layout.boxes)):
        other_x, other_y = centre(layout, one)
        if (other_y - y) * sign > 0:
            found = (abs(other_y - y - rows) * SIDEWAYS + abs(other_x - x), one)
            best = found if best is None else min(best, found)
    return None if best is None else best[1]


def centre(layout: Layout, node: int) -> tuple[int, int]:
    """The cell in the middle of a node."""
    box = layout.boxes[node]
    return box.x + box.width // 2, box.y + box.height // 2
