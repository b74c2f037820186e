"""Names of trigger and weight rules."""

from __future__ import annotations

import pytest

from runner.authoring.trigger_rule import (
    TriggerRule,
    did_you_mean,
    to_trigger_rule,
    to_weight_rule,
)


def test_there_are_the_13_rules_of_airflow_3() -> None:
    assert len(TriggerRule) == 13


@pytest.mark.parametrize("rule", list(TriggerRule))
def test_a_rule_is_known_by_its_name_and_as_itself(rule: TriggerRule) -> None:
    assert to_trigger_rule(str(rule)) is to_trigger_rule(rule) is rule


def test_an_unknown_rule_is_named_with_a_near_one() -> None:
    with pytest.raises(ValueError, match="'all_succes': did you mean all_success"):
        to_trigger_rule("all_succes")


@pytest.mark.parametrize("gone", ["dummy", "none_failed_or_skipped"])
def test_rules_of_airflow_2_are_gone(gone: str) -> None:
    with pytest.raises(ValueError, match="unknown trigger rule"):
        to_trigger_rule(gone)


def test_an_unknown_weight_rule_lists_the_known() -> None:
    with pytest.raises(ValueError, match="use downstream, upstream or absolute"):
        to_weight_rule("zzz")


def test_without_a_near_name_nothing_is_suggested() -> None:
    assert not did_you_mean("zzz", ["abc"])
