"""Start of the runner: ``python -P …/runner/__main__.py --workspace FOLDER``, and its other verbs.

The command line starts it as a process; nothing imports it.
"""

from __future__ import annotations

import os
import sys

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)


def main() -> int:
    import argparse
    from pathlib import Path

    parser = argparse.ArgumentParser(prog="dagtop-runner")
    parser.add_argument(
        "verb", nargs="?", default="serve", choices=["serve", "test", "next", "render"]
    )
    parser.add_argument("--workspace", required=True, type=Path)
    arguments, rest = parser.parse_known_args()

    from store.workspace import Workspace

    workspace = Workspace(arguments.workspace.resolve())
    if arguments.verb == "serve":
        from runner.daemon.service import main as serve

        return serve(workspace)
    from runner import foreground

    return foreground.main(arguments.verb, workspace, rest)


if __name__ == "__main__":
    sys.exit(main())
