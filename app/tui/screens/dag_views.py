"""What the views of one DAG share: the line of views, and what is looked at from view to view."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from app.tui.screens.base import DagtopScreen
from app.tui.screens.triggering import trigger
from app.tui.spans import Span, Spans, width_of
from app.tui.widgets.chrome import InfoLine

if TYPE_CHECKING:
    from store.queries.dags import DagRow


@dataclass(slots=True)
class DagFocus:
    """What is looked at in one DAG. The views share one, so a run chosen in one holds in all."""

    dag_id: str
    run_id: str | None = None
    """None: the newest."""
    task_id: str | None = None


VIEWS: dict[str, tuple[str, str, str]] = {
    "grid": ("Grid", "app.tui.screens.grid", "GridScreen"),
}
"""Name in the registry of actions -> title, module, class. Their keys are 1, 2, 3 ..."""


class DagViewScreen(DagtopScreen):
    """One view of a DAG. Subclasses take a ``DagFocus`` alone, and have an InfoLine ``#views``."""

    view_name: ClassVar[str]

    def __init__(self, focus: DagFocus) -> None:
        super().__init__()
        self.look = focus

    @property
    def dag_id(self) -> str:
        return self.look.dag_id

    def crumbs(self) -> tuple[str, ...]:
        return (self.dagtop.workspace.root.name or "/", self.dag_id)

    def banner(self) -> Spans:
        return self.dagtop.trouble_spans() or self.dagtop.runner_trouble()

    def on_mount(self) -> None:
        super().on_mount()
        self.show_views()

    def on_resize(self) -> None:
        super().on_resize()
        self.show_views()

    def show_views(self) -> None:
        """Fill the line of views."""
        for line in self.query("#views").results(InfoLine):
            line.display = len(VIEWS) > 1
            line.line = views_line(self.view_name, self.app.size.width)

    def remember(self) -> None:
        """Put what is under the cursor into ``look``, before another view takes over."""

    def dag_now(self) -> DagRow | None:
        """The DAG as the last snapshot has it; None before there is one."""
        return None

    # actions of all views

    def action_show_view(self, name: str) -> None:
        """Another view of the same DAG."""
        if name == self.view_name or name not in VIEWS:
            return
        self.remember()
        _, module, kind = VIEWS[name]
        self.app.switch_screen(getattr(import_module(module), kind)(self.look))

    def action_next_view(self) -> None:
        """The next view."""
        self._turn(1)

    def action_previous_view(self) -> None:
        """The view before."""
        self._turn(-1)

    def _turn(self, step: int) -> None:
        names = list(VIEWS)
        self.action_show_view(names[(names.index(self.view_name) + step) % len(names)])

    def action_trigger(self) -> None:
        """Trigger a run."""
        trigger(self.dagtop, self.dag_id)

    def action_pause(self) -> None:
        """Pause or unpause the DAG."""
        dag = self.dag_now()
        if dag is not None:
            kind = "unpause" if dag.is_paused else "pause"
            self.dagtop.act(kind, {"dag_ids": [self.dag_id]}, f"{kind}d {self.dag_id}")


def views_line(current: str, width: int) -> Spans:
    """The names of the views with their keys; where not all fit, only the near ones are named."""
    names = list(VIEWS)
    place = names.index(current)
    for named in (range(len(names)), range(place - 1, place + 2), range(place, place + 1)):
        line: list[Span] = [Span(" ")]
        for number, name in enumerate(names):
            here = number == place
            line.append(Span(f"{number + 1}", "key"))
            if number in named:
                line.append(Span(f" {VIEWS[name][0]}", "title" if here else "dim"))
            line.append(Span("  "))
        if width_of(tuple(line)) <= width:
            break
    return tuple(line)
