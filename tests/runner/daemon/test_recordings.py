"""Recordings through a real runner: scripts, what tasks start, killed ones, damaged ones."""

from __future__ import annotations

import os
import signal
import struct
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

from runner.journal.place import NoWorkspace, find_place
from store.workspace import Workspace
from tests.support.live import ROOT, Live, wait_for
from tests.support.scripts import ran, script

LOGS = """
import dagtop
dagtop.log_param("lr", 0.1)
for step in range(3):
    dagtop.log_metric("loss", 1.0 / (step + 1), step=step)
dagtop.set_tag("team", "blue")
dagtop.log_text("hello", "notes/a.txt")
"""


def runs(live: Live, where: str = "1 = 1") -> list[tuple[Any, ...]]:
    return live.query(
        "SELECT t.name, p.name, e.name, t.status, t.task_id FROM tracked_run t "
        "JOIN experiment e ON e.id = t.experiment_id LEFT JOIN tracked_run p ON p.id = t.parent_id "
        f"WHERE {where} ORDER BY t.id"
    )


def files(live: Live) -> list[str]:
    folder = live.workspace.recordings
    return sorted(os.listdir(folder)) if folder.is_dir() else []


def wait_until_read(live: Live) -> None:
    def look() -> bool:
        return not [name for name in files(live) if "." not in name]

    wait_for(look, what=f"the recordings to be read: {files(live)}")


def test_a_script_is_recorded_and_its_run_ends_with_it(own: Live) -> None:
    own.start()
    ran(script(own, LOGS))
    wait_until_read(own)
    assert runs(own) == [("train", None, "Default", "FINISHED", None)]
    assert own.query("SELECT key, value FROM param") == [("lr", "0.1")]
    assert own.query("SELECT key, count, last_step FROM metric") == [("loss", 3, 2)]
    assert own.query("SELECT path, size FROM artifact") == [("notes/a.txt", 5)]
    assert own.value("SELECT user_id FROM tracked_run") != ""
    assert own.value("SELECT count(*) FROM recording WHERE closed_at IS NOT NULL") == 1


def test_what_is_recorded_without_a_runner_is_read_by_the_next_one(own: Live) -> None:
    own.workspace.create_state_folder()
    ran(script(own, LOGS))
    (only,) = files(own)
    folder = own.workspace.recordings
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / only).stat().st_mode & 0o777 == 0o600
    own.start()
    wait_until_read(own)
    assert runs(own) == [("train", None, "Default", "FINISHED", None)]


SEVERAL = """
import dagtop
dagtop.set_experiment("others")
with dagtop.start_run(run_name="outer") as outer:
    with dagtop.start_run(run_name="inner", nested=True):
        dagtop.log_metric("loss", float("nan"))
dagtop.log_param("implicit", 1)
dagtop.end_run()
dagtop.log_param("implicit", 2)
with dagtop.start_run(run_id=outer.info.run_id):
    dagtop.set_tag("again", "yes")
raise ValueError("no")
"""


def test_runs_of_a_script_nest_and_fail_with_the_exception_that_ends_it(shared: Live) -> None:
    before = shared.value("SELECT coalesce(max(id), 0) FROM tracked_run")
    assert "ValueError: no" in ran(script(shared, SEVERAL, name="several.py"), 1)
    wait_until_read(shared)
    assert runs(shared, f"t.id > {before}") == [
        ("outer", None, "others", "FINISHED", None),
        ("inner", "outer", "others", "FINISHED", None),
        ("several", None, "others", "FINISHED", None),
        ("several", None, "others", "FAILED", None),
    ]


KILLED = """
import time, dagtop
dagtop.start_run(run_name="killed")
for step in range(20_000):
    dagtop.log_metric("loss", 1.0, step=step)
time.sleep(0.2)
print("ready", flush=True)
time.sleep(60)
"""


