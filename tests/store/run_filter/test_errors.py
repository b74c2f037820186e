"""What is wrong is said in one sentence, and where."""

from __future__ import annotations

import subprocess
import sys

import pytest

from store.run_filter import FilterError, order, parse

DAYS = [f"{year}-01-01" for year in range(1970, 2071)]


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("metrcs.loss < 1", "metrcs.loss", "did you mean metrics.loss?"),
        ("duraton > 10m", "duraton", "did you mean duration?"),
        ("attributes.statsu = 'a'", "attributes.statsu", "did you mean status?"),
        ("lr = '0.1'", "lr", "write params.lr or metrics.lr"),
        ("params.lr < '0.3'", "'0.3'", "leave the quotes out"),
        ("params.a < 'b'", "'b'", "texts have =, !=, LIKE or ILIKE"),
        ("metrics.loss = '1'", "'1'", "leave the quotes out"),
        ("metrics.loss = nan", "nan", "write IS NAN"),
        ("metrics.loss != -inf", "-inf", "write IS INF"),
        ("params.a = null", "null", "write IS NULL"),
        ("metrics.loss <", "", "a value is missing"),
        ("metrics.loss", "", "a comparison is missing"),
        ("metrics.loss near 1", "near", "stands a comparison"),
        ("metrics.loss lke 1", "lke", "did you mean LIKE?"),
        ("metrics.a = 1 AND", "", "a condition is missing"),
        ("metrics.a == 1", "=", "this operator is unknown"),
        ("metrics.a <> 1", ">", "write !="),
        ("metrics.a < 10x", "10x", "is no value"),
        ("metrics.a < 1;", ";", "take it away"),
        ("metrics.a LIKE 1", "1", "for texts, which metrics.a is not"),
        ("params.a LIKE 1", "1", "put quotes around 1"),
        ("metrics.a < 1e999", "1e999", "too large"),
        ("tags.a = 1", "1", "put single quotes around 1"),
        ("tags.a.min IS NAN", "tags.a.min", "can be NULL"),
        ("params.`a`.min = 1", "params.`a`.min", "is of metrics only"),
        ("status = FINISHED", "FINISHED", "'FINISHED'"),
        ("run_id IN 'a'", "'a'", "write 'text' where a value stands"),
        ("params.a IN (1, 'b')", "'b'", "either numbers or texts"),
        ("started > 5", "5", "write 5d"),
        ("start_time > 'x'", "'x'", "write a date"),
        ("started > 2026-13-01", "2026-13-01", "there is no date"),
        ("duration > 2026-01-01", "2026-01-01", "a length of time"),
        ("duration > 99999999999d", "99999999999d", "too long"),
        ("tags.a ~ '['", "'['", "expression can't be looked for: a [ has no ]"),
        ("tags.a ~ '(?<=x)'", "'(?<=x)'", "may follow a parenthesis"),
        ("tags.a LIKE '" + "é" * 10_001 + "'", "'" + "é" * 10_001 + "'", "can only be compared"),
        ("'" + "%" * 10_001 + "'", "'" + "%" * 10_001 + "'", "can only be compared"),
        ("dag:" + "*" * 10_001, "dag:" + "*" * 10_001, "can only be compared"),
        (f"started IN ({', '.join(DAYS)})", DAYS[100], "at most 100 days; write started >="),
        ("dataset.foo = 'a'", "dataset.foo", "dataset.name, digest or context"),
        ("dg:train", "dg:train", "did you mean dag:?"),
        ("is:delted", "is:delted", "did you mean is:deleted?"),
        ("is:x", "is:x", "is:active, archived, nested or root"),
        ("(a OR b", "", "write ) to close it"),
        ("a)", ")", "closes none"),
        ("()", ")", "a condition is missing"),
        ("a 'b", "'", "has no end"),
        ("`a` = 1", "`", "back quotes are for keys"),
        ("a OR OR b", "OR", "put quotes around it"),
        (":a", ":", "no name is before the colon"),
        ("NOT " * 60 + "a", "NOT " * 60 + "a", "more than 50 deep"),
        ("a " * 300, "a " * 300, "at most 200 conditions"),
        ("a" * 20_001, "a" * 20_001, "at most 20000 characters"),
    ],
)
def test_an_error_says_what_is_wrong_and_where(text: str, place: str, says: str) -> None:
    with pytest.raises(FilterError) as raised:
        parse(text)
    error = raised.value
    assert text[error.start : error.end] == place
    assert says in error.sentence


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("metrics.loss DOWN", "DOWN", "can't stand here"),
        ("metrics.loss,", "", "something is missing"),
        ("los", "los", "write params.los or metrics.los"),
        ("dataset.name", "dataset.name", "may have many datasets"),
        ("text(metrics.loss)", "metrics.loss", "is for params"),
        (", ".join(["status"] * 11), ", ".join(["status"] * 11), "at most 10 fields"),
    ],
)
def test_an_order_is_explained_as_well(text: str, place: str, says: str) -> None:
    with pytest.raises(FilterError) as raised:
        order(text)
    error = raised.value
    assert text[error.start : error.end] == place
    assert says in error.sentence


def test_lark_is_not_loaded_before_a_filter_is_read() -> None:
    code = "import sys, store.run_filter, store.run_filter.completion; print('lark' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
