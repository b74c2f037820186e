"""Which files of ``dags/`` are pipeline files, whatever else lies there."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runner.daemon.pipelines import RETRY_PAUSE, find_files, next_attempt
from store.workspace import Workspace
from tests.support.live import Live, wait_for

GOOD = "from dagtop import DAG\ndag = DAG('{}')\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "dags" / "sub").mkdir(parents=True)
    (tmp_path / "dags" / "b.py").write_text(GOOD.format("b"))
    (tmp_path / "dags" / "sub" / "a.py").write_text(GOOD.format("a"))
    return Workspace(tmp_path)


def found(workspace: Workspace) -> list[str]:
    return list(find_files(workspace))


def test_files_come_before_those_of_deeper_folders(workspace: Workspace) -> None:
    assert found(workspace) == ["dags/b.py", "dags/sub/a.py"]


def test_each_folder_is_looked_at_once_however_many_links_lead_to_it(workspace: Workspace) -> None:
    for name in ("again", "sub/up", "sub/up2", "sub/self"):
        target = workspace.dags / "sub" if name == "sub/self" else workspace.dags
        (workspace.dags / name).symlink_to(target)
    (workspace.dags / "round").symlink_to("round")
    assert found(workspace) == ["dags/b.py", "dags/sub/a.py"]


def test_a_linked_folder_of_elsewhere_belongs_to_the_pipelines(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "c.py").write_text(GOOD.format("c"))
    (workspace.dags / "alias").symlink_to(tmp_path / "team")
    assert found(workspace) == ["dags/b.py", "dags/alias/c.py", "dags/sub/a.py"]


def test_a_link_to_a_folder_of_the_pipelines_does_not_rename_its_files(
    workspace: Workspace,
) -> None:
    (workspace.dags / "alias").symlink_to(workspace.dags / "sub")
    assert found(workspace) == ["dags/b.py", "dags/sub/a.py"]


def test_a_named_pipe_is_not_read(workspace: Workspace) -> None:
    os.mkfifo(workspace.dags / "pipe.py")
    os.mkfifo(workspace.dags / "pipe.txt")
    assert found(workspace) == ["dags/b.py", "dags/pipe.py", "dags/sub/a.py"]


def test_names_that_are_not_utf8_are_written_with_escapes(workspace: Workspace) -> None:
    path = os.fsencode(workspace.dags) + b"/caf\xe9.py"
    with open(path, "w") as file:
        file.write(GOOD.format("c"))
    assert found(workspace) == ["dags/b.py", "dags/caf\\xe9.py", "dags/sub/a.py"]


def test_strange_files_are_told_of_once_and_stop_no_other(own: Live) -> None:
    dags = own.workspace.dags
    os.mkfifo(dags / "pipe.py")
    (dags / "loop").symlink_to(dags)
    (dags / "nowhere.py").symlink_to("gone.py")
    with open(os.fsencode(dags) + b"/caf\xe9.py", "w") as file:
        file.write(GOOD.format("c"))
    with open(os.fsencode(dags) + b"/data\xe9.txt", "w") as file:
        file.write("1")
    own.write(
        "good.py",
        "import os\nfor n in os.listdir('dags'):\n    n.endswith('.txt') and "
        "open('dags/' + n).read()\n" + GOOD.format("good"),
    )
    own.start()
    own.wait_for_dag("good")
    errors = wait_for(
        lambda: (
            len(rows := own.query("SELECT file, error FROM pipeline_file ORDER BY 1")) == 4
            and dict(rows)
        ),
        what="all files",
    )
    assert errors == {
        "dags/caf\\xe9.py": "dags/caf\\xe9.py: its name is not valid UTF-8: rename the file",
        "dags/good.py": None,
        "dags/nowhere.py": "dags/nowhere.py: the file can't be read: No such file or directory",
        "dags/pipe.py": "dags/pipe.py: it is a named pipe and no file: remove it",
    }
    with open(os.fsencode(dags) + b"/data\xe9.txt", "w") as file:
        file.write("2")  # the watch on the folder can't tell of it, and goes on
    own.write("later.py", GOOD.format("later"))
    own.wait_for_dag("later", timeout=9)  # files are looked at each 10 s in any case
    assert own.value("SELECT count(*) FROM event WHERE kind = 'import_error'") == 3
    assert "not watched" not in own.log_text()


SLOW = """
import os, time
from dagtop import DAG
with open("imports", "a") as file:
    file.write("{word}\\n")
