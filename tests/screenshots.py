"""``make screenshots``: the demo is run to its end, and its screens are drawn."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from app.demo import prepare, start_history
from tests.support.live import ROOT, Live, wait_for

UNFINISHED = "SELECT count(*) FROM dag_run WHERE state IN ('queued', 'running')"


MORE = {
    "recommendation": "G enter",
    "epochs": "down enter j enter",
}
"""Pictures of particular pipelines: name -> keys that lead there from the DAG list."""


def draw(live: Live, *arguments: str) -> None:
    program = [sys.executable, str(ROOT / "screenshots" / "make.py")]
    subprocess.run([*program, "--workspace", live.workspace.root, *arguments], check=True)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="dagtop-screenshots-") as folder:
        live = Live(prepare(Path(folder) / "demo"))
        live.start()
        try:
            for beginning in start_history(live.workspace):
                print(f"{beginning.dag_id}: {beginning.problem or f'{beginning.runs} runs'}")
            wait_for(lambda: live.value(UNFINISHED) == 0, timeout=300, what="all runs to end")
            draw(live)
            for name, keys in MORE.items():
                draw(live, "--scene", name, "--keys", keys, "--size", "100x30")
        finally:
            live.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
