"""When a run will end, from how past runs of its DAG went on from where it is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.queries.estimates import PastRun

LIKELY, LATE = 0.5, 0.9
"""The quantiles that the range is between."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """When a run ends, if it goes on as others did."""

    runs: int
    """How many past runs say so."""
    likely: datetime | None = None
    """None: it is already later than after any of them."""
    late: datetime | None = None


def estimate(
    past: Sequence[PastRun],
    started: datetime,
    done: int,
    total: int,
    reached: datetime,
    now: datetime,
) -> Estimate | None:
    """The end of a run of which ``done`` of ``total`` task instances are done since ``reached``.

    Each past run took some time from where it had got as far to its end; those by which this one
    would have ended by now say nothing any more. Where all would, their whole times are asked in
    the same way. None without past runs.
    """
    if not past:
        return None
    share = done / total if total else 0.0
    ways = (
        [reached + timedelta(seconds=_left(run, share)) for run in past],
        [started + timedelta(seconds=run.seconds) for run in past],
    )
    coming = next((later for ends in ways if (later := sorted(e for e in ends if e > now))), None)
    if coming is None:
        return Estimate(len(past))
    return Estimate(len(past), _quantile(coming, LIKELY), _quantile(coming, LATE))


def _left(run: PastRun, share: float) -> float:
    """Seconds that a past run took from having done that share of it to its end."""
    number = ceil(share * len(run.finished) - 1e-9)
    return max(0.0, run.seconds - (run.finished[number - 1] if number else 0.0))


def _quantile(ends: Sequence[datetime], share: float) -> datetime:
    """The first by which at least that share of them is over."""
    return ends[max(0, ceil(share * len(ends)) - 1)]
