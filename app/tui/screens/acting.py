"""Clear, mark and kill: the questions that say what will be touched, and the commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.tui import formats
from app.tui.models.instance import touched_lines
from app.tui.spans import Span, Spans, span
from app.tui.widgets.dialogs import Choices, ConfirmDialog, Toggle
from store.states import EXECUTING_TASK_STATES

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from store.queries.tasks import InstanceRow

WORKING = ((Span("working out what this touches ...", "dim"),),)

NAMED = 8
"""Tasks that a question about several names."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What an action is about: tasks (and perhaps some of their map indexes) of one run."""

    dag_id: str
    run_id: str
    task_ids: tuple[str, ...]
    map_indexes: tuple[int, ...] | None = None

    @property
    def least(self) -> int:
        """Task instances that are chosen, as far as that is known without the store."""
        return len(self.task_ids) * len(self.map_indexes or (None,))

    def words(self) -> str:
        """The selection in a few words."""
        if len(self.task_ids) != 1:
            return formats.plural(len(self.task_ids), "task")
        if self.map_indexes is None:
            return self.task_ids[0]
        if len(self.map_indexes) == 1:
            return f"{self.task_ids[0]}[{self.map_indexes[0]}]"
        return f"{len(self.map_indexes)} instances of {self.task_ids[0]}"

    def lines(self) -> list[Spans]:
        """The selection as a dialog names it."""
        return [
            (Span("DAG   ", "dim"), span(self.dag_id)),
            (Span("run   ", "dim"), span(self.run_id)),
            (Span("task  ", "dim"), span(self.words(), "strong")),
        ]


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


def clear_payload(selection: Selection, on: dict[str, bool]) -> dict[str, Any]:
    """What the command ``clear`` wants to be told."""
    whole = on["whole"]
    return {
        "dag_id": selection.dag_id,
        "run_ids": [selection.run_id],
        "task_ids": None if whole else list(selection.task_ids),
        "map_indexes": None if whole else _indexes(selection),
        "upstream": on["upstream"],
        "downstream": on["downstream"],
        "only_failed": on["only_failed"],
        "past": on["past"],
        "future": on["future"],
        "dry_run": False,
    }


def mark_payload(selection: Selection, choices: Choices) -> dict[str, Any]:
    """What the command ``mark_task`` wants to be told."""
    return {
        "dag_id": selection.dag_id,
        "run_id": selection.run_id,
        "task_ids": list(selection.task_ids),
        "map_indexes": _indexes(selection),
        "state": choices.alternative,
        "upstream": choices.on["upstream"],
        "downstream": choices.on["downstream"],
        "past": choices.on["past"],
        "future": choices.on["future"],
        "dry_run": False,
    }


def _indexes(selection: Selection) -> list[int] | None:
    return None if selection.map_indexes is None else list(selection.map_indexes)


def touched_number(reply: object, otherwise: int) -> int:
    """How many task instances a dry run says an action would touch; where it could not be
    asked, how many were chosen."""
    return len(reply.get("instances", ())) if isinstance(reply, dict) else otherwise


def ask_clear(app: DagtopApp, chosen: Sequence[Selection]) -> None:
    """Ask which tasks run again, show them, and clear them."""

    def payloads(choices: Choices) -> list[dict[str, Any]]:
        wanted = chosen[:1] if choices.on["whole"] else chosen
        return [clear_payload(one, choices.on) for one in wanted]

    def preview(choices: Choices, hand_over: Callable[..., None]) -> None:
        def then(reply: object) -> None:
            lines = [*_lines(chosen), (), *touched_lines(reply, "Runs again:")]
            hand_over(lines, number=touched_number(reply, _least(chosen)))

        app.commander.dry_runs("clear", payloads(choices), then)

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
            preview=preview,
        ),
        answered,
    )


