"""What a schedule that people have set gives its runs, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
