"""System without a screen: its sections, as pure functions of what was read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from app.durations import duration
from app.tui import formats
from app.tui.models.home import (
    beside,
    columns,
    cpu_line,
    disk_line,
    level,
    memory_line,
    meter,
    of,
    rate,
    share,
)
from app.tui.models.panels import LEFT_SHARE, TWO_COLUMNS
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, fit, span
from store.states import TaskInstanceState

if TYPE_CHECKING:
    from app.tui.machine import Machine, ProcessUse
    from app.tui.reading import RunnerState
    from app.tui.reading_system import (
        Folders,
        Health,
        HostProcess,
        SystemSample,
        SystemSnapshot,
        TaskProcess,
    )
    from app.tui.theme import Glyphs

LABEL = 12
"""Cells of the names of figures."""

SOON_LATE = 15.0
"""Seconds after its last beat after which a runner that should be up is not well."""

FIGURES = ((8, 0), (6, 0), (9, 0), (9, 74))
"""Cells of the figures of a process, and the width from which on they are shown."""

HELD = "held: the DAG is paused, or its file can't be used"
WAITING_STATES = {
    TaskInstanceState.UP_FOR_RETRY: "up for retry: their delay is not over",
    TaskInstanceState.UP_FOR_RESCHEDULE: "sensors between two pokes",
    TaskInstanceState.DEFERRED: "deferred: they wait for a trigger",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the lines below it."""

    title: str
    lines: tuple[Spans, ...]
    is_right: bool = False
    """Stands in the right column where there are two."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that was read so far; None: not yet."""

    snapshot: SystemSnapshot | None
    sample: SystemSample | None
    folders: Folders | None
    runner: RunnerState | None
    can_act: bool = True
    """Not in a terminal that only reads."""


def page(known: Known, scene: Scene, width: int) -> list[Spans]:
    """All lines: sections below one another, or in two columns."""
    if width < TWO_COLUMNS - 1:  # one is the scroll bar's
        return stacked(sections(known, scene, width), width, scene.glyphs)
    left = round(width * LEFT_SHARE)
    right = width - left - 3
    left_lines = stacked(
        [one for one in sections(known, scene, left) if not one.is_right], left, scene.glyphs
    )
    right_lines = stacked(
        [one for one in sections(known, scene, right) if one.is_right], right, scene.glyphs
    )
    divider = Span(f" {scene.glyphs.divider} ", "faint")
    return [
        (*fit(one, left, ellipsis=scene.glyphs.ellipsis), divider, *other)
        for one, other in zip_longest(left_lines, right_lines, fillvalue=())
    ]


def stacked(parts: Iterable[Section], width: int, glyphs: Glyphs) -> list[Spans]:
    """Sections with their headings, an empty line between two."""
    lines: list[Spans] = []
    for part in parts:
        if not part.lines:
            continue
        if lines:
            lines.append(())
        rule = glyphs.rule * max(1, width - len(part.title) - 3)
        lines.append((Span(f" {part.title} ", "title"), Span(rule, "faint")))
        lines += [
            (Span(" "), *fit(line, max(1, width - 2), ellipsis=glyphs.ellipsis))
            for line in part.lines
        ]
    return lines


def sections(known: Known, scene: Scene, width: int) -> list[Section]:
    """What there is to tell, in order."""
    machine = None if known.sample is None else known.sample.machine
    found = [
        Section("Runner", runner_lines(known, scene)),
        Section("Waiting", waiting_lines(known)),
        Section("Processes", process_lines(known, scene, width - 2)),
        Section("Machine", machine_lines(machine, scene.glyphs), is_right=True),
    ]
    if known.snapshot is not None:
        found += [
            Section("Database", database_lines(known.snapshot), is_right=True),
            Section("Files", folder_lines(known.folders), is_right=True),
            Section(
                "Imports of pipeline files",
                parse_lines(known.snapshot, scene.glyphs, width - 2),
                is_right=True,
            ),
        ]
    return found


def fact(name: str, *pieces: Span) -> Spans:
    """A name and what there is to say."""
    return (Span(f"{name:<{LABEL}}", "dim"), *pieces)


