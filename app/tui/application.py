"""The app: themes, the refresher, what the header says of the runner, and ways between screens."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.binding import BindingType
from textual.screen import Screen

from app.settings import Settings
from app.tui import theme, themes
from app.tui.actions import actions_for, clashes
from app.tui.alerts import Alerter
from app.tui.bindings import bindings, forbidden
from app.tui.commander import Acted, Commander, Ended, Refused, Replied
from app.tui.ending import EndingApp
from app.tui.formats import clock
from app.tui.garbage import AFTER, SHORT_QUIET, Garbage
from app.tui.key_order import KeyHandled, KeyOrder
from app.tui.memory import Memory
from app.tui.reading import look_first, read_dags, read_runner
from app.tui.refresher import Answered, Fetch, Fetched, Noticed, Refresher, RunnerSeen, StoreTrouble
from app.tui.scene import Scene
from app.tui.screens.base import DagtopScreen, runner_words, topmost
from app.tui.screens.views import PLACES
from app.tui.spans import Span, Spans, span
from app.tui.stylesheet import KeptStylesheet
from app.tui.textual_themes import textual_themes
from app.tui.timers import SureTimers
from app.tui.undo import Undos, undo_last
from app.tui.ways import Ways

if TYPE_CHECKING:
    from store.workspace import Workspace

TICK = 5.0
"""Seconds between two looks at what depends on the clock; only differences are repainted."""

CLIPBOARD_CAP = 74_994
"""Bytes of OSC 52 that common terminals accept (the limit that k9s found)."""


def zone_named(name: str) -> tzinfo | None:
    """The time zone of that name; None, the machine's, without one."""
    if not name:
        return None
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def utc_now() -> datetime:
    """The clock of the app, where a test doesn't give another."""
    return datetime.now(UTC)


