"""Triggering a run, once or on a schedule: the form made from the DAG's params, empty or with
those of a past run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from app.tui.commander import NO_RUNNER
from app.tui.formats import run_name
from app.tui.models.scheduling import means_line, times_lines
from app.tui.params import (
    JSON,
    Field,
    Filled,
    check,
    choice,
    field_of,
    filled_from,
    line,
    moment,
    run_id_error,
    value_of,
    zone_of,
)
from app.tui.reading_acting import FormFacts, read_form
from app.tui.screens.forms import Errors, FormScreen, Values
from app.tui.screens.schedule_fields import ScheduleFields, window_fields
from app.tui.spans import Span, Spans, span

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from store.engine import Store
    from store.queries.dags import DagRow
    from store.structure import ParamStructure

CONF = Field(
    "conf",
    JSON,
    ("object",),
    "",
    description="What the tasks find in params and dag_run.conf: a JSON object, or nothing.",
)
"""The field of a DAG that has no params."""
MORE_CONF = Field(
    "more conf",
    JSON,
    ("object",),
    "",
    description="Keys that are no params, which tasks find in params and dag_run.conf, too.",
    words="optional, a JSON object",
    placeholder="none",
)
"""The field for the rest of the conf, of a DAG that has params."""

ONE_OFF, RECURRING = "one-off", "recurring"
NAME, NOTE, EXPERIMENT, TYPE, DATE, START, END, SCHEDULE, FIRST, LAST, CATCHUP, MORE = range(12)
"""Places of the fields about the run itself, behind those of its params."""
ONLY = {ONE_OFF: (NAME, DATE, START, END), RECURRING: (SCHEDULE, FIRST, LAST, CATCHUP)}
"""Fields that only one type of run has."""
FEW = 3
"""Lines for the preview where lines are few: the schedule and its times."""
PERIODIC = ("cron", "delta")
"""How the kinds of schedules begin that have a text to begin with."""


def own_fields(facts: FormFacts, more: dict[str, Any]) -> list[Field]:
    """The fields about the run itself, in the order of their places; and for ``more`` conf."""
    dag, run = facts.dag, facts.run
    rest = [replace(MORE_CONF, text=conf_text(more))] if facts.structure.params else []
    periodic = facts.structure.timetable.kind.startswith(PERIODIC)
    return [
        line(
            "run name",
            "optional",
            placeholder="made from the time",
            description="The run's id; no other run of the DAG may have it.",
        ),
        line(
            "description",
            "optional",
            text=(run.note or "") if run is not None else "",
            description="What the run is for: its note, which can be edited later (a).",
        ),
        line(
            "experiment",
            "optional",
            text=(run.experiment or "") if run is not None else "",
            placeholder=dag.dag_id,
            description="What its tasks track (params, metrics) is compared within it.",
        ),
        choice(
            "run type",
            (ONE_OFF, RECURRING),
            description="One-off: a single run, now. Recurring: a run at each time of a schedule, "
            "with these params.",
        ),
        line(
            "logical date",
            "optional",
            placeholder="now",
            description="The time that the run is about: 2026-11-21, or 2026-11-21T10:00+01:00. "
            f"Without an offset it is in the DAG's time zone, {dag.timezone}.",
        ),
        *interval_fields(dag),
        line(
            "schedule",
            "cron, @daily, every 6 hours",
            text=dag.schedule_override or (dag.schedule if periodic else ""),
            required=True,
            description="Each of its runs gets these params, description and experiment. It takes "
            "the place of the file's schedule until it is reset (@).",
        ),
        *window_fields(dag, facts.structure),
        *rest,
    ]


def interval_fields(dag: DagRow) -> list[Field]:
    """The data interval, which follows from the logical date unless it is given."""
    about = (
        "Both ends or none: the data that the run is about, instead of by the schedule. "
        f"Without an offset in {dag.timezone}."
    )
    return [
        line(
            f"data interval {end}",
            "optional",
            placeholder="from the logical date",
            description=about,
        )
        for end in ("start", "end")
    ]


def trigger(
    app: DagtopApp, dag_id: str, run_id: str | None = None, told: Sequence[Spans] = ()
) -> None:
    """Ask for the params of a run, and trigger it. With ``run_id``: its params to begin with.

    ``told``: lines that stand above the fields besides.
    """

    def read(store: Store) -> FormFacts | None:
        return read_form(store, dag_id, run_id)

    def ask(facts: FormFacts | None) -> None:
        if facts is None:
            app.ways.refuse(f"there is no DAG {dag_id}")
        elif run_id is not None and facts.run is None:
            app.ways.refuse(f"DAG {dag_id} has no run {run_id}")
        else:
            TriggerForm(facts, told).open(app, send)

    def send(form: FormScreen, values: Values) -> None:
        kind, named = "trigger", values.get("run_id")
        done = f"triggered {dag_id} as {named}" if named else f"triggered {dag_id}"
        if "expression" in values:
            kind, done = "schedule", f"{dag_id} runs {values['expression']} with these params"
        form.act([(kind, {"dag_id": dag_id, **values})], done)

    app.read_first(read, ask)


def clone(app: DagtopApp, dag_id: str, run_id: str, told: Sequence[Spans] = ()) -> None:
    """Trigger a run with the params, note and experiment of a past one, edited or not.

    Not with its logical date and data interval: a clone is about another time.
    """
    trigger(app, dag_id, run_id, told)


def trigger_payload(dag_id: str, conf: dict[str, Any]) -> dict[str, Any]:
    """What the command ``trigger`` wants to be told."""
    return {"dag_id": dag_id, "conf": conf, "logical_date": None, "run_id": None, "note": None}


def conf_text(conf: dict[str, Any]) -> str:
    """A conf as it stands in its field."""
    from json import dumps

    return dumps(conf, ensure_ascii=False) if conf else ""


def conf_of(text: str) -> dict[str, Any]:
    """The conf that was typed. Raises ``ValueError`` with one sentence."""
    conf = value_of(CONF, text)
    if not isinstance(conf, dict | None):
        raise ValueError('a JSON object is wanted: {"name": value}')
    return conf or {}


class ConfForm(FormScreen):
    """A form with a field a param; of a DAG without params one for the conf as a whole."""

    def __init__(
        self,
        title: str,
        params: Sequence[ParamStructure],
        verb: str,
        *,
        conf_text: str = "",
        more: Sequence[Field] = (),
        head: Sequence[Spans] = (),
    ) -> None:
        self.params = list(params)
        fields = [field_of(param) for param in self.params]
        if not fields:
            fields = [replace(CONF, text=conf_text)]
        self.conf_fields = len(fields)
        super().__init__(title, [*fields, *more], verb, head=head)

    def check_conf(self, texts: Sequence[str]) -> tuple[dict[str, Any], Errors]:
        """The conf, and what is wrong with which field."""
        if not self.params:
            try:
                return conf_of(texts[0]), {}
            except ValueError as error:
                return {}, {0: str(error)}
        names = [param.name for param in self.params]
        values, errors = check(self.params, dict(zip(names, texts, strict=False)))
        return values, {names.index(name): words for name, words in errors.items()}

    def about(self, why: str, texts: list[str]) -> int | None:
        starts = (f"param {param.name!r}" for param in self.params)
        return next((at for at, start in enumerate(starts) if why.startswith(start)), None)


class TriggerForm(ConfForm):
    """A field a param; what the run is called and about, and whether it comes again."""

    preview_lines: ClassVar[int] = 7

    def __init__(self, facts: FormFacts, told: Sequence[Spans] = ()) -> None:
        run, dag = facts.run, facts.dag
        self._dag = dag
        self._zone = zone_of(dag.timezone)
        self._schedule = ScheduleFields(dag, facts.structure)
        self.subject = f"DAG {dag.dag_id}"
        conf = (run.conf or {}) if run is not None else {}
        filled = filled_from(facts.structure.params, conf)
        head = [*trouble_lines(dag, "no trigger now"), schedule_line(dag)]
        if dag.is_paused:
            head.append((Span("paused    ", "warning"), Span("it waits for p, which unpauses")))
        if run is not None:
            head.append((Span("params    ", "dim"), Span("of "), span(run_name(run.run_id))))
            head.extend(left_out_lines(filled))
        head.extend(told)
        super().__init__(
            f"Trigger {dag.dag_id}" + (" again" if run is not None else ""),
            filled.params,
            "trigger",
            conf_text=conf_text(conf),
            more=own_fields(facts, {name: conf[name] for name in filled.unknown}),
            head=head,
        )

    def _type(self, texts: Sequence[str]) -> str:
        return texts[self.conf_fields + TYPE]

    def hidden(self, texts: list[str]) -> frozenset[int]:
        other = ONE_OFF if self._type(texts) == RECURRING else RECURRING
        return frozenset(self.conf_fields + place for place in ONLY[other])

    def preview_room(self, texts: list[str]) -> int:
        if self._type(texts) != RECURRING:
            return 0
        return FEW if self.close_width else self.preview_lines

    def check(self, texts: list[str]) -> tuple[Values, Errors]:
        conf, errors = self.check_conf(texts)
        own = [text.strip() for text in texts[self.conf_fields :]]
        try:
            more = self._more_conf(own[MORE]) if self.params else {}
        except ValueError as error:
            more = {}
            errors[self.conf_fields + MORE] = str(error)
        run = {
            "conf": {**conf, **more},
            "note": own[NOTE] or None,
            "experiment": own[EXPERIMENT] or None,
        }
        if self._type(texts) == RECURRING:
            values, wrong = self._schedule.check(own[SCHEDULE : CATCHUP + 1])
            if not own[SCHEDULE] or own[SCHEDULE].lower() in ("none", "never"):
                wrong[0] = "a schedule is wanted: 0 3 * * *, @daily, every 15 minutes"
            first = self.conf_fields + SCHEDULE
            errors |= {first + place: why for place, why in wrong.items()}
            return {**values, "run": run}, errors
        wrong = run_id_error(own[NAME])
        if wrong is not None:
            errors[self.conf_fields + NAME] = wrong
        dates = {place: self._date(own, place, errors) for place in (DATE, START, END)}
        self._check_interval(own, dates, errors)
        texts_of = {
            place: None if date is None else date.isoformat() for place, date in dates.items()
        }
        values = {**run, "logical_date": texts_of[DATE], "run_id": own[NAME] or None}
        if texts_of[START] is not None or texts_of[END] is not None:
            values["data_interval_start"] = texts_of[START]
            values["data_interval_end"] = texts_of[END]
        return values, errors

    def _date(self, own: Sequence[str], place: int, errors: Errors) -> datetime | None:
        try:
            return moment(own[place], self._zone)
        except ValueError as error:
            errors[self.conf_fields + place] = str(error)
            return None

    def _check_interval(
        self, own: Sequence[str], dates: dict[int, datetime | None], errors: Errors
    ) -> None:
        """Both ends or none, and in their order."""
        for place, other in ((START, END), (END, START)):
            if own[other] and not own[place]:
                errors[self.conf_fields + place] = "a data interval has both ends, or none is given"
        start, end = dates[START], dates[END]
        if start is not None and end is not None and start > end:
            errors[self.conf_fields + END] = "it ends before its start"

    def _more_conf(self, text: str) -> dict[str, Any]:
        conf = conf_of(text)
        own = [param.name for param in self.params if param.name in conf]
        if own:
            verb = (
                "is a param: set it in its field" if len(own) == 1 else "are params: set them above"
            )
            raise ValueError(f"{', '.join(own)} {verb}")
        return conf

    def about(self, why: str, texts: list[str]) -> int | None:
        values, errors = self.check(texts)
        named = {NAME: values.get("run_id"), DATE: values.get("logical_date")}
        if "expression" in values:
            named = {SCHEDULE: values["expression"]}
        places = [place for place, text in named.items() if text and text in why]
        if errors or not places:
            return super().about(why, texts)
        return self.conf_fields + places[0]

    def preview(self, texts: list[str], hand_over: Callable[[Sequence[Spans]], None]) -> None:
        own = texts[self.conf_fields :]
        if self._type(texts) != RECURRING or not own[SCHEDULE].strip():
            hand_over([])
            return

        def then(reply: dict[str, Any] | str | None) -> None:
            if isinstance(reply, dict):
                times = times_lines(reply, self.dagtop.scene(), self.close_width)
                hand_over([means_line(reply), *times])
            elif reply == NO_RUNNER:
                hand_over([(Span("No runner is up to say when it would run.", "warning"),)])
            else:
                hand_over([])
            if self.is_attached:
                self.show_errors()

        self._schedule.ask(self.dagtop, own[SCHEDULE : CATCHUP + 1], then)


def schedule_line(dag: DagRow) -> Spans:
    """What runs by itself, besides the run that is triggered."""
    words = dag.schedule_words or dag.schedule
    if not dag.schedule or dag.schedule == "None":
        words = "none, it runs by hand"
    return (
        Span("schedule  ", "dim"),
        span(words),
        Span("   (", "dim"),
        Span("@", "key"),
        Span(" edits it)", "dim"),
    )


def trouble_lines(dag: DagRow, so: str) -> list[Spans]:
    """That the runner can't start anything of the DAG now, and what follows from it."""
    if dag.import_error:
        words = f"its file can't be imported: {so}"
        return [(Span("broken    ", "error"), Span(words)), (span(dag.import_error, "error"),)]
    if not dag.is_active:
        return [(Span("broken    ", "error"), Span(f"no file defines it any more: {so}"))]
    return []


def left_out_lines(filled: Filled) -> list[Spans]:
    """What of the past run's conf the form has no place for."""
    if not filled.unfit:
        return []
    names = ", ".join(filled.unfit)
    return [(Span("left out  ", "warning"), span(f"no longer a choice: {names}"))]
