"""``make bench``: the figures, each beside its limit. Never fails because of time.

``python -m tests.bench [NAME …]`` measures only those; ``--list`` lists them.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench import figures


def main() -> int:
    wanted = [word for word in sys.argv[1:] if not word.startswith("-")]
    if "--list" in sys.argv:
        for name, measure in figures.FIGURES.items():
            print(f"{name:<10} {(measure.__doc__ or '').splitlines()[0]}")
        return 0
    unknown = set(wanted) - set(figures.FIGURES)
    if unknown:
        print(f"no such figure: {', '.join(sorted(unknown))}; --list lists them", file=sys.stderr)
        return 2
    print(f"{'figure':<46} {'measured':>16} {'reach':>16}   {'':<4}")
    for name in wanted or [each for each in figures.FIGURES if each not in figures.NOT_UNASKED]:
        with tempfile.TemporaryDirectory(prefix="dagtop-bench-") as folder:
            for figure in figures.FIGURES[name](Path(folder)):
                print(figure.line(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