class DagtopApp(SureTimers, EndingApp):
    """dagtop's terminal UI on one workspace."""

    CSS_PATH: ClassVar[Any] = [
        "dagtop.tcss",
        "screens/dags.tcss",
        "screens/editing.tcss",
        "screens/graph.tcss",
        "screens/grid.tcss",
        "screens/log.tcss",
        "screens/calendar.tcss",
        "screens/trends.tcss",
        "screens/compare.tcss",
        "screens/tracked.tcss",
    ]
    BINDINGS: ClassVar[list[BindingType]] = bindings("everywhere")
    ENABLE_COMMAND_PALETTE = False
    TITLE = "dagtop"

    def __init__(
        self,
        workspace: Workspace,
        *,
        read_only: bool = False,
        dag: str | None = None,
        run: str | None = None,
        task: str | None = None,
        map_index: int | None = None,
        compare: tuple[str, ...] = (),
        tracked: str | None = None,
        clock: Callable[[], datetime] = utc_now,
        zone: tzinfo | None = None,
        environment: Mapping[str, str] | None = None,
        settings: Settings | None = None,
        memory: Memory | None = None,
        driver_class: Any = None,
    ) -> None:
        environment = os.environ if environment is None else environment
        settings = settings or Settings()
        super().__init__(driver_class=driver_class)
        self.workspace = workspace
        self.environment = environment
        self.read_only = read_only
        self.clock = clock
        self.zone = zone if zone is not None else zone_named(settings.ui.timezone)
        self.settings = settings
        self.memory = memory or Memory()
        self.glyphs = theme.ASCII if settings.ui.ascii else theme.glyphs_for(environment)
        wish = settings.ui.theme or str(self.memory.get("theme") or "")
        self.set_class(self.glyphs.is_ascii, "-ascii")
        self.palette = theme.Palette(theme.theme_name(environment, wish))
        self.runner: Any = None
        self.runner_known = False
        self.trouble = ""
        self.store_is_missing = False
        self._link = (dag, run, task, map_index, compare, tracked)
        self._clashed: set[str] = set()
        self.key_order = KeyOrder(self, super().on_event, lambda: bool(self.trouble))
        self.garbage = Garbage()
        self.ways = Ways(self)
        self.refresher = Refresher(
            workspace,
            self.post_message,
            partial(read_runner, workspace=workspace),
            (read_dags, partial(look_first, workspace)),
        )
        self.commander = Commander(workspace, self.post_message)
        self.alerter = Alerter(workspace.root.name, settings.ui, self.tell_terminal)
        self.undos = Undos()
        for one in textual_themes():
            self.register_theme(one)
        self.use_theme(self.palette.theme)
        self.stylesheet = KeptStylesheet(self.get_css_variables())
        self.set_keymap({action: ",".join(keys) for action, keys in settings.keys.items()})

    def get_default_screen(self) -> Screen[Any]:
        return self.ways.place(PLACES["dags"])

    def on_mount(self) -> None:
        self.animation_level = "none"
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            with suppress(ValueError, NotImplementedError, RuntimeError):
                loop.add_signal_handler(number, self.exit, 128 + number)
        self.set_interval(TICK, self._tick)
        self.call_after_refresh(self.refresher.start)
        self.set_timer(AFTER, self.garbage.begin)
        linked = self.ways.open_link(*self._link)
        if not linked and self.settings.ui.reopen:
            self.ways.go_to_last(self.memory.get("location"))

    def on_unmount(self) -> None:
        with suppress(OSError):  # there is no screen any more to say it on; it was said before
            self.memory.save()
        self.alerter.close()
        self.refresher.close()

    def save_memory(self) -> None:
        """Write what is to be remembered, if anything is new."""
        try:
            self.memory.save()
        except OSError as error:
            self.say(f"the view can't be remembered: {error.strerror}: {error.filename}", "warning")

    def warn_of_clashes(self, contexts: tuple[str, ...]) -> None:
        """Say, once, which actions lose their key to what the settings give it to."""
        lost = clashes(actions_for(contexts), self.settings.keys)
        for action, winner in lost.items():
            if action not in self._clashed:
                self._clashed.add(action)
                self.say(f"[keys] {winner} has taken the key of {action} here", "warning")

    def screen_shown(self) -> None:
        """Another screen is there, and the one before it may be gone for good."""
        self.garbage.screen_shown()
        self.set_timer(SHORT_QUIET + 0.1, self.garbage.look)

    def scene(self) -> Scene:
        """What cells depend on besides their rows."""
        folder, favourites = f"{self.workspace.root}/", self.memory.favourites
        served = self.runner is None or self.runner.alive
        return Scene(self.clock(), self.zone, self.glyphs, folder, favourites, served)

    def _tick(self) -> None:
        if self.memory.is_changed:
            self.save_memory()
        self.garbage.look()
        screen = self.screen_stack[-1] if self.screen_stack else None  # none at the very end
        if isinstance(screen, DagtopScreen) and screen.is_there:  # not yet, while it is opened
            screen.show_runner()
            screen.tick()

    async def on_event(self, event: events.Event) -> None:
        """Keys are handed on one after the other."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self.garbage.key_pressed()
            if (screen := topmost(self.screen_stack)) is not None:
                screen.footer.key_pressed()
            await self.key_order.take(event)
        else:
            await super().on_event(event)

    def read_first(self, fetch: Fetch, then: Callable[[Any], None]) -> None:
        """Read once what a key asked for; those behind it wait for ``then``, on the event loop."""
        release = self.key_order.hold()

        def answered(found: Any) -> None:
            then(found)
            self.key_order.release_after(self.screen, release)  # a form has its fields by then

        self.refresher.once(fetch, answered)

    async def on_key_handled(self, message: KeyHandled) -> None:
        await self.key_order.handled(message)

    # the store

    def on_fetched(self, message: Fetched) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, DagtopScreen) and screen.serial == message.serial:
                screen.receive(message.serial, message.snapshot)

    def on_answered(self, message: Answered) -> None:
        message.then(message.result)

    def on_replied(self, message: Replied) -> None:
        message.then(message.reply)

    def on_runner_seen(self, message: RunnerSeen) -> None:
        self.runner, self.runner_known = message.runner, True
        self._show_runner()

    def on_noticed(self, message: Noticed) -> None:
        self.alerter.notice(message.alerts)

    def on_key(self) -> None:
        """Somebody is here: what failed is seen."""
        self.alerter.seen()

    def tell_terminal(self, sequence: str) -> None:
        """Write a sequence of our own making to the terminal."""
        if self._driver is not None:
            self._driver.write(sequence)
            self._driver.flush()

    def on_store_trouble(self, message: StoreTrouble) -> None:
        self.trouble, self.store_is_missing = message.sentence, message.missing
        if message.sentence:
            self.key_order.let_go()
        self._show_runner()

    def _show_runner(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, DagtopScreen) and screen.is_there:
                screen.show_runner()

    def runner_spans(self) -> Spans:
        """The runner's state for the header; empty until it is known."""
        badge = (Span(" read-only ", "badge"), Span(" ")) if self.read_only else ()
        if not self.runner_known:
            return badge
        return badge + runner_words(
            self.runner, self.clock(), self.zone, self.glyphs, self.size.width
        )

    def trouble_spans(self) -> Spans:
        """What is wrong with the store, in one line; empty if nothing is."""
        if self.store_is_missing and not self.read_only:
            words = "No runner has worked in this workspace yet. "
            return (Span(" ! ", "warning"), Span(words), Span("S", "key"), Span(" starts one."))
        return (Span(" ! ", "error"), span(self.trouble, "error")) if self.trouble else ()

    def runner_trouble(self) -> Spans:
        """That no runner is up, and what to do; empty if one is."""
        if not self.runner_known or (self.runner is not None and self.runner.alive):
            return ()
        since = ""
        if self.runner is not None:
            since = f" since {clock(self.runner.since, self.clock(), self.zone)}"
        and_so = ": nothing is scheduled or run" if self.size.width > 60 else ""
        words = f"No runner is up{since}{and_so}. "
        line = (Span(" ! ", "warning"), Span(words))
        if self.read_only:
            return line
        return (*line, Span("S", "key"), Span(" starts it."))

    # acting

    def act(
        self,
        kind: str,
        payload: dict[str, Any],
        done: str,
        then: Ended | None = None,
        more: str = "",
    ) -> None:
        """Send a command to the runner; ``done`` is said when it was taken, and ``more``."""
        self.commander.send(kind, payload, done, then, more=more)

    def _fatal_error(self) -> None:
        """The report of a crash: without the values of variables, which may be secret, or large."""
        from rich.traceback import Traceback

        self.panic(Traceback(show_locals=False, width=None))

    def action_undo(self) -> None:
        """Take the last act of this terminal back, where that can be."""
        undo_last(self)

    async def on_acted(self, message: Acted) -> None:
        if message.act is not None:
            self.undos.took(message.act)
        self.say(message.sentence, "good")
        self.refresher.poke()
        if message.then is not None:
            message.then(None)
            await self.key_order.go_on()

    async def on_refused(self, message: Refused) -> None:
        if message.then is None:
            self.say(message.sentence, "error")
        else:
            message.then(message.sentence)
            await self.key_order.go_on()

    def say(self, sentence: str, role: str = "text") -> None:
        """Show a message in the footer for some seconds."""
        if (screen := topmost(self.screen_stack)) is not None:
            screen.footer.say((span(sentence, role),))

    def copy(self, text: str, what: str) -> None:
        """Copy by OSC 52, and say what was copied; a text that terminals would drop is refused."""
        octets = len(text.encode("utf-8", "replace"))
        if octets * 4 // 3 > CLIPBOARD_CAP:
            self.say(f"{what}: {octets:,} bytes are too much for the clipboard", "warning")
            return
        self.copy_to_clipboard(text)
        self.say(f"copied {what} ({octets:,} bytes) to the terminal's clipboard", "good")

    # actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not forbidden(("everywhere",), action, read_only=self.read_only)

    async def action_back(self) -> None:
        """One step back; on the first screen there is none."""
        screen = self.screen
        if isinstance(screen, DagtopScreen) and screen.step_back():
            return
        if len(self.screen_stack) > 1:
            self.ways.leave(screen)
            self.pop_screen()
        elif not self.ways.climb():
            self.say("there is nothing to go back to: q quits")

    def action_history_back(self) -> None:
        """Where one was before."""
        self.ways.back()

    def action_history_on(self) -> None:
        """On again, after going back."""
        self.ways.on()

    def action_help_quit(self) -> None:
        """Ctrl-C: people expect it to end programs; here it must not, it is pressed too easily."""
        self.say("q quits; the runner goes on")

    async def action_quit(self) -> None:
        """Leave; the runner goes on."""
        self.exit(0)

    def action_help(self) -> None:
        """Show the keys that work here."""
        from app.tui.screens.help import HelpScreen

        screen = self.screen
        if isinstance(screen, DagtopScreen):
            self.push_screen(HelpScreen(screen.contexts, screen.without))

    def action_jump(self) -> None:
        """Ask where to go."""
        from app.tui.screens.jump import JumpScreen, known_here

        screen = self.screen
        if isinstance(screen, DagtopScreen):
            known = known_here(self.ways.here(), screen.pointed_at)
            self.push_screen(JumpScreen(known), self.ways.go)

    def action_palette(self) -> None:
        """Search all actions."""
        from app.tui.actions import MOVE, Action, with_keys
        from app.tui.jumps import Target
        from app.tui.screens.jump import known_here
        from app.tui.screens.palette import PaletteScreen

        screen = self.screen
        if not isinstance(screen, DagtopScreen):
            return
        here = actions_for(screen.contexts, read_only=self.read_only)
        found = [
            action
            for action in with_keys(here, self.settings.keys)
            if action.group != MOVE and action.id != "everywhere.palette"
        ]

        async def do(action: Action | Target | None) -> None:
            if isinstance(action, Target):
                self.ways.go(action)
            elif action is not None and not screen.lacks_row(action):
                owner = "app" if action.context == "everywhere" else "screen"
                await self.run_action(f"{owner}.{action.call}", screen)

        self.push_screen(PaletteScreen(found, known_here(self.ways.here(), screen.pointed_at)), do)

    def action_theme(self) -> None:
        """The next theme."""
        names = list(themes.THEMES)
        name = names[(names.index(self.palette.theme) + 1) % len(names)]
        self.use_theme(name)
        self.memory.put("theme", name)
        for screen in self.screen_stack:
            if isinstance(screen, DagtopScreen):
                screen.forget_paint()
        short, about = name.removeprefix("dagtop-"), themes.THEMES[name]
        self.say(f"theme {short}" if about == short else f"theme {short}: {about}")

    def use_theme(self, name: str) -> None:
        """Take the colours of a theme."""
        self.palette = theme.Palette(name)
        colours = themes.log_theme(name)
        # Each change of a reactive would read all CSS again: the last of them is enough.
        self.set_reactive(EndingApp.ansi_theme_dark, colours)
        self.set_reactive(EndingApp.ansi_theme_light, colours)
        self.theme = name

    def action_letters(self) -> None:
        """Go to what is on screen by a letter."""
        from app.tui.screens.letters import ask_letter

        if isinstance(self.screen, DagtopScreen):
            ask_letter(self)

    def action_export(self) -> None:
        """Write what is on screen to a file."""
        from app.tui.screens.export import export, screen_exports

        screen = self.screen
        if isinstance(screen, DagtopScreen):
            title = " ".join(span(crumb).text for crumb in screen.crumbs())
            exports = [*screen.exports(), *screen_exports(self, f"dagtop {title}")]
            export(self, f"dagtop {title}", exports)

    def action_start_runner(self) -> None:
        """Start the runner, as a process of its own."""
        if self.runner is not None and self.runner.alive:
            self.say("the runner is up already")
            return
        self.say("starting the runner")
        self.commander.start_runner()
