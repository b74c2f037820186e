"""The demo: five pipelines on real data, with a few days of history that a real backfill makes.

``dagtop demo`` is: ``prepare`` a folder, start its runner, ``start_history_in_background``, open
the terminal UI.
"""

from app.demo.history import (
    HISTORY,
    Beginning,
    History,
    start_history,
    start_history_in_background,
)
from app.demo.workspace import DEFAULT_FOLDER, DemoError, prepare

__all__ = [
    "DEFAULT_FOLDER",
    "HISTORY",
    "Beginning",
    "DemoError",
    "History",
    "prepare",
    "start_history",
    "start_history_in_background",
]
