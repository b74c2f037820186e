"""The priority weight of task instances that have not started: who of the queue goes first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.tui import formats
from app.tui.params import line
from app.tui.reading_priority import Weights, read_weights
from app.tui.screens.acting import Selection
from app.tui.screens.forms import Errors, FormScreen, Values
from app.tui.spans import Span, Spans, span

if TYPE_CHECKING:
    from app.tui.application import DagtopApp

LEAST, MOST = -(2**31), 2**31 - 1
"""Airflow's limits."""


def ask_priority(app: DagtopApp, chosen: Sequence[Selection]) -> None:
    """Ask for the priority weight of what was chosen, and set it."""
    words = ", ".join(one.words() for one in chosen)

    def ask(weights: Weights) -> None:
        if weights.waiting:
            PriorityForm(chosen, weights).open(app, send)
        else:
            how = "ended" if weights.ended == weights.started else "started"
            app.ways.refuse(f"{words} has {how}: its place in the queue can't change", "text")

    def send(form: FormScreen, values: Values) -> None:
        weight = values["priority"]
        done = f"{words} has the priority weight {weight}"
        if weight is None:
            done = f"{words} has the priority weight of its file"
        commands: list[tuple[str, Values]] = []
        for one in chosen:
            indexes = None if one.map_indexes is None else list(one.map_indexes)
            payload = {
                "dag_id": one.dag_id,
                "run_id": one.run_id,
                "task_ids": list(one.task_ids),
                "map_indexes": indexes,
                "priority": weight,
            }
            commands.append(("set_priority", payload))
        form.act(commands, done)

    app.read_first(lambda store: read_weights(store, chosen), ask)


def weight_of(text: str) -> int | None:
    """The weight that was typed; None: that of the file. Raises ``ValueError`` with a sentence."""
    if not text.strip():
        return None
    try:
        weight = int(text)
    except ValueError:
        raise ValueError("a whole number is wanted, as 10") from None
    if not LEAST <= weight <= MOST:
        raise ValueError(f"give at most {MOST}" if weight > 0 else f"give at least {LEAST}")
    return weight


class PriorityForm(FormScreen):
    """One number, and what it is now."""

    def __init__(self, chosen: Sequence[Selection], weights: Weights) -> None:
        lines: list[Spans] = chosen[0].lines()[1:2]
        for number, one in enumerate(chosen):
            lines.append(
                (Span("      " if number else "task  ", "dim"), span(one.words(), "strong"))
            )
        now = ", ".join(map(str, weights.present))
        own = ", ".join(map(str, weights.of_file))
        file = () if own == now else (Span(f"   the file says {own}", "dim"),)
        lines.append((Span("now   ", "dim"), Span(now), *file))
        if weights.started:
            already = f"{formats.plural(weights.started, 'instance')} started already"
            lines.append((Span("left  ", "dim"), Span(f"{already}: no change", "warning")))
        field = line(
            "priority weight",
            "a whole number; higher starts first",
            text=str(weights.present[0]) if len(weights.present) == 1 else "",
            placeholder="as the file says",
            description="Of all that waits for a slot, in any DAG, the highest weight starts "
            "first. Empty: as the file says.",
        )
        super().__init__("Priority weight", [field], "set", head=lines)

    def check(self, texts: list[str]) -> tuple[Values, Errors]:
        try:
            return {"priority": weight_of(texts[0])}, {}
        except ValueError as error:
            return {}, {0: str(error)}
