"""``dagtop dags``. What lists and shows is in ``dag_views``: triggering loads no database."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from app.cli.completion import complete_dag, complete_param
from app.cli.errors import CommandError, usage_error
from app.cli.exit_codes import ExitCode
from app.cli.groups import group
from app.cli.output import print_json, say
from app.cli.session import (
    FOR_GOOD,
    DagArgument,
    JsonOption,
    WorkspaceOption,
    YesOption,
    chosen_workspace,
    confirm,
    reading,
)

app = group("List, show, trigger and change DAGs.")

DagsArgument = Annotated[
    list[str], typer.Argument(metavar="DAG", help="DAG ids.", autocompletion=complete_dag)
]
BackfillArgument = Annotated[
    int, typer.Argument(metavar="ID", help="Its number, as 'dagtop dags backfills' lists it.")
]
ConfOption = Annotated[
    str | None,
    typer.Option("--conf", metavar="JSON", help="Conf of the run: a JSON object, or @FILE."),
]
ParamOption = Annotated[
    list[str] | None,
    typer.Option(
        "--param",
        "-p",
        metavar="NAME=VALUE",
        help="One param; may be repeated.",
        autocompletion=complete_param,
    ),
]
DATE_HELP = "ISO 8601; without an offset in the DAG's time zone."


@app.command("list")
def list_dags(
    search: Annotated[
        str | None, typer.Argument(help="Words that occur in the id, a tag or an owner.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="With one of these tags.")] = None,
    owner: Annotated[list[str] | None, typer.Option(help="Of one of these owners.")] = None,
    paused: Annotated[
        bool | None, typer.Option("--paused/--unpaused", help="Only these.", show_default=False)
    ] = None,
    state: Annotated[
        list[str] | None, typer.Option(help="State of the last run; may be repeated.")
    ] = None,
    sort: Annotated[
        Literal["dag_id", "last_run", "next_run", "state", "duration"], typer.Option(help="Order.")
    ] = "dag_id",
    every: Annotated[
        bool, typer.Option("--all", help="Also DAGs that no file defines any more.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List DAGs, import errors and warnings."""
    from app.cli import dag_views
    from store.queries.dags import DagFilter
    from store.states import DagRunState

    wanted = DagFilter(
        search=search or "",
        tags=frozenset(tag or ()),
        owners=frozenset(owner or ()),
        paused=paused,
        active=None if every else True,
        states=dag_views.named_states("--state", state, DagRunState),
    )
    with reading(workspace) as store:
        dag_views.list_dags(store, wanted, sort, json)


