"""A letter at each thing the cursor can go to: pressing it goes there, however far that is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from textual import events
from textual.app import ComposeResult
from textual.geometry import Offset
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from app.tui.scrolling import Position
from app.tui.spans import Span
from app.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from app.tui.application import DagtopApp

LETTERS = "fjdkslaghrueiwoqptyvncmxzb"
"""Those under the fingers first."""


def labels(number: int) -> list[str]:
    """That many labels of one letter each, or of two where one isn't enough."""
    if number <= len(LETTERS):
        return list(LETTERS[:number])
    pairs = ("".join(pair) for pair in product(LETTERS, LETTERS))
    return [pair for pair, _ in zip(pairs, range(number), strict=False)]


def landings_of(widget: Widget) -> list[Offset]:
    """The cells of a widget that a click would put the cursor on, one for each thing in view."""
    from app.tui.widgets.graph_view import GraphView
    from app.tui.widgets.log_folding import FoldingPager

    if isinstance(widget, GraphView):
        boxes = widget.layout_now.boxes
        found = [Offset(box.x - widget.x, box.y + box.height // 2 - widget.y) for box in boxes]
        return [place for place in found if place in widget.size.region]
    if isinstance(widget, FoldingPager):
        return [Offset(0, y) for y, _ in widget.headings()]
    position = getattr(widget, "position", None)
    if not isinstance(position, Position):
        return []
    head = max(0, widget.size.height - position.page)
    rows = min(position.page, position.count - position.top)
    return [Offset(0, head + row) for row in range(rows)]


@runtime_checkable
class Clickable(Protocol):
    """A widget whose cursor goes where one clicks."""

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there."""


class Letter(LineView):
    """A label on top of what it is for."""

    def __init__(self, text: str, place: Offset) -> None:
        super().__init__()
        self.text = text
        self.place = place
        self.styles.width = len(text)
        self.styles.position = "absolute"
        self.styles.offset = place

    def build(self, y: int) -> Strip:
        return self.strip((Span(self.text, "badge"),))


class LettersScreen(ModalScreen[Offset | None]):
    """The labels over the screen; gives the place whose label was typed. Where it is said what has
    letters, another one is answered."""

    def __init__(self, places: Sequence[Offset], nothing: str = "") -> None:
        super().__init__()
        self._nothing = nothing
        self._typed = ""
        self._places = dict(zip(labels(len(places)), places, strict=True))

    def compose(self) -> ComposeResult:
        for text, place in self._places.items():
            yield Letter(text, place)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        typed = self._typed + (event.character or "").lower()
        left = [text for text in self._places if text.startswith(typed)]
        app = cast("DagtopApp", self.app)
        if event.character is None or not left:
            if self._nothing and event.is_printable:
                app.say(f"{self._nothing} has the letter {event.character}", "warning")
            self.dismiss(None)
        elif typed in self._places:
            app.key_order.hold_until_idle()
            self.dismiss(self._places[typed])
        else:
            self._typed = typed
            for letter in self.query(Letter):
                letter.display = letter.text in left


def ask_letter(app: DagtopApp) -> None:
    """Show the letters on the widget that has the focus, and go to the one that is typed."""
    widget = app.screen.focused or app.screen.query_one("#main")
    places = landings_of(widget)
    if not isinstance(widget, Clickable) or not places:
        app.say("there is nothing to go to by a letter here")
        return
    corner = widget.content_region.offset

    def then(place: Offset | None) -> None:
        if place is not None:
            x, y = place - corner
            click = events.Click(widget, x, y, 0, 0, 1, False, False, False, place.x, place.y)
            widget.on_click(click)  # not posted: the screen would send it on a second time

    app.push_screen(LettersScreen([place + corner for place in places]), then)
    app.say("type a letter to go there; Esc leaves")