def ask_mark(app: DagtopApp, chosen: Sequence[Selection]) -> None:
    """Ask for the state, show what gets it, and mark."""
    base = {"dag_id": chosen[0].dag_id, "run_id": chosen[0].run_id}

    def payloads(choices: Choices) -> list[dict[str, Any]]:
        return [mark_payload(one, choices) for one in chosen]

    def preview(choices: Choices, hand_over: Callable[..., None]) -> None:
        state = choices.alternative

        def then(reply: object) -> None:
            lines = [*_lines(chosen), (), *touched_lines(reply, f"Marked {state}:")]
            hand_over(lines, number=touched_number(reply, _least(chosen)))

        if choices.on["whole"]:
            words = f"The run is marked {state}; what runs in it is ended."
            hand_over([*_lines(chosen)[:2], (), (Span(words),)], number=1)
            return
        app.commander.dry_runs("mark_task", payloads(choices), then)

    def answered(choices: Choices | None) -> None:
        if choices is None:
            return
        state = choices.alternative
        if choices.on["whole"]:
            app.act("mark_run", {**base, "state": state}, f"marked the run {state}")
            return
        for payload in payloads(choices):
            app.act("mark_task", payload, f"marked {_words(chosen)} {state}")

    app.push_screen(
        ConfirmDialog(
            "Mark as?",
            [*_lines(chosen), (), *WORKING],
            "mark it" if len(chosen) == 1 else "mark them",
            alternatives=(("s", "success"), ("f", "failed"), ("k", "skipped")),
            toggles=(
                Toggle("d", "downstream", "what is downstream too"),
                Toggle("u", "upstream", "what is upstream too"),
                Toggle("b", "past", "runs before this one too"),
                Toggle("a", "future", "runs after this one too"),
                Toggle("w", "whole", "the run as a whole"),
            ),
            preview=preview,
        ),
        answered,
    )


SIGNALS = "Its process gets SIGTERM, and SIGKILL if it does not end."
IDLE = "It has no process at work. w takes the whole run, y alone does nothing."


def at_work(rows: Iterable[InstanceRow]) -> list[tuple[str, int | None]]:
    """Of task instances those that have a process, as ``ask_kill`` wants them."""
    return [
        (row.task_id, None if row.map_index < 0 else row.map_index)
        for row in rows
        if row.state in EXECUTING_TASK_STATES
    ]


def ask_kill(
    app: DagtopApp,
    chosen: Sequence[Selection],
    working: Sequence[tuple[str, int | None]],
    number: int | None = None,
) -> None:
    """Ask whether to end the processes of task instances, or the whole run, and do it.

    ``working``: those of them that have a process; of none only the run as a whole can be ended.
    Where it names mapped tasks as a whole (no map index), ``number`` says how many processes.
    """
    base = {"dag_id": chosen[0].dag_id, "run_id": chosen[0].run_id}
    number = len(working) if number is None else number
    what = formats.plural(number, "task instance") if number > 1 else _words(chosen)

    def answered(choices: Choices | None) -> None:
        if choices is None:
            return
        if choices.on["whole"]:
            app.act("cancel_run", base, "cancelled the run")
            return
        if not working:
            app.say("nothing was killed: no process is at work")
        for task_id, index in working:
            payload = {**base, "task_id": task_id, "map_index": index}
            app.act("kill", payload, f"told {what} to end")

    words = Span(SIGNALS, "dim") if working else Span(IDLE, "warning")
    app.push_screen(
        ConfirmDialog(
            "Kill what runs?",
            [*_lines(chosen), (), (words,)],
            "kill",
            toggles=(Toggle("w", "whole", "the whole run, it fails"),),
            number=number,
        ),
        answered,
    )


def _least(chosen: Sequence[Selection]) -> int:
    return sum(one.least for one in chosen)


def _words(chosen: Sequence[Selection]) -> str:
    return ", ".join(one.words() for one in chosen[:3]) + (" ..." if len(chosen) > 3 else "")


def _lines(chosen: Sequence[Selection]) -> list[Spans]:
    """The choice as a dialog names it."""
    if len(chosen) == 1:
        return chosen[0].lines()
    lines = chosen[0].lines()[:2]
    names: list[str] = []
    for one in chosen:
        names.extend(one.task_ids if one.map_indexes is None else (one.words(),))
    for number, name in enumerate(names[:NAMED]):
        lines.append((Span("tasks " if not number else "      ", "dim"), span(name, "strong")))
    if len(names) > NAMED:
        lines.append((Span(f"      and {formats.plural(len(names) - NAMED, 'more task')}", "dim"),))
    return lines
