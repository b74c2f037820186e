"""What frames every screen: the header line, the banner, the line of details, the footer."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.reactive import var
from textual.strip import Strip
from textual.timer import Timer

from app.tui.actions import Action, key_name
from app.tui.clicks import press
from app.tui.spans import Span, Spans, crop_text, fit, span, width_of, wrapped
from app.tui.theme import Glyphs
from app.tui.timers import SureTimers
from app.tui.widgets.line_view import LineView

MESSAGE_TIME, READ_TIME = 6.0, 1.5
"""Seconds for which the footer shows a message, and after which the next key takes it away."""

MESSAGE_LINES = 3
"""Lines that a message takes at most."""

LEAST = 24
"""Cells of a line that are left to it beside its end."""


class HeaderLine(LineView):
    """Breadcrumbs on the left, the runner's state on the right."""

    ground = "panel"

    crumbs: var[tuple[str, ...]] = var(())
    runner: var[Spans] = var(())

    def watch_crumbs(self) -> None:
        self.repaint()

    def watch_runner(self) -> None:
        self.repaint()

    def build(self, y: int) -> Strip:
        right = self.runner
        room = self.size.width - width_of(right) - 2
        if room < 30:
            right, room = (), self.size.width - 1
        glyphs = self.dagtop.glyphs
        line = crumb_spans(self.crumbs, room, glyphs)
        return self.strip((*fit(line, room, ellipsis=glyphs.ellipsis), Span(" "), *right))


def crumb_spans(crumbs: Sequence[str], room: int, glyphs: Glyphs) -> Spans:
    """The path, its longest parts shortened in the middle until it fits; the last one least."""
    whole = [span(crumb).text for crumb in crumbs]
    names = list(whole)
    used = len(" dagtop") + 3 * len(names) + sum(cell_len(name) for name in names)
    for least, last in ((20, 28), (12, 20), (8, 12)):
        for index, name in enumerate(names):
            floor = last if index == len(names) - 1 else least
            excess = used - room
            if excess > 0 and cell_len(name) > floor:
                room_of = max(floor, cell_len(name) - excess)
                names[index] = shorten(whole[index], room_of, glyphs.ellipsis)
                used -= cell_len(name) - cell_len(names[index])
    line: list[Span] = [Span(" "), Span("dagtop", "key")]
    for number, name in enumerate(names):
        line.append(Span(f" {glyphs.crumb} ", "faint"))
        line.append(Span(name, "title" if number == len(names) - 1 else "text"))
    return tuple(line)


def shorten(text: str, width: int, ellipsis: str) -> str:
    """The text in at most ``width`` cells, its middle left out."""
    if cell_len(text) <= width:
        return text
    tail = (width - 1) // 2
    end = crop_text(text[::-1], tail, "")[::-1] if text.isascii() else ""
    return crop_text(text, width - cell_len(end), ellipsis) + end


class Banner(LineView):
    """One line that is there while something is wrong: import errors, no runner, no store."""

    line: var[Spans] = var(())

    def __init__(self, line: Spans, *, widget_id: str) -> None:
        super().__init__(widget_id=widget_id, classes="-shown" if line else "")
        self.set_reactive(Banner.line, line)

    def watch_line(self, line: Spans) -> None:
        self.set_class(bool(line), "-shown")
        self.repaint()

    def build(self, y: int) -> Strip:
        return self.strip(fit(self.line, self.size.width, ellipsis=self.dagtop.glyphs.ellipsis))

    def on_click(self, event: events.Click) -> None:
        press(self.dagtop, self.line, event.x)


