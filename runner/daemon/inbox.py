"""Facts from outside that a turn has not dealt with yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from runner.execution.hosts import FileHost
from runner.journal.messages import Parsed, ParseFailed


@dataclass(slots=True)
class Request:
    """A command that somebody waits for on the question socket."""

    command: str
    payload: dict[str, Any]
    actor: str
    answer: asyncio.Future[Any]


@dataclass(slots=True)
class Inbox:
    """Facts that a turn has not dealt with yet. Kept until the turn is committed.

    ``wake`` has a turn run at once, ``wake_soon`` within some milliseconds, together with others.
    """

    wake: Callable[[], None]
    wake_soon: Callable[[], None]

    bells: set[int] = field(default_factory=set)
    exits: list[tuple[int, int, int | None, float, int]] = field(default_factory=list)
    """(try key, pid, exit status or None, CPU seconds, peak resident bytes)."""
    parsed: list[tuple[FileHost, Parsed | ParseFailed]] = field(default_factory=list)
    lost_hosts: list[tuple[FileHost, list[int], list[int], str]] = field(default_factory=list)
    callbacks: list[tuple[int, int]] = field(default_factory=list)
    failed_starts: list[tuple[int, str]] = field(default_factory=list)
    due: set[tuple[Any, ...]] = field(default_factory=set)
    requests: list[Request] = field(default_factory=list)
    rows_changed: bool = False
    files_gone: bool = False

    def clear(self) -> None:
        """All of it is in the store now."""
        for facts in (
            self.bells,
            self.exits,
            self.parsed,
            self.lost_hosts,
            self.callbacks,
            self.failed_starts,
            self.due,
            self.requests,
        ):
            facts.clear()
        self.rows_changed = self.files_gone = False
