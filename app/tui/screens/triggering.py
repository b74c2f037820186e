"""Triggering a run: the form made from the DAG's params, empty or with those of a past run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.tui.formats import run_name
from app.tui.params import (
    JSON,
    Field,
    Filled,
    check,
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


def own_fields(zone: str, dag_id: str, experiment: str = "") -> list[Field]:
    """The fields about the run itself."""
    return [
        line("note", "optional", description="What the run is for; it can be edited later (a)."),
        line(
            "run id",
            "optional",
            placeholder="made from the time",
            description="The name of the run; no other run of the DAG may have it.",
        ),
        line(
            "logical date",
            "optional",
            placeholder="now",
            description="The time that the run is about: 2026-11-21, or 2026-11-21T10:00+01:00. "
            f"Without an offset it is in the DAG's time zone, {zone}.",
        ),
        line(
            "experiment",
            "optional",
            text=experiment,
            placeholder=dag_id,
            description="What its tasks track (params, metrics) is compared within it.",
        ),
    ]


def trigger(app: DagtopApp, dag_id: str, run_id: str | None = None) -> None:
    """Ask for the params of a run, and trigger it. With ``run_id``: its params to begin with."""

    def read(store: Store) -> FormFacts | None:
        return read_form(store, dag_id, run_id)

    def ask(facts: FormFacts | None) -> None:
        if facts is None:
            app.say(f"there is no DAG {dag_id}", "error")
        elif run_id is not None and facts.run is None:
            app.say(f"DAG {dag_id} has no run {run_id}", "error")
        else:
            app.push_screen(TriggerForm(facts), send)

    def send(values: Values | None) -> None:
        if values is not None:
            named = values["run_id"]
            done = f"triggered {dag_id} as {named}" if named else f"triggered {dag_id}"
            app.act("trigger", {"dag_id": dag_id, **values}, done)

    app.refresher.once(read, ask)


def clone(app: DagtopApp, dag_id: str, run_id: str) -> None:
    """Trigger a run with the params of a past one, edited or not."""
    trigger(app, dag_id, run_id)


def trigger_payload(dag_id: str, conf: dict[str, Any]) -> dict[str, Any]:
    """What the command ``trigger`` wants to be told."""
    return {"dag_id": dag_id, "conf": conf, "logical_date": None, "run_id": None, "note": None}


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
            from dataclasses import replace

            fields = [replace(CONF, text=conf_text)]
        self.conf_fields = len(fields)
        super().__init__(title, [*fields, *more], verb, head=head)

    def check_conf(self, texts: Sequence[str]) -> tuple[dict[str, Any], Errors]:
        """The conf, and what is wrong with which field."""
        if not self.params:
            try:
                conf = value_of(self.fields[0], texts[0]) or {}
            except ValueError as error:
                return {}, {0: str(error)}
            if not isinstance(conf, dict):
                return {}, {0: 'a JSON object is wanted: {"name": value}'}
            return conf, {}
        names = [param.name for param in self.params]
        values, errors = check(self.params, dict(zip(names, texts, strict=False)))
        return values, {names.index(name): words for name, words in errors.items()}


class TriggerForm(ConfForm):
    """A field a param, and what the run is called and about."""

    def __init__(self, facts: FormFacts) -> None:
        from json import dumps

        run = facts.run
        self._zone = zone_of(facts.dag.timezone)
        conf = (run.conf or {}) if run is not None else {}
        filled = filled_from(facts.structure.params, conf)
        head = [schedule_line(facts.dag)]
        if run is not None:
            head.append((Span("params    ", "dim"), Span("of "), span(run_name(run.run_id))))
            head.extend(left_out_lines(facts.structure.params, filled))
        super().__init__(
            f"Trigger {facts.dag.dag_id}" + (" again" if run is not None else ""),
            filled.params,
            "trigger",
            conf_text=dumps(conf, ensure_ascii=False) if conf else "",
            more=own_fields(
                facts.dag.timezone, facts.dag.dag_id, (run.experiment or "") if run else ""
            ),
            head=head,
        )

    def check(self, texts: list[str]) -> tuple[Values, Errors]:
        conf, errors = self.check_conf(texts)
        note, run_id, date, experiment = texts[self.conf_fields :]
        wrong = run_id_error(run_id.strip())
        if wrong is not None:
            errors[self.conf_fields + 1] = wrong
        found = None
        try:
            found = moment(date, self._zone)
        except ValueError as error:
            errors[self.conf_fields + 2] = str(error)
        values = {
            "conf": conf,
            "logical_date": None if found is None else found.isoformat(),
            "run_id": run_id.strip() or None,
            "note": note.strip() or None,
            "experiment": experiment.strip() or None,
        }
        return values, errors


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


def left_out_lines(params: Sequence[ParamStructure], filled: Filled) -> list[Spans]:
    """What of the past run's conf the form has no place for."""
    lines: list[Spans] = []
    if filled.unknown and params:
        names = ", ".join(filled.unknown)
        lines.append((Span("left out  ", "warning"), span(f"no such params any more: {names}")))
    if filled.unfit:
        names = ", ".join(filled.unfit)
        lines.append((Span("left out  ", "warning"), span(f"no longer a choice: {names}")))
    return lines
