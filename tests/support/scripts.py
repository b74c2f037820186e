"""Scripts outside of tasks, which record into a workspace."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.support.live import ROOT, Live


def script(
    live: Live,
    text: str,
    *,
    name: str = "train.py",
    folder: Path | None = None,
    python: str = sys.executable,
    **environment: str,
) -> subprocess.Popen[str]:
    """Start a Python script in the workspace (or in ``folder``), with ``dagtop`` to import."""
    path = (folder or live.workspace.root) / name
    path.write_text(textwrap.dedent(text))
    return subprocess.Popen(
        [python, str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=path.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


def ran(process: subprocess.Popen[str], code: int = 0, timeout: float = 150) -> str:
    """What a script has written to stdout, or to stderr where it was to fail."""
    out, error = process.communicate(timeout=timeout)
    assert process.returncode == code, f"{out}\n{error}"
    return error if code else out
