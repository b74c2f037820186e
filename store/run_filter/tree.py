"""What a run filter says, as a tree of values that compare by what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Part: TypeAlias = Literal["last", "min", "max", "first", "mean"]
"""Which of a metric's values is meant; "last" unless said, as in MLflow."""

Operator: TypeAlias = Literal[
    "=", "!=", "<", "<=", ">", ">=",
    "LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE", "~", "!~",
]  # fmt: skip

Quality: TypeAlias = Literal["NULL", "NAN", "INF", "FINITE"]
"""What a value can be instead of being compared. NULL: the run has none."""

Standing: TypeAlias = Literal["active", "deleted", "nested", "root"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of that key."""

    key: str
    part: Part = "last"


@dataclass(frozen=True, slots=True)
class Param:
    """A param of that key."""

    key: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of that key."""

    key: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """What every run has: a name of ``names.ATTRIBUTES``."""

    name: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset that the run has used: its ``name``, ``digest`` or ``context``."""

    name: str


Field: TypeAlias = Metric | Param | Tag | Attribute | Dataset


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time; where a point in time is meant, so long ago."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time as it was written; without an offset it is in the user's zone."""

    at: datetime
    whole_day: bool = False
    """Only a date was written: equal to it is the whole day; otherwise its first moment counts."""


Value: TypeAlias = str | float | Span | Moment


def is_day(value: Value) -> bool:
    """Whether a value is a whole day."""
    return isinstance(value, Moment) and value.whole_day


@dataclass(frozen=True, slots=True)
class Compare:
    """A field beside a value. A run that lacks the field never matches."""

    field: Field
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class OneOf:
    """A field that has one of these values or, negated, has another one."""

    field: Field
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Between:
    """A field from a value to another one, both included; negated, a field outside of them."""

    field: Field
    low: Value
    high: Value
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Is:
    """A field that is missing, NaN, infinite or finite. Negated: it is there, and not that."""

    field: Field
    quality: Quality
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Short:
    """``dag:train*``: a name of ``names.SHORT_FORMS`` and a pattern in which ``*`` is any text."""

    name: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Standings:
    """``is:deleted``."""

    standing: Standing


@dataclass(frozen=True, slots=True)
class Word:
    """A text that is in the run's name, in a tag's value or in its note, in any case."""

    text: str


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold: two or more, none of them an ``And``."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of the parts holds: two or more, none of them an ``Or``."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part doesn't hold, for runs that lack its field, too."""

    part: Node


Clause: TypeAlias = Compare | OneOf | Between | Is | Short | Standings | Word
Node: TypeAlias = Clause | And | Or | Not


@dataclass(frozen=True, slots=True)
class Filter:
    """Which runs are wanted; without a root all that aren't deleted."""

    root: Node | None = None


@dataclass(frozen=True, slots=True)
class OrderBy:
    """What runs are sorted by. Those that lack it come last in both directions."""

    field: Field
    descending: bool = False
    as_text: bool = False
    """Params only: sorted as texts, as in MLflow, where '0.5' is before '1e-3'."""


def conjunction(parts: list[Node]) -> Node:
    """All of one or more parts."""
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, And) else (part,))
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def disjunction(parts: list[Node]) -> Node:
    """One of one or more parts."""
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Or) else (part,))
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def nodes(root: Node | None) -> list[tuple[Node, int]]:
    """All nodes, each with its depth (1: the root). It doesn't recurse."""
    found: list[tuple[Node, int]] = []
    waiting = [] if root is None else [(root, 1)]
    while waiting:
        node, depth = waiting.pop()
        found.append((node, depth))
        if isinstance(node, And | Or):
            waiting.extend((part, depth + 1) for part in node.parts)
        elif isinstance(node, Not):
            waiting.append((node.part, depth + 1))
    return found
