"""Secrets that this process has learnt, kept out of its log and of what it records.

Values of Variables whose names look secret, and passwords and secret extras of Connections, are
remembered when they are fetched. From the first one on ``sys.stdout`` and ``sys.stderr`` replace
them by ``***``; until then nothing is in the way of a write. Which names look secret is a setting
(``store.secrets`` has the list); that values below five characters are not hidden is Airflow's.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from runner.authoring import settings

MASK = "***"
MIN_LENGTH = 5
"""Characters; a shorter value stands in too many innocent words."""

_secrets: set[str] = set()
_pattern: re.Pattern[str] | None = None


def looks_secret(name: object) -> bool:
    """Whether a name is that of a secret. Where nobody has said which are, all are."""
    if not isinstance(name, str):
        return False
    words = settings.in_force().secret_words
    lower = name.strip().casefold()
    return words is None or any(word in lower for word in words)


def mask_secret(secret: Any, name: str | None = None) -> None:
    """Hide a value from now on, in all that this process writes and records.

    With a ``name`` only if the name looks secret. Of a dict the values under secret-looking keys
    are hidden, of a list all.
    """
    if isinstance(secret, Mapping):
        for key, value in secret.items():
            mask_secret(value, str(key))
    elif isinstance(secret, str):
        if name is None or looks_secret(name):
            _remember(secret)
    elif isinstance(secret, Iterable) and not isinstance(secret, (bytes, bytearray)):
        for value in secret:
            mask_secret(value, name)


def forget() -> None:
    """Forget all secrets, for a process that goes on to another task."""
    global _pattern
    _secrets.clear()
    _pattern = None


def _remember(secret: str) -> None:
    global _pattern
    from urllib.parse import quote

    forms = {secret, secret.strip(), quote(secret, safe=""), repr(secret)[1:-1]}
    new = {form for form in forms if len(form) >= MIN_LENGTH} - _secrets
    if not new:
        return
    _secrets.update(new)
    longest_first = sorted(_secrets, key=len, reverse=True)
    _pattern = re.compile("|".join(re.escape(one) for one in longest_first))
    for stream in (sys.stdout, sys.stderr):
        _cover(stream)


def _cover(stream: Any) -> None:
    """Make a text stream mask what is written to it.

    The object stays the same, so handlers and libraries that hold it already are covered too.
    """
    write = getattr(stream, "write", None)
    if write is None or getattr(write, "masks", False):
        return

    def masked(text: str) -> int:
        write(mask_text(text))
        return len(text)

    masked.masks = True  # type: ignore[attr-defined]
    try:
        stream.write = masked
    except AttributeError:  # a stream of someone's own that forbids it: the log isn't there
        return


def mask_text(text: str) -> str:
    """``text`` with every known secret replaced."""
    return text if _pattern is None else _pattern.sub(MASK, text)


class StreamMask:
    """Masks bytes that come in pieces, also a secret that two pieces share.

    What may be the beginning of a secret is held back until the next piece, or the end.
    """

    def __init__(self, encoding: str = "utf-8") -> None:
        self._secrets = sorted(
            {one.encode(encoding, errors="replace") for one in _secrets}, key=len, reverse=True
        )
        self._pattern = re.compile(b"|".join(re.escape(one) for one in self._secrets))
        self._held = b""

    def feed(self, piece: bytes) -> bytes:
        """What may be written of all that has come so far."""
        if not self._secrets:
            return piece
        data = self._held + piece
        safe = len(data) - self._beginning(data)
        done, position = bytearray(), 0
        for match in self._pattern.finditer(data):
            if match.start() >= safe:
                break
            done += data[position : match.start()] + MASK.encode()
            position = match.end()
        done += data[position:safe]
        self._held = data[max(position, safe) :]
        return bytes(done)

    def end(self) -> bytes:
        """What was held back: no more comes."""
        held, self._held = self._held, b""
        return self._pattern.sub(MASK.encode(), held) if self._secrets else held

    def _beginning(self, data: bytes) -> int:
        """Length of the longest end of ``data`` with which a secret begins."""
        longest = 0
        for secret in self._secrets:
            for length in range(min(len(secret) - 1, len(data)), longest, -1):
                if data.endswith(secret[:length]):
                    longest = length
                    break
        return longest


def redact(value: Any, name: object = None) -> Any:
    """JSON-like ``value`` without secrets: those known, and all under secret-looking names."""
    if name is not None and looks_secret(name):
        return _redact_all(value)
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, dict):
        return {key: redact(element, key) for key, element in value.items()}
    if isinstance(value, list):
        return [redact(element) for element in value]
    return value


def _redact_all(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _redact_all(element) for key, element in value.items()}
    if isinstance(value, list):
        return [_redact_all(element) for element in value]
    return MASK if value else value
