"""What a schedule that people have set gives its runs, and its dates, in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any


def run_words(run: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Params, note and experiment of each run of a schedule, by name; only those that it has."""
    if not run:
        return []
    conf = run.get("conf")
    found = [
        ("params", json.dumps(conf, ensure_ascii=False) if conf else ""),
        ("note", run.get("note") or ""),
        ("experiment", run.get("experiment") or ""),
    ]
    return [(name, words) for name, words in found if words]


def window_words(
    window: Mapping[str, Any] | None, shown: Callable[[datetime], str]
) -> list[tuple[str, str]]:
    """Start, end and catch-up of a schedule, by name; only those that it has. ``shown`` writes a
    date."""
    window = window or {}
    found = [
        (name, shown(datetime.fromisoformat(window[name])))
        for name in ("start", "end")
        if window.get(name)
    ]
    if window.get("catchup") is not None:
        found.append(("catchup", "yes" if window["catchup"] else "no"))
    return found


def left_out_words(found: Mapping[str, Any], shown: Callable[[datetime], str]) -> str:
    """Which runs of a schedule are left out, by what the runner says of it; empty: none."""
    left = [datetime.fromisoformat(text) for text in found.get("left_out", ())]
    if not left:
        return ""
    more = f" and {len(left) - 1} more" if len(left) > 1 else ""
    whose = "their intervals" if more else "its interval"
    return f"no run at {shown(left[0])}{more}: the newest run reaches into {whose}"


def due_words(found: Mapping[str, Any]) -> str:
    """How many runs a schedule makes at once, by what the runner says of it; empty: none."""
    due = found.get("due", 0)
    if due <= 1:
        return "one run starts at once, for the interval that is over" if due else ""
    some = "" if found.get("due_is_all", True) else "more than "
    return f"{some}{due} runs start at once, to catch up"
