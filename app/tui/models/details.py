"""All there is to know of a DAG, in sections of lines. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from app.durations import duration
from app.recurring import run_words
from app.text import sanitize_lines
from app.tui import formats
from app.tui.lines import Lines
from app.tui.models.assets import condition_words, schedule_facts
from app.tui.models.scheduling import is_held
from app.tui.models.versions import changes_line
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, fit, joined, span, width_of, wrapped

if TYPE_CHECKING:
    from app.tui.reading_details import DetailsSnapshot
    from store.queries.dags import DagRow, VersionRow
    from store.structure import DagStructure, ParamStructure, TaskStructure

LABEL = 16
GAP = "  "
MOST_LINES = 3
"""Lines that the last cell of a row goes on for."""


class Item(NamedTuple):
    """What a line is about, for Enter: a "version", a "task", or a "section"."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class DetailLine:
    """A line, and what it is about."""

    spans: Spans
    item: Item | None = None


class DetailLines(Lines):
    """The lines of the view."""

    def __init__(self, lines: Sequence[DetailLine]) -> None:
        self.lines = lines

    def __len__(self) -> int:
        return len(self.lines)

    def line(self, index: int) -> Spans:
        return self.lines[index].spans

    def item(self, index: int) -> Item | None:
        """What the line is about."""
        return self.lines[index].item if index < len(self.lines) else None

    def section(self, index: int, direction: int) -> int | None:
        """Where the next (1) or previous (-1) section begins."""
        places = [
            place
            for place, one in enumerate(self.lines)
            if one.item is not None and one.item.kind == "section"
        ]
        if direction > 0:
            return next((place for place in places if place > index), None)
        return next((place for place in reversed(places) if place < index), None)


def details(
    snapshot: DetailsSnapshot, times: Sequence[datetime], width: int, scene: Scene
) -> DetailLines:
    """All sections. ``times``: when the next runs are made, as far as the runner has said."""
    lines: list[DetailLine] = []
    structure = snapshot.structure
    for title, section in (
        ("DAG", _about(snapshot, scene)),
        ("Schedule", _schedule(snapshot, times, scene)),
        ("Runs", _limits(structure)),
    ):
        lines.extend(_heading(title, lines))
        for name, value in section:
            lines.extend(_fact(name, value, width))
    if structure is not None:
        lines.extend(_params(structure.params, width, lines))
        lines.extend(_tasks(structure.tasks, width, lines))
    lines.extend(_versions(snapshot, width, scene, lines))
    if structure is not None and structure.doc_md:
        lines.extend(_documentation(structure.doc_md, width, lines))
    return DetailLines(lines)


def _heading(title: str, before: Sequence[DetailLine]) -> list[DetailLine]:
    head = DetailLine((Span(title, "title"),), Item("section", title))
    return [DetailLine(()), head] if before else [head]


def _fact(name: str, value: Spans, width: int) -> Iterable[DetailLine]:
    """A line "name  value"; a long value goes on below itself."""
    if not value:
        return
    first, *rest = wrapped(value, max(20, width - LABEL))
    yield DetailLine((Span(f"{name:<{LABEL}}", "dim"), *first))
    for one in rest:
        yield DetailLine((Span(" " * LABEL), *one))


Facts = list[tuple[str, Spans]]


