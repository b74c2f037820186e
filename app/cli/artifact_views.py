"""Files of tracked runs as the command line lists, copies and relates them."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path, PurePosixPath

from app.cli.errors import CommandError, not_found, usage_error
from app.cli.exit_codes import ExitCode
from app.cli.output import Column, note, print_json, print_table
from app.cli.times import shown
from app.cli.tracked_views import MISSING, SHORT, find_tracked
from store import remote
from store.engine import Store
from store.errors import NotFound
from store.queries import lineage as lineages
from store.queries import tracked
from store.queries.tracked import ArtifactRow
from store.workspace import Workspace


def list_files(store: Store, name: str, json: bool) -> None:
    """Print the files of a run."""
    row = find_tracked(store, name)
    with store.read() as connection:
        files = tracked.artifacts_of(connection, row.id)
    if json:
        found = [
            {"path": one.path, "size": one.size, "sha256": one.digest, "created_at": one.created_at}
            for one in files
        ]
        print_json({"run_id": row.uuid, "artifacts": found})
        return
    columns = [Column("path"), Column("bytes", right=True), Column("logged"), Column("sha256")]
    cells = [
        (one.path, f"{one.size:,}", shown(one.created_at, None), one.digest[:12]) for one in files
    ]
    print_table(columns, cells, empty=f"run {row.uuid[:SHORT]} has logged no file")


def get(store: Store, workspace: Workspace, name: str, path: str, output: str | None) -> list[str]:
    """Copy what is at a path of a run; the files that were written."""
    row = find_tracked(store, name)
    wanted = "" if path in ("", ".", "/") else path.strip("/")
    with store.read() as connection:
        files = tracked.artifacts_of(connection, row.id)
    chosen = [one for one in files if not wanted or f"{one.path}/".startswith(f"{wanted}/")]
    if not chosen:
        raise not_found(
            "artifact", path, (one.path for one in files), f" of run {row.uuid[:SHORT]}"
        )
    if output == "-":
        if len(chosen) > 1:
            raise usage_error(f"{path} has {len(chosen)} files: only one can be printed")
        _print(_kept(workspace, chosen[0]))
        return [chosen[0].path]
    if [one.path for one in chosen] == [wanted]:
        target = Path(output or PurePosixPath(wanted).name)
        target = target / PurePosixPath(wanted).name if target.is_dir() else target
        return [_copy(workspace, chosen[0], target)]
    folder = Path(output or PurePosixPath(wanted).name or row.uuid[:SHORT])
    return [_copy(workspace, one, folder / _inner(one.path, wanted)) for one in chosen]


def _inner(path: str, folder: str) -> Path:
    """The path below a folder; one that would lead elsewhere was not written by us."""
    inner = PurePosixPath(os.path.relpath(path, folder or "."))
    if inner.is_absolute() or ".." in inner.parts:
        raise CommandError(f"{path!r} leads out of the run's files", ExitCode.STORE)
    return Path(inner)


def _copy(workspace: Workspace, one: ArtifactRow, target: Path) -> str:
    """Copy a content to a file that isn't there yet."""
    kept = _kept(workspace, one)
    if target.exists():
        raise CommandError(f"{target} is there already: choose another with -o", ExitCode.FAILED)
    target.parent.mkdir(parents=True, exist_ok=True)
    with kept.open("rb") as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy)
    return str(target)


def _kept(workspace: Workspace, one: ArtifactRow) -> Path:
    """Where the content of a file is, fetched if need be."""
    try:
        return remote.local_path(workspace, one.digest)
    except NotFound as error:
        raise CommandError(
            f"the content of {one.path} is gone: {error}", ExitCode.NOT_FOUND
        ) from None


def _print(kept: Path) -> None:
    """The bytes as they are; on a terminal only a text that can do it no harm."""
    with kept.open("rb") as source:
        if not sys.stdout.isatty():
            shutil.copyfileobj(source, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return
        from app.text import sanitize_lines

        print(sanitize_lines(source.read().decode("utf-8", "replace")), end="")


def lineage(store: Store, name: str, json: bool) -> None:
    """Print what a run has read, and who has read what it has logged."""
    row = find_tracked(store, name)
    with store.read() as connection:
        read = lineages.consumed_by(connection, row.id)
        readers = lineages.readers_of(connection, row.id)
    if json:
        consumed, produced = [asdict(one) for one in read], [asdict(one) for one in readers]
        print_json({"run_id": row.uuid, "consumed": consumed, "read_by": produced})
        return
    columns = [Column(""), Column("path"), Column("run"), Column("name"), Column("dag.task")]
    cells = [
        (
            "read from",
            one.path,
            (one.producer_uuid or MISSING)[:SHORT],
            one.producer_name or "(gone)",
            _place(one.dag_id, one.task_id),
        )
        for one in read
    ]
    cells += [
        (
            "read by",
            one.path,
            one.run_uuid[:SHORT],
            one.run_name,
            _place(one.dag_id, one.task_id),
        )
        for one in readers
    ]
    print_table(
        columns, cells, empty=f"run {row.uuid[:SHORT]} has read nothing of others, nor they of it"
    )
    if cells:
        note("files are known by their content: a copy that another run has logged counts, too")


def _place(dag_id: str | None, task_id: str | None) -> str:
    return f"{dag_id}.{task_id}" if dag_id and task_id else MISSING
