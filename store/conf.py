"""Values of a conf that are typed on a command line."""

from __future__ import annotations

import json
from typing import Any


def read_value(text: str, schema: dict[str, Any]) -> Any:
    """The value of a param: JSON where its schema lets it be, else the text."""
    types = schema.get("type")
    allowed: set[str] = {types} if isinstance(types, str) else set(types or ())
    if allowed == {"string"}:
        return text
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return text
    if "string" in allowed and not _is_of(value, allowed):
        return text
    return value


def _is_of(value: Any, types: set[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in types
    if isinstance(value, int):
        return bool(types & {"integer", "number"})
    for kind, name in ((float, "number"), (list, "array"), (dict, "object"), (str, "string")):
        if isinstance(value, kind):
            return name in types
    return "null" in types
