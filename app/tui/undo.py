"""Undo: what takes back the acts of this terminal, the newest first."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from app.tui import formats

if TYPE_CHECKING:
    from app.tui.application import DagtopApp

MOST = 20
"""Acts that are remembered."""
TOGETHER = 2.0
"""Seconds within which commands with the same sentence are one act: a key sends several."""

OPPOSITES = {"pause": "unpause", "unpause": "pause"}
OPPOSITES_OF_BACKFILLS = {
    "pause_backfill": "unpause_backfill",
    "unpause_backfill": "pause_backfill",
}
IMPOSSIBLE = {
    "trigger": "the run is made: x cancels it",
    "kill": "the process was told to end",
    "backfill": "its runs are made: cancel it in the DAG's Backfills (0)",
    "cancel_backfill": "its queued runs have failed: clear those that should run",
    "delete_dag": "what was deleted is gone",
    "delete_runs": "what was deleted is gone",
    "delete_task_instances": "what was deleted is gone",
    "asset_event": "DAGs may have run on it",
    "set_xcom": "d in the place of XComs (4) deletes it",
}
WITHDRAW = "withdraw"
"""What takes a command back that waits for a runner: no runner is needed for it."""
NO_FORMER_XCOM = "its former value is too large, or no plain JSON"


Command = tuple[str, dict[str, Any]]
Reply = dict[str, Any] | str
"""What a command did, or the sentence why it didn't."""


@dataclass(frozen=True, slots=True)
class Act:
    """A command that this terminal has sent."""

    kind: str
    payload: Mapping[str, Any]
    done: str
    """The sentence that said so: "paused shop"."""
    answer: Mapping[str, Any] | None
    """None: it waits for a runner."""
    at: float = 0.0
    """By a clock that only goes on."""
    command_id: int | None = None
    """Of one that waits for a runner."""


@dataclass(frozen=True, slots=True)
class Step:
    """What takes an act back."""

    what: str
    at: float
    commands: tuple[Command, ...] = ()
    impossible: str = ""
    """Why it can't be taken back."""
    restored: str = ""
    """What holds again; empty: the opposite of ``what`` says it."""


def step_of(act: Act) -> Step | None:
    """What takes an act back; None where it changed nothing."""
    if act.answer is None:
        return Step(act.done, act.at, ((WITHDRAW, {"command_id": act.command_id}),))
    answer, payload = act.answer, act.payload
    if answer.get("instances") == []:
        return None
    if act.kind in OPPOSITES:
        changed = list(answer.get("changed", answer.get("dag_ids", ())))
        command = (OPPOSITES[act.kind], {"dag_ids": changed})
        return Step(act.done, act.at, (command,)) if changed else None
    if act.kind in OPPOSITES_OF_BACKFILLS:
        command = (OPPOSITES_OF_BACKFILLS[act.kind], dict(payload))
        return Step(act.done, act.at, (command,)) if answer.get("changed") else None
    if act.kind == "limit_backfill":
        former = answer.get("former")
        command = ("limit_backfill", {**payload, "max_active_runs": former})
        changed = former != payload.get("max_active_runs")
        return Step(act.done, act.at, (command,)) if changed else None
    if act.kind == "note":
        former = str(answer.get("former", ""))
        command = ("note", {**payload, "text": former})
        return Step(act.done, act.at, (command,)) if former != payload.get("text") else None
    if act.kind == "schedule":
        former = {"expression": answer.get("former"), "run": answer.get("former_run")}
        if "former_window" in answer:
            former["window"] = answer["former_window"]
        command = ("schedule", {"dag_id": payload["dag_id"], **former})
        again = f"{payload['dag_id']} runs {former['expression'] or 'as its file says'} again"
        return Step(act.done, act.at, (command,), "", again) if answer.get("changed") else None
    if act.kind == "set_xcom":
        former = answer.get("former")
        if former is None:
            why = NO_FORMER_XCOM if not answer.get("new") else IMPOSSIBLE["set_xcom"]
            return Step(act.done, act.at, impossible=why)
        command = ("set_xcom", {**payload, "value": former, "expected": payload["value"]})
        return Step(act.done, act.at, (command,))
    if act.kind == "set_priority":
        return Step(act.done, act.at, _former_priorities(payload, answer["instances"]))
    undo = answer.get("undo")
    if isinstance(undo, dict):
        if "impossible" in undo:
            return Step(act.done, act.at, impossible=str(undo["impossible"]))
        return Step(act.done, act.at, (("restore", undo),))
    return Step(act.done, act.at, impossible=IMPOSSIBLE.get(act.kind, "it is done"))