def test_a_killed_script_keeps_its_points_and_its_run_is_killed(shared: Live) -> None:
    process = script(shared, KILLED)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    wait_for(lambda: runs(shared, "t.name = 'killed'"), what="the run")
    assert runs(shared, "t.name = 'killed'")[0][3] == "RUNNING"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    wait_for(lambda: runs(shared, "t.name = 'killed'")[0][3] == "KILLED", what="its end")
    query = "SELECT count FROM metric m JOIN tracked_run t ON t.id = m.run_id WHERE name = 'killed'"
    assert shared.value(query) == 20_000
    wait_until_read(shared)


def test_a_runner_that_was_killed_goes_on_where_it_was(own: Live) -> None:
    own.start()
    text = """
    import pathlib, time, dagtop
    dagtop.start_run(run_name="long")
    dagtop.log_metric("loss", 1.0)
    time.sleep(0.1)
    print("ready", flush=True)
    while not pathlib.Path("go").exists():
        time.sleep(0.01)
    dagtop.log_metric("loss", 2.0, step=1)
    """
    process = script(own, text)
    wait_for(lambda: own.value("SELECT count FROM metric") == 1, what="the first point")
    own.kill()
    (own.workspace.root / "go").touch()
    ran(process)
    own.start()
    wait_until_read(own)
    assert own.query("SELECT count FROM metric") == [(2,)]
    assert runs(own) == [("long", None, "Default", "FINISHED", None)]


OF_A_TASK = """
from dagtop import DAG, BashOperator
with DAG("of_a_task", is_paused_upon_creation=False):
    BashOperator(task_id="train", bash_command="{python} {script}")
"""
STARTED = """
import dagtop
dagtop.log_metric("loss", 1.0)
with dagtop.start_run(run_name="fold", nested=True):
    dagtop.log_metric("loss", 2.0)
with dagtop.start_run(run_name="beside"):
    dagtop.log_metric("loss", 3.0)
"""


