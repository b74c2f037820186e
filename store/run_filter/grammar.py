"""The grammar of the run filter, and the parser that is made of it when a first filter is read."""

from __future__ import annotations

from functools import cache
from typing import Any

# A terminal of higher priority is tried first; what follows a keyword must not go on as a word.
GRAMMAR = r"""
filter: disjunction?
disjunction: conjunction (OR conjunction)*
conjunction: negation (AND? negation)*
negation: NOT negation -> negated
    | clause
?clause: "(" disjunction ")"
    | field operator value -> compare
    | field (IN | NOT_IN) "(" value ("," value)* ")" -> one_of
    | field (BETWEEN | NOT_BETWEEN) value AND value -> between
    | field IS NOT? (NULL | NAN | INF | FINITE) -> quality
    | SHORT -> short
    | WORD -> word
    | (SINGLE | DOUBLE) -> quoted_word

order: (item ("," item)*)?
item: field (ASC | DESC)?
    | TEXT "(" field ")" (ASC | DESC)? -> text_item

field: FIELD -> key_field
    | WORD -> attribute_field
value: NUMBER | SPAN | DATE | SINGLE | DOUBLE
!operator: EQUAL | NOT_EQUAL | LESS_EQUAL | MORE_EQUAL | LESS | MORE
    | LIKE | ILIKE | NOT_LIKE | NOT_ILIKE | MATCHES | NOT_MATCHES

EQUAL: "="
NOT_EQUAL: "!="
LESS_EQUAL: "<="
MORE_EQUAL: ">="
LESS: "<"
MORE: ">"
MATCHES: "~"
NOT_MATCHES: "!~"

AND.5: /and@/i
OR.5: /or@/i
NOT.4: /not@/i
NOT_IN.5: /not\s+in@/i
NOT_LIKE.5: /not\s+like@/i
NOT_ILIKE.5: /not\s+ilike@/i
NOT_BETWEEN.5: /not\s+between@/i
IN.5: /in@/i
IS.5: /is@/i
LIKE.5: /like@/i
ILIKE.5: /ilike@/i
BETWEEN.5: /between@/i
NULL.5: /null@/i
NAN.5: /nan@/i
INF.5: /inf@/i
FINITE.5: /finite@/i
ASC.5: /asc(?![^\s,])/i
DESC.5: /desc(?![^\s,])/i
TEXT.5: /text(?=\s*\()/i

FIELD.4: /(?:metrics?|params?|parameters?|tags?|attributes?|attr|run|datasets?)\.(?:(?:`[^`]+`|"(?:[^"]|"")+")(?:\.(?:min|max|first|last|mean)(?![\w.\/-]))?|\w+(?:[.\/-]+\w+)*)/i
SHORT.4: /[a-z_]+:(?:'(?:[^']|'')*'|"(?:[^"]|"")*"|[^\s()'"`]+)/i
DATE.4: /[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?(?![\w.:+-])/
SPAN.3: /(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d|w))+(?![\w.])/
NUMBER.2: /[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?(?![\w.])/i
SINGLE: /'(?:[^']|'')*'/
DOUBLE: /"(?:[^"]|"")*"/
WORD.1: /[^\s()'"`,=<>!~;:]+/

%ignore /\s+/
""".replace("@/i", r"""(?![^\s()'"`,])/i""")  # noqa: E501


@cache
def parser() -> Any:
    """Lark's parser, made once: 50 ms that only those pay who filter. Its type is Lark's own."""
    import lark

    from store.run_filter.builder import Builder

    return lark.Lark(
        GRAMMAR,
        parser="lalr",
        start=["filter", "order"],
        maybe_placeholders=False,
        transformer=Builder(),
    )