def _about(snapshot: DetailsSnapshot, scene: Scene) -> Facts:
    dag, structure, file = snapshot.dag, snapshot.structure, snapshot.file
    line = f":{structure.line}" if structure is not None and structure.line else ""
    state = (Span("paused", "warning"),) if dag.is_paused else (Span("on", "good"),)
    if not dag.is_active:
        state = (*state, Span(", no file defines it any more", "warning"))
    facts: Facts = [("id", (span(dag.dag_id, "strong"),))]
    if dag.display_name and dag.display_name != dag.dag_id:
        facts.append(("name", (span(dag.display_name),)))
    facts.append(("state", state))
    facts.append(("description", (span(dag.description),) if dag.description else ()))
    facts.append(("file", (span(f"{dag.file}{line}", "link"),)))
    if dag.import_error:
        facts.append(("import error", (span(dag.import_error, "error"),)))
    if file is not None and file.parsed_at is not None:
        read = f"{formats.stamp(file.parsed_at, scene.zone)}, in {duration(file.parse_seconds)}"
        facts.append(("read", (Span(read),)))
    if file is not None:
        facts.extend(("warning", (span(words, "warning"),)) for words in file.warnings)
        if file.fork_unsafe:
            words = f"each try has a fresh interpreter: {file.fork_unsafe}"
            facts.append(("import", (span(words),)))
    facts.append(("owners", _listed(dag.owners)))
    facts.append(("tags", _listed(dag.tags)))
    if structure is not None:
        facts.append(("semantics", (Span(f"Airflow {structure.profile}"),)))
    return facts


def _listed(words: Iterable[str]) -> Spans:
    return joined([(span(word),) for word in words], Span(", ", "dim"))


def _schedule(snapshot: DetailsSnapshot, times: Sequence[datetime], scene: Scene) -> Facts:
    dag, structure = snapshot.dag, snapshot.structure
    words = dag.schedule_words or "run by hand"
    facts: Facts = [("runs", (span(words),))]
    condition = None if structure is None else structure.asset_condition
    if condition is not None and dag.schedule_override is None:
        facts.append(("expression", (span(condition_words(condition), "strong"),)))
    elif dag.schedule and dag.schedule != "None":
        facts.append(("expression", (span(dag.schedule, "strong"),)))
    if dag.schedule_override is not None:
        since = formats.clock(dag.schedule_override_at, scene.now, scene.zone)
        by = f"set by {dag.schedule_override_by or '?'} since {since}"
        own = "" if structure is None else f", the file says {structure.timetable.summary}"
        facts.append(("overridden", (span(by + own, "warning"),)))
    for name, words in run_words(dag.schedule_run):
        facts.append((name, (span(words),)))
    if condition is not None:
        facts.extend(schedule_facts(snapshot.assets, scene))
    facts.append(("timezone", (span(dag.timezone),)))
    if dag.schedule_error:
        facts.append(("error", (span(dag.schedule_error, "error"),)))
    facts.extend(_next_runs(snapshot, times, scene))
    if structure is not None:
        facts.extend(_window(dag, structure, scene))
    return facts


def _window(dag: DagRow, structure: DagStructure, scene: Scene) -> Facts:
    """Start, end and catch-up that are in force; of those set by hand what the file says, too."""
    window = dag.schedule_window or {}
    rows: list[tuple[str, str, Spans, Spans]] = [
        ("catchup", "catchup", _yes(window.get("catchup")), _yes(structure.catchup)),
        *(
            (f"{name} date", name, _date(window.get(name), scene), _date(own, scene))
            for name, own in (("start", structure.start_date), ("end", structure.end_date))
        ),
    ]
    facts: Facts = []
    for label, name, by_hand, own in rows:
        if window.get(name) is None:
            facts.append((label, own))
        else:
            file = own or (Span("nothing"),)
            facts.append(
                (label, (*by_hand, Span("  overridden, the file says ", "warning"), *file))
            )
    return facts


def _next_runs(snapshot: DetailsSnapshot, times: Sequence[datetime], scene: Scene) -> Facts:
    dag = snapshot.dag
    if not times and dag.next_run_after is not None:
        times = [dag.next_run_after]
    facts: Facts = []
    for number, moment in enumerate(times):
        text = formats.stamp(moment, scene.zone)
        left = formats.countdown(moment, scene.now)
        name = "" if number else "next if unpaused" if dag.is_paused else "next runs"
        if is_held(dag) and not number:
            name = "next if mended"
        facts.append((name, (Span(text), Span(f"  {left}", "dim"))))
    if dag.next_logical_date is not None and times:
        text = formats.stamp(dag.next_logical_date, scene.zone)
        facts.append(("logical date", (Span(text), Span("  of the next one", "dim"))))
    return facts


