"""The formats of JSON Schema that values of params are checked for, as the runner checks them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jsonschema import FormatChecker, ValidationError

_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)


def is_date_time(value: object) -> bool:
    """Whether a text is a date-time of RFC 3339: with seconds, and an offset from UTC.

    Raises ``ValueError`` for a day or an hour that there isn't.
    """
    if not isinstance(value, str):
        return True
    return bool(_DATE_TIME.fullmatch(value) and datetime.fromisoformat(value.upper()))


BOUNDS = {
    "minLength": "at least",
    "minItems": "at least",
    "maxLength": "at most",
    "maxItems": "at most",
}
"""What jsonschema says without the number."""


def problem_of(error: ValidationError) -> str:
    """What is wrong with a value, in a sentence that names the bound it has to keep."""
    bound = BOUNDS.get(str(error.validator))
    if bound is None:
        return error.message
    what = "character" if str(error.validator).endswith("Length") else "item"
    number = error.validator_value
    return f"{error.message}: {bound} {number} {what}{'' if number == 1 else 's'}"


def format_checker() -> FormatChecker:
    """What jsonschema checks by itself, and date-time, for which it wants another package."""
    from jsonschema import FormatChecker

    checker = FormatChecker()
    checker.checks("date-time", raises=ValueError)(is_date_time)
    return checker
