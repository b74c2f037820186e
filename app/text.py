"""Text of others, made safe for a terminal. Standard library only: every command imports this.

Log lines, ids, error messages and notes come from user code. Shown raw, their control sequences
could clear the screen, set the window title, write to the clipboard or turn text around (the
"Trojan source" trick); so whatever reaches a terminal goes through one of these functions.
"""

from __future__ import annotations

import re
from functools import cache

_CONTROLS = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and newline, DEL, C1
    r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # bidi controls, line separators
    r"\ud800-\udfff]"  # lone surrogates: can't be written to a terminal
)
_STRING = r"[^\x00-\x07\x0e-\x1f\x7f-\x9f]*+(?:\x07|\x1b\\|\x9c)"
"""Body and end of an OSC, DCS, SOS, PM or APC. Of one without an end only the first bytes are
removed, so that it can't hide the rest of a line."""

_REST = (
    r"(?:(?<=\x1b)(?:"
    r"\[[0-?]*+[ -/]*+[@-~]"  # CSI: cursor, erase, modes, ...
    rf"|[\]PX^_]{_STRING}"
    r"|[ -/]*+[0-~])"  # character sets, reset, two-byte functions
    r"|(?<=\x9b)[0-?]*+[ -/]*+[@-~]"
    rf"|(?<=[\x90\x98\x9d-\x9f]){_STRING})?"
)
"""What follows the first character of a sequence and belongs to it."""

_NOT_COLOUR = r"(?:(?<!\x1b)|(?!\[[0-9;:]*+m))"
"""Not Select Graphic Rendition: colours and weights are the one sequence that logs may keep."""


# Both patterns begin with a character class, which lets the search skip ordinary text quickly.
# They are compiled when first needed: most commands print nothing that needs them.


@cache
def _control() -> re.Pattern[str]:
    return re.compile(_CONTROLS)


@cache
def _unsafe() -> re.Pattern[str]:
    return re.compile(_CONTROLS + _REST)


@cache
def _unsafe_in_log() -> re.Pattern[str]:
    return re.compile(_CONTROLS + _NOT_COLOUR + _REST)


def sanitize(text: str) -> str:
    """One line of data (an id, a message, a table cell): no control sequence is left of it.

    Tabs stay; a newline becomes a space.
    """
    if text.isprintable():
        return text
    return _unsafe().sub("", text).replace("\n", " ")


def sanitize_lines(text: str) -> str:
    """Data of several lines (a traceback, a note): as ``sanitize``, but newlines stay."""
    if text.isprintable():
        return text
    return _unsafe().sub("", text)


def escape_json(document: str) -> str:
    """JSON as it is, with the control characters that JSON allows in strings written as escapes."""
    if document.isascii() and "\x7f" not in document:
        return document
    return _control().sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def sanitize_log(line: str) -> str:
    """One line of a log: colours stay, every other control sequence goes.

    Of a line redrawn with carriage returns (a progress bar) the last state is kept, which is what
    a terminal would show of it.
    """
    if line.isprintable():
        return line
    if "\r" in line:
        line = line.rstrip("\r\n").rpartition("\r")[2]
    return _unsafe_in_log().sub("", line.rstrip("\n")).replace("\n", " ")
