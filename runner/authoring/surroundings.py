"""What a tracked run says of itself: source, git commit, packages, user, host, command.

It is found out once for a process: a host does so before it forks the first of its tries, which
then have it for nothing. Sent with the first thing that a run logs.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import json
import os
import platform
import socket
import sys
from dataclasses import dataclass, field

from runner.authoring import git_facts
from runner.authoring.artifacts import keep_content
from runner.journal.command_line import masked_command
from runner.journal.place import ENVIRONMENTS
from runner.journal.records import Surroundings

LONGEST_SCRIPT = 4 << 20
"""Bytes of a script whose text is kept."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is the same for all runs of a process."""

    tags: dict[str, str]
    packages: dict[str, str]
    """Versions by name."""
    python: str = field(default_factory=platform.python_version)

    @property
    def environment(self) -> bytes:
        """Python and the packages as JSON: the same text for the same ones."""
        document = {"packages": dict(sorted(self.packages.items())), "python": self.python}
        return json.dumps(document, separators=(",", ":")).encode()


_facts: Facts | None = None
_git: git_facts.Asked | None = None
"""Is still to be waited for."""
_of_script: bool = False
_known: dict[tuple[str, str], tuple[str, str]] = {}
"""By folders of state and artifacts: digests of the environment and script that are kept there."""


def prepare(source: str, workspace: str) -> None:
    """Find out what all tries of a pipeline file have in common, in the process that forks them."""
    global _facts, _git
    _git = git_facts.Asked(os.path.dirname(source))
    _facts = _found(os.path.relpath(source, workspace), "JOB")


def of_run(run: str, state: str, artifacts: str) -> Surroundings:
    """What a run is to say of itself. ``state``, ``artifacts``: the folders of the workspace.

    What can't be found out, or kept, is left out: no run fails for that.
    """
    global _facts, _git, _of_script
    if _facts is None:
        _facts, _git = _of_main()
        _of_script = True
    asked, _git = _git, None
    if asked is not None:
        _facts.tags.update(asked.tags())
    key = state, artifacts
    if key not in _known:
        environment = source = ""
        with contextlib.suppress(OSError):
            environment = _keep_environment(_facts.environment, state)
        if _of_script:
            with contextlib.suppress(OSError):
                source = _keep_script(artifacts)
        _known[key] = environment, source
    environment, source = _known[key]
    return Surroundings(_facts.tags, environment, source, run)


def _of_main() -> tuple[Facts, git_facts.Asked]:
    """Of a process that is a script, a notebook or an interactive session."""
    path = _script()
    kind = "NOTEBOOK" if "ipykernel" in sys.modules else "LOCAL"
    try:
        folder = os.path.dirname(path) if path else os.getcwd()
    except OSError:  # it is gone
        folder = "/"
    asked = git_facts.Asked(folder)
    facts = _found(path or os.path.basename(sys.executable), kind)
    facts.tags["dagtop.command"] = masked_command(getattr(sys, "orig_argv", sys.argv))
    return facts, asked


def _script() -> str:
    """The path of the script that runs; empty in an interactive session."""
    main = sys.modules.get("__main__")
    file = getattr(main, "__file__", None)
    return os.path.abspath(file) if file else ""


def _found(name: str, kind: str) -> Facts:
    tags = {
        "mlflow.source.name": _readable(name),
        "mlflow.source.type": kind,
        "mlflow.user": user_name(),
        "dagtop.host": socket.gethostname(),
        "dagtop.python": platform.python_version(),
    }
    return Facts({key: value for key, value in tags.items() if value}, installed(sys.path))


def user_name() -> str:
    """The name of the user, or the number of one who has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid())


def installed(path: list[str]) -> dict[str, str]:
    """Versions of the packages on a search path, by name; the first of a name is what is imported.

    Read from the names of their folders of metadata: reading what is in them takes 100 ms.
    """
    found: dict[str, str] = {}
    for folder in path:
        if os.path.basename(folder) not in ("site-packages", "dist-packages"):
            continue
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                stem, end = os.path.splitext(entry.name)
                name, dash, version = stem.partition("-")
                if end == ".dist-info" and dash:
                    found.setdefault(name.replace("_", "-").lower(), version)
                elif end == ".egg-info":
                    found.setdefault(name.replace("_", "-").lower(), version.partition("-py")[0])
    return found


def _keep_environment(document: bytes, state: str) -> str:
    """Keep the packages where the runner finds them; their SHA-256."""
    digest = hashlib.sha256(document).hexdigest()
    folder = os.path.join(state, ENVIRONMENTS)
    path = os.path.join(folder, digest)
    if not os.path.exists(path):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        part = f"{path}.{os.getpid()}"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(document)
        os.replace(part, path)
    return digest


def _keep_script(artifacts: str) -> str:
    """Keep the text of the script that runs with the artifacts; its SHA-256, empty without one."""
    path = _script()
    if not path or not os.path.isfile(path) or os.path.getsize(path) > LONGEST_SCRIPT:
        return ""
    with open(path, "rb") as file:
        return keep_content(artifacts, [file.read(LONGEST_SCRIPT)])[1]


def _readable(text: str) -> str:
    """Bytes of a name that are no text as escapes, and nothing that a terminal would act on."""
    whole = os.fsencode(text).decode(errors="backslashreplace")
    return "".join(one if one.isprintable() else "?" for one in whole)
