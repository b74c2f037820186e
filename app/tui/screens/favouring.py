"""Stars: the user's own favourites among the DAGs, kept in the memory of the workspace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.tui.formats import plural

if TYPE_CHECKING:
    from app.tui.application import DagtopApp


def turn_favourite(app: DagtopApp, dag_ids: Sequence[str]) -> list[str]:
    """Give DAGs a star, or take it away; several follow the first. Returns those that changed."""
    favourites = app.memory.favourites
    stars = dag_ids[0] not in favourites
    changed = [dag_id for dag_id in dag_ids if (dag_id in favourites) is not stars]
    app.memory.favour(changed, stars=stars)
    name = changed[0] if len(changed) == 1 else plural(len(changed), "DAG")
    starred = f"starred {name}: /is:favourite lists what has a star"
    app.say(starred if stars else f"took the star of {name} away")
    return changed
