"""Where one is, as data: for the history, deep links, jumps and the last view remembered."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Location:
    """A screen that can be opened again: a place, a view of a DAG, a view of a task instance."""

    place: str = "dags"
    """The view of the workspace at the bottom."""
    dag_id: str | None = None
    view: str = "grid"
    """The view of the DAG."""
    run_id: str | None = None
    """Of a DAG's view, None is the newest run."""
    task_id: str | None = None
    map_index: int | None = None
    task_view: str | None = None
    """The view of the task instance; None: the DAG's view is on top."""
    run_screen: bool = False
    """The run's own screen is on top of the DAG's view."""
    over_runs: bool = False
    """The table of the task over all runs is on top."""
    dependencies: bool = False
    """The graph of DAGs and assets is on top, the DAG under its cursor."""
    logs: tuple[tuple[str, int | None], ...] | None = None
    """The merged logs of the run are on top: of these tasks or map indexes of them; () is all."""
    compared: tuple[str, ...] | None = None
    """Runs side by side are on top, by their uuids; ``view`` is the view of them."""
    tracked: str | None = None
    """The page of the tracked run of that uuid is on top."""
    below: Location | None = None
    """What Esc leads to; None: what the names say, as a run is above a view of its DAG."""

    def layers(self) -> list[Location]:
        """The screens that stand on each other here, the place first, this one last."""
        if self.below is not None:
            return [*self.below.layers(), self]
        found, view = [Location(self.place)], replace(self, **_ABOVE)
        if self.compared is not None:
            return [*found, self]
        if self.dag_id is not None:
            found.append(view)
        above = {name: getattr(self, name) for name in _ABOVE}
        found.extend(
            replace(view, **{name: value}) for name, value in above.items() if value != _ABOVE[name]
        )
        return found

    def is_more_of(self, other: Location) -> bool:
        """Whether this is the same, only that run, task or map index are known by now."""
        filled = replace(
            other,
            run_id=other.run_id or self.run_id,
            task_id=other.task_id or self.task_id,
            map_index=self.map_index if other.map_index is None else other.map_index,
        )
        return filled == self

    def words(self) -> dict[str, object]:
        """The location as JSON can hold it."""
        return asdict(self, dict_factory=_known_words)


_ABOVE: dict[str, Any] = {
    "run_screen": False,
    "over_runs": False,
    "task_view": None,
    "dependencies": False,
    "logs": None,
    "tracked": None,
}
"""What is above the view of a DAG, from the bottom up, and what it is where it isn't there."""

DEEPEST = 20
"""Screens on each other that are remembered."""


def _known_words(items: list[tuple[str, object]]) -> dict[str, object]:
    return {key: value for key, value in items if value is not None}


def from_words(words: object, deep: int = DEEPEST) -> Location | None:
    """What ``words`` gave; None where it is nothing of the kind."""
    if not isinstance(words, dict) or not deep:
        return None
    flags = ("run_screen", "over_runs", "dependencies")
    kinds = {"map_index": int, **dict.fromkeys(flags, bool)}
    known = {field.name for field in fields(Location)}
    found: dict[str, Any] = {
        name: value
        for name, value in words.items()
        if name in known - {"logs", "compared", "below"} and isinstance(value, kinds.get(name, str))
    }
    below = from_words(words.get("below"), deep - 1)
    logs, compared = _logs_from(words.get("logs")), _texts_from(words.get("compared"))
    return Location(**found, logs=logs, compared=compared, below=below)


def _texts_from(words: Any) -> tuple[str, ...] | None:
    """Some texts; None where the words are nothing of the kind."""
    if not isinstance(words, list | tuple) or not words:
        return None
    return tuple(words) if all(isinstance(one, str) for one in words) else None


def _logs_from(words: Any) -> tuple[tuple[str, int | None], ...] | None:
    """Which logs are merged; None where the words are nothing of the kind."""
    try:
        logs = tuple((task_id, index) for task_id, index in words)
    except (TypeError, ValueError):
        return None
    fits = all(isinstance(task, str) and isinstance(at, int | None) for task, at in logs)
    return logs if fits else None


@dataclass(slots=True)
class History:
    """Where one was, and the way on again after going back."""

    limit: int = 200
    _past: list[Location] = field(default_factory=list)
    _future: list[Location] = field(default_factory=list)
    _here: Location | None = None

    def visit(self, location: Location) -> None:
        """One is here now. The way on again is gone, unless one was here already."""
        here = self._here
        if here is not None and location.is_more_of(here):
            self._here = location
            return
        if here is not None:
            self._past.append(here)
            del self._past[: -self.limit]
        self._here = location
        self._future.clear()

    def back(self) -> Location | None:
        """Go where one was before; None if one was nowhere."""
        return self._go(self._past, self._future)

    def on(self) -> Location | None:
        """Go on again after ``back``; None if there is nothing that way."""
        return self._go(self._future, self._past)

    def _go(self, source: list[Location], target: list[Location]) -> Location | None:
        if not source or self._here is None:
            return None
        target.append(self._here)
        self._here = source.pop()
        return self._here
