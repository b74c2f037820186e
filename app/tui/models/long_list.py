"""A list that is too long to be read at once: what of it is read so far. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar


class Entry(Protocol):
    """A row of such a list."""

    @property
    def id(self) -> int:
        """Its row id."""
        ...

    @property
    def key(self) -> Any:
        """Its place in the list, which shows the highest first. It never changes."""
        ...


E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True)
class Page(Generic[E]):
    """Some rows, newest first."""

    entries: tuple[E, ...]
    next: Any = None
    """The place before which the page after this one begins; None at the end."""
    newest: Any = None
    """Nothing newer than this place was there; None: the first entry was the newest."""


class Wanted(Protocol):
    """Which rows the list is about."""

    def has(self, entry: Any) -> bool:
        """Whether a row (still) is one of them."""
        ...


@dataclass(slots=True)
class LongList(Generic[E]):
    """The rows that are read so far: the newest, and page by page what is before them."""

    wanted: Wanted
    entries: list[E] = field(default_factory=list)
    """Newest first, without a gap."""
    next: Any = None
    """Where the page after them begins; None: everything is read."""
    _newest: Any = None

    def take_head(
        self, head: Page[E], asked: Collection[int] = (), watched: Sequence[E] = ()
    ) -> None:
        """The newest rows as they are now, and of those further back the ones ``asked`` for.

        What was asked for and isn't among ``watched`` is gone. Where more rows are new than the
        head holds, what was read before is forgotten: there would be a gap.
        """
        known, self._newest = self._newest, head.newest
        if self._newest is None and head.entries:
            self._newest = head.entries[0].key
        if head.next is None or known is None or known < head.next:
            self.entries, self.next = list(head.entries), head.next
            return
        first = bisect_right(self.entries, 0, key=lambda entry: -1 if entry.key >= head.next else 1)
        older = self.entries[first:]
        if asked or watched:
            fresh = {entry.id: entry for entry in watched}
            looked_at = {*asked, *fresh}
            places = [place for place, entry in enumerate(older) if entry.id in looked_at]
            for place in reversed(places):
                now = fresh.get(older[place].id)
                older[place : place + 1] = [now] if now is not None and self.wanted.has(now) else []
        if self.next is not None:
            self.next = min(self.next, head.next)
        self.entries = [*head.entries, *older]

    def take_page(self, before: Any, page: Page[E]) -> bool:
        """A page that was asked for; False where it doesn't follow what is read (any more)."""
        if before != self.next:
            return False
        self.entries = [*self.entries, *page.entries]
        self.next = page.next
        return True
