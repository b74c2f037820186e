"""Reads the store in a thread of its own and posts what the visible screen shows.

The database is opened here, after the first paint: SQLAlchemy takes longer to import than the
first screen to appear. Polling is a few microseconds (``Store.changed``); a query runs only when
something was committed or another screen is shown.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.message import Message

from app.tui.budget import Budget
from app.tui.commander import Refused
from store.errors import StoreError, StoreMissing
from store.settings import ConfigError

if TYPE_CHECKING:
    from app.tui.alerts import Alerts
    from app.tui.reading import FirstAnswer
    from store.engine import Store
    from store.workspace import Workspace

POLL = 0.1
"""Seconds between two looks at an SQLite file: some microseconds each."""

REMOTE_POLL, IDLE_REMOTE_POLL = 0.5, 1.0
"""Seconds between two looks at a database on the network, while things change and when not."""

IDLE_AFTER = 10.0
"""Seconds without a change after which nothing counts as changing."""

FIRST_REST = 1.0
"""Seconds after the first look until the store is opened, unless more is wanted before."""

RETRY = 1.0
"""Seconds until a store that can't be opened is tried again."""

RUNNER_LOOK = 5.0
"""Seconds between two looks at the runner's lease when nothing else asks for one."""

LOOKS = 2
"""Further looks into the store after its files changed: a commit is written some time before it can
be read, and a second one may leave size and time (which has ticks) as they were."""

Fetch = Callable[["Store"], Any]


@dataclass(frozen=True, slots=True)
class Request:
    """What a screen wants: ``fetch`` makes its snapshot, ``serial`` tells answers apart."""

    serial: int
    fetch: Fetch


class Fetched(Message):
    """A snapshot for the screen that asked."""

    def __init__(self, serial: int, snapshot: Any) -> None:
        super().__init__()
        self.serial = serial
        self.snapshot = snapshot

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Fetched) and message.serial == self.serial


class Answered(Message):
    """A one-off question was answered: ``then`` wants the result, on the event loop."""

    def __init__(self, then: Callable[[Any], None], result: Any) -> None:
        super().__init__()
        self.then = then
        self.result = result


class RunnerSeen(Message):
    """The runner's lease as it is now (None: there never was one)."""

    def __init__(self, runner: Any) -> None:
        super().__init__()
        self.runner = runner

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, RunnerSeen)


class Noticed(Message):
    """What happened since the last look, whatever screen is shown."""

    def __init__(self, alerts: Alerts) -> None:
        super().__init__()
        self.alerts = alerts


class StoreTrouble(Message):
    """The store can't be read; ``sentence`` is empty when it can be again."""

    def __init__(self, sentence: str, *, missing: bool = False) -> None:
        super().__init__()
        self.sentence = sentence
        self.missing = missing


