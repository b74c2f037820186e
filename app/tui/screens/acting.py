"""Clear, mark, kill and delete: the questions that say what will be touched, and the commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from app.tui import formats
from app.tui.commander import NO_RUNNER, act_all
from app.tui.models.instance import indexed_name, touched_lines, whole_lines
from app.tui.spans import Span, Spans, span
from app.tui.widgets.dialogs import Choices, ConfirmDialog, Toggle
from store.states import FINISHED_TASK_STATES

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from store.queries.grid import GridRow
    from store.queries.tasks import InstanceRow

PREVIEWED = 50
"""Commands of which is worked out what they touch; of more only the choice is named."""

WORKING = ((Span("working out what this touches ...", "dim"),),)

NAMED = 8
"""Tasks of one run that a question about several names."""

LISTED = 4
"""As many of several runs, each with its run on a line: what is touched is to be seen, too."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What an action is about: tasks (and perhaps some of their map indexes) of one run."""

    dag_id: str
    run_id: str
    task_ids: tuple[str, ...]
    map_indexes: tuple[int, ...] | None = None

    def words(self) -> str:
        """The selection in a few words."""
        if len(self.task_ids) != 1:
            return formats.plural(len(self.task_ids), "task")
        return self.names()[0]

    def names(self) -> list[str]:
        """Each task, with its map indexes if only some of them are chosen."""
        return [indexed_name(task_id, self.map_indexes or ()) for task_id in self.task_ids]

    def lines(self) -> list[Spans]:
        """The selection as a dialog names it."""
        return [
            (Span("DAG   ", "dim"), span(self.dag_id)),
            (Span("run   ", "dim"), span(self.run_id)),
            named_line(self.names()),
        ]


def named_line(names: Sequence[str]) -> Spans:
    """The tasks of a question, those of many that come first."""
    more = f" and {formats.plural(len(names) - NAMED, 'more task')}" if len(names) > NAMED else ""
    title = Span("task  " if len(names) == 1 else "tasks ", "dim")
    return (title, span(", ".join(names[:NAMED]), "strong"), Span(more, "dim"))


def selections(
    dag_id: str, run_id: str, chosen: Sequence[InstanceRow], every: Iterable[InstanceRow] = ()
) -> list[Selection]:
    """The chosen task instances as few selections: tasks as a whole together, and those of which
    only some map indexes (as far as ``every`` instance of the run is known) are chosen by the
    indexes that they have in common."""
    indexes: dict[str, list[int]] = {}
    for row in chosen:
        indexes.setdefault(row.task_id, []).append(row.map_index)
    numbers: dict[str, int] = {}
    for row in every:
        if row.task_id in indexes:
            numbers[row.task_id] = numbers.get(row.task_id, 0) + 1
    groups: dict[tuple[int, ...] | None, list[str]] = {}
    for task_id, found in indexes.items():
        whole = found == [-1] or len(found) == numbers.get(task_id, 0)
        groups.setdefault(None if whole else tuple(sorted(found)), []).append(task_id)
    return [Selection(dag_id, run_id, tuple(ids), which) for which, ids in groups.items()]


def selections_of(dag_id: str, run_id: str, rows: Sequence[GridRow]) -> list[Selection]:
    """The chosen rows of a grid as few selections: whole tasks (also those of groups) together, and
    map indexes of other tasks where they are the same ones."""
    whole = dict.fromkeys(task for row in rows if row.map_index is None for task in row.task_ids)
    indexes: dict[str, list[int]] = {}
    for row in rows:
        if row.map_index is not None and row.task_id not in whole:
            indexes.setdefault(row.task_id, []).append(row.map_index)
    groups: dict[tuple[int, ...] | None, list[str]] = {None: list(whole)} if whole else {}
    for task_id, found in indexes.items():
        groups.setdefault(tuple(sorted(found)), []).append(task_id)
    return [Selection(dag_id, run_id, tuple(ids), which) for which, ids in groups.items()]


def clear_payload(selection: Selection, choices: Choices) -> dict[str, Any]:
    """What the command ``clear`` wants to be told."""
    on = choices.on
    whole = on["whole"]
    return {
        "dag_id": selection.dag_id,
        "run_ids": [selection.run_id],
        "task_ids": None if whole else list(selection.task_ids),
        "map_indexes": None if whole else _indexes(selection),
        "upstream": on["upstream"],
        "downstream": on["downstream"],
        "only_failed": on["only_failed"],
        "past": on["past"],
        "future": on["future"],
        "dry_run": False,
        **noted(choices),
    }


