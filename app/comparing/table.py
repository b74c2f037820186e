"""Runs as the columns of a table: attributes, params, metrics, tags, datasets. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from app.comparing.directions import lowest_is_best
from app.comparing.numbers import Number, number_in, number_text, order, same
from app.durations import duration

if TYPE_CHECKING:
    from store.metric_points import Summary
    from store.queries.compared import ComparedRun
    from store.queries.tracked import TrackedRow

ATTRIBUTES, PARAMS, METRICS, TAGS = "attributes", "params", "metrics", "tags"
SYSTEM, DATASETS = "system metrics", "datasets"
ENVIRONMENT = "environment"
SECTIONS = (ATTRIBUTES, PARAMS, METRICS, TAGS, SYSTEM, DATASETS, ENVIRONMENT)

SYSTEM_PREFIX = "system/"
"""What MLflow's system metrics begin with."""

SUMMARIES: dict[str, Callable[[Summary], float]] = {
    "last": lambda one: one.last_value,
    "min": lambda one: one.min_value,
    "max": lambda one: one.max_value,
    "mean": lambda one: one.mean_value,
}
"""Which value of a metric stands for all of its points."""

MISSING = "-"


@dataclass(frozen=True, slots=True)
class Line:
    """A row: what a key is in each run, in the order of the runs."""

    section: str
    key: str
    texts: tuple[str | None, ...]
    """None: the run has nothing of that key."""
    numbers: tuple[Number, ...] = ()
    """Of metrics, and of params, tags and attributes that are numbers in all runs that have them;
    else empty."""
    unknown: frozenset[int] = frozenset()
    """Places of runs of which it isn't known: they are no difference."""

    @property
    def name(self) -> str:
        """How the command line calls it."""
        return self.key if self.section == ATTRIBUTES else f"{_kind(self.section)}.{self.key}"

    @property
    def is_metric(self) -> bool:
        return self.section in (METRICS, SYSTEM)

    @property
    def differs(self) -> bool:
        """Whether not all runs have the same."""
        own: Sequence[object] = self.numbers or self.texts
        if self.unknown:
            own = [one for place, one in enumerate(own) if place not in self.unknown]
        return not all(same(own[0], one) for one in own[1:])

    def lowest(self, chosen: Mapping[str, bool]) -> bool:
        """Whether less of it is better: as was chosen, else as its name says."""
        return chosen.get(self.key, lowest_is_best(self.key))

    def order(self, *, lowest: bool) -> list[int]:
        """The places of the runs by this row: numbers by size, texts by the alphabet; what is
        missing last."""
        if self.numbers:
            return order(self.numbers, lowest=lowest)
        having = [at for at, text in enumerate(self.texts) if text is not None]
        having.sort(key=lambda at: self.texts[at] or "", reverse=not lowest)
        return having + [at for at, text in enumerate(self.texts) if text is None]


def _kind(section: str) -> str:
    return {SYSTEM: METRICS}.get(section, section)


def table_of(
    runs: Sequence[ComparedRun],
    summary: str = "last",
    moment: Callable[[datetime], str] = datetime.isoformat,
) -> list[Line]:
    """The rows of all sections in their order. ``summary``: one of ``SUMMARIES``; ``moment``:
    how a time is written."""
    if not runs:
        return []
    return [
        *_attributes([run.row for run in runs], moment),
        *_texts(PARAMS, [run.params for run in runs]),
        *_metrics(METRICS, runs, summary, lambda key: not key.startswith(SYSTEM_PREFIX)),
        *_texts(TAGS, [run.tags for run in runs]),
        *_metrics(SYSTEM, runs, summary, lambda key: key.startswith(SYSTEM_PREFIX)),
        *_datasets(runs),
    ]


