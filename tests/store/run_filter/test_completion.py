"""What may be typed next, at each place of a filter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.run_filter import FilterError, parse
from store.run_filter.completion import Known, begun, complete
from tests.store.run_filter.test_properties import anything, outcome_of

KNOWN = Known(
    metrics=["loss", "val/loss", "a b", "x.min"],
    params=["lr", "optimizer"],
    tags=["team"],
    experiments=["sweep", "my exp"],
    dags=["train_small", "eval"],
    tasks=["fit"],
    users=["ann"],
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("me", ["metrics."]),
        ("metrics.", ["metrics.loss", "metrics.val/loss", "metrics.`a b`", "metrics.`x.min`"]),
        ("metrics.v", ["metrics.val/loss"]),
        ("metrics.`a", ["metrics.`a b`"]),
        ('metrics."a', ['metrics."a b"']),
        ("metrics.loss.m", ["metrics.loss.min", "metrics.loss.max", "metrics.loss.mean"]),
        ("metrics.loss I", ["IN (", "IS"]),
        ("metrics.loss IS ", ["NOT", "NULL", "NAN", "INF", "FINITE"]),
        ("metrics.loss <", ["<="]),
        ("tags.team ", ["=", "!=", "LIKE", "ILIKE", "~", "IN (", "NOT IN (", "IS"]),
        ("params.o", ["params.optimizer"]),
        ("metrics.loss < 1 A", ["AND", "artifact_uri", "attempt"]),
        ("metrics.loss < 1 an", ["AND"]),
        ("status = 'F", ["'FINISHED'", "'FAILED'"]),
        ("experiment = ", ["'sweep'", "'my exp'"]),
        ("dag:", ["dag:train_small", "dag:eval"]),
        ("dag:t", ["dag:train_small"]),
        ("experiment:'m", ["experiment:'my exp'"]),
        ("is:", ["is:active", "is:archived", "is:nested", "is:root"]),
        ("(user:", ["user:ann"]),
        ("run_id IN ('a' ", [",", ")"]),
        ("metrics.loss < ", []),
        ("metrics.loss = ) ", []),
        ("lr = '1' AND ", []),
        ("'no text is known", []),
    ],
)
def test_what_may_stand_next_is_known(text: str, found: list[str]) -> None:
    assert complete(text, len(text), KNOWN) == found


def test_an_empty_filter_begins_with_anything() -> None:
    found = complete("", 0, KNOWN)
    assert {"NOT", "metrics.", "params.", "status", "dag:", "is:"} <= set(found)
    assert not {"AND", "=", "NULL"} & set(found)


def test_an_order_has_fields_and_directions() -> None:
    assert complete("metrics.loss ", 13, KNOWN, of_order=True) == ["ASC", "DESC", ","]
    assert complete("params.l", 8, KNOWN, of_order=True) == ["params.lr"]
    assert complete("dur", 3, KNOWN, of_order=True) == ["duration"]


def test_what_is_behind_the_place_does_not_matter() -> None:
    assert complete("metrics.v < 1 AND", 9, KNOWN) == ["metrics.val/loss"]
    assert begun("metrics.v < 1 AND", 9) == 0


@given(text=anything, place=st.integers(-1, 60))
def test_completing_never_fails(text: str, place: int) -> None:
    for of_order in (False, True):
        for one in complete(text, place, KNOWN, of_order=of_order):
            assert one


@pytest.mark.parametrize("text", ["", "metrics.loss ", "params.lr IS ", "a ", "(dag:eval "])
def test_what_is_proposed_is_no_error_where_it_stands(text: str) -> None:
    for one in complete(text, len(text), KNOWN):
        outcome = outcome_of(parse, f"{text}{one}")
        assert not isinstance(outcome, FilterError) or outcome.start >= len(text), one
