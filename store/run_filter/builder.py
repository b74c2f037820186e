"""What each rule of the grammar makes: Lark calls the method of the rule's name.

It keeps nothing, so one builder serves all parses.
"""

from __future__ import annotations

from typing import Any

from store.run_filter import fields
from store.run_filter.fields import Placed
from store.run_filter.names import KEYWORDS, QUALITIES, Kind
from store.run_filter.tree import (
    Between,
    Clause,
    Compare,
    Dataset,
    Filter,
    Is,
    Node,
    Not,
    OneOf,
    Operator,
    OrderBy,
    Param,
    Word,
    conjunction,
    disjunction,
    is_day,
)

MOST_DAYS = 100
"""Days of a list: each is a condition of its own, from its beginning to its end."""


class Builder:
    """Tree nodes from the children of a rule: tokens, and what was made of the rules below it."""

    def filter(self, children: list[Node]) -> Filter:
        return Filter(children[0] if children else None)

    def disjunction(self, children: list[Any]) -> Node:
        return disjunction(children[::2])  # between them are the ORs

    def conjunction(self, children: list[Any]) -> Node:
        return conjunction([child for child in children if not _is_token(child)])

    def negation(self, children: list[Node]) -> Node:
        return children[0]

    def negated(self, children: list[Any]) -> Node:
        return Not(children[1])

    def compare(self, children: list[Any]) -> Clause:
        placed, (operator, _), token = children
        return Compare(placed.field, operator, fields.fitting(placed, token, operator))

    def one_of(self, children: list[Any]) -> Clause:
        placed, how, *tokens = children
        values = tuple(fields.fitting(placed, token, "=") for token in tokens)
        for token, value in zip(tokens, values, strict=True):
            if isinstance(value, str) is not isinstance(values[0], str):
                raise fields.token_error(
                    token, "a list has either numbers or texts; write all of them in one way"
                )
        days = [token for token, value in zip(tokens, values, strict=True) if is_day(value)]
        if len(days) > MOST_DAYS:
            raise fields.token_error(
                days[MOST_DAYS],
                f"a list has at most {MOST_DAYS} days; "
                f"write {placed.written} >= the first and {placed.written} < the last",
            )
        return OneOf(placed.field, values, how.type == "NOT_IN")

    def between(self, children: list[Any]) -> Clause:
        placed, how, low, _, high = children
        return Between(
            placed.field,
            fields.fitting(placed, low, "BETWEEN"),
            fields.fitting(placed, high, "BETWEEN"),
            how.type == "NOT_BETWEEN",
        )

    def quality(self, children: list[Any]) -> Clause:
        placed: Placed = children[0]
        quality = QUALITIES[children[-1].type]
        if quality != "NULL" and placed.kind is not Kind.METRIC:
            raise placed.error(f"only metrics can be {children[-1]}; {placed.written} can be NULL")
        return Is(placed.field, quality, negated=len(children) == 4)

    def short(self, children: list[Any]) -> Clause:
        return fields.short(children[0])

    def word(self, children: list[Any]) -> Clause:
        (token,) = children
        # Where a keyword can't stand, the lexer takes it for a word.
        if token.lower() in KEYWORDS:
            raise fields.token_error(
                token,
                f"{token} stands between conditions or after a field; "
                f"put quotes around it to look for the text: '{token}'",
            )
        return Word(fields.looked_for(token, str(token)))

    def quoted_word(self, children: list[Any]) -> Clause:
        return Word(fields.looked_for(children[0], fields.unquoted(str(children[0]))))

    def order(self, children: list[OrderBy]) -> tuple[OrderBy, ...]:
        return tuple(child for child in children if isinstance(child, OrderBy))

    def item(self, children: list[Any]) -> OrderBy:
        return _order_by(children[0], children[1:], as_text=False)

    def text_item(self, children: list[Any]) -> OrderBy:
        placed = children[1]
        if not isinstance(placed.field, Param):
            raise placed.error(f"text() is for params; write {placed.written} alone")
        return _order_by(placed, children[2:], as_text=True)

    def key_field(self, children: list[Any]) -> Placed:
        return fields.key_field(children[0])

    def attribute_field(self, children: list[Any]) -> Placed:
        return fields.attribute_field(children[0])

    def value(self, children: list[Any]) -> Any:
        return children[0]

    def operator(self, children: list[Any]) -> tuple[Operator, Any]:
        return fields.operator_written(str(children[0])), children[0]


def _is_token(child: Any) -> bool:
    return isinstance(child, str)


def _order_by(placed: Placed, direction: list[Any], *, as_text: bool) -> OrderBy:
    if isinstance(placed.field, Dataset):
        raise placed.error("a run may have many datasets; sort by something it has one of")
    descending = bool(direction) and direction[0].type == "DESC"
    return OrderBy(placed.field, descending, as_text)
