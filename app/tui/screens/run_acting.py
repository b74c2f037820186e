"""Clear, mark and kill on any choice of task instances of one run: several tasks at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from app.tui import formats
from app.tui.models.instance import touched_lines
from app.tui.screens.acting import (
    IDLE,
    SIGNALS,
    WORKING,
    Selection,
    ask_clear,
    ask_kill,
    ask_mark,
    clear_payload,
    mark_payload,
)
from app.tui.spans import Span, Spans, span
from app.tui.widgets.dialogs import Choices, ConfirmDialog, Toggle
from store.states import EXECUTING_TASK_STATES

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from store.queries.tasks import InstanceRow

NAMED = 8
"""Tasks that a question names."""


def selections(
    dag_id: str, run_id: str, chosen: Sequence[InstanceRow], every: Iterable[InstanceRow]
) -> list[Selection]:
    """The chosen task instances as few selections: tasks as a whole together, and those of which
    only some map indexes are chosen by the indexes that they have in common."""
    indexes: dict[str, list[int]] = {}
    for row in chosen:
        indexes.setdefault(row.task_id, []).append(row.map_index)
    numbers: dict[str, int] = {}
    for row in every:
        if row.task_id in indexes:
            numbers[row.task_id] = numbers.get(row.task_id, 0) + 1
    groups: dict[tuple[int, ...] | None, list[str]] = {}
    for task_id, found in indexes.items():
        whole = len(found) == numbers.get(task_id, 0)
        groups.setdefault(None if whole else tuple(sorted(found)), []).append(task_id)
    return [Selection(dag_id, run_id, tuple(ids), which) for which, ids in groups.items()]


def clear(app: DagtopApp, chosen: Sequence[Selection]) -> None:
    """Ask which tasks run again, show them, and clear them."""
    if len(chosen) == 1:
        ask_clear(app, chosen[0])
        return

    def payloads(choices: Choices) -> list[dict[str, Any]]:
        wanted = chosen[:1] if choices.on["whole"] else chosen
        return [clear_payload(one, choices.on) for one in wanted]

    def answered(choices: Choices | None) -> None:
        if choices is not None:
            what = "the whole run" if choices.on["whole"] else _words(chosen)
            for payload in payloads(choices):
                app.act("clear", payload, f"cleared {what}")

    app.push_screen(
        ConfirmDialog(
            "Run again?",
            [*_lines(chosen), (), *WORKING],
            "run again",
            toggles=(
                Toggle("d", "downstream", "what is downstream too", on=True),
                Toggle("u", "upstream", "what is upstream too"),
                Toggle("f", "only_failed", "only what failed"),
                Toggle("w", "whole", "the whole run"),
                Toggle("b", "past", "runs before this one too"),
                Toggle("a", "future", "runs after this one too"),
            ),
            preview=_preview(app, chosen, "clear", payloads, "Runs again:"),
        ),
        answered,
    )


def mark(app: DagtopApp, chosen: Sequence[Selection]) -> None:
    """Ask for the state, show what gets it, and mark."""
    if len(chosen) == 1:
        ask_mark(app, chosen[0])
        return

    def payloads(choices: Choices) -> list[dict[str, Any]]:
        return [mark_payload(one, choices) for one in chosen]

    def answered(choices: Choices | None) -> None:
        if choices is not None:
            for payload in payloads(choices):
                app.act("mark_task", payload, f"marked {_words(chosen)} {choices.alternative}")

    app.push_screen(
        ConfirmDialog(
            "Mark as?",
            [*_lines(chosen), (), *WORKING],
            "mark them",
            alternatives=(("s", "success"), ("f", "failed"), ("k", "skipped")),
            toggles=(
                Toggle("d", "downstream", "what is downstream too"),
                Toggle("u", "upstream", "what is upstream too"),
                Toggle("b", "past", "runs before this one too"),
                Toggle("a", "future", "runs after this one too"),
            ),
            preview=_preview(app, chosen, "mark_task", payloads, "Marked:"),
        ),
        answered,
    )


def kill(app: DagtopApp, chosen: Sequence[Selection], rows: Sequence[InstanceRow]) -> None:
    """Ask whether to end the processes of these task instances, or the whole run, and do it."""
    working = [row for row in rows if row.state in EXECUTING_TASK_STATES]
    if len(chosen) == 1 and len(chosen[0].task_ids) == 1:
        ask_kill(app, chosen[0], works=bool(working))
        return
    base = {"dag_id": chosen[0].dag_id, "run_id": chosen[0].run_id}

    def answered(choices: Choices | None) -> None:
        if choices is None:
            return
        if choices.on["whole"]:
            app.act("cancel_run", base, "cancelled the run")
        elif not working:
            app.say("nothing was killed: no process is at work")
        else:
            done = f"told {formats.plural(len(working), 'task instance')} to end"
            for row in working:
                index = None if row.map_index < 0 else row.map_index
                app.act("kill", {**base, "task_id": row.task_id, "map_index": index}, done)

    app.push_screen(
        ConfirmDialog(
            "Kill what runs?",
            [
                *_lines(chosen),
                (),
                (Span(SIGNALS if working else IDLE, "dim" if working else "warning"),),
            ],
            "kill",
            toggles=(Toggle("w", "whole", "the whole run, it fails"),),
        ),
        answered,
    )


def _words(chosen: Sequence[Selection]) -> str:
    return ", ".join(one.words() for one in chosen[:3]) + (" ..." if len(chosen) > 3 else "")


def _lines(chosen: Sequence[Selection]) -> list[Spans]:
    """The choice as a dialog names it."""
    lines = chosen[0].lines()[:2]
    names: list[str] = []
    for one in chosen:
        names.extend(one.task_ids if one.map_indexes is None else (one.words(),))
    for number, name in enumerate(names[:NAMED]):
        lines.append((Span("tasks " if not number else "      ", "dim"), span(name, "strong")))
    if len(names) > NAMED:
        lines.append((Span(f"      and {formats.plural(len(names) - NAMED, 'more task')}", "dim"),))
    return lines


def _preview(
    app: DagtopApp,
    chosen: Sequence[Selection],
    kind: str,
    payloads: Callable[[Choices], list[dict[str, Any]]],
    verb: str,
) -> Callable[[Choices, Callable[[Sequence[Spans]], None]], None]:
    """Works out what all parts of the choice touch together, each task instance once."""

    def ask(choices: Choices, hand_over: Callable[[Sequence[Spans]], None]) -> None:
        wanted = payloads(choices)
        replies: list[object] = []

        def then(reply: object) -> None:
            replies.append(reply)
            if len(replies) == len(wanted):
                hand_over([*_lines(chosen), (), *touched_lines(together(replies), verb)])

        for payload in wanted:
            app.commander.dry_run(kind, payload, then)

    return ask


def together(replies: Sequence[object]) -> object:
    """Several answers of dry runs as one; the first sentence of one that could not be asked."""
    instances: dict[tuple[Any, ...], Any] = {}
    for reply in replies:
        if not isinstance(reply, dict):
            return reply
        for one in reply.get("instances", []):
            instances.setdefault(tuple(one[:3]), one)
    return {"instances": list(instances.values())}
