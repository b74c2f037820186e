"""Files in the user's editor, at a line: the terminal is its own until it ends.

``$VISUAL``, else ``$EDITOR``, is words as the shell splits them; no shell is asked.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from app.tui.models.places import Place
from app.tui.spans import span

if TYPE_CHECKING:
    from app.tui.application import DagtopApp

PLUS = re.compile(
    "n?vim?|view|vis|nvi|elvis|nano|pico|emacs|emacsclient|mg|micro|kak|joe|ne|mcedit|jed|zile|dte"
)
"""Editors that take the line as ``+LINE`` before the file."""
COLON = re.compile("hx|helix|subl|sublime_text|zed")
"""Editors that take it as ``FILE:LINE``."""
GOTO = re.compile("code(-insiders)?|(vs)?codium|cursor")
"""Editors that take that behind ``--goto``."""

UNSET = "set $EDITOR to the editor that is to open files, as in: export EDITOR=nano"


def editor_words(environment: Mapping[str, str]) -> list[str]:
    """The user's editor and its options; vi where none is named. Raises ``ValueError`` with a
    sentence."""
    name = next((n for n in ("VISUAL", "EDITOR") if environment.get(n, "").strip()), None)
    if name is None:
        if shutil.which("vi", path=environment.get("PATH")) is None:
            raise ValueError(UNSET)
        return ["vi"]
    try:
        return shlex.split(environment[name])
    except ValueError as error:
        raise ValueError(f"${name} can't be split into words: {error}") from None


def editor_command(words: list[str], path: str, line: int) -> list[str]:
    """The words that open a file at a line (0: at none), as that editor wants it."""
    name = os.path.basename(words[0])
    if line and PLUS.fullmatch(name):
        return [*words, f"+{line}", path]
    if line and COLON.fullmatch(name):
        return [*words, f"{path}:{line}"]
    if line and GOTO.fullmatch(name):
        return [*words, "--goto", f"{path}:{line}"]
    return [*words, path]


def edit(app: DagtopApp, place: Place, words: str = "") -> None:
    """Open a file of the workspace, or one with its whole path, in the user's editor.

    ``words``: what is said of the file afterwards.
    """
    path = str(app.workspace.root / place.file)
    try:
        command = editor_command(editor_words(app.environment), path, place.line)
    except ValueError as error:
        app.say(str(error), "warning")
        return
    app.run_worker(_edit(app, command, place, words), exclusive=True, group="editor")


async def _edit(app: DagtopApp, command: list[str], place: Place, words: str) -> None:
    """Leave the terminal to the editor. The app works on meanwhile, so that nothing piles up."""
    name, shown = Path(command[0]).name, span(app.scene().place(place.file)).text
    code, problem = 0, ""
    try:
        with app.suspend(), _interrupts_are_the_editors():
            try:
                process = await asyncio.create_subprocess_exec(*command, env=dict(app.environment))
                code = await process.wait()
            except OSError as error:  # in here: Textual comes back from no error
                problem = error.strerror or str(error)
    except SuspendNotSupported:
        app.say("this terminal can't be left to an editor", "warning")
        return
    if problem:
        app.say(f"{name} can't be started: {problem}; $EDITOR names the editor", "error")
    elif code:
        app.say(f"{name} ended with {code}: {shown}", "warning")
    else:
        app.say(f"back from {shown}{words}")
    app.refresher.poke()


@contextmanager
def _interrupts_are_the_editors() -> Iterator[None]:
    """^C ends what the editor does: it reaches all that the terminal runs, and us too."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
