"""Start the demo's history: ``python …/app/demo/__main__.py WORKSPACE``, run by ``dagtop demo``."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[2])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from app.demo.history import start_history  # noqa: E402
from store.workspace import Workspace  # noqa: E402


def main() -> int:
    beginnings = start_history(Workspace(Path(sys.argv[1])))
    for beginning in beginnings:
        print(f"{beginning.dag_id}: {beginning.problem or f'{beginning.runs} runs'}")
    return int(any(beginning.problem for beginning in beginnings))


if __name__ == "__main__":
    sys.exit(main())
