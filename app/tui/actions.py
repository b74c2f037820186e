"""The one registry of actions.

Bindings, the footer, the ``?`` overlay, the command palette and the README's table of keys are all
made from ``ACTIONS``. A screen lists the contexts it belongs to and has a method
``action_<handler>`` for each action of theirs; a test walks the registry. No Textual is loaded
here, so that the README's generator and the tests can read it alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MOVE, ACT, VIEW, GO = "Move", "Act", "View", "Go"
GROUPS = (GO, ACT, VIEW, MOVE)
"""Order of the groups in the help overlay."""


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
    shell: str = ""
    """The command that does the same from a shell."""

    @property
    def context(self) -> str:
        return self.id.partition(".")[0]

    @property
    def handler(self) -> str:
        """Name of the method without ``action_``."""
        return self.id.partition(".")[2].replace("-", "_")


ACTIONS: tuple[Action, ...] = (
    # everywhere
    Action("everywhere.help", ("question_mark",), "Help", "show the keys that work here", GO, 90),
    Action("everywhere.jump", ("colon",), "Jump", "go to a DAG by its name", GO),
    Action("everywhere.palette", ("ctrl+p",), "Palette", "search all actions by name", GO),
    Action("everywhere.back", ("escape", "backspace"), "Back", "one step back; never quits", GO),
    Action("everywhere.quit", ("q",), "Quit", "leave dagtop; the runner goes on", GO, 99),
    Action(
        "everywhere.start_runner",
        ("S",),
        "Start runner",
        "start the runner if none is up",
        ACT,
        acts=True,
        shell="dagtop up",
    ),
    Action("everywhere.theme", (), "Theme", "next theme: dark, 16 colours, no colour", VIEW),
    # everything that lists: tables, the grid, logs, texts
    Action("list.down", ("j", "down"), "Down", "one line down", MOVE),
    Action("list.up", ("k", "up"), "Up", "one line up", MOVE),
    Action("list.left", ("h", "left"), "Left", "one column to the left", MOVE),
    Action("list.right", ("l", "right"), "Right", "one column to the right", MOVE),
    Action("list.page_down", ("ctrl+f", "pagedown"), "Page down", "one page down", MOVE),
    Action("list.page_up", ("ctrl+b", "pageup"), "Page up", "one page up", MOVE),
    Action("list.half_down", ("ctrl+d",), "Half down", "half a page down", MOVE),
    Action("list.half_up", ("ctrl+u",), "Half up", "half a page up", MOVE),
    Action("list.top", ("g", "home"), "Top", "to the first line", MOVE),
    Action("list.bottom", ("G", "end"), "End", "to the last line", MOVE),
    # tables with a filter
    Action("table.open", ("enter",), "Open", "go into the row under the cursor", GO, 1),
    Action("table.filter", ("slash",), "Filter", "words, state:failed, tag:x, !not", VIEW, 4),
    Action("table.sort", ("s",), "Sort", "sort by the next column", VIEW),
    Action("table.reverse", ("R",), "Reverse", "turn the order round", VIEW),
    Action("table.mark", ("space",), "Mark", "mark the row and move down", VIEW),
    Action("table.mark_all", ("asterisk",), "Mark all", "mark all shown rows, or none", VIEW),
    # the DAG list
    Action(
        "dags.trigger",
        ("t",),
        "Trigger",
        "start a run now, with its params",
        ACT,
        2,
        acts=True,
        shell="dagtop dags trigger DAG",
    ),
    Action(
        "dags.pause",
        ("p",),
        "Pause",
        "pause or unpause the schedule",
        ACT,
        3,
        acts=True,
        shell="dagtop dags pause DAG",
    ),
    Action("dags.next_tab", ("tab",), "Next tab", "All, Active, Paused, Running, Failed", VIEW, 5),
    Action("dags.previous_tab", ("shift+tab",), "Previous tab", "the tab before", VIEW),
    Action("dags.errors", ("e",), "Errors", "open the import errors", VIEW),
    # one DAG
    Action("grid.open", ("enter",), "Log", "log of the try; of a mapped task its instances", GO, 1),
    Action(
        "grid.trigger",
        ("t",),
        "Trigger",
        "start a run now, with its params",
        ACT,
        2,
        acts=True,
        shell="dagtop dags trigger DAG",
    ),
    Action(
        "grid.clear",
        ("c",),
        "Clear",
        "run again: the task, what is downstream, only failed ...",
        ACT,
        3,
        acts=True,
        destructive=True,
        shell="dagtop tasks clear DAG TASK --run RUN",
    ),
    Action(
        "grid.mark_state",
        ("m",),
        "Mark",
        "mark success, failed or skipped",
        ACT,
        4,
        acts=True,
        destructive=True,
        shell="dagtop tasks state DAG TASK --run RUN",
    ),
    Action(
        "grid.kill",
        ("x",),
        "Kill",
        "end the running process of the task",
        ACT,
        acts=True,
        destructive=True,
        shell="dagtop runs cancel DAG RUN",
    ),
    Action(
        "grid.pause",
        ("p",),
        "Pause",
        "pause or unpause the schedule",
        ACT,
        acts=True,
        shell="dagtop dags pause DAG",
    ),
    Action("grid.info", ("i",), "Info", "panel about the instance under the cursor", VIEW, 5),
    Action("grid.run_details", ("r",), "Run", "all about the run under the cursor", VIEW),
    Action("grid.why", ("w",), "Why", "why it waits", VIEW, shell="dagtop tasks why DAG TASK"),
    Action("grid.fold", ("space",), "Fold", "fold or unfold the group", VIEW),
    Action("grid.fold_all", ("asterisk",), "Fold all", "fold or unfold all groups", VIEW),
    Action("grid.first_run", ("0",), "First run", "to the oldest run", MOVE),
    Action("grid.last_run", ("dollar_sign",), "Last run", "to the newest run", MOVE),
    Action("grid.filter", ("slash",), "Filter", "only tasks with these words", VIEW),
    # the instances of a mapped task
    Action(
        "instances.clear",
        ("c",),
        "Clear",
        "run the marked instances again",
        ACT,
        2,
        acts=True,
        destructive=True,
        shell="dagtop tasks clear DAG TASK --run RUN",
    ),
    Action(
        "instances.mark_state",
        ("m",),
        "Mark as",
        "mark success, failed or skipped",
        ACT,
        3,
        acts=True,
        destructive=True,
        shell="dagtop tasks state DAG TASK --run RUN",
    ),
    Action(
        "instances.kill",
        ("x",),
        "Kill",
        "end the running process",
        ACT,
        acts=True,
        destructive=True,
    ),
    # a try's log
    Action("log.follow", ("f",), "Follow", "follow the end of the log", VIEW, 1),
    Action("log.search", ("slash",), "Search", "search; n next, N previous", VIEW, 2),
    Action("log.next_match", ("n",), "Next", "next match", VIEW),
    Action("log.previous_match", ("N",), "Previous", "match before", VIEW),
    Action("log.wrap", ("w",), "Wrap", "wrap long lines", VIEW, 3),
    Action("log.previous_try", ("left_square_bracket",), "Try -", "the try before", GO, 4),
    Action("log.next_try", ("right_square_bracket",), "Try +", "the next try", GO),
    Action("log.previous_instance", ("less_than_sign",), "Map -", "the map index before", GO),
    Action("log.next_instance", ("greater_than_sign",), "Map +", "the next map index", GO),
    Action("log.copy", ("y",), "Copy", "copy the top line to the clipboard (OSC 52)", VIEW, 5),
    Action("log.copy_path", ("Y",), "Copy path", "copy the path of the log file", VIEW),
    # texts: a traceback, help, details
    Action("text.copy_text", ("y",), "Copy", "copy the text to the clipboard (OSC 52)", VIEW, 1),
    # dialogs
    Action("confirm.yes", ("y",), "Yes", "do it", ACT, acts=True),
    Action("confirm.no", ("n", "enter", "escape", "q"), "No", "leave everything as it is", GO),
    Action("form.submit", ("ctrl+r",), "Run", "trigger with these params", ACT, 1, acts=True),
    Action("form.cancel", ("escape",), "Cancel", "leave without triggering", GO, 2),
)

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}

KEY_NAMES = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "asterisk": "*",
    "dollar_sign": "$",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "less_than_sign": "<",
    "greater_than_sign": ">",
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
    titles = {
        "everywhere": "everywhere",
        "list": "lists and logs",
        "table": "tables",
        "dags": "DAG list",
        "grid": "grid",
        "instances": "mapped instances",
        "log": "log",
        "text": "texts",
        "confirm": "questions",
        "form": "trigger form",
    }
    rows = ["| where | key | does |", "|---|---|---|"]
    for action in ACTIONS:
        keys = " ".join(f"`{key_name(key)}`" for key in action.keys) or "palette"
        text = f"{action.name}: {action.description}"
        rows.append(f"| {titles[action.context]} | {keys} | {text.replace('|', '/')} |")
    return "\n".join(rows) + "\n"
