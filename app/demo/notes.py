"""What the demo remembers of a workspace: ``.dagtop/demo.json``."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field

from store.workspace import Workspace

FILE = "demo.json"


@dataclass(slots=True)
class Notes:
    """Made by ``read_notes``, kept by ``write_notes``."""

    files: dict[str, str] = field(default_factory=dict)
    """Pipeline file -> digest of what the demo wrote there last."""
    history: list[str] = field(default_factory=list)
    """DAGs whose history has been started."""


def read_notes(workspace: Workspace) -> Notes:
    """The notes; empty ones where there are none, or none that can be read."""
    try:
        found = json.loads((workspace.state / FILE).read_text(encoding="utf-8"))
        return Notes(files=dict(found["files"]), history=list(found["history"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return Notes()


def write_notes(workspace: Workspace, notes: Notes) -> None:
    """Replace the notes in one step."""
    workspace.create_state_folder()
    path = workspace.state / FILE
    part = path.with_name(f"{FILE}.{os.getpid()}")
    part.write_text(json.dumps(asdict(notes), indent=2) + "\n", encoding="utf-8")
    part.replace(path)
