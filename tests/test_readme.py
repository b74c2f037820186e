"""README.md is true: its tables are current, its pipeline works, its files exist."""

from __future__ import annotations

import re
from pathlib import Path

from runner.authoring.parse import ParsedFile, parse_file
from tests.readme_tables import README, with_current_tables

TEXT = README.read_text(encoding="utf-8")


def test_the_tables_are_current() -> None:
    assert with_current_tables(TEXT) == TEXT, "run 'make docs'"


def test_the_pipeline_is_short_and_can_be_imported(tmp_path: Path) -> None:
    code, tracking = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
    compile(tracking, "README.md", "exec")
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "ridge.py").write_text(code)
    parsed = parse_file(dags / "ridge.py", tmp_path)
    assert isinstance(parsed, ParsedFile), parsed
    assert list(parsed.dags) == ["ridge"]


def test_links_and_pictures_point_at_files() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", TEXT)
    local = [target for target in targets if "://" not in target]
    assert local
    missing = [target for target in local if not (README.parent / target).exists()]
    assert not missing


def test_named_files_exist() -> None:
    """Paths in backquotes that look like ours are there."""
    named = set(re.findall(r"`((?:app|runner|store|tests|screenshots)/[\w./]*)`", TEXT))
    assert named
    missing = sorted(name for name in named if not (README.parent / name).exists())
    assert not missing


def test_make_targets_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (README.parent / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", TEXT, re.MULTILINE))
    assert {"demo", "test"} <= named <= targets
