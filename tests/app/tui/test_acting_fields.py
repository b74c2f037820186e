"""What the questions of clear and mark say and take besides yes and no, with a real runner."""

from __future__ import annotations

from tests.app.cli.conftest import run_command
from tests.app.tui.driving import opened, press, says, text_of, until
from tests.support.live import Live, wait_for

PIPELINE = """
from dagtop import dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def shop():
    @task
    def one(): pass

    @task  # two
    def two():
        raise RuntimeError("as told")

    one() >> two()

shop()
"""


def run_ids(running: Live) -> list[str]:
    return [row[0] for row in running.query("SELECT run_id FROM dag_run ORDER BY id")]


async def test_a_clear_says_with_which_version_it_runs_again(running: Live) -> None:
    assert running.run("shop")[0] == "failed"
    async with opened(running.workspace, (80, 24), dag="shop") as pilot:
        await says(pilot, "two")
        await press(pilot, "c")
        await says(pilot, "Runs again:")
        assert "ersion" not in text_of(pilot)
        await press(pilot, "n")
        running.write("shop.py", PIPELINE.replace("@task  # two", "@task(retries=1)"))
        wait_for(lambda: running.value("SELECT max(number) FROM dag_version") == 2)
        await press(pilot, "c")
        await says(pilot, "Version 1 -> 2: two changed")
        await press(pilot, "n")
    root = running.workspace.root
    told = run_command(root, "runs", "clear", "shop", "latest", "--dry-run")
    assert "version 1 -> 2: two changed" in told.err
    told = run_command(root, "runs", "clear", "shop", "latest", "--dry-run", "--json")
    differ = {"added": [], "removed": [], "changed": ["two"]}
    assert told.document["versions"] == [{"dag_id": "shop", "from": 1, "to": 2, **differ}]


def notes(running: Live) -> dict[str | None, str | None]:
    """Task -> its note; None: that of the run."""
    found: dict[str | None, str | None] = {None: running.value("SELECT note FROM dag_run")}
    return found | dict(running.query("SELECT task_id, note FROM task_instance"))


async def test_a_note_with_a_clear_or_mark_is_on_the_tasks_and_one_of_whole_runs_on_the_run(
    running: Live,
) -> None:
    assert running.run("shop")[0] == "failed"
    (run_id,) = run_ids(running)
    running.submit("pause", dag_ids=["shop"])
    async with opened(running.workspace, (80, 24), dag="shop") as pilot:
        await says(pilot, "two")
        await press(pilot, "j", "m")
        await says(pilot, "N note on each task instance")
        await press(pilot, "N", *"no y", "escape")
        await says(pilot, "n Enter Esc")
        await press(pilot, "N", *"data y.", "enter")
        await says(pilot, "N note on each task instance: data y.")
        await press(pilot, "y")
        await says(pilot, "marked two success")
        assert notes(running) == {None: None, "one": None, "two": "data y."}
        await press(pilot, "c", "w")
        await says(pilot, "N note on the run")
        await press(pilot, "N", *"again", "enter")
        await says(pilot, "note on the run: again")
        await press(pilot, "y")
        await says(pilot, "cleared the whole run: 2 task instances run again")
        assert notes(running) == {None: "again", "one": None, "two": "data y."}
        await press(pilot, "U")
        await says(pilot, "taken back: cleared the whole run")
        assert "run again" not in text_of(pilot).splitlines()[-1]
        assert notes(running) == {None: None, "one": None, "two": "data y."}
    details = "SELECT details FROM event WHERE kind = ?"
    assert running.value(details, "task_marked") == '{"note":"data y."}'
    assert '"note":"again"' in running.value(details, "clear")
    root = running.workspace.root
    note = ("--note", "by hand", "--yes")
    assert run_command(root, "runs", "mark", "shop", run_id, "failed", *note).code == 0
    assert run_command(root, "tasks", "clear", "shop", run_id, "one", *note).code == 0
    assert notes(running) == {None: "by hand", "one": "by hand", "two": "data y."}
    assert "by hand" in run_command(root, "tasks", "state", "shop", run_id, "one").out


