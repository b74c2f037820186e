"""``dagtop dags schedule``: what a DAG's schedule is, and putting another in its place."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.cli.acting import act, ask
from app.cli.output import note, print_json, say
from app.cli.times import shown
from app.recurring import run_words, window_words
from store.workspace import Workspace


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
    found = ask(space, {**asked, "window": window or {}})
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
    for text in found["times"]:
        say(f"  {shown(datetime.fromisoformat(text), None)}")
    if not found["times"]:
        on_assets = found["summary"] == "Asset"
        say(f"  {'when its assets had events' if on_assets else 'no further scheduled run'}")


def set_schedule(
    space: Workspace, dag: str, expression: str | None, more: dict[str, Any], *, json: bool
) -> None:
    """Put a schedule in the place of the file's; None: take the file's again.

    ``more``: perhaps what its runs get, as ``run``, and its dates, as ``window``.
    """
    answer = act(space, "schedule", {"dag_id": dag, "expression": expression, **more})
    if json:
        hidden = ("held", "former_run", "former_window")
        print_json({name: value for name, value in answer.items() if name not in hidden})
        return
    what = answer["words"]
    if not answer["changed"]:
        say(f"{dag} has this schedule already: {what}")
        return
    say(f"{dag} runs as its file says again: {what}" if expression is None else f"{dag}: {what}")
    if answer["next"]:
        note(f"next run {shown(datetime.fromisoformat(answer['next']), None)}")
    if answer.get("held"):
        note(f"nothing of it runs now: {answer['held']}")
