"""What happens while nobody looks: the terminal's title, its bell and its notifications. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.text import sanitize
from app.tui.formats import plural, run_name

if TYPE_CHECKING:
    from app.settings import UiConfig
    from store.engine import Store

MOST_NAMED = 3
"""Failures that are each notified; of more at once only the number is."""

SAVE_TITLE, RESTORE_TITLE = "\x1b[22;0t", "\x1b[23;0t"
"""xterm's stack of titles; terminals that have none ignore it."""


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run that failed."""

    dag_id: str
    run_id: str


@dataclass(frozen=True, slots=True)
class Alerts:
    """How many runs are at work, and which failed since the last look."""

    running: int
    failed: tuple[FailedRun, ...]
    last_event: int
    """Id of the newest event that was seen: the next look begins after it."""


class Alerter:
    """Says in the terminal's title, by its bell and its notifications what happens."""

    def __init__(self, workspace: str, settings: UiConfig, tell: Callable[[str], None]) -> None:
        self._workspace = workspace
        self._settings = settings
        self._tell = tell
        self._running = self._unseen = 0
        self._title = ""

    def notice(self, alerts: Alerts) -> None:
        """Something may have happened."""
        self._running = alerts.running
        self._unseen += len(alerts.failed)
        if alerts.failed and self._settings.bell:
            self._tell("\x07")
        for sequence in notifications(self._settings.notify, alerts.failed):
            self._tell(sequence)
        self._show_title()

    def seen(self) -> None:
        """Somebody is here: what failed is seen."""
        if self._unseen:
            self._unseen = 0
            self._show_title()

    def close(self) -> None:
        """Give the terminal its own title back."""
        if self._title:
            self._tell(RESTORE_TITLE)

    def _show_title(self) -> None:
        text = title(self._workspace, self._running, self._unseen)
        if not self._settings.title or text == self._title:
            return
        self._tell(text if self._title else SAVE_TITLE + text)
        self._title = text


def read_alerts(store: Store, after: int | None) -> Alerts:
    """What there is since an event; None: since now."""
    from store.events import list_events
    from store.queries.system import activity
    from store.states import DagRunState

    with store.read() as connection:
        running = activity(connection).runs.get(DagRunState.RUNNING, 0)
        if after is None:
            newest = list_events(connection, limit=1)
            return Alerts(running, (), newest[0].id if newest else 0)
        events = list_events(connection, kind="run_failed", after=after, limit=100)
    failed = tuple(
        FailedRun(event.dag_id, event.run_id)
        for event in reversed(events)
        if event.dag_id is not None and event.run_id is not None
    )
    return Alerts(running, failed, max([after, *(event.id for event in events)]))


def title(workspace: str, running: int, failed: int) -> str:
    """The sequence that sets the terminal's title."""
    words = [f"dagtop {workspace}"]
    if failed:
        words.append(f"{failed} failed")
    if running:
        words.append(f"{running} running")
    return f"\x1b]2;{_safe(' · '.join(words))}\x07"


def notifications(protocol: str, failed: Sequence[FailedRun]) -> list[str]:
    """The sequences by which the terminal is asked to notify; none without a protocol."""
    texts = [f"{run.dag_id} failed: {run_name(run.run_id)}" for run in failed]
    if len(texts) > MOST_NAMED:
        texts = [f"{plural(len(texts), 'run')} failed"]
    match protocol:
        case "osc9":
            return [f"\x1b]9;{_safe(text)}\x07" for text in texts]
        case "osc777":
            return [f"\x1b]777;notify;dagtop;{_safe(text)}\x07" for text in texts]
        case _:
            return []


def _safe(text: str) -> str:
    """Without anything that ends a sequence or begins another; semicolons part its fields."""
    return sanitize(text).replace(";", ",")[:200]
