"""The one registry of actions.

Bindings, the footer, the ``?`` overlay, the command palette and the README's table of keys are all
made from ``ACTIONS``. A screen lists the contexts it belongs to and has a method
``action_<handler>`` for each action of theirs; a test walks the registry. No Textual is loaded
here, so that the README's generator and the tests can read it alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from app.tui.actions import (
    acting,
    admin,
    assets,
    beside,
    calendar,
    code,
    dag,
    dags,
    details,
    events,
    everywhere,
    gantt,
    graph,
    home,
    log,
    run_screen,
    runs,
    system,
    task,
    task_instance,
    trends,
    xcoms,
)
from app.tui.actions.action import ACT, GO, GROUPS, MOVE, VIEW, Action

__all__ = [
    "ACT",
    "ACTIONS",
    "BY_ID",
    "GO",
    "GROUPS",
    "MOVE",
    "VIEW",
    "Action",
    "actions_for",
    "clashes",
    "footer_actions",
    "key_name",
    "key_of_name",
    "keys_table",
    "with_keys",
]

_PARTS = (
    everywhere,
    dags,
    dag,
    acting,
    graph,
    task,
    log,
    runs,
    gantt,
    run_screen,
    admin,
    code,
    home,
    task_instance,
    system,
    xcoms,
    trends,
    calendar,
    events,
    details,
    assets,
    beside,
)

ACTIONS: tuple[Action, ...] = tuple(action for part in _PARTS for action in part.ACTIONS)

TITLES: dict[str, str] = {key: title for part in _PARTS for key, title in part.TITLES.items()}
"""Context -> what the README calls it."""

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}

KEY_NAMES = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "asterisk": "*",
    "dollar_sign": "$",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "at": "@",
    "ampersand": "&",
    "apostrophe": "'",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "plus": "+",
    "minus": "-",
    "escape": "Esc",
    "enter": "Enter",
    "space": "Space",
    "backspace": "Bksp",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "home": "Home",
    "end": "End",
    "tab": "Tab",
    "shift+tab": "S-Tab",
    "shift+up": "S-Up",
    "shift+down": "S-Down",
    "shift+left": "S-Left",
    "shift+right": "S-Right",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
}


def key_name(key: str) -> str:
    """A key as people call it: ``?``, Enter, ^D."""
    if key in KEY_NAMES:
        return KEY_NAMES[key]
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+").upper()
    return key


def key_of_name(name: str) -> str:
    """Textual's name of a key that people may write as they see it: ``?``, ``Enter``, ``^D``."""
    for key, shown in KEY_NAMES.items():
        if name in (shown, shown.lower()):
            return key
    if len(name) == 2 and name.startswith("^"):
        return f"ctrl+{name[1].lower()}"
    return name


def with_keys(actions: Iterable[Action], keys: Mapping[str, tuple[str, ...]]) -> list[Action]:
    """The actions with the keys that the settings give them, by id."""
    return [
        replace(action, keys=keys[action.id]) if action.id in keys else action for action in actions
    ]


def clashes(actions: Iterable[Action], keys: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Of the actions of one screen those that lose a key to the settings -> the one that has it."""
    actions = list(actions)
    taken = {key: one.id for one in actions for key in keys.get(one.id, ())}
    return {
        action.id: taken[key]
        for action in actions
        if action.id not in keys
        for key in action.keys
        if key in taken
    }


def actions_for(contexts: Iterable[str], *, read_only: bool = False) -> list[Action]:
    """The actions valid where these contexts hold, in the order of the registry."""
    wanted = set(contexts)
    return [
        action for action in ACTIONS if action.context in wanted and not (read_only and action.acts)
    ]


def footer_actions(contexts: Iterable[str], *, read_only: bool = False) -> list[Action]:
    """The commonest actions, in the order of the footer."""
    chosen = [action for action in actions_for(contexts, read_only=read_only) if action.footer]
    return sorted(chosen, key=lambda action: action.footer)


def keys_table() -> str:
    """The README's table of keys, in Markdown."""
    rows = ["| where | key | does | in `[keys]` |", "|---|---|---|---|"]
    for action in ACTIONS:
        keys = " ".join(f"`{key_name(key)}`" for key in action.keys) or "palette"
        text = f"{action.name}: {action.description}"
        place, text = TITLES[action.context], text.replace("|", "/")
        rows.append(f"| {place} | {keys} | {text} | `{action.id}` |")
    return "\n".join(rows) + "\n"
