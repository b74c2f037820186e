"""What went wrong while a pipeline file was imported, as one sentence with file and line."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runner.authoring.exceptions import DagtopException
from runner.authoring.imports import RESERVED, reserved_module

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from traceback import TracebackException
    from types import TracebackType

LONGEST_SENTENCE = 600
_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep


@dataclass
class ParseFailure:
    """A pipeline file that can't be used."""

    error: str
    """One sentence: file, line, what, and where it helps what to do."""
    line: int | None
    """Line of the pipeline file."""
    traceback: str
    """The traceback, without our own frames."""
    dependencies: list[str] = field(default_factory=list)
    """Absolute paths of the workspace's other files that it had read until then."""
    variables: list[str] = field(default_factory=list)
    """Keys of the Variables that it had read until then."""


def place(path: Path, workspace: Path, line: int | None = None) -> str:
    """``dags/x.py:12``: the file as seen from the workspace."""
    name = os.path.relpath(path, workspace) if path.is_relative_to(workspace) else str(path)
    return f"{name}:{line}" if line else name


def failure_of(error: BaseException, path: Path, workspace: Path) -> ParseFailure:
    """The failure that ``error``, raised by the import of ``path``, means."""
    line = _line_of(error, str(path))
    sentence = one_line(_sentence(error, path, workspace))
    return ParseFailure(
        error=f"{place(path, workspace, line)}: {sentence}", line=line, traceback=_traceback(error)
    )


def one_line(text: str) -> str:
    """``text`` without line breaks, cut where it is very long."""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_SENTENCE else text[:LONGEST_SENTENCE] + "…"


def _line_of(error: BaseException, file: str) -> int | None:
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno
    lines = [line for name, line in _frames(error.__traceback__) if name == file]
    return lines[-1] if lines else None


def _frames(traceback: TracebackType | None) -> Iterator[tuple[str, int]]:
    while traceback is not None:
        yield traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
        traceback = traceback.tb_next


def _sentence(error: BaseException, path: Path, workspace: Path) -> str:
    if isinstance(error, SystemExit):
        code = "" if error.code is None else repr(error.code)
        return f"sys.exit({code}) was called while the file was imported"
    kind = type(error).__name__
    text = str(error)
    if isinstance(error, SyntaxError):
        if error.filename and error.filename != str(path):
            where = place(_path(path, error.filename), workspace, error.lineno)
            return f"{kind} in {where}: {error.msg}"
        return f"{kind}: {error.msg}"
    if isinstance(error, ImportError):
        return _import_sentence(error, path, workspace)
    if isinstance(error, DagtopException) or (
        isinstance(error, (ValueError, TypeError)) and _raised_by_us(error)
    ):
        return text
    if isinstance(error, OSError) and error.filename == str(path) and error.__traceback__ is None:
        return f"the file can't be read: {error.strerror}"
    return f"{kind}: {text}" if text else f"{kind} was raised while the file was imported"


def _path(like: Path, name: str) -> Path:
    return type(like)(name)


def _import_sentence(error: ImportError, path: Path, workspace: Path) -> str:
    name = error.name or ""
    if name.partition(".")[0] == RESERVED:
        taken = reserved_module(path, workspace)
        if taken is not None:
            return (
                f"'{RESERVED}' is the name of dagtop's own package, so "
                f"{place(_path(path, taken), workspace)} can't be imported: rename it"
            )
    sentence = f"{type(error).__name__}: {error}"
    if isinstance(error, ModuleNotFoundError) and name:
        sentence += (
            " (install it into the environment that dagtop runs in, "
            "or put the module into the workspace)"
        )
    return sentence


def _raised_by_us(error: BaseException) -> bool:
    names = [name for name, _ in _frames(error.__traceback__)]
    return bool(names) and names[-1].startswith(_OURS)


def _traceback(error: BaseException) -> str:
    from traceback import TracebackException

    told = TracebackException.from_exception(error)
    _without_our_frames(told)
    return "".join(told.format())


def _without_our_frames(told: TracebackException) -> None:
    from traceback import StackSummary

    kept = [
        frame
        for frame in told.stack
        if not frame.filename.startswith(_OURS) and not frame.filename.startswith("<frozen import")
    ]
    told.stack = StackSummary.from_list(kept)
    for earlier in (told.__cause__, told.__context__):
        if earlier is not None:
            _without_our_frames(earlier)
