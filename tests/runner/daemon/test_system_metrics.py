"""System metrics: of tries that log something and of no others, under MLflow's names."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from runner.daemon.memory import LiveTry
from runner.daemon.system_metrics import Gpus, SystemMonitor, logged_to
from tests.support.live import Live, wait_for

WORKING = """
import pathlib, time
from dagtop import DAG, log_param, task

def wait():
    while not pathlib.Path("enough").exists():
        time.sleep(0.02)

with DAG("working", is_paused_upon_creation=False):
    @task
    def logs():
        log_param("lr", 0.1)
        wait()

    @task
    def is_silent():
        wait()

    logs()
    is_silent()
"""


def test_a_try_that_logs_has_them_from_the_runner_s_own_samples(own: Live) -> None:
    own.configure("[tracking]\nsystem_metrics_interval = 0.1\n[runner]\nresource_interval = 0.1\n")
    own.start()
    own.write("working.py", WORKING)
    own.wait_for_dag("working")
    run_id = own.trigger("working")
    tree = "SELECT min_value, last_step, count FROM metric WHERE key = ? AND count > 2"
    wait_for(lambda: own.query(tree, "system/process_memory_usage_megabytes"), what="three points")
    (own.workspace.root / "enough").touch()
    assert own.wait_for_run("working", run_id) == "success"
    found = own.query(
        "SELECT DISTINCT t.task_id, m.key FROM metric m JOIN tracked_run t ON t.id = m.run_id"
    )
    assert {task_id for task_id, _ in found} == {"logs"}
    keys = {key.removeprefix("system/") for _, key in found}
    assert keys >= {
        "cpu_utilization_percentage",
        "system_memory_usage_megabytes",
        "system_memory_usage_percentage",
        "disk_usage_percentage",
        "network_receive_megabytes",
        "process_cpu_utilization_percentage",
        "process_count",
    }
    ((megabytes, step, count),) = own.query(tree, "system/process_memory_usage_megabytes")
    assert megabytes > 1
    assert step >= count - 1


def test_they_can_be_turned_off(own: Live) -> None:
    own.configure(
        "[tracking]\nsystem_metrics = false\nsystem_metrics_interval = 0.05\n"
        "[runner]\nresource_interval = 0.05\n"
    )
    own.start()
    own.write("working.py", WORKING)
    own.wait_for_dag("working")
    run_id = own.trigger("working")
    samples = "SELECT count(*) FROM resource_sample GROUP BY try_id HAVING count(*) > 4"
    wait_for(lambda: own.query(samples), what="samples of the tries")
    (own.workspace.root / "enough").touch()
    assert own.wait_for_run("working", run_id) == "success"
    assert own.query("SELECT key FROM metric") == []


def test_they_belong_to_the_try_s_own_run_else_to_the_newest_it_has_begun() -> None:
    live_try = LiveTry(1, 1, 1, "etl", "train", -1, 1, "/journal")
    assert logged_to(live_try) is None
    live_try.tracked_runs |= {"a": 5, "b": 6}
    assert logged_to(live_try) == 6
    live_try.tracked_runs[""] = 4
    assert logged_to(live_try) == 4


def test_the_network_counts_from_the_first_measure_for_a_try(tmp_path: Path) -> None:
    monitor = SystemMonitor(tmp_path)
    first = monitor.network([1])
    again = monitor.network([1, 2])
    if not first:
        pytest.skip("this machine has no network")
    assert first[1] == again[2] == dict.fromkeys(first[1], 0.0)
    assert all(value >= 0 for value in again[1].values())
    assert set(monitor.network([2])) == {2}


def test_machine_values_are_what_they_say(tmp_path: Path) -> None:
    values = SystemMonitor(tmp_path).machine()
    assert 0 < values["system_memory_usage_percentage"] <= 100
    assert 0 <= values["cpu_utilization_percentage"] <= 100
    assert values["disk_available_megabytes"] >= 0


def test_gpus_are_read_by_nvml_and_what_one_does_not_tell_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nvml: Any = ModuleType("pynvml")

    class NVMLError(Exception):
        pass

    class Use:
        used, total, gpu = 2_000_000, 8_000_000, 35

    def refuse(handle: int) -> int:
        raise NVMLError

    nvml.NVMLError = NVMLError
    nvml.nvmlInit = lambda: None
    nvml.nvmlDeviceGetCount = lambda: 2
    nvml.nvmlDeviceGetHandleByIndex = lambda index: index
    nvml.nvmlDeviceGetMemoryInfo = lambda handle: Use
    nvml.nvmlDeviceGetUtilizationRates = lambda handle: Use if handle else refuse(handle)
    nvml.nvmlDeviceGetPowerUsage = refuse
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    assert Gpus().values() == {
        "gpu_0_memory_usage_percentage": 25.0,
        "gpu_0_memory_usage_megabytes": 2.0,
        "gpu_1_memory_usage_percentage": 25.0,
        "gpu_1_memory_usage_megabytes": 2.0,
        "gpu_1_utilization_percentage": 35,
    }


def test_without_the_library_or_a_gpu_there_are_no_gpu_metrics(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert Gpus().values() == {}
    nvml: Any = ModuleType("pynvml")

    def fail() -> None:
        raise RuntimeError("NVML Shared Library Not Found")

    nvml.nvmlInit = fail
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    assert Gpus().values() == {}