def _date(text: str | None, scene: Scene) -> Spans:
    if not text:
        return ()
    try:
        return (Span(formats.stamp(datetime.fromisoformat(text), scene.zone)),)
    except ValueError:
        return (span(text),)


def _yes(value: bool | None) -> Spans:
    return () if value is None else (Span("yes" if value else "no"),)


def _limits(structure: DagStructure | None) -> Facts:
    if structure is None:
        return []
    failures = structure.max_consecutive_failed_dag_runs
    timeout = structure.dagrun_timeout
    callbacks = ", ".join(f"{name}_callback" for name in structure.callbacks)
    return [
        ("at a time", (Span(f"{structure.max_active_runs} runs"),)),
        ("tasks at a time", (Span(f"{structure.max_active_tasks} of one run"),)),
        ("time limit", (Span(duration(timeout) if timeout else "none"),)),
        ("fail fast", _yes(structure.fail_fast)),
        ("paused after", (Span(f"{failures} failed runs in a row"),) if failures else ()),
        ("made paused", _yes(structure.is_paused_upon_creation)),
        ("callbacks", (span(callbacks or "none"),)),
    ]


# tables


def _table(
    titles: Sequence[str],
    rows: Sequence[tuple[Sequence[Spans], Item | None]],
    width: int,
    most: Sequence[int],
) -> Iterable[DetailLine]:
    """Rows under titles; a column is as wide as its longest cell, the last takes the rest.

    Columns in front of the last that nothing is in are left out; what the last one has no room
    for goes on below.
    """
    last = len(titles) - 1
    widths: list[int] = []
    for number, title in enumerate(titles):
        longest = max((width_of(cells[number]) for cells, _ in rows), default=0)
        widths.append(0 if not longest else min(most[number], max(longest, len(title))))
    shown = [number for number in range(last + 1) if widths[number] or number == last]
    used = sum(widths[number] + len(GAP) for number in shown if number != last)
    widths[last] = max(8, width - used)
    head: list[Span] = []
    for number in shown:
        head.extend((*fit((Span(titles[number], "heading"),), widths[number]), Span(GAP)))
    yield DetailLine(tuple(head[:-1]))
    for cells, item in rows:
        line: list[Span] = []
        for number in shown[:-1]:
            line.extend((*fit(cells[number], widths[number]), Span(GAP)))
        first, *rest = wrapped(cells[last], widths[last])
        yield DetailLine((*line, *first), item)
        for one in rest[:MOST_LINES]:
            yield DetailLine((Span(" " * used), *one), item)
        if more := rest[MOST_LINES:]:
            words = formats.plural(len(more), "more line")
            yield DetailLine((Span(" " * used), *fit((Span(words, "dim"),), widths[last])), item)


def _params(
    params: Sequence[ParamStructure], width: int, before: Sequence[DetailLine]
) -> Iterable[DetailLine]:
    yield from _heading(f"Params ({len(params)})", before)
    if not params:
        yield DetailLine((Span("It takes none.", "dim"),))
        return
    rows: list[tuple[Sequence[Spans], Item | None]] = []
    for param in params:
        default = (Span("required", "warning"),)
        if param.has_default:
            default = (span(json.dumps(param.default, ensure_ascii=False, default=str)),)
        words = joined([_schema(param.schema), _description(param)], Span(", ", "dim"))
        rows.append((((span(param.name, "strong"),), default, words), None))
    yield from _table(("name", "default", "what is allowed"), rows, width, (24, 24, 200))


def _description(param: ParamStructure) -> Spans:
    return (span(param.description, "dim"),) if param.description else ()


