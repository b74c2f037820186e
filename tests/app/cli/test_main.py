"""``dagtop`` alone opens the UI without loading the command line; everything else loads it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.cli.main import options_of_the_ui

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("", {}),
        ("--read-only", {"read_only": True}),
        ("--dag etl --run r1 --task t", {"dag": "etl", "run": "r1", "task": "t"}),
        ("--dag=etl -w shop", {"dag": "etl", "folder": "shop"}),
        ("--workspace=shop --read-only", {"folder": "shop", "read_only": True}),
    ],
)
def test_options_of_the_ui(line: str, options: dict[str, Any]) -> None:
    assert options_of_the_ui(line.split()) == options


@pytest.mark.parametrize(
    "line",
    [
        "dags list",
        "--help",
        "-w shop dags list",
        "--dag",
        "--dag --run",
        "--dag=",
        "--dags x",
        "-h",
    ],
)
def test_what_the_command_line_must_look_at(line: str) -> None:
    assert options_of_the_ui(line.split()) is None


def test_errors_are_said_as_by_a_command(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    command = [sys.executable, "-m", "dagtop", "--workspace", str(missing)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 6
    assert ended.stderr.startswith("dagtop: --workspace names")
    assert "Traceback" not in ended.stderr