def _former_priorities(
    payload: Mapping[str, Any], changed: Sequence[tuple[str, int, int | None]]
) -> tuple[Command, ...]:
    """Commands that give each task instance the priority weight it had: one for each former."""
    groups: dict[tuple[str, int | None], list[int]] = {}
    for task_id, map_index, former in changed:
        groups.setdefault((task_id, former), []).append(map_index)
    place = {"dag_id": payload["dag_id"], "run_id": payload["run_id"]}
    return tuple(
        (
            "set_priority",
            {**place, "task_ids": [task_id], "map_indexes": indexes, "priority": former},
        )
        for (task_id, former), indexes in groups.items()
    )


class Undos:
    """The acts of this terminal that are remembered."""

    def __init__(self) -> None:
        self._steps: deque[Step] = deque(maxlen=MOST)

    def took(self, act: Act) -> None:
        """An act was done."""
        step = step_of(act)
        if step is None:
            return
        last = self._steps[-1] if self._steps else None
        if last is not None and last.what == step.what and step.at - last.at <= TOGETHER:
            self._steps[-1] = Step(
                step.what,
                step.at,
                (*step.commands, *last.commands),
                last.impossible or step.impossible,
                "the schedules are those of before" if step.restored else "",
            )
        else:
            self._steps.append(step)

    def cannot(self, what: str, why: str) -> None:
        """Something was done that can't be taken back: U must not take back what was before it."""
        self._steps.append(Step(what, time.monotonic(), impossible=why))

    def pop(self) -> Step | None:
        """The newest act, which is forgotten."""
        return self._steps.pop() if self._steps else None

    def put_back(self, step: Step) -> None:
        """It could not even be tried."""
        self._steps.append(step)


def undone_words(what: str, answer: Mapping[str, Any]) -> str:
    """What an undo has done, in a sentence."""
    left = answer.get("left", 0)
    if not left:
        return f"taken back: {what}"
    stays = "1 has started again and goes" if left == 1 else f"{left} have started again and go"
    restored = formats.plural(answer.get("restored", 0), "task instance")
    return f"taken back for {restored}: {what}; {stays} on"


def undo_last(app: DagtopApp) -> None:
    """Take the newest act back, and say what became of it."""
    step = app.undos.pop()
    if step is None:
        app.say("nothing to undo: U takes back clears, marks, pauses, schedules, notes and XComs")
        return
    if step.impossible:
        words = f"not undone, {step.impossible} ({step.what}); U undoes the act before"
        app.say(words, "warning")
        return

    restores = [command for command in step.commands if command[0] == "restore"]
    replies: list[tuple[Command, Reply]] = []

    def then(command: Command, reply: Reply) -> None:
        replies.append((command, reply))
        if len(replies) == len(restores):
            _say_undone(app, step, replies)

    for command in step.commands:
        kind, payload = command
        if kind == WITHDRAW:
            app.commander.withdraw(payload["command_id"], step.what)
        elif kind == "restore":
            app.commander.do(kind, payload, partial(then, command))
        else:
            # What an unpaused DAG has started is not taken back.
            rest = "; its runs stay, tasks at work go on" if kind == "pause" else ""
            what = f", {step.restored}" if step.restored else f": {step.what}"
            done = f"taken back{what}{rest}"
            app.commander.send(kind, payload, done, is_undo=True)


def _say_undone(app: DagtopApp, step: Step, replies: Sequence[tuple[Command, Reply]]) -> None:
    """Say what became of all commands of a step; those that could not be sent wait for ``U``."""
    from app.tui.commander import NO_RUNNER

    untried = tuple(command for command, reply in replies if reply == NO_RUNNER)
    if untried:
        app.undos.put_back(replace(step, commands=untried))
    answers = [reply for _, reply in replies if not isinstance(reply, str)]
    if answers:
        app.refresher.poke()
    why = next((reply for _, reply in replies if isinstance(reply, str)), None)
    if why is not None:
        app.say(why, "error")
        return
    sums = {name: sum(one.get(name, 0) for one in answers) for name in ("restored", "left")}
    app.say(undone_words(step.what, sums), "good")
