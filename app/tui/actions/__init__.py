"""The one registry of actions.

Bindings, the footer, the ``?`` overlay, the command palette and the README's table of keys are all
made from ``ACTIONS``. A screen lists the contexts it belongs to and has a method
``action_<handler>`` for each action of theirs; a test walks the registry. No Textual is loaded
here, so that the README's generator and the tests can read it alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from app.tui.actions import (
    acting,
    admin,
    assets,
    backfills,
    beside,
    calendar,
    code,
    compare,
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
    tracked,
    tracked_run,
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
    "is_key",
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
    backfills,
    assets,
    compare,
    beside,
    tracked,
    tracked_run,
)

ACTIONS: tuple[Action, ...] = tuple(action for part in _PARTS for action in part.ACTIONS)

TITLES: dict[str, str] = {key: title for part in _PARTS for key, title in part.TITLES.items()}
"""Context -> what the README calls it."""

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}

KEY_NAMES = {
    "slash": "/",
    "backslash": "\\",
    "at": "@",
    "plus": "+",
    "minus": "-",
    "underscore": "_",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "escape": "Esc",
    "enter": "Enter",
    "space": "Space",
    "backspace": "Bksp",
    "delete": "Del",
    "insert": "Ins",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "home": "Home",
    "end": "End",
    "tab": "Tab",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
}
"""Textual's name of a key -> what people call it; other signs are called by their Unicode names."""

_SIGNS = {name: key for key, name in KEY_NAMES.items()}
_HELD = {"ctrl+": "^", "shift+": "S-", "alt+": "Alt-"}
_FUNCTION_KEY = re.compile(r"f\d+", re.IGNORECASE)


def key_name(key: str) -> str:
    """A key as people call it: ``?``, Enter, ^D, F5."""
    for prefix, sign in _HELD.items():
        if key.startswith(prefix):
            name = key_name(key.removeprefix(prefix))
            return sign + (name.upper() if len(name) == 1 and sign == "^" else name)
    if _FUNCTION_KEY.fullmatch(key):
        return key.upper()
    if key in KEY_NAMES or len(key) == 1:
        return KEY_NAMES.get(key, key)
    with suppress(KeyError):
        return unicodedata.lookup(key.replace("_", " "))
    return key


def key_of_name(name: str) -> str:
    """Textual's name of a key that people may write as they see it: ``?``, ``Enter``, ``^D``."""
    for prefix, sign in _HELD.items():
        if name.startswith(sign) and name != sign:
            key = key_of_name(name.removeprefix(sign))
            return prefix + (key.lower() if sign == "^" else key)
    if _FUNCTION_KEY.fullmatch(name):
        return name.lower()
    for shown in (name, name.capitalize()):
        if shown in _SIGNS:
            return _SIGNS[shown]
    if name.lower() in ("pgdn", "pgup"):
        return "pagedown" if name.lower() == "pgdn" else "pageup"
    if len(name) == 1 and not name.isalnum():
        return unicodedata.name(name, name).lower().replace("-", "_").replace(" ", "_")
    return name


def is_key(key: str) -> bool:
    """Whether there is a key that Textual calls so."""
    for prefix in _HELD:
        key = key.removeprefix(prefix)
    if len(key) == 1 or key in KEY_NAMES or _FUNCTION_KEY.fullmatch(key):
        return True
    return len(key_name(key)) == 1


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
    """The actions valid where these contexts hold, in the order of the registry.

    Where two contexts have an action with the same handler, it is that of the later context.
    """
    places = {context: place for place, context in enumerate(contexts)}
    found = [action for action in ACTIONS if action.context in places]
    latest = {action.call: action for action in sorted(found, key=lambda a: places[a.context])}
    return [
        action
        for action in found
        if latest[action.call] is action and not (read_only and action.acts)
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
