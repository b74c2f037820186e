"""``macros`` of templates: Airflow's functions and modules under their names there."""

from __future__ import annotations

import json
import time
import uuid
from datetime import datetime, timedelta
from random import random
from typing import Any

__all__ = [
    "datetime",
    "datetime_diff_for_humans",
    "ds_add",
    "ds_format",
    "ds_format_locale",
    "json",
    "random",
    "time",
    "timedelta",
    "uuid",
]
_MODULES = ("dateutil", "yaml")
"""There as ``macros.…`` where they are installed."""


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        from importlib import import_module

        try:
            return import_module(name)
        except ImportError:
            raise AttributeError(f"there is no macros.{name}: {name} isn't installed") from None
    raise AttributeError(f"there is no macros.{name}")


def ds_add(ds: str, days: int) -> str:
    """``ds`` (YYYY-MM-DD) moved by ``days``: ``ds_add("2015-01-01", 5)`` is 2015-01-06."""
    if not days:
        return str(ds)
    return (_parse(ds, "%Y-%m-%d") + timedelta(days=days)).strftime("%Y-%m-%d")


def ds_format(ds: str, input_format: str, output_format: str) -> str:
    """A date written in another ``strftime`` format."""
    return _parse(ds, input_format).strftime(output_format)


def ds_format_locale(ds: str, input_format: str, output_format: str, locale: Any = None) -> str:
    """A date written in a format and language of Babel, which must be installed."""
    from importlib import import_module

    try:
        dates = import_module("babel.dates")
    except ImportError:
        raise ImportError("macros.ds_format_locale needs babel: install it") from None
    return dates.format_datetime(
        _parse(ds, input_format), format=output_format, locale=locale or dates.LC_TIME or "en_US"
    )


def datetime_diff_for_humans(dt: Any, since: Any = None) -> str:
    """How far ``dt`` is from ``since`` (default: now), in words: "2 days ago"."""
    import pendulum

    return pendulum.instance(dt).diff_for_humans(since)


def _parse(ds: object, input_format: str) -> datetime:
    return datetime.strptime(str(ds), input_format)  # noqa: DTZ007 - only its digits matter