# the runner


def runner_lines(known: Known, scene: Scene) -> tuple[Spans, ...]:
    """Up or down, its lease, its slots, the pace of its decisions."""
    if known.snapshot is None:
        return ()
    lease, runner = known.snapshot.lease, known.runner
    glyphs = scene.glyphs
    if lease is None:
        words = Span("no runner has worked here yet  ")
        return ((Span(f"{glyphs.off} ", "warning"), words, *start_hint(known)),)
    if runner is None:  # not looked at yet
        return ()
    moment = formats.clock(runner.since, scene.now, scene.zone)
    if runner.alive:
        head = (Span(f"{glyphs.on} ", "good"), Span(f"up since {moment}"),
                Span(f", {formats.ago(runner.since, scene.now)}", "dim"))  # fmt: skip
    else:
        words = Span(f"down since {moment}  ")
        head = (Span(f"{glyphs.off} ", "error"), words, *start_hint(known))
    beat = (scene.now - lease.beat_at).total_seconds()
    late = runner.alive and beat > SOON_LATE
    words = formats.ago(lease.beat_at, scene.now)
    lines: list[Spans] = [
        head,
        fact("process", Span(f"pid {lease.pid} on "), span(lease.hostname),
             span(f", dagtop {lease.version}", "dim")),
        fact("last beat", Span(words, "warning" if late else "text")),
    ]  # fmt: skip
    if known.sample is not None and known.sample.trouble:
        lines.append(fact("trouble", span(known.sample.trouble, "error")))
    if known.sample is not None and known.sample.health is not None:
        lines += health_lines(known.sample.health, glyphs)
    if known.snapshot.activity.pending_commands:
        number = known.snapshot.activity.pending_commands
        lines.append(fact("commands", Span(f"{number:,} to be carried out", "warning")))
    return tuple(lines)


def start_hint(known: Known) -> Spans:
    """The key that starts a runner, where it may be pressed."""
    return (Span("S", "key"), Span(" starts it", "dim")) if known.can_act else ()


def health_lines(health: Health, glyphs: Glyphs) -> list[Spans]:
    """What the runner says of itself."""
    used = share(health.executing, health.parallelism)
    lines = [
        fact(
            "slots",
            *meter(used, 10, glyphs, "warning" if used >= 100 else "accent"),
            Span(f" {health.executing:,} of {health.parallelism:,}"),
            Span(f"  {health.waiting:,} waiting for one", "dim"),
        ),
        fact("runs", Span(f"{health.runs:,} running, {health.queued_runs:,} queued")),
    ]
    if health.last is not None:
        lines.append(
            fact(
                "decisions",
                Span(f"last {pace(health.last)}, median {pace(health.median)}, "),
                Span(f"99% within {pace(health.p99)}"),
            )
        )
        more = f"longest {pace(health.longest)}, about {formats.count(health.turns)} since it is up"
        lines.append(fact("", Span(more, "dim")))
    if health.files_to_import:
        words = formats.plural(health.files_to_import, "file")
        lines.append(fact("imports", Span(f"{words} to import", "warning")))
    return lines


def pace(seconds: float | None) -> str:
    """How long a decision took: 0.42 ms, 12 ms, 1.2s."""
    if seconds is None:
        return "-"
    if seconds >= 1:
        return duration(seconds)
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.2g} ms"


def waiting_lines(known: Known) -> tuple[Spans, ...]:
    """Why task instances wait, the commonest reason first."""
    if known.snapshot is None:
        return ()
    states = known.snapshot.activity.instances
    health = None if known.sample is None else known.sample.health
    reasons: list[tuple[str, int]] = []
    scheduled = states.get(TaskInstanceState.SCHEDULED, 0)
    if health is None:
        reasons.append(("scheduled: they wait for the runner", scheduled))
    else:
        reasons += health.reasons
        reasons.append((HELD, scheduled - health.waiting))
    reasons += [(words, states.get(state, 0)) for state, words in WAITING_STATES.items()]
    shown = [(words, number) for words, number in reasons if number > 0]
    if not shown:
        return ((Span("Nothing waits for a slot.", "dim"),),)
    shown.sort(key=lambda pair: -pair[1])
    return tuple((Span(f"{number:>7,}  "), span(words)) for words, number in shown)


