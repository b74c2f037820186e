"""The ways to every screen and dialog there is, from the list of DAGs of a workspace with one DAG
(``world_besieged``), and a walk along them."""

from __future__ import annotations

import asyncio
import unicodedata

from textual import events
from textual.keys import _character_to_key, _get_unicode_name_from_key
from textual.widgets import Input

from app.tui.application import DagtopApp
from app.tui.location import Location
from app.tui.screens.base import DagtopScreen

Keys = tuple[str, ...]

FAILED: Keys = ("enter", "h")
"""To the failed run in the grid, the cursor on a task with two tries."""
LOG: Keys = (*FAILED, "enter")
INSTANCES: Keys = ("enter", "j", "enter")
RUN: Keys = ("enter", "r")
RUN_FAILED: Keys = (*FAILED, "r")
TRACKED: Keys = (*RUN_FAILED, "P", "enter")
EVENT: Keys = ("enter", "9")
BACKFILLS: Keys = ("enter", "0")

SCREENS: dict[str, Keys] = {
    "dags": (),
    "home": ("1",),
    "all runs": ("3",),
    "all tasks": ("I",),
    "experiments": ("P",),
    "a task over runs": (*FAILED, "O"),
    "xcoms": ("4",),
    "variables": ("5",),
    "connections": ("6",),
    "pools": ("7",),
    "pool": ("7", "enter"),
    "assets": ("8",),
    "asset": ("8", "enter"),
    "dependencies": ("8", "X"),
    "dependencies of a dag": ("enter", "7", "X"),
    "system": ("9",),
    "runner log": ("9", "L"),
    "all events": ("0",),
    "all events info": ("0", "i"),
    "import errors": ("e",),
    "xcom value": ("4", "enter"),
    "variable value": ("5", "enter"),
    "connection value": ("6", "enter"),
    "grid": ("enter",),
    "grid info": (*FAILED, "i"),
    "graph": ("enter", "2"),
    "graph boxes": ("enter", "2", "b", "d"),
    "runs": ("enter", "3"),
    "gantt": ("enter", "4"),
    "gantt of the failed": (*FAILED, "4"),
    "trends": ("enter", "5"),
    "trends of tries": ("enter", "5", "d"),
    "calendar": ("enter", "6"),
    "calendar by hours": ("enter", "6", "z"),
    "details": ("enter", "7"),
    "details below": ("enter", "7", "G"),
    "code": ("enter", "8"),
    "diff": ("enter", "8", "D"),
    "backfills": BACKFILLS,
    "runs of a backfill": (*BACKFILLS, "enter"),
    "events": EVENT,
    "event info": (*EVENT, "i"),
    "run": RUN,
    "run failed": RUN_FAILED,
    "run facts": (*RUN_FAILED, "J", "J", "J"),
    "instances": INSTANCES,
    "merged log": ("enter", "M"),
    "log": LOG,
    "log before": (*LOG, "left_parenthesis"),
    "log wrapped": (*LOG, "w", "T"),
    "task details": (*LOG, "2"),
    "task details below": (*LOG, "2", "G"),
    "templates": (*LOG, "3"),
    "template": (*LOG, "3", "enter"),
    "task xcoms": (*LOG, "4"),
    "task xcom": (*LOG, "4", "enter"),
    "resources": (*LOG, "5"),
    "commands": (*LOG, "6"),
    "why": (*RUN, "w"),
    "experiments of a dag": ("enter", "P"),
    "runs by groups": ("P", "b", "enter", "enter"),
    "tracked run": TRACKED,
    "tracked values": (*TRACKED, "2"),
    "tracked params": (*TRACKED, "2", "m"),
    "tracked charts": (*TRACKED, "3"),
    "tracked chart": (*TRACKED, "3", "enter"),
    "tracked system": (*TRACKED, "4"),
    "tracked artifacts": (*TRACKED, "5", "j"),
    "tracked code": (*TRACKED, "6"),
    "tracked packages": (*TRACKED, "7"),
    "tracked log": (*TRACKED, "8"),
    "tracked distributions": (*TRACKED, "9"),
}
"""Whole screens."""

ASKING: dict[str, Keys] = {
    "grid why": ("enter", "j", "j", "w"),
    "grid unfolded": ("enter", *["j"] * 6, "z", "v", "j"),
    "help": ("enter", "question_mark"),
    "palette": ("ctrl+p",),
    "jump": ("colon", *"dag "),
    "jump in a dag": ("enter", "colon", *"run "),
    "jump to a log": ("enter", "colon", *"log "),
    "jump taken": ("enter", "colon", *"log ", "tab"),
    "jump nowhere": ("colon", *"dag nothing", "enter"),
    "letters": ("enter", "apostrophe"),
    "export": ("enter", "3", "E"),
    "filter": ("slash", *"tag:x"),
    "search in a log": (*LOG, "slash", *"red"),
    "filter of a log": (*LOG, "ampersand", *"red"),
    "time range": (*LOG, "at"),
    "filter of runs": ("P", "slash", *"(metrics.m = 1 AND x"),
    "columns of runs": ("P", "C"),
    "choice of experiments": ("P", "e"),
    "groups of runs": ("P", "b"),
    "views of runs": ("P", "w"),
}
"""What asks where to go, or what to show."""

