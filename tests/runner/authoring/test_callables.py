"""Which arguments a function is called with."""

from __future__ import annotations

from typing import Any

import pytest

from runner.authoring.callables import call, keyword_arguments, name_of

CONTEXT = {"ds": "2024-01-02", "ti": "TI", "params": {}}


def test_a_function_gets_of_the_context_what_it_names() -> None:
    def function(ds: str, x: int, *, ti: Any = None, other: Any = None) -> None: ...

    assert keyword_arguments(function, (), {"x": 1}, CONTEXT) == {
        "ds": "2024-01-02",
        "x": 1,
        "ti": "TI",
    }


def test_a_function_with_any_keywords_gets_all() -> None:
    def function(x: int, **context: Any) -> None: ...

    assert keyword_arguments(function, (), {"x": 1}, CONTEXT) == {**CONTEXT, "x": 1}


def test_own_arguments_come_before_those_of_the_context() -> None:
    def function(ds: str) -> None: ...

    assert keyword_arguments(function, (), {"ds": "mine"}, CONTEXT) == {"ds": "mine"}


def test_positional_arguments_are_not_given_twice() -> None:
    def function(x: int, ds: str) -> None: ...

    assert keyword_arguments(function, (1,), {}, CONTEXT) == {"ds": "2024-01-02"}
    with pytest.raises(ValueError, match="'ds' by op_args"):
        keyword_arguments(function, (1, "mine"), {}, CONTEXT)


def test_the_context_is_only_looked_at_for_what_is_named() -> None:
    class Lazy(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            assert key == "ds", f"{key} was computed for nothing"
            return super().__getitem__(key)

    def function(ds: str) -> None: ...

    keyword_arguments(function, (), {}, Lazy(CONTEXT))


def test_a_builtin_gets_its_own_arguments() -> None:
    assert keyword_arguments(max, ([1, 2],), {}, CONTEXT) == {}


def test_a_coroutine_is_run_to_its_end() -> None:
    async def function(x: int) -> int:
        return x + 1

    assert call(function, (1,), {}) == 2


def test_names_of_callables() -> None:
    class Callable:
        def __call__(self) -> None: ...

    assert name_of(Callable()) == "Callable"
    assert name_of(call) == "call"
