"""Schedules: which run is due, when the next one is, and pausing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from runner.authoring.exceptions import ParamValidationError
from runner.authoring.params import check_conf
from runner.authoring.timetables import DagRunInfo, DataInterval, TimeRestriction, Timetable
from runner.daemon import making, timing
from runner.daemon.memory import Pipeline
from runner.daemon.turn import Turn
from runner.scheduling import dag_runs
from runner.scheduling.overrides import check_window, is_own, timetable_for, within
from store import models
from store.states import DagRunType
from store.structure import DagStructure


def create_due_runs(turn: Turn) -> None:
    """Make the scheduled runs that are due, one per DAG and turn, as Airflow does."""
    for dag_id in turn.brain.pipelines:
        create_due_run(turn, dag_id)


def create_due_run(turn: Turn, dag_id: str) -> None:
    """Make the scheduled run of a DAG that is due, if one is and its limit lets it."""
    pipeline = turn.brain.pipelines.get(dag_id)
    due = pipeline.next_run_after if pipeline is not None else None
    if pipeline is None or due is None or due > turn.now or pipeline.hold() is not None:
        return
    if active_scheduled(turn, pipeline) >= pipeline.max_active_runs:
        return  # looked at again when one of them ends
    assert pipeline.next_logical_date is not None
    assert pipeline.next_interval_start is not None
    interval = (
        pipeline.next_interval_start,
        pipeline.next_interval_end or pipeline.next_interval_start,
    )
    logical_date = pipeline.next_logical_date
    turn.changes.flush(turn.connection)
    if not making.is_taken(turn, dag_id, models.dag_run.c.logical_date, logical_date):
        info = DagRunInfo(logical_date, DataInterval(*interval), due)
        run = pipeline.schedule_run or {}
        if (wrong := _unfit(pipeline, run.get("conf"))) is not None:
            give_up_schedule(turn, dag_id, wrong)
            return
        making.make_run(
            turn,
            pipeline,
            run_type=DagRunType.SCHEDULED,
            run_id=making.free_run_id(
                timing.run_id(DagRunType.SCHEDULED, info),
                lambda run_id: making.is_taken(turn, dag_id, models.dag_run.c.run_id, run_id),
            ),
            logical_date=logical_date,
            interval=interval,
            run_after=due,
            conf=run.get("conf"),
            note=run.get("note"),
            experiment=run.get("experiment"),
        )
    plan_next(turn, pipeline, interval)


def _unfit(pipeline: Pipeline, conf: dict[str, Any] | None) -> str | None:
    """Why the params that a schedule gives its runs fit no more: the file may have changed."""
    if not conf:
        return None
    params = pipeline.structure.params
    try:
        check_conf([(param.name, param.has_default, param.schema) for param in params], conf)
    except ParamValidationError as error:
        return f"the params that people gave its schedule don't fit its file any more: {error}"
    return None


def active_scheduled(turn: Turn, pipeline: Pipeline) -> int:
    """Runs of a DAG that are queued or running, those of backfills (with their own limit) apart."""
    running = sum(
        run.dag_id == pipeline.dag_id and run.backfill_id is None
        for run in turn.brain.runs.values()
    )
    return running + turn.brain.queued_runs[pipeline.dag_id]


def plan_next(
    turn: Turn, pipeline: Pipeline, last_interval: tuple[datetime, datetime] | None
) -> None:
    """Compute when the DAG's next scheduled run is made, and wake up then."""
    error: str | None = None
    info = None
    try:
        info = timing.next_scheduled(pipeline.structure, last_interval, turn.now)
    except ValueError as problem:
        error = str(problem)
    pipeline.next_logical_date = info.logical_date if info else None
    interval = info.interval if info else None
    pipeline.next_interval_start = interval.start if interval else None
    pipeline.next_interval_end = interval.end if interval else None
    pipeline.next_run_after = info.run_after if info else None
    turn.connection.execute(
        update(models.dag)
        .where(models.dag.c.dag_id == pipeline.dag_id)
        .values(
            next_logical_date=pipeline.next_logical_date,
            next_interval_start=pipeline.next_interval_start,
            next_interval_end=pipeline.next_interval_end,
            next_run_after=pipeline.next_run_after,
            schedule_error=error,
        )
    )
    if pipeline.next_run_after is not None and pipeline.hold() is None:
        turn.orders.timers.append((pipeline.next_run_after, ("dag", pipeline.dag_id)))


MOST_DUE = 200
"""Runs that would be made at once that a preview counts: some 30 ms."""