def test_what_a_task_starts_logs_to_the_run_of_its_try(shared: Live, tmp_path: Path) -> None:
    path = tmp_path / "inner.py"
    path.write_text(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{STARTED}")
    shared.write("of_a_task.py", OF_A_TASK.format(python=sys.executable, script=path))
    state, _ = shared.run("of_a_task")
    assert state == "success"
    wait_until_read(shared)
    own = "train try 1"
    assert runs(shared, "t.dag_id = 'of_a_task'") == [
        (own, None, "of_a_task", "FINISHED", "train"),
        ("fold", own, "of_a_task", "FINISHED", "train"),
        ("beside", own, "of_a_task", "FINISHED", "train"),
    ]


FORKS = """
import os, dagtop
with dagtop.start_run(run_name="forks"):
    dagtop.log_metric("loss", 1.0)
    if os.fork() == 0:
        dagtop.log_metric("loss", 2.0, step=1)
        os._exit(0)
    os.wait()
    dagtop.log_metric("loss", 3.0, step=2)
"""


def test_a_forked_child_logs_to_the_run_of_its_parent_in_a_recording_of_its_own(
    own: Live,
) -> None:
    own.workspace.create_state_folder()
    ran(script(own, FORKS))
    assert len(files(own)) == 2
    own.start()
    wait_until_read(own)
    assert runs(own) == [("forks", None, "Default", "FINISHED", None)]
    assert own.query("SELECT count, last_step FROM metric") == [(3, 2)]


def test_two_scripts_at_once_have_runs_of_their_own(own: Live) -> None:
    own.start()
    several = [script(own, LOGS, name=f"train{n}.py") for n in range(2)]
    for process in several:
        ran(process)
    wait_until_read(own)
    assert sorted(runs(own)) == [(f"train{n}", None, "Default", "FINISHED", None) for n in range(2)]


def frame(payload: bytes) -> bytes:
    return struct.pack(">II", len(payload), zlib.crc32(payload)) + payload


OPENED = frame(b'["opened",1.7e9,1,"x","host","me","/","python",null]')
GARBAGE = b"garbage, and much of it" * 10
BAD_CHECKSUM = b"\x00\x00\x00\x05\x00\x00\x00\x00wrong"
HUGE, TORN = b"\xff\xff\xff\xff\x00\x00\x00\x00", b"\x00\x00\x01"
BAD_POINTS = frame(b'["metric","loss",7,"AAAA",""]')


@pytest.mark.parametrize(
    ("head", "tail", "status"),
    [
        (b"", GARBAGE, None),
        (b"", b"", None),
        (b"run", b"", None),
        (b"opened run", BAD_CHECKSUM, "KILLED"),
        (b"opened run", HUGE, "KILLED"),
        (b"opened run", BAD_POINTS, None),
        (b"opened run", TORN, "KILLED"),
    ],
    ids=["garbage", "empty", "nobody's", "bad checksum", "huge record", "bad points", "torn"],
)
def test_a_damaged_recording_stops_nothing(
    shared: Live, head: bytes, tail: bytes, status: str | None
) -> None:
    folder = shared.workspace.recordings
    folder.mkdir(mode=0o700, exist_ok=True)
    before = set(files(shared))
    uuid = f"{time.time_ns():032x}"
    begun = frame(f'["run",1.7e9,"{uuid}","written","",""]'.encode())
    content = (OPENED if b"opened" in head else b"") + (begun if b"run" in head else b"") + tail
    path = folder / f"{time.time_ns():x}-1"
    path.with_name(f".{path.name}").write_bytes(content)
    path.with_name(f".{path.name}").rename(path)
    wait_until_read(shared)
    found = shared.value("SELECT status FROM tracked_run WHERE uuid = ?", uuid)
    assert found == status
    aside = set(files(shared)) - before
    assert [name.endswith(".damaged") for name in aside] == ([] if tail == TORN else [True])
    ran(script(shared, LOGS, name="after.py"))
    wait_until_read(shared)
    assert runs(shared, "t.name = 'after'")[-1][3] == "FINISHED"


def test_a_script_without_a_workspace_is_told_so_in_one_sentence(own: Live, tmp_path: Path) -> None:
    error = ran(script(own, LOGS, folder=tmp_path), 1)
    assert error.splitlines()[-1].endswith(
        f"there is no workspace in {tmp_path} or above it to record in: run 'dagtop init' to make "
        "one here, or name one with DAGTOP_WORKSPACE"
    )
    error = ran(script(own, LOGS, DAGTOP_WORKSPACE="/nowhere/at/all"), 1)
    assert "DAGTOP_WORKSPACE names /nowhere/at/all, which is not a folder" in error


def test_a_process_finds_the_workspace_that_the_store_finds(tmp_path: Path) -> None:
    with pytest.raises(NoWorkspace):
        find_place({}, str(tmp_path))
    deep = tmp_path / ("x" * 90) / "dags" / "deeper"
    deep.mkdir(parents=True)
    place, workspace = find_place({}, str(deep)), Workspace(deep.parents[1])
    assert place.root == str(workspace.root)
    assert place.recordings == str(workspace.recordings)
    assert place.doorbell == str(workspace.doorbell)
    assert place.questions == str(workspace.questions)
    assert find_place({"DAGTOP_WORKSPACE": str(tmp_path)}, "/").root == str(tmp_path)
    journal = str(workspace.journal(3, 4))
    assert place.try_journal({"DAGTOP_TRY": journal}) == (4, journal)
    assert place.try_journal({"DAGTOP_TRY": "/elsewhere/.dagtop/tries/3/4/journal"}) is None


AT_ONCE = """
import sys, threading
sys.setswitchinterval(1e-6)
import dagtop
barrier = threading.Barrier(16)
def log(number):
    barrier.wait()
    dagtop.log_param(f"p{number}", number)
    for step in range(100):
        dagtop.log_metric("loss", number, step=step)
threads = [threading.Thread(target=log, args=(number,)) for number in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_threads_that_begin_at_the_same_time_log_to_one_run(own: Live) -> None:
    own.workspace.create_state_folder()
    ran(script(own, AT_ONCE))
    assert len(files(own)) == 1
    own.start()
    wait_until_read(own)
    assert runs(own) == [("train", None, "Default", "FINISHED", None)]
    assert own.value("SELECT count(*) FROM param") == 16
    assert own.query("SELECT key, count FROM metric") == [("loss", 1600)]
