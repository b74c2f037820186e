"""Schedules in words: "At 03:00 on Monday", "Every 5 minutes"."""

from __future__ import annotations

from datetime import timedelta

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
ORDINALS = ("", "first", "second", "third", "fourth", "fifth")
ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
MAX_TIMES = 6
"""More times of day than this are not listed one by one."""


def describe_period(period: tuple[int, timedelta]) -> str:
    """``Every 6 hours``, ``Every day``, ``Every month and 2 days``: months and a fixed rest."""
    months, rest = period
    years, months = divmod(months, 12)
    seconds = rest.seconds
    weeks, days = divmod(rest.days, 7)
    if days:
        weeks, days = 0, rest.days
    counts = {
        "year": years,
        "month": months,
        "week": weeks,
        "day": days,
        "hour": seconds // 3600,
        "minute": seconds % 3600 // 60,
    }
    parts = [(count, unit) for unit, count in counts.items() if count]
    fraction = seconds % 60 + rest.microseconds / 1e6
    words = [f"{count} {unit}{'s' if count != 1 else ''}" for count, unit in parts]
    if fraction or not words:
        words.append(f"{fraction:g} second{'s' if fraction != 1 else ''}")
    if len(words) == 1 and words[0].startswith("1 "):
        return f"Every {words[0][2:]}"
    return f"Every {_join(words)}"


def describe_cron(expression: str) -> str:
    """A cron expression in words; the expression itself where words would not be clearer.

    Five fields, or six with seconds last, as croniter reads them.
    """
    expression = ALIASES.get(expression, expression)
    fields = expression.split()
    if len(fields) not in {5, 6}:
        return expression
    try:
        return _describe(*fields)
    except (ValueError, IndexError):
        return expression


def _describe(minute: str, hour: str, day: str, month: str, weekday: str, second: str = "0") -> str:
    minute, second = _times_of_step(minute, 60), _times_of_step(second, 60)
    hour = _times_of_step(hour, 24)
    time = _time(minute, hour, second)
    days = _days(day, weekday)
    months = _months(month)
    if days.endswith(" of the month") and months.startswith("in ") and " or " not in days:
        days, months = f"{days.removesuffix('the month')}{months.removeprefix('in ')}", ""
    if not days and time.startswith("At ") and time[3].isdigit():
        days = "every day"
    return " ".join(part for part in (time, days, months) if part)


def _time(minute: str, hour: str, second: str) -> str:
    if second not in {"0", "00"}:
        return _time_with_seconds(minute, hour, second)
    minutes, hours = _numbers(minute, 0, 59), _numbers(hour, 0, 23)
    if minutes and hours and not _step(hour) and len(minutes) * len(hours) <= MAX_TIMES:
        return f"At {_join([f'{h:02d}:{m:02d}' for h in hours for m in minutes])}"
    if hour == "*":
        return _within_hour(minute)
    if minutes == [0] and (step := _step(hour)):
        return _every(step, "hour")
    if "-" in hour and hour.count("-") == 1 and "," not in hour and "/" not in hour:
        first, last = (int(part) for part in hour.split("-"))
        if minutes == [0]:
            return f"Every hour from {first:02d}:00 to {last:02d}:00"
        return f"{_within_hour(minute)} from {first:02d}:00 to {last:02d}:59"
    if step := _step(hour):
        return f"{_within_hour(minute, every_hour=False)} of every {_ordinal(step)} hour"
    return f"{_within_hour(minute, every_hour=False)} past {_list(hour, 'hour', 0, 23)}"


def _time_with_seconds(minute: str, hour: str, second: str) -> str:
    seconds, minutes = _numbers(second, 0, 59), _numbers(minute, 0, 59)
    hours = _numbers(hour, 0, 23)
    if (minute, hour) == ("*", "*"):
        if second == "*":
            return "Every second"
        step = _step(second)
        return (
            _every(step, "second") if step else f"At {_list(second, 'second', 0, 59)}, every minute"
        )
    if seconds and minutes and hours and len(seconds) * len(minutes) * len(hours) <= MAX_TIMES:
        times = [f"{h:02d}:{m:02d}:{s:02d}" for h in hours for m in minutes for s in seconds]
        return f"At {_join(times)}"
    at = "every second" if second == "*" else _list(second, "second", 0, 59)
    return f"{_time(minute, hour, '0')}, at {at}"


