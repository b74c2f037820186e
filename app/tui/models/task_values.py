"""Values as JSON for people: conf, params, rendered fields; secrets hidden by their names. Pure."""

from __future__ import annotations

import json
from typing import Any

from app.text import sanitize_lines
from store.secrets import masked

LONGEST = 20_000
"""Characters of one value that are shown."""


def masked_as(name: str, value: Any) -> Any:
    """The value of that name; hidden if the name says that it is secret."""
    return masked({name: value})[name]


def compact(value: Any) -> str:
    """A value in one line of JSON."""
    return _json(value)


def _json(value: Any, indent: int | None = None) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str, indent=indent)
    except RecursionError:
        return "(nested too deeply to be shown)"


def value_lines(value: Any, width: int) -> list[str]:
    """A value in lines: a text as it is, all else as JSON, in one line where that fits."""
    if isinstance(value, str):
        text = value
    else:
        text = compact(value)
        if len(text) > width:
            text = _json(value, 2)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}\n... and {len(text) - LONGEST:,} more characters"
    return sanitize_lines(text).expandtabs(4).split("\n")
