"""Task instances as ``dagtop tasks`` and ``dagtop runs`` list, show and change them."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterable, Sequence
from typing import Any

from app.becoming import becoming_lines, signals_line
from app.cli import documents
from app.cli.acting import act, ask
from app.cli.errors import near_misses, usage_error
from app.cli.lookups import find_dag, find_instance, find_run, find_tasks, instance_name
from app.cli.output import (
    Cell,
    Column,
    note,
    print_facts,
    print_json,
    print_table,
    say,
    state_cell,
)
from app.cli.session import FOR_GOOD, confirm
from app.cli.times import shown
from app.durations import duration
from app.other_versions import version_lines
from app.untouched import untouched_words
from store.engine import Store
from store.queries import tasks
from store.queries.instances import (
    InstanceFilter,
    InstanceKey,
    PlacedInstance,
    newest_instances,
)
from store.queries.marks import Mark, marks_of
from store.queries.tasks import InstanceRow, TryRow
from store.states import TASK_STATE_LOOKS, TaskInstanceState
from store.workspace import Workspace

INSTANCE_COLUMNS = (
    Column("task"),
    Column("state"),
    Column("try", right=True),
    Column("started"),
    Column("took", right=True),
    Column("pool"),
    Column("note", fold=True),
)
SHOWN_XCOM_BYTES = 2000
"""Bytes of an XCom's value that a table shows."""
ASKED_ABOUT = 10
"""Task instances that are named in a question before a change."""


def task_states(names: Iterable[str] | None) -> list[TaskInstanceState | None] | None:
    """The states of task instances that an option names; None: all."""
    if not names:
        return None
    known: dict[str, TaskInstanceState | None] = {one.value: one for one in TaskInstanceState}
    known[documents.NO_STATUS] = None
    for name in names:
        if name not in known:
            near = near_misses(name, known)
            meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise usage_error(f"--state {name!r} is no state of a task; {meant}")
    return [known[name] for name in names]


def instance_cells(row: InstanceRow) -> list[str | Cell]:
    """The cells of a task instance under ``INSTANCE_COLUMNS``."""
    name = instance_name(row.task_id, row.map_index)
    return [
        f"{name} {row.map_label}" if row.map_label else name,
        state_cell(TASK_STATE_LOOKS[row.state]),
        f"{row.try_number} of {max(row.max_tries + 1, row.try_number)}" if row.try_number else "",
        shown(row.started_at, None),
        duration(row.duration),
        row.pool,
        row.note or "",
    ]


def list_instances(
    store: Store,
    dag_id: str,
    run: str,
    task_id: str | None,
    states: list[TaskInstanceState | None] | None,
    json: bool,
) -> None:
    """Print the task instances of a run."""
    task_ids = None if task_id is None else [task_id]
    with store.read() as connection:
        row = find_run(connection, dag_id, run)
        if task_ids is not None:
            find_tasks(connection, row, task_ids)
        instances = tasks.list_instances(connection, row.id, task_ids=task_ids, states=states)
    if json:
        print_json(
            {
                "dag_id": dag_id,
                "run_id": row.run_id,
                "instances": [documents.of_instance(one) for one in instances],
            }
        )
        return
    print_table(INSTANCE_COLUMNS, map(instance_cells, instances), empty="there is no such task")


def list_over_runs(
    store: Store,
    dag_id: str | None,
    task_id: str | None,
    states: list[TaskInstanceState | None] | None,
    limit: int,
    json: bool,
) -> None:
    """Print the newest task instances of all runs, of one DAG or of all."""
    dag_ids = None if dag_id is None else (dag_id,)
    wanted = InstanceFilter(dag_ids, task_id, frozenset(states or ()))
    found: list[PlacedInstance] = []
    before: InstanceKey | None = None
    with store.read() as connection:
        if dag_id is not None:
            find_dag(connection, dag_id)
        while True:
            page = newest_instances(connection, wanted, limit=limit - len(found), before=before)
            found.extend(page.rows)
            before = page.next
            if before is None or len(found) == limit:
                break
    if json:
        rows = [{"run_id": one.run_id} | documents.of_instance(one.instance) for one in found]
        print_json({"instances": rows, "more": before is not None})
        return
    columns = [Column("dag"), Column("run"), *INSTANCE_COLUMNS]
    cells = ([one.instance.dag_id, one.run_id, *instance_cells(one.instance)] for one in found)
    print_table(columns, cells, empty="there is no such task instance")
    if before is not None:
        note(f"the newest {limit}; --limit shows more")