@app.command("show")
def show(dag: DagArgument, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show a DAG: schedule, params, tasks, last run."""
    from app.cli import dag_views

    with reading(workspace) as store:
        dag_views.show_dag(store, dag, json)


@app.command("trigger")
def trigger(
    dag: DagArgument,
    conf: ConfOption = None,
    param: ParamOption = None,
    logical_date: Annotated[
        str | None,
        typer.Option(metavar="DATE", help=f"Now if not given. {DATE_HELP}"),
    ] = None,
    data_interval_start: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="With its end: the data interval, instead of by date."),
    ] = None,
    data_interval_end: Annotated[
        str | None, typer.Option(metavar="DATE", help="End of the data interval.")
    ] = None,
    run_id: Annotated[str | None, typer.Option(help="Id of the new run.")] = None,
    remark: Annotated[str | None, typer.Option("--note", help="A note on the run.")] = None,
    experiment: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Experiment of what its tasks track; the DAG's id if not given."
        ),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="With the conf of this run; --conf and --param change it.",
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until it has ended; exit code 1 if it failed.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Start a run now.

    Prints its run id, and on stderr the command that opens it. Without a runner the run is made
    when one starts (--wait refuses that).
    """
    from app.cli.acting import act, act_or_leave
    from app.cli.triggering import settled, show_triggered

    space = chosen_workspace(workspace)
    dates = {
        "logical_date": logical_date,
        "data_interval_start": data_interval_start,
        "data_interval_end": data_interval_end,
    }
    payload = {"dag_id": dag, "run_id": run_id, "note": remark, "experiment": experiment}
    payload |= settled(space, dag, conf, param, dates, like)
    if wait:
        answer = act(space, "trigger", payload)
    else:
        answer = act_or_leave(space, "trigger", payload, json=json)
    show_triggered(space, dag, answer, wait=wait, json=json)


@app.command("pause")
def pause(dag: DagsArgument, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Pause DAGs: nothing of them is started."""
    _set_paused(dag, True, workspace, json)


@app.command("unpause")
def unpause(dag: DagsArgument, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Let paused DAGs run again."""
    _set_paused(dag, False, workspace, json)


def _set_paused(ids: list[str], paused: bool, workspace: str | None, json: bool) -> None:
    from app.cli.acting import act

    act(chosen_workspace(workspace), "pause" if paused else "unpause", {"dag_ids": ids})
    if json:
        print_json({"dag_ids": ids, "is_paused": paused})
        return
    for dag_id in ids:
        say(f"{dag_id} is {'paused' if paused else 'unpaused'}")


@app.command("backfill")
def backfill(
    dag: DagArgument,
    start: Annotated[str, typer.Option("--from", metavar="DATE", help=f"First. {DATE_HELP}")],
    end: Annotated[str, typer.Option("--to", metavar="DATE", help=f"Last. {DATE_HELP}")],
    conf: ConfOption = None,
    param: ParamOption = None,
    reprocess: Annotated[
        Literal["none", "failed", "completed"],
        typer.Option(help="Which of the runs that are there already run again."),
    ] = "none",
    max_active_runs: Annotated[
        int, typer.Option(min=1, help="Runs of the backfill that run at the same time.")
    ] = 10,
    backwards: Annotated[bool, typer.Option("--backwards", help="Newest first.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would run.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Make the scheduled runs of a span of time."""
    from app.cli import dag_views
    from app.cli.acting import act
    from app.cli.times import parse_moment, zone_named
    from app.cli.triggering import settled

    space = chosen_workspace(workspace)
    with reading(str(space.root)) as store:
        zone = zone_named(dag_views.structure_of(store, dag).timezone)
    payload = {
        "dag_id": dag,
        "from_date": parse_moment(start, zone, "--from").isoformat(),
        "to_date": parse_moment(end, zone, "--to").isoformat(),
        "conf": settled(space, dag, conf, param, {})["conf"],
        "reprocess": reprocess,
        "max_active_runs": max_active_runs,
        "run_backwards": backwards,
        "dry_run": dry_run,
    }
    dag_views.show_backfill(space, dag, act(space, "backfill", payload), dry_run, json)


@app.command("backfills")
def backfills(
    dag: DagArgument, workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """List the backfills of a DAG, with their runs by state."""
    from app.cli import backfill_views

    with reading(workspace) as store:
        backfill_views.list_backfills(store, dag, json)


@app.command("pause-backfill")
def pause_backfill(
    backfill: BackfillArgument, workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Pause a backfill: none of its queued runs starts.

    What runs of it goes on.
    """
    from app.cli import backfill_views

    backfill_views.set_paused(chosen_workspace(workspace), backfill, True, json)


@app.command("unpause-backfill")
def unpause_backfill(
    backfill: BackfillArgument, workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Let a paused backfill go on."""
    from app.cli import backfill_views

    backfill_views.set_paused(chosen_workspace(workspace), backfill, False, json)


@app.command("limit-backfill")
def limit_backfill(
    backfill: BackfillArgument,
    max_active_runs: Annotated[
        int, typer.Argument(min=1, help="Runs of it that run at the same time.")
    ],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Set how many runs of a backfill run at the same time."""
    from app.cli import backfill_views

    backfill_views.set_limit(chosen_workspace(workspace), backfill, max_active_runs, json)


@app.command("cancel-backfill")
def cancel_backfill(
    backfill: BackfillArgument,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Cancel a backfill: its queued runs fail.

    What runs of it goes on.
    """
    from app.cli import backfill_views

    backfill_views.cancel(chosen_workspace(workspace), backfill, yes=yes, json=json)


@app.command("schedule")
def schedule(
    dag: DagArgument,
    expression: Annotated[
        str | None,
        typer.Argument(
            metavar="SCHEDULE",
            help="Cron ('0 3 * * *'), @daily and its kin, 'every 15 minutes', or None.",
            show_default=False,
        ),
    ] = None,
    conf: ConfOption = None,
    param: ParamOption = None,
    remark: Annotated[str | None, typer.Option("--note", help="A note on its runs.")] = None,
    experiment: Annotated[
        str | None, typer.Option(help="Experiment that its runs belong to.", show_default=False)
    ] = None,
    start: Annotated[
        str | None, typer.Option(metavar="DATE", help=f"First logical date. {DATE_HELP}")
    ] = None,
    end: Annotated[
        str | None, typer.Option(metavar="DATE", help=f"Last logical date. {DATE_HELP}")
    ] = None,
    catchup: Annotated[
        bool | None,
        typer.Option(
            "--catchup/--no-catchup", help="Also runs of the times that passed.", show_default=False
        ),
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="As the file says again.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what it would mean.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show a DAG's schedule, or put another in its place.

    It holds until it is reset, also when the file changes. Its runs get the params, note and
    experiment that are given, and its start, end and catchup; where none are given, those in
    force stay: the file's, unless others were set. The runner is asked, so one must be up.
    """
    from app.cli.scheduling import set_schedule, show_schedule
    from app.cli.triggering import settled, window_of

    if reset and expression is not None:
        raise usage_error("give a schedule or --reset, not both")
    of_runs = conf is not None or param or remark is not None or experiment is not None
    if of_runs and expression is None:
        raise usage_error("params, note and experiment are those of a schedule: give one")
    space = chosen_workspace(workspace)
    more = window_of(space, dag, start, end, catchup)
    if more and expression is None:
        raise usage_error("start, end and catchup are those of a schedule: give one")
    if (expression is None and not reset) or dry_run:
        show_schedule(space, dag, "" if reset else expression, more.get("window"), json=json)
        return
    if of_runs:
        found = settled(space, dag, conf, param, {})
        more["run"] = {"conf": found["conf"], "note": remark, "experiment": experiment}
    set_schedule(space, dag, None if reset else expression, more, json=json)


@app.command("next")
def next_runs(
    dag: DagArgument,
    number: Annotated[int, typer.Option("--number", "-n", min=1, max=1000, help="How many.")] = 5,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show the next scheduled runs.

    With logical dates and data intervals; imports the pipeline file.
    """
    own = _override(workspace, dag)
    become_runner(workspace, "next", dag, "-n", str(number), *own, *(["--json"] if json else []))


def _override(workspace: str | None, dag: str) -> list[str]:
    """The schedule that was put in the place of the file's, as options; none: there is none, or
    no store."""
    import json

    from store.errors import StoreMissing
    from store.queries.dags import get_dag

    try:
        with reading(workspace) as store, store.read() as connection:
            row = get_dag(connection, dag)
    except StoreMissing:
        return []
    if row is None or row.schedule_override is None:
        return []
    window = [f"--window={json.dumps(row.schedule_window)}"] if row.schedule_window else []
    return [f"--schedule={row.schedule_override}", *window]


@app.command("test")
def run_once(
    dag: DagArgument,
    logical_date: Annotated[
        str | None, typer.Option(metavar="DATE", help="Logical date; now if not given.")
    ] = None,
    conf: ConfOption = None,
    param: ParamOption = None,
    task: Annotated[str | None, typer.Option(help="Only this task.")] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Run a DAG once in the foreground.

    Without a runner; nothing is stored. breakpoint() works in its tasks.
    """
    from app.cli.conf import parse_conf

    arguments = [dag]
    if logical_date is not None:
        arguments += ["--logical-date", logical_date]
    if conf is not None:
        from json import dumps

        arguments += ["--conf", dumps(parse_conf(conf))]
    for pair in param or ():
        arguments += [f"--param={pair}"]
    if task is not None:
        arguments += ["--task", task]
    become_runner(workspace, "test", *arguments, *(["--json"] if json else []))


def become_runner(workspace: str | None, *arguments: str) -> None:
    """Go on as one of the runner's own commands: user code never runs in this program."""
    import os
    import sys

    from app.cli.runner_process import runner_command

    command = runner_command(chosen_workspace(workspace), *arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execv(command[0], command)
    except OSError as error:
        raise CommandError(
            f"{command[0]} can't be started: {error.strerror}", ExitCode.FAILED
        ) from None


@app.command("delete")
def delete(
    dag: DagArgument,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Delete a DAG with its runs.

    Logs and XComs too; what was tracked stays. A file that still defines it brings it back, empty.
    """
    from app.cli.acting import act_or_leave
    from app.cli.lookups import find_dag

    space = chosen_workspace(workspace)
    with reading(str(space.root)) as store, store.read() as connection:
        find_dag(connection, dag)
    confirm(f"Delete all runs of {dag}, with their logs and XComs? {FOR_GOOD}", yes=yes)
    answer = act_or_leave(space, "delete_dag", {"dag_id": dag}, json=json)
    if json:
        print_json({"dag_id": dag, "runs": answer.get("runs")})
    else:
        say(f"deleted {dag} with {answer.get('runs')} runs")
