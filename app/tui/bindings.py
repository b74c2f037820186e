"""Textual bindings and read-only mode from the registry of actions."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from app.tui.actions import actions_for


def bindings(*contexts: str) -> list[BindingType]:
    """The bindings of a screen that belongs to these contexts."""
    return [
        Binding(
            ",".join(action.keys),
            f"app.{action.call}" if action.context == "everywhere" else action.call,
            action.name,
            show=False,
            id=action.id,
            tooltip=action.description,
        )
        for action in actions_for(contexts)
        if action.keys
    ]


def forbidden(contexts: tuple[str, ...], handler: str, *, read_only: bool) -> bool:
    """Whether read-only mode takes the action with this handler away."""
    if not read_only:
        return False
    return any(action.acts and action.handler == handler for action in actions_for(contexts))
