"""Lines as characters: which arms each cell of a window has, and the character with these arms."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rich.cells import split_graphemes

from app.tui.models.graph.layout import Layout
from app.tui.spans import Span, Spans

NORTH, EAST, SOUTH, WEST = 1, 2, 4, 8
UNICODE_LINES = " ╵╶└╷│┌├╴┘─┴┐┤┬┼"
ASCII_LINES = " |-+||++-+-+++++"
"""By the sum of a cell's arms."""

MARGIN = 3
"""Cells around the cursor's node that are kept in the window."""


class Lines:
    """What there is in the rows (and columns) of a layout, so that a window finds it quickly."""

    def __init__(self, layout: Layout) -> None:
        self.nodes: dict[int, list[int]] = {}
        """Row -> the nodes in it."""
        self.heads: dict[int, list[int]] = {}
        """Row -> the nodes whose arrow head is in it."""
        self.labels: dict[int, list[int]] = {}
        """Row -> the nodes whose label is in it."""
        for node, box in enumerate(layout.boxes):
            for row in range(box.y, box.y + box.height):
                self.nodes.setdefault(row, []).append(node)
        for node, (_, row) in layout.arrows.items():
            self.heads.setdefault(row, []).append(node)
        for node, box in layout.labels.items():
            self.labels.setdefault(box.y, []).append(node)
        self._rows: dict[int, list[tuple[int, int, int]]] = {}
        self._columns: dict[int, list[tuple[int, int, int]]] = {}
        for hop, lines in enumerate(layout.hops):
            for x0, y0, x1, y1 in lines:
                if y0 == y1:
                    self._rows.setdefault(y0, []).append((x0, x1, hop))
                else:
                    self._columns.setdefault(x0, []).append((y0, y1, hop))

    def window(
        self, x: int, y: int, width: int, height: int, levels: Sequence[int]
    ) -> list[list[tuple[int, int]]]:
        """By row, the cells of a window: (arms, level).

        ``levels``: how important each hop is; a cell is as important as the most important hop
        in it. 0 is a cell without lines.
        """
        arms = [[0] * width for _ in range(height)]
        rank = [[0] * width for _ in range(height)]
        for row in range(height):
            for x0, x1, hop in self._rows.get(y + row, ()):
                if x1 < x or x0 >= x + width:
                    continue
                level, line, ranks = levels[hop], arms[row], rank[row]
                for column in range(max(x0, x) - x, min(x1, x + width - 1) - x + 1):
                    line[column] |= (EAST if column + x < x1 else 0) | (
                        WEST if column + x > x0 else 0
                    )
                    ranks[column] = max(ranks[column], level)
        for column in range(width):
            for y0, y1, hop in self._columns.get(x + column, ()):
                level = levels[hop]
                for row in range(max(y0, y) - y, min(y1, y + height - 1) - y + 1):
                    arms[row][column] |= (SOUTH if row + y < y1 else 0) | (
                        NORTH if row + y > y0 else 0
                    )
                    rank[row][column] = max(rank[row][column], level)
        return [list(zip(*pair, strict=True)) for pair in zip(arms, rank, strict=True)]


class Row:
    """Cells of one row of the window, to put texts into: a character and its role each."""

    def __init__(self, cells: Sequence[tuple[str, str]]) -> None:
        self.cells = list(cells)

    def put(self, x: int, width: int, line: Spans) -> None:
        """Write a line into ``width`` cells from ``x`` on; what is outside of the row is cut."""
        end = min(x + width, len(self.cells))
        role = ""
        for piece in line:
            role = piece.role
            for text, cells in graphemes(piece.text):
                if x + cells > end or not cells:
                    continue
                if x >= 0:
                    self.cells[x : x + cells] = [(text, role), *[("", role)] * (cells - 1)]
                else:
                    for cut in range(max(x, 0), max(x + cells, 0)):
                        self.cells[cut] = (" ", role)
                x += cells
        for rest in range(max(x, 0), end):
            self.cells[rest] = (" ", role)

    def head(self, x: int, text: str) -> None:
        """Write an arrow head over the line it ends."""
        if 0 <= x < len(self.cells):
            self.cells[x] = (text, self.cells[x][1])

    def spans(self) -> Spans:
        """The row, cells of one role together."""
        result: list[Span] = []
        text, role = "", ""
        for character, other in self.cells:
            if other != role and text:
                result.append(Span(text, role or "text"))
                text = ""
            text, role = text + character, other
        return (*result, Span(text, role or "text"))


@lru_cache(maxsize=4096)
def graphemes(text: str) -> tuple[tuple[str, int], ...]:
    """What a text is made of on screen: characters with what is combined with them, and cells."""
    return tuple((text[start:end], cells) for start, end, cells in split_graphemes(text)[0])


def arrow(layout: Layout, *, ascii_only: bool) -> str:
    """The head of an edge."""
    if ascii_only:
        return "v" if layout.downwards else ">"
    return "▼" if layout.downwards else "►"


def frame_of(layout: Layout, node: int, *, ascii_only: bool) -> tuple[str, str, str, str]:
    """A node's frame: the line above, left and right of the text, the line below."""
    box = layout.boxes[node]
    corners, flat, side = ("++++", "-", "|") if ascii_only else ("╭╮╰╯", "─", "│")
    above = corners[0] + flat * (box.width - 2) + corners[1]
    below = corners[2] + flat * (box.width - 2) + corners[3]
    right = side
    if node in layout.exits and layout.downwards:
        port = layout.ports[node] - box.x
        below = below[:port] + ("+" if ascii_only else "┬") + below[port + 1 :]
    elif node in layout.exits:
        right = "+" if ascii_only else "├"
    return above, side, right, below


def followed(start: int, first: int, size: int, window: int, whole: int) -> int:
    """Where a window starts, so that it shows cells ``first`` on with some room around them."""
    margin = MARGIN if size + 2 * MARGIN <= window else 0
    if first - margin < start:
        start = first - margin
    elif first + size + margin > start + window:
        start = min(first, first + size + margin - window)
    return panned(start, window, whole)


def panned(start: int, window: int, whole: int) -> int:
    """A window's start, brought back to where there is something to see."""
    return max(0, min(start, whole - window))
