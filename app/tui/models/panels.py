"""Panels of rows that share the screen: who gets how much room, and where the cursor is. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.tui.scrolling import Position
from app.tui.spans import Span, Spans, fit, width_of

TWO_COLUMNS = 120
"""Columns of the terminal from which on panels stand beside one another."""

LEFT_SHARE = 0.58


@dataclass(frozen=True, slots=True)
class Target:
    """What Enter opens: a "run", a "task", a "dag", a "place", or the import "errors"."""

    kind: str
    name: str = ""
    """Of the DAG, or of the place."""
    run_id: str = ""
    task_id: str | None = None
    map_index: int = -1


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a panel; ``paint`` makes it for a width."""

    key: str
    paint: Callable[[int], Spans]
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """A heading with rows below it."""

    name: str
    title: Spans
    rows: tuple[Row, ...]
    empty: str = ""
    """What is said where there are no rows."""
    hint: Spans = ()
    """On the right of the heading."""
    is_right: bool = False
    """Stands in the right column where there are two."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a panel is, and how many of its rows are to be seen."""

    panel: Panel
    x: int
    y: int
    width: int
    height: int

    @property
    def page(self) -> int:
        """Lines below the heading."""
        return self.height - 1


def heights(wanted: Sequence[int], room: int, least: int = 2) -> list[int]:
    """Lines for each panel: all it wants where that fits, else the same share for all that want
    more than it. Those for which not even ``least`` lines are left get none, the last ones first.
    """
    shown = len(wanted)
    while shown and sum(min(one, least) for one in wanted[:shown]) > room:
        shown -= 1
    given = [min(one, least) for one in wanted[:shown]]
    left = room - sum(given)
    while left:
        hungry = [place for place in range(shown) if given[place] < wanted[place]]
        if not hungry:
            break
        smallest = min(given[place] for place in hungry)
        for place in hungry:
            if left and given[place] == smallest:
                given[place] += 1
                left -= 1
    return given + [0] * (len(wanted) - shown)


def arrange(panels: Sequence[Panel], width: int, height: int) -> tuple[Box, ...]:
    """Where the panels stand: below one another, or in two columns."""
    if width < TWO_COLUMNS:
        return _column(panels, 0, width, height)
    left = round(width * LEFT_SHARE)
    return (
        *_column([panel for panel in panels if not panel.is_right], 0, left - 1, height),
        *_column([panel for panel in panels if panel.is_right], left + 2, width - left - 2, height),
    )


def _column(panels: Sequence[Panel], x: int, width: int, height: int) -> tuple[Box, ...]:
    wanted = [1 + max(1, len(panel.rows)) for panel in panels]
    gap = 1 if sum(wanted) + len(panels) - 1 <= height else 0
    boxes: list[Box] = []
    y = 0
    for panel, lines in zip(panels, heights(wanted, height), strict=True):
        if lines:
            boxes.append(Box(panel, x, y, width, lines))
            y += lines + gap
    return tuple(boxes)


@dataclass(slots=True)
class Cursor:
    """The cursor that goes through all rows of all panels; keeps to its row when others come."""

    boxes: tuple[Box, ...] = ()
    panel: str = ""
    key: str = ""
    _tops: dict[str, int] = field(default_factory=dict)
    _index: int = 0

    def arranged(self, boxes: tuple[Box, ...]) -> None:
        """The panels are others, or stand elsewhere."""
        self.boxes = boxes
        places = self.places()
        if (self.panel, self.key) in places:
            self._go(places.index((self.panel, self.key)))
        else:
            near = [place for place, (name, _) in enumerate(places) if name == self.panel]
            self._go(max(near[0], min(self._index, near[-1])) if near else self._index)

    def places(self) -> list[tuple[str, str]]:
        """Panel and key of every row, in the order of the cursor."""
        return [(box.panel.name, row.key) for box in self.boxes for row in box.panel.rows]

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return next(
            (
                row
                for box in self.boxes
                if box.panel.name == self.panel
                for row in box.panel.rows
                if row.key == self.key
            ),
            None,
        )

    def move(self, step: int) -> None:
        """Go on by rows."""
        self._go(self._index + step)

    def turn(self, step: int) -> None:
        """Go to the first row of the next panel that has any, or of the one before."""
        names = list(dict.fromkeys(name for name, _ in self.places()))
        if names:
            here = names.index(self.panel) if self.panel in names else 0
            wanted = names[max(0, min(here + step, len(names) - 1))]
            first = next(place for place, one in enumerate(self.places()) if one[0] == wanted)
            self._go(first)

    def to(self, panel: str, key: str) -> None:
        """Go to a row."""
        places = self.places()
        if (panel, key) in places:
            self._go(places.index((panel, key)))

    def _go(self, index: int) -> None:
        places = self.places()
        self._index = max(0, min(index, len(places) - 1))
        if places:
            self.panel, self.key = places[self._index]

    def top(self, box: Box) -> int:
        """The first row of a panel to be seen; the cursor's row is among those that are."""
        rows = box.panel.rows
        position = Position(len(rows), box.page, top=self._tops.get(box.panel.name, 0))
        position.cursor = position.top
        if box.panel.name == self.panel:
            position.cursor = next((n for n, row in enumerate(rows) if row.key == self.key), 0)
        position.clamp()
        self._tops[box.panel.name] = position.top
        return position.top


def heading(box: Box, top: int, rule: str) -> Spans:
    """The line above a panel: title, a rule, hint, and how many rows are out of sight."""
    hidden = len(box.panel.rows) - box.page
    right: list[Span] = list(box.panel.hint)
    if hidden > 0:
        more = f"{top + 1}-{top + box.page} of {len(box.panel.rows)}"
        right += [Span("  ")] if right else []
        right.append(Span(more, "dim"))
    title = (Span(" "), *box.panel.title, Span(" "))
    tail = (Span(" "), *right, Span(" ")) if right else ()
    room = box.width - width_of(title) - width_of(tail)
    if room < 1:
        return fit(title, box.width)
    return (*title, Span(rule * room, "faint"), *tail)


def box_line(box: Box, y: int, cursor: Cursor, rule: str, ellipsis: str) -> tuple[Spans, bool]:
    """One line of a panel, exactly as wide as it, and whether the cursor is on it."""
    top = cursor.top(box)
    if y == 0:
        return heading(box, top, rule), False
    rows = box.panel.rows
    if not rows and y == 1:
        return fit((Span(f" {box.panel.empty}", "dim"),), box.width, ellipsis=ellipsis), False
    place = top + y - 1
    if place >= len(rows):
        return fit((), box.width), False
    row = rows[place]
    here = (box.panel.name, row.key) == (cursor.panel, cursor.key)
    line = (Span(" "), *row.paint(box.width - 2), Span(" "))
    return fit(line, box.width, ellipsis=ellipsis), here
