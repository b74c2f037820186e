"""The log of a try: printed, or followed until the task has ended, over all its tries.

Whatever tasks print may come in: invalid UTF-8, a gigabyte without a newline, control sequences.
"""

from __future__ import annotations

import codecs
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from app.cli.errors import CommandError
from app.cli.exit_codes import ExitCode
from app.cli.lookups import find_instance, find_run, find_try, instance_name
from app.cli.output import note, on_terminal, print_json
from app.text import sanitize, sanitize_log
from store.client import runner_is_up
from store.engine import Store
from store.queries.tasks import InstanceRow, TryRow
from store.states import FINISHED_TASK_STATES, TaskInstanceState
from store.workspace import Workspace

CHUNK = 256 * 1024
LONGEST_LINE = 64 * 1024
"""Bytes after which a line that doesn't end is shown in parts."""
PAUSE = 0.1
"""Seconds between two looks at a log that is followed."""
RESET = "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which log."""

    dag_id: str
    run: str
    task_id: str
    map_index: int | None
    try_number: int | None


class LogReader:
    """Reads a log that may still grow, in whole lines (or parts of endless ones)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0
        self._rest = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def lines(self) -> Iterator[str]:
        """The lines that have come in since; an unfinished last one is kept for later."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(self.offset)
            while block := file.read(CHUNK):
                self.offset += len(block)
                parts = (self._rest + self._decoder.decode(block)).split("\n")
                self._rest = parts.pop()
                yield from parts
                while len(self._rest) > LONGEST_LINE:
                    yield self._rest[:LONGEST_LINE]
                    self._rest = self._rest[LONGEST_LINE:]

    def rest(self) -> Iterator[str]:
        """The last line, where it has no newline."""
        self._rest += self._decoder.decode(b"", True)
        if self._rest:
            yield self._rest
            self._rest = ""

    def skip_to_last(self, count: int) -> None:
        """Go to the last ``count`` lines of what is there now."""
        self.offset = start_of_last_lines(self.path, count)


