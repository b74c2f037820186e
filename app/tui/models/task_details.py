"""All about a task instance and one of its tries, as lines some of which lead somewhere. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.durations import duration
from app.text import sanitize_lines
from app.tui import formats
from app.tui.models.grid import counts_spans, state_span
from app.tui.models.instance import meaning_of, trouble_lines
from app.tui.models.marks import lines_before
from app.tui.models.run import Fact, in_columns
from app.tui.reading import InstanceFacts, error_line
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, span
from app.tui.theme import task_look
from store.states import FINISHED_TASK_STATES, TaskInstanceState

if TYPE_CHECKING:
    from app.tui.reading_task import DetailsFacts, Neighbour
    from store.queries.tasks import InstanceRow, TryRow
    from store.states import TaskInstanceState as State
    from store.structure import TaskStructure

BAR = 30
"""Cells of the bars of the phases, at most."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where Enter on a line leads: another task instance of the run, or another try."""

    task_id: str
    map_index: int | None = None
    try_number: int | None = None


Entry = tuple[Spans, Target | None]


def details_entries(
    facts: InstanceFacts,
    one: TryRow | None,
    more: DetailsFacts | None,
    reasons: Sequence[str],
    width: int,
    scene: Scene,
) -> list[Entry]:
    """Every line of the screen."""
    lines: list[Spans] = list(_head(facts, reasons, scene))
    if one is not None and (facts.mark is None or one.try_number != facts.instance.try_number):
        lines.extend(_indented(trouble_lines(one, scene)))
    elif one is not None and facts.mark is not None:
        lines.extend(lines_before(one, facts.mark, scene))
    entries: list[Entry] = [(line, None) for line in lines]
    if more is not None and (more.upstream or more.downstream):
        entries.extend(_neighbours("upstream", more.upstream, scene))
        entries.extend(_neighbours("downstream", more.downstream, scene))
    task = None if more is None else more.task
    sections: list[tuple[str, list[Spans]]] = [
        ("phases", phase_bars(facts.instance, width, scene)),
        ("task instance", in_columns(_instance_facts(facts, scene), width)),
        (_try_title(one), in_columns(_try_facts(one, scene), width)),
        ("task", in_columns(_task_facts(task, more.file if more else ""), width)),
        ("traceback", _traceback(one)),
    ]
    for title, found in sections:
        if found:
            entries.append(((), None))
            entries.append(((Span(f" {title}", "heading"),), None))
            entries.extend((line, None) for line in found)
        if title == "phases":
            entries.extend(_tries(facts, one, scene))
    return entries


def _head(facts: InstanceFacts, reasons: Sequence[str], scene: Scene) -> list[Spans]:
    instance = facts.instance
    look = task_look(instance.state)
    lines: list[Spans] = [
        (
            Span(" "),
            state_span(instance.state, scene.glyphs, f" {look.word}"),
            meaning_of(facts, scene),
        )
    ]
    lines.extend((Span("   why: ", "dim"), span(reason, "warning")) for reason in reasons)
    if instance.next_at is not None and instance.state not in FINISHED_TASK_STATES:
        left = formats.countdown(instance.next_at, scene.now)
        at = formats.clock(instance.next_at, scene.now, scene.zone)
        lines.append((Span("   looked at again ", "dim"), Span(f"{left}, {at}")))
    if instance.note:
        texts = sanitize_lines(instance.note.strip()).split("\n")
        lines.extend((Span("   "), span(text, "accent")) for text in texts)
    return lines


def _indented(lines: Sequence[Spans]) -> list[Spans]:
    """Lines "name  value" without a name, moved to the left."""
    return [(Span("   "), *line[1:]) for line in lines]


def _neighbours(name: str, found: Sequence[Neighbour], scene: Scene) -> list[Entry]:
    entries: list[Entry] = [((), None), ((Span(f" {name}", "heading"),), None)]
    if not found:
        return [*entries, ((Span("   none", "dim"),), None)]
    for one in found:
        line: list[Span] = [Span("   ")]
        states = list(one.counts)
        if not one.counts:
            line.extend((span(one.task_id, "dim"), Span("  not in this run", "dim")))
        elif sum(one.counts.values()) == 1:
            state = states[0]
            line.append(state_span(state, scene.glyphs, " "))
            line.append(span(one.task_id, "link"))
            line.append(Span(f"  {task_look(state).word}", "dim"))
        else:
            line.extend((span(one.task_id, "link"), Span(" []  ", "dim")))
            line.extend(counts_spans(one.counts, scene.glyphs))
        target = Target(one.task_id, one.map_index) if one.counts else None
        entries.append((tuple(line), target))
    return entries


