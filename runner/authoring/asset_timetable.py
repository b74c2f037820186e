"""The timetable of a DAG that runs on assets: it says no times."""

from __future__ import annotations

from runner.authoring.assets import condition_of, condition_words
from runner.authoring.timetables import Timetable


class AssetTriggeredTimetable(Timetable):
    """Runs when there were events of its assets; which ones, the DAG's structure says."""

    kind = "asset"
    periodic = False

    def __init__(self, description: str) -> None:
        self._description = description

    @property
    def summary(self) -> str:
        return "Asset"

    @property
    def description(self) -> str:
        return self._description


def timetable_on(schedule: object) -> AssetTriggeredTimetable | None:
    """The timetable of a schedule of assets; None where it is another one."""
    condition = condition_of(schedule)
    return None if condition is None else AssetTriggeredTimetable(condition_words(condition))