def start_of_last_lines(path: Path, count: int) -> int:
    """The byte at which the last ``count`` lines of a file begin; reads only its end."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return 0
    with file:
        end = position = file.seek(0, os.SEEK_END)
        if count <= 0:
            return end
        found = 0
        while position > 0:
            size = min(CHUNK, position)
            position -= size
            file.seek(position)
            block = file.read(size)
            if position + size == end and block.endswith(b"\n"):
                block = block[:-1]  # the newline that ends the last line starts no other
            at = len(block)
            while (at := block.rfind(b"\n", 0, at)) >= 0:
                found += 1
                if found == count:
                    return position + at + 1
        return 0


def show(space: Workspace, store: Store, wanted: Wanted, lines: int | None, json: bool) -> None:
    """Print the log of one try as far as it goes."""
    _, run_id, instance, chosen = _find(store, wanted)
    if chosen is None:
        raise CommandError(
            f"{wanted.task_id} of run {run_id} has no log: it has not been tried yet",
            ExitCode.NOT_FOUND,
        )
    path = space.log(instance.dag_run_id, chosen.id)
    if not path.exists():
        raise CommandError(
            f"the log of try {chosen.try_number} of {wanted.task_id} is not there ({path}); "
            "it may have been deleted by [retention] log_days",
            ExitCode.NOT_FOUND,
        )
    reader = LogReader(path)
    if lines is not None:
        reader.skip_to_last(lines)
    if json:
        print_json(
            {
                "dag_id": wanted.dag_id,
                "run_id": run_id,
                "task_id": instance.task_id,
                "map_index": instance.map_index,
                "try_number": chosen.try_number,
                "path": str(path),
                "lines": [*reader.lines(), *reader.rest()],
            }
        )
        return
    with _Printer() as printer:
        printer.print(reader.lines())
        printer.print(reader.rest())


def follow(space: Workspace, store: Store, wanted: Wanted, lines: int | None) -> ExitCode:
    """Print a log as it grows, and those of the following tries, until the task has ended.

    With a try number only that try. ``FAILED`` if it failed.
    """
    with _Printer() as printer:
        _, run_id, instance, chosen = _find(store, wanted)
        name = instance_name(instance.task_id, instance.map_index)
        _warn_without_runner(space, instance)
        number: int | None = None
        reader = LogReader(Path(os.devnull))
        token = None
        while True:
            now = store.change_token()
            if now != token:
                token = now
                instance, chosen = _again(store, wanted, instance, chosen)
            printer.print(reader.lines())
            if chosen is not None and chosen.try_number != number:
                printer.print(reader.rest())
                number = chosen.try_number
                reader = LogReader(space.log(instance.dag_run_id, chosen.id))
                if lines is not None:
                    reader.skip_to_last(lines)
                    lines = None
                if number > 1:
                    printer.flush()
                    note(f"--- {name}, try {number} ---")
                continue
            state = _end(instance, chosen, wanted)
            if state is not None:
                printer.print(reader.lines())
                printer.print(reader.rest())
                printer.flush()
                note(f"--- {name} of {run_id}: {state} ---")
                return ExitCode.FAILED if state in FAILURES else ExitCode.OK
            printer.flush()
            time.sleep(PAUSE)


FAILURES = ("failed", "upstream_failed", "up_for_retry")


def _end(instance: InstanceRow, chosen: TryRow | None, wanted: Wanted) -> str | None:
    """The state that ends the following; None while there is more to come."""
    if wanted.try_number is not None and chosen is not None:
        return chosen.state if chosen.ended_at is not None else None
    if instance.state not in FINISHED_TASK_STATES:
        return None
    if chosen is not None and chosen.ended_at is None and chosen.state in ("queued", "running"):
        return None
    assert instance.state is not None
    return instance.state.value


def _find(store: Store, wanted: Wanted) -> tuple[int, str, InstanceRow, TryRow | None]:
    with store.read() as connection:
        run = find_run(connection, wanted.dag_id, wanted.run)
        instance = find_instance(connection, run, wanted.task_id, wanted.map_index)
        chosen = find_try(connection, instance, wanted.try_number)
    return run.id, run.run_id, instance, chosen


def _again(
    store: Store, wanted: Wanted, instance: InstanceRow, chosen: TryRow | None
) -> tuple[InstanceRow, TryRow | None]:
    """The task instance as it is now, and the try to show: the next one that isn't shown yet."""
    from store.queries import tasks

    with store.read() as connection:
        current = tasks.get_instance_by_id(connection, instance.id)
        if current is None:
            raise CommandError(
                f"{wanted.task_id} is no longer there: its run was deleted, or it was expanded",
                ExitCode.NOT_FOUND,
            )
        tries = tasks.list_tries(connection, instance.id)
    if wanted.try_number is not None:
        return current, next((t for t in tries if t.try_number == wanted.try_number), chosen)
    if chosen is None:
        return current, tries[-1] if tries else None
    same = next((t for t in tries if t.id == chosen.id), chosen)
    following = [t for t in tries if t.try_number > chosen.try_number]
    if following and same.ended_at is not None:
        return current, following[0]
    return current, same


def _warn_without_runner(space: Workspace, instance: InstanceRow) -> None:
    if instance.state not in FINISHED_TASK_STATES and not runner_is_up(space):
        state = instance.state or TaskInstanceState.SCHEDULED
        note(f"no runner is up, so this task stays {state}; start one with 'dagtop up'")


class _Printer:
    """Writes lines to stdout: with their colours on a terminal, without any elsewhere."""

    def __init__(self) -> None:
        self._colours = on_terminal() and not os.environ.get("NO_COLOR")
        self._coloured = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._coloured:
            sys.stdout.write(RESET)
        self.flush()

    def print(self, lines: Iterator[str]) -> None:
        write = sys.stdout.write
        if not self._colours:
            for line in lines:
                write(sanitize(_last_state(line)) + "\n")
            return
        for line in lines:
            safe = sanitize_log(line)
            if "\x1b" in safe:
                self._coloured = True
                safe += RESET
            write(safe + "\n")

    def flush(self) -> None:
        sys.stdout.flush()


def _last_state(line: str) -> str:
    """Of a line redrawn with carriage returns (a progress bar) what stands there at the end."""
    return line.rstrip("\r").rpartition("\r")[2] if "\r" in line else line
