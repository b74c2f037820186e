"""Facts from outside that a turn has not dealt with yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from runner.execution.hosts import FileHost
from runner.journal.messages import Parsed, ParseFailed


@dataclass(slots=True)
class Request:
    """A command that somebody waits for on the question socket."""

    command: str
    payload: dict[str, Any]
    actor: str
    answer: asyncio.Future[Any]


class Exit(NamedTuple):
    """A try's process has ended."""

    try_key: int
    pid: int
    status: int | None
    """None: nobody of ours could wait for it."""
    cpu_seconds: float = 0.0
    peak_rss: int = 0
    """Bytes."""


class LostHost(NamedTuple):
    """A host has ended, with the tries and callbacks that it had."""

    host: FileHost
    tries: list[int]
    callbacks: list[int]
    why: str


@dataclass(slots=True)
class Inbox:
    """Facts that a turn has not dealt with yet. Kept until the turn is committed.

    ``wake`` has a turn run at once, ``wake_soon`` within some milliseconds, together with others.
    """

    wake: Callable[[], None]
    wake_soon: Callable[[], None]

    bells: set[int] = field(default_factory=set)
    recordings: set[str] = field(default_factory=set)
    """Names of those that have something to read, or whose process is gone."""
    exits: list[Exit] = field(default_factory=list)
    parsed: list[tuple[FileHost, Parsed | ParseFailed]] = field(default_factory=list)
    lost_hosts: list[LostHost] = field(default_factory=list)
    callbacks: list[tuple[int, str | None]] = field(default_factory=list)
    """Those that have ended, and how they failed if they did."""
    other_callbacks: set[int] = field(default_factory=set)
    """Those that a process runs of which no host of ours will tell."""
    failed_starts: list[tuple[int, str]] = field(default_factory=list)
    due: set[tuple[Any, ...]] = field(default_factory=set)
    requests: list[Request] = field(default_factory=list)
    rows_changed: bool = False
    files_gone: bool = False

    def take(self) -> Inbox:
        """All of it, in an inbox of its own; this one is empty then."""
        taken = Inbox(self.wake, self.wake_soon)
        taken.put_back(self)
        self.clear()
        return taken

    def put_back(self, taken: Inbox) -> None:
        """What was taken could not be dealt with after all."""
        self.bells |= taken.bells
        self.recordings |= taken.recordings
        self.due |= taken.due
        self.exits[:0] = taken.exits
        self.parsed[:0] = taken.parsed
        self.lost_hosts[:0] = taken.lost_hosts
        self.callbacks[:0] = taken.callbacks
        self.other_callbacks |= taken.other_callbacks
        self.failed_starts[:0] = taken.failed_starts
        self.requests[:0] = taken.requests
        self.rows_changed |= taken.rows_changed
        self.files_gone |= taken.files_gone

    def clear(self) -> None:
        """All of it is in the store now."""
        for facts in (
            self.bells,
            self.recordings,
            self.exits,
            self.parsed,
            self.lost_hosts,
            self.callbacks,
            self.other_callbacks,
            self.failed_starts,
            self.due,
            self.requests,
        ):
            facts.clear()
        self.rows_changed = self.files_gone = False