def shown_priority(instance: InstanceRow) -> str:
    """The priority weight that a task instance was given by hand; empty: the file's holds."""
    weight = instance.priority_weight
    return "" if weight is None else f"{weight}, set by hand"


def marked_words(mark: Mark | None) -> str:
    """Who gave a state by hand, and when; empty: nobody did."""
    if mark is None:
        return ""
    whole = "the run was " if mark.of_run else ""
    return f"{whole}{mark.message}, {shown(mark.at, None)}"


def show_instance(
    store: Store, dag_id: str, run: str, task_id: str, map_index: int | None, json: bool
) -> None:
    """Print one task instance and its tries."""
    with store.read() as connection:
        row = find_run(connection, dag_id, run)
        instance = find_instance(connection, row, task_id, map_index)
        tries = tasks.list_tries(connection, instance.id)
        mark = marks_of(connection, [instance]).get(instance.id)
        rendered = tasks.rendered_fields(connection, tries[-1].id) if tries else None
    if json:
        document = documents.of_instance(instance) | {"run_id": row.run_id, "rendered": rendered}
        document["tries"] = [documents.of_try(one) for one in tries]
        print_json(document)
        return
    print_facts(
        [
            ("task", instance_name(instance.task_id, instance.map_index)),
            ("run", row.run_id),
            ("state", state_cell(TASK_STATE_LOOKS[instance.state])),
            ("by hand", marked_words(mark)),
            ("looked at again", shown(instance.next_at, None)),
            ("pool", f"{instance.pool}, {instance.pool_slots} slots"),
            ("priority", shown_priority(instance)),
            ("note", instance.note or ""),
            *_rendered_facts(rendered),
        ]
    )
    columns = [
        Column("try", right=True),
        Column("state"),
        Column("started"),
        Column("took", right=True),
        Column("cpu", right=True),
        Column("peak memory", right=True),
        Column("why", fold=True),
    ]
    say("")
    print_table(columns, map(_try_cells, tries), empty="it has not been tried yet")


def _rendered_facts(rendered: dict[str, Any] | None) -> list[tuple[str, str | Cell]]:
    facts: list[tuple[str, str | Cell]] = []
    for name, value in (rendered or {}).items():
        text = value if isinstance(value, str) else jsonlib.dumps(value, ensure_ascii=False)
        facts.append((f"  {name}", text))
    return facts


def _try_cells(row: TryRow) -> list[str | Cell]:
    known = {state.value: state for state in TaskInstanceState}
    state = state_cell(TASK_STATE_LOOKS[known[row.state]]) if row.state in known else row.state
    why = f"being ended: {row.being_ended}" if row.being_ended else row.reason or ""
    if row.error_type and not row.intent:  # else the error is only how its process was ended
        place = f" ({row.error_place})" if row.error_place else ""
        why = f"{row.error_type}: {row.error_message or ''}{place}"
    return [
        str(row.try_number),
        state,
        shown(row.started_at, None),
        duration(row.duration),
        duration(row.cpu_seconds),
        "" if row.peak_rss is None else f"{row.peak_rss / 2**20:.0f} MiB",
        why,
    ]


def explain(
    space: Workspace, store: Store, dag_id: str, run: str, task_id: str | None, json: bool
) -> None:
    """Print why unfinished task instances wait, as the runner says."""
    with store.read() as connection:
        row = find_run(connection, dag_id, run)
        if task_id is not None:
            find_tasks(connection, row, [task_id])
    question = {
        "type": "get_reasons",
        "dag_id": dag_id,
        "run_id": row.run_id,
        "task_id": task_id,
    }
    reasons = ask(space, question) or []
    with store.read() as connection:
        reasons += [
            [task, index, f"runs, and has been told to end: {text}"]
            for task, index, text in tasks.tries_being_ended(connection, row.id)
            if task_id in (None, task)
        ]
    if json:
        print_json(
            {
                "dag_id": dag_id,
                "run_id": row.run_id,
                "reasons": [
                    {"task_id": task or None, "map_index": index, "reason": reason}
                    for task, index, reason in reasons
                ],
            }
        )
        return
    rows = [
        (instance_name(task, index) if task else "(the run)", text) for task, index, text in reasons
    ]
    empty = f"nothing waits: run {row.run_id} is {row.state}"
    print_table([Column("task"), Column("why", fold=True)], rows, empty=empty)


