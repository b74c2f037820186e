"""What screens with a ``LinesView`` share: the search, and copying."""

from __future__ import annotations

from app.tui.screens.base import DagtopScreen
from app.tui.spans import Span, Spans, span
from app.tui.widgets.lines_view import LinesView
from app.tui.widgets.prompt import PromptLine


class SearchScreen(DagtopScreen):
    """Lines (``#main``, a ``LinesView``) and a search (``#find``)."""

    _before_find: tuple[str, int] = ("", 0)
    """What was searched for, and where the cursor was, when the search was opened."""

    @property
    def view(self) -> LinesView:
        return self.query_one("#main", LinesView)

    def show_status(self) -> None:
        """Show what is searched for, and how far down this is."""

    def status(self) -> Spans:
        """What is searched for, which match this is, how far down."""
        view, words = self.view, list[Span]()
        if view.needle:
            more = "+" if view.searching is not None else ""
            words.extend((Span("/", "key"), span(view.needle, "accent")))
            role = "dim" if view.found or more else "warning"
            words.append(Span(f" {view.match_number():,} of {len(view.found):,}{more}  ", role))
        if view.shift:
            words.append(Span(f"{self.dagtop.glyphs.more_left}{view.shift}  ", "accent"))
        if len(view.lines):
            words.append(Span(f"{view.cursor + 1:,} of {len(view.lines):,}", "dim"))
        return tuple(words)

    def on_lines_view_moved(self) -> None:
        self.show_status()

    def step_back(self) -> bool:
        if self.view.needle:
            self.view.search("")
            return True
        return False

    async def action_find(self) -> None:
        """Open the search."""
        self._before_find = (self.view.needle, self.view.cursor)
        prompt = self.query_one("#find", PromptLine)
        await prompt.open(self.view.needle, "words to search for")

    def on_prompt_line_typed(self, message: PromptLine.Typed) -> None:
        self.typed(message.text)

    def on_prompt_line_entered(self, message: PromptLine.Entered) -> None:
        self.entered(message.text)

    def on_prompt_line_escaped(self) -> None:
        self.escaped()

    # Textual calls the handlers of base classes too, so screens with two prompts override these.

    def typed(self, text: str) -> None:
        """Go to the first line with what is typed."""
        self.view.search(text, self._before_find[1])

    def entered(self, text: str) -> None:
        """Search for what was typed."""

        def then() -> None:
            if text and not self.view.found:
                self.dagtop.say(f"{text} is not in this text", "warning")

        self.view.search(text, self._before_find[1], then)

    def escaped(self) -> None:
        """Go back to where the search was opened."""
        needle, cursor = self._before_find
        self.view.search(needle)
        self.view.go_to(cursor)

    def action_next_match(self) -> None:
        """To the next match."""
        self._go_to_match(1)

    def action_previous_match(self) -> None:
        """To the match before."""
        self._go_to_match(-1)

    def _go_to_match(self, direction: int) -> None:
        if not self.view.needle:
            self.dagtop.say("nothing is searched for: / searches")
        elif not self.view.find_next(direction):
            self.dagtop.say(f"{self.view.needle} is not in this text", "warning")

    def action_copy_line(self) -> None:
        """Copy the line under the cursor."""
        view = self.view
        if view.cursor < len(view.lines):
            self.dagtop.copy(view.lines.plain(view.cursor), "the line")