ACTING: dict[str, Keys] = {
    "trigger": ("t",),
    "trigger of the run screen": (*RUN, "t"),
    "clone": (*FAILED, "T"),
    "backfill": ("B",),
    "schedule": ("at",),
    "note": (*FAILED, "a"),
    "retry": (*FAILED, "e"),
    "clear": (*FAILED, "c"),
    "mark": (*FAILED, "m"),
    "kill": ("enter", "j", "x"),
    "weight": (*FAILED, "W"),
    "clear runs": ("3", "c"),
    "mark runs": ("3", "m"),
    "kill runs": ("3", "x"),
    "delete a run": ("3", "j", "d"),
    "cancel a backfill": (*BACKFILLS, "x"),
    "limit of a backfill": (*BACKFILLS, "e"),
    "note on a run": ("3", "a"),
    "clear tasks": ("I", "asterisk", "c"),
    "mark tasks": ("I", "m"),
    "kill tasks": ("I", "asterisk", "x"),
    "clear instances": (*INSTANCES, "asterisk", "c"),
    "note on an instance": (*INSTANCES, "a"),
    "weight of an instance": (*INSTANCES, "W"),
    "clear of a task": (*LOG, "2", "c"),
    "mark of a task": (*LOG, "2", "m"),
    "retry of a task": (*LOG, "2", "e"),
    "note on a tracked run": (*TRACKED, "e"),
    "tag of a tracked run": (*TRACKED, "t"),
    "rename a tracked run": (*TRACKED, "f2"),
    "archive a tracked run": (*TRACKED, "a"),
    "delete a tracked run": (*TRACKED, "D"),
    "reproduce a tracked run": (*TRACKED, "T"),
    "edit a variable": ("5", "e"),
    "new variable": ("5", "A"),
    "delete a variable": ("5", "d"),
    "unmask a variable": ("5", "j", "u"),
    "edit a connection": ("6", "e"),
    "delete a connection": ("6", "d"),
    "edit a pool": ("7", "e"),
    "delete a pool": ("7", "d"),
    "delete xcoms": ("4", "d"),
    "record an event": ("8", "A"),
    "trigger what produces": ("8", "t"),
    "tag of runs": ("P", "t"),
    "rename in the table of runs": ("P", "N"),
    "archive runs": ("P", "a"),
    "delete in the table of runs": ("P", "j", "d"),
}
"""Forms and questions."""

EVERYWHERE: dict[str, Keys] = {**SCREENS, **ASKING, **ACTING}

MOST_STEPS = 6
"""Of Escape, until no dialog and no prompt is open."""


def key_event(key: str) -> events.Key:
    """A key as the terminal's driver hands it to the app."""
    name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
    try:
        character: str | None = unicodedata.lookup(_get_unicode_name_from_key(name))
    except KeyError:
        character = key if len(key) == 1 else None
    return events.Key(name, character)


async def quiet(app: DagtopApp) -> None:
    """Wait until keys have come to their end, and what they asked the store for is there.

    A pilot waits until the process is idle, 40 ms and more for each key: too long for thousands.
    """
    calm = 0
    for _ in range(400):
        if app._exception is not None:
            raise AssertionError("the app has failed") from app._exception
        answered = asyncio.Event()
        if not app.trouble:
            app.refresher.once(lambda store: None, lambda _, there=answered: there.set())
        before = app.screen
        for _ in range(100):
            await asyncio.sleep(0.004)
            if app.trouble or answered.is_set():
                break
        screen, order = app.screen, app.key_order
        waits = isinstance(screen, DagtopScreen) and screen.fetch() and screen.snapshot is None
        free = not order._waiting and order._is_free() and screen.is_mounted
        calm = calm + 1 if screen is before and free and (app.trouble or not waits) else 0
        if calm == 2:
            return
    raise AssertionError(f"{app.screen} doesn't come to rest")


async def type_keys(app: DagtopApp, *keys: str) -> None:
    """Type keys, and wait for what they open."""
    for number, key in enumerate(keys, 1):
        app.post_message(key_event(key))
        if len(key) > 1 or number == len(keys) or not isinstance(app.focused, Input):
            await quiet(app)


async def go_back(app: DagtopApp) -> None:
    """To the list of DAGs again, whatever is shown."""
    for _ in range(MOST_STEPS):
        screen = app.screen
        if isinstance(screen, DagtopScreen) and not isinstance(app.focused, Input):
            break
        await type_keys(app, "escape")
    else:
        raise AssertionError(f"Escape doesn't leave {app.screen}")
    app.ways.go_to(Location())
    await quiet(app)
    while isinstance(app.screen, DagtopScreen) and app.screen.step_back():
        await quiet(app)


async def go(app: DagtopApp, way: Keys) -> None:
    """Along a way from the list of DAGs."""
    await go_back(app)
    await type_keys(app, *way)
