"""Whether a process can be forked after an import."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from runner.authoring.fork_safety import Before

linux = pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="needs /proc")
ROOT = Path(__file__).resolve().parents[3]


def test_nothing_started_is_safe() -> None:
    assert Before().what_makes_unsafe() is None


def test_a_python_thread_is_named() -> None:
    stop = threading.Event()
    before = Before()
    thread = threading.Thread(target=stop.wait, name="reader", daemon=True)
    thread.start()
    try:
        assert before.what_makes_unsafe() == "it started 1 Python thread (reader)"
    finally:
        stop.set()
        thread.join()


def test_threads_from_before_the_import_do_not_count() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, daemon=True)
    thread.start()
    try:
        assert Before().what_makes_unsafe() is None
    finally:
        stop.set()
        thread.join()


LATE = """
import sys
from runner.authoring.fork_safety import Before
assert "threading" not in sys.modules
before = Before()
import threading
print(before.what_makes_unsafe())
"""


def test_loading_the_threading_module_starts_nothing() -> None:
    result = subprocess.run(
        [sys.executable, "-c", LATE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "None"


NATIVE = """
import _thread, sys, time
from runner.authoring.fork_safety import Before
before = Before()
lock = _thread.allocate_lock(); lock.acquire()
_thread.start_new_thread(lock.acquire, ())
time.sleep(0)
print(before.what_makes_unsafe())
"""


@linux
def test_a_native_thread_is_counted() -> None:
    result = subprocess.run(
        [sys.executable, "-c", NATIVE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "it started 1 native thread"


NUMPY = """
from runner.authoring.fork_safety import Before, _native_threads
before = Before()
import numpy
numpy.ones((300, 300)) @ numpy.ones((300, 300))
print(len(_native_threads() - before.native), before.what_makes_unsafe())
"""


@linux
def test_the_threads_of_openblas_are_no_trouble() -> None:
    pytest.importorskip("numpy")
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "3"}
    result = subprocess.run(
        [sys.executable, "-c", NUMPY],
        cwd=ROOT, capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    threads, verdict = result.stdout.split(maxsplit=1)
    assert verdict.strip() == "None", threads


ARROW = """
import os, sys
from runner.authoring.fork_safety import Before, _native_threads
before = Before()
import pyarrow
table = pyarrow.table({"kept": list(range(100_000))})
print(len(_native_threads() - before.native), before.what_makes_unsafe(), flush=True)
child = os.fork()
if child == 0:  # what the memory is taken and given back with works in the child
    for _ in range(100):
        halves = [table.slice(0, 50_000), table.slice(50_000)]
        table = pyarrow.concat_tables(halves).combine_chunks()
    os._exit(table.num_rows != 100_000)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@linux
def test_the_thread_of_pyarrows_allocator_is_no_trouble() -> None:
    pytest.importorskip("pyarrow")
    environment = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "jemalloc"}
    result = subprocess.run(
        [sys.executable, "-c", ARROW],
        cwd=ROOT, capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    threads, verdict = result.stdout.split(maxsplit=1)
    assert verdict.strip() == "None", threads
