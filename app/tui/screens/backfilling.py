"""Backfilling: the scheduled runs of a span of time, listed before they are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from app.tui.commander import NO_RUNNER
from app.tui.formats import plural
from app.tui.models.scheduling import backfill_lines, no_backfill
from app.tui.params import Field, choice, line, moment, zone_of
from app.tui.reading_acting import FormFacts, read_form
from app.tui.screens.forms import Errors, FormLine, FormScreen, Values
from app.tui.screens.triggering import CONF, conf_of, schedule_line, trouble_lines
from app.tui.spans import Span, Spans
from app.tui.widgets.dialogs import TYPED_FROM, Choices, ConfirmDialog

if TYPE_CHECKING:
    from app.tui.application import DagtopApp

OLDEST, NEWEST = "oldest first", "newest first"
REPROCESS = {"leave them": "none", "the failed ones": "failed", "all that ended": "completed"}
"""What is done with runs that are there already, as the command wants it."""


def ask_backfill(app: DagtopApp, dag_id: str) -> None:
    """Ask for a span of time, show the runs of it, and make them."""

    def ask(facts: FormFacts | None) -> None:
        if facts is None:
            app.ways.refuse(f"there is no DAG {dag_id}")
        elif why := no_backfill(facts.dag):
            app.ways.refuse(why, "warning")
        else:
            BackfillForm(facts).open(app, check)

    def check(form: FormScreen, values: Values) -> None:
        number = values.pop("number")
        if number <= TYPED_FROM:
            send(form, values, number)
            return

        def answered(choices: Choices | None) -> None:
            if choices is not None:
                send(form, values, number)

        lines: list[Spans] = [
            (Span("DAG   ", "dim"), Span(dag_id)),
            (Span("runs  ", "dim"), Span(f"{number:,}", "strong")),
        ]
        dialog = ConfirmDialog("Backfill?", lines, f"make {number:,} runs", number=number)
        app.push_screen(dialog, answered)

    def send(form: FormScreen, values: Values, number: int) -> None:
        what = (
            f"backfilling {plural(number, 'run')} of {dag_id}"
            if number
            else f"backfilling {dag_id}"
        )
        form.act([("backfill", {"dag_id": dag_id, **values, "dry_run": False})], what)

    app.read_first(lambda store: read_form(store, dag_id), ask)


def fields_of(zone: str) -> list[Field]:
    """The fields of the form."""
    about = f"2026-11-21 or 2026-11-21T10:00; without an offset in the DAG's time zone, {zone}. "
    return [
        line(
            "from",
            "logical date",
            required=True,
            description=f"{about}Runs from this date on are made.",
        ),
        line(
            "to",
            "logical date",
            required=True,
            description=f"{about}Runs up to this date are made.",
        ),
        choice(
            "runs that are there",
            list(REPROCESS),
            description="What is done with dates that have a run already.",
        ),
        choice(
            "order",
            [OLDEST, NEWEST],
            description="In which order the runs start; a task that depends on its past wants the "
            "oldest first.",
        ),
        line(
            "max active runs",
            "whole number",
            text="10",
            description="How many runs of the backfill run at the same time, besides those of the "
            "schedule. It can be changed while it runs.",
        ),
        CONF,
    ]


class BackfillForm(FormScreen):
    """Dates and limits, and the runs that they mean."""

    preview_lines: ClassVar[int] = 8

    def __init__(self, facts: FormFacts) -> None:
        self._dag_id = facts.dag.dag_id
        self._zone = zone_of(facts.dag.timezone)
        self._listed: tuple[Values, int, str] | None = None
        """What was asked last, how many runs that makes, and what is wrong with it."""
        super().__init__(
            f"Backfill {facts.dag.dag_id}",
            fields_of(facts.dag.timezone),
            "make the runs",
            head=[*trouble_lines(facts.dag, "the runs wait"), schedule_line(facts.dag)],
        )

    def check(self, texts: list[str]) -> tuple[Values, Errors]:
        values, errors = self._values(texts)
        number = 0
        if self._listed is not None and self._listed[0] == values:
            _, number, wrong = self._listed
            if wrong and not errors:
                errors[1] = wrong
        return {**values, "number": number}, errors

    def action_submit(self) -> None:
        """Make the runs, once they are listed: of many their number is asked for."""
        values, errors = self._values(self.texts())
        if errors or (self._listed is not None and self._listed[0] == values):
            super().action_submit()
        else:
            words = Span("wait: the runs are still listed   ", "warning")
            self.query_one(".keys", FormLine).set((words, *self._keys))

    def _values(self, texts: list[str]) -> tuple[Values, Errors]:
        values: Values = {
            "reprocess": REPROCESS[texts[2]],
            "run_backwards": texts[3] == NEWEST,
        }
        errors: Errors = {}
        for number, name in enumerate(("from_date", "to_date")):
            try:
                found = moment(texts[number], self._zone)
            except ValueError as error:
                errors[number] = str(error)
                continue
            if found is None:
                errors[number] = "a date is wanted"
            else:
                values[name] = found.isoformat()
        if not errors and values["from_date"] > values["to_date"]:
            errors[1] = "this is before the first date"
        try:
            values["max_active_runs"] = int(texts[4])
        except ValueError:
            errors[4] = f"{texts[4]!r} is not a whole number"
        else:
            if not 1 <= values["max_active_runs"] <= 10**9:
                errors[4] = "at least 1"
        try:
            values["conf"] = conf_of(texts[5]) or None
        except ValueError as error:
            errors[5] = str(error)
        return values, errors

    def preview(self, texts: list[str], hand_over: Callable[[Sequence[Spans]], None]) -> None:
        values, errors = self._values(texts)
        if errors:
            waits = not texts[0].strip() or not texts[1].strip()
            words = "The runs that this makes will be listed here." if waits else ""
            hand_over([(Span(words, "dim"),)])
            return

        def then(reply: dict[str, Any] | str) -> None:
            if not isinstance(reply, str):
                number = len(reply.get("runs", ()))
                wrong = "" if number else "all of these dates have a run: nothing to make"
                self._listed = (values, number, wrong)
                most = max(3, self.preview_lines - 1 - bool(reply.get("ahead")))
                hand_over(backfill_lines(reply, self.dagtop.scene(), most))
            elif reply == NO_RUNNER:
                self._listed = (values, 0, "")
                words = "No runner is up to list the runs; it makes them when it is."
                hand_over([(Span(words, "warning"),)])
            else:
                self._listed = (values, 0, reply)
                hand_over([])
            if self.is_attached:
                self.show_errors()

        self.dagtop.commander.dry_runs("backfill", [{"dag_id": self._dag_id, **values}], then)
