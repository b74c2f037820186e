"""A schedule put in the place of the file's: in force at once, and until it is taken back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from runner.daemon import schedules
from runner.daemon.commands import Refused
from store import client
from store.structure import DagStructure, ParamStructure, TaskStructure, TimetableStructure
from tests.support.live import ROOT, Live, wait_for
from tests.support.turns import NOW, Turns

DAILY = TimetableStructure(
    kind="cron_interval",
    expression="0 0 * * *",
    summary="@daily",
    description="At 00:00 every day",
)
WEEKLY = TimetableStructure(
    kind="cron_interval",
    expression="0 0 * * 0",
    summary="@weekly",
    description="At 00:00 on Sunday",
)


def dag(timetable: TimetableStructure = DAILY) -> DagStructure:
    return DagStructure(
        dag_id="dag", file="dags/a.py", tasks=[TaskStructure("one", "@task")], timetable=timetable
    )


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Turns]:
    made = Turns(tmp_path)
    made.add(dag())
    yield made
    made.store.close()


def shown(turns: Turns) -> tuple[object, ...]:
    query = "SELECT schedule, schedule_words, schedule_override, schedule_override_by FROM dag"
    return turns.rows(query)[0]


def due(turns: Turns) -> datetime | None:
    return turns.brain.pipelines["dag"].next_run_after


def test_an_override_is_in_force_at_once_and_until_it_is_reset(turns: Turns) -> None:
    answer = turns.do("schedule", dag_id="dag", expression=" 30 16  * * * ")
    assert (answer["expression"], answer["former"], answer["changed"]) == (
        "30 16 * * *",
        None,
        True,
    )
    assert shown(turns) == ("30 16 * * *", "At 16:30 every day", "30 16 * * *", "test")
    turns.schedule()
    turns.schedule()
    assert due(turns) == datetime(2026, 3, 10, 16, 30, tzinfo=UTC)
    reset = turns.do("schedule", dag_id="dag", expression=None)
    assert (reset["expression"], reset["former"]) == (None, "30 16 * * *")
    assert shown(turns) == ("@daily", "At 00:00 every day", None, None)
    turns.schedule()
    assert due(turns) == datetime(2026, 3, 11, tzinfo=UTC)
    kinds = turns.rows("SELECT kind FROM event WHERE kind LIKE 'schedule_%' ORDER BY id")
    assert kinds == [("schedule_set",), ("schedule_reset",)]


def test_runs_are_made_by_the_override(turns: Turns) -> None:
    turns.do("schedule", dag_id="dag", expression="@hourly")
    turns.schedule()
    turns.passes(hours=1)
    turns.schedule()
    dates = turns.rows("SELECT run_id FROM dag_run ORDER BY id")
    assert [run_id for (run_id,) in dates] == [
        "scheduled__2026-03-10T15:00:00+00:00",
        "scheduled__2026-03-10T16:00:00+00:00",
    ]


def test_it_survives_a_restart_and_a_reparse_and_a_change_of_the_file(turns: Turns) -> None:
    turns.do("schedule", dag_id="dag", expression="30 16 * * *")
    turns.restart()
    turns.take_in("dags/a.py", dag())
    assert turns.brain.pipelines["dag"].structure.timetable.summary == "30 16 * * *"
    turns.take_in("dags/a.py", dag(WEEKLY), text="changed")
    assert shown(turns) == ("30 16 * * *", "At 16:30 every day", "30 16 * * *", "test")
    assert turns.brain.pipelines["dag"].own_structure.timetable.summary == "@weekly"
    (message,) = turns.rows("SELECT message FROM event WHERE kind = 'dag_changed'")
    assert "its schedule @weekly is overridden by 30 16 * * *" in message[0]
    turns.do("schedule", dag_id="dag", expression="")
    assert shown(turns)[:3] == ("@weekly", "At 00:00 on Sunday", None)


def test_what_is_no_schedule_is_refused_and_changes_nothing(turns: Turns) -> None:
    before = shown(turns)
    with pytest.raises(Refused, match="is not valid"):
        turns.do("schedule", dag_id="dag", expression="61 * * * *")
    with pytest.raises(Refused, match="there is no DAG"):
        turns.do("schedule", dag_id="nope", expression="@daily")
    assert shown(turns) == before


RUN = {"conf": {"rate": 0.5}, "note": "each night", "experiment": "sweep"}


def test_the_runs_of_a_recurring_run_get_its_params_note_and_experiment(turns: Turns) -> None:
    turns.do("schedule", dag_id="dag", expression="@hourly", run=RUN)
    turns.schedule()
    turns.restart()
    turns.passes(hours=1)
    turns.schedule()
    made = turns.rows("SELECT run_type, conf, note, experiment FROM dag_run")
    assert made == [("scheduled", '{"rate":0.5}', "each night", "sweep")] * 2


def test_an_edited_schedule_keeps_what_its_runs_get_and_a_reset_drops_it(turns: Turns) -> None:
    turns.do("schedule", dag_id="dag", expression="@hourly", run=RUN)
    edited = turns.do("schedule", dag_id="dag", expression="0 3 * * *")
    assert (edited["former"], edited["former_run"]) == ("@hourly", RUN)
    assert turns.brain.pipelines["dag"].schedule_run == RUN
    turns.do("schedule", dag_id="dag", expression="@daily", run=RUN)
    assert shown(turns)[2] == "@daily", "the file's schedule, with params that it hasn't"
    turns.do("schedule", dag_id="dag", expression=None)
    assert turns.rows("SELECT schedule_override, schedule_run FROM dag") == [(None, None)]
    back = {"expression": edited["former"], "run": edited["former_run"]}
    turns.do("schedule", dag_id="dag", **back)
    assert turns.brain.pipelines["dag"].schedule_run == RUN


def test_params_that_the_dag_does_not_take_are_refused_also_after_a_change_of_the_file(
    turns: Turns,
) -> None:
    def with_rate(kind: str) -> DagStructure:
        params = [ParamStructure("rate", default=1, schema={"type": kind})]
        return msgspec.structs.replace(dag(), params=params)

    turns.take_in("dags/a.py", with_rate("integer"), text="typed")
    with pytest.raises(Refused, match="rate"):
        turns.do("schedule", dag_id="dag", expression="@hourly", run={"conf": {"rate": "x"}})
    turns.do("schedule", dag_id="dag", expression="@hourly", run={"conf": {"rate": 2}})
    turns.take_in("dags/a.py", with_rate("string"), text="changed")
    turns.schedule()
    assert turns.rows("SELECT id FROM dag_run") == []
    assert "don't fit its file any more" in turns.rows("SELECT schedule_error FROM dag")[0][0]


def test_none_stops_the_schedule(turns: Turns) -> None:
    turns.do("schedule", dag_id="dag", expression="None")
    assert due(turns) is None


def test_a_preview_tells_words_times_and_the_files_schedule(turns: Turns) -> None:
    pipeline = turns.brain.pipelines["dag"]
    found = schedules.preview(pipeline, None, "0 3 * * *", 2, NOW)
    assert found["words"] == "At 03:00 every day"
    assert found["times"] == ["2026-03-11T03:00:00+00:00", "2026-03-12T03:00:00+00:00"]
    assert (found["due"], found["due_is_all"]) == (1, True)
    assert found["file"] == {"summary": "@daily", "words": "At 00:00 every day"}
    assert schedules.preview(pipeline, None, "", 1, NOW)["summary"] == "@daily"


def test_a_preview_counts_the_runs_that_start_at_once(turns: Turns) -> None:
    pipeline = turns.brain.pipelines["dag"]
    window = {"start": (NOW - timedelta(hours=5)).isoformat(), "catchup": True}
    found = schedules.preview(pipeline, None, "@hourly", 1, NOW, window)
    assert (found["due"], found["due_is_all"]) == (made(turns, window), True)
    found = schedules.preview(pipeline, None, "* * * * *", 1, NOW, window)
    assert (found["due"], found["due_is_all"]) == (schedules.MOST_DUE, False)


def made(turns: Turns, window: dict[str, object]) -> int:
    """How many runs are made of that schedule, set with these dates."""
    turns.do("schedule", dag_id="dag", expression="@hourly", window=window)
    made = -1
    while made != (now := len(turns.rows("SELECT id FROM dag_run"))):
        made = now
        turns.schedule()
    return made


PIPELINE = """
from datetime import datetime
from dagtop import DAG, task
with DAG("often", schedule="@yearly", start_date=datetime(2026, 1, 1), catchup=False):
    @task
    def one(): pass
    one()
