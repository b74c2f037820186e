"""What the views of runs side by side read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.comparing.classification import MOST_BYTES, Kind, curves_in, kind_of, matrix_in
from app.comparing.distributions import NO_SPREAD, Spread, counted, spread
from app.tui.models.compare.matrices import Found

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from app.comparing.importance import Importance
    from store.distributions import Distribution
    from store.engine import Store
    from store.queries.compared import ComparedRun, RunSource
    from store.queries.curves import Curve
    from store.queries.tracked import ArtifactRow
    from store.workspace import Workspace

WHOLE = 50_000
"""Stretches of curves that are drawn over each other's values."""

MOST_CONTENTS = 1_000
"""Steps of a distribution that are added up, of all runs together: each may have thousands of
categories."""
NAMED = 5
"""Runs of the same name whose ids a sentence tells."""


@dataclass(frozen=True, slots=True)
class CompareSnapshot:
    """The runs that there are, in the order that was asked for."""

    runs: tuple[ComparedRun, ...]
    gone: int
    """How many of them were deleted."""
    own: Any = None
    """What one view reads besides."""


Own = Callable[["Connection", "Sequence[ComparedRun]"], Any]
"""Reads, or works out, what one view shows besides the runs."""


def read_compared(store: Store, uuids: Sequence[str], own: Own | None = None) -> CompareSnapshot:
    """The runs of these uuids with all that was logged for them; ``own`` for one view."""
    from store.queries.compared import compared_runs

    with store.read() as connection:
        runs = compared_runs(connection, uuids)
        found = None if own is None or not runs else own(connection, runs)
    return CompareSnapshot(runs, len(set(uuids)) - len(runs), found)


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


def importance_of(runs: Sequence[ComparedRun], metric: str, summary: str) -> Importance:
    """Which params of the runs matter for a metric."""
    from app.comparing.importance import importance
    from app.comparing.table import SUMMARIES

    found = [run.metrics.get(metric) for run in runs]
    values = [None if one is None else SUMMARIES[summary](one) for one in found]
    return importance(metric, values, [run.params for run in runs])


def read_curves(
    connection: Connection,
    runs: Sequence[ComparedRun],
    *,
    metric: str,
    keys: Sequence[str],
    number: int,
    weight: float,
    whole: bool,
    other: str = "",
) -> list[Curve]:
    """The curves of these metrics; without any, of so many from ``metric`` on. ``whole``: with so
    many points that those of two metrics can be told by their steps.

    ``other``: a metric that is x; its curves come last, and never smoothed."""
    from app.comparing.table import metric_keys
    from store.queries.curves import STRETCHES, curves

    if not keys:
        known = metric_keys(runs)
        first = known.index(metric) if metric in known else 0
        keys = [*known[first:], *known[:first]][:number]
    stretches = WHOLE if whole else STRETCHES
    ids = [run.row.id for run in runs]
    found = curves(connection, ids, keys, stretches=stretches, smoothing=weight)
    if other:
        found += curves(connection, ids, [other], stretches=stretches)
    return found


@dataclass(frozen=True, slots=True)
class TwoSources:
    """The code of two runs; None: it isn't known."""

    left: RunSource | None
    right: RunSource | None


def read_sources(
    connection: Connection, runs: Sequence[ComparedRun], *, left: str, right: str
) -> TwoSources:
    """The code that two of the runs ran with."""
    from store.queries.compared import source_of

    ids = {run.row.uuid: run.row.id for run in runs}
    found = [source_of(connection, ids[one]) if one in ids else None for one in (left, right)]
    return TwoSources(*found)


def read_environments(
    connection: Connection, runs: Sequence[ComparedRun]
) -> dict[str, tuple[str, dict[str, str]]]:
    """By uuid, Python and packages of the runs, as far as they are known."""
    from store.queries.compared import environments

    found = environments(connection, [run.row.id for run in runs])
    return {run.row.uuid: found[run.row.id] for run in runs if run.row.id in found}


