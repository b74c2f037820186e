"""The filter language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.filters import Facts, matches, parse

SHOP = Facts(
    text="train_shop ml",
    flags=frozenset({"paused"}),
    fields={"state": ["failed"], "tag": ["ml", "shop"], "owner": ["ann"]},
    numbers={"dur": 700.0},
)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True),
        ("shop", True),
        ("SHOP train", True),
        ("shop nothing", False),
        ("!shop", False),
        ("!bank", True),
        ("paused", True),
        ("!paused", False),
        ("state:failed", True),
        ("state:fail", True),
        ("state=fail", False),
        ("!state:failed", False),
        ("tag:shop owner:ann", True),
        ("tag:bank", False),
        ("dur>10m", True),
        ("dur>700", False),
        ("dur<=1h", True),
        ("dur>x", False),
        ("unknown:x", False),
        ('"train_shop ml"', True),
        ("state:", True),
        ("!", True),
    ],
)
def test_which_items_pass(text: str, passes: bool) -> None:
    assert matches(parse(text), SHOP) is passes


@given(st.text(max_size=40))
def test_any_text_is_a_filter(text: str) -> None:
    assert matches(parse(text), SHOP) in (True, False)


@given(st.text(alphabet='abc:!>= "', max_size=20))
def test_more_words_never_let_more_pass(text: str) -> None:
    if matches(parse(f"zzz {text}"), SHOP):
        raise AssertionError("zzz is nowhere")
