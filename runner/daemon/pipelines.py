"""Pipeline files: which there are, what changed, and taking in what their hosts report."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, delete, select, update

from runner.daemon import assets
from runner.daemon.memory import Pipeline
from runner.daemon.runs import adopt_structure, set_time_limit
from runner.daemon.schedules import pause_changed
from runner.daemon.turn import Turn
from runner.journal.messages import Parsed, ParseFailed
from runner.scheduling.overrides import overridden
from store import models, records
from store.structure import DagStructure, encode_structure
from store.workspace import Workspace

MARKS = (b"dagtop", b"airflow")
"""A file that holds neither word defines no pipeline (Airflow's "safe mode")."""
RETRY_PAUSE = timedelta(minutes=1)
RETRY_SHARE = 10
"""A file that can't be imported is tried again after a minute, or after ten times as long as its
import took: what it lacks (a server, a package, a quieter machine) may be there by then."""
CLOCK_STEP = 0.01
"""Seconds by which the time of a file may lag: kernels stamp files by their last tick."""


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What tells whether a file has changed, without reading it."""

    modified_ns: int
    size: int


UNKNOWN = FileStamp(0, 0)
"""Of a file that isn't there, or that changed while it was being imported."""


def stamp(path: Path | str) -> FileStamp | None:
    """The stamp of a file, or None where there is none."""
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return FileStamp(facts.st_mtime_ns, facts.st_size)


def find_files(workspace: Workspace) -> list[str]:
    """Pipeline files below ``dags/``, relative to the workspace, those of a folder before those
    of its folders, by name. Bytes of a name that are not UTF-8 are written as escapes."""
    paths = sorted(_files_below(workspace.dags), key=lambda path: (path.parent.parts, path.name))
    return [
        os.fsencode(path.relative_to(workspace.root)).decode(errors="backslashreplace")
        for path in paths
        if may_define_dags(path)
    ]


def _files_below(root: Path) -> Iterator[Path]:
    """All ``.py`` files. Links to folders are followed, but each folder is looked at once, links
    last: a loop ends, and no link renames the files of a folder that is there without it."""
    seen: set[tuple[int, int]] = set()
    folders, links = [root], list[Path]()
    while folders or links:
        folder = folders.pop() if folders else links.pop(0)
        try:
            facts = os.stat(folder)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:  # gone meanwhile, or closed to us: no more than a folder without files
            continue
        if (facts.st_dev, facts.st_ino) in seen:
            continue
        seen.add((facts.st_dev, facts.st_ino))
        for entry in entries:
            if entry.name.startswith((".", "__pycache__")):
                continue
            try:
                is_folder = entry.is_dir()
            except OSError:  # a link that leads to itself
                is_folder = False
            if is_folder:
                (links if entry.is_symlink() else folders).append(Path(entry.path))
            elif entry.name.endswith(".py"):
                yield Path(entry.path)


def may_define_dags(path: Path) -> bool:
    """Whether a file mentions what a pipeline file must import. What can't be read as a file
    counts: it is reported when its import fails."""
    now = stamp(path)
    return now is None or not path.is_file() or _mentions(str(path), now)


@lru_cache(maxsize=100_000)
def _mentions(path: str, stamp: FileStamp) -> bool:
    """Read a file once per change of it (``stamp`` is only the cache's key)."""
    try:
        text = Path(path).read_bytes()
    except OSError:
        return True
    return any(mark in text for mark in MARKS)


KnownFile = Row[Any, Any, Any, Any, Any, Any, Any]
"""What the store knows of a file, as ``compare`` asks for it."""


class Differences(NamedTuple):
    """How the files in ``dags/`` differ from what the store knows."""

    changed: list[str]
    """New, changed, with a changed dependency, or to be tried once more."""
    gone: list[str]


def compare(connection: Connection, root: Path, files: Iterable[str], now: datetime) -> Differences:
    """Compare the files that are there with those that the store knows, by their stamps."""
    files = list(files)
    columns = models.pipeline_file.c
    query = select(
        columns.file,
        columns.modified_ns,
        columns.size,
        columns.dependencies,
        columns.error,
        columns.parsed_at,
        columns.parse_seconds,
    )
    known = {row.file: row for row in connection.execute(query)}
    return Differences(
        [file for file in files if _is_to_import(root, file, known.get(file), now)],
        sorted(known.keys() - set(files)),
    )


def next_attempt(parsed_at: datetime, parse_seconds: float | None) -> datetime:
    """When a file that could not be imported is tried again though it hasn't changed."""
    return parsed_at + max(RETRY_PAUSE, timedelta(seconds=RETRY_SHARE * (parse_seconds or 0.0)))


def _is_to_import(root: Path, file: str, row: KnownFile | None, now: datetime) -> bool:
    if row is None or _has_changed(root, file, row):
        return True
    if row.error is None or row.parsed_at is None:
        return False
    # A clock that was set back must not keep it waiting.
    return not row.parsed_at <= now < next_attempt(row.parsed_at, row.parse_seconds)


def _has_changed(root: Path, file: str, row: KnownFile) -> bool:
    now = stamp(root / file) or UNKNOWN
    return now != FileStamp(row.modified_ns, row.size) or any(
        stamp(root / path) != FileStamp(modified, size) for path, modified, size in row.dependencies
    )


def forget_stamps(connection: Connection) -> None:
    """Have every file taken for changed."""
    connection.execute(update(models.pipeline_file).values(modified_ns=0, size=0))


def forget_missing(turn: Turn, files: Iterable[str]) -> None:
    """Files that are gone: their DAGs become inactive, nothing is deleted."""
    present = set(files)
    table = models.pipeline_file
    known = set(turn.connection.execute(select(table.c.file)).scalars())
    for file in known - present:
        turn.connection.execute(delete(table).where(table.c.file == file))
    for pipeline in turn.brain.pipelines.values():
        if pipeline.file not in present and pipeline.is_active:
            _deactivate(turn, pipeline, f"{pipeline.file} is gone")


def _taken(dag_id: str, file: str) -> str:
    """The warning of a file that defines what another has defined."""
    return f"DAG '{dag_id}' is defined in {file} already"


def _deactivate(turn: Turn, pipeline: Pipeline, why: str) -> None:
    pipeline.is_active = False
    dag = models.dag
    turn.connection.execute(
        update(dag).where(dag.c.dag_id == pipeline.dag_id).values(is_active=False)
    )
    turn.changes.event(turn.now, "dag_removed", why, dag_id=pipeline.dag_id)
    left_out = _taken(pipeline.dag_id, pipeline.file)
    table = models.pipeline_file
    for file, warnings in turn.connection.execute(select(table.c.file, table.c.warnings)):
        if any(left_out in warning for warning in warnings or ()):
            turn.orders.reparse.append(file)  # it has moved there
    pause_changed(turn, pipeline)


def take_in_failure(turn: Turn, file: str, failure: ParseFailed) -> None:
    """A file can't be imported: say so; its DAGs start nothing until it is mended."""
    table = models.pipeline_file
    before = turn.connection.execute(select(table.c.error).where(table.c.file == file)).scalar()
    _put_file(
        turn,
        file,
        digest=None,
        parse_seconds=failure.seconds,
        dependencies=_stamps(turn, file, failure.dependencies, failure.began),
        began=failure.began,
        variables=failure.variables,
        fork_unsafe=None,
        error=failure.error,
        error_line=failure.line,
        traceback=failure.traceback,
        warnings=[],
    )
    if failure.error != before:
        turn.changes.event(turn.now, "import_error", failure.error, details={"file": file})
    for pipeline in turn.brain.pipelines.values():
        if pipeline.file == file:
            pipeline.file_error = failure.error
            pause_changed(turn, pipeline)


def take_in(turn: Turn, file: str, parsed: Parsed) -> None:
    """A file was imported: new versions of what changed in it, and its DAGs are fit to run."""
    turn.changes.flush(turn.connection)
    records.put_source(turn.connection, parsed.digest, parsed.text)
    defined: set[str] = set()
    warnings = list(parsed.warnings)
    for plain in parsed.structures:
        structure = msgspec.convert(plain, DagStructure)
        other = turn.brain.pipelines.get(structure.dag_id)
        if (
            other is not None
            and other.file != file
            and other.is_active
            and (turn.brain.workspace.root / other.file).exists()
        ):
            warnings.append(
                f"{file}:{structure.line or 1}: {_taken(structure.dag_id, other.file)}; "
                "rename one of them (this one is left out)"
            )
            continue
        defined.add(structure.dag_id)
        _take_in_dag(turn, file, structure, parsed.digest)
    _put_file(
        turn,
        file,
        digest=parsed.digest,
        parse_seconds=parsed.seconds,
        dependencies=_stamps(turn, file, parsed.dependencies, parsed.began),
        began=parsed.began,
        variables=parsed.variables,
        fork_unsafe=parsed.fork_unsafe,
        error=None,
        error_line=None,
        traceback=None,
        warnings=warnings,
    )
    for pipeline in turn.brain.pipelines.values():
        if pipeline.file == file and pipeline.is_active and pipeline.dag_id not in defined:
            _deactivate(turn, pipeline, f"{file} no longer defines it")


def _stamps(
    turn: Turn, file: str, paths: Iterable[str], began: float | None
) -> list[tuple[str, int, int]]:
    root = turn.brain.workspace.root
    table = models.pipeline_file
    before = turn.connection.execute(
        select(table.c.dependencies).where(table.c.file == file)
    ).scalar()
    known = {path: FileStamp(modified, size) for path, modified, size in before or ()}
    found = []
    for path in paths:
        name = os.path.relpath(path, root)
        facts = _stamp_of_import(path, known.get(name), began)
        if facts is UNKNOWN:
            turn.orders.reparse.append(file)
        if facts is not None:
            found.append((name, facts.modified_ns, facts.size))
    return found


def _put_file(turn: Turn, file: str, *, began: float | None, **columns: Any) -> None:
    table = models.pipeline_file
    row = turn.connection.execute(
        select(table.c.modified_ns, table.c.size).where(table.c.file == file)
    ).first()
    before = None if row is None else FileStamp(row.modified_ns, row.size)
    facts = _stamp_of_import(turn.brain.workspace.root / file, before, began)
    if facts is UNKNOWN:
        turn.orders.reparse.append(file)
    facts = facts or UNKNOWN
    columns |= {"modified_ns": facts.modified_ns, "size": facts.size, "parsed_at": turn.now}
    records.put_files(turn.connection, [{"file": file, **columns}])


def _stamp_of_import(
    path: Path | str, before: FileStamp | None, began: float | None
) -> FileStamp | None:
    """The stamp of a file that an import has read: ``UNKNOWN`` if the file has changed since the
    import began, so that the next look has it imported again.

    Once only: an import that writes what it reads would go on for ever.
    """
    now = stamp(path)
    if now is None or began is None or before == UNKNOWN:
        return now
    try:
        changed = os.stat(path).st_ctime  # also that of an old file moved here
    except OSError:
        return None
    return UNKNOWN if began - CLOCK_STEP <= changed <= time.time() else now


def _take_in_dag(turn: Turn, file: str, structure: DagStructure, source_digest: str) -> None:
    """Store a DAG's version if it is new, and bring its row and its runs in line."""
    brain = turn.brain
    document = encode_structure(structure)
    digest = hashlib.sha256(document + source_digest.encode()).hexdigest()
    known = brain.pipelines.get(structure.dag_id)
    version = models.dag_version
    latest = turn.connection.execute(
        select(version.c.id, version.c.number, version.c.digest)
        .where(version.c.dag_id == structure.dag_id)
        .order_by(version.c.number.desc())
        .limit(1)
    ).first()
    if latest is not None and latest.digest == digest:
        version_id, is_new = latest.id, False
    else:
        version_id, is_new = brain.counters.take("dag_version"), True
        turn.connection.execute(
            version.insert().values(
                id=version_id,
                dag_id=structure.dag_id,
                number=(latest.number if latest else 0) + 1,
                digest=digest,
                structure=document.decode(),
                source_digest=source_digest,
                created_at=turn.now,
            )
        )
    _put_dag(turn, file, structure, version_id, known)
    brain.load_pipelines(turn.connection, [structure.dag_id])
    pipeline = brain.pipelines[structure.dag_id]
    pipeline.file_error = None
    if is_new and latest is not None:
        words = f"version {latest.number + 1} of {structure.dag_id} from {file}"
        if pipeline.schedule_override is not None:
            words += (
                f"; its schedule {structure.timetable.summary} is overridden by "
                f"{pipeline.schedule_override}"
            )
        turn.changes.event(turn.now, "dag_changed", words, dag_id=structure.dag_id)
    if is_new or known is None:
        assets.take_in(turn, pipeline)
        _reload_runs(turn, pipeline)
    for run in brain.runs_of(structure.dag_id):
        run.pipeline = pipeline
    pause_changed(turn, pipeline)


def _put_dag(
    turn: Turn, file: str, structure: DagStructure, version_id: int, known: Pipeline | None
) -> None:
    dag = models.dag
    if known is not None and known.schedule_override is not None:
        structure = overridden(structure, known.schedule_override, known.schedule_window)
    columns = {
        "file": file,
        "is_active": True,
        "display_name": structure.display_name or structure.dag_id,
        "description": structure.description,
        "owners": structure.owners,
        "tags": structure.tags,
        "schedule": structure.timetable.summary,
        "schedule_words": structure.timetable.description,
        "timezone": structure.timezone,
        "max_active_runs": structure.max_active_runs,
        "version_id": version_id,
    }
    if known is not None:
        turn.connection.execute(update(dag).where(dag.c.dag_id == structure.dag_id).values(columns))
        return
    paused = structure.is_paused_upon_creation
    if paused is None:
        paused = turn.config.runner.paused_at_creation
    turn.connection.execute(
        dag.insert().values(
            dag_id=structure.dag_id, is_paused=paused, created_at=turn.now, **columns
        )
    )


def _reload_runs(turn: Turn, pipeline: Pipeline) -> None:
    """Unfinished runs go on with the new version, as Airflow's do."""
    turn.changes.flush(turn.connection)
    table = models.dag_run
    for old in turn.brain.runs_of(pipeline.dag_id):
        row = turn.connection.execute(select(table).where(table.c.id == old.key)).one()
        turn.brain.forget_run(old)
        run = turn.brain.load_run(turn.connection, row)
        run.rescheduled = old.rescheduled
        turn.brain.add_run(run)
        adopt_structure(turn, run)
        set_time_limit(turn, run)
        turn.brain.refresh_candidates(run)
