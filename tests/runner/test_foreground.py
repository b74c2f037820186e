"""``dags test``, ``dags next`` and ``tasks render``: a DAG in the foreground, without a runner."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.live import RUNNER, live

PIPELINE = """
from datetime import datetime, timedelta
from dagtop import DAG, task, BashOperator, PythonSensor, Variable

looks = []

def seen():
    looks.append(1)
    return len(looks) >= 2

with DAG("whole", schedule="@daily", start_date=datetime(2026, 1, 1), params={"word": "hi"}):
    wait = PythonSensor(task_id="wait", python_callable=seen, mode="reschedule", poke_interval=0.05)

    @task
    def items():
        return [1, 2]

    @task(retries=1, retry_delay=timedelta(hours=1))
    def square(n, ti=None):
        if ti.try_number == 1 and n == 2:
            raise RuntimeError("once")
        return n * n

    @task.branch
    def choose(values):
        return "echo" if sum(values) == 5 else "other"

    echo = BashOperator(task_id="echo", bash_command="echo {{ params.word }} {{ ds }}")
    other = BashOperator(task_id="other", bash_command="exit 1")
    wait >> choose(square.expand(n=items())) >> [echo, other]

with DAG("bad"):
    @task
    def fails():
        Variable.get("nowhere")
    fails()
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreground")
    (folder / "dags").mkdir()
    (folder / "dags" / "whole.py").write_text(PIPELINE)
    (folder / "dags" / "broken.py").write_text("from dagtop import DAG\n1 / 0\n")
    return folder


