"""Home without a screen: the rows of its panels, as pure functions of a snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from app.tui import formats
from app.tui.models.grid import counts_spans, run_span, state_span
from app.tui.models.panels import Panel, Row, Target
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, fit, joined, span, width_of
from store.states import TaskInstanceState

if TYPE_CHECKING:
    from app.tui.machine import Machine
    from app.tui.reading import RunnerState
    from app.tui.reading_home import HomeSnapshot
    from app.tui.theme import Glyphs
    from store.queries.home import DueRun, Failure, RunningRun, Totals
    from store.queries.pools import PoolRow

WIDE = 90
"""Cells of a row from which on bars are longer."""

SHORT_NAME = 8
"""Cells below which a part of a run's id says nothing."""

FAILURES = 50
"""As many are read at most."""

LATE = 1.2
"""Times its expected duration after which a run is said to be late."""

FULL = 90
"""Percent of a disk or of the memory that stand out."""


def panels(
    snapshot: HomeSnapshot,
    runner: RunnerState | None,
    machine: Machine | None,
    scene: Scene,
    *,
    with_seen: bool = False,
    short: bool = False,
    can_act: bool = True,
) -> tuple[Panel, ...]:
    """All panels in their order; monitors are to stand after what failed.

    ``with_seen``: failures that were seen, too; ``short``: where lines are few; ``can_act``: not
    in a terminal that only reads.
    """
    return (
        running_panel(snapshot, scene),
        failed_panel(snapshot, scene, with_seen=with_seen),
        due_panel(snapshot.due, scene, held=snapshot.held),
        runner_panel(snapshot, runner, scene, can_act=can_act),
        machine_panel(machine, scene, short=short),
    )


def meter(percent: float, width: int, glyphs: Glyphs, role: str = "accent") -> Spans:
    """A bar of cells."""
    full = max(0, min(width, round(percent * width / 100)))
    if percent > 0 and full == 0:
        full = 1
    line, rest = ("=", "-") if glyphs.is_ascii else ("━", "─")
    return (Span(line * full, role), Span(rest * (width - full), "faint"))


def beside(left: Spans, right: Spans, width: int, glyphs: Glyphs) -> Spans:
    """A line whose left side gives way to its right one."""
    room = max(0, width - width_of(right) - 1)
    return (*fit(left, room, ellipsis=glyphs.ellipsis), Span(" "), *right)


def columns(parts: Sequence[tuple[Spans, int]], glyphs: Glyphs) -> Spans:
    """Cells of given widths, one space between them."""
    cells = [fit(line, width, ellipsis=glyphs.ellipsis) for line, width in parts if width > 0]
    return joined(cells, Span(" "))


def day_line(day: Totals, scene: Scene) -> Spans:
    """How the last 24 hours were: runs and task instances by state."""
    glyphs, more = scene.glyphs, "+" if day.more else ""
    if not day.runs:
        return (Span(" last 24 h  no run began", "dim"),)
    states = sorted(day.runs, key=lambda state: -day.runs[state])
    runs: list[Spans] = []
    for state in states:
        look = run_span(state.value, glyphs)
        runs.append((Span(f"{formats.count(day.runs[state])}{look.text}", look.role),))
    return (
        Span(" last 24 h  ", "dim"),
        Span(f"{formats.count(sum(day.runs.values()))}{more} runs  "),
        *joined(runs, Span(" ")),
        Span(f"   {formats.count(sum(day.instances.values()))}{more} tasks  "),
        *counts_spans(day.instances, glyphs),
    )


# what runs


def running_panel(snapshot: HomeSnapshot, scene: Scene) -> Panel:
    """Runs at work."""
    rows = tuple(
        Row(
            str(run.id),
            partial(running_line, run, scene),
            Target("run", run.dag_id, run.run_id),
        )
        for run in snapshot.running
    )
    hint = (Span(f"{snapshot.queued:,} queued", "text"),) if snapshot.queued else ()
    empty = "Nothing runs now." if not snapshot.queued else "Nothing runs; runs are queued."
    title = (Span("Running", "title"), Span(f" {len(rows)}", "accent" if rows else "dim"))
    return Panel("running", title, rows, empty, hint)


