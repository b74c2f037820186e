"""Finding a DAG's pipeline file without a runner, and importing it here."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec

from runner.authoring.dag import DAG
from runner.authoring.parse import ParsedFile, parse_file
from runner.daemon.pipelines import find_files
from runner.host.error_facts import clean
from store.structure import DagStructure
from store.workspace import Workspace


class Problem(Exception):
    """Why a verb can't be done, as a sentence, and the exit status that says so."""

    def __init__(self, sentence: str, status: int = 3) -> None:
        super().__init__(sentence)
        self.status = status


def find_dag(workspace: Workspace, dag_id: str) -> tuple[DAG, DagStructure]:
    """The DAG of the file whose it is by the store; else of the one file that defines it."""
    files = find_files(workspace)
    owner = _owner(workspace, dag_id)
    if owner in files:
        result = parse_file(workspace.root / owner, workspace.root)
        if not isinstance(result, ParsedFile):
            raise Problem(f"DAG {dag_id!r} can't be imported: {result.error}", 1)
        if dag_id in result.dags:
            return _chosen(result, dag_id)
    return _search(workspace, dag_id, files)


def _owner(workspace: Workspace, dag_id: str) -> str:
    """The file that the runner takes the DAG from; empty where none has looked yet."""
    from store.engine import open_store
    from store.errors import StoreError
    from store.queries.dags import get_dag

    try:
        with open_store(workspace, read_only=True) as store, store.read() as connection:
            row = get_dag(connection, dag_id, recent=1)
    except StoreError:
        return ""
    return row.file if row is not None and row.is_active else ""


def _search(workspace: Workspace, dag_id: str, files: Sequence[str]) -> tuple[DAG, DagStructure]:
    """Import pipeline files, first those that mention the id; the others only if need be."""
    paths = {file: workspace.root / file for file in files}
    mentions = [
        file
        for file, path in paths.items()
        if path.is_file() and dag_id.encode() in path.read_bytes()
    ]
    errors: list[str] = []
    for group in (mentions, [file for file in files if file not in mentions]):
        found: dict[str, ParsedFile] = {}
        for file in group:
            result = parse_file(paths[file], workspace.root)
            if not isinstance(result, ParsedFile):
                errors.append(result.error)
            elif dag_id in result.dags:
                found[file] = result
        if len(found) > 1:
            raise Problem(
                f"DAG {dag_id!r} is defined in {' and in '.join(found)}; rename one of them", 1
            )
        for file, result in found.items():
            for error in errors:
                print(clean(f"not imported: {error}"), file=sys.stderr)
            if file != group[-1]:  # the modules that it had imported have been imported anew
                result = parse_file(paths[file], workspace.root)
            if isinstance(result, ParsedFile) and dag_id in result.dags:
                return _chosen(result, dag_id)
    hint = f" (not imported: {'; '.join(errors)})" if errors else ""
    raise Problem(f"no pipeline file in {workspace.dags} defines DAG {dag_id!r}{hint}")


def _chosen(parsed: ParsedFile, dag_id: str) -> tuple[DAG, DagStructure]:
    plain = next(s for s in parsed.structures if s["dag_id"] == dag_id)
    return parsed.dags[dag_id], msgspec.convert(plain, DagStructure)
