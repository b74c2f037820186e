"""A real workspace with a real runner, for tests, benches and chaos."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from store import client
from store.engine import Store, open_store
from store.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
RUNNER = ROOT / "runner" / "__main__.py"
T = TypeVar("T")


def wait_for(look: Callable[[], T], *, timeout: float = 30.0, what: str = "") -> T:
    """The first true value of ``look``, asked every 5 ms. Fails after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = look()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s in vain for {what or look}")
        time.sleep(0.005)


class Live:
    """A workspace and, once started, its runner process."""

    def __init__(self, root: Path) -> None:
        self.workspace = Workspace(root.resolve())
        self.workspace.dags.mkdir(parents=True, exist_ok=True)
        self.process: subprocess.Popen[bytes] | None = None
        self._store: Store | None = None

    # -- files -----------------------------------------------------------------------------

    def write(self, name: str, text: str) -> Path:
        """Write a pipeline file into ``dags/``, in one step as editors do."""
        path = self.workspace.dags / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_text(text)
        new.rename(path)
        return path

    def configure(self, text: str) -> None:
        self.workspace.config_file.write_text(text)

    # -- the runner ------------------------------------------------------------------------

    def start(self, *, wait: bool = True, **environment: str) -> subprocess.Popen[bytes]:
        """Start the runner and wait until it answers."""
        self.workspace.create_state_folder()
        with self.workspace.runner_log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", str(RUNNER), "--workspace", str(self.workspace.root)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        if wait:
            self.wait_until_up()
        return self.process

    def wait_until_up(self) -> None:
        def look() -> bool:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the runner ended:\n{self.log_text()}")
            try:
                return "value" in client.ask(self.workspace, {"type": "get_status"}, timeout=2)
            except Exception:
                return False

        wait_for(look, what="the runner to answer")

    def kill(self) -> None:
        """SIGKILL the runner, as a crash would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """End the runner and what it runs, and close the store."""
        if self.process is not None and self.process.poll() is None:
            try:
                self.submit("stop", kill_tasks=True)
                self.process.wait(timeout=15)
            except Exception:
                self.process.kill()
                self.process.wait()
        self.process = None
        if self._store is not None:
            self._store.close()
            self._store = None

    def log_text(self) -> str:
        try:
            return self.workspace.runner_log.read_text(errors="replace")
        except OSError:
            return ""

    # -- asking and acting -----------------------------------------------------------------

    def ask(self, kind: str, **fields: Any) -> Any:
        """The value of the runner's answer to a question; its error raises."""
        answer = client.ask(self.workspace, {"type": kind, **fields}, timeout=30)
        if answer.get("error"):
            raise AssertionError(answer["error"])
        return answer.get("value")

    def submit(self, command: str, **payload: Any) -> Any:
        return self.ask("submit", command=command, payload=payload, actor="test")

    def refused(self, command: str, **payload: Any) -> str:
        """The reason for which a command is refused."""
        answer = client.ask(
            self.workspace,
            {"type": "submit", "command": command, "payload": payload, "actor": "test"},
            timeout=30,
        )
        assert answer.get("error"), answer
        return answer["error"]

    @property
    def store(self) -> Store:
        if self._store is None:
            self._store = open_store(self.workspace, create=True)
        return self._store

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a plain query; ``?`` stands for a parameter."""
        if not self.store.is_sqlite:
            sql = sql.replace("?", "%s")
        with self.store.read() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql, parameters)]

    def value(self, sql: str, *parameters: Any) -> Any:
        rows = self.query(sql, *parameters)
        return rows[0][0] if rows else None

    def wait_for_dag(self, dag_id: str, timeout: float = 30.0) -> None:
        wait_for(
            lambda: self.value(
                "SELECT 1 FROM dag JOIN pipeline_file USING (file) "
                "WHERE dag_id = ? AND is_active AND pipeline_file.error IS NULL",
                dag_id,
            ),
            timeout=timeout,
            what=f"DAG {dag_id}; import errors: "
            f"{self.query('SELECT file, error FROM pipeline_file WHERE error IS NOT NULL')}",
        )

    def trigger(self, dag_id: str, **payload: Any) -> str:
        """Trigger an (unpaused) DAG. Returns the run id."""
        return self.submit("trigger", dag_id=dag_id, **payload)["run_id"]

    def run_state(self, dag_id: str, run_id: str) -> str | None:
        return self.value(
            "SELECT state FROM dag_run WHERE dag_id = ? AND run_id = ?", dag_id, run_id
        )

    def wait_for_run(self, dag_id: str, run_id: str, timeout: float = 60.0) -> str:
        """Wait for a run's end. Returns its state."""

        def look() -> str:
            state = self.run_state(dag_id, run_id)
            return state if state in ("success", "failed") else ""

        what = f"the end of {dag_id} {run_id}: {self.states(dag_id, run_id)}"
        return wait_for(look, timeout=timeout, what=what)

    def run(self, dag_id: str, timeout: float = 60.0, **payload: Any) -> tuple[str, dict[str, Any]]:
        """Unpause, trigger, wait. Returns the run's state and those of its task instances."""
        self.wait_for_dag(dag_id)
        self.submit("unpause", dag_ids=[dag_id])
        run_id = self.trigger(dag_id, **payload)
        state = self.wait_for_run(dag_id, run_id, timeout)
        return state, self.states(dag_id, run_id)

    def states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """``task_id`` or ``task_id[index]`` -> state."""
        rows = self.query(
            "SELECT task_id, map_index, task_instance.state FROM task_instance "
            "JOIN dag_run ON dag_run.id = dag_run_id WHERE dag_run.dag_id = ? AND run_id = ?",
            dag_id,
            run_id,
        )
        return {task if index < 0 else f"{task}[{index}]": state for task, index, state in rows}


@contextmanager
def live(root: Path) -> Iterator[Live]:
    """A workspace whose runner is ended at the end."""
    workspace = Live(root)
    try:
        yield workspace
    finally:
        workspace.stop()
