"""Which tracked run (MLflow's sense) what a try logs belongs to."""

from __future__ import annotations

import hashlib
import os


def tracked_run_of(journal: str) -> str:
    """The uuid of the run that a try has without a call: its process and the runner know it without
    a word.

    Of its folder, where the journals of a try are that is continued in other processes, too.
    """
    return hashlib.sha256(os.fsencode(os.path.dirname(journal))).hexdigest()[:32]