# processes


def process_lines(known: Known, scene: Scene, width: int) -> tuple[Spans, ...]:
    """Runner, hosts and tasks, with what they use."""
    sample = known.sample
    if sample is None or sample.health is None:
        return ()
    health, uses = sample.health, sample.uses
    lines = [
        process_line((Span("PROCESS", "heading"),), None, None, "DOING", scene, width, is_head=True)
    ]
    for name, pid in (("runner", health.pid), ("fork server", health.base_pid)):
        lines.append(
            process_line((Span(name, "strong"),), pid, uses.get(pid or 0), "", scene, width)
        )
    lines += [
        process_line(
            (span(host.file),),
            host.pid,
            uses.get(host.pid or 0),
            host_words(host),
            scene,
            width,
        )
        for host in health.hosts
    ]
    for task in health.tasks:
        words = f"try {task.try_number}, {formats.age(task.started_at, scene.now) or 'starts'}"
        lines.append(
            process_line(task_name(task, scene.glyphs), task.pid,
                         uses.get(task.pid or 0), words, scene, width)
        )  # fmt: skip
    return tuple(lines)


def process_line(
    name: Spans,
    pid: int | None,
    use: ProcessUse | None,
    words: str,
    scene: Scene,
    width: int,
    *,
    is_head: bool = False,
) -> Spans:
    """One process: name, pid, processor, memory, what it does."""
    cells = ("PID", "CPU", "RSS", "PSS") if is_head else _figures(pid, use)
    role = "heading" if is_head else "text"
    shown = zip(cells, FIGURES, strict=True)
    numbers = "".join(f"{cell:>{room}}" for cell, (room, least) in shown if width >= least)
    doing = fit((span(words, "heading" if is_head else "dim"),), 15 if width >= 60 else 0)
    right = (Span(numbers, role), Span("  "), *doing)
    return beside(name, right, width, scene.glyphs)


def _figures(pid: int | None, use: ProcessUse | None) -> tuple[str, str, str, str]:
    shown = str(pid) if pid is not None else "-"
    if use is None:
        return shown, "", "", ""
    cpu = "" if use.cpu is None else f"{use.cpu}%"
    return shown, cpu, formats.size(use.rss), formats.size(use.pss)


def host_words(host: HostProcess) -> str:
    """What a host does."""
    if host.is_importing:
        return "imports"
    if host.work:
        return f"{host.work} at work"
    return f"idle {host.idle}" + (", leaves" if host.is_retiring else "")


def task_name(task: TaskProcess, glyphs: Glyphs) -> Spans:
    """DAG, task and run."""
    index = f"[{task.map_index}]" if task.map_index >= 0 else ""
    name = span(f"{task.dag_id} {glyphs.crumb} {task.task_id}{index}", "state.running")
    return (name, Span("  "), span(formats.run_name(task.run_id), "dim"))


# the machine


def machine_lines(machine: Machine | None, glyphs: Glyphs) -> tuple[Spans, ...]:
    """Processor, memory, disk, net, graphics."""
    if machine is None:
        return ((Span("measuring ...", "dim"),),)
    lines = [cpu_line(machine, glyphs)]
    if machine.cores:
        bars = tuple(
            Span(glyphs.bar(one / 100), "warning" if one >= 90 else "accent")
            for one in machine.cores
        )
        lines.append((Span("     each core ", "dim"), *bars))
    lines.append(memory_line(machine, glyphs))
    if machine.swap_total:
        percent = share(machine.swap_used, machine.swap_total)
        lines.append(
            (
                Span("swap ", "dim"),
                *meter(percent, 10, glyphs, level(percent)),
                Span(f" {percent:>3}%"),
                Span(f"  {of(machine.swap_used, machine.swap_total)}", "dim"),
            )
        )
    lines.append(disk_line(machine, glyphs))
    lines.append(_flow("     ", "read", machine.disk_read, "written", machine.disk_write))
    lines.append(_flow("net  ", "in", machine.net_in, "out", machine.net_out))
    lines += [
        (
            Span("gpu  ", "dim"),
            *meter(gpu.percent, 10, glyphs),
            Span(f" {gpu.percent:>3}%"),
            Span(f"  {of(gpu.memory_used, gpu.memory_total)}  ", "dim"),
            span(gpu.name, "dim"),
        )
        for gpu in machine.gpus
    ]
    return tuple(lines)