def _within_hour(minute: str, *, every_hour: bool = True) -> str:
    if minute == "*":
        return "Every minute"
    if step := _step(minute):
        return _every(step, "minute")
    if every_hour and minute in {"0", "00"}:
        return "Every hour"
    return f"At {_list(minute, 'minute', 0, 59)}" + (" of every hour" if every_hour else "")


def _days(day: str, weekday: str) -> str:
    by_date = _dates(day)
    by_weekday = _weekdays(weekday)
    if by_date and by_weekday:
        return f"{by_date} or {by_weekday}"
    return by_date or by_weekday


def _dates(day: str) -> str:
    if day in {"*", "?"}:
        return ""
    if day.lower() == "l":
        return "on the last day of the month"
    if step := _step(day):
        return f"every {_ordinal(step)} day of the month" if step > 1 else ""
    if "/" in day:
        raise ValueError("no words for that")
    if "-" in day and "," not in day:
        first, last = day.split("-")
        return f"on days {int(first)} to {int(last)} of the month"
    parts = ["the last day" if p.lower() == "l" else str(int(p)) for p in day.split(",")]
    if "the last day" in parts:
        parts = [p if p == "the last day" else f"day {p}" for p in parts]
        return f"on {_join(parts)} of the month"
    return f"on day{'s' if len(parts) > 1 else ''} {_join(parts)} of the month"


def _weekdays(weekday: str) -> str:
    if weekday in {"*", "?"}:
        return ""
    if "#" in weekday and "," not in weekday:
        name, nth = weekday.split("#")
        return f"on the {ORDINALS[int(nth)]} {_weekday(name)} of the month"
    if weekday[:1] in {"l", "L"} and "," not in weekday:
        return f"on the last {_weekday(weekday[1:])} of the month"
    if "#" in weekday or "/" in weekday:
        raise ValueError("no words for that")
    if "-" in weekday and "," not in weekday:
        first, last = weekday.split("-")
        return f"from {_weekday(first)} to {_weekday(last)}"
    names: list[str] = []
    for part in weekday.split(","):
        if "-" in part:
            first, last = part.split("-")
            names.append(f"{_weekday(first)} to {_weekday(last)}")
        else:
            names.append(_weekday(part))
    return f"on {_join(names)}"


def _weekday(name: str) -> str:
    if name.isdigit():
        return DAYS[int(name) % 7]
    return next(day for day in _named(DAYS, name))


def _months(month: str) -> str:
    if month == "*":
        return ""
    if "-" in month and "," not in month and "/" not in month:
        first, last = month.split("-")
        return f"from {_month(first)} to {_month(last)}"
    numbers = _numbers(month, 1, 12)
    names = (
        [_month(p) for p in month.split(",")]
        if numbers is None
        else [MONTHS[number - 1] for number in numbers]
    )
    return f"in {_join(names)}"


def _month(name: str) -> str:
    if name.isdigit():
        return MONTHS[int(name) - 1]
    return next(month for month in _named(MONTHS, name))


def _named(names: tuple[str, ...], start: str) -> list[str]:
    found = [name for name in names if len(start) > 2 and name.lower().startswith(start.lower())]
    if not found:
        raise ValueError(f"{start} is no name")
    return found


def _numbers(field: str, low: int, high: int) -> list[int] | None:
    """The values of a field of numbers, lists and steps; None for ``*`` and what isn't numbers."""
    if field == "*":
        return None
    if step := _step(field):
        return list(range(low, high + 1, step))
    parts = field.split(",")
    if not all(part.isdigit() for part in parts):
        return None
    return sorted({int(part) for part in parts})


def _step(field: str) -> int:
    """n of ``*/n``, else 0."""
    base, slash, step = field.partition("/")
    return int(step) if slash and base == "*" else 0


def _times_of_step(field: str, end: int) -> str:
    """``*/45`` of minutes as ``0,45``: each hour begins anew, so it isn't every 45 minutes."""
    step = _step(field)
    return ",".join(map(str, range(0, end, step))) if 2 * step > end else field


def _list(field: str, unit: str, low: int, high: int) -> str:
    numbers = _numbers(field, low, high)
    if numbers is not None:
        return f"{unit}{'s' if len(numbers) > 1 else ''} {_join([str(n) for n in numbers])}"
    if "/" in field:
        raise ValueError("no words for that")
    return f"{unit}s {field.replace('-', ' to ').replace(',', ', ')}"


def _every(step: int, unit: str) -> str:
    return f"Every {unit}" if step == 1 else f"Every {step} {unit}s"


def _ordinal(number: int) -> str:
    tens = number // 10 % 10
    suffix = "th" if tens == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _join(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
