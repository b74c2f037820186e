"""XComs that are set by hand: the form's fields, and what is wrong with them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec

from app.text import escape_json
from app.tui import formats
from app.tui.models.fields import FIXED, JSON, FormField
from store.values import MOST_TYPED_XCOM

TAG = b'"__dagtop__"'
"""What marks types that JSON hasn't, in a stored value."""
EXAMPLES = 'JSON: 1.5, "text", [1, 2], {"a": true}, null'
LIMIT = f"by hand an XCom may have {formats.size(MOST_TYPED_XCOM)}"
ABOUT_KEY = "What tasks pull it by: return_value, or another."
LONGEST_KEY = 512


@dataclass(frozen=True, slots=True)
class XComPlace:
    """The task instance that an XCom is of."""

    dag_id: str
    run_id: str
    dag_run_id: int
    task_id: str
    map_index: int


def fields(key: str | None, raw: bytes | None, lines: int) -> list[FormField]:
    """The fields for another value of ``key``, ``raw`` now; None: for an XCom that is new."""
    text, about = "", EXAMPLES
    if raw is not None and len(raw) > MOST_TYPED_XCOM:
        about = f"It has {formats.size(len(raw))}: it can only be replaced; {LIMIT}."
    elif raw is not None and TAG in raw:
        about = f"It has types that JSON hasn't: it can only be replaced, by {EXAMPLES}"
    elif raw is not None:
        # As escapes: characters that a terminal acts on would be taken out of the form.
        text = escape_json(msgspec.json.format(raw, indent=2).decode(errors="replace"))
    first = FormField("key", "key", about=ABOUT_KEY)
    if key is not None:
        first = FormField("key", "key", FIXED, key)
    return [first, FormField("value", "value", JSON, text, about, height=lines)]


def problems(texts: Mapping[str, str], known: Collection[str] = ()) -> dict[str, str]:
    """What is wrong with which field. That the value is JSON the form looks after."""
    found: dict[str, str] = {}
    key = texts.get("key")
    if key is not None and not key.strip():
        found["key"] = "a key is wanted"
    elif key is not None and len(key.strip()) > LONGEST_KEY:
        found["key"] = f"a key has at most {LONGEST_KEY} characters"
    elif key is not None and key.strip() in known:
        found["key"] = f"there is an XCom {key.strip()} already: edit that one"
    size = len(texts["value"].encode(errors="replace"))
    if not texts["value"].strip():
        found["value"] = f"a value is wanted, as {EXAMPLES}"
    elif size > MOST_TYPED_XCOM:
        found["value"] = f"it has {formats.size(size)}; {LIMIT}"
    return found
