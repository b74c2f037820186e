"""A machine that stands still, for snapshots."""

from __future__ import annotations

from pathlib import Path

from app.tui.machine import Machine

GIB = 1 << 30
MACHINE = Machine(
    cpu=15,
    cores=(20, 10, 10, 20, 0, 0, 30, 90),
    load=1.5,
    memory_used=9 * GIB,
    memory_total=16 * GIB,
    swap_used=GIB // 2,
    swap_total=2 * GIB,
    disk_used=430 * GIB,
    disk_total=468 * GIB,
    disk_read=0,
    disk_write=1_200_000,
    net_in=340_000,
    net_out=0,
    history=(5, 10, 15, 40, 90, 15),
)


class FrozenSampler:
    """Always sees the same machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def sample(self) -> Machine:
        return MACHINE
