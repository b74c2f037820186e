"""``make screenshots``: the demo is run to its end, and its screens are drawn."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from app.demo import prepare, start_history
from tests.support.live import ROOT, Live, wait_for

UNFINISHED = "SELECT count(*) FROM dag_run WHERE state IN ('queued', 'running')"


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="dagtop-screenshots-") as folder:
        live = Live(prepare(Path(folder) / "demo"))
        live.start()
        try:
            for beginning in start_history(live.workspace):
                print(f"{beginning.dag_id}: {beginning.problem or f'{beginning.runs} runs'}")
            wait_for(lambda: live.value(UNFINISHED) == 0, timeout=300, what="all runs to end")
            program = [sys.executable, str(ROOT / "screenshots" / "make.py")]
            drawn = subprocess.run([*program, "--workspace", live.workspace.root], check=False)
            return drawn.returncode
        finally:
            live.stop()


if __name__ == "__main__":
    sys.exit(main())
