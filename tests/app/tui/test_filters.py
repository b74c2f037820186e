"""The filter language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.filters import Facts, completed, keys_of, matches, parse, unknown_key
from app.tui.models.tasks import wanted_of
from app.tui.theme import task_look

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


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("state:failed", ["failed"]),
        ("!state:failed", ["upstream_failed", "up_for_retry", "no status"]),
        ("state:fail", ["failed", "upstream_failed"]),
        ("state:up", ["upstream_failed", "up_for_retry"]),
        ('state:"no status"', ["no status"]),
    ],
)
def test_the_name_of_a_state_means_that_state_alone(text: str, states: list[str]) -> None:
    all_of_them = ["failed", "upstream_failed", "up_for_retry", "no status"]
    found = [one for one in all_of_them if matches(parse(text), Facts("", fields={"state": [one]}))]
    assert found == states
    asked = wanted_of(None, None, parse(text)).states
    assert {task_look(one).word for one in asked} & set(all_of_them) == set(states)


@given(st.text(max_size=40))
def test_any_text_is_a_filter(text: str) -> None:
    assert matches(parse(text), SHOP) in (True, False)


@given(st.text(alphabet='abc:!>= "', max_size=20))
def test_more_words_never_let_more_pass(text: str) -> None:
    if matches(parse(f"zzz {text}"), SHOP):
        raise AssertionError("zzz is nowhere")


@pytest.mark.parametrize(
    ("text", "key"),
    [("stat:failed", "stat"), ("!stat:x shop", "stat"), ("size>3", "size"), ("dur>3 tag:x", "")],
)
def test_a_key_that_no_item_has_is_found(text: str, key: str) -> None:
    assert unknown_key(parse(text), keys_of(SHOP)) == key


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("st", ["state:"]),
        ("d", ["dur>"]),
        ("shop !ta", ["shop !tag:"]),
        ("tag:", ["tag:ml", "tag:shop"]),
        ("!owner:A", ["!owner:ann"]),
        ("x", []),
    ],
)
def test_keys_and_values_are_completed(text: str, found: list[str]) -> None:
    assert completed(text, keys_of(SHOP), [SHOP]) == found


def test_a_value_with_a_blank_is_completed_as_one() -> None:
    facts = Facts("", fields={"owner": ["ann lee\x1b[2J"]})
    found = completed("owner:", keys_of(facts), [facts])
    assert [term.value for term in parse(found[0])] == [found[0].split('"')[1].lower()]
    assert "\x1b" not in found[0]
