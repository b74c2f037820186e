"""What the terminal is told while nobody looks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.settings import Settings, UiConfig
from app.tui.alerts import (
    RESTORE_TITLE,
    SAVE_TITLE,
    Alerter,
    Alerts,
    FailedRun,
    notifications,
    title,
)
from app.tui.alerts import read_alerts as read
from store.events import record
from tests.app.tui.driving import app_of, opened, until
from tests.app.tui.world import ESCAPES, World

FAILED = FailedRun("etl", "scheduled__2026-11-21T05:40:00+00:00")


def test_the_title_says_what_failed_first_and_holds_no_sequence_of_data() -> None:
    assert title("shop", 0, 0) == "\x1b]2;dagtop shop\x07"
    assert title("shop", 3, 1) == "\x1b]2;dagtop shop · 1 failed · 3 running\x07"
    inside = title(f"s{ESCAPES}", 0, 0).removeprefix("\x1b]2;").removesuffix("\x07")
    assert inside.isprintable()


@pytest.mark.parametrize(
    ("protocol", "head"), [("osc9", "\x1b]9;"), ("osc777", "\x1b]777;notify;dagtop;")]
)
def test_notifications(protocol: str, head: str) -> None:
    one = notifications(protocol, [FAILED])
    assert one == [f"{head}etl failed: scheduled 11-21 05:40\x07"]
    assert notifications(protocol, [FAILED] * 5) == [f"{head}5 runs failed\x07"]
    hostile = notifications(protocol, [FailedRun(f"a;b{ESCAPES}", "r")])[0]
    inside = hostile.removeprefix(head).removesuffix("\x07")
    assert inside.isprintable()
    assert ";" not in inside


def test_without_a_protocol_nothing_is_notified() -> None:
    assert notifications("", [FAILED]) == []


def test_failures_are_told_until_somebody_is_here() -> None:
    told: list[str] = []
    alerter = Alerter("shop", UiConfig(bell=True, notify="osc9"), told.append)
    alerter.notice(Alerts(1, (), 5))
    assert told == [f"{SAVE_TITLE}\x1b]2;dagtop shop · 1 running\x07"]
    told.clear()
    alerter.notice(Alerts(1, (FAILED,), 6))
    assert told == [
        "\x07",
        "\x1b]9;etl failed: scheduled 11-21 05:40\x07",
        "\x1b]2;dagtop shop · 1 failed · 1 running\x07",
    ]
    told.clear()
    alerter.notice(Alerts(1, (), 6))
    assert told == []
    alerter.seen()
    alerter.close()
    assert told == ["\x1b]2;dagtop shop · 1 running\x07", RESTORE_TITLE]


def test_only_what_fails_after_the_first_look_is_news(world: World) -> None:
    version = world.dag("etl")
    world.run("etl", version, "running", ago=timedelta(minutes=5))
    with world.store.write() as connection:
        record(connection, "run_failed", "runner", "old", dag_id="etl", run_id="old")
    first = read(world.store, None)
    assert (first.running, first.failed) == (1, ())
    with world.store.write() as connection:
        record(connection, "run_failed", "runner", "new", dag_id="etl", run_id="new")
    second = read(world.store, first.last_event)
    assert second.failed == (FailedRun("etl", "new"),)
    assert read(world.store, second.last_event).failed == ()


async def test_the_app_tells_the_terminal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.dag("etl")
    settings = Settings(UiConfig(notify="osc9"))
    async with opened(world.workspace, settings=settings) as pilot:
        app = app_of(pilot)
        told: list[str] = []
        monkeypatch.setattr(app.alerter, "_tell", told.append)
        with world.store.write() as connection:
            record(connection, "run_failed", "runner", "x", dag_id="etl", run_id="r")
        await until(pilot, lambda: "\x1b]9;etl failed: r\x07" in told, "the notification")
        assert any("1 failed" in one for one in told)
        await pilot.press("j")
        assert "failed" not in told[-1]
