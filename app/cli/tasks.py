"""``dagtop tasks``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from app.cli.completion import complete_dag, complete_run, complete_task
from app.cli.dags import ConfOption, ParamOption
from app.cli.errors import CommandError
from app.cli.exit_codes import ExitCode
from app.cli.groups import group
from app.cli.output import print_json, say
from app.cli.session import (
    DagArgument,
    DryRunOption,
    JsonOption,
    RunArgument,
    WorkspaceOption,
    YesOption,
    chosen_workspace,
    confirm,
    reading,
)

app = group("List, watch and change task instances.")

TaskArgument = Annotated[
    str, typer.Argument(metavar="TASK", help="Task id.", autocompletion=complete_task)
]
TasksArgument = Annotated[
    list[str],
    typer.Argument(metavar="TASK", help="Task ids.", autocompletion=complete_task),
]
OptionalTask = Annotated[
    str | None, typer.Argument(metavar="TASK", help="Task id.", autocompletion=complete_task)
]
MapIndexOption = Annotated[
    int | None, typer.Option("--map-index", "-m", min=-1, help="Which instance of a mapped task.")
]
MapIndexesOption = Annotated[
    list[int] | None,
    typer.Option("--map-index", "-m", min=0, help="Only these map indexes; may be repeated."),
]
TryOption = Annotated[
    int | None, typer.Option("--try", min=1, help="Which try; the newest if not given.")
]
UpstreamOption = Annotated[bool, typer.Option("--upstream", help="Also all that is upstream.")]
DownstreamOption = Annotated[
    bool, typer.Option("--downstream", help="Also all that is downstream.")
]
PastOption = Annotated[bool, typer.Option("--past", help="Also in all earlier runs.")]
FutureOption = Annotated[bool, typer.Option("--future", help="Also in all later runs.")]
NoteOption = Annotated[
    str | None, typer.Option("--note", metavar="TEXT", help="A note on each of them.")
]


@app.command("list")
def list_tasks(
    dag: Annotated[
        str | None,
        typer.Argument(
            metavar="DAG",
            help="Only of this DAG; of all DAGs and runs without.",
            autocompletion=complete_dag,
        ),
    ] = None,
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="Run id, the beginning of one, 'latest', or 'all'.",
            autocompletion=complete_run,
        ),
    ] = "latest",
    state: Annotated[
        list[str] | None, typer.Option(help="Only in these states; may be repeated.")
    ] = None,
    task: Annotated[str | None, typer.Option(metavar="TASK", help="Only of this task.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, help="At most so many, over several runs.")
    ] = 50,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List the task instances of a run, or of all, newest runs first."""
    from app.cli import task_views

    states = task_views.task_states(state)
    with reading(workspace) as store:
        if dag is None or run == "all":
            task_views.list_over_runs(store, dag, task, states, limit, json)
        else:
            task_views.list_instances(store, dag, run, task, states, json)


