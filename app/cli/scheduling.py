"""``dagtop dags schedule``: what a DAG's schedule is, and putting another in its place."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.cli.acting import act, ask
from app.cli.errors import CommandError
from app.cli.exit_codes import ExitCode
from app.cli.output import note, print_json, say
from app.cli.times import shown
from app.recurring import due_words, left_out_words, run_words, window_words
from store.client import RunnerAway
from store.workspace import Workspace

if TYPE_CHECKING:
    from store.queries.dags import DagRow


def show_schedule(
    space: Workspace,
    dag: str,
    expression: str | None,
    window: dict[str, Any] | None = None,
    *,
    json: bool,
) -> None:
    """Say what a schedule means for a DAG, and when its next runs would be made.

    None: the schedule in force. Empty: the file's. ``window``: start, end and catchup; None: those
    in force, as when it is set.
    """
    row, found = _meaning(space, dag, expression, window)
    if json:
        print_json({"dag_id": dag, **found})
        return
    say(f"{found['summary']}  {found['words']}")
    if expression is None and row.schedule_override is not None:
        note(
            f"overridden by {row.schedule_override_by} since "
            f"{shown(row.schedule_override_at, None)}; the file says {found['file']['summary']}"
        )
    if expression is None:
        for name, words in run_words(row.schedule_run):
            say(f"  {name}: {words}")
    for name, words in window_words(found["window"], lambda at: shown(at, None)):
        say(f"  {name}: {words}")
    if due := due_words(found):
        say(f"  {due}")
    if left := left_out_words(found, lambda at: shown(at, None)):
        say(f"  {left}")
    for text in found["times"]:
        say(f"  {shown(datetime.fromisoformat(text), None)}")
    if not found["times"]:
        on_assets = found["summary"] == "Asset"
        why = found.get("ended") or "no further scheduled run"
        say(f"  {'when its assets had events' if on_assets else why}")


def _meaning(
    space: Workspace, dag: str, expression: str | None, window: dict[str, Any] | None
) -> tuple[DagRow, dict[str, Any]]:
    """The DAG, and what the runner says of a schedule for it; see ``show_schedule``."""
    from app.cli.lookups import find_dag
    from store.engine import open_store
    from store.queries.dags import get_dag

    with open_store(space, read_only=True) as store, store.read() as connection:
        find_dag(connection, dag)
        row = get_dag(connection, dag)
    assert row is not None
    wanted = (row.schedule_override or "") if expression is None else expression
    asked = {"type": "preview_schedule", "dag_id": dag, "expression": wanted}
    if window is None and wanted.strip():
        window = row.schedule_window
    return row, ask(space, {**asked, "window": window or {}})


def _refuse_ended(
    space: Workspace, dag: str, expression: str, window: dict[str, Any] | None
) -> None:
    """Refuse a schedule of which no run would come, as the form does: nobody who sets one means
    that. The runner itself takes it, so that an act can be undone."""
    try:
        _, found = _meaning(space, dag, expression, window)
    except RunnerAway:
        return  # a runner on another machine isn't asked; that there is none ``act`` says
    if found.get("ended"):
        raise CommandError(
            f"{found['ended']}: give a later --end, another schedule, or None", ExitCode.REFUSED
        )


def set_schedule(
    space: Workspace, dag: str, expression: str | None, more: dict[str, Any], *, json: bool
) -> None:
    """Put a schedule in the place of the file's; None: take the file's again.

    ``more``: perhaps what its runs get, as ``run``, and its dates, as ``window``.
    """
    if expression is not None and expression.strip():
        _refuse_ended(space, dag, expression, more.get("window"))
    answer = act(space, "schedule", {"dag_id": dag, "expression": expression, **more})
    if json:
        hidden = ("ended", "held", "left_out", "former_run", "former_window")
        print_json({name: value for name, value in answer.items() if name not in hidden})
        return
    what = answer["words"]
    if not answer["changed"]:
        say(f"{dag} has this schedule already: {what}")
        return
    say(f"{dag} runs as its file says again: {what}" if expression is None else f"{dag}: {what}")
    if answer["next"]:
        note(f"next run {shown(datetime.fromisoformat(answer['next']), None)}")
    if left := left_out_words(answer, lambda at: shown(at, None)):
        note(f"warning: {left}")
    if answer.get("ended"):
        note(f"warning: {answer['ended']}")
    if answer.get("held"):
        note(f"nothing of it runs now: {answer['held']}")
