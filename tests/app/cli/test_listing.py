"""Commands that list and show, on a store with history and without a runner."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from app.cli.exit_codes import ExitCode
from app.cli.root import app
from store.engine import open_store
from store.models import dag_run
from store.workspace import Workspace
from tests.app.cli.conftest import Command
from tests.support.commands import pending

DAG, NEWEST = "dag_0000", "scheduled__2026-01-01T04:00:00+00:00"
FAILED = "scheduled__2026-01-01T03:00:00+00:00"

pytestmark = pytest.mark.usefixtures("filled")


def test_dags_list(dagtop: Command) -> None:
    outcome = dagtop("dags", "list")
    assert outcome.code == 0
    header, *rows = outcome.out.splitlines()
    assert header.split()[:3] == ["DAG", "SCHEDULE", "PAUSED"]
    assert [row.split()[0] for row in rows] == ["dag_0000", "dag_0001", "dag_0002"]
    assert "running" in rows[0]


def test_dags_list_as_json_has_stable_fields(dagtop: Command) -> None:
    document = dagtop("dags", "list", "--json").document
    assert set(document) == {"dags", "import_errors", "warnings"}
    first = document["dags"][0]
    assert set(first) == {
        "dag_id", "display_name", "description", "file", "is_paused", "is_active", "owners",
        "tags", "schedule", "schedule_words", "schedule_error", "timezone", "max_active_runs",
        "next_logical_date", "next_run_after", "import_error", "last_run", "run_counts",
        "last_run_tasks", "schedule_override", "schedule_override_by", "schedule_override_at",
        "schedule_run", "schedule_window",
    }  # fmt: skip
    assert first["last_run"]["run_id"] == NEWEST
    assert first["last_run"]["started_at"] == "2026-01-01T04:00:00Z"
    assert first["run_counts"] == {"running": 1, "success": 3, "failed": 1}
    assert first["last_run_tasks"] == {"no_status": 1, "running": 1, "success": 2}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("0001",), ["dag_0001"]),
        (("--tag", "even"), ["dag_0000", "dag_0002"]),
        (("--owner", "nobody"), []),
        (("--paused",), []),
        (("--state", "running"), ["dag_0000", "dag_0001", "dag_0002"]),
        (("--state", "queued", "--state", "failed"), []),
    ],
)
def test_dags_list_is_filtered(
    dagtop: Command, options: tuple[str, ...], expected: list[str]
) -> None:
    document = dagtop("dags", "list", "--json", *options).document
    assert [one["dag_id"] for one in document["dags"]] == expected


def test_dags_show(dagtop: Command) -> None:
    assert "task_003" in dagtop("dags", "show", DAG).out
    document = dagtop("dags", "show", DAG, "--json").document
    assert document["tasks"][0]["task_id"] == "task_000"
    assert document["tasks"][1]["upstream"] == ["task_000"]
    assert document["versions"][0]["runs"] == 5


def test_a_misspelt_dag_is_not_found_and_what_was_meant_is_said(dagtop: Command) -> None:
    for arguments in (
        ("dags", "show", "dag_000"),
        ("runs", "list", "dag_000"),
        ("runs", "show", "dag_000"),
        ("events", "list", "--dag", "dag_000"),
        ("tasks", "list", "dag_000", "some_run"),
    ):
        outcome = dagtop(*arguments)
        assert (outcome.code, outcome.out) == (ExitCode.NOT_FOUND, ""), arguments
        assert outcome.err.startswith("dagtop: there is no DAG 'dag_000'; did you mean 'dag_0")
        assert len(outcome.err.splitlines()) == 1


def test_runs_list(dagtop: Command) -> None:
    document = dagtop("runs", "list", DAG, "--json", "-n", "2").document
    assert [one["run_id"] for one in document["runs"]] == [NEWEST, FAILED]
    assert document["more"] is True
    only = dagtop("runs", "list", "--state", "failed", "--type", "scheduled", "--json").document
    assert {one["state"] for one in only["runs"]} == {"failed"}
    assert {one["run_type"] for one in only["runs"]} == {"scheduled"}
    outcome = dagtop("runs", "list", "--until", "2025-01-01")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "there is no such run\n")


def test_a_state_that_does_not_exist_is_a_mistake_of_usage(dagtop: Command) -> None:
    outcome = dagtop("runs", "list", "--state", "faild")
    assert outcome.code == ExitCode.USAGE
    assert "did you mean failed?" in outcome.err
    assert dagtop("tasks", "list", DAG, "--state", "upfor").code == ExitCode.USAGE


@pytest.mark.parametrize("name", ["latest", NEWEST, "scheduled__2026-01-01T04", "2026-01-01T04"])
def test_a_run_is_named_by_its_id_or_the_beginning_of_it(dagtop: Command, name: str) -> None:
    document = dagtop("runs", "show", DAG, name, "--json").document
    assert document["run_id"] == NEWEST
    assert [one["state"] for one in document["instances"]] == [
        "success", "success", "running", None,
    ]  # fmt: skip


def test_a_beginning_that_fits_several_runs_is_refused(dagtop: Command) -> None:
    outcome = dagtop("runs", "show", DAG, "2026-01")
    assert outcome.code == ExitCode.USAGE
    assert "5 runs of dag_0000 begin with '2026-01'" in outcome.err


def test_tasks_list_and_state(dagtop: Command) -> None:
    outcome = dagtop("tasks", "list", DAG, FAILED, "--state", "failed", "--json")
    assert [one["task_id"] for one in outcome.document["instances"]] == ["task_002"]
    document = dagtop("tasks", "state", DAG, FAILED, "task_002", "--json").document
    assert document["state"] == "failed"
    assert [one["try_number"] for one in document["tries"]] == [1]
    assert "failed" in dagtop("tasks", "state", DAG, FAILED, "task_002").out


def test_tasks_list_over_runs(dagtop: Command) -> None:
    everything = dagtop("tasks", "list", "--json", "-n", "1000").document
    assert everything["more"] is False
    rows = everything["instances"]
    assert len(rows) == 3 * 5 * 4
    assert [row["run_id"] for row in rows[:12]] == [NEWEST] * 12
    failed = dagtop("tasks", "list", "--state", "failed", "--json").document["instances"]
    assert failed == [row for row in rows if row["state"] == "failed"]
    assert failed
    some = dagtop("tasks", "list", DAG, "all", "--task", "task_002", "-n", "2", "--json").document
    assert some["more"] is True
    assert [(row["dag_id"], row["task_id"]) for row in some["instances"]] == [(DAG, "task_002")] * 2
    shown = dagtop("tasks", "list", "--limit", "3")
    assert shown.out.split()[:4] == ["DAG", "RUN", "TASK", "STATE"]
    assert len(shown.out.splitlines()) == 4
    assert "the newest 3; --limit shows more" in shown.err
    one = dagtop("tasks", "list", DAG, FAILED, "--task", "task_001", "--json").document
    assert [row["task_id"] for row in one["instances"]] == ["task_001"]
    assert dagtop("tasks", "list", DAG, FAILED, "--task", "task_01").code == ExitCode.NOT_FOUND
    assert "did you mean" in dagtop("tasks", "list", "dag_000", "all").err


def test_a_misspelt_task_is_not_found(dagtop: Command) -> None:
    outcome = dagtop("tasks", "state", DAG, "latest", "task_02")
    assert outcome.code == ExitCode.NOT_FOUND
    assert "did you mean 'task_002'" in outcome.err
    outcome = dagtop("tasks", "state", DAG, "latest", "task_002", "-m", "4")
    assert outcome.code == ExitCode.NOT_FOUND
    sentence = f"dagtop: task_002 has no map index 4 in run {NEWEST}: it isn't mapped\n"
    assert outcome.err == sentence


def test_xcoms_are_shown_as_json_values(dagtop: Command) -> None:
    document = dagtop("tasks", "xcoms", DAG, "latest", "--json").document
    assert document["xcoms"][0]["value"] == {"rows": [1, 2, 3]}
    assert '{"rows":[1,2,3]}' in dagtop("tasks", "xcoms", DAG, "latest", "task_000").out


def test_events_list(dagtop: Command) -> None:
    document = dagtop("events", "list", "--dag", DAG, "--kind", "run_failed", "--json").document
    assert [one["run_id"] for one in document["events"]] == [FAILED]
    assert dagtop("events", "list", "--run", FAILED).code == ExitCode.USAGE
    assert "run 3 of dag_0000: failed" in dagtop("events", "list").out


def test_what_needs_a_runner_is_refused_and_left_undone_without_one(dagtop: Command) -> None:
    for arguments in (
        ("dags", "trigger", DAG, "--wait"),
        ("tasks", "clear", DAG, "latest", "task_000", "--yes"),
        ("tasks", "delete", DAG, "latest", "task_000", "--yes"),
        ("tasks", "why", DAG),
    ):
        outcome = dagtop(*arguments)
        assert (outcome.code, outcome.out) == (ExitCode.REFUSED, ""), arguments
        assert "no runner is up" in outcome.err
        assert "dagtop up" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (("dags", "trigger", DAG), "trigger"),
        (("dags", "delete", DAG, "--yes"), "delete_dag"),
        (("runs", "cancel", DAG, "latest", "--yes"), "cancel_run"),
        (("runs", "mark", DAG, "latest", "failed", "--yes"), "mark_run"),
        (("tasks", "kill", DAG, "latest", "task_002", "--yes"), "kill"),
    ],
)
def test_what_needs_no_answer_is_written_down_for_the_next_runner(
    dagtop: Command, workspace: Workspace, arguments: tuple[str, ...], kind: str
) -> None:
    outcome = dagtop(*arguments)
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.startswith("no runner is up: it is done when one starts (")
    document = dagtop(*arguments, "--json").document
    with open_store(workspace, read_only=True) as store, store.read() as connection:
        rows = pending(connection)
    assert [row.kind for row in rows] == [kind, kind]
    assert document == {"pending": True, "command_id": rows[1].id}


def test_what_is_not_there_is_not_written_down(dagtop: Command, workspace: Workspace) -> None:
    assert dagtop("dags", "trigger", "nope").code == ExitCode.NOT_FOUND
    with open_store(workspace, read_only=True) as store, store.read() as connection:
        assert pending(connection) == []


def test_pausing_needs_no_runner(dagtop: Command, workspace: Workspace) -> None:
    assert (
        dagtop("dags", "pause", DAG, "dag_0001").out == "dag_0000 is paused\ndag_0001 is paused\n"
    )
    document = dagtop("dags", "list", "--paused", "--json").document
    assert [one["dag_id"] for one in document["dags"]] == [DAG, "dag_0001"]
    assert dagtop("dags", "unpause", DAG, "--json").document["is_paused"] is False
    outcome = dagtop("dags", "pause", "dag_9999")
    assert outcome.code == ExitCode.NOT_FOUND


def test_what_destroys_asks_and_does_nothing_where_nobody_answers(dagtop: Command) -> None:
    outcome = dagtop("dags", "delete", DAG)
    assert outcome.code == ExitCode.USAGE
    assert "--yes" in outcome.err


def test_a_conf_is_checked_before_the_runner_is_asked(dagtop: Command) -> None:
    assert dagtop("dags", "trigger", DAG, "--conf", "[]").code == ExitCode.USAGE
    assert dagtop("dags", "trigger", DAG, "--logical-date", "soon").code == ExitCode.USAGE
    assert dagtop("dags", "trigger", "dag_", "--param", "a=1").code == ExitCode.NOT_FOUND


def test_control_sequences_of_a_run_are_not_shown(dagtop: Command, workspace: Workspace) -> None:
    evil = "note \x1b]0;evil\x07\x1b[2J\u202e"
    with open_store(workspace) as store:
        with store.read() as connection:
            key = connection.exec_driver_sql(
                "SELECT id FROM dag_run WHERE dag_id = ? AND run_id = ?", (DAG, NEWEST)
            ).scalar_one()
        with store.write() as connection:
            connection.execute(dag_run.update().where(dag_run.c.id == key).values(note=evil))
    for arguments in (("runs", "list", DAG), ("runs", "show", DAG)):
        out = dagtop(*arguments).out
        assert "note" in out
        assert not {"\x1b", "\x07", "\u202e"} & set(out)
    assert json.loads(dagtop("runs", "show", DAG, "--json").out)["note"] == evil


def test_without_a_database_the_way_to_one_is_said(dagtop: Command, workspace: Workspace) -> None:
    workspace.database.unlink()
    outcome = dagtop("dags", "list")
    assert (outcome.code, outcome.out) == (ExitCode.STORE, "")
    assert "dagtop up" in outcome.err


def test_a_database_of_a_newer_version_is_left_alone(dagtop: Command, workspace: Workspace) -> None:
    with open_store(workspace) as store, store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    outcome = dagtop("dags", "list")
    assert outcome.code == ExitCode.STORE
    assert "newer dagtop" in outcome.err
    assert dagtop("db", "check").code == ExitCode.FAILED
    assert "newer dagtop" in dagtop("doctor").out


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("dags show dag_0", ["dag_0000", "dag_0001", "dag_0002"]),
        ("runs show dag_0000 la", ["latest"]),
        ("runs show dag_0000 scheduled__2026-01-01T04", [NEWEST]),
        ("tasks state dag_0000 latest task_00", ["task_000", "task_001", "task_002", "task_003"]),
        ("tas", ["tasks"]),
        ("runs mark dag_0000 latest su", ["success"]),
        ("dags show nothing", []),
    ],
)
def test_the_shell_completes(workspace: Workspace, typed: str, offered: list[str]) -> None:
    line = f"dagtop --workspace {workspace.root} {typed}"
    result = CliRunner().invoke(
        app,
        prog_name="dagtop",
        env={
            "_DAGTOP_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(line.split()) - 1),
        },
    )
    assert result.stdout.split() == offered
