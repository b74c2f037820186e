"""What all screens share that draw nodes joined by lines: how it is looked at, and the search."""

from __future__ import annotations

from typing import ClassVar

from app.tui.screens.base import DagtopScreen
from app.tui.spans import Span, Spans, span
from app.tui.widgets.graph_view import GraphView
from app.tui.widgets.prompt import PromptLine


class PictureScreen(DagtopScreen):
    """A ``GraphView`` (``#main``) and a line to search by (``#find``).

    Subclasses give ``show_status``.
    """

    node_word: ClassVar[str] = "task"
    """What its nodes are called."""
    name_word: ClassVar[str] = "id"
    too_large: ClassVar[str] = "* folds the groups, z shows what is near"
    """What helps where it doesn't fit on the screen."""
    find_hint: ClassVar[str] = "words of task ids"
    _before_find: tuple[tuple[str, ...], str | None] = ((), None)

    @property
    def view(self) -> GraphView:
        return self.query_one("#main", GraphView)

    def show_status(self) -> None:
        """Show ``status``, and what stands beside it."""
        raise NotImplementedError

    def status(self) -> Spans:
        """What is searched for, how much is seen, and where there is more."""
        view, glyphs = self.view, self.dagtop.glyphs
        words: list[Span] = []
        if view.words:
            found = view.found
            at = found.index(view.cursor) + 1 if view.cursor in found else 0
            words.extend((Span("/", "key"), span(" ".join(view.words), "accent")))
            words.append(Span(f" {at} of {len(found)}  ", "dim" if found else "warning"))
        if view.look.hops:
            steps = "step" if view.look.hops == 1 else "steps"
            words.append(Span(f"{view.look.hops} {steps} around  ", "warning"))
        shown, total = len(view.picture.nodes), len(view.whole.nodes)
        role = "dim" if shown == total else "accent"
        words.append(Span(f"{shown} of {total}" if shown != total else f"{total} nodes", role))
        marks = (glyphs.more_left, glyphs.more_right, glyphs.up, glyphs.down)
        more = "".join(
            mark if there else " " for mark, there in zip(marks, view.hidden(), strict=True)
        )
        return (*words, Span(f" {more}" if more.strip() else "", "accent"))

    def step_back(self) -> bool:
        view = self.view
        if view.words:
            view.find((), view.cursor)
            self.show_status()
            return True
        return view.widen()

    # how it is looked at

    @property
    def _has_nodes(self) -> bool:
        """Whether there is anything to look at; if not, that is said."""
        if not self.view.whole.nodes:
            self.dagtop.say("there is nothing to draw")
        return bool(self.view.whole.nodes)

    def action_zoom(self) -> None:
        """Only what is near, or everything."""
        if self._has_nodes and not self.view.narrow():
            self.dagtop.say("all nodes")

    def action_turn(self) -> None:
        """The other direction."""
        if self._has_nodes:
            self.view.turn()

    def action_frame(self) -> None:
        """Boxes, or names alone."""
        if self._has_nodes:
            self.view.frame()

    def action_fit(self) -> None:
        """The form that fits."""
        if not self._has_nodes:
            return
        self.view.fit()
        if any(self.view.hidden()):
            self.dagtop.say(f"no form of it fits: {self.too_large}")
        else:
            self.dagtop.say("the whole graph fits as it is")

    def action_pan_left(self) -> None:
        """Move the window left."""
        self._pan(-1, 0)

    def action_pan_down(self) -> None:
        """Move the window down."""
        self._pan(0, 1)

    def action_pan_up(self) -> None:
        """Move the window up."""
        self._pan(0, -1)

    def action_pan_right(self) -> None:
        """Move the window right."""
        self._pan(1, 0)

    def _pan(self, right: int, down: int) -> None:
        if not self._has_nodes:
            return
        if any(self.view.hidden()):
            self.view.pan(right, down)
        else:
            self.dagtop.say("all of the graph is on the screen")

    # the search

    async def action_find(self) -> None:
        """Open the search."""
        self._before_find = (self.view.words, self.view.cursor)
        prompt = self.query_one("#find", PromptLine)
        await prompt.open(" ".join(self.view.words), self.find_hint)

    def on_prompt_line_typed(self, message: PromptLine.Typed) -> None:
        self.view.find(tuple(message.text.lower().split()), self._before_find[1])
        self.show_status()

    def on_prompt_line_entered(self, message: PromptLine.Entered) -> None:
        if self.view.words and not self.view.found:
            text = message.text.strip()
            self.dagtop.say(f"no {self.node_word} has {text} in its {self.name_word}", "warning")

    def on_prompt_line_escaped(self) -> None:
        words, cursor = self._before_find
        self.view.find(words, cursor)
        self.view.go_to(cursor)

    def action_next_match(self) -> None:
        """To the next one found."""
        self._go_to_match(1)

    def action_previous_match(self) -> None:
        """To the one found before."""
        self._go_to_match(-1)

    def _go_to_match(self, direction: int) -> None:
        if not self.view.words:
            self.dagtop.say("nothing is searched for: / searches")
        elif not self.view.find_next(direction):
            self.dagtop.say(f"no {self.node_word} is found")
