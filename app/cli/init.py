"""``dagtop init``: a workspace with an example that works."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.groups import group
from app.cli.output import print_json, say
from app.cli.session import JsonOption
from store.workspace import STATE_FOLDER, Workspace, WorkspaceError

app = group("Make a workspace.")

EXAMPLE_NAME = "first_steps.py"
EXAMPLE = """\
from dagtop import dag, log_metric, task

@dag(schedule=None, is_paused_upon_creation=False)
def first_steps():
    @task
    def fit(rate: float) -> dict:  # runs three times, side by side
        slope = 0.0
        for step in range(50):
            log_metric("loss", 30 * (slope - 2.0) ** 2, step)
            slope -= rate * 60 * (slope - 2.0)
        return {"rate": rate, "loss": 30 * (slope - 2.0) ** 2}

    @task
    def best(fits: list[dict]) -> dict:
        return min(fits, key=lambda fit: fit["loss"])

    best(fit.expand(rate=[0.0003, 0.003, 0.03]))

first_steps()
"""
IGNORED = f"{STATE_FOLDER}/"


def settings_template() -> str:
    """A ``dagtop.toml`` in which every setting is there with its default, commented out."""
    from store import config

    lines = ["# Settings of this workspace; remove a '#' to change one. See also: dagtop config"]
    section = ""
    for setting in config.describe(Workspace(Path("/nonexistent")), environment={}):
        if setting.section != section:
            section = setting.section
            lines += ["", f"[{section}]"]
        lines += [f"# {setting.description}", f"# {setting.key} = {_toml(setting.default)}"]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return jsonlib.dumps(value) if isinstance(value, str) else repr(value)


def make_workspace(folder: Path) -> list[Path]:
    """Make what is missing of a workspace; nothing that exists is changed. Returns what was made.

    The example is made only where ``dags/`` holds no pipeline file yet.
    """
    made: list[Path] = []
    space = Workspace(folder)
    space.dags.mkdir(parents=True, exist_ok=True)
    if not any(space.dags.rglob("*.py")):
        example = space.dags / EXAMPLE_NAME
        example.write_text(EXAMPLE, encoding="utf-8")
        made.append(example)
    if not space.config_file.exists():
        space.config_file.write_text(settings_template(), encoding="utf-8")
        made.append(space.config_file)
    ignore = folder / ".gitignore"
    known = ignore.read_text(encoding="utf-8") if ignore.exists() else ""
    if not {IGNORED, STATE_FOLDER} & {line.strip().lstrip("/") for line in known.splitlines()}:
        separator = "" if not known or known.endswith("\n") else "\n"
        ignore.write_text(f"{known}{separator}{IGNORED}\n", encoding="utf-8")
        made.append(ignore)
    return made


@app.command("init")
def init(
    folder: Annotated[str, typer.Argument(help="Folder; made if it is missing.")] = ".",
    json: JsonOption = False,
) -> None:
    """Make a workspace with an example.

    dags/ with a pipeline file, dagtop.toml with every setting, .gitignore. Nothing that is there
    is changed.
    """
    root = Path(folder).expanduser().resolve()
    try:
        made = make_workspace(root)
    except OSError as error:
        raise WorkspaceError(
            f"no workspace can be made in {root}: {error.filename or root}: {error.strerror}; "
            "make it writable for you, or name another folder with 'dagtop init FOLDER'"
        ) from error
    if json:
        print_json({"workspace": str(root), "made": [str(path) for path in made]})
        return
    for path in made:
        say(f"made {path.relative_to(root)}")
    if not made:
        say(f"{root} is a workspace already, nothing is missing")
    enter = "" if root == Path.cwd() else f"cd {folder} && "
    say(f"Next: {enter}dagtop")
