"""``dagtop runs note`` and ``dagtop tasks note``: without a runner, too."""

from __future__ import annotations

from app.cli.exit_codes import ExitCode
from store.workspace import Workspace
from tests.app.cli.conftest import Command

DAG = "dag_0000"


def test_a_note_on_a_run_is_written_shown_and_taken_away(
    filled: Workspace, dagtop: Command
) -> None:
    written = dagtop("runs", "note", DAG, "latest", "why")
    assert (written.code, "wrote the note on" in written.out) == (0, True)
    assert dagtop("runs", "note", DAG, "latest").out == "why\n"
    assert dagtop("runs", "note", DAG, "latest", "-", given="two\nlines\n").code == 0
    document = dagtop("runs", "note", DAG, "latest", "", "--json").document
    assert (document["note"], document["former"]) == ("", "two\nlines")
    assert dagtop("runs", "note", DAG, "latest").out == ""


def test_a_note_on_a_task(filled: Workspace, dagtop: Command) -> None:
    tasks = dagtop("tasks", "list", DAG, "--json").document
    name, other = (one["task_id"] for one in tasks["instances"][:2])
    assert dagtop("tasks", "note", DAG, "latest", name, "look").code == 0
    assert dagtop("tasks", "note", DAG, "latest", name).out == "look\n"
    shown = dagtop("tasks", "state", DAG, "latest", name).out
    assert ["note", "look"] in [line.split() for line in shown.splitlines()]
    others = dagtop("tasks", "state", DAG, "latest", other).out
    assert "note" not in others
    assert dagtop("tasks", "note", DAG, "latest", "nope", "x").code == ExitCode.NOT_FOUND
    assert dagtop("tasks", "note", DAG, "latest", name, "x", "-m", "7").code == ExitCode.NOT_FOUND
