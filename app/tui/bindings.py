"""Textual bindings and read-only mode from the registry of actions."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from app.tui.actions import actions_for


def bindings(*contexts: str) -> list[BindingType]:
    """The bindings of a screen that belongs to these contexts."""
    result: list[BindingType] = []
    for action in actions_for(contexts):
        handler = f"app.{action.call}" if action.context == "everywhere" else action.call
        result.extend(
            Binding(
                key,
                handler,
                action.name,
                show=False,
                id=action.id if number == 0 else None,
                tooltip=action.description,
            )
            for number, key in enumerate(action.keys)
        )
    return result


def forbidden(contexts: tuple[str, ...], handler: str, *, read_only: bool) -> bool:
    """Whether read-only mode takes the action with this handler away."""
    if not read_only:
        return False
    return any(action.acts and action.handler == handler for action in actions_for(contexts))
