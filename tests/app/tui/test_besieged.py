"""Hostile data in every field: no screen, dialog or file lets any of it through."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.tui.spans import span
from store.workspace import Workspace
from tests.app.tui.driving import app_of, opened, text_of
from tests.app.tui.everywhere import ACTING, SCREENS, go
from tests.app.tui.test_pty import strangers
from tests.app.tui.walker import UNSAFE
from tests.app.tui.world_besieged import EVIL
from tests.support.terminal import LOOKS, terminal

COPIES = re.compile(rb"\x1b\]52;c;[A-Za-z0-9+/=]*\x07")


@pytest.mark.timeout(300)
def test_nothing_of_the_data_reaches_terminal_or_files(
    workspace_of: Callable[[str], Workspace], tmp_path: Path
) -> None:
    workspace = workspace_of("besieged")
    command = [
        sys.executable, "-m", "tests.app.tui.walker", str(workspace.root), str(tmp_path),
    ]  # fmt: skip
    with terminal(command, LOOKS, (120, 40)) as one:
        one.read_until(lambda output: b"\x1b[?1049l" in output, timeout=280.0)
        assert one.end() == 0, one.output[-3000:].decode("utf-8", "replace")
    if os.environ.get("DAGTOP_TEST_RECORD"):
        Path(os.environ["DAGTOP_TEST_RECORD"]).write_bytes(one.output)
    output = COPIES.sub(b"", one.output).replace(b"\r\n", b"")
    assert strangers(output) == []
    assert output.count(b"\x1b[?1049h") == output.count(b"\x1b[?1049l") == 1
    assert (tmp_path / "leaks.txt").read_text(encoding="utf-8") == ""
    written = sorted(tmp_path.iterdir())
    assert {path.suffix for path in written} >= {".txt", ".svg", ".csv", ".json"}
    assert len(written) > 2 * len(SCREENS)
    for path in written:
        if path.suffix in (".py", ".diff"):  # the source itself, as it is
            continue
        text = path.read_text(encoding="utf-8")
        assert UNSAFE.findall(text) == [], path.name


@pytest.mark.parametrize(
    "name", ["trigger", "schedule", "edit a variable", "edit a connection", "edit a pool"]
)
async def test_the_title_of_a_dialog_is_no_markup(
    name: str, workspace_of: Callable[[str], Workspace]
) -> None:
    async with opened(workspace_of("besieged"), (120, 40)) as pilot:
        await go(app_of(pilot), ACTING[name])
        title = next(line for line in text_of(pilot).splitlines() if "╭" in line)
    assert span(EVIL).text in title
    assert "[b]m[/b]" in title