def running_line(run: RunningRun, scene: Scene, width: int) -> Spans:
    """DAG, run, bar, done of all, since when, how long still."""
    glyphs = scene.glyphs
    percent = 100 * run.done / run.total if run.total else 0
    bar = 12 if width >= WIDE else 8
    counted = f"{formats.count(run.done)}/{formats.count(run.total)}"
    failed: Spans = ()
    if run.failed:
        look = state_span(TaskInstanceState.FAILED, glyphs)
        failed = (Span(f"{formats.count(run.failed)}{look.text}", look.role),)
    right = joined(
        (
            meter(percent, bar, glyphs, "state.run.running"),
            fit((Span(counted),), 8, right=True),
            fit(failed, 4),
            fit((Span(formats.age(run.started_at, scene.now) or "-"),), 4, right=True),
            fit((time_left(run, scene.now),), 9),
        ),
        Span(" "),
    )
    dag = (span(run.dag_id, "strong"), *scene.star(run.dag_id, " "))
    name: Spans = (run_span("running", glyphs, " "), *dag)
    room = width - width_of(right) - width_of(name) - 3
    named = (Span("  "), span(run_words(run.run_id, room), "dim"))
    return beside((*name, *named), right, width, glyphs)


def run_words(run_id: str, room: int) -> str:
    """As much of a run's name as there is room for; its time rather than its type."""
    name = formats.run_name(run_id)
    if name == run_id:
        return name if room >= SHORT_NAME else ""
    words = name.split(" ")
    while words and len(" ".join(words)) > room:
        words.pop(0)
    return " ".join(words)


def time_left(run: RunningRun, now: datetime) -> Span:
    """What past runs let expect: "~4m left", "late 12m"."""
    if run.expected is None or run.started_at is None:
        return Span("")
    took = (now - run.started_at).total_seconds()
    left = run.expected - took
    if took > run.expected * LATE and left < -formats.MINUTE:
        return Span(f"late {formats.coarse(left)}", "warning")
    return Span(f"~{formats.coarse(max(left, 0))} left".replace("~<", "<"), "dim")


# what failed


def unseen(failures: Sequence[Failure], seen: datetime | None) -> list[Failure]:
    """Those that came after the user looked last, and that no user made."""
    return [one for one in failures if not one.by_hand and (seen is None or one.at > seen)]


def failed_panel(snapshot: HomeSnapshot, scene: Scene, *, with_seen: bool) -> Panel:
    """What failed since the user looked last, and on demand before."""
    new = unseen(snapshot.failures, snapshot.seen)
    rows = tuple(
        Row(
            f"{one.dag_id} {one.task_id} {one in new}",
            partial(failure_line, same, scene, is_new=one in new),
            failure_target(one),
        )
        for same in failed_groups(snapshot, with_seen=with_seen)
        for one in same[:1]
    )
    if snapshot.seen is None:
        empty = "Nothing has failed."
    else:
        moment = formats.clock(snapshot.seen, scene.now, scene.zone)
        empty = f"Nothing new: the last failure that you saw was at {moment}."
    hint = (Span("z", "key"), Span(" seen", "dim")) if new else ()
    if not new and snapshot.failures and not with_seen:
        hint = (Span("Z", "key"), Span(f" {_aside(snapshot.failures)}", "dim"))
    return Panel("failed", _failed_title(snapshot, new, with_seen), rows, empty, hint)


def _failed_title(snapshot: HomeSnapshot, new: Sequence[Failure], with_seen: bool) -> Spans:
    """How many failures are listed; where those that are set aside are among them how many are
    new."""
    number = len(snapshot.failures) if with_seen else len(new)
    words = f" {number}{'+' if number >= FAILURES else ''}"
    title = (Span("Failed", "title"), Span(words, "error" if new else "dim"))
    if with_seen and len(new) < number:
        return (*title, Span(f", {len(new) or 'none'} new", "dim"))
    return title


