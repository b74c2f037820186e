"""``dagtop tasks priority``: the order of what waits for a slot."""

from __future__ import annotations

from typing import Any

from app.cli.acting import act_or_leave
from app.cli.output import note, print_json, say
from store.workspace import Workspace


def set_priority(space: Workspace, payload: dict[str, Any], *, json: bool) -> None:
    """Have the runner set it, and say for how many task instances."""
    answer = act_or_leave(space, "set_priority", payload, json=json)
    changed, started = answer.get("instances", []), answer.get("started", 0)
    if json:
        rows = [{"task_id": task, "map_index": at, "former": was} for task, at, was in changed]
        print_json({"priority_weight": payload["priority"], "instances": rows, "started": started})
        return
    weight = payload["priority"]
    task = ", ".join(payload["task_ids"])
    many = "" if len(changed) == 1 else f" ({len(changed)} instances)"
    if weight is None:
        say(f"{task}{many} has the priority weight of its file again")
    else:
        say(f"{task}{many} has the priority weight {weight}")
    if started:
        note(f"{started} have started already: theirs stays")
