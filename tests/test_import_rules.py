"""Proof at run time: a process that runs user code has nothing of the store or the terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NEVER = (
    "alembic",
    "app",
    "apscheduler",
    "plotext",
    "rich",
    "sqlalchemy",
    "store",
    "textual",
    "typer",
)
"""Not in a process that runs user code, whatever it does."""
NOT_AT_IMPORT = ("asyncio", "croniter", "jinja2", "jsonschema", "numpy", "pendulum", "psutil")
"""Loaded when needed: a task process is forked from one that has imported ``dagtop``."""

DEFINES_A_DAG = """
from datetime import UTC, datetime
from dagtop import DAG, BashOperator, dag, log_metric, task

with DAG("by_hand", start_date=datetime(2025, 1, 1, tzinfo=UTC)) as by_hand:
    BashOperator(task_id="hello", bash_command="echo {{ ds }}")

@dag(start_date=datetime(2025, 1, 1, tzinfo=UTC))
def decorated():
    @task
    def train(x: int) -> int:
        log_metric("x", x)
        return x

    train(train(1))

decorated()
"""


def loaded_after(code: str, folder: Path) -> set[str]:
    """Top-level names in ``sys.modules`` of a new interpreter after it ran the code."""
    script = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{code}\n"
    script += "import json\nprint(json.dumps(sorted({n.partition('.')[0] for n in sys.modules})))"
    result = subprocess.run(
        [sys.executable, "-P", "-c", script],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=50,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout.splitlines()[-1]))


def host_modules() -> list[str]:
    files = sorted((ROOT / "runner" / "host").glob("*.py"))
    return [f"runner.host.{file.stem}" for file in files if not file.stem.startswith("__")]


def test_importing_dagtop_is_light(tmp_path: Path) -> None:
    assert loaded_after("import dagtop", tmp_path).isdisjoint(NEVER + NOT_AT_IMPORT)


def test_defining_pipelines_loads_neither_the_store_nor_the_terminal(tmp_path: Path) -> None:
    assert loaded_after(DEFINES_A_DAG, tmp_path).isdisjoint(NEVER)


@pytest.mark.parametrize("module", host_modules())
def test_a_host_module_loads_neither_the_store_nor_the_terminal(
    module: str, tmp_path: Path
) -> None:
    assert loaded_after(f"import {module}", tmp_path).isdisjoint(NEVER)


PARSES_AS_A_HOST = """
from pathlib import Path
import dagtop
from runner.authoring.parse import ParsedFile, parse_file
sys.path.remove({root!r})
sys.path.append({root!r})
parsed = parse_file(Path("dags/pipeline.py"), Path.cwd())
assert isinstance(parsed, ParsedFile), parsed
print(parsed.dags["mine"].description)
"""


def test_packages_called_app_and_store_in_the_dags_folder_are_the_users_own(
    tmp_path: Path,
) -> None:
    dags = tmp_path / "dags"
    (dags / "app").mkdir(parents=True)
    (dags / "app" / "__init__.py").write_text("NAME = 'my app'\n")
    (dags / "store.py").write_text("NAME = 'my store'\n")
    (dags / "pipeline.py").write_text(
        "import app, store\n"
        "from dagtop import DAG\n"
        "dag = DAG('mine', description=f'{app.NAME} and {store.NAME}')\n"
    )
    script = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n"
    result = subprocess.run(
        [sys.executable, "-P", "-c", script + PARSES_AS_A_HOST.format(root=str(ROOT))],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=50,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "my app and my store"
