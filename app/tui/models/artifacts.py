"""The files of a tracked run as a tree. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.tui import formats
from app.tui.columns import Column
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, span

if TYPE_CHECKING:
    from store.queries.tracked import ArtifactRow


@dataclass(frozen=True, slots=True)
class Node:
    """A file, or a folder of files."""

    path: str
    depth: int
    files: int
    """In the folder, however deep; 1: a file."""
    size: int
    """Of all of them together."""
    row: ArtifactRow | None = None
    """None: a folder."""
    is_folded: bool = False

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


def tree(rows: Sequence[ArtifactRow], folded: Collection[str] = (), words: str = "") -> list[Node]:
    """Folders and files as they stand below one another, folders first; ``folded``: folders whose
    files are not listed; ``words``: only files with all of these in their paths, nothing folded."""
    wanted = words.lower().split()
    rows = [row for row in rows if all(word in row.path.lower() for word in wanted)]
    sizes: dict[str, list[int]] = {}
    for row in rows:
        parts = row.path.split("/")[:-1]
        for deep in range(1, len(parts) + 1):
            found = sizes.setdefault("/".join(parts[:deep]), [0, 0])
            found[0] += 1
            found[1] += row.size
    nodes = [
        Node(path, path.count("/"), count, size, is_folded=path in folded and not wanted)
        for path, (count, size) in sizes.items()
    ]
    nodes += [Node(row.path, row.path.count("/"), 1, row.size, row) for row in rows]
    nodes.sort(key=_place)
    hidden = [f"{node.path}/" for node in nodes if node.is_folded]
    return [node for node in nodes if not node.path.startswith(tuple(hidden))] if hidden else nodes


def _place(node: Node) -> list[tuple[int, str]]:
    """Below its folder, after the folders beside it."""
    parts = node.path.split("/")
    return [(0, part) for part in parts[:-1]] + [(int(node.row is not None), parts[-1])]


def columns() -> list[Column[Node]]:
    """The columns of the tree."""
    return [
        Column("path", "file", 18, _name, most=60),
        Column("size", "size", 9, _size, right=True),
        Column("files", "files", 6, _files, right=True),
        Column("digest", "SHA-256", 12, _digest),
        Column("at", "logged", 10, _at),
    ]


def _name(node: Node, scene: Scene) -> Spans:
    glyphs = scene.glyphs
    indent = Span("  " * node.depth)
    if node.row is not None:
        return (indent, Span("  "), span(node.name))
    fold = glyphs.folded if node.is_folded else glyphs.unfolded
    return (indent, Span(f"{fold} ", "dim"), span(f"{node.name}/", "strong"))


def _size(node: Node, _: Scene) -> Spans:
    return (Span(formats.size(node.size), "dim" if node.row is None else "text"),)


def _files(node: Node, _: Scene) -> Spans:
    return () if node.row is not None else (Span(formats.count(node.files), "dim"),)


def _digest(node: Node, _: Scene) -> Spans:
    return () if node.row is None else (span(node.row.digest[:12], "dim"),)


def _at(node: Node, scene: Scene) -> Spans:
    if node.row is None:
        return ()
    return (Span(formats.clock(node.row.created_at, scene.now, scene.zone), "dim"),)
