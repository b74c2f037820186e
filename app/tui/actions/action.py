"""What an action is."""

from __future__ import annotations

from dataclasses import dataclass

MOVE, ACT, VIEW, GO = "Move", "Act", "View", "Go"
GROUPS = (GO, ACT, VIEW, MOVE)
"""Order of the groups in the help overlay."""
FAVOURITE = "give the DAG a star, or take it away"


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a key does."""

    id: str
    """``context.handler``; unique. Keymaps and tests name actions by it."""
    keys: tuple[str, ...]
    """Textual's key names, the first is the one shown. Empty: only in the palette."""
    name: str
    """One or two words, for the footer and the palette."""
    description: str
    """A phrase, for the help overlay."""
    group: str
    footer: int = 0
    """Place in the footer (1 is leftmost); 0: not shown there."""
    acts: bool = False
    """Changes something: absent with ``--read-only``."""
    destructive: bool = False
    """Asks before it acts."""
    of_row: bool = False
    """Works on the row under the cursor: says so where there is none."""

    @property
    def context(self) -> str:
        return self.id.partition(".")[0]

    @property
    def handler(self) -> str:
        """Name of the method without ``action_``."""
        return self.id.partition(".")[2].replace("-", "_")

    @property
    def call(self) -> str:
        """What Textual is told to run: the handler, or one that several actions share."""
        if self.context == "list":
            return f"travel('{self.handler}')"
        _, _, view = self.id.partition(".show-")
        if view:
            return f"show_view('{view}')"
        _, _, view = self.id.partition(".dag-")
        if view:
            return f"show_dag('{view}')"
        return self.handler


def asking(
    id: str,  # noqa: A002
    keys: tuple[str, ...],
    name: str,
    description: str,
    footer: int = 0,
) -> Action:
    """What changes something, and asks before it does."""
    return Action(id, keys, name, description, ACT, footer, acts=True, destructive=True)
