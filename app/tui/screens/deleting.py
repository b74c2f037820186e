"""Deleting ended runs, and DAGs with all their runs: the questions that name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.tui import formats
from app.tui.commander import act_all
from app.tui.models.dags import named
from app.tui.models.runs import MOST_COUNTED, counted, runs_named
from app.tui.reading_acting import count_runs_of
from app.tui.screens.acting_runs import NAMED, run_lines
from app.tui.spans import Span, Spans, span
from app.tui.widgets.dialogs import Choices, ConfirmDialog
from store.states import DagRunState

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from store.queries.dags import DagRow
    from store.queries.runs import RunRow

AT_ONCE = 50
"""Runs that one command deletes: the runner has other things to do in between."""
GONE: tuple[Spans, ...] = (
    (Span("Task instances, logs and XComs go too; what was tracked stays.", "warning"),),
    (Span("It can't be undone.", "warning"),),
)
UNFINISHED = (DagRunState.QUEUED, DagRunState.RUNNING)


def ask_delete_runs(app: DagtopApp, runs: Sequence[RunRow]) -> None:
    """Ask whether to delete runs, of which those that have not ended stay, and do it."""
    ended = [run for run in runs if run.state not in UNFINISHED]
    if not ended:
        words = f"the run is {runs[0].state}" if len(runs) == 1 else "none of them has ended"
        app.say(f"{words}: cancel with x first, then delete")
        return
    lines: list[Spans] = [*run_lines(ended, app.glyphs), (), *GONE]
    if left := len(runs) - len(ended):
        verb = "has not ended and stays" if left == 1 else "have not ended and stay"
        lines.append((Span(f"{formats.plural(left, 'other')} {verb}.", "dim"),))

    def answered(choices: Choices | None) -> None:
        if choices is None:
            return
        act_all(app, "delete_runs", delete_payloads(ended), f"deleted {done}")

    done = f"run {runs_named(ended)}" if len(ended) == 1 else runs_named(ended)
    what = formats.plural(len(ended), "run")
    app.push_screen(
        ConfirmDialog(f"Delete {what}?", lines, f"delete {what}", number=len(ended)), answered
    )


def delete_payloads(runs: Sequence[RunRow]) -> list[dict[str, Any]]:
    """What the commands ``delete_runs`` want to be told: of one DAG each, and of not too many."""
    names: dict[str, list[str]] = {}
    for run in runs:
        names.setdefault(run.dag_id, []).append(run.run_id)
    return [
        {"dag_id": dag_id, "run_ids": run_ids[start : start + AT_ONCE]}
        for dag_id, run_ids in names.items()
        for start in range(0, len(run_ids), AT_ONCE)
    ]


def ask_delete_dags(app: DagtopApp, dags: Sequence[DagRow]) -> None:
    """Ask whether to delete DAGs with their history; those with unfinished runs stay."""
    ended = [dag for dag in dags if not _unfinished(dag)]
    if not ended:
        words = f"{named(dags)} have unfinished runs: cancel them first"
        if len(dags) == 1:
            runs = formats.plural(_unfinished(dags[0]), "unfinished run")
            words = f"{dags[0].dag_id} has {runs}: cancel first, then delete"
        app.say(words)
        return

    def ask(totals: Mapping[str, int]) -> None:
        what = ended[0].dag_id if len(ended) == 1 else formats.plural(len(ended), "DAG")
        dialog = ConfirmDialog(
            f"Delete {what}?",
            dag_lines(ended, totals, len(dags) - len(ended)),
            f"delete {formats.plural(len(ended), 'DAG')}",
            number=max(len(ended), sum(totals.values())),
        )
        app.push_screen(dialog, answered)

    def answered(choices: Choices | None) -> None:
        if choices is None:
            return
        act_all(app, "delete_dag", [{"dag_id": one} for one in ids], f"deleted {named(ended)}")
        app.memory.favour(ids, stars=False)

    ids = [dag.dag_id for dag in ended]
    app.read_first(lambda store: count_runs_of(store, ids), ask)


def dag_lines(dags: Sequence[DagRow], totals: Mapping[str, int], left: int) -> list[Spans]:
    """The DAGs as the question names them; ``left``: how many others stay."""
    lines: list[Spans] = []
    for dag in dags[:NAMED]:
        number = totals.get(dag.dag_id, 0)
        words = (
            formats.plural(number, "run") if number < MOST_COUNTED else f"{counted(number)} runs"
        )
        lines.append((Span("DAG   ", "dim"), span(dag.dag_id, "strong"), Span(f"  {words}", "dim")))
    if len(dags) > NAMED:
        more = formats.plural(len(dags) - NAMED, "more DAG")
        lines.append((Span(f"      and {more}", "dim"),))
    lines += [(), *GONE]
    if any(dag.is_active for dag in dags):
        one = len(dags) == 1
        words = "Its file still defines it and brings it" if one else "Their files bring them"
        lines.append((Span(f"{words} back, empty.", "dim"),))
    if left:
        verb = "has unfinished runs and stays" if left == 1 else "have unfinished runs and stay"
        lines.append((Span(f"{formats.plural(left, 'other')} {verb}.", "dim"),))
    return lines


def _unfinished(dag: DagRow) -> int:
    return sum(dag.run_counts.get(state, 0) for state in UNFINISHED)
