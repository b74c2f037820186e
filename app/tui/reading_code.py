"""What the view of a DAG's source reads: a version, or two and what differs between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from app.tui.models.source import Source, definition_line, source_of_text
from app.tui.models.versions import Changes, Diff, changes_between

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection

    from app.tui.models.places import Place
    from store.engine import Store
    from store.queries.dags import DagRow
    from store.queries.versions import VersionText
    from store.structure import DagStructure


@dataclass(frozen=True, slots=True)
class CodeSnapshot:
    """One version of a DAG's source, and if asked for what it changed against another."""

    dag: DagRow
    numbers: tuple[int, ...]
    """Of all versions, newest first."""
    version: int
    created_at: datetime
    structure: DagStructure
    source: Source
    run_id: str | None
    """The run whose version is shown, where one is looked at."""
    run_version: int | None
    current: int
    """The version of the DAG now."""
    other: int | None = None
    diff: Diff | None = None
    changes: Changes | None = None
    shares_file: bool = False
    """Other DAGs are defined in its file, too."""

    def beside(self, number: int | None, direction: int) -> int | None:
        """The number of the version before (-1) or after (1) another (None: this one)."""
        here = number if number in self.numbers else self.version
        place = self.numbers.index(here) - direction
        return self.numbers[place] if 0 <= place < len(self.numbers) else None


def read_code(
    store: Store,
    dag_id: str,
    run_id: str | None,
    wanted: int | None,
    compare: bool,
    other: int | None,
) -> CodeSnapshot | None:
    """A version: the one ``wanted``, else the run's, else the newest. None without any.

    ``compare``: with what it changed against ``other`` (None: the version before).
    """
    from store.queries.dags import get_dag, is_shared
    from store.queries.runs import get_run
    from store.queries.versions import get_version, version_numbers

    with store.read() as connection:
        dag = get_dag(connection, dag_id, recent=1)
        numbers = version_numbers(connection, dag_id)
        if dag is None or not numbers:
            return None
        run = get_run(connection, dag_id, run_id) if run_id is not None else None
        number = wanted if wanted in numbers else (run.version if run else numbers[0])
        version = get_version(connection, dag_id, number)
        if version is None:
            return None
        place = numbers.index(number) if number in numbers else 0
        before = numbers[place + 1] if place + 1 < len(numbers) else None
        against = other if other in numbers and other != number else before
        old = get_version(connection, dag_id, against) if compare and against else None
        shares_file = is_shared(connection, dag.file)
    diff, changes = (None, None) if old is None else _compared(*_in_order(old, version))
    return CodeSnapshot(
        dag=dag,
        numbers=numbers,
        version=number,
        created_at=version.created_at,
        structure=version.structure,
        source=source_of_text(version.text),
        run_id=None if run is None else run.run_id,
        run_version=None if run is None else run.version,
        current=numbers[0],
        other=None if old is None else old.number,
        diff=diff,
        changes=changes,
        shares_file=shares_file,
    )


def _in_order(one: VersionText, two: VersionText) -> tuple[VersionText, VersionText]:
    """The older first."""
    return (one, two) if one.number < two.number else (two, one)


def _compared(old: VersionText, new: VersionText) -> tuple[Diff, Changes]:
    return _compare(_Pair(old.digest, new.digest, old, new))


class _Pair:
    """Two versions, told from others by their digests."""

    def __init__(
        self, old_digest: str, new_digest: str, old: VersionText, new: VersionText
    ) -> None:
        self.key = (old_digest, new_digest)
        self.old, self.new = old, new

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pair) and other.key == self.key


@lru_cache(maxsize=4)
def _compare(pair: _Pair) -> tuple[Diff, Changes]:
    old, new = pair.old, pair.new
    changes = changes_between(old.structure, new.structure, old.text, new.text)
    return Diff(source_of_text(old.text), source_of_text(new.text), changes), changes


def read_files(store: Store, dag_id: str, run_id: str) -> tuple[str, ...]:
    """The pipeline file that a run's version was made from, and the one that the DAG is in now;
    none if there is no such DAG. They are below the workspace's folder."""
    from store.queries.dags import get_dag, get_structure
    from store.queries.runs import get_run

    with store.read() as connection:
        dag, run = get_dag(connection, dag_id, recent=1), get_run(connection, dag_id, run_id)
        structure = None if run is None else get_structure(connection, dag_id, run.version_id)
    found = (None if structure is None else structure.file, None if dag is None else dag.file)
    return tuple(file for file in found if file)


def read_place(
    store: Store,
    root: Path,
    dag_id: str,
    places: Sequence[Place],
    line: int,
    of: int | str | None = None,
    task_id: str | None = None,
) -> tuple[Place, int | None] | str:
    """The first place whose file there is, else a line of the DAG's file, else the line where it
    defines a task now; or why there is none.

    ``of``: the version, or the run, that the lines are of. Its number comes with a place in the
    DAG's file if that is another one by now; of other files versions know nothing.
    """
    from app.tui.models.places import Place
    from store.queries.dags import get_dag

    with store.read() as connection:
        dag = get_dag(connection, dag_id, recent=1)
        changed = None if of is None else _changed_since(connection, dag_id, of)
        there = next((place for place in places if (root / place.file).is_file()), None)
        if there is None and not line and task_id is not None:
            line, changed = _defined_at(connection, dag_id, task_id), None
    if dag is None:
        return f"there is no DAG {dag_id}"
    place = there or Place(dag.file, line)
    if not (root / place.file).is_file():
        return f"{dag.file} is not there any more"
    return place, changed if place.file == dag.file else None


def _defined_at(connection: Connection, dag_id: str, task_id: str) -> int:
    """The line where the newest version defines a task; 0: it doesn't in its file."""
    from store.queries.versions import get_version, version_numbers

    newest = version_numbers(connection, dag_id, limit=1)
    version = get_version(connection, dag_id, newest[0]) if newest else None
    if version is None:
        return 0
    source = source_of_text(version.text)
    tasks = [task for task in version.structure.tasks if task.task_id == task_id]
    index = definition_line(source, tasks[0]) if tasks else None
    return 0 if index is None else index + 1


def _changed_since(connection: Connection, dag_id: str, of: int | str) -> int | None:
    """The number of a version, or that of a run, if the newest has another source."""
    from store.queries.runs import get_run
    from store.queries.versions import get_version, version_numbers

    if isinstance(of, str):
        run = get_run(connection, dag_id, of)
        if run is None:
            return None
        of = run.version
    newest = version_numbers(connection, dag_id, limit=1)
    if not newest or newest[0] == of:
        return None
    then, now = (get_version(connection, dag_id, number) for number in (of, newest[0]))
    return of if then is not None and now is not None and then.text != now.text else None
