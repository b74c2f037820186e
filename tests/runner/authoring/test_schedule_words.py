"""Schedules in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from runner.authoring.schedule_words import describe_cron, describe_period
from runner.authoring.timetables import schedule_to_timetable

CRONS = [
    ("@hourly", "Every hour"),
    ("@daily", "At 00:00 every day"),
    ("@weekly", "At 00:00 on Sunday"),
    ("@monthly", "At 00:00 on day 1 of the month"),
    ("@quarterly", "At 00:00 on day 1 of January, April, July and October"),
    ("@yearly", "At 00:00 on day 1 of January"),
    ("0 3 * * 1", "At 03:00 on Monday"),
    ("0 3 * * 7", "At 03:00 on Sunday"),
    ("*/5 * * * *", "Every 5 minutes"),
    ("* * * * *", "Every minute"),
    ("30 2 * * *", "At 02:30 every day"),
    ("0 6,12,18 * * *", "At 06:00, 12:00 and 18:00 every day"),
    ("0 */2 * * *", "Every 2 hours"),
    ("15 */6 * * *", "At minute 15 of every 6th hour"),
    ("0 9-17 * * *", "Every hour from 09:00 to 17:00"),
    ("*/15 9-17 * * 1-5", "Every 15 minutes from 09:00 to 17:59 from Monday to Friday"),
    ("0,30 * * * *", "At minutes 0 and 30 of every hour"),
    ("0 0,1,2,3,4,5,6 * * *", "At minute 0 past hours 0, 1, 2, 3, 4, 5 and 6"),
    ("5 4 * * sun", "At 04:05 on Sunday"),
    ("0 0 * * 1,3,5", "At 00:00 on Monday, Wednesday and Friday"),
    ("0 8 * * 1-5,sat", "At 08:00 on Monday to Friday and Saturday"),
    ("0 0 L * *", "At 00:00 on the last day of the month"),
    ("0 0 * * 5#2", "At 00:00 on the second Friday of the month"),
    ("0 12 * * L5", "At 12:00 on the last Friday of the month"),
    ("0 0 1,15 * 3", "At 00:00 on days 1 and 15 of the month or on Wednesday"),
    ("0 0 */3 * *", "At 00:00 every 3rd day of the month"),
    ("0 0 1-7 * *", "At 00:00 on days 1 to 7 of the month"),
    ("30 23 L,15 * *", "At 23:30 on the last day and day 15 of the month"),
    ("0 0 * 6-8 *", "At 00:00 every day from June to August"),
    ("0 0 * jan,jul mon-fri", "At 00:00 from Monday to Friday in January and July"),
    ("0 12 * * * 30", "At 12:00:30 every day"),
    ("* * * * * */10", "Every 10 seconds"),
    ("* * * * * *", "Every second"),
    ("10 * * * * 30", "At minute 10 of every hour, at second 30"),
    ("*/61 * * * *", "Every hour"),
    ("*/45 * * * *", "At minutes 0 and 45 of every hour"),
    ("*/30 * * * *", "Every 30 minutes"),
    ("0 */13 * * *", "At 00:00 and 13:00 every day"),
    ("5 0-6/2 * * *", "5 0-6/2 * * *"),
    ("not a cron", "not a cron"),
]


@pytest.mark.parametrize(("expression", "words"), CRONS)
def test_cron_in_words(expression: str, words: str) -> None:
    assert describe_cron(expression) == words


@pytest.mark.parametrize(
    ("months", "rest", "words"),
    [
        (0, timedelta(hours=6), "Every 6 hours"),
        (0, timedelta(hours=1), "Every hour"),
        (0, timedelta(days=1), "Every day"),
        (0, timedelta(weeks=2), "Every 2 weeks"),
        (0, timedelta(days=10), "Every 10 days"),
        (0, timedelta(minutes=90), "Every 1 hour and 30 minutes"),
        (0, timedelta(seconds=1.5), "Every 1.5 seconds"),
        (1, timedelta(), "Every month"),
        (14, timedelta(days=2), "Every 1 year, 2 months and 2 days"),
    ],
)
def test_a_period_in_words(months: int, rest: timedelta, words: str) -> None:
    assert describe_period((months, rest)) == words


def test_a_timetable_says_what_the_author_wrote_and_what_it_means() -> None:
    daily = schedule_to_timetable("@daily")
    assert (daily.summary, daily.description) == ("@daily", "At 00:00 every day")
    six = schedule_to_timetable(timedelta(hours=6))
    assert (six.summary, six.description) == ("6:00:00", "Every 6 hours")
    assert schedule_to_timetable(None).description == "Never, external triggers only"