async def test_a_note_with_what_touches_nothing_is_said_not_to_be_written(running: Live) -> None:
    assert running.run("shop")[0] == "failed"
    (run_id,) = run_ids(running)
    async with opened(running.workspace, (80, 24), dag="shop") as pilot:
        await says(pilot, "two")
        await press(pilot, "m")
        await says(pilot, "Nothing would change.")
        await press(pilot, "N", *"fine", "enter", "y")
        await says(pilot, "nothing to mark success: the note was not written")
        await press(pilot, "m", "y")
        await until(pilot, lambda: "note" not in text_of(pilot), "only what is true is said")
        await says(pilot, "nothing to mark success")
    root = running.workspace.root
    note = ("--note", "fine", "--yes")
    told = run_command(root, "tasks", "mark", "shop", run_id, "one", "--state", "success", *note)
    assert "nothing to mark success: the note was not written" in told.out + told.err
    told = run_command(root, "tasks", "clear", "shop", run_id, "one", "--only-failed", *note)
    assert "nothing to run again: the note was not written" in told.out + told.err
    told = run_command(root, "runs", "mark", "shop", run_id, "failed", *note)
    assert f"run {run_id} is failed already: the note was not written" in told.err
    assert set(notes(running).values()) == {None}


async def test_a_mark_says_what_runs_again_below_it_and_with_which_version(running: Live) -> None:
    source = PIPELINE.replace("one() >> two()", "one() >> two() >> three()").replace(
        "    @task  # two", "    @task\n    def three(): pass\n\n    @task  # two"
    )
    running.write("shop.py", source)
    running.wait_for_dag("shop")
    wait_for(lambda: "three" in running.value("SELECT structure FROM dag_version ORDER BY id DESC"))
    assert running.run("shop")[0] == "failed"
    versions = running.value("SELECT max(number) FROM dag_version")
    running.write("shop.py", source.replace("# two", "(retries=1)"))
    wait_for(lambda: running.value("SELECT max(number) FROM dag_version") > versions)
    async with opened(running.workspace, (80, 24), dag="shop") as pilot:
        await says(pilot, "two")
        await press(pilot, "j", "m")
        await says(pilot, "Runs again below: 1 task instance in 1 run:")
        assert f"Version {versions} -> {versions + 1}: two changed" in text_of(pilot)
        assert "three" in text_of(pilot)
        await press(pilot, "k")
        await says(pilot, "Marked skipped:")
        assert "runs again" not in text_of(pilot)
        assert "ersion" not in text_of(pilot)


async def test_many_runs_get_one_note(running: Live) -> None:
    for _ in range(2):
        assert running.run("shop")[0] == "failed"
    async with opened(running.workspace, (80, 24), dag="shop") as pilot:
        await says(pilot, "two")
        await press(pilot, "3")
        await says(pilot, "manual")
        await press(pilot, "asterisk", "m")
        await says(pilot, "N note on each run")
        await press(pilot, "N", *"fine", "enter", "y")
        query = "SELECT count(*) FROM dag_run WHERE note = 'fine' AND state = 'success'"
        await until(pilot, lambda: running.value(query) == 2, "both are marked")


def test_the_command_line_triggers_with_a_data_interval(running: Live) -> None:
    running.wait_for_dag("shop")
    root = running.workspace.root
    interval = ("--data-interval-start", "2026-01-01T00:00Z", "--data-interval-end", "2026-01-08")
    made = run_command(root, "dags", "trigger", "shop", *interval, "--json").document["run_id"]
    shown = run_command(root, "runs", "show", "shop", made, "--json").document
    assert shown["data_interval_start"] == "2026-01-01T00:00:00Z"
    assert shown["data_interval_end"] == "2026-01-08T00:00:00Z"


async def test_of_several_runs_of_which_one_is_refused_both_is_said(running: Live) -> None:
    for _ in range(2):
        assert running.run("shop")[0] == "failed"
    first, second = run_ids(running)
    async with opened(running.workspace, (160, 24), dag="shop") as pilot:
        await press(pilot, "3")
        await says(pilot, "2 runs")
        await press(pilot, "asterisk", "m")
        await says(pilot, "Mark as?")
        running.submit("delete_runs", dag_id="shop", run_ids=[second])
        await press(pilot, "y")
        await says(pilot, "success: 1 of 2 done, 1 refused: DAG shop has no run")
    assert running.query("SELECT run_id, state FROM dag_run") == [(first, "success")]
