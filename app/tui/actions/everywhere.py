"""Actions that all screens share, and those of dialogs."""

from __future__ import annotations

from app.tui.actions.action import ACT, GO, MOVE, VIEW, Action

TITLES = {
    "everywhere": "everywhere",
    "place": "views of the workspace",
    "list": "lists and logs",
    "table": "tables",
    "text": "texts",
    "confirm": "questions",
    "form": "forms",
}

ACTIONS: tuple[Action, ...] = (
    Action("everywhere.help", ("question_mark",), "Help", "show the keys that work here", GO, 90),
    Action("everywhere.jump", ("colon",), "Jump", "to a DAG, run, log or view by its name", GO),
    Action("everywhere.palette", ("ctrl+p",), "Palette", "search all actions by name", GO),
    Action("everywhere.back", ("escape", "backspace"), "Back", "one step back; never quits", GO),
    Action(
        "everywhere.history_back",
        ("left_square_bracket",),
        "Older place",
        "where you were before",
        GO,
    ),
    Action(
        "everywhere.history_on", ("right_square_bracket",), "Newer place", "on again, after [", GO
    ),
    Action("everywhere.quit", ("q",), "Quit", "leave dagtop; the runner goes on", GO, 99),
    Action(
        "everywhere.start_runner",
        ("S",),
        "Start runner",
        "start the runner if none is up",
        ACT,
        acts=True,
    ),
    Action(
        "everywhere.letters",
        ("apostrophe",),
        "Letters",
        "a letter at each row: type it to go there",
        GO,
    ),
    Action("everywhere.export", ("E",), "Export", "write table, chart or screen to a file", VIEW),
    Action("everywhere.theme", (), "Theme", "the next theme: light, high contrast ...", VIEW),
    Action("place.show-dags", ("2",), "DAGs", "all DAGs", GO),
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
    Action(
        "table.open", ("enter",), "Open", "go into the row under the cursor", GO, 1, of_row=True
    ),
    Action("table.filter", ("slash",), "Filter", "words, key:value, !not; Tab completes", VIEW, 4),
    Action("table.sort", ("s",), "Sort", "sort by the next column", VIEW),
    Action("table.reverse", ("R",), "Reverse", "turn the order round", VIEW),
    Action("table.columns", ("C",), "Columns", "choose the columns", VIEW),
    Action("table.mark", ("space",), "Mark", "mark the row and move down", VIEW, of_row=True),
    Action(
        "table.mark_all",
        ("asterisk",),
        "Mark all",
        "mark all shown rows, or none",
        VIEW,
        of_row=True,
    ),
    Action("text.copy_text", ("y",), "Copy", "copy the text to the clipboard (OSC 52)", VIEW, 1),
    Action("confirm.yes", ("y",), "Yes", "do it", ACT, acts=True),
    Action("confirm.no", ("n", "enter", "escape", "q"), "No", "leave everything as it is", GO),
    Action("form.submit", ("ctrl+r",), "Do it", "do what the form says", ACT, 1, acts=True),
    Action("form.cancel", ("escape",), "Cancel", "leave everything as it is", GO, 2),
)
