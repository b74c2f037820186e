"""The trigger rules: every cell of Airflow's truth table, in both orders of finishing."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.scheduling.trigger_rules import NEEDED, READY, RULES, Tally, evaluate
from store.states import TaskInstanceState
from tests.runner.scheduling.pipelines import Driven, S, pipeline, task

LETTERS = {"S": S.SUCCESS, "F": S.FAILED, "K": S.SKIPPED, "U": S.UPSTREAM_FAILED}
RESULTS = {S.SCHEDULED: "S", S.SKIPPED: "K", S.UPSTREAM_FAILED: "U", None: "-"}

# Computed by the TriggerRuleDep of Airflow 3.3.2. A block per state of the upstream that ends
# first (S F K U), a letter per state of the second (S F K U); then with a single upstream.
# S: it runs, K: skipped, U: upstream_failed.
TABLE = {
    "all_success": ("SUKU UUUU KKKK UUUU", "SUKU"),
    "all_failed": ("KKKK KSKS KKKK KSKS", "KSKS"),
    "all_done": ("SSSS SSSS SSSS SSSS", "SSSS"),
    "all_done_setup_success": ("SSSS SSSS SSSS SSSS", "SSSS"),
    "one_success": ("SSSS SUUU SUKU SUUU", "SUKU"),
    "one_failed": ("KSKS SSSS KSKS SSSS", "KSKS"),
    "one_done": ("SSSS SSSS SSKK SSKK", "SSKK"),
    "none_failed": ("SUSU UUUU SUSU UUUU", "SUSU"),
    "none_failed_min_one_success": ("SUSU UUUU SUKU UUUU", "SUKU"),
    "none_skipped": ("SSKS SSKS KKKK SSKS", "SSKS"),
    "all_skipped": ("KKKK KKKK KKSK KKKK", "KKSK"),
    "always": ("SSSS SSSS SSSS SSSS", "SSSS"),
    "all_done_min_one_success": ("SSKS SUKU KKKK SUKU", "SUKU"),
}


def test_the_table_has_every_rule() -> None:
    assert set(TABLE) == set(RULES) == set(NEEDED)


@pytest.mark.parametrize("rule", TABLE)
@pytest.mark.parametrize(("first", "second"), list(product("SFKU", "SFKU")))
def test_two_upstream(rule: str, first: str, second: str) -> None:
    block = TABLE[rule][0].split()["SFKU".index(first)]
    driven = Driven(pipeline(task("a"), task("b"), task("t", "a", "b", rule=rule)))
    driven.set("a", state=LETTERS[first])
    driven.set("b", state=LETTERS[second])
    assert RESULTS[driven.run.instances["t", -1].state] == block["SFKU".index(second)]


@pytest.mark.parametrize("rule", TABLE)
@pytest.mark.parametrize("state", "SFKU")
def test_one_upstream(rule: str, state: str) -> None:
    driven = Driven(pipeline(task("a"), task("t", "a", rule=rule)))
    driven.set("a", state=LETTERS[state])
    assert RESULTS[driven.run.instances["t", -1].state] == TABLE[rule][1]["SFKU".index(state)]


EAGER = [
    ("all_success", S.FAILED, S.UPSTREAM_FAILED),
    ("all_success", S.SKIPPED, S.SKIPPED),
    ("all_failed", S.SUCCESS, S.SKIPPED),
    ("none_failed", S.FAILED, S.UPSTREAM_FAILED),
    ("none_failed_min_one_success", S.FAILED, S.UPSTREAM_FAILED),
    ("none_skipped", S.SKIPPED, S.SKIPPED),
    ("all_skipped", S.SUCCESS, S.SKIPPED),
    ("all_done_min_one_success", S.SKIPPED, S.SKIPPED),
    ("one_success", S.SUCCESS, S.SCHEDULED),
    ("one_failed", S.FAILED, S.SCHEDULED),
    ("one_done", S.SUCCESS, S.SCHEDULED),
]


@pytest.mark.parametrize(("rule", "first", "result"), EAGER)
def test_a_rule_decides_before_the_other_upstream_has_ended(
    rule: str, first: TaskInstanceState, result: TaskInstanceState
) -> None:
    driven = Driven(pipeline(task("a"), task("b"), task("t", "a", "b", rule=rule)))
    driven.set("a", state=first)
    assert driven.run.instances["t", -1].state is result


@pytest.mark.parametrize("rule", ["all_done", "all_done_setup_success", "all_success"])
def test_other_rules_wait_for_the_other_upstream(rule: str) -> None:
    driven = Driven(pipeline(task("a"), task("b"), task("t", "a", "b", rule=rule)))
    driven.set("a", state=S.SUCCESS)
    assert driven.states("t") == "none"


def test_what_arrives_in_one_round_is_judged_together_and_failure_counts_more_than_skip() -> None:
    # skipped and upstream_failed reach "join" in the same round, two steps after "fails".
    structure = pipeline(
        task("fails"),
        task("to_skip", "fails", rule="none_skipped"),
        task("skipped", "fails", rule="all_skipped"),
        task("failed", "fails"),
        task("join", "skipped", "failed"),
    )
    driven = Driven(structure)
    driven.set("fails", state=S.FAILED)
    assert driven.states("skipped", "failed", "join") == "skipped upstream_failed upstream_failed"


@pytest.mark.parametrize("rule", TABLE)
def test_a_task_without_upstream_ignores_its_rule(rule: str) -> None:
    assert Driven(pipeline(task("t", rule=rule))).states("t") == "scheduled"


def test_always_does_not_wait() -> None:
    driven = Driven(pipeline(task("a"), task("t", "a", rule="always")))
    assert driven.states("a", "t") == "scheduled scheduled"


def tally(**counts: int) -> Tally:
    made = Tally()
    made.add_instances(counts.pop("total"), is_setup=False)
    for state, count in counts.items():
        made.count(S(state), count, is_setup=False)
    return made


@pytest.mark.parametrize("rule", ["all_success", "all_failed", "none_failed", "all_done"])
def test_removed_instances_are_subtracted(rule: str) -> None:
    state = "failed" if rule == "all_failed" else "success"
    assert evaluate(rule, tally(total=3, removed=1, **{state: 2})) is READY
    assert evaluate(rule, tally(total=3, removed=1, **{state: 1})) is None


def test_an_instance_beyond_a_shrunken_upstream_is_removed() -> None:
    upstream = tally(total=3, success=2, removed=1)
    assert evaluate("all_success", upstream, 2) is S.REMOVED
    assert evaluate("all_success", upstream, 1) is READY


@pytest.mark.parametrize(
    ("setup", "result"),
    [(S.SUCCESS, S.SCHEDULED), (S.FAILED, S.UPSTREAM_FAILED), (S.SKIPPED, S.SKIPPED)],
)
def test_all_done_setup_success_asks_for_a_successful_setup(
    setup: TaskInstanceState, result: TaskInstanceState
) -> None:
    made = Tally()
    for state, is_setup in ((setup, True), (S.FAILED, False)):
        made.add_instances(1, is_setup)
        made.count(state, 1, is_setup)
    assert evaluate("all_done_setup_success", made) is result


STATES = st.sampled_from([None, *LETTERS.values(), S.REMOVED])


@given(st.sampled_from(list(TABLE)), st.lists(STATES, max_size=6), st.lists(STATES, max_size=6))
def test_counting_down_undoes_counting_up(
    rule: str, some: list[TaskInstanceState | None], others: list[TaskInstanceState | None]
) -> None:
    plain, detour = Tally(), Tally()
    for state in some:
        for counted in (plain, detour):
            counted.add_instances(1, is_setup=True)
            counted.count(state, 1, is_setup=True)
    for step in (1, -1):
        for state in others:
            detour.add_instances(step, is_setup=True)
            detour.count(state, step, is_setup=True)
    assert evaluate(rule, plain) is evaluate(rule, detour)
    assert plain.plus(detour).total == 2 * len(some)
