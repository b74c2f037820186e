"""The lines of the table of tracked runs: pins on top, children below parents, groups. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.queries.tracked_table import GroupRow

DEEPEST = 20
"""Levels of nesting that are followed; there could be a ring."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line: a run, or the head of a group."""

    key: str
    run: int = 0
    """Its id; 0: it is none."""
    depth: int = 0
    children: int = 0
    """Runs that are nested in it and pass the filter."""
    folded: bool = False
    pinned: bool = False
    group: GroupRow | None = None
    more: int = 0
    """Runs of a group that aren't listed."""


def flat(ids: Sequence[int]) -> list[Line]:
    """A line for each run."""
    return [Line(str(key), key) for key in ids]


def pinned(ids: Sequence[int]) -> list[Line]:
    """The lines of what stands on top."""
    return [Line(str(key), key, pinned=True) for key in ids]


def nested(ids: Sequence[int], parents: Mapping[int, int], folded: Collection[int]) -> list[Line]:
    """Children below their parents, both in the order given; a child whose parent isn't there
    stands by itself."""
    there = set(ids)
    below: dict[int, list[int]] = {}
    tops: list[int] = []
    for key in ids:
        parent = parents.get(key)
        if parent is None or parent not in there or _is_in_ring(key, parents):
            tops.append(key)
        else:
            below.setdefault(parent, []).append(key)
    lines: list[Line] = []
    waiting = [(key, 0) for key in reversed(tops)]
    while waiting:
        key, depth = waiting.pop()
        children = below.get(key, ())
        is_folded = key in folded and bool(children)
        lines.append(Line(str(key), key, depth, len(children), is_folded))
        if not is_folded:
            waiting.extend((child, depth + 1) for child in reversed(children))
    return lines


def _is_in_ring(key: int, parents: Mapping[int, int]) -> bool:
    above = parents.get(key)
    for _ in range(DEEPEST):
        if above is None:
            return False
        above = parents.get(above)
    return True


def grouped(groups: Sequence[GroupRow], members: Mapping[str | None, Sequence[int]]) -> list[Line]:
    """The heads of groups; below those that are unfolded their runs."""
    lines: list[Line] = []
    for group in groups:
        unfolded = group.value in members
        lines.append(Line(group_key(group.value), folded=not unfolded, group=group))
        if unfolded:
            ids = members[group.value]
            lines.extend(Line(f"{group_key(group.value)}/{key}", key, 1) for key in ids)
            if (rest := group.runs - len(ids)) > 0:
                lines.append(Line(f"{group_key(group.value)}/more", depth=1, more=rest))
    return lines


def group_key(value: str | None) -> str:
    """The key of a group's line."""
    return "group" if value is None else f"group:{value}"


def parent_line(lines: Sequence[Line], place: int) -> Line | None:
    """The line that the one at a place is below of; None where it is below none."""
    if not 0 <= place < len(lines):
        return None
    depth = lines[place].depth
    for line in reversed(lines[:place]):
        if line.depth < depth:
            return line
    return None
