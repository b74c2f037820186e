"""Exit codes that scripts rely on: the same mistake has the same code, whatever the command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.exit_codes import ExitCode
from store import client
from store.workspace import Workspace
from tests.app.cli.conftest import Command
from tests.app.cli.test_groups import ROOT

SCRIPT = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from app.cli.main import main; main()"
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
"""Takes the right to write anything from root."""


def run_without_rights(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The real program, bound by the modes of files."""
    command = [sys.executable, "-P", "-c", SCRIPT, *arguments]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everywhere, and setpriv is not there")
        command = WITHOUT_RIGHTS + command
    return subprocess.run(
        command, capture_output=True, text=True, cwd=folder, timeout=60, check=False
    )


@pytest.fixture
def locked(workspace: Workspace) -> Iterator[Path]:
    """A workspace that may be read and not written."""
    workspace.root.chmod(0o555)
    yield workspace.root
    workspace.root.chmod(0o755)


@pytest.mark.parametrize("arguments", [("up",), ("up", "--foreground"), ("init", "new")])
def test_a_folder_that_can_not_be_written_is_one_sentence(
    locked: Path, arguments: tuple[str, ...]
) -> None:
    done = run_without_rights(locked, *arguments)
    assert (done.returncode, done.stdout) == (ExitCode.WORKSPACE, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("dagtop: ")
    assert str(locked) in line
    assert "Permission denied; make" in line


def test_the_doctor_sees_that_nothing_can_be_written(locked: Path) -> None:
    done = run_without_rights(locked, "doctor", "--json")
    assert done.returncode == ExitCode.FAILED, done.stderr
    findings = {one["check"]: one for one in json.loads(done.stdout)["findings"]}
    assert findings["permissions"]["level"] == "problem"
    assert f"{locked} can't be written" in findings["permissions"]["text"]


@pytest.mark.parametrize(
    "command",
    [
        ("up",),
        ("up", "--foreground"),
        ("status",),
        ("config",),
        ("dags", "list"),
        ("dags", "trigger", "x"),
        ("pools", "set", "x", "2"),
        ("db", "check"),
        ("db", "upgrade"),
    ],
)
def test_wrong_settings_have_one_code_and_are_told_once(
    dagtop: Command, workspace: Workspace, command: tuple[str, ...]
) -> None:
    workspace.config_file.write_text("[runner]\nparallelism = 0\n")
    outcome = dagtop(*command)
    assert outcome.code == ExitCode.WORKSPACE
    told = [line for line in outcome.err.splitlines() if "parallelism" in line]
    sentence = "[runner] parallelism is 0, but dagtop expected int >= 1"
    assert told == [f"dagtop: {workspace.config_file}: {sentence}"]
    assert client.runner_pid(workspace) is None


def test_wrong_settings_stop_a_test_in_the_foreground_too(workspace: Workspace) -> None:
    workspace.config_file.write_text("[runner]\nparallelism = 0\n")
    command = [sys.executable, "-P", "-c", SCRIPT, "dags", "next", "x"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=workspace.root, timeout=60, check=False
    )
    assert done.returncode == ExitCode.WORKSPACE
    assert done.stderr.startswith("dagtop: ")


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("arguments", [("runs", "list", "--json"), ("runs", "list"), ("--help",)])
def test_output_that_nobody_reads_ends_quietly(
    workspace: Workspace, arguments: tuple[str, ...]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-P", "-c", SCRIPT, *arguments],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        cwd=workspace.root,
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (ExitCode.PIPE, "")
