"""Actions of a DAG's source, and of all long texts with a cursor."""

from __future__ import annotations

from app.tui.actions.action import GO, VIEW, Action

TITLES = {
    "lines": "source and values",
    "code": "source of a DAG",
}

ACTIONS: tuple[Action, ...] = (
    Action("lines.find", ("slash",), "Search", "search; n next, N previous", VIEW, 1),
    Action("lines.next_match", ("n",), "Next", "next match", VIEW),
    Action("lines.previous_match", ("N",), "Previous", "match before", VIEW),
    Action("lines.copy_text", ("y",), "Copy", "copy the whole text (OSC 52)", VIEW),
    Action("lines.copy_line", ("Y",), "Copy line", "copy the line under the cursor", VIEW),
    Action("view.show-code", ("8",), "Code", "the source of a run's version", GO),
    Action("code.diff", ("D",), "Diff", "what changed against the version before", VIEW, 2),
    Action("code.other_side", ("v",), "Against", "which version to compare with", VIEW, 3),
    Action("code.older", ("less_than_sign",), "Older", "the version before", GO, 4),
    Action("code.newer", ("greater_than_sign",), "Newer", "the next version", GO),
    Action("code.newest", ("dollar_sign",), "Newest", "the newest version", GO),
    Action("code.of_run", ("o",), "Of run", "the version of the run in focus", GO),
    Action("code.definition", ("d",), "Task", "to where the task in focus is defined", GO),
    Action("code.next_task", ("J", "shift+down"), "Next task", "next task, or part of a diff", GO),
    Action("code.previous_task", ("K", "shift+up"), "Task before", "task, or part, before", GO),
    Action("code.open", ("enter",), "Line", "from a diff to that line of the source", GO),
)
