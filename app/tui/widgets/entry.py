"""An input line whose keys keep their order, however fast they come."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

EDITS = {
    "backspace": "delete_left",
    "delete": "delete_right",
    "left": "cursor_left",
    "right": "cursor_right",
    "home": "home",
    "end": "end",
    "ctrl+u": "delete_left_all",
    "ctrl+w": "delete_left_word",
}
"""Keys that edit -> what they do."""


class Entry(Input):
    """Textual's input.

    Textual runs the action of a key after all characters that came with it: over a slow line,
    which sends several keys at once, a backspace would take away what was typed after it, and
    what is typed after Tab would go into the field before. Here keys are done in their order.
    """

    async def _on_key(self, event: events.Key) -> None:
        focused = self.screen.focused
        if focused is not self and isinstance(focused, Input):
            event.stop()
            event.prevent_default()
            focused.post_message(events.Key(event.key, event.character))
            return
        if event.key in EDITS:
            event.stop()
            event.prevent_default()
            getattr(self, f"action_{EDITS[event.key]}")()
        elif event.key in ("tab", "shift+tab"):
            event.stop()
            event.prevent_default()
            step = self.screen.focus_next if event.key == "tab" else self.screen.focus_previous
            step()
        else:
            await super()._on_key(event)
