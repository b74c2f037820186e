"""Rendered fields as they are recorded."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from runner.authoring import masking
from runner.authoring.baseoperator import BaseOperator
from runner.host.rendered import ITEMS, STRING_LENGTH, rendered_fields


class Shows(BaseOperator):
    template_fields = ("field", "password")

    def __init__(self, *, field: Any = None, password: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.field = field
        self.password = password


def shown(value: Any) -> Any:
    return rendered_fields(Shows(task_id="t", field=value)).get("field")


def test_empty_fields_are_left_out() -> None:
    assert rendered_fields(Shows(task_id="t", field={})) == {}


def test_json_stays_and_others_become_text() -> None:
    def function() -> None: ...

    class Thing:
        pass

    class Said:
        def __str__(self) -> str:
            return "said"

    class Mute:
        def __repr__(self) -> str:
            raise ValueError("no")

    value = {
        "a": [1, 2.5, None, True],
        3: (4,),
        "f": function,
        "o": Thing(),
        "s": Said(),
        "m": Mute(),
    }
    assert shown(value) == {
        "a": [1, 2.5, None, True],
        "3": [4],
        "f": "<callable test_json_stays_and_others_become_text.<locals>.function>",
        "o": "<test_json_stays_and_others_become_text.<locals>.Thing object>",
        "s": "said",
        "m": "<test_json_stays_and_others_become_text.<locals>.Mute whose text can't be made>",
    }


def test_long_strings_are_cut() -> None:
    text = shown("x" * 12_000)
    assert text == "x" * STRING_LENGTH + "… (2,000 more characters)"


def test_long_collections_are_cut() -> None:
    items = shown(list(range(5000)))
    assert items[:ITEMS] == list(range(ITEMS))
    assert items[ITEMS:] == ["… 4,000 more"]
    assert shown({str(i): i for i in range(5000)})["…"] == "4,000 more"


def test_secrets_are_masked_by_name_and_by_value() -> None:
    masking.mask_secret("hunter22")
    fields = rendered_fields(
        Shows(task_id="t", field={"token": "abc", "url": "db://me:hunter22@h"}, password="x")
    )
    masking.forget()
    assert fields == {"field": {"token": "***", "url": "db://me:***@h"}, "password": "***"}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
        lambda inner: st.lists(inner) | st.dictionaries(st.integers() | st.text(), inner),
        max_leaves=20,
    )
)
def test_anything_can_be_recorded(value: Any) -> None:
    msgspec.msgpack.encode(rendered_fields(Shows(task_id="t", field=value)))
