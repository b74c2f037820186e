"""Actions on a log, and on the logs of several tasks in one."""

from __future__ import annotations

from app.tui.actions.action import GO, VIEW, Action

TITLES = {"log": "log", "merged": "merged log"}

ACTIONS: tuple[Action, ...] = (
    Action("log.follow", ("f",), "Follow", "follow the end of the log", VIEW),
    Action(
        "log.search",
        ("slash",),
        "Search",
        "search; a capital makes case count",
        VIEW,
        3,
    ),
    Action("log.next_match", ("n",), "Next", "next match", VIEW),
    Action("log.previous_match", ("N",), "Previous", "match before", VIEW),
    Action(
        "log.filter",
        ("ampersand",),
        "Filter",
        'words, !not, level:warning, "two words"',
        VIEW,
        4,
    ),
    Action("log.level", ("L",), "Level", "all lines, INFO, WARNING, ERROR and above", VIEW),
    Action("log.next_error", ("e",), "Error", "next error or traceback", VIEW, 5),
    Action("log.previous_error", ("b",), "Error before", "error or traceback before", VIEW),
    Action("log.range", ("at",), "Time range", "last 5m, since 10:30, 10:30-10:45", VIEW),
    Action("log.stamps", ("T",), "Times", "times here, of all lines, since start, none", VIEW),
    Action("log.wrap", ("w",), "Wrap", "wrap long lines", VIEW),
    Action("log.fold", ("z",), "Fold", "fold, unfold a ::group:: of lines", VIEW),
    Action("log.fold_all", ("Z",), "Fold all", "fold all, or unfold all ::group::", VIEW),
    Action("log.mark_lines", ("v",), "Mark lines", "mark lines; y copies them", VIEW),
    Action("log.copy", ("y",), "Copy", "copy the marked lines, else one (OSC 52)", VIEW),
    Action("log.copy_path", ("Y",), "Copy path", "copy the path of the log file", VIEW),
    Action("log.save", ("W",), "Save", "write what is shown to a file", VIEW),
    Action("merged.open", ("enter",), "Task's log", "the log that the line is from", GO, 1),
)
