"""Lists to pick from: which items a text leaves, and their lines. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.tui.spans import Span, Spans, fit, span, width_of


@dataclass(frozen=True, slots=True)
class Item:
    """Something that can be picked."""

    key: str
    name: str
    more: str = ""
    """What stands behind the name, dim: a count."""
    group: str = ""
    """Under which heading it stands; those of a group are together."""
    is_faint: bool = False


def left(items: Sequence[Item], text: str) -> list[Item]:
    """The items that have all words of a text in their names or groups, in any case."""
    words = text.lower().split()
    return [
        one for one in items if all(word in f"{one.group} {one.name}".lower() for word in words)
    ]


@dataclass(frozen=True, slots=True)
class PickLine:
    """A line of the list: a heading, or an item."""

    spans: Spans
    item: int | None = None
    """Its place among the items that are left."""


def lines_of(
    items: Sequence[Item],
    picked: Collection[str] | None,
    cursor: int,
    width: int,
    ellipsis: str = "…",
) -> list[PickLine]:
    """The lines; ``picked``: the keys of those with a cross in their box, None: there are none."""
    lines: list[PickLine] = []
    group = ""
    for place, one in enumerate(items):
        if one.group != group:
            group = one.group
            lines.append(PickLine((span(f" {group}", "heading"),)))
        lines.append(PickLine(_line(one, picked, place == cursor, width, ellipsis), place))
    return lines


def _line(
    one: Item, picked: Collection[str] | None, selected: bool, width: int, ellipsis: str
) -> Spans:
    ground = "@cursor" if selected else ""
    box = "" if picked is None else "[x] " if one.key in picked else "[ ] "
    more = span(one.more, f"dim{ground}")
    room = max(4, width - len(box) - 3 - width_of((more,)))
    name = fit((span(one.name, "dim" if one.is_faint else "text"),), room, ellipsis=ellipsis)
    named = tuple(Span(piece.text, f"{piece.role}{ground}") for piece in name)
    return (Span(f" {box}", f"accent{ground}"), *named, Span(" ", f"text{ground}"), more)
