"""An exception as the facts that are stored and shown: type, message, place, traceback.

Nothing here raises, whatever the exception is: its ``__str__`` may fail, its message may not be
valid Unicode, memory or the stack may be at their end.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from runner.authoring.masking import mask_text
from runner.journal.records import ErrorFacts

if TYPE_CHECKING:
    from traceback import FrameSummary, TracebackException
    from types import TracebackType

MESSAGE_LENGTH = 8000
"""Characters of a message that are kept."""
TRACEBACK_BYTES = 64 * 1024
"""Bytes of a traceback that are kept: its two ends."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""C0 without tab and newline, DEL, C1, and what turns text around for who reads it."""
_UNNAMED = ("runner.", "dagtop_pipeline_")
"""Modules of ours and of pipeline files, whose classes are known without them."""
_OWN_MODULE = re.compile(
    r"^([ |+-]*)(?:runner\.[\w.]+|dagtop_pipeline_\w+)\.(?=\w+(?::|$))", re.MULTILINE
)
"""Their names before an exception's, at the end of a traceback."""
_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_STANDARD = os.path.dirname(os.__file__) + os.sep


def error_facts(error: BaseException, fallback_place: str = "") -> ErrorFacts:
    """What is told of ``error``. ``fallback_place`` is used where no user code is involved."""
    name = type(error).__qualname__
    module = type(error).__module__
    if module not in ("builtins", "__main__") and not module.startswith(_UNNAMED):
        name = f"{module}.{name}"
    message = message_of(error)
    try:
        place = _place(error.__traceback__) or fallback_place
        text = _traceback(error)
    except Exception:  # no memory left, or a frame that can't be looked at
        place, text = fallback_place, f"{name}: {message}"
    return ErrorFacts(clean(name), message, clean(place), text)


def message_of(error: BaseException) -> str:
    """The exception's message, masked and cut; empty where it has none."""
    try:
        text = str(error)
    except Exception:
        text = f"<{type(error).__name__} whose message can't be made>"
    text = clean(mask_text(text))
    if len(text) > MESSAGE_LENGTH:
        cut = len(text) - MESSAGE_LENGTH
        text = f"{text[:MESSAGE_LENGTH]}… ({cut:,} more characters)"
    return text


def clean(text: str) -> str:
    """``text`` as valid Unicode without control characters, which are written as escapes."""
    text = text.encode("utf-8", "backslashreplace").decode()
    if text.isprintable():
        return text
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _is_own(file: str) -> bool:
    return file.startswith(_OWN)


def _is_library(file: str) -> bool:
    folders = file.split(os.sep)
    if "site-packages" in folders or "dist-packages" in folders or file.startswith("<"):
        return True
    return file.startswith(_STANDARD)


def _place(traceback: TracebackType | None) -> str:
    """file:line of the innermost frame in user code, else of the innermost that isn't ours."""
    users = others = ""
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if not _is_own(file):
            others = f"{file}:{traceback.tb_lineno}"
            if not _is_library(file):
                users = others
        traceback = traceback.tb_next
    return users or others


def _traceback(error: BaseException) -> str:
    """The traceback as Python prints it, without our own frames."""
    from traceback import TracebackException

    exception = TracebackException(type(error), error, error.__traceback__, compact=True)
    _trim(exception, set())
    text = _OWN_MODULE.sub(r"\1", "".join(exception.format()))
    text = clean(mask_text(text)).rstrip("\n")
    data = text.encode()
    if len(data) <= TRACEBACK_BYTES:
        return text
    half = TRACEBACK_BYTES // 2
    head = data[:half].decode(errors="ignore").rpartition("\n")[0]
    tail = data[-half:].decode(errors="ignore").partition("\n")[2]
    left_out = len(data) - len(head.encode()) - len(tail.encode())
    return f"{head}\n  … ({left_out:,} bytes left out) …\n{tail}"


def _trim(exception: TracebackException, seen: set[int]) -> None:
    """Leave our frames out, in the exception and all that are behind it."""
    if id(exception) in seen:
        return
    seen.add(id(exception))
    kept: list[FrameSummary] = [f for f in exception.stack or () if not _is_own(f.filename)]
    if kept:
        exception.stack[:] = kept
    elif _type_of(exception).startswith("runner."):
        exception.stack = None  # type: ignore[assignment] - what we say needs no frames of ours
    inner = [exception.__cause__, exception.__context__, *(exception.exceptions or ())]
    for other in inner:
        if other is not None:
            _trim(other, seen)


def _type_of(exception: TracebackException) -> str:
    """Its type's module and name; Python 3.13 keeps only the text."""
    text = getattr(exception, "exc_type_str", None)
    if text is not None:
        return text
    return f"{exception.exc_type.__module__}.{exception.exc_type.__qualname__}"