"""


def test_a_running_runner_answers_previews_and_follows_an_override(shared: Live) -> None:
    shared.write("often.py", PIPELINE)
    shared.wait_for_dag("often")
    shared.submit("unpause", dag_ids=["often"])
    found = shared.ask("preview_schedule", dag_id="often", expression="every 2 seconds")
    assert found["words"] == "Every 2 seconds"
    assert len(found["times"]) == 5
    shared.submit("schedule", dag_id="often", expression="every 1 seconds")
    query = "SELECT count(*) FROM dag_run WHERE dag_id = 'often' AND state = 'success'"
    wait_for(lambda: shared.value(query) >= 2, what="runs by the override")
    shared.submit("schedule", dag_id="often", expression=None)
    due = "SELECT schedule, schedule_override FROM dag WHERE dag_id = 'often'"
    assert shared.query(due) == [("@yearly", None)]


@pytest.mark.parametrize(
    ("window", "why"),
    [
        ({"start": 5}, "expected str | null, got int, at window.start"),
        ({"catchup": "x"}, "expected bool | null, got str, at window.catchup"),
        ({"begin": "2026-01-01"}, "object contains unknown field begin, at window"),
        ({"end": "soon"}, "'soon' is not a date"),
        ({"start": "2026-02-02", "end": "2026-02-01"}, "is after the end"),
    ],
)
def test_a_preview_checks_the_dates_it_is_asked_about(
    shared: Live, window: dict[str, object], why: str
) -> None:
    """One sentence, and none of our errors in the log."""
    shared.write("often.py", PIPELINE)
    shared.wait_for_dag("often")
    question = {"type": "preview_schedule", "dag_id": "often", "expression": "@daily"}
    answer = client.ask(shared.workspace, {**question, "window": window})
    assert why in answer["error"]
    assert "\n" not in answer["error"]
    assert "Traceback" not in shared.workspace.runner_log.read_text()


def test_a_preview_takes_dates_as_setting_the_schedule_does(shared: Live) -> None:
    """Without an offset they are in UTC, whatever the zone of the DAG."""
    zoned = PIPELINE.replace("2026, 1, 1)", "2026, 1, 1, tzinfo=ZoneInfo('Asia/Tokyo'))")
    shared.write("zoned.py", f"from zoneinfo import ZoneInfo\n{zoned.replace('often', 'zoned')}")
    shared.wait_for_dag("zoned")
    window = {"start": "2097-05-01", "catchup": False}
    asked = {"dag_id": "zoned", "expression": "@daily", "window": window}
    seen = shared.ask("preview_schedule", **asked)
    done = shared.submit("schedule", **asked)
    shared.submit("schedule", dag_id="zoned", expression=None)
    assert seen["times"][0] == done["next"]
    assert seen["window"]["start"] == "2097-05-01T00:00:00+00:00"


def test_the_command_line_shows_sets_and_resets_it(shared: Live) -> None:
    from tests.app.cli.conftest import run_command

    shared.write("cli.py", PIPELINE.replace("often", "cli"))
    shared.wait_for_dag("cli")
    root = shared.workspace.root
    before = run_command(root, "dags", "schedule", "cli")
    assert before.out.startswith("@yearly  ")
    assert len(before.out.splitlines()) == 6
    tried = run_command(root, "dags", "schedule", "cli", "0 3 * * *", "--dry-run")
    assert tried.out.startswith("0 3 * * *  At 03:00 every day")
    done = run_command(root, "dags", "schedule", "cli", "0 3 * * *")
    assert done.out == "cli: At 03:00 every day\n"
    assert "overridden" in run_command(root, "dags", "show", "cli").out
    assert "the file says @yearly" in run_command(root, "dags", "schedule", "cli").err
    assert "already" in run_command(root, "dags", "schedule", "cli", "0 3 * * *").out
    assert run_command(root, "dags", "schedule", "cli", "61 * * * *").code == 4
    assert run_command(root, "dags", "schedule", "cli", "@daily", "--reset").code == 2
    noted = ("--note", "each night", "-p", "a=1", "--start", "2097-05-01")
    assert run_command(root, "dags", "schedule", "cli", *noted).code == 2
    assert run_command(root, "dags", "schedule", "cli", "0 3 * * *", *noted).code == 0
    out = run_command(root, "dags", "schedule", "cli").out
    assert '  params: {"a": 1}\n  note: each night\n' in out
    following = subprocess.run(
        [
            sys.executable,
            "-c",
            "import dagtop; dagtop.main()",
            "dags",
            "next",
            "cli",
            "-n1",
            "--json",
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "DAGTOP_WORKSPACE": str(root)},
    )
    assert "2097-05-02T03:00:00" in following.stdout, following.stderr
    reset = run_command(root, "dags", "schedule", "cli", "--reset", "--json").document
    assert (reset["former"], reset["expression"]) == ("0 3 * * *", None)
