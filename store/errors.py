"""What can go wrong with the store, each as one sentence that says what to do.

Standard library only, so that the command line can catch these without loading SQLAlchemy.
"""

from __future__ import annotations


class StoreError(Exception):
    """The store can't do what was asked; the message says why and what to do."""


class StoreMissing(StoreError):
    """There is no database yet."""


class StoreUnreadable(StoreError):
    """The database exists and can't be opened, or its file is no database, or is damaged."""


class StoreReadOnly(StoreError):
    """A write was asked of a store that is open for reading only."""


class StoreLocked(StoreError):
    """Another process kept the database locked for longer than the busy timeout."""


class StoreTaken(StoreError):
    """The runner of another workspace works on this database."""


class StoreFull(StoreError):
    """The disk is full, or writing to it failed."""


class StoreTooNew(StoreError):
    """The database was made by a newer dagtop."""


class StoreOutdated(StoreError):
    """The database was made by an older dagtop and hasn't been upgraded."""


class CommandRefused(StoreError):
    """The runner looked at a command and refused it; the message is its reason."""


class CommandTimeout(StoreError):
    """Nobody has answered a command in the time given; it stays pending."""


class UnknownKind(StoreError):
    """A command of a kind that doesn't exist."""


class NotFound(StoreError):
    """What was named isn't in the store."""


class InvalidValue(StoreError):
    """A value that can't be stored: the message says which and what is expected."""
