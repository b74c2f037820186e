"""Places in files as errors name them: ``dags/etl.py:43``, and the frames of tracebacks. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.queries.tasks import TryRow

_FRAME = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d{1,9})')


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file; 0: none in particular."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


def named_place(text: str | None) -> Place | None:
    """The place that ``file:line`` names; None if it names none."""
    file, _, line = (text or "").rpartition(":")
    return Place(file, int(line)) if file and line.isdecimal() else None


def frame_of(line: str) -> Place | None:
    """The place that a line of a traceback names."""
    found = _FRAME.match(line)
    return None if found is None else Place(found["file"], int(found["line"]))


def tracebacks(lines: Iterable[str]) -> list[list[Place]]:
    """The frames of each traceback in a text, the outermost first, as Python prints them."""
    found: list[list[Place]] = []
    inside = False
    for line in lines:
        place = frame_of(line)
        if place is not None and not inside:
            found.append([])
            inside = True
        if place is not None:
            found[-1].append(place)
        elif line.strip() and not line[:1].isspace():  # the error itself ends the traceback
            inside = False
    return found


def places_of_try(one: TryRow | None) -> list[Place]:
    """Where a try failed: in the user's code, then the frames around that."""
    if one is None:
        return []
    named = named_place(one.error_place)
    frames = tracebacks((one.traceback or "").split("\n"))
    inner = [place for stack in reversed(frames) for place in reversed(stack)]
    return [*([] if named is None else [named]), *inner]


def places_on_screen(lines: Sequence[str], folder: str) -> list[Place]:
    """The frames in the user's files of the first traceback in a log that has any, the innermost
    first. ``folder`` is the workspace's, with a slash."""
    for stack in tracebacks(lines):
        own = [one for one in stack if one.file.startswith(folder) or not one.file.startswith("/")]
        own = [one for one in own if not one.file.startswith("<")]
        if own:
            return own[::-1]
    return []
