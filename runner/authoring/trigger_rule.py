"""When a task may run, given the states of what is upstream: Airflow's trigger and weight rules."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from runner.authoring.exceptions import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Iterable


class TriggerRule(StrEnum):
    """The 13 rules of Airflow 3."""

    ALL_SUCCESS = "all_success"
    ALL_FAILED = "all_failed"
    ALL_DONE = "all_done"
    ALL_DONE_MIN_ONE_SUCCESS = "all_done_min_one_success"
    ALL_DONE_SETUP_SUCCESS = "all_done_setup_success"
    ONE_SUCCESS = "one_success"
    ONE_FAILED = "one_failed"
    ONE_DONE = "one_done"
    NONE_FAILED = "none_failed"
    NONE_SKIPPED = "none_skipped"
    ALWAYS = "always"
    NONE_FAILED_MIN_ONE_SUCCESS = "none_failed_min_one_success"
    ALL_SKIPPED = "all_skipped"


class WeightRule(StrEnum):
    """How a task's priority weight counts its relatives."""

    DOWNSTREAM = "downstream"
    UPSTREAM = "upstream"
    ABSOLUTE = "absolute"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of an error's sentence, ": did you mean all_success?", or "" without a near name."""
    from difflib import get_close_matches

    near = get_close_matches(word, [str(name) for name in known], n=1)
    return f": did you mean {near[0]}?" if near else ""


def to_trigger_rule(value: object) -> TriggerRule:
    """The rule called ``value`` (a string or the enum). Raises ``DefinitionError`` (ValueError)."""
    try:
        return TriggerRule(getattr(value, "value", value))
    except ValueError:
        hint = did_you_mean(str(value), TriggerRule) or f": the rules are {', '.join(TriggerRule)}"
        raise DefinitionError(f"unknown trigger rule {str(value)!r}{hint}") from None


def to_weight_rule(value: object) -> WeightRule:
    """The weight rule called ``value``. Raises ``DefinitionError`` (ValueError)."""
    try:
        return WeightRule(getattr(value, "value", value))
    except ValueError:
        hint = did_you_mean(str(value), WeightRule) or ": use downstream, upstream or absolute"
        raise DefinitionError(f"unknown weight rule {str(value)!r}{hint}") from None