while not os.path.exists("gate"):
    time.sleep(0.01)
dag = DAG("{word}")
"""


def imports(workspace: Live) -> list[str]:
    path = workspace.workspace.root / "imports"
    return path.read_text().split() if path.exists() else []


def test_a_slow_import_is_not_begun_again_by_what_happens_meanwhile(own: Live) -> None:
    own.write("slow.py", SLOW.format(word="slow"))
    own.start()
    wait_for(lambda: imports(own), what="the import")
    own.write("other.py", GOOD.format("other"))  # has all files looked at
    own.wait_for_dag("other")
    (own.workspace.root / "gate").touch()
    own.wait_for_dag("slow")
    own.write("last.py", GOOD.format("last"))
    own.wait_for_dag("last")
    assert imports(own) == ["slow"]


def test_a_file_changed_while_it_is_imported_is_imported_again(own: Live) -> None:
    own.write("slow.py", SLOW.format(word="slow"))
    own.start()
    wait_for(lambda: imports(own), what="the import")
    own.write("slow.py", SLOW.format(word="new"))
    own.write("other.py", GOOD.format("other"))
    own.wait_for_dag("other")
    (own.workspace.root / "gate").touch()
    own.wait_for_dag("new", timeout=8)
    assert imports(own) == ["slow", "new"]


def test_a_text_that_is_no_unicode_is_an_import_error(own: Live) -> None:
    own.write("half.py", "from dagtop import DAG\ndag = DAG('half', doc_md='a\\ud800')\n")
    own.start()
    error = wait_for(lambda: own.value("SELECT error FROM pipeline_file"), what="the file")
    assert error == (
        "dags/half.py: what it defines can't be stored: a text in it is not valid Unicode"
    )


def test_a_file_that_never_was_good_leaves_nothing_when_it_goes(own: Live) -> None:
    def errors() -> list[str]:
        query = "SELECT file FROM pipeline_file WHERE error IS NOT NULL ORDER BY file"
        return [file for (file,) in own.query(query)]

    own.write("good.py", GOOD.format("good"))
    own.write("bad.py", "import dagtop\n1 / 0\n")
    own.write("slow.py", "import dagtop, time\nopen('begun', 'w').close()\ntime.sleep(1)\n1 / 0\n")
    own.start()
    wait_for(lambda: errors() == ["dags/bad.py", "dags/slow.py"], what="two import errors")
    (own.workspace.root / "begun").unlink()
    slow = own.write("slow.py", "import dagtop, time\nopen('begun', 'w').close()\ntime.sleep(2)\n")
    wait_for((own.workspace.root / "begun").exists, what="the import")
    slow.unlink()
    (own.workspace.dags / "bad.py").unlink()
    wait_for(lambda: not errors(), what="no import error", timeout=8)
    own.wait_for_dag("good")


def test_an_import_that_takes_long_to_fail_is_tried_again_less_often() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert next_attempt(at, 0.1) == next_attempt(at, None) == at + timedelta(minutes=1)
    assert next_attempt(at, 30.0) == at + timedelta(minutes=5)


def test_what_could_not_be_imported_is_tried_again_though_no_file_has_changed(
    own: Live, tmp_path: Path
) -> None:
    there = tmp_path / "a_server"
    own.write("needs.py", f"assert open({str(there)!r})\n" + GOOD.format("needs"))
    own.start()
    failed = "SELECT error FROM pipeline_file WHERE file LIKE '%needs.py'"
    assert "No such file" in wait_for(lambda: own.value(failed), what="the import error")
    there.touch()
    earlier = int(RETRY_PAUSE.total_seconds() * 1_000_000)
    with own.store.write() as connection:
        connection.exec_driver_sql(f"UPDATE pipeline_file SET parsed_at = parsed_at - {earlier}")
    own.write("other.py", GOOD.format("other"))  # all files are looked at now
    own.wait_for_dag("needs")
    assert own.value(failed) is None