def foreground(workspace: Path, *words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-P", str(RUNNER), words[0], "--workspace", str(workspace), *words[1:]],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def document(output: str) -> Any:
    """The JSON after what the tasks print."""
    return json.loads(output[output.index("\n{") :])


def test_a_whole_dag_runs_with_sensors_mapping_retries_and_branches(workspace: Path) -> None:
    status, output, _ = foreground(
        workspace,
        "test",
        "whole",
        "--logical-date",
        "2026-02-03",
        "--conf",
        '{"word": "yo"}',
        "--json",
    )
    assert status == 0, output
    states = {
        (task["task_id"], task["map_index"]): (task["state"], task["tries"])
        for task in document(output)["tasks"]
    }
    assert states == {
        ("wait", -1): ("success", 1),
        ("items", -1): ("success", 1),
        ("square", 0): ("success", 1),
        ("square", 1): ("success", 2),
        ("choose", -1): ("success", 1),
        ("echo", -1): ("success", 1),
        ("other", -1): ("skipped", 0),
    }
    assert "yo 2026-02-03" in output


def test_a_failing_dag_ends_with_status_1_and_says_why(workspace: Path) -> None:
    status, output, _ = foreground(workspace, "test", "bad")
    assert status == 1
    assert "fails" in output
    assert "nowhere" in output


def test_a_single_task_can_be_tested(workspace: Path) -> None:
    status, output, _ = foreground(workspace, "test", "whole", "--task", "items")
    assert status == 0
    assert "[1, 2]" in output


def test_an_unknown_dag_is_named_with_the_files_that_could_not_be_read(workspace: Path) -> None:
    status, _, errors = foreground(workspace, "test", "nowhere")
    assert status == 3
    assert "no pipeline file" in errors
    assert "dags/broken.py:2" in errors


def test_next_shows_the_coming_runs(workspace: Path) -> None:
    status, output, _ = foreground(workspace, "next", "whole", "-n", "3", "--json")
    assert status == 0
    rows = json.loads(output)
    assert len(rows) == 3
    assert [row["data_interval_end"] for row in rows] == [row["run_after"] for row in rows]
    status, output, _ = foreground(workspace, "next", "bad")
    assert "no further scheduled run" in output


def test_next_obeys_the_dates_of_a_schedule_set_by_hand(workspace: Path) -> None:
    window = '{"start": "2097-05-01T00:00:00+00:00", "end": "2097-05-02T00:00:00+00:00"}'
    options = ("--schedule=@daily", f"--window={window}", "--json")
    status, output, _ = foreground(workspace, "next", "whole", *options)
    assert status == 0
    dates = [row["logical_date"] for row in json.loads(output)]
    assert dates == ["2097-05-01T00:00:00+00:00", "2097-05-02T00:00:00+00:00"]


def test_render_shows_the_fields_of_one_task(workspace: Path) -> None:
    status, output, _ = foreground(
        workspace, "render", "whole", "echo", "--logical-date", "2026-02-03", "--json"
    )
    assert status == 0
    assert json.loads(output)["bash_command"] == "echo hi 2026-02-03"


STRICT = """
from datetime import datetime
from dagtop import DAG, Param, task

def say(context):
    print("called back:", context["reason"])

with DAG("maps"):
    @task(retries=1, on_retry_callback=say, on_failure_callback=say)
    def items():
        return [1, 2, 3]
    @task
    def use(item): pass
    use.expand(item=items())

number = Param(3, type="integer", minimum=1)
with DAG("asks", params={"n": number}, start_date=datetime(2026, 1, 1)):
    @task
    def look(prev_start_date_success=None, logical_date=None, params=None, ti=None):
        print("previous:", prev_start_date_success, "at", logical_date)
        print("elsewhere:", ti.xcom_pull(dag_id="whole", task_ids="look", key="return_value"))
    look()
"""


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("strict")
    (folder / "dags").mkdir()
    (folder / "dags" / "strict.py").write_text(STRICT)
    (folder / "dagtop.toml").write_text(
        '[runner]\nmax_map_length = 2\nmax_active_tasks = 3\ntimezone = "Europe/Berlin"\n'
    )
    return folder


def test_what_cannot_be_mapped_over_fails_the_task_that_pushed_it(strict: Path) -> None:
    status, output, errors = foreground(strict, "test", "maps", "--json")
    assert status == 1
    tasks = {task["task_id"]: task for task in document(output)["tasks"]}
    assert tasks["items"]["state"] == "failed"
    assert tasks["items"]["tries"] == 2
    assert "has 3 items: at most 2 can be mapped over" in tasks["items"]["error"]
    assert tasks["use"]["state"] == "upstream_failed"
    assert output.count("called back: use maps over the return value of items") == 2
    assert "at most 2" in errors


def test_a_conf_that_a_trigger_would_refuse_is_refused(strict: Path) -> None:
    for conf, said in (
        ('{"n": 0}', "param 'n': 0 is less than the minimum of 1"),
        ("[1]", "the conf must be a JSON object"),
        ("{", "--conf is not valid JSON"),
    ):
        status, output, errors = foreground(strict, "test", "asks", "--conf", conf)
        assert (status, output) == (2, "")
        assert errors.startswith(f"dagtop: {said}")


def test_a_task_may_ask_for_runs_of_the_store(strict: Path) -> None:
    words = ("test", "asks", "--logical-date", "2026-07-01")
    status, output, errors = foreground(strict, *words)
    assert status == 0, errors
    assert "previous: None at 2026-06-30T22:00:00+00:00" in output.replace("30 22", "30T22")
    assert "elsewhere: None" in output
    with live(strict) as workspace:
        workspace.start()
        assert workspace.run("asks", logical_date="2026-06-01T00:00:00+00:00")[0] == "success"
    status, output, errors = foreground(strict, *words)
    assert status == 0, errors
    assert f"previous: {datetime.now(UTC):%Y-%m-}" in output


def test_the_settings_hold_in_the_foreground(strict: Path) -> None:
    (strict / "dagtop.toml").write_text((strict / "dagtop.toml").read_text() + "warm = 1\n")
    status, _, errors = foreground(strict, "test", "maps")
    assert status == 6
    assert "[runner] has no setting warm" in errors


EVIL = r"""
from dagtop import DAG, task, BashOperator
with DAG("evil"):
    @task
    def says():
        raise ValueError("a\x1b]0;title\x07b\x9b31m\nc")
    BashOperator(task_id="echo", bash_command="true \x1b[2J\x9b31m")
    says()
"""


def test_what_data_says_to_the_terminal_is_not_sent_there(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "evil.py").write_text(EVIL)
    broken = r"raise ValueError('no\x1b]0;title\x07\x9b31m way')"
    (tmp_path / "dags" / "broken.py").write_text(f"import dagtop  # a DAG\n{broken}")
    for words, said in (
        (("test", "evil", "--task", "says"), r"tries 1  ValueError: a\x1b]0;title\x07b\x9b31m c"),
        (("test", "broken"), r"no\x1b]0;title\x07\x9b31m way"),
        (("render", "evil", "echo"), r"true \x1b[2J\x9b31m"),
    ):
        _, output, errors = foreground(tmp_path, *words)
        assert said in output + errors
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", output + errors)
