"""What is known of what ended a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.execution.processes import out_of_memory_kills

VMSTAT = "nr_free_pages 12\noom_kill 3\nswap_ra 0\n"
EVENTS = "low 0\nhigh 0\nmax 9\noom 4\noom_kill 2\noom_group_kill 0\n"


def put(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


@pytest.mark.parametrize(
    ("group", "events", "kills"),
    [
        ("0::/user.slice/a b\n", "sys/fs/cgroup/user.slice/a b/memory.events", 5),
        ("1:cpu:/x\n0::/host/path\n", "sys/fs/cgroup/memory.events", 5),  # seen in a container
        ("4:memory:/x\n", "sys/fs/cgroup/x/memory.events", 3),  # cgroup v1
        ("0::/\n", "elsewhere", 3),
    ],
)
def test_kills_for_want_of_memory_are_those_of_the_machine_and_of_the_control_group(
    tmp_path: Path, group: str, events: str, kills: int
) -> None:
    put(tmp_path, "proc/self/cgroup", group)
    put(tmp_path, "proc/vmstat", VMSTAT)
    put(tmp_path, events, EVENTS)
    assert out_of_memory_kills(tmp_path) == kills


def test_where_the_machine_does_not_tell_the_control_group_does(tmp_path: Path) -> None:
    assert out_of_memory_kills(tmp_path / "nothing") == 0
    put(tmp_path, "proc/vmstat", "nr_free_pages 12\n")
    put(tmp_path, "proc/self/cgroup", "0::/a\n")
    put(tmp_path, "sys/fs/cgroup/a/memory.events", EVENTS)
    assert out_of_memory_kills(tmp_path) == 2