def _flow(label: str, first: str, one: int | None, second: str, other: int | None) -> Spans:
    words = f"{first} {rate(one)}"
    return (Span(label, "dim"), Span(f"{words:<18}"), Span(f"{second} {rate(other)}"))


# database, files, imports


def database_lines(snapshot: SystemSnapshot) -> tuple[Spans, ...]:
    """Size, growth, rows."""
    sizes = snapshot.sizes
    lines = [
        fact("size", Span(formats.size(sizes.database_bytes)), _free(sizes.free_bytes)),
        fact("place", span(snapshot.database, "dim")),
    ]
    if snapshot.wal_bytes:
        lines.append(
            fact("write-ahead", Span(formats.size(snapshot.wal_bytes)),
                 Span(" not yet in the file", "dim"))
        )  # fmt: skip
    added = snapshot.growth
    if added is None:
        lines.append(fact("growth", Span("not known: the store is younger than a day", "dim")))
    else:
        octets = 0
        if sizes.task_instances:
            used = sizes.database_bytes - sizes.free_bytes
            octets = used * min(added.task_instances, sizes.task_instances) // sizes.task_instances
        lines.append(fact("growth", Span(f"about {formats.size(octets)} in 24 hours")))
    rows = [
        ("DAGs", sizes.dags, None),
        ("runs", sizes.dag_runs, added and added.dag_runs),
        ("tasks", sizes.task_instances, added and added.task_instances),
        ("tries", sizes.tries, None),
        ("events", sizes.events, added and added.events),
        ("metrics", sizes.metrics, None),
    ]
    for name, number, new in rows:
        more = Span(f"  +{new:,} in 24 hours", "dim") if new else Span("")
        lines.append(fact(name, Span(f"{number:>11,}"), more))
    return tuple(lines)


def _free(octets: int) -> Span:
    if not octets:
        return Span("")
    return Span(f", {formats.size(octets)} of it free", "dim")


def folder_lines(folders: Folders | None) -> tuple[Spans, ...]:
    """What lies beside the database."""
    if folders is None:
        return ((Span("measuring ...", "dim"),),)
    return (
        fact("logs", Span(formats.size(folders.tries)), Span("  of tries, and journals", "dim")),
        fact("artifacts", Span(formats.size(folders.artifacts))),
        fact("runner.log", Span(formats.size(folders.runner_log)), Span("  L", "key"),
             Span(" shows its end", "dim")),
    )  # fmt: skip


def parse_lines(snapshot: SystemSnapshot, glyphs: Glyphs, width: int) -> tuple[Spans, ...]:
    """How long imports take, the slowest first."""
    parse = snapshot.parse
    if not parse.files:
        return ((Span("There are no pipeline files yet.", "dim"),),)
    head: list[Span] = [Span(formats.plural(parse.files, "file"))]
    if parse.total_seconds:
        head.append(Span(f", {duration(parse.total_seconds)} in all"))
    if parse.errors:
        head.append(Span(f", {parse.errors:,} can't be imported", "error"))
    slowest = max((seconds for _, seconds in parse.slowest), default=0.0)
    return (tuple(head), *(_parse_line(one, slowest, glyphs, width) for one in parse.slowest))


def _parse_line(one: tuple[str, float], slowest: float, glyphs: Glyphs, width: int) -> Spans:
    file, seconds = one
    bar = meter(100 * seconds / slowest if slowest else 0, 8, glyphs)
    return columns([((Span(duration(seconds)),), 8), (bar, 8), ((span(file),), width - 18)], glyphs)


def as_text(lines: Sequence[Spans]) -> str:
    """The page without colours."""
    return "\n".join("".join(piece.text for piece in line).rstrip() for line in lines) + "\n"
