"""What a text on screen depends on besides the data it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from app.tui.spans import Span, Spans
from app.tui.theme import Glyphs


@dataclass(frozen=True, slots=True)
class Scene:
    """The clock, the user's time zone (None: the machine's), and the characters to draw with."""

    now: datetime
    zone: tzinfo | None
    glyphs: Glyphs
    folder: str = ""
    """Of the workspace, with a slash: places in its files are shown without it."""
    favourites: frozenset[str] = frozenset()
    """Ids of the DAGs that the user gave a star."""
    is_served: bool = True
    """Whether a runner keeps the store up to date."""

    def star(self, dag_id: str, before: str = "") -> Spans:
        """The star of a favourite DAG, with what stands before it; nothing of another."""
        return (Span(f"{before}{self.glyphs.star}", "accent"),) if dag_id in self.favourites else ()

    def place(self, path: str) -> str:
        """A file and line as people name it: below the workspace, if it is there."""
        return path.removeprefix(self.folder)