def noted(choices: Choices) -> dict[str, str]:
    """The part of a payload that is the note; without one those there are stay."""
    return {"note": choices.note} if choices.note else {}


def note_on(chosen: Sequence[Selection], choices: Choices, *, beyond: bool = False) -> str:
    """On what a clear or mark of tasks writes its note; ``beyond``: also in the runs before and
    after, if those are ticked."""
    if not choices.on["whole"]:
        return "each task instance"
    spreads = beyond and (choices.on["past"] or choices.on["future"])
    return "each run" if spreads or len(_one_of_each_run(chosen)) > 1 else "the run"


def mark_payload(selection: Selection, choices: Choices) -> dict[str, Any]:
    """What the command ``mark_task`` wants to be told."""
    return {
        "dag_id": selection.dag_id,
        "run_id": selection.run_id,
        "task_ids": list(selection.task_ids),
        "map_indexes": _indexes(selection),
        "state": choices.alternative,
        "upstream": choices.on["upstream"],
        "downstream": choices.on["downstream"],
        "past": choices.on["past"],
        "future": choices.on["future"],
        "dry_run": False,
        **noted(choices),
    }


def _indexes(selection: Selection) -> list[int] | None:
    return None if selection.map_indexes is None else list(selection.map_indexes)


def touched_number(reply: object, otherwise: int) -> int:
    """How many task instances a dry run says an action would touch; where it could not be
    asked, how many were chosen."""
    if not isinstance(reply, dict):
        return otherwise
    return len(reply.get("instances", ())) + len(reply.get("again", ()))


def ask_clear(app: DagtopApp, chosen: Sequence[Selection]) -> None:
    """Ask which tasks run again, show them, and clear them."""

    def payloads(choices: Choices) -> list[dict[str, Any]]:
        wanted = _one_of_each_run(chosen) if choices.on["whole"] else chosen
        return [clear_payload(one, choices) for one in wanted]

    touches = Touches()

    def preview(choices: Choices, hand_over: Callable[..., None]) -> None:
        _preview(app, chosen, "clear", payloads(choices), "Runs again:", hand_over, touches)

    def answered(choices: Choices | None) -> None:
        if choices is not None:
            what = _runs_words(chosen) if choices.on["whole"] else _words(chosen)
            more = touches.words(" run again")
            act_all(app, "clear", payloads(choices), f"cleared {what}", more)

    app.push_screen(
        ConfirmDialog(
            "Run again?",
            [*_lines(chosen), (), *WORKING],
            "run again",
            toggles=(
                Toggle("d", "downstream", "what is downstream too", on=True),
                Toggle("u", "upstream", "what is upstream too"),
                Toggle("f", "only_failed", "only what failed"),
                Toggle("w", "whole", _runs_words(chosen)),
                Toggle("b", "past", "runs before this one too"),
                Toggle("a", "future", "runs after this one too"),
            ),
            preview=preview,
            note_on=partial(note_on, chosen, beyond=True),
        ),
        answered,
    )


def ask_mark(app: DagtopApp, chosen: Sequence[Selection]) -> None:
    """Ask for the state, show what gets it, and mark."""
    runs = _one_of_each_run(chosen)
    several = len(runs) > 1
    touches = Touches()

    def payloads(choices: Choices) -> list[dict[str, Any]]:
        return [mark_payload(one, choices) for one in chosen]

    def preview(choices: Choices, hand_over: Callable[..., None]) -> None:
        state = choices.alternative
        if choices.on["whole"]:
            where = _lines(chosen)[: 1 if several else 2]
            preview_whole(app, [(one.dag_id, one.run_id) for one in runs], state, where, hand_over)
        else:
            verb = f"Marked {state}:"
            _preview(app, chosen, "mark_task", payloads(choices), verb, hand_over, touches)

    def answered(choices: Choices | None) -> None:
        if choices is None:
            return
        state = choices.alternative
        if choices.on["whole"]:
            done = f"marked {formats.plural(len(runs), 'run') if several else 'the run'} {state}"
            given = {"state": state, **noted(choices)}
            wanted = [{"dag_id": one.dag_id, "run_id": one.run_id, **given} for one in runs]
            act_all(app, "mark_run", wanted, done)
            return
        done = f"marked {_words(chosen)} {state}"
        act_all(app, "mark_task", payloads(choices), done, touches.words(" touched"))

    app.push_screen(
        ConfirmDialog(
            "Mark as?",
            [*_lines(chosen), (), *WORKING],
            "mark it" if len(chosen) == 1 else "mark them",
            alternatives=(("s", "success"), ("f", "failed"), ("k", "skipped")),
            toggles=(
                Toggle("d", "downstream", "what is downstream too"),
                Toggle("u", "upstream", "what is upstream too"),
                Toggle("b", "past", "runs before this one too"),
                Toggle("a", "future", "runs after this one too"),
                Toggle("w", "whole", "the runs as a whole" if several else "the run as a whole"),
            ),
            preview=preview,
            note_on=partial(note_on, chosen),
        ),
        answered,
    )