class InfoLine(LineView):
    """A line of text that a screen sets: tabs, what is under the cursor, a status."""

    class Clicked(Message):
        """The line was clicked at a cell."""

        def __init__(self, line: InfoLine, x: int) -> None:
            super().__init__()
            self.line = line
            self.x = x

    line: var[Spans] = var(())
    end: var[Spans] = var(())
    """What stands behind the line, and is there also where the line is cut for it."""
    right: var[Spans] = var(())

    def watch_line(self) -> None:
        self.repaint()

    def watch_end(self) -> None:
        self.repaint()

    def watch_right(self) -> None:
        self.repaint()

    def build(self, y: int) -> Strip:
        return self.strip(() if y else self._whole())

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            press(self.dagtop, self._whole(), event.x)
            self.post_message(self.Clicked(self, event.x))

    def _whole(self) -> Spans:
        width = self.size.width
        room = width - width_of(self.right) - (2 if self.right else 0)
        if room < 10:
            return self._left(width)
        left = self._left(room)
        return (*left, Span(" "), *self.right, Span(" ")) if self.right else left

    def _left(self, room: int) -> Spans:
        ellipsis = self.dagtop.glyphs.ellipsis
        rest = room - width_of(self.end)
        if not self.end or width_of(self.line) <= rest:
            return fit((*self.line, *self.end), room, ellipsis=ellipsis)
        if rest < LEAST:  # of a long path the beginning and the line number
            end = tuple(
                Span(shorten(piece.text, max(12, room - LEAST), ellipsis), piece.role)
                for piece in self.end
            )
            rest = room - width_of(end)
        else:
            end = self.end
        return fit((*fit(self.line, max(0, rest), ellipsis=ellipsis), *end), room)


class FooterLine(SureTimers, LineView):
    """The commonest keys, or for a while a message."""

    ground = "panel"

    actions: var[Sequence[Action]] = var(())
    message: var[Spans] = var(())
    _ends: Timer | None = None
    _said_at = 0.0

    def say(self, message: Spans) -> None:
        """Show a message for some seconds."""
        self.message = message
        self._said_at = time.monotonic()
        if self._ends is not None:
            self._ends.stop()
        self._ends = self.set_timer(MESSAGE_TIME, self._end_message)

    def key_pressed(self) -> None:
        """A message that there was time to read gives its place to what the key does."""
        if self.message and time.monotonic() - self._said_at > READ_TIME:
            self._end_message()

    def unsay(self, message: Spans) -> None:
        """Take a message back that isn't so any more, if it is still there."""
        if self.message == message:
            self._end_message()

    def _end_message(self) -> None:
        self.message = ()

    def watch_actions(self) -> None:
        self.repaint()

    def watch_message(self) -> None:
        self._make_room()
        self.repaint()

    def resized(self) -> None:
        super().resized()
        self._make_room()

    def _make_room(self) -> None:
        """As many lines as the message takes; the line of keys is one."""
        lines = len(self._message_lines())
        if self.styles.height is None or self.styles.height.value != lines:
            self.styles.height = lines

    def _message_lines(self) -> list[Spans]:
        """The message broken at spaces, all of its end in the last line that it may take."""
        rest: list[Spans] = wrapped((Span(" "), *self.message), max(10, self.size.width), 1)
        last = (piece for line in rest[MESSAGE_LINES - 1 :] for piece in line)
        return [*rest[: MESSAGE_LINES - 1], tuple(last)] if len(rest) > MESSAGE_LINES else rest

    def build(self, y: int) -> Strip:
        if not self.message:
            return self.strip(() if y else footer_line(self.actions, self.size.width))
        lines = self._message_lines()
        line = lines[y] if y < len(lines) else ()
        return self.strip(fit(line, self.size.width, ellipsis=self.dagtop.glyphs.ellipsis))

    def on_click(self, event: events.Click) -> None:
        if not self.message:
            press(self.dagtop, footer_line(self.actions, self.size.width), event.x)


def footer_line(actions: Sequence[Action], width: int) -> Spans:
    """Keys and names, as many as fit; Help and Quit stay, the others give way from the right."""
    chosen = list(actions)
    while chosen:
        line = [Span(" ")]
        for action in chosen:
            line.append(Span(key_name(action.keys[0]), "key"))
            line.append(Span(f" {action.name}   ", "text"))
        line[-1] = Span(line[-1].text.rstrip())
        if width_of(line) <= width or len(chosen) == 1:
            return tuple(line)
        chosen.pop(-3 if len(chosen) > 2 else 0)
    return ()