def _aside(failures: Sequence[Failure]) -> str:
    """What is not listed: "19 seen before, 1 ended by hand"."""
    by_hand = sum(one.by_hand for one in failures)
    parts = ((len(failures) - by_hand, "seen before"), (by_hand, "ended by hand"))
    return ", ".join(f"{number} {words}" for number, words in parts if number)


def failed_groups(snapshot: HomeSnapshot, *, with_seen: bool) -> list[list[Failure]]:
    """What each row stands for."""
    new = unseen(snapshot.failures, snapshot.seen)
    return alike(snapshot.failures if with_seen else new, new)


def alike(shown: Sequence[Failure], new: Sequence[Failure]) -> list[list[Failure]]:
    """The failures of the same task together, the newest first; what is new, and what a user
    ended, apart from the rest."""
    groups: dict[tuple[object, ...], list[Failure]] = {}
    fresh = set(new)
    for one in shown:
        groups.setdefault((one.dag_id, one.task_id, one in fresh, one.by_hand), []).append(one)
    return list(groups.values())


def failure_target(failure: Failure) -> Target:
    """The log of the task, or the run where no task failed."""
    if failure.task_id is None:
        return Target("run", failure.dag_id, failure.run_id)
    return Target("task", failure.dag_id, failure.run_id, failure.task_id, failure.map_index)


