"""Regular expressions that mean the same to both databases, and that no text keeps busy for long.

Python's engine goes back and forth: ``(a+)+$`` takes years for forty characters, and nothing can
stop it. So SQLite asks Rust's (``pydantic_core`` brings it as a wheel), whose time grows with the
text and no faster; PostgreSQL has one of that kind. What only one of the two knows, or takes for
something else, is an error before anything is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 1_000
"""Characters of an expression."""
MOST_TIMES = 255
"""Of a count such as ``{3,5}``: PostgreSQL has no more."""
MOST_PARTS = 1_000
"""Characters and sets, each as often as a count repeats it: what has to be followed at once."""

# One character of a set: an escaped one, or itself.
_ONE = r"(?:\\[dwsntr\W_]|(?!&&|~~)[^\]\\\[-])"
_TOKEN = re.compile(
    rf"""
    (?P<set> \[ \^? \]? -? (?: {_ONE} (?: - {_ONE} )? )* -? \] )
  | (?P<place> \\[bB] | [\^$] )
  | (?P<escape> \\[dDwWsSntr\W_] )
  | (?P<open> \( (?: \?: | (?!\?) ) )
  | (?P<close> \) )
  | (?P<count> (?: [*+?] | \{{ [0-9]{{1,4}} (?: , (?:[0-9]{{1,4}})? )? \}} ) \?? )
  | (?P<branch> \| )
  | (?P<plain> [^\\\[({{)*+?|^$] )
    """,
    re.VERBOSE,
)
_OF_POSTGRESQL = {r"\b": r"\y", r"\B": r"\Y"}


class PatternError(ValueError):
    """What is wrong with an expression, as half a sentence."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """An expression as each database wants it: found anywhere, ``.`` is any character, ``^`` and
    ``$`` are the ends of the text."""

    for_sqlite: str
    for_postgresql: str


@lru_cache(maxsize=64)
def patterns(written: str) -> Patterns:
    """What to ask the databases for. Raises ``PatternError``."""
    if len(written) > LONGEST:
        raise PatternError(f"it has {len(written)} characters, at most {LONGEST} can be looked for")
    any_case = written.startswith("(?i)")
    rest = written[4:] if any_case else written
    tokens = _tokens(rest)
    if _parts(tokens) > MOST_PARTS:
        raise PatternError("its counts multiply to too much, write smaller ones")
    # Rust's \< is no character; a character that means nothing needs no backslash anywhere.
    plain = [text[1:] if text in (r"\<", r"\>") else text for _, text in tokens]
    of_rust = f"(?{'i' if any_case else ''}s){''.join(plain)}"
    of_postgresql = "".join(_OF_POSTGRESQL.get(text, text) for text in plain)
    _compiled(of_rust)
    return Patterns(of_rust, f"(?i){of_postgresql}" if any_case else of_postgresql)


def _tokens(text: str) -> list[tuple[str, str]]:
    """The expression in pieces, each with its kind."""
    found: list[tuple[str, str]] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise PatternError(_unknown(text[place:]))
        kind = match.lastgroup or ""
        before = found[-1][0] if found else "open"
        if kind == "count" and before in ("open", "branch", "place", "count"):
            raise PatternError(f"nothing stands before {match[0]} that could be repeated")
        found.append((kind, match[0]))
        place = match.end()
    return found


def _unknown(rest: str) -> str:
    """Why an expression can't go on like this."""
    if rest.startswith("(?"):
        return "only (?:…) and, at its beginning, (?i) may follow a parenthesis here"
    if rest.startswith("["):
        return r"a [ has no ] that fits, or in it are [, &&, ~~ or a - that need a \ before them"
    if rest.startswith("{"):
        return r"a count is written {2}, {2,} or {2,5}; put a \ before { to look for it"
    return f"{rest[:2]} is not known here"


def _parts(tokens: list[tuple[str, str]]) -> int:
    """How many characters and sets an expression comes to. Raises ``PatternError`` where its
    parentheses don't fit."""
    sums, last = [0], 0
    for kind, text in tokens:
        if kind == "open":
            sums.append(0)
        elif kind == "close":
            if len(sums) == 1:
                raise PatternError("a parenthesis closes none")
            last = max(1, sums.pop())
            sums[-1] += last
        elif kind == "count":
            times = max(map(int, re.findall("[0-9]+", text)), default=1)
            if times > MOST_TIMES:
                raise PatternError(f"{text} is more than {MOST_TIMES} times")
            sums[-1] += last * max(0, times - 1)
        elif kind in ("set", "escape", "plain"):
            last = 1
            sums[-1] += 1
    if len(sums) > 1:
        raise PatternError("a parenthesis is open")
    return sums[0]


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> object:
    from pydantic_core import SchemaError, SchemaValidator, core_schema

    schema = core_schema.str_schema(pattern=pattern, regex_engine="rust-regex")
    try:
        return SchemaValidator(schema).isinstance_python
    except SchemaError as error:
        reason = str(error).strip().splitlines()[-1].strip().removeprefix("error: ")
        raise PatternError(reason.rstrip(".")) from None


def is_found(pattern: str, text: object) -> bool | None:
    """Whether one of Rust's expressions is found in a text: what SQLite asks for ``REGEXP``."""
    if text is None:
        return None
    test = _compiled(pattern)
    assert callable(test)
    return bool(test(str(text)))