def file_id(store: Store) -> tuple[int, int] | None:
    """Which file the database is. One put in its place has to be opened anew, and one that was
    taken away to be said: SQLite would go on with what nobody else sees."""
    if store.path is None:
        return None
    try:
        found = store.path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class Refresher:
    """The polling thread. All methods may be called from any thread."""

    def __init__(
        self,
        workspace: Workspace,
        post: Callable[[Message], object],
        runner: Fetch,
        first: tuple[Fetch, Callable[[], FirstAnswer | None]] | None = None,
    ) -> None:
        """``first``: a fetch, and a way to its snapshot and the runner's state that needs no open
        store, for a first screen that is there at once."""
        self._workspace = workspace
        self._post = post
        self._runner = runner
        self._first = first
        self._wake = threading.Event()
        self._closed = False
        self._request: Request | None = None
        self._serial = 0
        self._questions: deque[tuple[Fetch, Callable[[Any], None]]] = deque()
        self._thread = threading.Thread(target=self._run, name="dagtop-refresher", daemon=True)
        self._last: tuple[int, Any] = (0, None)
        self._last_runner: Any = ()
        self._glance: object = None
        self._looks = 0
        self._last_event: int | None = None
        self._trouble = ""

    def start(self) -> None:
        """Open the store and begin to poll."""
        self._thread.start()

    def show(self, fetch: Fetch | None) -> int:
        """From now on fetch this; returns the serial of the answers. None: nothing."""
        self._serial += 1
        self._request = None if fetch is None else Request(self._serial, fetch)
        self._wake.set()
        return self._serial

    def once(self, fetch: Fetch, then: Callable[[Any], None]) -> None:
        """Read something once; ``then`` is called with it on the event loop."""
        self._questions.append((fetch, then))
        self._wake.set()

    @property
    def is_asked(self) -> bool:
        """Whether something that was asked for once is still to be read."""
        return bool(self._questions)

    def poke(self) -> None:
        """Look again at once."""
        self._last = (0, None)
        self._wake.set()

    def close(self) -> None:
        """End the thread; waits for the query that runs, at most two seconds."""
        self._closed = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def _run(self) -> None:
        self._look_first()
        from store.engine import open_store

        while not self._closed:
            try:
                with open_store(self._workspace) as store:
                    self._poll(store)
            except StoreError as error:
                self._say(str(error), missing=isinstance(error, StoreMissing))
                self._pause(RETRY)
            except Exception as error:  # said in the banner instead of a screen that stands still
                self._say(f"reading the store failed: {type(error).__name__}: {error}")
                self._pause(RETRY)

    def _look_first(self) -> None:
        """Answer the first request without a store, if it can be, and rest until more is wanted."""
        request = self._request
        if self._first is None or request is None or request.fetch is not self._first[0]:
            return
        try:
            found = self._first[1]()
        except (StoreError, ConfigError):  # opening the store says the same, in the banner
            return
        if found is None:
            return
        self._last, self._last_runner = (request.serial, found.snapshot), found.runner
        self._last_event = found.last_event
        self._post(Fetched(request.serial, found.snapshot))
        self._post(RunnerSeen(found.runner))
        until = time.monotonic() + FIRST_REST
        while self._request is request and not self._questions and not self._closed:
            left = until - time.monotonic()
            if left <= 0:
                return
            self._pause(left)

    def _poll(self, store: Store) -> None:
        served, last_change, looked = 0, time.monotonic(), 0.0
        due, budget = False, Budget(last_change)
        opened = file_id(store)
        while not self._closed:
            glance = store.glance()
            if glance != self._glance and file_id(store) != opened:
                return
            while self._questions:
                self._answer_question(store, *self._questions[0])
                self._questions.popleft()
            request, now = self._request, time.monotonic()
            changed = self._has_changed(store, glance)
            if changed:
                last_change, due = now, True
                self._look_for_alerts(store)
            asked = request is not None and (request.serial != served or self._last[0] == 0)
            if request is not None and (asked or (due and budget.allows(now))):
                begun = time.thread_time()
                self._answer(store, request)
                served, due = request.serial, False
                budget.spend(now, time.thread_time() - begun)
            if changed or now - looked > RUNNER_LOOK:
                looked = now
                self._look_at_runner(store)
            self._say("")
            self._pause(self._interval(store, idle=now - last_change > IDLE_AFTER))

    def _answer_question(self, store: Store, fetch: Fetch, then: Callable[[Any], None]) -> None:
        """What the store could not be asked is asked again; what breaks otherwise is said."""
        try:
            found = fetch(store)
        except StoreError:
            raise
        except Exception as error:
            self._post(Refused(f"reading the store failed: {type(error).__name__}: {error}"))
        else:
            self._post(Answered(then, found))

    def _has_changed(self, store: Store, glance: object) -> bool:
        if glance is None or glance != self._glance:
            self._glance, self._looks = glance, LOOKS
        elif not self._looks:
            return False
        else:
            self._looks -= 1
        return store.changed()

    @staticmethod
    def _interval(store: Store, *, idle: bool) -> float:
        if store.is_sqlite:
            return POLL
        return IDLE_REMOTE_POLL if idle else REMOTE_POLL

    def _answer(self, store: Store, request: Request) -> None:
        snapshot = request.fetch(store)
        if (request.serial, snapshot) != self._last:
            self._last = (request.serial, snapshot)
            self._post(Fetched(request.serial, snapshot))

    def _look_at_runner(self, store: Store) -> None:
        runner = self._runner(store)
        if runner != self._last_runner:
            self._last_runner = runner
            self._post(RunnerSeen(runner))

    def _look_for_alerts(self, store: Store) -> None:
        from app.tui.alerts import read_alerts

        alerts = read_alerts(store, self._last_event)
        self._last_event = alerts.last_event
        self._post(Noticed(alerts))

    def _say(self, sentence: str, *, missing: bool = False) -> None:
        if sentence != self._trouble:
            self._trouble = sentence
            self._post(StoreTrouble(sentence, missing=missing))

    def _pause(self, seconds: float) -> None:
        self._wake.wait(seconds)
        self._wake.clear()
