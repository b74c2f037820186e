"""Recordings into the store: what scripts, notebooks and programs that a task has started log.

Each is a journal of its own in ``.dagtop/recordings``, locked by its process for as long as it
lives. What has no lock and nothing more to read is finished: its open runs end, and it goes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from runner.daemon import tracked
from runner.daemon.memory import LiveRecording
from runner.daemon.turn import Turn
from runner.journal.abandon import is_held
from runner.journal.reader import JournalDamaged, read_frames
from runner.journal.records import AnyRecord, Closed, Opened, RunEnded, RunStarted
from runner.journal.tracked import tracked_run_of
from store import models, tracking
from store.workspace import DAMAGED, Workspace

log = logging.getLogger(__name__)

LARGEST = 256 << 20
"""Bytes that a record may have."""
KEPT = timedelta(days=1)
"""How long it is remembered of a finished recording that it was read."""


def look(folder: Path, known: Mapping[str, LiveRecording]) -> Iterator[str]:
    """The names of the recordings that have something to read, or whose process is gone."""
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning("recordings can't be looked at: %s", error)
        return
    for entry in sorted(entries, key=lambda entry: entry.name):
        if entry.name.startswith(".") or entry.name.endswith(DAMAGED):
            continue
        live = known.get(entry.name)
        with contextlib.suppress(OSError):  # it has gone
            if live is None or entry.stat().st_size > live.seen or not is_held(entry.path):
                yield entry.name


def sizes(folder: Path, known: Mapping[str, LiveRecording]) -> dict[str, int]:
    """How large the recordings are that have something to read, by name."""
    found: dict[str, int] = {}
    for name in look(folder, known):
        with contextlib.suppress(OSError):
            found[name] = (folder / name).stat().st_size
    return found


@dataclass(slots=True)
class _Found:
    """What was read of a recording at once."""

    records: Sequence[AnyRecord] = ()
    offset: int = 0
    size: int = 0
    is_held: bool = True
    more: bool = False
    damage: str = ""


def take_in(turn: Turn, workspace: Workspace, name: str) -> bool:
    """Take in what a recording holds beyond what was read. True if there may be more of it."""
    path = workspace.recordings / name
    live = turn.brain.recordings.get(name)
    try:
        descriptor = _open(path)
    except FileNotFoundError:
        return False
    try:
        if live is None:
            live = _remembered(turn.connection, name, workspace, descriptor)
            if live is None:  # it was finished before, and only its file is left
                turn.orders.finished_recordings.append(path)
                return False
        found = _read(path, descriptor, live)
    finally:
        os.close(descriptor)
    _apply(turn, live, found, workspace)
    turn.brain.recordings[name] = live
    if found.damage:
        log.error("%s is set aside as %s%s: %s", path, name, DAMAGED, found.damage)
        _finish(turn, live)
        turn.orders.damaged_recordings.append(path)
    elif not found.more and (live.status is not None or not found.is_held):
        _finish(turn, live)
        turn.orders.finished_recordings.append(path)
    return found.more and not found.damage


def _open(path: Path) -> int:
    """A descriptor of a file; never waits, as that of a pipe would."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(f"{path} is not a file")
    return descriptor


def _read(path: Path, descriptor: int, live: LiveRecording) -> _Found:
    held = is_held(os.fspath(path))  # before the reading: what is written after it is read later
    size = os.fstat(descriptor).st_size
    try:
        records, offset, more = read_frames(descriptor, live.offset, LARGEST)
    except (JournalDamaged, MemoryError) as error:
        read = error.records if isinstance(error, JournalDamaged) else []
        return _Found(read, live.offset, size, held, damage=str(error) or "it is too large")
    if not live.is_open and records and not isinstance(records[0], Opened):
        return _Found((), offset, size, held, damage="it doesn't say whose it is")
    if not live.is_open and not records and not held:
        return _Found((), offset, size, held, damage="it holds nothing that can be read")
    return _Found(records, offset, size, held, more)


def _remembered(
    connection: Connection, name: str, workspace: Workspace, descriptor: int
) -> LiveRecording | None:
    """A recording as it was left, by what of it is read already; None if it was finished."""
    table = models.recording
    row = connection.execute(select(table).where(table.c.name == name)).first()
    live = LiveRecording(name)
    if row is None:
        return live
    if row.closed_at is not None:
        return None
    live.row_key, live.offset = row.id, row.journal_offset
    position, more = 0, True
    while more and position < live.offset:
        records, position, more = read_frames(descriptor, position, LARGEST)
        for record in records:
            if isinstance(record, Opened):
                _opened(connection, live, record, workspace)
            _follow(live, record)
    return live