def list_xcoms(
    store: Store, dag_id: str, run: str, task_id: str | None, map_index: int | None, json: bool
) -> None:
    """Print the XComs of a run."""
    with store.read() as connection:
        row = find_run(connection, dag_id, run)
        if task_id is not None:
            find_tasks(connection, row, [task_id])
        limit = None if json else SHOWN_XCOM_BYTES
        found = tasks.list_xcoms(connection, row.id, task_id, map_index, max_bytes=limit)
    if json:
        print_json(
            {
                "dag_id": dag_id,
                "run_id": row.run_id,
                "xcoms": [
                    {
                        "task_id": one.task_id,
                        "map_index": one.map_index,
                        "key": one.key,
                        "value": _json_value(one.value),
                        "size": one.size,
                        "created_at": one.created_at,
                    }
                    for one in found
                ],
            }
        )
        return
    rows = [
        (
            instance_name(one.task_id, one.map_index),
            one.key,
            one.value.decode("utf-8", "replace") + ("…" if one.size > len(one.value) else ""),
        )
        for one in found
    ]
    columns = [Column("task"), Column("key"), Column("value", fold=True)]
    print_table(columns, rows, empty="no XCom was pushed")


def _json_value(stored: bytes) -> Any:
    try:
        return jsonlib.loads(stored)
    except ValueError:
        return stored.decode("utf-8", "replace")


def change_instances(
    space: Workspace,
    kind: str,
    payload: dict[str, Any],
    word: str,
    *,
    ending: str = "",
    dry_run: bool,
    yes: bool,
    json: bool,
) -> None:
    """Clear, mark or delete task instances: say which, ask, and have the runner do it.

    ``ending``: what else the question says of it.
    """
    plan = act(space, kind, payload | {"dry_run": True})
    planned, versions = plan["instances"], plan.get("versions", [])
    resumed = plan.get("again", [])
    if planned and not json:
        _announce(plan)
    goes_on = _named(resumed)
    if not dry_run and planned:
        shown_names = _named(planned)
        runs = {run_id for run_id, *_ in planned}
        where = f"run {planned[0][0]}" if len(runs) == 1 else f"{len(runs)} runs"
        many = "task instance" if len(planned) == 1 else "task instances"
        end = f" {FOR_GOOD}" if kind == "delete_task_instances" else ""
        also = f", and let what failed below run again ({goes_on})" if resumed else ""
        question = f"{word} {len(planned)} {many} of {where} ({shown_names}){ending}{also}?{end}"
        confirm(question, yes=yes)
        planned = act(space, kind, payload | {"dry_run": False})["instances"]
    if json:
        document = {
            "dry_run": dry_run,
            "versions": versions,
            **_runs_document(plan),
            "instances": [
                {"run_id": run_id, "task_id": task, "map_index": index, "state": state}
                for run_id, task, index, state in planned
            ],
            "resumed": [
                {"run_id": run_id, "task_id": task, "map_index": index}
                for run_id, task, index, _ in resumed
            ],
        }
        print_json(document)
        return
    rows = [
        (run_id, instance_name(task, index), state or "no status")
        for run_id, task, index, state in planned
    ]
    columns = [Column("run"), Column("task"), Column("was" if not dry_run else "is")]
    print_table(columns, rows, empty=untouched_words(kind, payload))
    if resumed:
        goes = (
            "would run again, and the run go on" if dry_run else "runs again, and the run goes on"
        )
        note(f"what failed below {goes}: {goes_on}")
    if dry_run and planned:
        note("nothing was changed (--dry-run)")


def _announce(plan: dict[str, Any]) -> None:
    """Say with which versions it runs again, and what becomes of the runs."""
    for first, rest in version_lines(plan.get("versions", [])):
        note(f"{first}: {rest}")
    for words in becoming_lines(plan.get("become", [])):
        note(words)
    if words := signals_line(plan["instances"]):
        note(words)


def _runs_document(plan: dict[str, Any]) -> dict[str, Any]:
    """What a mark makes of its runs, as a part of the JSON document."""
    if "become" not in plan:
        return {}
    names = ("run_id", "state", "becomes")
    return {"runs": [dict(zip(names, one, strict=True)) for one in plan["become"]]}


def _named(instances: Sequence[Sequence[Any]]) -> str:
    """The first few of these instances (run id, task id, map index, state), for a sentence."""
    names = [instance_name(task, index) for _, task, index, _ in instances[:ASKED_ABOUT]]
    return ", ".join(names) + (", …" if len(instances) > ASKED_ABOUT else "")
