"""From the tree of a filter back to a text."""

from __future__ import annotations

import re
from decimal import Decimal

from store.run_filter.names import KEYWORDS, attribute_named
from store.run_filter.tree import (
    And,
    Attribute,
    Between,
    Compare,
    Dataset,
    Field,
    Filter,
    Is,
    Metric,
    Moment,
    Node,
    Not,
    OneOf,
    Or,
    OrderBy,
    Param,
    Short,
    Span,
    Standings,
    Tag,
    Value,
    Word,
)

_BARE_KEY = re.compile(r"\w+(?:[./-]+\w+)*")
_BARE_WORD = re.compile(r"[^\W_][\w-]*")
_BARE_PATTERN = re.compile(r"[^\s()'\"`]+")
_ENTITIES = {Metric: "metrics", Param: "params", Tag: "tags"}


def unparse(tree: Filter) -> str:
    """A text that ``parse`` makes the same tree of."""
    return "" if tree.root is None else _node(tree.root, inside=False)


def unparse_order(items: tuple[OrderBy, ...]) -> str:
    """A text that ``order`` makes the same items of."""
    return ", ".join(map(_item, items))


def _item(item: OrderBy) -> str:
    name = field_text(item.field)
    return f"{f'text({name})' if item.as_text else name} {'DESC' if item.descending else 'ASC'}"


def _node(node: Node, *, inside: bool) -> str:
    if isinstance(node, And | Or):
        word = " AND " if isinstance(node, And) else " OR "
        joined = word.join(_node(part, inside=True) for part in node.parts)
        return f"({joined})" if inside else joined
    if isinstance(node, Not):
        return f"NOT {_node(node.part, inside=True)}"
    if isinstance(node, Compare):
        return f"{field_text(node.field)} {node.operator} {value_text(node.value)}"
    if isinstance(node, OneOf):
        values = ", ".join(map(value_text, node.values))
        return f"{field_text(node.field)} {_not(node.negated)}IN ({values})"
    if isinstance(node, Between):
        limits = f"{value_text(node.low)} AND {value_text(node.high)}"
        return f"{field_text(node.field)} {_not(node.negated)}BETWEEN {limits}"
    if isinstance(node, Is):
        return f"{field_text(node.field)} IS {_not(node.negated)}{node.quality}"
    if isinstance(node, Short):
        bare = _BARE_PATTERN.fullmatch(node.pattern)
        return f"{node.name}:{node.pattern if bare else _quoted(node.pattern)}"
    if isinstance(node, Standings):
        return f"is:{node.standing}"
    return _word(node)


def _not(negated: bool) -> str:
    return "NOT " if negated else ""


def _word(word: Word) -> str:
    text = word.text
    bare = _BARE_WORD.fullmatch(text) and text.lower() not in KEYWORDS
    return text if bare and attribute_named(text) is None else _quoted(text)


def field_text(field: Field) -> str:
    """A field as it is written in a filter."""
    if isinstance(field, Attribute):
        return field.name
    if isinstance(field, Dataset):
        return f"dataset.{field.name}"
    part = field.part if isinstance(field, Metric) else "last"
    suffix = "" if part == "last" else f".{part}"
    return f"{_ENTITIES[type(field)]}.{key_text(field.key)}{suffix}"


def key_text(key: str) -> str:
    """A key, in quotes where it needs some."""
    ends_as_part = re.search(r"\.(min|max|first|last|mean)$", key)
    if _BARE_KEY.fullmatch(key) and not ends_as_part:
        return key
    if "`" not in key:
        return f"`{key}`"
    return '"{}"'.format(key.replace('"', '""'))


def value_text(value: Value) -> str:
    """A value as it is written in a filter."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Span):
        return f"{format(Decimal(_number(value.seconds)), 'f')}s"
    if isinstance(value, Moment):
        return value.at.date().isoformat() if value.whole_day else value.at.isoformat()
    return _number(value)


def _number(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def _quoted(text: str) -> str:
    return "'{}'".format(text.replace("'", "''"))
