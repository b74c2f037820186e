"""The exit codes of the command line: one registry for the code, ``--help`` and the README."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit code means."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    STORE = 5
    WORKSPACE = 6
    BUG = 70
    INTERRUPTED = 130
    PIPE = 141


MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: "done",
    ExitCode.FAILED: "the run, the task or a check failed",
    ExitCode.USAGE: "the command line is wrong",
    ExitCode.NOT_FOUND: "no such DAG, run, task, pool, variable or connection",
    ExitCode.REFUSED: "refused, or no runner is up",
    ExitCode.STORE: "the database can't be used",
    ExitCode.WORKSPACE: "there is no workspace, or it or its settings can't be used",
    ExitCode.BUG: "a bug in dagtop",
    ExitCode.INTERRUPTED: "interrupted with Ctrl-C",
    ExitCode.PIPE: "the reader of the output has left, as head does",
}


def epilog() -> str:
    """The registry in one line, for the end of ``--help``."""
    listed = ", ".join(f"{code.value} {meaning}" for code, meaning in MEANINGS.items())
    return f"Exit codes: {listed}."
