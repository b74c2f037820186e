"""What the page of a tracked run reads. Run in the refresher's thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.comparing.distributions import NO_SPREAD, Counted, Spread, counted, spread

if TYPE_CHECKING:
    from app.tui.models.distributions import DistributionsForm
    from app.tui.models.tracked_charts import ChartsForm
    from store.distributions import Stated
    from store.engine import Store
    from store.queries.curves import Curve
    from store.queries.tasks import TryRow
    from store.queries.tracked import ArtifactRow, TrackedRow
    from store.queries.tracked_page import Environment, TrackedPage

Read = Callable[["Store", "TrackedPage"], Any]
"""Reads what one view shows besides the page."""


@dataclass(frozen=True, slots=True)
class TrackedSnapshot:
    """A tracked run, and what one view of it reads besides."""

    page: TrackedPage | None
    """None: there is no such run (any more)."""
    own: Any = None


@dataclass(frozen=True, slots=True)
class CodeOfRun:
    """The source that a run ran with."""

    name: str
    """What it is, in words."""
    text: str


@dataclass(frozen=True, slots=True)
class LogOfRun:
    """The try that recorded a run, and the curves that stand beside its log."""

    dag_run_id: int
    one: TryRow
    curves: tuple[Curve, ...] = ()


@dataclass(frozen=True, slots=True)
class DistributionsOfRun:
    """The distributions of a run, and the content of the one that is looked at."""

    stated: tuple[Stated, ...]
    """All of them, by key and step."""
    key: str
    """The one that is looked at; empty: there is none."""
    steps: tuple[int, ...] = ()
    """Those of it that are shown."""
    spread: Spread = NO_SPREAD
    """A column for each step, or one for all of them."""
    sum: Counted | None = None
    """What the one column is of."""
    problem: str = ""
    """Why there are no rows."""


def read_tracked(store: Store, uuid: str, read: Read | None = None) -> TrackedSnapshot:
    """A tracked run; ``read``: with what a view wants besides."""
    from store.queries.tracked_page import get_page

    with store.read() as connection:
        page = get_page(connection, uuid)
    own = None if page is None or read is None else read(store, page)
    return TrackedSnapshot(page, own)


def read_curves(
    store: Store,
    page: TrackedPage,
    keys: Sequence[str],
    *,
    stretches: int,
    smoothing: float = 0.0,
    low: float | None = None,
    high: float | None = None,
    by_time: bool = False,
) -> tuple[Curve, ...]:
    """The curves of some of its metrics, in the order of the keys."""
    from store.queries.curves import curves

    with store.read() as connection:
        found = curves(
            connection,
            [page.row.id],
            keys,
            stretches=stretches,
            smoothing=smoothing,
            low=low,
            high=high,
            by_time=by_time,
        )
    return tuple(sorted(found, key=lambda one: keys.index(one.key)))


WHOLE = 50_000
"""Stretches of curves that are drawn along each other's values: by the steps that both have."""
FIRST = 8
"""Charts that are read before it is known how many there is room for."""
Curves = dict[str, tuple["Curve", "Curve | None"]]
"""By key a curve, and the same smoothed."""


def read_charts(
    store: Store,
    page: TrackedPage,
    *,
    form: ChartsForm,
    system: bool,
    keys: tuple[str, ...] | None,
    stretches: int,
    low: float | None = None,
    high: float | None = None,
) -> Curves:
    """The curves of the charts that are seen, smoothed, too, if that is wanted."""
    from app.tui.models.tracked_charts import keys_of

    if keys is None:
        first = [form.key] if form.zoomed and form.key else []
        shown = keys_of(page.metrics, form.words, system=system)
        keys = tuple(first or shown[:FIRST])
    if form.across == "metric":
        keys, stretches = (*keys, form.other), WHOLE
    how: dict[str, Any] = {
        "stretches": stretches,
        "low": low,
        "high": high,
        "by_time": form.across in ("relative", "wall"),
    }
    plain = read_curves(store, page, keys, **how)
    smooth: dict[str, Curve] = {}
    if form.weight:
        found = read_curves(store, page, keys, smoothing=form.weight, **how)
        smooth = {one.key: one for one in found}
    return {one.key: (one, smooth.get(one.key)) for one in plain}


