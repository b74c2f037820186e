"""Params, metrics and tags of a running task, or of a script, under MLflow's names and limits.

``log_metric`` only puts a point into a buffer: a training loop may call it for every batch. Points
reach the journal when a buffer is full, every 50 ms by a thread that the first point starts, at
once where a value is not finite (a diverging training is to be seen now), and when the task ends.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from array import array
from math import isfinite
from operator import index
from typing import TYPE_CHECKING, Any

from runner.authoring import services
from runner.authoring.exceptions import ArgumentError, DagtopException
from runner.journal.records import MetricPoints, ParamLogged, RunStarted, TagSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.journal.records import Record

KEY_LENGTH = 250
PARAM_LENGTH = 6000
TAG_LENGTH = 8000
"""Characters at most: MLflow's limits."""
FLUSH_POINTS = 4096
"""Points of one metric that are written at once."""
FLUSH_SECONDS = 0.05
_INT64 = 2**63
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The years 1 to 9999, in microseconds since 1970."""

Point = tuple[float, int, int]
"""Value, step, microseconds since 1970."""


class ParamChanged(DagtopException, ValueError):
    """A param was logged twice with different values; params of a run are written once."""


class RunLog:
    """What was logged for one tracked run, and its points that are not in the journal yet."""

    __slots__ = (
        "begins", "files", "folders", "has_begun", "is_placed", "name", "params", "points",
        "tables", "tracker", "uuid",
    )  # fmt: skip

    def __init__(self, tracker: Tracker, uuid: str) -> None:
        self.tracker = tracker
        self.uuid = uuid
        """Empty: of the try itself."""
        self.name = ""
        self.begins: RunStarted | None = None
        """What is to be told of the run before the first thing that is logged; None: nothing, as
        the try's own begins by itself."""
        self.has_begun = False
        self.is_placed = not tracker.target.state
        """It has said where it runs, from which source, with what."""
        self.points: dict[str, list[Point]] = {}
        self.params: dict[str, str] = {}
        self.tables: dict[str, dict[str, list[Any]]] = {}
        """What ``log_table`` has written, by path: its columns and rows."""
        self.files: dict[str, tuple[int, str]] = {}
        """Size and SHA-256 of the artifacts that were logged, by path."""
        self.folders: set[str] = set()
        """Those that they are in."""

    def record(self, record: Record) -> None:
        """State something of the run in the journal. Raises ``OSError``."""
        if self.has_begun and self.is_placed:
            self.tracker.target.record(record)
            return
        first = [] if self.begins is None or self.has_begun else [self.begins]
        self.tracker.target.record(*first, *self._placed(), record)
        self.has_begun = self.is_placed = True

    def tell(self, record: Record) -> None:
        """State something that isn't the run's own, such as who is champion: a run that says
        nothing else doesn't begin by it. Raises ``OSError``."""
        self.tracker.target.record(record)

    def _placed(self) -> list[Record]:
        if self.is_placed:
            return []
        from runner.authoring.surroundings import of_run

        target = self.tracker.target
        return [of_run(self.uuid, target.state, target.artifacts)]

    def begin(self) -> None:
        """Have the run begun, if nothing was logged for it yet. Raises ``OSError``."""
        if not self.has_begun:
            self.tracker.target.record(self.begins or RunStarted(time.time(), self.uuid, self.name))
            self.has_begun = True

    def adopt(self, before: RunLog) -> None:
        """Go on with what a forked child has of its parent's run; not with what is in its buffers,
        which is the parent's to write."""
        self.name, self.begins, self.has_begun = before.name, before.begins, before.has_begun
        self.is_placed = before.is_placed
        self.params.update(before.params)

    def buffer(self, key: str) -> list[Point]:
        """The buffer of a metric that is logged for the first time."""
        check_key("metric", key)
        return self.points.setdefault(key, [])


