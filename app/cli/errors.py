"""Errors of commands: one sentence on stderr and an exit code, never a traceback.

``DAGTOP_DEBUG=1`` shows the traceback too.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable

from app.cli.exit_codes import ExitCode
from app.text import sanitize
from store.errors import CommandRefused, CommandTimeout, InvalidValue, NotFound, StoreError
from store.workspace import WorkspaceError

SUGGESTIONS = 3


class CommandError(Exception):
    """A command can't do what was asked: one sentence, and the exit code."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code


def usage_error(message: str) -> CommandError:
    """The command line itself is wrong."""
    return CommandError(message, ExitCode.USAGE)


def not_found(kind: str, name: str, known: Iterable[str], where: str = "") -> CommandError:
    """There is no ``kind`` called ``name`` (``where``: " of etl"); says which of ``known`` may
    have been meant."""
    near = near_misses(name, known)
    meant = f"; did you mean {' or '.join(repr(one) for one in near)}?" if near else ""
    return CommandError(f"there is no {kind} {name!r}{where}{meant}", ExitCode.NOT_FOUND)


def near_misses(name: str, known: Iterable[str]) -> list[str]:
    """The few of ``known`` that look like ``name``, or begin with or contain it; best first."""
    from difflib import get_close_matches

    candidates = list(known)
    lowered = name.casefold()
    close = get_close_matches(name, candidates, n=SUGGESTIONS, cutoff=0.6)
    containing = [one for one in candidates if lowered and lowered in one.casefold()]
    containing.sort(key=lambda one: (not one.casefold().startswith(lowered), len(one), one))
    return list(dict.fromkeys(close + containing))[:SUGGESTIONS]


def exit_code_of(error: BaseException) -> ExitCode:
    """The exit code that stands for an error."""
    from store.client import RunnerAway, RunnerBusy

    config = sys.modules.get("store.config")  # its errors can only come from where it is loaded
    if config is not None and isinstance(error, config.ConfigError):
        return ExitCode.WORKSPACE
    if isinstance(error, CommandError):
        return error.code
    if isinstance(error, WorkspaceError):
        return ExitCode.WORKSPACE
    if isinstance(error, NotFound):
        return ExitCode.NOT_FOUND
    if isinstance(error, CommandRefused | CommandTimeout | RunnerAway | RunnerBusy):
        return ExitCode.REFUSED
    if isinstance(error, InvalidValue):
        return ExitCode.USAGE
    if isinstance(error, StoreError):
        return ExitCode.STORE
    if isinstance(error, OSError):
        return ExitCode.FAILED
    return ExitCode.BUG


def report(error: BaseException) -> ExitCode:
    """Say on stderr what went wrong; returns the exit code to end with."""
    code = exit_code_of(error)
    if os.environ.get("DAGTOP_DEBUG", "") not in ("", "0"):
        traceback.print_exception(error, file=sys.stderr)
    message = sanitize(str(error)) or type(error).__name__
    if code is ExitCode.BUG:
        message = (
            f"a bug in dagtop: {type(error).__name__}: {message}; "
            "run it again with DAGTOP_DEBUG=1 to see where"
        )
    print(f"dagtop: {message}", file=sys.stderr)
    return code
