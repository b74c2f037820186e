"""Clear, mark and kill: the questions that say what will be touched, and the commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.tui import formats
from app.tui.models.instance import touched_lines
from app.tui.spans import Span, Spans, span
from app.tui.widgets.dialogs import Choices, ConfirmDialog, Toggle

if TYPE_CHECKING:
    from app.tui.application import DagtopApp

WORKING = ((Span("working out what this touches ...", "dim"),),)


@dataclass(frozen=True, slots=True)
class Selection:
    """What an action is about: tasks (and perhaps some of their map indexes) of one run."""

    dag_id: str
    run_id: str
    task_ids: tuple[str, ...]
    map_indexes: tuple[int, ...] | None = None

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


def touched_number(reply: object) -> int:
    """How many task instances a dry run says an action would touch."""
    return len(reply.get("instances", ())) if isinstance(reply, dict) else 0


def ask_clear(app: DagtopApp, selection: Selection) -> None:
    """Ask which tasks run again, show them, and clear them."""

    def preview(choices: Choices, hand_over: Callable[..., None]) -> None:
        def then(reply: object) -> None:
            lines = [*selection.lines(), (), *touched_lines(reply, "Runs again:")]
            hand_over(lines, number=touched_number(reply))

        app.commander.dry_run("clear", clear_payload(selection, choices.on), then)

    def answered(choices: Choices | None) -> None:
        if choices is not None:
            what = "the whole run" if choices.on["whole"] else selection.words()
            app.act("clear", clear_payload(selection, choices.on), f"cleared {what}")

    app.push_screen(
        ConfirmDialog(
            "Run again?",
            [*selection.lines(), (), *WORKING],
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


def ask_mark(app: DagtopApp, selection: Selection) -> None:
    """Ask for the state, show what gets it, and mark."""

    def preview(choices: Choices, hand_over: Callable[..., None]) -> None:
        def then(reply: object) -> None:
            verb = f"Marked {choices.alternative}:"
            lines = [*selection.lines(), (), *touched_lines(reply, verb)]
            hand_over(lines, number=touched_number(reply))

        if choices.on["whole"]:
            words = f"The run is marked {choices.alternative}; what runs in it is ended."
            hand_over([*selection.lines()[:2], (), (Span(words),)])
            return
        app.commander.dry_run("mark_task", mark_payload(selection, choices), then)

    def answered(choices: Choices | None) -> None:
        if choices is None:
            return
        state = choices.alternative
        if choices.on["whole"]:
            payload = {"dag_id": selection.dag_id, "run_id": selection.run_id, "state": state}
            app.act("mark_run", payload, f"marked the run {state}")
        else:
            payload = mark_payload(selection, choices)
            app.act("mark_task", payload, f"marked {selection.words()} {state}")

    app.push_screen(
        ConfirmDialog(
            "Mark as?",
            [*selection.lines(), (), *WORKING],
            "mark it",
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
IDLE = "No process is at work. Only w, the whole run, ends something."


def ask_kill(app: DagtopApp, selection: Selection, *, works: bool) -> None:
    """Ask whether to end the task's process, or the whole run, and do it.

    ``works``: the selection has a process at work; else only the run as a whole can be ended.
    """

    def answered(choices: Choices | None) -> None:
        if choices is None:
            return
        base = {"dag_id": selection.dag_id, "run_id": selection.run_id}
        if choices.on["whole"]:
            app.act("cancel_run", base, "cancelled the run")
            return
        if not works:
            app.say("nothing was killed: no process is at work")
            return
        for task_id in selection.task_ids:
            for index in selection.map_indexes or (None,):
                payload = {**base, "task_id": task_id, "map_index": index}
                app.act("kill", payload, f"told {selection.words()} to end")

    app.push_screen(
        ConfirmDialog(
            "Kill what runs?",
            [
                *selection.lines(),
                (),
                (Span(SIGNALS if works else IDLE, "dim" if works else "warning"),),
            ],
            "kill",
            toggles=(Toggle("w", "whole", "the whole run, it fails"),),
            number=len(selection.map_indexes or ()),
        ),
        answered,
    )
