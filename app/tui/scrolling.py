"""Where a list stands: pure arithmetic of cursor, first visible line and page."""

from __future__ import annotations

from dataclasses import dataclass

WHEEL = 3
"""Lines that one step of the mouse wheel scrolls."""


def step_of(way: str, page: int, count: int = 0) -> int:
    """Lines that the action ``list.<way>`` moves by where ``page`` of them are a page of ``count``;
    0 if it goes nowhere, as sideways."""
    half = (page + 1) // 2
    steps = {
        "down": 1,
        "up": -1,
        "page_down": page,
        "page_up": -page,
        "half_down": half,
        "half_up": -half,
        "top": -count,
        "bottom": count,
    }
    return steps.get(way, 0)


@dataclass(slots=True)
class Position:
    """A cursor in a list of ``count`` lines of which ``page`` are visible from ``top`` on."""

    count: int = 0
    page: int = 1
    cursor: int = 0
    top: int = 0

    def clamp(self) -> None:
        """Bring cursor and top back into the list and the cursor into view."""
        self.cursor = max(0, min(self.cursor, self.count - 1))
        page = max(1, self.page)
        if self.cursor < self.top:
            self.top = self.cursor
        elif self.cursor >= self.top + page:
            self.top = self.cursor - page + 1
        self.top = max(0, min(self.top, self.count - page))

    def move(self, step: int) -> None:
        """Move the cursor by lines."""
        self.cursor += step
        self.clamp()

    def jump(self, step: int) -> None:
        """Move cursor and view together, as paging does."""
        self.top += step
        self.cursor += step
        self.top = max(0, min(self.top, self.count - max(1, self.page)))
        self.clamp()

    def travel(self, way: str) -> None:
        """Move as the action ``list.<way>`` says; sideways it goes nowhere."""
        step = step_of(way, max(1, self.page - 1), self.count)
        if way.startswith(("page_", "half_")):
            self.jump(step)
        elif step:
            self.move(step)

    def scroll(self, step: int) -> None:
        """Move the view (mouse wheel); the cursor stays where it is unless it leaves the view."""
        page = max(1, self.page)
        self.top = max(0, min(self.top + step, self.count - page))
        self.cursor = max(self.top, min(self.cursor, self.top + page - 1))
        self.clamp()

    def thumb(self) -> tuple[int, int]:
        """First line and length of the scroll bar's thumb within the page; (0, 0): no bar."""
        page = max(1, self.page)
        if self.count <= page:
            return 0, 0
        length = max(1, page * page // self.count)
        span = self.count - page
        start = (page - length) * self.top // span if span else 0
        if self.top and not start:
            start = min(1, page - length)
        return start, length