def failure_line(same: Sequence[Failure], scene: Scene, width: int, *, is_new: bool) -> Spans:
    """Age, DAG and task, how often it failed, as much of the run as there is room for, and the
    error: of the newest of them."""
    failure, times, glyphs = same[0], len(same), scene.glyphs
    mark = run_span("failed", glyphs) if is_new else Span(glyphs.dot, "dim")
    name: list[Span] = [span(failure.dag_id, "strong" if is_new else "dim")]
    name += scene.star(failure.dag_id, " ")
    if failure.task_id is not None:
        task = failure.task_id + (f"[{failure.map_index}]" if failure.map_index >= 0 else "")
        name += [Span(f" {glyphs.crumb} ", "faint"), span(task, "text" if is_new else "dim")]
    more: Spans = ()
    if failure.instances > 1:
        more = (Span(f" +{formats.count(failure.instances - 1)}", "state.failed"),)
    if times > 1:
        more = (*more, Span(f" {'x' if glyphs.is_ascii else '×'}{times}", "strong"))
    known = is_new and bool(failure.error)
    error = (span(failure.error or "no reason is known", "error" if known else "dim"),)
    kinds = len({one.error.partition(":")[0] for one in same if ": " in one.error})
    if kinds > 1:
        error = (Span(f"{kinds} kinds, last ", "dim"), *error)
    ago = Span(formats.age(failure.at, scene.now), "dim")
    room = max(min(35, width // 2), min(width * 45 // 100, 44))
    named = tuple(name)
    left = room - width_of(named) - width_of(more)
    if left < 0:
        named = fit(named, room - width_of(more), ellipsis=glyphs.ellipsis)
    words = run_words(failure.run_id, left - 2)
    run = (Span("  "), span(words, "dim")) if words else ()
    return columns(
        [
            ((mark,), 1),
            ((ago,), 4),
            ((*named, *more, *run), room),
            (error, width - room - 8),
        ],
        glyphs,
    )


# what is due


def due_panel(due: Sequence[DueRun], scene: Scene, *, held: int = 0) -> Panel:
    """The next runs. ``held``: DAGs that would have one, but for their files."""
    rows = tuple(
        Row(one.dag_id, partial(due_line, one, scene), Target("dag", one.dag_id)) for one in due
    )
    title = (Span("Due next", "title"),)
    empty = "No run is due: no schedule is on."
    if held:
        those = "1 DAG is on, its file" if held == 1 else f"{held:,} DAGs are on, their files"
        empty = f"No run is due: {those} can't be used."
    return Panel("due", title, rows, empty, is_right=True)


def due_line(due: DueRun, scene: Scene, width: int) -> Spans:
    """Countdown, time, DAG, schedule."""
    left = formats.countdown(due.at, scene.now)
    moment = formats.clock(due.at, scene.now, scene.zone)
    schedule = (span(due.schedule, "dim"),) if width >= 50 else ()
    room = min(24, width // 3) if schedule else 0
    named, star = width - 18 - (room + 1 if room else 0), scene.star(due.dag_id, " ")
    dag: Spans = (span(due.dag_id, "strong"),)
    if width_of(dag) + width_of(star) > named:
        dag = fit(dag, named - width_of(star), ellipsis=scene.glyphs.ellipsis)
    return columns(
        [
            ((Span(left, "warning" if left == "due" else "text"),), 7),
            ((Span(moment, "dim"),), 9),
            ((*dag, *star), named),
            (schedule, room),
        ],
        scene.glyphs,
    )


# the runner, files, pools


def runner_panel(
    snapshot: HomeSnapshot, runner: RunnerState | None, scene: Scene, *, can_act: bool
) -> Panel:
    """The runner, and what keeps it from its work."""
    line = runner_line(snapshot, runner, scene, can_act=can_act)
    rows = [Row("runner", partial(_plain, line), SYSTEM)]
    if snapshot.errors:
        rows.append(Row("errors", partial(_plain, errors_line(snapshot)), Target("errors")))
    rows += [
        Row(f"pool {pool.name}", partial(_plain, pool_line(pool)), Target("place", "pools"))
        for pool in snapshot.full_pools
    ]
    return Panel("runner", (Span("Runner", "title"),), tuple(rows), is_right=True)


SYSTEM = Target("place", "system")


def runner_line(
    snapshot: HomeSnapshot, runner: RunnerState | None, scene: Scene, *, can_act: bool
) -> Spans:
    """Up or down since when, and what it has in hand."""
    if runner is None:
        return (Span(f"{scene.glyphs.off} ", "warning"), Span("no runner has worked here yet"))
    moment = formats.clock(runner.since, scene.now, scene.zone)
    if not runner.alive:
        hint = (Span("S", "key"), Span(" starts it", "dim")) if can_act else ()
        return (Span(f"{scene.glyphs.off} ", "error"), Span(f"down since {moment}  "), *hint)
    states = snapshot.activity.instances
    working = states.get(TaskInstanceState.RUNNING, 0) + states.get(TaskInstanceState.QUEUED, 0)
    waiting = states.get(TaskInstanceState.SCHEDULED, 0)
    tasks = f"{formats.plural(working, 'task')} at work, {waiting:,} waiting"
    return (
        Span(f"{scene.glyphs.on} ", "good"),
        Span(f"up since {moment}  "),
        Span(tasks, "dim"),
    )


def errors_line(snapshot: HomeSnapshot) -> Spans:
    """How many pipeline files can't be imported, and the first of them."""
    number = len(snapshot.errors)
    words = f"{formats.plural(number, 'pipeline file')} can't be imported  "
    return (Span("! ", "error"), Span(words, "error"), span(snapshot.errors[0].file, "dim"))


def pool_line(pool: PoolRow) -> Spans:
    """A pool without a free slot."""
    slots = f"{pool.used:,} of {formats.plural(pool.slots, 'slot')}"
    words = f" full: {slots}, {pool.scheduled:,} wanted"
    return (Span("! ", "warning"), Span("pool "), span(pool.name, "strong"), Span(words))


def _plain(line: Spans, width: int) -> Spans:
    return line


# the machine


def machine_panel(machine: Machine | None, scene: Scene, *, short: bool) -> Panel:
    """What the machine does; two lines where lines are few, else one for each thing."""
    title = (Span("Machine", "title"),)
    if machine is None:
        return Panel("machine", title, (), "measuring ...", is_right=True)
    glyphs = scene.glyphs
    facts = [
        cpu_line(machine, glyphs),
        memory_line(machine, glyphs),
        disk_line(machine, glyphs),
        net_line(machine),
    ]
    names = ("cpu", "memory", "disk", "net")
    if short:
        pairs = [("cpu", facts[0], facts[1]), ("disk", facts[2], facts[3])]
        rows = tuple(
            Row(name, partial(_pair, left, right, glyphs), SYSTEM) for name, left, right in pairs
        )
    else:
        rows = tuple(
            Row(name, partial(_plain, line), SYSTEM)
            for name, line in zip(names, facts, strict=True)
        )
        if len(machine.history) > 1:
            rows += (Row("history", partial(history_line, machine.history, glyphs), SYSTEM),)
    return Panel("machine", title, rows, is_right=True)


def _pair(left: Spans, right: Spans, glyphs: Glyphs, width: int) -> Spans:
    room = width // 2
    rest = width - room - 1
    return columns([(trimmed(left, room), room), (trimmed(right, rest), rest)], glyphs)


def trimmed(line: Spans, room: int) -> Spans:
    """The line without its last pieces, which say the least, until it fits."""
    while width_of(line) > room and len(line) > 2:
        line = line[:-1]
    return line


def level(percent: float) -> str:
    """The role of a share that is good to have room in."""
    return "error" if percent >= 97 else "warning" if percent >= FULL else "accent"


def share(used: int, total: int) -> int:
    """Percent."""
    return round(100 * used / total) if total else 0


def cpu_line(machine: Machine, glyphs: Glyphs) -> Spans:
    """Processor and load."""
    percent = machine.cpu or 0
    words = f" {percent:>3}%"
    load = "" if machine.load is None else f"  load {machine.load:.1f} of {len(machine.cores)}"
    return (Span("cpu  ", "dim"), *meter(percent, 10, glyphs), Span(words), Span(load, "dim"))


def memory_line(machine: Machine, glyphs: Glyphs) -> Spans:
    """Memory in use."""
    percent = share(machine.memory_used, machine.memory_total)
    words = f"  {of(machine.memory_used, machine.memory_total)}"
    bar = meter(percent, 10, glyphs, level(percent))
    return (Span("ram  ", "dim"), *bar, Span(f" {percent:>3}%"), Span(words, "dim"))


def of(part: int, total: int) -> str:
    """ "9.1 of 16 GiB": the unit once where it is the same."""
    first, whole = formats.size(part), formats.size(total)
    unit = whole.rpartition(" ")[2]
    return f"{first.removesuffix(f' {unit}')} of {whole}"


def disk_line(machine: Machine, glyphs: Glyphs) -> Spans:
    """The disk that the workspace is on."""
    percent = share(machine.disk_used, machine.disk_total)
    free = machine.disk_total - machine.disk_used
    bar = meter(percent, 10, glyphs, level(percent))
    words = f"  {formats.size(free)} free"
    return (Span("disk ", "dim"), *bar, Span(f" {percent:>3}%"), Span(words, "dim"))


def net_line(machine: Machine) -> Spans:
    """What comes in and goes out."""
    return (
        Span("net  ", "dim"),
        Span(f"in {rate(machine.net_in):<12}"),
        Span(f"out {rate(machine.net_out)}"),
    )


def rate(octets: int | None) -> str:
    """Bytes per second; "quiet" where next to nothing flows."""
    if octets is None:
        return "not told"
    return f"{formats.size(octets)}/s" if octets else "quiet"


def history_line(history: Sequence[int], glyphs: Glyphs, width: int) -> Spans:
    """The processor over the last minutes."""
    shown = history[-max(1, width - 5) :]
    return (Span("     "), Span("".join(glyphs.bar(one / 100) for one in shown), "accent"))


def newest(failures: Sequence[Failure]) -> datetime | None:
    """The moment of the newest of them."""
    return max((one.at for one in failures), default=None)