def preview_whole(
    app: DagtopApp,
    runs: Sequence[tuple[str, str]],
    state: str,
    head: Sequence[Spans],
    hand_over: Callable[..., None],
) -> None:
    """Works out what a mark of whole runs (each its DAG and its id) makes of them."""
    where = "it" if len(runs) == 1 else "them"
    number = formats.plural(len(runs), "run")
    rough = (Span(f"{number} marked {state}; what runs in {where} is ended.", "dim"),)
    if len(runs) > PREVIEWED:
        hand_over([*head, (), rough], number=len(runs))
        return
    payloads = [{"dag_id": dag_id, "run_id": run_id, "state": state} for dag_id, run_id in runs]

    def then(reply: object) -> None:
        lines = whole_lines(reply, app.glyphs)
        if reply == NO_RUNNER:
            lines = [rough, *lines]
        elif isinstance(reply, str):
            lines = [(span(reply, "warning"),)]  # the runner has refused it
        hand_over([*head, (), *lines], number=len(runs))

    app.commander.dry_runs("mark_run", payloads, then)


SIGNALS = "Its process gets SIGTERM, and SIGKILL if it does not end."
IDLE = "No process is at work. Only w, the whole run, ends something."


def ask_kill(
    app: DagtopApp,
    chosen: Sequence[Selection],
    working: Sequence[Selection],
    number: int | None = None,
) -> None:
    """Ask whether to end the processes of task instances, or whole runs, and do it.

    ``working``: those of the choice that have a process; of none only whole runs can be ended.
    Where it names mapped tasks as a whole, ``number`` says how many processes they have.
    """
    number = _number(working) if number is None else number
    named = number == 1 or all(one.map_indexes is not None for one in working)
    what = _words(working) if named else formats.plural(number, "task instance")
    runs = _runs_words(chosen)

    def answered(choices: Choices | None) -> None:
        if choices is None:
            return
        if choices.on["whole"]:
            whole = [
                {"dag_id": one.dag_id, "run_id": one.run_id} for one in _one_of_each_run(chosen)
            ]
            act_all(app, "cancel_run", whole, f"cancelled {runs.removeprefix('the whole ')}")
            return
        if not working:
            app.say("nothing was killed: no process is at work")
        payloads = [
            {"dag_id": one.dag_id, "run_id": one.run_id, "task_id": task_id, "map_index": index}
            for one in working
            for task_id in one.task_ids
            for index in one.map_indexes or (None,)
        ]
        act_all(app, "kill", payloads, f"told {what} to end")

    words = Span(SIGNALS, "dim") if working else Span(IDLE, "warning")
    end = "they fail" if len(_one_of_each_run(chosen)) > 1 else "it fails"
    app.push_screen(
        ConfirmDialog(
            "Kill what runs?",
            [*_lines(working or chosen), (), (words,)],
            "kill",
            toggles=(Toggle("w", "whole", f"{runs}, {end}"),),
            number=number,
        ),
        answered,
    )


GONE: tuple[Spans, ...] = (
    (Span("Tries, logs and XComs go too; the run stays, and what was tracked.", "warning"),),
    (Span("It can't be undone.", "warning"),),
)
GOES_ON = "it has not ended: kill with x or wait, then delete"


def ask_delete(app: DagtopApp, chosen: Sequence[Selection], left: int = 0) -> None:
    """Ask whether to delete task instances, show them, and do it; ``left``: others that stay, since
    they have not ended."""
    if not chosen:
        if left:
            app.say(GOES_ON if left == 1 else GOES_ON.replace("it has", "none of them has"))
        return
    payloads = [
        {
            "dag_id": one.dag_id,
            "run_id": one.run_id,
            "task_ids": list(one.task_ids),
            "map_indexes": _indexes(one),
        }
        for one in chosen
    ]
    verb = "have not ended and stay" if left > 1 else "has not ended and stays"
    stays = [(Span(f"{formats.plural(left, 'other')} {verb}.", "dim"),)] if left else []
    touches = Touches()

    def preview(choices: Choices, hand_over: Callable[..., None]) -> None:
        del choices  # there are none
        kind, end = "delete_task_instances", [(), *GONE, *stays]
        _preview(app, chosen, kind, payloads, "Deleted:", hand_over, touches, end)

    def answered(choices: Choices | None) -> None:
        if choices is not None:
            done = f"deleted {_words(chosen)}"
            act_all(app, "delete_task_instances", payloads, done, touches.words())

    dialog = ConfirmDialog(
        "Delete task instances?", [*_lines(chosen), (), *WORKING], "delete", preview=preview
    )
    app.push_screen(dialog, answered)


