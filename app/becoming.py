"""What a mark makes of runs, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

GOES_ON = "queued"
"""What a run becomes that has ended and runs again."""


def becoming_lines(become: Sequence[Sequence[str]]) -> list[str]:
    """ "The run becomes success (it is failed).": of each run its id, its state and what it gets
    (nothing: that isn't known); of several how many get what."""
    groups = Counter((now, then) for _, now, then in become)
    if len(become) == 1:
        return [_one(*pair) for pair in groups]
    return [_several(number, *pair) for pair, number in groups.items()]


def ending_line(reply: Mapping[str, Any]) -> str:
    """What a mark of whole runs does to their tasks."""
    ended, skipped = reply.get("ended", 0), reply.get("skipped", 0)
    one = len(reply.get("become", ())) == 1
    if not ended and not skipped:
        return "Nothing runs in it." if one else "Nothing runs in them."
    parts = [
        f"{number:,} {words[0] if number == 1 else words[1]}"
        for number, words in (
            (ended, ("task instance at work is ended", "task instances at work are ended")),
            (skipped, ("that waits is skipped", "that wait are skipped")),
        )
        if number
    ]
    return f"{', '.join(parts)}."


def signals_line(instances: Sequence[Sequence[Any]]) -> str:
    """What becomes of the processes of task instances (run, task, index, state) that a clear or a
    mark touches; empty: none is at work."""
    number = sum(state == "running" for *_, state in instances)
    if not number:
        return ""
    if number == 1:
        words = "Its process gets" if len(instances) == 1 else "1 is at work: its process gets"
        return f"{words} SIGTERM, and SIGKILL if it does not end."
    return f"{number:,} are at work: their processes get SIGTERM, and SIGKILL if they do not end."


def _one(now: str, then: str) -> str:
    if not then:
        return f"What becomes of the run (it is {now}) all of these decide together."
    if now == then:
        return f"The run stays {now}." if now in ("success", "failed") else "The run goes on."
    if then == GOES_ON:
        return f"The run goes on (it is {now})."
    return f"The run becomes {then} (it is {now})."


def _several(number: int, now: str, then: str) -> str:
    runs, verb = ("1 run", "is") if number == 1 else (f"{number:,} runs", "are")
    if not then:
        return f"What becomes of {runs} that {verb} {now} all of these decide together."
    end = "s" if number == 1 else ""
    if now == then and now in ("success", "failed"):
        return f"{runs} stay{end} {now}."
    if then in (now, GOES_ON):
        return f"{runs} {'goes' if end else 'go'} on ({verb} {now})."
    return f"{runs} become{end} {then} ({verb} {now})."
