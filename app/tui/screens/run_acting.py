"""Clear, mark and kill on any choice of task instances: several tasks, of one run or of several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
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
    touched_number,
)
from app.tui.spans import Span, Spans, span
from app.tui.widgets.dialogs import Choices, ConfirmDialog, Toggle

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from store.queries.tasks import InstanceRow

NAMED = 8
"""Tasks that a question names."""

PREVIEWED = 50
"""Commands of which is worked out what they touch; of more only the choice is named."""


def selections(
    dag_id: str, run_id: str, chosen: Sequence[InstanceRow], every: Iterable[InstanceRow] = ()
) -> list[Selection]:
    """The chosen task instances as few selections: tasks as a whole together, and those of which
    only some map indexes (as far as ``every`` instance of the run is known) are chosen by the
    indexes that they have in common."""
    indexes: dict[str, list[int]] = {}
    for row in chosen:
        indexes.setdefault(row.task_id, []).append(row.map_index)
    numbers: dict[str, int] = {}
    for row in every:
        if row.task_id in indexes:
            numbers[row.task_id] = numbers.get(row.task_id, 0) + 1
    groups: dict[tuple[int, ...] | None, list[str]] = {}
    for task_id, found in indexes.items():
        whole = found == [-1] or len(found) == numbers.get(task_id, 0)
        groups.setdefault(None if whole else tuple(sorted(found)), []).append(task_id)
    return [Selection(dag_id, run_id, tuple(ids), which) for which, ids in groups.items()]


def clear(app: DagtopApp, chosen: Sequence[Selection]) -> None:
    """Ask which tasks run again, show them, and clear them."""
    if len(chosen) == 1:
        ask_clear(app, chosen[0])
        return

    def payloads(choices: Choices) -> list[dict[str, Any]]:
        wanted = _one_of_each_run(chosen) if choices.on["whole"] else chosen
        return [clear_payload(one, choices.on) for one in wanted]

    def answered(choices: Choices | None) -> None:
        if choices is not None:
            what = _runs_words(chosen) if choices.on["whole"] else _words(chosen)
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
                Toggle("w", "whole", _runs_words(chosen)),
                Toggle("b", "past", "runs before this one too"),
                Toggle("a", "future", "runs after this one too"),
            ),
            number=_number(chosen),
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
            number=_number(chosen),
            preview=_preview(app, chosen, "mark_task", payloads, "Marked:"),
        ),
        answered,
    )


def kill(app: DagtopApp, chosen: Sequence[Selection], working: Sequence[Selection]) -> None:
    """Ask whether to end the processes of these task instances, or whole runs, and do it.

    ``working``: those of the choice that have a process at work.
    """
    if len(chosen) == 1 and len(chosen[0].task_ids) == 1:
        ask_kill(app, chosen[0], works=bool(working))
        return

    def answered(choices: Choices | None) -> None:
        if choices is None:
            return
        if choices.on["whole"]:
            for one in _one_of_each_run(chosen):
                payload = {"dag_id": one.dag_id, "run_id": one.run_id}
                app.act("cancel_run", payload, f"cancelled {_runs_words(chosen)}")
        elif not working:
            app.say("nothing was killed: no process is at work")
        else:
            done = f"told {formats.plural(_number(working), 'task instance')} to end"
            for one in working:
                base = {"dag_id": one.dag_id, "run_id": one.run_id}
                for task_id in one.task_ids:
                    for index in one.map_indexes or (None,):
                        app.act("kill", {**base, "task_id": task_id, "map_index": index}, done)

    end = "they fail" if len(_one_of_each_run(chosen)) > 1 else "it fails"
    app.push_screen(
        ConfirmDialog(
            "Kill what runs?",
            [
                *_lines(chosen),
                (),
                (Span(SIGNALS if working else IDLE, "dim" if working else "warning"),),
            ],
            "kill",
            number=_number(chosen),
            toggles=(Toggle("w", "whole", f"{_runs_words(chosen)}, {end}"),),
        ),
        answered,
    )


def _one_of_each_run(chosen: Sequence[Selection]) -> list[Selection]:
    first: dict[tuple[str, str], Selection] = {}
    for one in chosen:
        first.setdefault((one.dag_id, one.run_id), one)
    return list(first.values())


def _runs_words(chosen: Sequence[Selection]) -> str:
    number = len(_one_of_each_run(chosen))
    return "the whole run" if number == 1 else f"the {number} whole runs"


def _number(chosen: Sequence[Selection]) -> int:
    """How many task instances they are, a mapped task as a whole counted once."""
    return sum(len(one.task_ids) * len(one.map_indexes or (None,)) for one in chosen)


def _words(chosen: Sequence[Selection]) -> str:
    return ", ".join(one.words() for one in chosen[:3]) + (" ..." if len(chosen) > 3 else "")


def _lines(chosen: Sequence[Selection]) -> list[Spans]:
    """The choice as a dialog names it."""
    runs = _one_of_each_run(chosen)
    lines: list[Spans] = chosen[0].lines()[:2]
    if len(runs) > 1:
        dags = formats.plural(len({one.dag_id for one in runs}), "DAG")
        where = formats.plural(len(runs), "run")
        lines = [(Span("in    ", "dim"), Span(where, "strong"), Span(f" of {dags}", "dim"))]
    names: list[Spans] = []
    for one in chosen:
        of_run = f"  {one.dag_id} {formats.run_name(one.run_id)}" if len(runs) > 1 else ""
        own = one.task_ids if one.map_indexes is None else (one.words(),)
        names.extend((span(name, "strong"), span(of_run, "dim")) for name in own)
    for number, name in enumerate(names[:NAMED]):
        lines.append((Span("tasks " if not number else "      ", "dim"), *name))
    if len(names) > NAMED:
        lines.append((Span(f"      and {formats.plural(len(names) - NAMED, 'more task')}", "dim"),))
    return lines


def _preview(
    app: DagtopApp,
    chosen: Sequence[Selection],
    kind: str,
    payloads: Callable[[Choices], list[dict[str, Any]]],
    verb: str,
) -> Callable[[Choices, Callable[..., None]], None]:
    """Works out what all parts of the choice touch together, each task instance once."""

    def ask(choices: Choices, hand_over: Callable[..., None]) -> None:
        wanted = payloads(choices)
        if len(wanted) > PREVIEWED:
            words = f"{verb} {formats.plural(_number(chosen), 'task instance')} and what is ticked."
            hand_over([*_lines(chosen), (), (Span(words, "dim"),)])
            return
        replies: list[tuple[str, object]] = []

        def then(reply: object, dag_id: str) -> None:
            replies.append((dag_id, reply))
            if len(replies) == len(wanted):
                found = together(replies)
                number = max(_number(chosen), touched_number(found))
                lines = [*_lines(chosen), (), *touched_lines(found, verb)]
                hand_over(lines, number=number)

        for payload in wanted:
            app.commander.dry_run(kind, payload, partial(then, dag_id=payload["dag_id"]))

    return ask


def together(replies: Sequence[tuple[str, object]]) -> object:
    """Answers of dry runs, each with its DAG, as one; the first sentence of one that could not be
    asked."""
    instances: dict[tuple[Any, ...], Any] = {}
    for dag_id, reply in replies:
        if not isinstance(reply, dict):
            return reply
        for run_id, *rest in reply.get("instances", []):
            instances.setdefault((dag_id, run_id, *rest[:2]), (f"{dag_id} {run_id}", *rest))
    return {"instances": list(instances.values())}