def preview(
    pipeline: Pipeline,
    last: timing.Interval | None,
    text: str,
    count: int,
    now: datetime,
    window: dict[str, Any] | None = None,
    *,
    until: datetime | None = None,
) -> dict[str, Any]:
    """What a schedule would mean for a DAG: in words, and when the next runs would be made.

    An empty text: the file's. ``window``: its start, end and catchup; None: those in force, if
    the text is the schedule in force. ``due``: how many runs would be made at once, too;
    ``due_is_all``: those are all of them. ``left_out``: see ``runs_left_out``. ``ended``: why no
    run would be made any more. Raises ``ValueError`` with one sentence.
    """
    own = pipeline.own_structure
    as_file = not text.strip() or is_own(own, text)
    table = timing.timetable(own) if as_file else timetable_for(own, text)
    interval = None if last is None else DataInterval(*last)
    if window is None and text.strip() == pipeline.schedule_override:
        window = pipeline.schedule_window
    check_window(own, window)
    bounded = within(own, window)
    restriction = dag_runs.restriction_of(bounded)
    ahead = restriction
    if until is not None:
        latest = until if restriction.latest is None else min(until, restriction.latest)
        ahead = restriction._replace(latest=latest)
    times = table.next_fire_times(count, now, interval, ahead)
    times = [time for time in times if until is None or time <= until]
    first = dag_runs.next_dagrun(table, interval, restriction, now)
    left_out = runs_left_out(table, interval, restriction, now)
    due = dag_runs.overdue_dagruns(table, interval, restriction, now, MOST_DUE + 1)
    return {
        "due": min(due, MOST_DUE),
        "due_is_all": due <= MOST_DUE,
        "summary": table.summary,
        "words": table.description,
        "times": [time.isoformat() for time in times],
        "left_out": [time.isoformat() for time in left_out],
        "end_date": bounded.end_date,
        "ended": None if times or first is not None else why_no_run(table, bounded, now),
        "window": window,
        "override": pipeline.schedule_override,
        "run": pipeline.schedule_run,
        "file": {"summary": own.timetable.summary, "words": own.timetable.description},
    }


MOST_LEFT_OUT = 10
"""Runs that are left out that are looked for: mostly it is one."""


def runs_left_out(
    table: Timetable,
    last: DataInterval | None,
    restriction: TimeRestriction,
    now: datetime,
) -> list[datetime]:
    """When a schedule would make runs, but makes none, since the newest run's interval, which may
    be that of another schedule, reaches into theirs."""
    first = table.next_fire_times(1, now, last, restriction)
    if last is None or not first:
        return []
    alone = table.next_fire_times(MOST_LEFT_OUT, now, None, restriction)
    return [time for time in alone if time < first[0]]


def outlook(turn: Turn, pipeline: Pipeline) -> dict[str, Any]:
    """What comes of the schedule in force: when the next run is made (``next``), else why none is
    (``ended``), and which are left out (``left_out``)."""
    due, structure = pipeline.next_run_after, pipeline.structure
    table, last = timing.timetable(structure), last_interval(turn, pipeline.dag_id)
    interval = None if last is None else DataInterval(*last)
    left_out: list[datetime] = []
    if due is not None:
        left_out = runs_left_out(table, interval, dag_runs.restriction_of(structure), turn.now)
    return {
        "next": None if due is None else due.isoformat(),
        "ended": None if due is not None else why_no_run(table, structure, turn.now),
        "left_out": [time.isoformat() for time in left_out],
    }


def why_no_run(table: Timetable, structure: DagStructure, now: datetime) -> str | None:
    """Why a schedule that has times gives no run any more; None: it has none by its kind."""
    if table.kind in ("none", "asset"):
        return None
    restriction = dag_runs.restriction_of(structure)
    if restriction.latest is not None and restriction.latest < now:
        end = restriction.latest.strftime("%Y-%m-%d %H:%M").removesuffix(" 00:00")
        return f"its end, {end}, has passed: no run comes any more"
    if restriction.earliest is None and restriction.catchup:
        return "it is to catch up and has no start: no run comes"
    return "no run comes of it any more"


def last_interval(turn: Turn, dag_id: str) -> tuple[datetime, datetime] | None:
    """Data interval of the DAG's newest scheduled (or backfilled) run."""
    return last_interval_in(turn.connection, dag_id)


def last_interval_in(connection: Connection, dag_id: str) -> tuple[datetime, datetime] | None:
    """``last_interval``, of those that are in the store."""
    table = models.dag_run
    row = connection.execute(
        select(table.c.data_interval_start, table.c.data_interval_end)
        .where(
            table.c.dag_id == dag_id,
            table.c.run_type.in_((DagRunType.SCHEDULED, DagRunType.BACKFILL)),
            table.c.data_interval_start.is_not(None),
        )
        .order_by(table.c.logical_date.desc())
        .limit(1)
    ).first()
    return None if row is None else (row[0], row[1])


def give_up_schedule(turn: Turn, dag_id: str, why: str) -> None:
    """No run can be made of a DAG's schedule: there is none until its file changes."""
    pipeline = turn.brain.pipelines.get(dag_id)
    if pipeline is not None:
        pipeline.next_run_after = None
    turn.connection.execute(
        update(models.dag)
        .where(models.dag.c.dag_id == dag_id)
        .values(next_run_after=None, schedule_error=why)
    )


def set_paused(turn: Turn, pipeline: Pipeline, paused: bool, *, actor: str, why: str = "") -> None:
    """Pause or unpause a DAG: what it may start changes at once."""
    pipeline.is_paused = paused
    turn.connection.execute(
        update(models.dag).where(models.dag.c.dag_id == pipeline.dag_id).values(is_paused=paused)
    )
    word = "paused" if paused else "unpaused"
    turn.changes.event(
        turn.now, f"dag_{word}", why or f"the DAG was {word}", actor=actor, dag_id=pipeline.dag_id
    )
    pause_changed(turn, pipeline)


def pause_changed(turn: Turn, pipeline: Pipeline) -> None:
    """Bring the memory in line after a DAG was paused, unpaused, mended or broken."""
    for run in turn.brain.runs_of(pipeline.dag_id):
        turn.brain.refresh_candidates(run)
        turn.brain.dirty.add(run.key)
    turn.brain.asset_consumers.add(pipeline.dag_id)
    if pipeline.hold() is None:
        turn.changes.flush(turn.connection)
        plan_next(turn, pipeline, last_interval(turn, pipeline.dag_id))
