"""In which order the commands clear and mark list what they are about."""

from __future__ import annotations

from pathlib import Path

from tests.runner.scheduling.pipelines import pipeline, task
from tests.support.turns import Turns


def test_what_was_chosen_comes_first_then_its_kin_as_they_run(tmp_path: Path) -> None:
    turns = Turns(tmp_path)
    turns.add(pipeline(task("a"), task("b", "a"), task("c", "b")))
    run_id = turns.trigger()
    for one in ("a", "b", "c"):
        turns.starts(one)
        turns.ends(one)
    asked = {"dag_id": "dag", "task_ids": ["b"], "upstream": True, "downstream": True}
    cleared = turns.do("clear", **asked, run_ids=[run_id], dry_run=True)
    marked = turns.do("mark_task", **asked, run_id=run_id, state="failed", dry_run=True)
    turns.store.close()
    for answer in (cleared, marked):
        assert [task_id for _, task_id, *_ in answer["instances"]] == ["b", "a", "c"]
