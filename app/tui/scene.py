"""What a text on screen depends on besides the data it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from app.tui.theme import Glyphs


@dataclass(frozen=True, slots=True)
class Scene:
    """The clock, the user's time zone (None: the machine's), and the characters to draw with."""

    now: datetime
    zone: tzinfo | None
    glyphs: Glyphs