def _schema(schema: Mapping[str, Any]) -> Spans:
    """A JSON Schema in words: "integer, 1 to 90", "one of als, bpr"."""
    words: list[str] = []
    kind = schema.get("type")
    if kind is not None:
        words.append(" or ".join(map(str, kind)) if isinstance(kind, list) else str(kind))
    if isinstance(schema.get("enum"), list):
        words.append(f"one of {', '.join(map(str, schema['enum']))}")
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        words.append(f"{low} to {high}")
    elif low is not None or high is not None:
        words.append(f"at least {low}" if high is None else f"at most {high}")
    told = {"type", "enum", "minimum", "maximum", "description", "title"}
    words.extend(f"{name} {value}" for name, value in schema.items() if name not in told)
    return (span(", ".join(words)),) if words else ()


def _tasks(
    tasks: Sequence[TaskStructure], width: int, before: Sequence[DetailLine]
) -> Iterable[DetailLine]:
    yield from _heading(f"Tasks ({len(tasks)})", before)
    rows: list[tuple[Sequence[Spans], Item | None]] = []
    for task in tasks:
        retries = "" if not task.retries else f"{task.retries}, {duration(task.retry_delay)}"
        slots = "" if task.pool_slots == 1 else f" x{task.pool_slots}"
        pool = "" if task.pool == "default_pool" and not slots else f"{task.pool}{slots}"
        rule = "" if task.trigger_rule == "all_success" else task.trigger_rule
        cells = (
            (span(task.task_id),),
            (span(task.operator, "dim"),),
            (span(retries),),
            (span(pool),),
            (span(rule),),
            (span(", ".join(_task_words(task)), "dim"),),
        )
        rows.append((cells, Item("task", task.task_id)))
    rules = 14 if width < 117 else len("none_failed_min_one_success")
    titles = ("task", "operator", "retries", "pool", "rule", "besides")
    yield from _table(titles, rows, width, (30, 16, 12, 14, rules, 200))


def _task_words(task: TaskStructure) -> Iterable[str]:
    """What else is particular about a task."""
    if task.expansion is not None or task.mapped_group is not None:
        yield "mapped"
    if task.is_setup or task.is_teardown:
        yield "setup" if task.is_setup else "teardown"
    if task.is_sensor:
        yield f"sensor ({task.sensor_mode})"
    if task.execution_timeout:
        yield f"time limit {duration(task.execution_timeout)}"
    if task.depends_on_past:
        yield "depends on past"
    if task.max_active_tis_per_dag:
        yield f"at most {task.max_active_tis_per_dag} at a time"
    if task.callbacks:
        yield "callbacks"
    if task.upstream:
        yield f"after {', '.join(task.upstream)}"


def _versions(
    snapshot: DetailsSnapshot, width: int, scene: Scene, before: Sequence[DetailLine]
) -> Iterable[DetailLine]:
    versions = snapshot.versions
    yield from _heading(f"Versions ({versions[0].number if versions else 0})", before)
    rows = [
        (_version_cells(version, snapshot, scene), Item("version", str(version.number)))
        for version in versions
    ]
    titles = ("number", "since", "digest", "runs", "what changed")
    yield from _table(titles, rows, width, (7, 10, 8, 6, 400))


def _version_cells(version: VersionRow, snapshot: DetailsSnapshot, scene: Scene) -> list[Spans]:
    current = version.number == snapshot.versions[0].number
    changes = snapshot.changes.get(version.id)
    if version.number == snapshot.oldest:
        words: Spans = (Span("the first that is known", "dim"),)
    else:
        words = (Span("reading ...", "dim"),) if changes is None else changes_line(changes)
    return [
        (Span(str(version.number), "strong" if current else "text"),),
        (Span(formats.clock(version.created_at, scene.now, scene.zone), "dim"),),
        (span(version.digest[:8], "dim"),),
        (Span(formats.count(version.runs)),),
        words,
    ]


def _documentation(text: str, width: int, before: Sequence[DetailLine]) -> Iterable[DetailLine]:
    yield from _heading("Documentation", before)
    for line in sanitize_lines(text).expandtabs(4).strip("\n").split("\n"):
        role = "strong" if line.startswith("#") else "text"
        for part in wrapped((span(line, role),), width):
            yield DetailLine(part)
