"""A regular expression finds the same in SQLite and in PostgreSQL as Python's own would."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Text, literal, select

from store.engine import Store
from store.regex import PatternError, is_found, patterns
from store.run_filter import constructs

PIECES = [
    "a", "b", "A", "é", "-", " ", "1", "_", ".", "^", "$", "|", "(", "(?:", ")", "*", "+", "?",
    "*?", "{2}", "{1,}", "{0,2}", "[ab]", "[^a]", "[a-c]", "[]a]", "[-b]", "[\\d_]", r"\d", r"\w",
    r"\s", r"\W", r"\b", r"\B", r"\.", r"\\", r"\<", "]", "}", "\n", "[", "{", "\\", "(?=", "&&",
    "~~", "(?i)", "#", r"\n",
]  # fmt: skip
pattern = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
# Python before 3.14 has no \\B in an empty text, unlike all others.
text = st.text(alphabet="abAB1_- .\n<]}#&~", min_size=1, max_size=8)


@given(pattern=pattern, texts=st.lists(text, min_size=1, max_size=4))
@settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_all_databases_find_the_same(any_store: Store, pattern: str, texts: list[str]) -> None:
    try:
        patterns(pattern)
    except PatternError:
        return
    expected = [re.search(of_python(pattern), text, re.DOTALL) is not None for text in texts]
    with any_store.read() as connection:
        asked = (constructs.matches(literal(text, Text), pattern) for text in texts)
        assert list(connection.execute(select(*asked)).one()) == expected


def of_python(pattern: str) -> str:
    """``$`` is the end of the text here, never the place before a last newline."""
    return re.sub(r"(\\.|\[\^?\]?[^\]]*\])|\$", lambda found: found[1] or r"\Z", pattern)


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(a", "a parenthesis is open"),
        ("a)", "a parenthesis closes none"),
        ("(?=a)", "only (?:…)"),
        ("a(?i)", "only (?:…)"),
        ("(?P<n>a)", "only (?:…)"),
        ("*a", "nothing stands before *"),
        ("a**", "nothing stands before *"),
        ("^*", "nothing stands before *"),
        ("a{,3}", "a count is written {2}"),
        ("a{2,1}", "repetition"),
        ("a{256}", "{256} is more than 255 times"),
        ("((a{100}){10}){10}", "counts multiply to too much"),
        ("[z-a]", "range"),
        ("[a-c-e]", r"a - that need a \ before"),
        ("[[:alpha:]]", "a [ has no ]"),
        (r"(a)\1", r"\1 is not known"),
        (r"\pL", r"\p is not known"),
        ("\\", "\\ is not known"),
        ("a" * 1001, "at most 1000"),
    ],
)
def test_what_only_one_of_them_knows_is_an_error(pattern: str, says: str) -> None:
    with pytest.raises(PatternError) as raised:
        patterns(pattern)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_is_missing_is_neither_found_nor_not() -> None:
    assert is_found("a", None) is None
