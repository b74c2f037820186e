"""Macros give what Airflow's give."""

from __future__ import annotations

import importlib.util
from datetime import datetime

import pendulum
import pytest

from runner.authoring import macros


@pytest.mark.parametrize(
    ("ds", "days", "result"),
    [
        ("2015-01-01", 5, "2015-01-06"),
        ("2015-01-06", -5, "2015-01-01"),
        ("2024-02-28", 1, "2024-02-29"),
        ("x", 0, "x"),
    ],
)
def test_ds_add(ds: str, days: int, result: str) -> None:
    assert macros.ds_add(ds, days) == result


@pytest.mark.parametrize(
    ("ds", "given", "wanted", "result"),
    [
        ("2015-01-01", "%Y-%m-%d", "%m-%d-%y", "01-01-15"),
        ("1/5/2015", "%m/%d/%Y", "%Y-%m-%d", "2015-01-05"),
        ("12/07/2024", "%d/%m/%Y", "%A %d %B %Y", "Friday 12 July 2024"),
    ],
)
def test_ds_format(ds: str, given: str, wanted: str, result: str) -> None:
    assert macros.ds_format(ds, given, wanted) == result


def test_datetime_diff_for_humans() -> None:
    early, late = pendulum.datetime(2024, 1, 1), pendulum.datetime(2024, 1, 3)
    assert macros.datetime_diff_for_humans(early, late) == "2 days before"
    assert macros.datetime_diff_for_humans(datetime(2000, 1, 1)).endswith("ago")  # noqa: DTZ001


def test_modules_are_there_where_they_are_installed() -> None:
    assert macros.dateutil.__name__ == "dateutil"
    assert 0 <= macros.random() < 1
    assert macros.uuid.UUID(int=0)
    assert macros.json.loads("1") == 1
    assert macros.datetime is datetime
    with pytest.raises(AttributeError, match=r"there is no macros\.nothing"):
        macros.nothing


@pytest.mark.skipif(importlib.util.find_spec("babel") is not None, reason="babel is installed")
def test_ds_format_locale_says_what_it_needs() -> None:
    with pytest.raises(ImportError, match="needs babel"):
        macros.ds_format_locale("2024-01-01", "%Y-%m-%d", "EEEE", "de")
