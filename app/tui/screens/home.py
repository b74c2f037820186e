"""Home: what runs, what failed, what is due; for a terminal that is left open all day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.machine import Machine, MachineSampler, Watch
from app.tui.models.home import day_line, failed_groups, failure_target, newest, panels, unseen
from app.tui.models.panels import TWO_COLUMNS, Panel, Target
from app.tui.reading import DagsSnapshot
from app.tui.reading_home import (
    HomeSnapshot,
    InstancesOfRun,
    SeenFile,
    read_failed,
    read_home,
    seen_file,
)
from app.tui.screens.acting import ask_clear, selections
from app.tui.screens.places import PlaceScreen
from app.tui.screens.views import PLACES
from app.tui.spans import Span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.panels_view import PanelsView

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from store.engine import Store


class Sampled(Message):
    """The machine was looked at."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.machine = machine

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Sampled)


class HomeScreen(PlaceScreen):
    """Panels of what needs eyes."""

    view_name: ClassVar[str] = "home"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "place", "list", "home")
    BINDINGS: ClassVar[list[BindingType]] = bindings("place", "list", "home")
    sampler: ClassVar[Callable[[Path], Any]] = MachineSampler
    """What samples the machine; another one in tests."""

    def __init__(self) -> None:
        super().__init__()
        self.snapshot: HomeSnapshot | None = None
        self.machine: Machine | None = None
        self.with_seen = False
        self._seen_file: SeenFile | None = None
        self._watch: Watch[Machine] | None = None

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="day")
        yield PanelsView(widget_id="main")

    @property
    def view(self) -> PanelsView:
        return self.query_one("#main", PanelsView)

    @property
    def seen_file(self) -> SeenFile:
        """Where it is remembered until when failures were seen."""
        if self._seen_file is None:
            self._seen_file = seen_file(self.dagtop.workspace)
        return self._seen_file

    # what is shown

    def fetch(self) -> Fetch:
        return partial(read_home, seen=self.seen_file, clock=self.dagtop.clock)

    def show_snapshot(self, snapshot: HomeSnapshot) -> None:
        self.snapshot = snapshot
        self.show_panels()

    def show_panels(self) -> None:
        """Show what is known."""
        if self.is_there:
            self.view.show(self.panels())
            if self.snapshot is not None:
                day = day_line(self.snapshot.day, self.dagtop.scene())
                self.query_one("#day", InfoLine).line = day

    def panels(self) -> tuple[Panel, ...]:
        """All panels, or one that says that they are coming."""
        if self.snapshot is None or not self.dagtop.runner_known:
            words = "" if self.dagtop.trouble else "reading ..."
            return (Panel("home", (Span("Home", "title"),), (), words),)
        runner = self.dagtop.runner
        return panels(
            self.snapshot,
            runner,
            self.machine,
            self.dagtop.scene(),
            with_seen=self.with_seen,
            can_act=not self.dagtop.read_only,
            short=self.app.size.width < TWO_COLUMNS and self.app.size.height < 36,
        )

    def show_runner(self) -> None:
        super().show_runner()
        self.show_panels()

    def tick(self) -> None:
        self.show_panels()

    def resized(self) -> None:
        super().resized()
        self.show_panels()

    # the machine is looked at while it is shown

    def resumed(self) -> None:
        super().resumed()
        if self._watch is None:
            sampler = type(self).sampler(self.dagtop.workspace.root)
            self._watch = Watch(sampler.sample, lambda machine: self.post_message(Sampled(machine)))
        self._watch.start()

    def suspended(self) -> None:
        super().suspended()
        if self._watch is not None:
            self._watch.stop()

    def on_unmount(self) -> None:
        self.suspended()

    def on_sampled(self, message: Sampled) -> None:
        self.machine = message.machine
        self.show_panels()

    # actions

    def on_panels_view_chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Open what is under the cursor."""
        row = self.view.current
        if row is not None and row.target is not None:
            self._open(row.target)

    def _open(self, target: Target) -> None:
        app = self.dagtop
        if target.kind == "task" and target.task_id is not None:
            app.ways.open_log(target.name, target.run_id, target.task_id, target.map_index)
        elif target.kind == "run":
            app.ways.open_run(target.name, target.run_id)
        elif target.kind == "dag":
            app.ways.open_dag(target.name)
        elif target.kind == "errors":
            self._open_errors()
        elif target.name in PLACES:
            self.action_show_view(target.name)
            app.ways.drilled = target.name

    def action_clear(self) -> None:
        """Run again all that failed of what the row stands for."""
        row = self.view.current
        target = row.target if row is not None else None
        snapshot, groups = self.snapshot, []
        if snapshot is not None:
            groups = failed_groups(snapshot, with_seen=self.with_seen)
        same = next((one for one in groups if failure_target(one[0]) == target), [])
        if target is None or target.task_id is None or not same:
            self.dagtop.say("no failed task is under the cursor")
            return

        def then(failed: list[InstancesOfRun]) -> None:
            if not self.is_there:
                return
            chosen = [
                part
                for run, every, broken in failed
                for part in selections(run.dag_id, run.run_id, broken, every)
            ]
            if chosen:
                ask_clear(self.dagtop, chosen)
            else:
                self.dagtop.say("none of them is failed any more")

        self.dagtop.read_first(partial(read_failed, failures=same), then)

    def action_favourite(self) -> None:
        """Give the DAG of the row a star, or take it away."""
        from app.tui.screens.favouring import turn_favourite

        row = self.view.current
        target = row.target if row is not None else None
        if target is None or target.kind not in ("run", "task", "dag"):
            self.dagtop.say("no DAG is under the cursor")
            return
        turn_favourite(self.dagtop, [target.name])
        self.show_panels()

    def _open_errors(self) -> None:
        errors = self.snapshot.errors if self.snapshot else ()
        self.dagtop.ways.open_errors(DagsSnapshot((), errors))

    def action_seen(self) -> None:
        """Remember that all failures that are shown were seen."""
        if self.snapshot is None:
            return
        new = unseen(self.snapshot.failures, self.snapshot.seen)
        moment = newest(new)
        if moment is None:
            self.dagtop.say("nothing new has failed")
            return
        file = self.seen_file

        def remember(_: Store) -> str:
            try:
                file.write(moment)
            except OSError as error:
                return f"it can't be remembered: {error}"
            return ""

        def then(trouble: str) -> None:
            words = f"{len(new)} seen; Z shows them"
            if not trouble:
                self.dagtop.undos.cannot(f"{len(new)} seen", "Z shows what was seen")
            self.dagtop.say(trouble or words, "error" if trouble else "text")
            self.dagtop.refresher.poke()

        self.dagtop.refresher.once(remember, then)

    def action_show_seen(self) -> None:
        """Show failures that were seen, too, or hide them."""
        self.with_seen = not self.with_seen
        self.show_panels()
        words = "with what you have seen, and what was ended by hand"
        self.dagtop.say(words if self.with_seen else "only what is new")
