"""Clear, mark and cancel whole runs: the questions that name them, and the commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from app.tui import formats
from app.tui.commander import act_all
from app.tui.models.grid import run_span
from app.tui.models.instance import touched_lines
from app.tui.models.runs import runs_named
from app.tui.screens.acting import WORKING, noted, preview_whole, touched_number
from app.tui.spans import Span, Spans, span
from app.tui.widgets.dialogs import Choices, ConfirmDialog, Toggle
from app.untouched import note_left

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from app.tui.theme import Glyphs
    from store.queries.runs import RunRow

NAMED = 6
"""Runs that a question names one by one."""

PREVIEWED = 50
"""Runs of which is worked out what a clear touches; of more only their number is said."""


def run_lines(runs: Sequence[RunRow], glyphs: Glyphs) -> list[Spans]:
    """The runs as a dialog names them."""
    lines: list[Spans] = [(span(runs_named(runs), "strong"),)]
    several = len({run.dag_id for run in runs}) > 1
    if len(runs) == 1:
        lines = [(Span("DAG   ", "dim"), span(runs[0].dag_id))]
    for run in runs[:NAMED]:
        state = run_span(run.state.value, glyphs, " ")
        dag = (span(f"{run.dag_id}  ", "dim"),) if several else ()
        lines.append((Span("run   ", "dim"), state, *dag, span(run.run_id)))
    if len(runs) > NAMED:
        lines.append((Span(f"      and {formats.plural(len(runs) - NAMED, 'more run')}", "dim"),))
    return lines


def clear_payloads(runs: Sequence[RunRow], choices: Choices) -> list[dict[str, Any]]:
    """What the commands ``clear`` want to be told: one for each DAG."""
    names: dict[str, list[str]] = {}
    for run in runs:
        names.setdefault(run.dag_id, []).append(run.run_id)
    return [
        {
            "dag_id": dag_id,
            "run_ids": run_ids,
            "task_ids": None,
            "map_indexes": None,
            "upstream": False,
            "downstream": False,
            "only_failed": choices.on["only_failed"],
            "past": False,
            "future": False,
            "dry_run": False,
            **noted(choices),
        }
        for dag_id, run_ids in names.items()
    ]


def ask_clear_runs(app: DagtopApp, runs: Sequence[RunRow]) -> None:
    """Ask whether whole runs run again, show what that touches, and clear them."""
    lines = run_lines(runs, app.glyphs)

    def preview(choices: Choices, hand_over: Callable[..., None]) -> None:
        if len(runs) > PREVIEWED:
            failed = choices.on["only_failed"]
            words = f"{'What failed in them runs' if failed else 'All of their tasks run'} again."
            hand_over([*lines, (), (Span(words, "dim"),)], number=len(runs))
            return

        def then(reply: object) -> None:
            touched = [*lines, (), *touched_lines(reply, "Runs again:", app.glyphs)]
            hand_over(touched, number=max(len(runs), touched_number(reply, 0)))

        payloads = clear_payloads(runs, choices)
        app.commander.dry_runs("clear", payloads, then)

    def answered(choices: Choices | None) -> None:
        if choices is None:
            return
        act_all(app, "clear", clear_payloads(runs, choices), f"cleared {runs_named(runs)}")

    app.push_screen(
        ConfirmDialog(
            "Run again?",
            [*lines, (), *WORKING],
            f"run {formats.plural(len(runs), 'run')} again",
            number=len(runs),
            toggles=(Toggle("f", "only_failed", "only what failed"),),
            preview=preview,
            note_on=lambda _: "the run" if len(runs) == 1 else "each run",
        ),
        answered,
    )


def ask_mark_runs(app: DagtopApp, runs: Sequence[RunRow]) -> None:
    """Ask for the state of runs, and mark them. Those that have it already are left alone."""
    lines = run_lines(runs, app.glyphs)

    def others(state: str) -> list[RunRow]:
        return [run for run in runs if run.state.value != state]

    def preview(choices: Choices, hand_over: Callable[..., None]) -> None:
        touched, state = others(choices.alternative), choices.alternative
        if touched:
            names = [(run.dag_id, run.run_id) for run in touched]
            preview_whole(app, names, state, lines, hand_over)
        else:
            words = Span(f"All are {state} already: nothing would change.", "warning")
            hand_over([*lines, (), (words,)], number=0)

    def answered(choices: Choices | None) -> None:
        if choices is None:
            return
        touched, state = others(choices.alternative), choices.alternative
        if not touched:
            app.say(f"all are {state} already{note_left(noted(choices))}")
        given = {"state": state, **noted(choices)}
        payloads = [{"dag_id": run.dag_id, "run_id": run.run_id, **given} for run in touched]
        act_all(app, "mark_run", payloads, f"marked {runs_named(touched)} {state}")

    app.push_screen(
        ConfirmDialog(
            "Mark as?",
            [*lines, (), ()],
            f"mark {formats.plural(len(runs), 'run')}",
            number=len(runs),
            alternatives=(("s", "success"), ("f", "failed")),
            preview=preview,
            note_on=lambda _: "the run" if len(runs) == 1 else "each run",
        ),
        answered,
    )


def ask_cancel_runs(app: DagtopApp, runs: Sequence[RunRow]) -> None:
    """Ask whether to end runs that have not ended, and do it."""
    left = [run for run in runs if run.ended_at is None]
    if not left:
        words = "the run has" if len(runs) == 1 else f"{runs_named(runs)} have"
        app.say(f"{words} ended: nothing is left to cancel")
        return

    def answered(choices: Choices | None) -> None:
        if choices is None:
            return
        payloads = [
            {"dag_id": run.dag_id, "run_id": run.run_id, "only_unfinished": True} for run in left
        ]
        act_all(app, "cancel_run", payloads, f"cancelled {runs_named(left)}")

    ended = len(runs) - len(left)
    notes: list[Spans] = [
        (),
        (Span("What runs is ended, what waits is skipped; the run fails.", "dim"),),
    ]
    if ended:
        words = "has" if ended == 1 else "have"
        notes.append((Span(f"{formats.plural(ended, 'other')} {words} ended already.", "dim"),))
    app.push_screen(
        ConfirmDialog(
            "Cancel?",
            [*run_lines(left, app.glyphs), *notes],
            f"cancel {formats.plural(len(left), 'run')}",
            number=len(left),
        ),
        answered,
    )
