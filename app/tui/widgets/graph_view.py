"""The graph of a DAG: nodes joined by lines, a cursor on a node, a window that follows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip

from app.tui.models.graph.layout import Box, Graph, Layout, lay_out
from app.tui.models.graph.moving import at_distance, step
from app.tui.models.graph.nodes import (
    EDGE_ROLES,
    LABEL_MOST,
    edge_levels,
    matches,
    node_spans,
    related_to,
    toned,
)
from app.tui.models.graph.painting import (
    ASCII_LINES,
    UNICODE_LINES,
    Lines,
    Row,
    arrow,
    followed,
    frame_of,
    panned,
)
from app.tui.models.graph.shape import Picture, Shape, entry_labels, near, visible
from app.tui.scrolling import step_of
from app.tui.spans import Span, Spans, crop_text, fit, span, width_of
from app.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from store.queries.cells import Cell
    from store.queries.grid import Grid, GridRow

FORMS = ((False, True), (False, False), (True, True), (True, False))
"""(downwards, framed), in the order in which they are tried to fit."""

MOST_HOPS = 3
PAN = 8
"""Columns (and half as many rows) that the window is moved by."""

TEXTS = ("text", "dim", "faint", "strong")

FOLD_FROM = 60
"""Nodes from which on groups are folded at first, and frames are not tried."""

TOO_MANY = 300
"""Nodes from which on only one form is tried."""


@dataclass(slots=True)
class GraphForm:
    """How a graph is looked at; kept while other views are shown."""

    folded: set[str] = field(default_factory=set)
    form: tuple[bool, bool] | None = None
    """(downwards, framed); None: whatever fits."""
    hops: int = 0
    """How far the neighbourhood reaches that is shown; 0: everything is."""
    centre: str | None = None
    """Whose neighbourhood."""
    begun: bool = False


class GraphView(LineView, can_focus=True):
    """Paints a ``Shape`` with the states of a run; knows the cursor, folds, window and search."""

    class Moved(Message):
        """The cursor is on another node, or the node has changed."""

    class Chosen(Message):
        """A node was clicked twice."""

    def __init__(self, look: GraphForm, *, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id)
        self.look = look
        self.empty: tuple[str, ...] = ("The DAG has no tasks.",)
        """The lines that are shown where there are no nodes."""
        self.shape: Shape | None = None
        self.grid: Grid | None = None
        self.whole = Picture()
        self.picture = Picture()
        self.layout_now: Layout = lay_out(Graph((), ()))
        self.cursor: str | None = None
        self.words: tuple[str, ...] = ()
        self.x = self.y = 0
        self._came_from: str | None = None
        self._form = FORMS[0]
        self._cells: dict[str, Cell | None] = {}
        self._texts: list[Spans] = []
        self._widths: dict[str, int] = {}
        self._labels: dict[str, str] = {}
        self._numbers: dict[str, int] = {}
        self._lines = Lines(self.layout_now)
        self._levels: list[int] = []
        self._related: frozenset[str] = frozenset()
        self._marked: frozenset[str] = frozenset()
        self._window: list[list[tuple[int, int]]] = []

    # what is shown

    def show(self, shape: Shape, grid: Grid | None, task_id: str | None = None) -> None:
        """Show a DAG with the states of the run in ``grid`` (which has one, or none)."""
        another = shape != self.shape
        self.shape, self.grid = shape, grid
        if not self.look.begun:
            self.look.begun = True
            if sum(row.kind == "task" for row in shape.rows) > FOLD_FROM:
                self.look.folded = {row.id for row in shape.rows if row.kind == "group"}
        if another:
            self._widths.clear()
        self.lay_out(task_id or self.cursor, again=another)

    def lay_out(self, keep: str | None = None, *, again: bool = True) -> None:
        """Work out what is seen and where, with the cursor on ``keep`` or what stands for it.

        ``again``: the nodes are others than before, so that another form may fit.
        """
        if self.shape is None:
            return
        keep = keep or self.cursor
        self.whole = visible(self.shape, self.look.folded)
        keep = self.whole.inside.get(keep or "", None)
        look = self.look
        look.centre = self.whole.inside.get(look.centre or "", None)
        look.hops = look.hops if look.centre else 0
        self.picture = self.whole
        if look.hops and look.centre:
            self.picture = near(self.whole, look.centre, look.hops)
        self._numbers = {row.id: index for index, row in enumerate(self.picture.nodes)}
        if keep not in self._numbers:
            keep = self.picture.nodes[0].id if self.picture.nodes else None
        self._fill()
        if again:
            self._form = self.look.form or self._fitting()
        self._apply(self._form)
        self.go_to(keep, follow=again or keep != self.cursor)

    def _fill(self) -> None:
        """The texts of all nodes. Their widths only grow: counts come and go in a live run."""
        glyphs, grid = self.dagtop.glyphs, self.grid
        run = grid.runs[-1] if grid is not None and grid.runs else None
        self._cells = {
            row.id: grid.cell(run, row) if grid is not None and run is not None else None
            for row in self.picture.nodes
        }
        self._texts = [self.node_text(row) for row in self.picture.nodes]
        for row, text in zip(self.picture.nodes, self._texts, strict=True):
            self._widths[row.id] = max(self._widths.get(row.id, 0), width_of(text))
        self._labels = {
            node: crop_text(span(label).text, LABEL_MOST, glyphs.ellipsis)
            for node, label in self.line_labels().items()
        }

    def node_text(self, row: GridRow) -> Spans:
        """What stands in a node."""
        return node_spans(row, self._cells[row.id], self.dagtop.glyphs)

    def line_labels(self) -> dict[str, str]:
        """Node -> what stands at the line into it."""
        return entry_labels(self.picture)

    def _graph(self, form: tuple[bool, bool]) -> Graph:
        nodes = self.picture.nodes
        return Graph(
            tuple(self._widths[row.id] for row in nodes),
            tuple((self._numbers[a], self._numbers[b]) for a, b in self.picture.edges),
            tuple(cell_len(self._labels.get(row.id, "")) for row in nodes),
            downwards=form[0],
            framed=form[1],
        )

    def _fitting(self) -> tuple[bool, bool]:
        """The first form that fits into the window; else the one of which most is seen."""
        width, height = self.size
        number = len(self.picture.nodes)
        forms = FORMS if number <= FOLD_FROM else FORMS[1::2] if number <= TOO_MANY else FORMS[1:2]
        best = (0.0, 0)
        for place, form in enumerate(forms):
            found = lay_out(self._graph(form))
            if found.width <= width and found.height <= height:
                return form
            seen = min(1.0, width / found.width) * min(1.0, height / found.height)
            best = min(best, (-seen, place))
        return forms[best[1]]

    def _apply(self, form: tuple[bool, bool]) -> None:
        self._form = form
        found = lay_out(self._graph(form))
        if found is not self.layout_now:
            self.layout_now, self._lines = found, Lines(found)

    @property
    def downwards(self) -> bool:
        """Whether layers stand below each other."""
        return self._form[0]

    @property
    def row(self) -> GridRow | None:
        """The task or folded group under the cursor."""
        index = self._numbers.get(self.cursor or "")
        return None if index is None else self.picture.nodes[index]

    @property
    def current(self) -> Cell | None:
        """What the run holds of it."""
        return self._cells.get(self.cursor or "")

    # moving

    def travel(self, way: str) -> None:
        """Move as the action ``list.<way>`` says."""
        node = self._numbers.get(self.cursor or "")
        if node is None:
            return
        names = [row.id for row in self.picture.nodes]
        found: int | None
        if way in ("top", "bottom"):
            ends = self.layout_now.layers[0 if way == "top" else -1]
            found = ends[0 if way == "top" else -1] if ends else None
        elif way.startswith(("page_", "half_")):
            found = at_distance(self.layout_now, node, step_of(way, max(2, self.size.height - 2)))
        else:
            number = self._numbers
            after = [[number[one] for one in self.picture.downstream[name]] for name in names]
            before = [[number[one] for one in self.picture.upstream[name]] for name in names]
            came_from = number.get(self._came_from or "")
            found = step(self.layout_now, node, way, after, before, came_from)
        if found is not None:
            self.go_to(names[found])

    def go_to(self, node: str | None, *, follow: bool = True) -> None:
        """Put the cursor on a node; the window follows."""
        if node != self.cursor:
            self._came_from = self.cursor
        self.cursor = node if node in self._numbers else None
        self._related = related_to(self.picture, self.cursor)
        self._levels = edge_levels(self.layout_now, self.picture, self._cells, self.cursor)
        if follow:
            self._follow()
        self.refresh_window()
        self.post_message(self.Moved())

    def _follow(self) -> None:
        """Bring the cursor's node into the window."""
        index = self._numbers.get(self.cursor or "")
        if index is None or not self.size.width:
            return
        box, (width, height) = self.layout_now.boxes[index], self.size
        self.x = followed(self.x, box.x, box.width, width, self.layout_now.width)
        self.y = followed(self.y, box.y, box.height, height, self.layout_now.height)

    def pan(self, right: int, down: int) -> None:
        """Move the window; the cursor stays where it is."""
        width, height = self.size
        self.x = panned(self.x + right * PAN, width, self.layout_now.width)
        self.y = panned(self.y + down * PAN // 2, height, self.layout_now.height)
        self.refresh_window()
        self.post_message(self.Moved())

    def hidden(self) -> tuple[bool, bool, bool, bool]:
        """Whether there is more to the left, to the right, above, below."""
        layout, (width, height) = self.layout_now, self.size
        return (
            self.x > 0,
            self.x + width < layout.width,
            self.y > 0,
            self.y + height < layout.height,
        )

    # forms

    def fold(self) -> bool:
        """Unfold the group under the cursor, or fold the one around it; False: there is none."""
        row = self.row
        if row is None:
            return False
        group = row.id if row.kind == "group" else row.parent
        if group is None:
            return False
        self.look.folded ^= {group}
        self.lay_out(row.task_ids[0] if row.kind == "group" and row.task_ids else group)
        return True

    def fold_all(self) -> bool:
        """Fold all groups; if all are folded, unfold them. False if there are none."""
        if self.shape is None:
            return False
        groups = {row.id for row in self.shape.rows if row.kind == "group"}
        self.look.folded = set() if self.look.folded >= groups else groups
        row = self.row
        self.lay_out(row.task_ids[0] if row is not None and row.task_ids else None)
        return bool(groups)

    def turn(self) -> None:
        """Layers below each other instead of beside each other, or back."""
        self.look.form = (not self._form[0], self._form[1])
        self.lay_out()

    def frame(self) -> None:
        """Nodes with frames, or names alone."""
        self.look.form = (self._form[0], not self._form[1])
        self.lay_out()

    def fit(self) -> None:
        """The form that fits into the window."""
        self.look.form = None
        self.lay_out()

    def narrow(self) -> int:
        """Only the neighbourhood of the cursor's node: one step, two, three, everything again."""
        if self.cursor is not None:
            if not self.look.hops:
                self.look.centre = self.cursor
            self.look.hops = (self.look.hops + 1) % (MOST_HOPS + 1)
            self.lay_out()
        return self.look.hops

    def widen(self) -> bool:
        """Show everything again; False if it is shown."""
        if not self.look.hops:
            return False
        self.look.hops = 0
        self.lay_out()
        return True

    # the search

    @property
    def found(self) -> list[str]:
        """The nodes that the search finds, also those outside of the neighbourhood."""
        return matches(self.whole.nodes, self.words)

    def find(self, words: tuple[str, ...], start: str | None) -> bool:
        """Search from a node on; False if nothing is found."""
        self.words = words
        return self._go_to_found(start, 1, there=True)

    def find_next(self, direction: int) -> bool:
        """To the next node that is found, or the one before."""
        return self._go_to_found(self.cursor, direction, there=False)

    def _go_to_found(self, start: str | None, direction: int, *, there: bool) -> bool:
        names = [row.id for row in self.whole.nodes]
        found = set(self.found)
        if not found:
            self.refresh_window()
            return False
        at = names.index(start) if start in names else 0
        if not there:
            at += direction
        while names[at % len(names)] not in found:
            at += direction
        node = names[at % len(names)]
        if node not in self._numbers:
            self.look.centre = node
            self.lay_out(node)
        self.go_to(node)
        return True

    # painting

    def refresh_window(self) -> None:
        """Paint what the window shows now."""
        width, height = self.size
        self._marked = frozenset(self.found)
        self._window = self._lines.window(self.x, self.y, width, height, self._levels)
        self.repaint()

    def resized(self) -> None:
        super().resized()
        self.lay_out()

    def build(self, y: int) -> Strip:
        if self.shape is None or y >= len(self._window):
            return self.strip(())
        if not self.picture.nodes:
            words = self.empty[y - 1] if 1 <= y <= len(self.empty) else ""
            return self.strip((Span(f"  {words}", "dim"),))
        glyphs = self.dagtop.glyphs
        characters = ASCII_LINES if glyphs.is_ascii else UNICODE_LINES
        row = Row(
            [(characters[arms], EDGE_ROLES.get(level, "")) for arms, level in self._window[y]]
        )
        layout, at = self.layout_now, self.y + y
        for node in self._lines.heads.get(at, ()):
            head = arrow(layout, ascii_only=glyphs.is_ascii)
            row.head(layout.arrows[node][0] - self.x, head)
        for node in self._lines.labels.get(at, ()):
            box, text = layout.labels[node], self._labels.get(self.picture.nodes[node].id, "")
            row.put(box.x - self.x, box.width, (Span(f" {text} ", "dim"),))
        for node in self._lines.nodes.get(at, ()):
            box = layout.boxes[node]
            row.put(box.x - self.x, box.width, self._node_line(node, box, at - box.y))
        return self.strip(row.spans())

    def _node_line(self, node: int, box: Box, line: int) -> Spans:
        """One of the lines of a node: its text, or what is above and below in its frame."""
        name = self.picture.nodes[node].id
        related = name in self._related
        framed = box.height > 1
        text = toned(self._texts[node], self._cells.get(name), related=related)
        role = text[0].role if related else "faint"
        above, left, right, below = frame_of(
            self.layout_now, node, ascii_only=self.dagtop.glyphs.is_ascii
        )
        if framed and line != 1:
            return (Span(below if line else above, role),)
        if name in self._marked:
            text = tuple(Span(p.text, "match" if p.role in TEXTS else p.role) for p in text)
        inner = fit(text, box.width - (4 if framed else 2))
        ground = ""
        if name == self.cursor:
            ground = "@cursor" if self.has_focus else "@idle"
        content = tuple(Span(p.text, p.role + ground) for p in (Span(" "), *inner, Span(" ")))
        return (Span(left, role), *content, Span(right, role)) if framed else content

    # mouse

    def on_click(self, event: events.Click) -> None:
        x, y = event.x + self.x, event.y + self.y
        for node, box in enumerate(self.layout_now.boxes):
            if box.x <= x < box.x + box.width and box.y <= y < box.y + box.height:
                name = self.picture.nodes[node].id
                again = name == self.cursor and event.chain >= 2
                self.go_to(name)
                if again:
                    self.post_message(self.Chosen())
                return

    def on_mouse_scroll_down(self) -> None:
        self.pan(0, 1)

    def on_mouse_scroll_up(self) -> None:
        self.pan(0, -1)