def read_artifacts(store: Store, page: TrackedPage) -> tuple[ArtifactRow, ...]:
    """Its files, by path."""
    from store.queries.tracked import artifacts_of

    with store.read() as connection:
        return tuple(artifacts_of(connection, page.row.id))


def read_distributions(
    store: Store, page: TrackedPage, *, form: DistributionsForm
) -> DistributionsOfRun:
    """Its distributions. Of the one that is looked at, or else the first, what is in it at that
    step, else the last one; or at several. Counted here, since it may take long."""
    from store import distributions
    from store.errors import InvalidValue

    with store.read() as connection:
        stated = tuple(distributions.stated(connection, page.row.id))
        keys = [one.key for one in stated]
        key = form.key if form.key in keys else next(iter(keys), "")
        most = 1 if form.steps == "one" else distributions.MOST_STEPS
        found = distributions.last_steps(connection, page.row.id, key, form.step, most)
    steps = tuple(one.step for one in found)
    if form.steps == "each":
        rows = spread([counted([one]) for one in found], log=form.log)
        words = f"The steps can't stand side by side: {rows.note}."
        problem = words if rows.note and not rows.parts else ""
        return DistributionsOfRun(stated, key, steps, rows, problem=problem)
    try:
        total = counted(found)
    except InvalidValue as error:
        problem = f"The steps can't be added up: {error}."
        return DistributionsOfRun(stated, key, steps, problem=problem)
    rows = spread([total], log=form.log) if total is not None else NO_SPREAD
    return DistributionsOfRun(stated, key, steps, rows, total)


def read_environment(store: Store, page: TrackedPage) -> Environment | None:
    """Python and packages that it ran with, if that is known."""
    from store.queries.tracked_page import environment_of

    if page.environment_id is None:
        return None
    with store.read() as connection:
        return environment_of(connection, page.environment_id)


def read_source(store: Store, page: TrackedPage) -> CodeOfRun | None:
    """Its script, else the pipeline file in the version that its DAG run runs with."""
    from store.queries.tracked_page import source_text
    from store.queries.versions import get_version

    with store.read() as connection:
        if page.source_digest is not None:
            text = source_text(connection, page.source_digest)
            if text is not None:
                return CodeOfRun(f"its script, {page.source_digest[:8]}", text)
        if page.row.dag_id is None or page.version is None:
            return None
        version = get_version(connection, page.row.dag_id, page.version)
    if version is None:
        return None
    newest = page.newest_version or page.version
    words = "the newest" if newest == page.version else f"the newest is {newest}"
    return CodeOfRun(f"{version.structure.file}, version {page.version} ({words})", version.text)


def read_log_place(store: Store, page: TrackedPage, keys: Sequence[str]) -> LogOfRun | None:
    """Where the log of its try is, with curves; None where no task recorded it."""
    from app.tui.reading import read_task

    row = page.row
    if row.dag_id is None or row.run_id is None or row.task_id is None:
        return None
    facts = read_task(store, row.dag_id, row.run_id, row.task_id, row.map_index, None, None).facts
    if facts is None:
        return None
    found = [one for one in facts.tries if one.try_number == row.try_number]
    if not found:
        return None
    curves = read_curves(store, page, keys, stretches=200) if keys else ()
    return LogOfRun(facts.run.id, found[0], curves)


def read_runs_of(
    store: Store,
    dag_id: str,
    run_id: str,
    task_id: str | None = None,
    map_index: int | None = None,
    try_number: int | None = None,
) -> tuple[TrackedRow, ...]:
    """The tracked runs that a DAG run recorded, or one task instance of it, or one try."""
    from store.queries.tracked_page import runs_of_instance

    with store.read() as connection:
        return tuple(runs_of_instance(connection, dag_id, run_id, task_id, map_index, try_number))


def read_called(store: Store, name: str) -> tuple[TrackedRow, ...]:
    """The tracked runs whose id begins so, else those of that name, the newest first."""
    from store.queries.tracked import runs_called

    with store.read() as connection:
        found = runs_called(connection, name)
    equal = [row for row in found if row.uuid == name]
    return tuple(equal or found)
