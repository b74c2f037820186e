from __future__ import annotations

import os
import tomllib
from pathlib import Path

from app.cli.init import EXAMPLE, settings_template
from runner.authoring.parse import ParsedFile, parse_file
from store.config import Config, describe, load
from store.workspace import Workspace, find_workspace
from tests.app.cli.conftest import run_command


def test_it_makes_a_workspace_with_an_example_that_can_be_imported(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    outcome = run_command(tmp_path, "init", str(folder), "--json")
    assert outcome.code == 0
    assert outcome.document["workspace"] == str(folder)
    assert find_workspace(folder / "dags").root == folder
    parsed = parse_file(folder / "dags" / "first_steps.py", folder)
    assert isinstance(parsed, ParsedFile), parsed
    assert list(parsed.dags) == ["first_steps"]
    assert (folder / ".gitignore").read_text() == ".dagtop/\n"


def test_the_example_has_15_lines_of_code() -> None:
    assert len([line for line in EXAMPLE.splitlines() if line.strip()]) == 15


def test_the_settings_are_all_there_commented_out_and_can_be_uncommented(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    text = settings_template()
    space.config_file.write_text(text)
    assert load(space, environment={}) == Config()
    settings = [line for line in text.splitlines() if line.startswith("# ") and " = " in line]
    assert len(settings) == len(describe(space, environment={}))
    active = "\n".join(
        line.removeprefix("# ") if line in settings else line for line in text.splitlines()
    )
    assert tomllib.loads(active)
    space.config_file.write_text(active)
    assert load(space, environment={}) == Config()


def test_nothing_that_is_there_is_changed(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "mine.py").write_text("# mine\n")
    (tmp_path / "dagtop.toml").write_text("[runner]\nparallelism = 2\n")
    (tmp_path / ".gitignore").write_text("*.pyc")
    outcome = run_command(tmp_path, "init", str(tmp_path))
    assert sorted(os.listdir(tmp_path / "dags")) == ["mine.py"]
    assert (tmp_path / "dagtop.toml").read_text() == "[runner]\nparallelism = 2\n"
    assert (tmp_path / ".gitignore").read_text() == "*.pyc\n.dagtop/\n"
    assert "made .gitignore" in outcome.out
    again = run_command(tmp_path, "init", str(tmp_path))
    assert "nothing is missing" in again.out
    assert (tmp_path / ".gitignore").read_text() == "*.pyc\n.dagtop/\n"
