"""Random runs and filters, of few keys and values so that they often meet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from store.run_filter.names import PARTS, QUALITIES, STANDINGS
from store.run_filter.tree import (
    Attribute,
    Between,
    Compare,
    Dataset,
    Filter,
    Is,
    Metric,
    Moment,
    Node,
    Not,
    OneOf,
    OrderBy,
    Param,
    Short,
    Span,
    Standings,
    Tag,
    Word,
    conjunction,
    disjunction,
)
from tests.store.run_filter.runs import Run

KEYS = ["loss", "val/loss", "a b", "x.min", "it's", '"`', "größe"]
TEXTS = ["", "a", "A", "ab", "a%b", "a_b", "a*b", "[a]", "it's", "\\", "ß", "0.1", "1e-1", "7",
    "模", "?", "inf", "a\nb", "\0", '"', "NaN", " 7 "]  # fmt: skip
NUMBERS = [0.0, 0.1, 1.0, -1.0, 7.0, 1e10, 1e-7, 5e-324, 1.7e308]
PLACES = ["train", "train_2", "eval*", "load"]

key = st.sampled_from(KEYS)
text = st.sampled_from(TEXTS)
number = st.sampled_from(NUMBERS)
point = number | st.sampled_from([math.nan, math.inf, -math.inf])
age = st.sampled_from([0.0, 1.5, 60.0, 3600.0, 86_400.0, 90_000.0])
place = st.none() | st.sampled_from(PLACES)

run = st.builds(
    Run,
    name=text,
    metrics=st.dictionaries(key, st.lists(point, min_size=1, max_size=2), max_size=3),
    params=st.dictionaries(key, text, max_size=3),
    tags=st.dictionaries(key | st.just("mlflow.note.content"), text, max_size=3),
    status=st.sampled_from(["RUNNING", "FINISHED", "FAILED"]),
    user=st.sampled_from(["", "ann", "bob"]),
    experiment=st.sampled_from(["sweep", "Sweep", "train"]),
    age=age,
    lasted=st.none() | age,
    dag=place,
    task=place,
    attempt=st.none() | st.integers(1, 3),
    deleted=st.booleans(),
    dag_run=place,
    map_index=st.none() | st.integers(-1, 2),
    datasets=st.lists(
        st.tuples(st.sampled_from(["iris", "a", "A%"]), st.sampled_from(["d1", "d2"]), text),
        max_size=2,
        unique_by=lambda one: one[:2],
    ),
)


@st.composite
def several_runs(draw: st.DrawFn) -> list[Run]:
    runs: list[Run] = draw(st.lists(run, max_size=8))
    parents = [draw(st.none() | st.integers(0, n - 1)) if n else None for n in range(len(runs))]
    return [replace(one, parent=parent) for one, parent in zip(runs, parents, strict=True)]


metric = st.builds(Metric, key, st.sampled_from(list(PARTS)))
# A mean of huge values is rounded differently by each who computes it.
comparable_metric = st.builds(Metric, key, st.sampled_from([one for one in PARTS if one != "mean"]))
param = st.builds(Param, key)
tag = st.builds(Tag, key)
texts_of = st.builds(
    Attribute,
    st.sampled_from(
        ["run_id", "run_name", "status", "user_id", "experiment", "dag", "task", "note", "dag_run"]
    ),
)
dataset = st.builds(Dataset, st.sampled_from(["name", "digest", "context"]))
time = st.builds(Attribute, st.sampled_from(["start_time", "end_time"]))
lengths = st.just(Attribute("duration"))
attempts = st.sampled_from([Attribute("attempt"), Attribute("map_index")])
span = st.builds(Span, st.sampled_from([0.0, 1.5, 60.0, 3600.0, 86_400.0]))
moment = st.sampled_from(
    [
        Moment(datetime.fromisoformat("2026-11-21"), whole_day=True),
        Moment(datetime.fromisoformat("2026-11-20"), whole_day=True),
        Moment(datetime.fromisoformat("2026-11-21T11:00:00")),
        Moment(datetime.fromisoformat("2026-11-21T11:00:00+02:00")),
    ]
)
place_text = text | st.sampled_from([*PLACES, "sweep", "ann", "FAILED", "iris", "d1"])
ORDERED = ["<", "<=", ">", ">=", "=", "!="]
LIKES = ["LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE"]
pattern = text | st.sampled_from(["%a%", "_", "%", "A%", "%\\%", "a_b", "ab%"])
regex = st.sampled_from(
    ["a", "^a.b$", "[0-9]+", "\\\\", "", "it's", "b$", "(?i)^A", r"\ba\b", "(a|b)+?", "[^a]", "a|"]
)


def _few(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, min_size=1, max_size=3).map(tuple)


def _numeric(fields: st.SearchStrategy[Any], values: st.SearchStrategy[Any]) -> Any:
    return (
        st.builds(Compare, fields, st.sampled_from(ORDERED), values)
        | st.builds(
            OneOf, fields, st.lists(values, min_size=1, max_size=3).map(tuple), st.booleans()
        )
        | st.builds(Between, fields, values, values, st.booleans())
    )


def _textual(fields: st.SearchStrategy[Any]) -> Any:
    return (
        st.builds(Compare, fields, st.sampled_from(["=", "!="]), place_text)
        | st.builds(Compare, fields, st.sampled_from(LIKES), pattern)
        | st.builds(Compare, fields, st.sampled_from(["~", "!~"]), regex)
        | st.builds(OneOf, fields, _few(place_text), st.booleans())
    )


short_pattern = place_text | st.sampled_from(["*", "train*", "*_*", "a*", "sw*p", "failed", "*/*"])
clause: st.SearchStrategy[Any] = (
    _numeric(comparable_metric | param, number)
    | _numeric(attempts, number)
    | _numeric(lengths, number | span)
    | _numeric(time, span | moment | st.just(1795262400000.0))
    | _textual(param | tag | texts_of)
    | _textual(dataset)
    | st.builds(Is, metric, st.sampled_from(list(QUALITIES)), st.booleans())
    | st.builds(
        Is,
        param | tag | texts_of | time | attempts | lengths | dataset,
        st.just("NULL"),
        st.booleans(),
    )
    | st.builds(
        Short,
        st.sampled_from(["dag", "task", "experiment", "user", "status", "name"]),
        short_pattern,
    )
    | st.builds(Short, st.just("has"), key | short_pattern)
    | st.builds(Standings, st.sampled_from(sorted(set(STANDINGS.values()))))
    | st.builds(Word, place_text)
)
node: st.SearchStrategy[Node] = st.recursive(
    clause,
    lambda inner: (
        st.builds(conjunction, st.lists(inner, min_size=2, max_size=3))
        | st.builds(disjunction, st.lists(inner, min_size=2, max_size=3))
        | st.builds(Not, inner)
    ),
    max_leaves=5,
)
tree = st.builds(Filter, st.none() | node)
order_by = st.builds(
    OrderBy, comparable_metric | param | tag | texts_of | time | lengths | attempts, st.booleans()
) | st.builds(OrderBy, param, st.booleans(), st.just(True))
items: st.SearchStrategy[Sequence[OrderBy]] = st.lists(order_by, max_size=3).map(tuple)
