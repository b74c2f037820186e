"""A workspace in which every field of every row tries to take the terminal over.

It has one DAG, so that keys lead everywhere without a search: its newest run goes on and waits,
the one before failed, a mapped task has instances, and each row that a screen shows is there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, update

from store import edits, events, models
from store.queries.connections import ConnectionDetails
from store.structure import (
    DagStructure,
    Expansion,
    GroupStructure,
    LiteralLength,
    ParamStructure,
    TaskStructure,
    TimetableStructure,
)
from tests.app.tui.world import NOW, World, at_once
from tests.app.tui.world_assets import add_asset, add_event, refer
from tests.app.tui.world_compared import track_row
from tests.app.tui.world_details import add_version, event, xcom
from tests.app.tui.world_tracked import track

EVIL = (
    "\x1b]0;pwned\x07\x1b[2J\x1b[?1049l\x9b31m\x1b[31mred\x1b[0m\x08\x7f\x85\u202e\u2066"
    "\x1bP1;pwned\x1b\\\x1b_pwned\x1b\\\x9d0;pwned\x9c\x1b]52;c;cHduZWQ=\x07"
    "e\u0301訓👩\u200d💻שלום[b]m[/b]\u200f"
)
"""OSC, CSI, DCS, APC in seven and eight bits, BEL, BS, DEL, bidi controls; then what is harmless
but has odd widths, and markup of the library that paints."""

LINES = f"first {EVIL}\r\nsecond\r{EVIL}\n\tthird\x0b\x0c{EVIL}"
"""The same in a text of several lines."""

DAG, GROUP = f"d{EVIL}", f"g{EVIL}"
LOAD, FIT, LAST = f"load{EVIL}", f"fit{EVIL}", f"last{EVIL}"
FAILED_RUN, LIVE_RUN = f"manual__failed{EVIL}", f"manual__live{EVIL}"

SOURCE = (
    f"# {EVIL}\nname = '{EVIL}'\n\tx = \"{EVIL}\"\ndef {EVIL}(:\n    '''open {EVIL}\n"
    "def load():\n    return 1\n"
)

LOG = (
    f"[2026-11-21T11:43:00.120Z] INFO - {EVIL} begins\n{EVIL}\r\nprogress 1%\rprogress 99%\n"
    f"\x1b[32mgreen\x1b[0m \x1b[999999999m\x1b[1;1H\x1b]8;;http://pwned\x07link\x1b]8;;\x07\n"
    f"Traceback (most recent call last):\n  {EVIL}\nValueError: {EVIL}\n"
    f"[2026-11-21T11:43:12.031Z] ERROR - {EVIL}\n"
).encode() + b"\xff\xfe\x00\x9b2J\x1b]0;pwned\n\x1bPpwned\n\x1b\n"


def structure(number: int) -> DagStructure:
    """Three tasks, one of them mapped, one in a group."""
    return DagStructure(
        dag_id=DAG,
        file=f"dags/{EVIL}.py",
        line=1,
        display_name=EVIL,
        description=EVIL,
        doc_md=LINES,
        owners=[EVIL],
        tags=[EVIL, f"t{EVIL}"],
        timetable=TimetableStructure(
            "cron_interval", expression="0 0 * * *", summary=EVIL, description=EVIL
        ),
        start_date="2026-11-01T00:00:00+00:00",
        callbacks=[EVIL],
        tasks=[
            TaskStructure(
                LOAD,
                EVIL,
                downstream=[FIT],
                pool=EVIL,
                owner=EVIL,
                doc_md=LINES,
                template_fields=[EVIL],
                fields={EVIL: LINES, "bash_command": EVIL},
                callbacks=[EVIL],
                xcom_inputs=[(FIT, EVIL)],
                line=6,
                trigger_rule=EVIL if number == 1 else "all_success",
            ),
            TaskStructure(
                FIT,
                "@task",
                upstream=[LOAD],
                downstream=[LAST],
                expansion=Expansion([(EVIL, LiteralLength(4))]),
                map_index_template=EVIL,
                retries=2,
            ),
            TaskStructure(
                LAST, "@task", label=f"last{EVIL}", upstream=[FIT], group_id=GROUP, ui_color=EVIL
            ),
        ],
        groups=[GroupStructure(GROUP, EVIL, tooltip=EVIL, children=[LAST], ui_color=EVIL)],
        roots=[LOAD, FIT, GROUP],
        edge_labels=[(LOAD, FIT, EVIL)],
        params=[
            ParamStructure(
                f"p{EVIL}",
                default=EVIL,
                schema={"type": "string", "title": EVIL, "description": EVIL, "format": EVIL},
                description=LINES,
            ),
            ParamStructure("choice", default=EVIL, schema={"enum": [EVIL, f"b{EVIL}"]}),
            ParamStructure("many", default=[EVIL], schema={"type": "array"}),
            ParamStructure("whole", default={EVIL: EVIL}, schema={"type": "object"}),
            ParamStructure(f"needed{EVIL}", has_default=False, schema={"type": "string"}),
        ],
    )


ERROR: dict[str, Any] = {
    "error_type": f"E{EVIL}",
    "error_message": f"boom {LINES}",
    "error_place": f"{EVIL}:1",
    "traceback": f"Traceback (most recent call last):\n  {LINES}\n",
    "reason": EVIL,
    "hostname": EVIL,
    "process_start": EVIL,
    "exit_status": -9,
    "rendered": {EVIL: LINES, "x": {EVIL: [EVIL]}, "half": "\ud800", "n": {"\udfff": 1}},
    "cpu_seconds": 3.5,
    "peak_rss": 10**9,
}


@at_once
def fill_besieged(world: World) -> None:
    """One DAG, two runs, and rows of every table."""
    version = world.dag(
        DAG,
        structure(1),
        file=f"dags/{EVIL}.py",
        display_name=EVIL,
        description=LINES,
        tags=[EVIL, f"t{EVIL}"],
        owners=[EVIL, f"o{EVIL}"],
        schedule=EVIL,
        schedule_words=EVIL,
        schedule_override=EVIL,
        schedule_override_by=EVIL,
        schedule_override_at=NOW,
        next_logical_date=NOW,
    )
    with world.write() as connection:
        connection.execute(update(models.source).values(text=SOURCE))
    version = add_version(world, DAG, 2, structure(2), SOURCE * 2, 1)
    _fill_backfill(world)
    _fill_failed(world, version)
    _fill_live(world, version)
    _fill_admin(world)
    _fill_assets(world)
    world.import_error(f"dags/x{EVIL}.py", f"Error {EVIL}", 1, f"Traceback {LINES}\n")
    world.warning(f"dags/w{EVIL}.py", EVIL, LINES)
    _fill_runner(world)
    with world.write() as connection:
        for number in range(3):
            track_row(connection, number, DAG, FAILED_RUN, FIT, LINES if number == 2 else EVIL)


def _fill_backfill(world: World) -> None:
    world._insert(
        models.backfill,
        id=1,
        dag_id=DAG,
        from_date=NOW - timedelta(days=30),
        to_date=NOW - timedelta(days=1),
        conf={EVIL: LINES},
        reprocess=EVIL,
        max_active_runs=2,
        run_backwards=True,
        actor=LINES,
        created_at=NOW - timedelta(hours=3),
    )


def _fill_failed(world: World, version: int) -> None:
    values: dict[str, Any] = {"note": LINES, "triggered_by": EVIL, "backfill_id": 1}
    values["conf"] = {EVIL: LINES, "half": "\ud83d"}
    run = world.run(DAG, version, "failed", ago=timedelta(hours=2), run_id=FAILED_RUN, **values)
    for task, index in ((LOAD, -1), (FIT, 0), (FIT, 1), (LAST, -1)):
        world.instance(
            DAG,
            run,
            task,
            "failed",
            map_index=index,
            tries=[{"state": "up_for_retry", **ERROR}, {"state": "failed", **ERROR}],
            start=NOW - timedelta(hours=2),
            log=LOG,
            note=LINES,
            map_label=EVIL,
            pool=EVIL,
            max_tries=2,
        )
    track(world, run, EVIL)
    _fill_trail(world, run)


def _fill_live(world: World, version: int) -> None:
    values = {"note": EVIL, "triggered_by": EVIL, "conf": {f"p{EVIL}": EVIL}}
    run = world.run(
        DAG, version, "running", ago=timedelta(minutes=9), run_id=LIVE_RUN, run_type="manual",
        **values,
    )  # fmt: skip
    more: dict[str, Any] = {"map_label": EVIL, "note": EVIL, "pool": EVIL}
    bad = [{"state": "up_for_retry", **ERROR}]
    start = NOW - timedelta(minutes=8)
    world.instance(DAG, run, LOAD, "failed", tries=bad, start=start, log=LOG, **more)
    states = ("up_for_retry", "running", "scheduled", "queued")
    for index, state in enumerate(states):
        tries = bad if state == "up_for_retry" else None
        later = {"next_at": NOW + timedelta(minutes=5)} if tries else {}
        world.instance(
            DAG, run, FIT, state, map_index=index, tries=tries, start=start, log=LOG,
            max_tries=2, **later, **more,
        )  # fmt: skip
    world.instance(DAG, run, LAST, None, pool=f"gone{EVIL}")
    with world.write() as connection:
        tries = connection.execute(select(models.task_try.c.id)).scalars().all()
    for key in tries:
        for second in range(3):
            world._insert(
                models.resource_sample,
                try_id=key,
                at=start + timedelta(seconds=second),
                cpu_percent=50.0,
                rss=10**8,
                read_bytes=1,
                write_bytes=1,
                processes=1,
            )


def _fill_trail(world: World, run: int) -> None:
    for kind in (f"kind{EVIL}", "run_failed", "note_set"):
        event(
            world,
            kind,
            f"ann{EVIL}",
            LINES,
            dag_id=DAG,
            dag_run_id=run,
            run_id=FAILED_RUN,
            task_id=LOAD,
            map_index=0,
            try_number=1,
            details={EVIL: [EVIL, {EVIL: LINES}], "half": "\ud800"},
            at=NOW - timedelta(minutes=20),
        )
    for number, value in enumerate(({EVIL: LINES}, LINES, [EVIL] * 5, "\ud800 half")):
        xcom(world, run, LOAD, value, key=f"key{number}{EVIL}", minutes=number)
    xcom(world, run, FIT, EVIL, key=EVIL, map_index=1)


def _fill_admin(world: World) -> None:
    with world.write() as connection:
        for name in (f"a{EVIL}", f"token{EVIL}"):
            edits.set_variable(connection, name, LINES, EVIL, description=LINES)
            edits.set_pool(connection, name, 3, EVIL, description=LINES)
            fields = ConnectionDetails(name, EVIL, LINES, EVIL, EVIL, EVIL, EVIL, 1, None)
            edits.set_connection(connection, fields, EVIL)
        edits.set_pool(connection, EVIL, 2, EVIL, description=EVIL)
        connection.execute(
            update(models.connection).values(extra=f'{{"{"k"}": "{"v"}", "raw": 1}} {EVIL}')
        )
        events.record(connection, "variable_set", EVIL, LINES, at=NOW)
        connection.execute(
            insert(models.command),
            {
                "kind": EVIL,
                "payload": {EVIL: EVIL},
                "actor": EVIL,
                "created_at": NOW,
                "state": "pending",
            },
        )


def _fill_assets(world: World) -> None:
    """One that the DAG produces and runs on, with an event of a task and one of a person."""
    add_asset(world, 1, EVIL, f"s3://{EVIL}", group=EVIL, extra={EVIL: LINES})
    refer(world, models.task_outlet_asset_reference, 1, DAG, task_id=LOAD)
    refer(world, models.task_inlet_asset_reference, 1, DAG, task_id=FIT)
    refer(world, models.dag_schedule_asset_reference, 1, DAG)
    source = {"source_dag_id": DAG, "source_run_id": FAILED_RUN, "source_map_index": -1}
    add_event(world, 1, 1, timedelta(hours=2), actor=EVIL, extra={EVIL: LINES})
    add_event(world, 2, 1, timedelta(hours=1), **source, source_task_id=LOAD, extra={EVIL: EVIL})


def _fill_runner(world: World) -> None:
    world.lease()
    with world.write() as connection:
        connection.execute(
            update(models.runner_lease).values(hostname=EVIL, version=EVIL, workspace=EVIL)
        )
    path = world.workspace.root / ".dagtop" / "runner.log"
    path.parent.mkdir(exist_ok=True)
    path.write_text(LINES, encoding="utf-8")
