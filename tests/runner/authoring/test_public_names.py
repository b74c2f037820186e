"""``dagtop.py``: its three lists of names agree, and its command is its own."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import dagtop

ROOT = Path(dagtop.__file__).parent


def test_the_lists_of_names_agree() -> None:
    tree = ast.parse(Path(dagtop.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imported = {
        alias.name: (node.module or "").removeprefix("runner.authoring.")
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    imported["macros"] = "macros"
    assert imported == dagtop._MODULE_OF
    assert sorted(imported) == sorted(dagtop.__all__)


def test_an_unknown_name_is_named_with_a_near_one() -> None:
    code = "from dagtop import BashOperater"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "cannot import name 'BashOperater'" in result.stderr
    code = "import dagtop; dagtop.BashOperater"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "dagtop has no 'BashOperater': did you mean BashOperator?" in result.stderr


def test_the_command_runs_our_own_packages_whatever_is_on_the_path(tmp_path: Path) -> None:
    for name in ("app", "store", "runner"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('the user\\'s own')")
    code = f"""
import sys
sys.path.append({str(ROOT)!r})
import dagtop
for name in ("runner", "store", "app"):
    dagtop._load_own(name)
import app, store.states, runner.authoring.dag
print(app.__file__)
"""
    result = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == str(ROOT / "app" / "__init__.py")
