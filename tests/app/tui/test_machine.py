"""Samples of the machine: steady where nothing happens, and true."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import types
from pathlib import Path

import pytest

from app.tui import machine
from app.tui.machine import MachineSampler, ProcessSampler, Settler, Watch, two_digits


def test_a_figure_that_wavers_stays_where_it_is_shown() -> None:
    settle = Settler()
    shown = [settle.step("cpu", value, 5) for value in (6, 8, 2, 9, 1, 11, 7, 14)]
    assert shown == [5, 5, 5, 5, 5, 10, 10, 10]


def test_a_quiet_line_has_no_rate() -> None:
    settle = Settler()
    values = (0, 1200, 19_999, 123_456, 140_000, 110_000, 400_000, 900)
    assert [settle.rate("in", value) for value in values] == [
        0, 0, 0, 120_000, 120_000, 120_000, 400_000, 0,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "shown"), [(0, 0), (7, 7), (99, 99), (123, 120), (98_765, 99_000)]
)
def test_two_digits_tell_enough(value: int, shown: int) -> None:
    assert two_digits(value) == shown


def test_a_sample_tells_of_this_machine(tmp_path: Path) -> None:
    sampler = MachineSampler(tmp_path)
    first, second = sampler.sample(), sampler.sample()
    assert len(first.cores) == os.cpu_count() or first.cores
    assert first.cpu is not None
    assert 0 <= first.cpu <= 100
    assert 0 < first.memory_used <= first.memory_total
    assert 0 < first.disk_used <= first.disk_total
    assert len(second.history) == 1


def test_a_process_is_measured_with_what_it_started() -> None:
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen(
        [sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        sampler = ProcessSampler()
        ours = os.getpid()
        found = {}
        for _ in range(500):
            found = sampler.sample([ours], [process.pid])
            if found[process.pid].processes == 2:
                break
        assert found[process.pid].processes == 2
        assert found[ours].rss > 1_000_000
        if sys.platform == "linux":
            assert found[ours].pss
        process.communicate(b"\n")
    assert sampler.sample([], [process.pid]) == {}


def test_a_watch_tells_only_what_differs_and_nothing_after_its_end() -> None:
    values = iter([1, 1, 2, 2, 3])
    told: list[int] = []
    done = threading.Event()

    def look() -> int:
        try:
            return next(values)
        except StopIteration:
            done.set()
            return 3

    watch = Watch(look, told.append, period=0.0)
    watch.start()
    assert done.wait(10)
    watch.stop()
    assert told == [1, 2, 3]


def test_a_watch_goes_on_after_a_look_that_failed() -> None:
    told: list[int] = []
    came = threading.Event()
    looks = iter([OSError("gone"), 7])

    def look() -> int:
        one = next(looks, 7)
        if isinstance(one, OSError):
            raise one
        return one

    def tell(seen: int) -> None:
        told.append(seen)
        came.set()

    watch = Watch(look, tell, period=0.0)
    watch.start()
    assert came.wait(10)
    watch.stop()
    assert told == [7]


def test_sizes_of_folders_and_files(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "log").write_bytes(b"x" * 1000)
    (tmp_path / "a" / "journal").write_bytes(b"x" * 24)
    assert machine.folder_size(tmp_path) == 1024
    assert machine.folder_size(tmp_path / "nowhere") == 0
    assert machine.file_size(tmp_path / "a" / "journal") == 24
    assert machine.file_size(tmp_path / "nowhere") == 0


def test_graphics_processors_are_told_where_nvml_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvml = types.ModuleType("pynvml")
    facts = types.SimpleNamespace
    members = {
        "NVMLError": RuntimeError,
        "nvmlInit": lambda: None,
        "nvmlDeviceGetCount": lambda: 1,
        "nvmlDeviceGetHandleByIndex": lambda number: number,
        "nvmlDeviceGetName": lambda handle: b"A100",
        "nvmlDeviceGetMemoryInfo": lambda handle: facts(used=30, total=100),
        "nvmlDeviceGetUtilizationRates": lambda handle: facts(gpu=72),
    }
    for name, value in members.items():
        setattr(nvml, name, value)
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    assert MachineSampler(tmp_path).sample().gpus == (machine.Gpu("A100", 70, 30, 100),)
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert MachineSampler(tmp_path).sample().gpus == ()
