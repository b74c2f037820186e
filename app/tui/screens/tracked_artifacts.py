"""The files of a tracked run: a tree, and a preview of what is under the cursor."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.exporting import completed_path, typed_path, working_folder
from app.tui.formats import plural, size
from app.tui.models.artifacts import Node, columns, tree
from app.tui.models.previews import File, Room, preview
from app.tui.reading_tracked_run import Read, read_artifacts
from app.tui.screens.log_asking import folder_problem
from app.tui.screens.tracked_views import TrackedFocus, TrackedViewScreen
from app.tui.spans import Span, Spans, from_cell, span, width_of
from app.tui.themes import ANSI, PLAIN
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PathLine, PromptLine
from app.tui.widgets.table import Table
from app.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from store.queries.tracked import ArtifactRow
    from store.queries.tracked_page import TrackedPage

WIDE = 100
"""Columns from which on the preview stands beside the tree."""


class Middle(Horizontal):
    """The tree and the preview: beside each other where there is room."""

    def on_resize(self) -> None:
        self.set_class(self.size.width >= WIDE, "-wide")


@dataclass(slots=True)
class ArtifactsForm:
    """How the tree is looked at."""

    folded: set[str] = field(default_factory=set[str])
    words: str = ""
    path: str = ""
    large: bool = False
    """The preview has all the room."""


class TrackedArtifactsScreen(TrackedViewScreen):
    """Folders fold; the file under the cursor is shown."""

    view_name: ClassVar[str] = "artifacts"
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "list",
        "tracked_run",
        "tracked_acts",
        "tracked_artifacts",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "list", "tracked_run", "tracked_acts", "tracked_artifacts"
    )

    def __init__(self, focus: TrackedFocus | str) -> None:
        super().__init__(focus)
        self.form: ArtifactsForm = self.look.kept.setdefault("artifacts", ArtifactsForm())
        self._before_filter = ""
        self._previewed: tuple[object, ...] = ()
        self._came_back = False
        self._preview_lines: list[Spans] = []
        self._preview_left = 0
        """Cells of the preview that are left of what is seen."""

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="title")
        with Middle(id="middle"):
            yield Table(columns(), lambda node: node.path, empty="reading ...", widget_id="main")
            yield TextView(wrap=False, widget_id="preview")
        yield InfoLine(widget_id="file")
        yield PromptLine("/", widget_id="filter")
        yield PathLine("W", widget_id="save", stays=True)

    def mounted(self) -> None:
        super().mounted()
        self.preview_view.can_focus = False
        self.set_class(self.form.large, "-large")

    @property
    def table(self) -> Table[Node]:
        return self.query_one("#main", Table)

    @property
    def preview_view(self) -> TextView:
        return self.query_one("#preview", TextView)

    def remember(self) -> None:
        self.form.path = self.table.current_key or ""

    def reader(self) -> Read:
        return read_artifacts

    @property
    def rows(self) -> tuple[ArtifactRow, ...]:
        """All files."""
        return () if self.snapshot is None or self.snapshot.own is None else self.snapshot.own

    def show_page(self, page: TrackedPage) -> None:
        nodes = tree(self.rows, self.form.folded, self.form.words)
        self.table.empty = "It has no artifacts: dagtop.log_artifact(path) keeps a file with it."
        if self.form.words and not nodes:
            self.table.empty = "No file has these words in its path. Esc clears them."
        self.table.show(nodes)
        if not self._came_back and self.form.path:
            self.table.go_to(self.form.path)
        self._came_back = True
        right: list[Span] = []
        if self.form.words:
            right.extend((Span("/", "key"), span(f"{self.form.words}  ", "accent")))
        right.append(Span(f"{plural(page.artifacts, 'file')}, {size(page.artifact_bytes)}", "dim"))
        self.show_right(*right)
        self._show_preview()

    def show_missing(self, words: str) -> None:
        self.table.empty = words
        self.table.show([])
        self.preview_view.show([])

    def on_table_moved(self) -> None:
        self._show_preview()

    def on_table_chosen(self) -> None:
        self.action_open()

    def resized(self) -> None:
        super().resized()
        self.call_after_refresh(self._show_preview)

    # the preview

    def _file(self) -> File | None:
        node = self.table.current
        if node is None or node.row is None:
            return None
        digest = node.row.digest
        content = self.dagtop.workspace.artifacts / digest[:2] / digest
        return File(node.path, content, node.size, digest)

    def _show_preview(self) -> None:
        """Show what is under the cursor; a file is read in a thread."""
        if not self.is_there:
            return
        file, node = self._file(), self.table.current
        self._show_file_line(node)
        view = self.preview_view
        theme = self.dagtop.palette.theme
        room = Room(
            max(10, view.size.width - 2),
            max(4, view.size.height),
            self.dagtop.glyphs.is_ascii,
            theme not in (ANSI, PLAIN),
        )
        if (file, room) == self._previewed:
            return
        self._previewed = (file, room)
        if file is None:
            lines: list[Spans] = []
            if node is not None:
                words = f"{plural(node.files, 'file')}, {size(node.size)}. Enter folds it."
                lines = [(Span(words, "dim"),)]
            self._shown(lines)
        else:
            self.run_worker(self._preview(file, room), group="preview", exclusive=True)

    async def _preview(self, file: File, room: Room) -> None:
        lines = await asyncio.to_thread(self._read, file, room)
        if self.is_there and self._previewed == (file, room):
            self._shown(lines)

    def _read(self, file: File, room: Room) -> list[Spans]:
        """The preview; a content that is only under the URL is fetched before. In a thread."""
        from store.errors import StoreError
        from store.remote import local_path

        with suppress(StoreError):  # the preview says what is missing, and where
            local_path(self.dagtop.workspace, file.digest)
        return preview(file, room)

    def _shown(self, lines: list[Spans]) -> None:
        self._preview_lines, self._preview_left = lines, 0
        self.preview_view.position.top = 0
        self._paint_preview()

    def _paint_preview(self) -> None:
        left = self._preview_left
        self.preview_view.show(
            [(Span(" "), *from_cell(line, left)) for line in self._preview_lines]
        )

    def _show_file_line(self, node: Node | None) -> None:
        line: Spans = ()
        if node is not None:
            line = (Span(" "), span(node.path, "strong"), Span(f"  {size(node.size)}", "dim"))
            if node.row is not None:
                line = (*line, Span("  sha256:", "dim"), span(node.row.digest[:16], "dim"))
        info = self.query_one("#file", InfoLine)
        info.line = line
        info.right = (Span("J K", "key"), Span(" scroll the preview", "dim"))

    def action_preview_down(self) -> None:
        """Scroll the preview down."""
        self.preview_view.travel("half_down")

    def action_preview_up(self) -> None:
        """Scroll the preview up."""
        self.preview_view.travel("half_up")

    def action_preview_right(self) -> None:
        """Scroll the preview to the right: a table may be wider than the screen."""
        self._preview_sideways(1)

    def action_preview_left(self) -> None:
        """Scroll it back to the left."""
        self._preview_sideways(-1)

    def _preview_sideways(self, direction: int) -> None:
        width = max(10, self.preview_view.size.width - 2)
        widest = max((width_of(line) for line in self._preview_lines), default=0)
        new = self._preview_left + direction * (width // 2)
        new = max(0, min(new, widest - width))
        if new == self._preview_left:
            self.dagtop.say("there is nothing more of the preview that way")
            return
        self._preview_left = new
        self._paint_preview()

    def action_large(self) -> None:
        """Give the preview all the room, or the tree its own again."""
        self.form.large = not self.form.large
        self.set_class(self.form.large, "-large")
        if not self.form.large:
            self.call_after_refresh(self.table.focus)
        self.call_after_refresh(self._show_preview)

    # the tree

    def action_open(self) -> None:
        """Fold the folder; a file large."""
        node = self.table.current
        if node is None:
            self.dagtop.say("it has no artifacts")
        elif node.row is not None:
            self.action_large()
        else:
            self.form.folded ^= {node.path}
            self._again()

    def action_fold_all(self) -> None:
        """Fold all folders, or none."""
        folders = {node.path for node in tree(self.rows) if node.row is None}
        if not folders:
            self.dagtop.say("there are no folders")
            return
        self.form.folded = set() if self.form.folded else folders
        self._again()

    def _again(self) -> None:
        if self.page is not None:
            self.show_page(self.page)

    def step_back(self) -> bool:
        if self.form.large:
            self.action_large()
        elif self.form.words:
            self._look_for("")
        else:
            return False
        return True

    async def action_filter(self) -> None:
        """List only some files."""
        self._before_filter = self.form.words
        await self.query_one("#filter", PromptLine).open(self.form.words, "words of paths")

    def on_prompt_line_typed(self, message: PromptLine.Typed) -> None:
        if not isinstance(message, PathLine.Typed):
            self._look_for(message.text.strip())

    def on_prompt_line_escaped(self, message: PromptLine.Escaped) -> None:
        if not isinstance(message, PathLine.Escaped):
            self._look_for(self._before_filter)

    def _look_for(self, words: str) -> None:
        self.form.words = words
        self._again()

    # out of here

    def action_copy_path(self) -> None:
        """Copy the path of the content."""
        file = self._file()
        if file is None:
            self.dagtop.say("a file is wanted: this is a folder, or nothing")
        else:
            self.dagtop.copy(str(file.content), "the path of its content")

    async def action_save(self) -> None:
        """Ask where to write the file."""
        file = self._file()
        if file is None:
            self.dagtop.say("a file is wanted: this is a folder, or nothing")
            return
        prompt = self.query_one("#save", PathLine)
        prompt.completed = partial(completed_path, suffix="")
        name = span(file.name.rpartition("/")[2]).text
        await prompt.open(str(working_folder() / name), "path of a file")

    def on_path_line_entered(self, message: PathLine.Entered) -> None:
        """Write the file where that was typed."""
        file, text = self._file(), message.text.strip()
        wrong = "" if file is None or not text else self._save(file, text)
        if wrong:
            self.dagtop.say(wrong, "warning")
        else:
            self.query_one("#save", PathLine).close()

    def _save(self, file: File, text: str) -> str:
        """Begin to write it; what is wrong with the path, if anything."""
        try:
            path, found = typed_path(text)
            if found == "a folder":
                path, found = typed_path(str(path / file.name.rpartition("/")[2]))
            wrong = folder_problem(path.parent)
        except OSError as error:
            return f"that name can't be used: {error.strerror}"
        except ValueError:
            return "that name can't be used: a NUL is in it"
        if found != "nothing":
            return f"{path} exists already: give another name"
        if not wrong:
            self.run_worker(self._write(file, path), group="save")
        return wrong

    async def _write(self, file: File, path: Path) -> None:
        problem = await asyncio.to_thread(copy_content, file, path)
        if problem:
            self.dagtop.say(problem, "error")
        else:
            self.dagtop.say(f"wrote {size(file.size)} to {path}", "good")


def copy_content(file: File, path: Path) -> str:
    """Write a file's content to a path where nothing is yet; why that failed, if it did."""
    try:
        with file.content.open("rb") as source, path.open("xb") as target:
            try:
                shutil.copyfileobj(source, target)
            except OSError:
                path.unlink(missing_ok=True)
                raise
    except OSError as error:
        return f"it can't be written to {path}: {error.strerror}"
    return ""