def _apply(turn: Turn, live: LiveRecording, found: _Found, workspace: Workspace) -> None:
    told: list[AnyRecord] = []
    for record in found.records:
        if isinstance(record, Opened):
            _opened(turn.connection, live, record, workspace)
        elif isinstance(record, tracked.TOLD):
            told.append(record)
        _follow(live, record)
    live.offset, live.seen, live.has_more = found.offset, found.size, found.more
    if live.row_key is None and live.is_open:
        row = {"name": live.name, "try_id": live.key, "opened_at": live.started_at or turn.now}
        row["journal_offset"] = live.offset
        table = models.recording
        live.row_key = turn.connection.execute(
            insert(table).returning(table.c.id), row
        ).scalar_one()
    elif live.row_key is not None:
        turn.changes.update(models.recording, live.row_key, journal_offset=live.offset)
    tracked.take_in(turn, live, told)
    live_try = None if live.key is None else turn.brain.tries.get(live.key)
    if live_try is not None:
        live_try.tracked_runs.update(live.tracked_runs)  # they end with it, too


def _follow(live: LiveRecording, record: AnyRecord) -> None:
    """Keep in mind which runs end with this recording, and how."""
    if isinstance(record, RunStarted) and record.run:
        live.open_runs[record.run] = None
    elif isinstance(record, RunEnded) and record.run:
        if record.status == tracking.RUNNING:
            live.open_runs[record.run] = None
        else:
            live.open_runs.pop(record.run, None)
    elif isinstance(record, Closed):
        live.status = record.status if record.status in tracked.STATUSES else tracking.FAILED
        live.ended_at = datetime.fromtimestamp(record.at, UTC)


def _opened(
    connection: Connection, live: LiveRecording, record: Opened, workspace: Workspace
) -> None:
    """Learn whose recording it is."""
    live.is_open = True
    live.started_at = datetime.fromtimestamp(record.at, UTC)
    live.user = record.user
    if record.try_key is None:
        return
    place = tracking.place_of_try(connection, record.try_key)
    if place is None:  # it was deleted: what it has started belongs to nobody
        return
    live.key = record.try_key
    live.experiment = place.experiment
    live.own_name, live.where = place.name, place.where
    live.journal = str(workspace.journal(place.dag_run_key, record.try_key))
    live.own_run = tracked_run_of(live.journal)


def _finish(turn: Turn, live: LiveRecording) -> None:
    """The process is gone: so are its runs, as it has said or, without a word, killed."""
    turn.changes.flush(turn.connection)
    status, at = live.status or tracking.KILLED, live.ended_at or turn.now
    for uuid in live.open_runs:
        row = live.tracked_runs.get(uuid) or tracking.run_with_uuid(turn.connection, uuid)
        if row is not None:
            tracking.set_status(turn.connection, row, status, at)
    live_try = None if live.key is None else turn.brain.tries.get(live.key)
    if live.key is not None and (live_try is None or live_try.ended):
        tracking.end_open_runs(turn.connection, live.key, status, at)  # begun after its try's end
    _forget(turn, live)


def _forget(turn: Turn, live: LiveRecording) -> None:
    table = models.recording
    if live.row_key is None:
        row = {"name": live.name, "opened_at": turn.now, "journal_offset": live.offset}
        turn.connection.execute(insert(table), {**row, "closed_at": turn.now})
    else:
        turn.changes.update(table, live.row_key, closed_at=turn.now)
    turn.connection.execute(delete(table).where(table.c.closed_at < turn.now - KEPT))
    turn.brain.recordings.pop(live.name, None)


def give_up(turn: Turn, workspace: Workspace, name: str, why: str) -> None:
    """What a recording holds can't be taken in: its runs end, and it is set aside."""
    path = workspace.recordings / name
    log.error("%s is set aside as %s%s: %s", path, name, DAMAGED, why)
    live = turn.brain.recordings.get(name)
    if live is None:
        live = LiveRecording(name)
        with contextlib.suppress(JournalDamaged, OSError):
            descriptor = _open(path)
            try:
                live = _remembered(turn.connection, name, workspace, descriptor) or live
            finally:
                os.close(descriptor)
    _finish(turn, live)
    turn.orders.damaged_recordings.append(path)


def take_away(finished: Sequence[Path], damaged: Sequence[Path]) -> None:
    """Remove what is read, and set aside what can't be."""
    for path in finished:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
    for path in damaged:
        with contextlib.suppress(FileNotFoundError):
            path.rename(path.with_name(path.name + DAMAGED))
