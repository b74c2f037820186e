"""Putting another schedule in the place of the file's, and taking it back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from runner.daemon import schedules
from runner.daemon.commands.common import Payload, Refused, checked_conf, named_pipeline, parse_date
from runner.daemon.memory import Pipeline
from runner.daemon.turn import Turn
from runner.scheduling.overrides import check_window, is_own, timetable_for
from store import models


def schedule(turn: Turn, payload: Payload, actor: str) -> Any:
    """Override a DAG's schedule until it is reset; None or an empty text: as the file says.

    With ``run``: what each run of that schedule gets; with ``window``: its start and end date,
    and whether it catches up.
    """
    pipeline = named_pipeline(turn, payload)
    wanted = " ".join((payload.get("expression") or "").split()) or None
    former, former_run = pipeline.schedule_override, pipeline.schedule_run
    former_window = pipeline.schedule_window
    run, window = _run_of(pipeline, payload), _window_of(pipeline, payload)
    if wanted == pipeline.own_structure.timetable.summary and run is None and window is None:
        wanted = None
    if wanted is None:
        if payload.get("window") and window is not None:
            raise Refused("start, end and catchup are those of a schedule: give one")
        run = window = None
    if wanted is not None:
        try:
            if not is_own(pipeline.own_structure, wanted):
                timetable_for(pipeline.own_structure, wanted)
            check_window(pipeline.own_structure, window)
        except ValueError as error:
            raise Refused(str(error)) from None
    changed = (wanted, run, window) != (former, former_run, former_window)
    if changed:
        pipeline.override_schedule(wanted, run, window)
        _write(turn, pipeline, actor)
        schedules.plan_next(turn, pipeline, schedules.last_interval(turn, pipeline.dag_id))
        _write_event(turn, pipeline, actor, former)
    return {
        "dag_id": pipeline.dag_id,
        "expression": wanted,
        "former": former,
        "former_run": former_run,
        "former_window": former_window,
        "changed": changed,
        "words": pipeline.structure.timetable.description,
        **schedules.outlook(turn, pipeline),
        "held": pipeline.hold(),
    }


def _write(turn: Turn, pipeline: Pipeline, actor: str) -> None:
    """Write down the schedule that holds now."""
    timetable, wanted = pipeline.structure.timetable, pipeline.schedule_override
    turn.connection.execute(
        update(models.dag)
        .where(models.dag.c.dag_id == pipeline.dag_id)
        .values(
            schedule=timetable.summary,
            schedule_words=timetable.description,
            schedule_override=wanted,
            schedule_override_by=None if wanted is None else actor,
            schedule_override_at=None if wanted is None else turn.now,
            schedule_run=pipeline.schedule_run,
            schedule_window=pipeline.schedule_window,
        )
    )
    turn.changes.flush(turn.connection)


def _run_of(pipeline: Pipeline, payload: Payload) -> Payload | None:
    """What each run gets; None: nothing but what the file says."""
    if "run" not in payload:
        return pipeline.schedule_run
    given = payload["run"]
    if given is None:
        return None
    experiment = (given.get("experiment") or "").strip()
    run = {
        "conf": checked_conf(pipeline, given.get("conf")),
        "note": given.get("note"),
        "experiment": experiment,
    }
    return {name: value for name, value in run.items() if value} or None


def _window_of(pipeline: Pipeline, payload: Payload) -> Payload | None:
    """Start, end and catchup of the schedule, those that are given; None: the file's."""
    if "window" not in payload:
        return pipeline.schedule_window
    return parse_window(payload["window"] or {})


def parse_window(given: Payload) -> Payload | None:
    """Start, end and catchup as they are kept; None: nothing is given. Raises ``Refused``."""
    found = {
        name: parse_date(given[name]).isoformat() for name in ("start", "end") if given.get(name)
    }
    if given.get("catchup") is not None:
        found["catchup"] = given["catchup"]
    return found or None


def _write_event(turn: Turn, pipeline: Pipeline, actor: str, former: str | None) -> None:
    wanted, run = pipeline.schedule_override, pipeline.schedule_run
    window = pipeline.schedule_window
    own = pipeline.own_structure.timetable.summary
    words = f"{actor} reset the schedule to the file's: {own}"
    if wanted is not None:
        params = "" if run is None else ", with params"
        dates = "" if window is None else ", with dates of its own"
        words = f"{actor} set the schedule to {wanted}{params}{dates}, the file says {own}"
    turn.changes.event(
        turn.now,
        "schedule_set" if wanted is not None else "schedule_reset",
        words,
        actor=actor,
        dag_id=pipeline.dag_id,
        details={"expression": wanted, "former": former, "run": run, "window": window},
    )
