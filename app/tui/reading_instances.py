"""What the tables of task instances across runs read: the newest, those that are looked at, and one
page after another. Run in the refresher's thread."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.tui.filters import Facts, Term, matches, number_of
from app.tui.models.long_list import Page
from app.tui.reading import error_line
from store.states import TaskInstanceState

if TYPE_CHECKING:
    from store.engine import Store
    from store.queries.instances import InstanceFilter, InstanceKey, Part, PlacedInstance

NAMES = {"task": "task_id", "run": "run_id", "pool": "pool", "note": "note"}
"""Field of the filter -> column."""

Operators = dict[int, Mapping[str, str]]
"""Version of a DAG -> task -> operator: what was read once is kept."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which task instances a table is about. What the terms say that the store can't choose by is
    looked for in what is read."""

    dag_id: str | None = None
    task_id: str | None = None
    states: frozenset[TaskInstanceState | None] = frozenset()
    terms: tuple[Term, ...] = ()

    def has(self, entry: TaskEntry) -> bool:
        """Whether a task instance is one of them."""
        return not self.states or entry.placed.instance.state in self.states


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """A row of such a table."""

    placed: PlacedInstance
    operator: str = ""
    error: str = ""
    """Who gave it its state by hand, else what went wrong in its newest try, if it failed."""
    tags: tuple[str, ...] = ()
    """Of its DAG."""

    @property
    def id(self) -> int:
        return self.placed.id

    @property
    def key(self) -> InstanceKey:
        return self.placed.key


@dataclass(frozen=True, slots=True)
class TasksSnapshot:
    """The newest task instances, and those further back that are on screen."""

    wanted: Wanted
    head: Page[TaskEntry]
    watched: tuple[TaskEntry, ...] = ()
    total: int = field(default=0)
    """How many there are without a filter, counted up to a limit."""


def read_tasks(
    store: Store,
    wanted: Wanted,
    operators: Operators,
    *,
    limit: int,
    watched: Sequence[int] = (),
) -> TasksSnapshot:
    """The newest task instances; of those further back only the ``watched`` ones (row ids)."""
    from store.queries.instances import count_instances, get_placed, newest_instances

    with store.read() as connection:
        page = newest_instances(connection, _filter(connection, wanted), limit=limit)
        known = {row.id for row in page.rows}
        others = [key for key in watched if key not in known]
        further = get_placed(connection, others) if others else []
        entries = _entries(connection, [*page.rows, *further], operators)
        total = count_instances(connection, wanted.dag_id, wanted.task_id)
    head = Page(entries[: len(page.rows)], page.next, page.newest)
    return TasksSnapshot(wanted, head, entries[len(page.rows) :], total)


def read_page(
    store: Store, wanted: Wanted, operators: Operators, before: InstanceKey, limit: int
) -> Page[TaskEntry]:
    """The task instances before one."""
    from store.queries.instances import newest_instances

    with store.read() as connection:
        found = _filter(connection, wanted)
        page = newest_instances(connection, found, limit=limit, before=before)
        return Page(_entries(connection, page.rows, operators), page.next, page.newest)


def _entries(
    connection: Any, rows: Sequence[PlacedInstance], operators: Operators
) -> tuple[TaskEntry, ...]:
    from store.queries.dags import get_structure, tags_of_dags
    from store.queries.latest_tries import latest_tries
    from store.queries.marks import marks_of

    versions = {row.version_id: row.instance.dag_id for row in rows}
    for version_id, dag_id in versions.items():
        if version_id not in operators:
            structure = get_structure(connection, dag_id, version_id)
            tasks = structure.tasks if structure is not None else ()
            operators[version_id] = {task.task_id: task.operator for task in tasks}
    failed = (TaskInstanceState.FAILED, TaskInstanceState.UP_FOR_RETRY)
    tries = latest_tries(connection, [row.id for row in rows if row.instance.state in failed])
    errors = {key: error_line(one) for key, one in tries.items()}
    marks = marks_of(connection, [row.instance for row in rows])
    errors |= {key: mark.message for key, mark in marks.items()}
    tags = tags_of_dags(connection)
    return tuple(
        TaskEntry(
            row,
            operators[row.version_id].get(row.instance.task_id, ""),
            errors.get(row.id, ""),
            tags.get(row.instance.dag_id, ()),
        )
        for row in rows
    )


def _filter(connection: Any, wanted: Wanted) -> InstanceFilter:
    """What the store chooses by: no less than what the filter lets through."""
    from store.queries.dags import tags_of_dags
    from store.queries.instances import InstanceFilter

    dag_ids = None if wanted.dag_id is None else (wanted.dag_id,)
    of_dags = [term for term in wanted.terms if term.field in ("dag", "tag")]
    if of_dags and dag_ids is None:
        dag_ids = _dags(of_dags, tags_of_dags(connection))
    bounds: dict[str, list[float]] = {">": [], "<": []}
    for term in wanted.terms:
        number = number_of(term.value) if term.field == "dur" and not term.negated else None
        if number is not None and term.operator[0] in bounds:
            bounds[term.operator[0]].append(number)
    return InstanceFilter(
        dag_ids,
        wanted.task_id,
        wanted.states,
        tuple(_parts(wanted.terms)),
        max(bounds[">"], default=None),
        min(bounds["<"], default=None),
    )


def _dags(terms: Collection[Term], tags: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(
        dag_id
        for dag_id, own in sorted(tags.items())
        if matches(tuple(terms), Facts("", fields={"dag": (dag_id,), "tag": own}))
    )


def _parts(terms: Collection[Term]) -> Iterator[Part]:
    """Words, and names in fields. The store knows no capitals beyond ASCII, and a word may also be
    looked for in what is put together: ``train[3]``, 3."""
    from store.queries.instances import NAMES as ALL
    from store.queries.instances import Part

    for term in terms:
        if not term.value.isascii() or term.value.isdigit() or set(term.value) & set(" []"):
            continue
        if not term.field:
            yield Part(ALL, term.value, term.negated)
        elif term.field in NAMES and term.operator in (":", "="):
            column = (NAMES[term.field],)
            yield Part(column, term.value, term.negated, term.operator == "=")
