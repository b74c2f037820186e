"""Who gets a slot, and what the others wait for."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from runner.scheduling.limits import choose
from runner.scheduling.model import Candidate, Choice, PoolSlots, Usage

PLAIN = Candidate(
    row_key=1,
    dag_id="dag",
    dag_run_key=1,
    task_id="t",
    map_index=-1,
    pool="default_pool",
    pool_slots=1,
    priority_weight=1,
    logical_date=0.0,
    max_active_tasks=16,
)


def usage(executing: int = 0, **pools: tuple[int, int]) -> Usage:
    slots = {name: PoolSlots(*numbers) for name, numbers in pools.items()}
    return Usage(executing, {"default_pool": PoolSlots(128, 0)} | slots, {}, {}, {})


def started(choice: Choice) -> list[int]:
    return [candidate.row_key for candidate in choice.start]


def several(count: int, **fields: object) -> list[Candidate]:
    return [replace(PLAIN, row_key=number, **fields) for number in range(count)]


def test_priority_then_date_then_map_index() -> None:
    candidates = [
        replace(PLAIN, row_key=1, priority_weight=1, logical_date=5.0),
        replace(PLAIN, row_key=2, priority_weight=1, logical_date=3.0, map_index=4),
        replace(PLAIN, row_key=3, priority_weight=1, logical_date=3.0, map_index=2),
        replace(PLAIN, row_key=4, priority_weight=9, logical_date=9.0),
    ]
    assert started(choose(candidates, usage(), 32)) == [4, 3, 2, 1]


def test_parallelism() -> None:
    choice = choose(several(3), usage(executing=30), 32)
    assert started(choice) == [0, 1]
    assert choice.reasons == {2: "parallelism: 32 of 32 running"}


def test_a_full_pool() -> None:
    choice = choose(several(3, pool="gpu"), usage(gpu=(2, 1)), 32)
    assert started(choice) == [0]
    assert choice.reasons == dict.fromkeys((1, 2), "pool gpu: 0 of 2 free")


def test_a_pool_without_slots() -> None:
    assert choose(several(1, pool="gpu"), usage(gpu=(0, 0)), 32).reasons == {
        0: "pool gpu: needs 1 of its 0 slots"
    }


def test_a_pool_that_was_made_smaller_than_what_it_holds() -> None:
    assert choose(several(1, pool="gpu"), usage(gpu=(2, 5)), 32).reasons == {
        0: "pool gpu: 0 of 2 free"
    }


def test_one_that_needs_more_slots_than_are_free_is_passed_over_by_smaller_ones() -> None:
    large = replace(PLAIN, row_key=1, pool="gpu", pool_slots=3, priority_weight=10)
    small = replace(PLAIN, row_key=2, pool="gpu")
    choice = choose([large, small], usage(gpu=(4, 2)), 32)
    assert started(choice) == [2]
    assert choice.reasons == {1: "pool gpu: 2 of 4 free, needs 3"}


def test_one_that_needs_more_slots_than_there_are() -> None:
    assert choose(several(1, pool="gpu", pool_slots=5), usage(gpu=(4, 0)), 32).reasons == {
        0: "pool gpu: needs 5 of its 4 slots"
    }


def test_a_pool_that_does_not_exist() -> None:
    assert choose(several(1, pool="gone"), usage(), 32).reasons == {
        0: "pool gone does not exist: make it in Pools"
    }


def test_a_pool_without_limit() -> None:
    assert len(choose(several(500, pool="free"), usage(free=(-1, 900)), 500).start) == 16
    many_runs = [replace(c, dag_run_key=c.row_key) for c in several(500, pool="free")]
    assert len(choose(many_runs, usage(free=(-1, 900)), 500).start) == 500


def test_max_active_tasks_counts_per_run() -> None:
    candidates = [*several(2, max_active_tasks=3), replace(PLAIN, row_key=9, dag_run_key=2)]
    now = usage()
    now.per_dag_run = {1: 2}
    choice = choose(candidates, now, 32)
    assert started(choice) == [0, 9]
    assert choice.reasons == {1: "max_active_tasks: 3 of 3 running"}


def test_max_active_tis_per_dag_counts_over_all_runs() -> None:
    limited = several(2, max_active_tis_per_dag=2)
    now = usage()
    now.per_task = {("dag", "t"): 1}
    choice = choose([limited[0], replace(limited[1], dag_run_key=2)], now, 32)
    assert started(choice) == [0]
    assert choice.reasons == {1: "max_active_tis_per_dag: 2 of 2 running"}


def test_max_active_tis_per_dagrun() -> None:
    limited = several(2, max_active_tis_per_dagrun=1)
    choice = choose([*limited, replace(limited[1], row_key=7, dag_run_key=2)], usage(), 32)
    assert started(choice) == [0, 7]
    assert choice.reasons == {1: "max_active_tis_per_dagrun: 1 of 1 running"}


def test_choosing_changes_nothing() -> None:
    now = usage(gpu=(4, 1))
    choose(several(3, pool="gpu"), now, 32)
    assert now == usage(gpu=(4, 1))


CANDIDATES = st.lists(
    st.builds(
        Candidate,
        row_key=st.integers(0, 10**6),
        dag_id=st.just("dag"),
        dag_run_key=st.integers(1, 3),
        task_id=st.sampled_from("abc"),
        map_index=st.integers(-1, 3),
        pool=st.sampled_from(["gpu", "cpu", "gone", "free"]),
        pool_slots=st.integers(1, 4),
        priority_weight=st.integers(1, 5),
        logical_date=st.floats(0, 100),
        max_active_tasks=st.integers(1, 4),
        max_active_tis_per_dag=st.none() | st.just(2),
        max_active_tis_per_dagrun=st.none() | st.just(1),
    ),
    max_size=25,
    unique_by=lambda candidate: candidate.row_key,
)


@given(CANDIDATES, st.integers(0, 8), st.integers(0, 6), st.integers(0, 8))
def test_no_limit_is_exceeded_and_everyone_is_answered(
    candidates: list[Candidate], gpu: int, used: int, parallelism: int
) -> None:
    choice = choose(candidates, usage(gpu=(gpu, used), cpu=(4, 1), free=(-1, 0)), parallelism)
    slots: Counter[str] = Counter()
    for candidate in choice.start:
        slots[candidate.pool] += candidate.pool_slots
    assert slots["gpu"] <= max(gpu - used, 0)
    assert slots["cpu"] <= 3
    assert slots["gone"] == 0
    assert len(choice.start) <= parallelism
    for candidate in choice.start:
        of_run = [c for c in choice.start if c.dag_run_key == candidate.dag_run_key]
        of_task = [c for c in of_run if c.task_id == candidate.task_id]
        assert of_run.index(candidate) < candidate.max_active_tasks
        limit = candidate.max_active_tis_per_dagrun
        assert limit is None or of_task.index(candidate) < limit
    answered = [*started(choice), *choice.reasons]
    assert sorted(answered) == sorted(candidate.row_key for candidate in candidates)
