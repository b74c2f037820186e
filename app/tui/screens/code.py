"""One DAG: the source that a run's version was made from, and what differs between versions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.lines import Lines
from app.tui.models.code import definitions, first_line, version_line
from app.tui.models.grid import dag_line
from app.tui.reading_code import CodeSnapshot, read_code
from app.tui.screens.dag_views import DagFocus, DagViewScreen
from app.tui.screens.searching import SearchScreen
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.lines_view import LinesView
from app.tui.widgets.prompt import PromptLine

if TYPE_CHECKING:
    from app.tui.exporting import Export
    from app.tui.refresher import Fetch
    from store.queries.dags import DagRow


@dataclass(slots=True)
class CodeForm:
    """Which version of the source is looked at, and how."""

    version: int | None = None
    """None: that of the run in focus, else the newest."""
    compare: bool = False
    other: int | None = None
    """None: the version before."""
    cursor: int | None = None
    """None: of a file with several DAGs, where this one is defined."""
    run_id: str | None = None
    """The run that was in focus when this version was chosen."""
    go_to: str | None = None
    """A task whose definition is wanted."""
    said: str = ""
    """What is to be said of the cursor's line once it is shown."""


class CodeScreen(SearchScreen, DagViewScreen):
    """Source with line numbers; ``<`` and ``>`` change the version, ``D`` compares."""

    view_name: ClassVar[str] = "code"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "view", "lines", "code")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "view", "lines", "code")

    def __init__(self, focus: DagFocus) -> None:
        super().__init__(focus)
        self._asks_version = False
        self.snapshot: CodeSnapshot | None = None
        self.form: CodeForm = focus.kept.setdefault("code", CodeForm())
        if self.form.run_id != focus.run_id:
            self.form.run_id, self.form.version = focus.run_id, None
        self._start: int | None = self.form.cursor
        self._definitions: dict[str, int] = {}

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="dag")
        yield InfoLine(widget_id="version")
        yield LinesView(widget_id="main")
        yield PromptLine("/", widget_id="find")
        yield PromptLine("v", widget_id="against", stays=True)

    def remember(self) -> None:
        if self.snapshot is not None:
            self.form.cursor = self.view.cursor

    def follow(self) -> None:
        """Run or task were chosen in the grid at the side: to that version, to that task."""
        if self.form.run_id != self.look.run_id:
            self.form.run_id, self.form.version = self.look.run_id, None
        if not self.form.compare:
            self.form.go_to = self.look.task_id
        self.ask()

    def dag_now(self) -> DagRow | None:
        return None if self.snapshot is None else self.snapshot.dag

    # snapshots

    def fetch(self) -> Fetch:
        form = self.form
        return partial(
            read_code,
            dag_id=self.dag_id,
            run_id=self.look.run_id,
            wanted=form.version,
            compare=form.compare,
            other=form.other,
        )

    def show_snapshot(self, snapshot: CodeSnapshot | None) -> None:
        if snapshot is None:
            self.show_missing()
            return
        lines: Lines = snapshot.diff if snapshot.diff is not None else snapshot.source
        if lines is not self.view.lines:
            self._definitions = definitions(snapshot)
            if self._start is None and self.form.cursor is None and snapshot.diff is None:
                self._start = self.form.cursor = first_line(snapshot)
            self.view.show(lines, cursor=self._start)
        self._start = None
        if self.form.compare and snapshot.diff is None:
            self.dagtop.say("there is no version before to compare with")
            self.form.compare = False
        if self.form.go_to is not None:
            task_id, self.form.go_to = self.form.go_to, None
            self._go_to_definition(task_id)
        if self.form.said:
            self.dagtop.say(self.form.said)
            self.form.said = ""
        self._show_lines()

    def _show_lines(self) -> None:
        if self.snapshot is None:
            return
        scene = self.dagtop.scene()
        self.query_one("#dag", InfoLine).line = dag_line(self.snapshot.dag, scene)
        self.query_one("#version", InfoLine).line = version_line(self.snapshot, scene)
        self.show_status()

    def show_status(self) -> None:
        self.query_one("#version", InfoLine).right = self.status()

    def tick(self) -> None:
        super().tick()
        self._show_lines()

    def step_back(self) -> bool:
        if super().step_back():
            return True
        if self.form.compare:
            self.action_diff()
            return True
        return False

    # which version

    def _show_version(self, number: int | None, *, compare: bool | None = None) -> None:
        self.form.version = number
        if compare is not None:
            self.form.compare = compare
        self.ask_first()

    def action_older(self) -> None:
        """The version before."""
        self._turn(-1)

    def action_newer(self) -> None:
        """The next version."""
        self._turn(1)

    def _turn(self, direction: int) -> None:
        if self.snapshot is None:
            return
        number = self.snapshot.beside(self.form.version, direction)
        if number is None:
            self.dagtop.say(f"this is the {'newest' if direction > 0 else 'oldest'} version")
            return
        self.form.other = None
        self._show_version(number)

    def action_newest(self) -> None:
        """The newest version."""
        if self.snapshot is not None:
            if self.snapshot.version == self.snapshot.current:
                self.dagtop.say("this is the newest version")
            self._show_version(self.snapshot.current)

    def action_of_run(self) -> None:
        """The version of the run in focus."""
        if self.look.run_id is None:
            self.dagtop.say("the newest run is in focus: choose another in the grid")
        self._show_version(None)

    # the diff

    def action_diff(self) -> None:
        """Compare with the version before, or stop comparing."""
        if self.form.compare:
            self._leave_diff(None)
            return
        self.form.other = None
        self._start = 0
        self._show_version(self.form.version, compare=True)

    def _leave_diff(self, line: int | None) -> None:
        diff = self.snapshot.diff if self.snapshot is not None else None
        if line is None and diff is not None:
            line = diff.new_line(self.view.cursor)
        self._start = line or 0
        self._show_version(self.form.version, compare=False)

    async def action_other_side(self) -> None:
        """Ask for the version to compare with."""
        if self.snapshot is None:
            return
        numbers = self.snapshot.numbers
        if len(numbers) < 2:
            self.dagtop.say("there is only one version")
            return
        hint = f"number of a version to compare with: {numbers[-1]} to {numbers[0]}"
        self._asks_version = True
        await self.query_one("#against", PromptLine).open("", hint)

    def typed(self, text: str) -> None:
        if not self._asks_version:
            super().typed(text)

    def escaped(self) -> None:
        if not self._asks_version:
            super().escaped()
        self._asks_version = False

    def entered(self, text: str) -> None:
        if not self._asks_version:
            super().entered(text)
            return
        text, snapshot = text.strip(), self.snapshot
        if text and snapshot is not None:
            if not text.isdecimal() or int(text) not in snapshot.numbers:
                self.dagtop.say(f"there is no version {text}", "warning")
                return
            if int(text) == snapshot.version:
                self.dagtop.say(f"version {text} is the one shown: name another", "warning")
                return
        self._asks_version = False
        self.query_one("#against", PromptLine).close()
        if text and snapshot is not None:
            self.form.other, self._start = int(text), 0
            self._show_version(snapshot.version, compare=True)

    def line_now(self) -> int:
        if self.snapshot is None:
            return 0
        diff = self.snapshot.diff
        cursor = self.view.cursor if diff is None else diff.new_line(self.view.cursor)
        return 0 if cursor is None else cursor + 1

    def version_now(self) -> int | None:
        return None if self.snapshot is None else self.snapshot.version

    # tasks

    def action_definition(self) -> None:
        """Go to where the task in focus is defined."""
        if self.look.task_id is None:
            self.dagtop.say("no task is in focus: choose one in the grid; J goes to the next task")
        elif self.form.compare:
            self.form.go_to = self.look.task_id
            self._leave_diff(0)
        else:
            self._go_to_definition(self.look.task_id)

    def _go_to_definition(self, task_id: str) -> None:
        line = self._definitions.get(task_id)
        if line is None:
            self.dagtop.say(f"this version doesn't define {task_id} in its file", "warning")
        else:
            self.view.go_to(line)
            self.dagtop.say(f"{task_id} is defined here")

    def action_next_task(self) -> None:
        """To the next task, or the next part of a diff."""
        self._step(1)

    def action_previous_task(self) -> None:
        """To the task before, or the part before."""
        self._step(-1)

    def _step(self, direction: int) -> None:
        snapshot, here = self.snapshot, self.view.cursor
        if snapshot is None:
            return
        if snapshot.diff is not None:
            place = snapshot.diff.next_part(here, direction)
            if place is None:
                self.dagtop.say("there is no other part that way")
            else:
                self.view.go_to(place)
            return
        tasks = list(self._definitions.items())
        if direction < 0:
            tasks.reverse()
        for task_id, line in tasks:
            if (line - here) * direction > 0:
                self.look.task_id = task_id
                self._go_to_definition(task_id)
                return
        self.dagtop.say("no other task is defined that way")

    def action_open(self) -> None:
        """From a line of the diff to that line of the source."""
        if self.form.compare:
            self._leave_diff(None)
        else:
            self.dagtop.say("D compares with the version before; d goes to the task in focus")

    def on_lines_view_chosen(self) -> None:
        self.action_open()

    # out of here

    def text(self) -> str:
        """The whole source, or the diff as ``patch`` takes it."""
        if self.snapshot is None:
            return ""
        diff, other = self.snapshot.diff, self.snapshot.other
        if diff is None or other is None:
            return "\n".join(self.snapshot.source.texts) + "\n"
        file = self.snapshot.dag.file
        old, new = sorted((other, self.snapshot.version))
        return diff.unified(f"{file} version {old}", f"{file} version {new}")

    def exports(self) -> list[Export]:
        """The source, or the diff."""
        from app.tui.exporting import Export

        if self.snapshot is None:
            return []
        if self.snapshot.diff is not None:
            return [Export("the diff", "diff", self.text)]
        return [Export(f"the source of version {self.snapshot.version}", "py", self.text)]

    def action_copy_text(self) -> None:
        """Copy the whole source, or the diff."""
        if self.snapshot is not None:
            what = "the diff" if self.snapshot.diff is not None else self.snapshot.dag.file
            self.dagtop.copy(self.text(), what)
