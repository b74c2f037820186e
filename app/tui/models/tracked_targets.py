"""Where a line of a tracked run's page leads. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from app.tui.spans import Spans


@dataclass(frozen=True, slots=True)
class Target:
    """Where Enter on a line leads: a tracked "run", a "dag_run", a "task", a "view", a
    "distribution", the "note" or a "tag"."""

    kind: str
    name: str = ""
    """The run's uuid, the name of the view, the distribution or the tag."""


Entry = tuple[Spans, Target | None]
