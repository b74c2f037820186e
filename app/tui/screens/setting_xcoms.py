"""Setting XComs by hand: the form for a new one, and for another value of one that is there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING

from app.tui.formats import run_name
from app.tui.models.fields import FIXED, FormField
from app.tui.models.instance import instance_name
from app.tui.models.typed_xcoms import XComPlace, fields, problems
from app.tui.reading_task import read_xcom_value
from app.tui.screens.editing import FormDialog

if TYPE_CHECKING:
    from app.tui.application import DagtopApp

LINES = 8
"""Lines of the value where the terminal is small."""
TALL = 24


def add_xcom(app: DagtopApp, place: XComPlace, known: Collection[str] = ()) -> None:
    """Ask for the key and the value of a new XCom; ``known``: keys that are taken."""
    _open(app, place, None, None, known)


def edit_xcom(app: DagtopApp, place: XComPlace, key: str) -> None:
    """Ask for another value of an XCom."""

    def then(raw: bytes | None) -> None:
        if raw is None:
            app.say(f"the XCom {key} is gone: its task has run again, or it was deleted", "warning")
        else:
            _open(app, place, key, raw)

    where = (place.dag_run_id, place.task_id, place.map_index, key)
    app.read_first(lambda store: read_xcom_value(store, *where), then)


def _open(
    app: DagtopApp,
    place: XComPlace,
    key: str | None,
    raw: bytes | None,
    known: Collection[str] = (),
) -> None:
    name = instance_name(place.task_id, place.map_index)

    def save(touched: Mapping[str, str], done: Callable[[str], None]) -> None:
        wanted = key if key is not None else touched["key"].strip()
        payload = {
            "dag_id": place.dag_id,
            "run_id": place.run_id,
            "task_id": place.task_id,
            "map_index": place.map_index,
            "key": wanted,
            "value": touched["value"],
            "new": key is None,
        }
        verb = "added" if key is None else "changed"
        app.act("set_xcom", payload, f"{verb} XCom {wanted} of {name}", lambda why: done(why or ""))

    lines = LINES + max(0, app.size.height - TALL) // 2
    title = f"New XCom of {name}" if key is None else f"XCom {key} of {name}"
    run = FormField("run", "run", FIXED, f"{place.dag_id} {run_name(place.run_id)}")
    shown = [run, *fields(key, raw, lines)]
    app.push_screen(FormDialog(title, shown, save, partial(problems, known=known)))
