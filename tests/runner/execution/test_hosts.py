"""Hosts of pipeline files, as their owner sees them."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from runner.execution import hosts
from runner.execution.hosts import HostEvents, Hosts
from store.config import RunnerConfig
from store.workspace import Workspace


def test_a_base_host_that_does_not_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hosts, "BASE_PATIENCE", 0.2)

    async def work() -> None:
        events = HostEvents(lambda *_: None, lambda *_: None, lambda *_: None)
        made = Hosts(Workspace(tmp_path), asyncio.get_running_loop(), events, RunnerConfig())
        made.start_base()
        assert made._base is not None
        assert made._base_process is not None
        pid = made._base_process.pid
        os.kill(pid, signal.SIGSTOP)
        made._base.close()
        began = time.monotonic()
        made.start_base()
        assert time.monotonic() - began < 5
        assert made._base_process.pid != pid
        assert f"the base host (pid {pid}) does not end by itself: it is killed" in caplog.text
        os.kill(made._base_process.pid, signal.SIGSTOP)
        made.close()

    asyncio.run(work())
