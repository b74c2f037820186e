"""``make chaos``: kill the runner again and again while it works, then account for everything.

``python -m tests.chaos [--kills 100] [--seed N] [--keep]``. Exits 1 where anything was lost, done
twice, disturbed or left over.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos import process_kills, runner_kills


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--runs", type=int, default=8, help="DAG runs of about 130 tasks each")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--keep", action="store_true", help="leave the workspace behind")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="dagtop-chaos-"))
    rng = random.Random(seed)
    reports = [
        runner_kills.run(folder / "runner", kills=options.kills, dag_runs=options.runs, rng=rng),
        process_kills.run(folder / "processes", kills=options.kills, rng=rng),
    ]
    if options.keep:
        print(f"workspace: {folder}")
    else:
        shutil.rmtree(folder)
    for report in reports:
        print(*report.lines(), sep="\n")
    return 1 if any(report.problems for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
