"""What frames every screen: the header line, the banner, the line of details, the footer."""

from __future__ import annotations

from collections.abc import Sequence

from textual.reactive import var
from textual.strip import Strip

from app.tui.actions import Action, key_name
from app.tui.spans import Span, Spans, fit, span, width_of
from app.tui.widgets.line_view import LineView


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
        glyphs = self.dagtop.glyphs
        left: list[Span] = [Span(" "), Span("dagtop", "key")]
        for number, crumb in enumerate(self.crumbs):
            last = number == len(self.crumbs) - 1
            left.append(Span(f" {glyphs.crumb} ", "faint"))
            left.append(span(crumb, "title" if last else "text"))
        right = self.runner
        room = self.size.width - width_of(right) - 2
        if room < 24:
            right, room = (), self.size.width - 1
        line = fit(tuple(left), max(1, room), ellipsis=glyphs.ellipsis)
        return self.strip((*line, Span(" "), *right, Span(" ")))


class Banner(LineView):
    """One line that is there while something is wrong: import errors, no runner, no store."""

    line: var[Spans] = var(())

    def watch_line(self, line: Spans) -> None:
        self.set_class(bool(line), "-shown")
        self.repaint()

    def build(self, y: int) -> Strip:
        return self.strip(fit(self.line, self.size.width, ellipsis=self.dagtop.glyphs.ellipsis))


class InfoLine(LineView):
    """A line of text that a screen sets: tabs, what is under the cursor, a status."""

    line: var[Spans] = var(())
    right: var[Spans] = var(())

    def watch_line(self) -> None:
        self.repaint()

    def watch_right(self) -> None:
        self.repaint()

    def build(self, y: int) -> Strip:
        if y:
            return self.strip(())
        width = self.size.width
        room = width - width_of(self.right) - (2 if self.right else 0)
        ellipsis = self.dagtop.glyphs.ellipsis
        if room < 10:
            return self.strip(fit(self.line, width, ellipsis=ellipsis))
        left = fit(self.line, room, ellipsis=ellipsis)
        return self.strip((*left, Span(" "), *self.right, Span(" ")) if self.right else left)


class FooterLine(LineView):
    """The commonest keys, or for a while a message."""

    ground = "panel"

    actions: var[Sequence[Action]] = var(())
    message: var[Spans] = var(())

    def watch_actions(self) -> None:
        self.repaint()

    def watch_message(self) -> None:
        self.repaint()

    def build(self, y: int) -> Strip:
        if self.message:
            line = fit(
                (Span(" "), *self.message), self.size.width, ellipsis=self.dagtop.glyphs.ellipsis
            )
            return self.strip(line)
        return self.strip(footer_line(self.actions, self.size.width))


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
