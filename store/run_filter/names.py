"""The words of the run filter: what a field, a short form and a standing may be called."""

from __future__ import annotations

from difflib import get_close_matches
from enum import Enum, auto
from typing import get_args

from store.run_filter.tree import Part, Quality, Standing


class Kind(Enum):
    """What a field's values are, which says what they can be compared with."""

    METRIC = auto()
    PARAM = auto()
    TEXT = auto()
    TIME = auto()
    SECONDS = auto()
    NUMBER = auto()


ENTITIES = {
    "metric": "metric",
    "metrics": "metric",
    "param": "param",
    "params": "param",
    "parameter": "param",
    "parameters": "param",
    "tag": "tag",
    "tags": "tag",
    "attribute": "attribute",
    "attributes": "attribute",
    "attr": "attribute",
    "run": "attribute",
    "dataset": "dataset",
    "datasets": "dataset",
}
"""What may stand before the point, as in MLflow."""

ATTRIBUTES = {
    "run_id": Kind.TEXT,
    "run_name": Kind.TEXT,
    "status": Kind.TEXT,
    "user_id": Kind.TEXT,
    "artifact_uri": Kind.TEXT,
    "start_time": Kind.TIME,
    "end_time": Kind.TIME,
    # Not MLflow's:
    "experiment": Kind.TEXT,
    "dag": Kind.TEXT,
    "dag_run": Kind.TEXT,
    "task": Kind.TEXT,
    "note": Kind.TEXT,
    "duration": Kind.SECONDS,
    "attempt": Kind.NUMBER,
    "map_index": Kind.NUMBER,
}

ALIASES = {
    "created": "start_time",
    "started": "start_time",
    "ended": "end_time",
    "id": "run_id",
    "name": "run_name",
    "user": "user_id",
    "dag_id": "dag",
    "task_id": "task",
    "experiment_name": "experiment",
    "try": "attempt",
    "try_number": "attempt",
}

WITHOUT_MILLISECONDS = frozenset({"started", "ended"})
"""Ours: a bare number beside them would be milliseconds since 1970, which nobody means."""

DATASET_FIELDS = ("name", "digest", "context")
PARTS: dict[str, Part] = {one: one for one in get_args(Part)}
QUALITIES: dict[str, Quality] = {one: one for one in get_args(Quality)}
STANDINGS: dict[str, Standing] = {
    "active": "active",
    "archived": "deleted",  # our word for what MLflow calls deleted
    "nested": "nested",
    "root": "root",
    "deleted": "deleted",
}
STANDINGS_SHOWN = ("active", "archived", "nested", "root")
"""Those that are proposed."""
STATUSES = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")

SHORT_FORMS = {
    "dag": "dag",
    "task": "task",
    "experiment": "experiment",
    "user": "user_id",
    "status": "status",
    "name": "run_name",
    "has": "",
}
"""Short forms, each with the attribute that it is about; ``is:`` stands for itself."""

KEYWORDS = frozenset({"and", "or", "not", "in", "is", "like", "ilike", "between"})


def attribute_named(written: str) -> str | None:
    """The attribute that is meant, in any case, with spaces for underscores; None: there's none."""
    name = written.strip().lower().replace(" ", "_")
    name = ALIASES.get(name, name)
    return name if name in ATTRIBUTES else None


def nearest(written: str, names: list[str]) -> str | None:
    """The name that was most likely meant; None where nothing is alike."""
    by_lower = {name.lower(): name for name in names}
    found = get_close_matches(written.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def one_of(names: list[str]) -> str:
    """``a, b or c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