@app.command("state")
def state(
    dag: DagArgument,
    run: RunArgument,
    task: TaskArgument,
    map_index: MapIndexOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show a task and its tries: how they ended, why."""
    from app.cli import task_views

    with reading(workspace) as store:
        task_views.show_instance(store, dag, run, task, map_index, json)


@app.command("logs")
def logs(
    dag: DagArgument,
    run: RunArgument,
    task: TaskArgument,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow", "-f", help="Go on until the task has ended; exit code 1 if it failed."
        ),
    ] = False,
    map_index: MapIndexOption = None,
    number: TryOption = None,
    lines: Annotated[
        int | None, typer.Option("--lines", "-n", min=0, help="Only so many lines from the end.")
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Print the log of a task."""
    from app.cli import task_logs

    space = chosen_workspace(workspace)
    with reading(workspace) as store:
        wanted = task_logs.Wanted(dag, run, task, map_index, number)
        if follow:
            raise typer.Exit(task_logs.follow(space, store, wanted, lines))
        task_logs.show(space, store, wanted, lines, json)


@app.command("why")
def why(
    dag: DagArgument,
    run: RunArgument = "latest",
    task: OptionalTask = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Say what unfinished tasks wait for.

    The runner is asked, so one must be up.
    """
    from app.cli import task_views

    space = chosen_workspace(workspace)
    with reading(workspace) as store:
        task_views.explain(space, store, dag, run, task, json)


@app.command("render")
def render(
    dag: DagArgument,
    task: Annotated[str, typer.Argument(metavar="TASK", help="Task id.")],
    logical_date: Annotated[
        str | None, typer.Option(metavar="DATE", help="Logical date; now if not given.")
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show rendered template fields.

    Nothing is run; imports the pipeline file.
    """
    from app.cli.dags import become_runner

    date = [] if logical_date is None else ["--logical-date", logical_date]
    become_runner(workspace, "render", dag, task, *date, *(["--json"] if json else []))


@app.command("xcoms")
def xcoms(
    dag: DagArgument,
    run: RunArgument,
    task: OptionalTask = None,
    map_index: MapIndexOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show the XComs of a run."""
    from app.cli import task_views

    with reading(workspace) as store:
        task_views.list_xcoms(store, dag, run, task, map_index, json)


@app.command("clear")
def clear(
    dag: DagArgument,
    run: RunArgument,
    task: TasksArgument,
    map_index: MapIndexesOption = None,
    upstream: UpstreamOption = False,
    downstream: DownstreamOption = False,
    past: PastOption = False,
    future: FutureOption = False,
    only_failed: Annotated[
        bool, typer.Option("--only-failed", help="Only what failed, or waited for what failed.")
    ] = False,
    conf: ConfOption = None,
    param: ParamOption = None,
    note: NoteOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Let tasks run again.

    With --param or --conf the run has other params from now on, for all its tries to come.
    """
    from app.cli import task_views

    payload = _selection(workspace, dag, run, task, map_index)
    run_id = payload.pop("run_id")
    payload |= {
        "run_ids": [run_id],
        "upstream": upstream,
        "downstream": downstream,
        "past": past,
        "future": future,
        "only_failed": only_failed,
        "note": note,
    }
    if conf is not None or param:
        payload["conf"] = _next_conf(workspace, dag, run_id, conf, param or [])
    space = chosen_workspace(workspace)
    task_views.change_instances(
        space, "clear", payload, "Clear", dry_run=dry_run, yes=yes, json=json
    )


@app.command("mark")
def mark(
    dag: DagArgument,
    run: RunArgument,
    task: TasksArgument,
    state: Annotated[
        Literal["success", "failed", "skipped"], typer.Option(help="The state they get.")
    ],
    map_index: MapIndexesOption = None,
    upstream: UpstreamOption = False,
    downstream: DownstreamOption = False,
    past: PastOption = False,
    future: FutureOption = False,
    note: NoteOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Set the state of tasks by hand.

    Those that run are ended first.
    """
    from app.cli import task_views

    payload = _selection(workspace, dag, run, task, map_index) | {
        "state": state,
        "upstream": upstream,
        "downstream": downstream,
        "past": past,
        "future": future,
        "note": note,
    }
    space = chosen_workspace(workspace)
    word = f"Mark {state}"
    task_views.change_instances(
        space, "mark_task", payload, word, dry_run=dry_run, yes=yes, json=json
    )


@app.command("kill")
def kill(
    dag: DagArgument,
    run: RunArgument,
    task: TaskArgument,
    map_index: MapIndexOption = None,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """End a running task.

    SIGTERM, then SIGKILL; it fails, and isn't tried again.
    """
    from app.cli.acting import act_or_leave
    from store import config

    space = chosen_workspace(workspace)
    payload = _selection(workspace, dag, run, [task], None)
    wanted = {"dag_id": dag, "run_id": payload["run_id"], "task_id": task, "map_index": map_index}
    confirm(f"Kill {task} of run {payload['run_id']}?", yes=yes)
    answer = act_or_leave(space, "kill", wanted, json=json)
    killed = answer.get("killed", [])
    if json:
        print_json({"killed": [{"task_id": one, "map_index": index} for one, index in killed]})
    else:
        many = "process" if len(killed) == 1 else "processes"
        grace = config.load(space).runner.kill_grace
        say(f"told {len(killed)} {many} of {task} to end: SIGTERM now, SIGKILL after {grace:g} s")


@app.command("delete")
def delete(
    dag: DagArgument,
    run: RunArgument,
    task: TasksArgument,
    map_index: MapIndexesOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Delete task instances of a run that has ended.

    Their tries, logs and XComs too; the run keeps its state, and what was tracked stays. A clear of
    the run makes those again whose tasks the file still has.
    """
    from app.cli import task_views

    payload = _selection(workspace, dag, run, task, map_index)
    task_views.change_instances(
        chosen_workspace(workspace),
        "delete_task_instances",
        payload,
        "Delete",
        ending=", with logs and XComs",
        dry_run=dry_run,
        yes=yes,
        json=json,
    )


@app.command("priority")
def priority(
    dag: DagArgument,
    run: RunArgument,
    task: TaskArgument,
    weight: Annotated[
        int | None,
        typer.Argument(
            metavar="N",
            min=-(2**31),
            max=2**31 - 1,
            help="The priority weight; higher starts earlier.",
            show_default=False,
        ),
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="As the file says again.")] = False,
    map_index: MapIndexesOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Set the priority weight of a task that has not started.

    Of what waits for a slot, the highest weight starts first.
    """
    from app.cli.errors import usage_error
    from app.cli.priority import set_priority

    if (weight is None) is not reset:
        raise usage_error("give the priority weight, a whole number, or --reset")
    payload = _selection(workspace, dag, run, [task], map_index) | {"priority": weight}
    set_priority(chosen_workspace(workspace), payload, json=json)


@app.command("note")
def note(
    dag: DagArgument,
    run: RunArgument,
    task: TaskArgument,
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="TEXT",
            help="The note; '-' reads it from stdin, '' takes it away.",
            show_default=False,
        ),
    ] = None,
    map_index: MapIndexOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Write a note on a task instance.

    Without a text: prints the note that is there.
    """
    from app.cli.noting import show_or_write

    space = chosen_workspace(workspace)
    show_or_write(space, dag, run, text, task_id=task, map_index=map_index, json=json)


def _next_conf(
    workspace: str | None, dag: str, run_id: str, conf: str | None, pairs: list[str]
) -> dict[str, Any]:
    """The conf of a run with params changed; ``conf`` takes the place of all of it."""
    from app.cli.conf import check_conf, parse_conf, with_params
    from app.cli.dag_views import structure_of
    from app.cli.lookups import find_run

    with reading(workspace) as store:
        structure = structure_of(store, dag)
        with store.read() as connection:
            former = find_run(connection, dag, run_id).conf or {}
    wanted = with_params(former if conf is None else parse_conf(conf), pairs, structure.params)
    check_conf(wanted, structure.params)
    return wanted


def _selection(
    workspace: str | None, dag: str, run: str, task_ids: list[str], indexes: list[int] | None
) -> dict[str, Any]:
    """The tasks of a run that a command is about, looked up."""
    from app.cli.lookups import find_run, find_tasks, instance_name

    with reading(workspace) as store, store.read() as connection:
        row = find_run(connection, dag, run)
        instances = find_tasks(connection, row, task_ids)
    if indexes and not any(one.map_index in indexes for one in instances):
        names = ", ".join(instance_name(task, index) for task in task_ids for index in indexes)
        raise CommandError(f"run {row.run_id} has no task instance {names}", ExitCode.NOT_FOUND)
    return {"dag_id": dag, "run_id": row.run_id, "task_ids": task_ids, "map_indexes": indexes}
