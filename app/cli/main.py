"""The entry of the command line: ``dagtop.main`` calls it.

``dagtop`` alone, with or without the options that say where to open, doesn't wait for the command
line to be loaded: that takes as long as a third of the first screen.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

FLAGS = {"--read-only": "read_only"}
VALUES = {
    "--dag": "dag",
    "--run": "run",
    "--task": "task",
    "--tracked": "tracked",
    "--workspace": "folder",
    "-w": "folder",
}


def main() -> None:
    """Run the command line with the arguments of this process, and exit."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    options = options_of_the_ui(sys.argv[1:])
    if options is None:
        from app.cli.root import run

        run()
        return
    from app.cli.opening import open_terminal_ui

    try:
        code = open_terminal_ui(**options)
    except KeyboardInterrupt:
        from app.cli.exit_codes import ExitCode

        code = ExitCode.INTERRUPTED
    except Exception as error:
        from app.cli.errors import report

        code = report(error)
    sys.exit(code)


def options_of_the_ui(arguments: Sequence[str]) -> dict[str, Any] | None:
    """What ``open_terminal_ui`` is to be told; None where there is a command, or anything that
    the command line must look at."""
    found: dict[str, Any] = {}
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if word in FLAGS:
            found[FLAGS[word]] = True
        elif name in VALUES and (equals or not value):
            value = value if equals else next(words, "")
            if not value or value.startswith("-"):
                return None
            found[VALUES[name]] = value
        else:
            return None
    return found
