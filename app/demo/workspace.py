"""The demo's pipeline files, put into a workspace."""

from __future__ import annotations

import hashlib
import os
from importlib.util import find_spec
from pathlib import Path

from app.demo.notes import read_notes, write_notes
from store.workspace import Workspace, WorkspaceError

PIPELINES = Path(__file__).resolve().parent / "dags"
DEFAULT_FOLDER = "~/dagtop-demo"
NEEDED = ("numpy", "sklearn")


class DemoError(WorkspaceError):
    """The demo can't be set up; the message says why and what to do."""


def prepare(folder: Path | str = DEFAULT_FOLDER) -> Path:
    """Make ``folder`` a workspace with the demo's pipelines in ``dags/``; returns it, absolute.

    May be called any number of times. What the user has changed or deleted stays as it is; a file
    that is still as an older dagtop wrote it is brought up to date. Raises ``DemoError`` where
    scikit-learn is missing or the folder can't be written.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise DemoError("the demo needs scikit-learn: install it with pip install 'dagtop[demo]'")
    root = Path(folder).expanduser().resolve()
    workspace = Workspace(root)
    try:
        workspace.dags.mkdir(parents=True, exist_ok=True)
        _copy_pipelines(workspace)
    except OSError as error:
        place = error.filename or root
        raise DemoError(
            f"the demo's folder can't be written: {place}: {error.strerror}; choose another one "
            "with 'dagtop demo FOLDER'"
        ) from error
    return root


def _copy_pipelines(workspace: Workspace) -> None:
    notes = read_notes(workspace)
    for source in sorted(PIPELINES.glob("*.py")):
        target = workspace.dags / source.name
        text = source.read_bytes()
        ours = notes.files.get(source.name)
        if target.exists():
            if ours is None or ours != _digest(target.read_bytes()):
                continue  # the user's own, or changed by the user
        elif ours is not None:
            continue  # deleted by the user
        if ours == _digest(text):
            continue
        part = target.with_name(f".{target.name}.{os.getpid()}")
        part.write_bytes(text)
        part.replace(target)
        notes.files[source.name] = _digest(text)
    write_notes(workspace, notes)


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