class Tracker:
    """What one task has logged for its tracked runs.

    A point is put into its buffer by one ``list.append``: no lock, and nothing that a signal
    handler could interrupt half-way. Only writing takes a lock.
    """

    def __init__(self, target: services.Services, *, forked: bool = False) -> None:
        self.target = target
        self.own = self._own_log(target.own_uuid)
        self.logs: dict[str, RunLog] = {self.own.uuid: self.own}
        self.waiting = False
        self.writing = threading.Lock()
        self._forked = forked
        self._closed = False
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def _own_log(self, uuid: str, experiment: str = "") -> RunLog:
        log = RunLog(self, uuid)
        if uuid:
            log.name = self.target.own_name
            log.begins = RunStarted(time.time(), uuid, log.name, experiment)
        return log

    def renew_own(self, uuid: str) -> None:
        """The run that there is without a call has ended: what is logged next goes to a new one."""
        experiment = self.own.begins.experiment if self.own.begins is not None else ""
        self.target.own_uuid = uuid
        self.own = self.logs[uuid] = self._own_log(uuid, experiment)

    def inherit(self, before: Tracker) -> None:
        """Go on, in a forked child, with the runs that its parent has begun."""
        self.own.adopt(before.own)
        for uuid, log in before.logs.items():
            if log is not before.own:
                self.log_of(uuid).adopt(log)

    def log_of(self, uuid: str) -> RunLog:
        """What was logged for a run."""
        found = self.logs.get(uuid)
        return found if found is not None else self.logs.setdefault(uuid, RunLog(self, uuid))

    def wait(self) -> None:
        """See to it that what is in the buffers is written within 50 ms."""
        if self._forked:  # it may end in ways that leave no time for a last flush
            self.flush()
            return
        self.waiting = True
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._flush_now_and_then, name="dagtop-metrics", daemon=True
            )
            self._thread.start()
        self._wake.set()

    def _flush_now_and_then(self) -> None:
        while self._wake.wait() and not self._closed:
            time.sleep(FLUSH_SECONDS)
            if self._closed:
                return
            self._wake.clear()
            self.waiting = False
            try:
                self.flush()
            except OSError:  # a full disk: the points stay, and the task's own next flush tells
                self._wake.set()
            except services.OutsideTask:  # the task has ended, and another thread has gone on
                return

    def close(self) -> None:
        """Write what is left and let the thread end. Raises ``OSError``."""
        self._closed = True
        self._wake.set()
        self.flush()

    def flush(self) -> None:
        """Write all points. Raises ``OSError``; they stay then."""
        with services.shield, self.writing:
            for log in list(self.logs.values()):
                for key, points in list(log.points.items()):
                    self._write(log, key, points)

    def flush_metric(self, log: RunLog, key: str) -> None:
        """Write the points of one metric. Raises ``OSError``; they stay then."""
        with services.shield, self.writing:
            self._write(log, key, log.points[key])

    def _write(self, log: RunLog, key: str, points: list[Point]) -> None:
        for _ in range(0, len(points), FLUSH_POINTS):
            batch = points[:FLUSH_POINTS]
            data = (
                _bytes_of(array("d", [point[0] for point in batch]))
                + _bytes_of(array("q", [point[1] for point in batch]))
                + _bytes_of(array("q", [point[2] for point in batch]))
            )
            log.record(MetricPoints(key, len(batch), data, log.uuid))
            del points[: len(batch)]


def _bytes_of(values: array[Any]) -> bytes:
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


_tracker: Tracker | None = None
_parents: tuple[Tracker, tuple[str, ...]] | None = None
"""In a forked child that has yet to begin a recording of its own: what its parent has logged, and
the runs that were active."""
_beginning = threading.RLock()
"""Held while the tracker of a process is made: threads that log their first things at the same time
have one, and one recording."""


class _Active(threading.local):
    """The run that a thread logs to, with those that it is nested in before it; none: the try's."""

    logs: tuple[RunLog, ...] = ()


active = _Active()


def _current() -> Tracker:
    """The tracker of the task that runs, or of this process. Raises ``OutsideTask``."""
    global _tracker, _parents
    with services.shield, _beginning:
        target = services.for_tracking()
        if _tracker is None or _tracker.target is not target:
            inherited, _parents = _parents, None
            if inherited is not None and target.own_uuid:
                target.own_uuid = inherited[0].own.uuid
            begun = Tracker(target, forked=inherited is not None)
            if inherited is not None:
                _take_over(begun, *inherited)
            _tracker = begun
        return _tracker


def _take_over(tracker: Tracker, before: Tracker, active_runs: tuple[str, ...]) -> None:
    tracker.inherit(before)
    active.logs = tuple(tracker.log_of(uuid) for uuid in active_runs)


def _before_fork() -> None:
    if _tracker is not None:
        _tracker.writing.acquire()


def _after_fork_in_parent() -> None:
    if _tracker is not None:
        _tracker.writing.release()


def _after_fork_in_child() -> None:
    """What is in the buffers is the parent's to write."""
    global _tracker, _parents, _beginning
    _beginning = threading.RLock()  # another thread of the parent's may have held it
    if _tracker is None:
        return
    before, active_runs = _tracker, tuple(log.uuid for log in active.logs)
    active.logs = ()
    if services.is_recording(before.target):  # the child's own is begun when it logs something
        _tracker, _parents = None, (before, active_runs)
    else:
        _tracker = Tracker(before.target, forked=True)
        _take_over(_tracker, before, active_runs)


os.register_at_fork(
    before=_before_fork,
    after_in_parent=_after_fork_in_parent,
    after_in_child=_after_fork_in_child,
)


def finish() -> None:
    """Write what is left, at the end of a task. Raises ``OSError``."""
    global _tracker
    tracker, _tracker = _tracker, None
    active.logs = ()
    if tracker is not None and tracker.target is services.tracked:
        tracker.close()  # one of another task can't be written any more: that task has ended


def active_log() -> RunLog:
    """What is logged to now: the run that this thread has begun last, else the try's own."""
    tracker = _current()
    logs = active.logs
    return logs[-1] if logs and logs[-1].tracker is tracker else tracker.own


