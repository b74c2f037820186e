"""The filters of MLflow's shorter lists: what passes, what is refused, and that none takes long."""

from __future__ import annotations

import pytest

from store.mlflow_api.conditions import passes
from store.mlflow_api.errors import ApiError

FACTS = {"name": "Über_model.1\n", "creation_timestamp": 5, "tags": {"team": "vision"}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name LIKE 'Über%'", True),
        ("name LIKE 'über%'", False),
        ("name ILIKE 'ÜBER%'", True),
        ("name LIKE '%model_1_'", True),
        ("name LIKE '%model.1'", False),
        ("name LIKE '%model+1%'", False),
        ("tags.team LIKE '%sion' AND creation_timestamp < 6", True),
        ("tags.none LIKE '%'", False),
    ],
)
def test_a_text_is_like_a_pattern_from_end_to_end(text: str, expected: bool) -> None:
    assert passes(text, FACTS) is expected


@pytest.mark.timeout(20)
def test_no_pattern_takes_for_ever() -> None:
    """Four wildcards and 300 characters took Python's engine 15 seconds, five many minutes."""
    wildcards = "%a" * 12
    assert not passes(f"name LIKE '{wildcards}%b'", {"name": "a" * 5000})


def test_a_pattern_that_is_too_long_is_refused() -> None:
    assert not passes("name ILIKE '" + "é" * 10_000 + "'", FACTS)
    with pytest.raises(ApiError, match="at most 10000 characters"):
        passes("name ILIKE '" + "é" * 10_001 + "'", FACTS)
