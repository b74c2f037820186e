"""Fields of a schedule that is put in the place of the file's: its text, start, end, catch-up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from app.tui.commander import NO_RUNNER
from app.tui.params import Field, choice, line, moment, zone_of
from app.tui.screens.forms import Errors, Values

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from store.queries.dags import DagRow
    from store.structure import DagStructure

TIMES = 5
"""Times of the next runs that are shown."""
TEXT, START, END, CATCHUP = range(4)
"""Places of the fields, one behind the other in the form."""
NAMES = {START: "start", END: "end"}
INSTEAD = "give a later end, another schedule, or None"
"""What to do where no run would come of a schedule."""
AS_FILE, YES, NO = "as the file says", "yes", "no"


def window_fields(dag: DagRow, structure: DagStructure) -> list[Field]:
    """Start, end and catch-up, with what the override in force has."""
    texts, zone = texts_in_force(dag), zone_of(dag.timezone)
    file = {"start": structure.start_date, "end": structure.end_date}
    about = {
        "start": "The first logical date of its runs",
        "end": "The last logical date of its runs",
    }
    fields = [
        line(
            name,
            "optional",
            text=texts[place],
            placeholder=f"the file says {date_text(file[name], zone) or 'nothing'}",
            description=f"{about[name]}: 2026-11-21, or 2026-11-21T10:00+01:00. "
            f"Without an offset in {dag.timezone}.",
        )
        for name, place in (("start", START), ("end", END))
    ]
    own = "yes" if structure.catchup else "no"
    fields.append(
        choice(
            "catch up",
            (AS_FILE, YES, NO),
            text=texts[CATCHUP],
            description="Whether runs are made for the times since the start that have passed. "
            f"The file says {own}.",
        )
    )
    return fields


def texts_in_force(dag: DagRow) -> dict[int, str]:
    """What stands in the fields of start, end and catch-up at first."""
    window, zone = dag.schedule_window or {}, zone_of(dag.timezone)
    catchup = window.get("catchup")
    return {
        START: date_text(window.get("start"), zone),
        END: date_text(window.get("end"), zone),
        CATCHUP: AS_FILE if catchup is None else YES if catchup else NO,
    }


def date_text(text: str | None, zone: tzinfo) -> str:
    """A date as it would be typed in this zone; without a time where it is midnight."""
    if not text:
        return ""
    found = datetime.fromisoformat(text)
    if found.tzinfo is not None:
        found = found.astimezone(zone).replace(tzinfo=None)
    whole = found.replace(hour=0, minute=0, second=0, microsecond=0) == found
    return found.date().isoformat() if whole else found.isoformat(timespec="minutes")


class ScheduleFields:
    """What stands in the four fields, as the runner is told, and what it says is wrong."""

    def __init__(self, dag: DagRow, structure: DagStructure) -> None:
        self._dag = dag
        self._zone = zone_of(dag.timezone)
        self._file = {START: structure.start_date or "", END: structure.end_date or ""}
        self._wrong: dict[tuple[str, ...], tuple[int, str]] = {}
        """What stood in the fields, and what the runner has said of which of them."""

    def check(self, texts: Sequence[str]) -> tuple[Values, Errors]:
        """Schedule and window, and what is wrong with which of the fields."""
        texts = [text.strip() for text in texts]
        window, errors = self._window(texts)
        if not texts[TEXT]:  # as the file says: what is in force goes with its schedule
            window = {}
            first = texts_in_force(self._dag)
            if any(texts[place] not in ("", AS_FILE, text) for place, text in first.items()):
                errors[TEXT] = "type a schedule for start, end and catch-up"
        place, why = self._wrong.get(tuple(texts), (TEXT, ""))
        if why:
            errors.setdefault(place, why)
        given = {name: value for name, value in window.items() if value is not None}
        return {"expression": texts[TEXT] or None, "window": given or None}, errors

    def _window(self, texts: Sequence[str]) -> tuple[dict[str, Any], Errors]:
        dates: dict[int, datetime | None] = {}
        errors: Errors = {}
        for place in NAMES:
            try:
                dates[place] = moment(texts[place], self._zone)
            except ValueError as error:
                errors[place] = str(error)
        if not errors:
            self._check_order(dates, errors)
        window: dict[str, Any] = {
            NAMES[place]: None if date is None else date.isoformat()
            for place, date in dates.items()
        }
        window["catchup"] = {YES: True, NO: False}.get(texts[CATCHUP])
        return window, errors

    def _check_order(self, dates: dict[int, datetime | None], errors: Errors) -> None:
        """Whether there is a date between start and end, of which the file may have one."""
        given = [place for place, date in dates.items() if date is not None]
        start, end = (dates[place] or self._of_file(place) for place in (START, END))
        if not given or start is None or end is None or start <= end:
            return
        at = given[0]
        other = END if at == START else START
        words = f"it is {'after' if at == START else 'before'} the "
        if other not in given:
            words += f"file's {NAMES[other]}, {date_text(self._file[other], self._zone)}"
        else:
            words += NAMES[other]
        errors[at] = words

    def _of_file(self, place: int) -> datetime | None:
        try:
            return moment(self._file[place], self._zone)
        except ValueError:  # beyond the calendar in UTC: the runner says so
            return None

    def ask(
        self,
        app: DagtopApp,
        texts: Sequence[str],
        then: Callable[[dict[str, Any] | str | None], None],
    ) -> None:
        """Ask what the schedule would mean. ``then`` gets the answer, ``NO_RUNNER``, or None:
        something is wrong. What is wrong ``check`` says from now on, also that no run would come
        of a schedule that is given: nobody who sets one means that."""
        values, errors = self.check(texts)
        if errors:
            then(None)
            return

        typed = tuple(text.strip() for text in texts)

        def replied(reply: dict[str, Any] | str) -> None:
            if isinstance(reply, str) and reply != NO_RUNNER:
                self._wrong[typed] = (TEXT, reply)
                then(None)
                return
            if isinstance(reply, dict) and reply.get("ended") and typed[TEXT]:
                place = END if reply.get("end_date") else TEXT
                self._wrong[typed] = (place, f"{reply['ended']}; {INSTEAD}")
            then(reply)

        request = {
            "type": "preview_schedule",
            "dag_id": self._dag.dag_id,
            "expression": values["expression"] or "",
            "window": values["window"] or {},
            "count": TIMES,
        }
        app.commander.ask(request, replied)
