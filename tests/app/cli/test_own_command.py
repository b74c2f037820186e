"""Commands that are printed for a person to type work from where the person is."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.own_command import command_line
from store.workspace import Workspace
from tests.app.cli.conftest import run_command

PROGRAM = Path(sys.executable).with_name("dagtop")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder that is in no workspace, and a PATH without dagtop."""
    folder = tmp_path / "else where"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("DAGTOP_WORKSPACE", raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(sys, "argv", [str(PROGRAM)])
    return folder


@pytest.fixture
def demo(tmp_path: Path) -> Workspace:
    space = Workspace(tmp_path.resolve() / "the demo")
    space.dags.mkdir(parents=True)
    return space


def test_away_from_the_workspace_it_is_named_and_the_program_too(demo: Workspace) -> None:
    line = command_line(demo, "down")
    assert shlex.split(line) == [str(PROGRAM), "-w", str(demo.root), "down"]
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "no runner is up\n")


def test_in_the_workspace_with_dagtop_on_the_path_it_is_short(
    demo: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(demo.dags)
    monkeypatch.setenv("PATH", f"{PROGRAM.parent}{os.pathsep}/usr/bin:/bin")
    assert command_line(demo, "--dag", "a b") == "dagtop --dag 'a b'"


def test_another_program_of_that_name_is_not_meant(
    demo: Workspace, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = elsewhere / "dagtop"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(elsewhere))
    monkeypatch.chdir(demo.root)
    assert shlex.split(command_line(demo, "down")) == [str(PROGRAM), "down"]


def test_the_workspace_that_the_environment_names_needs_no_naming(
    demo: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGTOP_WORKSPACE", str(demo.root))
    assert shlex.split(command_line(demo, "down")) == [str(PROGRAM), "down"]


def test_the_demo_says_where_it_is_and_how_it_is_opened(demo: Workspace) -> None:
    said = run_command(demo.root, "demo", str(demo.root), "--prepare-only").out
    assert said.startswith(f"the demo is in {demo.root}; open it with: ")
    assert shlex.split(said.partition("with: ")[2]) == [str(PROGRAM), "-w", str(demo.root)]