def phase_bars(instance: InstanceRow, width: int, scene: Scene) -> list[Spans]:
    """When it was scheduled, queued, started and ended, and how long it was in each."""
    stations = (
        ("scheduled", instance.scheduled_at, "waited for a slot", "scheduled"),
        ("queued", instance.queued_at, "waited for a process", "queued"),
        ("started", instance.started_at, "ran", "running"),
    )
    end = instance.ended_at
    if end is None and instance.state not in FINISHED_TASK_STATES:
        end = scene.now
    moments = [(name, at, words, role) for name, at, words, role in stations if at is not None]
    lines: list[Spans] = []
    most = min(BAR, max(0, width - 67))
    whole = (end - moments[0][1]).total_seconds() if moments and end is not None else 0.0
    for place, (name, at, words, role) in enumerate(moments):
        line: list[Span] = [
            Span(f"   {name:<11}", "dim"),
            Span(formats.stamp(at, scene.zone)),
        ]
        until = moments[place + 1][1] if place + 1 < len(moments) else end
        if until is not None and until >= at:
            seconds = (until - at).total_seconds()
            cells = min(most, round(most * seconds / whole)) if whole > 0 else 0
            line.append(Span(f"  {words:<20} {duration(seconds):>7}  ", "text"))
            line.append(Span(scene.glyphs.bars[7] * cells, f"state.{role}"))
        lines.append(tuple(line))
    if instance.ended_at is not None:
        stamp = formats.stamp(instance.ended_at, scene.zone)
        lines.append((Span(f"   {'ended':<11}", "dim"), Span(stamp)))
    return lines


def _tries(facts: InstanceFacts, chosen: TryRow | None, scene: Scene) -> list[Entry]:
    if len(facts.tries) < 2:
        return []
    entries: list[Entry] = [((), None), ((Span(" tries", "heading"),), None)]
    for one in reversed(facts.tries):
        look = task_look(one.state)
        glyph = look.ascii_glyph if scene.glyphs.is_ascii else look.glyph
        here = scene.glyphs.mark if chosen is not None and chosen.id == one.id else " "
        line: list[Span] = [
            Span(f" {here} ", "mark"),
            Span(f"{one.try_number:>2} ", "link"),
            Span(f"{glyph} {look.word:<15} ", f"state.{one.state}"),
            Span(f"{duration(one.duration):>7}  "),
            span(error_line(one), "error" if one.error_type else "dim"),
        ]
        target = Target(facts.instance.task_id, facts.instance.map_index, one.try_number)
        entries.append((tuple(line), target))
    return entries


def _instance_facts(facts: InstanceFacts, scene: Scene) -> list[Fact]:
    instance, run = facts.instance, facts.run
    found: list[Fact] = [
        ("DAG", (span(instance.dag_id),)),
        ("run", (span(run.run_id),)),
        ("run state", (Span(run.state.value),)),
        ("run type", (Span(run.run_type.value),)),
        ("version", (Span(str(run.version)),)),
    ]
    if run.logical_date is not None:
        found.append(("logical date", (Span(formats.stamp(run.logical_date, scene.zone)),)))
    if instance.map_index >= 0:
        label = (span(f"  {instance.map_label}", "dim"),) if instance.map_label else ()
        found.append(("map index", (Span(str(instance.map_index)), *label)))
    tries = f"{instance.try_number} of {max(instance.max_tries + 1, instance.try_number)}"
    found.append(("tries", (Span(tries),)))
    slots = f", {formats.plural(instance.pool_slots, 'slot')}"
    found.append(("pool", (span(instance.pool), Span(slots, "dim"))))
    if instance.priority_weight is not None:
        by_hand = Span(", set by hand", "dim")
        found.append(("priority", (Span(str(instance.priority_weight)), by_hand)))
    if instance.duration is not None:
        found.append(("took", (Span(duration(instance.duration)),)))
    return found