def _attributes(rows: Sequence[TrackedRow], moment: Callable[[datetime], str]) -> Iterable[Line]:
    took = tuple(row.duration for row in rows)
    yield Line(ATTRIBUTES, "name", tuple(row.name for row in rows))
    yield Line(ATTRIBUTES, "id", tuple(row.uuid for row in rows))
    yield Line(ATTRIBUTES, "experiment", tuple(row.experiment for row in rows))
    yield Line(ATTRIBUTES, "status", tuple(row.status for row in rows))
    yield Line(ATTRIBUTES, "started", tuple(moment(row.started_at) for row in rows))
    yield Line(ATTRIBUTES, "took", tuple(duration(one) or None for one in took), took)
    texts: dict[str, Callable[[TrackedRow], object]] = {
        "user": lambda row: row.user_id or None,
        "dag": lambda row: row.dag_id,
        "dag run": lambda row: row.run_id,
        "task": lambda row: row.task_id,
        "map index": lambda row: None if row.map_index in (None, -1) else row.map_index,
        "try": lambda row: row.try_number,
        "parent": lambda row: row.parent_uuid,
    }
    for key, read in texts.items():
        found = tuple(None if (one := read(row)) is None else str(one) for row in rows)
        if any(one is not None for one in found):
            yield Line(ATTRIBUTES, key, found)


def _texts(section: str, of_runs: Sequence[Mapping[str, str]]) -> Iterable[Line]:
    for key in sorted({key for one in of_runs for key in one}):
        texts = tuple(one.get(key) for one in of_runs)
        numbers = tuple(map(number_in, texts))
        numeric = all(n is not None for n, t in zip(numbers, texts, strict=True) if t is not None)
        yield Line(section, key, texts, numbers if numeric else ())


def _metrics(
    section: str, runs: Sequence[ComparedRun], summary: str, wanted: Callable[[str], bool]
) -> Iterable[Line]:
    value = SUMMARIES[summary]
    for key in sorted({key for run in runs for key in run.metrics if wanted(key)}):
        found = [run.metrics.get(key) for run in runs]
        numbers = tuple(None if one is None else value(one) for one in found)
        texts = tuple(None if one is None else number_text(one) for one in numbers)
        yield Line(section, key, texts, numbers)


def _datasets(runs: Sequence[ComparedRun]) -> Iterable[Line]:
    keys = {(used.context, used.name) for run in runs for used in run.datasets}
    for context, name in sorted(keys):
        texts = tuple(
            ", ".join(
                one.digest for one in run.datasets if (one.context, one.name) == (context, name)
            )
            or None
            for run in runs
        )
        yield Line(DATASETS, f"{name} ({context})" if context else name, texts)


def metric_keys(runs: Sequence[ComparedRun]) -> list[str]:
    """The metrics of the runs: those with a curve first, of these those that most have, system
    metrics last."""
    counts: dict[str, int] = {}
    curves: set[str] = set()
    for run in runs:
        for key, one in run.metrics.items():
            counts[key] = counts.get(key, 0) + 1
            if one.count > 1:
                curves.add(key)

    def place(key: str) -> tuple[bool, bool, int, str]:
        return key.startswith(SYSTEM_PREFIX), key not in curves, -counts[key], key

    return sorted(counts, key=place)


def only_differences(lines: Iterable[Line]) -> list[Line]:
    """The rows that are not the same in all runs."""
    return [line for line in lines if line.differs]


def environment_of(
    runs: Sequence[ComparedRun], found: Mapping[str, tuple[str, Mapping[str, str]]]
) -> list[Line]:
    """Python and packages of runs; ``found`` has them by the uuid of the run."""
    of = [found.get(run.row.uuid) for run in runs]
    if not any(of):
        return []
    keys = {key for one in of if one is not None for key in one[1]}
    unknown = frozenset(place for place, one in enumerate(of) if one is None)
    python = tuple(None if one is None else one[0] for one in of)
    lines = [Line(ENVIRONMENT, "python", python, unknown=unknown)]
    for key in sorted(keys, key=str.lower):
        texts = tuple(None if one is None else one[1].get(key) for one in of)
        lines.append(Line(ENVIRONMENT, key, texts, unknown=unknown))
    return lines