def log_metric(
    key: str, value: float, step: int | None = None, timestamp: int | None = None
) -> None:
    """Log one value of a metric of the active run: that of the running task.

    ``step`` is 0 where it isn't given, ``timestamp`` (milliseconds since 1970) now, as in MLflow.
    NaN and the infinities are kept as they are. Raises ``ArgumentError`` (a TypeError) for a value
    that is no number.
    """
    tracker = _tracker
    if tracker is None or tracker.target is not services.tracked:
        tracker = _current()
    if type(value) is not float:
        value = _number(key, value)
    if type(step) is not int:
        step = 0 if step is None else _step(key, step)
    at = time.time_ns() // 1000 if timestamp is None else _microseconds(key, timestamp)
    if not -_INT64 <= step < _INT64:
        raise ArgumentError(f"log_metric({key!r}): step {step} doesn't fit into 64 bits")
    logs = active.logs
    log = logs[-1] if logs and logs[-1].tracker is tracker else tracker.own
    points = log.points.get(key)
    if points is None:
        points = log.buffer(key)
    points.append((value, step, at))
    if not isfinite(value):
        tracker.flush_metric(log, key)
        tracker.target.ring()
    elif len(points) >= FLUSH_POINTS:
        tracker.flush_metric(log, key)
    elif not tracker.waiting:
        tracker.wait()


def log_metrics(
    metrics: Mapping[str, float], step: int | None = None, timestamp: int | None = None
) -> None:
    """Log one value each of several metrics, at the same step and time."""
    if timestamp is None:
        timestamp = time.time_ns() // 1_000_000
    for key, value in metrics.items():
        log_metric(key, value, step, timestamp)


def log_param(key: str, value: Any) -> Any:
    """Log a param of the running task, as text; gives the value back.

    Raises ``ParamChanged`` where it was logged with another value, ``ArgumentError`` where key or
    value is too long.
    """
    log = active_log()
    check_key("param", key)
    text = text_of("param", key, value, PARAM_LENGTH)
    known = log.params.get(key)
    if known is None:
        log.record(ParamLogged(key, text, log.uuid))
        log.params[key] = text
    elif known != text:
        raise ParamChanged(
            f"param {key!r} was logged as {known!r} and can't become {text!r}: a param of a run is "
            "written once, log what changes as a metric or a tag"
        )
    return value


def log_params(params: Mapping[str, Any]) -> None:
    """Log several params."""
    for key, value in params.items():
        log_param(key, value)


def set_tag(key: str, value: Any) -> None:
    """Set a tag of the running task; setting it again overwrites it."""
    log = active_log()
    check_key("tag", key)
    log.record(TagSet(key, text_of("tag", key, value, TAG_LENGTH), log.uuid))


def delete_tag(key: str) -> None:
    """Take a tag away again."""
    log = active_log()
    check_key("tag", key)
    log.record(TagSet(key, None, log.uuid))


def set_tags(tags: Mapping[str, Any]) -> None:
    """Set several tags."""
    for key, value in tags.items():
        set_tag(key, value)


def check_key(what: str, key: str) -> None:
    """Raise ``ArgumentError`` for what can't be a name of a metric, param, tag or experiment."""
    if not isinstance(key, str) or not key:
        raise ArgumentError(f"the name of {a_or_an(what)} is a string, not {key!r}")
    if len(key) > KEY_LENGTH:
        raise ArgumentError(
            f"the name of {a_or_an(what)} has at most {KEY_LENGTH} characters, "
            f"{key[:40]!r}… has {len(key)}"
        )
    if not key.isprintable():
        raise ArgumentError(f"the name of {a_or_an(what)} has no control characters: {key!r}")


def text_of(what: str, key: str, value: Any, limit: int) -> str:
    """A value as text, what is no Unicode in it as escapes. Raises ``ArgumentError``."""
    text = str(value).encode("utf-8", "backslashreplace").decode()
    if len(text) > limit:
        raise ArgumentError(
            f"{what} {key!r} has {len(text):,} characters and may have {limit:,}: "
            "save it to a file and log its path"
        )
    return text


def _number(key: str, value: Any) -> float:
    """A float of an int, a bool, a numpy scalar, a tensor with one element …; not of text."""
    if not isinstance(value, (str, bytes, bytearray)):
        try:  # item: NumPy turns an array into a number only where it has no dimension
            return float(value.item() if hasattr(value, "item") else value)
        except (TypeError, ValueError, OverflowError, RuntimeError):
            value = type(value) if len(repr(value)) > 60 else value
    raise ArgumentError(f"log_metric({key!r}): the value is a number, not {value!r}")


def _step(key: str, step: Any) -> int:
    try:
        return index(step)
    except TypeError:
        raise ArgumentError(f"log_metric({key!r}): step is a whole number, not {step!r}") from None


def _microseconds(key: str, timestamp: Any) -> int:
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        microseconds = int(timestamp * 1000)
        if _FIRST <= microseconds <= _LAST:
            return microseconds
    raise ArgumentError(
        f"log_metric({key!r}): timestamp is in milliseconds since 1970, not {timestamp!r}"
    )


def a_or_an(noun: str) -> str:
    """A noun with its article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
