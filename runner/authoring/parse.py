"""Importing a pipeline file: its DAGs and their structures, or why it can't be used."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from stat import S_IFDIR, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK
from types import ModuleType
from typing import TYPE_CHECKING, Any
from zlib import crc32

from runner.authoring import current
from runner.authoring.dag import DAG
from runner.authoring.exceptions import DefinitionError
from runner.authoring.failures import ParseFailure, failure_of, one_line, place
from runner.authoring.fork_safety import Before
from runner.authoring.imports import (
    RESERVED,
    files_opened,
    forget_local_modules,
    is_local,
    local_modules,
    reserved_module,
    use_search_path,
)
from runner.authoring.setup_teardown import reset_scopes
from runner.authoring.structure import structure_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from runner.authoring.current import Parsing

__all__ = ["ParseFailure", "ParsedFile", "parse_file"]

_KINDS = {S_IFIFO: "a named pipe", S_IFSOCK: "a socket", S_IFDIR: "a folder"}


@dataclass
class ParsedFile:
    """What a pipeline file defines."""

    dags: dict[str, DAG]
    """By id, in the order of the file."""
    structures: list[dict[str, Any]]
    """Of each DAG, as ``structure_of`` gives it."""
    source: bytes = b""
    """What the file held when it was imported."""
    dependencies: list[str] = field(default_factory=list)
    """Absolute paths of the workspace's other files that the import read: modules and data."""
    variables: list[str] = field(default_factory=list)
    """Keys of the Variables that the import read."""
    fork_unsafe: str | None = None
    """Why this process can't be forked any more, in words: "it started 4 native threads"."""
    warnings: list[str] = field(default_factory=list)
    """What is allowed and hardly meant, a sentence each, with file and line."""


class FileError(DefinitionError):
    """Something wrong that is seen only when the whole file has been imported."""

    def __init__(self, sentence: str, line: int | None) -> None:
        super().__init__(sentence)
        self.line = line


def parse_file(path: Path, workspace: Path) -> ParsedFile | ParseFailure:
    """Import a pipeline file under a module name of its own.

    Nothing that the file raises gets out, not even ``SystemExit``; only what the host's own signal
    handlers raise does. The workspace's modules are imported afresh at each call. Threads and GPU
    devices that the import leaves behind make ``fork_unsafe``.
    """
    root = str(workspace)
    use_search_path(path, workspace)
    known = forget_local_modules(root)
    reset_scopes()
    before = Before()
    parsing = current.begin(str(path))
    module = ModuleType(f"dagtop_pipeline_{crc32(os.fsencode(path)):08x}_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    failure: ParseFailure | None = None
    parsed: ParsedFile | None = None
    opened: list[str] = []
    try:
        with files_opened(root, opened):
            source = _read(path)
            if isinstance(source, str):
                failure = ParseFailure(f"{place(path, workspace)}: {source}", None, "")
            elif isinstance(source, OSError):
                failure = failure_of(source, path, workspace)
            else:
                exec(compile(source, str(path), "exec"), module.__dict__)
                parsed = _parsed(parsing, module, path, workspace)
                parsed.source = source
                parsed.warnings += _reserved_warning(source, path, workspace)
    except BaseException as error:
        if type(error).__module__.startswith("runner.host"):
            raise
        failure = _failure(error, path, workspace)
    finally:
        current.end()
    result = failure or parsed
    if result is None:
        raise AssertionError("an import ends with its DAGs or with a failure")
    loaded = local_modules(root, sys.modules.keys() - known).values()
    result.dependencies = _dependencies([*loaded, *opened], path, root)
    result.variables = parsing.variables
    if parsed is not None:
        parsed.fork_unsafe = before.what_makes_unsafe()
    return result


def _read(path: Path) -> bytes | OSError | str:
    """The source, or why there is none. Compiled at each import: a cached ``.pyc`` misses an edit
    within its second."""
    try:
        kind = S_IFMT(os.stat(path).st_mode)
        if kind != S_IFREG:  # reading a pipe would wait for a writer
            return f"it is {_KINDS.get(kind, 'a device')} and no file: remove it"
        return path.read_bytes()
    except FileNotFoundError as error:
        if "\\x" in str(path):  # how the runner writes bytes of a name that are no text
            return "its name is not valid UTF-8: rename the file"
        return error.with_traceback(None)
    except OSError as error:
        return error.with_traceback(None)


def _failure(error: BaseException, path: Path, workspace: Path) -> ParseFailure:
    failure = failure_of(error, path, workspace)
    if isinstance(error, FileError):
        failure.line = error.line
        failure.error = f"{place(path, workspace, error.line)}: {one_line(str(error))}"
        failure.traceback = ""
    return failure


def _parsed(parsing: Parsing, module: ModuleType, path: Path, workspace: Path) -> ParsedFile:
    dags: dict[str, DAG] = {}
    file = place(path, workspace)
    structures = []
    for dag in _dags_of(parsing, module, str(workspace / "dags")):
        if dag.dag_id in dags:
            raise FileError(f"two DAGs are called {dag.dag_id!r} in this file", dag.line)
        try:
            dag.validate()
            structures.append(structure_of(dag, file))
        except DefinitionError as error:
            raise FileError(str(error), dag.line) from error
        dags[dag.dag_id] = dag
    warnings = [
        f"{place(path, workspace, line)}: {sentence}"
        for _, sentence, line in parsing.unused.values()
    ]
    return ParsedFile(dags, structures, warnings=warnings)


def _dags_of(parsing: Parsing, module: ModuleType, dags_folder: str) -> list[DAG]:
    """The file's DAGs: those of its ``with`` blocks and its global names, in its order.

    A DAG that another file of ``dags/`` makes when it is imported belongs to that file.
    """
    named = [value for value in vars(module).values() if isinstance(value, DAG)]
    found = {id(dag): dag for dag in (*parsing.dags, *named)}
    own = [
        dag
        for dag in found.values()
        if not (dag.made_by_import and dag.fileloc.startswith(dags_folder + os.sep))
    ]
    return sorted(own, key=lambda dag: dag.line or 0)


def _dependencies(files: Iterable[str], path: Path, root: str) -> list[str]:
    found: dict[str, None] = {}
    for file in files:
        if file.endswith(".pyc"):
            continue
        if file != str(path) and is_local(file, root):
            found[file] = None
    return sorted(found)


def _reserved_warning(source: bytes, path: Path, workspace: Path) -> list[str]:
    if RESERVED.encode() not in source:
        return []
    imports = any(
        line.split()[:2] in ([b"import", RESERVED.encode()], [b"from", RESERVED.encode()])
        for line in source.splitlines()
    )
    taken = reserved_module(path, workspace) if imports else None
    if taken is None:
        return []
    theirs = os.path.relpath(taken, workspace)
    sentence = f"'import {RESERVED}' gives dagtop's own package and not {theirs}: rename that"
    return [f"{place(path, workspace)}: {sentence}"]
