"""What is said of a clear or a mark that found nothing to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOTE_LEFT = ": the note was not written"


def untouched_words(kind: str, payload: Mapping[str, Any]) -> str:
    """That there was nothing to do; and that a note that came with it is nowhere."""
    words = {
        "clear": "nothing to run again",
        "mark_task": f"nothing to mark {payload.get('state')}",
        "limit_backfill": "nothing was changed: the backfill has this limit already",
        "schedule": f"nothing was changed: {payload.get('dag_id')} has this schedule already",
    }
    return words.get(kind, "nothing to change") + note_left(payload)


def note_left(payload: Mapping[str, Any]) -> str:
    """The end of the sentence, where a note came with what was not done."""
    return NOTE_LEFT if (payload.get("note") or "").strip() else ""
