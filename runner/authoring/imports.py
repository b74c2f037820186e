"""Where a pipeline file's imports come from, and which local files it depends on."""

from __future__ import annotations

import builtins
import io
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

OWN_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
"""The folder that ``runner`` and ``dagtop.py`` are in."""
RESERVED = "runner"
"""The one name of a top-level module that a user's project can't have: it is ours."""
_OWN_MODULES = ("runner", "dagtop")
_LOCAL_FOLDERS = ("dags", "plugins", "config", "", "src")
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_STATE_FOLDER = ".dagtop"

_added: list[str] = []
"""Entries of ``sys.path`` for the file that was imported last."""
_imported: set[str] = set()
"""Names of the local modules that pipeline files have imported."""


def use_search_path(file: Path, workspace: Path) -> None:
    """Let imports find the workspace's modules: after the standard library, before all else.

    In this order: ``dags/``, the file's folder, ``plugins/``, ``config/``, the workspace (for
    ``from include.x import y``), ``src/``. What an earlier call added is taken out again.
    """
    folders = [str(workspace / name) if name else str(workspace) for name in _LOCAL_FOLDERS]
    folders.insert(1, str(file.parent))
    wanted = [folder for folder in dict.fromkeys(folders) if os.path.isdir(folder)]
    rest = [entry for entry in sys.path if entry not in _added and entry not in wanted]
    library = _standard_library()
    first = [entry for entry in rest if entry in library]
    _added[:] = wanted
    sys.path[:] = first + wanted + [entry for entry in rest if entry not in library]


def _standard_library() -> set[str]:
    library = os.path.dirname(os.path.abspath(os.__file__))
    zipped = {entry for entry in sys.path if entry.endswith(".zip") and "python" in entry}
    return {library, os.path.join(library, "lib-dynload")} | zipped


def is_local(path: str, workspace: str) -> bool:
    """Whether a file is the workspace's own: neither installed nor our state."""
    if not path.startswith(workspace + os.sep):
        return False
    inside = path[len(workspace) :]
    if any(folder in inside for folder in _INSTALLED):
        return False
    return not inside.startswith((f"{os.sep}{_STATE_FOLDER}{os.sep}", f"{os.sep}.git{os.sep}"))


def local_modules(workspace: str, names: Iterable[str]) -> dict[str, str]:
    """Name -> file of those loaded modules, among ``names``, that are the workspace's own."""
    found: dict[str, str] = {}
    prefix = workspace + os.sep
    for name in names:
        file = getattr(sys.modules.get(name), "__dict__", {}).get("__file__")
        if not isinstance(file, str) or not file.startswith(prefix) or name == "__main__":
            continue
        if name.partition(".")[0] in _OWN_MODULES or _is_ours(file):
            continue
        if is_local(file, workspace):
            found[name] = file
    _imported.update(found)
    return found


def _is_ours(file: str) -> bool:
    """Whether it is part of dagtop, which may stand in the workspace it is developed in."""
    return any(file.startswith(os.path.join(OWN_ROOT, name) + os.sep) for name in ("app", "store"))


def forget_local_modules(workspace: str) -> set[str]:
    """Let the next import read the workspace's modules afresh. Gives the names that are loaded."""
    local_modules(workspace, tuple(sys.modules))
    for name in _imported:
        sys.modules.pop(name, None)
    _imported.clear()
    if sys.path_importer_cache:
        from importlib import invalidate_caches

        invalidate_caches()
    return set(sys.modules)


@contextmanager
def files_opened(workspace: str, opened: list[str]) -> Iterator[None]:
    """Collect the workspace's files that are opened for reading by ``open`` (and ``pathlib``).

    By wrapping ``open`` for the time of the import: an audit hook can't be taken out again, and it
    would make every later ``id()`` and ``open()`` of the tasks six times slower.
    """
    original = builtins.open
    recording = True

    def recording_open(file: Any, mode: Any = "r", *args: Any, **kwargs: Any) -> Any:
        if recording and isinstance(mode, str) and not set(mode) & set("wax+"):
            _record(file, workspace, opened)
        return original(file, mode, *args, **kwargs)

    builtins.open = io.open = recording_open
    try:
        yield
    finally:
        recording = False  # user code may have kept the function
        builtins.open = io.open = original


def _is_no_text(path: str) -> bool:
    """Whether a path has bytes that aren't UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return True
    return False


def _record(file: Any, workspace: str, opened: list[str]) -> None:
    if isinstance(file, int):
        return
    try:
        path = os.path.abspath(os.fsdecode(file))
    except TypeError:  # neither a path nor a number: open() will say so
        return
    if not path.isprintable() and _is_no_text(path):
        return  # its name can't be told to the runner: its changes go unnoticed
    if is_local(path, workspace) and path not in opened and os.path.isfile(path):
        opened.append(path)


def reserved_module(file: Path, workspace: Path) -> str | None:
    """The user's module or package called ``runner``, which an import can't reach."""
    for folder in dict.fromkeys([*(workspace / name for name in _LOCAL_FOLDERS), file.parent]):
        if str(folder) == OWN_ROOT:
            continue
        for candidate in (folder / f"{RESERVED}.py", folder / RESERVED / "__init__.py"):
            if candidate.is_file():
                return str(candidate)
    return None