def read_classification(
    connection: Connection, runs: Sequence[ComparedRun], *, kind: Kind, workspace: Workspace
) -> tuple[Found, ...]:
    """The confusion matrices or curves of the runs that have logged them."""
    from store.errors import StoreError
    from store.queries.tracked import artifacts_of

    found: list[Found] = []
    for run in runs:
        name, uuid = run.row.name or run.row.uuid[:8], run.row.uuid
        files = [one for one in artifacts_of(connection, run.row.id) if kind_of(one.path) == kind]
        if not files:
            found.append(Found(uuid, name))
        for one in files:
            label = name if len(files) == 1 else f"{name} {one.path}"
            try:
                text = _text_of(workspace, one)
                if kind == "matrix":
                    found.append(Found(uuid, label, one.path, matrix_in(text, one.path)))
                else:
                    curves = tuple(curves_in(text, one.path, kind))
                    found.append(Found(uuid, label, one.path, curves=curves))
            except (OSError, ValueError, StoreError) as error:
                said = getattr(error, "strerror", None) or str(error)
                found.append(Found(uuid, label, one.path, problem=said))
    return tuple(found)


def _text_of(workspace: Workspace, one: ArtifactRow) -> str:
    """A file's text. Raises ``OSError``, or ``ValueError`` or ``StoreError`` with a sentence."""
    from store.errors import NotFound
    from store.remote import local_path

    if one.size > MOST_BYTES:
        raise ValueError(f"{one.path} has {one.size:,} bytes: at most {MOST_BYTES:,} are read")
    try:
        return local_path(workspace, one.digest).read_bytes().decode()
    except (FileNotFoundError, NotFound):
        raise ValueError(f"{one.path} is not kept in this workspace") from None
    except UnicodeDecodeError:
        raise ValueError(f"{one.path} is no text in UTF-8") from None


@dataclass(frozen=True, slots=True)
class DistributionsOfRuns:
    """A distribution of some runs."""

    keys: tuple[str, ...]
    """Those that any of them has."""
    key: str
    """The one that is looked at; empty: there is none."""
    uuids: tuple[str, ...] = ()
    """Of the columns."""
    spread: Spread = NO_SPREAD
    steps: int | None = None
    """How many of the last steps are added up at most; None: all."""
    problem: str = ""
    """Why there are no rows."""


def read_distributions(
    connection: Connection, runs: Sequence[ComparedRun], *, key: str, several: bool, log: bool
) -> DistributionsOfRuns:
    """A distribution of the runs, ``key`` or else the first that any has; ``several``: its steps
    added up, not the last one only. Counted here, since it may take long."""
    from store import distributions
    from store.errors import InvalidValue

    ids = {run.row.id: run.row.uuid for run in runs}
    uuids = tuple(ids.values())
    keys = tuple(distributions.keys_of_runs(connection, ids))
    shown = key if key in keys else next(iter(keys), "")
    most = min(distributions.MOST_STEPS, MOST_CONTENTS // max(1, len(runs))) if several else 1
    found: dict[int, Sequence[Distribution]]
    if several:
        found = {
            run: distributions.last_steps(connection, run, shown, most=most + 1) for run in ids
        }
    else:
        last = distributions.last_of_runs(connection, ids, shown)
        found = {run: [one] for run, one in last.items()}
    has_more = any(len(steps) > most for steps in found.values())
    try:
        columns = [counted(found.get(run, ())[-most:]) for run in ids]
    except InvalidValue as error:
        problem = f"The steps of one of them can't be added up: {error}."
        return DistributionsOfRuns(keys, shown, uuids, problem=problem)
    rows = spread(columns, log=log)
    problem = f"They can't stand side by side: {rows.note}." if rows.note and not rows.parts else ""
    return DistributionsOfRuns(keys, shown, uuids, rows, most if has_more else None, problem)


def read_children(store: Store, uuid: str, limit: int) -> list[str]:
    """The uuids of the runs that are nested in one."""
    from store.queries.compared import child_uuids

    with store.read() as connection:
        return child_uuids(connection, uuid, limit)


def read_tries(
    store: Store, dag_id: str, run_id: str, task_id: str, map_index: int, limit: int
) -> list[str]:
    """The uuids of the tracked runs of a task instance's tries."""
    from store.queries.compared import uuids_of_instance

    with store.read() as connection:
        return uuids_of_instance(connection, dag_id, run_id, task_id, map_index, limit)
