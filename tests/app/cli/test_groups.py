"""The command line starts fast, and its groups hold together."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from app.cli.groups import PlainValues
from app.cli.reference import commands, commands_table
from app.cli.root import HOMES, app
from store.workspace import Workspace
from tests.app.cli.conftest import Command

ROOT = Path(__file__).resolve().parents[3]
HEAVY = {
    "alembic",
    "asyncio",
    "jsonschema",
    "msgspec",
    "psutil",
    "pydantic",
    "rich",
    "sqlalchemy",
    "textual",
}


def in_new_process(
    *arguments: str, folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the real program; the last line of stderr lists the modules it loaded."""
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv = ['dagtop', *sys.argv[1:]]\n"
        "from app.cli.main import main\n"
        "try:\n    main()\n"
        "finally:\n    import json; print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
    )
    return subprocess.run(
        [sys.executable, "-P", "-c", script, *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **environment},
        timeout=50,
        check=False,
    )


def loaded(result: subprocess.CompletedProcess[str]) -> set[str]:
    return {name.partition(".")[0] for name in json.loads(result.stderr.splitlines()[-1])}


@pytest.mark.parametrize(
    "arguments", [("version",), ("status",), ("dags", "trigger", "x", "--wait")]
)
def test_what_must_be_fast_loads_nothing_heavy(
    arguments: tuple[str, ...], workspace: Workspace
) -> None:
    result = in_new_process(*arguments, folder=workspace.root)
    # Without a runner the settings are read: they may name a database with one elsewhere.
    assert loaded(result).isdisjoint(HEAVY - {"msgspec"})


def test_a_command_loads_no_other_commands(workspace: Workspace) -> None:
    result = in_new_process("version", folder=workspace.root)
    ours = {name for name in json.loads(result.stderr.splitlines()[-1]) if "app.cli." in name}
    assert not ours & {home.module for home in HOMES.values()} - {"app.cli.version"}


def test_without_a_workspace_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    result = in_new_process("status", folder=tmp_path)
    assert result.returncode == 6
    assert result.stdout == ""
    assert result.stderr.startswith("dagtop: no workspace in ")
    assert "dagtop init" in result.stderr.splitlines()[0]


def test_output_survives_a_terminal_that_knows_only_ascii(workspace: Workspace) -> None:
    result = in_new_process("doctor", folder=workspace.root, PYTHONIOENCODING="ascii")
    assert "Traceback" not in result.stderr
    assert result.stdout.splitlines()[0].startswith("!  workspace")


def test_a_misspelt_command_is_recognised(dagtop: Command) -> None:
    assert "did you mean 'version'?" in dagtop("verison").err
    outcome = dagtop("dags", "triger")
    assert outcome.code == 2
    assert "did you mean 'trigger'?" in outcome.err


def test_values_that_do_not_fit_are_refused_by_typer(dagtop: Command) -> None:
    outcome = dagtop("dags", "next", "x", "-n", "many")
    assert (outcome.code, outcome.out) == (2, "")
    assert "'--number' / '-n'" in outcome.err
    assert "'many' is not a whole number" in outcome.err
    outcome = dagtop("dags", "next", "x", "-n", "0")
    assert outcome.code == 2
    assert "0 is less than 1" in outcome.err
    assert "not-a-sort" in dagtop("dags", "list", "--sort", "not-a-sort").err
    outcome = dagtop("tasks", "mark", "x", "latest", "t", "--state", "succes")
    assert outcome.code == 2
    sentence = "'succes' is none of success, failed, skipped; did you mean success?"
    assert f"Invalid value for '--state': {sentence}" in outcome.err
    outcome = dagtop("tasks", "clear", "x", "latest", "t", "-m", "1", "-m", "-1")
    assert "-1 is less than 0" in outcome.err


def test_what_stands_for_a_value_is_written_in_one_style(dagtop: Command) -> None:
    shown = dagtop("dags", "backfill", "--help").out
    assert "Usage: dagtop dags backfill [OPTIONS] DAG\n" in shown
    assert "--max-active-runs N " in shown
    assert "--reprocess none|failed|completed" in shown
    shown = dagtop("tasks", "clear", "--help").out
    assert "Usage: dagtop tasks clear [OPTIONS] DAG RUN TASK...\n" in shown
    assert "--map-index N " in shown
    assert "Usage: dagtop pools set [OPTIONS] NAME SLOTS\n" in dagtop("pools", "set", "--help").out
    assert "Usage: dagtop init [OPTIONS] [FOLDER]\n" in dagtop("init", "--help").out
    assert "Missing argument 'NAME'" in dagtop("pools", "set").err
    for one in commands():
        words = one.path.split()[1:]
        text = dagtop(*words, "--help").out
        assert not re.search(r"<\w|\{\w", text), one.path


def test_every_command_explains_itself(dagtop: Command) -> None:
    for one in commands():
        assert one.summary, one.path
        assert len(one.summary) < 64, f"{one.path}: too long for one line of --help"
    assert "Exit codes: 0 done" in " ".join(dagtop("--help").out.split())


def test_every_command_that_lists_or_shows_prints_json() -> None:
    without = {one.path for one in commands() if not one.has_json}
    assert without == {"dagtop", "dagtop serve", "dagtop variables export"}


def test_the_reference_is_a_table_of_all_commands() -> None:
    table = commands_table()
    assert table.startswith("| command | what it does |\n|---|---|\n| `dagtop [--dag]")
    assert "| `dagtop tasks logs DAG RUN TASK [-f/--follow]" in table
    assert len(table.splitlines()) == 2 + len(commands())


def test_plain_values_replace_typers_conversion() -> None:
    """If this fails, Typer converts values in another way: look at ``PlainParameters`` again."""
    root = typer.main.get_command(app)
    context = root.make_context("dagtop", [], resilient_parsing=True)
    parameters = root.get_params(context)
    assert all(isinstance(one.get_runtime_param(), PlainValues) for one in parameters)  # type: ignore[attr-defined]
