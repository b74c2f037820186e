"""Retrying with edited params: what runs again, and with what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from app.tui.models.instance import touched_lines
from app.tui.params import choice, filled_from
from app.tui.reading_acting import FormFacts, read_form
from app.tui.screens.acting import Selection
from app.tui.screens.forms import Errors, FormScreen, Values
from app.tui.screens.triggering import ConfForm, conf_text
from app.tui.spans import Span, Spans, span

if TYPE_CHECKING:
    from app.tui.application import DagtopApp

ALONE, BELOW, WHOLE = "it alone", "and what is downstream", "the whole run"
_MISSING = object()
CHANGES = (
    " for all tries of this run from now on, also those of its other tasks. "
    "Tries before keep what they ran with."
)
SCOPES = (BELOW, ALONE, WHOLE)
ABOUT_SCOPE = "Which tasks get a new try: the chosen one, also those after it, or all of the run."


def ask_retry(app: DagtopApp, selection: Selection) -> None:
    """Ask for the params of a run's next tries, and run a task again with them."""

    def ask(facts: FormFacts | None) -> None:
        if facts is None or facts.run is None:
            app.ways.refuse(f"DAG {selection.dag_id} has no run {selection.run_id}")
        else:
            RetryForm(facts, selection).open(app, send)

    def send(form: FormScreen, values: Values) -> None:
        what = "the whole run" if values["task_ids"] is None else selection.words()
        how = "with other params" if "conf" in values else "with the same params"
        form.act([("clear", {**values, "dry_run": False})], f"{what} runs again {how}")

    def read(store: Any) -> FormFacts | None:
        return read_form(store, selection.dag_id, selection.run_id)

    app.read_first(read, ask)


class RetryForm(ConfForm):
    """The run's params, what runs again with them, and what that changes."""

    preview_lines: ClassVar[int] = 6

    def __init__(self, facts: FormFacts, selection: Selection) -> None:
        assert facts.run is not None
        self._selection = selection
        self._conf = facts.run.conf or {}
        filled = filled_from(facts.structure.params, self._conf)
        kept = filled.unknown if filled.params else ()
        head = selection.lines()[1:]
        if kept:
            head.append(
                (Span("kept  ", "dim"), span(f"no such params any more: {', '.join(kept)}"))
            )
        super().__init__(
            "Retry with other params",
            filled.params,
            "run again",
            conf_text=conf_text(self._conf),
            more=[choice("what runs again", SCOPES, description=ABOUT_SCOPE)],
            head=head,
        )

    def check(self, texts: list[str]) -> tuple[Values, Errors]:
        conf, errors = self.check_conf(texts)
        return self._payload(texts, self._next(conf)), errors

    def _next(self, conf: dict[str, Any]) -> dict[str, Any]:
        """The conf for the next tries: of the params only what the run named, and what changed."""
        if not self.params:
            return conf
        before = self._before()
        own = {name: value for name, value in conf.items() if value != before.get(name, _MISSING)}
        return {**self._conf, **own}

    def _payload(self, texts: list[str], conf: dict[str, Any]) -> Values:
        scope, selection = texts[self.conf_fields], self._selection
        indexes = selection.map_indexes
        whole = scope == WHOLE
        payload: Values = {
            "dag_id": selection.dag_id,
            "run_ids": [selection.run_id],
            "task_ids": None if whole else list(selection.task_ids),
            "map_indexes": None if whole or indexes is None else list(indexes),
            "downstream": scope == BELOW,
        }
        if conf != self._conf:
            payload["conf"] = conf
        return payload

    def _before(self) -> dict[str, Any]:
        """The params that the run has now, those included that its conf doesn't name."""
        return {**{one.name: one.default for one in self.params if one.has_default}, **self._conf}

    def _changed_names(self, conf: dict[str, Any]) -> list[str]:
        return sorted(
            name
            for name in conf.keys() | self._conf.keys()
            if conf.get(name, _MISSING) != self._conf.get(name, _MISSING)
        )

    def preview(self, texts: list[str], hand_over: Callable[[Sequence[Spans]], None]) -> None:
        conf, errors = self.check_conf(texts)
        if errors:
            hand_over([])
            return
        payload = self._payload(texts, self._next(conf))

        def then(reply: object) -> None:
            lines = touched_lines(reply, "Runs again:", self.dagtop.glyphs)
            changed = self._changed_names(self._next(conf))
            line: Spans = (Span("The params stay as they are.", "dim"),)
            if changed:
                verb = " changes" if len(changed) == 1 else " change"
                line = (span(", ".join(changed), "strong"), Span(verb + CHANGES, "dim"))
            hand_over([line, *lines])

        self.dagtop.commander.dry_runs("clear", [payload], then)
