from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from store.engine import open_store
from store.models import pipeline_file, recording, runner_lease
from store.workspace import Workspace
from tests.app.cli.conftest import Command


def change_file(space: Workspace, **columns: object) -> None:
    """Have the store say something else of dags/dag_0001.py."""
    with open_store(space) as store, store.write() as connection:
        connection.execute(
            pipeline_file.update()
            .where(pipeline_file.c.file == "dags/dag_0001.py")
            .values(**columns)
        )


def findings(dagtop: Command, check: str) -> list[tuple[str, str]]:
    document = dagtop("doctor", "--json").document
    return [(one["level"], one["text"]) for one in document["findings"] if one["check"] == check]


@pytest.mark.usefixtures("filled")
def test_a_healthy_workspace_passes(dagtop: Command) -> None:
    outcome = dagtop("doctor", "--json")
    assert outcome.code == 0
    assert outcome.document["ok"] is True
    levels = {one["check"]: one["level"] for one in outcome.document["findings"]}
    assert levels["database"] == levels["settings"] == levels["permissions"] == "ok"
    assert levels["runner"] == "warning"
    assert "0 problems" in dagtop("doctor").err


def test_every_problem_says_what_to_do(dagtop: Command, workspace: Workspace) -> None:
    (workspace.dags / "runner").mkdir()
    (workspace.dags / "runner" / "__init__.py").touch()
    workspace.config_file.write_text("[runner]\nparallelism = 0\n")
    outcome = dagtop("doctor", "--json")
    assert outcome.code == 1
    bad = [one for one in outcome.document["findings"] if one["level"] != "ok"]
    assert {"workspace", "settings"} <= {one["check"] for one in bad}
    assert all(one["advice"] for one in bad)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[keys]\n"nosuch.key" = "x"\n', ["[keys] there is no action nosuch.key"]),
        ("[ui]\nthemme = 'dark'\n", ["[ui] has no setting themme: did you mean theme?"]),
        ("[uii]\n", ["there is no section [uii]: did you mean ui?"]),
        (
            "[runner]\nparalelism = 1\n[ui]\nbel = true\n",
            ["[runner] has no setting paralelism: did you", "[ui] has no setting bel: did you"],
        ),
    ],
)
def test_what_is_wrong_for_the_terminal_ui_is_found_too(
    dagtop: Command, workspace: Workspace, text: str, said: list[str]
) -> None:
    workspace.config_file.write_text(text)
    found = findings(dagtop, "settings")
    assert [level for level, _ in found] == ["problem"] * len(said)
    assert all(
        f"{workspace.config_file}: {part}" in one
        for part, (_, one) in zip(said, found, strict=True)
    )


def test_settings_of_the_terminal_ui_are_counted(dagtop: Command, workspace: Workspace) -> None:
    workspace.config_file.write_text("[ui]\ntheme = 'dark'\nmouse = false\n")
    ((level, text),) = findings(dagtop, "settings")
    assert level == "ok"
    assert text.startswith("2 of ")


def test_a_state_folder_that_others_can_read_is_a_problem(
    dagtop: Command, filled: Workspace
) -> None:
    filled.state.chmod(0o755)
    ((level, text),) = findings(dagtop, "permissions")
    assert level == "problem"
    assert "0755" in text


def test_import_errors_are_shown_with_file_and_line(dagtop: Command, filled: Workspace) -> None:
    said = "dags/dag_0001.py:7: SyntaxError: '(' was never closed"  # as the runner writes it
    change_file(filled, error=said, error_line=7)
    sentence = "dags/dag_0001.py:7: SyntaxError: '(' was never closed"
    assert findings(dagtop, "imports") == [("problem", sentence)]
    outcome = dagtop("dags", "list")
    assert outcome.err == f"can't be imported: {sentence}\n"
    assert outcome.code == 0
    (error,) = dagtop("dags", "list", "--json").document["import_errors"]
    assert (error["file"], error["line"]) == ("dags/dag_0001.py", 7)
    assert error["error"] == "SyntaxError: '(' was never closed"


def test_a_dag_that_two_files_define_is_a_problem(dagtop: Command, filled: Workspace) -> None:
    sentence = "DAG 'x' is defined in dags/a.py already; rename one of them (this one is left out)"
    change_file(filled, warnings=[f"dags/dag_0001.py:4: {sentence}"])
    assert findings(dagtop, "imports") == [("problem", f"dags/dag_0001.py:4: {sentence}")]
    assert dagtop("doctor").code == 1
    assert dagtop("dags", "list").err == f"warning: dags/dag_0001.py:4: {sentence}\n"
    document = dagtop("dags", "list", "--json").document
    assert document["warnings"] == [{"file": "dags/dag_0001.py", "line": 4, "message": sentence}]


def test_files_that_are_left_alone_are_counted(dagtop: Command, filled: Workspace) -> None:
    for name in ("dag_0000", "dag_0001", "dag_0002", "helper"):
        (filled.dags / f"{name}.py").touch()
    ((level, text),) = findings(dagtop, "imports")
    assert level == "ok"
    others = "1 other Python file, without the word dagtop or airflow"
    assert text == f"3 pipeline files, all imported; {others}"


def test_a_clock_that_was_set_back_is_noticed(dagtop: Command, filled: Workspace) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    with open_store(filled) as store, store.write() as connection:
        connection.execute(
            runner_lease.insert().values(
                id=1,
                hostname="h",
                pid=1,
                process_start="",
                version="1",
                started_at=ahead,
                beat_at=ahead,
                stopped_at=None,
            )
        )
    ((level, _),) = findings(dagtop, "clock")
    assert level == "problem"


@pytest.mark.usefixtures("filled")
def test_recordings_that_could_not_be_read_are_told_with_what_to_do(
    dagtop: Command, workspace: Workspace
) -> None:
    assert findings(dagtop, "recordings") == [("ok", "what scripts have logged was read")]
    workspace.recordings.mkdir()
    (workspace.recordings / "still-read").write_bytes(b"x")
    damaged = workspace.recordings / "of-a-script.damaged"
    damaged.write_bytes(b"x" * 1234)
    at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    os.utime(damaged, (at.timestamp(), at.timestamp()))
    with open_store(workspace) as store, store.write() as connection:
        row = {"name": "of-a-script", "journal_offset": 1000, "opened_at": at, "closed_at": at}
        connection.execute(recording.insert(), row)
    outcome = dagtop("doctor", "--json")
    assert outcome.code == 1
    (found,) = [one for one in outcome.document["findings"] if one["check"] == "recordings"]
    assert found["level"] == "problem"
    for part in (str(damaged), "of its 1,234 bytes 1,000 were read", "2026-03-04 05:06:07 UTC"):
        assert part in found["text"]
    assert str(workspace.runner_log) in found["advice"]
    assert "delete the file" in found["advice"]
