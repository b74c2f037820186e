"""What all screens share: frame, keys, snapshots that arrive, and standing still while hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

from app.tui.actions import BY_ID, actions_for, footer_actions, key_name, with_keys
from app.tui.bindings import forbidden
from app.tui.formats import clock
from app.tui.spans import Span, Spans, span
from app.tui.timers import SureTimers
from app.tui.widgets.chrome import Banner, FooterLine, HeaderLine, InfoLine
from app.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from app.tui.actions import Action
    from app.tui.application import DagtopApp
    from app.tui.exporting import Export
    from app.tui.location import Location
    from app.tui.reading import RunnerState
    from app.tui.refresher import Fetch
    from app.tui.theme import Glyphs


SINCE_WIDTH = 100
"""Columns from which on the header has room for the time since when a runner is up."""


class DagtopScreen(SureTimers, Screen[None]):
    """A full screen. Subclasses give ``contexts``, ``body``, ``fetch`` and ``show_snapshot``."""

    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list")
    without: ClassVar[frozenset[str]] = frozenset()
    """Actions of these contexts that only say why they do nothing here: ``?`` leaves them out."""
    AUTO_FOCUS = "#main"

    def __init__(self) -> None:
        super().__init__()
        self.serial = 0
        self.snapshot: Any = None
        self._release_keys: Callable[[], None] | None = None

    @property
    def dagtop(self) -> DagtopApp:
        """The app, as ours."""
        return cast("DagtopApp", self.app)

    # what a screen is made of

    def body(self) -> Iterable[Widget]:
        """The widgets between header and footer."""
        return ()

    def middle(self) -> Iterable[Widget]:
        """``body`` in the containers that it needs."""
        return self.body()

    def crumbs(self) -> tuple[str, ...]:
        """Where this is: the path of breadcrumbs after "dagtop"."""
        return ()

    def location(self) -> Location | None:
        """Where this is, if it can be opened again by that."""
        return None

    def to_find_again(self) -> dict[str, Any]:
        """What is wanted again by who comes back here by the history: it is filled as one goes."""
        return {}

    @property
    def pointed_at(self) -> str | None:
        """The DAG under the cursor, where that is what the screen lists."""
        return None

    def fetch(self) -> Fetch | None:
        """What the refresher reads for this screen, in its thread."""
        return None

    def exports(self) -> list[Export]:
        """What of this screen can be written to a file, besides the screen itself."""
        return []

    def show_snapshot(self, snapshot: Any) -> None:
        """Show what was read."""

    def tick(self) -> None:
        """Some time has passed: repaint what depends on the clock."""
        for view in self.query(LineView):
            view.repaint()

    def step_back(self) -> bool:
        """Undo one thing within the screen (a filter, marks); False if there is none."""
        return False

    # the frame

    def compose(self) -> ComposeResult:
        self.fit()  # known now: afterwards, each class that changes takes another layout
        yield HeaderLine(widget_id="header")
        yield Banner(self.banner(), widget_id="banner")
        yield from self.middle()
        yield FooterLine(widget_id="footer")
        yield InfoLine(widget_id="too-small")

    # Textual calls the handlers of all classes that have one: a handler that called its parent's
    # would have that called twice. So there is one here, and what it calls is overridden.

    def on_mount(self) -> None:
        self.mounted()

    def on_resize(self) -> None:
        self.resized()

    def on_screen_resume(self) -> None:
        self.resumed()

    def on_screen_suspend(self) -> None:
        self.suspended()

    def mounted(self) -> None:
        """The widgets are there: fill them."""
        times = "x" if self.dagtop.glyphs.is_ascii else "×"
        self.query_one("#too-small", InfoLine).line = (Span(f"needs 40{times}12 cells", "text"),)
        self.show_actions()
        self.show_crumbs()
        self.show_runner()

    def fit(self) -> None:
        """Set the classes that depend on the size of the terminal."""
        width, height = self.app.size
        self.set_class(width < 40 or height < 12, "-too-small")
        self.set_class(height < 30, "-short")

    def _screen_resized(self, size: Size) -> None:
        """Textual 8 lays a screen out twice more when it is opened, and those behind it too."""
        if self._compositor.size != size:
            super()._screen_resized(size)

    def resized(self) -> None:
        """The terminal has another size."""
        self.fit()
        if self.query("#header"):
            self.show_runner()
        self.show_behind()

    def show_behind(self) -> None:
        """Textual paints what is behind a dialog once; paint it again, as it may have changed."""
        if self.app.screen is not self:
            self.call_after_refresh(self.app.screen.refresh)

    def resumed(self) -> None:
        """This is on top again, or for the first time."""
        if not (self.app.screen is self or self.app.screen.is_modal):
            return  # one that is passed through must not ask; one behind a dialog is seen
        if self.location() is not None:
            self.dagtop.ways.visited(self.to_find_again())
        self.show_runner()
        if self.snapshot is None and self.fetch() is not None:
            self.ask_first()
        else:
            self.ask()
        self.tick()
        self.show_behind()
        self.dagtop.screen_shown()
        self.app.call_later(self.dagtop.key_order.go_on)  # who had a key may have been closed

    def suspended(self) -> None:
        """Something is on top of this, or it is closed."""
        self._let_keys_go()  # an answer to this screen may never come: another asks now

    def show_actions(self) -> None:
        """Fill the footer from the registry."""
        read_only = self.dagtop.read_only
        chosen = footer_actions(self.contexts, read_only=read_only)
        named = with_keys(chosen, self.dagtop.settings.keys)
        self.footer.actions = tuple(action for action in named if action.keys)
        if self.dagtop.settings.keys:
            self.dagtop.warn_of_clashes(self.contexts)

    def show_crumbs(self) -> None:
        """Fill the header's left side."""
        self.query_one("#header", HeaderLine).crumbs = self.crumbs()

    def show_runner(self) -> None:
        """Fill the header's right side."""
        self.query_one("#header", HeaderLine).runner = self.dagtop.runner_spans()
        self.show_banner()

    def show_banner(self) -> None:
        """Show the most urgent thing that is wrong, or nothing."""
        self.query_one("#banner", Banner).line = self.banner()

    def banner(self) -> Spans:
        """What the banner says."""
        return self.dagtop.trouble_spans()

    @property
    def footer(self) -> FooterLine:
        return self.query_one("#footer", FooterLine)

    def forget_paint(self) -> None:
        """Paint everything anew, in another theme."""
        for view in self.query(LineView):
            view.forget()

    # snapshots

    def ask(self) -> None:
        """Ask the refresher for what this screen shows."""
        self.serial = self.dagtop.refresher.show(self.fetch())

    def ask_first(self) -> None:
        """Ask because of a key: those behind it wait for what it shows."""
        if self._release_keys is None:
            self._release_keys = self.dagtop.key_order.hold()
        self.ask()

    def _let_keys_go(self) -> None:
        if self._release_keys is not None:
            self._release_keys()
            self._release_keys = None

    @property
    def is_there(self) -> bool:
        """Whether there still is something to show answers in: they come at any time."""
        return self.is_attached and not self.dagtop.is_ending and bool(self.query("#main"))

    def receive(self, serial: int, snapshot: Any) -> None:
        """A snapshot arrived; one that was asked for earlier is of no use any more."""
        if serial == self.serial and self.is_there:
            self.snapshot = snapshot
            self.show_snapshot(snapshot)
            self.show_behind()
            self._let_keys_go()

    # actions that all have

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not forbidden(self.contexts, action, read_only=self.dagtop.read_only)

    @property
    def has_row(self) -> bool:
        """Whether there is a row for what works on one."""
        return True

    def on_key(self, event: events.Key) -> None:
        """A key that does nothing here says so; one that read-only mode takes away, why."""
        actions = with_keys(actions_for(self.contexts), self.dagtop.settings.keys)
        meant = [action for action in actions if event.key in action.keys]
        if self.dagtop.read_only and any(action.acts for action in meant):
            event.stop()
            self.dagtop.say("read-only: nothing can be changed here", "warning")
        elif not self._is_typing and any(self.lacks_row(action) for action in meant):
            event.stop()
        else:
            self._say_unknown(event)

    @property
    def _is_typing(self) -> bool:
        """Whether keys go into a line that is open."""
        from textual.widgets import Input  # not paid for by the first paint

        return isinstance(self.focused, Input)

    def lacks_row(self, action: Action) -> bool:
        """Whether an action has nothing to work on; then that is said."""
        if self.has_row or not action.of_row:
            return False
        self.dagtop.say(f"{action.name} works on a row, and there is none")
        return True

    def _say_unknown(self, event: events.Key) -> None:
        """Say it if nobody wants a key; Textual's Tab is of use where there are two widgets."""
        found = self.active_bindings.get(event.key)
        if found is not None and (
            len(self.focus_chain) > 1 or not found.binding.action.startswith("app.focus_")
        ):
            return
        if not self._is_typing:
            name = event.character if event.is_printable else key_name(event.key)
            helps = self.dagtop.settings.keys.get("everywhere.help", BY_ID["everywhere.help"].keys)
            hint = f": {key_name(helps[0])} shows the keys" if helps else ""
            self.dagtop.say(f"{name} does nothing here{hint}")

    def action_travel(self, way: str) -> None:
        """Move in the main widget."""
        main = self.query_one("#main")
        travel = getattr(main, "travel", None)
        if travel is not None:
            travel(way)


def topmost(screens: Sequence[Screen[Any]]) -> DagtopScreen | None:
    """The topmost of a stack that is no dialog; None while they are made, or taken down."""
    found = (one for one in reversed(screens) if isinstance(one, DagtopScreen))
    return next((one for one in found if one.is_there), None)


def runner_words(
    runner: RunnerState | None, now: datetime, zone: tzinfo | None, glyphs: Glyphs, width: int
) -> Spans:
    """The runner's state for the header: up or down, and since when where there is room."""
    if runner is None:
        return (Span(f"{glyphs.off} ", "warning"), Span("no runner yet ", "text"))
    since = span(f"since {clock(runner.since, now, zone)} ", "dim")
    if width < SINCE_WIDTH:
        since = Span("")
    if runner.alive:
        return (Span(f"{glyphs.on} ", "good"), Span("runner up ", "text"), since)
    return (Span(f"{glyphs.off} ", "error"), Span("runner down ", "text"), since)


def counted(shown: int, total: int, noun: str) -> Spans:
    """ "12 of 340", or "340 dags" where all are shown."""
    if shown == total:
        return (Span(f"{total:,} {noun}", "dim"),)
    return (Span(f"{shown:,} of {total:,}", "accent"),)
