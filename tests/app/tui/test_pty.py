"""The real program in a pseudo-terminal: what it writes, and how it leaves the terminal."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sql

from store import models
from store.workspace import Workspace
from tests.app.tui.world import World, fill_recommend, structure_of
from tests.support.terminal import Terminal, the_ui

ROOT = Path(__file__).resolve().parents[3]
OURS = re.compile(
    rb"\x1b\[\d*(?:;\d+)*[HCm]"  # position, style
    rb"|\x1b\[\?(?:1049|1000|1003|1015|1006|25|1004|2004|7|2026|2048)[hl]"  # modes
    rb"|\x1b\[\?(?:2026|2048)\$p"  # questions
    rb"|\x1b\[[<>]\d*u"  # keyboard protocol
    rb"|\x1b\[2[23];0t|\x1b\]2;dagtop [^\x00-\x1f\x7f]*\x07"  # the title
)
"""All that the UI itself ever sends. Anything else would come from data."""


@contextmanager
def running(workspace: Workspace, **environment: str) -> Iterator[Terminal]:
    """The UI in a terminal. Nothing is remembered from before."""
    home = Path(tempfile.mkdtemp(dir=workspace.root.parent))
    with the_ui(workspace, home, environment) as terminal:
        yield terminal


def seen(text: str) -> Callable[[bytes], bool]:
    return lambda output: text.encode() in output


def strangers(output: bytes) -> list[bytes]:
    """Control characters that the UI doesn't send of itself."""
    rest = OURS.sub(b"", output)
    text = rest.decode("utf-8", "replace")
    return [c.encode() for c in text if ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202e\u2066"]


def test_no_control_sequence_of_data_reaches_the_terminal(
    workspace_of: Callable[[str], Workspace],
) -> None:
    with running(workspace_of("hostile")) as terminal:
        terminal.read_until(seen("markup"))
        os.write(terminal.fd, b"e")
        terminal.read_until(seen("Traceback"))
        terminal.press(b"\x1b", seen("markup"))
        terminal.press(b"jjj\r", seen("TASK"))
        terminal.press(b"i", seen("boom"))
        terminal.press(b"r", seen("logical date"))
        terminal.press(b"\x1b", seen("TASK"))
        terminal.press(b"\r", seen("progress 99%"))
        terminal.press(b"\x1b", seen("TASK"))
        terminal.press(b"c", seen("run again"))
        os.write(terminal.fd, b"n")
        terminal.press(b"q", seen("\x1b[?1049l"))
        assert terminal.end() == 0
    assert b"pwned" not in terminal.output
    assert strangers(terminal.output.replace(b"\r\n", b"")) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal(
    number: signal.Signals, workspace_of: Callable[[str], Workspace]
) -> None:
    with running(workspace_of("normal")) as terminal:
        terminal.read_until(seen("recommend"))
        during = termios.tcgetattr(terminal.fd)
        os.kill(terminal.pid, number)
        output = terminal.read_until(seen("\x1b[?25h"))
        after = termios.tcgetattr(terminal.fd)
        assert terminal.end() == 128 + number
    for restored in ("\x1b[?1049l", "\x1b[?25h", "\x1b[?1003l", "\x1b[?1000l", "\x1b[?2004l"):
        assert restored.encode() in output, restored
    assert during[3] != terminal.modes[3]
    assert after[3] == terminal.modes[3]


def test_quitting_restores_the_terminal(workspace_of: Callable[[str], Workspace]) -> None:
    with running(workspace_of("normal")) as terminal:
        terminal.read_until(seen("recommend"))
        assert b"\x1b[?25h" in terminal.press(b"q", seen("\x1b[?25h"))
        assert terminal.end() == 0


def test_an_editor_has_the_terminal_for_itself_and_gives_it_back(world: World) -> None:
    fill_recommend(world)
    root = world.workspace.root
    (root / "dags").mkdir(exist_ok=True)
    (root / "dags/1.py").write_text("# a pipeline\n")
    script, told = root / "nano", root / "told"
    script.write_text(
        "#!/bin/sh\ntrap 'echo INTERRUPTED' INT\n"
        f"printf '%s\\n' \"$@\" >{told}\necho EDITING\n"
        'until read -r line; do :; done\necho "GOT $line"\n'
    )
    script.chmod(0o755)
    with running(world.workspace, VISUAL=f"{script} --softwrap") as terminal:
        terminal.read_until(seen("recommend"))
        during = termios.tcgetattr(terminal.fd)
        terminal.press(b"\r", seen("TASK"))
        terminal.press(b"8", seen("a pipeline"))
        terminal.press(b"V", seen("EDITING"))
        assert termios.tcgetattr(terminal.fd)[3] == terminal.modes[3]
        terminal.press(b"\x03", seen("INTERRUPTED"))
        terminal.resize(100, 30)
        terminal.press(b"q\n", seen("GOT q"))
        said, painted = seen("back from dags/1.py"), seen("a pipeline")
        terminal.read_until(lambda output: said(output) and painted(output))
        assert termios.tcgetattr(terminal.fd)[3] == during[3]
        terminal.press(b"q", seen("\x1b[?1049l"))
        assert terminal.end() == 0
    assert told.read_text().split("\n") == ["--softwrap", "+1", str(root / "dags/1.py"), ""]


def test_without_an_error_the_editor_opens_where_the_task_is_defined(world: World) -> None:
    version = world.dag("etl", structure_of("etl", ["load", "work"]))
    run = world.run("etl", version, "success", ago=timedelta(hours=1), run_id="r")
    world.instance("etl", run, "load", "success", log=b"loaded\n")
    world.instance("etl", run, "work", "success")
    text = "# a pipeline\n\n@task\ndef load(): ...\n\n@task\ndef work(): ...\n"
    with world.store.write() as connection:
        connection.execute(sql.update(models.source).values(text=text))
    root = world.workspace.root
    (root / "dags").mkdir(exist_ok=True)
    (root / "dags/1.py").write_text(text)
    script, told = root / "nano", root / "told"
    script.write_text(f'#!/bin/sh\necho "$1" >>{told}\n')
    script.chmod(0o755)
    with running(world.workspace, VISUAL=str(script)) as terminal:
        terminal.read_until(seen("etl"))
        terminal.press(b"\r", seen("TASK"))
        terminal.press(b"j", seen("work"))
        terminal.press(b"V", seen("back from dags/1.py"))
        terminal.press(b"k\r", seen("loaded"))
        terminal.press(b"V", seen("back from dags/1.py"))
        terminal.press(b"q", seen("\x1b[?1049l"))
        assert terminal.end() == 0
    assert told.read_text().split() == ["+7", "+4"]


def test_an_editor_that_is_not_there_is_said_and_the_screen_comes_back(world: World) -> None:
    fill_recommend(world)
    root = world.workspace.root
    (root / "dags").mkdir(exist_ok=True)
    (root / "dags/1.py").write_text("# a pipeline\n")
    with running(world.workspace, VISUAL="/nowhere/nosuch-editor") as terminal:
        terminal.read_until(seen("recommend"))
        during = termios.tcgetattr(terminal.fd)
        terminal.press(b"\r", seen("TASK"))
        terminal.press(b"8", seen("a pipeline"))
        said, painted = seen("nosuch-editor can't be started"), seen("a pipeline")
        os.write(terminal.fd, b"V")
        terminal.read_until(lambda output: said(output) and painted(output))
        assert termios.tcgetattr(terminal.fd)[3] == during[3]
        terminal.press(b"q", seen("\x1b[?1049l"))
        assert terminal.end() == 0


def test_an_editor_at_a_line_of_an_older_version_is_followed_by_a_word_of_it(world: World) -> None:
    version = world.dag("etl")
    run = world.run("etl", version, "failed", ago=timedelta(hours=1), run_id="r")
    place = {"error_type": "ValueError", "error_place": "dags/1.py:1"}
    world.instance("etl", run, "work", "failed", tries=[{"state": "failed", **place}])
    (world.workspace.root / "dags").mkdir(exist_ok=True)
    (world.workspace.root / "dags/1.py").write_text("# another pipeline\n")
    of, source = models.dag_version, models.source
    with world.store.write() as connection:
        one = dict(connection.execute(sql.select(of).where(of.c.id == version)).one()._mapping)
        new = {"id": 99, "number": 2, "digest": "other", "source_digest": "new"}
        connection.execute(sql.insert(source).values(digest="new", text="# another pipeline\n"))
        connection.execute(sql.insert(of).values({**one, **new}))
        connection.execute(sql.update(models.dag).values(version_id=99))
    with running(world.workspace, VISUAL="true") as terminal:
        terminal.read_until(seen("etl"))
        terminal.press(b"\r", seen("TASK"))
        terminal.press(b"8", seen("another pipeline"))
        first = terminal.press(b"V", seen("back from dags/1.py"))
        assert b"changed" not in first, "it is the newest"
        terminal.press(b"<", seen("older than current"))
        terminal.press(b"V", seen("has changed since version 1"))
        terminal.press(b"1", seen("TASK"))
        terminal.press(b"r", seen("what failed"))
        terminal.press(b"V", seen("has changed since version 1"))
        terminal.press(b"q", seen("\x1b[?1049l"))
        assert terminal.end() == 0


def test_nothing_is_sent_while_nothing_changes(workspace_of: Callable[[str], Workspace]) -> None:
    with running(workspace_of("normal")) as terminal:
        terminal.read_until(seen("recommend"))
        terminal.read_until(seen("\x1b]2;dagtop"))  # the store is open
        terminal.quiet(1.0)
        assert not select.select([terminal.fd], [], [], 3.0)[0]


def test_no_colour_means_no_colour(workspace_of: Callable[[str], Workspace]) -> None:
    with running(workspace_of("normal"), NO_COLOR="1") as terminal:
        terminal.read_until(seen("recommend"))
        terminal.press(b"q", seen("\x1b[?1049l"))
        terminal.end()
    colours = re.findall(rb"\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[0-9;]*m", terminal.output)
    assert colours == []


@pytest.mark.parametrize("term", ["linux", "vt100"])
def test_without_unicode_all_is_ascii_and_only_sixteen_colours(
    term: str, workspace_of: Callable[[str], Workspace]
) -> None:
    with running(workspace_of("hostile"), LC_ALL="C", TERM=term, COLORTERM="") as terminal:
        terminal.read_until(seen("markup"))
        terminal.press(b"jjj\r", seen("TASK"))
        terminal.press(b"t", seen("trigger"))
        terminal.quiet()
        terminal.press(b"\x1b", seen("TASK"))
        terminal.press(b"q", seen("\x1b[?1049l"))
        assert terminal.end() == 0
    beyond = [
        terminal.output[max(0, i - 30) : i + 9] for i, c in enumerate(terminal.output) if c > 127
    ]
    assert beyond == []
    assert b"+- " in terminal.output
    assert not re.search(rb"\x1b\[[0-9;]*[34]8;[25];", terminal.output)


def test_a_terminal_that_answers_nothing_is_drawn_on_all_the_same(
    workspace_of: Callable[[str], Workspace],
) -> None:
    with running(workspace_of("normal")) as terminal:
        terminal.says = b""
        terminal.read_until(seen("recommend"))
        terminal.press(b"jjjj\r", seen("TASK"))
        terminal.press(b"q", seen("\x1b[?25h"))
        assert terminal.end() == 0
    assert b"\x1b[?2026h" not in terminal.output


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_dumb_terminal_is_refused_with_a_sentence(
    term: str, workspace_of: Callable[[str], Workspace]
) -> None:
    with running(workspace_of("normal"), TERM=term) as terminal:
        assert terminal.end() == 2
    assert b"can't draw on a terminal of type" in terminal.output
    assert b"\x1b" not in terminal.output


def test_without_a_terminal_it_says_what_to_use_instead(tmp_path: Path) -> None:
    code = "import sys; from app.tui import unfit_terminal; print(unfit_terminal())"
    result = subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert "dagtop dags list" in result.stdout


def test_importing_the_ui_loads_neither_textual_nor_sqlalchemy() -> None:
    code = "import app.tui, sys; print([m for m in ('textual', 'sqlalchemy') if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert result.stdout.strip() == "[]"


def test_the_first_screen_is_made_without_sqlalchemy() -> None:
    code = (
        "import sys, app.tui.application, app.tui.screens.dags, app.tui.driver; "
        "print('sqlalchemy' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert result.stdout.strip() == "False"