def ask_delete_rows(
    app: DagtopApp,
    dag_id: str,
    run_id: str,
    chosen: Sequence[InstanceRow],
    every: Iterable[InstanceRow] = (),
) -> None:
    """Ask whether to delete those of a run's task instances that have ended; see ``selections``."""
    ended = [row for row in chosen if row.state in FINISHED_TASK_STATES]
    ask_delete(app, selections(dag_id, run_id, ended, every), len(chosen) - len(ended))


@dataclass(slots=True)
class Touches:
    """What is known to be touched by what a question asks about."""

    number: int | None = None
    """Of task instances; None: the runner can't be asked, or there are too many to ask about."""

    def words(self, verb: str = "") -> str:
        """What the footer says of it after what was chosen, where it is more than one."""
        known = self.number is not None and self.number > 1
        return f": {self.number:,} task instances{verb}" if known else ""


def _one_of_each_run(chosen: Sequence[Selection]) -> list[Selection]:
    first: dict[tuple[str, str], Selection] = {}
    for one in chosen:
        first.setdefault((one.dag_id, one.run_id), one)
    return list(first.values())


def _runs_words(chosen: Sequence[Selection]) -> str:
    number = len(_one_of_each_run(chosen))
    return "the whole run" if number == 1 else f"the {number} whole runs"


def _number(chosen: Sequence[Selection]) -> int:
    """How many task instances they are, a mapped task as a whole counted once."""
    return sum(len(one.task_ids) * len(one.map_indexes or (None,)) for one in chosen)


def _words(chosen: Sequence[Selection]) -> str:
    words = list(dict.fromkeys(one.words() for one in chosen))
    more = f" and {formats.plural(len(words) - 3, 'other')}" if len(words) > 3 else ""
    runs = len(_one_of_each_run(chosen))
    return ", ".join(words[:3]) + more + (f" in {runs} runs" if runs > 1 else "")


def _lines(chosen: Sequence[Selection]) -> list[Spans]:
    """The choice as a dialog names it."""
    lines: list[Spans] = chosen[0].lines()
    if len(chosen) == 1:
        return lines
    runs = _one_of_each_run(chosen)
    if len(runs) == 1:
        return [*lines[:2], named_line([name for one in chosen for name in one.names()])]
    dags = formats.plural(len({one.dag_id for one in runs}), "DAG")
    where = formats.plural(len(runs), "run")
    lines = [(Span("in    ", "dim"), Span(where, "strong"), Span(f" of {dags}", "dim"))]
    names: list[Spans] = []
    for one in chosen:
        of_run = span(f"  {one.dag_id} {formats.run_name(one.run_id)}", "dim")
        names.extend((span(name, "strong"), of_run) for name in one.names())
    for number, name in enumerate(names[:LISTED]):
        lines.append((Span("tasks " if not number else "      ", "dim"), *name))
    if len(names) > LISTED:
        left = formats.plural(len(names) - LISTED, "more task")
        lines.append((Span(f"      and {left}", "dim"),))
    return lines


def _preview(
    app: DagtopApp,
    chosen: Sequence[Selection],
    kind: str,
    payloads: Sequence[dict[str, Any]],
    verb: str,
    hand_over: Callable[..., None],
    touches: Touches,
    end: Sequence[Spans] = (),
) -> None:
    """Works out what all parts of the choice touch together, each task instance once; ``end``:
    what is said below that, if the runner doesn't refuse it."""
    touches.number = None

    def then(reply: object) -> None:
        if isinstance(reply, dict):
            touches.number = touched_number(reply, 0)
        number = touched_number(reply, _number(chosen))
        lines: Sequence[Spans] = [*touched_lines(reply, verb, app.glyphs), *end]
        if isinstance(reply, str) and reply != NO_RUNNER:
            lines = [(span(reply, "warning"),)]  # the runner has refused it
        hand_over([*_lines(chosen), (), *lines], number=number)

    if len(payloads) > PREVIEWED:
        also = "" if end else " and what is ticked"
        words = f"{verb} {formats.plural(_number(chosen), 'task instance')}{also}."
        lines = [*_lines(chosen), (), (Span(words, "dim"),), *end]
        hand_over(lines, number=_number(chosen))
    else:
        app.commander.dry_runs(kind, payloads, then)
