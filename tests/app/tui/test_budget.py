"""What reading the store may take of the machine."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from app.tui.budget import BURST, LONGEST_REST, SHARE, Budget

costs = st.lists(st.floats(0.0001, 0.5), min_size=1, max_size=200)


def reads(budget: Budget, costs: list[float], poll: float = 0.1) -> list[float]:
    """When each read came, where something changes all the time; looked at each ``poll`` s."""
    times: list[float] = []
    tick = 0
    for cost in costs:
        while not budget.allows(now := tick * poll):
            tick += 1
        budget.spend(now, cost)
        times.append(now)
        tick += 1
    return times


def test_the_first_changes_after_a_quiet_time_are_read_at_once() -> None:
    """Reads of 25 ms, a change each half second: no one waits for another for ten changes."""
    budget = Budget(0.0)
    for quiet in (0.0, 100.0):
        for change in range(10):
            now = quiet + change * 0.5
            assert budget.allows(now)
            budget.spend(now, 0.025)


@given(costs)
def test_no_read_is_put_off_for_longer_than_the_longest_rest(costs: list[float]) -> None:
    times = [0.0, *reads(Budget(0.0), costs)]
    assert max(b - a for a, b in itertools.pairwise(times)) <= LONGEST_REST + 0.2


@given(st.lists(st.floats(0.0001, LONGEST_REST * SHARE), min_size=1, max_size=200))
def test_in_the_long_run_no_more_than_the_share_is_taken(costs: list[float]) -> None:
    """Reads that the longest rest doesn't cut short: what all but the last took was earned."""
    last = reads(Budget(0.0), costs)[-1]
    assert sum(costs[:-1]) <= BURST + SHARE * last + 1e-6