def _try_title(one: TryRow | None) -> str:
    return "try" if one is None else f"try {one.try_number}"


def _try_facts(one: TryRow | None, scene: Scene) -> list[Fact]:
    if one is None:
        return []
    look = task_look(one.state)
    glyph = look.ascii_glyph if scene.glyphs.is_ascii else look.glyph
    found: list[Fact] = [("state", (Span(f"{glyph} {look.word}", f"state.{one.state}"),))]
    values: list[tuple[str, object]] = [
        ("took", duration(one.duration)),
        ("queued", formats.stamp(one.queued_at, scene.zone)),
        ("started", formats.stamp(one.started_at, scene.zone)),
        ("ended", formats.stamp(one.ended_at, scene.zone)),
        ("host", one.hostname),
        ("pid", one.pid),
        ("exit status", one.exit_status),
        ("processor", duration(one.cpu_seconds)),
        ("peak memory", formats.size(one.peak_rss)),
        ("read", formats.size(one.read_bytes)),
        ("written", formats.size(one.write_bytes)),
        ("being ended", one.being_ended),
    ]
    found.extend((name, (span(value),)) for name, value in values if value not in (None, ""))
    return found


def _task_facts(task: TaskStructure | None, file: str) -> list[Fact]:
    if task is None:
        return []
    values: list[tuple[str, object]] = [
        ("operator", task.operator),
        ("trigger rule", task.trigger_rule),
        ("defined", f"{file}:{task.line}" if task.line else file),
        ("group", task.group_id),
        ("owner", task.owner),
        ("priority", f"{task.priority_weight}, {task.weight_rule}"),
        ("retries", _retries(task)),
        ("timeout", duration(task.execution_timeout)),
        ("sensor", f"{task.sensor_mode}, {duration(task.sensor_timeout)}" * task.is_sensor),
        ("depends on", "its last run" if task.depends_on_past else ""),
        ("waits for", "what is downstream of its last run" * task.wait_for_downstream),
        ("at most", _limits(task)),
        ("setup", "it is a setup task" * task.is_setup),
        ("teardown", "it is a teardown task" * task.is_teardown),
        ("mapped over", ", ".join(name or "kwargs" for name, _ in task.expansion.arguments))
        if task.expansion is not None
        else ("mapped in", task.mapped_group),
        ("callbacks", ", ".join(task.callbacks)),
        ("XComs from", ", ".join(f"{name}.{key}" for name, key in task.xcom_inputs)),
        ("from, to", " to ".join(d for d in (task.start_date, task.end_date) if d)),
    ]
    found: list[Fact] = [(name, (span(value),)) for name, value in values if value]
    if task.doc_md:
        texts = sanitize_lines(task.doc_md.strip()).split("\n")
        found.extend(("doc" if not n else "", (span(text),)) for n, text in enumerate(texts))
    return found


def _retries(task: TaskStructure) -> str:
    if not task.retries:
        return "none"
    delay = f", {duration(task.retry_delay)} apart"
    if task.retry_exponential_backoff:
        factor = task.retry_exponential_backoff
        delay += f", each {2.0 if factor == 1.0 else factor:g} times longer"
    if task.max_retry_delay is not None:
        delay += f", at most {duration(task.max_retry_delay)}"
    return f"{task.retries}{delay}"


def _limits(task: TaskStructure) -> str:
    parts = [
        f"{number} at once in {where}"
        for number, where in (
            (task.max_active_tis_per_dag, "all runs"),
            (task.max_active_tis_per_dagrun, "a run"),
        )
        if number is not None
    ]
    return ", ".join(parts)


def _traceback(one: TryRow | None) -> list[Spans]:
    if one is None or not one.traceback:
        return []
    lines = sanitize_lines(one.traceback.rstrip()).expandtabs(4).split("\n")
    last = len(lines) - 1
    return [
        (Span("   "), span(text, "error" if number == last else "text"))
        for number, text in enumerate(lines)
    ]


def wants_reasons(state: State | None) -> bool:
    """Whether the runner can say why such a task instance waits."""
    return state not in FINISHED_TASK_STATES and state is not TaskInstanceState.RUNNING
