"""Answers to MLflow's clients while the store is busy."""

from __future__ import annotations

import pytest

from runner.daemon.mlflow_answers import TRIES, patiently
from store.errors import StoreLocked


def test_a_store_that_is_locked_for_a_while_is_tried_again() -> None:
    left = [StoreLocked("locked")] * (TRIES - 1)

    def act() -> str:
        if left:
            raise left.pop()
        return "done"

    assert patiently(act) == "done"


def test_one_that_stays_locked_is_said_and_what_else_is_wrong_is_not_repeated() -> None:
    tried: list[Exception] = []

    def act(error: Exception) -> None:
        tried.append(error)
        raise error

    with pytest.raises(StoreLocked):
        patiently(lambda: act(StoreLocked("locked")))
    assert len(tried) == TRIES
    with pytest.raises(ValueError, match="no"):
        patiently(lambda: act(ValueError("no")))
    assert len(tried) == TRIES + 1
