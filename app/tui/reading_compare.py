"""What the views of runs side by side read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.engine import Store
    from store.queries.compared import ComparedRun

NAMED = 5
"""Runs of the same name whose ids a sentence tells."""


@dataclass(frozen=True, slots=True)
class CompareSnapshot:
    """The runs that there are, in the order that was asked for."""

    runs: tuple[ComparedRun, ...]
    gone: int
    """How many of them were deleted."""
    own: object = None
    """What one view reads besides."""


def read_compared(store: Store, uuids: Sequence[str]) -> CompareSnapshot:
    """The runs of these uuids with all that was logged for them."""
    from store.queries.compared import compared_runs

    with store.read() as connection:
        runs = compared_runs(connection, uuids)
    return CompareSnapshot(runs, len(set(uuids)) - len(runs))


def read_named(store: Store, names: Sequence[str]) -> list[str] | str:
    """The uuids of the runs that are called so: by name, id, or the beginning of one; or what is
    wrong with the names."""
    from store.queries.tracked import runs_called

    uuids: list[str] = []
    with store.read() as connection:
        for name in names:
            found = runs_called(connection, name)
            exact = [row for row in found if row.uuid == name.lower()]
            if not found:
                return f"no tracked run is called {name}"
            if len(found) > 1 and not exact:
                ids = ", ".join(row.uuid[:12] for row in found[:NAMED])
                return f"{len(found)} tracked runs are called {name}: name them by id ({ids})"
            uuids.append((exact or found)[0].uuid)
    return list(dict.fromkeys(uuids))
