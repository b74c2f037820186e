"""Tracking outside a task: in a script, a notebook, or a program that a task has started.

Each such process has a recording of its own in the workspace, from the first thing it logs on.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any

from runner.authoring import services
from runner.journal.client import QuestionClient
from runner.journal.place import NoWorkspace, find_place
from runner.journal.recording import open_recording
from runner.journal.records import Closed

if TYPE_CHECKING:
    from runner.journal.writer import JournalWriter

PATIENCE = 5.0
"""Seconds that a question waits for a runner."""


class Recorder(services.Services):
    """The recording of this process."""

    def __init__(
        self, questions: services.Questions, journal: JournalWriter, path: str, artifacts: str
    ) -> None:
        """``path``: of the journal of the try that has started this process; empty: none has."""
        super().__init__(questions, journal, path, artifacts)
        self.descriptor_of = journal
        if not path:  # a try has a run that all its processes log to; a script has its own
            self.own_uuid = uuid.uuid4().hex
            self.own_name = script_name()
        self.failed = False


def script_name() -> str:
    """What a run of this process is called without a word: the name of its script."""
    main = sys.modules.get("__main__")
    file = getattr(main, "__file__", None) or ""
    name = os.path.splitext(os.path.basename(file))[0]
    return name if name and name.isprintable() else "interactive"


_recorder: Recorder | None = None
_is_hooked = False


def recorder() -> Recorder:
    """The recording of this process, begun if it hasn't one yet.

    Raises ``OutsideTask`` where there is no workspace, ``OSError`` where it can't be written.
    """
    global _recorder
    if _recorder is None:
        try:
            place = find_place(os.environ, _folder())
        except NoWorkspace as error:
            raise services.OutsideTask(f"no task is running in this process, and {error}") from None
        of_try = place.try_journal(os.environ)
        try_key, path = of_try or (None, "")
        journal = open_recording(place, try_key)
        questions = QuestionClient(place.questions, PATIENCE)
        _recorder = Recorder(questions, journal, path, place.artifacts)
        _recorder.state = place.state
        services.track(_recorder)
        _hook()
    return _recorder


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError as error:
        raise services.OutsideTask(
            f"no task is running in this process, and its folder is gone ({error.strerror}): name "
            "the workspace to record in with DAGTOP_WORKSPACE"
        ) from None


def _hook() -> None:
    """See to it that the end of this process is told, and whether an exception has ended it."""
    global _is_hooked
    family = sys.modules.get("multiprocessing.util")
    if family is not None:  # its children leave without a word to ``atexit``
        family.Finalize(None, _close, exitpriority=1)
    if _is_hooked:
        return
    _is_hooked = True
    atexit.register(_close)
    before = sys.excepthook

    def failed(*error: Any) -> None:
        if _recorder is not None:
            _recorder.failed = True
        before(*error)

    sys.excepthook = failed


def _close() -> None:
    """The process ends: say how."""
    global _recorder
    from runner.authoring import tracking

    ended, _recorder = _recorder, None
    if ended is None:
        return
    try:
        tracking.finish()
        ended.finish(Closed(time.time(), "FAILED" if ended.failed else "FINISHED"))
    except OSError as error:
        print(f"dagtop: the last of what was logged is lost: {error}", file=sys.stderr)
    services.track(None)


def _after_fork_in_child() -> None:
    """The recording is the parent's, and so is its lock: it must not outlive it in here."""
    global _recorder
    if _recorder is not None:
        _recorder.descriptor_of.close()
        _recorder = None
        services.track(None)


os.register_at_fork(after_in_child=_after_fork_in_child)
